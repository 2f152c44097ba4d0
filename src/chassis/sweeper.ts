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
import { BLADE_WORD, BOX, PAGE_BITS, PAGE_WORDS, SESSION_NUMBER } from '../fabric/layout.ts';
import type { LocRibWords } from '../fabric/loc-rib-words.ts';
import { outViews, prefixIds } from '../fabric/memory.ts';
import type { NumberPool } from '../fabric/number-pool.ts';
import { OutViews, UNKNOWN, VIEW, VIEW_PAGE_IDS } from '../rib/adj-rib-out.ts';
import { UNKNOWN_BEST } from '../rib/loc-rib.ts';
import { isPathSet, PathSet } from '../rib/path-set.ts';
import { clearPresence } from '../rib/presence.ts';
import { receivedColumn } from '../rib/received.ts';
import { ATTRIBUTE_MASK } from '../rib/route-word.ts';
import { sweepNextHops } from './hop-sweep.ts';

/** How a sweep is cut: the simulation cuts it as small as it can. */
export interface SweepPieces {
  /** Columns' pages, views' pages, and so on, looked at in one piece. */
  readonly pages: number;
  /** Ids or slots of tables looked at in one piece. */
  readonly ids: number;
}

const PIECES: SweepPieces = { pages: 8, ids: 4096 };

/** Ids that are carried along together at most. */
const SOME = 512;

