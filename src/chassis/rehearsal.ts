/**
 * A rehearsal before the first neighbour comes: a session that exists only in the fabric is grafted around all blades
 * some times, so that Node.js has compiled the way of a graft when the first real one takes it. Without it that one
 * takes ten times as long as all others.
 */
import { State } from '../bgp/fsm.ts';
import type { BladeOrder } from '../blade/messages.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { CONNECTION_STATE, SESSION, SESSION_FLAG, SESSION_NUMBER } from '../fabric/layout.ts';
import { OutViews } from '../rib/adj-rib-out.ts';
import { type Grafts, GraftUndone } from './graft.ts';

const ROUNDS = 60;
/** Milliseconds that the rehearsal may take: on a machine with other work to do it ends early. */
const TIME = 400;

/** `session` is an index that no neighbour has. */
export async function rehearse(
  fabric: Fabric,
  grafts: Grafts,
  session: number,
  order: (slot: number, order: BladeOrder) => void,
): Promise<void> {
  const { blades } = fabric;
  if (blades === 1) return;
  openRecord(fabric, session);
  order(0, { kind: 'attach', session });
  const end = performance.now() + TIME;
  for (let round = 1; round <= ROUNDS * blades && performance.now() < end; round++) {
    try {
      await grafts.graft(session, round % blades);
    } catch (error) {
      // The machine has no time for its blades now: then there is no rehearsal.
      if (error instanceof GraftUndone) break;
      throw error;
    }
  }
  order(fabric.homeOf(session), { kind: 'dismiss', session });
}

/** An Established session without a connection, without timers, and with nothing to be told. */
function openRecord(fabric: Fabric, session: number): void {
  fabric.setSession(session, SESSION.state, State.Established);
  fabric.setSession(session, SESSION.families, 1);
  fabric.setSession(session, SESSION.flags, SESSION_FLAG.fourOctetAs | SESSION_FLAG.external);
  fabric.setSession(session, SESSION.view, new OutViews(fabric).create() + 1);
  fabric.setNumber(session, SESSION_NUMBER.holdDeadline, Number.POSITIVE_INFINITY);
  fabric.setNumber(session, SESSION_NUMBER.keepaliveDue, Number.POSITIVE_INFINITY);
  const at = fabric.connections.at(session, 0);
  fabric.connections.want(at, 1, true);
  fabric.connections.setState(at, 1, CONNECTION_STATE.open);
  fabric.setHome(session, 0);
}
