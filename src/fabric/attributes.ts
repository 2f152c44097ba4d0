import { copyOctets, dataViewOf, hashOctets, sameOctets } from '../base/octets.ts';
import { ATTRIBUTE_ROW, BOX, LEVELLED, POOLS } from './layout.ts';
import { byteBlock, type FabricMemory, setSlots } from './memory.ts';
import { NumberPool } from './number-pool.ts';
import { isMoving, movedBetween, noteLive, otherTable, tableOf } from './phase.ts';
import { CLOSED, SlotLevels } from './slot-levels.ts';

const ROW = ATTRIBUTE_ROW.words;

/**
 * Fills the words of a row from `ATTRIBUTE_ROW.described` on: what is read often of these bytes; and the set's octet of the traits. `like`:
 * where another set is described that differs from this one by `changes` only (bits that the dictionary knows nothing of); 0: none is.
 */
export type Describe = (
  bytes: Uint8Array,
  start: number,
  end: number,
  row: Uint32Array,
  at: number,
  like?: number,
  changes?: number,
  traits?: Uint8Array,
) => void;

/**
 * The attribute dictionary: canonical path-attribute bytes → AttrId. Equal sets have equal ids, whoever
 * interned them; id 0 is no set. Immutable once published, but for where its bytes stand.
 *
 *   slots: [ 0 | fingerprint, id | 0 … ], in levels (slot-levels.ts)
 *   rows: [ hash, offset, length, described × 5 ] by id, 32 bytes     bytes: sets, 4-aligned
 *
 * Bytes are in blocks; a set stands in one of them. When sets are nobody's any more their ids come back (phase.ts), and
 * blocks that nothing stands in. What is left in a block that is nearly empty is copied to another one first.
 */
export class AttributeDictionary {
  readonly rows: Uint32Array;
  readonly bytes: Uint8Array;
  /** An octet by AttrId: what is asked of many sets in no order, so that it should stand close together. */
  readonly traits: Uint8Array;
  /** AttrIds less one. */
  readonly pool: NumberPool;
  readonly blocks: NumberPool;
  /** Units of 4 bytes in a block. */
  readonly blockUnits: number;
  /** The same memory as `bytes`. */
  readonly #words: Int32Array;
  readonly #tables: readonly [SlotLevels, SlotLevels];
  #slots: SlotLevels;
  #to: SlotLevels;
  #phase = 0;
  #moving = false;
  /** The bits of a slot that hold an id; a part of the hash stands in the others. */
  readonly #idMask: number;
  readonly #describe: Describe;
  #nextByte = 0;
  #endByte = 0;
  /** For the set that is written next. */
  #like = 0;
  #changes = 0;

  /** The sum of what was loaded to bring memory near. Nobody reads it, but a load whose value is not used would be optimised away. */
  touched = 0;
  readonly #places = new Int32Array(TOGETHER);

