/**
 * The blade's part in grafts (docs/design.md, "The graft"; Keller, Rexford, van der Merwe, NSDI 2010, section 5): as the
 * blade that a session leaves, as the one that it comes to, or as a bystander that puts a marker.
 *
 *   chassis   requested ─┐
 *   to                   └─ prepare: log every evaluation ── prepared ─┐
 *   others, to                                                        └─ marker into the channel to `from`
 *   from                                      all markers read: release ── released ─┐
 *   to                                                              take over ────────┴─ done
 *   to, others                  ask all, and export to the session what is evaluated until all have answered
 *
 * The markers see to it that `from` was told of all that `to` knew before its log began. The answers see to the
 * reverse: `from` may have told the session what `to` is still to be told, and may find undone then, so that nothing
 * changes for it.
 *
 * The state word of the graft slot moves by compare-and-swap, so that giving up (the chassis, before `releasing`)
 * and releasing exclude each other. It holds the slot's generation, too: a step for a graft that was given up is none for the one
 * that has its slot now. Everything that changes hands stands in the fabric.
 */
import type { Clock } from '../../base/clock.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { FifoSet } from '../../fabric/fifo-set.ts';
import { GRAFT, GRAFT_STATE, GRAFT_TIME, PAGE_BITS, PAGE_WORDS } from '../../fabric/layout.ts';
import { MARKER, QUESTION } from '../../ibgp-internal/channel.ts';
import type { EvaluationLog, Routes } from '../routes/routes.ts';

/** What grafts need of the blade that they are part of. */
export interface GraftHost {
  /** All orders that were posted are carried out: what the chassis ordered before a graft happens before it. */
  readonly ordersDone: boolean;
  /** Nothing is left to be found of what blades that are gone did not tell any more. */
  readonly recovered: boolean;
  /** Some have been told what others are still to be told: whoever leaves now would not know of it. */
  readonly telling: boolean;
}

/** The sessions of the blade, which come and go by grafts. */
export interface GraftedSessions {
  /** The session may come by the graft in this slot: state Inactive. */
  prepare(session: number, slot: number): void;
  /** It does not come by that graft; another one may have been prepared for it since. */
  unprepare(slot: number): void;
  /** The session leaves: stop serving it; what of it was still to be exported. */
  release(session: number): Iterable<number>;
  /**
   * The session comes: serve it from its record; look at these prefixes again and export them to it. True when it is
   * Established.
   */
  takeOver(session: number, revisit: FifoSet, slot: number): boolean;
  /** What the session was told of a prefix may not be what it should be. */
  lookAgain(session: number, id: number): void;
}

interface GraftLog {
  readonly generation: number;
  readonly ids: FifoSet;
}

/** A session taken over while siblings still have to tell what its last home knew. */
interface CatchUp {
  readonly log: EvaluationLog;
  /** Bit set of the siblings that have not answered, and how many had left their slots when they were asked. */
  waiting: number;
  readonly losses: readonly number[];
}

/** First word of a page of handed-over prefixes: the next page. */
const LINK = 1;
/** In the place of how many there are: there was no page to write them to, so that all prefixes are. */
const ALL = -1;

export class Grafts {
  readonly #fabric: Fabric;
  readonly #me: number;
  readonly #routes: Routes;
  readonly #host: GraftHost;
  readonly #sessions: GraftedSessions;
  readonly #clock: Clock;
  /** By slot: generation for which this blade prepared, put its marker, and the markers read so far. */
  readonly #logs: (GraftLog | undefined)[] = [];
  readonly #marked: Int32Array;
  readonly #arrived: Int32Array;
  readonly #arrivedGeneration: Int32Array;
  /** By the word of the graft's markers. */
  readonly #catchUps = new Map<number, CatchUp>();

  constructor(
    fabric: Fabric,
    me: number,
    routes: Routes,
    host: GraftHost,
    sessions: GraftedSessions,
    clock: Clock,
  ) {
    this.#fabric = fabric;
    this.#me = me;
    this.#routes = routes;
    this.#host = host;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#marked = new Int32Array(fabric.options.grafts).fill(-1);
    this.#arrived = new Int32Array(fabric.options.grafts);
    this.#arrivedGeneration = new Int32Array(fabric.options.grafts);
  }

