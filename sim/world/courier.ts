import type { CompartmentId, DepositId, Size } from "../../src/contract/ids.ts";
import type { Reply } from "../../src/locker/domain/output.ts";
import { sendPerson } from "../people.ts";
import { verifierOf } from "./ledger.ts";
import { type Script, until } from "./script.ts";
import { isOpen, type Town } from "./town.ts";

export type Parcel = { readonly name: string; readonly size: Size };

type Place = { readonly deposit: DepositId; readonly compartment: CompartmentId };
type SignedIn = Extract<Reply, { kind: "signed_in" }>;

/** How a courier goes about one parcel. */
const manners = ["confirm", "confirm_twice", "silent", "cancel", "reopen", "leave_open", "leave_empty"] as const;
const mannerWeights = { confirm: 8, confirm_twice: 2, silent: 5, cancel: 1, reopen: 1, leave_open: 2, leave_empty: 1 };
const weightedManners = manners.flatMap((manner) => Array.from({ length: mannerWeights[manner] }, () => manner));

/** A courier knows their parcels, where they put each, what the screen says, and nothing else. */
export class Courier {
  readonly #town: Town;
  readonly #id: string;
  /** Not yet delivered; those tried before stand first. */
  readonly #load: Parcel[] = [];
  /** The parcel meant for a deposit that was begun and not seen to its end. */
  readonly #unsettled = new Map<DepositId, Parcel>();

  #refusalsCount = 0;

  constructor(town: Town, id: string) {
    this.#town = town;
    this.#id = id;
  }

  get isDone(): boolean {
    return this.#load.length === 0;
  }

  give(parcel: Parcel): void {
    this.#load.push(parcel);
  }

  /** Comes by, signs in, settles what was left open, and delivers what the cabinet takes. */
  *visit(): Script {
    const { kiosk, dice } = this.#town;
    if (!(yield* kiosk.take(120_000))) return;
    try {
      let session = yield* this.#signIn();
      for (let tries = 0; session !== undefined && tries < 6; tries++) {
        const parcel = this.#load.shift();
        if (parcel === undefined) break;
        const wantsMore = yield* this.#deliver(session.session, parcel);
        if (wantsMore === "sign_in_again") session = yield* this.#signIn();
        else if (wantsMore === "leave") return;
      }
      if (session !== undefined && dice.chance(0.7)) kiosk.submit({ kind: "sign_out", session: session.session });
    } finally {
      kiosk.leave();
    }
  }

  *#signIn(): Script<SignedIn | undefined> {
    const { kiosk, dice } = this.#town;
    for (let tries = 0; tries < 5; tries++) {
      const reply = yield* kiosk.signIn({ courier: this.#id, pinIsRight: !dice.chance(0.05) });
      if (reply?.kind === "signed_in") {
        for (const place of reply.unfinished) yield* this.#settle(reply.session, place);
        return reply;
      }
      if (reply?.kind === "refused" && reply.refusal.code === "paused") return undefined;
      // Dark, a slip, or a time code that was used already: the next one is at most thirty seconds away.
      yield dice.between(5_000, 16_000);
    }
    return undefined;
  }

  /** Opens a compartment whose deposit broke off, makes sure that the parcel lies in it, and says so; or gives it up. */
  *#settle(session: string, { deposit, compartment }: Place): Script {
    const { kiosk, dice, cabinet } = this.#town;
    const parcel = this.#unsettled.get(deposit);
    const inHand = parcel !== undefined && this.#load.includes(parcel);
    if (isOpen(this.#town, compartment)) {
      if (inHand && cabinet.putParcel(compartment, parcel.name).ok) this.#delivered(parcel);
      yield 1_000;
      cabinet.close(compartment);
      yield 1_500;
    }
    if (parcel === undefined || (inHand && this.#load.includes(parcel) && dice.chance(0.3))) {
      kiosk.submit({ kind: "cancel_deposit", session, deposit });
      return;
    }
    const reply = kiosk.submit({ kind: "reopen_deposit", session, deposit });
    if (reply?.kind !== "opening") return;
    yield* this.#putIn(parcel, compartment, dice.between(800, 3_000));
    if (dice.chance(0.7)) kiosk.submit({ kind: "confirm_deposit", session, deposit });
  }

  *#deliver(session: string, parcel: Parcel): Script<"next" | "sign_in_again" | "leave"> {
    const { kiosk, dice, counts } = this.#town;
    this.#load.unshift(parcel);
    const scan = { kind: "start_deposit", session, verifier: verifierOf(parcel.name), size: parcel.size } as const;
    const reply = kiosk.submit(scan);
    if (dice.chance(0.1)) this.#scanTwice(scan, reply);
    if (reply?.kind === "opening" && reply.deposit !== null) {
      counts.depositsBegun++;
      this.#unsettled.set(reply.deposit, parcel);
      return yield* this.#bring(session, parcel, { deposit: reply.deposit, compartment: reply.compartment });
    }
    if (reply?.kind !== "refused") return "leave";
    switch (reply.refusal.code) {
      case "no_session":
        return "sign_in_again";
      case "door_not_closed":
        this.#town.cabinet.close(reply.refusal.compartment);
        yield 2_000;
        return "next";
      case "parcel_already_stored":
      case "parcel_finished":
        // A former visit's deposit was counted after all, whatever the hand holds: in the end it goes back to the depot.
        if (++this.#refusalsCount >= 3) this.#takeHome(parcel);
        return "leave";
      default:
        return "leave";
    }
  }

  #takeHome(parcel: Parcel): void {
    this.#refusalsCount = 0;
    this.#town.counts.parcelsBroughtHome++;
    this.#delivered(parcel);
  }

  #scanTwice(scan: Parameters<Town["kiosk"]["submit"]>[0], first: Reply | undefined): void {
    const second = this.#town.kiosk.submit(scan);
    if (first?.kind === "opening" && second?.kind === "opening") {
      this.#town.complain(`one parcel scanned twice got compartments ${first.compartment} and ${second.compartment}`);
    }
  }

