/**
 * What a blade has to tell all its siblings: records that were made since all of them had everything. Each channel copies
 * them into its ring by itself, in one short loop, as far as there is room: a sibling that does not come to its turn lags behind
 * in here, in the same records as all others, and not each prefix in a set of its own.
 *
 *   [ record | record | record | record | record ]
 *              ↑ one channel has put these into its ring
 *                                ↑ sorted: looked at whom they concern    ↑ count
 *
 * Before they are taken they are sorted: those that no sibling has an interest in (interest.ts) are left out. Interests and marks are read
 * behind a fence, so that whoever widens its interest meanwhile either is seen here, or sees the routes that these records are about.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_WORD, PREFIX_RECORD, PREFIX_RECORD_BITS } from '../fabric/layout.ts';
import { ALL } from './interest.ts';

/** Records for each that a ring has room for: where threads share a processor, rings are full before a sibling has its turn. */
const RINGS = 8;

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const RECORD_BITS = PREFIX_RECORD_BITS;
const MARKS = PREFIX_RECORD.marks;

export class Outbox {
  count = 0;
  /** PrefixId and hint of each record (channel.ts). */
  readonly words: Int32Array;
  /** Of each sorted record the marks of its prefix; -1 where all had an interest in all. */
  readonly marks: Int32Array;
  /** By slot, as they were when it was last sorted. */
  readonly interests: Int32Array;
  /** Those from here on concern nobody whose interest is narrow, and was when they were sorted. */
  concerning = 0;
  /** Records so far, each as often as there were siblings whom it concerned when it was sorted. */
  sent = 0;
  /** Slots of the blade and its siblings. */
  blades = 0;
  #sorted = 0;
  readonly #fabric: Fabric;
  readonly #blade: number;
  readonly #room: number;

  constructor(fabric: Fabric, blade: number) {
    this.#fabric = fabric;
    this.#blade = blade;
    this.#room = RINGS * fabric.options.ringRecords;
    this.words = new Int32Array(2 * this.#room);
    this.marks = new Int32Array(this.#room);
    this.interests = new Int32Array(fabric.options.blades).fill(ALL);
  }

  /** There is no room for another one: have all of it taken first. */
  get full(): boolean {
    return this.count === this.#room;
  }

  add(id: number, hint: number): void {
    const at = 2 * this.count++;
    this.words[at] = id;
    this.words[at + 1] = hint;
  }

  /** All channels have all of it. */
  empty(): void {
    this.count = 0;
    this.concerning = 0;
    this.#sorted = 0;
  }

  sort(): void {
    if (this.#sorted === this.count) return;
    this.#fabric.setBladeWord(this.#blade, BLADE_WORD.fence, 0);
    let any = 0;
    let narrow = 0;
    let all = 0;
    for (let slot = 0; slot < this.blades; slot++) {
      if (slot === this.#blade) continue;
      const interest = this.#fabric.bladeWord(slot, BLADE_WORD.interest);
      // Whoever lags behind was concerned by other records when those were sorted.
      if (interest !== this.interests[slot]) this.concerning = this.#sorted;
      this.interests[slot] = interest;
      any |= interest;
      if (interest === ALL) all++;
      else narrow |= interest;
    }
    if (all === this.blades - 1) {
      this.marks.fill(ALL, this.#sorted, this.count);
      this.sent += (this.count - this.#sorted) * all;
    } else this.#leaveOut(any, narrow, all);
    this.#sorted = this.count;
  }

  /** Of those that are new. So many siblings have an interest in all. */
  #leaveOut(any: number, narrow: number, all: number): void {
    const { words, marks } = this;
    const { records } = this.#fabric.prefixes;
    let left = this.#sorted;
    let sent = 0;
    for (let i = left; i < this.count; i++) {
      const id = words[2 * i] as number;
      const mark = records[(id << RECORD_BITS) + MARKS] as number;
      if (any !== ALL && (mark & any) === 0) continue;
      words[2 * left] = id;
      words[2 * left + 1] = words[2 * i + 1] as number;
      marks[left++] = mark;
      sent += all;
      if ((mark & narrow) === 0) continue;
      this.concerning = left;
      sent += this.#narrowOnes(mark);
    }
    this.sent += sent;
    this.count = left;
  }

  /** Siblings whom a prefix with these marks concerns though they do not want to know of all. */
  #narrowOnes(mark: number): number {
    const { interests, blades } = this;
    let count = 0;
    for (let slot = 0; slot < blades; slot++) {
      const interest = interests[slot] as number;
      if (interest !== ALL && (mark & interest) !== 0) count++;
    }
    return count;
  }
}
