/**
 * Octets taken four at a time: hashing, comparing and copying them costs a third of what it costs one by one. The words
 * are read where the octets stand, aligned or not, through a DataView (which V8 compiles to a plain load); they are
 * kept in an Int32Array, where a run of octets begins at a word and its last word may be used in part.
 */

/** The words of a DataView stand in the same order of octets as those of an Int32Array. */
const LITTLE_ENDIAN = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

const views = new WeakMap<Uint8Array, DataView>();
/** The arrays that were asked for last: a blade goes to and fro between a ring, the dictionary, and what sets are changed in. */
const RECENT = 8;
const recentBytes: (Uint8Array | undefined)[] = new Array(RECENT).fill(undefined);
const recentViews: DataView[] = new Array(RECENT).fill(new DataView(new ArrayBuffer(0)));
let oldest = 0;

/** A DataView of the same octets, made once for each array. */
export function dataViewOf(bytes: Uint8Array): DataView {
  for (let i = 0; i < RECENT; i++) if (recentBytes[i] === bytes) return recentViews[i]!;
  let view = views.get(bytes);
  if (view === undefined) {
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    views.set(bytes, view);
  }
  recentBytes[oldest] = bytes;
  recentViews[oldest] = view;
  oldest = (oldest + 1) % RECENT;
  return view;
}

/** A hash of [start, end), 32 bits. */
export function hashOctets(octets: DataView, start: number, end: number): number {
  let hash = Math.imul(end - start + 1, 0x9e3779b1);
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    hash = Math.imul(hash ^ octets.getInt32(at, LITTLE_ENDIAN), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ octets.getInt32(at + 4, LITTLE_ENDIAN), 0xc2b2ae35);
    hash ^= hash >>> 13;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ octets.getUint8(at), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** True where `bytes` and `words`, two views of the same memory, have [start, end) of `octets` from that word on. */
export function sameOctets(
  words: Int32Array,
  bytes: Uint8Array,
  word: number,
  octets: DataView,
  start: number,
  end: number,
): boolean {
  let at = start;
  for (const last = end - 4; at <= last; at += 4) {
    if (words[word++] !== octets.getInt32(at, LITTLE_ENDIAN)) return false;
  }
  for (let byte = word << 2; at < end; ) if (bytes[byte++] !== octets.getUint8(at++)) return false;
  return true;
}

/** The same two views get [start, end) of `octets` from that word on. */
export function copyOctets(
  words: Int32Array,
  bytes: Uint8Array,
  word: number,
  octets: DataView,
  start: number,
  end: number,
): void {
  let at = start;
  for (const last = end - 4; at <= last; at += 4) words[word++] = octets.getInt32(at, LITTLE_ENDIAN);
  for (let byte = word << 2; at < end; ) bytes[byte++] = octets.getUint8(at++);
}

/** Copies bytes[start, end) to `into` at `at`, aligned or not, and returns where the copy ends. */
export function copyWords(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  const from = dataViewOf(bytes);
  const to = dataViewOf(into);
  for (const last = end - 4; start <= last; start += 4, at += 4) {
    to.setInt32(at, from.getInt32(start, LITTLE_ENDIAN), LITTLE_ENDIAN);
  }
  while (start < end) to.setUint8(at++, from.getUint8(start++));
  return at;
}
