/**
 * What a dead blade leaves behind, and how it is divided (docs/design.md, "When a blade dies"). Its thread has ended, so that the chassis
 * is the only writer of all that was the blade's until others are given it:
 *
 *   grafts      undone, or finished by a living blade; a session between the two is an orphan
 *   journal ─→  out views: of what was just being sent it is not known what the neighbours were told
 *   sessions    orphans: each is given to a living blade, and the out views of those that go to different ones part
 *   losses      the count of those that are gone: every blade evaluates everything once more
 *
 * Fabric only: the simulation buries its blades by the same rules.
 */
import { socketCalls } from '../base/socket-calls.ts';
import { State } from '../bgp/fsm.ts';
import { freeClaim } from '../fabric/courier.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { Journal } from '../fabric/journal.ts';
import {
  BLADE_WORD,
  BOX,
  GRAFT,
  GRAFT_STATE,
  PAGE_BITS,
  PAGE_WORDS,
  SESSION,
  SESSION_NUMBER,
} from '../fabric/layout.ts';
import { closeLookout } from '../fabric/lookout.ts';
import { OutViews } from '../rib/adj-rib-out.ts';

import { reclaimPages } from './reclaim.ts';

/** Sessions count as so many routes when load is divided: even one without routes is work. */
const SESSION_LOAD = 1000;

/**
 * Ends the grafts in which the dead blade takes part; false while a living blade is just releasing a session to it, which takes
 * a moment.
 */
export function settleGrafts(fabric: Fabric, dead: number): boolean {
  let settled = true;
  for (let slot = 0; slot < fabric.options.grafts; slot++) {
    const word = (which: number): number => fabric.graft(slot, which);
    const from = word(GRAFT.from) === dead;
    const to = word(GRAFT.to) === dead;
    if (!from && !to && (word(GRAFT.markers) & (1 << dead)) === 0) continue;
    // Not released yet: the marker of the dead one may never come.
    if (end(fabric, slot, GRAFT_STATE.requested) || end(fabric, slot, GRAFT_STATE.prepared)) continue;
    if (from && end(fabric, slot, GRAFT_STATE.releasing)) fabric.setHome(word(GRAFT.session), dead);
    else if (to && end(fabric, slot, GRAFT_STATE.released)) freeHandedOver(fabric, slot);
    else if (to && fabric.graftState(slot) === GRAFT_STATE.releasing) settled = false;
    else if (to && fabric.graftState(slot) === GRAFT_STATE.done) {
      fabric.setGraft(slot, GRAFT.settled, 1);
      fabric.notifyGraft(slot);
    }
  }
  return settled;
}

function end(fabric: Fabric, slot: number, state: number): boolean {
  if (!fabric.stepGraft(slot, state, GRAFT_STATE.aborted)) return false;
  fabric.notifyGraft(slot);
  return true;
}

/** The prefixes that were still to be exported are found by looking at all. */
function freeHandedOver(fabric: Fabric, slot: number): void {
  const { pages } = fabric;
  let left = fabric.graft(slot, GRAFT.pendingCount);
  let page = fabric.graft(slot, GRAFT.pendingPage);
  for (; left > 0 && page !== 0; left -= PAGE_WORDS - 1) {
    const next = pages.words[page << PAGE_BITS] as number;
    pages.free(page);
    page = next;
  }
}

/** The blade is gone: nobody counts on it any more, and its sessions are nobody's. Returns them. */
export function bury(fabric: Fabric, dead: number): number[] {
  const sending = freeClaim(fabric.memory, dead);
  if (sending >= 0) fabric.ringCard(sending);
  closeLookout(fabric.memory, dead, socketCalls());
  const views = new OutViews(fabric);
  const { view, ids } = new Journal(fabric, dead).read();
  // An id that no look-up finds any more may have been given to another prefix: it was withdrawn, and that was noted (sweeper.ts).
  for (const id of ids) if (fabric.prefixes.holds(id)) views.forget(view, id);
  new Journal(fabric, dead).close();
  const orphans: number[] = [];
  for (let session = 0; session < fabric.sessionLimit; session++) {
    if (fabric.homeOf(session) !== dead) continue;
    fabric.setHome(session, -1);
    orphans.push(session);
  }
  reclaimPages(fabric, dead);
  fabric.epochs.clear(dead);
  Atomics.and(fabric.box, BOX.running, ~(1 << dead));
  Atomics.add(fabric.box, BOX.lossesBySlot + dead, 1);
  Atomics.add(fabric.box, BOX.losses, 1);
  return orphans;
}

/** Of the blades that could take sessions, those that know everything, if there are any: a fresh one still has to look. */
export function heirsAmong(fabric: Fabric, slots: readonly number[]): readonly number[] {
  const wise = slots.filter((slot) => fabric.bladeWord(slot, BLADE_WORD.swept) > 0);
  return wise.length > 0 ? wise : slots;
}

/** Routes and sessions of a blade. */
export function loadOf(fabric: Fabric, slot: number): number {
  let load = 0;
  for (let session = 0; session < fabric.sessionLimit; session++)
    if (fabric.homeOf(session) === slot) load += sessionLoad(fabric, session);
  return load;
}

function sessionLoad(fabric: Fabric, session: number): number {
  return SESSION_LOAD + fabric.number(session, SESSION_NUMBER.routesReceived);
}

/** Gives each orphan a home among these slots, the heaviest first where there is least; returns them by home. */
export function divide(
  fabric: Fabric,
  orphans: readonly number[],
  slots: readonly number[],
): Map<number, number[]> {
  const heirs = slots.map((slot) => ({ slot, load: loadOf(fabric, slot) }));
  const shares = new Map<number, number[]>();
  for (const session of orphans.toSorted((a, b) => sessionLoad(fabric, b) - sessionLoad(fabric, a))) {
    const heir = heirs.reduce((least, each) => (each.load < least.load ? each : least));
    heir.load += sessionLoad(fabric, session);
    shares.set(heir.slot, [...(shares.get(heir.slot) ?? []), session]);
  }
  partViews(fabric, shares);
  for (const [slot, sessions] of shares) for (const session of sessions) fabric.setHome(session, slot);
  return shares;
}

/** Whoever was told by one view and goes to different blades goes on in views that continue it, one for each blade. */
function partViews(fabric: Fabric, shares: ReadonlyMap<number, readonly number[]>): void {
  const parts = new Map<number, Map<number, number[]>>();
  for (const [slot, sessions] of shares) {
    for (const session of sessions) {
      const view = fabric.session(session, SESSION.view) - 1;
      if (view < 0 || fabric.session(session, SESSION.state) !== State.Established) continue;
      const homes = parts.get(view) ?? new Map<number, number[]>();
      parts.set(view, homes.set(slot, [...(homes.get(slot) ?? []), session]));
    }
  }
  const views = new OutViews(fabric);
  for (const [view, homes] of parts) {
    // One that the dead blade was just forking may not be written any more.
    if (homes.size === 1 && !views.frozen(view)) continue;
    const branches = views.branch(view, homes.size);
    [...homes.values()].forEach((sessions, i) => {
      for (const session of sessions) fabric.setSession(session, SESSION.view, (branches[i] as number) + 1);
    });
  }
}
