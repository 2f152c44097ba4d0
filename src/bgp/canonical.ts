/**
 * The canonical form of path attributes: the one string of octets that equal attribute sets have in common, and
 * so what the attribute dictionary stores, siblings share, and MRT TABLE_DUMP_V2 holds (RFC 6396 4.3.4).
 *
 * - attributes by ascending type, each once; MP_UNREACH_NLRI never, unknown non-transitive ones never;
 * - flags as the category says; extended length exactly where the value is longer than 255 octets; Partial as
 *   received on optional transitive attributes, and set on those that we do not recognize (RFC 4271 9);
 * - AS_PATH and AGGREGATOR with 4-octet ASes; AS4_PATH and AS4_AGGREGATOR merged into them (RFC 6793 4.2.3);
 * - LARGE_COMMUNITIES without repetitions (RFC 8092 3);
 * - LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST only from internal neighbours;
 * - for IPv6 routes no NEXT_HOP, but type 14 (MP_REACH_NLRI) with nothing but the next hop: its length, its octets; IPv4
 *   routes have NEXT_HOP, in the body and in MP_REACH_NLRI alike: of 4 octets, or of 16 or 32 where it is one of IPv6
 *   (RFC 8950). So a set tells the family of its routes.
 */
import { mergeAs4Path, pathHops, widen } from './as-path.ts';
import {
  AS_TRANS,
  ASSIGNED,
  AttributeFlag,
  AttributeType,
  CATEGORY,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  RECOGNIZED,
  WELL_KNOWN,
} from './attribute-table.ts';
import { copy, putU16, u16 } from './bytes.ts';
import { Afi } from './families.ts';
import { copyDistinct } from './large-communities.ts';
import { slotOf, type UpdateOptions, type UpdateView } from './update-view.ts';

/** Room that canonicalize can need: a message of 64 KiB whose 2-octet AS_PATH doubles. */
export const CANONICAL_ROOM = 2 * 65536;

const MAX_VALUE = 65_535;
const distinct = new Uint8Array(MAX_VALUE);

/**
 * Writes the canonical attributes of the routes in the body (mp false) or in MP_REACH_NLRI (mp true) of a
 * message that decodeUpdate found usable; returns how long they are.
 */
export function canonicalize(
  bytes: Uint8Array,
  view: UpdateView,
  options: UpdateOptions,
  mp: boolean,
  into: Uint8Array,
  at: number,
): number {
  if (view.plain) return copyPlain(bytes, view, mp, into, at) - at;
  const begin = at;
  const narrow = !options.fourOctetAs;
  const nextHopType = view.reachAfi === Afi.Ipv4 ? AttributeType.NextHop : AttributeType.MpReach;
  let nextHopDue = mp;
  for (let i = 0; i < view.attributeCount; i++) {
    const type = view.attributeType[i]!;
    const start = view.attributeStart[i]!;
    const end = view.attributeEnd[i]!;
    if (nextHopDue && type > nextHopType) {
      at = writeNextHop(bytes, view, into, at);
      nextHopDue = false;
    }
    if (mp && type === AttributeType.NextHop) continue;
    if (narrow) {
      if (type === AttributeType.As4Path || type === AttributeType.As4Aggregator) continue;
      if (type === AttributeType.AsPath) {
        at = writeWideAsPath(bytes, view, start, end, into, at);
        continue;
      }
      if (type === AttributeType.Aggregator) {
        at = writeWideAggregator(bytes, view, view.attributeFlags[i]!, start, end, into, at);
        continue;
      }
    }
    const flags = canonicalFlags(type, view.attributeFlags[i]!);
    if (type === AttributeType.LargeCommunities) {
      const length = copyDistinct(bytes, start, end, distinct, 0);
      at = writeAttribute(distinct, 0, length, flags, type, into, at);
    } else if (flags !== 0) at = writeAttribute(bytes, start, end, flags, type, into, at);
  }
  if (nextHopDue) at = writeNextHop(bytes, view, into, at);
  return at - begin;
}

function copyPlain(bytes: Uint8Array, view: UpdateView, mp: boolean, into: Uint8Array, at: number): number {
  at = copy(bytes, view.lowStart, view.lowEnd, into, at);
  if (mp) at = writeNextHop(bytes, view, into, at);
  return copy(bytes, view.highStart, view.attributesEnd, into, at);
}

