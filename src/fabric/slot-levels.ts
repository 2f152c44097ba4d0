import { SLOT_LEVELS } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/**
 * One table of slots of a dictionary, in two levels, so that few keys touch little memory:
 *
 *   [ level 0: small | level 1: room for all keys that there can be ]
 *     filled to five eighths ─→ closed; level 1 is open
 *
 * A key stands in one slot of one level. Whoever looks for one goes through the levels from the first on; in each it probes from
 * where the key's hash says to the first free slot. In the open level it may take that slot by compare-and-swap. In the
 * one that is closed it puts CLOSED there first, if nobody did. Whoever does not know yet that the level is closed finds that, and
 * goes on to the next level as well: so all go the same way, and no key comes to stand twice.
 *
 *   control: [ open | … | filled ]      open: the level, compare-and-swap; filled: of level 0, atomic add, some at a time
 */
export class SlotLevels {
  readonly levels: readonly [Int32Array, Int32Array];
  /** All of it, for those who go through it slot by slot. */
  readonly all: Int32Array;
  readonly #control: Int32Array;
  /** Keys that this thread put into level 0 and did not count yet. */
  #uncounted = 0;
  /** So many are counted at a time. */
  readonly #some: number;
  /** Level 0 is closed when so many are in it. */
  readonly #most: number;

  /** `slots`: of both tables of a dictionary, this one is `table` of them; `place`: of all tables in levels. */
  constructor(
    memory: FabricMemory,
    slots: SharedArrayBuffer,
    table: 0 | 1,
    place: number,
    [first, second]: Sizes,
  ) {
    const start = table * (first + second);
    this.all = new Int32Array(slots, start * 4, first + second);
    this.levels = [
      new Int32Array(slots, start * 4, first),
      new Int32Array(slots, (start + first) * 4, second),
    ];
    this.#control = new Int32Array(memory.slotLevels, place * SLOT_LEVELS.words * 4, SLOT_LEVELS.words);
    this.#most = Math.floor(first * FILL);
    this.#some = Math.max(1, Math.min(64, first >>> 10));
  }

  /** Brings near where these keys are looked for: places, not yet cut to a level's size. Returns the sum of it, so that the loads are made. */
  touch(places: Int32Array, count: number): number {
    let sum = 0;
    for (let level = 0; level < 2; level++) {
      const slots = this.levels[level as 0 | 1];
      const mask = slots.length - 1;
      for (let i = 0; i < count; i++) sum ^= slots[(places[i] as number) & mask] as number;
      if (!this.isClosed(level)) break;
    }
    return sum;
  }

  isClosed(level: number): boolean {
    return level < (this.#control[SLOT_LEVELS.open] as number);
  }

  /** A key was put into a level. What a thread that dies did not count makes level 0 a little fuller than it should be. */
  onFilled(level: number): void {
    if (level !== 0 || ++this.#uncounted < this.#some) return;
    const filled = Atomics.add(this.#control, SLOT_LEVELS.filled, this.#uncounted) + this.#uncounted;
    this.#uncounted = 0;
    if (filled >= this.#most) Atomics.compareExchange(this.#control, SLOT_LEVELS.open, 0, 1);
  }

  /** It was emptied, or will be: what was counted is not true any more. */
  forget(): void {
    this.#uncounted = 0;
  }

  /** It is being emptied: level 0 is open again. */
  reopen(): void {
    this.#control.fill(0);
  }
}

/** Slots of each level, powers of two. */
export type Sizes = readonly [first: number, second: number];

/** In a slot: there is none behind it in this level, and nobody may take it. No id, so that whoever looks for ids finds none. */
export const CLOSED = 1 << 31;

/** Of level 0: past that, who looks in vain, as all do who look for what stands in level 1, probes too long. */
const FILL = 5 / 8;
