import type { KioskView } from "../../src/contract/kiosk-api.ts";
import { codeFromHotp } from "../../src/contract/pickup-code.ts";
import { type Choice, menuOf } from "../../src/web/kiosk/action.ts";
import { type KioskEvent, reduce } from "../../src/web/kiosk/reduce.ts";
import type { Answer, Request } from "../../src/web/kiosk/request.ts";
import { type Screen, screenOf } from "../../src/web/kiosk/screen.ts";
import { initialState, type KioskState } from "../../src/web/kiosk/state.ts";
import { SESSION } from "../support/kiosk-view.ts";

export const GOOD_CODE = codeFromHotp("48291037");
/** One digit off: the check digit no longer fits. */
export const SLIPPED_CODE = GOOD_CODE.replace(/^4/, "5");
export const TOKEN = "7K3M9QX2ABCDEFGH0123456789";

/** Somebody at a kiosk whose clock and whose locker a test holds in its hands. */
export class Person {
  state: KioskState;
  nowMs = 1_000_000;
  /** Everything the page has asked of the locker. */
  readonly requests: Request[] = [];

  constructor(view: KioskView | null) {
    this.state = initialState("en", this.nowMs);
    if (view !== null) this.sees(view);
  }

  does(event: KioskEvent): void {
    const step = reduce(this.state, event, this.nowMs);
    this.state = step.state;
    this.requests.push(...step.requests);
  }

  /** Lets time pass as the page does: looking at the clock four times a second. */
  waits(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 250;
      this.does({ kind: "tick" });
    }
  }

  sees(view: KioskView): void {
    this.does({ kind: "view", view });
  }

  types(text: string): void {
    for (const character of text) this.does({ kind: "character", character });
  }

  accepts(): void {
    this.does({ kind: "accept" });
  }

  chooses(choice: Choice): void {
    this.does({ kind: "choose", choice });
  }

  /** Answers what the page waits for. */
  hears(answer: Answer): void {
    const request = this.state.inFlight;
    if (request === null) throw new Error("the page has asked for nothing");
    this.does({ kind: "answered", request, answer });
  }

  isRefused(code: string, more: { readonly compartment?: number; readonly remainingMs?: number } = {}): void {
    this.hears({ kind: "problem", problem: { code, ...more } });
  }

  signsIn(unfinished: Extract<Answer, { kind: "signed_in" }>["signedIn"]["unfinished"] = []): void {
    this.chooses("courier");
    for (const field of ["10012", "123456", "654321"]) {
      this.types(field);
      this.accepts();
    }
    this.hears({ kind: "signed_in", signedIn: { session: SESSION, mayDeposit: true, mayRecall: false, unfinished } });
  }

  get screen(): Screen {
    return screenOf(this.state, this.nowMs);
  }

  get choices(): readonly Choice[] {
    return menuOf(this.state, this.nowMs)
      .actions.filter(({ disabled }) => disabled !== true)
      .map(({ choice }) => choice);
  }

  get problem(): string | undefined {
    return this.state.problem?.code;
  }

  get asked(): Request | undefined {
    return this.requests.at(-1);
  }
}
