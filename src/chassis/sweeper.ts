/**
 * Ids that nobody uses come back (I3; fabric/phase.ts has the two tables and the phases). One sweep, made by the chassis in
 * slices while the blades go on; all that they do for it is to read one word a turn, and to look into two tables for a while:
 *
 *   moving ─→ columns ─→ Loc-RIBs ─→ out views ─→ what stands there moves ─→ moved ─→ what is in no table, and was not just
 *          ║          ║           ║               (a death meanwhile: again)         ║  taken, is nobody's: given out again
 *          ╨ every thread has passed a quiescent point
 *
 * Why nothing is missed though everything changes meanwhile. What somebody looks up moves by itself. Any other reference
 * comes of one that stood before, and goes one way within one turn: from a column (by an evaluation) to a Loc-RIB, from there
 * (by an export) to an out view. A word in a column that is 0 stays 0, so that a column may be read at any time. Once all
 * columns are read and those turns are over in which somebody had read one before, no Loc-RIB gets such an id any more; then
 * the same holds for the views. Pages of views move between views: a page is read when the list of all that hang at its
 * place is the same before and after.
 *
 * Ids that only wait somewhere (pending sets, records, logs) are no references: they say "look again", and whoever looks sees
 * what stands there then. A journal is one (estate.ts): the sweep looks once more after a burial.
 *
 * Fabric only: the simulation sweeps by the same rules. Everything that a sweep knows is the chassis' own, and it waits for
 * nobody but for quiescent points, so that no death can leave it half done.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BOX } from '../fabric/layout.ts';
import type { NumberPool } from '../fabric/number-pool.ts';
import { type GivingBack, giveBack, settle, sweptPools } from './give-back.ts';
import { sweepNextHops } from './hop-sweep.ts';
import { IdBits, inPieces } from './id-bits.ts';
import { References } from './references.ts';
import { SweepNeed } from './sweep-need.ts';

/** How a sweep is cut: the simulation cuts it as small as it can. */
export interface SweepPieces {
  /** Columns' pages, views' pages, and so on, looked at in one piece. */
  readonly pages: number;
  /** Ids or slots of tables looked at in one piece. */
  readonly ids: number;
}

const PIECES: SweepPieces = { pages: 8, ids: 4096 };

/** After a sweep that left less than this part of a pool, it is full: of what is in use. */
const NEARLY_FULL = 1 / 16;

export interface SweepNumbers {
  sweeps: number;
  /** Ids that came back: prefixes of both families, attribute sets; and blocks of attribute bytes. */
  prefixes4: number;
  prefixes6: number;
  attributes: number;
  blocks: number;
  nextHops: number;
  /** Attribute sets copied, because their block was nearly empty. */
  evacuated: number;
  /** Sweeps that looked at everything once more, because a blade died meanwhile. */
  again: number;
}

export class Sweeper {
  readonly numbers: SweepNumbers = {
    sweeps: 0,
    prefixes4: 0,
    prefixes6: 0,
    attributes: 0,
    blocks: 0,
    nextHops: 0,
    evacuated: 0,
    again: 0,
  };
  readonly need: SweepNeed;
  readonly #fabric: Fabric;
  readonly #vacant: (slot: number) => boolean;
  readonly #pieces: SweepPieces;
  readonly #pools: readonly NumberPool[];
  /** What is referenced; and, later, what is in the tables. From the first sweep on. */
  #live: IdBits | undefined;
  #sweep: Generator<void> | undefined;
  /** Quiescence that is waited for. */
  #epochs: Int32Array | undefined;

