/** The attributes of a route that we originate (RFC 4271 5.1): AS_PATH is empty, and the next hop is put in when it is told. */
import {
  AttributeType,
  Community,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Origin,
  WELL_KNOWN,
} from './attributes.ts';
import { type AttributeSet, withAttribute, words } from './edit.ts';

const NAMED: Readonly<Record<string, number>> = {
  'no-export': Community.NoExport,
  'no-advertise': Community.NoAdvertise,
  'no-export-subconfed': Community.NoExportSubconfed,
  blackhole: Community.Blackhole,
  'graceful-shutdown': Community.GracefulShutdown,
};

/** "65000:1", or a well-known one's name. */
export function communityNumber(text: string): number {
  const [high = 0, low = 0] = text.split(':').map(Number);
  return NAMED[text] ?? ((high << 16) | low) >>> 0;
}

export interface OriginatedAttributes {
  readonly med?: number | undefined;
  readonly localPref?: number | undefined;
  readonly communities?: readonly number[];
  /** ORIGIN; without it IGP. */
  readonly origin?: number;
  /** 4 or 16 octets; without it our own address, once it is told. */
  readonly nextHop?: Uint8Array | undefined;
  /** It stands for routes of others (RFC 4271 5.1.6, 5.1.7): our AS, and our BGP Identifier. */
  readonly aggregator?: { readonly as: number; readonly id: number };
}

export function originatedSet(ipv6: boolean, attributes: OriginatedAttributes): AttributeSet {
  const { med, localPref, communities = [], origin = Origin.Igp, aggregator } = attributes;
  const nextHop = attributes.nextHop ?? new Uint8Array(ipv6 ? 16 : 4);
  let set: AttributeSet = new Uint8Array(0);
  const put = (flags: number, type: number, value: Uint8Array): void => {
    set = withAttribute(set, flags, type, value);
  };
  put(WELL_KNOWN, AttributeType.Origin, Uint8Array.of(origin));
  put(WELL_KNOWN, AttributeType.AsPath, new Uint8Array(0));
  if (ipv6) put(OPTIONAL_NON_TRANSITIVE, AttributeType.MpReach, Uint8Array.of(16, ...nextHop));
  else put(WELL_KNOWN, AttributeType.NextHop, nextHop);
  if (med !== undefined) put(OPTIONAL_NON_TRANSITIVE, AttributeType.MultiExitDisc, words([med]));
  if (localPref !== undefined) put(WELL_KNOWN, AttributeType.LocalPref, words([localPref]));
  if (aggregator !== undefined) {
    put(WELL_KNOWN, AttributeType.AtomicAggregate, new Uint8Array(0));
    put(OPTIONAL_TRANSITIVE, AttributeType.Aggregator, words([aggregator.as, aggregator.id]));
  }
  if (communities.length > 0) put(OPTIONAL_TRANSITIVE, AttributeType.Communities, words(communities));
  return set;
}
