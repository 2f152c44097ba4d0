/**
 * All routes of a prefix that a blade sees, best first, for neighbours that are told more than the best one. While somebody in
 * the box is, blades show each other all feasible routes (rule 6 in the README of this folder), so that each ranks the same ones.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { NEIGHBOR_AS, ROW } from '../rib/attribute-row.ts';
import { decideFor } from '../rib/decision.ts';
import { BUCKETS, firstOf, hasMed, presentIn } from '../rib/presence.ts';
import { feasible, visible } from '../rib/route-word.ts';

export class Ranking {
  count = 0;
  readonly source: Int32Array;
  readonly attribute: Int32Array;
  readonly #fabric: Fabric;
  readonly #mine: Uint8Array;

  /** `mine`: 1 for sources whose home the blade is. */
  constructor(fabric: Fabric, mine: Uint8Array) {
    this.#fabric = fabric;
    this.#mine = mine;
    this.source = new Int32Array(mine.length);
    this.attribute = new Int32Array(mine.length);
  }

  /** Finds them, in no order. */
  gather(id: number): void {
    const { sessionLimit, laneLimit, options } = this.#fabric;
    this.count = 0;
    const present = presentIn(this.#fabric, id);
    for (let buckets = present; buckets !== 0; buckets &= buckets - 1) {
      const bucket = 31 - Math.clz32(buckets & -buckets);
      this.#look(id, bucket, sessionLimit);
      this.#look(id, firstOf(bucket, options.sessions), laneLimit);
    }
  }

  #look(id: number, first: number, end: number): void {
    const { columns } = this.#fabric;
    for (let source = first; source < end; source += BUCKETS) {
      const word = columns.get(source, id);
      const attribute = this.#mine[source] === 1 ? feasible(word) : visible(word);
      if (attribute === 0) continue;
      this.source[this.count] = source;
      this.attribute[this.count++] = attribute;
    }
  }

  /** Puts the best of those from a place on there: the next in rank is the best of what is left. */
  promote(id: number, place: number): void {
    const med = hasMed(this.#fabric, id);
    let best = -1;
    for (let i = place; i < this.count; i++) {
      if (med && !this.#leads(id, i, place)) continue;
      if (best < 0 || this.#beats(id, i, best)) best = i;
    }
    for (const column of [this.source, this.attribute]) {
      const held = column[place] as number;
      column[place] = column[best] as number;
      column[best] = held;
    }
  }

  /** It is the best of its neighbour AS: MED decides among these only. */
  #leads(id: number, i: number, from: number): boolean {
    const { rows } = this.#fabric.attributes;
    const as = rows[(this.attribute[i] as number) * ROW + NEIGHBOR_AS];
    for (let j = from; j < this.count; j++) {
      if (rows[(this.attribute[j] as number) * ROW + NEIGHBOR_AS] !== as) continue;
      if (j !== i && this.#beats(id, j, i)) return false;
    }
    return true;
  }

  #beats(id: number, i: number, j: number): boolean {
    const { source, attribute } = this;
    const [a, sa] = [attribute[i] as number, source[i] as number];
    return decideFor(this.#fabric, id, a, sa, attribute[j] as number, source[j] as number) > 0;
  }
}
