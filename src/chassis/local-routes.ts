/** Routes of the router itself: from the configuration to what blades are given, and back for those who ask what there is. */
import { type AddressPrefix, parsePrefix } from '../base/address.ts';
import { Origin } from '../bgp/attributes.ts';
import { communityNumber, originatedSet } from '../bgp/originated-set.ts';
import type { Configuration, RouterValues } from '../config/configuration.ts';
import { addressWords } from '../linecard/address-words.ts';
import {
  type Aggregate,
  type LocalDefinition,
  NO_LOCAL_ROUTES,
  type Originated,
  type Prefix,
} from '../rib/own-source.ts';

type LocalValues = NonNullable<RouterValues['originate']>[number];
type AggregateValues = NonNullable<RouterValues['aggregates']>[number];

const ORIGINS = { igp: Origin.Igp, egp: Origin.Egp, incomplete: Origin.Incomplete } as const;

/** A prefix as words. */
export function prefixOf(text: string): Prefix {
  const { bytes, length } = parsePrefix(text) as AddressPrefix;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (i: number): number => (4 * i < bytes.length ? view.getUint32(4 * i) : 0);
  return { words: [word(0), word(1), word(2), word(3)], length, ipv6: bytes.length === 16 };
}

export function localDefinition({ router }: Configuration): LocalDefinition {
  const { originate = [], aggregates = [] } = router;
  if (originate.length === 0 && aggregates.length === 0) return NO_LOCAL_ROUTES;
  return {
    key: `/own ${JSON.stringify([originate, aggregates])}`,
    routes: originate.map(localRoute),
    aggregates: aggregates.map((values) => aggregate(values, router)),
  };
}

function localRoute({ prefix, med, localPref, communities, origin, nextHop }: LocalValues): Originated {
  const place = prefixOf(prefix);
  return {
    ...place,
    set: originatedSet(place.ipv6, {
      med,
      localPref,
      communities: communities.map(communityNumber),
      origin: ORIGINS[origin],
      nextHop: nextHop === undefined ? undefined : addressOctets(nextHop),
    }),
  };
}

/** RFC 4271 9.2.2.2, and RFC 9774 3: AS_PATH is empty, rather than an AS_SET of what it was. */
function aggregate(
  { prefix, med, localPref, communities, origin, summaryOnly }: AggregateValues,
  { as, idNumber: id, confederation }: Configuration['router'],
): Aggregate {
  const place = prefixOf(prefix);
  const set = (ofThose: number): Uint8Array =>
    originatedSet(place.ipv6, {
      med,
      localPref,
      communities: communities.map(communityNumber),
      origin: origin === undefined ? ofThose : ORIGINS[origin],
      // RFC 5065 5.3: outside, the confederation is the AS.
      aggregator: { as: confederation?.id ?? as, id },
    });
  return { ...place, sets: [set(Origin.Igp), set(Origin.Egp), set(Origin.Incomplete)], summaryOnly };
}

/** 4 or 16. */
function addressOctets(address: string): Uint8Array {
  const words: number[] = [];
  addressWords(address, words, 0);
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 4; i++) view.setUint32(i * 4, (words[i] as number) >>> 0);
  return address.includes(':') ? bytes : bytes.subarray(12);
}
