import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fact } from "../../src/contract/events.ts";
import { RemoteOpenStatus } from "../../src/contract/fleet-api.ts";
import type { CommandClaims } from "../../src/contract/messages.ts";
import { checker } from "../../src/contract/parse.ts";
import { FleetRig } from "../support/fleet-rig.ts";
import { type LoopbackBroker, openLoopbackBroker } from "../support/loopback-broker.ts";
import { commandId, compartmentId, newAuthorisation, snapshot } from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";
import { linkModelLocker, type ModelLockerLink } from "../support/model-locker-link.ts";

const CHALLENGE = "00112233445566778899aabbccddeeff";

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
    .toMatchObject({ broker: "connected" });

/** Writes facts and sends them; resolves when the fleet has them. */
async function say(...facts: readonly Fact[]): Promise<void> {
  const first = locker.rows.length + 1;
  locker.write(...facts);
  await link.send(locker.batch(first));
  await expect.poll(() => link.acks.at(-1)?.seq, { timeout: 5_000 }).toBe(locker.rows.length);
}

const open = (compartment = 1, reason = "maintenance") =>
  rig.ask("POST", `/v1/lockers/${locker.handle}/compartments/${compartment}/open`, {
    key: rig.keys.operator,
    body: { reason },
  });

async function commandNumber(index: number): Promise<CommandClaims> {
  await expect.poll(() => link.commands.length, { timeout: 5_000 }).toBeGreaterThan(index);
  const command = link.commands[index];
  if (command === undefined) throw new Error("the command was there a moment ago");
  return command;
}

const remoteOpens = async (): Promise<readonly RemoteOpenStatus[]> => {
  const { body } = await rig.ask("GET", `/v1/lockers/${locker.handle}`, { key: rig.keys.operator });
  return (body as { remoteOpens: RemoteOpenStatus[] }).remoteOpens;
};
const state = async () => (await remoteOpens()).at(-1)?.state;
const issued = (command: CommandClaims): Fact => ({
  name: "challenge.issued",
  data: { command: command.jti, compartment: command.compartment, challenge: CHALLENGE },
});

