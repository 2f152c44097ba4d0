/**
 * Prefix -> dense number, by open addressing: what the generator uses to keep prefixes distinct, and a
 * speaker to find the route it was told.
 *
 *     slots   [ 0 | id+1 | 0 | ... ]      power of two, at most half full
 *     address [ w0 (w1 w2 w3) | ... ]     1 word a prefix for IPv4, 4 for IPv6, at id * words
 *     length  [ /n | ... ]
 *
 * Prefixes are never removed: a million IPv4 prefixes cost 5 bytes each and 8 to 16 bytes of slots.
 */
export class PrefixIndex {
  readonly words: 1 | 4;
  count = 0;
  address: Uint32Array;
  length: Uint8Array;
  #slots: Uint32Array;
  #mask: number;

  constructor(words: 1 | 4, capacity = 1024) {
    this.words = words;
    const room = 1 << Math.max(4, Math.ceil(Math.log2(capacity)));
    this.address = new Uint32Array(room * words);
    this.length = new Uint8Array(room);
    this.#slots = new Uint32Array(room * 2);
    this.#mask = room * 2 - 1;
  }

  /** The number of ids that the columns have room for; users grow their own columns with it. */
  get capacity(): number {
    return this.length.length;
  }

  /** The id of a prefix, or -1. */
  find(length: number, a: number, b = 0, c = 0, d = 0): number {
    const slot = this.#probe(length, a, b, c, d);
    return (this.#slots[slot] as number) - 1;
  }

  /** The id of a prefix, which is added where it is new (then the id equals the former `count`). */
  add(length: number, a: number, b = 0, c = 0, d = 0): number {
    const slot = this.#probe(length, a, b, c, d);
    const found = this.#slots[slot] as number;
    if (found !== 0) return found - 1;
    const id = this.count++;
    this.#slots[slot] = id + 1;
    this.length[id] = length;
    this.address[id * this.words] = a;
    if (this.words === 4) {
      this.address[id * 4 + 1] = b;
      this.address[id * 4 + 2] = c;
      this.address[id * 4 + 3] = d;
    }
    if (this.count === this.length.length) this.#grow();
    return id;
  }

  #probe(length: number, a: number, b: number, c: number, d: number): number {
    const { address, length: lengths } = this;
    const slots = this.#slots;
    let slot = hashPrefix(length, a, b, c, d) & this.#mask;
    for (;;) {
      const entry = slots[slot] as number;
      if (entry === 0) return slot;
      const id = entry - 1;
      if (lengths[id] === length) {
        if (this.words === 1) {
          if (address[id] === a >>> 0) return slot;
        } else if (
          address[id * 4] === a >>> 0 &&
          address[id * 4 + 1] === b >>> 0 &&
          address[id * 4 + 2] === c >>> 0 &&
          address[id * 4 + 3] === d >>> 0
        ) {
          return slot;
        }
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const room = this.length.length * 2;
    const address = new Uint32Array(room * this.words);
    const length = new Uint8Array(room);
    address.set(this.address);
    length.set(this.length);
    this.address = address;
    this.length = length;
    this.#slots = new Uint32Array(room * 2);
    this.#mask = room * 2 - 1;
    for (let id = 0; id < this.count; id++) this.#slots[this.#freeSlot(id)] = id + 1;
  }

  #freeSlot(id: number): number {
    const { address, words } = this;
    const at = id * words;
    const hash =
      words === 1
        ? hashPrefix(this.length[id] as number, address[at] as number, 0, 0, 0)
        : hashPrefix(
            this.length[id] as number,
            address[at] as number,
            address[at + 1] as number,
            address[at + 2] as number,
            address[at + 3] as number,
          );
    let slot = hash & this.#mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
    return slot;
  }
}

function hashPrefix(length: number, a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a ^ (length * 0x9e3779b1), 0x85ebca6b);
  h = Math.imul((h ^ (h >>> 15)) + b, 0xc2b2ae35);
  h = Math.imul((h ^ (h >>> 13)) + c, 0x27d4eb2f);
  h = Math.imul((h ^ (h >>> 16)) + d, 0x165667b1);
  return (h ^ (h >>> 15)) >>> 0;
}
