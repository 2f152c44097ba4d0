/**
 * What one router with one BGP process tells each neighbour, from what all of them announce: RFC 4271 9.1.2.2 by
 * elimination, step by step, on plain objects. Slow, obvious, and sharing nothing with src/rib: it is the judge.
 */
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import { behindOther, isShared, ourAses } from './edges.ts';
import { isOwn } from './local.ts';
import { CONFEDERATION, isInside } from './members.ts';
import { LOCAL_AS, LOCAL_ID, type Multipath, type NeighbourOptions } from './options.ts';
import { passed } from './policies.ts';
import type { Prefixes, SimulatedPrefix } from './prefixes.ts';
import { pathKey, type Route, routeText } from './route.ts';

export interface Candidate {
  /** Of the way to its next hop. */
  readonly cost: number;
  readonly route: Route;
  readonly from: NeighbourOptions;
  /** Path identifier; 0 without ADD-PATH. */
  readonly path: number;
}

/** What a neighbour that is up announces. */
export interface Announcer {
  readonly options: NeighbourOptions;
  /** By path of a prefix. */
  readonly announcing: ReadonlyMap<number, Route>;
  /** FAMILY_ bits of what is not heard, as it could not be read. */
  readonly disabled: number;
  identifier(key: number): number;
}

const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const LLGR_STALE = 0xffff0006;
const NO_EXPORT_SUBCONFED = 0xffffff03;
const GRACEFUL_SHUTDOWN = 0xffff0000;
const BLACKHOLE = 0xffff029a;
const DEFAULT_LOCAL_PREF = 100;
const WORST_MED = 0xffffffff;

const isStale = (route: Route): boolean => route.communities.includes(LLGR_STALE);

/** How MED counts in this router, and whether its AS is a member of a confederation. */
export interface MedRules {
  readonly confederation: boolean;
  readonly alwaysCompareMed: boolean;
  readonly missingMedAsWorst: boolean;
}

/** By the last octet of a next hop: without one 0, undefined: there is no way. */
export type Costs = ReadonlyMap<number, number | undefined>;

/** The feasible routes for a prefix, as they are kept. */
export function candidatesFor(
  prefixes: Prefixes,
  announcers: readonly Announcer[],
  prefix: number,
  costs: Costs,
): Candidate[] {
  const family = prefixes.all[prefix]?.family ?? 0;
  return announcers
    .filter(({ options, disabled }) => options.importAccept && (options.families & ~disabled & family) !== 0)
    .flatMap((announcer) =>
      Array.from({ length: announcer.options.paths }, (_, path) => pathKey(prefix, path)).flatMap((key) => {
        const route = announcer.announcing.get(key);
        return route === undefined
          ? []
          : [{ route, from: announcer.options, path: announcer.identifier(key) }];
      }),
    )
    .filter(feasible)
    .map(({ route, from, path }) => ({
      from,
      path,
      route: behindOther(from, marks(from) ? { ...route, otc: route.otc ?? from.as } : route),
    }))
    .flatMap(({ route, from, path }) => {
      const weighed = { ...route, weight: from.weight };
      const taken = passed(from.importPolicy, weighed, prefixes.all[prefix] as SimulatedPrefix, from, from);
      return taken === undefined
        ? []
        : [{ route: taken.route, from, path, cost: costOf(taken.route, family, costs) }];
    })
    .filter(({ cost }) => cost !== Number.POSITIVE_INFINITY); // RFC 4271 9.1.2.1
}

function costOf(route: Route, family: number, costs: Costs): number {
  const last = (family === FAMILY_IPV4 ? route.nextHop4 : route.nextHop6).at(-1) as number;
  return costs.has(last) ? (costs.get(last) ?? Number.POSITIVE_INFINITY) : 0;
}

function feasible({ route, from }: Omit<Candidate, 'cost'>): boolean {
  const ases = [...(route.confed ?? []), ...route.path, ...route.set];
  if (ases.filter((as) => as === LOCAL_AS).length > from.allowOwnAs) return false; // RFC 4271 9.1.2
  if (ases.includes(CONFEDERATION)) return false; // nobody else has that one
  if (from.member && (route.confed ?? []).length === 0) return false; // RFC 5065 5
  if (!from.external) return route.originator !== LOCAL_ID && !route.clusters.includes(LOCAL_ID); // RFC 4456 8
  if (from.enforceFirstAs && route.path[0] !== from.as) return false;
  if (route.otc === undefined) return true; // RFC 9234 5
  if (from.role === 'provider' || from.role === 'rs') return false;
  return from.role !== 'peer' || route.otc === from.as;
}

