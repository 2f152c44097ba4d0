/**
 * The autonomous systems of a generated Internet, and the AS paths between them.
 *
 *     first … transit … provider  origin (origin origin)
 *     \___ differ from neighbour to neighbour ___/  \_ as the origin prepends
 *
 * Numbers for private use, documentation and AS_TRANS are never made, so that tests can give those to
 * routers and neighbours without causing a loop.
 */
import type { Random } from '../base/random.ts';
import { drawRank, FOUR_OCTET_ORIGIN_SHARE } from './distributions.ts';

const AS_TRANS = 23456;
/** 64496 and up are documentation, private or reserved; so are 65552 to 131071. */
const TWO_OCTET_END = 64496;
const FOUR_OCTET_START = 131072;
/** Four-octet ASes that the registries have given out so far lie in about this range. */
const FOUR_OCTET_SPAN = 270_000;

/** First ASes are few (flat 0.3), providers many (flat 3): see drawRank. */
const FIRST_FLAT = 0.3;
const TRANSIT_FLAT = 3;

export class AutonomousSystems {
  /** Ordered by how much of the table they carry: the first few are the tier-1 networks. */
  readonly transit: Uint32Array;
  readonly #used = new Set<number>();

  /** FULL has 5,609 ASes before an origin among 89,480 sets: one in 16. */
  constructor(random: Random, sets: number) {
    this.transit = new Uint32Array(Math.max(32, Math.floor(sets / 16)));
    for (let i = 0; i < this.transit.length; i++) this.transit[i] = this.fresh(random, 0.05);
  }

  /** An AS number that nobody has yet. */
  fresh(random: Random, fourOctetShare = FOUR_OCTET_ORIGIN_SHARE): number {
    for (let attempt = 0; ; attempt++) {
      const long = random.chance(fourOctetShare) || attempt > 8;
      const span = long ? FOUR_OCTET_SPAN + this.#used.size : TWO_OCTET_END - 1;
      const as = long ? FOUR_OCTET_START + random.below(span) : 1 + random.below(span);
      if (as === AS_TRANS || this.#used.has(as)) continue;
      this.#used.add(as);
      return as;
    }
  }

  provider(random: Random): number {
    return this.transit[drawRank(random, this.transit.length, TRANSIT_FLAT)] as number;
  }
}

/**
 * Writes `count` different ASes of transit into `path` from 0 on: the first as `view` (a neighbour's own
 * order of the transit networks) prefers it, then others; none of them is `avoid`.
 */
export function transitPath(
  random: Random,
  transit: Uint32Array,
  view: number,
  count: number,
  avoid: readonly number[],
  path: number[],
): void {
  path.length = 0;
  while (path.length < count) {
    const rank = drawRank(random, transit.length, path.length === 0 ? FIRST_FLAT : TRANSIT_FLAT);
    // Each neighbour prefers other networks: the first 16 ranks are turned by its view.
    const turned = rank < 16 ? rank ^ (view & 15) : rank;
    const as = transit[turned] as number;
    if (!path.includes(as) && !avoid.includes(as)) path.push(as);
  }
}
