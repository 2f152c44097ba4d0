/** What stands in a canonical attribute set, read plainly: what the descriptions of sets (rib/attribute-row.ts) are compared with. */
import { segmentHops, segmentsContain } from '../../src/bgp/as-path.ts';
import {
  AttributeType,
  DEFAULT_LOCAL_PREF,
  findAttribute,
  Origin,
  Segment,
  valueLength,
  valueStart,
} from '../../src/bgp/attributes.ts';
import { u32 } from '../../src/bgp/bytes.ts';

/** Reused; filled by summarize. */
export interface AttributeSummary {
  origin: number;
  /** Hops: an AS_SET counts as one, confederation segments as none. */
  pathLength: number;
  /** The first AS, if AS_PATH begins with a sequence (after confederation segments); else 0. */
  neighborAs: number;
  /** The last AS, if AS_PATH ends with a sequence; else 0. */
  originAs: number;
  med: number;
  hasMed: boolean;
  localPref: number;
  hasLocalPref: boolean;
  /** Of NEXT_HOP or the abbreviated MP_REACH_NLRI; length 4, 16 or 32, or 0 where there is none. */
  nextHopStart: number;
  nextHopLength: number;
  originatorId: number;
  clusterListLength: number;
}

export function newAttributeSummary(): AttributeSummary {
  return {
    origin: Origin.Incomplete,
    pathLength: 0,
    neighborAs: 0,
    originAs: 0,
    med: 0,
    hasMed: false,
    localPref: DEFAULT_LOCAL_PREF,
    hasLocalPref: false,
    nextHopStart: 0,
    nextHopLength: 0,
    originatorId: 0,
    clusterListLength: 0,
  };
}

export function summarize(bytes: Uint8Array, start: number, end: number, summary: AttributeSummary): void {
  reset(summary, start);
  for (let at = start; at < end; ) {
    const value = valueStart(bytes, at);
    const next = value + valueLength(bytes, at);
    switch (bytes[at + 1]) {
      case AttributeType.Origin:
        summary.origin = bytes[value]!;
        break;
      case AttributeType.AsPath:
        summarizePath(bytes, value, next, summary);
        break;
      case AttributeType.NextHop:
        summary.nextHopStart = value;
        summary.nextHopLength = next - value;
        break;
      case AttributeType.MultiExitDisc:
        summary.med = u32(bytes, value);
        summary.hasMed = true;
        break;
      case AttributeType.LocalPref:
        summary.localPref = u32(bytes, value);
        summary.hasLocalPref = true;
        break;
      case AttributeType.OriginatorId:
        summary.originatorId = u32(bytes, value);
        break;
      case AttributeType.ClusterList:
        summary.clusterListLength = (next - value) >> 2;
        break;
      case AttributeType.MpReach:
        summary.nextHopStart = value + 1;
        summary.nextHopLength = bytes[value]!;
        break;
    }
    at = next;
  }
}

function reset(summary: AttributeSummary, start: number): void {
  summary.origin = Origin.Incomplete;
  summary.pathLength = 0;
  summary.neighborAs = summary.originAs = 0;
  summary.med = 0;
  summary.hasMed = false;
  summary.localPref = DEFAULT_LOCAL_PREF;
  summary.hasLocalPref = false;
  summary.nextHopStart = start;
  summary.nextHopLength = 0;
  summary.originatorId = 0;
  summary.clusterListLength = 0;
}

function summarizePath(bytes: Uint8Array, start: number, end: number, summary: AttributeSummary): void {
  let leading = true;
  for (let at = start; at < end; ) {
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    const next = at + 2 + 4 * count;
    summary.pathLength += segmentHops(type, count);
    if (leading && type === Segment.Sequence) summary.neighborAs = u32(bytes, at + 2);
    // RFC 5065: a confederation is one AS from outside, so its segments do not stand for the neighbour.
    if (type <= Segment.Sequence) leading = false;
    summary.originAs = type === Segment.Sequence ? u32(bytes, next - 4) : 0;
    at = next;
  }
}

/** RFC 4271 9.1.2: a route whose AS_PATH has our own AS is not ours to use. */
export function pathContainsAs(bytes: Uint8Array, start: number, end: number, as: number): boolean {
  const at = findAttribute(bytes, start, end, AttributeType.AsPath);
  if (at < 0) return false;
  const value = valueStart(bytes, at);
  return segmentsContain(bytes, value, value + valueLength(bytes, at), 4, as);
}

/** RFC 4456 8: a route that was reflected by our own cluster before. */
export function clusterListContains(bytes: Uint8Array, start: number, end: number, cluster: number): boolean {
  return listContains(bytes, start, end, AttributeType.ClusterList, cluster);
}

function listContains(bytes: Uint8Array, start: number, end: number, type: number, word: number): boolean {
  const at = findAttribute(bytes, start, end, type);
  if (at < 0) return false;
  const value = valueStart(bytes, at);
  const valueEnd = value + valueLength(bytes, at);
  for (let item = value; item < valueEnd; item += 4) if (u32(bytes, item) === word) return true;
  return false;
}
