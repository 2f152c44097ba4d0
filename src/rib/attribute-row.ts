import { newAttributeSummary, pathContainsAs, summarize } from '../bgp/attributes.ts';
import type { Describe } from '../fabric/attributes.ts';
import { ATTRIBUTE_ROW } from '../fabric/layout.ts';

/**
 * What the decision process reads of an attribute set: five words beside the bytes, filled once when the set is
 * interned.
 *
 *   [ LOCAL_PREF | MED | neighbour AS | lengths and flags | ORIGINATOR_ID ]
 *
 * lengths and flags: AS_PATH length (bits 0-15), ORIGIN (16-17), CLUSTER_LIST length (18-25), own AS in the path
 * (bit 26), ORIGINATOR_ID present (bit 27).
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

/** The description of attribute sets for a router in this AS. */
export function describeFor(localAs: number): Describe {
  const summary = newAttributeSummary();
  return (bytes, start, end, row, at) => {
    summarize(bytes, start, end, summary);
    row[at] = summary.localPref;
    row[at + 1] = summary.med;
    row[at + 2] = summary.neighborAs;
    row[at + 3] =
      Math.min(summary.pathLength, PATH_LENGTH_MASK) |
      (summary.origin << 16) |
      (Math.min(summary.clusterListLength, 255) << 18) |
      (pathContainsAs(bytes, start, end, localAs) ? LOOPED : 0) |
      (summary.originatorId !== 0 ? HAS_ORIGINATOR : 0);
    row[at + 4] = summary.originatorId;
  };
}
