/**
 * The layouts of the fabric's records, by name: which word says what, in which unit, and who writes it. The buffers that hold them,
 * and their sizes, are in memory.ts.
 */
export const PAGE_BITS = 10;
export const PAGE_WORDS = 1 << PAGE_BITS;
export const PAGE_MASK = PAGE_WORDS - 1;

/**
 * Words of a prefix's record: all that a change of route reads of it, in one cache line. `address` and the length in `marks` are the
 * IPv4 prefix, written before its id is published (IPv6 prefixes stand in keys of their own). The rest of `marks` is
 * atomic or, by any blade (rib/presence.ts). Behind it the Loc-RIB of the first blade (LocRibWords).
 */
export const PREFIX_RECORD = {
  words: 4,
  address: 0,
  marks: 1,
  best: 2,
} as const;
/** log2 of its words. */
export const PREFIX_RECORD_BITS = 2;

/** The length of an IPv4 prefix in `marks`: six bits above those of presence, below that of the MED mark. */
export const PREFIX_LENGTH = { shift: 25, mask: 63 } as const;

/** Words of one attribute row; the first three are the dictionary's, the others the rib's. */
export const ATTRIBUTE_ROW = {
  words: 8,
  hash: 0,
  /** In units of 4 bytes. */
  offset: 1,
  length: 2,
  described: 3,
} as const;

/** Of the levels of a table (slot-levels.ts), on a cache line each: who looks something up reads the first one only. */
export const SLOT_LEVELS = { words: 32, open: 0, filled: 16 } as const;
/** The tables in levels: places of the first of each dictionary's two. */
export const LEVELLED = { count: 4, attributes: 0, prefixes4: 2 } as const;

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
  /** Where the neighbour is on one link with us, our other address there (RFC 2545 3), four words; 0: there is none. Writer: the line card. */
  otherAddress: 28,
  receiveHead: 32,
  receiveTail: 48,
  transmitHead: 49,
  /** Writer: who sends (SENDER). */
  transmitTail: 64,
  /** Who sends at the moment: SENDER. Compare-and-swap from none; from then on whom it names. */
  sender: 65,
  /** What a blade may send and read over + 1, 0: nothing. Writer: the line card, with the claim and the reading. */
  descriptor: 66,
  /** Who reads: READER. Writer: whom it names. */
  reader: 33,
  /** Generation of the connection beside which the neighbour called anew. Writer: the line card; 0: the home blade, which has seen it. */
  beside: 34,
} as const;

/** Who has claimed the sending side of a connection: `blade` + slot is a blade. */
export const SENDER = { none: 0, card: 1, blade: 2 } as const;

/** Who reads a connection: the line card, or the session's home blade. */
export const READER = { card: 0, blade: 1 } as const;

/**
 * A message as a kernel of 64 bits is told of it: struct mmsghdr and two struct iovec (an address, and at `length` how much). Writer:
 * who calls it, but for `moved`, which is the kernel's: how many octets it took or gave.
 */
export const MESSAGE = {
  words: 24,
  parts: 4,
  partCount: 6,
  moved: 14,
  firstPart: 16,
  secondPart: 20,
  length: 2,
} as const;

/** What a blade is just sending (courier.ts) and receiving (lookout.ts). Writer: that blade; when it is dead the chassis. */
export const COURIER = {
  words: 64,
  /** MESSAGE each. */
  out: 0,
  in: 24,
  /** The connection that is being claimed: its first control word + 1. */
  connection: 48,
  /** 1: `from`, where the stream stood before, and `out` are of this connection. */
  sending: 49,
  from: 50,
  /** The same of what comes in. */
  incoming: 51,
  receiving: 52,
  receivedFrom: 53,
  /** Descriptor + 1 of what the blade waits by; 0: none. */
  waiter: 54,
} as const;

export const CONNECTIONS_PER_SESSION = 2;

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
  /** Of the prefix that the refresh has come to, paths up to this identifier were repeated (RFC 7911). */
  refreshPath: 32,
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
  /** What both OPENs said of graceful restart (blade/session/stale.ts). */
  graceful: 29,
  /** FAMILY_ bits of which stale routes are kept; a walk over them: what it does, next page + 1. */
  staleFamilies: 30,
  staleWalk: 31,
  staleCursor: 33,
  /** FAMILY_ bits whose End-of-RIB the whole box waits for after a start; the chassis sets it before the session is placed. */
  awaited: 34,
  /** Our other address on the link that the neighbour is on, four words; 0: there is none. */
  otherAddress: 36,
  /** Seconds for which routes are kept after the restart time, by family, and FAMILY_ bits of those being kept so (RFC 9494). */
  longLived4: 40,
  longLived6: 41,
  longLivedFamilies: 42,
  /** FAMILY_ bits of a refresh that the neighbour asked for whose beginning it is still to be told (RFC 7313). */
  refreshBorders: 35,
  /** FAMILY_ bits that are disabled until the session is over, as something of theirs could not be read (RFC 4760 7). */
  disabledFamilies: 44,
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
  /** A route reflector client (RFC 4456). */
  client: 64,
  extendedNextHop: 128,
  /** A route server's client (RFC 7947). */
  routeServerClient: 256,
  /** In another member AS of our confederation (RFC 5065). */
  confederate: 1 << 12,
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
  /** The last NOTIFICATION, sent or received, as bgp/errors.ts packs it; 0: there was none. */
  lastNotification: 25,
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
  /** Attempts to come up that failed. */
  attemptsFailed: 44,
  /** Routes that were rejected because a policy in TypeScript failed on them. */
  policyFaults: 45,
  /** Sets of attributes that are too long for any message to the neighbour. */
  setsTooLong: 46,
} as const;

