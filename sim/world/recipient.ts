import type { CompartmentId, DepositId } from "../../src/contract/ids.ts";
import { codeFromHotp } from "../../src/contract/pickup-code.ts";
import type { Reply } from "../../src/locker/domain/output.ts";
import { sendPerson } from "../people.ts";
import { type Script, until } from "./script.ts";
import type { Letter } from "./secrets.ts";
import { isOpen, type Town } from "./town.ts";

/** `leisurely`: mistypes, looks before taking, leaves doors open, as people do. */
type Manner = "leisurely" | "straight";

/** Somebody with a notice in hand: comes, types or scans, takes what is theirs, and may come again. */
export class Recipient {
  readonly #town: Town;
  readonly #letter: Letter;
  #hasParcel = false;
  #hasGivenUp = false;

  constructor(town: Town, letter: Letter) {
    this.#town = town;
    this.#letter = letter;
  }

  get isDone(): boolean {
    return this.#hasParcel || this.#hasGivenUp;
  }

  get deposit(): DepositId {
    return this.#letter.deposit;
  }

  *errand(): Script {
    const { dice } = this.#town;
    yield dice.between(500, 20_000);
    for (let tries = 0; tries < 6 && !this.#hasParcel; tries++) {
      if ((yield* this.#tryOnce(dice.chance(0.3) ? "qr" : "code")) === "finished") break;
      if (!this.#hasParcel) yield dice.between(5_000, 30_000);
    }
    this.#hasGivenUp = !this.#hasParcel;
    if (!this.#hasParcel || !dice.chance(0.3)) return;
    yield dice.between(1_000, 30_000);
    yield* this.#comeAgain();
  }

  /** Comes until the parcel is out, with nothing in the way. */
  *fetchForGood(): Script {
    for (let tries = 0; tries < 4; tries++) {
      if ((yield* this.#tryOnce("qr", "straight")) !== "again") return;
      yield 1_000;
    }
  }

  /** One visit to the kiosk. `finished`: the locker says that this code has done its work. */
  *#tryOnce(by: "qr" | "code", manner: Manner = "leisurely"): Script<"taken" | "again" | "finished"> {
    const { kiosk, dice, cabinet } = this.#town;
    if (!(yield* kiosk.take(120_000))) return "again";
    try {
      if (manner === "leisurely" && dice.chance(0.1)) yield* this.#mistype();
      const reply = by === "qr" ? yield* kiosk.scanQr(this.#letter.qrToken) : yield* this.#type();
      if (reply?.kind === "opening") return yield* this.#fetch(reply, by, manner);
      if (reply?.kind !== "refused") return "again";
      const { refusal } = reply;
      if (refusal.code === "code_finished") return "finished";
      // "Compartment 3 stands open already": then one goes there.
      if (refusal.code === "door_already_open" && isOpen(this.#town, refusal.compartment)) {
        this.#hasParcel = cabinet.takeParcel(refusal.compartment).ok;
        yield 1_000;
        cabinet.close(refusal.compartment);
      }
      return this.#hasParcel ? "taken" : "again";
    } finally {
      kiosk.leave();
    }
  }

  *#type(): Script<Reply | undefined> {
    const { kiosk } = this.#town;
    const { code, extension } = this.#letter;
    const reply = yield* kiosk.typeCode(code);
    if (reply?.kind !== "refused") return reply;
    if (reply.refusal.code === "extension_needed") return yield* kiosk.typeCode(code + extension);
    if (reply.refusal.code !== "paused" || reply.refusal.remainingMs > 60_000) return reply;
    yield reply.refusal.remainingMs + 100;
    return yield* kiosk.typeCode(code);
  }

  /** A wrong digit, or a whole code of a neighbour's imagination. */
  *#mistype(): Script {
    const { kiosk, dice, counts, complain } = this.#town;
    const { code } = this.#letter;
    if (dice.chance(0.5)) {
      const slip = code.slice(0, 4) + String((Number(code[4]) + 1) % 10) + code.slice(5);
      if ((yield* kiosk.typeCode(slip)) !== undefined) complain("a code with one wrong digit was taken for a code");
      return;
    }
    counts.wrongCodes++;
    yield* kiosk.typeCode(codeFromHotp(dice.whole(0, 99_999_999).toString().padStart(8, "0")));
  }

  *#fetch(opening: Extract<Reply, { kind: "opening" }>, by: "qr" | "code", manner: Manner): Script<"taken" | "again"> {
    const { agenda, cabinet, dice, kiosk, counts, complain } = this.#town;
    const { compartment, deposit } = opening;
    if (deposit !== this.#letter.deposit) complain(`the code of ${this.#letter.deposit} opened deposit ${deposit}`);
    if (dice.chance(0.15)) yield* this.#pressAgain(opening, by);
    const isLeisurely = manner === "leisurely";
    const looksFirst = isLeisurely && dice.chance(0.1);
    const callOff = sendPerson(agenda, cabinet, {
      kind: looksFirst ? "look" : "fetch",
      compartment,
      reactMs: dice.between(150, 700),
      closeAfterMs: isLeisurely && dice.chance(0.1) ? null : dice.between(500, 4_000),
    });
    const wasFull = cabinet.truthOf(compartment)?.parcel ?? null;
    const isOver = () => isOpen(this.#town, compartment) || kiosk.screen()?.state === "blocked";
    yield* until(isOver, dice.between(8_000, 20_000));
    // People stay a while before a door that did not open.
    if (!isOpen(this.#town, compartment)) yield* until(() => isOpen(this.#town, compartment), 6_000);
    if (!isOpen(this.#town, compartment)) {
      callOff();
      return "again";
    }
    yield* until(() => !isOpen(this.#town, compartment), 8_000);
    if (looksFirst) yield* this.#lookAgain(compartment);
    if (wasFull === null) return yield* this.#complainOfNothing();
    this.#hasParcel = cabinet.truthOf(compartment)?.parcel !== wasFull;
    if (this.#hasParcel) counts.pickups++;
    return this.#hasParcel ? "taken" : "again";
  }

  *#pressAgain(opening: Extract<Reply, { kind: "opening" }>, by: "qr" | "code"): Script {
    const { kiosk, complain } = this.#town;
    const { qrToken, code } = this.#letter;
    const again = by === "qr" ? yield* kiosk.scanQr(qrToken) : yield* kiosk.typeCode(code);
    const isSecond = again?.kind === "opening" && again.authorisation !== opening.authorisation;
    const screen = kiosk.screen();
    // A first opening that was refused by its board has left the code good.
    const isStillGood =
      screen === undefined || screen?.depositState === "stored" || screen?.depositState === "collecting";
    if (isSecond && !isStillGood) complain(`two presses gave two authorisations for deposit ${opening.deposit}`);
  }

  /** The door is shut and the parcel forgotten: within the grace window the same person opens once more. */
  *#lookAgain(compartment: CompartmentId): Script {
    const { kiosk, cabinet, dice } = this.#town;
    yield dice.between(500, 3_000);
    const reply = kiosk.submit({ kind: "reopen_pickup", deposit: this.#letter.deposit });
    if (reply?.kind !== "opening") return;
    if (!(yield* until(() => isOpen(this.#town, compartment), 6_000))) return;
    yield 500;
    cabinet.takeParcel(compartment);
    yield 800;
    cabinet.close(compartment);
  }

  *#complainOfNothing(): Script<"taken" | "again"> {
    const { kiosk, counts } = this.#town;
    yield 1_000;
    const reply = kiosk.submit({ kind: "dispute_pickup", deposit: this.#letter.deposit });
    if (reply?.kind === "done") counts.disputes++;
    this.#hasParcel = true;
    return "taken";
  }

  /** Types the code once more, days later: it has to say that it is finished, unless the daemon missed the opening. */
  *#comeAgain(): Script {
    const { kiosk } = this.#town;
    if (!(yield* kiosk.take(60_000))) return;
    try {
      yield* kiosk.typeCode(this.#letter.code);
    } finally {
      kiosk.leave();
    }
  }
}
