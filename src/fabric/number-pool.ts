import { BOX, POOL } from './layout.ts';
import { type FabricMemory, poolLimit, poolSize } from './memory.ts';

/**
 * Numbers that are given out, and come back: PrefixIds, AttrIds, and blocks of attribute bytes. Threads take them in
 * blocks, first those that came back and then those that never were out. They come back in sweeps (chassis/sweeper.ts):
 * only the chassis gives numbers, so that what came back is a ring with one producer and many consumers.
 *
 *   control: [ next | head | tail ]       ring: [ … | number | number | … ]      stamps: by number
 *                                               tail ─┘  (compare-and-swap)  └─ head (the chassis)
 *
 * A number that was taken carries the phase in which it was (phase.ts): what a thread has in its hands it forgets at the end
 * of a move. So numbers that are in no table and carry an older phase are nobody's, whoever lost them: a thread that died,
 * or one that interned what somebody else interned at the same time.
 */
export class NumberPool {
  /** Numbers are below this. */
  readonly limit: number;
  readonly #control: Int32Array;
  readonly #at: number;
  readonly #ring: Int32Array;
  readonly #stamps: Uint16Array;
  readonly #mask: number;
  readonly #block: number;
  /** What this thread has in its hands. */
  readonly #mine: Int32Array;
  #next = 0;
  #end = 0;
  #stamp: number;
  /** The chassis: where the next number goes that comes back, and how many were borrowed. */
  #head = 0;
  #borrowed = 0;

  constructor(memory: FabricMemory, which: number, block: number) {
    const { size, first } = poolPlace(memory, which);
    this.limit = poolLimit(memory.options, which);
    this.#control = new Int32Array(memory.pools);
    this.#at = which * POOL.words;
    this.#ring = new Int32Array(memory.freeNumbers, first * 4, size);
    this.#stamps = new Uint16Array(memory.stamps, first * 2, size);
    this.#mask = size - 1;
    // Of a small table no thread takes much into its hands.
    this.#block = Math.max(1, Math.min(block, this.limit >>> 10));
    this.#mine = new Int32Array(this.#block);
    this.#stamp = Atomics.load(new Int32Array(memory.box), BOX.phase) & 0xffff;
  }

  /** A number that nobody has, or -1: there is none. `spare`: nor are there any when no more than so many are left. */
  take(spare = 0): number {
    if (this.#next === this.#end && !this.#claim(spare)) return -1;
    return this.#mine[this.#next++] as number;
  }

  /** The number that was taken last was not needed. */
  putBack(number: number): void {
    this.#mine[--this.#next] = number;
  }

  /** Another phase has begun; `moved`: a move has ended since the last one, and what is in our hands is not ours any more. */
  meet(phase: number, moved: boolean): void {
    this.#stamp = phase & 0xffff;
    if (moved) this.#next = this.#end = 0;
  }

  /** Numbers below this were given out at least once. */
  get bound(): number {
    return Math.min(Atomics.load(this.#control, this.#at + POOL.next), this.limit);
  }

  /** How many are given out: in a table, in somebody's hands, or to be found by the next sweep. */
  get used(): number {
    return this.bound - this.returned;
  }

  /** How many were given out so far, each as often as it was; the chassis' own borrowing left out. */
  get taken(): number {
    return this.bound + Atomics.load(this.#control, this.#at + POOL.tail) - this.#borrowed;
  }

  /** How many can be given out. */
  get room(): number {
    return this.limit - this.used;
  }

  /** How many came back and were not taken again. */
  get returned(): number {
    const tail = Atomics.load(this.#control, this.#at + POOL.tail);
    return Math.max(0, (Atomics.load(this.#control, this.#at + POOL.head) - tail) | 0);
  }

  #claim(spare: number): boolean {
    if (spare > 0 && this.room <= spare) return false;
    const control = this.#control;
    for (;;) {
      const tail = Atomics.load(control, this.#at + POOL.tail);
      const there = (Atomics.load(control, this.#at + POOL.head) - tail) | 0;
      if (there <= 0) return this.#claimFresh();
      const count = Math.min(there, this.#block);
      for (let i = 0; i < count; i++) this.#mine[i] = this.#ring[(tail + i) & this.#mask] as number;
      const won = Atomics.compareExchange(control, this.#at + POOL.tail, tail, (tail + count) | 0) === tail;
      if (won) return this.#hold(count);
    }
  }

  #claimFresh(): boolean {
    if (Atomics.load(this.#control, this.#at + POOL.next) >= this.limit) return false;
    const first = Atomics.add(this.#control, this.#at + POOL.next, this.#block);
    const count = Math.min(this.#block, this.limit - first);
    for (let i = 0; i < count; i++) this.#mine[i] = first + i;
    return count > 0 && this.#hold(count);
  }

  #hold(count: number): true {
    for (let i = 0; i < count; i++) this.#stamps[this.#mine[i] as number] = this.#stamp;
    this.#next = 0;
    this.#end = count;
    return true;
  }

  // ── for the chassis, which sweeps ──

  /** Notes in `bits` which numbers came back and were not taken again; returns the bound of those given out so far. */
  noteReturned(bits: Uint32Array): number {
    const bound = this.bound;
    const tail = Atomics.load(this.#control, this.#at + POOL.tail);
    this.#head = Atomics.load(this.#control, this.#at + POOL.head);
    for (let at = tail; at !== this.#head; at = (at + 1) | 0) {
      const number = this.#ring[at & this.#mask] as number;
      bits[number >>> 5] = (bits[number >>> 5] as number) | (1 << (number & 31));
    }
    return bound;
  }

  /** Was it taken in this phase? Then it may be in somebody's hands. */
  takenIn(phase: number, number: number): boolean {
    return this.#stamps[number] === (phase & 0xffff);
  }

  /** Gives a number back; nobody sees it before `publish`. */
  give(number: number): void {
    this.#ring[this.#head & this.#mask] = number;
    this.#head = (this.#head + 1) | 0;
  }

  /**
   * Takes some of what came back, for a moment in which it is nobody else's: all of it is to be given again. Never more than half, so that whoever
   * asks finds some.
   */
  borrow(into: Int32Array): number {
    const tail = Atomics.load(this.#control, this.#at + POOL.tail);
    this.#head = Atomics.load(this.#control, this.#at + POOL.head);
    const count = Math.min(((this.#head - tail) | 0) >> 1, into.length);
    for (let i = 0; i < count; i++) into[i] = this.#ring[(tail + i) & this.#mask] as number;
    const next = (tail + count) | 0;
    if (count <= 0 || Atomics.compareExchange(this.#control, this.#at + POOL.tail, tail, next) !== tail)
      return 0;
    this.#borrowed += count;
    return count;
  }

  publish(): void {
    Atomics.store(this.#control, this.#at + POOL.head, this.#head);
  }
}

/** A pool's place in the rings and stamps of all. */
function poolPlace({ options }: FabricMemory, which: number): { size: number; first: number } {
  let first = 0;
  for (let pool = 0; pool < which; pool++) first += poolSize(options, pool);
  return { size: poolSize(options, which), first };
}
