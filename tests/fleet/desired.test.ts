import { argon2Sync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CourierCredentials } from "../../src/contract/fleet-api.ts";
import { checker } from "../../src/contract/parse.ts";
import { topicOf } from "../../src/contract/topics.ts";
import { FleetRig } from "../support/fleet-rig.ts";
import { type LoopbackBroker, openLoopbackBroker } from "../support/loopback-broker.ts";
import { snapshot } from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";
import { linkModelLocker, type ModelLockerLink } from "../support/model-locker-link.ts";

let broker: LoopbackBroker;
let lockers: readonly [ModelLocker, ModelLocker];
let rig: FleetRig;
let links: readonly [ModelLockerLink, ModelLockerLink];

beforeEach(async () => {
  broker = await openLoopbackBroker();
  lockers = [new ModelLocker(), new ModelLocker()];
  rig = await new FleetRig({ brokerUrl: broker.url, lockers }).start();
  const at = { url: broker.url, commandKey: rig.commandPublicKey };
  links = [await linkModelLocker(lockers[0], at), await linkModelLocker(lockers[1], at)];
  await expect
    .poll(async () => (await rig.ask("GET", "/readyz")).body, { timeout: 5_000 })
    .toMatchObject({ broker: "connected" });
});

afterEach(async () => {
  for (const link of links) await link.close();
  await rig.close();
  await broker.close();
  expect(rig.failures).toEqual([]);
});

const hire = async (courier: string, at: readonly ModelLocker[] = lockers) => {
  const asked = await rig.ask("POST", "/v1/couriers", {
    key: rig.keys.operator,
    body: { courier, lockers: at.map(({ handle }) => handle), rights: ["deposit"] },
  });
  return { ...asked, credentials: asked.body as CourierCredentials };
};

describe("a new courier", () => {
  it("gets credentials once; each locker gets what verifies them, and nobody else can read it", async () => {
    const { status, credentials, headers } = await hire("4711");
    expect(status).toBe(201);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(checker(CourierCredentials)(credentials)).toMatchObject({ ok: true });
    for (const [index, link] of links.entries()) {
      await expect
        .poll(() => link.desired.at(-1), { timeout: 5_000 })
        .toMatchObject({
          aud: lockers[index]?.handle,
          version: 1,
          roster: [{ courier: "4711", totpSecret: credentials.totpSecret, rights: ["deposit"] }],
        });
    }
    const [, , , parameters = "", salt = "", tag = ""] = links[0].desired[0]?.roster[0]?.pinHash.split("$") ?? [];
    const [memory, passes, parallelism] = parameters.split(",").map((each) => Number(each.slice(2)));
    const again = argon2Sync("argon2id", {
      message: credentials.pin,
      nonce: Buffer.from(salt, "base64"),
      memory: memory ?? 0,
      passes: passes ?? 0,
      parallelism: parallelism ?? 0,
      tagLength: 32,
    });
    expect(again.equals(Buffer.from(tag, "base64"))).toBe(true);
    const everywhere = [
      rig.diskBytes().toString("latin1"),
      rig.logLines.join(""),
      broker.published.map(({ text }) => text).join(""),
    ].join("");
    expect(everywhere).not.toContain(credentials.totpSecret);
    expect(everywhere).not.toContain("argon2id");
  });

  it("is there for a locker that connects later, with a version above every earlier one", async () => {
    await hire("4711");
    await hire("4712", [lockers[0]]);
    const late = await linkModelLocker(lockers[0], { url: broker.url, commandKey: rig.commandPublicKey });
    await expect.poll(() => late.desired.length, { timeout: 5_000 }).toBe(1);
    expect(late.desired[0]).toMatchObject({ version: 2, roster: [{ courier: "4711" }, { courier: "4712" }] });
    await late.close();
    const retained = broker.published.filter(({ topic }) => topic === topicOf(lockers[0].handle, "down/desired"));
    expect(retained.every(({ retain }) => retain)).toBe(true);
  });

  it("is published again when the fleet comes back", async () => {
    await hire("4711");
    await expect.poll(() => links[1].desired.length, { timeout: 5_000 }).toBe(1);
    await rig.stop();
    await rig.start();
    await expect.poll(() => links[1].desired.length, { timeout: 5_000 }).toBe(2);
    expect(links[1].desired[1]).toEqual(links[1].desired[0]);
  });

  it("is refused at an unknown locker, and when the number is taken at any of them; then nothing changes", async () => {
    expect(await hire("4711", [lockers[0], new ModelLocker()])).toMatchObject({ status: 404 });
    await hire("4711", [lockers[1]]);
    expect(await hire("4711")).toMatchObject({ status: 409, body: { code: "courier_exists" } });
    await hire("4712", [lockers[0]]);
    await expect.poll(() => links[0].desired.length, { timeout: 5_000 }).toBe(1);
    expect(links[0].desired[0]).toMatchObject({ version: 1, roster: [{ courier: "4712" }] });
  });

  it("makes the next version above what the locker says it applied", async () => {
    const [locker] = lockers;
    await links[0].send(locker.write(snapshot(), { name: "desired.applied", data: { version: 41 } }).batch());
    await expect.poll(() => links[0].acks.length, { timeout: 5_000 }).toBe(1);
    await hire("4711");
    await expect.poll(() => links[0].desired.at(-1)?.version, { timeout: 5_000 }).toBe(42);
    const { body } = await rig.ask("GET", `/v1/lockers/${locker.handle}`, { key: rig.keys.operator });
    expect(body).toMatchObject({ roster: { made: 42, applied: 41 } });
  });
});
