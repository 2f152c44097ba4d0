import { ALLOCATOR, type FabricMemory } from './layout.ts';

/**
 * The prefix dictionaries: prefix → dense PrefixId, one table per address family, ids of IPv6 after those of
 * IPv4. Open addressing, lock-free: a blade writes the key under an id of its own, then publishes the id in
 * the first free slot by compare-and-swap. A look-up probes with plain loads; a stale zero ends in the
 * compare-and-swap, which tells the truth.
 *
 *   slots (IPv4): [ … 0 | fingerprint, id+1 | 0 … ]       keys: [ address, length ] by id
 *   slots (IPv6): [ … 0 | id+1 | id+1 | 0 … ]             keys: [ 4 words, length ] by id
 *
 * What costs is cache misses. So IPv4 prefixes of one /20 stand in one cache line of slots, for neighbours of one
 * origin are told together; and a fingerprint in the bits that no id needs says of nearly every other prefix that it is
 * another one without a look at its key.
 */
export class PrefixDictionary {
  readonly keys4: Uint32Array;
  readonly keys6: Uint32Array;
  /** First PrefixId of the IPv6 table. */
  readonly base6: number;
  readonly #slots4: Int32Array;
  readonly #slots6: Int32Array;
  readonly #mask4: number;
  readonly #mask6: number;
  readonly #limit4: number;
  readonly #limit6: number;
  /** The bits of a slot that hold id + 1 (IPv4). */
  readonly #idMask: number;
  readonly #allocator: Int32Array;
  /** Slots as touch4 found them. */
  readonly #touched = new Int32Array(TOUCHED + 1);
  #next4 = 0;
  #end4 = 0;
  #next6 = 0;
  #end6 = 0;

  constructor(memory: FabricMemory) {
    const { prefixes4, prefixes6 } = memory.options;
    this.keys4 = new Uint32Array(memory.prefixKeys4);
    this.keys6 = new Uint32Array(memory.prefixKeys6);
    this.#slots4 = new Int32Array(memory.prefixSlots4);
    this.#slots6 = new Int32Array(memory.prefixSlots6);
    this.#mask4 = this.#slots4.length - 1;
    this.#mask6 = this.#slots6.length - 1;
    this.#limit4 = prefixes4;
    this.#idMask = 2 ** Math.ceil(Math.log2(prefixes4 + 1)) - 1;
    this.#limit6 = prefixes6;
    this.base6 = prefixes4;
    this.#allocator = new Int32Array(memory.allocator);
  }

  /** The id of an IPv4 prefix (host bits must be zero), made if new; -1 when the table is full. */
  intern4(address: number, length: number): number {
    const slots = this.#slots4;
    const keys = this.keys4;
    const mask = this.#mask4;
    const idMask = this.#idMask;
    const fingerprint = fingerprint4(address, length) & ~idMask;
    let slot = slot4(address, length) & mask;
    for (;;) {
      const held = slots[slot] as number;
      if (held !== 0) {
        if (((held ^ fingerprint) & ~idMask) === 0) {
          const id = (held & idMask) - 1;
          const at = id << 1;
          if (keys[at] === address && keys[at + 1] === length) return id;
        }
        slot = (slot + 1) & mask;
        continue;
      }
      const id = this.#claim4();
      if (id < 0) return -1;
      keys[id << 1] = address;
      keys[(id << 1) + 1] = length;
      if (Atomics.compareExchange(slots, slot, 0, fingerprint | (id + 1)) === 0) return id;
      this.#next4 = id; // somebody was first: look again at what stands there, keep the id for later
    }
  }

