import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Size } from "../../contract/ids.ts";
import type { DemoKeys } from "./keys.ts";

/** The demo's cabinet: two modules of six doors, one board each. */
export const MODULES: readonly { readonly address: number; readonly sizes: readonly Size[] }[] = [
  { address: 1, sizes: ["S", "S", "M", "M", "S", "L"] },
  { address: 2, sizes: ["S", "M", "S", "S", "M", "L"] },
];

export const LOCKER_NAME = "Demo locker";
const LOCKER_ADDRESS = "1 Example Street, by the entrance";

const modules = MODULES.map(({ address, sizes }, module) => {
  const first = MODULES.slice(0, module).reduce((count, { sizes: before }) => count + before.length, 1);
  return { address, compartments: sizes.map((size, i) => ({ id: first + i, size })) };
});

/** What the simulator builds. */
export const simLayout = {
  boards: modules.map(({ address, compartments }) => ({
    address,
    channels: compartments.map(({ id }, channel) => ({ channel, compartment: id })),
  })),
};

export type Whereabouts = {
  readonly folder: string;
  readonly handle: string;
  readonly keys: DemoKeys;
  readonly brokerUrl: string;
  /** 0, or none: whichever is free. */
  readonly vaultPort?: number;
};

/** Writes a configuration file and answers its path. */
function write(folder: string, name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, name.endsWith(".json") ? JSON.stringify(content) : stringify(content), { mode: 0o600 });
  return file;
}

export const writeSimLayout = (folder: string): string => write(folder, "layout.json", simLayout);

export function writeVaultConfig({ folder, handle, keys, vaultPort = 0 }: Whereabouts): string {
  return write(folder, "vault.yaml", {
    version: 1,
    http: { host: "127.0.0.1", port: vaultPort },
    database: join(folder, "vault.db"),
    keys: { sealingKeyFile: keys.vaultSealing.file, masterKeyFile: keys.masterKeyFile },
    fleetKey: keys.fleetLink.public,
    lockers: [{ handle, name: LOCKER_NAME, address: LOCKER_ADDRESS, signingKey: keys.lockerSigning.public }],
    carriers: [{ id: "demo-carrier", sha256: keys.carrierKey.sha256 }],
    notifier: { kind: "console" },
  });
}

export function writeFleetConfig({ folder, handle, keys, brokerUrl }: Whereabouts, vaultUrl: string): string {
  return write(folder, "fleet.yaml", {
    version: 1,
    http: { host: "127.0.0.1", port: 0 },
    mqtt: { url: brokerUrl },
    database: join(folder, "fleet.db"),
    keys: {
      commandKeyFile: keys.fleetCommand.file,
      linkKeyFile: keys.fleetLink.file,
      rosterKeyFile: keys.rosterKeyFile,
    },
    lockers: [
      { handle, name: LOCKER_NAME, signingKey: keys.lockerSigning.public, sealingKey: keys.lockerSealing.public },
    ],
    apiKeys: [
      { id: "demo-operator", kind: "operator", sha256: keys.operatorKey.sha256 },
      { id: "demo-carrier", kind: "carrier", sha256: keys.carrierKey.sha256 },
    ],
    vault: { url: vaultUrl },
  });
}

export function writeLockerConfig({ folder, handle, keys, brokerUrl }: Whereabouts, portPath: string): string {
  return write(folder, "locker.yaml", {
    version: 1,
    locker: { handle, name: LOCKER_NAME },
    database: join(folder, "locker.db"),
    kiosk: { port: 0 },
    buses: [
      {
        name: "bus0",
        transport: { kind: "serial", path: portPath, baudRate: 115_200 },
        boards: modules.map(({ address, compartments }) => ({
          name: `module-${address}`,
          protocol: "fp1",
          address,
          unlockPulseMs: 300,
          channels: compartments.map(({ id }, channel) => ({ channel, compartment: id })),
        })),
      },
    ],
    compartments: modules.flatMap(({ compartments }) => compartments),
    uplink: { url: brokerUrl },
    keys: {
      signingKeyFile: keys.lockerSigning.file,
      sealingKeyFile: keys.lockerSealing.file,
      boardKeyFile: keys.boardKeyFile,
      pepperFile: keys.pepperFile,
    },
    fleet: { commandKey: keys.fleetCommand.public },
    vault: { sealingKey: keys.vaultSealing.public },
    clock: { trust: "assume_synced" },
  });
}
