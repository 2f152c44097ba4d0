/**
 * AS_PATH (RFC 4271 4.3, 5.1.2; RFC 6793): a row of segments, each a type, a count, and that many ASes of 2 or
 * 4 octets. AS_SETs are taken and counted as RFC 4271 has it: RFC 9774 deprecates them, but tables of before
 * (and much of the real data) have them.
 */
import * as table from './attribute-table.ts';
import { copy, putU32, u16, u32 } from './bytes.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const { AS_TRANS, Segment } = table;

/** What can be wrong with a path, in words; 0 is nothing. */
export const AsPathFault = {
  None: 0,
  Misfit: 1,
  UnknownSegment: 2,
  AsZero: 3,
  Confederation: 4,
  TooLong: 5,
} as const;
export type AsPathFault = (typeof AsPathFault)[keyof typeof AsPathFault];

export const FAULTS: readonly string[] = [
  '',
  'segments do not fit',
  'unknown segment type',
  'AS 0 (RFC 7607)',
  'confederation segment',
  'too long',
];

/** Widened to 4 octets an AS, the value must still fit into an attribute. */
const MAX_NARROW_LENGTH = 32_760;
const MAX_COUNT = 255;

/** The first thing that is wrong with [start, end) (RFC 7606 7.2, RFC 7607). */
export function asPathFault(
  bytes: Uint8Array,
  start: number,
  end: number,
  asSize: number,
  confederation: boolean,
): AsPathFault {
  if (asSize === 2 && end - start > MAX_NARROW_LENGTH) return AsPathFault.TooLong;
  for (let at = start; at < end; ) {
    if (at + 2 > end) return AsPathFault.Misfit;
    const type = bytes[at]!;
    const next = at + 2 + bytes[at + 1]! * asSize;
    if (type < Segment.Set || type > Segment.ConfedSet) return AsPathFault.UnknownSegment;
    if (type >= Segment.ConfedSequence && !confederation) return AsPathFault.Confederation;
    if (next === at + 2 || next > end) return AsPathFault.Misfit;
    for (at += 2; at < next; at += asSize) {
      if (u16(bytes, at) === 0 && (asSize === 2 || u16(bytes, at + 2) === 0)) return AsPathFault.AsZero;
    }
  }
  return AsPathFault.None;
}

export function segmentsContain(
  bytes: Uint8Array,
  start: number,
  end: number,
  asSize: number,
  as: number,
): boolean {
  for (let at = start; at < end; ) {
    const next = at + 2 + bytes[at + 1]! * asSize;
    for (at += 2; at < next; at += asSize) {
      if ((asSize === 4 ? u32(bytes, at) : u16(bytes, at)) === as) return true;
    }
  }
  return false;
}

/** What a segment adds to the length of AS_PATH: RFC 4271 9.1.2.2.a for sets, RFC 5065 5.3 for confederations. */
export function segmentHops(type: number, count: number): number {
  return type === Segment.Sequence ? count : type === Segment.Set ? 1 : 0;
}

export function pathHops(bytes: Uint8Array, start: number, end: number, asSize: number): number {
  let hops = 0;
  for (let at = start; at < end; at += 2 + bytes[at + 1]! * asSize)
    hops += segmentHops(bytes[at]!, bytes[at + 1]!);
  return hops;
}

/**
 * The AS of the neighbour that told a route: the first one, if the path begins with a sequence, else 0. RFC 5065: a
 * confederation is one AS from outside, so its segments do not stand for the neighbour.
 */
export function neighborAs(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 2 + 4 * bytes[at + 1]!) {
    if (bytes[at] === Segment.Sequence) return u32(bytes, at + 2);
    if (bytes[at] === Segment.Set) return 0;
  }
  return 0;
}

/** Copies segments of 2-octet ASes as segments of 4-octet ones; returns where the copy ends. */
export function widen(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  for (let from = start; from < end; ) {
    const next = from + 2 + bytes[from + 1]! * 2;
    into[at++] = bytes[from++]!;
    into[at++] = bytes[from++]!;
    for (; from < next; from += 2, at += 4) putU32(into, at, u16(bytes, from));
  }
  return at;
}

