import { generateKeyPairSync } from "node:crypto";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jwsType } from "../../src/contract/messages.ts";
import { soon } from "../support/soon.ts";
import { modelParcel, RFC_4226_SECRET, sealingLocker, sealSecret, signText } from "./sealing-locker.ts";
import { EMAIL, newNoticeId, OTHER_CARRIER_KEY, VaultWorld } from "./vault-world.ts";

let world: VaultWorld;
beforeEach(() => {
  world = new VaultWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

describe("a code that was issued", () => {
  it("reaches the recipient, derived from what the locker sealed", async () => {
    const parcel = { ...modelParcel(), secret: RFC_4226_SECRET };
    await world.announce(parcel);
    const answer = await world.notice(await world.issued(parcel));
    expect([answer.statusCode, answer.json()]).toEqual([200, { result: "notified" }]);
    expect(world.notifier.sent).toEqual([
      {
        to: { kind: "email", address: EMAIL },
        language: "en",
        lockerName: "Station 1",
        lockerAddress: "1 Harbour Road",
        code: "847552248",
        extension: "7082",
        messageName: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
  });

  it("is told once, however often and under however many ids the fleet says it", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    const notice = await world.issued(parcel);
    for (const duplicate of [notice, notice, { ...notice, notice: newNoticeId() }]) {
      expect((await world.notice(duplicate)).json()).toEqual({ result: "notified" });
    }
    await world.restart();
    expect((await world.notice(notice)).json()).toEqual({ result: "notified" });
    expect(world.notifier.tried).toHaveLength(1);
  });

  it("is told once when the fleet asks twice at the same moment", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    const notice = await world.issued(parcel);
    const release = world.notifier.stall();
    const answers = Promise.all([world.notice(notice), world.notice(notice)]);
    await soon(() => expect(world.notifier.tried).toHaveLength(1));
    release();
    expect((await answers).map((answer) => answer.json().result)).toEqual(["notified", "notified"]);
    expect(world.notifier.tried).toHaveLength(1);
  });

  it("waits for its contact and is told as soon as that arrives", async () => {
    const parcel = modelParcel();
    const notice = await world.issued(parcel);
    expect((await world.notice(notice)).json()).toEqual({ result: "waiting" });
    expect(world.notifier.sent).toEqual([]);
    expect((await world.announce(parcel)).statusCode).toBe(201);
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
    await soon(async () => expect((await world.notice(notice)).json()).toEqual({ result: "notified" }));
    expect(world.notifier.tried).toHaveLength(1);
  });

  it("is not told to a contact announced for another locker, until the carrier says otherwise", async () => {
    const parcel = modelParcel();
    await world.announce(parcel, { locker: world.otherLocker.handle });
    expect((await world.notice(await world.issued(parcel))).json()).toEqual({ result: "waiting" });
    expect((await world.announce(parcel)).json()).toEqual({ result: "replaced" });
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
  });
});

describe("a notifier that fails", () => {
  it("makes the fleet try again, and the code is told once it works", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    const notice = await world.issued(parcel);
    world.notifier.failing = true;
    const refused = await world.notice(notice);
    expect([refused.statusCode, refused.json().code, refused.headers["retry-after"]]).toEqual([
      503,
      "not_delivered",
      "30",
    ]);
    world.notifier.failing = false;
    expect((await world.notice(notice)).json()).toEqual({ result: "notified" });
    expect((await world.notice(notice)).json()).toEqual({ result: "notified" });
    expect(world.notifier.sent).toHaveLength(1);
  });

  it("is tried again by the vault itself after a pause, also after a restart", async () => {
    const parcel = modelParcel();
    await world.notice(await world.issued(parcel));
    world.notifier.failing = true;
    await world.announce(parcel);
    await soon(() => expect(world.notifier.tried).toHaveLength(1));
    await world.restart();
    world.notifier.failing = false;
    world.pass(20_000);
    expect(world.notifier.tried).toHaveLength(1);
    world.pass(20_000);
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
  });

  it("is tried again however many parcels lie in another locker than announced", async () => {
    for (let each = 0; each < 51; each++) {
      const misplaced = modelParcel();
      await world.announce(misplaced, { locker: world.otherLocker.handle });
      await world.notice(await world.issued(misplaced));
    }
    const parcel = modelParcel();
    await world.announce(parcel);
    world.notifier.failing = true;
    await world.notice(await world.issued(parcel));
    world.notifier.failing = false;
    world.pass(60_000);
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
  });

  it("sends again after a crash in mid-sending, under the same message name", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    world.notifier.failing = true;
    await world.notice(await world.issued(parcel));
    // As a crash between the two durable marks leaves it.
    await world.vault.app.close();
    const database = new Database(world.database);
    database.exec("UPDATE secret SET state = 'sending', try_at = 0");
    database.close();
    world.notifier.failing = false;
    world.start();
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
    expect(new Set(world.notifier.tried.map(({ messageName }) => messageName)).size).toBe(1);
    expect(world.logLines.join("")).toContain("notice may go out twice");
  });
});

describe("a parcel that has ended", () => {
  it("is never told again, whatever arrives late", async () => {
    const parcel = modelParcel();
    const issued = await world.issued(parcel);
    expect((await world.notice(world.ended(parcel))).json()).toEqual({ result: "erased" });
    expect((await world.notice(issued)).json()).toEqual({ result: "erased" });
    const contact = await world.announce(parcel);
    expect([contact.statusCode, contact.json().code]).toEqual([410, "parcel_gone"]);
    expect((await world.notice(issued)).json()).toEqual({ result: "erased" });
    expect(world.notifier.tried).toHaveLength(0);
  });

  it("may end as often as the fleet says so", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(await world.issued(parcel));
    const ended = world.ended(parcel);
    for (const notice of [ended, ended]) {
      expect((await world.notice(notice)).json()).toEqual({ result: "erased" });
    }
  });

  it("keeps its contact when the courier took it back, for the next deposit", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    const issued = await world.issued(parcel);
    await world.notice({ ...world.ended(parcel), cause: "cancelled" });
    expect((await world.notice(issued)).json()).toEqual({ result: "erased" });
    world.pass(86_400_000);
    expect((await world.announce(parcel)).json()).toEqual({ result: "replaced" });
    const anew = { ...parcel, deposit: modelParcel().deposit };
    expect((await world.notice(await world.issued(anew))).json()).toEqual({ result: "notified" });
    expect(world.notifier.sent).toHaveLength(1);
  });

  it("must be named with the parcel it was issued for", async () => {
    const parcel = modelParcel();
    await world.notice(await world.issued(parcel));
    const answer = await world.notice(world.ended({ ...parcel, verifier: modelParcel().verifier }));
    expect([answer.statusCode, answer.json().code]).toEqual([422, "other_subject"]);
    await world.announce(parcel);
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
  });
});

