import type { Epochs } from './epochs.ts';
import { ALLOCATOR, PAGE_BITS, PAGE_WORDS } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/**
 * Pages of 1024 words that RIB columns are made of. New ones come from a counter, freed ones from a
 * lock-free stack (Treiber's, with a tag against ABA; the links stand beside the pages, so that a free one may be given back to the
 * system). A freed page is quarantined until no thread can still be reading it as what it was.
 *
 *   freePages: [ page of the top | tag ]          pageLinks: [ … | next free page | … ] by page
 */
export class PageArena {
  readonly words: Int32Array;
  /** By page, the thread + 1 that last had it in its hands; 0: it is free. What hangs nowhere and is a dead one's is lost. */
  readonly owners: Uint8Array;
  readonly limit: number;
  readonly #me: number;
  readonly #allocator: Int32Array;
  readonly #top: BigUint64Array;
  readonly #links: Int32Array;
  readonly #epochs: Epochs;
  #quarantine: { pages: number[]; snapshot: Int32Array }[] = [];
  #freshlyFreed: number[] = [];

  constructor(memory: FabricMemory, epochs: Epochs, thread: number) {
    this.words = new Int32Array(memory.pages, memory.pagesAt, memory.options.pages * PAGE_WORDS);
    this.#links = new Int32Array(memory.pageLinks);
    this.owners = new Uint8Array(memory.pageOwners);
    this.#me = thread + 1;
    this.#allocator = new Int32Array(memory.allocator);
    this.#top = new BigUint64Array(memory.freePages);
    this.limit = memory.options.pages;
    this.#epochs = epochs;
  }

  /**
   * A page of zeros, or 0 when there is none left. Page numbers start at 1. `sparing`: there is none when a sixteenth is left,
   * which is for what others are to be told.
   */
  allocate(sparing = false): number {
    if (sparing && this.room <= this.limit >>> 4) return 0;
    const page = this.#pop();
    if (page !== 0) {
      this.take(page);
      this.words.fill(0, page << PAGE_BITS, (page << PAGE_BITS) + PAGE_WORDS);
      return page;
    }
    if (Atomics.load(this.#allocator, ALLOCATOR.nextPage) + 1 >= this.limit) return 0;
    const fresh = Atomics.add(this.#allocator, ALLOCATOR.nextPage, 1) + 1;
    if (fresh >= this.limit) return 0;
    this.take(fresh);
    return fresh;
  }

  /** This thread has the page in its hands: to hang it elsewhere, or to free it. */
  take(page: number): void {
    this.owners[page] = this.#me;
  }

  /** Gives a page back; it is used again after everybody has passed a quiescent point. */
  free(page: number): void {
    this.take(page);
    this.#freshlyFreed.push(page);
  }

  /** Called at a quiescent point of this thread. */
  reclaim(): void {
    if (this.#freshlyFreed.length > 0) {
      this.#quarantine.push({ pages: this.#freshlyFreed, snapshot: this.#epochs.snapshot() });
      this.#freshlyFreed = [];
    }
    while (this.#quarantine.length > 0 && this.#epochs.passed(this.#quarantine[0]!.snapshot)) {
      for (const page of this.#quarantine.shift()!.pages) this.#push(page);
    }
  }

  /** Pages that can be given out. */
  get room(): number {
    return this.limit - 1 - this.touched() + this.returned;
  }

  /** Pages ever touched: what the arena costs in memory, times 4 KiB. */
  touched(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextPage), this.limit);
  }

  /** Pages that came back and were not taken again. */
  get returned(): number {
    return Atomics.load(this.#allocator, ALLOCATOR.freePages);
  }

  // ── for the chassis ──

  /** Takes all free pages. Whoever needs one meanwhile takes one that was never used. */
  takeFree(): Int32Array {
    for (;;) {
      const top = Atomics.load(this.#top, 0);
      const none = BigInt.asUintN(64, ((top >> 32n) + 1n) << 32n);
      if (Atomics.compareExchange(this.#top, 0, top, none) !== top) continue;
      const taken: number[] = [];
      for (let page = Number(top & 0xffffffffn); page !== 0; page = this.#links[page] as number)
        taken.push(page);
      Atomics.sub(this.#allocator, ALLOCATOR.freePages, taken.length);
      return Int32Array.from(taken);
    }
  }

  /** Puts them back; the first will be taken first. */
  putFree(pages: Int32Array): void {
    const last = pages.length - 1;
    if (last < 0) return;
    for (let i = 0; i < last; i++) this.#links[pages[i] as number] = pages[i + 1] as number;
    for (;;) {
      const top = Atomics.load(this.#top, 0);
      this.#links[pages[last] as number] = Number(top & 0xffffffffn);
      const tagged = (((top >> 32n) + 1n) << 32n) | BigInt(pages[0] as number);
      if (Atomics.compareExchange(this.#top, 0, top, BigInt.asUintN(64, tagged)) !== top) continue;
      Atomics.add(this.#allocator, ALLOCATOR.freePages, pages.length);
      return;
    }
  }

  #pop(): number {
    for (;;) {
      const top = Atomics.load(this.#top, 0);
      if (top === 0n) return 0;
      const page = Number(top & 0xffffffffn);
      if (page === 0) return 0;
      const next = BigInt(this.#links[page] as number);
      const tagged = (((top >> 32n) + 1n) << 32n) | next;
      if (Atomics.compareExchange(this.#top, 0, top, BigInt.asUintN(64, tagged)) !== top) continue;
      Atomics.sub(this.#allocator, ALLOCATOR.freePages, 1);
      return page;
    }
  }

  #push(page: number): void {
    this.owners[page] = 0;
    for (;;) {
      const top = Atomics.load(this.#top, 0);
      this.#links[page] = Number(top & 0xffffffffn);
      const tagged = (((top >> 32n) + 1n) << 32n) | BigInt(page);
      if (Atomics.compareExchange(this.#top, 0, top, BigInt.asUintN(64, tagged)) !== top) continue;
      Atomics.add(this.#allocator, ALLOCATOR.freePages, 1);
      return;
    }
  }
}
