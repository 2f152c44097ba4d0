/**
 * Whether a sweep for ids (sweeper.ts) is worth its while. It costs what there is, so it is made once as much was given out since the last
 * one, and once routes went in that time, without which it would find nothing.
 *
 * Owns what the pools and the routes' counters were at the last sweep.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BOX } from '../fabric/layout.ts';
import type { NumberPool } from '../fabric/number-pool.ts';
import { octetsLeftBehind, type RoutesSoFar, routesSoFar } from './left-behind.ts';

/** A sweep is worth its while when so much of a pool (a part of it) was given out since the last one. */
const GROWN = {
  // More than the whole Internet: 40 octets each.
  prefixes: 9 / 16,
  attributes: 3 / 8,
  nextHops: 1 / 2,
} as const;
/** And when routes went since then, so many for each id that was given out: a first table leaves nothing behind. */
const GONE = 1 / 4;
/** And when nobody does anything, where so much memory would come back, octets. */
const LEFT_BEHIND = 1 << 24;

export class SweepNeed {
  readonly #fabric: Fabric;
  /** Of prefixes of both families, attribute sets and blocks of their bytes: what a sweep is made for. */
  readonly #pools: readonly NumberPool[];
  /** And of next hops, without which one can do. */
  readonly #watched: readonly NumberPool[];
  /** By pool, how many were given out after the last sweep. */
  readonly #usedThen: number[];
  /** By pool, how many had been given out when the last sweep began, if no route had gone; else 0. */
  readonly #grownIdle: number[];
  readonly #grownParts = [GROWN.prefixes, GROWN.prefixes, GROWN.attributes, GROWN.attributes, GROWN.nextHops];
  /** As it was when the last sweep began, and the one that is under way. */
  #then: RoutesSoFar = { gone: 0, withdrawn: 0, there: 0 };
  #now = this.#then;

  constructor(fabric: Fabric, pools: readonly NumberPool[]) {
    this.#fabric = fabric;
    this.#pools = pools;
    this.#watched = [...pools, ...(fabric.hops === undefined ? [] : [fabric.hops.pool])];
    this.#usedThen = this.#watched.map(() => 0);
    this.#grownIdle = this.#watched.map(() => 0);
  }

  /** Somebody waits for a sweep, or enough was given out for one. */
  get due(): boolean {
    if (Atomics.load(this.#fabric.box, BOX.sweepWanted) !== 0) return true;
    let gone = -1;
    return this.#watched.some((pool, i) => {
      const then = this.#usedThen[i] as number;
      const grown = pool.used - then;
      // The table is nearly full, or as much work again as what is in use.
      const nearlyFull = grown > pool.limit / 64 && pool.room < pool.limit / 8;
      if (!nearlyFull && grown <= Math.max(pool.limit * this.#grownParts[i]!, then / 2)) return false;
      if (gone < 0) gone = Math.abs(routesSoFar(this.#fabric).gone - this.#then.gone);
      // What is not told for want of room takes ids each time that it is tried again, and so do the router's own routes that nobody is
      // told: no reason to sweep once more.
      const inVain = 2 * (this.#grownIdle[i] as number);
      return nearlyFull ? gone > 0 || grown > Math.max(pool.limit / 8, inVain) : gone > grown * GONE;
    });
  }

  /** Counts what is given out, and what goes; not what comes back. */
  get activity(): number {
    return routesSoFar(this.#fabric).gone + this.#pools.reduce((sum, pool) => sum + pool.taken, 0);
  }

  /** For when there is nothing else to do: a sweep would find much, and its memory can be somebody else's. */
  get worthwhile(): boolean {
    return octetsLeftBehind(this.#fabric, this.#then, routesSoFar(this.#fabric)) >= LEFT_BEHIND;
  }

  begin(): void {
    this.#now = routesSoFar(this.#fabric);
    const idle = this.#now.gone === this.#then.gone;
    for (const [i, pool] of this.#watched.entries())
      this.#grownIdle[i] = idle ? pool.used - (this.#usedThen[i] as number) : 0;
  }

  end(): void {
    for (const [i, pool] of this.#watched.entries()) this.#usedThen[i] = pool.used;
    this.#then = this.#now;
  }
}
