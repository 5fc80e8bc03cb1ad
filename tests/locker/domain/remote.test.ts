import { describe, expect, it } from "vitest";
import type { CommandId, Epoch, LockerHandle } from "../../../src/contract/ids.ts";
import type { CommandClaims } from "../../../src/contract/messages.ts";
import { compartment, TestLocker } from "../../support/test-locker.ts";

let commandSeq = 0;

function command(locker: TestLocker, order: Partial<CommandClaims> & { op: "challenge" | "open" }): string {
  commandSeq += 1;
  const seconds = Math.floor(locker.wall / 1000);
  const claims = {
    aud: "testlocker" as LockerHandle,
    epoch: "00000000000000aa" as Epoch,
    jti: `00000000-0000-0000-0000-${String(commandSeq).padStart(12, "0")}` as CommandId,
    issuerEpoch: 1,
    seq: commandSeq,
    iat: seconds,
    exp: seconds + 60,
    by: "op-1",
    reason: "inspection",
    compartment: compartment(1),
    ...order,
  } as CommandClaims;
  const before = locker.facts.length;
  locker.submit({ kind: "command", claims });
  const last = locker.facts.slice(before).findLast((fact) => "command" in fact.data);
  if (last?.name === "challenge.issued") return last.data.challenge;
  return last?.name === "command.refused" ? last.data.code : (last?.name ?? "nothing");
}

const ask = (locker: TestLocker, at = 1) => command(locker, { op: "challenge", compartment: compartment(at) });
const open = (locker: TestLocker, challenge: string, at = 1, order: Partial<CommandClaims> = {}) =>
  command(locker, { ...order, op: "open", challenge, compartment: compartment(at) } as never);

describe("a remote open", () => {
  it("is called in doubt when another door opens instead", () => {
    const locker = new TestLocker();
    open(locker, ask(locker));
    locker.accepted();
    locker.facts = [];
    locker.door(2, "open");
    expect(locker.factNames()).toEqual(expect.arrayContaining(["unlock.in_doubt", "door.wrong_opened"]));
    expect([...locker.state.authorisation.values()].map(({ state }) => state)).toEqual(["in_doubt"]);
  });

  it("opens once when it carries a fresh challenge of this locker", () => {
    const locker = new TestLocker();
    expect(open(locker, ask(locker))).toBe("command.accepted");
    expect(locker.unlocks()).toHaveLength(1);
    locker.door(1, "open");
    expect(locker.facts.at(-1)).toMatchObject({ name: "door.opened", data: { purpose: "remote" } });
  });

  it("opens nothing with a used, an expired, a foreign or an invented challenge", () => {
    const locker = new TestLocker();
    const used = ask(locker);
    open(locker, used);
    locker.door(1, "open");
    locker.door(1, "closed");
    expect(open(locker, used)).toBe("bad_challenge");
    const stale = ask(locker);
    locker.advance(60_000);
    expect(open(locker, stale)).toBe("bad_challenge");
    expect(open(locker, ask(locker, 2), 1)).toBe("bad_challenge");
    expect(open(locker, "0".repeat(32))).toBe("bad_challenge");
    expect(locker.unlocks()).toHaveLength(1);
  });

  it("opens nothing and writes nothing the second time the same command arrives", () => {
    const locker = new TestLocker();
    const challenge = ask(locker);
    const seq = commandSeq + 1;
    expect(open(locker, challenge, 1, { seq })).toBe("command.accepted");
    expect(open(locker, challenge, 1, { seq })).toBe("nothing");
    expect(locker.unlocks()).toHaveLength(1);
  });

  it("opens nothing after a restart with a challenge from before it", () => {
    const locker = new TestLocker();
    const challenge = ask(locker);
    locker.crash();
    locker.doorsSeen();
    expect(open(locker, challenge)).toBe("bad_challenge");
  });

  it("is passed over when it is for another locker or another database, and refused when it is too old", () => {
    const locker = new TestLocker();
    expect(command(locker, { op: "challenge", aud: "otherlocker" as LockerHandle })).toBe("nothing");
    expect(command(locker, { op: "challenge", epoch: "00000000000000bb" as Epoch })).toBe("nothing");
    expect(command(locker, { op: "challenge", exp: Math.floor(locker.wall / 1000) - 1 })).toBe("expired");
    expect(command(locker, { op: "challenge", compartment: compartment(99) })).toBe("unknown_compartment");
    expect(locker.unlocks()).toEqual([]);
  });

  it("never goes back behind a sequence number it has seen, even over a restart", () => {
    const locker = new TestLocker();
    ask(locker);
    const seen = commandSeq;
    locker.crash();
    locker.doorsSeen();
    expect(command(locker, { op: "challenge", seq: seen })).toBe("nothing");
  });

  it("puts a parcel behind that door in doubt and leaves its code good", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    open(locker, ask(locker, at), at);
    locker.door(at, "open");
    locker.door(at, "closed");
    expect(locker.deposit(deposit)).toMatchObject({ state: "collecting", code: "live" });
    expect(locker.deposit(deposit).doubtedBy).not.toBeNull();
    expect(locker.typeCode(1).kind).toBe("opening");
  });

  it("interrupts a deposit that was not confirmed yet: its courier must come back", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.startDeposit(1);
    locker.door(at, "open");
    locker.door(at, "closed");
    locker.advance(5_000);
    open(locker, ask(locker, at), at);
    locker.door(at, "open");
    locker.advance(20_000);
    locker.door(at, "closed");
    locker.advance(86_400_000);
    expect(locker.deposit(deposit).state).toBe("depositing");
    expect(locker.at(at).occupancy).toBe("unknown");
    expect(locker.factNames()).toContain("deposit.interrupted");
    const session = locker.signIn();
    expect(locker.submit({ kind: "confirm_deposit", session, deposit })).toEqual({ kind: "done" });
  });

  it("that nobody can tell the end of leaves an empty compartment unknown", () => {
    const locker = new TestLocker();
    open(locker, ask(locker, 2), 2);
    locker.crash();
    locker.doorsSeen();
    expect(locker.at(compartment(2)).occupancy).toBe("unknown");
  });

  it("is limited to three a minute, and five a day where parcels lie", () => {
    const locker = new TestLocker(["S", "S", "S", "S"]);
    const openAndClose = (at: number) => {
      const answer = open(locker, ask(locker, at), at);
      locker.door(at, "open");
      locker.door(at, "closed");
      return answer;
    };
    expect([1, 2, 3].map(openAndClose)).toEqual(Array(3).fill("command.accepted"));
    expect(open(locker, ask(locker, 4), 4)).toBe("too_many_opens");
    locker.advance(60_000);
    const { at } = locker.store(1);
    const answers = Array.from({ length: 6 }, () => {
      locker.advance(60_000);
      return openAndClose(at);
    });
    expect(answers).toEqual([...Array(5).fill("command.accepted"), "too_many_occupied_opens"]);
  });
});
