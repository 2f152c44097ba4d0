/**
 * The chassis' part of a graft (blade/moving/grafts.ts has the blades'): claims a slot, requests, waits, and undoes what
 * cannot be finished. One graft a session at a time; any number of sessions at once.
 */
import type { Clock } from '../base/clock.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { requestGraft } from '../fabric/graft-request.ts';
import { GRAFT, GRAFT_STATE, GRAFT_TIME, SESSION_NUMBER } from '../fabric/layout.ts';

/** A graft that is not prepared and released by then is undone, milliseconds. */
const PATIENCE = 10_000;
/** So long its costs are waited for, once the session has been taken over: while all flood, there is no end of them. */
const SETTLE = 1000;

export interface GraftCosts {
  readonly session: number;
  readonly from: number;
  readonly to: number;
  readonly routes: number;
  /** Milliseconds, from the request to the take-over, and from the release to the take-over. */
  readonly total: number;
  readonly pause: number;
  readonly decisionsRun: number;
  readonly recordsSent: number;
  readonly updatesSent: number;
}

export class GraftUndone extends Error {
  /** A blade that took part died: it may be tried again. */
  readonly lost: boolean;

  constructor(message: string, lost = false) {
    super(message);
    this.lost = lost;
  }
}

export class Grafts {
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  /** Blades that run, as a bit set. */
  readonly #alive: () => number;
  readonly #claimed = new Set<number>();
  #waiting: (() => void)[] = [];

  constructor(fabric: Fabric, clock: Clock, alive: () => number) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#alive = alive;
  }

  get underWay(): number {
    return this.#claimed.size;
  }

  /** Moves a session to another blade; rejects with GraftUndone when it stayed where it was. */
  async graft(session: number, to: number): Promise<GraftCosts> {
    const fabric = this.#fabric;
    const from = fabric.homeOf(session);
    if (from < 0) throw new GraftUndone('its blade died, and no other one has it yet', true);
    const routes = fabric.number(session, SESSION_NUMBER.routesReceived);
    if (from === to) {
      return {
        session,
        from,
        to,
        routes,
        total: 0,
        pause: 0,
        decisionsRun: 0,
        recordsSent: 0,
        updatesSent: 0,
      };
    }
    const slot = await this.#claim();
    try {
      // While this graft waited for a slot, the session's blade may have died.
      if (fabric.homeOf(session) !== from) throw new GraftUndone('a blade died', true);
      fabric.stampGraft(slot, GRAFT_TIME.requested, this.#clock());
      requestGraft(fabric, slot, session, from, to, this.#alive());
      await this.#takenOver(slot);
      await this.#settled(slot);
      return this.#costs(slot, session, from, to, routes);
    } finally {
      fabric.setGraftState(slot, GRAFT_STATE.free);
      this.#claimed.delete(slot);
      this.#waiting.shift()?.();
    }
  }

  async #claim(): Promise<number> {
    for (;;) {
      for (let slot = 0; slot < this.#fabric.options.grafts; slot++) {
        if (this.#claimed.has(slot)) continue;
        this.#claimed.add(slot);
        return slot;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async #takenOver(slot: number): Promise<void> {
    const deadline = this.#clock() + PATIENCE;
    for (;;) {
      const state = this.#fabric.graftState(slot);
      if (state === GRAFT_STATE.done) return;
      if (state === GRAFT_STATE.aborted) throw new GraftUndone('a blade died', true);
      if (this.#clock() > deadline && this.#undo(slot)) {
        throw new GraftUndone('the graft was undone: a blade did not answer');
      }
      await this.#wait(slot, 100);
    }
  }

  async #settled(slot: number): Promise<void> {
    const deadline = this.#clock() + SETTLE;
    while (this.#fabric.graft(slot, GRAFT.settled) === 0 && this.#clock() < deadline)
      await this.#wait(slot, 100);
  }

  /** Before the session is released, giving up is forgetting; after it, the graft is finished. */
  #undo(slot: number): boolean {
    return (
      this.#fabric.stepGraft(slot, GRAFT_STATE.requested, GRAFT_STATE.aborted) ||
      this.#fabric.stepGraft(slot, GRAFT_STATE.prepared, GRAFT_STATE.aborted)
    );
  }

  /** Until a blade has news of the graft. */
  async #wait(slot: number, milliseconds: number): Promise<void> {
    const { grafts } = this.#fabric;
    // Whatever it is: a session that needed nothing is settled before its graft is done, and that is waited for, too.
    const settled = this.#fabric.graft(slot, GRAFT.settled);
    const wait = Atomics.waitAsync(grafts, slot * GRAFT.words + GRAFT.settled, settled, milliseconds);
    if (wait.async) await wait.value;
  }

  #costs(slot: number, session: number, from: number, to: number, routes: number): GraftCosts {
    const fabric = this.#fabric;
    const time = (which: number): number => fabric.graftTimes[slot * GRAFT_TIME.words + which] as number;
    return {
      session,
      from,
      to,
      routes,
      total: time(GRAFT_TIME.takenOver) - time(GRAFT_TIME.requested),
      pause: time(GRAFT_TIME.takenOver) - time(GRAFT_TIME.released),
      decisionsRun: fabric.graft(slot, GRAFT.decisionsRun),
      recordsSent: fabric.graft(slot, GRAFT.fabricRecordsSent),
      updatesSent: fabric.graft(slot, GRAFT.neighborUpdatesSent),
    };
  }
}
