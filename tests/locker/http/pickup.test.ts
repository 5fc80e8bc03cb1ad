import { describe, expect, it } from "vitest";
import { codeFromHotp } from "../../../src/contract/pickup-code.ts";
import { type Answer, KioskWorld, openingOf, problemOf, type Stored } from "./kiosk-world.ts";

/** A well-formed code that opens nothing here. */
const strangeCode = (number = 12_345_678): string => codeFromHotp(String(number).padStart(8, "0"));

describe("a typed code", () => {
  it("opens its compartment, however it is grouped", async () => {
    await using world = await KioskWorld.open();
    const { code, deposit, compartment } = await world.deposit();
    const unlocksBefore = world.rim.bus.unlocks.length;
    const answer = await world.post("/pickup", { code: ` ${code.slice(0, 3)}-${code.slice(3, 6)} ${code.slice(6)}` });
    expect(openingOf(answer)).toEqual({ operation: expect.stringMatching(/^[0-9a-f]{14}$/), compartment, deposit });
    expect(world.rim.bus.unlocks.slice(unlocksBefore).map((unlock) => unlock.compartment)).toEqual([compartment]);
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  });

  it("may come with its extension", async () => {
    await using world = await KioskWorld.open();
    const { code, extension, compartment } = await world.deposit();
    expect(openingOf(await world.post("/pickup", { code: code + extension })).compartment).toBe(compartment);
  });

  it.each([
    ["12345678", "bad_length"],
    ["1234567890", "bad_length"],
    ["12345678a", "bad_length"],
    [strangeCode().replace(/.$/, (digit) => String((Number(digit) + 1) % 10)), "bad_check_digit"],
  ])("that is surely mistyped (%s) is told so at once, costs no crypto and no guess", async (code, expected) => {
    await using world = await KioskWorld.open();
    const level = world.rim.engine.state.budget.get("code")?.level;
    const answer = await world.post("/pickup", { code });
    expect([answer.status, problemOf(answer).code]).toEqual([422, expected]);
    expect(world.rim.proofs.digestedCount).toBe(0);
    expect(world.rim.engine.state.budget.get("code")?.level).toBe(level);
  });

  it("that opens nothing is refused opaquely, and is a guess", async () => {
    await using world = await KioskWorld.open();
    const answer = await world.post("/pickup", { code: strangeCode() });
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(problemOf(answer)).toEqual({
      type: "about:blank",
      title: "This code does not open anything here",
      status: 404,
      code: "unknown_code",
      detail: "Compare the code, and the locker's name and address, with your message.",
    });
    expect(world.rim.engine.state.budget.get("code")?.level).toBe(19);
  });

  it("is not even digested while a pause stands, right or wrong", async () => {
    await using world = await KioskWorld.open();
    const { code } = await world.deposit();
    for (const n of [1, 2, 3]) await world.post("/pickup", { code: strangeCode(n) });
    expect(world.rim.proofs.digestedCount).toBe(3);
    for (const typed of [strangeCode(4), code]) {
      const answer = await world.post("/pickup", { code: typed });
      expect([answer.status, problemOf(answer)]).toEqual([
        429,
        expect.objectContaining({ code: "paused", remainingMs: 30_000 }),
      ]);
      expect(answer.headers["retry-after"]).toBe("30");
    }
    expect(world.rim.proofs.digestedCount).toBe(3);
    world.rim.advance(30_000);
    expect((await world.post("/pickup", { code })).status).toBe(200);
  });

  it("needs all 13 digits once the guess budget is spent", async () => {
    await using world = await KioskWorld.open();
    const { code, extension, compartment } = await world.deposit();
    for (let n = 1; n <= 20; n += 1) {
      await world.post("/pickup", { code: strangeCode(n) });
      world.rim.advance(900_000);
    }
    // The refill of these five hours is below one guess a day's fraction, but the bucket may have gained a little.
    while ((world.rim.engine.state.budget.get("code")?.level ?? 0) >= 1) {
      await world.post("/pickup", { code: strangeCode(99) });
      world.rim.advance(900_000);
    }
    const short = await world.post("/pickup", { code });
    expect([short.status, problemOf(short).code]).toEqual([422, "extension_needed"]);
    expect(openingOf(await world.post("/pickup", { code: code + extension })).compartment).toBe(compartment);
  });

  it("opens nothing for somebody who has hung up", async () => {
    await using world = await KioskWorld.open();
    const { code } = await world.deposit();
    const unlocksBefore = world.rim.bus.unlocks.length;
    const gate = Promise.withResolvers<void>();
    world.rim.proofs.hold = () => gate.promise;
    const abandoned = world.start("POST", "/kiosk/v1/pickup", world.jsonHeaders, JSON.stringify({ code }));
    abandoned.on("error", () => undefined);
    await expect.poll(() => world.rim.proofs.digestedCount).toBe(1);
    abandoned.destroy();
    // By the time later connections have been answered, the server has seen the end of this one.
    for (const _ of [1, 2, 3]) await world.ask("GET", "/livez");
    gate.resolve();
    expect((await world.post("/pickup/qr", { token: "A".repeat(22) })).status).toBe(404);
    expect(world.rim.bus.unlocks.length).toBe(unlocksBefore);
  });

  it("waits its turn behind eight others at most", async () => {
    await using world = await KioskWorld.open();
    const gate = Promise.withResolvers<void>();
    world.rim.proofs.hold = () => gate.promise;
    const answers: Answer[] = [];
    const asked = Array.from({ length: 12 }, async () => {
      answers.push(await world.post("/pickup/qr", { token: "A".repeat(22) }));
    });
    await expect.poll(() => answers.length).toBe(3);
    expect(answers.map((answer) => [answer.status, problemOf(answer).code])).toEqual(Array(3).fill([503, "too_busy"]));
    expect(world.rim.proofs.digestedCount).toBe(1);
    gate.resolve();
    await Promise.all(asked);
    expect(answers.slice(3).map(({ status }) => status)).toEqual(Array(9).fill(404));
  });
});

