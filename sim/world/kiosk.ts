import type { OperationView } from "../../src/contract/kiosk-api.ts";
import { parseTypedCode } from "../../src/contract/pickup-code.ts";
import type { KioskInput } from "../../src/locker/domain/input.ts";
import type { Reply } from "../../src/locker/domain/output.ts";
import { kioskView } from "../../src/locker/domain/view.ts";
import type { Clocks } from "./clocks.ts";
import type { Daemon } from "./daemon.ts";
import type { Dice } from "./dice.ts";
import type { Script } from "./script.ts";
import { proofDigest } from "./secrets.ts";

/** The one screen before the cabinet. People use it in turn, and know what it shows. */
export class Kiosk {
  readonly #daemon: Daemon;
  readonly #clocks: Clocks;
  readonly #dice: Dice;
  #isTaken = false;

  constructor(daemon: Daemon, clocks: Clocks, dice: Dice) {
    this.#daemon = daemon;
    this.#clocks = clocks;
    this.#dice = dice;
  }

  /** Waits in the queue until it is free; false when patience ended first. */
  *take(patienceMs: number): Script<boolean> {
    for (let waitedMs = 0; this.#isTaken; waitedMs += 500) {
      if (waitedMs > patienceMs) return false;
      yield 500;
    }
    this.#isTaken = true;
    return true;
  }

  leave(): void {
    this.#isTaken = false;
  }

  /** Undefined: the screen is dark. */
  submit(input: KioskInput): Reply | undefined {
    return this.#daemon.submit(input);
  }

  /** What the screen says of the opening it follows; undefined when it is dark. */
  screen(): OperationView | null | undefined {
    const { state } = this.#daemon;
    return state === undefined ? undefined : kioskView(state, "cabinet", this.#clocks.now()).operation;
  }

  /** Types a code, with or without its extension; digesting takes a moment. Undefined: dark, or a slip of the finger. */
  *typeCode(digits: string): Script<Reply | undefined> {
    const typed = parseTypedCode(digits);
    yield this.#dice.between(40, 150);
    if (!typed.ok) return undefined;
    const { code, extension } = typed.value;
    return this.submit({
      kind: "type_code",
      code: proofDigest("code", code),
      extension: extension === null ? null : proofDigest("extension", extension),
    });
  }

  *scanQr(token: string): Script<Reply | undefined> {
    yield this.#dice.between(40, 150);
    return this.submit({ kind: "scan_qr", token: proofDigest("qr", token) });
  }

  /** A courier's id, PIN and the time code of a phone whose clock is right. */
  *signIn(who: { readonly courier: string; readonly pinIsRight: boolean }): Script<Reply | undefined> {
    yield this.#dice.between(60, 200);
    const shown = Math.floor(this.#clocks.trueWallMs() / TOTP_STEP_MS);
    const expected = Math.floor(this.#clocks.now().wall / TOTP_STEP_MS);
    return this.submit({
      kind: "sign_in",
      courier: who.courier as Extract<KioskInput, { kind: "sign_in" }>["courier"],
      pinMatches: who.pinIsRight,
      totpStep: Math.abs(shown - expected) <= 1 ? shown : null,
    });
  }
}

export const TOTP_STEP_MS = 30_000;
