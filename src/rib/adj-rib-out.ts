/**
 * Adj-RIB-Outs as *out views*: what has been sent, by PrefixId: AttrId (as sent, or with the recipe of it: told.ts) and the session that the route
 * came from. The session that a route came from has not been sent it, so one view serves a whole update group.
 *
 *   view: [ used | base + 1 | references | settled pages ]      page: [ AttrId, source + 1 | AttrId, source + 1 | … ]
 *
 * A view can be *forked* in a few words, whatever its size: it freezes and becomes the base of two new ones that
 * write pages of their own over it. That is how one session leaves a group with exactly what it was told (a
 * graft, a neighbour that cannot keep up). Later `settle` copies or takes what still stands in the base.
 * 8 bytes a route and view.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { ALLOCATOR, PAGE_BITS, PAGE_WORDS } from '../fabric/layout.ts';
import { outViews, viewColumn } from '../fabric/memory.ts';

/** A page holds 512 prefixes: both words of one stand in one cache line. */
export const VIEW_PAGE_BITS = PAGE_BITS - 1;
export const VIEW_PAGE_IDS = 1 << VIEW_PAGE_BITS;

/**
 * In the place of an AttrId: the neighbours may have been told anything, or nothing. It equals nothing that should be told, so
 * that whoever looks next tells them, or withdraws.
 */
export const UNKNOWN = 0x7fffffff;

/** Prefixes that are touched together at most. */
const TOGETHER = 64;

export const VIEW = { words: 4, used: 0, base: 1, references: 2, settled: 3 } as const;