describe("a QR code", () => {
  it("opens its compartment", async () => {
    await using world = await KioskWorld.open();
    const { qrToken, compartment } = await world.deposit();
    expect(openingOf(await world.post("/pickup/qr", { token: qrToken })).compartment).toBe(compartment);
  });

  it("works while typing is paused", async () => {
    await using world = await KioskWorld.open();
    const { qrToken } = await world.deposit();
    for (const n of [1, 2, 3]) await world.post("/pickup", { code: strangeCode(n) });
    expect((await world.post("/pickup/qr", { token: qrToken })).status).toBe(200);
  });
});

describe("after the door", () => {
  const collect = async (world: KioskWorld): Promise<Stored> => {
    const stored = await world.deposit();
    await world.post("/pickup", { code: stored.code });
    world.rim.bus.obeyAndClose();
    return stored;
  };

  it("the same code says that it was used", async () => {
    await using world = await KioskWorld.open();
    const { code } = await collect(world);
    const answer = await world.post("/pickup", { code });
    expect([answer.status, problemOf(answer).code]).toEqual([410, "code_finished"]);
  });

  it("opens once more for the one who forgot something, for a minute", async () => {
    await using world = await KioskWorld.open();
    const { deposit, compartment } = await collect(world);
    const again = await world.post(`/pickups/${deposit}/reopen`);
    expect(openingOf(again)).toMatchObject({ deposit, compartment });
    world.rim.bus.obeyAndClose();
    world.rim.advance(61_000);
    const late = await world.post(`/pickups/${deposit}/reopen`);
    expect([late.status, problemOf(late).code]).toEqual([409, "reopen_over"]);
  });

  it("takes a dispute, which puts the compartment out of service", async () => {
    await using world = await KioskWorld.open();
    const { deposit, compartment } = await collect(world);
    const answer = await world.post(`/pickups/${deposit}/dispute`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(world.rim.engine.state.compartment.get(compartment)?.outOfService).toBe("audit");
  });

  it("does nothing for a deposit that nobody has opened here", async () => {
    await using world = await KioskWorld.open();
    const { deposit } = await world.deposit();
    await collect(world);
    for (const id of ["0".repeat(32), deposit]) {
      for (const verb of ["reopen", "dispute"]) {
        const answer = await world.post(`/pickups/${id}/${verb}`);
        expect([verb, answer.status, problemOf(answer).code]).toEqual([verb, 404, "unknown_deposit"]);
      }
    }
  });
});

describe("a compartment that cannot be opened", () => {
  type Case = readonly [code: string, status: number, happens: (world: KioskWorld, stored: Stored) => unknown];
  const cases: readonly Case[] = [
    ["door_already_open", 409, ({ rim }, { compartment }) => rim.bus.door(compartment, "open")],
    ["compartment_unreachable", 503, ({ rim }, { compartment }) => rim.bus.door(compartment, "unknown")],
    [
      "compartment_out_of_service",
      503,
      async (world, { code }) => {
        await world.post("/pickup", { code });
        world.rim.bus.refuse("bad_channel");
      },
    ],
    [
      "parcel_held",
      409,
      async (world, { compartment }) => {
        const other = await world.deposit();
        await world.post("/pickup", { code: other.code });
        world.rim.bus.door(compartment, "open");
      },
    ],
  ];

  it.each(cases)("is told by %s, status %d, with its number", async (code, status, happens) => {
    await using world = await KioskWorld.open();
    const stored = await world.deposit();
    world.rim.advance(120_000);
    await happens(world, stored);
    const answer = await world.post("/pickup", { code: stored.code });
    expect([answer.status, problemOf(answer)]).toEqual([
      status,
      expect.objectContaining({ code, compartment: stored.compartment }),
    ]);
  });

  it("is opened once for a key pressed twice", async () => {
    await using world = await KioskWorld.open();
    const { code } = await world.deposit();
    const unlocksBefore = world.rim.bus.unlocks.length;
    const [first, second] = await Promise.all([world.post("/pickup", { code }), world.post("/pickup", { code })]);
    expect(openingOf(first)).toEqual(openingOf(second));
    expect(world.rim.bus.unlocks.length).toBe(unlocksBefore + 1);
  });
});
