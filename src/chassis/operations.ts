/**
 * What an operator can see of a chassis and do to it, and nothing else: the interface between the control
 * socket and the chassis. The field names of the rows are those that scripts read with `--json`: they may be
 * added to, not changed.
 *
 * An operation that cannot be done throws an OperationError, whose text goes to the operator as it is. Any
 * other exception is a bug of ours, and is reported as such.
 */
import type { Family } from '../bgp/families.ts';

/** Blades are numbered from 0, as their slots are. */
export const FIRST_BLADE = 0;

/** 1: could not be done. 2: was wrongly asked for. They become the exit status of the command. */
export type FailureCode = 1 | 2;

export class OperationError extends Error {
  readonly code: FailureCode;

  constructor(message: string, code: FailureCode = 1) {
    super(message);
    this.name = 'OperationError';
    this.code = code;
  }
}

/** RFC 4271 section 8.2.2, and the state that grafting adds. */
export type SessionState =
  | 'Idle'
  | 'Connect'
  | 'Active'
  | 'OpenSent'
  | 'OpenConfirm'
  | 'Established'
  | 'Inactive';

export type BladeState = 'starting' | 'running' | 'draining' | 'drained' | 'restarting' | 'dead';

export const BALANCE_METRICS = ['cpu', 'updates', 'routes', 'sessions'] as const;
export type BalanceMetric = (typeof BALANCE_METRICS)[number];

