import { createHash } from "node:crypto";
import type { Fact } from "../../src/contract/events.ts";
import type { CommandId, CompartmentId, Epoch, LockerHandle } from "../../src/contract/ids.ts";
import type { CommandClaims } from "../../src/contract/messages.ts";
import { type EpochMs, epochMs } from "../../src/contract/time.ts";
import { fold } from "../../src/fleet/fold.ts";
import { readRow } from "../../src/fleet/fold-event.ts";
import { applyFoldChanges, emptyLockerState, type LockerState, type RemoteOpen } from "../../src/fleet/fold-model.ts";
import type { Broker } from "./broker.ts";
import type { Dice } from "./dice.ts";
import type { DownMessage, UpMessage } from "./messages.ts";

export type Fold = typeof fold;

export const GENESIS_HASH = "0".repeat(64);

export const chainHash = (previous: string, payload: string): string =>
  createHash("sha256").update(previous, "hex").update(payload, "utf8").digest("hex");

/** What the fleet's picture is made of, in order: rows of the locker, and remote opens its own operators asked for. */
type Source =
  | { readonly kind: "row"; readonly fact: Fact; readonly at: EpochMs }
  | { readonly kind: "open"; readonly open: RemoteOpen };

export type ModelFleetParts = {
  readonly broker: Broker;
  readonly dice: Dice;
  readonly wallMs: () => number;
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  /** The real one, or a mutant. */
  readonly fold: Fold;
  /** A sealed secret has been stored: the vault gets it. */
  readonly onSealed: (sealed: string) => void;
  readonly onFault: (fault: string) => void;
};

/** The cloud side: takes batches by the rules of the real ingest, in memory, and folds them with the real fold. */
export class ModelFleet {
  readonly #parts: ModelFleetParts;
  readonly rows: { readonly payload: string; readonly hash: string }[] = [];
  readonly #sources: Source[] = [];
  #state = emptyLockerState();
  #commandSeq = 0;

  constructor(parts: ModelFleetParts) {
    this.#parts = parts;
    parts.broker.listen((message) => this.#receive(message as UpMessage));
  }

  get state(): LockerState {
    return this.#state;
  }

  /** The picture made anew from everything it was ever made of, by the real fold. */
  refolded(): LockerState {
    return this.#sources.reduce((state, source) => applied(fold, state, source), emptyLockerState());
  }

  /** An operator asks for a door. Answers the command to follow. */
  askRemoteOpen(compartment: CompartmentId): CommandId {
    const command = this.#newCommandId();
    const now = epochMs(this.#parts.wallMs());
    this.#add({
      kind: "open",
      open: {
        command,
        compartment,
        state: "asked",
        by: "operator",
        reason: "test",
        ...{ openCommand: null, code: null, challenge: null, authorisation: null },
        ...{ askedAt: now, changedAt: now },
      },
    });
    this.#command(command, { op: "challenge", compartment });
    return command;
  }

  /** Rows up to the last one in the batch are stored, or none of them is. */
  #receive({ batch }: UpMessage): void {
    const { onFault, onSealed } = this.#parts;
    const last = this.rows.at(-1);
    if (batch.firstSeq > this.rows.length + 1) return this.#ack();
    let hash = last?.hash ?? GENESIS_HASH;
    const fresh: { payload: string; hash: string; fact: Fact; at: EpochMs }[] = [];
    for (const payload of batch.rows.slice(this.rows.length + 1 - batch.firstSeq)) {
      hash = chainHash(hash, payload);
      const event = readRow(payload);
      if (!event.ok || event.value.kind === "unknown") {
        return onFault(`the fleet cannot read row ${this.rows.length + fresh.length + 1}: ${payload}`);
      }
      fresh.push({ payload, hash, fact: event.value.fact, at: epochMs(Date.parse(event.value.envelope.time)) });
    }
    if (fresh.length > 0 && hash !== batch.lastHash)
      return onFault(`the chain is broken before row ${this.rows.length + fresh.length}`);
    for (const { payload, hash: rowHash, fact, at } of fresh) {
      this.rows.push({ payload, hash: rowHash });
      this.#add({ kind: "row", fact, at });
      if (fact.name === "code.issued") {
        const sealed = batch.attachments[fact.data.sealed];
        if (sealed === undefined) onFault(`the sealed secret of deposit ${fact.data.deposit} did not come along`);
        else onSealed(sealed);
      }
      if (fact.name === "challenge.issued") this.#carryChallenge(fact.data);
    }
    this.#ack();
  }

  #carryChallenge({ command, compartment, challenge }: Extract<Fact, { name: "challenge.issued" }>["data"]): void {
    const open = this.#state.remoteOpen.get(command);
    if (open?.state !== "challenged" || open.openCommand !== null) return;
    const openCommand = this.#newCommandId();
    this.#add({ kind: "open", open: { ...open, openCommand } });
    this.#command(openCommand, { op: "open", compartment, challenge });
  }

  #add(source: Source): void {
    this.#sources.push(source);
    this.#state = applied(this.#parts.fold, this.#state, source);
  }

  #ack(): void {
    const last = this.rows.at(-1);
    if (last === undefined) return;
    const { handle, epoch } = this.#parts;
    this.#say({ kind: "ack", claims: { aud: handle, epoch, seq: this.rows.length, hash: last.hash } });
  }

  #command(
    jti: CommandId,
    order:
      | { readonly op: "challenge"; readonly compartment: CompartmentId }
      | { readonly op: "open"; readonly compartment: CompartmentId; readonly challenge: string },
  ): void {
    const { handle, epoch, wallMs } = this.#parts;
    const iat = Math.floor(wallMs() / 1_000);
    const base = {
      aud: handle,
      epoch,
      jti,
      issuerEpoch: 1,
      seq: ++this.#commandSeq,
      iat,
      exp: iat + 60,
      by: "operator",
      reason: "test",
    } as const;
    const claims: CommandClaims = { ...base, ...order };
    this.#say({ kind: "command", claims });
  }

  #newCommandId(): CommandId {
    return this.#parts.dice.hex(32) as CommandId;
  }

  #say(message: DownMessage): void {
    this.#parts.broker.publishDown(message);
  }
}

function applied(withFold: Fold, state: LockerState, source: Source): LockerState {
  return source.kind === "row"
    ? applyFoldChanges(state, withFold(state, source.fact, source.at))
    : applyFoldChanges(state, [{ table: "remoteOpen", put: source.open }]);
}
