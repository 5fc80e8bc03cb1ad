import { posix } from "node:path";

/** What the files of an area may import. Paths are globs from the repository's root. */
export type ImportRule = {
  /** May be imported as values and as types. */
  readonly values: readonly string[];
  /** May be imported by `import type` only. */
  readonly types: readonly string[];
  /** Packages; a name that ends in "/" stands for its whole scope, "*" for every package. */
  readonly packages: readonly string[];
  /** May import `node:` modules. */
  readonly node?: true;
  /** No clock, no chance, no world: `biome.json` bans the globals in the same files. */
  readonly pure?: true;
  /** Refused even where another pattern would allow it. */
  readonly never?: readonly string[];
  /** Composition roots and tests: no rule but those of the files they import. */
  readonly anything?: true;
};

export type Area = { readonly name: string; readonly files: readonly string[]; readonly rule: ImportRule };

const CONTRACT = "src/contract/**";
const CONFIG = "src/config/**";
const DOMAIN = "src/locker/domain/**";
const FIRMWARE = "firmware-protocol/**";
const PORTS = "src/locker/ports.ts";

const BUS_MACHINE = "src/locker/bus/bus-machine*.ts";
const UPLINK_MACHINE = "src/locker/uplink/uplink-machine*.ts";
const FOLD = "src/fleet/fold*.ts";

/** An adapter at the locker's rim: its own folder, the core's types and functions, and its one library. */
const adapter = (folder: string, packages: readonly string[], values: readonly string[] = []): ImportRule => ({
  values: [`src/locker/${folder}/**`, DOMAIN, CONTRACT, ...values],
  types: [PORTS, CONFIG],
  packages,
  node: true,
});

const service = (folder: string, packages: readonly string[]): ImportRule => ({
  values: [`src/${folder}/**`, CONTRACT],
  types: [CONFIG],
  packages,
  node: true,
  never: ["src/locker/**"],
});

const anything: ImportRule = { values: [], types: [], packages: [], anything: true };

/** The first area whose globs hold a file is the file's area: special rows stand above general ones. */
export const AREAS: readonly Area[] = [
  {
    name: "firmware-protocol",
    files: [FIRMWARE],
    rule: { values: [FIRMWARE], types: [], packages: [], pure: true },
  },
  {
    name: "contract",
    files: [CONTRACT],
    rule: { values: [CONTRACT], types: [], packages: ["typebox"], pure: true },
  },
  {
    name: "domain",
    files: [DOMAIN],
    rule: { values: [DOMAIN, CONTRACT], types: [], packages: [], pure: true },
  },
  {
    name: "bus machine",
    files: [BUS_MACHINE],
    rule: {
      values: [BUS_MACHINE, FIRMWARE, CONTRACT],
      types: [DOMAIN, PORTS, "src/locker/bus/**"],
      packages: [],
      pure: true,
    },
  },
  {
    name: "uplink machine",
    files: [UPLINK_MACHINE],
    rule: {
      values: [UPLINK_MACHINE, CONTRACT],
      types: [DOMAIN, PORTS, "src/locker/uplink/**"],
      packages: [],
      pure: true,
    },
  },
  {
    name: "fleet fold",
    files: [FOLD],
    rule: { values: [FOLD, CONTRACT], types: ["src/fleet/**"], packages: [], pure: true },
  },
  {
    name: "ports",
    files: [PORTS],
    rule: { values: [], types: [DOMAIN, CONTRACT], packages: [] },
  },
  {
    name: "fleet main",
    files: ["src/fleet/main.ts"],
    rule: { values: ["src/fleet/**", CONTRACT, CONFIG], types: [], packages: ["*"], node: true },
  },
  {
    name: "vault main",
    files: ["src/vault/main.ts"],
    rule: { values: ["src/vault/**", CONTRACT, CONFIG], types: [], packages: ["*"], node: true },
  },
  {
    name: "composition root",
    files: ["src/locker/main.ts", "src/locker/bus/bus-process.ts", "src/cli/**"],
    rule: { values: ["src/**", FIRMWARE], types: [], packages: ["*"], node: true },
  },
  {
    name: "store",
    files: ["src/locker/store/**"],
    rule: adapter("store", ["better-sqlite3"]),
  },
  {
    name: "bus",
    files: ["src/locker/bus/**"],
    rule: adapter("bus", ["serialport", "@serialport/"], [FIRMWARE]),
  },
  {
    name: "uplink",
    files: ["src/locker/uplink/**"],
    rule: adapter("uplink", ["mqtt"]),
  },
  {
    name: "http",
    files: ["src/locker/http/**"],
    rule: { ...adapter("http", ["fastify", "@fastify/", "typebox"]), never: ["src/locker/store/**"] },
  },
  {
    name: "platform",
    files: ["src/locker/platform/**"],
    rule: adapter("platform", ["jose", "otplib", "pino"]),
  },
  {
    name: "engine",
    files: ["src/locker/*.ts"],
    rule: { values: ["src/locker/*.ts", DOMAIN, CONTRACT], types: [], packages: [], never: ["src/locker/main.ts"] },
  },
  {
    name: "config",
    files: [CONFIG],
    rule: { values: [CONFIG, CONTRACT], types: [], packages: ["typebox", "yaml"], node: true },
  },
  {
    name: "fleet",
    files: ["src/fleet/**"],
    rule: service("fleet", [
      "better-sqlite3",
      "fastify",
      "@fastify/",
      "jose",
      "kysely",
      "mqtt",
      "pg",
      "pino",
      "typebox",
    ]),
  },
  {
    name: "vault",
    files: ["src/vault/**"],
    rule: service("vault", [
      "better-sqlite3",
      "fastify",
      "@fastify/",
      "jose",
      "nodemailer",
      "otplib",
      "pino",
      "typebox",
    ]),
  },
  {
    name: "web build",
    files: ["src/web/vite.config.ts", "src/web/build/**"],
    rule: {
      values: ["src/web/**"],
      types: [],
      packages: ["vite", "@preact/preset-vite", "subset-font", "@fontsource/noto-sans-sc"],
      node: true,
    },
  },
  {
    name: "web",
    files: ["src/web/**"],
    rule: {
      values: ["src/web/**", "src/contract/pickup-code.ts"],
      types: [CONTRACT, "src/locker/http/**", "src/fleet/**", "src/vault/**"],
      packages: ["preact", "@preact/", "i18next", "vite", "virtual:catalogue-font"],
    },
  },
  {
    name: "simulator",
    files: ["sim/**"],
    rule: {
      values: [
        ...["sim/**", FIRMWARE, CONTRACT, DOMAIN, FOLD, PORTS, BUS_MACHINE, UPLINK_MACHINE],
        ...["src/locker/*.ts", "src/locker/store/**", "src/locker/bus/*driver*.ts", "src/locker/bus/drivers/**"],
      ],
      types: ["src/locker/**", CONFIG],
      packages: ["@lydell/node-pty", "fastify", "@fastify/", "typebox"],
      node: true,
      never: ["src/*/main.ts"],
    },
  },
  { name: "tests", files: ["tests/**", "bench/**", "*.ts"], rule: anything },
];

export const areaOf = (path: string): Area | undefined =>
  AREAS.find(({ files }) => files.some((pattern) => posix.matchesGlob(path, pattern)));