  /** `vacant`: is there nobody in this slot, and nobody coming? */
  constructor(fabric: Fabric, vacant: (slot: number) => boolean, pieces: SweepPieces = PIECES) {
    this.#fabric = fabric;
    this.#vacant = vacant;
    this.#pieces = pieces;
    this.#pools = sweptPools(fabric);
    this.need = new SweepNeed(fabric, this.#pools);
  }

  /** A sweep is under way. */
  get sweeping(): boolean {
    return this.#sweep !== undefined;
  }

  begin(): void {
    if (this.#sweep !== undefined) return;
    Atomics.store(this.#fabric.box, BOX.sweepWanted, 0);
    Atomics.store(this.#fabric.box, BOX.untold, 0);
    Atomics.add(this.#fabric.box, BOX.sweepsBegun, 1);
    this.#sweep = this.#run();
  }

  /** Goes on until `late` says that it is enough for now, or something has to be waited for. False: nothing is left to do. */
  step(late: () => boolean): boolean {
    const { epochs } = this.#fabric;
    if (this.#sweep === undefined) return false;
    epochs.inside(() => {
      do {
        if (this.#epochs !== undefined) {
          if (!epochs.passed(this.#epochs)) break;
          this.#epochs = undefined;
        }
        if (this.#sweep?.next().done !== false) this.#sweep = undefined;
      } while (this.#sweep !== undefined && !late());
    });
    return this.#sweep !== undefined;
  }

  *#run(): Generator<void> {
    const fabric = this.#fabric;
    const live = this.#live ?? new IdBits(fabric);
    this.#live = live;
    live.clear();
    this.need.begin();
    yield* this.#enter();
    yield* this.#carryReferenced(live);
    yield* this.#enter();
    live.clear();
    const { numbers } = this;
    const piece = this.#pieces.ids;
    const quiescence = (): Generator<void> => this.#quiescence();
    const work: GivingBack = { fabric, live, piece, numbers, quiescence };
    yield* settle(work);
    yield* giveBack(work);
    const { hops } = fabric;
    if (hops !== undefined)
      numbers.nextHops += yield* sweepNextHops({ fabric, hops, live: live.sets, piece, quiescence });
    Atomics.store(fabric.box, BOX.full, this.#full());
    this.need.end();
    numbers.sweeps++;
    Atomics.add(fabric.box, BOX.sweepsEnded, 1);
  }

  /** What is referenced is looked for, and goes along to the new tables. */
  *#carryReferenced(live: IdBits): Generator<void> {
    const references = new References(this.#fabric, this.#vacant, this.#pieces, live);
    for (;;) {
      const { losses } = this.#fabric;
      yield* references.columns();
      yield* this.#quiescence();
      yield* references.locRibs();
      yield* this.#quiescence();
      yield* references.views();
      yield* this.#carry(live);
      if (losses === this.#fabric.losses) break;
      this.numbers.again++;
    }
  }

  *#carry(live: IdBits): Generator<void> {
    const { prefixes, attributes } = this.#fabric;
    const piece = this.#pieces.ids;
    yield* inPieces(live.prefixes, piece, (some, count) => {
      prefixes.touchCarried(some, count);
      for (let i = 0; i < count; i++) prefixes.carry(some[i] as number);
    });
    yield* inPieces(live.sets, piece, (some, count) => {
      attributes.touchCarried(some, count);
      for (let i = 0; i < count; i++) attributes.carry((some[i] as number) + 1);
    });
  }

  /** Pools that are nearly full of what is in use, bits; the one behind them: pages. */
  #full(): number {
    const { pages } = this.#fabric;
    return this.#pools.reduce(
      (bits, pool, i) => (pool.room <= pool.limit * NEARLY_FULL ? bits | (1 << i) : bits),
      pages.room <= pages.limit * NEARLY_FULL ? 1 << this.#pools.length : 0,
    );
  }

  /** The next phase, from when all go by it. */
  *#enter(): Generator<void> {
    Atomics.add(this.#fabric.box, BOX.phase, 1);
    this.#fabric.meet();
    yield* this.#quiescence();
  }

  /** Everybody passes a quiescent point. */
  *#quiescence(): Generator<void> {
    this.#epochs = this.#fabric.epochs.snapshot();
    yield;
  }
}