  /** Called once a turn, between evaluations. */
  poll(): void {
    const { grafts } = this.#fabric;
    for (const [word, catchUp] of this.#catchUps) this.#endCatchUp(word, catchUp);
    for (let slot = 0; slot < this.#fabric.options.grafts; slot++) {
      const state = (grafts[slot * GRAFT.words + GRAFT.state] as number) & 7;
      if (state !== GRAFT_STATE.free || this.#logs[slot] !== undefined) this.#step(slot);
    }
  }

  /** A marker came from a sibling: it has told all that it was told before the graft was prepared. */
  onMarker(sibling: number, marker: number): void {
    const slot = (marker - 1) & 31;
    const generation = (marker - 1) >>> 5;
    if (this.#fabric.graftGeneration(slot) !== generation) return;
    if (this.#fabric.graft(slot, GRAFT.from) !== this.#me) return;
    if (this.#arrivedGeneration[slot] !== generation) {
      this.#arrivedGeneration[slot] = generation;
      this.#arrived[slot] = 0;
    }
    this.#arrived[slot] = (this.#arrived[slot] as number) | (1 << sibling);
  }

  /** An answer came from a sibling: what it was told before the session was taken over, it has told. */
  onAnswer(sibling: number, word: number): void {
    const catchUp = this.#catchUps.get(word);
    if (catchUp === undefined) return;
    catchUp.waiting &= ~(1 << sibling);
  }

  /** Whoever is gone answers nothing: what it had to tell is found by evaluating everything. */
  #endCatchUp(word: number, catchUp: CatchUp): void {
    for (let left = catchUp.waiting; left !== 0; left &= left - 1) {
      const sibling = 31 - Math.clz32(left & -left);
      if (this.#fabric.lossesOf(sibling) !== catchUp.losses[sibling]) catchUp.waiting &= ~(1 << sibling);
    }
    if (catchUp.waiting !== 0 || !this.#host.recovered) return;
    this.#catchUps.delete(word);
    this.#routes.logs.delete(catchUp.log);
    this.#routes.catchingUp--;
  }

  /** Names a graft among all that ever were. */
  #wordOf(slot: number, generation: number): number {
    return ((generation << 5) | slot) + 1;
  }

  #step(slot: number): void {
    const fabric = this.#fabric;
    const word = fabric.graft(slot, GRAFT.state);
    const generation = word >>> 3;
    const session = fabric.graft(slot, GRAFT.session);
    const from = fabric.graft(slot, GRAFT.from);
    const to = fabric.graft(slot, GRAFT.to) === this.#me;
    const markers = fabric.graft(slot, GRAFT.markers);
    // The slot was used again between these words, and they are of two grafts: the next turn sees one.
    if (fabric.graftGeneration(slot) !== generation) return;
    const log = this.#logs[slot];
    if (log !== undefined && log.generation !== generation) this.#forget(slot);
    switch (word & 7) {
      case GRAFT_STATE.requested:
        if (!to || !this.#prepare(slot, generation, session)) break;
        this.#mark(slot, generation, from, markers);
        this.#ringOthers();
        break;
      case GRAFT_STATE.prepared:
        if (from !== this.#me) this.#mark(slot, generation, from, markers);
        else this.#releaseWhenMarked(slot, generation, markers);
        break;
      case GRAFT_STATE.released:
        if (to) this.#takeOver(slot);
        break;
      case GRAFT_STATE.aborted:
      case GRAFT_STATE.free:
        this.#forget(slot);
        break;
      default:
    }
  }

  /** `to`: from now on every evaluated prefix is logged, whatever came of it. False: not now, or not any more. */
  #prepare(slot: number, generation: number, session: number): boolean {
    if (!this.#host.ordersDone || this.#routes.local.walking) return false;
    const log = new FifoSet();
    this.#logs[slot] = { generation, ids: log };
    this.#routes.logs.add(log);
    // Before siblings put their markers: what they change after that is told here.
    this.#routes.attention.widenToAll();
    this.#sessions.prepare(session, slot);
    if (!this.#fabric.stepGraft(slot, GRAFT_STATE.requested, GRAFT_STATE.prepared, generation)) {
      this.#forget(slot);
      return false;
    }
    return true;
  }

  #ringOthers(): void {
    const { bells, options } = this.#fabric;
    for (let blade = 0; blade < options.blades; blade++) if (blade !== this.#me) bells.ring(blade);
  }

  /** Every blade but `from`: a marker behind all that is pending, between two evaluations. */
  #mark(slot: number, generation: number, from: number, markers: number): void {
    if (this.#marked[slot] === generation || (markers & (1 << this.#me)) === 0) return;
    this.#marked[slot] = generation;
    this.#routes.siblings.channelTo(from).put(MARKER, this.#wordOf(slot, generation));
  }

  /** `from`: once all markers are read, gives the session up. */
  #releaseWhenMarked(slot: number, generation: number, markers: number): void {
    const fabric = this.#fabric;
    if (this.#arrivedGeneration[slot] !== generation || this.#arrived[slot] !== markers) return;
    if (!this.#host.ordersDone || this.#routes.local.walking) return;
    if (!this.#host.recovered || this.#host.telling) return;
    if (!fabric.stepGraft(slot, GRAFT_STATE.prepared, GRAFT_STATE.releasing, generation)) return;
    fabric.stampGraft(slot, GRAFT_TIME.released, this.#clock());
    const session = fabric.graft(slot, GRAFT.session);
    fabric.setGraft(slot, GRAFT.hops, this.#routes.hopWalk.walked);
    this.#handOver(slot, this.#sessions.release(session));
    const to = fabric.graft(slot, GRAFT.to);
    fabric.setHome(session, to);
    fabric.setGraftState(slot, GRAFT_STATE.released);
    fabric.bells.ring(to);
  }

  /** Writes the prefixes still to be exported into pages, linked by their first words. */
  #handOver(slot: number, prefixes: Iterable<number>): void {
    const { pages } = this.#fabric;
    let first = 0;
    let page = 0;
    let used = PAGE_WORDS;
    let count = 0;
    for (const id of prefixes) {
      if (used === PAGE_WORDS) {
        const next = pages.allocate();
        if (next === 0) {
          for (; first !== 0; first = pages.words[first << PAGE_BITS] as number) pages.free(first);
          count = ALL;
          break;
        }
        if (page !== 0) pages.words[page << PAGE_BITS] = next;
        else first = next;
        page = next;
        used = LINK;
      }
      pages.words[(page << PAGE_BITS) + used++] = id;
      count++;
    }
    this.#fabric.setGraft(slot, GRAFT.pendingPage, first);
    this.#fabric.setGraft(slot, GRAFT.pendingCount, count);
  }

  /** `to`: the session is ours; look again at what was pending there or evaluated here meanwhile. */
  #takeOver(slot: number): void {
    const fabric = this.#fabric;
    const revisit = this.#readHandedOver(slot);
    const log = this.#logs[slot];
    if (log !== undefined) {
      for (const id of log.ids) revisit.add(id);
      this.#routes.logs.delete(log.ids);
      this.#logs[slot] = undefined;
    }
    const session = fabric.graft(slot, GRAFT.session);
    if (this.#sessions.takeOver(session, revisit, slot)) this.#catchUp(slot, session);
    // Its last home had not looked at all of its routes since ways to next hops changed.
    if (fabric.hops !== undefined && fabric.graft(slot, GRAFT.hops) !== fabric.hops.generation)
      this.#routes.hopWalk.restart();
    fabric.stampGraft(slot, GRAFT_TIME.takenOver, this.#clock());
    fabric.setGraftState(slot, GRAFT_STATE.done);
  }

  /** Asks all others; until they have answered, every evaluated prefix is looked at for the session. */
  #catchUp(slot: number, session: number): void {
    const fabric = this.#fabric;
    // In this order: of one that is lost just now, the loss is still to be seen, or it is not asked.
    const losses = Array.from({ length: fabric.options.blades }, (_, blade) => fabric.lossesOf(blade));
    const waiting = fabric.running & ~(1 << this.#me);
    const log = { add: (id: number) => this.#sessions.lookAgain(session, id) };
    const catchUp: CatchUp = { log, losses, waiting };
    const word = this.#wordOf(slot, fabric.graftGeneration(slot));
    this.#catchUps.set(word, catchUp);
    this.#routes.logs.add(catchUp.log);
    this.#routes.attention.widenToAll();
    this.#routes.catchingUp++;
    for (const channel of this.#routes.siblings.channels) {
      if (catchUp.waiting & (1 << channel.sibling)) channel.put(QUESTION, word);
    }
  }

  #readHandedOver(slot: number): FifoSet {
    const { pages } = this.#fabric;
    const prefixes = new FifoSet();
    let left = this.#fabric.graft(slot, GRAFT.pendingCount);
    if (left === ALL) this.#addAll(prefixes);
    let page = this.#fabric.graft(slot, GRAFT.pendingPage);
    while (left > 0) {
      const start = page << PAGE_BITS;
      const here = Math.min(left, PAGE_WORDS - LINK);
      for (let i = 0; i < here; i++) prefixes.add(pages.words[start + LINK + i] as number);
      left -= here;
      const next = pages.words[start] as number;
      pages.free(page);
      page = next;
    }
    return prefixes;
  }

  #addAll(prefixes: FifoSet): void {
    const { prefixes: known } = this.#fabric;
    for (let id = 0; id < known.used4(); id++) prefixes.add(id);
    for (let id = known.base6; id < known.used6(); id++) prefixes.add(id);
  }

  #forget(slot: number): void {
    const log = this.#logs[slot];
    if (log === undefined) return;
    this.#routes.logs.delete(log.ids);
    this.#logs[slot] = undefined;
    this.#sessions.unprepare(slot);
  }
}
