import { copyOctets, dataViewOf, hashOctets, sameOctets } from '../base/octets.ts';
import { ATTRIBUTE_ROW, BOX, POOLS } from './layout.ts';
import { byteBlock, type FabricMemory } from './memory.ts';
import { NumberPool } from './number-pool.ts';
import { isMoving, movedBetween, noteLive, otherTable, tableOf } from './phase.ts';

const ROW = ATTRIBUTE_ROW.words;

/** Fills the words of a row from `ATTRIBUTE_ROW.described` on: what is read often of these bytes. */
export type Describe = (bytes: Uint8Array, start: number, end: number, row: Uint32Array, at: number) => void;

/**
 * The attribute dictionary: canonical path-attribute bytes → AttrId. Equal sets have equal ids, whoever
 * interned them; id 0 is no set. Immutable once published, but for where its bytes stand.
 *
 *   slots: [ 0 | id | id … ]     rows: [ hash, offset, length, described × 5 ] by id, 32 bytes     bytes: sets, 4-aligned
 *
 * Bytes are in blocks; a set stands in one of them. When sets are nobody's any more their ids come back (phase.ts), and
 * blocks that nothing stands in. What is left in a block that is nearly empty is copied to another one first.
 */
export class AttributeDictionary {
  readonly rows: Uint32Array;
  readonly bytes: Uint8Array;
  /** AttrIds less one. */
  readonly pool: NumberPool;
  readonly blocks: NumberPool;
  /** Units of 4 bytes in a block. */
  readonly blockUnits: number;
  /** The same memory as `bytes`. */
  readonly #words: Int32Array;
  readonly #tables: readonly [Int32Array, Int32Array];
  #slots: Int32Array;
  #to: Int32Array;
  #phase = 0;
  #moving = false;
  readonly #mask: number;
  readonly #describe: Describe;
  #nextByte = 0;
  #endByte = 0;

  constructor(memory: FabricMemory, describe: Describe) {
    this.rows = new Uint32Array(memory.attributeRows);
    this.bytes = new Uint8Array(memory.attributeBytes);
    this.#words = new Int32Array(memory.attributeBytes);
    const { attributes } = memory.options;
    this.#tables = [
      new Int32Array(memory.attributeSlots, 0, attributes),
      new Int32Array(memory.attributeSlots, attributes * 4, attributes),
    ];
    this.#mask = attributes - 1;
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
    if (moved) this.#nextByte = this.#endByte = 0;
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
    // As in prefixes.ts. Who finds it in the old table makes nothing.
    const id = this.#add(this.#slots, octets, start, end, hash, 0, sparing);
    return id === 0 ? 0 : this.#add(this.#to, octets, start, end, hash, id, sparing);
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

  bytesUsed(): number {
    return this.blocks.used * this.blockUnits * 4;
  }

  /** The id of a set in a table; `given`, or made, where there is none; 0 when there is no room. */
  #add(
    slots: Int32Array,
    octets: DataView,
    start: number,
    end: number,
    hash: number,
    given: number,
    sparing: boolean,
  ): number {
    const rows = this.rows;
    const mask = this.#mask;
    const length = end - start;
    let slot = hash & mask;
    let id = given;
    for (;;) {
      const held = slots[slot] as number;
      if (held !== 0) {
        const at = held * ROW;
        if (
          rows[at] === hash &&
          rows[at + ATTRIBUTE_ROW.length] === length &&
          sameOctets(this.#words, this.bytes, rows[at + ATTRIBUTE_ROW.offset] as number, octets, start, end)
        ) {
          if (id !== given) this.#unwrite(id);
          return held;
        }
        slot = (slot + 1) & mask;
        continue;
      }
      if (id === 0) {
        id = this.#write(octets, start, end, hash, sparing);
        if (id === 0) return 0;
      }
      if (Atomics.compareExchange(slots, slot, 0, id) === 0) return id;
    }
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
    this.#describe(this.bytes, first, first + end - start, this.rows, at + ATTRIBUTE_ROW.described);
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

  /** An id in use goes along to the other table. */
  carry(id: number): void {
    const start = this.offsetOf(id);
    const hash = this.rows[id * ROW] as number;
    this.#add(this.#to, dataViewOf(this.bytes), start, start + this.lengthOf(id), hash, id, false);
  }

  /** Notes in `live`, by AttrId less one, what stands in a part of the table, and empties that part of the one not in use. */
  settle(live: Uint32Array, from: number, to: number): void {
    noteLive(this.#slots, this.#to, from, to, -1, 0, live);
  }

  get slots(): number {
    return this.#mask + 1;
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
