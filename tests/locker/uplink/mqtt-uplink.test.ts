import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CompactEncrypt } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AckClaims, CommandClaims } from "../../../src/contract/messages.ts";
import { jwsType } from "../../../src/contract/messages.ts";
import { soon } from "../../support/soon.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { EPOCH, HANDLE, ModelFleet, signJws, UplinkWorld } from "./uplink-world.ts";

let world: UplinkWorld;
beforeEach(() => {
  world = new UplinkWorld();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  expect(world.fleet.faults).toEqual([]);
});

const numbered = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `{"row":${from + index}}`);

const stored = (count: number) => soon(() => expect(world.fleet.payloads).toHaveLength(count));
const acked = (seq: number) => soon(() => expect(world.inputsOf("acked").at(-1)?.seq).toBe(seq));

const command = (changes: Partial<CommandClaims> = {}): object => ({
  ...{ aud: HANDLE, epoch: EPOCH, jti: "0123456789abcdef", issuerEpoch: 1, seq: 1, iat: 1, exp: 2 },
  ...{ by: "operator-1", reason: "test", op: "challenge", compartment: 4, ...changes },
});

describe("the uplink", () => {
  it("delivers every row in order, each fact at once, and tells the engine what is stored", async () => {
    await world.broker.start();
    world.commit(...numbered(1, 3));
    world.connect();
    await acked(3);
    world.commit(...numbered(4, 4));
    await acked(4);
    world.commit(...numbered(5, 5));
    await acked(5);
    expect(world.fleet.payloads).toEqual(numbered(1, 5));
    expect(world.fleet.batches.map(({ firstSeq, rows }) => [firstSeq, rows.length])).toEqual([
      [1, 3],
      [4, 1],
      [5, 1],
    ]);
    expect(world.inputsOf("link")).toEqual([{ kind: "link", link: "up" }]);
  });

  it("carries each attachment with the row that names it", async () => {
    await world.broker.start();
    world.commit(...numbered(1, 1));
    world.journal.append("{}", "sealed.secret.of.row.2");
    world.journal.append("{}");
    world.connect();
    await stored(3);
    const [, row] = world.journal.rows;
    expect([...world.fleet.attachments]).toEqual([[row?.attachment?.sha256, "sealed.secret.of.row.2"]]);
  });

  it("delivers a long backlog in full batches and begins after what was acknowledged before", async () => {
    await world.broker.start();
    for (const payload of numbered(1, 7_350)) world.journal.append(payload);
    for (const payload of numbered(1, 50)) world.fleet.store(batchOf(payload));
    world.connect({ lastAcked: 50 });
    await acked(7_350);
    expect(world.fleet.payloads).toEqual(numbered(1, 7_350));
    const sizes = world.fleet.batches.slice(50).map(({ rows }) => rows.length);
    expect(new Set(sizes)).toEqual(new Set([100]));
    expect(world.fleet.batches[50]?.firstSeq).toBe(51);
  });

  it("says online, its health, and offline when it stops", async () => {
    await world.broker.start();
    world.connect();
    await soon(() => expect(world.fleet.statuses).toEqual(["online"]));
    world.boards = "silent";
    world.uplink?.statusChanged();
    await soon(() => expect(world.fleet.statuses).toEqual(["online", "online"]));
    await world.uplink?.stop();
    expect(world.fleet.statuses.at(-1)).toBe("offline");
  });
});

/** A batch the fleet of an earlier run had stored. */
function batchOf(payload: string): string {
  const seq = world.fleet.payloads.length + 1;
  const batch = { locker: HANDLE, epoch: EPOCH, firstSeq: seq, rows: [payload], attachments: {} };
  const lastHash = world.journal.rows[seq - 1]?.hash ?? "";
  return JSON.stringify({
    ...batch,
    lastHash,
    signature: world.letters.signBatch({ epoch: EPOCH, lastSeq: seq, lastHash }),
  });
}

