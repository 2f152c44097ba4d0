import { PREFIX_RECORD, PREFIX_RECORD_BITS } from './layout.ts';
import { type FabricMemory, prefixIds } from './memory.ts';

/**
 * Where the two words of each prefix in a blade's Loc-RIB stand (rib/loc-rib.ts), written by that blade only. Those of the first
 * blade are part of the prefix's record, so that a box of one blade finds all that it knows of a prefix in one cache line; the others
 * have a table each, so that they do not take that line from each other.
 *
 *   first blade:  prefixRecords [ address | marks | AttrId | session + 1 ]       others:  best [ AttrId | session + 1 ]
 */
export class LocRibWords {
  readonly words: Uint32Array;
  /** The words of an id stand from (id << shift) + offset on. */
  readonly shift: number;
  readonly offset: number;

  constructor(memory: FabricMemory, blade: number) {
    if (blade === 0) {
      this.words = new Uint32Array(memory.prefixRecords);
      this.shift = PREFIX_RECORD_BITS;
      this.offset = PREFIX_RECORD.best;
      return;
    }
    const words = 2 * prefixIds(memory.options);
    this.words = new Uint32Array(memory.best, (blade - 1) * words * 4, words);
    this.shift = 1;
    this.offset = 0;
  }

  at(id: number): number {
    return (id << this.shift) + this.offset;
  }

  /** AttrId of the best route; 0: none. */
  attribute(id: number): number {
    return this.words[this.at(id)] as number;
  }

  /** Session + 1 that learned it; 0: none. */
  source(id: number): number {
    return this.words[this.at(id) + 1] as number;
  }
}
