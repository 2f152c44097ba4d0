/**
 * Routes of the router itself: static ones, and aggregates of what others told (RFC 4271 9.2.2.2). Each is the best route of its
 * prefix, whatever neighbours tell of it. They stand in the memory of every blade alike, and in no column:
 *
 *   configuration ─→ static routes ───────────────────────────────┐
 *   best routes of neighbours, and static ones, as they change    ├─→ in the place of the best one ─→ export
 *        └─→ within an aggregate? counted there by ORIGIN ─→ some ┘
 *
 * So the internal iBGP does not know them: blades show each other what they would show without them. What is counted is the best route
 * of each prefix, which at rest is the same on all blades. It is counted where it changes, before anything else is done, so that a blade
 * that knows a route also knows what follows from it (a graft rests on that). An aggregate does not count in another one.
 */

import type { Fabric } from '../fabric/fabric.ts';
import { BOX } from '../fabric/layout.ts';
import { prefixIds } from '../fabric/memory.ts';
import { LENGTHS, ROW } from '../rib/attribute-row.ts';
import {
  type Aggregate,
  type LocalDefinition,
  NO_LOCAL_ROUTES,
  ownSource,
  PLACE,
  type Prefix,
} from '../rib/own-source.ts';
import { notePresence } from '../rib/presence.ts';
import { intern } from './originated.ts';

/** What is best without them. */
export interface Bests {
  known(id: number): boolean;
  bestAttribute(id: number): number;
}

interface Counted {
  readonly aggregate: Aggregate;
  /** -1: there was no room for its prefix. */
  id: number;
  readonly attributes: [number, number, number];
  /** Routes within, by ORIGIN. */
  readonly counts: [number, number, number];
  /** The one around it, or -1. */
  parent: number;
}

/** The worst ORIGIN of those within, + 1; 0: there is none. RFC 4271 9.2.2.2: INCOMPLETE, then EGP, then IGP. */
function stateOf([igp, egp, incomplete]: Counted['counts']): number {
  if (incomplete > 0) return 3;
  if (egp > 0) return 2;
  return igp > 0 ? 1 : 0;
}

export class LocalRoutes {
  definition: LocalDefinition = NO_LOCAL_ROUTES;
  /** There are some, or could be. */
  any = false;
  /** Best routes are counted. */
  counting = false;
  /** How many of them found no room in a table when it was last looked for. */
  lacking = 0;
  readonly #fabric: Fabric;
  readonly #bests: Bests;
  /** Something else is to be told of a prefix. */
  readonly #changed: (id: number) => void;
  /** AttrId by PrefixId: static routes, and aggregates that there are; 0: for want of room nothing is told, and not another route. */
  readonly #static = new Map<number, number>();
  readonly #aggregated = new Map<number, number>();
  /** PrefixIds of static routes, in their order; negative: there was no room. */
  #ids: number[] = [];
  #aggregates: Counted[] = [];
  /** Longest prefixes first: the first one that fits is the nearest. */
  #order: number[] = [];
  /** By PrefixId the aggregate that a route counts in, + 1, and in the two lowest bits its ORIGIN; 0: in none. */
  #within = new Uint32Array(0);
  #summaries = false;
  #hasNews = false;

  constructor(fabric: Fabric, bests: Bests, changed: (id: number) => void) {
    this.#fabric = fabric;
    this.#bests = bests;
    this.#changed = changed;
  }

  /** AttrId in the place of the best one; -1: it stands. 0: nothing is told. */
  attributeOf(id: number): number {
    const aggregated = this.#aggregated.get(id);
    const attribute = this.#static.get(id);
    if (attribute === undefined && aggregated !== undefined) return aggregated;
    return this.#isSuppressed(id) ? 0 : (attribute ?? -1);
  }

