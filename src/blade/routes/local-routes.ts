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
 *
 * Another definition with the same aggregates holds at once; else it is a walk over all prefixes, some in each turn, and so is what follows:
 *
 *   ordered ─→ best routes are counted for it, by the walk and where they change; the old one holds ─→ it holds ─→ what stood behind an
 *   aggregate, and does no longer, or does now, is marked to be told
 */

import type { Fabric } from '../../fabric/fabric.ts';
import {
  type Aggregate,
  type LocalDefinition,
  NO_LOCAL_ROUTES,
  ownSource,
  type Prefix,
} from '../../rib/own-source.ts';
import type { AggregateCounts } from './aggregate-counts.ts';
import { type Bests, DefinedRoutes } from './defined-routes.ts';

/** Prefixes passed over in the time that one takes which is evaluated or marked. */
const DEAR = 8;

export class LocalRoutes {
  /** There are some, or could be. */
  any = false;
  /** Best routes are counted. */
  counting = false;
  readonly #fabric: Fabric;
  readonly #bests: Bests;
  /** Something else is to be told of a prefix. */
  readonly #changed: (id: number) => void;
  #now: DefinedRoutes;
  /** Counted for, and not yet in force. */
  #next: DefinedRoutes | undefined;
  /** What stood behind aggregates when the last one ceased to hold, while it is looked for what has to be told otherwise since. */
  #before: AggregateCounts | undefined;
  /** Where the walk stands. */
  #cursor = 0;
  /** Finds bests that were forgotten. */
  #learn: (id: number) => void = () => {};

  constructor(fabric: Fabric, bests: Bests, changed: (id: number) => void) {
    this.#fabric = fabric;
    this.#bests = bests;
    this.#changed = changed;
    this.#now = new DefinedRoutes(fabric, bests, NO_LOCAL_ROUTES);
    this.#now.hasNews = false;
    this.#now.changed = changed;
  }

  /**
   * Equal keys, equal routes told. While it is looked for what has to be told otherwise, it is nobody else's: whoever takes a session over looks
   * at everything.
   */
  get key(): string {
    const { key } = this.definition;
    return this.#before === undefined ? key : `${key}/marked by ${this.#fabric.thread}`;
  }

  /** What holds. */
  get definition(): LocalDefinition {
    return this.#now.definition;
  }

  /** Other ones are to hold, or do since lately: what was ordered is not done. */
  get walking(): boolean {
    return this.#next !== undefined || this.#before !== undefined;
  }

  get lacking(): number {
    return this.#now.lacking;
  }

  /** AttrId in the place of the best one; -1: it stands. 0: nothing is told. */
  attributeOf(id: number): number {
    return this.#now.attributeOf(id);
  }

  /** Where that comes from, in the place of session + 1. */
  sourceOf(id: number): number {
    return ownSource(this.#fabric, this.#now.placeOf(id));
  }

  /** What is new since this was last asked: for each aggregate 0, or the worst ORIGIN of what it stands for, + 1. */
  takeNews(): { readonly key: string; readonly states: readonly number[] } | undefined {
    const { hasNews, states, definition } = this.#now;
    if (!hasNews) return undefined;
    this.#now.hasNews = false;
    return { key: definition.key, states };
  }

  /** They hold from the start, before anybody is told anything. */
  begin(definition: LocalDefinition): void {
    this.replace(definition, () => {});
    while (this.work(Number.POSITIVE_INFINITY));
  }

  /** Other ones are to hold, and do once `work` has come to that. `learn` finds bests that were forgotten. */
  replace(definition: LocalDefinition, learn: (id: number) => void): void {
    this.#learn = learn;
    this.#next = undefined;
    if (this.#before === undefined) this.#cursor = 0;
    if (definition.key !== this.#now.definition.key) {
      if (sameAggregates(definition.aggregates, this.#now.definition.aggregates)) {
        this.#now.redefine(definition);
        this.#now.hasNews = true;
      } else this.#next = new DefinedRoutes(this.#fabric, this.#bests, definition);
    }
    this.#noteKind();
  }

  /** Goes on; looks at about so many prefixes. True when there is more to do. */
  work(steps: number): boolean {
    if (this.#before !== undefined) {
      if (!this.#walk(steps, this.#mark)) return true;
      this.#before = undefined;
      this.#cursor = 0;
      return this.#next !== undefined;
    }
    const next = this.#next;
    if (next === undefined) return false;
    if (next.counts.any && !this.#walk(steps, this.#count)) return true;
    this.#switchTo(next);
    return this.#before !== undefined;
  }

  #switchTo(next: DefinedRoutes): void {
    const last = this.#now;
    last.changed = undefined;
    next.changed = this.#changed;
    next.hasNews = true;
    this.#now = next;
    this.#next = undefined;
    this.#cursor = 0;
    if (last.counts.summaries || next.counts.summaries) this.#before = last.counts;
    this.#noteKind();
    for (const id of new Set([...last.ids, ...next.ids])) this.#changed(id);
  }

  #noteKind(): void {
    this.any = this.#now.definition.key !== '';
    this.counting = this.#now.counts.any || this.#next?.counts.any === true;
  }

  /** Of some prefixes; true at the end of all. */
  #walk(steps: number, look: (id: number) => boolean): boolean {
    const { prefixes } = this.#fabric;
    const [used4, end] = [prefixes.used4(), prefixes.used6()];
    let id = this.#cursor;
    for (let left = steps; left > 0; id++) {
      if (id >= used4 && id < prefixes.base6) id = prefixes.base6;
      if (id >= end) return true;
      left -= look(id) ? DEAR : 1;
    }
    this.#cursor = id;
    return false;
  }

  readonly #count = (id: number): boolean => {
    const known = this.#bests.known(id);
    if (!known) this.#learn(id);
    this.#next?.note(id);
    return !known;
  };

  /** What changes otherwise in the meantime is marked by that. */
  readonly #mark = (id: number): boolean => {
    if (this.#before?.isSuppressed(id) === this.#now.counts.isSuppressed(id)) return false;
    this.#changed(id);
    return true;
  };

  /** Ids may be others' soon (fabric/phase.ts). */
  forget(): void {
    if (this.any) this.#now.forget();
    this.#next?.forget();
  }

  /** The best route of a prefix is another one. */
  note(id: number): void {
    this.#now.note(id);
    this.#next?.note(id);
  }

  /**
   * The aggregates that the route of a prefix counts in, or would: a blade that looks at the prefix has looked at them, too, though
   * nothing came of it here. Another one may have told of something in between (a graft's log rests on that).
   */
  logAround(id: number, log: { add(id: number): void }): void {
    this.#now.counts.logAround(id, log);
  }
}

function sameAggregates(some: readonly Aggregate[], others: readonly Aggregate[]): boolean {
  return some.length === others.length && some.every((one, i) => same(one, others[i] as Aggregate));
}

function same(one: Aggregate, other: Aggregate): boolean {
  const place = ({ words, length, ipv6, summaryOnly }: Prefix & { readonly summaryOnly: boolean }): string =>
    `${words}/${length} ${ipv6} ${summaryOnly}`;
  return place(one) === place(other) && `${one.sets.map(String)}` === `${other.sets.map(String)}`;
}
