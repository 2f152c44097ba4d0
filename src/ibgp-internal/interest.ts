/**
 * What a blade wants to be told of: rule 7 of the internal iBGP (README.md in this folder). Whoever tells somebody wants to know of every
 * prefix; who tells nobody, only of those that one of its own sessions may have a route for. It says so in a word that siblings read.
 *
 *   -1: all, or the buckets of its own sessions (rib/presence.ts): a record goes to it only if the prefix's marks have one of them
 *
 * What the blade keeps in its Loc-RIB is at any time a part of what it is told of, so that a best that is known is right:
 *
 *   wider      at once, before anything is read by it. What was not kept is unknown; and as nobody has written down what was never told,
 *              "none" is doubted until a walk over all prefixes has made it unknown where somebody may have a route
 *   narrower   nothing more is kept of what is to go ─→ a walk over all prefixes forgets it ─→ the word says so
 *
 * Nothing is missed in between, as each side writes before it reads: a sibling its routes, then (behind a fence) the words and marks; a
 * blade its word or mark, then the siblings' routes. test/ibgp-internal/interest-model.ts tries all orders of these steps.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_WORD } from '../fabric/layout.ts';
import type { Evaluator } from './evaluate.ts';

/** Of every prefix. */
export const ALL = -1;

/** What is done on the way. */
type Walk = 'forgetting' | 'confirming' | undefined;

export class Interest {
  readonly #fabric: Fabric;
  readonly #blade: number;
  readonly #evaluator: Evaluator;
  /** The word that siblings read. */
  #told = ALL;
  #walk: Walk;
  #cursor = 0;

  constructor(fabric: Fabric, blade: number, evaluator: Evaluator) {
    this.#fabric = fabric;
    this.#blade = blade;
    this.#evaluator = evaluator;
    this.#publish();
  }

  /** From now on of these, too. */
  widen(buckets: number): void {
    const evaluator = this.#evaluator;
    const keeps = evaluator.keeps | buckets;
    if (keeps === evaluator.keeps) return;
    evaluator.keeps = keeps;
    this.#told |= keeps;
    this.#publish();
    if (keeps !== ALL) return;
    this.#walk = evaluator.doubts ? 'confirming' : undefined;
    this.#cursor = 0;
  }

  /** Goes on towards what is wanted now; looks at so many prefixes. True: there is more to do. */
  work(wanted: number, steps: number): boolean {
    const evaluator = this.#evaluator;
    this.widen(wanted);
    if (wanted !== evaluator.keeps) {
      evaluator.keeps = wanted;
      evaluator.doubts = true;
      this.#walk = 'forgetting';
      this.#cursor = 0;
    }
    if (this.#walk === undefined) return false;
    if (!this.#step(this.#walk, steps)) return true;
    if (this.#walk === 'confirming') evaluator.doubts = false;
    else {
      this.#told = evaluator.keeps;
      this.#publish();
    }
    this.#walk = undefined;
    return false;
  }

  /** True at the end of all prefixes. */
  #step(walk: Walk, steps: number): boolean {
    const evaluator = this.#evaluator;
    const { prefixes } = this.#fabric;
    const used4 = prefixes.used4();
    const end = prefixes.used6();
    let id = this.#cursor;
    for (; steps > 0; steps--, id++) {
      if (id >= used4 && id < prefixes.base6) id = prefixes.base6;
      if (id >= end) return true;
      if (walk === 'confirming') evaluator.doubt(id);
      else evaluator.forgetUnkept(id);
    }
    this.#cursor = id;
    return false;
  }

  /** What is read from here on was written before anybody read the word that stood here. */
  #publish(): void {
    this.#fabric.setBladeWord(this.#blade, BLADE_WORD.interest, this.#told);
    this.#fabric.bladeWord(this.#blade, BLADE_WORD.interest);
  }
}
