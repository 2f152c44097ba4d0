/**
 * For each aggregate, how many of the best routes are more specific than it, by ORIGIN (RFC 4271 9.2.2.2). Each route counts in the nearest one
 * around it, and in those around that one; which one that is is looked for once for a route: by length, longest first, in a table.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { prefixIds } from '../../fabric/memory.ts';
import { LENGTHS, ROW } from '../../rib/attribute-row.ts';
import type { Aggregate, Prefix } from '../../rib/own-source.ts';

export interface Counted {
  readonly aggregate: Aggregate;
  /** -1: there was no room for its prefix. */
  id: number;
  readonly attributes: [number, number, number];
  /** Routes within, by ORIGIN. */
  readonly counts: [number, number, number];
  /** The one around it, or -1. */
  parent: number;
}

/** Of one family and length, by what their words come to: several can come to the same. */
interface OfLength {
  readonly length: number;
  readonly places: Map<number, number[]>;
}

/** The worst ORIGIN of those within, + 1; 0: there is none. RFC 4271 9.2.2.2: INCOMPLETE, then EGP, then IGP. */
export function stateOf([igp, egp, incomplete]: Counted['counts']): number {
  if (incomplete > 0) return 3;
  if (egp > 0) return 2;
  return igp > 0 ? 1 : 0;
}

export class AggregateCounts {
  readonly all: readonly Counted[];
  /** Some are told in the place of what is within them. */
  readonly summaries: boolean;
  readonly #fabric: Fabric;
  /** An aggregate is there, or is not, or has another ORIGIN. */
  readonly #settled: (counted: Counted) => void;
  /** By PrefixId the aggregate that a route counts in, + 1, and in the two lowest bits its ORIGIN; 0: in none. */
  readonly #within: Uint32Array;
  readonly #ofIpv4: readonly OfLength[];
  readonly #ofIpv6: readonly OfLength[];
  readonly #address = new Uint32Array(1);

  constructor(fabric: Fabric, aggregates: readonly Aggregate[], settled: (counted: Counted) => void) {
    this.#fabric = fabric;
    this.#settled = settled;
    this.all = aggregates.map((aggregate) => ({
      aggregate,
      id: -1,
      attributes: [0, 0, 0],
      counts: [0, 0, 0],
      parent: -1,
    }));
    this.summaries = aggregates.some(({ summaryOnly }) => summaryOnly);
    this.#within = new Uint32Array(this.any ? prefixIds(fabric.options) : 0);
    this.#ofIpv4 = byLength(aggregates, false);
    this.#ofIpv6 = byLength(aggregates, true);
    for (const counted of this.all) {
      const { ipv6, words, length } = counted.aggregate;
      counted.parent = this.#find(ipv6, words, 0, length);
    }
  }

  get any(): boolean {
    return this.all.length > 0;
  }

  /** An aggregate stands for what counts there, and is told alone. */
  isSuppressed(id: number): boolean {
    if (!this.summaries) return false;
    for (let at = ((this.#within[id] as number) >>> 2) - 1; at >= 0; ) {
      const { aggregate, parent } = this.all[at] as Counted;
      if (aggregate.summaryOnly) return true;
      at = parent;
    }
    return false;
  }

  /** The best route of a prefix has this set; 0: there is none. */
  note(id: number, attribute: number): void {
    if (attribute === 0) {
      this.forget(id);
      return;
    }
    const before = this.#within[id] as number;
    const aggregate = before === 0 ? this.#around(id) + 1 : before >>> 2;
    if (aggregate === 0) return;
    const origin = ((this.#fabric.attributes.rows[attribute * ROW + LENGTHS] as number) >>> 16) & 3;
    const now = (aggregate << 2) | Math.min(origin, 2);
    if (now === before) return;
    this.#within[id] = now;
    this.#count(now, 1);
    if (before !== 0) this.#count(before, -1);
  }

  forget(id: number): void {
    const before = this.#within[id] as number;
    if (before === 0) return;
    this.#within[id] = 0;
    this.#count(before, -1);
  }

  /** The aggregates that the route of a prefix counts in, or would. */
  logAround(id: number, log: { add(id: number): void }): void {
    const within = this.#within[id] as number;
    for (let at = within === 0 ? this.#around(id) : (within >>> 2) - 1; at >= 0; ) {
      const counted = this.all[at] as Counted;
      if (counted.id >= 0) log.add(counted.id);
      at = counted.parent;
    }
  }

  #count(within: number, more: number): void {
    const origin = within & 3;
    for (let at = (within >>> 2) - 1; at >= 0; ) {
      const counted = this.all[at] as Counted;
      const state = stateOf(counted.counts);
      counted.counts[origin] = (counted.counts[origin] as number) + more;
      if (stateOf(counted.counts) !== state) this.#settled(counted);
      at = counted.parent;
    }
  }

  #around(id: number): number {
    const { prefixes } = this.#fabric;
    const { base6, keys6 } = prefixes;
    if (id < base6) {
      this.#address[0] = prefixes.address4(id);
      return this.#find(false, this.#address, 0, prefixes.length4(id));
    }
    const at = (id - base6) * 5;
    return this.#find(true, keys6, at, keys6[at + 4] as number);
  }

  /** The longest aggregate that the prefix whose words stand there is more specific than; -1: none. */
  #find(ipv6: boolean, words: ArrayLike<number>, at: number, length: number): number {
    const lengths = ipv6 ? this.#ofIpv6 : this.#ofIpv4;
    for (let i = 0; i < lengths.length; i++) {
      const { length: shorter, places } = lengths[i] as OfLength;
      if (shorter >= length) continue;
      const found = places.get(keyOf(words, at, shorter));
      if (found === undefined) continue;
      for (const index of found)
        if (contains((this.all[index] as Counted).aggregate, words, at)) return index;
    }
    return -1;
  }
}

/** The longest first. */
function byLength(aggregates: readonly Aggregate[], ipv6: boolean): OfLength[] {
  const lengths = new Map<number, OfLength>();
  for (const [index, aggregate] of aggregates.entries()) {
    if (aggregate.ipv6 !== ipv6) continue;
    const { length, words } = aggregate;
    const { places } = lengths.get(length) ?? { places: new Map<number, number[]>() };
    const key = keyOf(words, 0, length);
    places.set(key, [...(places.get(key) ?? []), index]);
    lengths.set(length, { length, places });
  }
  return [...lengths.values()].sort((a, b) => b.length - a.length);
}

/** Of the first so many bits of the words there. */
function keyOf(words: ArrayLike<number>, at: number, length: number): number {
  let key = 0;
  for (let word = 0; word * 32 < length; word++) {
    const bits = Math.min(32, length - word * 32);
    key = Math.imul(key, 0x01000193) ^ ((words[at + word] as number) & (-1 << (32 - bits)));
  }
  return key;
}

function contains({ words, length }: Prefix, of: ArrayLike<number>, at: number): boolean {
  for (let word = 0; word * 32 < length; word++) {
    const bits = Math.min(32, length - word * 32);
    if (((words[word] as number) ^ (of[at + word] as number)) >>> (32 - bits) !== 0) return false;
  }
  return true;
}
