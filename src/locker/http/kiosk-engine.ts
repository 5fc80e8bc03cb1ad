import type { Instants } from "../../contract/time.ts";
import type { Input } from "../domain/input.ts";
import type { State } from "../domain/model.ts";
import type { Reply } from "../domain/output.ts";

/** The engine as the kiosk's server uses it. */
export type KioskEngine = {
  readonly state: State;
  readonly submit: (input: Input) => Reply;
  /** Calls `listener` after every input that changed anything; it must not throw. Returns the way to stop that. */
  readonly onChange: (listener: () => void) => () => void;
  readonly now: () => Instants;
};
