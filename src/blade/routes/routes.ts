/**
 * The routes of one blade: where a change of route becomes an evaluation, and what follows from it, in the order
 * that the internal iBGP needs: word in the column, decision, bits, records to the siblings, export.
 *
 * Owns the evaluator (Loc-RIB). Never blocks, never allocates per route.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';
import { type NextHops, UNREACHABLE } from '../../fabric/next-hops.ts';
import { EqualPaths } from '../../ibgp-internal/equal-paths.ts';
import { Evaluator, OUTCOME, replaceWord } from '../../ibgp-internal/evaluate.ts';
import { ALL } from '../../ibgp-internal/interest.ts';
import { Ranking } from '../../ibgp-internal/ranking.ts';
import { NO_ROOM } from '../../policy/runner.ts';
import { LENGTHS, LOOPED, MED_COUNTS, ROW } from '../../rib/attribute-row.ts';
import { UNKNOWN_BEST } from '../../rib/loc-rib.ts';
import { findPath, freePath } from '../../rib/paths.ts';
import { noteMed, notePresence } from '../../rib/presence.ts';
import { clearReceived, receivedColumn } from '../../rib/received.ts';
import { ADVERTISED, ATTRIBUTE_MASK, FILTERED, MULTIPATH, UNRESOLVED } from '../../rib/route-word.ts';
import type { Limits } from '../limits.ts';
import type { ImportRule } from '../policies.ts';
import type { BestRoutes } from '../telling/desk.ts';
import { Attention } from './attention.ts';
import { HopWalk } from './hop-walk.ts';
import { LocalRoutes } from './local-routes.ts';
import { Siblings, type SiblingsListener } from './siblings.ts';

export interface RoutesListener extends SiblingsListener {
  /** The best route of a prefix changed. */
  onBestChanged(id: number): void;
  /** As that, of the first `count` of these, by what a neighbour of the blade's own said. */
  onBestsChanged(ids: Int32Array, count: number): void;
  /** Siblings show more than the best routes, and something of a prefix may have changed. */
  onPathsChanged(id: number): void;
}

/** Prefixes whose changes are told together at most. */
const CHANGED = 1024;

/** Hears of every prefix that is evaluated, whatever came of it. */
export interface EvaluationLog {
  add(id: number): void;
}

export class Routes implements BestRoutes {
  readonly evaluator: Evaluator;
  readonly ranking: Ranking;
  readonly equalPaths: EqualPaths;
  /** Those of the router itself. */
  readonly local: LocalRoutes;
  readonly siblings: Siblings;
  /** How much of the siblings' routes it is told of. */
  readonly attention: Attention;
  /** Of grafts: every prefix evaluated while they are here is added to each. */
  readonly logs = new Set<EvaluationLog>();
  /**
   * Sessions taken over for which siblings have not yet told all. Their routes came without an evaluation: a best that
   * is behind may not be the best of them, so that comparing with it alone is not enough.
   */
  catchingUp = 0;
  /** Looks at routes whose next hops have changed. */
  readonly hopWalk: HopWalk;
  readonly #hops: NextHops | undefined;
  readonly #fabric: Fabric;
  readonly #listener: RoutesListener;
  readonly #sessions: number;
  /** Between `gather` and `report`: prefixes whose best routes changed. */
  readonly #changed = new Int32Array(CHANGED);
  /** How many; -1: they are told one by one. */
  #changes = -1;

