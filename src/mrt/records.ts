/**
 * Records of MRT files, as positions in the bytes they were read from.
 *
 * A record is valid until the next one is read: `bytes` is the reader's own. Nothing is made per route; the
 * entries of a RIB record are walked with a RibEntry that is filled again and again.
 */
import { u16, u32 } from '../bgp/bytes.ts';
import { Afi, Safi } from '../bgp/families.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../bgp/nlri.ts';
import { BGP4MP_ROWS, type Bgp4mpRow, MrtType, RIB_ROWS, type RibRow, TableDumpV2 } from './format.ts';

export interface MrtHeader {
  /** Seconds since 1970, and microseconds where the file has them. */
  readonly time: number;
  readonly microseconds: number;
  readonly type: number;
  readonly subtype: number;
  /** Where the record begins in the file's content. */
  readonly offset: number;
}

export interface MrtPeer {
  readonly bgpId: number;
  readonly as: number;
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
}

export interface PeerIndexRecord {
  readonly kind: 'peer-index';
  readonly header: MrtHeader;
  readonly collectorId: number;
  readonly viewName: string;
  readonly peers: readonly MrtPeer[];
}

/** One prefix of a TABLE_DUMP_V2 file, with a route of each peer that has one. */
export interface RibRecord {
  readonly kind: 'rib';
  readonly header: MrtHeader;
  readonly bytes: Uint8Array;
  readonly afi: number;
  readonly safi: number;
  readonly addPath: boolean;
  readonly sequence: number;
  /** Meaningless where the SAFI's NLRI is not a plain prefix (RIB_GENERIC): see nlriStart. */
  readonly prefix: Prefix;
  readonly nlriStart: number;
  readonly nlriEnd: number;
  readonly entryCount: number;
  readonly entriesStart: number;
  readonly end: number;
}

/** One route of a TABLE_DUMP file; its AS_PATH has 2-octet ASes (RFC 6396 4.2). */
export interface TableDumpRecord {
  readonly kind: 'table-dump';
  readonly header: MrtHeader;
  readonly bytes: Uint8Array;
  readonly afi: number;
  readonly view: number;
  readonly sequence: number;
  readonly prefix: Prefix;
  readonly originated: number;
  readonly peerAs: number;
  readonly peerAddress: Uint8Array;
  readonly attributesStart: number;
  readonly attributesEnd: number;
}

interface Bgp4mp {
  readonly header: MrtHeader;
  readonly asSize: 2 | 4;
  readonly peerAs: number;
  readonly localAs: number;
  readonly afi: number;
  readonly peerAddress: Uint8Array;
  readonly localAddress: Uint8Array;
}

/** One BGP message, header and all, at [messageStart, messageEnd) of bytes. */
export interface MessageRecord extends Bgp4mp {
  readonly kind: 'message';
  readonly bytes: Uint8Array;
  readonly local: boolean;
  readonly addPath: boolean;
  readonly messageStart: number;
  readonly messageEnd: number;
}

/** FSM states as RFC 6396 4.4.1 numbers them: 1 Idle … 6 Established. */
export interface StateChangeRecord extends Bgp4mp {
  readonly kind: 'state-change';
  readonly oldState: number;
  readonly newState: number;
}

export interface UnknownRecord {
  readonly kind: 'unknown';
  readonly header: MrtHeader;
}

export type MrtRecord =
  | PeerIndexRecord
  | RibRecord
  | TableDumpRecord
  | MessageRecord
  | StateChangeRecord
  | UnknownRecord;

/** Says why a record is damaged; the reader adds file and offset. */
export class Damaged extends Error {}

const prefix = new Prefix();
const RIB_BY_SUBTYPE = new Map(RIB_ROWS.map((row) => [row.subtype, row]));
const BGP4MP_BY_SUBTYPE = new Map(BGP4MP_ROWS.map((row) => [row.subtype, row]));

