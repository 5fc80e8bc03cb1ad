import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bearer } from "../../src/cli/demo/seed.ts";
import type { RemoteOpenStatus } from "../../src/contract/fleet-api.ts";
import type { OpeningReply } from "../../src/contract/kiosk-api.ts";
import { formatCode } from "../../src/contract/pickup-code.ts";
import { type CanaryHit, scanBytes } from "../support/canary-scan.ts";
import { type Deposited, depositWithCode, fetchFrom } from "./support/deposits.ts";
import { eventually } from "./support/eventually.ts";
import { Kiosk } from "./support/kiosk.ts";
import { PROCESSES, Site } from "./support/site.ts";

type Told = Deposited & { readonly told: { readonly code: string; readonly extension: string } };

/** Everything an operator's program can read, as it came. */
const answers = new Map<string, string>();
const heard: Buffer[] = [];
let site: Site;
let collected: Told;
let waiting: Told;

/** One parcel that was collected, one that waits, a wrong code, an open from afar; then every process has ended. */
beforeAll(async () => {
  site = await Site.open({ logLevel: "debug" });
  await site.whole();
  const subscriber = await connectAsync(site.place.brokerUrl, { reconnectPeriod: 0 });
  subscriber.on("message", (topic, payload) => heard.push(Buffer.concat([Buffer.from(topic), payload])));
  await subscriber.subscribeAsync("#", { qos: 1 });
  collected = await depositWithCode(site);
  waiting = await depositWithCode(site, "M");
  using kiosk = await Kiosk.open(site.addresses.kioskUrl);
  expect(await kiosk.refusal("/pickup", { code: "000 000 000" })).toBe("unknown_code");
  await fetchFrom(site, collected.compartment);
  await kiosk.post<OpeningReply>("/pickup", { code: collected.told.code + collected.told.extension });
  await parcelBecomes("collected");
  expect(await kiosk.refusal("/pickup", { code: collected.told.code })).toBe("code_finished");
  await openFromAfar(waiting.compartment);
  await site.synced();
  await askEverything();
  await subscriber.endAsync();
  for (const name of PROCESSES.toReversed()) await site.stop(name);
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

const parcelBecomes = (state: string) =>
  eventually(`a ${state} parcel`, async () =>
    (await site.parcel(collected.parcel.id)).state === state ? true : undefined,
  );

async function openFromAfar(compartment: number): Promise<void> {
  const path = `/v1/lockers/${site.place.handle}/compartments/${compartment}/open`;
  const { command } = await site.ask<RemoteOpenStatus>(path, { method: "POST", json: { reason: "inspection" } });
  const isOpened = async () =>
    (await site.locker()).remoteOpens.some((open) => open.command === command && open.state === "opened");
  await eventually("an open door", async () => ((await isOpened()) ? true : undefined));
  await site.cabinet.close(compartment);
}

async function askEverything(): Promise<void> {
  const { fleetUrl, handle } = site.addresses;
  const headers = bearer(site.place.keys.operatorKey);
  const parcels = [collected, waiting].map(({ parcel }) => `/v1/parcels/${parcel.id}`);
  for (const path of ["/v1/lockers", `/v1/lockers/${handle}`, ...parcels, "/openapi.json"]) {
    const answer = await fetch(fleetUrl + path, { headers, signal: AbortSignal.timeout(10_000) });
    answers.set(path, await answer.text());
  }
  const stream = await fetch(`${fleetUrl}/v1/stream`, {
    headers: { ...headers, accept: "text/event-stream" },
    signal: AbortSignal.timeout(10_000),
  });
  const reader = stream.body?.getReader();
  answers.set("/v1/stream", Buffer.from((await reader?.read())?.value ?? new Uint8Array()).toString("utf8"));
  await reader?.cancel();
}

/** What nobody but recipient, courier and vault may know. */
function canaries(): readonly string[] {
  return [collected, waiting].flatMap(({ told: { code, extension }, email, parcelToken, courier }) => [
    code,
    code + extension,
    formatCode(code),
    `${formatCode(code)} ${extension}`,
    email,
    parcelToken,
    courier.totpSecret,
  ]);
}

/** A PIN has six digits, which any longer number holds by chance: it counts only as a number of its own. */
const pins = (): readonly string[] => [collected.courier.pin, waiting.courier.pin];

function scanForPins(text: string, where: string): readonly CanaryHit[] {
  return pins()
    .filter((pin) => new RegExp(`(?<![0-9A-Za-z])${pin}(?![0-9A-Za-z])`).test(text))
    .map((canary) => ({ canary, encoding: "a number of its own", where }));
}

const scan = (bytes: Buffer, where: string): readonly CanaryHit[] => [
  ...scanBytes(bytes, where, canaries()),
  ...scanForPins(bytes.toString("latin1"), where),
];

/** In a file the values of one row touch each other, so PINs are looked for value by value as well. */
function scanValues(path: string): readonly CanaryHit[] {
  const db = new Database(path, { readonly: true });
  try {
    const tables = db.prepare("select name from sqlite_schema where type = 'table'").pluck().all() as string[];
    return tables.flatMap((table) =>
      (db.prepare(`select * from "${table}"`).raw().all() as unknown[][]).flatMap((row) =>
        row.flatMap((value) =>
          scanForPins(Buffer.isBuffer(value) ? value.toString("latin1") : String(value), `${path}: ${table}`),
        ),
      ),
    );
  } finally {
    db.close();
  }
}

const filesOf = (pattern: RegExp): readonly string[] =>
  readdirSync(site.place.folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(site.place.folder, name));

const scanFiles = (pattern: RegExp): readonly CanaryHit[] =>
  filesOf(pattern).flatMap((path) => scan(readFileSync(path), path));

describe("codes, addresses, PINs, time secrets and labels", () => {
  it.each(["locker", "fleet", "vault"])("are in no file of the %s's database", (name) => {
    const path = site.file(`${name}.db`);
    expect([...scanFiles(new RegExp(`^${name}\\.db`)), ...scanValues(path)]).toEqual([]);
  });

  it("never crossed the broker, in either direction, and are not in what it keeps", () => {
    const streams = [...site.brokerTraffic].map(([name, chunks]) => ({ name, bytes: Buffer.concat(chunks) }));
    expect(streams.filter(({ bytes }) => bytes.includes("up/event")).length).toBeGreaterThan(0);
    expect(heard.length).toBeGreaterThan(10);
    expect(streams.flatMap(({ name, bytes }) => scan(bytes, name))).toEqual([]);
    expect(heard.flatMap((bytes) => scan(bytes, "a message"))).toEqual([]);
    expect(scanFiles(/^mosquitto\.db$/)).toEqual([]);
  });

  it("are in no log, though each logs all it can", () => {
    const logs = filesOf(/\.log$/);
    expect(logs.map((path) => path.split("/").at(-1))).toEqual(
      expect.arrayContaining(["broker.log", "fleet.log", "locker.log", "vault.log"]),
    );
    expect(readFileSync(site.file("locker.log"), "utf8")).toContain('"debug"');
    expect(scanFiles(/\.log$/)).toEqual([]);
  });

  it("are in no answer of the operators' API", () => {
    for (const [path, text] of answers) expect(text.length, path).toBeGreaterThan(50);
    expect([...answers].flatMap(([path, text]) => scan(Buffer.from(text), path))).toEqual([]);
  });
});

describe("the search", () => {
  it("finds each of them wherever it is planted, in whatever writing", () => {
    const texts = [...canaries(), ...pins()];
    for (const text of texts) {
      expect(scan(Buffer.from(`{"field":"${text}"}`), "planted").length, text).toBeGreaterThan(0);
    }
    for (const text of canaries()) {
      const bytes = Buffer.from(`x${text}y`);
      for (const encoding of ["base64", "base64url", "hex"] as const) {
        expect(scan(Buffer.from(bytes.toString(encoding)), "planted"), `${text} in ${encoding}`).not.toEqual([]);
      }
      expect(scan(Buffer.from(`x${text}y`, "utf16le"), "planted")).not.toEqual([]);
    }
  });

  it("finds them in a file and in a value of a database", () => {
    const [pin = ""] = pins();
    const path = site.file("planted.db");
    const db = new Database(path);
    db.exec("create table courier (id text, pin text, email text)");
    db.prepare("insert into courier values (?, ?, ?)").run("12345", pin, collected.email);
    db.close();
    expect(scanValues(path)).toHaveLength(1);
    expect(scanFiles(/^planted\.db/)).not.toEqual([]);
    writeFileSync(site.file("planted.txt"), `notice to ${waiting.email}\n`);
    expect(scanFiles(/^planted\.txt$/)).not.toEqual([]);
  });
});
