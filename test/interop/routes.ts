/**
 * Routes as tests see them: plain, comparable values, one form for all daemons. Each daemon prints the same
 * route in its own words; the readers in daemons/ bring them to this form.
 */
import { isIPv6 } from 'node:net';
import { Random } from '../../src/base/random.ts';

export type Family = 'ipv4' | 'ipv6';

/** A route as a daemon has it in its table. */
export interface Route {
  prefix: string;
  /** Numbers with a blank between; an AS_SET as `{1,2}`. */
  asPath: string;
  nextHop: string;
  origin: 'IGP' | 'EGP' | 'incomplete';
  med: number | undefined;
  /** `1:2` for RFC 1997's, `1:2:3` for large ones; sorted. */
  communities: string[];
}

/** What a daemon shall originate; its own AS is put in front of `asPath` on the way out. */
export interface Announcement {
  prefix: string;
  asPath?: readonly number[];
  med?: number;
  communities?: readonly string[];
}

export const familyOf = (prefix: string): Family => (prefix.includes(':') ? 'ipv6' : 'ipv4');

/** RFC 5952 text of an address, so that equal addresses are equal strings. */
export function canonicalAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const name = new URL(`http://[${address}]`).hostname;
  return name.slice(1, -1);
}

export function canonicalPrefix(prefix: string): string {
  const [address, length] = prefix.split('/') as [string, string];
  return `${canonicalAddress(address)}/${length}`;
}

const sortedCommunities = (communities: readonly string[]): string[] => [...communities].sort();

/** What the neighbour of `as` has to receive when that announces these. */
export function asReceived(
  announcements: Iterable<Announcement>,
  sender: { as: number; nextHop(family: Family): string },
): Map<string, Route> {
  const table = new Map<string, Route>();
  for (const { prefix, asPath = [], med, communities = [] } of announcements) {
    table.set(prefix, {
      prefix,
      asPath: [sender.as, ...asPath].join(' '),
      nextHop: sender.nextHop(familyOf(prefix)),
      origin: 'IGP',
      med,
      communities: sortedCommunities(communities),
    });
  }
  return table;
}

/**
 * A table of `count` prefixes that share attribute sets as real ones do: by default one set for about ten
 * routes, AS paths of one to five hops, some communities. The same seed gives the same table.
 */
export function seededTable(family: Family, count: number, seed: number, sets = count / 10): Announcement[] {
  const random = new Random(seed);
  const attributes = Array.from({ length: Math.max(1, Math.ceil(sets)) }, (_, i) => ({
    asPath: Array.from({ length: 1 + random.below(5) }, () => 1000 + random.below(60_000)),
    med: 10 + random.below(4) * 10,
    ...(i % 2 === 0 ? { communities: [`${1000 + random.below(1000)}:${random.below(100)}`] } : {}),
  }));
  return Array.from({ length: count }, (_, i) => ({
    prefix: prefixAt(family, i),
    ...random.pick(attributes),
  }));
}

/** The i-th prefix of the test range: 20.0.0.0/24, 20.0.1.0/24, …; 2400::/48, 2400:0:1::/48, … */
export function prefixAt(family: Family, i: number): string {
  if (family === 'ipv4') return `${20 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24`;
  return canonicalPrefix(`2400:${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}::/48`);
}

/** One text per route, for comparing whole tables and for showing what differs. */
export function describe(route: Route | undefined): string {
  if (route === undefined) return 'absent';
  const { asPath, nextHop, origin, med, communities } = route;
  return `[${asPath}] ${origin} via ${nextHop} med ${med ?? 'none'} (${communities.join(' ')})`;
}

/** The differences between two tables, at most `limit` of them in words; empty where they are equal. */
export function differences(
  expected: ReadonlyMap<string, Route>,
  actual: ReadonlyMap<string, Route>,
  limit = 10,
): string[] {
  const found: string[] = [];
  let more = 0;
  const note = (prefix: string) => {
    const [want, have] = [describe(expected.get(prefix)), describe(actual.get(prefix))];
    if (want === have) return;
    if (found.length < limit) found.push(`${prefix}: expected ${want}, found ${have}`);
    else more++;
  };
  for (const prefix of expected.keys()) note(prefix);
  for (const prefix of actual.keys()) if (!expected.has(prefix)) note(prefix);
  if (more > 0) found.push(`and ${more} more`);
  return found;
}