describe("a broker", () => {
  it("may be absent at boot: rows wait and go out when it comes", async () => {
    await world.broker.start();
    await world.broker.kill();
    world.connect({ speed: 20 });
    world.commit(...numbered(1, 4));
    await soon(() => expect(world.logged.map(({ message }) => message)).toContain("broker connection failed"));
    expect(world.inputs).toEqual([]);
    await world.broker.start();
    await acked(4);
    expect(world.fleet.payloads).toEqual(numbered(1, 4));
  });

  it("may be killed and started again without its memory: nothing is lost", async () => {
    await world.broker.start();
    world.connect({ speed: 20 });
    world.commit(...numbered(1, 2));
    await acked(2);
    for (let round = 1; round <= 3; round += 1) {
      await world.broker.kill();
      await soon(() => expect(world.inputsOf("link").at(-1)?.link).toBe("down"));
      world.commit(...numbered(2 * round + 1, 2 * round + 2));
      await world.broker.start();
      await acked(2 * round + 2);
    }
    expect(world.fleet.payloads).toEqual(numbered(1, 8));
  });

  it("may refuse the locker for a while", async () => {
    await world.broker.start({ refuseEverybody: true });
    world.commit(...numbered(1, 1));
    world.connect({ speed: 20 });
    await soon(() => expect(world.logged.length).toBeGreaterThan(2));
    await world.broker.kill();
    await world.broker.start();
    await acked(1);
  });

  it("is shown the login of the configuration, its password read anew at each connection", async () => {
    await world.broker.start();
    const passwordFile = join(tmpdir(), `lockerd-uplink-${randomUUID()}`);
    writeFileSync(passwordFile, "first password\n", { mode: 0o600 });
    world.connect({ speed: 20, credentials: { username: HANDLE, passwordFile } });
    await soon(() => expect(world.broker.logins).toEqual([[HANDLE, "first password"]]));
    writeFileSync(passwordFile, "second password\n");
    await world.broker.kill();
    await world.broker.start();
    await soon(() => expect(world.broker.logins.at(-1)).toEqual([HANDLE, "second password"]));
    rmSync(passwordFile);
    expect(JSON.stringify(world.logged)).not.toContain("password");
  });

  it("is tried again and again while the certificates cannot be read", async () => {
    const tls = { caFile: "/nowhere/ca.pem", certFile: "/nowhere/cert.pem", keyFile: "/nowhere/key.pem" };
    world.connect({ port: 1, speed: 100, credentials: { tls } });
    const failed = () => world.logged.filter(({ message }) => message === "broker connection cannot be made");
    await soon(() => expect(failed().length).toBeGreaterThan(2));
    expect(world.fatal).toEqual([]);
  });

  it("may vanish without a word: the silence is noticed and a new client resends", async () => {
    await world.broker.start();
    await using proxy = await startTcpProxy(() => world.broker.port);
    world.connect({ port: proxy.port, speed: 100 });
    world.commit(...numbered(1, 1));
    await acked(1);
    proxy.swallow();
    world.commit(...numbered(2, 3));
    await soon(() => expect(proxy.connectionsCount()).toBeGreaterThan(1));
    expect(world.fleet.payloads).toHaveLength(1);
    proxy.forward();
    await acked(3);
    expect(world.fleet.payloads).toEqual(numbered(1, 3));
  });
});

