import { RING } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/**
 * The ring of records from one blade to another: one producer, one consumer, two words a record. The
 * producer claims, writes plainly and publishes once a batch; the consumer takes what is published and
 * releases it when all of it has been applied. Positions count records, modulo 2^32.
 *
 *   [ head | … | tail | … | PrefixId, hint | PrefixId, hint | … ]
 */
export class RecordRing {
  readonly #words: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #first: number;
  readonly #mask: number;
  readonly #capacity: number;
  /** Producer: next record to write, and what is known of the consumer's position. */
  #write: number;
  #released: number;
  /** Consumer: next record to read, and what is known to be published. */
  #read: number;
  #published: number;

  constructor(memory: FabricMemory, from: number, to: number) {
    const { blades, ringRecords } = memory.options;
    const base = (from * blades + to) * (RING.words + ringRecords * 2);
    this.#words = new Int32Array(memory.fabricRings);
    this.#head = base + RING.head;
    this.#tail = base + RING.tail;
    this.#first = base + RING.words;
    this.#mask = ringRecords - 1;
    this.#capacity = ringRecords;
    this.#write = Atomics.load(this.#words, this.#head);
    this.#read = Atomics.load(this.#words, this.#tail);
    this.#released = this.#read;
    this.#published = this.#write;
  }

  /** Producer: false when the ring is full. What is claimed is seen by nobody before `publish`. */
  claim(first: number, second: number): boolean {
    if (((this.#write - this.#released) | 0) === this.#capacity) {
      this.#released = Atomics.load(this.#words, this.#tail);
      if (((this.#write - this.#released) | 0) === this.#capacity) return false;
    }
    const at = this.#first + (this.#write & this.#mask) * 2;
    this.#words[at] = first;
    this.#words[at + 1] = second;
    this.#write = (this.#write + 1) | 0;
    return true;
  }

  /** Producer: as `claim`, the records from one index of `words` to another; how many there was room for. */
  claimAll(words: Int32Array, from: number, to: number): number {
    let room = this.#capacity - ((this.#write - this.#released) | 0);
    if (room < to - from) {
      this.#released = Atomics.load(this.#words, this.#tail);
      room = this.#capacity - ((this.#write - this.#released) | 0);
    }
    const count = Math.min(room, to - from);
    const into = this.#words;
    const mask = this.#mask;
    const first = this.#first;
    const write = this.#write;
    for (let i = 0; i < count; i++) {
      const at = first + ((write + i) & mask) * 2;
      into[at] = words[2 * (from + i)] as number;
      into[at + 1] = words[2 * (from + i) + 1] as number;
    }
    this.#write = (write + count) | 0;
    return count;
  }

  /** Producer: makes all claimed records visible; false when there was nothing new. */
  publish(): boolean {
    if (this.#words[this.#head] === this.#write) return false;
    Atomics.store(this.#words, this.#head, this.#write);
    return true;
  }

  /** Consumer: how many records wait. */
  waiting(): number {
    if (this.#read === this.#published) this.#published = Atomics.load(this.#words, this.#head);
    return (this.#published - this.#read) | 0;
  }

  /** Consumer: the next records, so many, taken; their first and their second words. `waiting()` said that there are so many. */
  takeAll(firsts: Int32Array, seconds: Int32Array, count: number): void {
    const words = this.#words;
    const mask = this.#mask;
    const first = this.#first;
    const read = this.#read;
    for (let i = 0; i < count; i++) {
      const at = first + ((read + i) & mask) * 2;
      firsts[i] = words[at] as number;
      seconds[i] = words[at + 1] as number;
    }
    this.#read = (read + count) | 0;
  }

  /** Consumer: everything before was applied; gives the room back. */
  release(): void {
    if (this.#words[this.#tail] !== this.#read) Atomics.store(this.#words, this.#tail, this.#read);
  }
}
