import { createHash } from "node:crypto";

/** What happened in a world, line by line. Only its hash is kept; `print` sees every line. */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #nowMs: () => number;
  readonly #print: ((line: string) => void) | undefined;
  #linesCount = 0;

  constructor(nowMs: () => number, print?: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#print = print;
  }

  get linesCount(): number {
    return this.#linesCount;
  }

  say(topic: string, ...details: readonly unknown[]): void {
    const words = details.map((detail) => (typeof detail === "string" ? detail : JSON.stringify(detail)));
    const line = `${this.#nowMs().toFixed(3)} ${topic} ${words.join(" ")}`;
    this.#hash.update(line).update("\n");
    this.#linesCount++;
    this.#print?.(line);
  }

  /** SHA-256 of all lines, hex. Ends the trace. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
