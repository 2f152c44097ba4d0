/**
 * What a neighbour says in few bytes is mostly a single change, and the blade has something to say about it within some
 * tens of microseconds. To fall asleep in the event loop meanwhile, and to be woken up by a promise, takes longer than
 * the blade does. So after short reads the card stays where it is for a moment:
 *
 *   event loop: read, read → (all sockets read) → wait for a blade → write → back to the event loop
 *
 * Not while somebody sends a lot: the blade is busy then, and there is more to be read.
 */
import type { Fabric } from '../fabric/fabric.ts';

/** Octets from which on a read is no short one. */
const SHORT = 4096;
/** Milliseconds after a longer read in which nothing is waited for. */
const FLOOD = 2;
/** Looks at the bell, 20 µs or so: going to sleep and waking up takes longer. And milliseconds of sleep after that. */
const LOOKS = 1000;
const LONGEST = 0.25;

export class Prompt {
  readonly #fabric: Fabric;
  readonly #thread: number;
  readonly #poll: () => boolean;
  #floodedAt = Number.NEGATIVE_INFINITY;
  #due = false;

  /** `poll` serves who has news, and says whether there was any. */
  constructor(fabric: Fabric, card: number, poll: () => boolean) {
    this.#fabric = fabric;
    this.#thread = fabric.cardThread(card);
    this.#poll = poll;
  }

  readonly read = (bytes: number): void => {
    if (bytes >= SHORT) this.#floodedAt = performance.now();
    else if (!this.#due) {
      this.#due = true;
      setImmediate(this.#wait);
    }
  };

  readonly #wait = (): void => {
    this.#due = false;
    if (performance.now() - this.#floodedAt < FLOOD) return;
    this.#fabric.bells.waitShortly(this.#thread, LOOKS, LONGEST, this.#poll);
    this.#poll();
  };
}
