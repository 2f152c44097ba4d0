import { dataViewOf } from '../base/octets.ts';
import { hasConfederation, neighborAs, pathHops, segmentsContain } from '../bgp/as-path.ts';
import {
  AttributeType,
  Community,
  DEFAULT_LOCAL_PREF,
  findAttribute,
  Origin,
  valueLength,
  valueStart,
} from '../bgp/attributes.ts';
import { u32 } from '../bgp/bytes.ts';
import { listsCommunity } from '../bgp/communities.ts';
import { hasWeight } from '../bgp/weight.ts';
import type { Describe } from '../fabric/attributes.ts';
import { ATTRIBUTE_ROW } from '../fabric/layout.ts';
import type { FabricMemory } from '../fabric/memory.ts';
import { NextHops } from '../fabric/next-hops.ts';

const { GracefulShutdown, LlgrStale } = Community;

/**
 * What the decision process reads of an attribute set: five words beside the bytes, filled once when the set is
 * interned.
 *
 *   [ LOCAL_PREF | MED | neighbour AS | lengths and flags | ORIGINATOR_ID ]
 *
 * lengths and flags: AS_PATH length (bits 0-13: an attribute has room for no more), a weight in front of the set (bit 15), ORIGIN (16-17),
 * CLUSTER_LIST length (18-25), own AS in the path (bit 26), ORIGINATOR_ID present (bit 27), LLGR_STALE among the communities (bit 28),
 * reflected by us before (bit 29), a MED that makes this no total order (bit 30), IPv6 next hop of an IPv4 route (bit 31).
 *
 * What the operator chose of the decision process stands in these words, too, so that comparing costs the same:
 *
 *   missing-med-as-worst   MED is the highest number where there is none
 *   always-compare-med     the neighbour AS is 0 everywhere: MED compares all routes, and is a total order
 *
 * The trait beside it says how external neighbours may be told of the set (told.ts). 0: look at it. Else nothing in it keeps it from them, they
 * are told all of it but for path and next hop, and sets with different traits differ in more than their next hops.
 */
export const ROW = ATTRIBUTE_ROW.words;
export const LOCAL_PREF = ATTRIBUTE_ROW.described;
export const MED = LOCAL_PREF + 1;
export const NEIGHBOR_AS = LOCAL_PREF + 2;
export const LENGTHS = LOCAL_PREF + 3;
export const ORIGINATOR = LOCAL_PREF + 4;

export const PATH_LENGTH_MASK = 0x3fff;
/** It has a weight (bgp/weight.ts), which stands in its octets: few have one. */
export const WEIGHTED = 1 << 15;
export const LOOPED = 1 << 26;
export const HAS_ORIGINATOR = 1 << 27;
/** RFC 9494: told, or kept here, over the long absence of whoever told it; worse than any other. */
export const LONG_STALE = 1 << 28;
export const REFLECTED = 1 << 29;
export const MED_COUNTS = 1 << 30;
/** RFC 8950 */
export const EXTENDED_NEXT_HOP = 1 << 31;

/**
 * By what a set differs from one that is described already, bits; no bit is needed for what no description says. `communities`: of
 * those that a description says none came.
 */
export const CHANGED = { communities: 1, localPref: 2, more: 4 } as const;

/** Communities that a description says. */
export const DESCRIBED_COMMUNITIES: readonly number[] = [GracefulShutdown, LlgrStale];

/** Who we are, and how MED counts: the same for every thread of a box, from start to end. */
export interface RouterIdentity {
  readonly as: number;
  /** BGP Identifier; RFC 4456 8: as ORIGINATOR_ID it says that a route is our own AS's, come back. */
  readonly id?: number;
  /** The confederation's identifier: the AS that others see (RFC 5065). */
  readonly confederation?: number;
  /** Without it there is no cluster. */
  readonly clusterId?: number;
  readonly alwaysCompareMed?: boolean;
  readonly missingMedAsWorst?: boolean;
}

/** Octets of a set, at most, that has room in any neighbour's message whatever becomes of it (told.ts). */
const PLAIN_OCTETS = 1024;

/** RFC 4271 9.1.2.2 c has 0 where there is none. */
const WORST_MED = 0xffffffff;

/**
 * The description of attribute sets for a router in this AS: in one walk and without an object between, as every new
 * set is described.
 */