/** 0 where the attribute is not to be kept. */
function canonicalFlags(type: number, flags: number): number {
  const category = ASSIGNED[type] === 1 ? CATEGORY[type]! : flags & OPTIONAL_TRANSITIVE;
  if (RECOGNIZED[type] === 1) {
    return category === OPTIONAL_TRANSITIVE ? category | (flags & AttributeFlag.Partial) : category;
  }
  return category === OPTIONAL_TRANSITIVE ? category | AttributeFlag.Partial : 0;
}

/** Header and value; returns where the attribute ends. `flags` comes without the extended-length bit. */
export function writeAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  type: number,
  into: Uint8Array,
  at: number,
): number {
  return copy(bytes, start, end, into, writeAttributeHeader(flags, type, end - start, into, at));
}

/** Returns where the value begins. */
export function writeAttributeHeader(
  flags: number,
  type: number,
  length: number,
  into: Uint8Array,
  at: number,
): number {
  into[at + 1] = type;
  if (length > 255) {
    into[at] = flags | AttributeFlag.ExtendedLength;
    putU16(into, at + 2, length);
    return at + 4;
  }
  into[at] = flags & ~AttributeFlag.ExtendedLength;
  into[at + 2] = length;
  return at + 3;
}

/** The next hop of MP_REACH_NLRI; that of an IPv4 route goes into NEXT_HOP. */
function writeNextHop(bytes: Uint8Array, view: UpdateView, into: Uint8Array, at: number): number {
  if (view.reachAfi === Afi.Ipv4) {
    const hop = view.reachNextHopStart;
    const hopEnd = hop + view.reachNextHopLength;
    return writeAttribute(bytes, hop, hopEnd, WELL_KNOWN, AttributeType.NextHop, into, at);
  }
  const start = view.reachNextHopStart - 1;
  const end = view.reachNextHopStart + view.reachNextHopLength;
  return writeAttribute(bytes, start, end, OPTIONAL_NON_TRANSITIVE, AttributeType.MpReach, into, at);
}

/**
 * RFC 6793 4.2.3: an AGGREGATOR that is not AS_TRANS's beside an AS4_AGGREGATOR was written by an old speaker
 * that knows nothing of the two, and then neither AS4_ attribute says anything about this route.
 */
function as4Stale(bytes: Uint8Array, view: UpdateView): boolean {
  const aggregator = slotOf(view, AttributeType.Aggregator);
  if (aggregator < 0 || slotOf(view, AttributeType.As4Aggregator) < 0) return false;
  return u16(bytes, view.attributeStart[aggregator]!) !== AS_TRANS;
}

function writeWideAsPath(
  bytes: Uint8Array,
  view: UpdateView,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  // The value goes where a one-octet length would have it, and moves if it turns out longer.
  const valueAt = at + 3;
  const as4 = as4PathToMerge(bytes, view, start, end);
  const valueEnd =
    as4 < 0
      ? widen(bytes, start, end, into, valueAt)
      : mergeAs4Path(bytes, start, end, view.attributeStart[as4]!, view.attributeEnd[as4]!, into, valueAt);
  const length = valueEnd - valueAt;
  if (length > 255) into.copyWithin(valueAt + 1, valueAt, valueEnd);
  return writeAttributeHeader(WELL_KNOWN, AttributeType.AsPath, length, into, at) + length;
}

/** The slot of the AS4_PATH that counts, or -1 (RFC 6793 4.2.3: one that is longer than AS_PATH is ignored). */
function as4PathToMerge(bytes: Uint8Array, view: UpdateView, start: number, end: number): number {
  const as4 = slotOf(view, AttributeType.As4Path);
  if (as4 < 0 || as4Stale(bytes, view)) return -1;
  const as4Start = view.attributeStart[as4]!;
  const as4End = view.attributeEnd[as4]!;
  if (pathHops(bytes, as4Start, as4End, 4) > pathHops(bytes, start, end, 2)) return -1;
  // Sets in AS4_PATH that hide how long it is could make more than an attribute can hold.
  return 2 * (end - start) + as4End - as4Start > MAX_VALUE ? -1 : as4;
}

function writeWideAggregator(
  bytes: Uint8Array,
  view: UpdateView,
  flags: number,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  const as4 = slotOf(view, AttributeType.As4Aggregator);
  const kept = canonicalFlags(AttributeType.Aggregator, flags);
  if (as4 >= 0 && !as4Stale(bytes, view)) {
    const as4Start = view.attributeStart[as4]!;
    return writeAttribute(bytes, as4Start, as4Start + 8, kept, AttributeType.Aggregator, into, at);
  }
  const valueAt = writeAttributeHeader(kept, AttributeType.Aggregator, 8, into, at);
  into[valueAt] = into[valueAt + 1] = 0;
  return copy(bytes, start, end, into, valueAt + 2);
}
