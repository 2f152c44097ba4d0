/** How a graft is asked for: by a slot, which blades look at (blade/moving/grafts.ts). */
import type { Fabric } from './fabric.ts';
import { GRAFT, GRAFT_STATE } from './layout.ts';

/** Asks the blades for a graft, in a slot that nobody else uses. `alive`: the blades that run, as a bit set. */
export function requestGraft(
  fabric: Fabric,
  slot: number,
  session: number,
  from: number,
  to: number,
  alive: number,
): void {
  const set = (word: number, value: number): void => fabric.setGraft(slot, word, value);
  // First, so that a blade that has read words of the graft before sees that they are not of this one.
  fabric.renewGraft(slot);
  set(GRAFT.session, session);
  set(GRAFT.from, from);
  set(GRAFT.to, to);
  set(GRAFT.markers, alive & ~(1 << from));
  for (const word of [GRAFT.pendingPage, GRAFT.pendingCount, GRAFT.decisionsRun, GRAFT.fabricRecordsSent])
    set(word, 0);
  for (const word of [GRAFT.neighborUpdatesSent, GRAFT.settled]) set(word, 0);
  fabric.setGraftState(slot, GRAFT_STATE.requested);
  fabric.bells.ring(to);
}
