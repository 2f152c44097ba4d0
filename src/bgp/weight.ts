/**
 * The weight of a route: a preference that is this router's alone, asked before LOCAL_PREF, and told to nobody. It stands
 * in front of the canonical octets of a set (canonical.ts), so that sets which differ in it are different sets:
 *
 *   flags 0 │ type 0 │ 4 │ weight, 4 octets │ ORIGIN …
 *
 * No message brings such an attribute about: what is kept of one is well-known, or optional. A weight of 0 is none.
 */
import { copy, putU32, u32 } from './bytes.ts';

const OCTETS = 7;
const HEADER = 3;

export function hasWeight(bytes: Uint8Array, start: number, end: number): boolean {
  return start < end && bytes[start] === 0;
}

export function weightOf(bytes: Uint8Array, start: number, end: number): number {
  return hasWeight(bytes, start, end) ? u32(bytes, start + HEADER) : 0;
}

/** Where the attributes begin that others may see. */
export function behindWeight(bytes: Uint8Array, start: number, end: number): number {
  return hasWeight(bytes, start, end) ? start + OCTETS : start;
}

/** Writes the set [start, end) with this weight in place of its own; returns where that ends. Room for 7 octets more is there. */
export function writeWithWeight(
  bytes: Uint8Array,
  start: number,
  end: number,
  weight: number,
  into: Uint8Array,
  at: number,
): number {
  if (weight !== 0) {
    into[at] = into[at + 1] = 0;
    into[at + 2] = OCTETS - HEADER;
    putU32(into, at + HEADER, weight);
    at += OCTETS;
  }
  return copy(bytes, behindWeight(bytes, start, end), end, into, at);
}
