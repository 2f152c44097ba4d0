import type { Epochs } from './epochs.ts';
import { ALLOCATOR, PAGE_BITS, PAGE_WORDS } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/**
 * Pages of 1024 words that RIB columns are made of. New ones come from a counter, freed ones from two
 * lock-free stacks (Treiber's, with a tag against ABA; the links stand beside the pages): first of those that still hold memory, then of
 * those whose memory was given back to the system. A freed page is quarantined until no thread can still be reading it as what it was.
 *
 *   freePages: [ page of the top | tag ] warm, [ page of the top | tag ] cold         pageLinks: [ … | next free page | … ] by page
 */
const WARM = 0;
const COLD = 1;

export class PageArena {
  readonly words: Int32Array;
  /** By page, the thread + 1 that last had it in its hands; 0: it is free. What hangs nowhere and is a dead one's is lost. */
  readonly owners: Uint8Array;
  readonly limit: number;
  readonly #me: number;
  readonly #allocator: Int32Array;
  readonly #tops: BigUint64Array;
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
    this.#tops = new BigUint64Array(memory.freePages);
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

  /** Pages ever touched. */
  touched(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextPage), this.limit);
  }

  /** Pages that came back and were not taken again. */
  get returned(): number {
    return Atomics.load(this.#allocator, ALLOCATOR.freePages);
  }

  // ── for the chassis ──

  /** Pages that came back, and hold memory. */
  get warm(): number {
    return this.returned - Atomics.load(this.#allocator, ALLOCATOR.coldPages);
  }

  /** Takes warm pages, as many as `into` has room for, but never more than half of them, or one; how many. They are to be put back, cold. */
  takeWarm(into: Int32Array): number {
    const most = Math.min(into.length, (this.warm + 1) >> 1);
    let count = 0;
    for (; count < most; count++) {
      const page = this.#popFrom(WARM);
      if (page === 0) break;
      into[count] = page;
    }
    return count;
  }

  /** The memory of these is the system's. */
  putCold(pages: Int32Array): void {
    for (const page of pages) this.#pushTo(COLD, page);
  }

  /** Whoever needs a page gets one that holds memory, if there is one. */
  #pop(): number {
    return this.#popFrom(WARM) || this.#popFrom(COLD);
  }

  #popFrom(list: number): number {
    for (;;) {
      const top = Atomics.load(this.#tops, list);
      if (top === 0n) return 0;
      const page = Number(top & 0xffffffffn);
      if (page === 0) return 0;
      const next = BigInt(this.#links[page] as number);
      const tagged = (((top >> 32n) + 1n) << 32n) | next;
      if (Atomics.compareExchange(this.#tops, list, top, BigInt.asUintN(64, tagged)) !== top) continue;
      if (list === COLD) Atomics.sub(this.#allocator, ALLOCATOR.coldPages, 1);
      Atomics.sub(this.#allocator, ALLOCATOR.freePages, 1);
      return page;
    }
  }

  #push(page: number): void {
    this.owners[page] = 0;
    this.#pushTo(WARM, page);
  }

  #pushTo(list: number, page: number): void {
    for (;;) {
      const top = Atomics.load(this.#tops, list);
      this.#links[page] = Number(top & 0xffffffffn);
      const tagged = (((top >> 32n) + 1n) << 32n) | BigInt(page);
      if (Atomics.compareExchange(this.#tops, list, top, BigInt.asUintN(64, tagged)) !== top) continue;
      Atomics.add(this.#allocator, ALLOCATOR.freePages, 1);
      if (list === COLD) Atomics.add(this.#allocator, ALLOCATOR.coldPages, 1);
      return;
    }
  }
}
