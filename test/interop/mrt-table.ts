/**
 * Reads MRT TABLE_DUMP_V2 (RFC 6396 4.3): FRR's `dump bgp routes-mrt` is the fastest way to all of its
 * routes with all of their attributes.
 */
import type { Family, Route } from './routes.ts';
import { addressText, emptyRoute, Reader, readAttributes, readPrefix } from './wire.ts';

const TABLE_DUMP_V2 = 13;
const PEER_INDEX_TABLE = 1;
const RIB_UNICAST: Record<number, Family> = { 2: 'ipv4', 4: 'ipv6' };

function readPeers(reader: Reader): string[] {
  reader.skip(4);
  reader.skip(reader.u16());
  return Array.from({ length: reader.u16() }, () => {
    const type = reader.u8();
    reader.skip(4);
    const address = addressText(reader.take(type & 1 ? 16 : 4));
    reader.skip(type & 2 ? 4 : 2);
    return address;
  });
}

/** All routes of one family in a dump that came from this neighbour. */
export function readTable(dump: Uint8Array, family: Family, neighbor: string): Map<string, Route> {
  const table = new Map<string, Route>();
  const reader = new Reader(dump);
  let peers: string[] = [];
  while (reader.left >= 12) {
    reader.skip(4);
    const [type, subtype] = [reader.u16(), reader.u16()];
    const record = new Reader(reader.take(reader.u32()));
    if (type !== TABLE_DUMP_V2) continue;
    if (subtype === PEER_INDEX_TABLE) peers = readPeers(record);
    if (RIB_UNICAST[subtype] !== family) continue;
    record.skip(4);
    const prefix = readPrefix(record, family);
    for (let entries = record.u16(); entries > 0; entries--) {
      const peer = peers[record.u16()];
      record.skip(4);
      const attributes = new Reader(record.take(record.u16()));
      if (peer !== neighbor) continue;
      const route = emptyRoute(prefix);
      readAttributes(attributes, route);
      table.set(prefix, route);
    }
  }
  return table;
}
