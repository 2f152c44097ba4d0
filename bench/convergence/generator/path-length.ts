/**
 * The length of an AS_PATH for the decision process (RFC 4271 9.1.2.2 a): an AS_SET counts as one. Written apart
 * from the product's decoder, which this benchmark checks.
 */
const AS_PATH = 2;
const AS_SET = 1;
const EXTENDED_LENGTH = 0x10;

/** Of the attributes [at, end), 4-octet ASes; 0 with `loop` in the path (9.1.2: such a route is not usable), or without one. */
export function pathLength(bytes: Uint8Array, at: number, end: number, loop: number): number {
  while (at < end) {
    const extended = ((bytes[at] as number) & EXTENDED_LENGTH) !== 0;
    const value = at + (extended ? 4 : 3);
    const next =
      value +
      (extended ? ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number) : (bytes[at + 2] as number));
    if (bytes[at + 1] === AS_PATH) return segmentsLength(bytes, value, next, loop);
    at = next;
  }
  return 0;
}

function segmentsLength(bytes: Uint8Array, at: number, end: number, loop: number): number {
  let length = 0;
  while (at < end) {
    const count = bytes[at + 1] as number;
    length += bytes[at] === AS_SET ? 1 : count;
    at += 2;
    for (const to = at + 4 * count; at < to; at += 4) if (loop !== 0 && asAt(bytes, at) === loop) return 0;
  }
  return length;
}

function asAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
