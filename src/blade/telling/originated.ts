/**
 * Routes that the router itself originates for a neighbour. They stand in no Adj-RIB-In: what is configured is told, in the
 * place of any route of the same prefix that came from elsewhere, so that every blade tells the same without a word to others.
 * Export policy is not asked: what is told to whom is what the configuration says.
 */

import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { type Originated, ownSource, type Prefix } from '../../rib/own-source.ts';
import { notePresence } from '../../rib/presence.ts';

/** PrefixId; negative: there is no room. */
export function intern({ prefixes }: Fabric, { words: [a, b, c, d], length, ipv6 }: Prefix): number {
  return ipv6 ? prefixes.intern6(a, b, c, d, length) : prefixes.intern4(a, length);
}

/** What groups of neighbours with different ones are told apart by. */
export function originatedKey(routes: readonly Originated[] | undefined): string {
  if (routes === undefined || routes.length === 0) return '';
  return `/own ${routes.map(({ words, length, set }) => `${words}/${length} ${set}`).join(';')}`;
}

/** By PrefixId what is sent: `rewrite` makes the AttrId of it, 0 or less: it is not sent. `full`: a prefix found no id. */
export function originate(
  fabric: Fabric,
  families: number,
  routes: readonly Originated[],
  rewrite: (set: Uint8Array) => number,
  full: () => void,
): Map<number, number> {
  const sent = new Map<number, number>();
  for (const route of routes) {
    if ((families & (route.ipv6 ? FAMILY_IPV6 : FAMILY_IPV4)) === 0) continue;
    const id = intern(fabric, route);
    if (id < 0) full();
    const attribute = id < 0 ? 0 : rewrite(route.set);
    if (attribute <= 0) continue;
    // Whoever shows prefixes passes over those that nobody ever had.
    notePresence(fabric, ownSource(fabric) - 1, id);
    sent.set(id, attribute);
  }
  return sent;
}
