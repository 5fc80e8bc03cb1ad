/** Where the daemon can be made to die. `between_inputs`: at a moment in which it does nothing. */
export const crashPoints = [
  "before_commit",
  "after_commit",
  "before_unlock",
  "after_unlock",
  "before_query_op",
  "after_query_op",
  "before_prepare_code",
  "after_prepare_code",
  "between_inputs",
] as const;
export type CrashPoint = (typeof crashPoints)[number];

/** The daemon's death at a named point; nothing else throws it. */
export class SimCrash extends Error {
  override readonly name = "SimCrash";
  readonly point: CrashPoint;

  constructor(point: CrashPoint) {
    super(`the daemon died at ${point}`);
    this.point = point;
  }
}

/** Which points are set to kill, and how often each has. */
export class CrashPoints {
  readonly #armed = new Set<CrashPoint>();
  readonly #hits = new Map<CrashPoint, number>();

  get hits(): Readonly<Record<CrashPoint, number>> {
    return Object.fromEntries(crashPoints.map((point) => [point, this.#hits.get(point) ?? 0])) as Record<
      CrashPoint,
      number
    >;
  }

  /** The daemon dies the next time it passes `point`. */
  arm(point: CrashPoint): void {
    this.#armed.add(point);
  }

  disarmAll(): void {
    this.#armed.clear();
  }

  /** @throws {SimCrash} when this point was armed. */
  pass(point: CrashPoint): void {
    if (!this.#armed.delete(point)) return;
    this.#hits.set(point, (this.#hits.get(point) ?? 0) + 1);
    throw new SimCrash(point);
  }
}
