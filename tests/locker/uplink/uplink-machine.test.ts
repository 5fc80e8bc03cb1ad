import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BATCH_ROWS_MAX } from "../../../src/contract/messages.ts";
import { monoMs } from "../../../src/contract/time.ts";
import {
  BROKER_SILENCE_MS_MAX,
  CONNECT_MS_MAX,
  GOOD_CONNECTION_MS,
  initialUplink,
  RESEND_MS_FIRST,
  RESEND_MS_MAX,
  RETRY_MS_FIRST,
  RETRY_MS_MAX,
  type UplinkInput,
  type UplinkOutput,
  type UplinkState,
  uplinkDeadline,
  uplinkStep,
  WINDOW_BATCHES_MAX,
} from "../../../src/locker/uplink/uplink-machine.ts";

/** Drives the machine and checks after every input what must always hold. */
class Bench {
  now = monoMs(0);
  state: UplinkState;
  outputs: readonly UplinkOutput[] = [];

  constructor({ lastSeq = 0, ackedSeq = 0 } = {}) {
    this.state = initialUplink({ lastSeq, ackedSeq }, this.now);
  }

  take(input: UplinkInput): readonly UplinkOutput[] {
    const before = this.state;
    const { state, outputs } = uplinkStep(before, input, this.now);
    this.state = state;
    this.outputs = outputs;
    let next = state.window[0]?.fromSeq ?? state.nextSeq;
    for (const { fromSeq, toSeq } of state.window) {
      expect(fromSeq).toBe(next);
      next = toSeq + 1;
    }
    expect(state.nextSeq).toBe(next);
    expect(state.window.length).toBeLessThanOrEqual(WINDOW_BATCHES_MAX);
    expect(state.nextSeq).toBeGreaterThan(state.ackedSeq);
    for (const output of outputs) {
      if (output.kind !== "publish") continue;
      expect(state.link.kind).toBe("connected");
      expect(output.toSeq - output.fromSeq + 1).toBeGreaterThan(0);
      expect(output.toSeq - output.fromSeq + 1).toBeLessThanOrEqual(BATCH_ROWS_MAX);
      expect(output.toSeq).toBeLessThanOrEqual(state.lastSeq);
      expect(output.batch).toBeGreaterThan(before.batchesCount);
    }
    return outputs;
  }

  pass(ms: number): readonly UplinkOutput[] {
    this.now = monoMs(this.now + ms);
    return this.take({ kind: "timer" });
  }

  /** Connected, and trusted: the fleet has acknowledged everything there was. */
  connect(): this {
    this.pass((uplinkDeadline(this.state) ?? this.now) - this.now);
    this.take({ kind: "connected" });
    return this;
  }

  confirmAll(): void {
    for (const { batch } of this.state.window) this.take({ kind: "pubacked", batch });
  }

  published(): readonly string[] {
    return this.outputs.flatMap((output) => (output.kind === "publish" ? [`${output.fromSeq}-${output.toSeq}`] : []));
  }
}

/** A bench whose window is open: one row published and acknowledged. */
function openBench(): Bench {
  const bench = new Bench().connect();
  bench.take({ kind: "committed", lastSeq: 1 });
  bench.confirmAll();
  bench.take({ kind: "acked", seq: 1 });
  return bench;
}

describe("the first connection", () => {
  it("is due at once, and nothing is published before it stands", () => {
    const bench = new Bench({ lastSeq: 5, ackedSeq: 2 });
    expect(uplinkDeadline(bench.state)).toBe(0);
    bench.take({ kind: "committed", lastSeq: 6 });
    expect(bench.published()).toEqual([]);
    expect(bench.pass(0)).toEqual([{ kind: "connect" }]);
    expect(bench.published()).toEqual([]);
    bench.take({ kind: "connected" });
    expect(bench.published()).toEqual(["3-6"]);
  });
});

describe("publishing", () => {
  it("sends a fact at once, alone", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    expect(bench.published()).toEqual(["2-2"]);
  });

  it("gathers rows while the broker has not confirmed what went before", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    bench.take({ kind: "committed", lastSeq: 3 });
    bench.take({ kind: "committed", lastSeq: 9 });
    expect(bench.published()).toEqual([]);
    bench.confirmAll();
    expect(bench.published()).toEqual(["3-9"]);
  });

  it("sends the next fact although the fleet is slow to acknowledge the former", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    bench.confirmAll();
    bench.take({ kind: "committed", lastSeq: 3 });
    expect(bench.published()).toEqual(["3-3"]);
  });

  it("probes with one full batch, then sends a backlog in full batches up to the window", () => {
    const bench = new Bench({ lastSeq: 10_050 }).connect();
    expect(bench.published()).toEqual(["1-100"]);
    bench.take({ kind: "acked", seq: 100 });
    const sent = bench.published();
    expect(sent).toHaveLength(WINDOW_BATCHES_MAX - 1);
    expect([sent[0], sent.at(-1)]).toEqual(["101-200", "3101-3200"]);
    bench.confirmAll();
    expect(bench.state.window).toHaveLength(WINDOW_BATCHES_MAX);
    bench.take({ kind: "acked", seq: 300 });
    expect(bench.published()).toEqual(["3301-3400", "3401-3500"]);
  });
});

