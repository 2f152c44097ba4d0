/**
 * What a blade sees of a prefix, what it chooses, and what its siblings may see of that: rules 2, 3 and 5 of
 * the internal iBGP (README.md in this folder).
 *
 * A blade sees all routes of its own sessions, and the advertised ones of the others. Evaluating a prefix runs
 * the decision over them, sets and clears the advertised bits of the blade's own routes, and notes the best in
 * the Loc-RIB. Evaluation has no memory: repeating it changes nothing.
 *
 * Most evaluations compare two routes: the one that changed, and the best. Only when the best itself got worse
 * does a blade look at every session that the prefix's marks name. And a blade that has nobody to tell does not even that
 * for prefixes of which it has no route itself: it keeps no best of them, which is found when somebody needs it (interest.ts).
 */
import type { Fabric } from '../fabric/fabric.ts';
import * as layout from '../fabric/layout.ts';
import * as memory from '../fabric/memory.ts';
import * as row from '../rib/attribute-row.ts';
import { decideFor } from '../rib/decision.ts';
import * as locRib from '../rib/loc-rib.ts';
import * as presence from '../rib/presence.ts';
import { receivedColumn } from '../rib/received.ts';
import * as routeWord from '../rib/route-word.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const { PAGE_BITS, PAGE_MASK } = layout;
const { sources } = memory;
const { LENGTHS, NEIGHBOR_AS, ROW } = row;
const { UNKNOWN_BEST } = locRib;
const { BUCKETS, PRESENT, bucketBit, firstOf } = presence;
const RECORD_BITS = layout.PREFIX_RECORD_BITS;
const MARKS = layout.PREFIX_RECORD.marks;
const { ADVERTISED, ATTRIBUTE_MASK, MULTIPATH, feasible, visible } = routeWord;

/** What came of an evaluation; bits. */
export const OUTCOME = { bestChanged: 1, visibleChanged: 2 } as const;

/** Prefixes that are touched together at most. */
const TOGETHER = 512;

export class Evaluator {
  /** 1 for sessions whose home this blade is; changed by `serve`. */
  readonly mine: Uint8Array;
  /** How many of them are in each bucket of the marks, and the buckets that have any. */
  readonly #bucketSessions = new Int32Array(BUCKETS);
  #ownBuckets = 0;
  /** Of which prefixes a best is kept: buckets of the marks, or -1: of all. Changed by the blade's interest alone. */
  keeps = -1;
  /** That there is none may not be true where the Loc-RIB says so: nobody has told of all. */
  doubts = false;
  /** Siblings are to see all feasible routes, and not just the best (rule 6). */
  showsAll = false;
  /** After `evaluate`: the session + 1 that alone changed for siblings; 0: several. */
  hint = 0;
  evaluations = 0;
  fullEvaluations = 0;
  /** After `withdrawAlone`: how many routes are gone. */
  gone = 0;
  /** After `takeAlone`: how many prefixes have another best. */
  changes = 0;
  /** The sum of what `touch` loaded. Nobody reads it, but a load whose value is not used would be optimised away. */
  touched = 0;
  /** Of `touch`: where each route stands. */
  readonly #rows = new Int32Array(TOGETHER);
  readonly #fabric: Fabric;
  readonly #records: Int32Array;
  /** AttrId and session + 1 of the best route, from #at(id) on. */
  readonly #best: Uint32Array;
  readonly #bestShift: number;
  readonly #bestOffset: number;
  // Candidates of a full evaluation: the best by group (all routes, or those of one neighbour AS).
  readonly #groupAs: Uint32Array;
  readonly #groupSession: Int32Array;
  readonly #groupAttribute: Int32Array;
  #groups = 0;
  /** Own sessions with a route for the prefix. */
  readonly #own: Int32Array;
  #ownCount = 0;
  #changed = 0;

