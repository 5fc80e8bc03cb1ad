import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockerList, ParcelView } from "../../src/contract/fleet-api.ts";
import { checker } from "../../src/contract/parse.ts";
import { type Asked, FleetRig } from "../support/fleet-rig.ts";
import { type LoopbackBroker, openLoopbackBroker } from "../support/loopback-broker.ts";
import { depositFacts, newStay, newVerifier, pickupFacts, snapshot } from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";
import { linkModelLocker, type ModelLockerLink } from "../support/model-locker-link.ts";

let broker: LoopbackBroker;
let locker: ModelLocker;
let rig: FleetRig;
let link: ModelLockerLink;

beforeEach(async () => {
  broker = await openLoopbackBroker();
  locker = new ModelLocker();
  rig = new FleetRig({ brokerUrl: broker.url, lockers: [locker] });
  mkdirSync(rig.settings.consoleRoot);
  writeFileSync(join(rig.settings.consoleRoot, "index.html"), "<!doctype html><title>Console</title>");
  await rig.start();
  link = await linkModelLocker(locker, { url: broker.url, commandKey: rig.commandPublicKey });
});

afterEach(async () => {
  await link.close();
  await rig.close();
  await broker.close();
  expect(rig.failures).toEqual([]);
});

const tell = async (): Promise<void> => {
  await link.send(locker.batch());
  await expect.poll(() => link.acks.at(-1)?.seq, { timeout: 5_000 }).toBe(locker.rows.length);
};

const announce = (
  verifier: string,
  { key = rig.keys.acme, idempotencyKey = randomBytes(8).toString("hex"), size = "S" } = {},
): Promise<Asked> =>
  rig.ask("POST", "/v1/parcels", {
    key,
    body: { locker: locker.handle, verifier, size },
    headers: { "idempotency-key": idempotencyKey },
  });
const idOf = (asked: Asked): string => (asked.body as ParcelView).id;

describe("who may ask what", () => {
  it("refuses every door without a key, with a wrong one and with one of the wrong kind", async () => {
    const doors = [
      ["GET", "/v1/lockers", "acme"],
      ["GET", `/v1/lockers/${locker.handle}`, "acme"],
      ["GET", "/v1/stream", "acme"],
      ["POST", `/v1/lockers/${locker.handle}/compartments/1/open`, "acme"],
      ["POST", "/v1/couriers", "acme"],
      ["GET", "/console/session", "acme"],
      ["POST", "/v1/parcels", "operator"],
    ] as const;
    for (const [method, path, wrongKind] of doors) {
      const strangers = [undefined, "x".repeat(43), `${rig.keys.operator}x`];
      for (const key of strangers) {
        const asked = await rig.ask(method, path, key === undefined ? {} : { key });
        expect(asked, `${method} ${path}`).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
      }
      const asked = await rig.ask(method, path, { key: rig.keys[wrongKind] });
      expect(asked, `${method} ${path}`).toMatchObject({ status: 403, body: { code: "not_permitted" } });
    }
  });

  it("answers refusals as problems that repeat nothing of the request", async () => {
    const asked = await rig.ask("GET", "/v1/lockers/canary-4711-canary", { key: rig.keys.operator });
    expect(asked.headers.get("content-type")).toContain("application/problem+json");
    expect(asked).toMatchObject({ status: 400, body: { type: "about:blank", code: "bad_request" } });
    expect(JSON.stringify(asked.body)).not.toContain("canary");
  });

  it("names every fault of a body and coerces nothing", async () => {
    const path = `/v1/lockers/${locker.handle}/compartments/1/open`;
    for (const body of [{}, { reason: "boredom" }, { reason: "test", extra: 1 }, "[]"]) {
      const asked = await rig.ask("POST", path, { key: rig.keys.operator, body });
      expect(asked).toMatchObject({ status: 400, body: { code: "bad_request" } });
      expect((asked.body as { faults: string[] }).faults.length).toBeGreaterThan(0);
    }
    const numeric = await rig.ask("POST", "/v1/couriers", {
      key: rig.keys.operator,
      body: { courier: 4711, lockers: [locker.handle], rights: ["deposit"] },
    });
    expect(numeric).toMatchObject({ status: 400, body: { faults: [expect.stringContaining("/courier")] } });
    const query = await rig.ask("GET", "/v1/lockers?all=1", { key: rig.keys.operator });
    expect(query).toMatchObject({ status: 400, body: { code: "query_not_allowed" } });
    const garbage = await rig.ask("POST", path, { key: rig.keys.operator, body: "{nope" });
    expect(garbage).toMatchObject({ status: 400, body: { code: "bad_request" } });
    const large = await rig.ask("POST", path, { key: rig.keys.operator, body: { reason: "x".repeat(20_000) } });
    expect(large).toMatchObject({ status: 413, body: { code: "too_large" } });
  });

  it("describes itself, and says whether it lives and is ready", async () => {
    expect(await rig.ask("GET", "/livez")).toMatchObject({ status: 200 });
    expect(await rig.ask("GET", "/readyz")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await rig.ask("GET", "/version")).toMatchObject({ body: { name: "lockerd-fleet", version: "0.1.0" } });
    const { body } = await rig.ask("GET", "/openapi.json");
    expect(Object.keys((body as { paths: object }).paths).sort()).toEqual([
      "/console/session",
      "/v1/couriers",
      "/v1/lockers",
      "/v1/lockers/{locker}",
      "/v1/lockers/{locker}/compartments/{compartment}/open",
      "/v1/parcels",
      "/v1/parcels/{id}",
      "/v1/stream",
    ]);
  });
});

