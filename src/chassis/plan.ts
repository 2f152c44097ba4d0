/** From the configuration file to what blades and line cards are given: sessions by index, in numbers. */
import { type AddressPrefix, parsePrefix, withoutZone, zoneOf } from '../base/address.ts';
import { protectionTrouble } from '../base/socket-options.ts';
import { FAMILY_IPV4, familyBits } from '../bgp/families.ts';
import type { NeighbourRules } from '../bgp/neighbour-rules.ts';
import { communityNumber, originatedSet } from '../bgp/originated-set.ts';
import { EXTENDED_RING, type SessionConfiguration } from '../blade/messages.ts';
import type { Configuration, NeighborConfiguration } from '../config/configuration.ts';
import { DEFAULT_PATHS } from '../config/keys.ts';
import { DEFAULT_PREFIXES, LEAST_BLADES, MOST_ELEMENTS, powerOfTwo, roomFor } from '../config/room.ts';
import { CONNECTIONS_PER_SESSION, PAGE_WORDS } from '../fabric/layout.ts';
import { defaultFabricOptions, type FabricOptions } from '../fabric/memory.ts';
import { addressWords } from '../linecard/address-words.ts';
import type { Neighbor, Range } from '../linecard/messages.ts';
import type { RouterIdentity } from '../rib/attribute-row.ts';
import { OWN_PLACES } from '../rib/own-source.ts';
import { prefixOf } from './local-routes.ts';

/** Pages of routes at most: 4 GiB of them, about a thousand full tables. */
const MOST_PAGES = (1 << 20) - 1;

/** Different next hops at most; those beyond are taken as reached, at no cost. */
const NEXT_HOPS = 1 << 16;

export function fabricOptions(configuration: Configuration): FabricOptions {
  const { blades, lineCards, limits } = configuration.chassis;
  const { neighbors, neighborRanges } = configuration;
  const configured = neighborRanges.reduce((sum, { limit }) => sum + limit, neighbors.length);
  // And the last places, which are nobody's.
  const sessions = Math.ceil((roomFor(configured, limits?.sessions) + OWN_PLACES) / 32) * 32;
  const slots = Math.max(blades, LEAST_BLADES);
  const options = defaultFabricOptions(slots, sessions, lineCards);
  // Rings as wide as those that are configured can have.
  const { receiveBytes, transmitBytes } = defaultFabricOptions(blades, configured + OWN_PLACES, lineCards);
  const prefixes4 = powerOfTwo(limits?.ipv4Prefixes ?? DEFAULT_PREFIXES.ipv4);
  const prefixes6 = powerOfTwo(limits?.ipv6Prefixes ?? DEFAULT_PREFIXES.ipv6);
  return {
    ...options,
    receiveBytes: ringBytes(configuration, receiveBytes, sessions),
    transmitBytes: ringBytes(configuration, transmitBytes, sessions),
    prefixes4,
    prefixes6,
    pages: Math.min(MOST_PAGES, Math.max(options.pages, (sessions * (prefixes4 + prefixes6)) / PAGE_WORDS)),
    nextHops: configuration.router.nextHops === undefined ? 0 : NEXT_HOPS,
    attributes: powerOfTwo(limits?.attributeSets ?? options.attributes),
    lanes: (limits?.paths ?? DEFAULT_PATHS) - 1,
    lanedSessions: options.sessions,
  };
}

/** Where extended messages are configured, rings hold some of them. All rings of one kind are one array. */
function ringBytes({ neighbors, neighborRanges }: Configuration, bytes: number, sessions: number): number {
  const all = [...neighbors, ...neighborRanges.map(({ template }) => template)];
  let ring = all.some(({ extendedMessages }) => extendedMessages) ? Math.max(bytes, EXTENDED_RING) : bytes;
  while (ring * sessions * CONNECTIONS_PER_SESSION > MOST_ELEMENTS) ring /= 2;
  return ring;
}

