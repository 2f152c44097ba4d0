/**
 * Every key of the configuration file, one row each. To add a key is to add a row: the JSON Schema for
 * editors, the checks, the defaults, `chassis check` and the type of the result follow from it. Rules about
 * several keys together stand in rules.ts.
 */
import { availableParallelism } from 'node:os';
import {
  address,
  addressPrefix,
  addressRange,
  asNumber,
  bgpIdentifier,
  capability,
  choice,
  family,
  filePath,
  flag,
  gracefulRestart,
  holdTime,
  integer,
  ipv4Address,
  ipv6Address,
  listenAddress,
  localAddress,
  localRole,
  neighborAddress,
  neighborAs,
  password,
  plainCommunity,
  policy,
  port,
  text,
} from './kinds.ts';
import { defaulted, list, optional, required, section } from './shapes.ts';

/**
 * Blades where the configuration does not say how many: one for two cores, since a line card and the neighbours' kernel work
 * need processors too, and what all neighbours are told is encoded once by each blade.
 */
export const DEFAULT_BLADES = Math.min(8, Math.max(1, Math.floor(availableParallelism() / 2)));

/** Paths of a prefix from one neighbour, where chassis.limits does not say how many. */
export const DEFAULT_PATHS = 8;

// biome-ignore format: one line a row
const originateKeys = {
  prefix: required(addressPrefix, { doc: 'What is announced.' }),
  med: optional(integer(0, 4294967295), { doc: 'MULTI_EXIT_DISC.' }),
  communities: defaulted(list(plainCommunity), { default: [], doc: 'Communities, like "65000:1" or no-export.' }),
};

export const ORIGINS = ['igp', 'egp', 'incomplete'] as const;

// biome-ignore format: one line a row
const localRouteKeys = {
  ...originateKeys,
  'local-pref': optional(integer(0, 4294967295), { doc: 'LOCAL_PREF, for internal neighbours.' }),
  origin: defaulted(choice(ORIGINS, 'origin'), { default: 'igp', doc: 'ORIGIN.' }),
  'next-hop': optional(address, { doc: 'NEXT_HOP, of the family of the prefix; without it the address of this router.' }),
};

// biome-ignore format: one line a row
const aggregateKeys = {
  prefix: required(addressPrefix, { doc: 'What is announced while there is a best route within it that is more specific.' }),
  'summary-only': defaulted(flag, { default: false, doc: 'true: the more specific routes are told to nobody.' }),
  med: originateKeys.med,
  communities: originateKeys.communities,
  'local-pref': localRouteKeys['local-pref'],
  origin: optional(choice(ORIGINS, 'origin'), { doc: 'ORIGIN; without it that of the routes within (RFC 4271 9.2.2.2).' }),
};

// biome-ignore format: one line a row
const confederationKeys = {
  id: required(asNumber, { doc: 'The AS number that those outside see (RFC 5065).' }),
  members: defaulted(list(asNumber), { default: [], doc: 'The other member ASes.' }),
};

// biome-ignore format: one line a row
const metricKeys = {
  prefix: required(addressPrefix, { doc: 'Next hops in this prefix can be reached.' }),
  metric: defaulted(integer(0, 4294967294), { default: 0, doc: 'What it costs: the interior cost of the decision process (RFC 4271 9.1.2.2 e).' }),
};

// biome-ignore format: one line a row
export const nextHopKeys = {
  kernel: defaulted(flag, { default: false, doc: 'true: the routes of the kernel, but for those of BGP, say which next hops can be reached, with their metrics.' }),
  metrics: defaulted(list(section('a metric', metricKeys)), { default: [], doc: 'Prefixes in which next hops can be reached; of equal ones, these count before those of the kernel. The longest one holds.' }),
};

// biome-ignore format: one line a row
const multipathKeys = {
  ebgp: defaulted(integer(1, 64), { default: 1, doc: 'Routes that are used together at most where an eBGP neighbour told the best one.' }),
  ibgp: defaulted(integer(1, 64), { default: 1, doc: 'Routes that are used together at most where an iBGP neighbour told the best one.' }),
  'as-path-relax': defaulted(flag, { default: false, doc: 'true: AS_PATHs need only be as long as that of the best one. Otherwise they must come by the same neighbour AS (eBGP), or be the same (iBGP).' }),
};

