import { SET_LEVELS } from './layout.ts';
import { type FabricMemory, firstSetSlots, setSlots } from './memory.ts';

/**
 * One of the two tables of slots of the attribute dictionary, in two levels, so that few sets touch little memory:
 *
 *   [ level 0: a quarter of the slots | level 1: one slot and a third for each set that there can be ]
 *     filled to five eighths ─→ closed; level 1 is open
 *
 * A set stands in one slot of one level. Who looks for one goes through the levels from the first on; in each it probes from
 * where the set's hash says to the first free slot. In the open level it may take that slot by compare-and-swap. In the
 * one that is closed it puts CLOSED there first, if nobody did. Whoever does not know yet that the level is closed finds that, and
 * goes on to the next level as well: so all go the same way, and no set comes to stand twice.
 *
 *   control: [ open | … | filled ]      open: the level, compare-and-swap; filled: of level 0, atomic add, some at a time
 */
export class SetSlots {
  readonly levels: readonly Int32Array[];
  /** All of it, for those who go through it slot by slot. */
  readonly all: Int32Array;
  readonly #control: Int32Array;
  /** Sets that this thread put into level 0 and did not count yet. */
  #uncounted = 0;
  /** So many are counted at a time. */
  readonly #some: number;
  /** Level 0 is closed when so many are in it. */
  readonly #most: number;

  constructor(memory: FabricMemory, table: 0 | 1) {
    const all = setSlots(memory.options);
    const first = firstSetSlots(memory.options);
    const start = table * all;
    const part = (from: number, length: number) =>
      new Int32Array(memory.attributeSlots, (start + from) * 4, length);
    this.all = part(0, all);
    this.levels = [part(0, first), part(first, all - first)];
    this.#control = new Int32Array(memory.setLevels, table * SET_LEVELS.words * 4, SET_LEVELS.words);
    this.#most = Math.floor(first * FILL);
    this.#some = Math.max(1, Math.min(64, first >>> 10));
  }

  isClosed(level: number): boolean {
    return level < (this.#control[SET_LEVELS.open] as number);
  }

  /** A set was put into a level. What a thread that dies did not count makes level 0 a little fuller than it should be. */
  onFilled(level: number): void {
    if (level !== 0 || ++this.#uncounted < this.#some) return;
    const filled = Atomics.add(this.#control, SET_LEVELS.filled, this.#uncounted) + this.#uncounted;
    this.#uncounted = 0;
    if (filled >= this.#most) Atomics.compareExchange(this.#control, SET_LEVELS.open, 0, 1);
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

/** In a slot: there is none behind it in this level, and nobody may take it. No id, so that who looks for ids finds none. */
export const CLOSED = 1 << 31;

/** Of level 0: past that, who looks in vain, as all do who look for what stands in level 1, probes too long. */
const FILL = 5 / 8;
