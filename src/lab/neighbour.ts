/**
 * A table as one neighbour tells it: the same prefixes for all neighbours, in the same attribute groups, but
 * with the neighbour's own AS first, other transit ASes, another length now and then, and the neighbour's
 * own habits of communities and MED. The same options give the same routes, bit by bit.
 */
import { Random } from '../base/random.ts';
import { parseIpv4, parseIpv6 } from './addresses.ts';
import { ByteSink, sharedWords } from './arrays.ts';
import { type AttributeValues, writeAttributes } from './attributes.ts';
import { transitPath } from './autonomous-systems.ts';
import {
  COMMUNITIES_FEW,
  COMMUNITIES_MANY,
  COMMUNITY_STYLES,
  drawRank,
  MED_STYLES,
  MED_VALUES,
} from './distributions.ts';
import type { InternetTable } from './internet.ts';
import type { Routes } from './routes.ts';

export interface NeighbourOptions {
  readonly neighborAs: number;
  /** IPv4 next hop, as a dotted quad. */
  readonly nextHop: string;
  /** IPv6 next hop as text; without it an IPv4-mapped one of `nextHop`. */
  readonly nextHop6?: string;
  readonly seed: number;
  /** Without these the habits are drawn by the seed, as often as real neighbours have them. */
  readonly communities?: 'none' | 'few' | 'many';
  readonly med?: 'none' | 'constant' | 'varied';
  /** For an iBGP neighbour: its LOCAL_PREF; its own AS does not stand in front then. */
  readonly localPref?: number;
}

const COMMUNITY_STYLE_NAMES = ['none', 'few', 'many'] as const;
const MED_STYLE_NAMES = ['none', 'constant', 'varied'] as const;
/** A neighbour tells another number of transit ASes than the typical path has: one less, or one more. */
const SHORTER = 0.15;
const LONGER = 0.2;
/** Different communities that a neighbour with many has of its own, and those of others that it passes on. */
const OWN_COMMUNITIES = 90;
const FOREIGN_COMMUNITIES = 500;
const OWN_SHARE = 0.85;

interface Habits {
  readonly communities: 'none' | 'few' | 'many';
  readonly med: 'none' | 'constant' | 'varied';
  readonly constantMed: number;
  readonly constantCommunities: number;
}

export function routesFor(table: InternetTable, options: NeighbourOptions): Routes {
  const random = new Random((Math.imul(options.seed, 0x9e3779b1) ^ options.neighborAs ^ table.seed) >>> 0);
  const habits: Habits = {
    communities: options.communities ?? COMMUNITY_STYLE_NAMES[COMMUNITY_STYLES.draw(random)] ?? 'none',
    med: options.med ?? MED_STYLE_NAMES[MED_STYLES.draw(random)] ?? 'none',
    constantMed: 1 + random.below(100),
    constantCommunities: random.below(1000),
  };
  const view = random.u32();
  const { sets } = table;
  const start = sharedWords(sets.count + 1);
  const bytes = new ByteSink(sets.count * 64 + 64);
  const nextHop = parseIpv4(options.nextHop);
  const values: AttributeValues = {
    origin: 0,
    path: [],
    inAsSet: 0,
    nextHop: undefined,
    med: undefined,
    localPref: options.localPref,
    atomic: false,
    aggregator: 0,
    aggregatorAddress: nextHop,
    communities: [],
  };
  for (let set = 0; set < sets.count; set++) {
    neighbourPath(random, table, set, view, options, values.path);
    values.origin = sets.origin[set] as number;
    values.inAsSet = sets.inAsSet[set] as number;
    values.nextHop = set < sets.v4Count ? nextHop : undefined;
    values.med = medOf(random, habits);
    values.atomic = sets.atomic[set] === 1;
    values.aggregator = sets.aggregator[set] as number;
    communitiesOf(random, table, habits, options.neighborAs, values.communities);
    writeAttributes(bytes, values);
    start[set + 1] = bytes.length;
  }
  return {
    v4: table.v4,
    v6: table.v6,
    sets: { count: sets.count, start, bytes: bytes.finish() },
    nextHop6: parseIpv6(options.nextHop6 ?? `::ffff:${options.nextHop}`),
  };
}

/** The neighbour's own AS, transit of its own choice, and the end of the path that all see alike. */
function neighbourPath(
  random: Random,
  table: InternetTable,
  set: number,
  view: number,
  options: NeighbourOptions,
  path: number[],
): void {
  const { sets, transit } = table;
  const from = sets.pathStart[set] as number;
  const to = sets.pathStart[set + 1] as number;
  const tailFrom = to - (sets.tail[set] as number);
  const drawn = random.float();
  const change = drawn < SHORTER ? -1 : drawn > 1 - LONGER ? 1 : 0;
  const origin = sets.path[to - 1] as number;
  transitPath(
    random,
    transit,
    view,
    Math.max(0, tailFrom - from + change),
    [origin, options.neighborAs],
    path,
  );
  if (options.localPref === undefined) path.unshift(options.neighborAs);
  for (let i = tailFrom; i < to; i++) path.push(sets.path[i] as number);
}

function medOf(random: Random, habits: Habits): number | undefined {
  if (habits.med === 'none') return undefined;
  return habits.med === 'constant' ? habits.constantMed : drawRank(random, MED_VALUES, 4) * 10;
}

function communitiesOf(
  random: Random,
  table: InternetTable,
  habits: Habits,
  neighborAs: number,
  communities: number[],
): void {
  communities.length = 0;
  if (habits.communities === 'none') return;
  const own = ((neighborAs & 0xffff) << 16) >>> 0;
  if (habits.communities === 'few') {
    for (let i = COMMUNITIES_FEW.draw(random); i > 0; i--)
      communities.push(own + habits.constantCommunities + i);
    return;
  }
  for (let wanted = COMMUNITIES_MANY.draw(random); communities.length < wanted; ) {
    const community = random.chance(OWN_SHARE)
      ? own + 1000 + drawRank(random, OWN_COMMUNITIES, 4)
      : foreignCommunity(random, table);
    if (!communities.includes(community)) communities.push(community);
  }
  communities.sort((a, b) => a - b);
}

function foreignCommunity(random: Random, table: InternetTable): number {
  const rank = drawRank(random, FOREIGN_COMMUNITIES, 20);
  const as = (table.transit[rank % table.transit.length] as number) & 0xffff;
  return ((as << 16) >>> 0) + 100 + rank;
}
