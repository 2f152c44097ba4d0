import { BOX, LEVELLED, POOLS, PREFIX_LENGTH, PREFIX_RECORD, PREFIX_RECORD_BITS } from './layout.ts';
import { type FabricMemory, prefixSlots4 } from './memory.ts';
import { NumberPool } from './number-pool.ts';
import { isMoving, movedBetween, noteLive, otherTable, tableOf } from './phase.ts';
import { CLOSED, SlotLevels } from './slot-levels.ts';

/**
 * The prefix dictionaries: prefix → dense PrefixId, one table per address family, ids of IPv6 after those of
 * IPv4. Open addressing, lock-free: a blade writes the key under an id of its own, then publishes the id in
 * the first free slot by compare-and-swap. A look-up probes with plain loads; a stale zero ends in the
 * compare-and-swap, which tells the truth.
 *
 *   slots (IPv4): [ … 0 | fingerprint, id+1 | 0 … ]       keys: in the records by id (PREFIX_RECORD); in levels (slot-levels.ts)
 *   slots (IPv6): [ … 0 | id+1 | id+1 | 0 … ]             keys: [ 4 words, length ] by id
 *
 * What costs is cache misses. So IPv4 prefixes of one /20 stand in one cache line of slots, for neighbours of one
 * origin are told together; and a fingerprint in the bits that no id needs says of nearly every other prefix that it is
 * another one without a look at its key.
 *
 * Nothing is ever taken out of a table. Ids that nobody uses are left behind when all others move to the other table
 * (phase.ts); then they are given out again.
 */
export class PrefixDictionary {
  /** PREFIX_RECORD.words an id, of both families. */
  readonly records: Int32Array;
  readonly keys6: Uint32Array;
  /** First PrefixId of the IPv6 table. */
  readonly base6: number;
  readonly pool4: NumberPool;
  readonly pool6: NumberPool;
  /** Both tables of each family, and the one that is in use. */
  readonly #tables4: readonly [SlotLevels, SlotLevels];
  readonly #tables6: readonly [Int32Array, Int32Array];
  #slots4: SlotLevels;
  #slots6: Int32Array;
  /** Everything goes to these tables now. */
  #to4: SlotLevels;
  #to6: Int32Array;
  #phase = 0;
  #moving = false;
  readonly #mask6: number;
  /** The bits of a slot that hold id + 1 (IPv4). */
  readonly #idMask: number;
  /** The sum of what was loaded to bring memory near. Nobody reads it, but a load whose value is not used would be optimised away. */
  touched = 0;
  /** Of find4All: where to look first, and what was found. */
  readonly #places = new Int32Array(TOGETHER);
  readonly #candidates = new Int32Array(TOGETHER);