export function sessionConfiguration(
  configuration: Configuration,
  neighbor: NeighborConfiguration,
  index: number,
): SessionConfiguration {
  const words: number[] = [];
  addressWords(neighbor.address, words, 0);
  return {
    index,
    address: neighbor.address,
    addressWords: words,
    as: neighbor.as,
    passive: neighbor.passive,
    families: familyBits(neighbor.families) || FAMILY_IPV4,
    importAccept: neighbor.import !== 'reject',
    exportAccept: neighbor.export !== 'reject',
    ...(neighbor.importPolicy === undefined ? {} : { importPolicy: neighbor.importPolicy }),
    ...(neighbor.exportPolicy === undefined ? {} : { exportPolicy: neighbor.exportPolicy }),
    ...(neighbor.weight > 0 ? { weight: neighbor.weight } : {}),
    holdTime: neighbor.holdTime,
    connectRetryTime: neighbor.connectRetryTime,
    ...(neighbor.sendHoldTime === undefined ? {} : { sendHoldTime: neighbor.sendHoldTime }),
    ...prefixLimit(neighbor),
    ...(neighbor.minHoldTime === undefined ? {} : { leastHoldTime: neighbor.minHoldTime }),
    ...(neighbor.withoutCapabilities === undefined
      ? {}
      : { withoutCapabilities: neighbor.withoutCapabilities }),
    extendedMessages: neighbor.extendedMessages,
    extendedNextHop: neighbor.extendedNextHop,
    gracefulRestart: neighbor.gracefulRestart,
    restartTime: neighbor.restartTime,
    longLivedStaleTime: neighbor.longLivedStaleTime,
    tellStale: neighbor.tellStale,
    disablesFamilies: neighbor.disableMalformedFamilies,
    ...(neighbor.keepaliveTime === undefined ? {} : { keepaliveTime: neighbor.keepaliveTime }),
    pathsReceived: familyBits(neighbor.addPathReceive ?? []),
    pathsSent: familyBits(neighbor.addPathSend ?? []),
    mostPathsSent: neighbor.addPathMost ?? 0,
    ...insteadOfBest(neighbor),
    nextHopSelf: neighbor.nextHopSelf,
    ...(neighbor.nextHopIpv4 === undefined
      ? {}
      : { nextHop4: addressBytes(neighbor.nextHopIpv4).subarray(12) }),
    ...(neighbor.nextHopIpv6 === undefined ? {} : { nextHop6: addressBytes(neighbor.nextHopIpv6) }),
    ...localAs(configuration, neighbor),
    ...(neighbor.advertisementInterval === undefined
      ? {}
      : { advertisementInterval: neighbor.advertisementInterval }),
    rules: neighbourRules(neighbor, isMember(configuration.router, neighbor)),
    ...(configuration.router.confederation === undefined
      ? {}
      : { confederation: configuration.router.confederation.id }),
    ...originated(neighbor),
    ...clusterId(configuration),
    routerAs: configuration.router.as,
    localId: configuration.router.idNumber,
  };
}

function insteadOfBest({
  bestExternal,
  evaluate,
}: NeighborConfiguration): Pick<SessionConfiguration, 'instead'> {
  // The best that it may be told is the best external one, where that may be told.
  if (evaluate === 'all') return { instead: 'any' };
  return bestExternal ? { instead: 'external' } : {};
}

function localAs(
  { router }: Configuration,
  neighbor: NeighborConfiguration,
): Pick<SessionConfiguration, 'localAs' | 'behindAs' | 'prependAs'> {
  const { localAs: other, localAsNoPrepend, localAsReplaceAs } = neighbor;
  // RFC 5065 4: those outside see the confederation.
  const outside = neighbor.external && !isMember(router, neighbor);
  const own = outside ? (router.confederation?.id ?? router.as) : router.as;
  if (other === undefined) return { localAs: own };
  return {
    localAs: other,
    ...(localAsReplaceAs ? {} : { behindAs: own }),
    ...(localAsNoPrepend ? {} : { prependAs: other }),
  };
}

/** What every thread must know of the box to describe attribute sets. */
export function routerIdentity(configuration: Configuration): RouterIdentity {
  const { as, idNumber, alwaysCompareMed, missingMedAsWorst } = configuration.router;
  return {
    as,
    ...(configuration.router.confederation === undefined
      ? {}
      : { confederation: configuration.router.confederation.id }),
    id: idNumber,
    clusterId: idNumber,
    ...clusterId(configuration),
    alwaysCompareMed,
    missingMedAsWorst,
  };
}

function clusterId({ router }: Configuration): { clusterId?: number } {
  if (router.clusterId === undefined) return {};
  const [a = 0, b = 0, c = 0, d = 0] = router.clusterId.split('.').map(Number);
  return { clusterId: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 };
}

function originated(neighbor: NeighborConfiguration): Pick<SessionConfiguration, 'originated'> {
  const defaults = neighbor.defaultOriginate ? ['0.0.0.0/0', '::/0'] : [];
  const routes = [
    ...neighbor.originate,
    ...defaults.map((prefix) => ({ prefix, med: undefined, communities: [] })),
  ];
  if (routes.length === 0) return {};
  return {
    originated: routes.map(({ prefix, med, communities }) => {
      const place = prefixOf(prefix);
      return {
        ...place,
        set: originatedSet(place.ipv6, { med, communities: communities.map(communityNumber) }),
      };
    }),
  };
}

