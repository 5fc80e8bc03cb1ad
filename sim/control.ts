import type { Agenda } from "./agenda.ts";
import type { Answers, Command, SimError } from "./control-messages.ts";
import { type Errand, sendPerson } from "./people.ts";
import type { Rig } from "./rig.ts";

export type Outcome =
  | { readonly ok: true; readonly value?: Answers[keyof Answers] }
  | { readonly ok: false; readonly error: SimError };

/** Everything a command may act on. Pulling the plug is left to whoever owns the port. */
export type Stage = { readonly agenda: Agenda; readonly rig: Rig };

type RigCommand = Exclude<Command, { kind: "unplug" | "plug" }>;
type BoardCommand = Extract<RigCommand, { board: number }>;

/** Does what a command says, at the agenda's present. */
export function perform({ agenda, rig }: Stage, command: RigCommand): Outcome {
  if ("board" in command) return performOnBoard(rig, command);
  const { cabinet, line } = rig;
  switch (command.kind) {
    case "pull":
      return cabinet.pull(command.compartment);
    case "force":
      return cabinet.force(command.compartment);
    case "close":
      return cabinet.close(command.compartment);
    case "putParcel":
      return cabinet.putParcel(command.compartment, command.parcel);
    case "takeParcel":
      return cabinet.takeParcel(command.compartment);
    case "behave":
      return cabinet.setBehaviour(command.compartment, command.behaviour);
    case "person":
      sendPerson(agenda, cabinet, command.errand satisfies Errand);
      return done;
    case "inject":
      line.inject(command.fault);
      return done;
    case "setRates":
      line.setRates(command.rates);
      return done;
    case "silence":
      line.silence(command.forMs);
      return done;
    case "log":
      return { ok: true, value: cabinet.log.slice(command.fromIndex) };
    case "state":
      return { ok: true, value: stateOf(rig) };
    default:
      return command satisfies never;
  }
}

function performOnBoard({ boards, harness }: Rig, command: BoardCommand): Outcome {
  const board = boards.get(command.board);
  if (board === undefined) return refused("no_such_board");
  const channels = "channelA" in command ? [command.channelA, command.channelB] : [];
  if ("channel" in command) channels.push(command.channel);
  const { channelCount } = harness.ioOf(command.board);
  if (channels.some((channel) => channel >= channelCount)) return refused("no_such_channel");
  switch (command.kind) {
    case "crossCoils":
      harness.crossCoils(command.board, command.channelA, command.channelB);
      return done;
    case "cutCoil":
      harness.cutCoil(command.board, command.channel);
      return done;
    case "setFeedback":
      harness.setFeedback(command.board, command.channel, command.feedback);
      return done;
    case "reset":
      board.reset(command.reason);
      return done;
    case "cutPower":
      board.cutPower();
      return done;
    case "restorePower":
      board.restorePower();
      return done;
    case "setSupply":
      board.setSupply(command);
      return done;
    default:
      return command satisfies never;
  }
}

function stateOf({ cabinet, boards, line }: Rig): Answers["state"] {
  return {
    compartments: cabinet.truth(),
    boards: [...boards.values()].map(({ address, bootId }) => ({ address, bootId })),
    lineFaults: line.counts,
  };
}

const done: Outcome = { ok: true };
const refused = (code: "no_such_board" | "no_such_channel"): Outcome => ({ ok: false, error: { code } });
