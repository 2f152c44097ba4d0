/**
 * An Internet-like table from a seed: which prefixes there are, and which share their attributes.
 *
 * The table says what is the same whoever tells it: prefixes, their grouping into attribute sets, origin
 * AS, prepending, aggregation, a typical path. `routesFor` (neighbour.ts) then tells it as one neighbour would.
 * Shapes are those of real tables (distributions.ts). The same options give the same table, bit by bit.
 * A million prefixes take about a second and 9 (IPv4) or 21 (IPv6) bytes each, the sets about 40 bytes each.
 */
import { Random } from '../base/random.ts';
import { sharedBytes, sharedWords, WordSink } from './arrays.ts';
import { AutonomousSystems, transitPath } from './autonomous-systems.ts';
import {
  AGGREGATOR_SHARE,
  AS_SET_SHARE,
  ATOMIC_SHARE_OF_AGGREGATED,
  LARGE_SET,
  type LongTail,
  ORIGIN_LARGE,
  ORIGIN_SMALL,
  PATH_ASES_LARGE,
  PATH_ASES_SMALL,
  PREPENDED_BY_ORIGIN,
  PREPENDS_LARGE,
  PREPENDS_SMALL,
  ROUTES_PER_SET_V4,
  ROUTES_PER_SET_V6,
  SETS_PER_ORIGIN,
} from './distributions.ts';
import { PrefixIndex } from './prefix-index.ts';
import { addPrefix4, addPrefix6, block6 } from './prefixes.ts';
import { newPrefixColumns, type PrefixColumns } from './routes.ts';

export interface TableOptions {
  readonly seed: number;
  /** Prefixes of each family. */
  readonly ipv4?: number;
  readonly ipv6?: number;
}

/** What all neighbours agree on about an attribute set; columns by set number. */
export interface InternetSets {
  readonly count: number;
  /** Sets of IPv4 routes are 0 .. v4Count - 1, those of IPv6 the rest. */
  readonly v4Count: number;
  /** path[pathStart[set]] .. path[pathStart[set + 1] - 1]: a typical path, without a neighbour's own AS. */
  readonly pathStart: Uint32Array;
  readonly path: Uint32Array;
  /** How many ASes at the end of the path all neighbours see: the origin, with its prepending. */
  readonly tail: Uint8Array;
  /** ASes at the end of the path that stand in an AS_SET (mostly 0). */
  readonly inAsSet: Uint8Array;
  /** ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE. */
  readonly origin: Uint8Array;
  /** AS of the AGGREGATOR, 0 for none. */
  readonly aggregator: Uint32Array;
  readonly atomic: Uint8Array;
}

export interface InternetTable {
  readonly seed: number;
  readonly v4: PrefixColumns;
  readonly v6: PrefixColumns;
  readonly sets: InternetSets;
  /** Transit ASes, the largest first. */
  readonly transit: Uint32Array;
}

/** An origin AS while its sets are made: it keeps a block of addresses, near which its prefixes lie. */
interface Origin {
  as: number;
  base: number;
  setsLeft: number;
}

export function generateTable(options: TableOptions): InternetTable {
  const { seed, ipv4 = 0, ipv6 = 0 } = options;
  const random = new Random(seed);
  const sizes4 = setSizes(random, ROUTES_PER_SET_V4, ipv4);
  const sizes6 = setSizes(random, ROUTES_PER_SET_V6, ipv6);
  const systems = new AutonomousSystems(random, sizes4.length + sizes6.length);
  const origins: number[] = [];
  const owner4 = owners(
    random,
    sizes4.length,
    () => remember(origins, systems.fresh(random)),
    random.u32.bind(random),
  );
  // Whoever has IPv6 mostly has IPv4 too: 9 of 10 origins of IPv6 routes are known from there.
  const owner6 = owners(
    random,
    sizes6.length,
    () => (origins.length > 0 && random.chance(0.9) ? random.pick(origins) : systems.fresh(random)),
    () => block6(random),
  );
  const v4 = prefixes(1, ipv4, sizes4, owner4.base, 0, (index, base) => addPrefix4(index, random, base));
  const v6 = prefixes(4, ipv6, sizes6, owner6.base, sizes4.length, (index, base) =>
    addPrefix6(index, random, base),
  );
  const sets = attributeSets(
    random,
    systems,
    concat(sizes4, sizes6),
    concat(owner4.as, owner6.as),
    sizes4.length,
  );
  const transit = sharedWords(systems.transit.length);
  transit.set(systems.transit);
  return { seed, v4, v6, sets, transit };
}

