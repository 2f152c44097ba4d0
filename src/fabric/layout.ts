/**
 * The memory map of the fabric: every SharedArrayBuffer, its layout, and who writes each word.
 *
 *   prefixSlots4/6   hash slots, PrefixId+1, twice     any blade, compare-and-swap from 0; the chassis empties the
 *                                                      table that is not in use
 *   prefixKeys4/6    [address …, length] by PrefixId   the blade that claimed the id, before it publishes it
 *   attributeSlots   hash slots, AttrId, twice         as prefixSlots
 *   attributeRows    8 words by AttrId                 the blade that claimed the id, before it publishes it; the offset:
 *                                                      the chassis, too
 *   attributeBytes   canonical path attributes         the same
 *   nextHop…         next hops and their costs         see next-hops.ts
 *   pages            pages of 1024 words               the owner of the column that a page hangs in
 *   pageOwners       thread + 1 that last took a page  that thread, before it hangs the page in or takes it out
 *                      into its hands
 *   directories      page numbers by column            the owner of the column
 *   presence         a word by PrefixId                any blade, atomic or (see rib/presence.ts); the chassis, of an id
 *                                                      that nobody has
 *   best             two words by blade and PrefixId:  that blade
 *                      its Loc-RIB
 *   fabricRings      records, by ordered pair          head: the sending blade; tail: the receiving one
 *   connections      control words, by session and     see CONNECTION below
 *                      connection (0 dialled, 1 accepted)
 *   receive,         bytes, by session and connection  receive: the line card; transmit: the home blade
 *     transmit
 *   sessions,        records by session                the home blade, but for HOME (see SESSION below)
 *     sessionTimes
 *   grafts           graft slots                       see GRAFT below
 *   bells            doorbells by thread               anybody, see doorbell.ts
 *   epochs           quiescence counters by thread     that thread
 *   ready            sessions with news, bit sets      atomic or by who has news, atomic and by who takes it
 *   box              which blades run, who was lost    the chassis
 *   bladeWords       what a blade leaves behind        that blade
 *   journals         prefixes whose UPDATEs are just   the blade that exports
 *                      being sent, by blade
 *   pools            ids and blocks of bytes: the next next: atomic add; tail: compare-and-swap; head: the chassis
 *                      one, and those that came back
 *   freeNumbers      what came back, by pool           the chassis
 *   stamps           by number, when it was taken      who took it
 *   allocator        next unused page, view            atomic add; free pages: compare-and-swap; `sessions`: the chassis
 *   counters         numbers for people, by thread     that thread
 *
 * Memory is reserved, not used: the operating system commits a page when it is first touched.
 */
export interface FabricOptions {
  readonly blades: number;
  readonly lineCards: number;
  /** Sessions at most. */
  readonly sessions: number;
  /** Distinct prefixes at most, a power of two each. */
  readonly prefixes4: number;
  readonly prefixes6: number;
  /** Distinct attribute sets at most; a power of two (three quarters of it can be used). */
  readonly attributes: number;
  readonly attributeBytes: number;
  /** Pages of 1024 words. */
  readonly pages: number;
  /** Records in a ring between two blades; a power of two. */
  readonly ringRecords: number;
  /** Bytes in a ring between a connection and its blade, each way; a power of two. */
  readonly receiveBytes: number;
  readonly transmitBytes: number;
  /** Grafts under way at the same time at most (32 at the most). */
  readonly grafts: number;
  /** Lanes of a session that has any: columns for further routes of a prefix, beside its own; and how many can have some. */
  /** Next hops at most, a power of two; 0 or none: they are not resolved. */
  readonly nextHops?: number;
  /** By pool (POOLS), so many numbers and no more, for tests that fill tables. */
  readonly most?: Readonly<Record<number, number>>;
  readonly lanes?: number;
  readonly lanedSessions?: number;
}

export const PAGE_BITS = 10;
export const PAGE_WORDS = 1 << PAGE_BITS;
export const PAGE_MASK = PAGE_WORDS - 1;

/** Words of one attribute row; the first three are the dictionary's, the others the rib's. */
export const ATTRIBUTE_ROW = {
  words: 8,
  hash: 0,
  /** In units of 4 bytes. */
  offset: 1,
  length: 2,
  described: 3,
} as const;