  constructor(fabric: Fabric, blade: number) {
    this.#fabric = fabric;
    this.#records = fabric.prefixes.records;
    const { words, shift, offset } = fabric.locRib(blade);
    this.#best = words;
    this.#bestShift = shift;
    this.#bestOffset = offset;
    const count = sources(fabric.options);
    this.mine = new Uint8Array(count);
    this.#groupAs = new Uint32Array(count);
    this.#groupSession = new Int32Array(count);
    this.#groupAttribute = new Int32Array(count);
    this.#own = new Int32Array(count);
  }

  /** Where the best route of a prefix stands. */
  #at(id: number): number {
    return (id << this.#bestShift) + this.#bestOffset;
  }

  /** Who may have a route (rib/presence.ts). */
  #marks(id: number): number {
    return this.#records[(id << RECORD_BITS) + MARKS] as number;
  }

  /** The blade is the session's home from now on, or no longer. */
  serve(session: number, mine: boolean): void {
    for (let lane = 0; lane < this.#fabric.sourceCount(session); lane++)
      this.#serve(this.#fabric.sourceAt(session, lane), mine);
  }

  #serve(session: number, mine: boolean): void {
    if ((this.mine[session] === 1) === mine) return;
    this.mine[session] = mine ? 1 : 0;
    const bucket = session % BUCKETS;
    const sessions = (this.#bucketSessions[bucket] as number) + (mine ? 1 : -1);
    this.#bucketSessions[bucket] = sessions;
    this.#ownBuckets = sessions > 0 ? this.#ownBuckets | (1 << bucket) : this.#ownBuckets & ~(1 << bucket);
  }

  /**
   * Instead of evaluating prefixes that a sibling's records name: forgets their best. Left in `ids` and `hints`, in their order, are
   * those of which one is kept, as one of the blade's own sessions may have a route, which may have to be advertised or hidden now, and
   * what is no prefix (negative); how many.
   */
  forgetAll(ids: Int32Array, hints: Int32Array, count: number): number {
    const records = this.#records;
    const best = this.#best;
    const shift = this.#bestShift;
    const offset = this.#bestOffset + 1;
    const kept = this.keeps;
    let left = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      if (id < 0 || ((records[(id << RECORD_BITS) + MARKS] as number) & kept) !== 0) {
        ids[left] = id;
        hints[left++] = hints[i] as number;
        continue;
      }
      const at = (id << shift) + offset;
      if (best[at] !== UNKNOWN_BEST && best[at] !== 0) best[at] = UNKNOWN_BEST;
    }
    return left;
  }

  /** Forgets the best of a prefix of which none is kept. */
  forgetUnkept(id: number): void {
    if (this.#isKept(this.#marks(id))) return;
    const at = this.#at(id) + 1;
    if (this.#best[at] !== 0) this.#best[at] = UNKNOWN_BEST;
  }

  /** That there is none is unknown, if anybody may have a route. */
  doubt(id: number): void {
    const at = this.#at(id) + 1;
    if (this.#best[at] === 0 && (this.#marks(id) & PRESENT) !== 0) this.#best[at] = UNKNOWN_BEST;
  }

  #isKept(marks: number): boolean {
    return this.keeps === -1 || (marks & this.keeps) !== 0;
  }

  /** The buckets of the blade's own sessions. */
  get ownBuckets(): number {
    return this.#ownBuckets;
  }

  /** False: the best was forgotten, or nobody has looked; evaluate the prefix before asking for it. */
  known(id: number): boolean {
    const best = this.#best[this.#at(id) + 1] as number;
    return best !== UNKNOWN_BEST && (best !== 0 || !this.doubts);
  }

  /** AttrId of the best route; 0: none. */
  bestAttribute(id: number): number {
    return this.#best[this.#at(id)] as number;
  }

  /** Session + 1 of the best route; 0: none. */
  bestSession(id: number): number {
    return this.#best[this.#at(id) + 1] as number;
  }

  /**
   * Brings near what evaluating these prefixes will read after changes of these sessions' routes (session + 1; negative
   * ids: none). Each loop's loads depend on nothing that it loads, so that many are on their way at the same time.
   * `comparing`: routes may be compared, and not just withdrawn.
   */
  touch(hints: Int32Array, ids: Int32Array, count: number, comparing: boolean): void {
    this.touchChanged(hints, ids, count);
    this.touchBest(hints, ids, count, comparing);
  }

  /** The first half of it: the prefixes, and the words of the routes that change. */
  touchChanged(hints: Int32Array, ids: Int32Array, count: number): void {
    const { directories, words, pages } = this.#fabric.columns;
    const rows = this.#rows;
    this.touchPrefixes(ids, count);
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const session = (hints[i] as number) - 1;
      const page = session < 0 || id < 0 ? 0 : (directories[session * pages + (id >>> PAGE_BITS)] as number);
      rows[i] = (page << PAGE_BITS) | (id & PAGE_MASK);
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= words[rows[i] as number] as number;
    this.touched ^= sum;
  }

  /** Brings near what stands of these prefixes by themselves: their marks, and their best routes. */
  touchPrefixes(ids: Int32Array, count: number): void {
    const best = this.#best;
    const shift = this.#bestShift;
    const offset = this.#bestOffset;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      if (id >= 0) sum ^= best[(id << shift) + offset] as number;
    }
    // The first blade's stand beside the marks.
    if (shift !== RECORD_BITS)
      for (let i = 0; i < count; i++) sum ^= this.#marks(Math.max(ids[i] as number, 0));
    this.touched = sum;
  }

  /** The words and attributes of the best routes, where these are not the ones that change. */
  touchBest(hints: Int32Array, ids: Int32Array, count: number, comparing: boolean): void {
    const { directories, words, pages } = this.#fabric.columns;
    const places = this.#rows;
    const best = this.#best;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const session = id < 0 ? 0 : (best[this.#at(id) + 1] as number);
      const other = session !== 0 && session !== UNKNOWN_BEST && session !== hints[i];
      const page = other ? (directories[(session - 1) * pages + (id >>> PAGE_BITS)] as number) : 0;
      places[i] = page === 0 ? 0 : (page << PAGE_BITS) | (id & PAGE_MASK);
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= words[places[i] as number] as number;
    this.touched ^= sum ^ (comparing ? this.#touchSets(ids, count) : this.#touchRivals(hints, ids, count));
  }

  /** The words and attributes of all other routes, where the best ones go: one of these will be the next best. */
  #touchRivals(hints: Int32Array, ids: Int32Array, count: number): number {
    if (this.sharesBuckets) return 0;
    const { directories, pages } = this.#fabric.columns;
    const places = this.#rows;
    const best = this.#best;
    let sum = 0;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const session = hints[i] as number;
      if (id < 0 || session === 0 || best[this.#at(id) + 1] !== session) continue;
      let buckets = this.#marks(id) & PRESENT & ~bucketBit(session - 1);
      for (; buckets !== 0; buckets &= buckets - 1) {
        const rival = 31 - Math.clz32(buckets & -buckets);
        const page = directories[rival * pages + (id >>> PAGE_BITS)] as number;
        places[found++] = page === 0 ? 0 : (page << PAGE_BITS) | (id & PAGE_MASK);
        if (found < TOGETHER) continue;
        sum ^= this.#touchRoutes(found);
        found = 0;
      }
    }
    return sum ^ this.#touchRoutes(found);
  }

  /** Of so many places in #rows. */
  #touchRoutes(count: number): number {
    const { words } = this.#fabric.columns;
    const { rows } = this.#fabric.attributes;
    const places = this.#rows;
    for (let i = 0; i < count; i++) places[i] = (words[places[i] as number] as number) & ATTRIBUTE_MASK;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= rows[(places[i] as number) * ROW + LENGTHS] as number;
    return sum;
  }

  #touchSets(ids: Int32Array, count: number): number {
    const { rows } = this.#fabric.attributes;
    const places = this.#rows;
    const best = this.#best;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      places[i] = id < 0 ? 0 : (best[this.#at(id)] as number) * ROW + LENGTHS;
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= rows[places[i] as number] as number;
    return sum;
  }

  /**
   * Evaluates a prefix; returns OUTCOME bits. `hint`: the session + 1 that alone changed, 0: look at all.
   * `visibleSession`: session + 1 of an own, advertised route whose word has just been changed; 0: none.
   */
  evaluate(id: number, hint: number, visibleSession = 0): number {
    this.evaluations++;
    this.#changed = visibleSession === 0 ? 0 : 1;
    this.hint = visibleSession;
    const outcome =
      hint !== 0 && this.#marks(id) >= 0 ? this.#evaluateHinted(id, hint) : this.#evaluateAll(id);
    return this.#changed === 0 ? outcome : outcome | OUTCOME.visibleChanged;
  }

  /**
   * Takes an own session's routes of these prefixes (negative ids: none) out of its column and the Loc-RIB, where they are the only and the best
   * ones: the prefixes are in `gone` then, from a place on. Left in `ids`, in their order, are those that have to be evaluated; how many.
   */
  withdrawAlone(session: number, ids: Int32Array, count: number, gone: Int32Array, from: number): number {
    this.gone = 0;
    if (this.keeps !== -1 || this.sharesBuckets || this.mine[session] !== 1) return count;
    const { directories, words, pages } = this.#fabric.columns;
    const first = session * pages;
    const received = receivedColumn(this.#fabric, session) * pages;
    const records = this.#records;
    const best = this.#best;
    const bit = bucketBit(session);
    let to = from;
    let left = 0;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      if (id < 0) continue;
      const page = directories[first + (id >>> PAGE_BITS)] as number;
      const row = (page << PAGE_BITS) | (id & PAGE_MASK);
      const at = this.#at(id);
      const alone = ((records[(id << RECORD_BITS) + MARKS] as number) & PRESENT) === bit;
      const plain = page !== 0 && directories[received + (id >>> PAGE_BITS)] === 0;
      if (!alone || !plain || best[at + 1] !== session + 1 || words[row] === 0) {
        ids[left++] = id;
        continue;
      }
      words[row] = 0;
      best[at + 1] = 0;
      best[at] = 0;
      gone[to++] = id;
    }
    this.gone = to - from;
    this.evaluations += this.gone;
    return left;
  }

  /**
   * Puts into the Loc-RIB what siblings' records name, where a route is the only one of its prefix, so that there is nothing to decide. In
   * `changed`, from a place on, are the prefixes whose best that changed. Left in `ids` and `hints`, in their order, are those that have to be
   * evaluated, and all from the first sign on (negative ids); how many.
   */
  takeAlone(ids: Int32Array, hints: Int32Array, count: number, changed: Int32Array, from: number): number {
    this.changes = 0;
    if (this.keeps !== -1 || this.doubts || this.showsAll || this.sharesBuckets) return count;
    const { directories, words, pages } = this.#fabric.columns;
    const records = this.#records;
    const best = this.#best;
    const { mine } = this;
    const shift = this.#bestShift;
    const offset = this.#bestOffset;
    let to = from;
    let left = 0;
    let i = 0;
    for (; i < count; i++) {
      const id = ids[i] as number;
      if (id < 0) break;
      const hint = hints[i] as number;
      const marks = (records[(id << RECORD_BITS) + MARKS] as number) & PRESENT;
      if (hint === 0 || marks !== 1 << (hint - 1) || mine[hint - 1] === 1) {
        ids[left] = id;
        hints[left++] = hint;
        continue;
      }
      const page = directories[(hint - 1) * pages + (id >>> PAGE_BITS)] as number;
      const word = page === 0 ? 0 : (words[(page << PAGE_BITS) | (id & PAGE_MASK)] as number);
      const attribute = visible(word);
      const at = (id << shift) + offset;
      const session = attribute === 0 ? 0 : hint;
      if (best[at] === attribute && best[at + 1] === session) continue;
      best[at + 1] = session;
      best[at] = attribute;
      changed[to++] = id;
    }
    this.evaluations += i - left;
    this.changes = to - from;
    for (; i < count; i++) {
      ids[left] = ids[i] as number;
      hints[left++] = hints[i] as number;
    }
    return left;
  }

  /** One session changed: compare it with the best, if that still stands as it was. */
  #evaluateHinted(id: number, hint: number): number {
    const session = hint - 1;
    const own = this.mine[session] === 1;
    let word = this.#fabric.columns.get(session, id);
    const now = own ? feasible(word) : visible(word);
    if (this.showsAll && own && now !== 0 && (word & ADVERTISED) === 0) {
      this.#advertise(session, id);
      word |= ADVERTISED;
    }
    const at = this.#at(id);
    const best = this.#best[at + 1] as number;
    const bestAttribute = this.#best[at] as number;
    if (best === UNKNOWN_BEST) return this.#evaluateAll(id);
    if (best === hint) {
      if (now === 0) return this.#evaluateAll(id);
      if (now === bestAttribute) return own && (word & ADVERTISED) === 0 ? this.#evaluateAll(id) : 0;
      const gotWorse =
        !this.#isAlone(id, session) && decideFor(this.#fabric, id, now, session, bestAttribute, session) < 0;
      if (gotWorse) return this.#evaluateAll(id);
      if (own && (word & ADVERTISED) === 0) this.#advertise(session, id);
      this.#best[at] = now;
      return OUTCOME.bestChanged;
    }
    if (best !== 0) {
      const bestWord = this.#fabric.columns.get(best - 1, id);
      const stands = this.mine[best - 1] === 1 ? feasible(bestWord) : visible(bestWord);
      if (stands !== bestAttribute) return this.#evaluateAll(id);
      if (now === 0 || decideFor(this.#fabric, id, now, session, bestAttribute, best - 1) < 0) {
        if (own && (word & ADVERTISED) !== 0) this.#hide(session, id);
        return 0;
      }
      if (this.mine[best - 1] === 1 && (bestWord & ADVERTISED) !== 0) this.#hide(best - 1, id);
    } else if (this.doubts && (now === 0 || !this.#isAlone(id, session))) return this.#evaluateAll(id);
    else if (now === 0) return 0;
    if (own && (word & ADVERTISED) === 0) this.#advertise(session, id);
    this.#best[at + 1] = hint;
    this.#best[at] = now;
    return OUTCOME.bestChanged;
  }

  /** No other session can have a route of the prefix: there are so few that each has a bucket to itself, and marks of others are not there. */
  #isAlone(id: number, session: number): boolean {
    return (this.#marks(id) & PRESENT) === bucketBit(session) && !this.sharesBuckets;
  }

  /** There are so many sessions that one bucket has several of them. */
  get sharesBuckets(): boolean {
    const { sessionLimit, laneLimit, options } = this.#fabric;
    return sessionLimit > BUCKETS || laneLimit > options.sessions;
  }

  /** Looks at all that is to be seen. */
  #evaluateAll(id: number): number {
    this.fullEvaluations++;
    const marks = this.#marks(id);
    if (!this.#isKept(marks)) {
      this.forgetUnkept(id);
      return 0;
    }
    this.#gather(id, marks);
    this.#adjustBits(id);
    const best = this.#pick(id);
    const session = best < 0 ? 0 : (this.#groupSession[best] as number) + 1;
    const attribute = best < 0 ? 0 : (this.#groupAttribute[best] as number);
    const at = this.#at(id);
    if (this.#best[at + 1] === session && this.#best[at] === attribute)
      // Whoever was in doubt whether there is any has news: another blade may have told of one.
      return session === 0 && this.doubts ? OUTCOME.bestChanged : 0;
    this.#best[at + 1] = session;
    this.#best[at] = attribute;
    return OUTCOME.bestChanged;
  }

  /** Finds the best route of each group: of all routes, or, under the MED mark, of each neighbour AS. */
  #gather(id: number, marks: number): void {
    const { sessionLimit, laneLimit } = this.#fabric;
    const { sessions } = this.#fabric.options;
    this.#groups = 0;
    this.#ownCount = 0;
    for (let buckets = marks & PRESENT; buckets !== 0; buckets &= buckets - 1) {
      const bucket = 31 - Math.clz32(buckets & -buckets);
      this.#look(id, bucket, sessionLimit, marks < 0);
      if (laneLimit > sessions) this.#look(id, firstOf(bucket, sessions), laneLimit, marks < 0);
    }
  }

  /** Looks at the sources of one bucket, from the first on. */
  #look(id: number, first: number, end: number, med: boolean): void {
    const { columns } = this.#fabric;
    for (let session = first; session < end; session += BUCKETS) {
      const word = columns.get(session, id);
      if (word === 0) continue;
      const own = this.mine[session] === 1;
      if (own) this.#own[this.#ownCount++] = session;
      const attribute = own ? feasible(word) : visible(word);
      if (attribute !== 0) this.#compete(id, attribute, session, med);
    }
  }

  #compete(id: number, attribute: number, session: number, med: boolean): void {
    const neighborAs = med ? (this.#fabric.attributes.rows[attribute * ROW + NEIGHBOR_AS] as number) : 0;
    let group = 0;
    while (group < this.#groups && this.#groupAs[group] !== neighborAs) group++;
    if (group === this.#groups) {
      this.#groups++;
      this.#groupAs[group] = neighborAs;
    } else {
      const against = decideFor(
        this.#fabric,
        id,
        attribute,
        session,
        this.#groupAttribute[group] as number,
        this.#groupSession[group] as number,
      );
      if (against < 0) return;
    }
    this.#groupSession[group] = session;
    this.#groupAttribute[group] = attribute;
  }

  /** The best of the groups' best ones, or -1. MED never decides here: the groups' neighbour ASes differ. */
  #pick(id: number): number {
    let best = this.#groups === 0 ? -1 : 0;
    for (let group = 1; group < this.#groups; group++) {
      const against = decideFor(
        this.#fabric,
        id,
        this.#groupAttribute[group] as number,
        this.#groupSession[group] as number,
        this.#groupAttribute[best] as number,
        this.#groupSession[best] as number,
      );
      if (against > 0) best = group;
    }
    return best;
  }

  /** Own routes are advertised exactly when they are the best of their group. */
  #adjustBits(id: number): void {
    for (let i = 0; i < this.#ownCount; i++) {
      const session = this.#own[i] as number;
      const word = this.#fabric.columns.get(session, id);
      const advertised = (word & ADVERTISED) !== 0;
      const shown = this.showsAll ? feasible(word) !== 0 : this.#leadsGroup(session);
      if (shown === advertised) continue;
      if (advertised) this.#hide(session, id);
      else this.#advertise(session, id);
    }
  }

  #leadsGroup(session: number): boolean {
    for (let group = 0; group < this.#groups; group++) if (this.#groupSession[group] === session) return true;
    return false;
  }

  #advertise(session: number, id: number): void {
    const { columns } = this.#fabric;
    columns.set(session, id, columns.get(session, id) | ADVERTISED);
    this.#note(session + 1);
  }

  #hide(session: number, id: number): void {
    if (this.showsAll) return;
    const { columns } = this.#fabric;
    columns.set(session, id, columns.get(session, id) & ~ADVERTISED);
    this.#note(session + 1);
  }

  /** Something that siblings can see changed. */
  #note(session: number): void {
    if (this.#changed === 0) this.hint = session;
    else if (this.hint !== session) this.hint = 0;
    this.#changed++;
  }
}

/** The words of a route that is put in place of another: what siblings could see of the old one stays marked, until it is evaluated. */
export function replaceWord(old: number, attribute: number, filtered: number): number {
  const marks = filtered !== 0 ? filtered : old & (ADVERTISED | MULTIPATH);
  return attribute === 0 ? 0 : (attribute & ATTRIBUTE_MASK) | marks;
}
