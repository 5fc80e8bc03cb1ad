import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { Problem } from "../../../src/contract/kiosk-api.ts";
import { checker } from "../../../src/contract/parse.ts";
import { KioskWorld, newParcelToken, problemOf } from "./kiosk-world.ts";

const isProblem = checker(Problem);

const CODE = { code: "123456782" };
const QR = { token: "A".repeat(22) };
const SIGN_IN = { courier: "20001", pin: "918273", totp: "564738" };
const DEPOSIT = { parcelToken: newParcelToken(), size: "S" };
const NO_DEPOSIT = "0".repeat(32);

describe("a body", () => {
  it.each<[path: string, body: unknown, faults: readonly string[]]>([
    ["/pickup", {}, ["body/code: is missing"]],
    ["/pickup", [], ["body: must be object"]],
    ["/pickup", null, ["body: must be object"]],
    ["/pickup", "123456782", ["body: must be object"]],
    ["/pickup", { code: 123_456_782 }, ["body/code: must be string"]],
    ["/pickup", { code: ["123456782"] }, ["body/code: must be string"]],
    ["/pickup", { code: null }, ["body/code: must be string"]],
    ["/pickup", { code: "" }, ["body/code: must not have fewer than 1 characters"]],
    ["/pickup", { code: "1".repeat(33) }, ["body/code: must not have more than 32 characters"]],
    [
      "/pickup",
      { ...CODE, extra: 1, other: 2 },
      ["body/extra: is no field; leave it out", "body/other: is no field; leave it out"],
    ],
    ["/pickup/qr", { token: "A".repeat(21) }, ['body/token: must match pattern "^[A-Za-z0-9_-]{22}$"']],
    ["/pickup/qr", { ...QR, code: "1" }, ["body/code: is no field; leave it out"]],
    ["/courier/sign-in", { ...SIGN_IN, pin: 918_273 }, ["body/pin: must be string"]],
    ["/courier/sign-in", { ...SIGN_IN, totp: "56473" }, ['body/totp: must match pattern "^[0-9]{6}$"']],
    ["/courier/sign-in", { ...SIGN_IN, courier: "20 001" }, ['body/courier: must match pattern "^[0-9]{4,8}$"']],
    ["/courier/sign-in", { courier: "20001" }, ["body/pin: is missing", "body/totp: is missing"]],
    ["/courier/deposits", { ...DEPOSIT, size: "XL" }, ["body/size: must be one of S, M, L"]],
    ["/courier/deposits", { ...DEPOSIT, size: "s" }, ["body/size: must be one of S, M, L"]],
    [
      "/courier/deposits",
      { ...DEPOSIT, parcelToken: "0".repeat(25) },
      ['body/parcelToken: must match pattern "^[0-9A-HJKMNP-TV-Z]{26}$"'],
    ],
    ["/courier/touch", {}, ["body: must be empty"]],
    ["/courier/sign-out", { session: "x" }, ["body: must be empty"]],
    [`/courier/deposits/${NO_DEPOSIT}/confirm`, [], ["body: must be empty"]],
    [`/courier/deposits/${NO_DEPOSIT}/cancel`, {}, ["body: must be empty"]],
    [`/courier/deposits/${NO_DEPOSIT}/reopen`, "x", ["body: must be empty"]],
    [`/pickups/${NO_DEPOSIT}/reopen`, {}, ["body: must be empty"]],
    [`/pickups/${NO_DEPOSIT}/dispute`, 1, ["body: must be empty"]],
    [`/pickups/${"0".repeat(31)}/reopen`, undefined, ['params/deposit: must match pattern "^[0-9a-f]{32}$"']],
    [`/courier/deposits/${"G".repeat(32)}/cancel`, undefined, ['params/deposit: must match pattern "^[0-9a-f]{32}$"']],
  ])("to %s that says %j is refused with its faults", async (path, body, faults) => {
    await using world = await KioskWorld.open();
    const answer = await world.post(path, body);
    expect([answer.status, problemOf(answer).faults]).toEqual([400, faults]);
    expect(problemOf(answer).code).toBe("bad_request");
    expect(isProblem(JSON.parse(answer.text))).toEqual({ ok: true, value: expect.anything() });
    expect([world.rim.proofs.digestedCount, world.rim.checkedCount]).toEqual([0, 0]);
  });

  it.each(["", "{", '{"code":"1"', "123456782x", "\u0000", '{"code":"1","__proto__":{"a":1}}'])(
    "that is no JSON (%j) is refused without repeating it",
    async (body) => {
      await using world = await KioskWorld.open();
      const answer = await world.ask("POST", "/kiosk/v1/pickup", world.jsonHeaders, body);
      expect([answer.status, problemOf(answer).faults]).toEqual([400, ["body: is not JSON"]]);
    },
  );

  it("must not name a field by what may be a secret", async () => {
    await using world = await KioskWorld.open();
    const answer = await world.post("/pickup", { ...CODE, "482910375": 1 });
    expect(problemOf(answer).faults).toEqual(["body: leave out the unknown field"]);
    expect(answer.text).not.toContain("482910375");
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"])(
    "of the type %s, which a foreign form could send, is refused",
    async (type) => {
      await using world = await KioskWorld.open();
      const headers = { ...world.pageHeaders, "content-type": type };
      const answer = await world.ask("POST", "/kiosk/v1/pickup", headers, JSON.stringify(CODE));
      expect([answer.status, problemOf(answer).code]).toEqual([415, "wrong_media_type"]);
    },
  );

  it("above four KiB is refused", async () => {
    await using world = await KioskWorld.open();
    const answer = await world.post("/pickup", { code: "1".repeat(4_096) });
    expect([answer.status, problemOf(answer).code]).toEqual([413, "too_large"]);
  });
});

describe("an address", () => {
  it("takes no query: secrets would stay in histories", async () => {
    await using world = await KioskWorld.open();
    for (const path of ["/pickup?code=1", "/courier/touch?x"]) {
      const answer = await world.post(path);
      expect([answer.status, problemOf(answer).faults]).toEqual([400, ["query: send values in the body, none here"]]);
    }
  });

  it.each([
    ["GET", "/kiosk/v1/pickup"],
    ["PUT", "/kiosk/v1/pickup"],
    ["OPTIONS", "/kiosk/v1/pickup"],
    ["POST", "/kiosk/v1/events"],
    ["POST", "/kiosk/v1/nothing"],
    ["DELETE", "/"],
    ["GET", "/nothing"],
  ])("that is none (%s %s) is not found", async (method, path) => {
    await using world = await KioskWorld.open();
    const answer = await world.ask(method, path, world.pageHeaders);
    expect([answer.status, problemOf(answer).code]).toEqual([404, "not_found"]);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("that is no URL is refused without repeating it", async () => {
    await using world = await KioskWorld.open();
    const answer = await world.ask("GET", "/%zz482910375");
    expect([answer.status, problemOf(answer).code]).toEqual([400, "bad_request"]);
    expect(answer.text).not.toContain("482910375");
  });

  it("of a file is not asked for in impossible pieces", async () => {
    await using world = await KioskWorld.open();
    const answer = await world.ask("GET", "/assets/kiosk-abc123.js", { range: "bytes=999-" });
    expect([answer.status, problemOf(answer).code]).toEqual([400, "bad_request"]);
  });

  it("is served to nobody but this machine", async () => {
    await using world = await KioskWorld.open();
    expect(new URL(world.url).hostname).toBe("127.0.0.1");
  });
});

describe("a connection", () => {
  it("that does not speak HTTP is ended", async () => {
    await using world = await KioskWorld.open();
    const socket = connect(Number(new URL(world.url).port), "127.0.0.1");
    socket.write("482910375 is my code\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).not.toContain("482910375");
  });
});
