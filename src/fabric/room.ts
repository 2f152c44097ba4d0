/**
 * When a dictionary has no id left: are all in use, or may a sweep find some that nobody uses? Who found none asks for a sweep, and
 * tries again after one that began later than that. Three in a row that end with the tables nearly full say that they are.
 */
import { BOX } from './layout.ts';

/** So many sweeps are waited for. */
const VAIN = 8;
const FULL = 4;

export class Room {
  readonly #box: Int32Array;
  /** The sweep that is waited for, by its number; 0: none. */
  #awaited = 0;
  /** Sweeps in a row after which there was none; one that left the tables nearly full counts more. */
  #vain = 0;

  constructor(box: Int32Array) {
    this.#box = box;
  }

  /** There was enough. */
  found(): void {
    this.#vain = 0;
  }

  /** No id was left. After which sweep to try again; 0: all are in use. */
  tryAfter(): number {
    const ended = Atomics.load(this.#box, BOX.sweepsEnded);
    if (this.#awaited !== 0 && ended - this.#awaited >= 0) {
      this.#awaited = 0;
      // Not at once: a sibling that is behind holds what is withdrawn. Or there is some, and never enough for all who ask.
      this.#vain += Atomics.load(this.#box, BOX.full) !== 0 ? FULL : 1;
      if (this.#vain > VAIN) {
        this.#vain = 0;
        return 0;
      }
    }
    // One that is under way may have passed by what came free since.
    if (this.#awaited === 0) this.#awaited = Atomics.load(this.#box, BOX.sweepsBegun) + 1;
    Atomics.store(this.#box, BOX.sweepWanted, 1);
    return this.#awaited;
  }
}

/** Has that sweep ended? */
export function hasSwept(box: Int32Array, sweep: number): boolean {
  return Atomics.load(box, BOX.sweepsEnded) - sweep >= 0;
}