  *#bring(session: string, parcel: Parcel, place: Place): Script<"next" | "leave"> {
    const { kiosk, dice } = this.#town;
    const manner = dice.pick(weightedManners);
    if (manner === "cancel" || manner === "leave_empty") return yield* this.#changeMind(session, place, manner);
    const closeAfterMs = manner === "leave_open" ? null : dice.between(600, 4_000);
    const isIn = yield* this.#putIn(parcel, place.compartment, closeAfterMs);
    if (!isIn && isOpen(this.#town, place.compartment)) yield* this.#refuseTheOccupied(session, place);
    if (!isIn || manner === "leave_open") return isIn && dice.chance(0.5) ? "next" : "leave";
    yield dice.between(200, 1_500);
    if (manner === "silent") yield dice.between(1_000, 14_000);
    if (manner === "reopen") yield* this.#takeBack(session, parcel, place);
    if (manner === "confirm" || manner === "confirm_twice") {
      kiosk.submit({ kind: "confirm_deposit", session, deposit: place.deposit });
    }
    if (manner === "confirm_twice") kiosk.submit({ kind: "confirm_deposit", session, deposit: place.deposit });
    return "next";
  }

  /** Stands before the door until it opens, puts the parcel in and shuts it. False: it did not open. */
  *#putIn(parcel: Parcel, compartment: CompartmentId, closeAfterMs: number | null): Script<boolean> {
    const { agenda, cabinet, dice, kiosk } = this.#town;
    const inHand = this.#load.includes(parcel);
    const lies = () => cabinet.truthOf(compartment)?.parcel === parcel.name;
    const callOff = sendPerson(agenda, cabinet, {
      kind: inHand ? "bring" : "look",
      parcel: parcel.name,
      compartment,
      reactMs: dice.between(150, 700),
      closeAfterMs,
    });
    const openingsBefore = openingsOf(this.#town, compartment);
    const hasGone = () => {
      const screen = kiosk.screen();
      const isMine = screen?.compartment === compartment;
      return (
        isMine && (screen.state === "blocked" || screen.state === "rejected" || screen.depositState === "cancelled")
      );
    };
    const happened = () => (inHand ? lies() : openingsOf(this.#town, compartment) > openingsBefore) || hasGone();
    yield* until(happened, dice.between(8_000, 25_000));
    callOff();
    if (inHand && lies()) this.#delivered(parcel);
    if (!lies()) {
      // A hand that has begun goes on for less than a second.
      yield 800;
      if (lies()) this.#delivered(parcel);
      else return false;
    }
    if (closeAfterMs !== null) yield* until(() => !isOpen(this.#town, compartment), closeAfterMs + 1_000);
    return true;
  }

  /** Opens a compartment and puts nothing in: cancels before the open door and shuts it, or just walks away. */
  *#changeMind(
    session: string,
    { deposit, compartment }: Place,
    how: "cancel" | "leave_empty",
  ): Script<"next" | "leave"> {
    const { kiosk, cabinet } = this.#town;
    const opened = yield* until(() => isOpen(this.#town, compartment), 6_000);
    if (!opened || how === "leave_empty") return "leave";
    yield 1_000;
    kiosk.submit({ kind: "cancel_deposit", session, deposit });
    yield 500;
    cabinet.close(compartment);
    return "leave";
  }

  /** Something lies there already: cancels before the open door and shuts it. */
  *#refuseTheOccupied(session: string, { deposit, compartment }: Place): Script {
    this.#town.kiosk.submit({ kind: "cancel_deposit", session, deposit });
    yield 500;
    this.#town.cabinet.close(compartment);
  }

  /** Opens once more, takes the parcel out, and cancels before the open door. */
  *#takeBack(session: string, parcel: Parcel, { deposit, compartment }: Place): Script {
    const { kiosk, cabinet, dice } = this.#town;
    const reply = kiosk.submit({ kind: "reopen_deposit", session, deposit });
    if (reply?.kind !== "opening") return;
    if (!(yield* until(() => isOpen(this.#town, compartment), 6_000))) return;
    yield dice.between(300, 1_000);
    if (!cabinet.takeParcel(compartment).ok) return;
    this.#load.unshift(parcel);
    yield 400;
    kiosk.submit({ kind: "cancel_deposit", session, deposit });
    yield 600;
    cabinet.close(compartment);
  }

  #delivered(parcel: Parcel): void {
    const at = this.#load.indexOf(parcel);
    if (at !== -1) this.#load.splice(at, 1);
  }
}

const openingsOf = ({ cabinet }: Town, compartment: CompartmentId): number =>
  cabinet.log.filter((entry) => entry.kind === "door" && entry.compartment === compartment && entry.door === "opened")
    .length;
