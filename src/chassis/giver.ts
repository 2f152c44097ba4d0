/**
 * Memory of the fabric that nobody uses goes back to the system. A sweep finds ids (sweeper.ts), blades drop pages; all of that is given out
 * again, but where less is needed than there was it would stay touched for ever. So, when little has happened for some seconds, what is free
 * is taken by the chassis for a moment, so that it is nobody else's, its memory forgotten, and put back, a piece at a time:
 *
 *   tables of slots that are not in use    empty since the last sweep, until the next one
 *   ids, and blocks of attribute bytes     some at a time, never more than half of those that came back
 *   RIB pages                              the same; they are put with those that hold no memory, which are taken last
 *
 * What was forgotten reads as zeros. What is free may read as anything, as whoever takes it writes it first: ids stand in no table, and
 * pages have passed a quiescent point of everybody. Between two pieces nothing is in the chassis' hands, so that it may stop at any time.
 */
import type { Giving } from '../base/giving.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { ATTRIBUTE_ROW, BLADE_WORD, PAGE_WORDS, PREFIX_RECORD } from '../fabric/layout.ts';
import { prefixIds } from '../fabric/memory.ts';
import type { NumberPool } from '../fabric/number-pool.ts';

/**
 * Numbers that are borrowed at once, and the octets that they stand for at most; pages, and slots, that are looked at in one piece. And so many pages
 * are kept for what comes next.
 */
const GIVING_PIECES = { numbers: 8192, octets: 1 << 22, pages: 512, slots: 1 << 18, kept: 256 };

/** Where what a number stands for has its memory: so many octets each, from there on. */
interface Place {
  readonly memory: SharedArrayBuffer;
  readonly first: number;
  readonly octets: number;
}

export class Giver {
  /** Times that all was looked at, and octets that went back. */
  readonly numbers = { times: 0, octets: 0 };
  readonly #fabric: Fabric;
  readonly #giving: Giving;
  readonly #pieces: typeof GIVING_PIECES;
  readonly #borrowed: Int32Array;
  #work: Generator<void> | undefined;
  #sweepsThen = 0;

  constructor(fabric: Fabric, giving: Giving, pieces = GIVING_PIECES) {
    this.#fabric = fabric;
    this.#giving = giving;
    this.#pieces = pieces;
    this.#borrowed = new Int32Array(Math.max(pieces.numbers, pieces.pages));
  }

  /** There is something to be given since the last time, after so many sweeps. */
  due(sweeps: number): boolean {
    return sweeps !== this.#sweepsThen || this.#fabric.pages.warm > 2 * this.#pieces.kept;
  }

  get giving(): boolean {
    return this.#work !== undefined;
  }

  begin(sweeps: number): void {
    this.#sweepsThen = sweeps;
    this.#work ??= this.#run();
  }

  /** One piece; false: that was the last one. */
  step(): boolean {
    if (this.#work?.next().done !== false) this.#work = undefined;
    return this.giving;
  }

  /** Somebody needs the processor, or a sweep: what is left is for another time. */
  abandon(): void {
    this.#work = undefined;
    this.#sweepsThen = -1;
  }

  *#run(): Generator<void> {
    const { prefixes, attributes } = this.#fabric;
    yield* this.#slots();
    for (const [pool, places] of [
      [attributes.blocks, this.#blockPlaces()],
      [attributes.pool, this.#setPlaces()],
      [prefixes.pool4, this.#prefixPlaces(0)],
      [prefixes.pool6, this.#prefixPlaces(prefixes.base6)],
    ] as const)
      yield* this.#pool(pool, places);
    yield* this.#pages();
    this.numbers.times++;
  }

  #give(memory: SharedArrayBuffer, from: number, to: number): void {
    this.numbers.octets += this.#giving.giveBack(memory, from, to);
  }

  *#slots(): Generator<void> {
    const { prefixes, attributes } = this.#fabric;
    for (const table of [0, 1, 2]) {
      for (let from = 0; ; from += this.#pieces.slots) {
        // Asked each time: a sweep may have begun to fill them.
        const slots = [...prefixes.idleSlots, ...attributes.idleSlots][table];
        if (slots === undefined || from >= slots.length) break;
        const to = Math.min(from + this.#pieces.slots, slots.length);
        const first = slots.byteOffset;
        this.#give(slots.buffer as SharedArrayBuffer, first + from * 4, first + to * 4);
        yield;
      }
    }
  }

  // ── by number ──

  #blockPlaces(): Place[] {
    const { memory, attributes } = this.#fabric;
    return [{ memory: memory.attributeBytes, first: 0, octets: attributes.blockUnits * 4 }];
  }

  /** By AttrId less one. */
  #setPlaces(): Place[] {
    const { memory } = this.#fabric;
    const row = ATTRIBUTE_ROW.words * 4;
    return [
      { memory: memory.attributeRows, first: row, octets: row },
      { memory: memory.attributeTraits, first: 1, octets: 1 },
    ];
  }

  /** Of the family whose ids begin at `base`. */
  #prefixPlaces(base: number): Place[] {
    const { memory, options } = this.#fabric;
    const places = [{ memory: memory.prefixRecords, octets: PREFIX_RECORD.words * 4, first: 0 }];
    for (let blade = 1; blade < options.blades; blade++)
      // Not of slots in which no blade ever ran: their memory was never touched.
      if (this.#fabric.bladeWord(blade, BLADE_WORD.tells) !== 0)
        places.push({ memory: memory.best, octets: 8, first: (blade - 1) * prefixIds(options) * 8 });
    const of = places.map((place) => ({ ...place, first: place.first + base * place.octets }));
    return base === 0 ? of : [...of, { memory: memory.prefixKeys6, octets: 20, first: 0 }];
  }

  *#pool(pool: NumberPool, places: readonly Place[]): Generator<void> {
    const { numbers, octets } = this.#pieces;
    const largest = Math.max(...places.map((place) => place.octets));
    const some = this.#borrowed.subarray(0, Math.max(1, Math.min(numbers, Math.floor(octets / largest))));
    for (let left = pool.returned; left > 0; ) {
      const count = pool.borrow(some);
      if (count === 0) return;
      left -= count;
      const borrowed = some.subarray(0, count).sort();
      try {
        for (const [from, to] of runs(borrowed))
          for (const { memory, first, octets } of places)
            if ((to - from) * octets >= this.#giving.page)
              this.#give(memory, first + from * octets, first + to * octets);
      } finally {
        for (const number of borrowed) pool.give(number);
        pool.publish();
      }
      yield;
    }
  }

  *#pages(): Generator<void> {
    const { pages, memory } = this.#fabric;
    const octets = PAGE_WORDS * 4;
    const some = this.#borrowed.subarray(0, this.#pieces.pages);
    while (pages.warm > this.#pieces.kept) {
      const taken = some.subarray(0, pages.takeWarm(some)).sort();
      // The count said that there are some: a blade that died in the middle of counting made it wrong by one.
      if (taken.length === 0) return;
      try {
        for (const [from, to] of runs(taken))
          this.#give(memory.pages, memory.pagesAt + from * octets, memory.pagesAt + to * octets);
      } finally {
        pages.putCold(taken);
      }
      yield;
    }
  }
}

/** Numbers in order, as runs of neighbours: the first, and the one behind the last. */
function* runs(numbers: Int32Array): Generator<readonly [number, number]> {
  for (let at = 0; at < numbers.length; ) {
    const from = numbers[at] as number;
    const first = at;
    while (at < numbers.length && numbers[at] === from + at - first) at++;
    yield [from, from + at - first];
  }
}
