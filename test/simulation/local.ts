/**
 * Routes of the router itself in the simulation: what of them is configured, chosen by a seed, as blades are given it; and beside that,
 * written apart, what they come to (RFC 4271 9.2.2.2). Aggregates of all lengths stand in one another, and in places that neighbours and
 * static routes have too.
 */
import type { Random } from '../../src/base/random.ts';
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import { originatedSet } from '../../src/bgp/originated-set.ts';
import type { LocalDefinition } from '../../src/rib/own-source.ts';
import { LOCAL_AS, LOCAL_ID, type NeighbourOptions } from './options.ts';
import type { Prefixes, SimulatedPrefix } from './prefixes.ts';
import type { Candidate } from './reference.ts';
import type { Route } from './route.ts';

interface Said {
  readonly prefix: number;
  readonly med: number | undefined;
  readonly localPref: number | undefined;
  readonly communities: readonly number[];
  /** Of an aggregate, undefined: the worst one of those within. */
  readonly origin: number | undefined;
}

export interface LocalOptions {
  readonly routes: readonly Said[];
  readonly aggregates: readonly (Said & { readonly summaryOnly: boolean })[];
}

export const NO_LOCAL: LocalOptions = { routes: [], aggregates: [] };

/** Prefixes that no neighbour announces: what holds theirs, and one that holds none. */
export const LOCAL_PREFIXES4 = [
  [5, 0],
  [7, 2],
  [6, 4],
  [4, 16],
  [24, 224, 1, 0],
] as const;
export const LOCAL_PREFIXES6 = [
  [3, 0x20],
  [15, 0x20, 2],
  [14, 0x20, 4],
  [48, 0x3f, 0xff, 0, 0, 0, 1],
] as const;

/** 65000:1 is asked about by policies; NO_EXPORT is said to those who are told. */
const COMMUNITIES = [
  [],
  [],
  [((LOCAL_AS << 16) | 1) >>> 0],
  [((LOCAL_AS << 16) | 5) >>> 0],
  [0xffffff01],
] as const;

export function pickLocal(random: Random, { all }: Prefixes): LocalOptions {
  const [some, most] = [random.pick([0, 0.1, 0.3]), random.pick([0, 0.3, 0.7])];
  const said = (prefix: number): Said => ({
    prefix,
    med: random.pick([undefined, 7]),
    localPref: random.pick([undefined, 150]),
    communities: random.pick(COMMUNITIES),
    origin: random.pick([0, 0, 2]),
  });
  const within = (outer: number): boolean => all.some((_, inner) => isWithin(all, inner, outer));
  const indexes = all.map((_, index) => index);
  return {
    routes: indexes.filter(() => random.chance(some)).map(said),
    aggregates: indexes
      .filter((index) => within(index) && random.chance(most))
      .map((index) => ({
        ...said(index),
        origin: random.pick([undefined, undefined, 1]),
        summaryOnly: random.chance(0.4),
      })),
  };
}

/** As blades are given it. */
export function definitionOf({ routes, aggregates }: LocalOptions, { all }: Prefixes): LocalDefinition {
  if (routes.length + aggregates.length === 0) return { key: '', routes: [], aggregates: [] };
  const place = (
    index: number,
  ): { words: [number, number, number, number]; length: number; ipv6: boolean } => {
    const { family, nlri } = all[index] as SimulatedPrefix;
    const view = new DataView(Uint8Array.from({ length: 16 }, (_, i) => nlri[i + 1] ?? 0).buffer);
    const [a, b, c, d] = [0, 4, 8, 12].map((at) => view.getUint32(at)) as [number, number, number, number];
    return { words: [a, b, c, d], length: nlri[0] as number, ipv6: family !== FAMILY_IPV4 };
  };
  const set = (
    { prefix, med, localPref, communities }: Said,
    origin: number,
    aggregate: boolean,
  ): Uint8Array =>
    originatedSet(place(prefix).ipv6, {
      med,
      localPref,
      communities: [...communities],
      origin,
      ...(aggregate ? { aggregator: { as: LOCAL_AS, id: LOCAL_ID } } : {}),
    });
  return {
    key: JSON.stringify([routes, aggregates]),
    routes: routes.map((said) => ({ ...place(said.prefix), set: set(said, said.origin ?? 0, false) })),
    aggregates: aggregates.map((said) => ({
      ...place(said.prefix),
      sets: [
        set(said, said.origin ?? 0, true),
        set(said, said.origin ?? 1, true),
        set(said, said.origin ?? 2, true),
      ],
      summaryOnly: said.summaryOnly,
    })),
  };
}

/** More specific than the other one. */
function isWithin(all: readonly SimulatedPrefix[], inner: number, outer: number): boolean {
  const [one, other] = [all[inner], all[outer]] as [SimulatedPrefix, SimulatedPrefix];
  const length = other.nlri[0] as number;
  if (one.family !== other.family || (one.nlri[0] as number) <= length) return false;
  return bits(one).slice(0, length) === bits(other).slice(0, length);
}

const bits = ({ nlri: [, ...octets] }: SimulatedPrefix): string =>
  octets.map((octet) => octet.toString(2).padStart(8, '0')).join('');

/** Who "tells" them: nobody that a policy asks about, and nothing is reflected. */
const SELF = { index: -1, as: LOCAL_AS, external: true, client: false } as NeighbourOptions;

export const isOwn = ({ from }: Candidate): boolean => from === SELF;

function candidate({ med, localPref, communities, origin = 0 }: Said, aggregate: boolean): Candidate {
  const route: Route = {
    origin,
    path: [],
    set: [],
    nextHop4: [0, 0, 0, 0],
    nextHop6: new Array<number>(16).fill(0),
    med,
    localPref,
    communities,
    clusters: [],
    aggregate,
  };
  return { cost: 0, path: 0, from: SELF, route };
}

/** By prefix, the route of the router itself; 'kept back': nothing is told, as an aggregate stands for it. */
export function localRoutes(
  { routes, aggregates }: LocalOptions,
  { all }: Prefixes,
  bestOfNeighbours: (prefix: number) => Candidate | undefined,
): Map<number, Candidate | 'kept back'> {
  const own = new Map<number, Candidate | 'kept back'>();
  if (routes.length + aggregates.length === 0) return own;
  for (const said of routes) own.set(said.prefix, candidate(said, false));
  const origins = all.map((_, index) => {
    const best = (own.get(index) as Candidate | undefined) ?? bestOfNeighbours(index);
    return best?.route.origin;
  });
  for (const { prefix, summaryOnly } of aggregates)
    if (summaryOnly)
      for (const [inner, origin] of origins.entries())
        if (origin !== undefined && isWithin(all, inner, prefix)) own.set(inner, 'kept back');
  const statics = new Set(routes.map(({ prefix }) => prefix));
  for (const said of aggregates) {
    const within = origins.filter(
      (origin, inner) => origin !== undefined && isWithin(all, inner, said.prefix),
    );
    if (within.length === 0 || statics.has(said.prefix)) continue;
    own.set(
      said.prefix,
      candidate({ ...said, origin: said.origin ?? Math.max(...(within as number[])) }, true),
    );
  }
  return own;
}