function sharedSubnets({
  sharedSubnets: subnets,
  address,
}: NeighborConfiguration): Pick<NeighbourRules, 'shared'> {
  if (subnets === undefined) return {};
  const neighbor = addressBytes(address);
  return {
    shared: {
      subnets: subnets.map((subnet) => parsePrefix(subnet) as AddressPrefix),
      neighbor: address.includes(':') ? neighbor : neighbor.subarray(12),
    },
  };
}

/** In another member AS of our confederation. */
function isMember(
  { confederation }: Configuration['router'],
  { external, as }: NeighborConfiguration,
): boolean {
  return external && confederation?.members.includes(as) === true;
}

function neighbourRules(neighbor: NeighborConfiguration, confederate: boolean): NeighbourRules {
  const { localRole, allowasIn, removePrivateAs } = neighbor;
  return {
    client: neighbor.routeReflectorClient,
    confederate,
    ...sharedSubnets(neighbor),
    ...(localRole === undefined ? {} : { role: localRole, roleStrict: neighbor.roleStrict }),
    enforceFirstAs: neighbor.enforceFirstAs,
    ...(allowasIn === undefined ? {} : { allowOwnAs: allowasIn }),
    asOverride: neighbor.asOverride,
    ...(removePrivateAs === undefined ? {} : { removePrivateAs }),
    gracefulShutdown: neighbor.gracefulShutdown,
    passBlackhole: neighbor.passBlackhole,
    routeServerClient: neighbor.routeServerClient,
  };
}

function prefixLimit(neighbor: NeighborConfiguration): Pick<SessionConfiguration, 'prefixLimit'> {
  const { maxPrefixes: most, maxPrefixesWarning = 75, maxPrefixesRestart } = neighbor;
  if (most === undefined) return {};
  const restart = maxPrefixesRestart === undefined ? {} : { restart: maxPrefixesRestart * 1000 };
  return { prefixLimit: { most, warnAt: Math.ceil((most * maxPrefixesWarning) / 100), ...restart } };
}

/** Places that neighbours can have: the last ones are those of the router itself (rib/own-source.ts). */
export function neighbourPlaces({ sessions }: FabricOptions): number {
  return sessions - OWN_PLACES;
}

/** The last place is also the rehearsal's, before there is anybody. */
export function rehearsalIndex({ sessions }: FabricOptions): number {
  return sessions - 1;
}

/** The session of the rehearsal: nobody. */
export function rehearsalConfiguration(configuration: Configuration, index: number): SessionConfiguration {
  return {
    index,
    address: 'rehearsal',
    addressWords: [0, 0, 0, 0],
    as: 0,
    passive: true,
    families: FAMILY_IPV4,
    importAccept: false,
    exportAccept: false,
    holdTime: 0,
    connectRetryTime: 120,
    nextHopSelf: false,
    localAs: configuration.router.as,
    localId: configuration.router.idNumber,
  };
}

export function cardNeighbor(neighbor: NeighborConfiguration, session: number): Neighbor {
  const { address, port } = neighbor;
  const zone = zoneOf(address);
  const localAddress =
    neighbor.localAddress === undefined || zone === undefined
      ? neighbor.localAddress
      : `${withoutZone(neighbor.localAddress)}%${zone}`;
  return {
    session,
    address,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...protectionOf(neighbor),
  };
}

/** Who may call without being a neighbour yet. */
export function cardRanges({ neighborRanges }: Configuration): Range[] {
  return neighborRanges.map(({ range, template: { password, ttlSecurity } }) => {
    const [address, length] = range.split('/') as [string, string];
    return {
      address,
      length: Number(length),
      ...(password === undefined ? {} : { password }),
      near: ttlSecurity !== undefined,
    };
  });
}

function protectionOf({
  password,
  ttlSecurity: hops,
}: Pick<NeighborConfiguration, 'password' | 'ttlSecurity'>): Pick<Neighbor, 'protection'> {
  if (password === undefined && hops === undefined) return {};
  return {
    protection: { ...(password === undefined ? {} : { password }), ...(hops === undefined ? {} : { hops }) },
  };
}

/** Why this machine cannot protect the sessions as configured; undefined: it can. */
export function protectionTroubleOf(configuration: Configuration): string | undefined {
  return protectionTrouble(
    [...configuration.neighbors, ...configuration.neighborRanges.map(({ template }) => template)].flatMap(
      (neighbor) => protectionOf(neighbor).protection ?? [],
    ),
  );
}

/** Sixteen octets, IPv4 as ::ffff:a.b.c.d. */
function addressBytes(address: string): Uint8Array {
  const words: number[] = [];
  addressWords(address, words, 0);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 4; i++) view.setUint32(i * 4, (words[i] as number) >>> 0);
  return bytes;
}
