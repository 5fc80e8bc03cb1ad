import type { Epoch, LockerHandle } from "../../src/contract/ids.ts";
import type { Input } from "../../src/locker/domain/input.ts";
import type { JournalRow, Outbox, Uplink } from "../../src/locker/ports.ts";
import {
  initialUplink,
  type UplinkInput,
  type UplinkOutput,
  type UplinkState,
  uplinkDeadline,
  uplinkStep,
} from "../../src/locker/uplink/uplink-machine.ts";
import type { Agenda } from "../agenda.ts";
import type { Broker, Subscriber } from "./broker.ts";
import type { Clocks } from "./clocks.ts";
import type { Dice } from "./dice.ts";
import type { DownMessage, UpMessage } from "./messages.ts";

export type ModelUplinkParts = {
  readonly agenda: Agenda;
  readonly clocks: Clocks;
  readonly dice: Dice;
  readonly broker: Broker;
  readonly outbox: Outbox;
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  readonly ackedSeq: number;
  readonly post: (input: Input) => void;
};

/** The locker's end of the link: the real uplink machine over a model of its MQTT client. */
export class ModelUplink implements Uplink {
  readonly #parts: ModelUplinkParts;
  readonly #inputs: UplinkInput[] = [];
  #state: UplinkState;
  #isTaking = false;
  #isOver = false;
  #client: Subscriber | null = null;
  #link: "up" | "down" = "down";
  #cancelTimer: () => void = () => {};

  constructor(parts: ModelUplinkParts) {
    this.#parts = parts;
    const seqs = { lastSeq: parts.outbox.lastSeq(), ackedSeq: parts.ackedSeq };
    this.#state = initialUplink(seqs, parts.clocks.now().mono);
    this.#setTimer();
  }

  committed = (lastSeq: number): void => this.#take({ kind: "committed", lastSeq });

  die(): void {
    this.#isOver = true;
    this.#cancelTimer();
    this.#dropClient();
  }

  #take(input: UplinkInput): void {
    this.#inputs.push(input);
    if (this.#isTaking) return;
    this.#isTaking = true;
    for (let next = this.#inputs.shift(); next !== undefined && !this.#isOver; next = this.#inputs.shift()) {
      const { state, outputs } = uplinkStep(this.#state, next, this.#parts.clocks.now().mono);
      this.#state = state;
      for (const output of outputs) this.#perform(output);
      this.#tellLink();
    }
    this.#isTaking = false;
    if (!this.#isOver) this.#setTimer();
  }

  #perform(output: UplinkOutput): void {
    switch (output.kind) {
      case "connect":
        return this.#connect();
      case "publish":
        return this.#publish(output);
      case "accepted":
        return this.#parts.post({ kind: "acked", seq: output.seq });
      case "doubted":
        return;
      default:
        throw new Error(`unreachable: ${JSON.stringify(output satisfies never)}`);
    }
  }

  #connect(): void {
    this.#dropClient();
    const client: Subscriber = {
      deliver: (message) => {
        if (this.#client === client) this.#receive(message as DownMessage);
      },
      lost: () => this.#lost(client),
    };
    this.#client = client;
    this.#parts.broker.connect(client, (isConnected) => {
      if (this.#client !== client) return;
      if (isConnected) this.#take({ kind: "connected" });
      else this.#lost(client);
    });
  }

  #lost(client: Subscriber): void {
    if (this.#client !== client) return;
    this.#dropClient();
    this.#take({ kind: "disconnected", random: this.#parts.dice.random() });
  }

  #dropClient(): void {
    const stale = this.#client;
    this.#client = null;
    if (stale !== null) this.#parts.broker.disconnect(stale);
  }

  #publish({ batch, fromSeq, toSeq }: Extract<UplinkOutput, { kind: "publish" }>): void {
    const client = this.#client;
    if (client === null) return;
    const rows = this.#parts.outbox.rowsAfter(fromSeq - 1, toSeq - fromSeq + 1);
    this.#parts.broker.publishUp(client, this.#messageOf(fromSeq, rows), () => {
      if (this.#client === client) this.#take({ kind: "pubacked", batch });
    });
  }

  #messageOf(firstSeq: number, rows: readonly JournalRow[]): UpMessage {
    const { handle, epoch } = this.#parts;
    const attachments = rows.flatMap(({ attachment }) =>
      attachment === null ? [] : [[attachment.sha256, attachment.text] as const],
    );
    return {
      kind: "batch",
      batch: {
        locker: handle,
        epoch,
        firstSeq,
        rows: rows.map(({ payload }) => payload),
        attachments: Object.fromEntries(attachments),
        lastHash: rows.at(-1)?.hash ?? "",
      },
    };
  }

  #receive(message: DownMessage): void {
    if (message.kind !== "ack") return this.#parts.post(message);
    const { seq, hash } = message.claims;
    const row = this.#parts.outbox.rowsAfter(seq - 1, 1)[0];
    if (row?.seq === seq && row.hash === hash) this.#take({ kind: "acked", seq });
  }

  #tellLink(): void {
    const link = this.#state.link.kind === "connected" ? "up" : "down";
    if (link === this.#link) return;
    this.#link = link;
    this.#parts.post({ kind: "link", link });
  }

  #setTimer(): void {
    this.#cancelTimer();
    const due = uplinkDeadline(this.#state);
    if (due === undefined) return;
    this.#cancelTimer = this.#parts.agenda.at(this.#parts.clocks.worldTimeOf(due), () => this.#take({ kind: "timer" }));
  }
}
