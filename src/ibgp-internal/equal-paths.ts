/**
 * The routes of a prefix that are used together (ECMP): those that the decision process finds as good as the best one up to the
 * interior cost (RFC 4271 9.1.2.2 e), and separates from it only because it has to name one.
 *
 *   all that the blade sees ─→ equal up to e ─→ of the same AS, or AS_PATH ─→ each next hop once ─→ the first so many ─→ a bit each
 *
 * The bit stands in the route's word, and a blade marks its own ones; while this is on, blades show each other all feasible routes
 * (rule 6), so that all find the same set. Nothing is decided by the mark, so that it needs no record.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../fabric/layout.ts';
import { decideFor, isTieBreak, STEP } from '../rib/decision.ts';
import { comesSameWay, mostTogether, sameNextHop } from '../rib/multipath.ts';
import { hasMed } from '../rib/presence.ts';
import { MULTIPATH } from '../rib/route-word.ts';
import type { Ranking } from './ranking.ts';

export class EqualPaths {
  /** What is in force (rib/multipath.ts); 0: nothing, and nothing was ever marked. */
  word = 0;
  readonly #fabric: Fabric;
  readonly #ranking: Ranking;
  readonly #mine: Uint8Array;
  /** Those that are used, in the order in which they would be chosen. */
  #count = 0;
  readonly #source: Int32Array;
  readonly #attribute: Int32Array;

  constructor(fabric: Fabric, ranking: Ranking, mine: Uint8Array) {
    this.#fabric = fabric;
    this.#ranking = ranking;
    this.#mine = mine;
    this.#source = new Int32Array(mine.length);
    this.#attribute = new Int32Array(mine.length);
  }

  /** Marks the blade's own routes of a prefix; the best one is of this source, -1: there is none. */
  mark(id: number, best: number, bestAttribute: number): void {
    const ranking = this.#ranking;
    const { columns } = this.#fabric;
    ranking.gather(id);
    this.#choose(id, best, bestAttribute);
    for (let i = 0; i < ranking.count; i++) {
      const source = ranking.source[i] as number;
      if (this.#mine[source] !== 1) continue;
      const word = columns.get(source, id);
      const marked = this.#count > 1 && this.#uses(source) ? word | MULTIPATH : word & ~MULTIPATH;
      if (marked !== word) columns.set(source, id, marked);
    }
  }

  #choose(id: number, best: number, bestAttribute: number): void {
    this.#count = 0;
    if (best < 0) return;
    const fabric = this.#fabric;
    const external = (fabric.session(best, SESSION.flags) & SESSION_FLAG.external) !== 0;
    const most = mostTogether(this.word, external);
    if (most < 2) return;
    const ranking = this.#ranking;
    for (let i = 0; i < ranking.count; i++) {
      const attribute = ranking.attribute[i] as number;
      const source = ranking.source[i] as number;
      if (!isTieBreak(decideFor(fabric, id, bestAttribute, best, attribute, source))) continue;
      if (!comesSameWay(fabric, this.word, bestAttribute, attribute, external)) continue;
      if (!this.#losesOnMed(id, i)) this.#insert(id, attribute, source);
    }
    this.#eachNextHopOnce(id);
    this.#count = Math.min(this.#count, most);
  }

  /** In order: of those that are left, ties are broken by steps that make a total order. */
  #insert(id: number, attribute: number, source: number): void {
    let at = this.#count++;
    for (; at > 0; at--) {
      const [other, from] = [this.#attribute[at - 1] as number, this.#source[at - 1] as number];
      if (decideFor(this.#fabric, id, attribute, source, other, from) < 0) break;
      this.#attribute[at] = other;
      this.#source[at] = from;
    }
    this.#attribute[at] = attribute;
    this.#source[at] = source;
  }

  /** RFC 4271 9.1.2.2 c: another one of its neighbour AS, that the best one is not compared with, is better. */
  #losesOnMed(id: number, i: number): boolean {
    if (!hasMed(this.#fabric, id)) return false;
    const { count, attribute, source } = this.#ranking;
    const [a, sa] = [attribute[i] as number, source[i] as number];
    for (let j = 0; j < count; j++) {
      const step = decideFor(this.#fabric, id, a, sa, attribute[j] as number, source[j] as number);
      if (step === -STEP.med) return true;
    }
    return false;
  }

  #eachNextHopOnce(id: number): void {
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      const attribute = this.#attribute[i] as number;
      let other = 0;
      while (other < kept && !sameNextHop(this.#fabric, id, attribute, this.#attribute[other] as number))
        other++;
      if (other < kept) continue;
      this.#attribute[kept] = attribute;
      this.#source[kept++] = this.#source[i] as number;
    }
    this.#count = kept;
  }

  #uses(source: number): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#source[i] === source) return true;
    return false;
  }
}