describe("the fleet", () => {
  it("that loses rows behind a broker that confirmed them gets them again", async () => {
    await world.broker.start();
    world.fleet.acknowledging = false;
    world.connect({ speed: 50 });
    world.commit(...numbered(1, 3));
    await soon(() => expect(world.fleet.batches.length).toBeGreaterThan(1));
    expect(world.fleet.batches.map(({ firstSeq }) => firstSeq)).toEqual(world.fleet.batches.map(() => 1));
    world.fleet.acknowledging = true;
    await acked(3);
    expect(world.fleet.payloads).toEqual(numbered(1, 3));
  });

  it("is not believed when an acknowledgement is forged, misdirected, or of another chain", async () => {
    await world.broker.start();
    world.fleet.acknowledging = false;
    world.connect();
    world.commit(...numbered(1, 2));
    await stored(2);
    const stranger = new ModelFleet(world.keys.publicKey);
    const forged = [
      await world.fleet.ack({}, stranger.keys.privateKey),
      await world.fleet.ack({ aud: "anotherlocker" as typeof HANDLE }),
      await world.fleet.ack({ epoch: "00000000000000bb" as typeof EPOCH }),
      await world.fleet.ack({ hash: "f".repeat(64) }),
      await world.fleet.ack({ seq: 3 }),
      await signJws(
        { aud: HANDLE, epoch: EPOCH, seq: 2, hash: "0".repeat(64) },
        jwsType.command,
        world.fleet.keys.privateKey,
      ),
      "",
      "{}",
      "a.b.c",
    ];
    const pubacked = countPubacks();
    for (const text of forged) world.broker.say("down/ack", text);
    await soon(() => expect(pubacked).toHaveLength(forged.length));
    expect(world.inputsOf("acked")).toEqual([]);
    world.broker.say("down/ack", await world.fleet.ack());
    await acked(2);
    expect(JSON.stringify(world.logged)).not.toContain("a.b.c");
  });
});

/** Of the row `{"row":1}` as the first of a journal. */
const HASH_OF_FIRST = createHash("sha256").update(Buffer.alloc(32)).update('{"row":1}').digest("hex");

describe("a broker that replays genuine acknowledgements", () => {
  const replays: readonly [string, Partial<AckClaims>, string][] = [
    ["of an earlier epoch", { epoch: "00000000000000bb" as typeof EPOCH }, "other_epoch"],
    ["of another chain", { seq: 5, hash: "f".repeat(64) }, "other_hash"],
    ["from before the last one", { seq: 1, hash: HASH_OF_FIRST }, "ack_regressed"],
    ["of rows there are not yet", { seq: 9 }, "ack_beyond_last"],
  ];
  it.each(replays)("%s is heard ever more seldom", async (_, claims, reason) => {
    await world.broker.start();
    world.connect();
    world.commit(...numbered(1, 5));
    await acked(5);
    const pubacked = countPubacks();
    const ack = await world.fleet.ack(claims);
    for (let times = 0; times < 300; times += 1) world.broker.say("down/ack", ack);
    // One more, should the confirmation of the acknowledgement that was believed come late.
    await soon(() => expect(pubacked.length).toBeGreaterThanOrEqual(300));
    const doubted = world.logged.filter(({ message }) => message === "acknowledgement not believed");
    expect(doubted.map(({ fields }) => fields["count"])).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256]);
    expect(doubted[0]?.fields["reason"]).toBe(reason);
  });
});

/** Topics of the messages the locker has confirmed. */
function countPubacks(): readonly string[] {
  const topics: string[] = [];
  world.broker.onPuback = (topic) => void topics.push(topic);
  return topics;
}