/** Ring control words; head and tail stand on cache lines of their own. */
export const RING = { words: 32, head: 0, tail: 16 } as const;

/** Control words of a connection. Positions count bytes, modulo 2^32. */
export const CONNECTION = {
  words: 80,
  /** generation << 1 | 1 to have it open, 0 to have it closed. Writer: the home blade. */
  want: 0,
  /** generation << 2 | state (CONNECTION_STATE). Writer: the line card. */
  is: 16,
  /** Why the last attempt failed or the connection closed: errno-like code. Writer: the line card. */
  why: 17,
  /** Addresses of the open connection as four words each (IPv4: ::ffff:a.b.c.d). Writer: the line card. */
  localAddress: 18,
  remoteAddress: 22,
  localPort: 26,
  remotePort: 27,
  receiveHead: 32,
  receiveTail: 48,
  transmitHead: 49,
  transmitTail: 64,
} as const;

export const CONNECTION_STATE = { closed: 0, connecting: 1, open: 2, ended: 3 } as const;

/**
 * Words of a session record. `home` is written by the chassis when it places the session, by the two
 * blades of a graft, and by the chassis when a blade died; all others by the home blade.
 */
export const SESSION = {
  words: 48,
  /** slot + 1; 0: nobody's */
  home: 0,
  /** FSM state (bgp/fsm.ts) */
  state: 1,
  /** Connection that carries the established session: 0 or 1. */
  connection: 2,
  peerAs: 3,
  peerId: 4,
  /** Negotiated, seconds. */
  holdTime: 5,
  families: 6,
  /** SESSION_FLAG bits. */
  flags: 7,
  /** Out view + 1 (rib/adj-rib-out.ts). */
  view: 8,
  /** Address of our end, four words (IPv4: ::ffff:a.b.c.d). */
  localAddress: 9,
  /** Address of the neighbour, four words: the last tie-break. */
  peerAddress: 13,
  /** Next PrefixId of the full table still to be exported to this session + 1; 0: done. */
  exportCursor: 17,
  /** Non-zero: End-of-RIB still to be sent. */
  endOfRibDue: 18,
  /** Administratively down (chassis shutdown). */
  administrative: 19,
  /** Next PrefixId to sweep after the session went down + 1; 0: nothing to sweep. */
  sweepCursor: 20,
  /** A refresh that the neighbour asked for: next PrefixId + 1, and its FAMILY_ bits. Written when it is grafted. */
  refreshCursor: 21,
  refreshFamilies: 22,
  /** Next page of the Adj-RIB-In to be filtered anew + 1, after the import rule changed; 0: none. */
  importCursor: 23,
  /** The rules by which the Adj-RIB-In was filtered and the view was told, as hashes of their keys; 0: none yet. */
  importRule: 24,
  exportRule: 25,
  /** Non-zero: the routes sent to the neighbour must be counted anew, because who counted them died. */
  recount: 26,
  /** How often in a row the session fell soon after it came up. */
  flaps: 27,
  /** FAMILY_ bits for which the neighbour is near its limit of prefixes, and that was said. */
  nearLimit: 28,
  /** What both OPENs said of graceful restart (blade/stale.ts). */
  graceful: 29,
  /** FAMILY_ bits of which stale routes are kept; a walk over them: what it does, next page + 1. */
  staleFamilies: 30,
  staleWalk: 31,
  staleCursor: 33,
  /** FAMILY_ bits whose End-of-RIB the whole box waits for after a start; the chassis sets it before the session is placed. */
  awaited: 34,
  /** Seconds for which routes are kept after the restart time, by family, and FAMILY_ bits of those being kept so (RFC 9494). */
  longLived4: 40,
  longLived6: 41,
  longLivedFamilies: 42,
  /** FAMILY_ bits of a refresh that the neighbour asked for whose beginning it is still to be told (RFC 7313). */
  refreshBorders: 35,
  /** The sweep for ids that the session waits for, because a table was full; 0: none (room.ts). */
  waitsForRoom: 43,
  /** Of a lane: its session + 1. Writer: the chassis. */
  parent: 45,
  /** Source index of the session's first lane; 0: it has none. Writer: the chassis, before it says so to the blades. */
  lanes: 46,
  /** FAMILY_ bits of which several paths of a prefix are received, and, << 8, are sent (RFC 7911). */
  addPath: 47,
} as const;

