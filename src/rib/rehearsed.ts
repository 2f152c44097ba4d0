import { State } from '../bgp/fsm.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { CONNECTION_STATE, SESSION, SESSION_FLAG, SESSION_NUMBER } from '../fabric/layout.ts';
import { OutViews } from './adj-rib-out.ts';

/** For rehearsals: a session that is Established in the fabric only. It has no timers, and nobody is at its other end. */
export function establishRecord(fabric: Fabric, session: number, families: number): void {
  fabric.setSession(session, SESSION.state, State.Established);
  fabric.setSession(session, SESSION.connection, 0);
  fabric.setSession(session, SESSION.families, families);
  fabric.setSession(session, SESSION.flags, SESSION_FLAG.fourOctetAs | SESSION_FLAG.external);
  fabric.setSession(session, SESSION.view, new OutViews(fabric).create() + 1);
  fabric.setNumber(session, SESSION_NUMBER.holdDeadline, Number.POSITIVE_INFINITY);
  fabric.setNumber(session, SESSION_NUMBER.keepaliveDue, Number.POSITIVE_INFINITY);
  const at = fabric.connections.at(session, 0);
  fabric.connections.want(at, 1, true);
  fabric.connections.setState(at, 1, CONNECTION_STATE.open);
}
