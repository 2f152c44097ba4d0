/**
 * What the database remembers of a running chassis (store.ts): each graft with its bill, planned or not, where sessions are, and
 * the counters over time.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION_NUMBER } from '../fabric/layout.ts';
import type { GraftCosts } from './graft.ts';
import { log } from './log.ts';
import type { GraftReport, GraftRow } from './operations.ts';
import type { Recovered } from './recovery.ts';
import type { SessionEntry } from './session-entry.ts';
import type { CounterSample, Store } from './store.ts';

export class History {
  /** Grafts since the start. */
  grafts = 0;
  /** Of these, those of sessions whose blade had died. */
  unplanned = 0;
  readonly #fabric: Fabric;
  readonly #store: Store;

  constructor(fabric: Fabric, store: Store) {
    this.#fabric = fabric;
    this.#store = store;
  }

  noteGraft(entry: SessionEntry, costs: GraftCosts, reason: string): void {
    this.grafts++;
    this.#store.place(entry.neighbor.address, costs.to);
    this.#add(entry, costs, { planned: true, result: 'done', reason });
  }

  noteUndone(entry: SessionEntry, to: number, reason: string): void {
    log(`graft of ${entry.neighbor.address} to blade ${to} undone: ${reason}`);
    const from = this.#fabric.homeOf(entry.index);
    const none = { routes: 0, total: 0, pause: 0, decisionsRun: 0, recordsSent: 0, updatesSent: 0 };
    this.#add(
      entry,
      { session: entry.index, from, to, ...none },
      { planned: true, result: 'undone', reason },
    );
  }

  noteRecovered(entry: SessionEntry, orphan: Recovered): void {
    this.grafts++;
    this.unplanned++;
    const { diedAt, attachedAt, toldAt, ...counted } = orphan;
    const costs = {
      ...counted,
      routes: this.#fabric.number(orphan.session, SESSION_NUMBER.routesReceived),
      total: toldAt - diedAt,
      pause: attachedAt - diedAt,
    };
    this.#store.place(entry.neighbor.address, orphan.to);
    this.#add(entry, costs, { planned: false, result: 'done', reason: `blade ${orphan.from} died` });
  }

  /** The counters as they are now, of each session and of each blade. */
  sample(sessions: readonly SessionEntry[], slots: readonly number[]): void {
    const on = (slot: number): SessionEntry[] =>
      sessions.filter(({ index }) => this.#fabric.homeOf(index) === slot);
    this.#store.addSamples([
      ...sessions.map((entry) => this.#counters('session', entry.neighbor.address, [entry])),
      ...slots.map((slot) => this.#counters('blade', String(slot), on(slot))),
    ]);
  }

  #add(
    entry: SessionEntry,
    costs: GraftCosts,
    outcome: Pick<GraftRow, 'planned' | 'result' | 'reason'>,
  ): void {
    this.#store.addGraft({ ...graftReport(entry, costs), time: new Date().toISOString(), ...outcome });
  }

  #counters(kind: CounterSample['kind'], name: string, entries: readonly SessionEntry[]): CounterSample {
    const sum = (which: number): number =>
      entries.reduce((total, { index }) => total + this.#fabric.number(index, which), 0);
    return {
      kind,
      name,
      routes: sum(SESSION_NUMBER.routesReceived),
      updatesReceived: sum(SESSION_NUMBER.updatesReceived),
      updatesSent: sum(SESSION_NUMBER.updatesSent),
      cpuMicroseconds: Math.round(sum(SESSION_NUMBER.busy) * 1000),
    };
  }
}

/** A graft in the words and units of the answers in JSON. */
export function graftReport(entry: SessionEntry, costs: GraftCosts): GraftReport {
  return {
    neighbor: entry.neighbor.address,
    from: costs.from,
    to: costs.to,
    routes: costs.routes,
    totalMicroseconds: Math.round(costs.total * 1000),
    pauseMicroseconds: Math.round(costs.pause * 1000),
    decisionsRun: costs.decisionsRun,
    fabricUpdatesSent: costs.recordsSent,
    neighborUpdatesSent: costs.updatesSent,
  };
}
