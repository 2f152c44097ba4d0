/**
 * Next hops and what it costs to get there: written by the chassis, which knows the routes of the kernel and of the
 * configuration, and read by all blades, so that they stay one router.
 *
 *   slots: [ 0 | id | id | GONE … ]     keys: [ four words ] by id     metrics: [ cost, or UNREACHABLE ] by id
 *   changedAt: [ BOX.hops ] by id     ofSets: [ id ] by AttrId, 0: none
 *
 * A blade that sees a next hop first gives it an id (as in attributes.ts: key, then compare-and-swap into the slot), not
 * reachable until the chassis has looked. The chassis writes costs, then counts BOX.hops on, then rings.
 *
 * Ids that no set names come back (chassis/hop-sweep.ts). Nothing needs an address to have one id only: two of them cost the same,
 * so a slot can be emptied while others probe, who at the worst give the address another id.
 */
import { ALLOCATOR, BOX, POOLS } from './layout.ts';
import type { FabricMemory } from './memory.ts';
import { NumberPool } from './number-pool.ts';

export const UNREACHABLE = 0xffffffff;

/** A slot that was somebody's: who probes goes on behind it. */
const GONE = -1;

export class NextHops {
  readonly metrics: Uint32Array;
  /** The generation with which the cost became what it is. */
  readonly changedAt: Int32Array;
  /** Written by whoever interns the set, before it is published. */
  readonly ofSets: Uint32Array;
  readonly keys: Int32Array;
  /** Ids less one. One at a time, so that nobody has any in hand between two turns. */
  readonly pool: NumberPool;
  readonly #slots: Int32Array;
  readonly #allocator: Int32Array;
  readonly #box: Int32Array;

  constructor(memory: FabricMemory) {
    this.metrics = new Uint32Array(memory.nextHopMetrics);
    this.changedAt = new Int32Array(memory.nextHopChanges);
    this.ofSets = new Uint32Array(memory.nextHopsOfSets);
    this.keys = new Int32Array(memory.nextHopKeys);
    this.#slots = new Int32Array(memory.nextHopSlots);
    this.#allocator = new Int32Array(memory.allocator);
    this.#box = new Int32Array(memory.box);
    this.pool = new NumberPool(memory, POOLS.nextHops, 1);
  }

  /** Counts changes of costs. */
  get generation(): number {
    return Atomics.load(this.#box, BOX.hops);
  }

  /** For the chassis: every next hop that somebody has published. */
  *ids(): Generator<number> {
    for (const id of this.#slots) if (id > 0) yield id;
  }

  /** For the chassis: true when the cost is another one. Nobody looks before `changed`. */
  set(hop: number, cost: number): boolean {
    if (this.metrics[hop] === cost) return false;
    this.metrics[hop] = cost;
    this.changedAt[hop] = this.generation + 1;
    return true;
  }

  /** For the chassis, when all costs are written. */
  changed(): void {
    Atomics.add(this.#box, BOX.hops, 1);
  }

  /** Counts next hops that were given an id, each when it stands in the table. */
  get met(): number {
    return Atomics.load(this.#allocator, ALLOCATOR.nextHops);
  }

  /** Sets were described whose next hop found no id, since the last call. */
  takeRefused(): boolean {
    return Atomics.exchange(this.#allocator, ALLOCATOR.nextHopless, 0) !== 0;
  }

  /** Cost of the next hop of a set. What has no id costs nothing: there is no room, or it has none. */
  costOf(attribute: number): number {
    const hop = this.ofSets[attribute] as number;
    return hop === 0 ? 0 : (this.metrics[hop] as number);
  }

  /** The id of an address (IPv4: ::ffff:a.b.c.d); 0 when there is no room. */
  intern(w0: number, w1: number, w2: number, w3: number): number {
    let id = 0;
    for (;;) {
      const found = this.#probe(w0, w1, w2, w3);
      // What was taken for nothing comes back with the next sweep.
      if (found > 0) return found;
      if (id === 0) id = found === 0 ? 0 : this.pool.take() + 1;
      if (id === 0) return this.#refuse();
      this.#describe(id, w0, w1, w2, w3);
      if (this.#publish(~found, id)) return id;
    }
  }

  #refuse(): 0 {
    Atomics.store(this.#allocator, ALLOCATOR.nextHopless, 1);
    // A sweep now and then may find some.
    Atomics.store(this.#box, BOX.untold, 1);
    return 0;
  }

  #describe(id: number, w0: number, w1: number, w2: number, w3: number): void {
    const at = id * 4;
    this.keys[at] = w0;
    this.keys[at + 1] = w1;
    this.keys[at + 2] = w2;
    this.keys[at + 3] = w3;
    this.metrics[id] = UNREACHABLE;
  }

  /** False: somebody else was first there. */
  #publish(slot: number, id: number): boolean {
    const held = this.#slots[slot] as number;
    if (held > 0 || Atomics.compareExchange(this.#slots, slot, held, id) !== held) return false;
    Atomics.add(this.#allocator, ALLOCATOR.nextHops, 1);
    return true;
  }

  #first(w0: number, w1: number, w2: number, w3: number): number {
    const hash = Math.imul(w0 ^ Math.imul(w1, 31), 0x85ebca6b) ^ Math.imul(w2, 31) ^ w3;
    return (Math.imul(hash, 0x9e3779b1) >>> 7) & (this.#slots.length - 1);
  }

  /** The id of an address; where it has none ~ the slot for it, and 0 where there is no such slot. */
  #probe(w0: number, w1: number, w2: number, w3: number): number {
    const { keys } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = 0;
    for (
      let left = slots.length, slot = this.#first(w0, w1, w2, w3);
      left > 0;
      left--, slot = (slot + 1) & mask
    ) {
      const held = slots[slot] as number;
      if (held <= 0) {
        if (hole === 0) hole = ~slot;
        if (held === 0) break;
        continue;
      }
      const at = held * 4;
      if (keys[at] === w0 && keys[at + 1] === w1 && keys[at + 2] === w2 && keys[at + 3] === w3) return held;
    }
    return hole;
  }

  // ── for the chassis, which sweeps ──

  /** Whoever looks for one of these finds it no more. */
  withdraw(leaves: (id: number) => boolean): void {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot++) {
      const id = slots[slot] as number;
      if (id > 0 && leaves(id)) Atomics.store(slots, slot, GONE);
    }
  }

  /** One that was withdrawn is in use after all, perhaps beside another one of the same address: the chassis has to look at it. */
  restore(id: number): void {
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = this.keys.subarray(id * 4, id * 4 + 4);
    let slot = this.#first(w0, w1, w2, w3);
    // There are twice as many slots as ids.
    while (!this.#publish(slot, id)) slot = (slot + 1) & (this.#slots.length - 1);
  }

  /** Slots behind which nothing stands are as if they had been nobody's. */
  tidy(): void {
    const slots = this.#slots;
    for (let round = 0; round < 2; round++)
      for (let slot = slots.length - 1; slot >= 0; slot--)
        if (slots[slot] === GONE && slots[(slot + 1) % slots.length] === 0)
          Atomics.compareExchange(slots, slot, GONE, 0);
  }
}
