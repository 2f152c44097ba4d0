/** Histories at the edge of the AS: neighbours to whom we are another AS (RFC 7705), and who share a network with us (RFC 4271 5.1.3). */
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import type { SharedSubnets } from '../../src/bgp/neighbour-rules.ts';
import type { SessionConfiguration } from '../../src/blade/messages.ts';
import { CONFEDERATION } from './members.ts';
import { LOCAL_AS, type NeighbourOptions, type SimulationOptions } from './options.ts';
import { randomFor } from './randomness.ts';
import type { Route } from './route.ts';

/** The AS that some neighbours know us by. */
const OTHER_AS = 30_000;

export interface OtherAs {
  readonly as: number;
  /** The router's own AS is behind it in what the neighbour is told. */
  readonly behind: boolean;
  /** It is in front of what the neighbour tells. */
  readonly prepends: boolean;
}

/** Octets of next hops on a network that we and the neighbour have in common. */
export type SharedHops = readonly (readonly number[])[];

/** The same with both, for many neighbours outside; without policies, which would prepend an AS of their own. */
export function withEdges(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0x7705);
  const [guised, near] = [random.pick([0, 0.4, 0.8]), random.pick([0, 0.4, 0.8])];
  const neighbours = options.neighbours.map((each): NeighbourOptions => {
    if (!each.external) return each;
    const otherAs = { as: OTHER_AS, behind: random.chance(0.5), prepends: random.chance(0.5) };
    const sharedHops = random.chance(0.5)
      ? [
          [203, 0, 113],
          [0x20, 1],
        ]
      : [[203, 0, 113, 77]];
    const isGuised = random.chance(guised);
    return {
      ...each,
      ...(isGuised ? { otherAs, importPolicy: undefined, exportPolicy: undefined } : {}),
      ...(random.chance(near) ? { sharedHops } : {}),
    };
  });
  return { ...options, neighbours };
}

export function asesOf(
  { otherAs, external }: NeighbourOptions,
  confederation: boolean,
): Pick<SessionConfiguration, 'localAs' | 'routerAs' | 'behindAs' | 'prependAs' | 'confederation'> {
  const seen = confederation && external ? CONFEDERATION : LOCAL_AS;
  const all = { routerAs: LOCAL_AS, ...(confederation ? { confederation: CONFEDERATION } : {}) };
  if (otherAs === undefined) return { localAs: seen, ...all };
  return {
    localAs: otherAs.as,
    ...all,
    ...(otherAs.behind ? { behindAs: seen } : {}),
    ...(otherAs.prepends ? { prependAs: otherAs.as } : {}),
  };
}

export function sharedOf({ sharedHops, address }: NeighbourOptions): { readonly shared?: SharedSubnets } {
  if (sharedHops === undefined) return {};
  const ipv4 = address[2] === 0xffff;
  const words = ipv4 ? address.slice(3) : address;
  const octets = words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255));
  const subnets = sharedHops.map((start) => {
    const bytes = new Uint8Array(start[0] === 203 ? 4 : 16);
    bytes.set(start);
    return { bytes, length: 8 * start.length };
  });
  return { shared: { subnets, neighbor: Uint8Array.from(octets) } };
}

/** The judge's view: does the neighbour get the next hop as it is? */
export function isShared({ sharedHops, external }: NeighbourOptions, route: Route, family: number): boolean {
  const hop = family === FAMILY_IPV4 ? route.nextHop4 : route.nextHop6;
  const within = (start: readonly number[]): boolean => start.every((octet, i) => hop[i] === octet);
  return external && sharedHops?.some(within) === true;
}

/** What is kept of a route that the neighbour told. */
export function behindOther({ otherAs }: NeighbourOptions, route: Route): Route {
  return otherAs?.prepends ? { ...route, path: [otherAs.as, ...route.path] } : route;
}

/** Our ASes in front of what the neighbour is told. */
export function ourAses({ otherAs }: NeighbourOptions, confederation: boolean): number[] {
  const own = confederation ? CONFEDERATION : LOCAL_AS;
  if (otherAs === undefined) return [own];
  return otherAs.behind ? [otherAs.as, own] : [otherAs.as];
}