describe("a remote open", () => {
  it("asks for a challenge, carries it back once, and tells what the door did in the locker's own words", async () => {
    await say(snapshot());
    const asked = await open();
    expect(asked).toMatchObject({ status: 202, body: { state: "asked", by: "op-1", reason: "maintenance" } });
    expect(checker(RemoteOpenStatus)(asked.body)).toMatchObject({ ok: true });
    const challenge = await commandNumber(0);
    expect(challenge).toMatchObject({ op: "challenge", aud: locker.handle, epoch: locker.epoch, by: "op-1" });
    expect(challenge.jti).toBe((asked.body as RemoteOpenStatus).command);
    await say(issued(challenge));
    const carried = await commandNumber(1);
    expect(carried).toMatchObject({ op: "open", challenge: CHALLENGE, compartment: 1, reason: "maintenance" });
    expect(carried.seq).toBeGreaterThan(challenge.seq);
    expect(carried.exp).toBeGreaterThan(carried.iat);
    expect(await state()).toBe("challenged");
    const compartment = compartmentId(1);
    const authorisation = newAuthorisation();
    await say({ name: "command.accepted", data: { command: carried.jti, compartment, authorisation } });
    expect(await state()).toBe("accepted");
    await say({ name: "door.opened", data: { compartment, authorisation, purpose: "remote" } });
    expect(await state()).toBe("opened");
    await say({ name: "door.closed", data: { compartment } });
    expect(await state()).toBe("closed");
    expect(link.commands).toHaveLength(2);
  });

  it("tells a refusal with the locker's code, of either command", async () => {
    await say(snapshot());
    await open();
    const first = await commandNumber(0);
    await say({ name: "command.refused", data: { command: first.jti, code: "too_many" } });
    expect((await remoteOpens())[0]).toMatchObject({ state: "refused", code: "too_many" });
    await open();
    await say(issued(await commandNumber(1)));
    const carried = await commandNumber(2);
    await say({ name: "command.refused", data: { command: carried.jti, code: "challenge_over" } });
    expect((await remoteOpens())[0]).toMatchObject({ state: "refused", code: "challenge_over" });
  });

  it("tells a door that stayed shut, a lock that refused and a doubt, and a door that springs open after all", async () => {
    await say(snapshot(3));
    const authorisations = [newAuthorisation(), newAuthorisation(), newAuthorisation()] as const;
    for (const [index, authorisation] of authorisations.entries()) {
      await open(index + 1);
      await say(issued(await commandNumber(2 * index)));
      const { jti, compartment } = await commandNumber(2 * index + 1);
      await say({ name: "command.accepted", data: { command: jti, compartment, authorisation } });
    }
    const [blocked, rejected, inDoubt] = authorisations;
    await say(
      { name: "unlock.blocked", data: { compartment: compartmentId(1), authorisation: blocked } },
      {
        name: "unlock.rejected",
        data: { compartment: compartmentId(2), authorisation: rejected, reason: "undervoltage" },
      },
      { name: "unlock.in_doubt", data: { compartment: compartmentId(3), authorisation: inDoubt } },
    );
    expect(await remoteOpens()).toMatchObject([
      { compartment: 1, state: "blocked", code: null },
      { compartment: 2, state: "rejected", code: "undervoltage" },
      { compartment: 3, state: "in_doubt", code: null },
    ]);
    await say({
      name: "door.opened",
      data: { compartment: compartmentId(1), authorisation: blocked, purpose: "remote" },
    });
    expect((await remoteOpens())[0]).toMatchObject({ compartment: 1, state: "opened" });
  });

  it("ignores a challenge nobody asked for, one for another door, and one that comes twice", async () => {
    await say(snapshot());
    await say({
      name: "challenge.issued",
      data: {
        command: commandId("00000000-0000-4000-8000-000000000000"),
        compartment: compartmentId(1),
        challenge: CHALLENGE,
      },
    });
    await open();
    const challenge = await commandNumber(0);
    await say({
      name: "challenge.issued",
      data: { command: challenge.jti, compartment: compartmentId(2), challenge: CHALLENGE },
    });
    expect(await state()).toBe("asked");
    await say(issued(challenge));
    await commandNumber(1);
    await link.send(locker.batch(locker.rows.length));
    await say(issued(challenge));
    await say({ name: "desired.applied", data: { version: 1 } });
    expect(link.commands).toHaveLength(2);
  });

  it("sends no open for a challenge that was taken back in the same breath", async () => {
    await say(snapshot());
    await open();
    const challenge = await commandNumber(0);
    await say(issued(challenge), { name: "command.refused", data: { command: challenge.jti, code: "stopping" } });
    expect((await open(2)).status).toBe(202);
    expect(await commandNumber(1)).toMatchObject({ op: "challenge", compartment: 2 });
    expect(await remoteOpens()).toMatchObject([{ state: "refused", code: "stopping" }, { state: "asked" }]);
  });

  it("expires when the locker says nothing, sends nothing more, and believes a late word all the same", async () => {
    await rig.stop();
    await rig.start(40);
    await isConnected();
    await say(snapshot());
    await open();
    const challenge = await commandNumber(0);
    await expect.poll(state, { timeout: 5_000 }).toBe("expired");
    await say(issued(challenge));
    await say({ name: "desired.applied", data: { version: 1 } });
    expect(link.commands).toHaveLength(1);
    const authorisation = newAuthorisation();
    await say({
      name: "command.accepted",
      data: { command: challenge.jti, compartment: compartmentId(1), authorisation },
    });
    expect(await state()).toBe("accepted");
  });

  it("expires after a restart what was asked before it", async () => {
    await say(snapshot());
    await open();
    await commandNumber(0);
    await rig.stop();
    await rig.start(1);
    await expect.poll(state, { timeout: 5_000 }).toBe("expired");
  });

  it("refuses what cannot be: a locker never seen, an unknown door, a second open at once", async () => {
    expect(await open()).toMatchObject({ status: 409, body: { code: "locker_never_seen" } });
    await say(snapshot());
    expect(await open(77)).toMatchObject({ status: 404, body: { code: "unknown_compartment" } });
    expect((await open()).status).toBe(202);
    expect(await open()).toMatchObject({ status: 409, body: { code: "open_in_progress" } });
    expect((await open(2)).status).toBe(202);
  });

  it("is refused while the broker is away, and nothing of it is sent afterwards", async () => {
    await say(snapshot());
    const port = Number(new URL(broker.url).port);
    await broker.close();
    await expect
      .poll(async () => (await rig.ask("GET", "/readyz")).body, { timeout: 5_000 })
      .toMatchObject({ broker: "unreachable" });
    expect(await open()).toMatchObject({ status: 503, body: { code: "broker_unreachable" } });
    broker = await openLoopbackBroker(port);
    await isConnected();
    expect(await remoteOpens()).toEqual([]);
    expect(broker.published.filter(({ topic }) => topic.endsWith("down/command"))).toEqual([]);
  });

  it("numbers commands strictly upwards, over restarts and however many are asked at once", async () => {
    await say(snapshot(8));
    await Promise.all([1, 2, 3, 4].map((compartment) => open(compartment)));
    await commandNumber(3);
    await rig.stop();
    await rig.start();
    await isConnected();
    await Promise.all([5, 6, 7, 8].map((compartment) => open(compartment)));
    await commandNumber(7);
    expect(link.commands.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(new Set(link.commands.map(({ jti }) => jti)).size).toBe(8);
  });
});
