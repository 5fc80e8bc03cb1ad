import { type Static, Type } from "typebox";
import { type CompartmentId, Size } from "../contract/ids.ts";
import type { Result } from "../contract/result.ts";
import { duplicates, loginContradictions, tlsContradictions } from "./contradictions.ts";
import type { Complaint, ConfigFault, Path } from "./fault.ts";
import { AbsolutePath, BrokerUrl, Handle, Log, mapping, Name, publicKey, Tls, Version } from "./fields.ts";
import { type ConfigSource, type DeepReadonly, loadConfig } from "./load.ts";

const PartName = Type.String({
  pattern: "^[a-z0-9-]{1,32}$",
  description: "1 to 32 lower-case letters, digits and hyphens",
  hint: "Take a short name that also stands on the part itself",
});

const Compartment = Type.Unsafe<CompartmentId>(
  Type.Integer({ minimum: 1, maximum: 1000, hint: "It is the number on the door" }),
);

const replySlackMs = Type.Optional(
  Type.Integer({ minimum: 0, maximum: 2_000, hint: "Leave it out unless replies come late" }),
);

const Transport = Type.Union([
  mapping({
    kind: Type.Literal("serial"),
    path: Type.String({
      pattern: "^/(?!dev/tty(USB|ACM))[^\\u0000]+$",
      maxLength: 4096,
      description: "the path of a serial port that stays the same when adapters are plugged in another order",
      hint: "Take the udev rule's /dev/lockerd-bus0, or a path under /dev/serial/by-path",
    }),
    baudRate: Type.Enum([1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200], { default: 115_200 }),
    replySlackMs,
  }),
  mapping({
    kind: Type.Literal("tcp"),
    host: Type.String({ pattern: "^[A-Za-z0-9.:-]{1,253}$", description: "a host name or an address" }),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    replySlackMs,
  }),
]);

const Channel = mapping({
  /** FP1 numbers channels from 0; 255 stands for the whole board. */
  channel: Type.Integer({ minimum: 0, maximum: 254, hint: "Take the number printed beside the terminal" }),
  compartment: Compartment,
  feedback: Type.Optional(Type.Enum(["locked-closes", "open-closes", "none"])),
});

const Board = mapping({
  name: PartName,
  protocol: Type.Enum(["fp1"]),
  /** 0 is a board without an address, 127 is all boards. */
  address: Type.Integer({ minimum: 1, maximum: 126, hint: "It is set on the board's switches" }),
  /** A coil that is held longer than 2 s overheats. */
  unlockPulseMs: Type.Integer({ minimum: 10, maximum: 2_000, default: 300 }),
  channels: Type.Array(Channel, { minItems: 1, maxItems: 255 }),
});

const Bus = mapping({
  name: PartName,
  transport: Transport,
  boards: Type.Array(Board, { minItems: 1, maxItems: 32 }),
});

/** `/etc/lockerd/lockerd.yaml`. */
export const LockerConfigSchema = mapping({
  version: Version,
  locker: mapping({ handle: Handle, name: Name }),
  database: Type.Unsafe<string>({ ...AbsolutePath, default: "/var/lib/lockerd/locker.db" }),
  /** On 127.0.0.1, always: the kiosk's page is served to this machine alone. */
  kiosk: mapping({ port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8_460 }) }, { default: {} }),
  buses: Type.Array(Bus, { minItems: 1, maxItems: 8 }),
  compartments: Type.Array(mapping({ id: Compartment, size: Size }), { minItems: 1, maxItems: 1000 }),
  uplink: Type.Optional(
    mapping({
      url: BrokerUrl,
      tls: Type.Optional(Tls),
      username: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      passwordFile: Type.Optional(AbsolutePath),
    }),
  ),
  keys: mapping({
    signingKeyFile: AbsolutePath,
    sealingKeyFile: AbsolutePath,
    boardKeyFile: AbsolutePath,
    pepperFile: AbsolutePath,
  }),
  fleet: mapping({ commandKey: publicKey("Ed25519") }),
  vault: mapping({ sealingKey: publicKey("X25519") }),
  log: Log,
  clock: mapping(
    {
      trust: Type.Enum(["auto", "assume_synced"], {
        default: "auto",
        hint: "assume_synced is for machines that keep time by other means than systemd-timesyncd",
      }),
    },
    { default: {} },
  ),
});
export type LockerConfig = DeepReadonly<Static<typeof LockerConfigSchema>>;