/** RFC 9234 5: a route from a provider, a peer or a route server gets the attribute. */
function marks({ role }: NeighbourOptions): boolean {
  return role === 'customer' || role === 'peer' || role === 'rs-client';
}

function least(candidates: readonly Candidate[], value: (candidate: Candidate) => number): Candidate[] {
  const lowest = Math.min(...candidates.map(value));
  return candidates.filter((candidate) => value(candidate) === lowest);
}

const med = ({ route }: Candidate, rules: MedRules): number =>
  route.med ?? (rules.missingMedAsWorst ? WORST_MED : 0);

/** Comparing by MED makes a choice among this one and others no total order. */
export function medCounts(candidate: Candidate, rules: MedRules): boolean {
  return !rules.alwaysCompareMed && med(candidate, rules) !== (rules.missingMedAsWorst ? WORST_MED : 0);
}

/** RFC 8326: the least one where a route says so, and neither an internal neighbour nor policy has said another. */
function localPref({ route }: Candidate): number {
  const otherwise = route.communities.includes(GRACEFUL_SHUTDOWN) ? 0 : DEFAULT_LOCAL_PREF;
  return route.localPref ?? otherwise;
}
const neighbourAs = ({ route }: Candidate): number => route.path[0] ?? 0;

/** RFC 4271 9.1.2.2 a to e: what is left may all be used. */
function goodOnes(candidates: readonly Candidate[], rules: MedRules): Candidate[] {
  let left = least(candidates, ({ route }) => (isStale(route) ? 1 : 0)); // RFC 9494 4.3
  left = least(left, ({ route }) => -(route.weight ?? 0));
  left = least(left, (candidate) => -localPref(candidate));
  left = least(left, ({ route }) => route.path.length + (route.set.length > 0 ? 1 : 0)); // a
  left = least(left, ({ route }) => route.origin); // b
  const comparable = (a: Candidate, b: Candidate): boolean =>
    rules.alwaysCompareMed || neighbourAs(a) === neighbourAs(b);
  left = left.filter(
    (one) => !left.some((other) => comparable(other, one) && med(other, rules) < med(one, rules)),
  ); // c
  left = least(left, ({ from }) => (from.external ? 0 : 1)); // d
  return least(left, ({ cost }) => cost); // e
}

/** RFC 4271 9.1.2.2, RFC 4456 9. */
export function bestOf(candidates: readonly Candidate[], rules: MedRules): Candidate | undefined {
  if (candidates.length === 0) return undefined;
  let left = goodOnes(candidates, rules);
  left = least(left, ({ route, from }) => (from.external ? from.bgpId : (route.originator ?? from.bgpId))); // f
  left = least(left, ({ route, from }) => (from.external ? 0 : route.clusters.length));
  for (let word = 0; word < 4; word++) left = least(left, ({ from }) => (from.address[word] as number) >>> 0); // g
  left = least(left, ({ path }) => path);
  return left[0];
}

/** The routes that are used together; none where that is the best one only. */
export function usedTogether(
  candidates: readonly Candidate[],
  rules: MedRules,
  family: number,
  multipath: Multipath | undefined,
): Candidate[] {
  const best = bestOf(candidates, rules);
  if (best === undefined || multipath === undefined) return [];
  const key = ({ route }: Candidate): string =>
    best.from.external ? `${route.path[0]}` : `${route.confed ?? ''} ${route.path} ${route.set}`;
  const hop = ({ route }: Candidate): string => `${family === FAMILY_IPV4 ? route.nextHop4 : route.nextHop6}`;
  const used: Candidate[] = [];
  for (const each of ranked(goodOnes(candidates, rules), rules)) {
    if (!multipath.asPathRelax && key(each) !== key(best)) continue;
    if (!used.some((other) => hop(other) === hop(each))) used.push(each);
  }
  const most = best.from.external ? multipath.ebgp : multipath.ibgp;
  return used.length < 2 || most < 2 ? [] : used.slice(0, most);
}

