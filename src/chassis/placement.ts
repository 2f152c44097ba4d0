/**
 * Where neighbours are served at first: where the configuration says, where they were, or else where there are fewest. Those that are
 * told the same are kept together where others are told nothing, as far as they are no more than a blade's share: a blade that tells
 * somebody has to know and encode everything, for one as for ten, and one that tells nobody is not even told what it has no route of.
 */
import type { NeighborConfiguration } from '../config/configuration.ts';

export interface Placed {
  readonly neighbor: Pick<
    NeighborConfiguration,
    'export' | 'exportPolicy' | 'families' | 'external' | 'nextHopSelf' | 'routeReflectorClient'
  >;
  /** Where it is to be, or was; undefined: anywhere. */
  readonly wish: number | undefined;
}

/** The slot of each, of so many. */
export function placeAll(sessions: readonly Placed[], slots: number): number[] {
  const counts = new Array<number>(slots).fill(0);
  const share = Math.ceil(sessions.length / slots);
  const kinds = sessions.map(({ neighbor }) => kindOf(neighbor));
  const put = (slot: number): number => {
    counts[slot] = (counts[slot] as number) + 1;
    return slot;
  };
  const fewest = (): number => counts.indexOf(Math.min(...counts));
  const placed = sessions.map(({ wish }) => (wish !== undefined && wish < slots ? put(wish) : -1));
  if (kinds.includes(undefined))
    for (const kind of new Set(kinds)) {
      if (kind === undefined) continue;
      const alike = kinds.flatMap((each, at) => (each === kind ? [at] : []));
      if (alike.length > share) continue;
      const homes = alike.flatMap((at) => (placed[at] === -1 ? [] : [placed[at] as number]));
      const home = homes[0] ?? fewest();
      for (const at of alike) if (placed[at] === -1) placed[at] = put(home);
    }
  return placed.map((slot) => (slot >= 0 ? slot : put(fewest())));
}

/** What decides what a neighbour is told, as far as the configuration says it; undefined: nothing. */
function kindOf(neighbor: Placed['neighbor']): string | undefined {
  if (neighbor.export === 'reject') return undefined;
  const { exportPolicy, families, external, nextHopSelf, routeReflectorClient } = neighbor;
  return JSON.stringify([exportPolicy, families, external, nextHopSelf, routeReflectorClient]);
}
