/** RFC 8092 3: a large community that is said more than once counts once, and is told once. */
import { copy, u32 } from './bytes.ts';

/** Octets of one. */
const SIZE = 12;
/** Up to so many each is compared with each. */
const FEW = 64;

/** The last octet first: that is where most differ, and messages are many. */
function isSame(bytes: Uint8Array, a: number, b: number): boolean {
  return (
    bytes[a + SIZE - 1] === bytes[b + SIZE - 1] &&
    u32(bytes, a) === u32(bytes, b) &&
    u32(bytes, a + 4) === u32(bytes, b + 4) &&
    u32(bytes, a + 8) === u32(bytes, b + 8)
  );
}

/** True: none in [start, end) is there twice. False: some are, or there are many. */
export function areDistinct(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > FEW * SIZE) return false;
  for (let at = start + SIZE; at < end; at += SIZE)
    for (let from = start; from < at; from += SIZE) if (isSame(bytes, from, at)) return false;
  return true;
}

/** Copies those in [start, end), each once and where it was said first; returns where the copy ends. */
export function copyDistinct(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  if (areDistinct(bytes, start, end)) return copy(bytes, start, end, into, at);
  const said = new Set<string>();
  for (let from = start; from < end; from += SIZE) {
    const key = `${u32(bytes, from)}:${u32(bytes, from + 4)}:${u32(bytes, from + 8)}`;
    if (said.has(key)) continue;
    said.add(key);
    at = copy(bytes, from, from + SIZE, into, at);
  }
  return at;
}
