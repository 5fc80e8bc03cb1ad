import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TruthEntry } from "../../sim/cabinet.ts";
import { hireCourier } from "../../src/cli/demo/seed.ts";
import { readPrivateKey } from "../../src/config/keys.ts";
import type { RemoteOpenStatus } from "../../src/contract/fleet-api.ts";
import type { Epoch } from "../../src/contract/ids.ts";
import type { KioskView, OpeningReply } from "../../src/contract/kiosk-api.ts";
import { type CommandClaims, jwsType } from "../../src/contract/messages.ts";
import { topicOf } from "../../src/contract/topics.ts";
import { signClaims } from "../../src/fleet/keys.ts";
import { announce, bring, depositParcel, depositWithCode, fetchFrom, signIn } from "./support/deposits.ts";
import { eventually } from "./support/eventually.ts";
import { Kiosk } from "./support/kiosk.ts";
import { Site } from "./support/site.ts";

let site: Site;
const jammed = new Set<number>();
beforeAll(async () => {
  site = await Site.open();
  await site.whole();
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

const openKiosk = (): Promise<Kiosk> => Kiosk.open(site.addresses.kioskUrl);
const pulsesSince = (entry: number): readonly TruthEntry[] =>
  site.cabinet.truth.filter(({ index, kind }) => index >= entry && kind === "pulse");
const compartmentOf = async (number: number) =>
  (await site.locker()).compartments.find(({ compartment }) => compartment === number);
const becomes = (what: string, id: string, state: string) =>
  eventually(what, async () => {
    const parcel = await site.parcel(id);
    return parcel.state === state ? parcel : undefined;
  });

describe("a deposit", () => {
  it("counts only once its door was seen shut, and then its recipient is told a code", async () => {
    const courier = await hireCourier(site.addresses);
    const announced = await announce(site);
    using kiosk = await openKiosk();
    const { session } = await signIn(kiosk, courier);
    await bring(site, announced, null);
    const { parcelToken, size, parcel } = announced;
    const { deposit, compartment } = await kiosk.post<OpeningReply>(
      "/courier/deposits",
      { parcelToken, size },
      session,
    );
    await site.cabinet.waitFor((entry) => entry.kind === "parcel" && entry.parcel === parcel.verifier, {
      withinMs: 10_000,
    });
    const told = site.inbox.received.length;
    await kiosk.until("an open door", ({ operation }) => operation?.state === "open");
    expect(await kiosk.refusal(`/courier/deposits/${deposit}/confirm`, undefined, session)).toBe("door_not_closed");
    await becomes("a deposit that has begun", parcel.id, "depositing");

    await site.cabinet.close(compartment);
    await kiosk.until("a shut door", ({ operation }) => operation?.state === "closed");
    expect(site.inbox.received).toHaveLength(told);
    await kiosk.post(`/courier/deposits/${deposit}/confirm`, undefined, session);
    expect(await becomes("a stored parcel", parcel.id, "stored")).toMatchObject({ compartment, deposit });
    expect(await site.inbox.codes(told + 1)).toHaveLength(told + 1);
    await eventually(
      "the notice's arrival at the fleet",
      async () => (await site.parcel(parcel.id)).notified || undefined,
    );
  });
});

describe("a pickup code", () => {
  it("opens the right door, exactly once, and the fleet sees the parcel go", async () => {
    await depositParcel(site);
    const mine = await depositWithCode(site);
    const since = site.cabinet.truth.length;
    await fetchFrom(site, mine.compartment);
    using kiosk = await openKiosk();
    const opening = await kiosk.post<OpeningReply>("/pickup", { code: mine.told.code });
    expect(opening.compartment).toBe(mine.compartment);
    await becomes("a collected parcel", mine.parcel.id, "collected");
    expect(await compartmentOf(mine.compartment)).toMatchObject({ occupancy: "available", door: "closed" });

    expect(await kiosk.refusal("/pickup", { code: mine.told.code })).toBe("code_finished");
    const happened = (await site.cabinet.log(since)).map(({ index: _, at: __, ...happening }) => happening);
    const opId = `${opening.operation}01`;
    const { compartment } = mine;
    expect(happened).toEqual([
      expect.objectContaining({ kind: "pulse", compartment, opId }),
      { kind: "door", compartment, door: "opened", cause: { by: "pulse", opId } },
      { kind: "parcel", compartment, parcel: mine.parcel.verifier, moved: "out" },
      { kind: "door", compartment, door: "closed" },
    ]);
  });

  // On a machine that stalls for a second the end is in doubt, which is right, and not what this is about.
  it("stays good behind a jammed door, which never counts as opened", { retry: 2 }, async () => {
    const mine = await depositWithCode(site);
    const { compartment, deposit, parcel } = mine;
    const since = site.cabinet.truth.length;
    await site.cabinet.jam(compartment);
    jammed.add(compartment);
    using kiosk = await openKiosk();
    const { operation } = await kiosk.post<OpeningReply>("/pickup", { code: mine.told.code });
    const isOver = ({ operation: shown }: KioskView) => shown?.operation === operation && shown.state !== "opening";
    expect((await kiosk.until("the end of the opening", isOver)).operation?.state).toBe("blocked");
    await eventually("the fleet's knowledge of it", async () =>
      (await compartmentOf(compartment))?.outOfService === "blocked" ? true : undefined,
    );
    expect(await site.parcel(parcel.id)).toMatchObject({ state: "stored", maybeCollected: false });

    const { deposits, facts, authorisations } = site.lockerDatabase();
    expect(authorisations.find(({ id }) => id === operation)?.state).toBe("blocked");
    expect(facts.filter(({ name, data }) => name === "door.opened" && data["authorisation"] === operation)).toEqual([]);
    expect(deposits.find(({ id }) => id === deposit)).toMatchObject({ state: "stored", code: "live" });
    expect(await kiosk.refusal("/pickup", { code: mine.told.code })).toBe("compartment_out_of_service");
    // The first, and the one retry.
    expect(pulsesSince(since)).toHaveLength(2);
  });

  // The test above may take another parcel on a stalled machine; this promise holds for every one it took.
  it("was never used up by a jammed door, whatever the machine did meanwhile", () => {
    const { facts } = site.lockerDatabase();
    const openingsOf = (purpose: string) =>
      facts.filter(
        ({ name, data }) =>
          name === "door.opened" && data["purpose"] === purpose && jammed.has(Number(data["compartment"])),
      );
    expect(openingsOf("deposit").length).toBeGreaterThan(0);
    expect(openingsOf("pickup")).toEqual([]);
  });
});

describe("a remote open", () => {
  it("opens the door once, with the operator's name and reason, and is followed to the end", async () => {
    const { compartment } = await depositParcel(site);
    const since = site.cabinet.truth.length;
    const asked = await openFromAfar(compartment, "recipient_present");
    expect(asked).toMatchObject({ compartment, state: "asked", by: "demo-operator", reason: "recipient_present" });
    await eventually("an open door", async () => (await remoteOpen(asked)).state === "opened" || undefined);
    await site.cabinet.close(compartment);
    await eventually("the door's close", async () => (await remoteOpen(asked)).state === "closed" || undefined);
    expect(pulsesSince(since)).toEqual([expect.objectContaining({ compartment })]);
    expect((await compartmentOf(compartment))?.door).toBe("closed");
  });

  it("that is forged, repeated, meant for another time or out of date opens nothing", async () => {
    const commandTopic = topicOf(site.addresses.handle as never, "down/command");
    await using eavesdropper = await listenTo(commandTopic);
    const { compartment } = await depositParcel(site);
    const asked = await openFromAfar(compartment, "test");
    await eventually("an open door", async () => (await remoteOpen(asked)).state === "opened" || undefined);
    await site.cabinet.close(compartment);
    await eventually("the door's close", async () => (await remoteOpen(asked)).state === "closed" || undefined);

    const real = eavesdropper.heard.map(readClaims).find(({ op }) => op === "open");
    if (real?.op !== "open") throw new Error("no open was sent");
    const commandKey = readPrivateKey("Ed25519", site.place.keys.fleetCommand.file);
    const since = site.cabinet.truth.length;
    const known = refusals().length;
    const later = { ...real, iat: real.iat + 1, exp: real.exp + 60 };
    const commands: readonly { readonly key: KeyObject; readonly claims: object }[] = [
      { key: generateKeyPairSync("ed25519").privateKey, claims: { ...later, jti: randomUUID(), seq: real.seq + 1 } },
      { key: commandKey, claims: real },
      { key: commandKey, claims: { ...later, jti: randomUUID(), epoch: "0123456789abcdef" as Epoch } },
      { key: commandKey, claims: { ...real, jti: randomUUID(), seq: real.seq + 1, exp: real.iat - 3600 } },
      { key: commandKey, claims: { ...later, jti: randomUUID(), seq: real.seq + 2 } },
    ];
    for (const { key, claims } of commands) {
      await eavesdropper.send(await signClaims(key, jwsType.command, claims));
    }
    // They are judged in turn. The first three leave no trace in the journal: anybody could have sent them for ever.
    await expect.poll(() => refusals().slice(known), { timeout: 20_000 }).toEqual(["expired", "bad_challenge"]);
    expect(pulsesSince(since)).toEqual([]);
  });
});

describe("the whole run", () => {
  it("pulsed no coil twice but that of the jammed door, and opened none without a pulse", async () => {
    const log = await site.cabinet.log();
    const doors = log.filter((entry) => entry.kind === "door" && entry.door === "opened");
    expect(doors.length).toBeGreaterThan(0);
    for (const entry of doors) expect(entry).toMatchObject({ cause: { by: "pulse" } });
    const pulses = log.filter((entry) => entry.kind === "pulse");
    expect(new Set(pulses.map(({ opId }) => opId)).size).toBe(pulses.length);
    const again = pulses.filter(({ opId }) => opId.endsWith("02"));
    expect(again.length).toBeGreaterThan(0);
    for (const { compartment } of again) expect(jammed).toContain(compartment);
  });
});

const openFromAfar = (compartment: number, reason: string): Promise<RemoteOpenStatus> =>
  site.ask<RemoteOpenStatus>(`/v1/lockers/${site.place.handle}/compartments/${compartment}/open`, {
    method: "POST",
    json: { reason },
  });

async function remoteOpen({ command }: RemoteOpenStatus): Promise<RemoteOpenStatus> {
  const found = (await site.locker()).remoteOpens.find((open) => open.command === command);
  if (found === undefined) throw new Error("the fleet has forgotten the remote open");
  return found;
}

const refusals = (): readonly unknown[] =>
  site
    .lockerDatabase()
    .facts.filter(({ name }) => name === "command.refused")
    .map(({ data }) => data["code"]);

const readClaims = (jws: string): CommandClaims =>
  JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString("utf8")) as CommandClaims;

type Eavesdropper = AsyncDisposable & {
  readonly heard: readonly string[];
  readonly send: (text: string) => Promise<unknown>;
};

/** Somebody with access to the broker and no key. */
async function listenTo(topic: string): Promise<Eavesdropper> {
  const heard: string[] = [];
  const client: MqttClient = await connectAsync(site.place.brokerUrl, { reconnectPeriod: 0 });
  client.on("message", (_topic, payload) => heard.push(payload.toString("utf8")));
  await client.subscribeAsync(topic, { qos: 1 });
  return {
    heard,
    send: (text) => client.publishAsync(topic, text, { qos: 1 }),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}
