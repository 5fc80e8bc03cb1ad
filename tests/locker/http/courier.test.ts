import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { CourierId } from "../../../src/contract/ids.ts";
import { COURIER, KioskWorld, newParcelToken, openingOf, problemOf } from "./kiosk-world.ts";

describe("a courier", () => {
  it("signs in by number, PIN and time code together", async () => {
    await using world = await KioskWorld.open();
    const answer = await world.signIn();
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { session: expect.stringMatching(/^[0-9a-f]{32}$/), mayDeposit: true, mayRecall: true, unfinished: [] },
    ]);
  });

  it.each([
    ["a number nobody has", { ...COURIER, id: "29999" as CourierId }],
    ["a wrong PIN", { ...COURIER, pin: "918274" }],
    ["a wrong time code", { ...COURIER, totp: "564739" }],
  ])("is refused with %s, all in the same words, after the same work", async (_, typed) => {
    await using world = await KioskWorld.open();
    const answer = await world.signIn(typed);
    expect([answer.status, problemOf(answer).code]).toEqual([401, "wrong_credentials"]);
    expect(answer.headers["www-authenticate"]).toBe("Kiosk");
    expect(world.rim.checkedCount).toBe(1);
  });

  it("waits after three wrong PINs, and then nothing is checked at all", async () => {
    await using world = await KioskWorld.open();
    for (const pin of ["000001", "000002", "000003"]) {
      await world.post("/courier/sign-in", { courier: COURIER.id, pin, totp: COURIER.totp });
    }
    const answer = await world.post("/courier/sign-in", { courier: COURIER.id, pin: COURIER.pin, totp: COURIER.totp });
    expect([answer.status, problemOf(answer)]).toEqual([
      429,
      expect.objectContaining({ code: "paused", remainingMs: 30_000 }),
    ]);
    expect(world.rim.checkedCount).toBe(3);
    expect((await world.signIn()).status).toBe(200);
  });

  it("deposits, confirms, and deposits the next without signing in again", async () => {
    await using world = await KioskWorld.open();
    const session = await world.session();
    const parcelToken = newParcelToken();
    const first = openingOf(await world.post("/courier/deposits", { parcelToken, size: "M" }, session));
    expect(world.rim.engine.state.compartment.get(first.compartment)?.size).toBe("M");
    expect(world.rim.engine.state.deposit.get(first.deposit)?.verifier).toBe(
      createHash("sha256").update(parcelToken).digest().subarray(0, 16).toString("hex"),
    );
    world.rim.bus.obeyAndClose();
    const confirmed = await world.post(`/courier/deposits/${first.deposit}/confirm`, undefined, session);
    expect([confirmed.status, confirmed.text]).toEqual([204, ""]);
    const second = await world.post("/courier/deposits", { parcelToken: newParcelToken(), size: "S" }, session);
    expect(openingOf(second).compartment).not.toBe(first.compartment);
  });

  it("opens again, and takes a parcel back, before it counts", async () => {
    await using world = await KioskWorld.open();
    const session = await world.session();
    const asked = { parcelToken: newParcelToken(), size: "S" };
    const { deposit, compartment } = openingOf(await world.post("/courier/deposits", asked, session));
    const tooSoon = await world.post(`/courier/deposits/${deposit}/cancel`, undefined, session);
    expect([tooSoon.status, problemOf(tooSoon)]).toEqual([409, expect.objectContaining({ code: "busy", compartment })]);
    world.rim.bus.obeyAndClose();
    expect(openingOf(await world.post(`/courier/deposits/${deposit}/reopen`, undefined, session))).toMatchObject({
      deposit,
      compartment,
    });
    world.rim.bus.obeyAndClose();
    expect((await world.post(`/courier/deposits/${deposit}/cancel`, undefined, session)).status).toBe(204);
    expect(world.rim.engine.state.deposit.get(deposit)?.state).toBe("cancelled");
  });

  it("must close the door before confirming", async () => {
    await using world = await KioskWorld.open();
    const session = await world.session();
    const asked = { parcelToken: newParcelToken(), size: "S" };
    const { deposit, compartment } = openingOf(await world.post("/courier/deposits", asked, session));
    world.rim.bus.obey();
    const answer = await world.post(`/courier/deposits/${deposit}/confirm`, undefined, session);
    expect([answer.status, problemOf(answer)]).toEqual([
      409,
      expect.objectContaining({ code: "door_not_closed", compartment }),
    ]);
  });

  it("is told of a full size, of a parcel that is here, of one that was, and of a deposit of nobody's", async () => {
    await using world = await KioskWorld.open({ sizes: ["L"] });
    const parcelToken = newParcelToken();
    const { code, compartment } = await world.deposit(parcelToken, "L");
    const session = await world.session();
    const again = await world.post("/courier/deposits", { parcelToken, size: "L" }, session);
    expect([again.status, problemOf(again)]).toEqual([
      409,
      expect.objectContaining({ code: "parcel_already_stored", compartment }),
    ]);
    const full = await world.post("/courier/deposits", { parcelToken: newParcelToken(), size: "L" }, session);
    expect([full.status, problemOf(full).code]).toEqual([409, "no_compartment_free"]);
    const nobodys = await world.post(`/courier/deposits/${"0".repeat(32)}/confirm`, undefined, session);
    expect([nobodys.status, problemOf(nobodys).code]).toEqual([404, "unknown_deposit"]);
    await world.post("/pickup", { code });
    world.rim.bus.obeyAndClose();
    const gone = await world.post("/courier/deposits", { parcelToken, size: "L" }, session);
    expect([gone.status, problemOf(gone).code]).toEqual([410, "parcel_finished"]);
  });

  it("without the right to deposit is refused", async () => {
    await using world = await KioskWorld.open();
    world.rim.roster([COURIER], { mayDeposit: false });
    const session = await world.session();
    const answer = await world.post("/courier/deposits", { parcelToken: newParcelToken(), size: "S" }, session);
    expect([answer.status, problemOf(answer).code]).toEqual([403, "not_allowed"]);
  });
});

