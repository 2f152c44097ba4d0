/**
 * Octets in network byte order, as free functions over a Uint8Array: no DataView, no Buffer, and so
 * nothing to allocate and no difference between private and shared memory.
 */

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

/** Below this many octets a loop is faster than making the two views that `set` needs. */
const LOOP_LIMIT = 192;

/** Copies bytes[start, end) to `into` at `at`, and returns where the copy ends. */
export function copy(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  if (end - start > LOOP_LIMIT) {
    into.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  for (let from = start; from < end; ) into[at++] = bytes[from++]!;
  return at;
}

/** A private copy: what leaves shared memory for a long life (a NOTIFICATION's text, a capability). */
export function privateCopy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const result = new Uint8Array(end - start);
  result.set(bytes.subarray(start, end));
  return result;
}
