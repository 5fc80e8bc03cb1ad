/**
 * The list of things that are going to happen, ordered by a monotonic clock in milliseconds.
 *
 * Every model of the simulator takes its time from here and from nowhere else, so a test or a deterministic
 * world drives all of them with one virtual clock, and the real simulator with the machine's.
 */
export class Agenda {
  #nowMs: number;
  #inserted = 0;
  readonly #heap: Entry[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Runs `action` at `whenMs`, or at the next advance if that is past. Returns a function that cancels it. */
  at(whenMs: number, action: () => void): () => void {
    const entry: Entry = { whenMs: Math.max(whenMs, this.#nowMs), order: this.#inserted++, action, cancelled: false };
    push(this.#heap, entry);
    return () => {
      entry.cancelled = true;
    };
  }

  after(delayMs: number, action: () => void): () => void {
    return this.at(this.#nowMs + delayMs, action);
  }

  /** When the next action is due; undefined when nothing is planned. */
  nextAt(): number | undefined {
    let first = this.#heap[0];
    while (first?.cancelled) {
      pop(this.#heap);
      first = this.#heap[0];
    }
    return first?.whenMs;
  }

  /** Runs everything due up to and including `toMs`, each action at its own time; what they add is run too if due. */
  advance(toMs: number): void {
    for (let dueMs = this.nextAt(); dueMs !== undefined && dueMs <= toMs; dueMs = this.nextAt()) {
      this.#nowMs = dueMs;
      pop(this.#heap)?.action();
    }
    this.#nowMs = Math.max(this.#nowMs, toMs);
  }
}

type Entry = { readonly whenMs: number; readonly order: number; readonly action: () => void; cancelled: boolean };

const isBefore = (a: Entry, b: Entry): boolean => a.whenMs < b.whenMs || (a.whenMs === b.whenMs && a.order < b.order);

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    const childIndex = smallerChild(heap, index);
    const child = heap[childIndex];
    if (child === undefined || !isBefore(child, last)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
  return first;
}

function smallerChild(heap: readonly Entry[], index: number): number {
  const left = heap[2 * index + 1];
  const right = heap[2 * index + 2];
  return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1;
}
