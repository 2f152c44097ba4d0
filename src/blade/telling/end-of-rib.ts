import { encodeEndOfRib } from '../../bgp/encode.ts';
import { multiprotocolOf } from '../../bgp/families.ts';
import { State } from '../../bgp/fsm.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';
import type { Session } from '../session/session.ts';

/** RFC 4724 2: after the first telling of all routes. */
export function sendEndOfRib(fabric: Fabric, session: Session): void {
  const families = fabric.session(session.index, SESSION.endOfRibDue);
  const track = session.tracks.find((each) => each.state === State.Established);
  for (const { afi, safi } of multiprotocolOf(families)) track?.sendMessage(encodeEndOfRib(afi, safi));
  fabric.setSession(session.index, SESSION.endOfRibDue, 0);
}