  /** The id of an IPv4 prefix, or -1 when nobody has announced it. */
  find4(address: number, length: number): number {
    const slots = this.#slots4;
    const keys = this.keys4;
    const mask = this.#mask4;
    const idMask = this.#idMask;
    const fingerprint = fingerprint4(address, length) & ~idMask;
    let slot = slot4(address, length) & mask;
    for (;;) {
      const held = slots[slot] as number;
      if (held === 0) return -1;
      if (((held ^ fingerprint) & ~idMask) === 0) {
        const id = (held & idMask) - 1;
        const at = id << 1;
        if (keys[at] === address && keys[at + 1] === length) return id;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Brings the slots and keys of these prefixes near: many look-ups at the same time (blade/route-changes.ts). */
  touch4(addresses: Uint32Array, lengths: Uint8Array, count: number): void {
    const slots = this.#slots4;
    const keys = this.keys4;
    const mask = this.#mask4;
    const idMask = this.#idMask;
    const touched = this.#touched;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const held = slots[slot4(addresses[i] as number, lengths[i] as number) & mask] as number;
      touched[i & TOUCHED] = held;
      sum ^= held;
    }
    for (let i = 0; i < count && i <= TOUCHED; i++) {
      sum ^= keys[((touched[i] as number) & idMask) << 1] as number;
    }
    touched[0] = sum;
  }

  /** As intern4, for an IPv6 prefix in four words. */
  intern6(a: number, b: number, c: number, d: number, length: number): number {
    const slots = this.#slots6;
    const keys = this.keys6;
    const mask = this.#mask6;
    let slot = hash6(a, b, c, d, length) & mask;
    for (;;) {
      const held = slots[slot] as number;
      if (held !== 0) {
        if (this.#same6((held - 1) * 5, a, b, c, d, length)) return this.base6 + held - 1;
        slot = (slot + 1) & mask;
        continue;
      }
      const id = this.#claim6();
      if (id < 0) return -1;
      const at = id * 5;
      keys[at] = a;
      keys[at + 1] = b;
      keys[at + 2] = c;
      keys[at + 3] = d;
      keys[at + 4] = length;
      if (Atomics.compareExchange(slots, slot, 0, id + 1) === 0) return this.base6 + id;
      this.#next6 = id;
    }
  }

  find6(a: number, b: number, c: number, d: number, length: number): number {
    const slots = this.#slots6;
    const mask = this.#mask6;
    let slot = hash6(a, b, c, d, length) & mask;
    for (;;) {
      const held = slots[slot] as number;
      if (held === 0) return -1;
      if (this.#same6((held - 1) * 5, a, b, c, d, length)) return this.base6 + held - 1;
      slot = (slot + 1) & mask;
    }
  }

  isIpv6(id: number): boolean {
    return id >= this.base6;
  }

  /** Prefix length of an id. */
  lengthOf(id: number): number {
    return id < this.base6
      ? (this.keys4[(id << 1) + 1] as number)
      : (this.keys6[(id - this.base6) * 5 + 4] as number);
  }

  /** Ids below these bounds may be in use: [0, limit4) and [base6, limit6). */
  used4(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextPrefix4), this.#limit4);
  }

  used6(): number {
    return this.base6 + Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextPrefix6), this.#limit6);
  }

  #same6(at: number, a: number, b: number, c: number, d: number, length: number): boolean {
    const keys = this.keys6;
    return (
      keys[at] === a &&
      keys[at + 1] === b &&
      keys[at + 2] === c &&
      keys[at + 3] === d &&
      keys[at + 4] === length
    );
  }

  #claim4(): number {
    if (this.#next4 === this.#end4) {
      const block = claimBlock(this.#allocator, ALLOCATOR.nextPrefix4, this.#limit4);
      if (block < 0) return -1;
      this.#next4 = block;
      this.#end4 = block + BLOCK;
    }
    return this.#next4++;
  }

  #claim6(): number {
    if (this.#next6 === this.#end6) {
      const block = claimBlock(this.#allocator, ALLOCATOR.nextPrefix6, this.#limit6);
      if (block < 0) return -1;
      this.#next6 = block;
      this.#end6 = block + BLOCK;
    }
    return this.#next6++;
  }
}

const TOUCHED = 511;
/** Ids are claimed in blocks, so that the allocator's word is not fought over. */
const BLOCK = 64;

function claimBlock(allocator: Int32Array, word: number, limit: number): number {
  if (Atomics.load(allocator, word) + BLOCK > limit) return -1;
  const block = Atomics.add(allocator, word, BLOCK);
  return block + BLOCK > limit ? -1 : block;
}

/**
 * Where to look first: /24s of one /20 side by side. Of what is longer than /24 there can be thousands in one /20
 * (nobody should tell those, but somebody will), so these are strewn.
 */
function slot4(address: number, length: number): number {
  if (length > 24) return fingerprint4(address, length) >>> 7;
  let h = Math.imul(address >>> 12, 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0xc2b2ae35);
  return ((h ^ (h >>> 13)) << 4) | ((address >>> 8) & 15);
}

function fingerprint4(address: number, length: number): number {
  let h = Math.imul(address ^ Math.imul(length, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2ae35);
}

function hash6(a: number, b: number, c: number, d: number, length: number): number {
  let h = Math.imul(a, 0x85ebca6b) ^ length;
  h = Math.imul(h ^ (h >>> 15) ^ b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ c, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15) ^ d, 0x9e3779b1);
  return (h ^ (h >>> 16)) >>> 0;
}