  constructor(memory: FabricMemory, describe: Describe) {
    this.rows = new Uint32Array(memory.attributeRows);
    this.bytes = new Uint8Array(memory.attributeBytes);
    this.traits = new Uint8Array(memory.attributeTraits);
    this.#words = new Int32Array(memory.attributeBytes);
    const { attributes } = memory.options;
    const sizes = setSlots(memory.options);
    const table = (which: 0 | 1) =>
      new SlotLevels(memory, memory.attributeSlots, which, LEVELLED.attributes + which, sizes);
    this.#tables = [table(0), table(1)];
    this.#idMask = attributes - 1;
    this.#describe = describe;
    this.pool = new NumberPool(memory, POOLS.attributes, ID_BLOCK);
    this.blocks = new NumberPool(memory, POOLS.byteBlocks, 1);
    this.blockUnits = byteBlock(memory.options) >> 2;
    [this.#slots, this.#to] = this.#tables;
    this.meet(Atomics.load(new Int32Array(memory.box), BOX.phase));
  }

  /** This thread goes by another phase from now on (phase.ts). */
  meet(phase: number): void {
    this.#moving = isMoving(phase);
    this.#slots = this.#tables[tableOf(phase)];
    this.#to = this.#tables[otherTable(phase)];
    const moved = movedBetween(this.#phase, phase);
    this.pool.meet(phase, moved);
    this.blocks.meet(phase, moved);
    if (moved) {
      this.#nextByte = this.#endByte = 0;
      for (const table of this.#tables) table.forget();
    }
    this.#phase = phase;
  }

  /**
   * The id of these canonical bytes; 0 when the dictionary is full. `sparing`: it is full when a sixteenth is left, which
   * is for what others are to be told.
   */
  intern(source: Uint8Array, start: number, end: number, sparing = false): number {
    const octets = dataViewOf(source);
    const hash = hashOctets(octets, start, end);
    if (!this.#moving) return this.#add(this.#slots, octets, start, end, hash, 0, sparing);
    // The old table decides on the id, as in prefixes.ts; a set that is found there is not made again, only entered in the new one.
    const id = this.#add(this.#slots, octets, start, end, hash, 0, sparing);
    return id === 0 ? 0 : this.#add(this.#to, octets, start, end, hash, id, sparing);
  }

  /** As `intern`, of a set that was made of another one by these changes, with whose description it is described. */
  internChanged(source: Uint8Array, start: number, end: number, made: number, changes: number): number {
    this.#like = made * ROW + ATTRIBUTE_ROW.described;
    this.#changes = changes;
    const id = this.intern(source, start, end, true);
    this.#like = 0;
    return id;
  }

  offsetOf(id: number): number {
    return (this.rows[id * ROW + ATTRIBUTE_ROW.offset] as number) << 2;
  }

  /** The octets of a set, for those who do not mind a copy. */
  copyOf(id: number): Uint8Array {
    const start = this.offsetOf(id);
    return Uint8Array.from(this.bytes.subarray(start, start + this.lengthOf(id)));
  }

  lengthOf(id: number): number {
    return this.rows[id * ROW + ATTRIBUTE_ROW.length] as number;
  }

  /** Sets at most: ids are taken in blocks. */
  used(): number {
    return this.pool.used;
  }

  /** The id of a set in a table; `given`, or made, where there is none; 0 when there is no room. */
  #add(
    table: SlotLevels,
    octets: DataView,
    start: number,
    end: number,
    hash: number,
    given: number,
    sparing: boolean,
  ): number {
    const idMask = this.#idMask;
    const { levels } = table;
    let id = given;
    for (let level = 0; level < levels.length; level++) {
      const slots = levels[level] as Int32Array;
      const mask = slots.length - 1;
      const begin = hash & mask;
      let slot = begin;
      for (;;) {
        const held = slots[slot] as number;
        if (held === 0) {
          if (table.isClosed(level)) {
            if (Atomics.compareExchange(slots, slot, 0, CLOSED) === 0) break;
            continue;
          }
          if (id === 0) {
            id = this.#write(octets, start, end, hash, sparing);
            if (id === 0) return 0;
          }
          if (Atomics.compareExchange(slots, slot, 0, (hash & ~idMask) | id) !== 0) continue;
          table.onFilled(level);
          return id;
        }
        if (held === CLOSED) break;
        if (((held ^ hash) & ~idMask) === 0 && this.#same(held & idMask, octets, start, end, hash)) {
          if (id !== given) this.#unwrite(id);
          return held & idMask;
        }
        slot = (slot + 1) & mask;
        // Full, as nobody should see: so nobody can put anything here either.
        if (slot === begin) break;
      }
    }
    if (id !== given) this.#unwrite(id);
    return 0;
  }

  #same(id: number, octets: DataView, start: number, end: number, hash: number): boolean {
    const { rows } = this;
    const at = id * ROW;
    return (
      rows[at] === hash &&
      rows[at + ATTRIBUTE_ROW.length] === end - start &&
      sameOctets(this.#words, this.bytes, rows[at + ATTRIBUTE_ROW.offset] as number, octets, start, end)
    );
  }

  #write(octets: DataView, start: number, end: number, hash: number, sparing: boolean): number {
    const number = this.pool.take(sparing ? this.pool.limit >>> 4 : 0);
    if (number < 0) return 0;
    const offset = this.#room((end - start + 3) >>> 2, sparing);
    if (offset < 0) {
      this.pool.putBack(number);
      return 0;
    }
    const id = number + 1;
    copyOctets(this.#words, this.bytes, offset, octets, start, end);
    const first = offset << 2;
    const at = id * ROW;
    this.rows[at] = hash;
    this.rows[at + ATTRIBUTE_ROW.offset] = offset;
    this.rows[at + ATTRIBUTE_ROW.length] = end - start;
    const row = at + ATTRIBUTE_ROW.described;
    const [like, changes] = [this.#like, this.#changes];
    this.#describe(this.bytes, first, first + end - start, this.rows, row, like, changes, this.traits);
    return id;
  }

  /** What was written last was not needed: somebody interned the same set at the same time. */
  #unwrite(id: number): void {
    this.#nextByte = this.rows[id * ROW + ATTRIBUTE_ROW.offset] as number;
    this.pool.putBack(id - 1);
  }

  /** Room for so many units of bytes, in a block of ours; -1: there is none. */
  #room(units: number, sparing: boolean): number {
    if (this.#nextByte + units > this.#endByte) {
      if (units > this.blockUnits) return -1;
      const block = this.blocks.take(sparing ? this.blocks.limit >>> 4 : 0);
      if (block < 0) return -1;
      this.#nextByte = block * this.blockUnits;
      this.#endByte = this.#nextByte + this.blockUnits;
    }
    const offset = this.#nextByte;
    this.#nextByte += units;
    return offset;
  }

  // ── for the chassis, which sweeps ──

  /** Brings near what carrying these sets (AttrIds less one) will look at. */
  touchCarried(numbers: Int32Array, count: number): void {
    const { rows } = this;
    const places = this.#places;
    for (let i = 0; i < count; i++) places[i] = rows[((numbers[i] as number) + 1) * ROW] as number;
    this.touched = this.#to.touch(places, count);
  }

  /** An id in use goes along to the other table. */
  carry(id: number): void {
    const start = this.offsetOf(id);
    const hash = this.rows[id * ROW] as number;
    this.#add(this.#to, dataViewOf(this.bytes), start, start + this.lengthOf(id), hash, id, false);
  }

  /** Notes in `live`, by AttrId less one, what stands in a part of the table, and empties that part of the one not in use. */
  settle(live: Uint32Array, from: number, to: number): void {
    if (from === 0) this.#to.reopen();
    noteLive(this.#slots.all, this.#to.all, from, to, this.#idMask, 0, live);
  }

  /** As in prefixes.ts. */
  get idleSlots(): readonly Int32Array[] {
    return this.#moving ? [] : [this.#to.all];
  }

  get slots(): number {
    return this.#slots.all.length;
  }

  /** The block that a set stands in. */
  blockOf(id: number): number {
    return Math.floor((this.rows[id * ROW + ATTRIBUTE_ROW.offset] as number) / this.blockUnits);
  }

  /** Units that a set takes in its block. */
  unitsOf(id: number): number {
    return (this.lengthOf(id) + 3) >>> 2;
  }

  /** Copies a set into a block of ours; who reads the old bytes just now may go on. False: there is no block. */
  evacuate(id: number): boolean {
    const units = this.unitsOf(id);
    const offset = this.#room(units, false);
    if (offset < 0) return false;
    const from = this.rows[id * ROW + ATTRIBUTE_ROW.offset] as number;
    this.#words.copyWithin(offset, from, from + units);
    Atomics.store(this.rows, id * ROW + ATTRIBUTE_ROW.offset, offset);
    return true;
  }
}

const ID_BLOCK = 64;
/** Sets that are carried along together at most. */
const TOGETHER = 512;