/** The routes that blades must show each other: the best, or, where MED counts, the best of each neighbour AS. */
export function advertisedOf(
  candidates: readonly Candidate[],
  medMarked: boolean,
  rules: MedRules,
): Candidate[] {
  if (!medMarked) {
    const best = bestOf(candidates, rules);
    return best === undefined ? [] : [best];
  }
  const groups = new Set(candidates.map(neighbourAs));
  return [...groups].map(
    (as) =>
      bestOf(
        candidates.filter((each) => neighbourAs(each) === as),
        rules,
      ) as Candidate,
  );
}

/** What a neighbour is told of a prefix, as text; undefined: nothing. */
export function toldTo(
  to: NeighbourOptions,
  best: Candidate | undefined,
  prefix: SimulatedPrefix,
  confederation: boolean,
): string | undefined {
  const { family } = prefix;
  if (best === undefined || best.from === to || !to.exportAccept || (to.families & family) === 0)
    return undefined;
  const { from } = best;
  const reflected = isInside(from) && isInside(to);
  if (reflected && !from.client && !to.client) return undefined; // RFC 4456 6
  const told = passed(to.exportPolicy, best.route, prefix, to, from);
  if (told === undefined) return undefined;
  const { route, ownMed } = told;
  // Communities of our own routes are for those who are told.
  const ours = isOwn(best);
  if (!ours && isKept(route.communities, to, from)) return undefined;
  const { role } = to;
  const up = role === 'customer' || role === 'peer' || role === 'rs-client';
  if (up && route.otc !== undefined) return undefined; // RFC 9234 5
  const down = role === 'provider' || role === 'peer' || role === 'rs';
  const shutting = to.gracefulShutdown && !route.communities.includes(GRACEFUL_SHUTDOWN);
  const self = to.transparent ? to.nextHopSelf : to.external || (to.nextHopSelf && !reflected);
  // What another member says of its reflectors stays as it is here, and goes no further.
  const kept = isInside(to) && !ours ? route : undefined;
  const own = ours || (self && !isShared(to, best.route, family)); // RFC 4271 5.1.3
  const guarded = isStale(route) && to.longLived === 0; // RFC 9494 4.4, 4.6
  if (guarded && !to.tellStale) return undefined;
  const noExport = guarded && !route.communities.includes(NO_EXPORT) ? [NO_EXPORT] : [];
  return routeText(
    {
      origin: route.origin,
      ...pathFor(ours ? { ...to, transparent: false } : to, route, confederation),
      nextHop4: own ? ownAddress4(to) : route.nextHop4,
      nextHop6: own ? octets(to.localAddress) : route.nextHop6,
      med: to.external && !to.transparent && !ownMed && !ours ? undefined : route.med,
      localPref: to.external ? undefined : guarded ? 0 : (route.localPref ?? localPref(best)),
      communities: [...route.communities, ...(shutting ? [GRACEFUL_SHUTDOWN] : []), ...noExport],
      originator: reflected ? (route.originator ?? from.bgpId) : from.external ? undefined : kept?.originator,
      clusters: reflected ? [LOCAL_ID, ...route.clusters] : from.external ? [] : (kept?.clusters ?? []),
      aggregate: route.aggregate,
      otc: route.otc ?? (down ? ourAses(to, confederation)[0] : undefined),
    },
    family,
  );
}

/** Which route a neighbour is told: the best, or, where that must not be and another is wanted in its place, this one. */
function chosenFor(
  to: NeighbourOptions,
  candidates: readonly Candidate[],
  prefix: SimulatedPrefix,
  rules: MedRules,
  own: Candidate | undefined,
): Candidate | undefined {
  const best = own ?? bestOf(candidates, rules);
  if (best === undefined || to.instead === undefined) return best;
  const inside = ({ from }: Candidate): boolean =>
    !isInside(to) || !isInside(from) || from.client || to.client;
  const tellable = (each: Candidate): boolean =>
    to.instead === 'external' ? inside(each) : toldTo(to, each, prefix, rules.confederation) !== undefined;
  return tellable(best) ? best : bestOf(candidates.filter(tellable), rules);
}

