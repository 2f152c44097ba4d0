/**
 * `dump mrt`: all Adj-RIB-Ins, before import policy, as TABLE_DUMP_V2 (RFC 6396), read straight from the columns. The
 * blades are not asked, and go on meanwhile: each prefix is as it stands when it is written.
 */
import { stat } from 'node:fs/promises';
import { parseAddress, withoutZone } from '../base/address.ts';
import { writeTrouble } from '../base/file-trouble.ts';
import {
  AttributeType,
  findAttribute,
  OPTIONAL_NON_TRANSITIVE,
  valueLength,
  valueStart,
} from '../bgp/attributes.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../bgp/families.ts';
import { Prefix } from '../bgp/nlri.ts';
import { ANY_OTHER_AS } from '../bgp/open.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION } from '../fabric/layout.ts';
import { type DumpEntry, type DumpRoute, writeTableDump } from '../mrt/writer.ts';
import { pathOf } from '../rib/paths.ts';
import { BUCKETS, presentIn } from '../rib/presence.ts';
import { receivedAttribute } from '../rib/received.ts';
import type { Chassis, SessionEntry } from './chassis.ts';
import { type DumpReport, OperationError } from './operations.ts';
import { breath, prefixesInOrder, wholeSpan } from './views/prefixes.ts';

/** Prefixes between two looks at what else the chassis has to do. */
const SLICE = 2000;

export async function dumpMrt(chassis: Chassis, file: string): Promise<DumpReport> {
  const { fabric, configuration } = chassis;
  // As they are now: neighbours may be added and removed while the tables are written.
  const sessions = [...chassis.sessions];
  const peers = sessions.map(({ index, neighbor, configuration: { as } }) => ({
    bgpId: fabric.session(index, SESSION.peerId) >>> 0,
    address: parseAddress(withoutZone(neighbor.address)) as Uint8Array,
    as: as === ANY_OTHER_AS ? fabric.session(index, SESSION.peerAs) >>> 0 : as,
  }));
  const time = Math.floor(Date.now() / 1000);
  const options = { peers, collectorId: configuration.router.idNumber, viewName: 'graftd', time };
  try {
    const counts = await writeTableDump(file, options, routesOf(fabric, sessions, time));
    const { size } = await stat(file);
    return { file, routes: counts.entries, prefixes: counts.prefixes, peers: peers.length, bytes: size };
  } catch (error) {
    throw new OperationError(`cannot write ${file}: ${writeTrouble(error)}`);
  }
}

async function* routesOf(
  fabric: Fabric,
  sessions: readonly SessionEntry[],
  time: number,
): AsyncGenerator<DumpRoute> {
  let count = 0;
  for (const ipv6 of [false, true]) {
    for await (const chunk of prefixesInOrder(fabric, wholeSpan(ipv6))) {
      for (let at = 0; at < chunk.length; at++) {
        if (++count % SLICE === 0) await breath();
        // A page of a column may go, and be somebody else's, between two looks, but for whoever is in the middle of work.
        const route = fabric.epochs.inside((): DumpRoute | undefined => {
          const id = chunk.idAt(at);
          if (id < 0) return undefined;
          return { ...prefixOf(fabric, id), entries: entriesOf(fabric, id, sessions, time) };
        });
        if (route !== undefined && route.entries.length > 0) yield route;
      }
    }
  }
}

function entriesOf(fabric: Fabric, id: number, sessions: readonly SessionEntry[], time: number): DumpEntry[] {
  const { attributes, columns } = fabric;
  const present = presentIn(fabric, id);
  const entries: DumpEntry[] = [];
  const family = id < fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6;
  for (const [peerIndex, { index: session }] of sessions.entries()) {
    const several = (fabric.session(session, SESSION.addPath) & family) !== 0;
    for (let lane = 0; lane < fabric.sourceCount(session); lane++) {
      const source = fabric.sourceAt(session, lane);
      if ((present & (1 << (source % BUCKETS))) === 0) continue;
      const attribute = receivedAttribute(fabric, source, id, columns.get(source, id));
      if (attribute === 0) continue;
      const start = attributes.offsetOf(attribute);
      // A copy: it is written later, and what stands there may be another set's by then.
      const bytes = attributes.bytes.slice(start, start + attributes.lengthOf(attribute));
      const path = several ? { path: pathOf(fabric, source, id) } : {};
      // When a route came is not kept (it decides nothing): the time is the dump's.
      entries.push({ peerIndex, originatedTime: time, attributes: asDumped(bytes), ...path });
    }
  }
  return entries;
}

/** RFC 6396 4.3.4: an IPv6 next hop stands in MP_REACH_NLRI, alone, also that of an IPv4 route (RFC 8950). */
function asDumped(set: Uint8Array): Uint8Array {
  const at = findAttribute(set, 0, set.length, AttributeType.NextHop);
  if (at < 0 || valueLength(set, at) <= 4) return set;
  const value = valueStart(set, at);
  const end = value + valueLength(set, at);
  let behind = end;
  while (behind < set.length && set[behind + 1]! < AttributeType.MpReach)
    behind = valueStart(set, behind) + valueLength(set, behind);
  const hop = set.subarray(value, end);
  const reach = [OPTIONAL_NON_TRANSITIVE, AttributeType.MpReach, hop.length + 1, hop.length, ...hop];
  return Buffer.concat([
    set.subarray(0, at),
    set.subarray(end, behind),
    Uint8Array.from(reach),
    set.subarray(behind),
  ]);
}

function prefixOf(fabric: Fabric, id: number): Pick<DumpRoute, 'family' | 'prefix'> {
  const { prefixes } = fabric;
  const { base6, keys6 } = prefixes;
  const prefix = new Prefix();
  if (id < base6) {
    prefix.word0 = prefixes.address4(id);
    prefix.length = prefixes.length4(id);
    return { family: 'ipv4-unicast', prefix };
  }
  const at = (id - base6) * 5;
  [prefix.word0, prefix.word1, prefix.word2, prefix.word3] = [0, 1, 2, 3].map((i) => keys6[at + i]) as [
    number,
    number,
    number,
    number,
  ];
  prefix.length = keys6[at + 4] as number;
  return { family: 'ipv6-unicast', prefix };
}
