/**
 * How much memory is reserved, and the rules of how much can be: each kind of thing that blades share is one array, and
 * an array has 2^32 elements at most. Reserved memory costs nothing until it is used.
 */
import type { Draft } from './configuration.ts';
import { DEFAULT_PATHS } from './keys.ts';

type Complain = (path: string, message: string) => void;

/** Elements of an array at most, in the oldest Node.js that is supported. */
export const MOST_ELEMENTS = 2 ** 32;
/** Neighbours that there is room for at least, so that some can be added while it runs. */
const LEAST_NEIGHBOURS = 62;
/** Beyond so many only those that are configured, or that chassis.limits asks for: with rings for extended messages there can be few more. */
const MANY = 8000;
/** Blades that there can be at least, for the same reason. */
export const LEAST_BLADES = 16;
/** Different prefixes of each family at most, where chassis.limits does not say how many. */
export const DEFAULT_PREFIXES = { ipv4: 1 << 21, ipv6: 1 << 19 };
/** Octets of the least ring that an export fits in, and of one for extended messages (RFC 8654). A neighbour has two of each kind. */
const LEAST_RING = 1 << 16;
const EXTENDED_RING = 1 << 18;
/** Places that are nobody's, and those up to the next word of a bit set. */
const SPARE = 32;

/** Neighbours that there is room for: as many again as are configured may be added while it runs, where they are not many. */
export function roomFor(configured: number, limit: number | undefined): number {
  return Math.max(limit ?? Math.min(Math.max(LEAST_NEIGHBOURS, 2 * configured), MANY), configured);
}

export function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

export function checkRoom({ chassis, neighbors, neighborRanges }: Draft, complain: Complain): void {
  const { limits } = chassis;
  const listed = neighborRanges.length > 0 ? 'neighbor-ranges' : 'neighbors';
  const path = limits === undefined ? listed : 'chassis.limits';
  const configured = neighborRanges.reduce((sum, { limit = 0 }) => sum + limit, neighbors.length);
  const neighbours = roomFor(configured, limits?.sessions);
  const paths = limits?.paths ?? DEFAULT_PATHS;
  const prefixes =
    powerOfTwo(limits?.ipv4Prefixes ?? DEFAULT_PREFIXES.ipv4) +
    powerOfTwo(limits?.ipv6Prefixes ?? DEFAULT_PREFIXES.ipv6);
  const extended = [...neighbors, ...neighborRanges].some(({ extendedMessages }) => extendedMessages);
  const rings = MOST_ELEMENTS / 2 / (extended ? EXTENDED_RING : LEAST_RING) - SPARE;
  if (neighbours > rings) {
    const which = extended ? ' with "extended-messages"' : '';
    complain(path, `room for ${neighbours} neighbours is more than there can be${which}: ${rings}`);
  }
  // Columns, by 1024 prefixes: what each path of a neighbour is, and what neighbours were told.
  const columns = Math.floor((MOST_ELEMENTS * 1024) / prefixes / (3 * paths + 4)) - 4 * SPARE;
  if (neighbours <= rings && neighbours > columns) {
    complain(
      path,
      `room for ${neighbours} neighbours, each with ${paths} paths of ${prefixes} prefixes, cannot be reserved: ` +
        `with as many paths and prefixes there can be ${Math.max(0, columns)} neighbours`,
    );
  }
  if (2 * prefixes * Math.max(chassis.blades ?? 0, LEAST_BLADES) > MOST_ELEMENTS)
    complain(path, `${prefixes} prefixes cannot be reserved for as many blades`);
}