  constructor(fabric: Fabric, blade: number, listener: RoutesListener) {
    this.#fabric = fabric;
    this.#listener = listener;
    this.siblings = new Siblings(fabric, blade, listener);
    this.evaluator = new Evaluator(fabric, blade);
    this.attention = new Attention(fabric, blade, this.evaluator);
    this.ranking = new Ranking(fabric, this.evaluator.mine);
    this.local = new LocalRoutes(fabric, this.evaluator, this.#onLocalChanged);
    this.equalPaths = new EqualPaths(fabric, this.ranking, this.evaluator.mine);
    this.#hops = fabric.hops;
    this.hopWalk = new HopWalk(fabric, this.evaluator.mine, this);
    this.#sessions = fabric.options.sessions;
    this.meet();
  }

  /** What is in force in the box: true when other routes are to be seen or marked now, so that all has to be evaluated anew. */
  meet(): boolean {
    this.siblings.meet();
    const { showsAll, multipath } = this.#fabric;
    const { evaluator, equalPaths } = this;
    if (showsAll === evaluator.showsAll && multipath === equalPaths.word) return false;
    evaluator.showsAll = showsAll;
    equalPaths.word = multipath;
    return true;
  }

  /** The blade is the session's home from now on, or no longer. */
  serve(session: number, mine: boolean): void {
    if (mine) this.attention.widenTo(session);
    this.evaluator.serve(session, mine);
  }

  /** Goes on towards knowing no more than is needed (attention.ts). `tells`: some neighbour is told routes. */
  attendTo(tells: boolean, settled: boolean, limits: Limits, now: number): boolean {
    const { siblings, local, logs, catchingUp } = this;
    const all = tells || siblings.alone || local.counting || logs.size > 0 || catchingUp > 0;
    return this.attention.work(all, settled, limits, now);
  }

  /**
   * Adj-RIB-In: a route was announced on one of the blade's own sessions, or a lane of it (RFC 4271 9.1.1). False when
   * the fabric has no room for it; nothing is changed then. `keep`: bits of the old word that stay.
   */
  announce(session: number, id: number, received: number, rule: ImportRule, keep = 0): boolean {
    if (rule.reject || rule.checks.objects(received))
      return this.accept(session, id, received, 0, rule, keep);
    if (rule.policy === undefined) return this.accept(session, id, received, received, rule, keep);
    const accepted = rule.policy.evaluate(id, received, this.#fabric.sessionOf(session));
    return this.accept(session, id, received, accepted, rule, keep);
  }

  /** The same, of a route of which import policy made this set; 0: it was rejected, NO_ROOM: there was no room for it. */
  accept(
    session: number,
    id: number,
    received: number,
    accepted: number,
    rule: ImportRule,
    keep = 0,
  ): boolean {
    if (accepted === NO_ROOM) return false;
    const fabric = this.#fabric;
    const attribute = accepted === 0 ? received : accepted;
    let filtered = accepted === 0 ? FILTERED : 0;
    if (this.#hops?.costOf(attribute) === UNREACHABLE) filtered |= UNRESOLVED;
    const old = fabric.columns.get(session, id);
    const word = replaceWord(old, attribute, filtered) | (old & keep);
    if (rule.keeps && !this.#keep(session, id, received, attribute)) return false;
    if (word === old) {
      if (rule.keeps && attribute === received) clearReceived(fabric, session, id);
      return true;
    }
    notePresence(fabric, session, id, this.evaluator.keeps !== ALL && this.evaluator.sharesBuckets);
    // Before the word: who hears the same again, after a blade died in between, finds nothing new in the column.
    const lengths = fabric.attributes.rows[attribute * ROW + LENGTHS] as number;
    const newMed = (lengths & MED_COUNTS) !== 0 && noteMed(fabric, id);
    if (!fabric.columns.set(session, id, word)) {
      if (newMed) this.#evaluate(id, 0, 0, true);
      return false;
    }
    if (old === 0) this.#countRoute(session, id, 1);
    if (filtered !== 0 && (lengths & LOOPED) !== 0)
      fabric.count(fabric.sessionOf(session), SESSION_NUMBER.loopsRejected);
    if (rule.keeps && attribute === received) clearReceived(fabric, session, id);
    this.#evaluate(id, newMed ? 0 : session + 1, old & ADVERTISED ? session + 1 : 0, newMed);
    return true;
  }

  /** Whether there is a way to the next hop of an own route is noted anew; true when that has changed. */
  resolve(source: number, id: number): boolean {
    const { columns } = this.#fabric;
    const old = columns.get(source, id);
    const unresolved = this.#hops?.costOf(old & ATTRIBUTE_MASK) === UNREACHABLE;
    if (unresolved === ((old & UNRESOLVED) !== 0)) return false;
    columns.set(source, id, unresolved ? (old | UNRESOLVED) & ~(ADVERTISED | MULTIPATH) : old & ~UNRESOLVED);
    this.#evaluate(id, 0, old & ADVERTISED ? source + 1 : 0, false);
    return true;
  }

  /** What was received is written before what was made of it (rib/received.ts). */
  #keep(session: number, id: number, received: number, attribute: number): boolean {
    if (attribute === received) return true;
    return this.#fabric.columns.set(receivedColumn(this.#fabric, session), id, received);
  }

  /** Adj-RIB-In: a route was withdrawn, or its session went down. */
  withdraw(session: number, id: number): void {
    const fabric = this.#fabric;
    const old = fabric.columns.get(session, id);
    if (old !== 0) fabric.columns.set(session, id, 0);
    clearReceived(fabric, session, id);
    if (old === 0) return;
    this.#countRoute(session, id, -1);
    this.#evaluate(id, session + 1, old & ADVERTISED ? session + 1 : 0, false);
  }

  /**
   * As `withdraw`, of so many (negative ids: none), after `gather`. Where a route is the only one there is nothing to decide, and where
   * nobody hears of every decision, a short loop takes them all.
   */
  withdrawAll(session: number, ids: Int32Array, count: number): void {
    const left = this.#counts || !this.siblings.none ? count : this.#withdrawAlone(session, ids, count);
    for (let i = 0; i < left; i++) if ((ids[i] as number) >= 0) this.withdraw(session, ids[i] as number);
  }

  /** Somebody hears of every decision. */
  get #counts(): boolean {
    const { local, logs, catchingUp, equalPaths, evaluator } = this;
    return local.counting || logs.size > 0 || evaluator.showsAll || equalPaths.word !== 0 || catchingUp > 0;
  }

  /** Leaves in `ids` those that are still to be withdrawn; how many. */
  #withdrawAlone(session: number, ids: Int32Array, count: number): number {
    const fabric = this.#fabric;
    if (this.#changes + count > CHANGED) this.report();
    const first = this.#changes;
    const left = this.evaluator.withdrawAlone(session, ids, count, this.#changed, first);
    const gone = this.evaluator.gone;
    this.#changes += gone;
    let gone6 = 0;
    for (let i = first; i < first + gone; i++)
      if ((this.#changed[i] as number) >= fabric.prefixes.base6) gone6++;
    fabric.count(fabric.sessionOf(session), SESSION_NUMBER.routesReceived, -gone);
    fabric.count(fabric.sessionOf(session), SESSION_NUMBER.routesReceived6, -gone6);
    return left;
  }

  /** As `announce`, of one path of several (RFC 7911); where all lanes are taken it is refused, and counted. */
  announcePath(session: number, id: number, path: number, attribute: number, rule: ImportRule): boolean {
    const fabric = this.#fabric;
    let source = findPath(fabric, session, id, path);
    if (source < 0) {
      source = freePath(fabric, session, id);
      if (source < 0) {
        fabric.count(session, SESSION_NUMBER.pathsRefused);
        return true;
      }
      this.withdraw(source, id);
      // Before the route: who sees that sees its identifier.
      if (!fabric.columns.set(fabric.pathColumn(source), id, path | 0)) return false;
    }
    return this.announce(source, id, attribute, rule);
  }

  withdrawPath(session: number, id: number, path: number): void {
    const source = findPath(this.#fabric, session, id, path);
    if (source >= 0) this.withdraw(source, id);
  }

  #countRoute(source: number, id: number, more: number): void {
    const fabric = this.#fabric;
    const session = fabric.sessionOf(source);
    fabric.count(session, SESSION_NUMBER.routesReceived, more);
    if (id >= fabric.prefixes.base6) fabric.count(session, SESSION_NUMBER.routesReceived6, more);
  }

  known(id: number): boolean {
    return this.evaluator.known(id);
  }

  /** The best route was not kept, as nobody was to be told of it: now somebody is. False: there is none, and nothing is marked by that. */
  learn(id: number): boolean {
    const { evaluator } = this;
    const was = evaluator.bestSession(id);
    const outcome = this.#decide(id, 0, 0, false);
    if ((was === 0 && evaluator.bestSession(id) === 0) || (outcome & OUTCOME.bestChanged) === 0) return false;
    this.#follow(id, outcome);
    return true;
  }

  touch(ids: Int32Array, count: number): void {
    this.evaluator.touchPrefixes(ids, count);
  }

  bestAttribute(id: number): number {
    const own = this.local.any ? this.local.attributeOf(id) : -1;
    return own >= 0 ? own : this.evaluator.bestAttribute(id);
  }

  /** A lane's route is its session's. */
  bestSession(id: number): number {
    if (this.local.any) {
      const own = this.local.attributeOf(id);
      if (own >= 0) return own === 0 ? 0 : this.local.sourceOf(id);
    }
    const best = this.evaluator.bestSession(id);
    if (best <= this.#sessions || best === UNKNOWN_BEST) return best;
    return this.#fabric.sessionOf(best - 1) + 1;
  }

  /** Evaluates a prefix again, looking at everything. */
  revisit(id: number): void {
    this.#evaluate(id, 0, 0, false);
  }

  /** Takes records from the siblings, at most so many from each, and then looks at next hops that changed; true when more wait. */
  takeRecords(budget: number, late: () => boolean): boolean {
    const more = this.siblings.takeRecords(budget, late, this.#takeSome);
    return this.hopWalk.work() || more;
  }

  /** What they will have read is touched before, all at the same time (route-changes.ts). */
  readonly #takeSome = (sibling: number, ids: Int32Array, hints: Int32Array, count: number): void => {
    const concerns = this.evaluator.keeps !== ALL ? this.evaluator.forgetAll(ids, hints, count) : count;
    if (concerns === 0) return;
    this.evaluator.touchChanged(hints, ids, concerns);
    // What comes out of a flood is told together; what one of a few say is urgent by itself.
    const together = !this.siblings.fewWait;
    if (together) this.gather();
    const left = together && !this.#counts ? this.#takeAlone(ids, hints, concerns) : concerns;
    if (left > 0) this.evaluator.touchBest(hints, ids, left, true);
    for (let i = 0; i < left; i++) {
      const id = ids[i] as number;
      const second = hints[i] as number;
      if (id < 0) {
        if (together) this.report();
        this.siblings.onSign(id, sibling, second);
      } else this.#evaluate(id, second, 0, false);
    }
    if (together) this.endGathering();
  };

  /** Records of the only routes of their prefixes; how many others are left. */
  #takeAlone(ids: Int32Array, hints: Int32Array, count: number): number {
    const left = this.evaluator.takeAlone(ids, hints, count, this.#changed, this.#changes);
    this.#changes += this.evaluator.changes;
    return left;
  }

  /** Decision, bits, records, export: in this order. `tell`: siblings must look again in any case. */
  #evaluate(id: number, hint: number, visibleSession: number, tell: boolean): void {
    this.#follow(id, this.#decide(id, hint, visibleSession, tell));
  }

  #decide(id: number, hint: number, visibleSession: number, tell: boolean): number {
    const outcome = this.evaluator.evaluate(id, this.catchingUp > 0 ? 0 : hint, visibleSession);
    if (tell || outcome & OUTCOME.visibleChanged) {
      const about = tell ? 0 : this.evaluator.hint;
      this.siblings.tell(id, about);
    }
    if (this.equalPaths.word !== 0) this.#markEqual(id);
    return outcome;
  }

  #follow(id: number, outcome: number): void {
    if (this.logs.size > 0) this.#log(id);
    if (this.evaluator.showsAll) this.#listener.onPathsChanged(id);
    if ((outcome & OUTCOME.bestChanged) === 0) return;
    if (this.local.counting) this.local.note(id);
    if (this.#changes < 0) this.#listener.onBestChanged(id);
    else {
      if (this.#changes === CHANGED) this.report();
      this.#changed[this.#changes++] = id;
    }
  }

  /** Until `report`, changes of best routes are not told one by one. */
  gather(): void {
    this.#changes = 0;
  }

  /** Tells what has changed so far. */
  report(): void {
    if (this.#changes > 0) this.#listener.onBestsChanged(this.#changed, this.#changes);
    this.#changes = 0;
  }

  /** Tells what has changed, and from here on each by itself. */
  endGathering(): void {
    this.report();
    this.#changes = -1;
  }

  #log(id: number): void {
    for (const log of this.logs) {
      log.add(id);
      if (this.local.counting) this.local.logAround(id, log);
    }
  }

  /** A route of the router itself came, went or changed: to those who are told routes, as if the best one had. */
  readonly #onLocalChanged = (id: number): void => {
    if (this.logs.size > 0) for (const log of this.logs) log.add(id);
    this.#listener.onBestChanged(id);
  };

  #markEqual(id: number): void {
    const best = this.evaluator.bestSession(id);
    if (best !== UNKNOWN_BEST) this.equalPaths.mark(id, best - 1, this.evaluator.bestAttribute(id));
  }
}