export class OutViews {
  /** Where the last page found begins in the columns' words; 0, which holds zeros only, where there is none. */
  found = 0;
  /** Settling last came to nothing for want of a page. */
  starved = false;
  /** Pages of a view, of VIEW_PAGE_IDS prefixes each. */
  readonly pages: number;
  readonly #fabric: Fabric;
  readonly #views: Int32Array;
  readonly #allocator: Int32Array;
  readonly #count: number;
  readonly #firstColumn: number;
  /** Of `touch`: where the words of each prefix stand. */
  readonly #rows = new Int32Array(TOGETHER);

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
    this.#views = fabric.views;
    this.#allocator = new Int32Array(fabric.memory.allocator);
    this.#count = outViews(fabric.options);
    this.pages = 2 * fabric.columns.pages;
    this.#firstColumn = viewColumn(fabric.options, 0);
  }

  /**
   * A new, empty view, with a number of its own in `used`; -1 when there is none left (an assertion for the caller: there are
   * enough for all sessions).
   */
  create(): number {
    const number = (Atomics.add(this.#allocator, ALLOCATOR.nextView, 1) & 0x3fffffff) + 1;
    for (let view = 0; view < this.#count; view++) {
      const at = view * VIEW.words;
      if (this.#views[at] === 0 && Atomics.compareExchange(this.#views, at, 0, number) === 0) {
        this.#views[at + VIEW.base] = 0;
        this.#views[at + VIEW.references] = 1;
        this.#views[at + VIEW.settled] = 0;
        return view;
      }
    }
    return -1;
  }

  /** First of the view's two columns: their directories, one behind the other, are the view's. */
  column(view: number): number {
    return this.#firstColumn + 2 * view;
  }

  /** What was last sent for a prefix (told.ts); 0: none. */
  attribute(view: number, id: number): number {
    return this.#fabric.columns.words[this.#row(view, id)] as number;
  }

  /** Session + 1 that the route sent came from. */
  source(view: number, id: number): number {
    return this.#fabric.columns.words[this.#row(view, id) + 1] as number;
  }

  /** Finds a page, wherever it stands in the chain, to be read. Valid until a view is written, settled or forked. */
  find(view: number, page: number): void {
    this.found = this.#pageAt(view, page) << PAGE_BITS;
  }

  /** Brings near what these prefixes' words are, many at the same time. Returns the sum of it, so that the loads are made. */
  touch(view: number, ids: Int32Array, count: number): number {
    const { directories, words, pages } = this.#fabric.columns;
    const first = this.column(view) * pages;
    const rows = this.#rows;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const page =
        (directories[first + (id >>> VIEW_PAGE_BITS)] as number) || this.#pageAt(view, id >>> VIEW_PAGE_BITS);
      rows[i] = (page << PAGE_BITS) | ((id & (VIEW_PAGE_IDS - 1)) << 1);
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= words[rows[i] as number] as number;
    return sum;
  }

  /** Finds a page to be written, and makes it the view's own first. False when the fabric has no page left. */
  own(view: number, page: number): boolean {
    const { columns } = this.#fabric;
    const at = this.column(view) * columns.pages + page;
    if (columns.directories[at] === 0 && !this.#ownPage(view, page)) return false;
    this.found = (columns.directories[at] as number) << PAGE_BITS;
    return true;
  }

  /** Notes what has been sent. False when the fabric has no page left. */
  store(view: number, id: number, attribute: number, source: number): boolean {
    if (!this.own(view, id >>> VIEW_PAGE_BITS)) return false;
    this.note(id, attribute, source);
    return true;
  }

  /** Notes what has been sent, in the page that was found to be written. */
  note(id: number, attribute: number, source: number): void {
    const { words } = this.#fabric.columns;
    const row = this.found + ((id & (VIEW_PAGE_IDS - 1)) << 1);
    words[row + 1] = source;
    words[row] = attribute;
  }

  /** Freezes a view and gives two that both continue it. */
  fork(view: number): [number, number] {
    return this.branch(view, 2) as [number, number];
  }

  /** Freezes a view and gives so many that all continue it. */
  branch(view: number, count: number): number[] {
    const children = Array.from({ length: count }, () => this.create());
    if (children.some((child) => child < 0)) throw new Error('no out view left');
    // Counted before they stand on it, so that none of them ever takes the base for its own alone; 1 is its writer.
    const at = view * VIEW.words + VIEW.references;
    const before = Atomics.load(this.#views, at);
    Atomics.store(this.#views, at, before === 1 ? count : before + count);
    for (const child of children) this.#views[child * VIEW.words + VIEW.base] = view + 1;
    return children;
  }

  /** Others may continue it: it must not be written any more. */
  frozen(view: number): boolean {
    return Atomics.load(this.#views, view * VIEW.words + VIEW.references) !== 1;
  }

  /** What has been sent of a prefix is not known. */
  forget(view: number, id: number): void {
    this.store(view, id, UNKNOWN, 0);
  }

  /** The view is not needed any more: frees its pages, and its base with the last that stands on it. */
  drop(view: number): void {
    const base = this.#base(view);
    this.discard(view);
    if (base >= 0) this.#unreference(base);
  }

  /** A view that nobody stands on and nobody writes: frees its pages, and leaves its base to be counted. */
  discard(view: number): void {
    this.#fabric.columns.drop(this.column(view));
    this.#fabric.columns.drop(this.column(view) + 1);
    this.#views[view * VIEW.words + VIEW.base] = 0;
    Atomics.store(this.#views, view * VIEW.words + VIEW.used, 0);
  }

  hasBase(view: number): boolean {
    return this.#base(view) >= 0;
  }

  /** Makes up to `budget` pages the view's own; true when it stands on nothing any more. */
  settle(view: number, budget: number): boolean {
    this.starved = false;
    const base = this.#base(view);
    if (base < 0) return true;
    const at = view * VIEW.words;
    if (Atomics.load(this.#views, base * VIEW.words + VIEW.references) === 1) {
      this.#takeOver(view, base);
      return false;
    }
    const { columns } = this.#fabric;
    const column = this.column(view);
    let page = this.#views[at + VIEW.settled] as number;
    for (; page < this.pages && budget > 0; page++) {
      if (columns.directories[column * columns.pages + page] !== 0) continue;
      if (this.#holder(view, page) < 0) continue;
      if (!this.#ownPage(view, page)) {
        this.starved = true;
        return false;
      }
      budget--;
    }
    this.#views[at + VIEW.settled] = page;
    if (page < this.pages) return false;
    this.#views[at + VIEW.base] = 0;
    this.#views[at + VIEW.settled] = 0;
    this.#unreference(base);
    return true;
  }

  /** Do two views say the same about all ids of one page? */
  samePage(a: number, b: number, page: number): boolean {
    return sameWords(this.#fabric.columns.words, this.#pageAt(a, page), this.#pageAt(b, page));
  }

  #base(view: number): number {
    return (this.#views[view * VIEW.words + VIEW.base] as number) - 1;
  }

  /** The view in the chain that holds a page, or -1. */
  #holder(view: number, page: number): number {
    const { directories, pages } = this.#fabric.columns;
    for (let v = view; v >= 0; v = this.#base(v))
      if (directories[this.column(v) * pages + page] !== 0) return v;
    return -1;
  }

  /** Where the two words of a prefix stand in the columns' words. */
  #row(view: number, id: number): number {
    const page = this.#pageAt(view, id >>> VIEW_PAGE_BITS);
    return (page << PAGE_BITS) | ((id & (VIEW_PAGE_IDS - 1)) << 1);
  }

  /** Page number in the arena, or 0. */
  #pageAt(view: number, page: number): number {
    const { directories, pages } = this.#fabric.columns;
    for (let v = view; v >= 0; v = this.#base(v)) {
      const at = directories[this.column(v) * pages + page] as number;
      if (at !== 0) return at;
    }
    return 0;
  }

  /** Gives the view its own page, as the chain below has it. */
  #ownPage(view: number, page: number): boolean {
    const holder = this.#holder(view, page);
    const column = this.column(view);
    return this.#fabric.columns.copyPage(holder < 0 ? column : this.column(holder), column, page);
  }

  /** The base has nobody else: its pages become ours. */
  #takeOver(view: number, base: number): void {
    const { columns } = this.#fabric;
    const mine = this.column(view);
    const theirs = this.column(base);
    for (let page = 0; page < this.pages; page++) {
      const held = columns.directories[theirs * columns.pages + page] as number;
      if (held === 0) continue;
      const own = columns.directories[mine * columns.pages + page];
      if (own === 0) columns.movePage(theirs, mine, page);
      // Moved already, by a blade that died in the middle of this.
      else if (own === held) columns.unhang(theirs, page);
      else columns.dropPage(theirs, page);
    }
    const at = view * VIEW.words;
    this.#views[at + VIEW.base] = this.#base(base) + 1;
    this.#views[at + VIEW.settled] = 0;
    this.#views[base * VIEW.words + VIEW.base] = 0;
    Atomics.store(this.#views, base * VIEW.words + VIEW.used, 0);
  }

  #unreference(view: number): void {
    if (Atomics.sub(this.#views, view * VIEW.words + VIEW.references, 1) === 1) this.drop(view);
  }
}

function sameWords(words: Int32Array, a: number, b: number): boolean {
  if (a === b) return true;
  const x = a << PAGE_BITS;
  const y = b << PAGE_BITS;
  for (let i = 0; i < PAGE_WORDS; i++) if (words[x + i] !== words[y + i]) return false;
  return true;
}
