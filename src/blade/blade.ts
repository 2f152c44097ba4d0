/**
 * A blade: one route processor, a BGP process of its own for the sessions that it now holds. It runs to completion, with
 * no sockets, promises or callbacks. One turn, in the order in which work flows:
 *
 *   orders, grafts ─→ records from siblings ─→ bytes from neighbours ─→ put-off evaluations ─→ timers
 *        ─→ export to neighbours ─→ records to siblings ─→ (idle: settle) ─→ quiescent point
 *
 * Owns: state machines, Adj-RIB-Ins, Loc-RIB and Adj-RIB-Outs of its sessions; all of it in the fabric. Never blocks,
 * never waits for a sibling or a neighbour.
 */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { FifoSet } from '../fabric/fifo-set.ts';
import { Journal } from '../fabric/journal.ts';
import { BLADE_WORD, SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import { PolicyBook } from '../policy/book.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import type { TableInForce } from '../policy/validation.ts';
import { type LocalDefinition, NO_LOCAL_ROUTES } from '../rib/own-source.ts';
import { VrpTable } from '../rpki/table.ts';
import { fail } from './faults.ts';
import { Hearing } from './hearing.ts';
import { LIMITS, type Limits } from './limits.ts';
import type { BladeNews, BladeOrder, SessionConfiguration, SessionLimit } from './messages.ts';
import { GraftCosts } from './moving/graft-costs.ts';
import { type GraftHost, Grafts } from './moving/grafts.ts';
import { filterAnew, noteExportRule } from './moving/reconfigure.ts';
import { Recovery } from './moving/recovery.ts';
import { Roster, type RosterHost } from './moving/roster.ts';
import { forgetSets } from './policies.ts';
import { Rounds } from './rounds.ts';
import { OriginWalk } from './routes/origin-walk.ts';
import { Receiver } from './routes/receive.ts';
import { Routes, type RoutesListener } from './routes/routes.ts';
import { CLEARED, RECONFIGURED } from './session/cease.ts';
import { IdleRings } from './session/idle-rings.ts';
import type { Session } from './session/session.ts';
import { Stage } from './stage.ts';
import { sendEndOfRib } from './telling/end-of-rib.ts';
import { Groups } from './telling/groups.ts';
import { noteLacking } from './telling/sent-counts.ts';
import { TurnMeter } from './turn-meter.ts';

export class Blade implements RoutesListener, GraftHost, RosterHost {
  readonly fabric: Fabric;
  readonly slot: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly routes: Routes;
  readonly receiver: Receiver;
  readonly groups: Groups;
  readonly policies: PolicyBook;
  readonly roster: Roster;
  readonly #grafts: Grafts;
  readonly #recovery: Recovery;
  readonly meter: TurnMeter;
  readonly #originWalk = new OriginWalk(this);
  readonly #news: (news: BladeNews) => void;
  readonly #rounds: Rounds;
  #nextTimer = 0;
  /** When rings and the order of telling were last looked at, milliseconds. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  readonly #stage: Stage;
  readonly #hearing: Hearing;
  readonly #costs: GraftCosts;
  /** Where memory can be given back. */
  readonly #idleRings: IdleRings | undefined;
  stopping = false;
  /** Orders carried out in this slot so far; the doorbell counts those that were posted. */
  orders: number;

  constructor(
    fabric: Fabric,
    slot: number,
    configurations: readonly SessionConfiguration[],
    clock: Clock,
    random: Random,
    news: (news: BladeNews) => void,
    limits: Limits = LIMITS,
    orders = 0,
    policies: readonly PolicyDefinition[] = [],
    origins?: TableInForce,
    local: LocalDefinition = NO_LOCAL_ROUTES,
  ) {
    this.fabric = fabric;
    this.slot = slot;
    this.clock = clock;
    this.random = random;
    this.limits = limits;
    this.orders = orders;
    this.#news = news;
    this.routes = new Routes(fabric, slot, this);
    this.receiver = new Receiver(fabric, this.routes, (session, text) => {
      news({ kind: 'malformed', slot, session, text });
    });
    this.policies = new PolicyBook(fabric, policies, origins);
    this.policies.onFault = (session, text, imported) => {
      if (imported) fabric.count(session, SESSION_NUMBER.policyFaults);
      if (text !== '') news({ kind: 'policy', slot, session, text });
    };
    this.groups = new Groups(fabric, this.routes, limits, new Journal(fabric, slot), this.policies);
    this.#recovery = new Recovery(fabric, slot, this.routes, limits, news);
    this.#costs = new GraftCosts(fabric);
    this.#idleRings = fabric.giving && new IdleRings(fabric, fabric.giving);
    this.roster = new Roster(this, this.#costs, this.#recovery);
    this.#grafts = new Grafts(fabric, slot, this.routes, this, this.roster, clock);
    this.meter = new TurnMeter(fabric, slot);
    this.#rounds = new Rounds(fabric.ready, this.roster.bits);
    this.#stage = new Stage(clock, limits.stageTime);
    this.#hearing = new Hearing(fabric, limits.receiveBytes);
    for (const configuration of configurations) this.roster.configure(configuration);
    // What is not known here is evaluated before anybody is served.
    this.routes.local.begin(local);
  }

  get ordersDone(): boolean {
    return ((this.fabric.bells.orders(this.slot) - this.orders) | 0) <= 0;
  }

  get recovered(): boolean {
    return this.#recovery.complete;
  }

  get telling(): boolean {
    return this.groups.telling;
  }

  order(order: BladeOrder): void {
    this.#begin();
    this.#carryOut(order);
    // Afterwards: what a blade that died did not do, or did by halves, is ordered again.
    this.orders = (this.orders + 1) | 0;
    this.fabric.setBladeWord(this.slot, BLADE_WORD.orders, this.orders);
  }

  #carryOut(order: BladeOrder): void {
    const { roster } = this;
    switch (order.kind) {
      case 'policies':
        this.policies.replace(order.policies);
        this.groups.forgetUnused();
        break;
      case 'origins':
        if (this.policies.origins.replace(order)) this.#originWalk.begin(new VrpTable(order.changed));
        break;
      case 'local':
        if (order.local.aggregates.length > 0) this.routes.attention.widenToAll();
        this.#defineLocal(() => this.routes.local.replace(order.local, (id) => this.routes.learn(id)));
        break;
      case 'configure':
        roster.configure(order.session);
        break;
      case 'adopt':
        roster.adopt(order.session);
        break;
      case 'attach':
        roster.attach(order.session);
        break;
      case 'orphans':
        roster.takeOrphans(order.orphans);
        break;
      case 'fail':
        fail(order.fault);
        break;
      case 'dismiss':
        roster.dismiss(order.session);
        break;
      case 'clear':
        roster.restart(order.session, CLEARED);
        break;
      case 'reset':
        roster.restart(order.session, RECONFIGURED);
        break;
      case 'remove':
        roster.remove(order.session);
        break;
      case 'shutdown':
        roster.shut(order.session, order.why);
        break;
      case 'enable':
        roster.enable(order.session);
        break;
      case 'refresh':
        roster.served.get(order.session)?.refresh();
        break;
      case 'stop':
        this.stopping = true;
        roster.stopAll();
        break;
      default:
        order satisfies never;
    }
  }

  /** One turn; true when there is more to do at once. */
  turn(): boolean {
    const { fabric } = this;
    this.#begin();
    if (this.routes.meet()) this.#recovery.begin();
    const start = this.clock();
    this.groups.beginTurn();
    this.roster.regroup();
    this.#grafts.poll();
    this.#stage.begin();
    let more = this.routes.takeRecords(this.limits.records, this.#stage.over);
    this.#grafts.poll();
    const flooded = this.#receive();
    const { hurry } = this.#hearing;
    // What somebody calm has said is told before the rest of the turn is looked after.
    if (hurry) this.#export(start, flooded);
    if (flooded) more = true;
    if (this.#putOff()) more = true;
    if (this.#recovery.work()) more = true;
    if (this.#originWalk.work()) more = true;
    if (this.routes.local.walking) {
      this.#defineLocal(() => this.routes.local.work(this.limits.sweeps));
      // At its end, too: grafts wait for that.
      more = true;
    }
    if (this.#attend(start)) more = true;
    if (start >= this.#nextTimer) this.#tick(start);
    if (!hurry && this.#export(start, flooded)) more = true;
    if (this.#afterExport()) more = true;
    const waiting = this.routes.siblings.flush();
    // What some have been told is in our hands until it is noted: in that respect the turn goes on.
    if (this.telling) more = true;
    // Not while siblings are still to tell what a session taken over was told: looking at it now would take that back.
    if (!more && this.routes.catchingUp === 0 && this.groups.settle(start, this.roster.moved)) more = true;
    if (!this.telling) {
      fabric.pages.reclaim();
      fabric.epochs.pass();
    }
    this.#count(start, more);
    const local = this.routes.local.takeNews();
    if (local !== undefined) this.#news({ kind: 'aggregates', slot: this.slot, ...local });
    if (waiting) this.schedule(start + 1);
    this.schedule(this.groups.lookAgainAt);
    return more;
  }

  /** From here to the end of the turn we may hold what we read. Ids mean what they mean in the phase that holds now. */
  #begin(): void {
    this.fabric.epochs.enter();
    if (this.telling || !this.fabric.meet()) return;
    this.groups.forgetSets();
    this.routes.local.forget();
    noteLacking(this.fabric, this.routes.local, this.roster.served.values());
    const sessions = [...this.roster.served.values(), ...this.roster.prepared.values()];
    forgetSets(
      this.policies,
      sessions.map(({ importRule }) => importRule),
    );
  }

  sessionsHere(): Iterable<Session> {
    return this.roster.served.values();
  }

  get nextTimer(): number {
    return this.#nextTimer;
  }

  // ── what the parts tell the blade ──

  readonly onPathsChanged = (id: number): void => this.groups.markPaths(id, this.#hearing.light);
  onBestChanged(id: number): void {
    const urgent = this.#hearing.light || this.routes.siblings.fewWait;
    this.groups.mark(id, urgent);
    if (urgent) this.#hearing.urgent = true;
  }

  onBestsChanged(ids: Int32Array, count: number): void {
    const urgent = this.#hearing.light;
    this.groups.markAll(ids, count, urgent);
    if (urgent) this.#hearing.urgent = true;
  }

  onMarker(sibling: number, marker: number): void {
    this.#grafts.onMarker(sibling, marker);
  }

  onAnswer(sibling: number, word: number): void {
    this.#grafts.onAnswer(sibling, word);
  }

  schedule(at: number): void {
    if (at < this.#nextTimer) this.#nextTimer = at;
  }

  established(session: Session): void {
    session.group = this.groups.admit(session.index, session.exportRules());
    noteExportRule(this.fabric, session, this.routes);
    this.#news({ kind: 'established', slot: this.slot, session: session.index });
  }

  down(session: Session, why: string): void {
    this.#costs.close(session);
    if (session.group !== undefined) this.groups.dismiss(session.index, session.group);
    session.group = undefined;
    session.revisit = new FifoSet();
    this.#news({ kind: 'down', slot: this.slot, session: session.index, why });
  }

  failed({ index: session }: Session, why: string): void {
    this.fabric.count(session, SESSION_NUMBER.attemptsFailed);
    this.#news({ kind: 'failed', slot: this.slot, session, why });
  }

  limit(session: Session, limit: SessionLimit, text: string): void {
    this.#news({ kind: 'limit', slot: this.slot, session: session.index, limit, text });
  }

  stale(session: Session, text: string): void {
    this.#news({ kind: 'stale', slot: this.slot, session: session.index, text });
  }

  // ── stages of a turn ──

  #receive(): boolean {
    this.#stage.begin();
    this.#hearing.hurry = false;
    return this.#rounds.run(this.limits.receiveRounds, this.#visit, this.#receivedEnough);
  }

  readonly #receivedEnough = (): boolean => this.#hearing.hurry || this.#stage.late();

  readonly #visit = (index: number): boolean => this.#hearing.hear(this.roster.served.get(index) as Session);

  /** Evaluations put off: sessions that went down are swept, grafted ones looked at again. */
  #putOff(): boolean {
    let more = false;
    this.#stage.begin();
    for (const session of this.roster.served.values()) {
      if (!session.walking && session.revisit.size === 0) continue;
      if (this.#stage.late()) {
        more = true;
        break;
      }
      if (session.revisit.size > 0 && this.#revisit(session)) more = true;
      if (session.sweeping && session.sweep(this.limits, this.#stage.late)) more = true;
      if (session.stale.walking) {
        this.#walkStale(session);
        more = true;
      }
      if (session.filtering && filterAnew(this.fabric, this.routes, session, this.limits.sweepPages))
        more = true;
    }
    this.roster.dismissGone();
    return more;
  }

  /** Some of it. What came in the meantime may have been left unread: nobody rings for it again. */
  #walkStale(session: Session): void {
    if (session.stale.walk(this.routes, this.limits.sweepPages, session.importRule)) return;
    this.fabric.ready.setForBlade(session.index);
  }

  /** Batches of what waits for neighbours: now and then while they flood us, else as long as there is time. */
  #export(now: number, flooded: boolean): boolean {
    if (this.fabric.holdingBack) return false;
    if (this.telling) {
      this.#stage.begin();
      return this.groups.export(now, this.roster.moved, this.#stage.over);
    }
    if (flooded) {
      const due = this.#rounds.completed >= this.limits.receiveRounds;
      if (due) this.#rounds.completed = 0;
      // As much as one neighbour has brought meanwhile; of what many tell of the same prefixes, less is left to be told.
      let batches = Number(this.#hearing.urgent || this.groups.interrupted);
      if (due) batches = this.#rounds.busy > 2 ? 1 : 2;
      this.#hearing.urgent = false;
      this.#stage.begin();
      while (batches-- > 0) if (!this.groups.export(now, this.roster.moved, this.#stage.over)) return false;
      return true;
    }
    this.#rounds.completed = 0;
    this.#hearing.urgent = false;
    this.#stage.begin();
    for (let round = 0; round < this.limits.exportRounds; round++) {
      if (!this.groups.export(now, this.roster.moved, this.#stage.over)) return false;
      if (this.#stage.over()) return true;
    }
    return true;
  }

  #revisit(session: Session): boolean {
    const { routes, limits } = this;
    const records = routes.siblings.recordsSent;
    let left = limits.revisits;
    for (; left > 0 && session.revisit.size > 0; left--) {
      const id = session.revisit.shift();
      routes.revisit(id);
      session.group?.mark(id);
    }
    this.#costs.add(session.index, limits.revisits - left, routes.siblings.recordsSent - records);
    return session.revisit.size > 0;
  }

  #tick(now: number): void {
    this.#nextTimer = now + 1000;
    for (const session of this.roster.served.values()) this.schedule(session.tick(now));
    // Timers may be due every millisecond; what is looked at here is a matter of seconds.
    if (now - this.#lookedAt < 1000) return;
    this.#lookedAt = now;
    this.#idleRings?.begin();
    for (const session of this.roster.served.keys()) this.#idleRings?.look(session);
    this.groups.order();
  }

  /** What follows once a session has been told everything: refreshes, End-of-RIB, the bill of a graft. */
  #afterExport(): boolean {
    let more = false;
    this.#stage.begin();
    const counting = this.#costs.size > 0 || this.#recovery.owing;
    for (const session of this.roster.served.values()) {
      const { group, index } = session;
      if (group === undefined) continue;
      // Of a thousand sessions nearly all, nearly always.
      if (!counting && session.refreshes.from < 0 && this.fabric.session(index, SESSION.endOfRibDue) === 0)
        continue;
      // Whoever has no room takes nobody's time.
      if (session.refreshes.due && group.memberWithoutRoom() < 0) {
        if (!this.telling && !this.#stage.late())
          session.refreshes.repeat((families, from) => group.resend(index, families, from));
        if (session.refreshes.due && group.memberWithoutRoom() < 0) more = true;
      }
      this.#costs.note(session);
      if (!group.quiet) continue;
      if (this.fabric.session(index, SESSION.endOfRibDue) !== 0 && group.memberWithoutRoom() < 0)
        sendEndOfRib(this.fabric, session);
      if (session.revisit.size === 0) this.#costs.close(session);
      if (this.#recovery.owing) this.#recovery.told(index, group.updatesSent);
    }
    return more;
  }

  /** After it other routes of the router itself may hold. */
  #defineLocal(step: () => void): void {
    const { fabric, routes, roster } = this;
    const { key, definition } = routes.local;
    step();
    if (routes.local.key !== key)
      for (const session of roster.served.values()) noteExportRule(fabric, session, routes);
    if (routes.local.definition !== definition) noteLacking(fabric, routes.local, roster.served.values());
  }

  #attend(now: number): boolean {
    const { routes, limits } = this;
    const more = routes.attendTo(!this.groups.tellsNobody, this.#recovery.complete, limits, now);
    this.schedule(routes.attention.until);
    return more;
  }

  #count(start: number, more: boolean): void {
    const now = this.clock();
    this.meter.note(start, now, more);
    this.meter.count(this.routes, now);
  }
}