  /** Where that comes from, in the place of session + 1. */
  sourceOf(id: number): number {
    return ownSource(this.#fabric, this.#static.has(id) ? PLACE.static : PLACE.aggregate);
  }

  /** An aggregate stands for it, and is told alone. */
  #isSuppressed(id: number): boolean {
    if (!this.#summaries) return false;
    for (let at = ((this.#within[id] as number) >>> 2) - 1; at >= 0; ) {
      const { aggregate, parent } = this.#aggregates[at] as Counted;
      if (aggregate.summaryOnly) return true;
      at = parent;
    }
    return false;
  }

  /** What is new since this was last asked: for each aggregate 0, or the worst ORIGIN of what it stands for, + 1. */
  takeNews(): number[] | undefined {
    if (!this.#hasNews) return undefined;
    this.#hasNews = false;
    return this.#aggregates.map(({ counts }) => stateOf(counts));
  }

  /** Other ones hold from now on. Whatever is told otherwise by that is marked. `learn` finds bests that were forgotten. */
  replace(definition: LocalDefinition, learn: (id: number) => void): void {
    const before = this.#concerned();
    this.definition = definition;
    this.any = definition.key !== '';
    this.counting = definition.aggregates.length > 0;
    this.#summaries = definition.aggregates.some(({ summaryOnly }) => summaryOnly);
    this.#aggregates = definition.aggregates.map((aggregate) => ({
      aggregate,
      id: -1,
      attributes: [0, 0, 0],
      counts: [0, 0, 0],
      parent: -1,
    }));
    this.#order = this.#aggregates.map((_, i) => i);
    this.#order.sort((a, b) => this.#lengthOf(b) - this.#lengthOf(a));
    for (const counted of this.#aggregates) counted.parent = this.#around(counted.aggregate);
    this.#aggregated.clear();
    this.#intern();
    this.#countAll(learn);
    this.#hasNews ||= this.counting || before.size > 0;
    for (const id of this.#concerned()) before.add(id);
    for (const id of before) this.#changed(id);
  }

  /** Ids may be others' soon (fabric/phase.ts). */
  forget(): void {
    if (!this.any) return;
    const before = this.#ids;
    const ofAggregates = this.#aggregates.map(({ id }) => id);
    const had = this.#roomed();
    this.#intern();
    const has = this.#roomed();
    // What found no room before is there now, or the other way round.
    for (const id of has) if (!had.has(id)) this.#changed(id);
    for (const id of had) if (!has.has(id)) this.#changed(id);
    // And where ids have changed hands, the prefixes of the old and of the new id.
    const ids = [...this.#ids, ...this.#aggregates.map(({ id }) => id)];
    for (const [i, old] of [...before, ...ofAggregates].entries())
      if (ids[i] !== old) for (const id of [old, ids[i] as number]) if (id >= 0) this.#changed(id);
    if (!this.counting) return;
    // While all blades slept a static route that is told to nobody lost its id: it counts by the new one.
    const moved = this.#ids.map((id, i) => [before[i] as number, id] as const).filter(([a, b]) => a !== b);
    for (const [old] of moved) this.#uncount(old);
    for (const id of this.#ids) if (id >= 0) this.note(id);
    for (const [, id] of moved) if (id >= 0) this.#changed(id);
  }

  /** Those that there is a set for. */
  #roomed(): Set<number> {
    return new Set([...this.#static, ...this.#aggregated].filter(([, set]) => set !== 0).map(([id]) => id));
  }

  #uncount(id: number): void {
    const within = id < 0 ? 0 : (this.#within[id] as number);
    if (within === 0) return;
    this.#within[id] = 0;
    this.#count(within, -1);
  }

  /** The best route of a prefix is another one. */
  note(id: number): void {
    const before = this.#within[id] as number;
    const attribute = this.#static.get(id) ?? this.#bests.bestAttribute(id);
    if (attribute === 0) {
      if (before === 0) return;
      this.#within[id] = 0;
      this.#count(before, -1);
      return;
    }
    const aggregate = before === 0 ? this.#aroundId(id) + 1 : before >>> 2;
    if (aggregate === 0) return;
    const origin = ((this.#fabric.attributes.rows[attribute * ROW + LENGTHS] as number) >>> 16) & 3;
    const now = (aggregate << 2) | Math.min(origin, 2);
    if (now === before) return;
    this.#within[id] = now;
    this.#count(now, 1);
    if (before !== 0) this.#count(before, -1);
  }

  /**
   * The aggregates that the route of a prefix counts in, or would: a blade that looks at the prefix has looked at them, too, though
   * nothing came of it here. Another one may have told of something in between (a graft's log rests on that).
   */
  logAround(id: number, log: { add(id: number): void }): void {
    const within = this.#within[id] as number;
    for (let at = within === 0 ? this.#aroundId(id) : (within >>> 2) - 1; at >= 0; ) {
      const counted = this.#aggregates[at] as Counted;
      if (counted.id >= 0) log.add(counted.id);
      at = counted.parent;
    }
  }

  #count(within: number, more: number): void {
    const origin = within & 3;
    for (let at = (within >>> 2) - 1; at >= 0; ) {
      const counted = this.#aggregates[at] as Counted;
      const state = stateOf(counted.counts);
      counted.counts[origin] = (counted.counts[origin] as number) + more;
      if (stateOf(counted.counts) !== state) this.#settle(counted);
      at = counted.parent;
    }
  }

  /** An aggregate is there, or is not, or has another ORIGIN. */
  #settle({ id, attributes, counts }: Counted): void {
    if (id < 0) return;
    const state = stateOf(counts);
    if (state === 0) this.#aggregated.delete(id);
    else this.#aggregated.set(id, attributes[state - 1] as number);
    this.#hasNews = true;
    this.#changed(id);
  }

  /** Gives every route its ids, which nobody takes from it as long as this is done in every phase of the dictionaries. */
  #intern(): void {
    const fabric = this.#fabric;
    this.lacking = 0;
    const set = (bytes: Uint8Array): number => {
      const attribute = fabric.attributes.intern(bytes, 0, bytes.length);
      if (attribute === 0) this.#lacks();
      return attribute;
    };
    const prefix = (route: Prefix, place: number): number => {
      const id = intern(fabric, route);
      if (id < 0) this.#lacks();
      else notePresence(fabric, ownSource(fabric, place) - 1, id);
      return id;
    };
    this.#static.clear();
    this.#ids = this.definition.routes.map((route) => prefix(route, PLACE.static));
    for (const [i, route] of this.definition.routes.entries()) {
      const id = this.#ids[i] as number;
      if (id >= 0) this.#static.set(id, set(route.set));
    }
    this.#aggregated.clear();
    for (const counted of this.#aggregates) {
      counted.id = prefix(counted.aggregate, PLACE.aggregate);
      counted.aggregate.sets.forEach((bytes, origin) => {
        counted.attributes[origin] = set(bytes);
      });
      const state = stateOf(counted.counts);
      if (counted.id >= 0 && state !== 0)
        this.#aggregated.set(counted.id, counted.attributes[state - 1] as number);
    }
  }

  /** It is looked for again after the next sweep. */
  #lacks(): void {
    this.lacking++;
    Atomics.store(this.#fabric.box, BOX.untold, 1);
  }

  #countAll(learn: (id: number) => void): void {
    this.#within = new Uint32Array(this.counting ? prefixIds(this.#fabric.options) : 0);
    if (!this.counting) return;
    const { prefixes } = this.#fabric;
    for (const [from, to] of [
      [0, prefixes.used4()],
      [prefixes.base6, prefixes.used6()],
    ] as const) {
      for (let id = from; id < to; id++) {
        if (!this.#bests.known(id)) learn(id);
        this.note(id);
      }
    }
  }

  /** Prefixes of which something is told otherwise than without these routes. */
  #concerned(): Set<number> {
    const ids = new Set([...this.#static.keys(), ...this.#aggregated.keys()]);
    if (this.#summaries)
      for (let id = 0; id < this.#within.length; id++) if (this.#isSuppressed(id)) ids.add(id);
    return ids;
  }

  #lengthOf(at: number): number {
    return (this.#aggregates[at] as Counted).aggregate.length;
  }

  #aroundId(id: number): number {
    const { prefixes } = this.#fabric;
    const { base6, keys6 } = prefixes;
    if (id < base6) return this.#find(false, [prefixes.address4(id)], 0, prefixes.length4(id));
    const at = (id - base6) * 5;
    return this.#find(true, keys6, at, keys6[at + 4] as number);
  }

  #around({ ipv6, words, length }: Prefix): number {
    return this.#find(ipv6, words, 0, length);
  }

  /** The longest aggregate that the prefix whose words stand there is more specific than; -1: none. */
  #find(ipv6: boolean, words: ArrayLike<number>, at: number, length: number): number {
    for (let i = 0; i < this.#order.length; i++) {
      const index = this.#order[i] as number;
      const { aggregate } = this.#aggregates[index] as Counted;
      if (aggregate.length >= length || aggregate.ipv6 !== ipv6) continue;
      if (contains(aggregate, words, at)) return index;
    }
    return -1;
  }
}

function contains({ words, length }: Prefix, of: ArrayLike<number>, at: number): boolean {
  for (let word = 0; word * 32 < length; word++) {
    const bits = Math.min(32, length - word * 32);
    if (((words[word] as number) ^ (of[at + word] as number)) >>> (32 - bits) !== 0) return false;
  }
  return true;
}
