import type { Epochs } from './epochs.ts';
import { ALLOCATOR, PAGE_BITS, PAGE_WORDS } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/**
 * Pages of 1024 words that RIB columns are made of. New ones come from a counter, freed ones from a
 * lock-free stack (Treiber's, with a tag against ABA; the link stands in a free page's first word). A freed page
 * is quarantined until no thread can still be reading it as what it was.
 *
 *   freePages: [ page of the top | tag ]          page: [ next free page | … ]
 */
export class PageArena {
  readonly words: Int32Array;
  /** By page, the thread + 1 that last had it in its hands; 0: it is free. What hangs nowhere and is a dead one's is lost. */
  readonly owners: Uint8Array;
  readonly limit: number;
  readonly #me: number;
  readonly #allocator: Int32Array;
  readonly #top: BigUint64Array;
  readonly #epochs: Epochs;
  #quarantine: { pages: number[]; snapshot: Int32Array }[] = [];
  #freshlyFreed: number[] = [];

  constructor(memory: FabricMemory, epochs: Epochs, thread: number) {
    this.words = new Int32Array(memory.pages);
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
    const free = Atomics.load(this.#allocator, ALLOCATOR.freePages);
    return this.limit - 1 - this.touched() + free;
  }

  /** Pages ever touched: what the arena costs in memory, times 4 KiB. */
  touched(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextPage), this.limit);
  }

  #pop(): number {
    for (;;) {
      const top = Atomics.load(this.#top, 0);
      if (top === 0n) return 0;
      const page = Number(top & 0xffffffffn);
      if (page === 0) return 0;
      const next = BigInt(this.words[page << PAGE_BITS] as number);
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
      this.words[page << PAGE_BITS] = Number(top & 0xffffffffn);
      const tagged = (((top >> 32n) + 1n) << 32n) | BigInt(page);
      if (Atomics.compareExchange(this.#top, 0, top, BigInt.asUintN(64, tagged)) !== top) continue;
      Atomics.add(this.#allocator, ALLOCATOR.freePages, 1);
      return;
    }
  }
}