/** Reads the record whose message is [start, end). */
export function decodeRecord(bytes: Uint8Array, start: number, end: number, header: MrtHeader): MrtRecord {
  const { type, subtype } = header;
  if (type === MrtType.TableDumpV2) {
    if (subtype === TableDumpV2.PeerIndexTable) return decodePeerIndex(bytes, start, end, header);
    const row = RIB_BY_SUBTYPE.get(subtype);
    if (row !== undefined) return decodeRib(bytes, start, end, header, row);
    if (subtype === TableDumpV2.RibGeneric || subtype === TableDumpV2.RibGenericAddPath) {
      return decodeGeneric(bytes, start, end, header);
    }
  } else if (type === MrtType.Bgp4mp || type === MrtType.Bgp4mpEt) {
    const row = BGP4MP_BY_SUBTYPE.get(subtype);
    if (row !== undefined) return decodeBgp4mp(bytes, start, end, header, row);
  } else if (type === MrtType.TableDump && (subtype === Afi.Ipv4 || subtype === Afi.Ipv6)) {
    return decodeTableDump(bytes, start, end, header);
  }
  return { kind: 'unknown', header };
}

function need(at: number, end: number, what: string): void {
  if (at > end) throw new Damaged(`${what} runs over its record`);
}

/** RFC 6396 4.3.1. */
function decodePeerIndex(bytes: Uint8Array, start: number, end: number, header: MrtHeader): PeerIndexRecord {
  need(start + 8, end, 'peer index');
  const nameEnd = start + 6 + u16(bytes, start + 4);
  need(nameEnd + 2, end, 'view name');
  const viewName = Buffer.from(bytes.subarray(start + 6, nameEnd)).toString('utf8');
  const peers: MrtPeer[] = [];
  let at = nameEnd + 2;
  for (let left = u16(bytes, nameEnd); left > 0; left--) {
    need(at + 1, end, 'peer');
    const [addressSize, asSize] = [bytes[at]! & 1 ? 16 : 4, bytes[at]! & 2 ? 4 : 2];
    const next = at + 5 + addressSize + asSize;
    need(next, end, 'peer');
    const as = asSize === 4 ? u32(bytes, next - 4) : u16(bytes, next - 2);
    peers.push({ bgpId: u32(bytes, at + 1), as, address: bytes.slice(at + 5, at + 5 + addressSize) });
    at = next;
  }
  return { kind: 'peer-index', header, collectorId: u32(bytes, start), viewName, peers };
}

/** RFC 6396 4.3.2. */
function decodeRib(bytes: Uint8Array, start: number, end: number, header: MrtHeader, row: RibRow): RibRecord {
  need(start + 5, end, 'RIB entry');
  return ribRecord(bytes, start + 4, end, header, row, u32(bytes, start));
}

/** RFC 6396 4.3.3: AFI, SAFI and one NLRI, which is a plain prefix for unicast and multicast only. */
function decodeGeneric(bytes: Uint8Array, start: number, end: number, header: MrtHeader): RibRecord {
  need(start + 8, end, 'RIB_GENERIC');
  const addPath = header.subtype === TableDumpV2.RibGenericAddPath;
  const row = { subtype: header.subtype, afi: u16(bytes, start + 4), safi: bytes[start + 6]!, addPath };
  return ribRecord(bytes, start + 7, end, header, row, u32(bytes, start));
}

function ribRecord(
  bytes: Uint8Array,
  nlriStart: number,
  end: number,
  header: MrtHeader,
  row: RibRow,
  sequence: number,
): RibRecord {
  const { afi, safi, addPath } = row;
  const nlriEnd = nlriStart + 1 + ((bytes[nlriStart]! + 7) >> 3);
  need(nlriEnd + 2, end, 'NLRI');
  if (safi === Safi.Unicast || safi === Safi.Multicast) readPrefix(bytes, nlriStart, afi);
  return {
    kind: 'rib',
    header,
    bytes,
    afi,
    safi,
    addPath,
    sequence,
    prefix,
    nlriStart,
    nlriEnd,
    entryCount: u16(bytes, nlriEnd),
    entriesStart: nlriEnd + 2,
    end,
  };
}

