import * as layout from './layout.ts';
import { type FabricMemory, pagesPerColumn } from './memory.ts';
import type { PageArena } from './pages.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const { PAGE_BITS, PAGE_MASK, PAGE_WORDS } = layout;

/**
 * RIB columns: a word by PrefixId, in pages that exist when they were touched. A column has one writer, its
 * owner; anybody reads.
 *
 *   directories: [ column 0: page, page, 0, 0, page … | column 1: … ]      a page: 1024 words, 4 KiB
 *
 * 4 bytes a route where routes are dense; a page of 4 KiB for the first route of 1024 neighbouring ids.
 */
export class Columns {
  readonly directories: Uint32Array;
  readonly words: Int32Array;
  /** Pages in one column's directory. */
  readonly pages: number;
  readonly #arena: PageArena;

  constructor(memory: FabricMemory, arena: PageArena) {
    this.directories = new Uint32Array(memory.directories);
    this.words = arena.words;
    this.pages = pagesPerColumn(memory.options);
    this.#arena = arena;
  }

  get(column: number, id: number): number {
    const page = this.directories[column * this.pages + (id >>> PAGE_BITS)] as number;
    return page === 0 ? 0 : (this.words[(page << PAGE_BITS) | (id & PAGE_MASK)] as number);
  }

  /** False when the fabric has no page left but those for what others are to be told; nothing is changed then. */
  set(column: number, id: number, word: number): boolean {
    let page = this.directories[column * this.pages + (id >>> PAGE_BITS)] as number;
    if (page === 0) {
      page = this.#arena.allocate(true);
      if (page === 0) return false;
      Atomics.store(this.directories, column * this.pages + (id >>> PAGE_BITS), page);
    }
    this.words[(page << PAGE_BITS) | (id & PAGE_MASK)] = word;
    return true;
  }

  /** The page that holds an id, or 0. */
  pageOf(column: number, id: number): number {
    return this.directories[column * this.pages + (id >>> PAGE_BITS)] as number;
  }

  /** Frees one page of a column. */
  dropPage(column: number, pageIndex: number): void {
    const at = column * this.pages + pageIndex;
    const page = this.directories[at] as number;
    if (page === 0) return;
    this.#arena.take(page);
    // Atomic, so that the epochs are looked at after it: who begins to work from then on does not see the page.
    Atomics.store(this.directories, at, 0);
    this.#arena.free(page);
  }

  /** Frees all pages of a column: O(pages). */
  drop(column: number): void {
    for (let i = 0; i < this.pages; i++) this.dropPage(column, i);
  }

  /** Hangs a copy of a page into another column. False when there is no page left. */
  copyPage(from: number, to: number, pageIndex: number): boolean {
    const source = this.directories[from * this.pages + pageIndex] as number;
    const copy = this.#arena.allocate();
    if (copy === 0) return false;
    if (source !== 0) {
      const start = source << PAGE_BITS;
      this.words.copyWithin(copy << PAGE_BITS, start, start + PAGE_WORDS);
    }
    Atomics.store(this.directories, to * this.pages + pageIndex, copy);
    return true;
  }

  /** Takes a page out of a column that hangs in another one too. */
  unhang(column: number, pageIndex: number): void {
    Atomics.store(this.directories, column * this.pages + pageIndex, 0);
  }

  /** Moves a page from one column to another that has none there. */
  movePage(from: number, to: number, pageIndex: number): void {
    const page = this.directories[from * this.pages + pageIndex] as number;
    this.#arena.take(page);
    Atomics.store(this.directories, to * this.pages + pageIndex, page);
    this.directories[from * this.pages + pageIndex] = 0;
  }
}
