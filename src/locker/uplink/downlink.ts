import type { Epoch, LockerHandle } from "../../contract/ids.ts";
import type { AckClaims } from "../../contract/messages.ts";
import { parseTopic } from "../../contract/topics.ts";
import type { Input } from "../domain/input.ts";
import type { Letters, Log, Outbox } from "../ports.ts";
import { createSparseWarning, type SparseWarning } from "./sparse-warning.ts";

export type DownlinkDeps = {
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  readonly outbox: Outbox;
  readonly letters: Letters;
  /** Has committed the input when it returns. */
  readonly post: (input: Input) => void;
  /** Rows up to `seq` are stored, says the fleet, and means this journal. */
  readonly onAck: (seq: number) => void;
  /** Told of an acknowledgement that is genuine and not believed. */
  readonly doubt: SparseWarning;
  readonly log: Log;
};

/** Takes one message; resolves when what it asks for is committed, or when it is refused for good. */
export type Downlink = (topic: string, payload: Uint8Array) => Promise<void>;

/** Nothing the fleet sends is larger: a roster of a thousand couriers. */
const MESSAGE_BYTES_MAX = 1_048_576;

/** Reads the fleet's messages. What cannot be verified is counted, logged without its content, and forgotten. */
export function createDownlink(deps: DownlinkDeps): Downlink {
  const warn = createSparseWarning(deps.log, "message refused");
  const refuse = (reason: string): void => warn({ reason });
  return async (topic, payload) => {
    const place = parseTopic(topic);
    if (place?.handle !== deps.handle) return refuse("misplaced");
    if (payload.length > MESSAGE_BYTES_MAX) return refuse("too_large");
    const text = new TextDecoder().decode(payload);
    const { letters, post } = deps;
    switch (place.kind) {
      case "down/ack": {
        const claims = await letters.openAck(text);
        return claims.ok ? readAck(deps, claims.value) : refuse(claims.error.code);
      }
      case "down/command": {
        const claims = await letters.openCommand(text);
        return claims.ok ? post({ kind: "command", claims: claims.value }) : refuse(claims.error.code);
      }
      case "down/desired": {
        const desired = await letters.openDesired(text);
        return desired.ok ? post({ kind: "desired", ...desired.value }) : refuse(desired.error.code);
      }
      default:
        return refuse("misplaced");
    }
  };
}

/** The hash proves that the fleet has this journal, and not another one with as many rows. */
function readAck({ epoch, outbox, onAck, doubt }: DownlinkDeps, claims: AckClaims): void {
  const { seq } = claims;
  const row = outbox.rowsAfter(seq - 1, 1)[0];
  const reason =
    claims.epoch !== epoch ? "other_epoch" : row?.seq === seq && row.hash !== claims.hash ? "other_hash" : "";
  if (reason === "") return onAck(seq);
  doubt({ seq, reason });
}