function remember(list: number[], value: number): number {
  list.push(value);
  return value;
}

function concat(a: Uint32Array, b: Uint32Array): Uint32Array {
  const all = new Uint32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** Routes of each set, for `routes` routes in all; a small table has no set of more than a 200th of it. */
function setSizes(random: Random, tail: LongTail, routes: number): Uint32Array {
  const sizes = new WordSink();
  const limit = Math.max(32, Math.floor(routes / 200));
  for (let left = routes; left > 0; ) {
    const size = Math.min(left, limit, tail.draw(random));
    sizes.push(size);
    left -= size;
  }
  return sizes.words.slice(0, sizes.length);
}

/** The origin AS of each set, and the address near which that origin's prefixes are. */
function owners(
  random: Random,
  sets: number,
  newAs: () => number,
  newBase: () => number,
): { as: Uint32Array; base: Uint32Array } {
  const as = new Uint32Array(sets);
  const base = new Uint32Array(sets);
  const origin: Origin = { as: 0, base: 0, setsLeft: 0 };
  for (let set = 0; set < sets; set++) {
    if (origin.setsLeft-- === 0) {
      origin.as = newAs();
      origin.base = newBase();
      origin.setsLeft = SETS_PER_ORIGIN.draw(random) - 1;
    }
    as[set] = origin.as;
    base[set] = origin.base;
  }
  return { as, base };
}

function prefixes(
  words: 1 | 4,
  count: number,
  sizes: Uint32Array,
  bases: Uint32Array,
  firstSet: number,
  add: (index: PrefixIndex, base: number) => void,
): PrefixColumns {
  const columns = newPrefixColumns(words, count);
  const index = new PrefixIndex(words, count + 1);
  for (let set = 0; set < sizes.length; set++) {
    for (let i = sizes[set] as number; i > 0; i--) {
      columns.set[index.count] = firstSet + set;
      add(index, bases[set] as number);
    }
  }
  columns.address.set(index.address.subarray(0, count * words));
  columns.length.set(index.length.subarray(0, count));
  return columns;
}

function attributeSets(
  random: Random,
  systems: AutonomousSystems,
  sizes: Uint32Array,
  owner: Uint32Array,
  v4Count: number,
): InternetSets {
  const count = sizes.length;
  const pathStart = sharedWords(count + 1);
  const path = new WordSink(count * 4 + 16);
  const [tail, inAsSet, origin, atomic] = [1, 2, 3, 4].map(() => sharedBytes(count)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const aggregator = sharedWords(count);
  const front: number[] = [];
  for (let set = 0; set < count; set++) {
    const large = (sizes[set] as number) > LARGE_SET;
    const as = owner[set] as number;
    const ases = (large ? PATH_ASES_LARGE : PATH_ASES_SMALL).draw(random);
    const prepends = (large ? PREPENDS_LARGE : PREPENDS_SMALL).draw(random);
    transitPath(random, systems.transit, 0, ases - 1, [as], front);
    const byOrigin = ases === 1 || random.chance(PREPENDED_BY_ORIGIN) ? prepends : 0;
    const byTransit = prepends - byOrigin;
    for (const [i, transit] of front.entries()) {
      for (let times = i === front.length - 1 ? 1 + byTransit : 1; times > 0; times--) path.push(transit);
    }
    for (let times = 1 + byOrigin; times > 0; times--) path.push(as);
    tail[set] = 1 + byOrigin;
    inAsSet[set] = random.chance(AS_SET_SHARE) && ases > 1 && prepends === 0 ? 1 : 0;
    origin[set] = (large ? ORIGIN_LARGE : ORIGIN_SMALL).draw(random);
    if (random.chance(AGGREGATOR_SHARE)) {
      aggregator[set] = as;
      atomic[set] = random.chance(ATOMIC_SHARE_OF_AGGREGATED) ? 1 : 0;
    }
    pathStart[set + 1] = path.length;
  }
  return { count, v4Count, pathStart, path: path.finish(), tail, inAsSet, origin, aggregator, atomic };
}
