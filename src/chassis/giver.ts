/**
 * Memory of the fabric that nobody uses goes back to the system. A sweep finds ids (sweeper.ts), blades drop pages; all of that is given out
 * again, but where less is needed than there was it would stay touched for ever. So, when little has happened for some seconds, what is free
 * is taken by the chassis for a moment, so that it is nobody else's, its memory forgotten, and put back:
 *
 *   tables of slots that are not in use    empty since the last sweep, until the next one
 *   ids, and blocks of attribute bytes     some at a time, never more than half of those that came back
 *   RIB pages                              all that are free at once; who needs one meanwhile takes a new one
 *
 * What was forgotten reads as zeros. What is free may read as anything, as whoever takes it writes it first: ids stand in no table, and
 * pages have passed a quiescent point of everybody.
 */
import type { Giving } from '../base/giving.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { ATTRIBUTE_ROW, BLADE_WORD, PAGE_WORDS, PREFIX_RECORD } from '../fabric/layout.ts';
import { prefixIds } from '../fabric/memory.ts';
import type { NumberPool } from '../fabric/number-pool.ts';

/** Numbers that are borrowed at once; and pages, and slots, that are looked at in one piece. */
const GIVING_PIECES = { numbers: 8192, pages: 1024, slots: 1 << 18 };

/** RIB pages that came back since the last time, so that it is worth its while. */
const PAGES = 256;
/** So much of what can be had of pages must be there without those that are taken: a part of all. */
const PAGES_LEFT = 1 / 8;

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
  #pagesThen = 0;

  constructor(fabric: Fabric, giving: Giving, pieces = GIVING_PIECES) {
    this.#fabric = fabric;
    this.#giving = giving;
    this.#pieces = pieces;
    this.#borrowed = new Int32Array(pieces.numbers);
  }

  /** There is something to be given since the last time, after so many sweeps. */
  due(sweeps: number): boolean {
    const { returned } = this.#fabric.pages;
    // What was taken meanwhile comes back as something new.
    this.#pagesThen = Math.min(this.#pagesThen, returned);
    return sweeps !== this.#sweepsThen || returned > this.#pagesThen + PAGES;
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
    this.#pagesThen = this.#fabric.pages.returned;
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
      // Somebody was ever here.
      if (this.#fabric.bladeWord(blade, BLADE_WORD.tells) !== 0)
        places.push({ memory: memory.best, octets: 8, first: (blade - 1) * prefixIds(options) * 8 });
    const of = places.map((place) => ({ ...place, first: place.first + base * place.octets }));
    return base === 0 ? of : [...of, { memory: memory.prefixKeys6, octets: 20, first: 0 }];
  }

  *#pool(pool: NumberPool, places: readonly Place[]): Generator<void> {
    for (let left = pool.returned; left > 0; ) {
      const count = pool.borrow(this.#borrowed);
      if (count === 0) return;
      left -= count;
      const borrowed = this.#borrowed.subarray(0, count).sort();
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
    if (pages.limit - pages.touched() < pages.limit * PAGES_LEFT) return;
    const free = pages.takeFree().sort();
    const octets = PAGE_WORDS * 4;
    try {
      for (let at = 0; at < free.length; at += this.#pieces.pages) {
        for (const [from, to] of runs(free.subarray(at, at + this.#pieces.pages)))
          this.#give(memory.pages, memory.pagesAt + from * octets, memory.pagesAt + to * octets);
        yield;
      }
    } finally {
      pages.putFree(free);
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
