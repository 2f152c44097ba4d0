/** Routes of the router itself as one definition has them (local-routes.ts): their ids and attributes, and what is counted for aggregates. */
import type { Fabric } from '../../fabric/fabric.ts';
import { BOX } from '../../fabric/layout.ts';
import { type LocalDefinition, ownSource, PLACE, type Prefix } from '../../rib/own-source.ts';
import { notePresence } from '../../rib/presence.ts';
import { intern } from '../telling/originated.ts';
import { AggregateCounts, type Counted, stateOf } from './aggregate-counts.ts';

/** What is best without them. */
export interface Bests {
  known(id: number): boolean;
  bestAttribute(id: number): number;
}

export class DefinedRoutes {
  definition: LocalDefinition;
  readonly counts: AggregateCounts;
  /** How many of them found no room in a table when it was last looked for. */
  lacking = 0;
  /** Something else is to be told of a prefix; undefined: they are not in force. */
  changed: ((id: number) => void) | undefined;
  /** An aggregate has come, or gone, or has another ORIGIN. */
  hasNews = true;
  readonly #fabric: Fabric;
  readonly #bests: Bests;
  /** AttrId by PrefixId: static routes, and aggregates that there are; 0: for want of room nothing is told, and not another route. */
  readonly #static = new Map<number, number>();
  readonly #aggregated = new Map<number, number>();
  /** PrefixIds of static routes, in their order; negative: there was no room. */
  #ids: number[] = [];

  constructor(fabric: Fabric, bests: Bests, definition: LocalDefinition) {
    this.#fabric = fabric;
    this.#bests = bests;
    this.definition = definition;
    this.counts = new AggregateCounts(fabric, definition.aggregates, (counted) => this.#settle(counted));
    this.#intern();
  }

  /** AttrId in the place of the best one; -1: it stands. 0: nothing is told. */
  attributeOf(id: number): number {
    const aggregated = this.#aggregated.get(id);
    const attribute = this.#static.get(id);
    if (attribute === undefined && aggregated !== undefined) return aggregated;
    return this.counts.isSuppressed(id) ? 0 : (attribute ?? -1);
  }

  placeOf(id: number): number {
    return this.#static.has(id) ? PLACE.static : PLACE.aggregate;
  }

  /** Prefixes that have one, or may: another blade may have told of an aggregate that was there for a moment. */
  get ids(): number[] {
    return [...this.#static.keys(), ...this.counts.all.map(({ id }) => id).filter((id) => id >= 0)];
  }

  /** For each aggregate 0, or the worst ORIGIN of what it stands for, + 1. */
  get states(): number[] {
    return this.counts.all.map(({ counts }) => stateOf(counts));
  }

  /** The best route of a prefix is another one. */
  note(id: number): void {
    if (this.counts.any) this.counts.note(id, this.#static.get(id) ?? this.#bests.bestAttribute(id));
  }

  /** Other static routes beside the same aggregates: what is counted holds on. */
  redefine(definition: LocalDefinition): void {
    const before = new Map(this.#static);
    this.definition = definition;
    this.#intern();
    for (const id of new Set([...before.keys(), ...this.#static.keys()])) {
      if (before.get(id) === this.#static.get(id)) continue;
      this.note(id);
      this.changed?.(id);
    }
  }

  /** Ids may be others' soon (fabric/phase.ts). */
  forget(): void {
    const before = this.#ids;
    const ofAggregates = this.counts.all.map(({ id }) => id);
    const had = this.#roomed();
    this.#intern();
    const has = this.#roomed();
    // What found no room before is there now, or the other way round.
    for (const id of has) if (!had.has(id)) this.changed?.(id);
    for (const id of had) if (!has.has(id)) this.changed?.(id);
    // And where ids have changed hands, the prefixes of the old and of the new id.
    const ids = [...this.#ids, ...this.counts.all.map(({ id }) => id)];
    for (const [i, old] of [...before, ...ofAggregates].entries())
      if (ids[i] !== old) for (const id of [old, ids[i] as number]) if (id >= 0) this.changed?.(id);
    if (!this.counts.any) return;
    // While all blades slept a static route that is told to nobody lost its id: it counts by the new one.
    const moved = this.#ids.map((id, i) => [before[i] as number, id] as const).filter(([a, b]) => a !== b);
    for (const [old] of moved) if (old >= 0) this.counts.forget(old);
    for (const id of this.#ids) if (id >= 0) this.note(id);
    for (const [, id] of moved) if (id >= 0) this.changed?.(id);
  }

  /** Those that there is a set for. */
  #roomed(): Set<number> {
    return new Set([...this.#static, ...this.#aggregated].filter(([, set]) => set !== 0).map(([id]) => id));
  }

  /** An aggregate is there, or is not, or has another ORIGIN. */
  #settle({ id, attributes, counts }: Counted): void {
    if (id < 0) return;
    const state = stateOf(counts);
    if (state === 0) this.#aggregated.delete(id);
    else this.#aggregated.set(id, attributes[state - 1] as number);
    this.hasNews = true;
    this.changed?.(id);
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
    for (const counted of this.counts.all) {
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
}
