import type { IncomingMessage } from "node:http";
import { vi } from "vitest";

export type StreamEvent = { readonly event: string; readonly data: string };

/** Reads a stream of server-sent events (WHATWG HTML, section 9.2) and keeps all of it. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  ended = false;
  readonly response: IncomingMessage;
  #rest = "";

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => this.#take(chunk));
    response.on("close", () => {
      this.ended = true;
    });
  }

  get last(): StreamEvent | undefined {
    return this.events.at(-1);
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitUntil(condition, { timeout: 5_000, interval: 5 });
  }

  hangUp(): void {
    this.response.destroy();
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name: string): string[] =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      if (block.startsWith(":")) this.comments.push(block.slice(1).trim());
      else this.events.push({ event: field("event").join(""), data: field("data").join("\n") });
    }
  }
}
