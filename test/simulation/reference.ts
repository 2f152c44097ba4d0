/**
 * What one router with one BGP process tells each neighbour, from what all of them announce: RFC 4271 9.1.2.2 by
 * elimination, step by step, on plain objects. Slow, obvious, and sharing nothing with src/rib: it is the judge.
 */
import { LOCAL_AS, LOCAL_ID, type NeighbourOptions } from './options.ts';
import type { Prefixes } from './prefixes.ts';
import { type Route, routeText } from './route.ts';

export interface Candidate {
  readonly route: Route;
  readonly from: NeighbourOptions;
}

/** What a neighbour that is up announces. */
export interface Announcer {
  readonly options: NeighbourOptions;
  readonly announcing: ReadonlyMap<number, Route>;
}

const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const LLGR_STALE = 0xffff0006;
const DEFAULT_LOCAL_PREF = 100;

const isStale = (route: Route): boolean => route.communities.includes(LLGR_STALE);

/** The feasible routes for a prefix. */
export function candidatesFor(
  prefixes: Prefixes,
  announcers: readonly Announcer[],
  prefix: number,
): Candidate[] {
  const family = prefixes.all[prefix]?.family ?? 0;
  return announcers
    .filter(({ options }) => options.importAccept && (options.families & family) !== 0)
    .flatMap(({ options, announcing }) => {
      const route = announcing.get(prefix);
      return route === undefined ? [] : [{ route, from: options }];
    })
    .filter(({ route }) => !route.path.includes(LOCAL_AS) && !route.set.includes(LOCAL_AS));
}

function least(candidates: readonly Candidate[], value: (candidate: Candidate) => number): Candidate[] {
  const lowest = Math.min(...candidates.map(value));
  return candidates.filter((candidate) => value(candidate) === lowest);
}

const med = ({ route }: Candidate): number => route.med ?? 0;
const neighbourAs = ({ route }: Candidate): number => route.path[0] ?? 0;

/** RFC 4271 9.1.2.2, RFC 4456 9. */
export function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  if (candidates.length === 0) return undefined;
  let left = least(candidates, ({ route }) => (isStale(route) ? 1 : 0)); // RFC 9494 4.3
  left = least(
    left,
    ({ route, from }) => -(from.external ? DEFAULT_LOCAL_PREF : (route.localPref ?? DEFAULT_LOCAL_PREF)),
  );
  left = least(left, ({ route }) => route.path.length + (route.set.length > 0 ? 1 : 0)); // a
  left = least(left, ({ route }) => route.origin); // b
  left = left.filter(
    (one) => !left.some((other) => neighbourAs(other) === neighbourAs(one) && med(other) < med(one)),
  ); // c
  left = least(left, ({ from }) => (from.external ? 0 : 1)); // d
  left = least(left, ({ route, from }) => (from.external ? from.bgpId : (route.originator ?? from.bgpId))); // f
  left = least(left, ({ route, from }) => (from.external ? 0 : route.clusters.length));
  for (let word = 0; word < 4; word++) left = least(left, ({ from }) => (from.address[word] as number) >>> 0); // g
  return left[0];
}

/** The routes that blades must show each other: the best, or, where MED counts, the best of each neighbour AS. */
export function advertisedOf(candidates: readonly Candidate[], medMarked: boolean): Candidate[] {
  if (!medMarked) {
    const best = bestOf(candidates);
    return best === undefined ? [] : [best];
  }
  const groups = new Set(candidates.map(neighbourAs));
  return [...groups].map((as) => bestOf(candidates.filter((each) => neighbourAs(each) === as)) as Candidate);
}

/** What a neighbour is told of a prefix, as text; undefined: nothing. */
export function toldTo(
  to: NeighbourOptions,
  best: Candidate | undefined,
  family: number,
): string | undefined {
  if (best === undefined || best.from === to || !to.exportAccept || (to.families & family) === 0)
    return undefined;
  const { route, from } = best;
  if (!from.external && !to.external) return undefined;
  if (route.communities.includes(NO_ADVERTISE)) return undefined;
  if (to.external && route.communities.includes(NO_EXPORT)) return undefined;
  const guarded = isStale(route) && to.longLived === 0; // RFC 9494 4.4, 4.6
  if (guarded && !to.tellStale) return undefined;
  const noExport = guarded && !route.communities.includes(NO_EXPORT) ? [NO_EXPORT] : [];
  const kept = to.external ? {} : { med: route.med, originator: undefined, clusters: [] };
  const own = to.external || to.nextHopSelf;
  return routeText(
    {
      origin: route.origin,
      path: to.external ? [LOCAL_AS, ...route.path] : route.path,
      set: route.set,
      nextHop4: own ? ownAddress4(to) : route.nextHop4,
      nextHop6: own ? octets(to.localAddress) : route.nextHop6,
      localPref: to.external ? undefined : guarded ? 0 : DEFAULT_LOCAL_PREF,
      communities: [...route.communities, ...noExport],
      clusters: [],
      ...kept,
    },
    family,
  );
}

/** Our end of the connection; of one over IPv6 our BGP Identifier stands in. */
function ownAddress4(to: NeighbourOptions): number[] {
  const words = to.localAddress;
  return words[2] === 0xffff ? octets([words[3] as number]) : octets([LOCAL_ID]);
}

function octets(words: readonly number[]): number[] {
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}

/** Everything that a neighbour must hold once all is quiet. */
export function expectedTable(
  prefixes: Prefixes,
  announcers: readonly Announcer[],
  to: NeighbourOptions,
): Map<number, string> {
  const table = new Map<number, string>();
  for (const [prefix, { family }] of prefixes.all.entries()) {
    const told = toldTo(to, bestOf(candidatesFor(prefixes, announcers, prefix)), family);
    if (told !== undefined) table.set(prefix, told);
  }
  return table;
}
