/**
 * What was negotiated, in the session record of the fabric: written when the session comes up, read by each further home blade (I1).
 * The words are in fabric/layout.ts.
 */
import { MAX_EXTENDED_MESSAGE, MAX_MESSAGE } from '../../bgp/message.ts';
import type { Negotiated, Open } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { CONNECTION, SESSION, SESSION_FLAG, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { SessionConfiguration } from '../messages.ts';

export function readNegotiated(fabric: Fabric, index: number): Negotiated {
  const flags = fabric.session(index, SESSION.flags);
  return {
    families: fabric.session(index, SESSION.families),
    fourOctetAs: (flags & SESSION_FLAG.fourOctetAs) !== 0,
    routeRefresh: (flags & SESSION_FLAG.routeRefresh) !== 0,
    enhancedRefresh: (flags & SESSION_FLAG.enhancedRefresh) !== 0,
    holdTime: fabric.session(index, SESSION.holdTime),
    maxMessage: (flags & SESSION_FLAG.extendedMessage) !== 0 ? MAX_EXTENDED_MESSAGE : MAX_MESSAGE,
    external: (flags & SESSION_FLAG.external) !== 0,
    longLived: (flags & SESSION_FLAG.longLived) !== 0,
    pathsReceived: fabric.session(index, SESSION.addPath) & 0xff,
    pathsSent: fabric.session(index, SESSION.addPath) >>> 8,
    extendedNextHop: (flags & SESSION_FLAG.extendedNextHop) !== 0,
  };
}

/** `connection`: which one carries the session. */
export function writeNegotiated(
  fabric: Fabric,
  configuration: SessionConfiguration,
  negotiated: Negotiated,
  open: Open,
  connection: number,
): void {
  const { index } = configuration;
  const set = (word: number, value: number): void => fabric.setSession(index, word, value);
  set(SESSION.connection, connection);
  set(SESSION.peerAs, open.as | 0);
  set(SESSION.peerId, open.bgpId | 0);
  set(SESSION.holdTime, negotiated.holdTime);
  set(SESSION.families, negotiated.families);
  set(SESSION.disabledFamilies, 0);
  set(SESSION.flags, flagsOf(configuration, negotiated));
  const at = fabric.connections.at(index, connection);
  for (let i = 0; i < 4; i++) {
    set(SESSION.localAddress + i, fabric.connections.words[at + CONNECTION.localAddress + i] as number);
    set(SESSION.otherAddress + i, fabric.connections.words[at + CONNECTION.otherAddress + i] as number);
    set(SESSION.peerAddress + i, configuration.addressWords[i] as number);
  }
  set(SESSION.addPath, negotiated.pathsReceived | (negotiated.pathsSent << 8));
  fabric.copyToLanes(index);
}

function flagsOf({ rules }: SessionConfiguration, negotiated: Negotiated): number {
  return (
    (negotiated.fourOctetAs ? SESSION_FLAG.fourOctetAs : 0) |
    (negotiated.external ? SESSION_FLAG.external : 0) |
    (rules?.confederate ? SESSION_FLAG.confederate : 0) |
    (rules?.client && !negotiated.external ? SESSION_FLAG.client : 0) |
    (rules?.routeServerClient && negotiated.external ? SESSION_FLAG.routeServerClient : 0) |
    (negotiated.routeRefresh ? SESSION_FLAG.routeRefresh : 0) |
    (negotiated.enhancedRefresh ? SESSION_FLAG.enhancedRefresh : 0) |
    (negotiated.longLived ? SESSION_FLAG.longLived : 0) |
    (negotiated.extendedNextHop ? SESSION_FLAG.extendedNextHop : 0) |
    (negotiated.maxMessage > MAX_MESSAGE ? SESSION_FLAG.extendedMessage : 0)
  );
}

/** The counters of a session that has just come up; `kept`: with the routes of the last one, which count on. */
export function countFromHere(fabric: Fabric, index: number, kept: boolean): void {
  fabric.count(index, SESSION_NUMBER.timesEstablished);
  fabric.setNumber(index, SESSION_NUMBER.routesAdvertised, 0);
  if (kept) return;
  for (const counter of [SESSION_NUMBER.routesReceived, SESSION_NUMBER.routesReceived6])
    fabric.setNumber(index, counter, 0);
}