function readPrefix(bytes: Uint8Array, at: number, afi: number): void {
  if (bytes[at]! > (afi === Afi.Ipv4 ? 32 : 128)) throw new Damaged(`prefix of ${bytes[at]} bits`);
  if (afi === Afi.Ipv4) readPrefix4(bytes, at, prefix);
  else readPrefix6(bytes, at, prefix);
}

/** A route of a RIB record, filled by `read` (RFC 6396 4.3.4, RFC 8050 4.1). */
export class RibEntry {
  peerIndex = 0;
  originated = 0;
  /** Path Identifier (RFC 7911); 0 in records without ADD-PATH. */
  pathId = 0;
  attributesStart = 0;
  attributesEnd = 0;

  /** Reads the entry at `at`, from record.entriesStart on; returns where the next one begins. */
  read(record: RibRecord, at: number): number {
    const { bytes, end, addPath } = record;
    const fixed = addPath ? 12 : 8;
    need(at + fixed, end, 'RIB entry');
    this.peerIndex = u16(bytes, at);
    this.originated = u32(bytes, at + 2);
    this.pathId = addPath ? u32(bytes, at + 6) : 0;
    this.attributesStart = at + fixed;
    this.attributesEnd = this.attributesStart + u16(bytes, at + fixed - 2);
    need(this.attributesEnd, end, 'path attributes');
    return this.attributesEnd;
  }
}

/** RFC 6396 4.2. */
function decodeTableDump(bytes: Uint8Array, start: number, end: number, header: MrtHeader): TableDumpRecord {
  const afi = header.subtype;
  const size = afi === Afi.Ipv4 ? 4 : 16;
  const behindPrefix = start + 4 + size;
  const attributesStart = behindPrefix + 6 + size + 4;
  need(attributesStart, end, 'TABLE_DUMP entry');
  const length = bytes[behindPrefix]!;
  if (length > size * 8) throw new Damaged(`prefix of ${length} bits`);
  prefix.length = length;
  prefix.word0 = masked(u32(bytes, start + 4), length);
  prefix.word1 = size === 4 ? 0 : masked(u32(bytes, start + 8), length - 32);
  prefix.word2 = size === 4 ? 0 : masked(u32(bytes, start + 12), length - 64);
  prefix.word3 = size === 4 ? 0 : masked(u32(bytes, start + 16), length - 96);
  const attributesEnd = attributesStart + u16(bytes, attributesStart - 2);
  need(attributesEnd, end, 'path attributes');
  return {
    kind: 'table-dump',
    header,
    bytes,
    afi,
    view: u16(bytes, start),
    sequence: u16(bytes, start + 2),
    prefix,
    originated: u32(bytes, behindPrefix + 2),
    peerAs: u16(bytes, attributesStart - 4),
    peerAddress: bytes.slice(behindPrefix + 6, behindPrefix + 6 + size),
    attributesStart,
    attributesEnd,
  };
}

/** The word with all but its first `bits` (any number) zero. */
function masked(word: number, bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? word : (word & (0xffffffff << (32 - bits))) >>> 0;
}

/** RFC 6396 4.4.1 to 4.4.3. */
function decodeBgp4mp(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: MrtHeader,
  row: Bgp4mpRow,
): MessageRecord | StateChangeRecord {
  const { asSize } = row;
  const addresses = start + 2 * asSize + 4;
  need(addresses, end, 'BGP4MP header');
  const afi = u16(bytes, addresses - 2);
  const size = afi === Afi.Ipv4 ? 4 : 16;
  const body = addresses + 2 * size;
  need(row.message ? body : body + 4, end, 'BGP4MP message');
  const as = (at: number): number => (asSize === 4 ? u32(bytes, at) : u16(bytes, at));
  const common = {
    header,
    asSize,
    peerAs: as(start),
    localAs: as(start + asSize),
    afi,
    peerAddress: bytes.slice(addresses, addresses + size),
    localAddress: bytes.slice(addresses + size, body),
  };
  if (!row.message) {
    return { kind: 'state-change', ...common, oldState: u16(bytes, body), newState: u16(bytes, body + 2) };
  }
  const { local, addPath } = row;
  return { kind: 'message', ...common, bytes, local, addPath, messageStart: body, messageEnd: end };
}
