/**
 * Path attributes: their numbers, and the one table that says of each what is right and what happens when it
 * is wrong (RFC 7606 and the RFC that defines the attribute). An attribute without a row is unknown to us: carried
 * on with the Partial bit if it is optional transitive, dropped if optional non-transitive (RFC 4271 9), the end of
 * the session if it claims to be well-known (RFC 4271 6.3).
 *
 * The table is written as rows, for readers, and read as columns indexed by type code.
 */

export const AttributeType = {
  Origin: 1,
  AsPath: 2,
  NextHop: 3,
  MultiExitDisc: 4,
  LocalPref: 5,
  AtomicAggregate: 6,
  Aggregator: 7,
  Communities: 8,
  OriginatorId: 9,
  ClusterList: 10,
  MpReach: 14,
  MpUnreach: 15,
  ExtendedCommunities: 16,
  As4Path: 17,
  As4Aggregator: 18,
  Ipv6ExtendedCommunities: 25,
  LargeCommunities: 32,
  OnlyToCustomer: 35,
} as const;

/** Attribute Flags (RFC 4271 4.3). */
export const AttributeFlag = {
  Optional: 0x80,
  Transitive: 0x40,
  Partial: 0x20,
  ExtendedLength: 0x10,
} as const;

export const WELL_KNOWN: number = AttributeFlag.Transitive;
export const OPTIONAL_TRANSITIVE: number = AttributeFlag.Optional | AttributeFlag.Transitive;
export const OPTIONAL_NON_TRANSITIVE: number = AttributeFlag.Optional;
/** The bits that an attribute's definition fixes. */
export const CATEGORY_MASK: number = AttributeFlag.Optional | AttributeFlag.Transitive;

export const Origin = { Igp: 0, Egp: 1, Incomplete: 2 } as const;

/** AS_PATH segment types (RFC 4271 4.3, RFC 5065 3). */
export const Segment = { Set: 1, Sequence: 2, ConfedSequence: 3, ConfedSet: 4 } as const;

/** RFC 6793: stands for an AS that does not fit into two octets. */
export const AS_TRANS = 23456;

/** Well-known communities (RFC 1997, RFC 8326, RFC 7999). */
export const Community = {
  GracefulShutdown: 0xffff0000,
  Blackhole: 0xffff029a,
  NoExport: 0xffffff01,
  NoAdvertise: 0xffffff02,
  NoExportSubconfed: 0xffffff03,
  /** RFC 9494: the route is kept over the long absence of whoever told it; the route is not to be kept like that. */
  LlgrStale: 0xffff0006,
  NoLlgr: 0xffff0007,
} as const;

/**
 * What becomes of an UPDATE message, weakest first (RFC 7606 2); of several errors the strongest counts (3.h).
 * Where the RFC leaves "session reset" or "AFI/SAFI disable" to us, the operator says which; without a word it is the reset: a
 * neighbour that cannot frame NLRI of one family is not to be believed about the other.
 */
export const Action = {
  None: 0,
  AttributeDiscard: 1,
  TreatAsWithdraw: 2,
  DisableFamily: 3,
  SessionReset: 4,
} as const;
export type Action = (typeof Action)[keyof typeof Action];

/** How the value is looked at, beyond its length. */
export const Check = {
  Length: 0,
  Origin: 1,
  AsPath: 2,
  NextHop: 3,
  Aggregator: 4,
  MpReach: 5,
  MpUnreach: 6,
} as const;

/** How many octets: exactly, a non-zero multiple of, left to the check, or any. */
type Size = { readonly exactly: number } | { readonly unit: number } | 'checked' | 'any';

interface AttributeRow {
  readonly type: number;
  readonly name: string;
  readonly category: number;
  readonly size: Size;
  readonly check?: number;
  /** When the value is malformed. */
  readonly malformed: Action;
  /** When NLRI of a family cannot be read, and the operator has it that the other family goes on. */
  readonly unreadable?: Action;
  /** When the flags are not those of the category; RFC 7606 3.c where no RFC says otherwise. */
  readonly wrongFlags?: Action;
  /** From an external neighbour, well-formed or not. */
  readonly fromExternal?: Action;
  /** Assigned, but nothing that we act on: carried or dropped like an unknown one. */
  readonly unrecognized?: true;
  readonly rfc: string;
}

const { AttributeDiscard, TreatAsWithdraw, DisableFamily, SessionReset } = Action;
const [WK, OT, ON] = [WELL_KNOWN, OPTIONAL_TRANSITIVE, OPTIONAL_NON_TRANSITIVE];

