/**
 * A rehearsal before the first neighbour comes: a session that exists only in the fabric is grafted around all blades
 * some times, so that Node.js has compiled the way of a graft when the first real one takes it. Without it that one
 * takes ten times as long as all others.
 */
import { FAMILY_IPV4 } from '../bgp/families.ts';
import type { BladeOrder } from '../blade/messages.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { establishRecord } from '../rib/rehearsed.ts';
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
  establishRecord(fabric, session, FAMILY_IPV4);
  fabric.setHome(session, 0);
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