export const SESSION_FLAG = {
  fourOctetAs: 1,
  external: 2,
  routeRefresh: 4,
  extendedMessage: 8,
  enhancedRefresh: 16,
  longLived: 32,
  /** In another member AS of our confederation (RFC 5065). */
  confederate: 1 << 12,
  /** A route reflector client (RFC 4456). */
  client: 64,
  extendedNextHop: 128,
} as const;

/** Float64 numbers of a session: times in monotonic milliseconds, and counters. Writer: the home blade. */
export const SESSION_NUMBER = {
  words: 48,
  establishedAt: 0,
  holdDeadline: 1,
  keepaliveDue: 2,
  routesReceived: 3,
  routesAdvertised: 4,
  updatesReceived: 5,
  updatesSent: 6,
  announcementsReceived: 7,
  withdrawalsReceived: 8,
  announcementsSent: 9,
  withdrawalsSent: 10,
  messagesReceived: 11,
  messagesSent: 12,
  bytesReceived: 13,
  bytesSent: 14,
  timesEstablished: 15,
  /** Milliseconds of blade time spent for the session. */
  busy: 16,
  treatedAsWithdraw: 17,
  attributesDiscarded: 18,
  notificationsSent: 19,
  notificationsReceived: 20,
  grafts: 21,
  refreshesReceived: 22,
  loopsRejected: 23,
  lastDownAt: 24,
  lastErrorCode: 25,
  /** Of `routesReceived`, those of IPv6. */
  routesReceived6: 26,
  /** A limit keeps the session down until then; infinite: until the operator says so. */
  heldUntil: 27,
  /** When the neighbour last took bytes, or had none to take, and the position of the transmit ring then. */
  sendProgressAt: 28,
  sendPosition: 29,
  /** Calls of the neighbour that were turned down, because there was a session or none was wanted. */
  callsRefused: 30,
  /** A session that fell by itself rests until then, wherever it is grafted. */
  restUntil: 31,
  /** Stale routes are kept until then; those kept for long, by family. */
  staleUntil: 32,
  longUntil4: 36,
  longUntil6: 37,
  /** Routes that were kept for long, and those that were not as they said NO_LLGR (RFC 9494). */
  longLivedRoutes: 38,
  noLongLivedRoutes: 39,
  /** Paths of a prefix that found no lane. */
  pathsRefused: 40,
  /** Prefixes that parse, but make no sense. */
  prefixesIgnored: 41,
  /** Times that the session was ended because a table was full of what is in use. */
  outOfResources: 42,
  /** Routes that the neighbour was not told, or no longer, because a table was full. */
  routesUntold: 43,
} as const;

/** Words of a graft slot. The state says who may write the rest. */
export const GRAFT = {
  words: 64,
  state: 0,
  session: 1,
  from: 2,
  to: 3,
  /** Counts uses of the slot, so that a late marker of an earlier graft is known. */
  generation: 4,
  /** Bit set of the blades whose markers must reach `from`. Writer: the chassis, before it requests. */
  markers: 5,
  /** First page of the prefixes that `from` hands over + 1 word count. Writer: `from`. */
  pendingPage: 6,
  pendingCount: 7,
  decisionsRun: 8,
  fabricRecordsSent: 9,
  neighborUpdatesSent: 10,
  routes: 11,
  established: 12,
  logged: 13,
  /** 1: nothing that the graft brought about is left to be done, and its costs are known. Writer: `to`. */
  settled: 14,
  /** For which costs of next hops `from` had looked at everything when it released; -1: it had not. Writer: `from`. */
  hops: 15,
} as const;

/** Float64 numbers of a graft: monotonic milliseconds of its steps. */
export const GRAFT_TIME = {
  words: 8,
  requested: 0,
  prepared: 1,
  released: 2,
  takenOver: 3,
  served: 4,
} as const;

