import { type Static, Type } from "typebox";
import { Errors } from "typebox/value";
import type { PortAddress } from "./byte-port.ts";
import type { CompartmentTruth, Refusal, TruthEntry } from "./cabinet.ts";
import { resetReason } from "./fp1/names.ts";
import { type LineFault, lineFaults } from "./line.ts";

const strict = { additionalProperties: false };
const compartment = Type.Integer({ minimum: 1 });
const board = Type.Integer({ minimum: 1, maximum: 126 });
const channel = Type.Integer({ minimum: 0, maximum: 63 });
const timeMs = Type.Number({ minimum: 0 });
const oneOf = <Name extends string>(names: readonly Name[]): Type.TEnum<Name[]> => Type.Enum<Name[]>([...names]);
const command = <Kind extends string, Fields extends Record<string, Type.TSchema>>(kind: Kind, fields: Fields) =>
  Type.Object({ kind: Type.Literal(kind), id: Type.Integer({ minimum: 0 }), ...fields }, strict);

const resetReasons = Object.keys(resetReason) as (keyof typeof resetReason)[];

const commands = {
  /** People. */
  pull: command("pull", { compartment }),
  force: command("force", { compartment }),
  close: command("close", { compartment }),
  putParcel: command("putParcel", { compartment, parcel: Type.String({ minLength: 1 }) }),
  takeParcel: command("takeParcel", { compartment }),
  person: command("person", {
    errand: Type.Object(
      {
        kind: oneOf(["bring", "fetch", "look"]),
        parcel: Type.Optional(Type.String({ minLength: 1 })),
        compartment: Type.Union([compartment, Type.Null()]),
        reactMs: timeMs,
        closeAfterMs: Type.Union([timeMs, Type.Null()]),
      },
      strict,
    ),
  }),
  /** Steel, cables and boards. */
  behave: command("behave", { compartment, behaviour: oneOf(["spring", "slow", "sticky", "jammed"]) }),
  crossCoils: command("crossCoils", { board, channelA: channel, channelB: channel }),
  cutCoil: command("cutCoil", { board, channel }),
  setFeedback: command("setFeedback", {
    board,
    channel,
    feedback: oneOf(["true", "inverted", "stuck_open", "stuck_closed", "none", "bouncing"]),
  }),
  reset: command("reset", { board, reason: oneOf(resetReasons) }),
  cutPower: command("cutPower", { board }),
  restorePower: command("restorePower", { board }),
  setSupply: command("setSupply", {
    board,
    millivolts: Type.Integer({ minimum: 0, maximum: 30_000 }),
    sagMillivolts: Type.Integer({ minimum: 0, maximum: 30_000 }),
  }),
  /** The bus line. */
  inject: command("inject", { fault: oneOf(lineFaults) }),
  setRates: command("setRates", {
    rates: Type.Partial(
      Type.Object(
        Object.fromEntries(lineFaults.map((fault) => [fault, Type.Number({ minimum: 0, maximum: 1 })])) as Record<
          LineFault,
          Type.TNumber
        >,
        strict,
      ),
      strict,
    ),
  }),
  silence: command("silence", { forMs: timeMs }),
  unplug: command("unplug", {}),
  plug: command("plug", {}),
  /** Questions. */
  log: command("log", { fromIndex: Type.Integer({ minimum: 0 }) }),
  state: command("state", {}),
};

/** What the simulator can be told, by the kind of the message. */
export type Commands = { readonly [Kind in keyof typeof commands]: Static<(typeof commands)[Kind]> };
export type Command = Commands[keyof Commands];

/** What the simulator answers to a command that has something to say. */
export type Answers = {
  readonly takeParcel: string;
  readonly log: readonly TruthEntry[];
  readonly state: SimState;
};

export type SimState = {
  readonly compartments: readonly CompartmentTruth[];
  /** `bootId` is null while a board has no power or starts. */
  readonly boards: readonly { readonly address: number; readonly bootId: number | null }[];
  readonly lineFaults: Readonly<Record<LineFault, number>>;
};

export type SimError =
  | { readonly code: Refusal | "no_such_board" | "no_such_channel" }
  | { readonly code: "bad_command"; readonly faults: readonly string[] };

export type FromSim =
  | ({ readonly kind: "ready" } & PortAddress)
  | { readonly kind: "event"; readonly entry: TruthEntry }
  | { readonly kind: "reply"; readonly id: number; readonly ok: true; readonly value?: Answers[keyof Answers] }
  | { readonly kind: "reply"; readonly id: number | null; readonly ok: false; readonly error: SimError };

/** Parses a message to the simulator; on refusal says every fault. */
export function parseCommand(
  message: unknown,
): { readonly ok: true; readonly value: Command } | { readonly ok: false; readonly error: SimError } {
  const kind = typeof message === "object" && message !== null && "kind" in message ? message.kind : undefined;
  const schema = Object.entries(commands).find(([name]) => name === kind)?.[1];
  if (schema === undefined) return refused([`/kind: must be one of ${Object.keys(commands).join(", ")}`]);
  const faults = Errors(schema, message).map(({ instancePath, message: text }) => `${instancePath || "/"}: ${text}`);
  return faults.length > 0 ? refused(faults) : { ok: true, value: message as Command };
}

const refused = (faults: readonly string[]) => ({ ok: false, error: { code: "bad_command", faults } }) as const;
