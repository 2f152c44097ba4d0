/**
 * Quiescence: when may memory that was taken out of use be used again? When every thread that could still
 * hold a reference has passed a quiescent point since. A thread's word is odd while it works and moves at
 * every turn; an even word is a thread that sleeps and holds nothing.
 */
const STRIDE = 16;

export class Epochs {
  readonly #words: Int32Array;
  readonly #me: number;

  constructor(memory: SharedArrayBuffer, me: number) {
    this.#words = new Int32Array(memory);
    this.#me = me * STRIDE;
  }

  /** The thread begins to work. What it reads from then on it reads behind that (on x86 the store alone would see to it). */
  enter(): void {
    Atomics.store(this.#words, this.#me, (this.#words[this.#me] as number) | 1);
    Atomics.load(this.#words, this.#me);
  }

  /** A quiescent point: nothing read before is held any more. */
  pass(): void {
    Atomics.store(this.#words, this.#me, ((this.#words[this.#me] as number) + 2) | 0);
  }

  /** The thread goes to sleep, holding nothing. */
  leave(): void {
    Atomics.store(this.#words, this.#me, ((this.#words[this.#me] as number) + 1) & ~1);
  }

  /** For a thread that counts as asleep: it counts as working while `work` runs, also if that throws. */
  inside<T>(work: () => T): T {
    this.enter();
    try {
      return work();
    } finally {
      this.leave();
    }
  }

  /** What to wait for: pass it to `passed` later. */
  snapshot(): Int32Array {
    const threads = this.#words.length / STRIDE;
    const seen = new Int32Array(threads);
    for (let i = 0; i < threads; i++) seen[i] = Atomics.load(this.#words, i * STRIDE);
    return seen;
  }

  /** Has every other thread passed a quiescent point since the snapshot? Our own must be at one now. */
  passed(snapshot: Int32Array): boolean {
    for (let i = 0; i < snapshot.length; i++) {
      const then = snapshot[i] as number;
      if (i * STRIDE !== this.#me && then & 1 && Atomics.load(this.#words, i * STRIDE) === then) return false;
    }
    return true;
  }

  /** A thread that died holds nothing. */
  clear(thread: number): void {
    Atomics.store(this.#words, thread * STRIDE, 0);
  }
}
