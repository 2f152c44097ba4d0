/** The attributes of a route that we originate (RFC 4271 5.1): AS_PATH is empty, and the next hop is put in when it is told. */
import {
  AttributeType,
  Community,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Origin,
  WELL_KNOWN,
} from './attributes.ts';
import { type AttributeSet, withAttribute, withWord, words } from './edit.ts';

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

export function originatedSet(
  ipv6: boolean,
  med: number | undefined,
  communities: readonly number[],
): AttributeSet {
  let set: AttributeSet = withAttribute(
    new Uint8Array(0),
    WELL_KNOWN,
    AttributeType.Origin,
    Uint8Array.of(Origin.Igp),
  );
  set = withAttribute(set, WELL_KNOWN, AttributeType.AsPath, new Uint8Array(0));
  if (ipv6)
    set = withAttribute(
      set,
      OPTIONAL_NON_TRANSITIVE,
      AttributeType.MpReach,
      Uint8Array.of(16, ...new Uint8Array(16)),
    );
  else set = withAttribute(set, WELL_KNOWN, AttributeType.NextHop, new Uint8Array(4));
  if (med !== undefined) set = withWord(set, OPTIONAL_NON_TRANSITIVE, AttributeType.MultiExitDisc, med);
  if (communities.length === 0) return set;
  return withAttribute(set, OPTIONAL_TRANSITIVE, AttributeType.Communities, words(communities));
}
