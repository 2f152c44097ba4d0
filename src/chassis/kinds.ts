/** Kinds of neighbours, as far as the configuration says it: those that are told the same. A blade that tells one tells all of its kind at once. */
import type { NeighborConfiguration } from '../config/configuration.ts';

/** What decides what a neighbour is told, and how it is written. */
const TELLING = [
  ...['exportPolicy', 'families', 'external', 'nextHopSelf', 'nextHopIpv4', 'nextHopIpv6', 'localAddress'],
  ...['routeReflectorClient', 'routeServerClient', 'localRole', 'asOverride', 'removePrivateAs', 'localAs'],
  ...['gracefulShutdown', 'passBlackhole', 'addPathSend', 'addPathMost', 'bestExternal', 'evaluate'],
  ...['advertisementInterval', 'extendedMessages', 'extendedNextHop', 'originate', 'defaultOriginate'],
  ...['tellStale', 'sharedSubnets'],
] as readonly (keyof NeighborConfiguration)[];

export type Neighbor = Pick<NeighborConfiguration, 'export'> & Partial<NeighborConfiguration>;

const kinds = new WeakMap<Neighbor, string>();

/** The neighbour's kind; undefined: it is told nothing. */
export function kindOf(neighbor: Neighbor): string | undefined {
  if (neighbor.export === 'reject') return undefined;
  let kind = kinds.get(neighbor);
  if (kind === undefined)
    kinds.set(
      neighbor,
      (kind = JSON.stringify([...TELLING.map((key) => neighbor[key] ?? null), ...who(neighbor)])),
    );
  return kind;
}

/** Who it is, where that decides what it is told: of whom it may hear, its own subnets, its own AS in paths. */
function who({
  address,
  as,
  evaluate,
  sharedSubnets = [],
  asOverride,
  removePrivateAs,
}: Neighbor): unknown[] {
  const isAlone = evaluate === 'all' || sharedSubnets.length > 0;
  const isByAs = asOverride === true || removePrivateAs !== undefined;
  return [isAlone ? address : null, isByAs ? as : null];
}