describe("lockers", () => {
  it("shows what the lockers said, by the schema of the contract", async () => {
    const before = await rig.ask("GET", "/v1/lockers", { key: rig.keys.operator });
    expect(before.body).toMatchObject({ lockers: [{ link: "never_seen", health: "silent", compartments: [] }] });
    locker.write(snapshot(), ...depositFacts(newStay()));
    await tell();
    const { body } = await rig.ask("GET", "/v1/lockers", { key: rig.keys.operator });
    expect(checker(LockerList)(body)).toMatchObject({ ok: true });
    expect(body).toMatchObject({
      lockers: [
        {
          locker: locker.handle,
          compartments: [
            { compartment: 1, occupancy: "occupied", door: "closed" },
            { compartment: 2, occupancy: "available", door: "unknown" },
          ],
        },
      ],
    });
  });

  it("does not know a locker that is not configured", async () => {
    const { handle } = new ModelLocker();
    expect(await rig.ask("GET", `/v1/lockers/${handle}`, { key: rig.keys.operator })).toMatchObject({
      status: 404,
      body: { code: "unknown_locker" },
    });
  });
});

describe("parcels", () => {
  it("follows an announced parcel by what the locker says", async () => {
    const verifier = newVerifier();
    const announced = await announce(verifier);
    expect(announced).toMatchObject({ status: 201, body: { state: "announced", deposit: null } });
    expect(checker(ParcelView)(announced.body)).toMatchObject({ ok: true });
    const stay = newStay(1, verifier);
    locker.write(snapshot(), ...depositFacts(stay));
    await tell();
    const path = `/v1/parcels/${idOf(announced)}`;
    const stored = await rig.ask("GET", path, { key: rig.keys.acme });
    expect(stored.body).toMatchObject({ state: "stored", deposit: stay.deposit, compartment: 1 });
    locker.write(...pickupFacts(stay));
    await tell();
    expect((await rig.ask("GET", path, { key: rig.keys.acme })).body).toMatchObject({ state: "collected" });
    expect(await announce(verifier)).toMatchObject({ status: 409, body: { code: "already_announced" } });
  });

  it("gives the same answer to the same key, and refuses the key for another parcel", async () => {
    const verifier = newVerifier();
    const idempotencyKey = "retry-1234567890";
    const first = await announce(verifier, { idempotencyKey });
    const again = await announce(verifier, { idempotencyKey });
    expect(again).toMatchObject({ status: 201, body: first.body as object });
    expect(await announce(newVerifier(), { idempotencyKey })).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    });
    const others = await announce(newVerifier(), { idempotencyKey, key: rig.keys.rival });
    expect(others.status).toBe(201);
    const keyless = await rig.ask("POST", "/v1/parcels", {
      key: rig.keys.acme,
      body: { locker: locker.handle, verifier: newVerifier(), size: "S" },
    });
    expect(keyless).toMatchObject({ status: 400, body: { faults: [expect.stringContaining("headers")] } });
  });

  it("shows a carrier nothing of another's parcels, and an operator all", async () => {
    const id = idOf(await announce(newVerifier()));
    const unknown = await rig.ask("GET", `/v1/parcels/${"0".repeat(32)}`, { key: rig.keys.rival });
    const foreign = await rig.ask("GET", `/v1/parcels/${id}`, { key: rig.keys.rival });
    expect(foreign.status).toBe(404);
    expect(foreign.body).toEqual(unknown.body);
    expect(await rig.ask("GET", `/v1/parcels/${id}`, { key: rig.keys.operator })).toMatchObject({ status: 200 });
  });

  it("takes an announcement that comes after the deposit, for one carrier", async () => {
    const stay = newStay();
    locker.write(snapshot(), ...depositFacts(stay));
    await tell();
    expect((await rig.ask("GET", `/v1/parcels/${stay.deposit}`, { key: rig.keys.acme })).status).toBe(404);
    const announced = await announce(stay.verifier);
    expect(announced).toMatchObject({ status: 201, body: { state: "stored", deposit: stay.deposit } });
    expect(await announce(stay.verifier, { key: rig.keys.rival })).toMatchObject({ status: 409 });
    const gone = newStay(2);
    locker.write(...depositFacts(gone), ...pickupFacts(gone));
    await tell();
    expect(await announce(gone.verifier)).toMatchObject({ status: 410, body: { code: "parcel_ended" } });
  });
});

