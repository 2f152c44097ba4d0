/** COMMUNITIES (RFC 1997) in a canonical attribute set: whether one is there, and the set with one more. */
import { AttributeType, OPTIONAL_TRANSITIVE } from './attribute-table.ts';
import { findAttribute, valueLength, valueStart } from './attributes.ts';
import { copy, putU32, u32 } from './bytes.ts';
import { writeAttributeHeader } from './canonical.ts';

/** Whether the communities in [start, end), 4 octets each, have this one. */
export function listsCommunity(bytes: Uint8Array, start: number, end: number, community: number): boolean {
  for (let item = start; item < end; item += 4) if (u32(bytes, item) === community) return true;
  return false;
}

export function hasCommunity(bytes: Uint8Array, start: number, end: number, community: number): boolean {
  const at = findAttribute(bytes, start, end, AttributeType.Communities);
  if (at < 0) return false;
  const value = valueStart(bytes, at);
  return listsCommunity(bytes, value, value + valueLength(bytes, at), community);
}

/** Writes the canonical set [start, end) with the community behind those that it has; returns how long that is. */
export function addCommunity(
  bytes: Uint8Array,
  start: number,
  end: number,
  community: number,
  into: Uint8Array,
  at: number,
): number {
  const begin = at;
  let from = start;
  while (from < end && bytes[from + 1]! < AttributeType.Communities)
    from = valueStart(bytes, from) + valueLength(bytes, from);
  at = copy(bytes, start, from, into, at);
  let [flags, value, next]: [number, number, number] = [OPTIONAL_TRANSITIVE, from, from];
  if (from < end && bytes[from + 1] === AttributeType.Communities) {
    flags = bytes[from]!;
    value = valueStart(bytes, from);
    next = value + valueLength(bytes, from);
  }
  const valueAt = writeAttributeHeader(flags, AttributeType.Communities, next - value + 4, into, at);
  at = copy(bytes, value, next, into, valueAt);
  putU32(into, at, community);
  return copy(bytes, next, end, into, at + 4) - begin;
}