// biome-ignore format: one line per rule
export const ATTRIBUTE_ROWS: readonly AttributeRow[] = [
  { type: 1, name: 'ORIGIN', category: WK, size: { exactly: 1 }, check: Check.Origin, malformed: TreatAsWithdraw, rfc: '7606 7.1' },
  { type: 2, name: 'AS_PATH', category: WK, size: 'checked', check: Check.AsPath, malformed: TreatAsWithdraw, rfc: '7606 7.2' },
  { type: 3, name: 'NEXT_HOP', category: WK, size: { exactly: 4 }, check: Check.NextHop, malformed: TreatAsWithdraw, rfc: '7606 7.3' },
  { type: 4, name: 'MULTI_EXIT_DISC', category: ON, size: { exactly: 4 }, malformed: TreatAsWithdraw, rfc: '7606 7.4' },
  { type: 5, name: 'LOCAL_PREF', category: WK, size: { exactly: 4 }, malformed: TreatAsWithdraw, fromExternal: AttributeDiscard, rfc: '7606 7.5' },
  { type: 6, name: 'ATOMIC_AGGREGATE', category: WK, size: { exactly: 0 }, malformed: AttributeDiscard, rfc: '7606 7.6' },
  { type: 7, name: 'AGGREGATOR', category: OT, size: 'checked', check: Check.Aggregator, malformed: AttributeDiscard, rfc: '7606 7.7' },
  { type: 8, name: 'COMMUNITIES', category: OT, size: { unit: 4 }, malformed: TreatAsWithdraw, rfc: '7606 7.8' },
  { type: 9, name: 'ORIGINATOR_ID', category: ON, size: { exactly: 4 }, malformed: TreatAsWithdraw, fromExternal: AttributeDiscard, rfc: '7606 7.9' },
  { type: 10, name: 'CLUSTER_LIST', category: ON, size: { unit: 4 }, malformed: TreatAsWithdraw, fromExternal: AttributeDiscard, rfc: '7606 7.10' },
  { type: 14, name: 'MP_REACH_NLRI', category: ON, size: 'checked', check: Check.MpReach, malformed: SessionReset, unreadable: DisableFamily, wrongFlags: SessionReset, rfc: '7606 7.11, 5.3' },
  { type: 15, name: 'MP_UNREACH_NLRI', category: ON, size: 'checked', check: Check.MpUnreach, malformed: SessionReset, unreadable: DisableFamily, wrongFlags: SessionReset, rfc: '7606 7.12, 5.3' },
  { type: 16, name: 'EXTENDED_COMMUNITIES', category: OT, size: { unit: 8 }, malformed: TreatAsWithdraw, rfc: '7606 7.14' },
  { type: 17, name: 'AS4_PATH', category: OT, size: 'checked', check: Check.AsPath, malformed: AttributeDiscard, rfc: '6793 6' },
  { type: 18, name: 'AS4_AGGREGATOR', category: OT, size: 'checked', check: Check.Aggregator, malformed: AttributeDiscard, rfc: '6793 6' },
  { type: 22, name: 'PMSI_TUNNEL', category: OT, size: 'any', malformed: TreatAsWithdraw, unrecognized: true, rfc: '6514 5' },
  { type: 23, name: 'TUNNEL_ENCAPSULATION', category: OT, size: 'any', malformed: TreatAsWithdraw, unrecognized: true, rfc: '9012 13' },
  { type: 25, name: 'IPV6_EXTENDED_COMMUNITIES', category: OT, size: { unit: 20 }, malformed: TreatAsWithdraw, rfc: '7606 7.15' },
  { type: 26, name: 'AIGP', category: ON, size: 'any', malformed: AttributeDiscard, wrongFlags: AttributeDiscard, unrecognized: true, rfc: '7311 3.2' },
  { type: 29, name: 'BGP_LS', category: ON, size: 'any', malformed: AttributeDiscard, unrecognized: true, rfc: '9552 8.2.2' },
  { type: 32, name: 'LARGE_COMMUNITIES', category: OT, size: { unit: 12 }, malformed: TreatAsWithdraw, rfc: '8092 6' },
  { type: 35, name: 'ONLY_TO_CUSTOMER', category: OT, size: { exactly: 4 }, malformed: TreatAsWithdraw, rfc: '9234 5' },
  { type: 40, name: 'PREFIX_SID', category: OT, size: 'any', malformed: AttributeDiscard, unrecognized: true, rfc: '8669 6' },
];

const TYPES = 256;

/** 1 where the type has a row. */
export const ASSIGNED = new Uint8Array(TYPES);
/** 1 where we act on the attribute, and so need not set Partial on it. */
export const RECOGNIZED = new Uint8Array(TYPES);
export const CATEGORY = new Uint8Array(TYPES);
export const CHECK = new Uint8Array(TYPES);
/** The exact length, or -1. */
export const EXACTLY = new Int16Array(TYPES).fill(-1);
/** The unit that the length is a non-zero multiple of, or 0. */
export const UNIT = new Uint8Array(TYPES);
export const ON_MALFORMED = new Uint8Array(TYPES);
export const ON_UNREADABLE = new Uint8Array(TYPES);
export const ON_WRONG_FLAGS = new Uint8Array(TYPES);
export const FROM_EXTERNAL = new Uint8Array(TYPES);

for (const row of ATTRIBUTE_ROWS) {
  ASSIGNED[row.type] = 1;
  RECOGNIZED[row.type] = row.unrecognized ? 0 : 1;
  CATEGORY[row.type] = row.category;
  CHECK[row.type] = row.check ?? Check.Length;
  if (typeof row.size === 'object' && 'exactly' in row.size) EXACTLY[row.type] = row.size.exactly;
  if (typeof row.size === 'object' && 'unit' in row.size) UNIT[row.type] = row.size.unit;
  ON_MALFORMED[row.type] = row.malformed;
  ON_UNREADABLE[row.type] = row.unreadable ?? row.malformed;
  ON_WRONG_FLAGS[row.type] = row.wrongFlags ?? TreatAsWithdraw;
  FROM_EXTERNAL[row.type] = row.fromExternal ?? Action.None;
}

const NAMES = new Map(ATTRIBUTE_ROWS.map((row) => [row.type, row.name]));

export function attributeName(type: number): string {
  return NAMES.get(type) ?? `attribute ${type}`;
}
