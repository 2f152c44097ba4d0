/**
 * How much a blade is told. Whoever tells somebody routes, or logs for a graft, has to know the best of all; everybody else is told only of
 * prefixes of which it has a route itself (rule 7 of the internal iBGP, ibgp-internal/interest.ts).
 */
import type { Fabric } from '../../fabric/fabric.ts';
import type { Evaluator } from '../../ibgp-internal/evaluate.ts';
import { ALL, Interest } from '../../ibgp-internal/interest.ts';
import { bucketBit, PRESENT } from '../../rib/presence.ts';
import type { Limits } from '../limits.ts';

export class Attention {
  /** All was needed until lately, and is still heard of: until then, milliseconds; else Infinity. */
  until = Infinity;
  readonly #fabric: Fabric;
  readonly #evaluator: Evaluator;
  readonly #interest: Interest;
  /** When all was needed last, milliseconds. */
  #neededAt = -Infinity;

  constructor(fabric: Fabric, blade: number, evaluator: Evaluator) {
    this.#fabric = fabric;
    this.#evaluator = evaluator;
    this.#interest = new Interest(fabric, blade, evaluator);
  }

  /** The blade serves this session from now on. */
  widenTo(session: number): void {
    const fabric = this.#fabric;
    for (let lane = 0; lane < fabric.sourceCount(session); lane++)
      this.#interest.widen(bucketBit(fabric.sourceAt(session, lane)));
  }

  /** Somebody is to be told routes, or may be: the blade has to know all from now on. */
  widenToAll(): void {
    this.#interest.widen(ALL);
  }

  /**
   * Goes on towards knowing no more than is needed. `all`: all is; `settled`: nothing is left to be found of what blades that are gone did not
   * tell any more; `now`: milliseconds. True when more is to be done.
   */
  work(all: boolean, settled: boolean, limits: Limits, now: number): boolean {
    const evaluator = this.#evaluator;
    // What is walked in one step is not worth it: at start blades rehearse grafts, and all would be told everything of a first table.
    if (all && this.#known > limits.walk) this.#neededAt = now;
    const needsAll = all || now < this.#neededAt + limits.attentive;
    this.until = needsAll && !all ? this.#neededAt + limits.attentive : Infinity;
    const wanted = needsAll || evaluator.ownBuckets === PRESENT ? ALL : evaluator.ownBuckets;
    return this.#interest.work(settled ? wanted : wanted | evaluator.keeps, limits.walk);
  }

  /** Ids that a walk over all prefixes looks at. */
  get #known(): number {
    const { prefixes } = this.#fabric;
    return prefixes.used4() + prefixes.used6() - prefixes.base6;
  }
}
