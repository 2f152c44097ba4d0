/**
 * NLRI (RFC 4271 4.3): prefixes as they stand on the wire, one length octet and as many octets as that length
 * needs. To walk a field, read the prefix at `at` and go on at `prefixEnd(bytes, at)`; decodeUpdate has checked
 * that nothing runs over. Bits beyond the length are of no meaning, and come out as zero. Where ADD-PATH was agreed on, a
 * path identifier of four octets stands before each prefix (RFC 7911 3).
 */
import { u32 } from './bytes.ts';

/** Where the prefix at `at` ends and the next one begins. */
export function prefixEnd(bytes: Uint8Array, at: number): number {
  return at + 1 + ((bytes[at]! + 7) >> 3);
}

/** True where [start, end) is a row of whole prefixes none of which is longer than `maxBits`. */
export function nlriFits(bytes: Uint8Array, start: number, end: number, maxBits: number): boolean {
  let at = start;
  while (at < end) {
    const length = bytes[at]!;
    if (length > maxBits) return false;
    at += 1 + ((length + 7) >> 3);
  }
  return at === end;
}

/** Octets of the path identifier in front of each prefix, where ADD-PATH was agreed on (RFC 7911 3). */
export const PATH_IDENTIFIER = 4;

/** As `nlriFits`, of prefixes with path identifiers. */
export function pathNlriFits(bytes: Uint8Array, start: number, end: number, maxBits: number): boolean {
  let at = start;
  while (at < end) {
    at += PATH_IDENTIFIER;
    if (at >= end) return false;
    const length = bytes[at]!;
    if (length > maxBits) return false;
    at += 1 + ((length + 7) >> 3);
  }
  return at === end;
}

export function countPrefixes(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at = prefixEnd(bytes, at)) count++;
  return count;
}

/**
 * RFC 4271 6.3: a multicast prefix is right in its form, but makes no sense among unicast routes; it is ignored, and its
 * message is not. These take the first word of an address.
 */
export function isMulticast4(address: number): boolean {
  return address >= 0xe0000000 && address < 0xf0000000;
}

export function isMulticast6(word0: number): boolean {
  return word0 >= 0xff000000;
}

/** The network mask of `length` bits (0 … 32) as u32. */
export function mask32(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}

/** The address of the IPv4 prefix at `at`, host bits zero; its length is bytes[at]. */
export function prefix4Address(bytes: Uint8Array, at: number): number {
  const length = bytes[at]!;
  if (length === 0) return 0;
  let address = bytes[at + 1]! << 24;
  if (length > 8) address |= bytes[at + 2]! << 16;
  if (length > 16) address |= bytes[at + 3]! << 8;
  if (length > 24) address |= bytes[at + 4]!;
  return (address & (0xffffffff << (32 - length))) >>> 0;
}

/** A prefix as numbers, filled again and again: four u32 words for IPv6, the first alone for IPv4. */
export class Prefix {
  length = 0;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
}

export function readPrefix4(bytes: Uint8Array, at: number, prefix: Prefix): number {
  prefix.length = bytes[at]!;
  prefix.word0 = prefix4Address(bytes, at);
  prefix.word1 = prefix.word2 = prefix.word3 = 0;
  return at + 1 + ((prefix.length + 7) >> 3);
}

/** Fills `prefix` from the IPv6 prefix at `at`, host bits zero, and returns where it ends. */
export function readPrefix6(bytes: Uint8Array, at: number, prefix: Prefix): number {
  const length = bytes[at]!;
  prefix.length = length;
  prefix.word0 = prefixWord(bytes, at + 1, length);
  prefix.word1 = prefixWord(bytes, at + 5, length - 32);
  prefix.word2 = prefixWord(bytes, at + 9, length - 64);
  prefix.word3 = prefixWord(bytes, at + 13, length - 96);
  return at + 1 + ((length + 7) >> 3);
}

/** The word at `at` of which `bits` (any number) belong to the prefix: only their octets are read. */
function prefixWord(bytes: Uint8Array, at: number, bits: number): number {
  if (bits >= 32) return u32(bytes, at);
  if (bits <= 0) return 0;
  let word = bytes[at]! << 24;
  if (bits > 8) word |= bytes[at + 1]! << 16;
  if (bits > 16) word |= bytes[at + 2]! << 8;
  if (bits > 24) word |= bytes[at + 3]!;
  return (word & (0xffffffff << (32 - bits))) >>> 0;
}

/** Writes an IPv4 prefix and returns where it ends; host bits must be zero. */
export function writePrefix4(bytes: Uint8Array, at: number, address: number, length: number): number {
  bytes[at++] = length;
  if (length > 0) bytes[at++] = address >>> 24;
  if (length > 8) bytes[at++] = address >>> 16;
  if (length > 16) bytes[at++] = address >>> 8;
  if (length > 24) bytes[at++] = address;
  return at;
}

/** Writes an IPv6 prefix given as four words and returns where it ends; host bits must be zero. */
export function writePrefix6(
  bytes: Uint8Array,
  at: number,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  length: number,
): number {
  bytes[at++] = length;
  at = writeWord(bytes, at, word0, length);
  at = writeWord(bytes, at, word1, length - 32);
  at = writeWord(bytes, at, word2, length - 64);
  return writeWord(bytes, at, word3, length - 96);
}

function writeWord(bytes: Uint8Array, at: number, word: number, bits: number): number {
  if (bits > 0) bytes[at++] = word >>> 24;
  if (bits > 8) bytes[at++] = word >>> 16;
  if (bits > 16) bytes[at++] = word >>> 8;
  if (bits > 24) bytes[at++] = word;
  return at;
}
