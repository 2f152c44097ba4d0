/**
 * What a real table looks like, as small constants, and how to draw from them.
 *
 * Measured on real files, by counting:
 * - DFZ: the Internet table of January 2024 (893,045 IPv4 and 154,063 IPv6 prefixes, with paths).
 * - FULL: a full IPv4 table as one peer sent it in October 2015 (577,706 prefixes, 89,480 attribute sets, 6.46
 *   routes a set). Its paths begin behind the peer's own AS.
 * - PEERS: the 30 full peers of a route collector in May 2014 (9,072 prefixes each).
 */
import type { Random } from '../base/random.ts';

/** Weighted values, drawn by binary search in the sums. */
export class Mix {
  readonly values: readonly number[];
  readonly #sums: Float64Array;

  constructor(weights: readonly (readonly [value: number, weight: number])[]) {
    this.values = weights.map(([value]) => value);
    this.#sums = new Float64Array(weights.length);
    let sum = 0;
    for (const [i, [, weight]] of weights.entries()) this.#sums[i] = sum += weight;
  }

  draw(random: Random): number {
    const sums = this.#sums;
    const at = random.float() * (sums[sums.length - 1] as number);
    let low = 0;
    for (let high = sums.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return this.values[low] as number;
  }
}

/** Classes of sizes, each from behind the last one's limit up to its own; log-uniform within a class. */
export class LongTail {
  readonly #classes: Mix;
  readonly #limits: readonly number[];

  constructor(weights: readonly (readonly [limit: number, weight: number])[]) {
    this.#limits = weights.map(([limit]) => limit);
    this.#classes = new Mix(weights.map(([, weight], i) => [i, weight]));
  }

