/**
 * What neighbours with ADD-PATH should be told of a prefix (RFC 7911), compared with what they were: which paths to announce and
 * which to withdraw. A path is known to them by its source + 1, so that a change of rank changes nothing for those that stay.
 *
 *   all that the blade sees ─→ best first ─→ export rules ─→ the first so many ─→ set ─→ differences to the set in the view
 *
 * A path is not told back to the neighbour that it came from, and no further one takes its place.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import type { Ranking } from '../../ibgp-internal/ranking.ts';
import { UNKNOWN } from '../../rib/adj-rib-out.ts';
import { isOwnSource, OWN_PLACES, ownSource } from '../../rib/own-source.ts';
import { MOST_PATHS, PathSet } from '../../rib/path-set.ts';
import { BUCKETS, firstOf, presentIn } from '../../rib/presence.ts';
import type { LocalRoutes } from '../routes/local-routes.ts';
import type { Batch } from './batch.ts';
import type { Exporter } from './exporter.ts';

export class PathsTold {
  /** The differences: path identifier, AttrId (0: withdraw), and the session + 1 that a path which was told came from; -1: none. */
  count = 0;
  readonly path: Int32Array;
  readonly attribute: Int32Array;
  readonly held: Int32Array;
  /** The word for what is told then. */
  set = 0;
  readonly #fabric: Fabric;
  readonly #ranking: Ranking;
  readonly #local: LocalRoutes;
  readonly #wanted = new PathSet();
  readonly #old = new PathSet();

  constructor(fabric: Fabric, ranking: Ranking, local: LocalRoutes) {
    this.#fabric = fabric;
    this.#ranking = ranking;
    this.#local = local;
    const most = ranking.source.length + MOST_PATHS;
    this.path = new Int32Array(most);
    this.attribute = new Int32Array(most);
    this.held = new Int32Array(most);
  }

  /** False: nothing has to be told. */
  compare(id: number, old: number, exporter: Exporter): boolean {
    this.count = 0;
    this.#choose(id, exporter);
    this.set = this.#wanted.intern(this.#fabric);
    if (this.set < 0) {
      exporter.noteFull();
      // Nothing rather than what holds no longer.
      this.#wanted.clear();
      this.set = 0;
    }
    if (this.set === old) return false;
    if (old === UNKNOWN) this.#anew(id);
    else this.#differences(old);
    return true;
  }

  #differences(old: number): void {
    const [wanted, told] = [this.#wanted, this.#old];
    told.read(this.#fabric, old);
    for (let i = 0; i < told.count; i++) {
      const path = told.path[i] as number;
      if (wanted.attributeOf(path) === 0) this.#add(path, 0, this.sessionOf(path));
    }
    for (let i = 0; i < wanted.count; i++) {
      const path = wanted.path[i] as number;
      const before = told.attributeOf(path);
      if (before !== wanted.attribute[i])
        this.#add(path, wanted.attribute[i] as number, before === 0 ? -1 : this.sessionOf(path));
    }
  }

  /** Nobody knows what they were told: whatever can have been is withdrawn, but for what they are told now. */
  #anew(id: number): void {
    const { sessionLimit, laneLimit, options } = this.#fabric;
    const wanted = this.#wanted;
    for (let bits = presentIn(this.#fabric, id); bits !== 0; bits &= bits - 1) {
      const bucket = 31 - Math.clz32(bits & -bits);
      for (const [first, end] of [
        [bucket, sessionLimit],
        [firstOf(bucket, options.sessions), laneLimit],
      ] as const) {
        for (let source = first; source < end; source += BUCKETS)
          if (wanted.attributeOf(source + 1) === 0) this.#add(source + 1, 0, -1);
      }
    }
    for (let place = 0; place < OWN_PLACES; place++) {
      const own = ownSource(this.#fabric, place);
      if (isOwnSource(this.#fabric, own) && wanted.attributeOf(own) === 0) this.#add(own, 0, -1);
    }
    for (let i = 0; i < wanted.count; i++)
      this.#add(wanted.path[i] as number, wanted.attribute[i] as number, -1);
    // What was not known counted as a route of nobody.
    this.held[0] = 0;
  }

  /** Session + 1 that a path came from. */
  sessionOf(path: number): number {
    return this.#fabric.sessionOf(path - 1) + 1;
  }

  /** The word for what is told when only a part of a prefix's differences was sent; the others' ids are -1 in the batch. */
  partly(old: number, batch: Batch, first: number, end: number): number {
    if (old === UNKNOWN) return UNKNOWN;
    const told = this.#old;
    told.read(this.#fabric, old);
    for (let i = first; i < end; i++) {
      if (batch.id[i] === -1) continue;
      const attribute = batch.attribute[i] as number;
      if (attribute === 0) told.remove(batch.path[i] as number);
      else told.put(batch.path[i] as number, attribute);
    }
    const set = told.intern(this.#fabric);
    return set < 0 ? UNKNOWN : set;
  }

  #choose(id: number, exporter: Exporter): void {
    const ranking = this.#ranking;
    const wanted = this.#wanted;
    const { most = 0 } = exporter.rules.paths ?? {};
    const limit = most === 0 ? MOST_PATHS : Math.min(most, MOST_PATHS);
    wanted.clear();
    // What the router itself originates is told in the place of any other route.
    const own = exporter.originated.get(id);
    if (own !== undefined) {
      wanted.put(ownSource(this.#fabric), own);
      return;
    }
    if (this.#local.any) {
      const local = this.#local.attributeOf(id);
      if (local === 0) return;
      if (local > 0) this.#chooseLocal(id, local, exporter);
    }
    ranking.gather(id);
    const ranked = ranking.count > limit - wanted.count;
    for (let place = 0; place < ranking.count && wanted.count < limit; place++) {
      if (ranked) ranking.promote(id, place);
      const source = ranking.source[place] as number;
      const session = this.#fabric.sessionOf(source) + 1;
      const attribute = exporter.attributeFor(id, ranking.attribute[place] as number, session);
      if (attribute !== 0) wanted.put(source + 1, attribute);
    }
  }

  /** A route of the router itself is the best of all. */
  #chooseLocal(id: number, local: number, exporter: Exporter): void {
    const source = this.#local.sourceOf(id);
    const attribute = exporter.attributeFor(id, local, source);
    if (attribute !== 0) this.#wanted.put(source, attribute);
  }

  #add(path: number, attribute: number, held: number): void {
    this.path[this.count] = path;
    this.attribute[this.count] = attribute;
    this.held[this.count++] = held;
  }
}
