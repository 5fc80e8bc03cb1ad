import type { Agenda } from "../agenda.ts";

/** What a person does, step by step; each yielded number is a wait in milliseconds. */
export type Script<T = void> = Generator<number, T, void>;

/** Plays a script by the world's clock. */
export function play(agenda: Agenda, script: Script, done: () => void): void {
  const turn = (): void => {
    const step = script.next();
    if (step.done === true) done();
    else agenda.after(step.value, turn);
  };
  turn();
}

/** Looks every now and then until `holds`, or until patience ends. Returns whether it held. */
export function* until(holds: () => boolean, patienceMs: number, everyMs = 200): Script<boolean> {
  for (let waitedMs = 0; waitedMs <= patienceMs; waitedMs += everyMs) {
    if (holds()) return true;
    yield everyMs;
  }
  return holds();
}
