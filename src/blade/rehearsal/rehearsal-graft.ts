/**
 * The part of the rehearsal in which a session moves from one blade to the other. What a graft changes of a blade, and nothing else does, Node.js takes
 * for constant: when the chassis rehearses its grafts, behind this, all that was compiled with it would be thrown away.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { requestGraft } from '../../fabric/graft-request.ts';
import { BOX, GRAFT, GRAFT_STATE } from '../../fabric/layout.ts';

/** A graft is over long before. */
const TURNS = 20;

/** As the chassis asks for it (chassis/graft.ts), in the first slot. `turn`: all blades have some. */
export function rehearseGraft(fabric: Fabric, session: number, to: number, turn: () => void): void {
  const from = 1 - to;
  Atomics.store(fabric.box, BOX.running, 3);
  fabric.setHome(session, from);
  requestGraft(fabric, 0, session, from, to, 3);
  for (let turns = 0; turns < TURNS && fabric.graft(0, GRAFT.settled) === 0; turns++) turn();
  fabric.setGraftState(0, GRAFT_STATE.free);
  turn();
}