describe("a notice that is not what it says", () => {
  const parcel = modelParcel();

  const refusals: [string, () => Promise<string>, number, string][] = [
    [
      "signed by somebody else than the fleet",
      async () => signText(JSON.stringify(await world.issued(parcel)), foreignSigner()),
      401,
      "bad_signature",
    ],
    [
      "signed by the fleet for another purpose",
      async () => signText(JSON.stringify(await world.issued(parcel)), fleetSigner(jwsType.command)),
      401,
      "bad_signature",
    ],
    ["no JWS at all", () => Promise.resolve("hello"), 401, "bad_signature"],
    [
      "with an unknown key",
      async () => signText(JSON.stringify({ ...(await world.issued(parcel)), extra: 1 }), fleetSigner()),
      400,
      "bad_request",
    ],
    ["no JSON", () => signText("{", fleetSigner()), 400, "bad_request"],
    ["of a locker nobody enrolled", () => issuedText({ kid: "strangerlocker" }), 422, "unknown_locker"],
    [
      "signed by another key than the locker's",
      () => issuedText({ signWith: sealingLocker().privateKey }),
      422,
      "bad_locker_signature",
    ],
    ["sealed under another type", () => issuedText({ type: jwsType.ack }), 422, "bad_locker_signature"],
    [
      "with a tampered seal",
      () =>
        issuedText({ mangle: (jwe) => jwe.replace(/\.(.)([^.]*)$/, (_all, first, rest) => `.${flip(first)}${rest}`) }),
      422,
      "not_sealed_for_this_vault",
    ],
    ["with no JWE inside", () => issuedText({ mangle: () => "hello" }), 422, "not_sealed_for_this_vault"],
    ["padded to another length", () => issuedText({ bytes: 513 }), 422, "bad_secret"],
    [
      "naming another locker inside the seal than outside",
      () => issuedText({ lockerInside: world.otherLocker.handle }),
      422,
      "wrong_locker",
    ],
  ];

  const foreignSigner = () => ({ key: sealingLocker().privateKey, type: jwsType.notice });
  const fleetSigner = (type: string = jwsType.notice) => ({ key: world.fleet.privateKey, type });
  const issuedText = async (faults: Parameters<VaultWorld["issued"]>[1]) =>
    signText(JSON.stringify(await world.issued(parcel, faults)), fleetSigner());
  const flip = (character: string): string => (character === "A" ? "B" : "A");

  for (const [name, make, status, code] of refusals) {
    it(`is refused: ${name}`, async () => {
      await world.announce(parcel);
      const answer = await world.noticeText(await make());
      expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
      expect(answer.headers["content-type"]).toContain("application/problem+json");
      expect(world.notifier.tried).toHaveLength(0);
    });
  }

  it("is refused: sealed to another vault's key", async () => {
    const sealed = await sealSecret(world.locker, generateKeyPairSync("x25519").publicKey, parcel);
    const answer = await world.notice({ kind: "issued", notice: newNoticeId(), sealed });
    expect([answer.statusCode, answer.json().code]).toEqual([422, "not_sealed_for_this_vault"]);
  });

  it("is refused: an id used before for something else", async () => {
    const first = await world.issued(parcel);
    await world.notice(first);
    const answer = await world.notice({ ...(await world.issued(modelParcel())), notice: first.notice });
    expect([answer.statusCode, answer.json().code]).toEqual([409, "notice_reused"]);
  });

  it("is refused: a known deposit under another parcel", async () => {
    await world.notice(await world.issued(parcel));
    const answer = await world.notice(await world.issued({ ...parcel, verifier: modelParcel().verifier }));
    expect([answer.statusCode, answer.json().code]).toEqual([422, "other_subject"]);
  });
});