  constructor(memory: FabricMemory) {
    const { prefixes4 } = memory.options;
    this.records = new Int32Array(memory.prefixRecords);
    this.keys6 = new Uint32Array(memory.prefixKeys6);
    const sizes = prefixSlots4(memory.options);
    const table4 = (which: 0 | 1) =>
      new SlotLevels(memory, memory.prefixSlots4, which, LEVELLED.prefixes4 + which, sizes);
    this.#tables4 = [table4(0), table4(1)];
    this.#tables6 = halves(memory.prefixSlots6);
    this.#mask6 = this.#tables6[0].length - 1;
    this.#idMask = 2 ** Math.ceil(Math.log2(prefixes4 + 1)) - 1;
    this.base6 = prefixes4;
    this.pool4 = new NumberPool(memory, POOLS.prefixes4, BLOCK);
    this.pool6 = new NumberPool(memory, POOLS.prefixes6, BLOCK);
    [this.#slots4, this.#to4] = this.#tables4;
    [this.#slots6, this.#to6] = this.#tables6;
    this.meet(Atomics.load(new Int32Array(memory.box), BOX.phase));
  }

  /** This thread goes by another phase from now on (phase.ts). */
  meet(phase: number): void {
    this.#moving = isMoving(phase);
    this.#slots4 = this.#tables4[tableOf(phase)];
    this.#slots6 = this.#tables6[tableOf(phase)];
    this.#to4 = this.#tables4[otherTable(phase)];
    this.#to6 = this.#tables6[otherTable(phase)];
    const moved = movedBetween(this.#phase, phase);
    this.pool4.meet(phase, moved);
    this.pool6.meet(phase, moved);
    if (moved) for (const table of this.#tables4) table.forget();
    this.#phase = phase;
  }

  /**
   * The id of an IPv4 prefix (host bits must be zero), made if new; -1 when the table is full. `marks`: what a new one's marks begin
   * with, its length aside (rib/presence.ts).
   */
  intern4(address: number, length: number, marks = 0): number {
    if (!this.#moving) return this.#add4(this.#slots4, address, length, -1, marks);
    const held = this.#find4(this.#to4, address, length);
    if (held >= 0) return held;
    // The old table says who is first while some threads know of no other; the new one has the last word.
    const id = this.#add4(this.#slots4, address, length, -1, marks);
    return id < 0 ? -1 : this.#add4(this.#to4, address, length, id, 0);
  }

  /** The id of an IPv4 prefix, or -1 when nobody has announced it. */
  find4(address: number, length: number): number {
    if (this.#moving) {
      const held = this.#find4(this.#to4, address, length);
      if (held >= 0) return held;
    }
    return this.#find4(this.#slots4, address, length);
  }

  /**
   * Looks these prefixes up, where `ids` says -1, and puts in the ids of those that are known. Many look-ups at the same time: each
   * loop's loads depend on nothing that it loads itself, so that the processor fetches many of them together.
   */
  find4All(addresses: Uint32Array, lengths: Uint8Array, ids: Int32Array, count: number): void {
    // What is not found at once is looked up again, one by one.
    if (this.#moving || count > TOGETHER) return;
    const { levels } = this.#slots4;
    this.#findIn(levels[0], addresses, lengths, ids, count);
    if (this.#slots4.isClosed(0)) this.#findIn(levels[1], addresses, lengths, ids, count);
  }

  #findIn(
    slots: Int32Array,
    addresses: Uint32Array,
    lengths: Uint8Array,
    ids: Int32Array,
    count: number,
  ): void {
    this.#touchSlots(slots, addresses, lengths, count);
    this.#probe(slots, addresses, lengths, count);
    const { records } = this;
    const candidates = this.#candidates;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= records[Math.max(candidates[i] as number, 0) << BITS] as number;
    this.touched ^= sum;
    for (let i = 0; i < count; i++) {
      const id = candidates[i] as number;
      if (id < 0 || ids[i] !== -1) continue;
      const at = id << BITS;
      if (records[at] !== ((addresses[i] as number) | 0)) continue;
      if ((((records[at + MARKS] as number) >>> LENGTH_SHIFT) & LENGTH_MASK) === lengths[i]) ids[i] = id;
    }
  }

  /** Brings the slots of these prefixes near. In a loop that only loads the processor gets furthest ahead. */
  #touchSlots(slots: Int32Array, addresses: Uint32Array, lengths: Uint8Array, count: number): void {
    const mask = slots.length - 1;
    const places = this.#places;
    for (let i = 0; i < count; i++) places[i] = slot4(addresses[i] as number, lengths[i] as number) & mask;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= slots[places[i] as number] as number;
    this.touched = sum;
  }

  /** Of each prefix the first id that has its fingerprint; -1: none has. */
  #probe(slots: Int32Array, addresses: Uint32Array, lengths: Uint8Array, count: number): void {
    const mask = slots.length - 1;
    const idMask = this.#idMask;
    const places = this.#places;
    const candidates = this.#candidates;
    for (let i = 0; i < count; i++) {
      const fingerprint = fingerprint4(addresses[i] as number, lengths[i] as number);
      const begin = places[i] as number;
      let slot = begin;
      let held = slots[slot] as number;
      while ((held & idMask) !== 0 && ((held ^ fingerprint) & ~idMask) !== 0) {
        slot = (slot + 1) & mask;
        if (slot === begin) break;
        held = slots[slot] as number;
      }
      candidates[i] = (held & idMask) - 1;
    }
  }

  /** As intern4, for an IPv6 prefix in four words. */
  intern6(a: number, b: number, c: number, d: number, length: number): number {
    if (!this.#moving) return this.#add6(this.#slots6, a, b, c, d, length, -1);
    const held = this.#find6(this.#to6, a, b, c, d, length);
    if (held >= 0) return held;
    const id = this.#add6(this.#slots6, a, b, c, d, length, -1);
    return id < 0 ? -1 : this.#add6(this.#to6, a, b, c, d, length, id);
  }

  find6(a: number, b: number, c: number, d: number, length: number): number {
    if (this.#moving) {
      const held = this.#find6(this.#to6, a, b, c, d, length);
      if (held >= 0) return held;
    }
    return this.#find6(this.#slots6, a, b, c, d, length);
  }

  /** Prefix length of an id. */
  lengthOf(id: number): number {
    return id < this.base6 ? this.length4(id) : (this.keys6[(id - this.base6) * 5 + 4] as number);
  }

  /** Of an IPv4 id. */
  address4(id: number): number {
    return (this.records[id << BITS] as number) >>> 0;
  }

  length4(id: number): number {
    return ((this.records[(id << BITS) + MARKS] as number) >>> LENGTH_SHIFT) & LENGTH_MASK;
  }

  /** Ids below these bounds may be in use: [0, used4) and [base6, used6). */
  used4(): number {
    return this.pool4.bound;
  }

  used6(): number {
    return this.base6 + this.pool6.bound;
  }

  // ── for the chassis, which sweeps ──

  /** Does a look-up of its prefix still come to this id? */
  holds(id: number): boolean {
    const { keys6 } = this;
    if (id < this.base6) return this.find4(this.address4(id), this.length4(id)) === id;
    const at = (id - this.base6) * 5;
    const word = (i: number): number => keys6[at + i] as number;
    return this.find6(word(0), word(1), word(2), word(3), word(4)) === id;
  }

  /** Brings near what carrying these ids will look at. */
  touchCarried(ids: Int32Array, count: number): void {
    const places = this.#places;
    let ipv4 = 0;
    for (; ipv4 < count && (ids[ipv4] as number) < this.base6; ipv4++) {
      const id = ids[ipv4] as number;
      places[ipv4] = slot4(this.address4(id), this.length4(id));
    }
    this.touched = this.#to4.touch(places, ipv4);
  }

  /** An id in use goes along to the other table. */
  carry(id: number): void {
    const { keys6 } = this;
    if (id < this.base6) {
      this.#add4(this.#to4, this.address4(id), this.length4(id), id, 0);
      return;
    }
    const at = (id - this.base6) * 5;
    const word = (i: number): number => keys6[at + i] as number;
    this.#add6(this.#to6, word(0), word(1), word(2), word(3), word(4), id);
  }

  /** Notes in `live`, by PrefixId, what stands in a part of the tables, and empties that part of those that are not in use. */
  settle(live: Uint32Array, from: number, to: number): void {
    if (from === 0) this.#to4.reopen();
    noteLive(this.#slots4.all, this.#to4.all, from, to, this.#idMask, 0, live);
    noteLive(this.#slots6, this.#to6, from, to, -1, this.base6, live);
  }

  /** What is not in use while nothing moves: empty since the last sweep. */
  get idleSlots(): readonly Int32Array[] {
    return this.#moving ? [] : [this.#to4.all, this.#to6];
  }

  /** Slots of the largest table. */
  get slots(): number {
    return Math.max(this.#slots4.all.length, this.#mask6 + 1);
  }

  /** The id of a prefix in a table; `given`, or made, where there is none; -1 when none is left. */
  #add4(table: SlotLevels, address: number, length: number, given: number, marks: number): number {
    const { records } = this;
    const { levels } = table;
    const idMask = this.#idMask;
    const fingerprint = fingerprint4(address, length) & ~idMask;
    const place = slot4(address, length);
    for (let level = 0; level < levels.length; level++) {
      const slots = levels[level] as Int32Array;
      const mask = slots.length - 1;
      const begin = place & mask;
      let slot = begin;
      for (;;) {
        const held = slots[slot] as number;
        if (held === CLOSED) break;
        if (held !== 0) {
          if (((held ^ fingerprint) & ~idMask) === 0) {
            const id = (held & idMask) - 1;
            if (this.#same4(id, address, length)) return id;
          }
          slot = (slot + 1) & mask;
          if (slot === begin) break;
          continue;
        }
        if (table.isClosed(level)) {
          if (Atomics.compareExchange(slots, slot, 0, CLOSED) === 0) break;
          continue;
        }
        let id = given;
        if (id < 0) {
          id = this.pool4.take();
          if (id < 0) return -1;
          records[id << BITS] = address;
          records[(id << BITS) + MARKS] = (length << LENGTH_SHIFT) | marks;
        }
        if (Atomics.compareExchange(slots, slot, 0, fingerprint | (id + 1)) === 0) {
          table.onFilled(level);
          return id;
        }
        // Somebody was first: look again at what stands there, keep the id for later.
        if (given < 0) this.pool4.putBack(id);
      }
    }
    return -1;
  }

  #same4(id: number, address: number, length: number): boolean {
    const at = id << BITS;
    const { records } = this;
    if (records[at] !== (address | 0)) return false;
    return (((records[at + MARKS] as number) >>> LENGTH_SHIFT) & LENGTH_MASK) === length;
  }

  #find4(table: SlotLevels, address: number, length: number): number {
    const { levels } = table;
    const idMask = this.#idMask;
    const fingerprint = fingerprint4(address, length) & ~idMask;
    const place = slot4(address, length);
    for (let level = 0; level < levels.length; level++) {
      const slots = levels[level] as Int32Array;
      const mask = slots.length - 1;
      const begin = place & mask;
      let slot = begin;
      do {
        const held = slots[slot] as number;
        if (held === 0 && !table.isClosed(level)) return -1;
        if (held === 0 || held === CLOSED) break;
        if (((held ^ fingerprint) & ~idMask) === 0) {
          const id = (held & idMask) - 1;
          if (this.#same4(id, address, length)) return id;
        }
        slot = (slot + 1) & mask;
      } while (slot !== begin);
    }
    return -1;
  }

  /** As #add4; ids are PrefixIds. */
  #add6(
    slots: Int32Array,
    a: number,
    b: number,
    c: number,
    d: number,
    length: number,
    given: number,
  ): number {
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
      let number = given - this.base6;
      if (given < 0) {
        number = this.pool6.take();
        if (number < 0) return -1;
        const at = number * 5;
        keys[at] = a;
        keys[at + 1] = b;
        keys[at + 2] = c;
        keys[at + 3] = d;
        keys[at + 4] = length;
      }
      if (Atomics.compareExchange(slots, slot, 0, number + 1) === 0) return this.base6 + number;
      if (given < 0) this.pool6.putBack(number);
    }
  }

  #find6(slots: Int32Array, a: number, b: number, c: number, d: number, length: number): number {
    const mask = this.#mask6;
    let slot = hash6(a, b, c, d, length) & mask;
    for (;;) {
      const held = slots[slot] as number;
      if (held === 0) return -1;
      if (this.#same6((held - 1) * 5, a, b, c, d, length)) return this.base6 + held - 1;
      slot = (slot + 1) & mask;
    }
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
}

// Constants of this module: the JIT compiler folds them, but looks a property of an imported object up each time.
const BITS = PREFIX_RECORD_BITS;
const MARKS = PREFIX_RECORD.marks;
const LENGTH_SHIFT = PREFIX_LENGTH.shift;
const LENGTH_MASK = PREFIX_LENGTH.mask;

/** Prefixes that are looked up together at most. */
const TOGETHER = 512;
/** Ids are claimed in blocks, so that the allocator's word is not fought over. */
const BLOCK = 64;

function halves(memory: SharedArrayBuffer): [Int32Array, Int32Array] {
  const words = memory.byteLength / 8;
  return [new Int32Array(memory, 0, words), new Int32Array(memory, words * 4, words)];
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