export function describeFor(router: number | RouterIdentity, memory?: FabricMemory): Describe {
  const identity = typeof router === 'number' ? { as: router } : router;
  const { as: localAs, id: localId = 0, clusterId = 0, alwaysCompareMed = false } = identity;
  const { confederation = localAs } = identity;
  const noMed = identity.missingMedAsWorst === true ? WORST_MED : 0;
  const hops = (memory?.options.nextHops ?? 0) > 0 ? new NextHops(memory as FabricMemory) : undefined;
  return (bytes, start, end, row, at, like = 0, changes = 0, traits = undefined) => {
    if (traits !== undefined) traits[(at - LOCAL_PREF) / ROW] = 0;
    let hop = 0;
    if (like !== 0 && derive(bytes, start, end, row, at, like, changes)) {
      if (traits !== undefined && traits[(like - LOCAL_PREF) / ROW] !== 0)
        traits[(at - LOCAL_PREF) / ROW] = traitOfChanged(bytes, start, end, changes);
      if (hops === undefined) return;
      hop = hops.ofSets[(like - LOCAL_PREF) / ROW] as number;
      // Else it had no room, or has none: it is looked for.
      if (hop !== 0) {
        hops.ofSets[(at - LOCAL_PREF) / ROW] = hop;
        return;
      }
    }
    let origin: number = Origin.Incomplete;
    let lengths = hasWeight(bytes, start, end) ? WEIGHTED : 0;
    let saysLocalPref = false;
    let isPlain = lengths === 0 && end - start <= PLAIN_OCTETS;
    // Of all octets that are told: nor does the length of a next hop count.
    let mixed = 0;
    const octets = dataViewOf(bytes);
    row[at] = DEFAULT_LOCAL_PREF;
    row[at + 1] = noMed;
    row[at + 2] = row[at + 4] = 0;
    for (let from = start; from < end; ) {
      const value = valueStart(bytes, from);
      const next = value + valueLength(bytes, from);
      switch (bytes[from + 1]) {
        case AttributeType.Origin:
          origin = bytes[value]!;
          break;
        case AttributeType.AsPath:
          if (!alwaysCompareMed) row[at + 2] = neighborAs(bytes, value, next);
          lengths |= pathLength(bytes, value, next);
          if (segmentsContain(bytes, value, next, 4, localAs)) lengths |= LOOPED;
          else if (confederation !== localAs && segmentsContain(bytes, value, next, 4, confederation))
            lengths |= LOOPED;
          if (hasConfederation(bytes, value, next)) isPlain = false;
          break;
        case AttributeType.NextHop:
          if (next - value > 4) {
            lengths |= EXTENDED_NEXT_HOP;
            isPlain = false;
          }
          if (hops !== undefined)
            hop =
              next - value > 4
                ? internHop6(hops, bytes, value, next - value)
                : hops.intern(0, 0, 0xffff, u32(bytes, value) | 0);
          from = next;
          continue;
        case AttributeType.MpReach:
          if (hops !== undefined) hop = internHop6(hops, bytes, value + 1, bytes[value] as number);
          from = next;
          continue;
        case AttributeType.MultiExitDisc:
          isPlain = false;
          row[at + 1] = u32(bytes, value);
          break;
        case AttributeType.LocalPref:
          isPlain = false;
          row[at] = u32(bytes, value);
          saysLocalPref = true;
          break;
        case AttributeType.Communities:
          if (!namesWellKnown(octets, value, next)) break;
          isPlain = false;
          // RFC 8326 4.2: the least degree of preference, where no internal neighbour has given one.
          if (!saysLocalPref && listsCommunity(bytes, value, next, GracefulShutdown)) row[at] = 0;
          if (listsCommunity(bytes, value, next, LlgrStale)) lengths |= LONG_STALE;
          break;
        case AttributeType.ExtendedCommunities:
          isPlain = false;
          break;
        case AttributeType.OriginatorId:
          isPlain = false;
          row[at + 4] = u32(bytes, value);
          if (row[at + 4] !== 0) lengths |= HAS_ORIGINATOR;
          if (localId !== 0 && row[at + 4] === localId) lengths |= REFLECTED;
          break;
        case AttributeType.ClusterList:
          isPlain = false;
          lengths |= Math.min((next - value) >> 2, 255) << 18;
          if (clusterId !== 0 && listsCommunity(bytes, value, next, clusterId)) lengths |= REFLECTED;
          break;
      }
      mixed = mix(mixed, octets, value, next);
      from = next;
    }
    if (!alwaysCompareMed && row[at + 1] !== noMed) lengths |= MED_COUNTS;
    row[at + 3] = lengths | (origin << 16);
    if (hops !== undefined) hops.ofSets[(at - LOCAL_PREF) / ROW] = hop;
    if (traits !== undefined && isPlain) traits[(at - LOCAL_PREF) / ROW] = traitOf(mixed);
  };
}