// biome-ignore format: one line a row
export const routerKeys = {
  as: required(asNumber, { doc: 'The AS number of this router, as one number (asplain).' }),
  id: required(bgpIdentifier, { doc: 'The BGP Identifier, four numbers like 192.0.2.1; different on every router of the AS.' }),
  'cluster-id': optional(bgpIdentifier, { doc: 'As a route reflector (RFC 4456), the cluster of its clients; without it the BGP Identifier.' }),
  confederation: optional(section('the confederation', confederationKeys), { doc: 'The confederation of which the AS of this router is a member (RFC 5065).' }),
  'always-compare-med': defaulted(flag, { default: false, doc: 'true: MULTI_EXIT_DISC compares routes of all neighbour ASes, not only those of one (RFC 4271 9.1.2.2).' }),
  'missing-med-as-worst': defaulted(flag, { default: false, doc: 'true: a route without MULTI_EXIT_DISC is the worst by it, not the best.' }),
  originate: optional(list(section('a route', localRouteKeys)), { doc: 'Routes that this router itself has: each is the best one of its prefix, and is told as export policies say.' }),
  aggregates: optional(list(section('an aggregate', aggregateKeys)), { doc: 'Routes in the place of many, with AGGREGATOR and ATOMIC_AGGREGATE, while there are some of these; told as export policies say.' }),
  'next-hops': optional(section('the next hops', nextHopKeys), { doc: 'With it next hops are resolved: a route whose next hop nothing here leads to is not feasible, and the cost decides among others. Without it all are reached, at the same cost.' }),
  multipath: optional(section('the multipath', multipathKeys), { doc: 'How many routes that are as good as the best are used together (ECMP), each by a next hop of its own; without it the best only. They are marked in the tables: this router forwards nothing itself.' }),
  listen: defaulted(list(listenAddress), { default: ['0.0.0.0:179'], doc: 'Where to wait for neighbours: address:port, IPv6 as "[::1]:179"; [] for nowhere. Ports below 1024 need privileges.' }),
};

// biome-ignore format: one line a row
export const limitKeys = {
  sessions: optional(integer(1, 65535), { doc: 'Neighbours at most.' }),
  'ipv4-prefixes': optional(integer(1024, 1 << 26), { doc: 'Different IPv4 prefixes at most.' }),
  'ipv6-prefixes': optional(integer(1024, 1 << 26), { doc: 'Different IPv6 prefixes at most.' }),
  paths: defaulted(integer(2, 64), { default: DEFAULT_PATHS, doc: 'Paths of a prefix that a neighbour with add-path-receive can tell at most; further ones are refused, counted and logged.' }),
  'attribute-sets': optional(integer(1024, 1 << 26), { doc: 'Different sets of path attributes at most.' }),
};

// biome-ignore format: one line a row
export const chassisKeys = {
  blades: defaulted(integer(1, 32), { default: DEFAULT_BLADES, ofMachine: true, doc: 'How many blades (route processors, a thread each); without it one for every two cores, 8 at most.' }),
  'line-cards': defaulted(integer(1, 16), { default: 1, doc: 'How many line cards (threads that own the TCP connections).' }),
  control: defaulted(filePath, { default: './graftd.sock', doc: 'The control socket that the chassis commands use; relative to the folder of this file.' }),
  'allow-faults': defaulted(flag, { default: false, doc: 'Whether "chassis fault" may rehearse the failure of a blade.' }),
  'heartbeat-limit': defaulted(integer(2, 600), { default: 5, doc: 'Seconds without a sign of life after which a blade is ended, and its sessions go on with the others.' }),
  'blade-memory': defaulted(integer(32, 65536), { default: 1024, doc: 'MiB of memory that a blade may use for itself, besides what blades share; a blade that needs more is ended, and its sessions go on with the others.' }),
  'poison-limit': defaulted(integer(1, 100), { default: 3, doc: 'After so many blades died in a row at one message of a neighbour, its session is shut.' }),
  rehearse: defaulted(flag, { default: true, doc: 'Whether each blade runs its code on made-up routes before it takes sessions: about two seconds of processor time a blade at the start, and the first full table takes less.' }),
  state: defaulted(filePath, { default: './graftd.db', doc: 'The SQLite database of placement, grafts and counters; relative to the folder of this file.' }),
  'restart-wait': defaulted(integer(1, 3600), { default: 60, doc: 'Seconds that a chassis that was just restarted waits at most for what its neighbours with graceful-restart: full know, before it tells anybody anything (RFC 4724).' }),
  limits: optional(section('the limits', limitKeys), { doc: 'How much memory to reserve; reserved memory costs nothing until it is used.' }),
};