export const loadLockerConfig = (source: ConfigSource): Result<LockerConfig, readonly ConfigFault[]> =>
  loadConfig({ schema: LockerConfigSchema, contradictions: contradictionsOf }, source);

/** What no schema can say: names and numbers are unique, and every compartment has exactly one lock. */
function contradictionsOf(config: LockerConfig): readonly Complaint[] {
  const { buses, compartments, uplink } = config;
  return [
    ...duplicates(compartments, { path: ["compartments"], key: "id", keyOf: ({ id }) => id }),
    ...duplicates(buses, { path: ["buses"], key: "name", keyOf: ({ name }) => name }),
    ...duplicates(buses, { path: ["buses"], key: "transport", keyOf: ({ transport }) => placeOf(transport) }),
    ...buses.flatMap(({ boards }, index) =>
      duplicates(boards, { path: ["buses", index, "boards"], key: "address", keyOf: ({ address }) => address }),
    ),
    ...boardNames(config),
    ...boardsOf(config).flatMap(({ board, path }) =>
      duplicates(board.channels, { path: [...path, "channels"], key: "channel", keyOf: ({ channel }) => channel }),
    ),
    ...wiring(config),
    ...(uplink === undefined ? [] : tlsContradictions(["uplink"], uplink)),
    ...(uplink === undefined ? [] : loginContradictions(["uplink"], uplink)),
  ];
}

type BusConfig = LockerConfig["buses"][number];
type Wire = { readonly compartment: CompartmentId; readonly path: Path };

const placeOf = (transport: BusConfig["transport"]): string =>
  transport.kind === "serial" ? transport.path : `${transport.host}:${transport.port}`;

const boardsOf = ({ buses }: LockerConfig) =>
  buses.flatMap((bus, busIndex) =>
    bus.boards.map((board, index) => ({ board, path: ["buses", busIndex, "boards", index] as Path })),
  );

/** Boards are told apart by name in the whole locker. */
function boardNames(config: LockerConfig): readonly Complaint[] {
  const seen = new Set<string>();
  return boardsOf(config).flatMap(({ board, path }) => {
    if (!seen.has(board.name)) {
      seen.add(board.name);
      return [];
    }
    const problem = "names another board of this locker already";
    return [
      { path: [...path, "name"], found: JSON.stringify(board.name), problem, hint: "Give each board its own name" },
    ];
  });
}

/** Every compartment is wired exactly once, and nothing else is. */
function wiring(config: LockerConfig): readonly Complaint[] {
  const known = new Set(config.compartments.map(({ id }) => id));
  const seen = new Set<CompartmentId>();
  const complaints = wiresOf(config).flatMap(({ compartment, path }): readonly Complaint[] => {
    const found = String(compartment);
    if (!known.has(compartment)) {
      const hint = "Add it under compartments, or remove it here";
      return [{ path, found, problem: "is no compartment of this locker", hint }];
    }
    if (seen.has(compartment)) {
      const problem = "is wired to another channel already";
      return [{ path, found, problem, hint: "One lock opens one compartment" }];
    }
    seen.add(compartment);
    return [];
  });
  const missing = config.compartments.flatMap(({ id }, index): readonly Complaint[] => {
    if (seen.has(id)) return [];
    const hint = "Add its channel under buses, or remove it here";
    const problem = "is wired to no channel of any board";
    return [{ path: ["compartments", index, "id"], found: String(id), problem, hint }];
  });
  return [...complaints, ...missing];
}

const wiresOf = (config: LockerConfig): readonly Wire[] =>
  boardsOf(config).flatMap(({ board, path }) =>
    board.channels.map(({ compartment }, index) => ({
      compartment,
      path: [...path, "channels", index, "compartment"],
    })),
  );
