import { stillClosed, unlockResult } from "./access.ts";
import { boot, stop } from "./boot.ts";
import { applyRoster, metaOf, signIn, signOut, touch } from "./courier.ts";
import { tick } from "./deadlines.ts";
import { cancelDeposit, codePrepared, confirmDeposit, reopenDeposit, startDeposit } from "./deposit.ts";
import { doorReport } from "./door.ts";
import { DONE, Draft } from "./draft.ts";
import { opEvidence } from "./evidence.ts";
import type { Input, KioskInput, Occasion } from "./input.ts";
import { unreachable } from "./invariant.ts";
import type { State } from "./model.ts";
import type { Reply, Step } from "./output.ts";
import { disputePickup, reopenPickup, scanQr, typeCode } from "./pickup.ts";
import { command } from "./remote.ts";

/**
 * The whole locker: one input, one answer. Pure: the state is read, never written; time and random bits come in.
 *
 * @throws InvariantError when a record contradicts another: a bug, never an answer.
 */
export function step(state: State, input: Input, occasion: Occasion): Step {
  const d = new Draft(state, occasion);
  return d.finish(answer(d, input));
}

/** What the kiosk asks gets an answer of its own; everything else just happens. */
function answer(d: Draft, input: Input): Reply {
  switch (input.kind) {
    case "type_code":
      return typeCode(d, input);
    case "scan_qr":
      return scanQr(d, input);
    case "sign_in":
      return signIn(d, input);
    case "sign_out":
      return signOut(d, input);
    case "touch":
      return touch(d, input);
    case "start_deposit":
      return startDeposit(d, input);
    case "confirm_deposit":
      return confirmDeposit(d, input);
    case "cancel_deposit":
      return cancelDeposit(d, input);
    case "reopen_deposit":
      return reopenDeposit(d, input);
    case "reopen_pickup":
      return reopenPickup(d, input.deposit);
    case "dispute_pickup":
      return disputePickup(d, input.deposit);
    default:
      absorb(d, input);
      return DONE;
  }
}

function absorb(d: Draft, input: Exclude<Input, KioskInput>): void {
  switch (input.kind) {
    case "boot":
      return boot(d, input);
    case "stop":
      return stop(d);
    case "tick":
      return tick(d);
    case "clock":
      return d.put("runtime", { ...d.runtime, clockTrust: input.trust });
    case "link":
      return d.put("runtime", { ...d.runtime, link: input.link });
    case "unlock_result":
      return unlockResult(d, input);
    case "still_closed":
      return stillClosed(d, input);
    case "op_evidence":
      return opEvidence(d, input);
    case "door":
      return doorReport(d, input);
    case "board":
      return boardHealth(d, input);
    case "code_prepared":
      return codePrepared(d, input);
    case "acked":
      return acked(d, input.seq);
    case "command":
      return command(d, input.claims);
    case "desired":
      return applyRoster(d, input);
    default:
      return unreachable(input);
  }
}

function boardHealth(d: Draft, { board, health }: Extract<Input, { kind: "board" }>): void {
  if (d.get("board", board)?.health === health) return;
  d.put("board", { board, health });
  d.fact("board.health", { board, health });
}

/** The outbox cursor only moves forward. */
function acked(d: Draft, seq: number): void {
  const meta = metaOf(d);
  if (seq > meta.ackedSeq) d.put("meta", { ...meta, ackedSeq: seq });
}
