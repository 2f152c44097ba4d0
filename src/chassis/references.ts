/**
 * What is referenced, as a sweep finds it: the columns, then the Loc-RIBs, then the out views, in pieces, while all of them change. The sweeper
 * (sweeper.ts) says why this order misses nothing, and waits for quiescent points in between.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_WORD, PAGE_BITS, PAGE_WORDS } from '../fabric/layout.ts';
import type { LocRibWords } from '../fabric/loc-rib-words.ts';
import { outViews } from '../fabric/memory.ts';
import { OutViews, UNKNOWN, VIEW, VIEW_PAGE_IDS } from '../rib/adj-rib-out.ts';
import { UNKNOWN_BEST } from '../rib/loc-rib.ts';
import { isPathSet, PathSet } from '../rib/path-set.ts';
import { receivedColumn } from '../rib/received.ts';
import { ATTRIBUTE_MASK } from '../rib/route-word.ts';
import type { IdBits } from './id-bits.ts';
import type { SweepPieces } from './sweeper.ts';

export class References {
  readonly #fabric: Fabric;
  readonly #outViews: OutViews;
  readonly #paths = new PathSet();
  /** Is there nobody in this slot, and nobody coming? */
  readonly #vacant: (slot: number) => boolean;
  readonly #pieces: SweepPieces;
  /** They are noted here. */
  readonly #found: IdBits;

  constructor(fabric: Fabric, vacant: (slot: number) => boolean, pieces: SweepPieces, found: IdBits) {
    this.#fabric = fabric;
    this.#outViews = new OutViews(fabric);
    this.#vacant = vacant;
    this.#pieces = pieces;
    this.#found = found;
  }

  *columns(): Generator<void> {
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
      this.#found.notePrefix(first + i);
      this.#found.noteSet(word & ATTRIBUTE_MASK);
    }
  }

  *locRibs(): Generator<void> {
    const { options, prefixes } = this.#fabric;
    for (let slot = 0; slot < options.blades; slot++) {
      // No blade ever ran in this slot: its Loc-RIB was never touched, and holds nothing.
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
      this.#found.notePrefix(id);
      const attribute = best.attribute(id);
      if (attribute !== 0) this.#found.noteSet(attribute);
    }
  }

  *views(): Generator<void> {
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
      const at = this.#outViews.column(view) * columns.pages + page;
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
      this.#found.notePrefix(first + i);
      if (attribute === UNKNOWN) continue;
      const set = attribute & ATTRIBUTE_MASK;
      this.#found.noteSet(set);
      if (isPathSet(this.#fabric, set)) this.#noteSetsOf(set);
    }
  }

  /** The sets that a set of paths names. */
  #noteSetsOf(set: number): void {
    this.#paths.read(this.#fabric, set);
    for (let i = 0; i < this.#paths.count; i++) this.#found.noteSet(this.#paths.attribute[i] as number);
  }
}

/** The Loc-RIB of a slot without a blade keeps no id in use: a blade that starts there evaluates everything anyway. */
function forget(best: LocRibWords, from: number, to: number): void {
  const { words } = best;
  for (let id = from; id < to; id++) {
    const at = best.at(id);
    if (words[at + 1] === 0) continue;
    words[at] = 0;
    words[at + 1] = UNKNOWN_BEST;
  }
}
