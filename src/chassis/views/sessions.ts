/** `show sessions`, `show session`: from the session records in the fabric. */
import { formatAddress, zoneOf } from '../../base/address.ts';
import { monotonicMilliseconds } from '../../base/clock.ts';
import { notificationText, unpackNotification } from '../../bgp/errors.ts';
import { FAMILY_IPV4, FAMILY_IPV6, familyNames } from '../../bgp/families.ts';
import { State, stateName } from '../../bgp/fsm.ts';
import { ANY_OTHER_AS } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { CONNECTION, PAGE_BITS, PAGE_WORDS, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import { withLearntAs } from '../../rib/learnt-as.ts';
import { FILTERED } from '../../rib/route-word.ts';
import type { Chassis, SessionEntry } from '../chassis.ts';
import type { SessionDetail, SessionRow, SessionState } from '../operations.ts';
import { featuresOf } from './features.ts';
import { limitsRow } from './limits.ts';

export function sessionRow(chassis: Chassis, entry: SessionEntry): SessionRow {
  const { fabric } = chassis;
  const { index, neighbor } = entry;
  const state = fabric.session(index, SESSION.state);
  const number = (which: number): number => fabric.number(index, which);
  const since = number(SESSION_NUMBER.establishedAt);
  const established = state === State.Established;
  const held = fabric.session(index, SESSION.administrative) !== 0;
  return {
    neighbor: neighbor.address,
    as: withLearntAs(fabric, entry.configuration).as,
    state: stateName(state) as SessionState,
    blade: fabric.homeOf(index),
    routesReceived: number(SESSION_NUMBER.routesReceived),
    routesAdvertised: established ? number(SESSION_NUMBER.routesAdvertised) : 0,
    updatesReceived: number(SESSION_NUMBER.updatesReceived),
    updatesSent: number(SESSION_NUMBER.updatesSent),
    uptimeSeconds: established && since > 0 ? (monotonicMilliseconds() - since) / 1000 : 0,
    ...(neighbor.description === undefined ? {} : { description: neighbor.description }),
    ...(held ? { shutdown: true } : {}),
    ...(established ? {} : { reason: held ? entry.heldBecause : entry.reason }),
  };
}

export function sessionDetail(chassis: Chassis, entry: SessionEntry): SessionDetail {
  const { fabric } = chassis;
  const { index, neighbor } = entry;
  const row = sessionRow(chassis, entry);
  const number = (which: number): number => fabric.number(index, which);
  const established = row.state === 'Established';
  const holdTime = established ? fabric.session(index, SESSION.holdTime) : neighbor.holdTime;
  const disabled = established ? fabric.session(index, SESSION.disabledFamilies) : 0;
  const last = chassis.store.grafts(100).find((graft) => graft.neighbor === neighbor.address);
  return {
    ...row,
    ...(neighbor.as === ANY_OTHER_AS ? { learntAs: true } : {}),
    passive: neighbor.passive,
    families: established ? familyNames(fabric.session(index, SESSION.families)) : neighbor.families,
    ...(disabled === 0 ? {} : { disabledFamilies: familyNames(disabled) }),
    import: neighbor.import,
    export: neighbor.export,
    ...(neighbor.weight > 0 ? { weight: neighbor.weight } : {}),
    holdTime,
    holdTimeConfigured: neighbor.holdTime,
    keepaliveTime: Math.floor(holdTime / 3),
    ...(established ? connectionOf(chassis, index) : {}),
    routesRejected: rejectedRoutes(fabric, index),
    loopsRejected: number(SESSION_NUMBER.loopsRejected),
    messagesReceived: {
      total: number(SESSION_NUMBER.messagesReceived),
      updates: number(SESSION_NUMBER.updatesReceived),
      notifications: number(SESSION_NUMBER.notificationsReceived),
      refreshes: number(SESSION_NUMBER.refreshesReceived),
      treatedAsWithdraw: number(SESSION_NUMBER.treatedAsWithdraw),
      attributesDiscarded: number(SESSION_NUMBER.attributesDiscarded),
      prefixesIgnored: number(SESSION_NUMBER.prefixesIgnored),
    },
    messagesSent: {
      total: number(SESSION_NUMBER.messagesSent),
      updates: number(SESSION_NUMBER.updatesSent),
      notifications: number(SESSION_NUMBER.notificationsSent),
    },
    octetsReceived: number(SESSION_NUMBER.bytesReceived),
    octetsSent: number(SESSION_NUMBER.bytesSent),
    announcementsReceived: number(SESSION_NUMBER.announcementsReceived),
    announcementsSent: number(SESSION_NUMBER.announcementsSent),
    withdrawalsReceived: number(SESSION_NUMBER.withdrawalsReceived),
    withdrawalsSent: number(SESSION_NUMBER.withdrawalsSent),
    ...lastEnd(fabric, index),
    ...(entry.lastError === undefined ? {} : { lastError: entry.lastError }),
    establishedCount: number(SESSION_NUMBER.timesEstablished),
    grafts: number(SESSION_NUMBER.grafts),
    ...(last === undefined ? {} : { lastGraft: last }),
    limits: limitsRow(chassis, entry),
    ...staleRow(chassis, index),
    ...featuresOf(chassis, entry),
    cpuPercent: chassis.load.sessionCpu(index),
  };
}

/** When it was last down, and what the last NOTIFICATION said. Blades note monotonic milliseconds, operators want a date. */
function lastEnd(fabric: Fabric, index: number): Pick<SessionDetail, 'lastDown' | 'lastNotification'> {
  const at = fabric.number(index, SESSION_NUMBER.lastDownAt);
  const packed = fabric.number(index, SESSION_NUMBER.lastNotification);
  const { code, subcode, received } = unpackNotification(packed);
  const direction = received ? 'received' : 'sent';
  const lastNotification = { direction, code, subcode, text: notificationText(code, subcode) } as const;
  return {
    ...(at === 0 ? {} : { lastDown: new Date(Date.now() - (monotonicMilliseconds() - at)).toISOString() }),
    ...(packed === 0 ? {} : { lastNotification }),
  };
}

/** Looks at all of its routes: a few milliseconds for a full table. */
function rejectedRoutes(fabric: Fabric, session: number): number {
  const { columns } = fabric;
  const { directories, pages, words } = columns;
  let rejected = 0;
  for (let lane = 0; lane < fabric.sourceCount(session); lane++) {
    const source = fabric.sourceAt(session, lane);
    for (let page = source * pages; page < (source + 1) * pages; page++) {
      const start = (directories[page] as number) << PAGE_BITS;
      if (start === 0) continue;
      for (let at = start; at < start + PAGE_WORDS; at++) if ((words[at] as number) & FILTERED) rejected++;
    }
  }
  return rejected;
}

function staleRow({ fabric }: Chassis, index: number): Pick<SessionDetail, 'stale' | 'longLivedRoutes'> {
  const number = (which: number): number => fabric.number(index, which);
  const [kept, dropped] = [number(SESSION_NUMBER.longLivedRoutes), number(SESSION_NUMBER.noLongLivedRoutes)];
  const ever = kept + dropped === 0 ? {} : { longLivedRoutes: { kept, dropped } };
  const families = fabric.session(index, SESSION.staleFamilies);
  if (families === 0) return ever;
  const long = fabric.session(index, SESSION.longLivedFamilies);
  const ends = [
    ...(families & ~long ? [number(SESSION_NUMBER.staleUntil)] : []),
    ...(long & FAMILY_IPV4 ? [number(SESSION_NUMBER.longUntil4)] : []),
    ...(long & FAMILY_IPV6 ? [number(SESSION_NUMBER.longUntil6)] : []),
  ];
  // Those whose time is up, and those that are just being withdrawn, have no end any more.
  const last = Math.max(0, ...ends.filter((end) => Number.isFinite(end)));
  const seconds = Math.max(0, (last - monotonicMilliseconds()) / 1000);
  const longLived = long === 0 ? {} : { longLived: familyNames(long) };
  return { stale: { families: familyNames(families), seconds, ...longLived }, ...ever };
}

function connectionOf(
  chassis: Chassis,
  index: number,
): Pick<SessionDetail, 'routerId' | 'localAddress' | 'localPort' | 'remotePort'> {
  const { fabric } = chassis;
  const { words } = fabric.connections;
  const at = fabric.connections.at(index, fabric.session(index, SESSION.connection));
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 4; i++) view.setInt32(i * 4, words[at + CONNECTION.localAddress + i] as number);
  const mapped = view.getUint32(8) === 0xffff && view.getUint32(0) === 0 && view.getUint32(4) === 0;
  const link = zoneOf(chassis.table.at(index)?.neighbor.address ?? '');
  const zone = link === undefined ? '' : `%${link}`;
  const identifier = new Uint8Array(4);
  new DataView(identifier.buffer).setInt32(0, fabric.session(index, SESSION.peerId));
  return {
    routerId: formatAddress(identifier),
    localAddress: (mapped ? formatAddress(bytes.subarray(12)) : formatAddress(bytes)) + zone,
    localPort: words[at + CONNECTION.localPort] as number,
    remotePort: words[at + CONNECTION.remotePort] as number,
  };
}