describe("silence of the fleet", () => {
  it("leads to a resend from the last acknowledgement, doubling up to its limit", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    bench.confirmAll();
    bench.take({ kind: "committed", lastSeq: 3 });
    bench.confirmAll();
    bench.pass(RESEND_MS_FIRST - 1);
    expect(bench.published()).toEqual([]);
    bench.pass(1);
    expect(bench.published()).toEqual(["2-3"]);
    const pauses: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      bench.confirmAll();
      pauses.push((uplinkDeadline(bench.state) ?? 0) - bench.now);
      bench.pass(pauses.at(-1) ?? 0);
      expect(bench.published()).toEqual(["2-3"]);
    }
    expect(pauses).toEqual([20_000, 40_000, RESEND_MS_MAX, RESEND_MS_MAX, RESEND_MS_MAX]);
  });

  it("costs one batch at a time, however long the backlog", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 5_000 });
    bench.confirmAll();
    bench.pass(RESEND_MS_FIRST);
    expect(bench.published()).toEqual(["2-101"]);
  });

  it("is none when nothing waits for an answer", () => {
    expect(uplinkDeadline(openBench().state)).toBeUndefined();
  });
});

describe("silence of the broker", () => {
  it("on a batch gives the connection up for a new client", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    bench.pass(RESEND_MS_FIRST);
    expect(bench.outputs).toEqual([]);
    expect(bench.pass(BROKER_SILENCE_MS_MAX - RESEND_MS_FIRST)).toEqual([{ kind: "connect" }]);
    bench.take({ kind: "connected" });
    expect(bench.published()).toEqual(["2-2"]);
  });

  it("while connecting builds a new client every minute", () => {
    const bench = new Bench();
    bench.pass(0);
    for (let minute = 0; minute < 3; minute += 1) {
      expect(bench.pass(CONNECT_MS_MAX - 1)).toEqual([]);
      expect(bench.pass(1)).toEqual([{ kind: "connect" }]);
    }
  });
});

describe("a lost connection", () => {
  const pauseAfter = (bench: Bench, random: number): number => {
    bench.take({ kind: "disconnected", random });
    return (uplinkDeadline(bench.state) ?? 0) - bench.now;
  };

  it("is tried again after a full-jitter pause whose ceiling doubles", () => {
    const bench = new Bench();
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 7].map(() => {
      bench.connect();
      return Math.ceil(pauseAfter(bench, 0.999_999));
    });
    const expected = [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * RETRY_MS_FIRST - 1);
    expect(ceilings).toEqual(expected);
    expect(RETRY_MS_MAX).toBe(60_000);
    expect(pauseAfter(bench.connect(), 0)).toBe(0);
  });

  it("that lasted is forgiven", () => {
    const bench = new Bench();
    for (let round = 0; round < 6; round += 1) pauseAfter(bench.connect(), 0);
    bench.connect();
    bench.now = monoMs(bench.now + GOOD_CONNECTION_MS);
    expect(pauseAfter(bench, 0.999_999)).toBe(RETRY_MS_FIRST - 1);
  });

  it("is noticed once", () => {
    const bench = openBench();
    bench.take({ kind: "disconnected", random: 0.5 });
    const after = bench.state;
    bench.take({ kind: "disconnected", random: 0.1 });
    expect(bench.state).toEqual(after);
  });

  it("makes late confirmations of its batches worthless", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    const late = bench.state.window[0]?.batch ?? 0;
    bench.take({ kind: "disconnected", random: 0 });
    bench.connect();
    expect(bench.published()).toEqual(["2-2"]);
    bench.take({ kind: "pubacked", batch: late });
    expect(bench.state.window.map(({ atBroker }) => atBroker)).toEqual([false]);
  });
});