export const GRAFT_STATE = {
  free: 0,
  /** Chassis → `to`: prepare. */
  requested: 1,
  /** `to` logs; the other blades put their markers. */
  prepared: 2,
  /** `from` has all markers and releases; the graft can no longer be undone. */
  releasing: 3,
  /** The session is between the two: `to` takes it. */
  released: 4,
  /** Taken over. */
  done: 5,
  /** Given up by the chassis before `releasing`; everything is forgotten. */
  aborted: 6,
} as const;

/** Numbers of a blade for people. Float64. Writer: the blade, but for `readings`. */
export const BLADE_NUMBER = {
  words: 32,
  turns: 0,
  busy: 1,
  /** Longest turn since the blade started, milliseconds. */
  longestTurn: 2,
  evaluations: 3,
  fullEvaluations: 4,
  recordsSent: 5,
  recordsReceived: 6,
  recordsMerged: 7,
  exportsRun: 8,
  updatesSent: 9,
  sleeps: 10,
  routes: 11,
  heartbeat: 12,
  /** The system's number of the blade's thread; 0: it has none. */
  thread: 13,
  /** Longest turn since the reading of this number, and the number. */
  longestTurnLately: 14,
  latelyReading: 15,
  /** How often the longest turn was read. Writer: the chassis. */
  readings: 16,
  /** Longest time between two turns though there was work, milliseconds. */
  longestGap: 17,
  /** Turns that took longer than turns should. */
  longTurns: 18,
} as const;

/** Words of the box as a whole. Writer: the chassis. */
export const BOX = {
  words: 48,
  /** How many blades have left so far, dead or replaced: what they had to tell may never be told. */
  losses: 0,
  /** Bit set of the slots whose blades run. */
  running: 1,
  /** Non-zero: after a start nothing is told yet, because not all that is known is known again. Writer: the chassis. */
  holdingBack: 2,
  /** Slots in use: those from 0 to before this one. */
  blades: 3,
  /** Where the dictionaries stand between two tables each (fabric.ts). */
  phase: 4,
  /** Sweeps for ids that nobody uses: begun and ended so far, and pools that the last one left nearly full (bits). */
  sweepsBegun: 5,
  sweepsEnded: 6,
  full: 7,
  /** Non-zero: somebody waits for the next sweep. Writer: who waits; the chassis takes it. */
  sweepWanted: 8,
  /** Non-zero: somebody is to be told more than the best route, so that blades show each other all. Writer: the chassis. */
  showAll: 9,
  /** Counts changes of what next hops cost (next-hops.ts). */
  hops: 10,
  /** Non-zero: a table had no room for what somebody is to be told, since the last sweep began. Writer: the blade; the chassis. */
  untold: 11,
  /** Sessions that were shut because a table was full (room.ts). */
  shutForRoom: 12,
  /** By slot, how many blades have left it. */
  lossesBySlot: 16,
} as const;

/** What a blade leaves behind, should it die, for who goes on with its work. Writer: that blade. */
export const BLADE_WORD = {
  words: 16,
  /** Orders carried out; the doorbell counts those that were posted. */
  orders: 0,
  /** All prefixes were evaluated since BOX.losses + 1 was this; 0: never yet. */
  swept: 1,
  /** Session + 1 whose message is being handled, 0: none; on which connection, and where in its stream. */
  session: 2,
  connection: 3,
  position: 4,
  /** Out view + 1 that is behind what its members are being sent, 0: none; and by how many prefixes (JOURNAL). */
  view: 5,
  unnoted: 6,
  /** How many blades (BOX.blades) it tells of what changes. */
  tells: 7,
} as const;

/** Prefixes that one export sends at most: words of a journal. */
export const JOURNAL_WORDS = 2048;

/** Numbers of a line card. Float64. Writer: the line card. */
export const CARD_NUMBER = {
  words: 16,
  accepted: 0,
  refused: 1,
  dialled: 2,
  bytesIn: 3,
  bytesOut: 4,
  busy: 5,
  unknownNeighbour: 6,
  notWanted: 7,
  /** The system's number of the card's thread; 0: it has none. */
  thread: 8,
  /** KEEPALIVEs sent for sessions whose blades were gone or late. */
  vigils: 9,
} as const;

