/**
 * The part of the rehearsal in which a session moves from one blade to the other. What a graft changes of a blade, and nothing else does, Node.js takes
 * for constant: when the chassis rehearses its grafts, behind this, all that was compiled with it would be thrown away.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BOX, GRAFT, GRAFT_STATE } from '../fabric/layout.ts';

/** A graft is over long before. */
const TURNS = 20;

/** As the chassis asks for it (chassis/graft.ts), in the first slot. `turn`: all blades have some. */
export function rehearseGraft(fabric: Fabric, session: number, to: number, turn: () => void): void {
  const set = (word: number, value: number): void => fabric.setGraft(0, word, value);
  const from = 1 - to;
  Atomics.store(fabric.box, BOX.running, 3);
  fabric.setHome(session, from);
  set(GRAFT.generation, fabric.graft(0, GRAFT.generation) + 1);
  set(GRAFT.session, session);
  set(GRAFT.from, from);
  set(GRAFT.to, to);
  set(GRAFT.markers, 1 << to);
  set(GRAFT.settled, 0);
  set(GRAFT.state, GRAFT_STATE.requested);
  for (let turns = 0; turns < TURNS && fabric.graft(0, GRAFT.settled) === 0; turns++) turn();
  set(GRAFT.state, GRAFT_STATE.free);
  turn();
}
