/**
 * A blade's own look at its heap. V8 ends a thread that reaches its limit, but not always the thread alone: if just then something needs
 * memory in one piece (a Map that grows), the whole process ends, and every session with it. So V8's limit is far above what the
 * configuration gives a blade (chassis/blade-handle.ts), and a blade that has more than that in use ends itself, between two turns.
 *
 * What is in use is known only after a collection: above the limit the blade asks for one, and not again for a while.
 * Whoever never comes to the end of a turn is ended by V8, or by the chassis.
 */
import type { Heap } from '../base/own-heap.ts';

/** Milliseconds between two looks, and between two collections where little came in between: so much of the limit. */
const EVERY = 100;
const PATIENCE = 10_000;
const LITTLE = 1 / 4;

export class MemoryWatch {
  /** Bytes. */
  readonly #limit: number;
  readonly #heap: Heap;
  #next = 0;
  #collectedAt = Number.NEGATIVE_INFINITY;
  /** What was left then. */
  #left = 0;

  constructor(limit: number, heap: Heap) {
    this.#limit = limit;
    this.#heap = heap;
  }

  /** Between two turns, `now` in milliseconds: throws where more is in use than may be. */
  look(now: number): void {
    if (now < this.#next) return;
    this.#next = now + EVERY;
    const full = this.#heap.used();
    if (full <= this.#limit) return;
    if (now < this.#collectedAt + PATIENCE && full - this.#left <= this.#limit * LITTLE) return;
    this.#heap.collect();
    this.#collectedAt = now;
    this.#left = this.#heap.used();
    if (this.#left > this.#limit)
      throw new Error(
        `out of memory: ${mebi(this.#left)} MiB are in use, blade-memory is ${mebi(this.#limit)}`,
      );
  }
}

function mebi(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