/** Words of the allocator. */
export const ALLOCATOR = {
  words: 32,
  nextPage: 3,
  /** Pages that came back and were not taken again; a death may make it wrong by one. */
  freePages: 4,
  /** Counts out views that were ever made: each has its number. */
  nextView: 5,
  /** Sessions with an index below this one exist. On a cache line of its own: every evaluation of all may read it. */
  sessions: 16,
  /** Lanes with an index below this one, from the first of all on, are somebody's. */
  lanes: 17,
  /** Next hops that have an id. */
  nextHops: 6,
} as const;

/** What is given out by number (number-pool.ts). */
export const POOLS = { prefixes4: 0, prefixes6: 1, attributes: 2, byteBlocks: 3, count: 4 } as const;

/** Control words of a pool, on cache lines of their own. */
export const POOL = { words: 48, next: 0, head: 16, tail: 32 } as const;

/** How many numbers a pool has. */
export function poolLimit(options: FabricOptions, which: number): number {
  return Math.min(naturalLimit(options, which), options.most?.[which] ?? Number.POSITIVE_INFINITY);
}

function naturalLimit(options: FabricOptions, which: number): number {
  switch (which) {
    case POOLS.prefixes4:
      return options.prefixes4;
    case POOLS.prefixes6:
      return options.prefixes6;
    case POOLS.attributes:
      // Past three quarters, probing open addressing gets long. Id 0 is no set.
      return Math.floor(options.attributes * 0.75) - 1;
    default:
      return Math.floor(options.attributeBytes / byteBlock(options));
  }
}

/** Octets of a block of attribute bytes: a set stands in one of them. A power of two. */
export function byteBlock({ attributeBytes }: FabricOptions): number {
  return Math.min(1 << 17, Math.max(1 << 10, 2 ** Math.floor(Math.log2(attributeBytes / 64))));
}

export const CONNECTIONS_PER_SESSION = 2;

/** Out views: one a session, one a group and blade, and frozen bases behind them. */
export function outViews(options: FabricOptions): number {
  return options.sessions * 2 + options.blades * 16 + 32;
}

/** What has an Adj-RIB-In column and a record: sessions, and behind them their lanes. */
export function sources(options: FabricOptions): number {
  return options.sessions + (options.lanes ?? 0) * (options.lanedSessions ?? 0);
}

/** First of an out view's two columns. */
export function viewColumn(options: FabricOptions, view: number): number {
  return sources(options) + 2 * view;
}

/** The first of the columns of what was received, by source, where it is not what stands in adjRibIn. */
export function receivedColumns(options: FabricOptions): number {
  return viewColumn(options, outViews(options));
}

/** Path identifiers of the routes in a source's column, beside them. */
export function pathColumn(options: FabricOptions, source: number): number {
  return receivedColumns(options) + sources(options) + source;
}

/**
 * Columns: adjRibIn by source, then two (attribute, source) by out view, then one more by source (rib/received.ts), and the path
 * identifiers by source where there are lanes (rib/paths.ts).
 */
export function columnCount(options: FabricOptions): number {
  return pathColumn(options, (options.lanes ?? 0) > 0 ? sources(options) : 0);
}

/** Every id below this can be a PrefixId: IPv4 first, then IPv6. */
export function prefixIds(options: FabricOptions): number {
  return options.prefixes4 + options.prefixes6;
}

export function pagesPerColumn(options: FabricOptions): number {
  return Math.ceil(prefixIds(options) / PAGE_WORDS);
}

export type FabricMemory = { readonly options: FabricOptions } & {
  readonly [name in (typeof BUFFERS)[number][0]]: SharedArrayBuffer;
};

