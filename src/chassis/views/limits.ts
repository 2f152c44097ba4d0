/** What limits a neighbour has, how near it is to them, and what they have done: part of `show session`. */
import { monotonicMilliseconds } from '../../base/clock.ts';
import { CONNECTION, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { Chassis, SessionEntry } from '../chassis.ts';
import type { LimitsRow } from '../operations.ts';

export function limitsRow({ fabric }: Chassis, entry: SessionEntry): LimitsRow {
  const { index, neighbor, limits } = entry;
  const number = (which: number): number => fabric.number(index, which);
  const ipv6 = number(SESSION_NUMBER.routesReceived6);
  const now = monotonicMilliseconds();
  const held = number(SESSION_NUMBER.heldUntil);
  const at = fabric.connections.at(index, fabric.session(index, SESSION.connection));
  const unsent = fabric.connections.transmitBytes - fabric.connections.transmitRoom(at);
  const position = Atomics.load(fabric.connections.words, at + CONNECTION.transmitTail);
  const stuck = unsent > 0 && position === number(SESSION_NUMBER.sendPosition);
  return {
    ...(neighbor.maxPrefixes === undefined ? {} : { maxPrefixes: neighbor.maxPrefixes }),
    ipv4Prefixes: number(SESSION_NUMBER.routesReceived) - ipv6,
    ipv6Prefixes: ipv6,
    bytesUnread: unsent,
    secondsUnread: stuck ? (now - number(SESSION_NUMBER.sendProgressAt)) / 1000 : 0,
    flaps: fabric.session(index, SESSION.flaps),
    ...(held > now ? { heldSeconds: held === Number.POSITIVE_INFINITY ? null : (held - now) / 1000 } : {}),
    ...limits,
    tablesFull: number(SESSION_NUMBER.outOfResources),
    attemptsFailed: number(SESSION_NUMBER.attemptsFailed),
    policyFaults: number(SESSION_NUMBER.policyFaults),
    setsTooLong: number(SESSION_NUMBER.setsTooLong),
    routesUntold: number(SESSION_NUMBER.routesUntold),
    callsRefused: number(SESSION_NUMBER.callsRefused),
  };
}