describe("the console", () => {
  const signIn = (key: string, headers: Record<string, string> = {}) =>
    rig.ask("POST", "/console/session", { body: { key }, headers });
  const cookieOf = (asked: Asked): string => asked.headers.getSetCookie()[0]?.split(";")[0] ?? "";

  it("serves its page under a policy that lets nothing foreign in", async () => {
    const page = await rig.ask("GET", "/");
    expect(page.body).toContain("Console");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("signs an operator in by key, with a cookie no script and no other site can use", async () => {
    expect(await signIn(rig.keys.acme)).toMatchObject({ status: 403 });
    expect(await signIn("y".repeat(43))).toMatchObject({ status: 401 });
    const signedIn = await signIn(rig.keys.operator);
    expect(signedIn).toMatchObject({ status: 200, body: { operator: "op-1" } });
    expect(signedIn.headers.getSetCookie()[0]).toMatch(/HttpOnly.*SameSite=Strict/);
    const cookie = cookieOf(signedIn);
    expect((await rig.ask("GET", "/v1/lockers", { headers: { cookie } })).status).toBe(200);
    const out = { cookie, origin: rig.url };
    expect((await rig.ask("DELETE", "/console/session", { headers: out })).status).toBe(204);
    expect((await rig.ask("GET", "/v1/lockers", { headers: { cookie } })).status).toBe(401);
  });

  it("does nothing for a session that another site's page uses", async () => {
    const cookie = cookieOf(await signIn(rig.keys.operator));
    const path = `/v1/lockers/${locker.handle}/compartments/1/open`;
    for (const origin of [undefined, "http://evil.example", "null"]) {
      const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
      const asked = await rig.ask("POST", path, { body: { reason: "test" }, headers });
      expect(asked).toMatchObject({ status: 403, body: { code: "wrong_origin" } });
    }
    const own = await rig.ask("POST", path, { body: { reason: "test" }, headers: { cookie, origin: rig.url } });
    expect(own.status).not.toBe(403);
    expect(await signIn(rig.keys.operator, { origin: "http://evil.example" })).toMatchObject({ status: 403 });
  });
});

describe("the stream", () => {
  it("sends every locker on connecting and a locker again when it changes", async () => {
    const stop = new AbortController();
    const response = await fetch(`${rig.url}/v1/stream`, {
      headers: { authorization: `Bearer ${rig.keys.operator}` },
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text: string[] = [];
    const reading = response.body?.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write: (chunk) => void text.push(chunk),
      }),
    );
    const views = () =>
      text
        .join("")
        .split("\n\n")
        .filter((block) => block.includes("event: locker"))
        .map((block) => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null"));
    await expect.poll(() => views().length, { timeout: 5_000 }).toBe(1);
    expect(views()[0]).toMatchObject({ locker: locker.handle, compartments: [] });
    locker.write(snapshot(), ...depositFacts(newStay()));
    await tell();
    await expect
      .poll(() => views().at(-1), { timeout: 5_000 })
      .toMatchObject({
        compartments: [{ occupancy: "occupied" }, { occupancy: "available" }],
      });
    stop.abort();
    await reading?.catch(() => undefined);
  });

  it("ends when the fleet stops", async () => {
    const headers = { authorization: `Bearer ${rig.keys.operator}` };
    const response = await fetch(`${rig.url}/v1/stream`, { headers });
    const ended = response.text().catch(() => "cut");
    await rig.stop();
    expect(await ended).toBeTypeOf("string");
    await rig.start();
  });
});
