import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { topicOf } from "../../src/contract/topics.ts";
import { FleetRig } from "../support/fleet-rig.ts";
import { type LoopbackBroker, openLoopbackBroker } from "../support/loopback-broker.ts";
import { depositFacts, newStay, snapshot } from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";
import { linkModelLocker, type ModelLockerLink } from "../support/model-locker-link.ts";

let broker: LoopbackBroker;
let locker: ModelLocker;
let rig: FleetRig;
let link: ModelLockerLink;

beforeEach(async () => {
  broker = await openLoopbackBroker();
  locker = new ModelLocker();
  rig = await new FleetRig({ brokerUrl: broker.url, lockers: [locker] }).start();
  link = await linkModelLocker(locker, { url: broker.url, commandKey: rig.commandPublicKey });
  await isConnected();
});

afterEach(async () => {
  await link.close();
  await rig.close();
  await broker.close();
  expect(rig.failures).toEqual([]);
});

const isConnected = () =>
  expect
    .poll(async () => (await rig.ask("GET", "/readyz")).body, { timeout: 5_000 })
    .toMatchObject({
      broker: "connected",
    });
const lastAck = () => expect.poll(() => link.acks.at(-1), { timeout: 5_000 });
const health = async () =>
  (await rig.ask("GET", `/v1/lockers/${locker.handle}`, { key: rig.keys.operator })).body as Record<string, unknown>;

describe("the fleet's link to the broker", () => {
  it("acknowledges a batch with its own signature over the end of the chain", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    const batch = locker.batch();
    await link.send(batch);
    await lastAck().toEqual({ aud: locker.handle, epoch: locker.epoch, seq: 7, hash: batch.lastHash });
  });

  it("acknowledges again what comes again, after its own restart too", async () => {
    locker.write(snapshot());
    await link.send(locker.batch());
    await lastAck().toMatchObject({ seq: 1 });
    await rig.stop();
    await rig.start();
    await isConnected();
    await link.send(locker.batch());
    await vi.waitFor(() => expect(link.acks.length).toBe(2), { timeout: 5_000 });
    expect(link.acks[1]).toEqual(link.acks[0]);
  });

  it("takes what was published while it was away", async () => {
    await rig.stop();
    locker.write(snapshot());
    await link.send(locker.batch());
    await rig.start();
    await lastAck().toMatchObject({ seq: 1 });
  });

  it("answers a gap with what it has, and batches out of order end in one whole chain", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    await link.send(locker.batch(1, 1));
    await link.send(locker.batch(5, 7));
    await vi.waitFor(() => expect(link.acks.length).toBe(2), { timeout: 5_000 });
    expect(link.acks[1]).toMatchObject({ seq: 1 });
    await link.send(locker.batch(2, 4));
    await link.send(locker.batch(5, 7));
    await lastAck().toMatchObject({ seq: 7 });
  });

  it("goes on after garbage, which it neither stores nor acknowledges", async () => {
    await link.sendText("up/event", "{garbage");
    await link.sendText("up/event", JSON.stringify({ ...locker.write(snapshot()).batch(), rows: ["x"] }));
    await link.sendText("up/status", '{"state":"online","owner":"somebody"}');
    await link.send(locker.batch());
    await lastAck().toMatchObject({ seq: 1 });
    expect(link.acks).toHaveLength(1);
    expect(await health()).toMatchObject({ link: "never_seen", chainBrokenAt: null });
  });

  it("comes back when its connection is lost, and when the broker was away", async () => {
    broker.dropConnections();
    locker.write(snapshot());
    await isConnected();
    const port = Number(new URL(broker.url).port);
    await broker.close();
    await expect.poll(async () => (await rig.ask("GET", "/readyz")).body).toMatchObject({ broker: "unreachable" });
    broker = await openLoopbackBroker(port);
    await isConnected();
    await expect
      .poll(
        async () => {
          await link.send(locker.batch());
          return link.acks.length;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
  });

  it("calls a locker healthy only while it is online and its boards answer", async () => {
    await link.send(locker.write(snapshot()).batch());
    await lastAck().toMatchObject({ seq: 1 });
    expect(await health()).toMatchObject({ link: "never_seen", health: "silent" });
    await link.sendStatus({});
    await expect.poll(health).toMatchObject({ link: "online", health: "healthy" });
    await link.sendStatus({ boards: "silent" });
    await expect.poll(health).toMatchObject({ link: "online", health: "silent" });
    await link.sendStatus({ state: "offline" });
    await expect.poll(health).toMatchObject({ link: "offline", health: "silent" });
  });

  it("calls nobody online while the broker is away, and everybody again who still is when it is back", async () => {
    await link.sendStatus({});
    await expect.poll(health).toMatchObject({ link: "online" });
    const port = Number(new URL(broker.url).port);
    await broker.close();
    await expect.poll(health, { timeout: 5_000 }).toMatchObject({ link: "offline", health: "silent" });
    broker = await openLoopbackBroker(port);
    await isConnected();
    await link.sendStatus({});
    await expect.poll(health, { timeout: 5_000 }).toMatchObject({ link: "online" });
    const connectedCount = () => rig.logLines.filter((line) => line.includes("broker connected")).length;
    const before = connectedCount();
    broker.dropConnections();
    await expect.poll(connectedCount, { timeout: 5_000 }).toBeGreaterThan(before);
    await expect.poll(health, { timeout: 5_000 }).toMatchObject({ link: "online" });
  });

  it("counts no status that the broker kept as a contact", async () => {
    await rig.stop();
    await link.sendStatus({});
    await rig.start();
    await expect.poll(health).toMatchObject({ link: "online", lastContactAt: null });
    await link.sendStatus({});
    await expect.poll(health).toMatchObject({ lastContactAt: expect.any(Number) });
  });

  it("publishes an acknowledgement only after the rows are in the database", async () => {
    const other = new Database(rig.settings.database);
    let rowsCount: unknown;
    broker.onPublish = ({ topic }) => {
      if (topic !== topicOf(locker.handle, "down/ack")) return;
      rowsCount ??= other.prepare("select count(*) from journal").pluck().get();
    };
    await link.send(locker.write(snapshot(), ...depositFacts(newStay())).batch());
    await lastAck().toMatchObject({ seq: 7 });
    other.close();
    expect(rowsCount).toBe(7);
  });

  it("neither acknowledges nor PUBACKs what it could not store, so that the broker brings it again", async () => {
    const other = new Database(rig.settings.database);
    other.exec("create trigger full_disk before insert on batch_signature begin select raise(abort, 'full'); end");
    await link.send(locker.write(snapshot()).batch());
    await expect.poll(() => rig.failures.splice(0).length, { timeout: 5_000 }).toBe(1);
    await rig.stop();
    expect(link.acks).toEqual([]);
    other.exec("drop trigger full_disk");
    other.close();
    await rig.start();
    await lastAck().toMatchObject({ seq: 1 });
  });
});