/** RFC 1997, RFC 7999: communities that keep a route from the neighbour. */
function isKept(communities: readonly number[], to: NeighbourOptions, from: NeighbourOptions): boolean {
  // RFC 7947 2.2.4: what one client of a route server says is for the others.
  if (to.transparent && from.transparent && to.external && from.external)
    return communities.includes(BLACKHOLE);
  if (communities.includes(NO_ADVERTISE)) return true;
  if (to.member && communities.includes(NO_EXPORT_SUBCONFED)) return true;
  return (
    to.external && [NO_EXPORT, NO_EXPORT_SUBCONFED, BLACKHOLE].some((each) => communities.includes(each))
  );
}

/** RFC 4271 5.1.2, and what the neighbour's rules make of it. */
function pathFor(
  to: NeighbourOptions,
  route: Route,
  confederation: boolean,
): Pick<Route, 'path' | 'set' | 'confed'> {
  const { confed = [] } = route;
  if (!to.external) return { ...route, confed: to.member ? [LOCAL_AS, ...confed] : confed }; // RFC 5065 4.1
  const isPrivate = (as: number): boolean =>
    ((as >= 64_512 && as <= 65_535) || as >= 4_200_000_000) && as !== to.as;
  const ases = ourAses(to, confederation);
  const own = ases[0] as number;
  const change = (ases: readonly number[]): readonly number[] => {
    let left = ases;
    if (to.removePrivateAs === 'all') left = left.filter((as) => !isPrivate(as));
    if (to.removePrivateAs === 'replace') left = left.map((as) => (isPrivate(as) ? own : as));
    return to.asOverride ? left.map((as) => (as === to.as ? own : as)) : left;
  };
  const path = change(route.path);
  return { path: to.transparent ? path : [...ases, ...path], set: change(route.set), confed: [] };
}

/** Our end of the connection; of one over IPv6 our BGP Identifier stands in. */
function ownAddress4(to: NeighbourOptions): number[] {
  const words = to.localAddress;
  return words[2] === 0xffff ? octets([words[3] as number]) : octets([LOCAL_ID]);
}

function octets(words: readonly number[]): number[] {
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}

/** By prefix, what stands in the place of neighbours' routes (local.ts). */
type OwnRoutes = ReadonlyMap<number, Candidate | 'kept back'>;

/** Everything that a neighbour must hold once all is quiet. */
export function expectedTable(
  prefixes: Prefixes,
  announcers: readonly Announcer[],
  to: NeighbourOptions,
  rules: MedRules,
  costs: Costs,
  own: OwnRoutes,
): Map<number, string> {
  const table = new Map<number, string>();
  for (const [prefix, each] of prefixes.all.entries()) {
    const ours = own.get(prefix);
    if (ours === 'kept back') continue;
    const candidates = candidatesFor(prefixes, announcers, prefix, costs);
    const told = toldTo(to, chosenFor(to, candidates, each, rules, ours), each, rules.confederation);
    if (told !== undefined) table.set(prefix, told);
  }
  return table;
}

/** All of them, best first. */
function ranked(candidates: readonly Candidate[], rules: MedRules): Candidate[] {
  const best = bestOf(candidates, rules);
  return best === undefined
    ? []
    : [
        best,
        ...ranked(
          candidates.filter((each) => each !== best),
          rules,
        ),
      ];
}

/** By prefix, what a neighbour must hold that is told several paths: those that may be told, as many as it wants, less its own. */
export function expectedPaths(
  prefixes: Prefixes,
  announcers: readonly Announcer[],
  to: NeighbourOptions,
  rules: MedRules,
  costs: Costs,
  own: OwnRoutes,
): Map<number, string[]> {
  const table = new Map<number, string[]>();
  for (const [prefix, each] of prefixes.all.entries()) {
    if ((to.toldFamilies & each.family) === 0) continue;
    // Told to one of its kind: to itself nothing of its own would be told.
    const ours = own.get(prefix);
    const others =
      ours === 'kept back' ? [] : ranked(candidatesFor(prefixes, announcers, prefix, costs), rules);
    const told = (ours === undefined || ours === 'kept back' ? others : [ours, ...others])
      .map((candidate) => ({ candidate, text: toldTo({ ...to }, candidate, each, rules.confederation) }))
      .filter(({ text }) => text !== undefined)
      .slice(0, to.mostTold === 0 ? undefined : to.mostTold)
      .filter(({ candidate }) => candidate.from !== to);
    table.set(prefix, told.map(({ text }) => text as string).sort());
  }
  return table;
}