// biome-ignore format: one line a row
export const cacheKeys = {
  address: required(neighborAddress, { doc: 'The address of the cache.' }),
  port: defaulted(port, { default: 323, doc: 'The port to connect to (RFC 8210 9: 323 for plain TCP).' }),
  'local-address': optional(localAddress, { doc: 'The address to connect from.' }),
  preference: defaulted(integer(0, 255), { default: 1, doc: 'Of the caches that have told everything, the one with the lowest preference is believed; of equals the first.' }),
  refresh: optional(integer(1, 86400), { doc: 'Seconds between two questions for what is new, in place of what the cache says.' }),
  retry: optional(integer(1, 7200), { doc: 'Seconds until a cache that could not be reached is tried again, at most, in place of what the cache says.' }),
  expire: optional(integer(600, 172800), { doc: 'Seconds for which what a cache told is used without hearing from it, in place of what the cache says.' }),
};

// biome-ignore format: one line a row
export const rpkiKeys = {
  caches: defaulted(list(section('an RPKI cache', cacheKeys)), { default: [], doc: 'The RPKI caches (RTR servers, RFC 8210), whose VRPs say which AS may originate which prefixes.' }),
};

// biome-ignore format: one line a row
export const neighborKeys = {
  address: required(neighborAddress, { doc: 'The address of the neighbour; a link-local one with the interface that it is on, like fe80::1%eth0.' }),
  as: required(neighborAs, { doc: 'The AS number of the neighbour; the router\'s own for iBGP, external for whichever other one it says.' }),
  'local-as': optional(asNumber, { doc: 'The AS number that this router has in the eyes of the neighbour, where that is not its own; for eBGP. The router\'s own goes behind it in what it is told, and it goes in front of what it tells.' }),
  'local-as-no-prepend': defaulted(flag, { default: false, doc: 'true: local-as is not put in front of the path of what the neighbour tells.' }),
  'local-as-replace-as': defaulted(flag, { default: false, doc: 'true: what the neighbour is told has local-as in its path instead of the router\'s own AS, not both.' }),
  port: defaulted(port, { default: 179, doc: 'The port to connect to.' }),
  'local-address': optional(localAddress, { doc: 'The address to connect from.' }),
  password: optional(password, { doc: 'The key of TCP MD5 signatures (RFC 2385), the same on both sides: what is not signed with it is dropped by the kernel.' }),
  'ttl-security': optional(integer(1, 254), { doc: 'How many hops away the neighbour is at most, 1 for one on the same link: what comes from further away is dropped by the kernel (GTSM, RFC 5082). Both sides must have it.' }),
  passive: defaulted(flag, { default: false, doc: 'true: never connect, only wait for the neighbour.' }),
  families: optional(list(family, true), { doc: 'The address families to exchange; without it, the family of the neighbour\'s address.' }),
  import: optional(policy, { doc: 'What to take from the neighbour. Without it an eBGP neighbour gives nothing (RFC 8212); iBGP: accept.' }),
  weight: defaulted(integer(0, 4294967295), { default: 0, doc: 'A preference of this router alone for the routes of the neighbour, asked before LOCAL_PREF and told to nobody; the highest wins. "set: {weight: N}" of its import policy says another one.' }),
  export: optional(policy, { doc: 'What to tell the neighbour. Without it an eBGP neighbour gets nothing (RFC 8212); iBGP: accept.' }),
  'hold-time': defaulted(holdTime, { default: 90, doc: 'Seconds without a message until the session is given up; 0 for never.' }),
  'min-hold-time': optional(integer(3, 65535), { doc: 'The shortest hold time, in seconds, that the neighbour may ask for; with a shorter one, but 0, it is refused (OPEN Message Error/Unacceptable Hold Time).' }),
  'keepalive-time': optional(integer(1, 21845), { doc: 'Seconds between KEEPALIVE messages; without it a third of the hold time agreed on.' }),
  'connect-retry-time': defaulted(integer(1, 65535), { default: 120, doc: 'Seconds between attempts to connect.' }),
  'extended-messages': defaulted(flag, { default: false, doc: 'true: messages of up to 65,535 octets both ways, where the neighbour knows them too (RFC 8654).' }),
  'extended-next-hop': defaulted(flag, { default: false, doc: 'true: IPv4 routes may have an IPv6 next hop, both ways, where the neighbour takes them too (RFC 8950). Over an IPv6 session they then have this router\'s IPv6 address.' }),
  'without-capabilities': optional(list(capability, true), { doc: 'Capabilities that the neighbour is not offered: multiprotocol, route-refresh, enhanced-route-refresh, four-octet-as.' }),
  'graceful-restart': defaulted(gracefulRestart, { default: 'helper', doc: 'helper: keep the routes of a neighbour that restarts gracefully (RFC 4724, RFC 8538) until it has told all again. full: let it keep ours over a restart of the chassis too, because forwarding goes on meanwhile. off: neither.' }),
  'restart-time': defaulted(integer(1, 4095), { default: 120, doc: 'Seconds that a restart of the chassis may take, told to neighbours with graceful-restart: full.' }),
  'long-lived-stale-time': defaulted(integer(0, 0xff_ffff), { default: 0, doc: 'Seconds for which the routes of a neighbour that does not come back within its restart time are kept, behind all others (RFC 9494): so many, or what the neighbour says where that is less; 0 for not at all.' }),
  'tell-stale': defaulted(flag, { default: false, doc: 'true: tell the neighbour routes kept so long although it does not say that it knows RFC 9494, with NO_EXPORT, and LOCAL_PREF 0 towards an iBGP neighbour.' }),
  'advertisement-interval': optional(integer(1, 600), { doc: 'Seconds between two advertisements to the neighbour at least (MinRouteAdvertisementIntervalTimer, RFC 4271 9.2.1.1): what changes meanwhile is told at its end, once. Without it all is told at once.' }),
  'next-hop-self': defaulted(flag, { default: false, doc: 'true: towards an iBGP neighbour, put this router\'s address as the next hop, as eBGP always does.' }),
  'next-hop-ipv4': optional(ipv4Address, { doc: 'The next hop to put into IPv4 routes instead of the address of this end of the session.' }),
  'next-hop-ipv6': optional(ipv6Address, { doc: 'The next hop to put into IPv6 routes instead of the address of this end of the session.' }),
  'send-hold-time': optional(integer(0, 65535), { doc: 'Seconds that bytes may wait without the neighbour taking any until the session is given up (RFC 9687); 0 for never. Without it 480, or twice the hold time where that is more.' }),
  'max-prefixes': optional(integer(1, 1 << 26), { doc: 'Prefixes of each family that the neighbour may announce, rejected ones too; with more the session is closed (Cease/Maximum Number of Prefixes Reached).' }),
  'max-prefixes-warning': optional(integer(1, 100), { doc: 'Percent of max-prefixes at which there is a warning in the log; without it 75.' }),
  'max-prefixes-restart': optional(integer(1, 604800), { doc: 'Seconds after which a session that max-prefixes closed starts again; without it when "chassis clear" or "chassis enable" says so.' }),
  'route-reflector-client': defaulted(flag, { default: false, doc: 'true: the iBGP neighbour is told what other iBGP neighbours told, and they what it told (RFC 4456).' }),
  'route-server-client': defaulted(flag, { default: false, doc: 'true: next hop, AS_PATH and MULTI_EXIT_DISC go to the eBGP neighbour as they came (RFC 7947).' }),
  originate: defaulted(list(section('a route', originateKeys)), { default: [], doc: 'Routes that this router itself originates for the neighbour (under "defaults": for all), in the place of others of the same prefix; export policy is not asked about them.' }),
  'default-originate': defaulted(flag, { default: false, doc: 'true: the neighbour is told a default route of each family.' }),
  'shared-subnets': optional(list(addressPrefix, true), { doc: 'Networks that this router has in common with the eBGP neighbour: next hops there are told as they are, not replaced by the own address (RFC 4271 5.1.3).' }),
  'local-role': optional(localRole, { doc: 'What this router is to the eBGP neighbour (RFC 9234): provider, customer, peer, rs or rs-client; routes that a leak would bring are refused and not told.' }),
  'role-strict': defaulted(flag, { default: false, doc: 'true: with local-role, a neighbour that does not name its role is refused.' }),
  'disable-malformed-families': defaulted(flag, { default: false, doc: 'true: where NLRI of MP_REACH_NLRI or MP_UNREACH_NLRI cannot be read, its address family is disabled until the session starts anew, and the other one goes on (RFC 7606 5.3, RFC 4760 7); false: the session is reset.' }),
  'enforce-first-as': defaulted(flag, { default: false, doc: 'true: AS_PATH must begin with the AS of the eBGP neighbour (RFC 4271 6.3).' }),
  'allowas-in': optional(integer(1, 10), { doc: 'How often the own AS may be in AS_PATH of a route that is still used; without it never.' }),
  'as-override': defaulted(flag, { default: false, doc: 'true: the eBGP neighbour\'s AS in AS_PATH is replaced by the own one in what it is told.' }),
  'remove-private-as': optional(choice(['all', 'replace'] as const, 'way to remove private ASes'), { doc: 'all: private ASes (RFC 6996) go from AS_PATH in what the eBGP neighbour is told. replace: the own AS takes their place.' }),
  'graceful-shutdown': defaulted(flag, { default: false, doc: 'true: the session is about to be shut; what the neighbour is told carries GRACEFUL_SHUTDOWN (RFC 8326).' }),
  'pass-blackhole': defaulted(flag, { default: false, doc: 'true: routes with the BLACKHOLE community (RFC 7999) are told to this eBGP neighbour; otherwise they stay in the AS.' }),
  'add-path-receive': optional(list(family), { doc: 'The families of which the neighbour may tell several paths of a prefix (ADD-PATH, RFC 7911); "paths" in chassis.limits says how many.' }),
  'add-path-send': optional(list(family), { doc: 'The families of which the neighbour is told several paths of a prefix (ADD-PATH, RFC 7911), best first.' }),
  'add-path-most': optional(integer(1, 128), { doc: 'Paths of a prefix that the neighbour is told at most, with add-path-send; without it all, up to 128.' }),
  'best-external': defaulted(flag, { default: false, doc: 'true: where the best route is one that this iBGP neighbour is not told, because it came from another one, it is told the best of the others (best external).' }),
  evaluate: defaulted(choice(['best', 'all'] as const, 'set of routes to tell from'), { default: 'best', doc: 'all: where the neighbour is not told the best route, because it is its own or export keeps it back, it is told the best of those that it may be told (RFC 7947 2.3.2.1). best: then it is told nothing.' }),
  blade: optional(integer(0, 31), { doc: 'The blade where the session starts, counted from 0; without it the chassis decides.' }),
  group: optional(text, { doc: 'The group (under "groups") whose keys hold where the neighbour says nothing itself.' }),
  description: optional(text, { doc: 'A name for people.' }),
};

/** What a neighbour that calls has by calling, and one of a range does not need. */
const NOT_OF_A_RANGE = ['address', 'port', 'local-address', 'passive', 'blade'] as const;
const memberKeys = Object.fromEntries(
  Object.entries(neighborKeys).filter(([name]) => !(NOT_OF_A_RANGE as readonly string[]).includes(name)),
) as Omit<typeof neighborKeys, (typeof NOT_OF_A_RANGE)[number]>;

// biome-ignore format: one line a row
export const rangeKeys = {
  range: required(addressRange, { doc: 'The addresses that may call, as a prefix.' }),
  limit: defaulted(integer(1, 65535), { default: 100, doc: 'Neighbours of the range at the same time, at most; further ones are refused.' }),
  'idle-time': defaulted(integer(1, 604800), { default: 60, doc: 'Seconds after which a neighbour of the range is forgotten when its session is down.' }),
  ...memberKeys,
};

export const routerSection = section('"router"', routerKeys);
export const chassisSection = section('"chassis"', chassisKeys);
export const rpkiSection = section('"rpki"', rpkiKeys);
export const neighborSection = section('a neighbour', neighborKeys);
export const rangeSection = section('a range of neighbours', rangeKeys);
