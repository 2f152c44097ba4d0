/**
 * A set of validated ROA payloads (VRPs, RFC 6811 2) that changes: what one cache has told. No object for a payload:
 * half a million of them are 16 MB.
 *
 *   rows (IPv4): [ address, length << 8 | maxLength, AS ]      rows (IPv6): [ 4 words, length << 8 | maxLength, AS ]
 *   slots: open addressing, row + 1; a row that goes is filled with the last one
 */
const SMALLEST = 64;

/** One word of address for IPv4, four for IPv6. */
export type AddressWords = 1 | 4;

export class VrpSet {
  readonly addressWords: AddressWords;
  /** Words of a row. */
  readonly width: number;
  size = 0;
  #rows: Uint32Array;
  #slots: Int32Array;

  constructor(addressWords: AddressWords) {
    this.addressWords = addressWords;
    this.width = addressWords + 2;
    this.#rows = new Uint32Array(SMALLEST * this.width);
    this.#slots = new Int32Array(SMALLEST * 2);
  }

  /** False when it is there already. */
  add(address: readonly number[], length: number, maxLength: number, as: number): boolean {
    if (this.size * this.width === this.#rows.length) this.#grow();
    // Written where the next row would stand: a row like others to be looked for.
    this.#write(this.size, address, length, maxLength, as);
    const slot = this.#slotOf(this.size);
    if ((this.#slots[slot] as number) !== 0) return false;
    this.#slots[slot] = ++this.size;
    return true;
  }

  /** False when it is not there. */
  remove(address: readonly number[], length: number, maxLength: number, as: number): boolean {
    if (this.size * this.width === this.#rows.length) this.#grow();
    this.#write(this.size, address, length, maxLength, as);
    const slot = this.#slotOf(this.size);
    const row = (this.#slots[slot] as number) - 1;
    if (row < 0) return false;
    this.#vacate(slot);
    const last = --this.size;
    if (row !== last) {
      this.#slots[this.#slotOf(last)] = row + 1;
      this.#rows.copyWithin(row * this.width, last * this.width, (last + 1) * this.width);
    }
    return true;
  }

  clear(): void {
    this.size = 0;
    this.#slots.fill(0);
  }

  /** A copy of the rows, in no order. */
  rows(): Uint32Array<ArrayBuffer> {
    return this.#rows.slice(0, this.size * this.width) as Uint32Array<ArrayBuffer>;
  }

  #write(row: number, address: readonly number[], length: number, maxLength: number, as: number): void {
    const at = row * this.width;
    for (let i = 0; i < this.addressWords; i++) this.#rows[at + i] = address[i] as number;
    this.#rows[at + this.addressWords] = (length << 8) | maxLength;
    this.#rows[at + this.addressWords + 1] = as;
  }

  /** The slot of an equal row, or the free one where it belongs. */
  #slotOf(row: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = this.#hash(row) & mask; ; slot = (slot + 1) & mask) {
      const held = this.#slots[slot] as number;
      if (held === 0 || this.#same(held - 1, row)) return slot;
    }
  }

  /** Empties a slot; those behind it that were pushed on by it move up. */
  #vacate(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = slot;
    slots[hole] = 0;
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hash((slots[at] as number) - 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at] as number;
      slots[at] = 0;
      hole = at;
    }
  }

  #same(a: number, b: number): boolean {
    if (a === b) return true;
    const { width } = this;
    for (let i = 0; i < width; i++) if (this.#rows[a * width + i] !== this.#rows[b * width + i]) return false;
    return true;
  }

  #hash(row: number): number {
    let hash = 0;
    for (let i = 0; i < this.width; i++) {
      hash = Math.imul(hash ^ (this.#rows[row * this.width + i] as number), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #grow(): void {
    const rows = new Uint32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let row = 0; row < this.size; row++) this.#slots[this.#slotOf(row)] = row + 1;
  }
}
