import { randomBytes } from "node:crypto";
import type { Layout } from "../../sim/layout.ts";
import { makeKeys } from "../../src/cli/demo/keys.ts";
import type { LockerHandle } from "../../src/contract/ids.ts";
import { type LockerKeys, loadKeys } from "../../src/locker/platform/keys.ts";
import { deriveProofs } from "../../src/locker/platform/pickup-secret.ts";
import { createProofs } from "../../src/locker/platform/proofs.ts";
import { createSecrets } from "../../src/locker/platform/secrets.ts";
import { createSlowHash } from "../../src/locker/platform/slow-hash.ts";
import type { BareSettings } from "./bare-process.ts";
import { layoutOf, ModelLocker } from "./model-locker.ts";
import { precomputedSecrets } from "./precomputed-secrets.ts";

const CHANNELS_MAX = 50;

/** One board for every fifty doors. */
export function simLayoutOf(compartmentCount: number): Layout {
  const boards = Array.from({ length: Math.ceil(compartmentCount / CHANNELS_MAX) }, (_, board) => {
    const first = board * CHANNELS_MAX + 1;
    const channelCount = Math.min(CHANNELS_MAX, compartmentCount - first + 1);
    const channels = Array.from({ length: channelCount }, (_, channel) => ({ channel, compartment: first + channel }));
    return { address: board + 1, channels };
  });
  return { boards };
}

/** Everything `lockerd run` needs besides the database: keys in files, and the configuration that names them. */
export function lockerConfig(
  place: { readonly folder: string; readonly database: string; readonly handle: LockerHandle },
  bus: { readonly layout: Layout; readonly portPath: string },
) {
  const keys = makeKeys(place.folder);
  const boards = bus.layout.boards.map(({ address, channels }) => ({
    name: `board-${address}`,
    protocol: "fp1",
    address,
    channels,
  }));
  return {
    version: 1,
    locker: { handle: place.handle, name: "Bench" },
    database: place.database,
    kiosk: { port: 0 },
    buses: [{ name: "bus0", transport: { kind: "serial", path: bus.portPath, baudRate: 115_200 }, boards }],
    compartments: layoutOf(bus.layout.boards.reduce((count, { channels }) => count + channels.length, 0)),
    keys: {
      signingKeyFile: keys.lockerSigning.file,
      sealingKeyFile: keys.lockerSealing.file,
      boardKeyFile: keys.boardKeyFile,
      pepperFile: keys.pepperFile,
    },
    fleet: { commandKey: keys.fleetCommand.public },
    vault: { sealingKey: keys.vaultSealing.public },
    clock: { trust: "assume_synced" },
  } as const;
}

/**
 * Fills every compartment of a new database by the real engine, store and crypto.
 *
 * @returns the code of each parcel, as its notice would carry it.
 */
export async function storeParcels(config: ReturnType<typeof lockerConfig>, count: number): Promise<readonly string[]> {
  const { handle } = config.locker;
  const { pepper, signingKey, vaultKey } = keysOf(config);
  let lastCode = "";
  const secrets = createSecrets({
    handle,
    signingKey,
    vaultKey,
    proofs: createProofs({ pepper, handle, slowHash: createSlowHash() }),
    draw(bytes) {
      const secret = randomBytes(bytes);
      lastCode = deriveProofs(secret)?.code ?? lastCode;
      return secret;
    },
  });
  await using locker = new ModelLocker({ database: config.database, handle, compartmentCount: count, secrets });
  const codes: string[] = [];
  while (codes.length < count) {
    await locker.codeIsLive(locker.deposit());
    codes.push(lastCode);
  }
  return codes;
}

function keysOf(config: ReturnType<typeof lockerConfig>): LockerKeys {
  const keys = loadKeys(config);
  if (!keys.ok) throw new Error(`keys: ${keys.error.map(({ where }) => where).join(", ")}`);
  return keys.value;
}

/** What a locker of this size writes when all its parcels are collected, transaction by transaction. */
export async function rehearse(
  database: string,
  handle: LockerHandle,
  count: number,
): Promise<Pick<BareSettings, "before" | "pickups">> {
  const secrets = await precomputedSecrets(count, handle);
  await using locker = new ModelLocker({ database, handle, compartmentCount: count, secrets });
  while (locker.engine.state.deposit.size < count) await locker.codeIsLive(locker.deposit());
  const before = locker.store.take();
  const pickups = [...locker.engine.state.deposit.keys()].map((deposit) => {
    let [authorised] = locker.store.take();
    locker.collect(deposit, () => {
      [authorised] = locker.store.take();
    });
    if (authorised === undefined) throw new Error("a pickup without a transaction");
    return { authorised, after: locker.store.take() };
  });
  return { before, pickups };
}