/** A sweep is worth its while when so much of a pool (a part of it) was given out since the last one. */
const GROWN = {
  // More than the whole Internet: 40 octets each.
  prefixes: 9 / 16,
  attributes: 3 / 8,
  nextHops: 1 / 2,
} as const;
/** And when routes went since then, so many for each id that was given out: a first table leaves nothing behind. */
const GONE = 1 / 4;
/** And when nobody does anything, where so many routes went since then, and such a part of all ids. */
const LEFT_BEHIND = { routes: 1 << 15, part: 1 / 4 } as const;
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
  readonly #fabric: Fabric;
  readonly #views: OutViews;
  readonly #paths = new PathSet();
  /** Is there nobody in this slot, and nobody coming? */
  readonly #vacant: (slot: number) => boolean;
  readonly #pieces: SweepPieces;
  readonly #pools: readonly NumberPool[];
  /** And of next hops, without which one can do. */
  readonly #watched: readonly NumberPool[];
  /** By pool, how many were given out after the last sweep. */
  readonly #usedThen: number[];
  /** By pool, how many had been given out when the last sweep began, if no route had gone; else 0. */
  readonly #grownIdle: number[];
  readonly #grownParts = [GROWN.prefixes, GROWN.prefixes, GROWN.attributes, GROWN.attributes, GROWN.nextHops];
  /** By PrefixId, and by AttrId less one: referenced; and, later, in the tables. */
  #prefixes = new Uint32Array(0);
  #sets = new Uint32Array(0);
  readonly #some = new Int32Array(SOME);
  #sweep: Generator<void> | undefined;
  /** Routes that had gone when the last sweep began. */
  #goneThen = 0;
  /** Quiescence that is waited for. */
  #epochs: Int32Array | undefined;

  constructor(fabric: Fabric, vacant: (slot: number) => boolean, pieces: SweepPieces = PIECES) {
    this.#fabric = fabric;
    this.#views = new OutViews(fabric);
    this.#vacant = vacant;
    this.#pieces = pieces;
    const { prefixes, attributes } = fabric;
    this.#pools = [prefixes.pool4, prefixes.pool6, attributes.pool, attributes.blocks];
    this.#watched = [...this.#pools, ...(fabric.hops === undefined ? [] : [fabric.hops.pool])];
    this.#usedThen = this.#watched.map(() => 0);
    this.#grownIdle = this.#watched.map(() => 0);
  }

  /** A sweep is under way. */
  get sweeping(): boolean {
    return this.#sweep !== undefined;
  }

  /** Somebody waits for a sweep, or enough was given out for one. */
  get due(): boolean {
    if (Atomics.load(this.#fabric.box, BOX.sweepWanted) !== 0) return true;
    let gone = -1;
    return this.#watched.some((pool, i) => {
      const then = this.#usedThen[i] as number;
      const grown = pool.used - then;
      // The table is nearly full, or as much work again as what is in use.
      const nearlyFull = grown > pool.limit / 64 && pool.room < pool.limit / 8;
      if (!nearlyFull && grown <= Math.max(pool.limit * this.#grownParts[i]!, then / 2)) return false;
      if (gone < 0) gone = Math.abs(this.#gone() - this.#goneThen);
      // What is not told for want of room takes ids each time that it is tried again, and so do the router's own routes that nobody is
      // told: no reason to sweep once more.
      const inVain = 2 * (this.#grownIdle[i] as number);
      return nearlyFull ? gone > 0 || grown > Math.max(pool.limit / 8, inVain) : gone > grown * GONE;
    });
  }

  /** Counts what is given out, and what goes. */
  get activity(): number {
    return this.#gone() + this.#pools.reduce((sum, pool) => sum + pool.used, 0);
  }

  /** For when there is nothing else to do: a sweep would find much, and its memory can be somebody else's. */
  get worthwhile(): boolean {
    const used = this.#pools.reduce((sum, pool) => sum + pool.used, 0);
    const gone = Math.abs(this.#gone() - this.#goneThen);
    return gone > Math.max(LEFT_BEHIND.routes, used * LEFT_BEHIND.part);
  }

  /** Routes that were withdrawn or replaced, or went with their sessions, so far: those that came and are not there. */
  #gone(): number {
    const { sessionLimit } = this.#fabric;
    let gone = 0;
    for (let session = 0; session < sessionLimit; session++)
      gone +=
        this.#fabric.number(session, SESSION_NUMBER.announcementsReceived) -
        this.#fabric.number(session, SESSION_NUMBER.routesReceived);
    return gone;
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
    epochs.enter();
    do {
      if (this.#epochs !== undefined) {
        if (!epochs.passed(this.#epochs)) break;
        this.#epochs = undefined;
      }
      if (this.#sweep.next().done === true) this.#sweep = undefined;
    } while (this.#sweep !== undefined && !late());
    epochs.leave();
    return this.#sweep !== undefined;
  }

  *#run(): Generator<void> {
    const { options, box } = this.#fabric;
    if (this.#prefixes.length === 0) {
      this.#prefixes = new Uint32Array((prefixIds(options) >>> 5) + 1);
      this.#sets = new Uint32Array((options.attributes >>> 5) + 1);
    }
    this.#prefixes.fill(0);
    this.#sets.fill(0);
    const gone = this.#gone();
    for (const [i, pool] of this.#watched.entries())
      this.#grownIdle[i] = gone === this.#goneThen ? pool.used - (this.#usedThen[i] as number) : 0;
    yield* this.#enter();
    for (;;) {
      const { losses } = this.#fabric;
      yield* this.#lookAtColumns();
      yield* this.#quiescence();
      yield* this.#lookAtLocRibs();
      yield* this.#quiescence();
      yield* this.#lookAtViews();
      yield* this.#carry();
      if (losses === this.#fabric.losses) break;
      this.numbers.again++;
    }
    yield* this.#enter();
    this.#prefixes.fill(0);
    this.#sets.fill(0);
    yield* this.#settle();
    yield* this.#giveBack();
    yield* this.#nextHops();
    Atomics.store(box, BOX.full, this.#full());
    for (const [i, pool] of this.#watched.entries()) this.#usedThen[i] = pool.used;
    this.#goneThen = gone;
    this.numbers.sweeps++;
    Atomics.add(box, BOX.sweepsEnded, 1);
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

  // ── what is referenced ──

  #notePrefix(id: number): void {
    this.#prefixes[id >>> 5] = (this.#prefixes[id >>> 5] as number) | (1 << (id & 31));
  }

  #noteSet(attribute: number): void {
    const number = attribute - 1;
    this.#sets[number >>> 5] = (this.#sets[number >>> 5] as number) | (1 << (number & 31));
  }

  *#lookAtColumns(): Generator<void> {
    const { columns, options } = this.#fabric;
    let pieces = 0;
    // Sessions, and behind them their lanes; more of both may come meanwhile.
    for (let session = 0; session < this.#fabric.laneLimit; session++) {
      if (session >= this.#fabric.sessionLimit) session = Math.max(session, options.sessions);
      if (session >= this.#fabric.laneLimit) break;
      for (let page = 0; page < columns.pages; page++) {
        if (!this.#lookAtRoutes(session, page)) continue;
        if (++pieces % this.#pieces.pages === 0) yield;
      }
    }
  }

  /**
   * A page of an Adj-RIB-In, and of what was received where that differs. A set can go from one to the other, written there
   * before it is cleared here: so they are read to and fro. False: there is no such page.
   */
  #lookAtRoutes(session: number, page: number): boolean {
    const { columns } = this.#fabric;
    const look = (column: number): number => {
      const held = Atomics.load(columns.directories, column * columns.pages + page);
      if (held !== 0) this.#lookAtPage(held, page * PAGE_WORDS);
      return held;
    };
    const received = receivedColumn(this.#fabric, session);
    const before = columns.directories[received * columns.pages + page] as number;
    const held = look(session);
    if ((before | look(received)) !== 0) look(session);
    return (held | before) !== 0;
  }

  #lookAtPage(page: number, first: number): void {
    const { words } = this.#fabric.columns;
    const start = page << PAGE_BITS;
    for (let i = 0; i < PAGE_WORDS; i++) {
      const word = words[start + i] as number;
      if (word === 0) continue;
      this.#notePrefix(first + i);
      this.#noteSet(word & ATTRIBUTE_MASK);
    }
  }

  *#lookAtLocRibs(): Generator<void> {
    const { options, prefixes } = this.#fabric;
    for (let slot = 0; slot < options.blades; slot++) {
      // Nobody was ever here.
      if (this.#fabric.bladeWord(slot, BLADE_WORD.tells) === 0) continue;
      const best = this.#fabric.locRib(slot);
      for (const [from, to] of [
        [0, prefixes.used4()],
        [prefixes.base6, prefixes.used6()],
      ] as const) {
        for (let id = from; id < to; id += this.#pieces.ids) {
          const end = Math.min(to, id + this.#pieces.ids);
          // Asked each time: a blade may be started in between.
          if (this.#vacant(slot)) forget(best, id, end);
          else this.#lookAtBest(best, id, end);
          yield;
        }
      }
    }
  }

  #lookAtBest(best: LocRibWords, from: number, to: number): void {
    for (let id = from; id < to; id++) {
      const session = best.source(id);
      if (session === 0 || session === UNKNOWN_BEST) continue;
      this.#notePrefix(id);
      const attribute = best.attribute(id);
      if (attribute !== 0) this.#noteSet(attribute);
    }
  }

  *#lookAtViews(): Generator<void> {
    const { prefixes } = this.#fabric;
    const last4 = Math.ceil(prefixes.used4() / VIEW_PAGE_IDS);
    const first6 = prefixes.base6 / VIEW_PAGE_IDS;
    const last6 = Math.ceil(prefixes.used6() / VIEW_PAGE_IDS);
    let pieces = 0;
    for (let page = 0; page < last6; page++) {
      if (page >= last4 && page < first6) continue;
      let before: number[];
      let after = this.#hungAt(page);
      do {
        before = after;
        for (const held of before) this.#lookAtViewPage(held, page * VIEW_PAGE_IDS);
        after = this.#hungAt(page);
      } while (after.join() !== before.join());
      if (++pieces % this.#pieces.pages === 0) yield;
    }
  }

  /** The pages that hang at one place in any view; 0: none hangs there. */
  #hungAt(page: number): number[] {
    const { views, columns, options } = this.#fabric;
    const hung: number[] = [];
    const count = outViews(options);
    for (let view = 0; view < count; view++) {
      if (views[view * VIEW.words + VIEW.used] === 0) continue;
      const at = this.#views.column(view) * columns.pages + page;
      hung.push(Atomics.load(columns.directories, at));
    }
    return hung;
  }

  #lookAtViewPage(page: number, first: number): void {
    if (page === 0) return;
    const { words } = this.#fabric.columns;
    const start = page << PAGE_BITS;
    for (let i = 0; i < VIEW_PAGE_IDS; i++) {
      const attribute = words[start + (i << 1)] as number;
      if (attribute === 0) continue;
      this.#notePrefix(first + i);
      if (attribute === UNKNOWN) continue;
      const set = attribute & ATTRIBUTE_MASK;
      this.#noteSet(set);
      if (isPathSet(this.#fabric, set)) this.#noteSetsOf(set);
    }
  }

  /** The sets that a set of paths names. */
  #noteSetsOf(set: number): void {
    this.#paths.read(this.#fabric, set);
    for (let i = 0; i < this.#paths.count; i++) this.#noteSet(this.#paths.attribute[i] as number);
  }

  /** What is referenced goes along to the new tables. */
  *#carry(): Generator<void> {
    const { prefixes, attributes } = this.#fabric;
    const some = this.#some;
    yield* this.#together(this.#prefixes, (count) => {
      prefixes.touchCarried(some, count);
      for (let i = 0; i < count; i++) prefixes.carry(some[i] as number);
    });
    yield* this.#together(this.#sets, (count) => {
      attributes.touchCarried(some, count);
      for (let i = 0; i < count; i++) attributes.carry((some[i] as number) + 1);
    });
  }

  *#each(bits: Uint32Array, visit: (number: number) => void): Generator<void> {
    const some = this.#some;
    yield* this.#together(bits, (count) => {
      for (let i = 0; i < count; i++) visit(some[i] as number);
    });
  }

  /** As that, of so many at a time, which are in #some. */
  *#together(bits: Uint32Array, visit: (count: number) => void): Generator<void> {
    const most = Math.min(this.#pieces.ids >>> 3, SOME - 32);
    const some = this.#some;
    let count = 0;
    for (let word = 0; word < bits.length; word++) {
      for (let rest = bits[word] as number; rest !== 0; rest &= rest - 1)
        some[count++] = (word << 5) + 31 - Math.clz32(rest & -rest);
      if (count < most && (word & 1023) !== 1023 && word + 1 < bits.length) continue;
      visit(count);
      count = 0;
      yield;
    }
  }

  // ── what is nobody's ──

  /** What is in the tables that all use now; the others are emptied for the next time. */
  *#settle(): Generator<void> {
    const { prefixes, attributes } = this.#fabric;
    const piece = this.#pieces.ids * 4;
    for (let slot = 0; slot < prefixes.slots; slot += piece) {
      prefixes.settle(this.#prefixes, slot, slot + piece);
      yield;
    }
    for (let slot = 0; slot < attributes.slots; slot += piece) {
      attributes.settle(this.#sets, slot, slot + piece);
      yield;
    }
  }

  *#giveBack(): Generator<void> {
    const { prefixes } = this.#fabric;
    const returned = this.#pools.map((pool) => new Uint32Array((pool.limit >>> 5) + 1));
    const bounds = this.#pools.map((pool, i) => pool.noteReturned(returned[i] as Uint32Array));
    // Whoever took some just before has noted when by then.
    yield* this.#quiescence();
    const clean = (id: number): void => clearPresence(this.#fabric, id);
    const free = (which: number, number: number): boolean =>
      !this.#pools[which]?.takenIn(this.#phase, number) && !has(returned[which] as Uint32Array, number);
    const give = (which: number, live: (number: number) => boolean, clear: (number: number) => void) =>
      this.#giveEach(this.#pools[which] as NumberPool, bounds[which] as number, (number) => {
        if (live(number) || !free(which, number)) return false;
        clear(number);
        return true;
      });
    const { base6 } = prefixes;
    const { numbers } = this;
    numbers.prefixes4 += yield* give(0, (id) => has(this.#prefixes, id), clean);
    const live6 = (number: number): boolean => has(this.#prefixes, base6 + number);
    numbers.prefixes6 += yield* give(1, live6, (number) => clean(base6 + number));
    const used = yield* this.#evacuate((block) => free(3, block), bounds[3] as number);
    // The sets that went elsewhere: who reads them where they stood has done so by then.
    yield* this.#quiescence();
    numbers.attributes += yield* give(
      2,
      (number) => has(this.#sets, number),
      () => {},
    );
    numbers.blocks += yield* give(
      3,
      (block) => used[block] !== 0,
      () => {},
    );
  }

  *#giveEach(pool: NumberPool, bound: number, gives: (number: number) => boolean): Generator<void, number> {
    let given = 0;
    for (let number = 0; number < bound; ) {
      const end = Math.min(bound, number + this.#pieces.ids);
      for (; number < end; number++) {
        if (!gives(number)) continue;
        pool.give(number);
        given++;
      }
      pool.publish();
      yield;
    }
    return given;
  }

  *#nextHops(): Generator<void> {
    const fabric = this.#fabric;
    const { hops } = fabric;
    if (hops === undefined) return;
    const quiescence = (): Generator<void> => this.#quiescence();
    const sweep = { fabric, hops, live: this.#sets, piece: this.#pieces.ids, quiescence };
    this.numbers.nextHops += yield* sweepNextHops(sweep);
  }

  get #phase(): number {
    return Atomics.load(this.#fabric.box, BOX.phase);
  }

  /** Empties blocks that are less than half in use; returns the units in use by block. */
  *#evacuate(free: (block: number) => boolean, bound: number): Generator<void, Int32Array> {
    const { attributes } = this.#fabric;
    const used = new Int32Array(attributes.blocks.limit + 1);
    yield* this.#each(this.#sets, (number) => {
      const block = attributes.blockOf(number + 1);
      used[block] = (used[block] as number) + attributes.unitsOf(number + 1);
    });
    const sparse = new Uint8Array(attributes.blocks.limit + 1);
    let some = false;
    for (let block = 0; block < bound; block++) {
      const units = used[block] as number;
      if (units === 0 || units * 2 > attributes.blockUnits || !free(block)) continue;
      sparse[block] = 1;
      some = true;
    }
    if (!some) return used;
    yield* this.#each(this.#sets, (number) => {
      const block = attributes.blockOf(number + 1);
      if (sparse[block] === 0 || !attributes.evacuate(number + 1)) return;
      used[block] = (used[block] as number) - attributes.unitsOf(number + 1);
      this.numbers.evacuated++;
    });
    return used;
  }
}

/** Whoever comes into this slot looks at everything: what stands here is nobody's knowledge. */
function forget(best: LocRibWords, from: number, to: number): void {
  const { words } = best;
  for (let id = from; id < to; id++) {
    const at = best.at(id);
    if (words[at + 1] === 0) continue;
    words[at] = 0;
    words[at + 1] = UNKNOWN_BEST;
  }
}

function has(bits: Uint32Array, number: number): boolean {
  return ((bits[number >>> 5] as number) & (1 << (number & 31))) !== 0;
}