describe("a courier's session", () => {
  const calls: readonly (readonly [path: string, body: object | undefined])[] = [
    ["/courier/touch", undefined],
    ["/courier/deposits", { parcelToken: newParcelToken(), size: "S" }],
    [`/courier/deposits/${"0".repeat(32)}/confirm`, undefined],
    [`/courier/deposits/${"0".repeat(32)}/cancel`, undefined],
    [`/courier/deposits/${"0".repeat(32)}/reopen`, undefined],
  ];

  it.each([...calls, ["/courier/sign-out", undefined] as const])("is asked for by %s", async (path, body) => {
    await using world = await KioskWorld.open();
    await world.signIn();
    for (const headers of [{}, { "x-courier-session": "" }, { "x-courier-session": "A".repeat(32) }]) {
      const answer = await world.post(path, body, headers);
      expect([answer.status, problemOf(answer).code]).toEqual([401, "no_session"]);
    }
  });

  it.each(calls)("of somebody else does not do for %s", async (path, body) => {
    await using world = await KioskWorld.open();
    await world.signIn();
    const answer = await world.post(path, body, { "x-courier-session": "0".repeat(32) });
    expect([answer.status, problemOf(answer).code]).toEqual([401, "no_session"]);
  });

  it("ends by signing out", async () => {
    await using world = await KioskWorld.open();
    const session = await world.session();
    expect((await world.post("/courier/touch", undefined, session)).status).toBe(204);
    expect((await world.post("/courier/sign-out", undefined, session)).status).toBe(204);
    expect((await world.post("/courier/touch", undefined, session)).status).toBe(401);
  });

  it("ends after a minute without a touch", async () => {
    await using world = await KioskWorld.open();
    const session = await world.session();
    world.rim.advance(59_000);
    expect((await world.post("/courier/touch", undefined, session)).status).toBe(204);
    world.rim.advance(59_000);
    expect((await world.post("/courier/touch", undefined, session)).status).toBe(204);
    world.rim.advance(61_000);
    expect((await world.post("/courier/touch", undefined, session)).status).toBe(401);
  });
});
