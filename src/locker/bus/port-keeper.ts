import type { Transport, TransportListener } from "./transports/transport.ts";

/** A port that can be opened opens in far less; a name look-up or a wedged driver takes for ever. */
const OPEN_MS_MAX = 5_000;
const CLOSE_MS_MAX = 1_000;
const REOPEN_MS_FIRST = 100;
const REOPEN_MS_MAX = 2_000;
/** A port that stayed open this long is reopened quickly when it goes. */
const STEADY_MS = 1_000;

export type PortKeeperParts = {
  readonly open: (listener: TransportListener) => Transport;
  readonly listener: TransportListener;
  /** A port hangs in native code, and only the end of the process frees it. */
  readonly onStuck: (what: string) => void;
};

/** Keeps one port open: a new object for every opening, ever longer pauses between failures, a deadline on everything. */
export class PortKeeper {
  readonly #parts: PortKeeperParts;
  #transport: Transport | null = null;
  #isOpen = false;
  #openedMs = 0;
  #pauseMs = REOPEN_MS_FIRST;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: PortKeeperParts) {
    this.#parts = parts;
  }

  open(): void {
    const { listener } = this.#parts;
    this.#setTimer(OPEN_MS_MAX, () => this.close());
    const transport = this.#parts.open({
      onOpened: () => {
        this.#isOpen = true;
        this.#openedMs = performance.now();
        clearTimeout(this.#timer);
        listener.onOpened();
      },
      onBytes: (bytes) => listener.onBytes(bytes),
      onClosed: (reason) => this.#closed(reason),
    });
    this.#transport = transport;
  }

  /** Dropped while the port is not open. */
  write(bytes: Uint8Array): void {
    if (this.#isOpen) this.#transport?.write(bytes);
  }

  /** Closes the port, and opens it anew as soon as it is closed. */
  close(): void {
    this.#isOpen = false;
    this.#setTimer(CLOSE_MS_MAX, () => this.#parts.onStuck("the port can neither be opened nor closed"));
    this.#transport?.close();
  }

  #closed(reason: string): void {
    const wasSteady = this.#openedMs !== 0 && performance.now() - this.#openedMs > STEADY_MS;
    if (wasSteady) this.#pauseMs = REOPEN_MS_FIRST;
    this.#isOpen = false;
    this.#openedMs = 0;
    this.#transport = null;
    this.#setTimer(this.#pauseMs, () => this.open());
    this.#pauseMs = Math.min(this.#pauseMs * 2, REOPEN_MS_MAX);
    this.#parts.listener.onClosed(reason);
  }

  #setTimer(delayMs: number, ring: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(ring, delayMs);
  }
}
