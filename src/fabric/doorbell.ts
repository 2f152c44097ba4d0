/**
 * The word that a thread sleeps on. Whoever has news publishes it first and then rings, which costs one atomic
 * load while the sleeper is awake. A thread that wants to sleep says so first and then looks at everything once more, so
 * that one of the two always sees the other.
 *
 *   thread: [ bell (counts rings) | sleep (SLEEP) | orders (counts messages posted to it) | short bell | signal | … ]
 *
 * A blade that waits for sockets, too (lookout.ts), sleeps in the kernel and is woken by its signal, an eventfd: one for each slot,
 * which stays open as long as anybody could ring.
 */
import { type SocketCalls, socketCalls } from '../base/socket-calls.ts';

const STRIDE = 16;

/** How a thread sleeps: not at all, on its bell, for a moment on its short bell, or where its signal wakes it. */
const SLEEP = { none: 0, long: 1, short: 2, signal: 3 } as const;
/** The descriptor of the thread's signal + 1; 0: it has none. Writer: the blade. */
const SIGNAL = 4;

export class Doorbells {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  ring(thread: number): void {
    const at = thread * STRIDE;
    const sleep = Atomics.load(this.#words, at + 1);
    if (sleep === SLEEP.none) return;
    if (sleep === SLEEP.signal) {
      this.#signal(at);
      return;
    }
    const bell = sleep === SLEEP.long ? at : at + 3;
    Atomics.add(this.#words, bell, 1);
    Atomics.notify(this.#words, bell);
  }

  #signal(at: number): void {
    const descriptor = (this.#words[at + SIGNAL] as number) - 1;
    // Who rings first wakes it, and nobody else has to: a thread that is awake looks at every source of work.
    const asleep = Atomics.compareExchange(this.#words, at + 1, SLEEP.signal, SLEEP.none) === SLEEP.signal;
    if (asleep && descriptor >= 0) socketCalls()?.signal(descriptor);
  }

  /** The descriptor that wakes the calling thread where it waits for sockets as well as for its bell. */
  signalOf(thread: number, calls: SocketCalls): number {
    const at = thread * STRIDE + SIGNAL;
    if (this.#words[at] === 0) this.#words[at] = calls.openSignal() + 1;
    return (this.#words[at] as number) - 1;
  }

  /** Closes all signals, when no thread that rings is left. */
  close(): void {
    for (let at = SIGNAL; at < this.#words.length; at += STRIDE) {
      const descriptor = (this.#words[at] as number) - 1;
      this.#words[at] = 0;
      if (descriptor >= 0) socketCalls()?.close(descriptor);
    }
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

  /** It waits, or is about to. */
  sleeps(thread: number): boolean {
    return Atomics.load(this.#words, thread * STRIDE + 1) !== SLEEP.none;
  }

  /** From now on rings count. Look at every source of work after this, and before `sleep`. */
  beforeSleep(thread: number, bySignal = false): number {
    const at = thread * STRIDE;
    Atomics.store(this.#words, at + 1, bySignal ? SLEEP.signal : SLEEP.long);
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