export const FAULT_KINDS = ['crash', 'hang', 'memory'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** The head of `chassis show`. */
export interface ChassisSummary {
  version: string;
  pid: number;
  as: number;
  routerId: string;
  /** As `address:port`. */
  listen: string[];
  configuration: string;
  uptimeSeconds: number;
  blades: number;
  sessions: number;
  sessionsEstablished: number;
  /** Routes in all Adj-RIB-Ins. */
  routes: number;
  /** Distinct prefixes with a route. */
  prefixes: number;
  grafts: number;
  /** Of these, those after a blade died. */
  graftsUnplanned: number;
  /** What an operator should know of: a database out of order, a blade that was restarted, … */
  troubles: string[];
  residentBytes?: number;
  lineCards?: CardRow[];
}

export interface BladeRow {
  blade: number;
  state: BladeState;
  sessions: number;
  /** Routes in the Adj-RIB-Ins of its sessions. */
  routes: number;
  cpuPercent: number;
  uptimeSeconds?: number;
  updatesReceived?: number;
  updatesSent?: number;
  /** How often the decision process was run for a prefix. */
  decisionsRun?: number;
  /** How often the thread in this slot was replaced. */
  restarts?: number;
  /** How often it died, and why it did the last time. */
  deaths?: number;
  lastDeath?: { time: string; why: string };
  /** Ready to run while the processors were others': percent of the time. */
  waitPercent?: number;
  /** The longest turn of the blade's loop since it started, and since this was read last: all it serves waited so long. */
  longestTurnMilliseconds?: number;
  longestTurnLatelyMilliseconds?: number;
  /** Of these turns: for how long the thread was on no processor, as others were. */
  longestTurnWaitedMilliseconds?: number;
  longestTurnLatelyWaitedMilliseconds?: number;
  /** The most that any turn used a processor, ever and lately. */
  longestWorkMilliseconds?: number;
  longestWorkLatelyMilliseconds?: number;
  /** Turns of more than 10 ms. */
  longTurns?: number;
  /** Longest time between two turns though there was work. */
  longestGapMilliseconds?: number;
}

export interface CardRow {
  card: number;
  cpuPercent: number;
  waitPercent?: number;
  /** TCP connections that are open. */
  connections: number;
  accepted: number;
  dialled: number;
  refused: number;
  /** KEEPALIVEs said for sessions whose blade was dead, or late. */
  keptAlive?: number;
  bytesIn: number;
  bytesOut: number;
}

export interface SessionRow {
  neighbor: string;
  /** 0: the configuration leaves it to the neighbour, which has not said it. */
  as: number;
  state: SessionState;
  blade: number;
  routesReceived: number;
  routesAdvertised: number;
  updatesReceived: number;
  updatesSent: number;
  /** Seconds in Established, else 0. */
  uptimeSeconds: number;
  description?: string;
  /** `chassis shutdown` holds it down. */
  shutdown?: boolean;
  /** Why it is down, in words: the last NOTIFICATION, the hold timer, no connection, … */
  reason?: string;
}

/** One session in full; what is not known before OPEN messages are exchanged is absent. */
export interface SessionDetail extends SessionRow {
  /** The neighbour says its AS itself ("as: external"). */
  learntAs?: boolean;
  routerId?: string;
  localAddress?: string;
  localPort?: number;
  remotePort?: number;
  passive: boolean;
  families: Family[];
  /** As sent and as received, in words. */
  capabilitiesSent?: string[];
  capabilitiesReceived?: string[];
  /** The range that it came by, where it is not named in the file. */
  range?: string;
  /** Of the session that is up: what both sides know, in words. */
  agreed?: string[];
  /** What the kernel does for it: TCP MD5, TTL security. */
  protection?: string[];
  /** What it is told where the best route must not be. */
  insteadOfBest?: string;
  /** Not heard until the session starts anew, as something of theirs could not be read (RFC 4760 7). */
  disabledFamilies?: string[];
  import: string;
  export: string;
  /** What its routes have where import policy says no other one (0 goes without saying). */
  weight?: number;
  holdTime: number;
  holdTimeConfigured: number;
  keepaliveTime: number;
  messagesReceived?: Record<string, number>;
  messagesSent?: Record<string, number>;
  /** Octets of all messages. */
  octetsReceived?: number;
  octetsSent?: number;
  /** Prefixes that UPDATE messages announced and withdrew, each time counted. */
  announcementsReceived?: number;
  announcementsSent?: number;
  withdrawalsReceived?: number;
  withdrawalsSent?: number;
  /** Of the routes received, those that are not used: loops, rules, import policy, `import: reject`. */
  routesRejected?: number;
  /** Routes with an AS_PATH, or another attribute, that has come around (RFC 4271 9.1.2, RFC 4456 8), so far. */
  loopsRejected?: number;
  /** How often the session came up, and how often it was grafted since it last did. */
  establishedCount?: number;
  grafts?: number;
  lastGraft?: GraftRow;
  /** When it was last Established and ceased to be; ISO 8601. */
  lastDown?: string;
  lastNotification?: NotificationRow;
  /** The last malformed UPDATE message that was told of: what is wrong, what was done, its routes, all its octets. */
  lastError?: string;
  /** Prefixes that wait to be sent. */
  pending?: number;
  limits?: LimitsRow;
  /**
   * Routes kept over the neighbour's restart (RFC 4724): of which families, and for how long at most. `longLived`: those of the
   * families that are kept after the restart time (RFC 9494).
   */
  stale?: { families: Family[]; seconds: number; longLived?: Family[] };
  /** Routes that were ever kept so, and those that were not because they said NO_LLGR. */
  longLivedRoutes?: { kept: number; dropped: number };
  cpuPercent?: number;
}

/** The last NOTIFICATION message of either side (RFC 4271 4.5). */
export interface NotificationRow {
  direction: 'sent' | 'received';
  code: number;
  subcode: number;
  /** In the RFCs' words: "Cease/Administrative Shutdown". */
  text: string;
}

/** How near a neighbour is to its limits, and how often each of them did something since the chassis started. */
export interface LimitsRow {
  maxPrefixes?: number;
  ipv4Prefixes: number;
  ipv6Prefixes: number;
  /** Bytes that it has not taken yet, and seconds since it last took any. */
  bytesUnread: number;
  secondsUnread: number;
  /** Times in a row that the session fell soon after it came up. */
  flaps: number;
  /** A limit keeps it down for so long; null: until the operator says otherwise. */
  heldSeconds?: number | null;
  prefixWarnings: number;
  prefixShutdowns: number;
  sendHoldExpiries: number;
  /** Times that it was shut because a table of the fabric was full of what is in use. */
  tablesFull: number;
  /** Attempts to come up that failed. */
  attemptsFailed: number;
  /** Routes rejected because an import policy in TypeScript failed on them. */
  policyFaults: number;
  /** Sets of attributes that are too long for any message to it; their routes are left out. */
  setsTooLong: number;
  /** Requests for a refresh that nothing was to be done about: times that it was said. */
  refreshesIgnored: number;
  /** Times that a route found no room to be told to it, because a table of the fabric was full. */
  routesUntold: number;
  flapsDamped: number;
  /** Paths of a prefix that were more than there is room for (RFC 7911): times that it was said. */
  pathsRefused: number;
  /** Connections turned down: by the line card, and by the blade. */
  connectionsRefused: number;
  callsRefused: number;
}

export interface RouteRow {
  prefix: string;
  neighbor: string;
  /** Path identifier, where there can be several paths of a prefix (RFC 7911). */
  path?: number;
  best: boolean;
  /** It is used together with others that are as good; the best one is one of them. */
  multipath?: boolean;
  nextHop: string;
  /** Where a link-local address goes with it (RFC 2545). */
  linkLocalNextHop?: string;
  /** As routers print it: `64500 3356 {64510 64511}`. */
  asPath: string;
  /** `64500:100`, or the names of RFC 1997. */
  communities: string[];
  localPref: number | null;
  /** Where it has one: this router's own preference, asked before LOCAL_PREF. */
  weight?: number;
  med: number | null;
  origin: 'IGP' | 'EGP' | 'INCOMPLETE';
  blade: number;
  largeCommunities?: string[];
  extendedCommunities?: string[];
  /** Of a route of the router itself: configured, or in the place of others. `neighbor` is self then, and `blade` -1. */
  protocol?: 'static' | 'aggregate';
  /** Route origin validation (RFC 6811), where there are RPKI caches. */
  rpki?: (typeof VALIDITIES)[number];
  /** Why it is not best: the step of the decision process, in words. */
  reason?: string;
  /** With `why`: the statement of import policy that decided; and of the best route, what each neighbour is told. */
  import?: string;
  exports?: ExportRow[];
}

/** What a neighbour is told of a prefix, and why. */
export interface ExportRow {
  neighbor: string;
  told: boolean;
  why: string;
}

/** What a changed policy would do to the routes of one neighbour. */
export interface PreviewRow {
  neighbor: string;
  direction: 'import' | 'export';
  /** Names of the policies. */
  from: string;
  to: string;
  added: number;
  removed: number;
  /** With other attributes. */
  changed: number;
  same: number;
  /** The first few of each. */
  examples: { prefix: string; what: 'added' | 'removed' | 'changed' }[];
}

export interface PreviewReport {
  neighbors: PreviewRow[];
}

/** Which routes to show; no field means all of them. */
export interface RouteFilter {
  /** Canonical, host bits zero. */
  prefix?: string;
  /** Also what is more specific than `prefix`. */
  longer?: boolean;
  /** Not `prefix` itself, but the longest one around it, or it, that has routes: of the whole box, one that is used. */
  covering?: boolean;
  best?: boolean;
  family?: Family;
  /** Which statements of policies decided. */
  why?: boolean;
}

export interface GraftReport {
  neighbor: string;
  from: number;
  to: number;
  routes: number;
  totalMicroseconds: number;
  /** From the last byte handled on the old blade to the first one on the new blade. */
  pauseMicroseconds: number;
  decisionsRun: number;
  fabricUpdatesSent: number;
  neighborUpdatesSent: number;
}

export type GraftResult = 'done' | 'undone';

/** A line of the graft history. */
export interface GraftRow extends GraftReport {
  /** ISO 8601. */
  time: string;
  /** False where the blade died. */
  planned: boolean;
  result: GraftResult;
  /** Why it was made, or why it was undone. */
  reason?: string;
}

/** One part of the shared memory: what is used of what is reserved. */
export interface FabricRow {
  part: string;
  used: number;
  capacity: number;
  unit: string;
  /** Of memory, as it is now; where the system does not say, as it can be at most. */
  bytes?: number;
  /** Ids or blocks that came back because nobody used them, so far. */
  returned?: number;
  /** Sweeps that looked for them: how many, and what the last one took. Of the first part only. */
  sweeps?: number;
  lastSweepMilliseconds?: number;
  /** Of all parts, so far, where memory can be given back to the system. Of the first part only. */
  givenBackBytes?: number;
}

/** One RPKI cache (RFC 8210). */
export interface CacheRow {
  /** `address:port` */
  cache: string;
  preference: number;
  state: 'connecting' | 'synchronising' | 'synchronised' | 'waiting';
  /** What it told is in force. */
  active: boolean;
  version: number;
  session?: number;
  serial?: number;
  ipv4Vrps: number;
  ipv6Vrps: number;
  /** Since the last End of Data. */
  secondsOld?: number;
  /** Seconds, in force. */
  refresh: number;
  retry: number;
  expire: number;
  lastError?: string;
}

/** A validated ROA payload: this AS may originate the prefix, and what is in it up to this length. */
export interface VrpRow {
  prefix: string;
  maxLength: number;
  as: number;
}

/** By VALIDITY (rpki/table.ts). */
export const VALIDITIES = ['not-found', 'valid', 'invalid'] as const;

export interface BladeLoad {
  blade: number;
  load: number;
  /** So much of it is telling kinds of neighbours that are kept together, each once. */
  telling?: number;
  sessions: number;
}

export interface BalanceReport {
  metric: BalanceMetric;
  /** The unit of `load`, for people: `% cpu`, `UPDATEs/s`, `routes`, `sessions`. */
  unit: string;
  dryRun: boolean;
  /** What was aimed at: this fraction of the mean either way. */
  band: number;
  before: BladeLoad[];
  after: BladeLoad[];
  /** In a dry run, what would be moved, costs zero. */
  grafts: GraftReport[];
}

/** What drain and restart did. */
export interface DrainReport {
  blade: number;
  grafts: GraftReport[];
}

/** One key of the configuration that changed, and when it takes effect. */
export interface ReloadChange {
  /** Without it, a key of the box: `chassis.blades`. */
  neighbor?: string;
  key: string;
  /** As text; `-`: not set. */
  from: string;
  to: string;
  /** In words. */
  effect: string;
}

/** What a change of the number of blades did. */
export interface ScaleReport {
  before: number;
  after: number;
  grafts: GraftReport[];
}

/** What reload did, by neighbour; `restartNeeded` names the keys that only a new start applies. */
export interface ReloadReport {
  dryRun: boolean;
  added: string[];
  removed: string[];
  /** Changed without closing the session. */
  changed: string[];
  /** Changed in what the OPEN message says, so that the session was closed and starts again. */
  reset: string[];
  restartNeeded: string[];
  /** Every key that differs. */
  changes: ReloadChange[];
}

export interface DumpReport {
  file: string;
  routes: number;
  prefixes: number;
  peers: number;
  bytes: number;
}

/** Addresses and prefixes arrive canonical; slots as integers not below FIRST_BLADE, not yet known to exist. */
export interface ChassisOperations {
  showChassis(): Promise<ChassisSummary>;
  showBlades(): Promise<BladeRow[]>;
  showSessions(): Promise<SessionRow[]>;
  showSession(neighbor: string): Promise<SessionDetail>;
  /** Routes of the whole box, sorted by prefix, in batches of some hundred; ended early by `return()`. */
  showRoutes(filter: RouteFilter): AsyncIterable<RouteRow[]>;
  /** The neighbour's Adj-RIB-In, before import policy. */
  showReceived(neighbor: string, filter: RouteFilter): AsyncIterable<RouteRow[]>;
  /** Its Adj-RIB-Out: `neighbor` in the rows is where the route came from. */
  showAdvertised(neighbor: string, filter: RouteFilter): AsyncIterable<RouteRow[]>;
  /** The newest first. */
  showGrafts(limit: number): Promise<GraftRow[]>;
  showFabric(): Promise<FabricRow[]>;
  showRpki(): Promise<CacheRow[]>;
  /** The VRPs that cover a prefix. */
  showVrps(prefix: string): Promise<VrpRow[]>;

  graft(neighbor: string, to: number): Promise<GraftReport>;
  balance(options: { metric: BalanceMetric; dryRun: boolean }): Promise<BalanceReport>;
  drain(blade: number): Promise<DrainReport>;
  undrain(blade: number): Promise<void>;
  restart(blade: number): Promise<DrainReport>;
  scale(blades: number): Promise<ScaleReport>;
  fault(blade: number, kind: FaultKind): Promise<void>;

  clear(neighbor: string): Promise<void>;
  /** `why` is the shutdown communication of RFC 9003, at most 255 octets of UTF-8. */
  shutdown(neighbor: string, why: string | undefined): Promise<void>;
  enable(neighbor: string): Promise<void>;
  refresh(neighbor: string): Promise<void>;

  /** A file with mistakes changes nothing: an OperationError with all of them, a line each. */
  reload(options: { dryRun: boolean }): Promise<ReloadReport>;
  /** What the policies of a file (absolute) would do to the routes that there are; nothing is changed. */
  previewPolicies(file: string): Promise<PreviewReport>;
  /** `file` is absolute. */
  dumpMrt(file: string): Promise<DumpReport>;
}
