/**
 * A policy in TypeScript. Copy it beside your configuration, and name its functions there:
 *
 *   neighbors:
 *     - { address: 192.0.2.2, as: 64501, import: "./customers.ts#importFromCustomers", export: "./customers.ts#exportToPeers" }
 *
 * `chassis check` says what is wrong with it, `chassis policy test` tries it on examples, `chassis reload` puts a changed file in force.
 */
import type { Policy } from 'graftd/policy';

const CUSTOMER = '65000:100';
const TRANSITS = new Set([174, 1299, 3356]);

export const importFromCustomers: Policy = (route) => {
  // A customer that tells us of a transit leaks.
  if (route.asPath.some((as) => TRANSITS.has(as))) return 'reject';
  if (route.pathLength > 50) return 'reject';
  // From here on the prefix is looked at: this is asked for each route, and not once for all that have the same attributes.
  if (route.rpki === 'invalid') return 'reject';
  if (route.family === 'ipv4-unicast' && route.length > 24 && !route.communities.includes('blackhole'))
    return 'reject';
  return { localPref: 200, community: { remove: ['65000:*'], add: [CUSTOMER] } };
};

export const exportToPeers: Policy = (route) =>
  route.communities.includes(CUSTOMER) ? { med: null, community: { remove: ['65000:*'] } } : 'reject';
