/**
 * Which sessions a blade serves, which it prepares because a graft will bring them, and which it only serves until they are gone.
 *
 *   a session comes   adopt        placed here by the chassis: it starts in Idle
 *                     attach       Established in its record, with no blade that serves it
 *                     takeOrphans  its blade died (orphans.ts)
 *                     takeOver     by a graft, after prepare (grafts.ts)
 *   and goes          release      by a graft
 *                     remove       its neighbour is configured no longer: closed and swept first
 *                     dismiss      at once
 */
import { State } from '../../bgp/fsm.ts';
import type { FifoSet } from '../../fabric/fifo-set.ts';
import { SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { Orphan, SessionConfiguration } from '../messages.ts';
import { DECONFIGURED, STOPPED, shutdownFault } from '../session/cease.ts';
import { Session } from '../session/session.ts';
import type { SessionHost } from '../session/session-host.ts';
import type { Fault } from '../session/track-owner.ts';
import type { Groups } from '../telling/groups.ts';
import type { UpdateGroup } from '../telling/update-group.ts';
import type { GraftCosts } from './graft-costs.ts';
import type { GraftedSessions } from './grafts.ts';
import { goOn } from './orphans.ts';
import { adoptGroup, checkImportRule, noteExportRule, regroup } from './reconfigure.ts';
import type { Recovery } from './recovery.ts';

/** Milliseconds after which a session that the operator cleared starts again. */
const CLEAR_RESTART = 1000;

export interface RosterHost extends SessionHost {
  readonly slot: number;
  readonly groups: Groups;
}

export class Roster implements GraftedSessions {
  /** Sessions served here, by index; the same as a bit set. */
  readonly served = new Map<number, Session>();
  readonly bits: Int32Array;
  /** Sessions that are to come, by graft slot. */
  readonly prepared = new Map<number, Session>();
  readonly #host: RosterHost;
  readonly #costs: GraftCosts;
  readonly #recovery: Recovery;
  readonly #configurations = new Map<number, SessionConfiguration>();
  /** Sessions served here whose export rules changed, and those that are here only until they are put away. */
  readonly #toRegroup = new Set<Session>();
  readonly #leaving = new Set<Session>();

  constructor(host: RosterHost, costs: GraftCosts, recovery: Recovery) {
    this.#host = host;
    this.#costs = costs;
    this.#recovery = recovery;
    this.bits = new Int32Array(host.fabric.ready.size);
  }

  // ── what the chassis orders ──

  configure(configuration: SessionConfiguration): void {
    const { routes, fabric } = this.#host;
    this.#configurations.set(configuration.index, configuration);
    for (const prepared of this.prepared.values())
      if (prepared.index === configuration.index) prepared.configure(configuration);
    const session = this.served.get(configuration.index);
    if (session === undefined) return;
    session.configure(configuration);
    routes.serve(configuration.index, true); // it may have lanes now
    if (!session.established) return;
    checkImportRule(fabric, session);
    this.#toRegroup.add(session);
  }

  adopt(index: number): void {
    if (this.served.has(index)) return;
    const session = this.#make(index);
    this.#enter(session);
    session.start();
  }

  attach(index: number): void {
    const session = this.#make(index);
    session.prepare();
    this.#enter(session);
    if (session.attach()) adoptGroup(this.#host, session);
    else session.start();
  }

  /** What is found of them is looked at again, by the recovery and by the walks of their groups. */
  takeOrphans(orphans: readonly Orphan[]): void {
    const { fabric, groups, routes, clock } = this.#host;
    this.#recovery.begin();
    const living: Session[] = [];
    for (const { session: index } of orphans) {
      const session = this.#make(index);
      if (goOn(fabric, session, () => this.#enter(session))) living.push(session);
    }
    groups.adoptOrphans(living.map((session) => ({ session, rules: session.exportRules() })));
    for (const session of living) {
      noteExportRule(fabric, session, routes);
      checkImportRule(fabric, session);
      this.#recovery.took(session.index, clock(), (session.group as UpdateGroup).updatesSent);
    }
    for (const { session, shut } of orphans) if (shut !== undefined) this.shut(session, shut);
  }

  restart(index: number, why: Fault): void {
    const session = this.served.get(index);
    session?.limits.lift();
    session?.stop(why, CLEAR_RESTART);
  }

  shut(index: number, why: string): void {
    this.#host.fabric.setSession(index, SESSION.administrative, 1);
    this.served.get(index)?.stop(shutdownFault(why), Number.POSITIVE_INFINITY);
  }

  enable(index: number): void {
    const session = this.served.get(index);
    this.#host.fabric.setSession(index, SESSION.administrative, 0);
    session?.limits.lift();
    session?.start();
  }

  remove(index: number): void {
    const session = this.served.get(index);
    if (session === undefined) return;
    this.#host.fabric.setSession(index, SESSION.administrative, 1);
    session.stop(DECONFIGURED, Number.POSITIVE_INFINITY);
    this.#leaving.add(session);
  }

  dismiss(index: number): void {
    const { fabric, groups } = this.#host;
    const session = this.served.get(index);
    if (session === undefined) return;
    if (session.group !== undefined) groups.dismiss(index, session.group);
    session.release();
    this.#leave(index);
    fabric.setSession(index, SESSION.state, State.Idle);
    fabric.setHome(index, -1);
  }

  stopAll(): void {
    for (const session of this.served.values()) session.stop(STOPPED, Number.POSITIVE_INFINITY);
  }

  // ── grafts ──

  prepare(index: number, slot: number): void {
    const session = this.#make(index);
    session.prepare();
    this.prepared.set(slot, session);
  }

  unprepare(slot: number): void {
    this.prepared.delete(slot);
  }

  release(index: number): Iterable<number> {
    const session = this.served.get(index) as Session;
    // A view goes with the rules by which it was told.
    if (this.#toRegroup.has(session)) this.#regroup();
    const handedOver = session.revisit.copy();
    const { group } = session;
    this.#costs.close(session);
    if (!session.established || group === undefined) session.release();
    else {
      for (const id of group.pending) handedOver.add(id);
      // Some routes may have found no room in a table, and only we know which: the next home walks over the whole table once more.
      const lacks = group.exporter.failed || this.#host.routes.local.lacking > 0;
      const cursor = lacks ? 1 : group.cursor + 1;
      this.#host.fabric.setSession(index, SESSION.exportCursor, cursor);
      session.release();
      this.#host.groups.detach(index, group);
    }
    this.#leave(index);
    return handedOver;
  }

  takeOver(index: number, revisit: FifoSet, slot: number): boolean {
    const { fabric } = this.#host;
    const session = this.prepared.get(slot) as Session;
    this.prepared.delete(slot);
    this.#enter(session);
    const established = session.attach();
    session.revisit = revisit;
    fabric.count(index, SESSION_NUMBER.grafts);
    if (!established) {
      session.start();
      this.#costs.settle(slot);
      // Stale routes come without an evaluation, as those of an Established session do.
      return session.stale.families !== 0;
    }
    const group = adoptGroup(this.#host, session);
    this.#costs.begin(index, slot, group);
    return true;
  }

  lookAgain(index: number, id: number): void {
    this.served.get(index)?.group?.mark(id);
  }

  // ── in the blade's turn ──

  /** Sessions whose export rules changed go to the groups that are told by the new ones: not before all of a batch under way have been told it. */
  regroup(): void {
    if (this.#toRegroup.size > 0 && !this.#host.groups.telling) this.#regroup();
  }

  #regroup(): void {
    const { fabric, groups, routes } = this.#host;
    for (const session of this.#toRegroup) this.#costs.close(session);
    regroup(fabric, groups, this.#toRegroup, routes);
    this.#toRegroup.clear();
  }

  /** Of the removed ones, those that are closed and swept. */
  dismissGone(): void {
    const { connections } = this.#host.fabric;
    for (const session of this.#leaving) {
      const { index } = session;
      if (session.sweeping || [0, 1].some((which) => !connections.idle(connections.at(index, which))))
        continue;
      this.#leaving.delete(session);
      this.dismiss(index);
    }
  }

  readonly moved = (index: number, group: UpdateGroup): void => {
    const session = this.served.get(index);
    if (session !== undefined) session.group = group;
  };

  #make(index: number): Session {
    return new Session(this.#host, this.#configurations.get(index) as SessionConfiguration);
  }

  #enter(session: Session): void {
    const { fabric, slot, routes, clock } = this.#host;
    const { index } = session;
    this.served.set(index, session);
    this.bits[index >>> 5] = (this.bits[index >>> 5] as number) | (1 << (index & 31));
    routes.serve(index, true);
    fabric.setHome(index, slot);
    // Bytes or news may have come while the session had no home: it is looked at once in any case.
    fabric.ready.setForBlade(index);
    this.#host.schedule(clock());
  }

  #leave(index: number): void {
    const { fabric, routes } = this.#host;
    const session = this.served.get(index) as Session;
    this.#toRegroup.delete(session);
    this.#leaving.delete(session);
    this.#recovery.forget(index);
    fabric.lookout?.leave(index);
    this.served.delete(index);
    this.bits[index >>> 5] = (this.bits[index >>> 5] as number) & ~(1 << (index & 31));
    routes.serve(index, false);
  }
}