/** The other way: what does not fit becomes AS_TRANS (RFC 6793 4.2.2). */
export function narrow(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  for (let from = start; from < end; ) {
    const next = from + 2 + bytes[from + 1]! * 4;
    into[at++] = bytes[from++]!;
    into[at++] = bytes[from++]!;
    for (; from < next; from += 4, at += 2) {
      const as = u32(bytes, from);
      const as2 = as > 0xffff ? AS_TRANS : as;
      into[at] = as2 >>> 8;
      into[at + 1] = as2;
    }
  }
  return at;
}

/** True where some AS of [start, end) needs 4 octets, and so AS4_PATH must go with it. */
export function needsAs4(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const next = at + 2 + bytes[at + 1]! * 4;
    for (at += 2; at < next; at += 4) if (u16(bytes, at) !== 0) return true;
  }
  return false;
}

export function hasConfederation(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 2 + 4 * bytes[at + 1]!)
    if (bytes[at]! >= Segment.ConfedSequence) return true;
  return false;
}

/** The path without its confederation segments: AS4_PATH's value (RFC 6793 3), and what leaves a confederation. */
export function copyWithoutConfederation(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  for (let from = start; from < end; ) {
    const next = from + 2 + bytes[from + 1]! * 4;
    if (bytes[from]! < Segment.ConfedSequence) at = copy(bytes, from, next, into, at);
    from = next;
  }
  return at;
}

/**
 * RFC 6793 4.2.3: as many ASes from the front of the 2-octet AS_PATH as make its length up, then AS4_PATH. A
 * sequence that is cut there and the one that begins AS4_PATH become one segment again, as they were one before
 * the old speaker. AS4_PATH must not be the longer one; segments of a confederation have no place in it, and are left
 * out (RFC 6793 6). Returns where the merged path ends.
 */
export function mergeAs4Path(
  bytes: Uint8Array,
  start: number,
  end: number,
  as4Start: number,
  as4End: number,
  into: Uint8Array,
  at: number,
): number {
  let missing = pathHops(bytes, start, end, 2) - pathHops(bytes, as4Start, as4End, 4);
  let from = start;
  let last = -1;
  while (from < end) {
    const type = bytes[from]!;
    const count = bytes[from + 1]!;
    const hops = segmentHops(type, count);
    // A confederation segment goes along where it leads, or follows what was taken.
    if (missing === 0 && hops > 0) break;
    const taken = hops > missing ? missing : count;
    last = at;
    into[at] = type;
    into[at + 1] = taken;
    at += 2;
    for (let i = 0; i < taken; i++, at += 4) putU32(into, at, u16(bytes, from + 2 + 2 * i));
    missing -= Math.min(hops, missing);
    from += 2 + 2 * count;
  }
  return join(bytes, as4Start, as4End, into, last, at);
}

/** Appends [start, end); where two sequences meet at the seam (`last`, or -1) they become one if that fits. */
function join(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  last: number,
  at: number,
): number {
  while (start < end && bytes[start]! >= Segment.ConfedSequence) start += 2 + 4 * bytes[start + 1]!;
  const meets =
    last >= 0 && start < end && into[last] === Segment.Sequence && bytes[start] === Segment.Sequence;
  if (!meets || into[last + 1]! + bytes[start + 1]! > MAX_COUNT)
    return copyWithoutConfederation(bytes, start, end, into, at);
  into[last + 1] = into[last + 1]! + bytes[start + 1]!;
  const next = start + 2 + 4 * bytes[start + 1]!;
  return copyWithoutConfederation(bytes, next, end, into, copy(bytes, start + 2, next, into, at));
}

/** Writes the path with `as` in front (RFC 4271 5.1.2.b): in the first sequence, or a new one. */
export function prepend(
  bytes: Uint8Array,
  start: number,
  end: number,
  as: number,
  into: Uint8Array,
  at: number,
): number {
  const joins = start < end && bytes[start] === Segment.Sequence && bytes[start + 1]! < MAX_COUNT;
  into[at] = Segment.Sequence;
  into[at + 1] = joins ? bytes[start + 1]! + 1 : 1;
  putU32(into, at + 2, as);
  return copy(bytes, joins ? start + 2 : start, end, into, at + 6);
}
