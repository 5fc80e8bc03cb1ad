import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { epochMs } from "../../src/contract/time.ts";
import { topicOf } from "../../src/contract/topics.ts";
import { createIntake } from "../../src/fleet/intake.ts";
import type { MqttMessage } from "../../src/fleet/mqtt-link.ts";
import { type FleetStore, openFleetStore } from "../../src/fleet/store.ts";
import { depositFacts, newStay, snapshot } from "../support/model-facts.ts";
import { bytesOf, ModelLocker } from "../support/model-locker.ts";

let folder: string;
let store: FleetStore;
let lockers: readonly [ModelLocker, ModelLocker];
let lines: { msg: string; locker: string; count: number }[];
let refreshed: string[];
let take: (message: MqttMessage) => Promise<void>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-fleet-"));
  lockers = [new ModelLocker(), new ModelLocker()];
  lines = [];
  refreshed = [];
  store = await openFleetStore(
    join(folder, "fleet.db"),
    lockers.map(({ handle }) => handle),
  );
  take = createIntake({
    store,
    signingKeyOf: (handle) => lockers.find((locker) => locker.handle === handle)?.publicKey,
    commandKey: generateKeyPairSync("ed25519").privateKey,
    now: () => epochMs(1_800_000_000_000),
    publish: () => true,
    onStored: (locker) => void refreshed.push(locker),
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const event = ({ handle }: ModelLocker, payload: Uint8Array): MqttMessage => ({
  ...{ topic: topicOf(handle, "up/event"), payload, retained: false },
});
const said = (message: string) => lines.filter(({ msg }) => msg === message).map(({ count }) => count);

async function again(times: number, message: MqttMessage): Promise<void> {
  for (let each = 0; each < times; each++) await take(message);
}

describe("what the fleet refuses", () => {
  it("is told the 1st, 2nd, 4th, 8th time of each locker, and nobody looks anew", async () => {
    const [one, other] = lockers;
    one.write(snapshot());
    other.write(snapshot());
    await again(20, event(one, bytesOf({ ...one.batch(), signature: "A".repeat(86) })));
    expect(said("batch refused")).toEqual([1, 2, 4, 8, 16]);
    lines.length = 0;
    await again(3, event(other, bytesOf({ ...other.batch(), extra: 1 })));
    expect(said("batch refused")).toEqual([1, 2]);
    expect(refreshed).toEqual([]);
    await take(event(one, one.bytes()));
    expect(refreshed).toEqual([one.handle]);
  });

  it("is counted as one's when it names lockers nobody configured", async () => {
    for (let each = 0; each < 9; each++) {
      const stranger = new ModelLocker().write(snapshot());
      await take(event(stranger, stranger.bytes()));
      await take({ ...event(stranger, new Uint8Array()), topic: topicOf(stranger.handle, "up/status") });
      await take({ ...event(stranger, new Uint8Array()), topic: `lockerd/1/${stranger.handle}/up/other` });
    }
    expect(said("batch refused")).toEqual([1, 2, 4, 8]);
    expect(said("status refused")).toEqual([1, 2, 4, 8]);
    expect(said("message on a topic of nobody")).toEqual([1, 2, 4, 8]);
  });

  it("makes people look anew once when it breaks a locker's chain", async () => {
    const [one] = lockers;
    await take(event(one.write(snapshot()), one.bytes()));
    const batch = one.write(...depositFacts(newStay())).batch(2);
    await again(5, event(one, bytesOf({ ...batch, rows: batch.rows.map((row) => row.replace("2026", "2027")) })));
    expect(refreshed).toHaveLength(2);
  });
});
