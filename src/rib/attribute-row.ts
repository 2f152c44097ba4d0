import { neighborAs, pathHops, segmentsContain } from '../bgp/as-path.ts';
import { Community } from '../bgp/attribute-table.ts';
import { AttributeType, DEFAULT_LOCAL_PREF, Origin, valueLength, valueStart } from '../bgp/attributes.ts';
import { u32 } from '../bgp/bytes.ts';
import { listsCommunity } from '../bgp/communities.ts';
import type { Describe } from '../fabric/attributes.ts';
import { ATTRIBUTE_ROW } from '../fabric/layout.ts';

/**
 * What the decision process reads of an attribute set: five words beside the bytes, filled once when the set is
 * interned.
 *
 *   [ LOCAL_PREF | MED | neighbour AS | lengths and flags | ORIGINATOR_ID ]
 *
 * lengths and flags: AS_PATH length (bits 0-15), ORIGIN (16-17), CLUSTER_LIST length (18-25), own AS in the path
 * (bit 26), ORIGINATOR_ID present (bit 27), LLGR_STALE among the communities (bit 28).
 */
export const ROW = ATTRIBUTE_ROW.words;
export const LOCAL_PREF = ATTRIBUTE_ROW.described;
export const MED = LOCAL_PREF + 1;
export const NEIGHBOR_AS = LOCAL_PREF + 2;
export const LENGTHS = LOCAL_PREF + 3;
export const ORIGINATOR = LOCAL_PREF + 4;

export const PATH_LENGTH_MASK = 0xffff;
export const LOOPED = 1 << 26;
export const HAS_ORIGINATOR = 1 << 27;
/** RFC 9494: told, or kept here, over the long absence of who told it; worse than any other. */
export const LONG_STALE = 1 << 28;

/**
 * The description of attribute sets for a router in this AS: what `summarize` would find, in one walk and without an
 * object between, as every new set is described.
 */
export function describeFor(localAs: number): Describe {
  return (bytes, start, end, row, at) => {
    let origin: number = Origin.Incomplete;
    let lengths = 0;
    row[at] = DEFAULT_LOCAL_PREF;
    row[at + 1] = row[at + 2] = row[at + 4] = 0;
    for (let from = start; from < end; ) {
      const value = valueStart(bytes, from);
      const next = value + valueLength(bytes, from);
      switch (bytes[from + 1]) {
        case AttributeType.Origin:
          origin = bytes[value]!;
          break;
        case AttributeType.AsPath:
          row[at + 2] = neighborAs(bytes, value, next);
          lengths |= pathLength(bytes, value, next);
          if (segmentsContain(bytes, value, next, 4, localAs)) lengths |= LOOPED;
          break;
        case AttributeType.MultiExitDisc:
          row[at + 1] = u32(bytes, value);
          break;
        case AttributeType.LocalPref:
          row[at] = u32(bytes, value);
          break;
        case AttributeType.OriginatorId:
          row[at + 4] = u32(bytes, value);
          if (row[at + 4] !== 0) lengths |= HAS_ORIGINATOR;
          break;
        case AttributeType.Communities:
          if (listsCommunity(bytes, value, next, Community.LlgrStale)) lengths |= LONG_STALE;
          break;
        case AttributeType.ClusterList:
          lengths |= Math.min((next - value) >> 2, 255) << 18;
          break;
      }
      from = next;
    }
    row[at + 3] = lengths | (origin << 16);
  };
}

function pathLength(bytes: Uint8Array, start: number, end: number): number {
  return Math.min(pathHops(bytes, start, end, 4), PATH_LENGTH_MASK);
}