describe("an acknowledgement", () => {
  it("is told on when it is new, and once", () => {
    const bench = openBench();
    bench.take({ kind: "committed", lastSeq: 2 });
    expect(bench.take({ kind: "acked", seq: 2 })).toEqual([{ kind: "accepted", seq: 2 }]);
    expect(bench.take({ kind: "acked", seq: 2 })).toEqual([]);
  });

  it("is doubted when it goes back, or names a row that does not exist", () => {
    const bench = new Bench({ lastSeq: 9, ackedSeq: 4 }).connect();
    const { state } = bench;
    expect(bench.take({ kind: "acked", seq: 3 })).toEqual([{ kind: "doubted", reason: "ack_regressed", seq: 3 }]);
    expect(bench.take({ kind: "acked", seq: 10 })).toEqual([{ kind: "doubted", reason: "ack_beyond_last", seq: 10 }]);
    expect(bench.state).toEqual(state);
  });
});

/** A fleet that stores what is contiguous, behind a broker that loses, and a link that breaks. */
class World {
  readonly bench = new Bench();
  stored = 0;
  unconfirmed: number[] = [];

  note(outputs: readonly UplinkOutput[], delivered: boolean): void {
    for (const output of outputs) {
      if (output.kind === "connect") this.unconfirmed = [];
      if (output.kind !== "publish") continue;
      this.unconfirmed.push(output.batch);
      if (delivered && output.fromSeq <= this.stored + 1) this.stored = Math.max(this.stored, output.toSeq);
    }
  }

  /** Everything works from here on: is it all stored in the end? */
  heal(): void {
    for (let round = 0; round < 2_000 && this.bench.state.ackedSeq < this.bench.state.lastSeq; round += 1) {
      const { link } = this.bench.state;
      if (link.kind === "connecting") this.note(this.bench.take({ kind: "connected" }), true);
      for (const batch of this.unconfirmed.splice(0)) this.note(this.bench.take({ kind: "pubacked", batch }), true);
      if (this.stored > this.bench.state.ackedSeq) {
        this.note(this.bench.take({ kind: "acked", seq: this.stored }), true);
      }
      this.note(this.bench.pass(1_000), true);
    }
  }
}

const happening = fc.oneof(
  fc.record({ kind: fc.constant("commit" as const), rows: fc.integer({ min: 1, max: 700 }), delivered: fc.boolean() }),
  fc.record({ kind: fc.constant("connected" as const), delivered: fc.boolean() }),
  fc.record({ kind: fc.constant("disconnected" as const), random: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
  fc.record({ kind: fc.constant("pubacked" as const), which: fc.nat(), delivered: fc.boolean() }),
  fc.record({ kind: fc.constant("ack" as const), delivered: fc.boolean() }),
  fc.record({ kind: fc.constant("wild ack" as const), seq: fc.integer({ min: 1, max: 20_000 }) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 70_000 }), delivered: fc.boolean() }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function happen(world: World, event: Happening): void {
  const { bench } = world;
  switch (event.kind) {
    case "commit":
      return world.note(bench.take({ kind: "committed", lastSeq: bench.state.lastSeq + event.rows }), event.delivered);
    case "connected":
      return world.note(bench.take({ kind: "connected" }), event.delivered);
    case "disconnected":
      world.unconfirmed = [];
      return void bench.take({ kind: "disconnected", random: event.random });
    case "pubacked": {
      const [batch] = world.unconfirmed.splice(event.which % Math.max(1, world.unconfirmed.length), 1);
      return batch === undefined ? undefined : world.note(bench.take({ kind: "pubacked", batch }), event.delivered);
    }
    case "ack":
      return world.stored === 0
        ? undefined
        : world.note(bench.take({ kind: "acked", seq: world.stored }), event.delivered);
    case "wild ack":
      // What the fleet has stored may be said again at any time; anything else must change nothing.
      if (event.seq > bench.state.ackedSeq && event.seq <= bench.state.lastSeq) return;
      expect(bench.take({ kind: "acked", seq: event.seq }).filter(({ kind }) => kind !== "doubted")).toEqual([]);
      return;
    case "wait":
      return world.note(bench.pass(event.ms), event.delivered);
    default:
      return event satisfies never;
  }
}

describe("any history of commits, losses, breaks and confirmations", () => {
  it("keeps the window and the order, and ends with every row stored", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 120 }), (events) => {
        const world = new World();
        for (const event of events) happen(world, event);
        world.heal();
        const { ackedSeq, lastSeq } = world.bench.state;
        expect(ackedSeq).toBe(lastSeq);
        expect(world.stored).toBe(lastSeq);
      }),
      { numRuns: 300 },
    );
  });
});
