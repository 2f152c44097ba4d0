/**
 * The word that a thread sleeps on. Who has news publishes it first and rings then; a ring costs one atomic
 * load while the sleeper is awake. Who wants to sleep says so first and looks at everything once more then, so
 * that one of the two always sees the other.
 *
 *   thread: [ bell (counts rings) | asleep (0, 1) | orders (counts messages posted to it) | … ]
 */
const STRIDE = 16;

export class Doorbells {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  ring(thread: number): void {
    const at = thread * STRIDE;
    if (Atomics.load(this.#words, at + 1) === 0) return;
    Atomics.add(this.#words, at, 1);
    Atomics.notify(this.#words, at);
  }

  /** A message was posted to the thread's port. */
  ringWithOrder(thread: number): void {
    Atomics.add(this.#words, thread * STRIDE + 2, 1);
    this.ring(thread);
  }

  /** How many messages were posted to a thread so far. */
  orders(thread: number): number {
    return Atomics.load(this.#words, thread * STRIDE + 2);
  }

  /** From now on rings count. Look at every source of work after this, and before `sleep`. */
  beforeSleep(thread: number): number {
    const at = thread * STRIDE;
    Atomics.store(this.#words, at + 1, 1);
    return Atomics.load(this.#words, at);
  }

  /** Blocks the thread until somebody rings, at most so many milliseconds. */
  sleep(thread: number, seen: number, milliseconds: number): void {
    const at = thread * STRIDE;
    Atomics.wait(this.#words, at, seen, milliseconds);
    Atomics.store(this.#words, at + 1, 0);
  }

  /** Resolves when somebody rings: for threads with an event loop. */
  async sleepAsync(thread: number, seen: number, milliseconds = 60_000): Promise<void> {
    const at = thread * STRIDE;
    const wait = Atomics.waitAsync(this.#words, at, seen, milliseconds);
    if (wait.async) await wait.value;
    Atomics.store(this.#words, at + 1, 0);
  }

  awake(thread: number): void {
    Atomics.store(this.#words, thread * STRIDE + 1, 0);
  }
}
