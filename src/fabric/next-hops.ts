/**
 * Next hops and what it costs to get there: written by the chassis, which knows the routes of the kernel and of the
 * configuration, and read by all blades, so that they stay one router.
 *
 *   slots: [ 0 | id | id … ]     keys: [ four words ] by id     metrics: [ cost, or UNREACHABLE ] by id
 *   changedAt: [ BOX.hops ] by id     ofSets: [ id ] by AttrId, 0: none
 *
 * A blade that sees a next hop first gives it an id (as in attributes.ts: key, then compare-and-swap into the slot), not
 * reachable until the chassis has looked. The chassis writes costs, then counts BOX.hops on, then rings.
 */
import { ALLOCATOR, BOX } from './layout.ts';
import type { FabricMemory } from './memory.ts';

export const UNREACHABLE = 0xffffffff;

export class NextHops {
  readonly metrics: Uint32Array;
  /** The generation with which the cost became what it is. */
  readonly changedAt: Int32Array;
  /** Written by who interns the set, before it is published. */
  readonly ofSets: Uint32Array;
  readonly keys: Int32Array;
  readonly #slots: Int32Array;
  readonly #allocator: Int32Array;
  readonly #box: Int32Array;
  readonly #limit: number;

  constructor(memory: FabricMemory) {
    this.metrics = new Uint32Array(memory.nextHopMetrics);
    this.changedAt = new Int32Array(memory.nextHopChanges);
    this.ofSets = new Uint32Array(memory.nextHopsOfSets);
    this.keys = new Int32Array(memory.nextHopKeys);
    this.#slots = new Int32Array(memory.nextHopSlots);
    this.#allocator = new Int32Array(memory.allocator);
    this.#box = new Int32Array(memory.box);
    this.#limit = this.metrics.length;
  }

  /** Counts changes of costs. */
  get generation(): number {
    return Atomics.load(this.#box, BOX.hops);
  }

  /** For the chassis: every next hop that somebody has published. */
  *ids(): Generator<number> {
    for (const id of this.#slots) if (id !== 0) yield id;
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

  /** How many there can be; no id is given to more, and they count as reached. */
  get limit(): number {
    return this.#limit - 1;
  }

  /** Ids are below this one; those that are being written may not be published yet. */
  get end(): number {
    return Math.min(Atomics.load(this.#allocator, ALLOCATOR.nextHops) + 1, this.#limit);
  }

  /** Cost of the next hop of a set. What has no id costs nothing: there is no room, or it has none. */
  costOf(attribute: number): number {
    const hop = this.ofSets[attribute] as number;
    return hop === 0 ? 0 : (this.metrics[hop] as number);
  }

  /** The id of an address (IPv4: ::ffff:a.b.c.d); 0 when there is no room. */
  intern(w0: number, w1: number, w2: number, w3: number): number {
    const mask = this.#slots.length - 1;
    const hash = Math.imul(
      Math.imul(w0 ^ Math.imul(w1, 31), 0x85ebca6b) ^ Math.imul(w2, 31) ^ w3,
      0x9e3779b1,
    );
    let id = 0;
    for (let slot = (hash >>> 7) & mask; ; slot = (slot + 1) & mask) {
      let held = this.#slots[slot] as number;
      if (held === 0) {
        if (id === 0) {
          id = Atomics.add(this.#allocator, ALLOCATOR.nextHops, 1) + 1;
          if (id >= this.#limit) {
            Atomics.sub(this.#allocator, ALLOCATOR.nextHops, 1);
            return 0;
          }
          this.keys.set([w0, w1, w2, w3], id * 4);
          this.metrics[id] = UNREACHABLE;
        }
        held = Atomics.compareExchange(this.#slots, slot, 0, id);
        if (held === 0) return id;
      }
      const at = held * 4;
      const { keys } = this;
      if (keys[at] === w0 && keys[at + 1] === w1 && keys[at + 2] === w2 && keys[at + 3] === w3) return held;
    }
  }
}
