/**
 * Histories in a confederation (RFC 5065): this router's AS is one member of it, some neighbours are in other members, and those outside
 * see one AS. Without policies, whose prepending would be judged by other rules.
 */
import type { Random } from '../../src/base/random.ts';
import { LOCAL_AS, type NeighbourOptions, NO_RULES, type SimulationOptions } from './options.ts';
import { randomFor } from './randomness.ts';
import type { Route } from './route.ts';

/** What those outside see. */
export const CONFEDERATION = 64_990;
/** Other members; the last one has no neighbour of ours in it. */
const MEMBERS = [64_991, 64_991, 64_992] as const;
const FAR_MEMBER = 64_993;

export function withMembers(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0x5065);
  const part = random.pick([0.2, 0.5, 0.8]);
  const neighbours = options.neighbours.map((each): NeighbourOptions => {
    const as = random.pick(MEMBERS);
    const isMember = random.chance(part);
    return {
      ...each,
      ...(isMember ? { ...NO_RULES, as, external: false, member: true } : {}),
      importPolicy: undefined,
      exportPolicy: undefined,
    };
  });
  return { ...options, neighbours, policies: false, confederation: true };
}

/** In our own member AS. */
export const isInside = ({ external, member }: NeighbourOptions): boolean => !external && member !== true;

/** What a neighbour says of members in front of AS_PATH, and now and then of us where that is a loop. */
export function amongMembers(random: Random, route: Route, from: NeighbourOptions): Route {
  const path = random.chance(0.04) ? [...route.path, CONFEDERATION] : route.path;
  if (from.external) return { ...route, path };
  const head = from.member ? [from.as] : [];
  const confed = random.pick([head, head, [...head, FAR_MEMBER], [...head, 64_992]]);
  if (random.chance(0.04)) return { ...route, path, confed: [...confed, LOCAL_AS] };
  // A member has to say so.
  return { ...route, path, confed: random.chance(0.04) ? [] : confed };
}