  draw(random: Random): number {
    const at = this.#classes.draw(random);
    const from = at === 0 ? 1 : (this.#limits[at - 1] as number) + 1;
    const to = this.#limits[at] as number;
    return Math.floor(from * ((to + 1) / from) ** random.float());
  }
}

/** IPv4 prefix lengths, per 10,000 (DFZ). */
export const LENGTHS_V4 = new Mix([
  [8, 0.2],
  [9, 0.1],
  [10, 0.4],
  [11, 1.1],
  [12, 3.3],
  [13, 6.5],
  [14, 13.4],
  [15, 23.4],
  [16, 150.8],
  [17, 91.8],
  [18, 153.9],
  [19, 277.2],
  [20, 475.5],
  [21, 564.6],
  [22, 1205.8],
  [23, 1067],
  [24, 5954.2],
  [25, 0.2],
  [28, 0.3],
  [29, 0.2],
  [32, 9.9],
]);

/** IPv6 prefix lengths, per 10,000 (DFZ), up to /64; the 0.06 % that are longer are left out. */
export const LENGTHS_V6 = new Mix([
  [20, 1],
  [24, 1.9],
  [28, 12.3],
  [29, 270.7],
  [30, 41.6],
  [31, 18.1],
  [32, 1413.1],
  [33, 185.2],
  [34, 160.9],
  [35, 65.2],
  [36, 371.6],
  [37, 54.8],
  [38, 102.2],
  [39, 80],
  [40, 837.3],
  [41, 56.8],
  [42, 148.3],
  [43, 64.5],
  [44, 911.3],
  [45, 98.6],
  [46, 193.7],
  [47, 186.2],
  [48, 4699.8],
  [56, 1.5],
  [58, 1.3],
  [64, 11.6],
]);

/** Routes per attribute set, IPv4 (FULL): half of the sets have one route, half of the routes are in 3 % of the sets. */
export const ROUTES_PER_SET_V4 = new LongTail([
  [1, 4957],
  [2, 1580],
  [4, 1325],
  [8, 941],
  [16, 583],
  [32, 320],
  [64, 165],
  [128, 73],
  [256, 33],
  [512, 13.4],
  [1024, 6.7],
  [2048, 1.8],
  [2616, 0.2],
]);

/** The same for IPv6 (DFZ, by AS path: 5.25 on average). */
export const ROUTES_PER_SET_V6 = new LongTail([
  [1, 6797],
  [2, 1022],
  [4, 1014],
  [8, 592],
  [16, 291],
  [32, 141],
  [64, 62],
  [128, 36],
  [256, 20],
  [512, 12.6],
  [1024, 5.5],
  [2048, 5.1],
  [4036, 1.7],
]);

/** Attribute sets per origin AS (FULL): 1.73 on average, at most 483. */
export const SETS_PER_ORIGIN = new LongTail([
  [1, 7400],
  [2, 1500],
  [3, 500],
  [4, 200],
  [9, 290],
  [29, 95],
  [483, 8],
]);

/** Sets with more routes than this are the "large" ones below; they have shorter paths. */
export const LARGE_SET = 8;

/** Different ASes in the path behind the neighbour's own, per 1,000 sets (FULL). */
export const PATH_ASES_SMALL = new Mix([
  [1, 58],
  [2, 408],
  [3, 380],
  [4, 121],
  [5, 28],
  [6, 4],
  [7, 1],
]);
export const PATH_ASES_LARGE = new Mix([
  [1, 154],
  [2, 397],
  [3, 321],
  [4, 102],
  [5, 22],
  [6, 3],
  [7, 1],
]);

/** ASes that stand there again (prepending), per 1,000 sets (FULL); the origin does seven of ten of it. */
export const PREPENDS_SMALL = new Mix([
  [0, 865],
  [1, 56.2],
  [2, 26.4],
  [3, 20.8],
  [4, 11.5],
  [5, 8.1],
  [6, 3.6],
  [7, 2],
  [8, 1.5],
  [9, 1],
  [10, 2.3],
  [11, 0.4],
  [15, 0.9],
]);
export const PREPENDS_LARGE = new Mix([
  [0, 894.6],
  [1, 54.4],
  [2, 19.9],
  [3, 12.5],
  [4, 7.7],
  [5, 4.5],
  [6, 1.6],
  [8, 1.1],
  [10, 2.4],
  [15, 0.9],
  [30, 0.3],
  [40, 0.2],
]);
export const PREPENDED_BY_ORIGIN = 0.72;

/** ORIGIN IGP, EGP, INCOMPLETE per 1,000 sets (FULL). */
export const ORIGIN_SMALL = new Mix([
  [0, 933],
  [1, 2],
  [2, 65],
]);
export const ORIGIN_LARGE = new Mix([
  [0, 899],
  [1, 3],
  [2, 98],
]);

/** Share of the sets (FULL). ATOMIC_AGGREGATE hardly comes without AGGREGATOR. */
export const AGGREGATOR_SHARE = 0.135;
export const ATOMIC_SHARE_OF_AGGREGATED = 0.62;
export const AS_SET_SHARE = 0.0015;
export const FOUR_OCTET_ORIGIN_SHARE = 0.17;

/**
 * Communities of a set, per 1,000 (PEERS): by what the neighbour does. 14 of the 30 pass none on, 6 set one
 * or two of their own, 10 pass on many; the rich ones together know 79 to 1,626 different ones.
 */
export const COMMUNITY_STYLES = new Mix([
  [0, 14],
  [1, 6],
  [2, 10],
]);
export const COMMUNITIES_FEW = new Mix([
  [1, 723],
  [2, 235],
  [5, 42],
]);
export const COMMUNITIES_MANY = new Mix([
  [0, 36],
  [1, 5],
  [2, 115],
  [3, 64],
  [4, 79],
  [5, 313],
  [6, 139],
  [7, 79],
  [8, 23],
  [9, 35],
  [10, 62],
  [11, 13],
  [12, 8],
  [13, 9],
  [14, 7],
  [15, 3],
  [16, 2],
  [18, 2],
  [32, 3],
]);

/** MULTI_EXIT_DISC (PEERS): 20 of 30 send none or 0, 5 one value, 5 about 7 to 48 values. */
export const MED_STYLES = new Mix([
  [0, 20],
  [1, 5],
  [2, 5],
]);
export const MED_VALUES = 30;

/** The first 16 bits of IPv6 prefixes (DFZ, grouped by the registries' blocks), per 10,000. */
export const BLOCKS_V6 = new Mix([
  [0x2400, 3267],
  [0x2a00, 2143],
  [0x2800, 1783],
  [0x2600, 1435],
  [0x2001, 1280],
  [0x2c00, 92],
]);

/**
 * A rank from 0 to count - 1 with the few first ones much more often: P(rank) ~ 1 / (rank + flat).
 * With flat 3 the first AS before the origin has 3.8 % of the sets as in FULL (3.4 %), with 0.3 the first AS of
 * the path 16 % (18.7 %).
 */
export function drawRank(random: Random, count: number, flat: number): number {
  return Math.min(count - 1, Math.floor(flat * ((count + flat) / flat) ** random.float() - flat));
}
