import { readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { crashPoints } from "../../sim/world/crash-points.ts";
import { runWorld, type World, type WorldOptions } from "../../sim/world.ts";
import type { OpId } from "../../src/contract/ids.ts";
import { epochMs, plusMs } from "../../src/contract/time.ts";
import { fold } from "../../src/fleet/fold.ts";
import type { Change, State } from "../../src/locker/domain/model.ts";
import type { LockBus, Store } from "../../src/locker/ports.ts";

type Mutant = NonNullable<WorldOptions["mutant"]>;

/** A seed in which nothing is wrong, with a few deposits, pickups and remote opens in it. */
const CALM = { seed: 3, withFaults: false } as const;

/** The coils of the two smallest compartments, which are used first. */
const CROSSED = { atMs: 0, channelA: 0, channelB: 2 } as const;

const violationsWith = async (mutant: Mutant, options: WorldOptions = CALM): Promise<string> =>
  (await runWorld({ ...options, mutant })).violations.join("\n");

/** A store that writes other changes than it was given. */
const writing = (change: (changes: readonly Change[]) => readonly Change[]) => (store: Store) => ({
  ...store,
  commit: (...[changes, facts, at]: Parameters<Store["commit"]>) => store.commit(change(changes), facts, at),
});

const puts = <T extends Change["table"]>(
  change: Change,
  table: T,
): change is Extract<Change, { table: T; put: unknown }> => change.table === table && "put" in change;

/** Runs SQL on the locker's file behind its back, once, when the journal has so many rows. */
function spoilFile(sql: string, whenSeq: number): (world: World) => void {
  let isDone = false;
  return (world) => {
    if (isDone || (world.daemon.store?.lastSeq() ?? 0) < whenSeq) return;
    isDone = true;
    const file = readdirSync(world.folder).find((name) => name.endsWith(".db"));
    const db = new Database(join(world.folder, String(file)));
    db.exec(sql);
    db.close();
  };
}

describe("a deterministic world", () => {
  it.each([1, 2, 3, 4, 5, 6])("of seed %i, with everything that can go wrong, breaks no invariant", async (seed) => {
    const first = await runWorld({ seed, withFaults: true });
    expect(first.violations).toEqual([]);
    expect(first.cyclesCount).toBeGreaterThan(0);
    expect((await runWorld({ seed, withFaults: true })).hash).toBe(first.hash);
  });

  it("differs from seed to seed", async () => {
    const hashes = await Promise.all([7, 8].map(async (seed) => (await runWorld({ seed, withFaults: true })).hash));
    expect(new Set(hashes).size).toBe(2);
  });

  it("without faults gets every parcel to its recipient", async () => {
    const calm = await runWorld(CALM);
    expect(calm.violations).toEqual([]);
    expect(calm.cyclesCount).toBeGreaterThan(3);
  });
});

describe("a world in which only one thing goes wrong:", () => {
  it.each(crashPoints)("the daemon dies at %s, comes back, and nothing is lost", async (point) => {
    const crash = { point, kind: "process", boardsToo: false, downMs: 800 } as const;
    // Boards are only asked for their memory after an opening that a crash has left in doubt.
    const first = point.endsWith("query_op") ? [{ ...crash, atMs: 20_000, point: "after_unlock" } as const] : [];
    const world = await runWorld({ ...CALM, plan: { crashes: [...first, { ...crash, atMs: 20_000 }] } });
    expect(world.violations).toEqual([]);
    expect(world.crashes[point]).toBe(1);
  });

  it("coils are crossed, and the wrong door is called wrong", async () => {
    const lines: string[] = [];
    const world = await runWorld({ ...CALM, plan: { crossed: CROSSED }, print: (line) => void lines.push(line) });
    expect(world.violations).toEqual([]);
    expect(lines.some((line) => line.includes("door.wrong_opened"))).toBe(true);
  });

  it("a door is forced and robbed, and its deposit is in doubt", async () => {
    const lines: string[] = [];
    const breakIns = [1, 2, 3].map((compartment) => ({ atMs: 60_000, forMs: 5_000, compartment, isRobbed: true }));
    const world = await runWorld({ ...CALM, plan: { breakIns }, print: (line) => void lines.push(line) });
    expect(world.violations).toEqual([]);
    expect(lines.some((line) => line.includes("door.break_in"))).toBe(true);
  });
});

describe("a planted bug is found:", () => {
  it("1 and 5: two live deposits share one proof", async () => {
    const meddle = (_: World, state: State): void => {
      const [one, two] = [...state.deposit.values()].filter(({ code }) => code === "live");
      if (one !== undefined && two !== undefined) state.deposit.set(two.id, { ...two, codeDigest: one.codeDigest });
    };
    expect(await violationsWith({ meddle })).toMatch(/^5: one proof is live for deposits/m);
  });

  it("2: a finished deposit has a live code", async () => {
    const meddle = (_: World, state: State): void => {
      const over = [...state.deposit.values()].find((deposit) => deposit.state === "collected");
      if (over !== undefined) state.deposit.set(over.id, { ...over, code: "live" });
    };
    expect(await violationsWith({ meddle })).toMatch(/finished deposit .* has a live code/);
  });

  it("3: an attempt's row is not written", async () => {
    const store = writing((changes) => changes.filter(({ table }) => table !== "attempt"));
    expect(await violationsWith({ store })).toMatch(/^3: .* which no row knows/m);
  });

  it("3: the row is written after the pulse", async () => {
    const store = (inner: Store): Store => {
      let held: Parameters<Store["commit"]> | undefined;
      let lastSeq = 0;
      return {
        ...inner,
        commit: (...next) => {
          if (held !== undefined) inner.commit(...held);
          held = next;
          lastSeq += next[1].length;
          return lastSeq;
        },
      };
    };
    expect(await violationsWith({ store })).toMatch(/^3: .* which no row knows/m);
  });

  it("3: the bus is given an unlock of its own", async () => {
    const bus = (inner: LockBus): LockBus => ({
      ...inner,
      unlock: (command) => inner.unlock({ ...command, op: `${command.op.slice(0, 14)}99` as OpId }),
    });
    expect(await violationsWith({ bus })).toMatch(/^3: .* which no row knows/m);
  });

  it("3: the bus unlocks the neighbour", async () => {
    const bus = (inner: LockBus): LockBus => ({
      ...inner,
      unlock: (command) =>
        inner.unlock({ ...command, compartment: ((command.compartment % 6) + 1) as typeof command.compartment }),
    });
    expect(await violationsWith({ bus })).toMatch(/^3: .* is for compartment \d+; channel \d+ was pulsed/m);
  });

  it("4: an unlock waits in the bus and comes late", async () => {
    let world: World | undefined;
    const meddle = (seen: World): void => {
      world = seen;
    };
    const bus = (inner: LockBus): LockBus => ({
      ...inner,
      unlock: (command) =>
        void world?.agenda.after(2_000, () => inner.unlock({ ...command, notAfter: plusMs(command.notAfter, 5_000) })),
    });
    expect(await violationsWith({ bus, meddle })).toMatch(/^4: .* gave a pulse .* ms after its row/m);
  });

  it("4: a board pulses again for an operation it had done", async () => {
    const again = new Set<string>();
    const meddle = (world: World): void => {
      const pulse = world.rig.cabinet.log.findLast((entry) => entry.kind === "pulse");
      if (pulse?.kind !== "pulse" || again.has(pulse.opId)) return;
      again.add(pulse.opId);
      world.agenda.after(1_200, () => world.rig.cabinet.pulse(pulse));
    };
    expect(await violationsWith({ meddle })).toMatch(/^4: attempt .* gave two pulses/m);
  });

  it("5: an opening is authorised without claiming its code", async () => {
    const store = writing((changes) =>
      changes.map((change) =>
        puts(change, "deposit") && change.put.code === "claimed"
          ? { ...change, put: { ...change.put, code: "live" as const } }
          : change,
      ),
    );
    expect(await violationsWith({ store })).toMatch(/^5: .* without claiming the code/m);
  });

  it("5: a QR token outlives the opening", async () => {
    const store = writing((changes) =>
      changes.filter((change) => !(puts(change, "proof") && change.put.kind === "qr" && change.put.diedAt !== null)),
    );
    expect(await violationsWith({ store })).toMatch(/^5: a proof of .* outlived its opening/m);
  });

  it("6: a row in memory never reaches the file", async () => {
    const store = writing((changes) => changes.filter(({ table }) => table !== "budget"));
    expect(await violationsWith({ store })).toMatch(/^6: at the end memory differs from the file: row code of budget/m);
  });

  it("6: a row in memory changes without a commit", async () => {
    const meddle = (_: World, state: State): void => {
      const meta = state.meta.get(1);
      if (meta !== undefined) state.meta.set(1, { ...meta, wallFloor: epochMs(1) });
    };
    expect(await violationsWith({ meddle })).toMatch(/^6: memory and store differ: row 1 of meta/m);
  });

  it("6: a journal row disappears", async () => {
    const meddle = spoilFile("DELETE FROM journal WHERE seq = 12", 20);
    expect(await violationsWith({ meddle })).toMatch(/^6: row 13 stands where row 12 should/m);
  });

  it("8: a journal row is altered", async () => {
    const meddle = spoilFile(
      "UPDATE journal SET payload = replace(payload, 'simlocker01', 'simlocker02') WHERE seq = 12",
      20,
    );
    expect(await violationsWith({ meddle })).toMatch(/^8: the hash of row 12 does not follow from its bytes/m);
  });

  it("6: the fleet skips a fact", async () => {
    const skipping: Mutant = {
      fold: (state, fact, at) => (fact.name === "pickup.collected" ? [] : fold(state, fact, at)),
    };
    const violations = await violationsWith(skipping);
    expect(violations).toMatch(/^6: the fleet's parcel table is not the fold of its rows/m);
    expect(violations).toMatch(/^6: the fleet has deposit .* the locker has it collected/m);
  });

  it("11: a compartment is freed while its parcel lies in it", async () => {
    const meddle = (_: World, state: State): void => {
      const stored = [...state.deposit.values()].find(({ code }) => code === "live");
      const compartment = stored && state.compartment.get(stored.compartment);
      if (stored === undefined || compartment === undefined) return;
      state.compartment.set(compartment.id, { ...compartment, occupancy: "available", deposit: null });
      state.deposit.set(stored.id, { ...stored, state: "collected", code: "burned", endedAt: epochMs(1) });
      for (const proof of state.proof.values()) {
        if (proof.deposit === stored.id) state.proof.set(proof.digest, { ...proof, deposit: null, diedAt: epochMs(1) });
      }
    };
    expect(await violationsWith({ meddle })).toMatch(/^11: parcel .* lies in compartment \d+, which is available/m);
  });

  it("11: a board's answer is taken for an opening", async () => {
    const bus = (inner: LockBus): LockBus => ({
      ...inner,
      start: (onReport) =>
        inner.start((report) => {
          onReport(report);
          const isAccepted = report.kind === "unlock_result" && report.outcome === "accepted";
          const compartment = isAccepted ? compartmentOf.get(report.op) : undefined;
          if (compartment !== undefined) onReport({ kind: "door", compartment, door: "open" });
        }),
      unlock: (command) => {
        compartmentOf.set(command.op, command.compartment);
        inner.unlock(command);
      },
    });
    const compartmentOf = new Map<OpId, Parameters<LockBus["unlock"]>[0]["compartment"]>();
    expect(await violationsWith({ bus })).toMatch(/^11: compartment \d+ is said to have opened and has not/m);
  });

  it("11: another door opens, and nobody is told", async () => {
    const store = (inner: Store): Store => ({
      ...inner,
      commit: (changes, facts, at) =>
        inner.commit(
          changes,
          facts.filter(({ name }) => name !== "door.wrong_opened"),
          at,
        ),
    });
    const world = { ...CALM, plan: { crossed: CROSSED } };
    expect(await violationsWith({ store }, world)).toMatch(/^11: \d+ opened in place of \d+, and nobody is told/m);
  });

  it("11: the news of a shut door gets lost", async () => {
    const bus = (inner: LockBus): LockBus => ({
      ...inner,
      start: (onReport) =>
        inner.start((report) => {
          if (report.kind === "door" && report.door === "open") seenOpen.add(report.compartment);
          if (report.kind !== "door" || report.door === "open" || !seenOpen.has(report.compartment)) onReport(report);
        }),
    });
    const seenOpen = new Set<number>();
    expect(await violationsWith({ bus })).toMatch(/^11: the door of \d+ is closed and has been believed open/m);
  });

  it("liveness: an acknowledgement is never taken in", async () => {
    const meddle = (_: World, state: State): void => {
      const meta = state.meta.get(1);
      if (meta !== undefined && meta.ackedSeq > 30) state.meta.set(1, { ...meta, ackedSeq: 30 });
    };
    expect(await violationsWith({ meddle })).toMatch(/^liveness: row \d+ is not acknowledged, only 30/m);
  });

  it("a trace that depends on anything but its seed", async () => {
    let calls = 0;
    const print = (): void => {
      calls += 1;
    };
    await runWorld({ ...CALM, print });
    const first = calls;
    calls = 0;
    const bus = (inner: LockBus): LockBus => ({
      ...inner,
      unlock: (command) => inner.unlock({ ...command, notAfter: plusMs(command.notAfter, -1_600) }),
    });
    await runWorld({ ...CALM, print, mutant: { bus } });
    expect(calls).not.toBe(first);
  });
});