/** Words of a graft slot. The state says who may write the rest. */
export const GRAFT = {
  words: 64,
  /**
   * generation << 3 | state (GRAFT_STATE). The generation counts uses of the slot: a late marker, and a step that somebody took for
   * an earlier graft, are known by it. Compare-and-swap by whose step it is; a new generation: the chassis.
   */
  state: 0,
  session: 1,
  from: 2,
  to: 3,
  /** Bit set of the blades whose markers must reach `from`. Writer: the chassis, before it requests. */
  markers: 5,
  /** First page of the prefixes that `from` hands over + 1 word count. Writer: `from`. */
  pendingPage: 6,
  pendingCount: 7,
  decisionsRun: 8,
  fabricRecordsSent: 9,
  neighborUpdatesSent: 10,
  /** 1: nothing that the graft brought about is left to be done, and its costs are known. Writer: `to`. */
  settled: 11,
  /** For which costs of next hops `from` had looked at everything when it released; -1: it had not. Writer: `from`. */
  hops: 12,
} as const;

/** Float64 numbers of a graft: monotonic milliseconds of its steps. */
export const GRAFT_TIME = {
  words: 8,
  requested: 0,
  released: 1,
  takenOver: 2,
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
  busy: 0,
  /** Longest turn since the blade started, milliseconds. */
  longestTurn: 1,
  evaluations: 2,
  fullEvaluations: 3,
  recordsReceived: 4,
  heartbeat: 5,
  /** The system's number of the blade's thread; 0: it has none. */
  thread: 6,
  /** Longest turn since the reading of this number, and the number. */
  longestTurnLately: 7,
  latelyReading: 8,
  /** How often the longest turn was read. Writer: the chassis. */
  readings: 9,
  /** Longest time between two turns though there was work, milliseconds. */
  longestGap: 10,
  /** Turns that took longer than turns should. */
  longTurns: 11,
  /** Of the longest turn, and of the longest one lately: what the thread was not on a processor, milliseconds; below 0: nobody can say. */
  longestTurnWaited: 12,
  longestTurnLatelyWaited: 13,
  /** The most that one turn has used a processor, ever and lately. */
  longestWork: 14,
  longestWorkLately: 15,
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
  /** Where the dictionaries stand between two tables each (phase.ts). */
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
  /** How many equally good routes are used together; 0: one, and it was never otherwise. Writer: the chassis. */
  multipath: 13,
  /** By slot, how many blades have left it. */
  lossesBySlot: 16,
} as const;

/** What a blade leaves behind, should it die, for whoever goes on with its work. Writer: that blade. */
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
  /** Of which prefixes it wants to be told (ibgp-internal/interest.ts). */
  interest: 8,
  /** Written between what siblings are to see and what is read of them. */
  fence: 9,
} as const;

/** Prefixes that one export sends at most: words of a journal. */
export const JOURNAL_WORDS = 8192;

/**
 * By what external neighbours are told (rib/told.ts), by number from 1 on; number 0 is none. Written once, by the blade that found a free
 * one. State: 0 free, 1 being written (for ever, where that blade died), 2 there.
 */
export const RECIPE = {
  words: 16,
  state: 0,
  localAs: 1,
  behindAs: 2,
  /** Octets of the next hop of IPv6 routes: 16, or 32. */
  hop6Octets: 3,
  hop4: 4,
  hop6: 5,
} as const;
export const RECIPES = 14;

/** Numbers of a line card. Float64. Writer: the line card. */
export const CARD_NUMBER = {
  words: 16,
  accepted: 0,
  refused: 1,
  dialled: 2,
  bytesIn: 3,
  bytesOut: 4,
  unknownNeighbour: 5,
  notWanted: 6,
  /** The system's number of the card's thread; 0: it has none. */
  thread: 7,
  /** KEEPALIVEs sent for sessions whose blades were gone or late. */
  vigils: 8,
} as const;

/** Words of the allocator. */
export const ALLOCATOR = {
  words: 32,
  nextPage: 3,
  /** Pages that came back and were not taken again; a death may make it wrong by one. */
  freePages: 4,
  /** Of them, those whose memory went back to the system. */
  coldPages: 8,
  /** Counts out views that were ever made: each has its number. */
  nextView: 5,
  /** Sessions with an index below this one exist. On a cache line of its own: every evaluation of all may read it. */
  sessions: 16,
  /** Lanes with an index below this one, from the first of all on, are somebody's. */
  lanes: 17,
  /** Counts next hops that were given an id. */
  nextHops: 6,
  /** Not 0: a set was described whose next hop found no id. */
  nextHopless: 7,
} as const;

/** What is given out by number (number-pool.ts). */
export const POOLS = {
  prefixes4: 0,
  prefixes6: 1,
  attributes: 2,
  byteBlocks: 3,
  nextHops: 4,
  count: 5,
} as const;

/** Control words of a pool, on cache lines of their own. */
export const POOL = { words: 48, next: 0, head: 16, tail: 32 } as const;