describe("a command", () => {
  it("is confirmed to the broker only after the engine has committed it", async () => {
    await world.broker.start();
    world.connect();
    await soon(() => expect(world.inputsOf("link")).toHaveLength(1));
    const order: string[] = [];
    world.broker.onPuback = () => void order.push("confirmed");
    world.beforePost = ({ kind }) => void order.push(kind);
    const text = await signJws(command(), jwsType.command, world.fleet.keys.privateKey);
    world.broker.say("down/command", text);
    await soon(() => expect(order).toEqual(["command", "confirmed"]));
    expect(world.inputsOf("command").map(({ claims }) => claims)).toEqual([command()]);
  });

  it("is not confirmed when the commit fails: the broker keeps it, and the process is told to end", async () => {
    await world.broker.start();
    world.connect();
    await soon(() => expect(world.inputsOf("link")).toHaveLength(1));
    const pubacked = countPubacks();
    world.beforePost = () => {
      throw new Error("disk full");
    };
    world.broker.say("down/command", await signJws(command(), jwsType.command, world.fleet.keys.privateKey));
    await soon(() => expect(world.fatal).toHaveLength(1));
    expect(pubacked).toEqual([]);
    world.beforePost = () => {};
    await world.uplink?.stop();
    world.connect();
    await soon(() => expect(world.inputsOf("command")).toHaveLength(1));
    await soon(() => expect(pubacked).toHaveLength(1));
  });

  it("that is being read while the uplink stops is left with the broker for the next run", async () => {
    await world.broker.start();
    const { letters } = world;
    const reading = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    world.letters = {
      ...letters,
      openCommand: async (text) => {
        reading.resolve();
        await release.promise;
        return letters.openCommand(text);
      },
    };
    world.connect();
    await soon(() => expect(world.inputsOf("link")).toHaveLength(1));
    const pubacked = countPubacks();
    world.broker.say("down/command", await signJws(command(), jwsType.command, world.fleet.keys.privateKey));
    await reading.promise;
    const stopped = world.uplink?.stop();
    release.resolve();
    await stopped;
    expect([pubacked, world.inputsOf("command")]).toEqual([[], []]);
    world.connect();
    await soon(() => expect(world.inputsOf("command")).toHaveLength(1));
  });

  it("of somebody else does nothing and is forgotten", async () => {
    await world.broker.start();
    world.connect();
    await soon(() => expect(world.inputsOf("link")).toHaveLength(1));
    const pubacked = countPubacks();
    const foreign = await signJws(command(), jwsType.command, generateKeyPairSync("ed25519").privateKey);
    const loose = await signJws({ ...command(), extra: 1 }, jwsType.command, world.fleet.keys.privateKey);
    const texts = [foreign, loose, "hello", "x".repeat(1_100_000)];
    for (const text of texts) world.broker.say("down/command", text);
    await soon(() => expect(pubacked).toHaveLength(texts.length));
    expect(world.inputsOf("command")).toEqual([]);
    const refused = world.logged.filter(({ message }) => message === "message refused");
    expect(refused.map(({ fields }) => fields["count"])).toEqual([1, 2, 4]);
    expect(JSON.stringify(world.logged)).not.toContain(foreign.slice(-20));
  });

  it("sent while the locker was away arrives when it is back", async () => {
    await world.broker.start();
    world.connect();
    await soon(() => expect(world.inputsOf("link")).toHaveLength(1));
    await world.uplink?.stop();
    world.broker.say("down/command", await signJws(command(), jwsType.command, world.fleet.keys.privateKey));
    world.connect();
    await soon(() => expect(world.inputsOf("command")).toHaveLength(1));
  });
});

describe("the desired document", () => {
  it("is taken when it is retained from before the locker was there", async () => {
    await world.broker.start();
    const document = { aud: HANDLE, version: 3, issuedAt: 1_000, roster: [] };
    const signed = await signJws(document, jwsType.desired, world.fleet.keys.privateKey);
    const sealed = await new CompactEncrypt(Buffer.from(signed))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
      .encrypt(world.sealing.publicKey);
    world.broker.say("down/desired", sealed, true);
    world.connect();
    await soon(() => expect(world.inputsOf("desired")).toHaveLength(1));
    expect(world.inputsOf("desired")[0]).toEqual({ kind: "desired", version: 3, issuedAt: 1_000, roster: [] });
  });
});

describe("a journal that cannot be read", () => {
  it("ends the process instead of being sent with a gap", async () => {
    await world.broker.start();
    world.connect();
    await soon(() => expect(world.inputsOf("link")).toHaveLength(1));
    world.journal.append("{}");
    world.uplink?.committed(3);
    await soon(() => expect(world.fatal).toHaveLength(1));
    expect(world.fleet.batches).toEqual([]);
  });
});
