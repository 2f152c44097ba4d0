/**
 * Whether a sweep for ids (sweeper.ts) is worth its while. It costs what there is, so it is made once as much was given out since the last
 * one, and once routes went in that time, without which it would find nothing.
 *
 * Owns what the pools and the routes' counters were at the last sweep.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BOX, SESSION_NUMBER } from '../fabric/layout.ts';
import type { NumberPool } from '../fabric/number-pool.ts';

/** A sweep is worth its while when so much of a pool (a part of it) was given out since the last one. */
const GROWN = {
  // More than the whole Internet: 40 octets each.
  prefixes: 9 / 16,
  attributes: 3 / 8,
  nextHops: 1 / 2,
} as const;
/** And when routes went since then, so many for each id that was given out: a first table leaves nothing behind. */
const GONE = 1 / 4;
/** And when nobody does anything, where so many routes went since then, and such a part of all ids. */
const LEFT_BEHIND = { routes: 1 << 15, part: 1 / 4 } as const;

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
  /** Routes that had gone when the last sweep began. */
  #goneThen = 0;
  /** And when the one began that is under way. */
  #goneNow = 0;

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
      if (gone < 0) gone = Math.abs(this.#gone() - this.#goneThen);
      // What is not told for want of room takes ids each time that it is tried again, and so do the router's own routes that nobody is
      // told: no reason to sweep once more.
      const inVain = 2 * (this.#grownIdle[i] as number);
      return nearlyFull ? gone > 0 || grown > Math.max(pool.limit / 8, inVain) : gone > grown * GONE;
    });
  }

  /** Counts what is given out, and what goes. */
  get activity(): number {
    return this.#gone() + this.#pools.reduce((sum, pool) => sum + pool.used, 0);
  }

  /** For when there is nothing else to do: a sweep would find much, and its memory can be somebody else's. */
  get worthwhile(): boolean {
    const used = this.#pools.reduce((sum, pool) => sum + pool.used, 0);
    const gone = Math.abs(this.#gone() - this.#goneThen);
    return gone > Math.max(LEFT_BEHIND.routes, used * LEFT_BEHIND.part);
  }

  /** Routes that were withdrawn or replaced, or went with their sessions, so far: those that came and are not there. */
  #gone(): number {
    const { sessionLimit } = this.#fabric;
    let gone = 0;
    for (let session = 0; session < sessionLimit; session++)
      gone +=
        this.#fabric.number(session, SESSION_NUMBER.announcementsReceived) -
        this.#fabric.number(session, SESSION_NUMBER.routesReceived);
    return gone;
  }

  begin(): void {
    const gone = this.#gone();
    const idle = gone === this.#goneThen;
    for (const [i, pool] of this.#watched.entries())
      this.#grownIdle[i] = idle ? pool.used - (this.#usedThen[i] as number) : 0;
    this.#goneNow = gone;
  }

  end(): void {
    for (const [i, pool] of this.#watched.entries()) this.#usedThen[i] = pool.used;
    this.#goneThen = this.#goneNow;
  }
}
