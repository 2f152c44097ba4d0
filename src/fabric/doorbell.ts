/**
 * The word that a thread sleeps on. Who has news publishes it first and rings then; a ring costs one atomic
 * load while the sleeper is awake. Who wants to sleep says so first and looks at everything once more then, so
 * that one of the two always sees the other.
 *
 *   thread: [ bell (counts rings) | sleep (SLEEP) | orders (counts messages posted to it) | short bell | … ]
 */
const STRIDE = 16;

/** How a thread sleeps: not at all, on its bell, or for a moment on its short bell. */
const SLEEP = { none: 0, long: 1, short: 2 } as const;

export class Doorbells {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  ring(thread: number): void {
    const at = thread * STRIDE;
    const sleep = Atomics.load(this.#words, at + 1);
    if (sleep === SLEEP.none) return;
    const bell = sleep === SLEEP.long ? at : at + 3;
    Atomics.add(this.#words, bell, 1);
    Atomics.notify(this.#words, bell);
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
    Atomics.store(this.#words, at + 1, SLEEP.long);
    return Atomics.load(this.#words, at);
  }

  /** Blocks the thread until somebody rings, at most so many milliseconds. */
  sleep(thread: number, seen: number, milliseconds: number): void {
    const at = thread * STRIDE;
    Atomics.wait(this.#words, at, seen, milliseconds);
    Atomics.store(this.#words, at + 1, SLEEP.none);
  }

  /**
   * Resolves when somebody rings: for threads with an event loop. Without a time-out where there are many rings: V8 keeps
   * a task and a timer of each, some hundred bytes, until the time-out is over, even when somebody rang long before.
   */
  async sleepAsync(thread: number, seen: number, milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    const at = thread * STRIDE;
    const wait = Atomics.waitAsync(this.#words, at, seen, milliseconds);
    if (wait.async) await wait.value;
    Atomics.store(this.#words, at + 1, SLEEP.none);
  }

  /**
   * Blocks a thread with an event loop for a moment, without the detour through the event loop: looks at
   * its bell so many times, then sleeps for `milliseconds` at most. `look` says whether there is work already. What was true of
   * the thread's sleep before is true again afterwards, so it must look at everything once more then.
   */
  waitShortly(thread: number, looks: number, milliseconds: number, look: () => boolean): void {
    const at = thread * STRIDE;
    const words = this.#words;
    const before = Atomics.load(words, at + 1);
    const seen = Atomics.load(words, at + 3);
    Atomics.store(words, at + 1, SLEEP.short);
    if (!look()) {
      for (let left = looks; left > 0 && Atomics.load(words, at + 3) === seen; ) left--;
      Atomics.wait(words, at + 3, seen, milliseconds);
    }
    Atomics.store(words, at + 1, before);
  }

  awake(thread: number): void {
    Atomics.store(this.#words, thread * STRIDE + 1, SLEEP.none);
  }
}
