/**
 * What a blade does when the way to some next hops has changed: it looks at every route with one of them that it sees, and at no other.
 * Its own routes become feasible, or cease to be (RFC 4271 9.1.2.1: resolvable); prefixes whose routes cost more or less are
 * evaluated.
 *
 *   BOX.hops counts on ─→ which costs have changed since ─→ page by page, all sessions' words ─→ complete
 *
 * Evaluations in between read the costs that hold already; the walk comes by later, so that what they missed is found. A
 * session that comes by a graft from a blade that had not finished has hidden routes that nobody has looked at: everything
 * is walked once more then (blade/moving/grafts.ts).
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { PAGE_WORDS } from '../../fabric/layout.ts';
import type { NextHops } from '../../fabric/next-hops.ts';
import { ATTRIBUTE_MASK } from '../../rib/route-word.ts';

/** Sessions' pages looked at in one turn. */
const PAGES = 64;

export interface WalkedRoutes {
  /** Marks or unmarks an own route that has, or has no way to its next hop; true when that was a change. */
  resolve(source: number, id: number): boolean;
  revisit(id: number): void;
}

export class HopWalk {
  readonly #fabric: Fabric;
  readonly #routes: WalkedRoutes;
  readonly #mine: Uint8Array;
  readonly #hops: NextHops | undefined;
  /** 1 by next hop: it costs something else since the walk before this one. */
  readonly #changed: Uint8Array;
  /** Generation that is being walked for, or was. */
  #generation = 0;
  /** Next page; -1: walked. */
  #page = -1;
  readonly #ids = new Uint8Array(PAGE_WORDS);

  constructor(fabric: Fabric, mine: Uint8Array, routes: WalkedRoutes) {
    this.#fabric = fabric;
    this.#mine = mine;
    this.#routes = routes;
    this.#hops = fabric.hops;
    const size = this.#hops?.metrics.length ?? 0;
    this.#generation = this.#hops?.generation ?? 0;
    this.#changed = new Uint8Array(size);
  }

  /** The generation for which everything has been looked at; -1: it is being done. */
  get walked(): number {
    return this.#page < 0 ? this.#generation : -1;
  }

  /** Everything is looked at once more. */
  restart(): void {
    if (this.#hops === undefined) return;
    this.#changed.fill(1);
    this.#page = 0;
  }

  /** Goes on; true when there is more to do. */
  work(): boolean {
    const hops = this.#hops;
    if (hops === undefined) return false;
    const { generation } = hops;
    if (generation !== this.#generation) this.#begin(hops, generation);
    if (this.#page < 0) return false;
    this.#walk(hops);
    return this.#page >= 0;
  }

  #begin(hops: NextHops, generation: number): void {
    const { changedAt } = hops;
    for (let hop = 1; hop < changedAt.length; hop++)
      if ((changedAt[hop] as number) - this.#generation > 0) this.#changed[hop] = 1;
    this.#generation = generation;
    this.#page = 0;
  }

  #walk(hops: NextHops): void {
    const { columns } = this.#fabric;
    for (let pages = PAGES; pages > 0 && this.#page < columns.pages; )
      pages -= this.#walkPage(hops, this.#page++);
    if (this.#page < columns.pages) return;
    this.#page = -1;
    this.#changed.fill(0);
  }

  /** How many sessions had something on the page. */
  #walkPage(hops: NextHops, page: number): number {
    const { columns, sessionLimit, laneLimit, options } = this.#fabric;
    let pages = 0;
    for (let source = 0; source < laneLimit; source++) {
      if (source === sessionLimit) source = options.sessions;
      if (source >= laneLimit) break;
      const first = (columns.directories[source * columns.pages + page] as number) * PAGE_WORDS;
      if (first === 0) continue;
      pages++;
      this.#walkWords(hops, source, page, first);
    }
    if (pages > 0) this.#evaluate(page);
    return Math.max(pages, 1 / 16);
  }

  #walkWords(hops: NextHops, source: number, page: number, first: number): void {
    const { words } = this.#fabric.columns;
    const own = this.#mine[source] === 1;
    for (let i = 0; i < PAGE_WORDS; i++) {
      const hop = hops.ofSets[(words[first + i] as number) & ATTRIBUTE_MASK] as number;
      if (hop === 0 || this.#changed[hop] === 0) continue;
      this.#ids[i] = 1;
      if (own) this.#routes.resolve(source, page * PAGE_WORDS + i);
    }
  }

  #evaluate(page: number): void {
    for (let i = 0; i < PAGE_WORDS; i++) {
      if (this.#ids[i] === 0) continue;
      this.#ids[i] = 0;
      this.#routes.revisit(page * PAGE_WORDS + i);
    }
  }
}
