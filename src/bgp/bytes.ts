/**
 * Octets in network byte order, as free functions over a Uint8Array: no Buffer, nothing to allocate, and no
 * difference between private and shared memory.
 */
import { copyWords } from '../base/octets.ts';

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * Up to so many octets (a next hop, of an array that may be there for one call) a loop over octets does, up to so many
 * one over words is fastest, and beyond that making the array that `set` needs is worth it.
 */
const OCTETS = 16;
const WORDS = 128;

/** Copies bytes[start, end) to `into` at `at`, and returns where the copy ends. */
export function copy(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  const length = end - start;
  if (length > WORDS) {
    into.set(bytes.subarray(start, end), at);
    return at + length;
  }
  if (length > OCTETS) return copyWords(bytes, start, end, into, at);
  while (start < end) into[at++] = bytes[start++]!;
  return at;
}

/** A private copy: what leaves shared memory for a long life (a NOTIFICATION's text, a capability). */
export function privateCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const result = new Uint8Array(end - start);
  result.set(bytes.subarray(start, end));
  return result;
}