/** Name and size in bytes of every buffer. */
const BUFFERS = [
  ['prefixSlots4', (o: FabricOptions) => 2 * o.prefixes4 * 2 * 4],
  ['prefixKeys4', (o) => o.prefixes4 * 2 * 4],
  ['prefixSlots6', (o) => 2 * o.prefixes6 * 2 * 4],
  ['prefixKeys6', (o) => o.prefixes6 * 5 * 4],
  ['attributeSlots', (o) => 2 * o.attributes * 4],
  ['attributeRows', (o) => o.attributes * ATTRIBUTE_ROW.words * 4],
  ['attributeBytes', (o) => o.attributeBytes],
  ['nextHopSlots', (o) => (o.nextHops ?? 0) * 2 * 4],
  ['nextHopKeys', (o) => (o.nextHops ?? 0) * 4 * 4],
  ['nextHopMetrics', (o) => (o.nextHops ?? 0) * 4],
  ['nextHopChanges', (o) => (o.nextHops ?? 0) * 4],
  ['nextHopsOfSets', (o) => (o.nextHops ? o.attributes * 4 : 0)],
  ['pages', (o) => o.pages * PAGE_WORDS * 4],
  ['pageOwners', (o) => o.pages],
  ['directories', (o) => columnCount(o) * pagesPerColumn(o) * 4],
  ['presence', (o) => prefixIds(o) * 4],
  ['best', (o) => o.blades * prefixIds(o) * 2 * 4],
  ['fabricRings', (o) => o.blades * o.blades * (RING.words + o.ringRecords * 2) * 4],
  ['connections', (o) => o.sessions * CONNECTIONS_PER_SESSION * CONNECTION.words * 4],
  ['receive', (o) => o.sessions * CONNECTIONS_PER_SESSION * o.receiveBytes],
  ['transmit', (o) => o.sessions * CONNECTIONS_PER_SESSION * o.transmitBytes],
  ['sessions', (o) => sources(o) * SESSION.words * 4],
  ['sessionNumbers', (o) => o.sessions * SESSION_NUMBER.words * 8],
  ['views', (o) => outViews(o) * 4 * 4],
  ['grafts', (o) => o.grafts * GRAFT.words * 4],
  ['graftTimes', (o) => o.grafts * GRAFT_TIME.words * 8],
  ['bells', (o) => (o.blades + o.lineCards + 1) * 16 * 4],
  ['epochs', (o) => (o.blades + 1) * 16 * 4],
  ['ready', (o) => (1 + o.lineCards) * Math.ceil(o.sessions / 32) * 4],
  ['pools', () => POOLS.count * POOL.words * 4],
  ['freeNumbers', (o) => allNumbers(o) * 4],
  ['stamps', (o) => allNumbers(o) * 2],
  ['allocator', () => ALLOCATOR.words * 4],
  ['freePages', () => 8],
  ['bladeNumbers', (o) => o.blades * BLADE_NUMBER.words * 8],
  ['box', () => BOX.words * 4],
  ['bladeWords', (o) => o.blades * BLADE_WORD.words * 4],
  ['journals', (o) => o.blades * JOURNAL_WORDS * 4],
  ['cardNumbers', (o) => o.lineCards * CARD_NUMBER.words * 8],
] as const satisfies readonly (readonly [string, (options: FabricOptions) => number])[];

/** Places for the numbers of all pools, a power of two each. */
function allNumbers(options: FabricOptions): number {
  let all = 0;
  for (let pool = 0; pool < POOLS.count; pool++) all += poolSize(options, pool);
  return all;
}

export function poolSize(options: FabricOptions, pool: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(poolLimit(options, pool), 2)));
}

/** Reserves the whole fabric. */
export function createFabricMemory(options: FabricOptions): FabricMemory {
  const memory: Record<string, unknown> = { options };
  for (const [name, bytes] of BUFFERS) memory[name] = new SharedArrayBuffer(bytes(options));
  new Int32Array((memory as FabricMemory).allocator)[ALLOCATOR.sessions] = options.sessions;
  new Int32Array((memory as FabricMemory).box)[BOX.blades] = options.blades;
  return memory as FabricMemory;
}

/** Sizes for a chassis with this many blades and sessions; about 4 GiB of addresses, touched as needed. */
export function defaultFabricOptions(blades: number, sessions: number, lineCards = 1): FabricOptions {
  const ring = sessions <= 64 ? 1 << 18 : sessions <= 256 ? 1 << 17 : 1 << 16;
  return {
    blades,
    lineCards,
    sessions,
    prefixes4: 1 << 21,
    prefixes6: 1 << 19,
    attributes: 1 << 22,
    attributeBytes: 2 ** 30,
    pages: 1 << 18,
    ringRecords: 1 << 13,
    receiveBytes: ring,
    transmitBytes: ring,
    grafts: 32,
  };
}