describe("a contact", () => {
  it("is taken only from a carrier with its key", async () => {
    const parcel = modelParcel();
    for (const key of ["", "wrong-key-wrong-key-wrong-key"]) {
      const answer = await world.announce(parcel, { key });
      expect([answer.statusCode, answer.json().code]).toEqual([401, "bad_key"]);
    }
  });

  it("is changed only by the carrier that announced it", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    const stranger = { kind: "email", address: "stranger@parcels.example" };
    const refused = await world.announce(parcel, { key: OTHER_CARRIER_KEY, contact: stranger });
    expect([refused.statusCode, refused.json().code]).toEqual([409, "contact_of_other_carrier"]);
    const own = { kind: "email", address: "new.address@parcels.example" };
    expect((await world.announce(parcel, { contact: own, language: "zh-CN" })).json()).toEqual({ result: "replaced" });
    await world.notice(await world.issued(parcel));
    expect(world.notifier.sent.map(({ to, language }) => [to.address, language])).toEqual([[own.address, "zh-CN"]]);
  });

  const faulty: [string, Record<string, unknown>, string][] = [
    ["an unknown key", { name: "somebody" }, "/name"],
    ["an unknown language", { language: "fr" }, "/language"],
    ["a verifier that is none", { verifier: "ABC" }, "/verifier"],
    ["a number for an address", { contact: { kind: "email", address: 5 } }, "/contact/address"],
    [
      "an address with a line break",
      { contact: { kind: "email", address: "a@b.example\r\nBcc: c@d.example" } },
      "/contact/address",
    ],
    ["two addresses", { contact: { kind: "email", address: "a@b.example,c@d.example" } }, "/contact/address"],
    ["a name within the contact", { contact: { kind: "email", address: EMAIL, name: "x" } }, "/contact/name"],
  ];
  for (const [name, changes, field] of faulty) {
    it(`is refused with ${name}, naming the field and not its value`, async () => {
      const answer = await world.announce(modelParcel(), changes);
      expect([answer.statusCode, answer.json().code]).toEqual([400, "bad_request"]);
      expect(answer.json().faults.some((fault: string) => fault.startsWith(`${field}:`))).toBe(true);
      expect(answer.body).not.toContain("b.example");
    });
  }

  it("is refused for a locker this vault does not know", async () => {
    const answer = await world.announce(modelParcel(), { locker: "strangerlocker" });
    expect([answer.statusCode, answer.json().code]).toEqual([422, "unknown_locker"]);
  });
});

describe("the HTTP edge", () => {
  it("answers everything it does not serve with a problem", async () => {
    const headers = { "content-type": "application/json" };
    const cases: [string, string | object, Record<string, string>, number, string][] = [
      ["/v1/people", {}, {}, 404, "not_found"],
      ["/v1/contacts?debug=1", {}, {}, 400, "query_not_allowed"],
      ["/v1/notices", "{", headers, 400, "bad_request"],
      ["/v1/notices", {}, headers, 415, "wrong_media_type"],
      ["/v1/notices", "x", { "content-type": "text/plain" }, 415, "wrong_media_type"],
      ["/v1/notices", "x".repeat(40_000), { "content-type": "application/jose" }, 413, "too_large"],
    ];
    for (const [url, payload, sentHeaders, status, code] of cases) {
      const answer = await world.post(url, payload, sentHeaders);
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, status, code]);
    }
  });

  it("is alive and ready", async () => {
    for (const url of ["/livez", "/readyz"]) {
      expect((await world.vault.app.inject({ url })).statusCode).toBe(200);
    }
  });
});
