import { copyOctets, dataViewOf, hashOctets, sameOctets } from '../base/octets.ts';
import { ALLOCATOR, ATTRIBUTE_ROW, type FabricMemory } from './layout.ts';

const ROW = ATTRIBUTE_ROW.words;

/** Fills the words of a row from `ATTRIBUTE_ROW.described` on: what is read often of these bytes. */
export type Describe = (bytes: Uint8Array, start: number, end: number, row: Uint32Array, at: number) => void;

/**
 * The attribute dictionary: canonical path-attribute bytes → AttrId. Equal sets have equal ids, whoever
 * interned them; id 0 is no set. Immutable once published.
 *
 *   slots: [ 0 | id | id … ]     rows: [ hash, offset, length, described × 5 ] by id, 32 bytes     bytes: sets, 4-aligned
 */
export class AttributeDictionary {
  readonly rows: Uint32Array;
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`. */
  readonly #words: Int32Array;
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #limit: number;
  readonly #byteLimit: number;
  readonly #allocator: Int32Array;
  readonly #describe: Describe;
  #nextId = 0;
  #endId = 0;
  #nextByte = 0;
  #endByte = 0;

  constructor(memory: FabricMemory, describe: Describe) {
    this.rows = new Uint32Array(memory.attributeRows);
    this.bytes = new Uint8Array(memory.attributeBytes);
    this.#words = new Int32Array(memory.attributeBytes);
    this.#slots = new Int32Array(memory.attributeSlots);
    this.#mask = this.#slots.length - 1;
    // Past three quarters, probing open addressing gets long.
    this.#limit = Math.floor(memory.options.attributes * 0.75);
    this.#byteLimit = memory.options.attributeBytes >>> 2;
    this.#allocator = new Int32Array(memory.allocator);
    this.#describe = describe;
  }

  /** The id of these canonical bytes; 0 when the dictionary is full. */
  intern(source: Uint8Array, start: number, end: number): number {
    const octets = dataViewOf(source);
    const hash = hashOctets(octets, start, end);
    const slots = this.#slots;
    const rows = this.rows;
    const mask = this.#mask;
    const length = end - start;
    let slot = hash & mask;
    let id = 0;
    for (;;) {
      const held = slots[slot] as number;
      if (held !== 0) {
        const at = held * ROW;
        if (
          rows[at] === hash &&
          rows[at + ATTRIBUTE_ROW.length] === length &&
          sameOctets(this.#words, this.bytes, rows[at + ATTRIBUTE_ROW.offset] as number, octets, start, end)
        ) {
          if (id !== 0) this.#nextId = id; // ours was not needed: keep the id (its bytes are lost)
          return held;
        }
        slot = (slot + 1) & mask;
        continue;
      }
      if (id === 0) {
        id = this.#write(octets, start, end, hash);
        if (id === 0) return 0;
      }
      if (Atomics.compareExchange(slots, slot, 0, id) === 0) return id;
    }
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

  /** Sets interned, at most (ids are claimed in blocks). */
  used(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextAttribute), this.#limit);
  }

  bytesUsed(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextByte), this.#byteLimit) * 4;
  }

  #write(octets: DataView, start: number, end: number, hash: number): number {
    if (this.#nextId === this.#endId && !this.#claimIds()) return 0;
    const units = (end - start + 3) >>> 2;
    if (this.#nextByte + units > this.#endByte && !this.#claimBytes(units)) return 0;
    const id = this.#nextId++;
    const offset = this.#nextByte;
    this.#nextByte += units;
    copyOctets(this.#words, this.bytes, offset, octets, start, end);
    const first = offset << 2;
    const at = id * ROW;
    this.rows[at] = hash;
    this.rows[at + ATTRIBUTE_ROW.offset] = offset;
    this.rows[at + ATTRIBUTE_ROW.length] = end - start;
    this.#describe(this.bytes, first, first + end - start, this.rows, at + ATTRIBUTE_ROW.described);
    return id;
  }

  #claimIds(): boolean {
    if (Atomics.load(this.#allocator, ALLOCATOR.nextAttribute) + ID_BLOCK >= this.#limit) return false;
    const block = Atomics.add(this.#allocator, ALLOCATOR.nextAttribute, ID_BLOCK);
    if (block + ID_BLOCK >= this.#limit) return false;
    this.#nextId = block + 1; // id 0 is no set
    this.#endId = block + 1 + ID_BLOCK;
    return true;
  }

  #claimBytes(units: number): boolean {
    const block = Math.max(BYTE_BLOCK, units);
    if (Atomics.load(this.#allocator, ALLOCATOR.nextByte) + block > this.#byteLimit) return false;
    const first = Atomics.add(this.#allocator, ALLOCATOR.nextByte, block);
    if (first + block > this.#byteLimit) return false;
    this.#nextByte = first;
    this.#endByte = first + block;
    return true;
  }
}

const ID_BLOCK = 64;
/** In units of 4 bytes. */
const BYTE_BLOCK = 1024;