/** The description of a set with that of another one, where it says all that is needed; else false. */
function derive(
  bytes: Uint8Array,
  start: number,
  end: number,
  row: Uint32Array,
  at: number,
  like: number,
  changes: number,
): boolean {
  if ((changes & CHANGED.more) !== 0) return false;
  let localPref = row[like] as number;
  const saysLocalPref = (changes & CHANGED.localPref) !== 0;
  if ((changes & CHANGED.communities) !== 0) {
    // One that was said may have gone.
    if (((row[like + 3] as number) & LONG_STALE) !== 0 || (localPref === 0 && !saysLocalPref)) return false;
  }
  if (saysLocalPref) {
    const found = findAttribute(bytes, start, end, AttributeType.LocalPref);
    if (found < 0) return false;
    localPref = u32(bytes, valueStart(bytes, found));
  }
  row[at] = localPref;
  row[at + 1] = row[like + 1] as number;
  row[at + 2] = row[like + 2] as number;
  row[at + 3] = row[like + 3] as number;
  row[at + 4] = row[like + 4] as number;
  return true;
}

/** The next hop of a set that is described already; 0: it has none, or there is no room. */
export function nextHopOf(hops: NextHops, bytes: Uint8Array, start: number, end: number): number {
  const plain = findAttribute(bytes, start, end, AttributeType.NextHop);
  if (plain >= 0) {
    const [value, length] = [valueStart(bytes, plain), valueLength(bytes, plain)];
    return length > 4
      ? internHop6(hops, bytes, value, length)
      : hops.intern(0, 0, 0xffff, u32(bytes, value) | 0);
  }
  const multi = findAttribute(bytes, start, end, AttributeType.MpReach);
  if (multi < 0) return 0;
  const value = valueStart(bytes, multi);
  return internHop6(hops, bytes, value + 1, bytes[value] as number);
}

/** RFC 2545 3: of a global and a link-local address the global one, unless there is none. */
function internHop6(hops: NextHops, bytes: Uint8Array, first: number, length: number): number {
  const isUnspecified = bytes.subarray(first, first + 16).every((octet) => octet === 0);
  const from = length === 32 && isUnspecified ? first + 16 : first;
  const word = (at: number): number => u32(bytes, from + at) | 0;
  return hops.intern(word(0), word(4), word(8), word(12));
}

/** RFC 1997: 0xffff0000 to 0xffffffff are those with a meaning to all. */
function namesWellKnown(octets: DataView, start: number, end: number): boolean {
  for (let item = start; item < end; item += 4) if (octets.getUint16(item) === 0xffff) return true;
  return false;
}

function mix(mixed: number, octets: DataView, start: number, end: number): number {
  for (let word = end - 4; word >= start; word -= 4)
    mixed = Math.imul(mixed ^ octets.getInt32(word), 0x9e3779b1);
  return mixed;
}

/** The trait of a set that was made of one with a trait: only what may have come to it can keep it from having one. */
function traitOfChanged(bytes: Uint8Array, start: number, end: number, changes: number): number {
  if ((changes & CHANGED.localPref) !== 0 || end - start > PLAIN_OCTETS) return 0;
  const octets = dataViewOf(bytes);
  let mixed = 0;
  for (let from = start; from < end; ) {
    const type = bytes[from + 1];
    const value = valueStart(bytes, from);
    from = value + valueLength(bytes, from);
    if (type === AttributeType.NextHop || type === AttributeType.MpReach) continue;
    if (type === AttributeType.ExtendedCommunities) return 0;
    if (type === AttributeType.Communities && namesWellKnown(octets, value, from)) return 0;
    mixed = mix(mixed, octets, value, from);
  }
  return traitOf(mixed);
}

/** 1 to 255. */
function traitOf(mixed: number): number {
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 24 || 1;
}

function pathLength(bytes: Uint8Array, start: number, end: number): number {
  return Math.min(pathHops(bytes, start, end, 4), PATH_LENGTH_MASK);
}
