/**
 * Prefixes in the order in which operators read them: by address, then length, IPv4 first. A full table comes some
 * thousand at a time, and nothing of its size is held:
 *
 *   count by the first 16 bits ─→ ranges of about CHUNK prefixes ─→ for each: pick from the dictionary, sort, hand on
 *
 * Picking looks at the whole dictionary for each range. In between the chassis does what else it has to do, and ids that
 * nobody uses become other prefixes'. So what is handed on is prefixes; the id of one is asked for when it is looked at.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { PREFIX_RECORD } from '../../fabric/layout.ts';
import { presentIn } from '../../rib/presence.ts';

/** Ids of a range, but for what shares the first 16 bits of its prefixes. */
const CHUNK = 32_768;
const RANGES = 1 << 16;
/** Ids looked at between two breaths. */
const SLICE = 1 << 17;

/** A span of the first 16 bits of prefixes in one table. */
export interface Span {
  readonly ipv6: boolean;
  readonly first: number;
  readonly last: number;
}

/** Lets the event loop see to everything else. */
export function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** All of a family. */
export function wholeSpan(ipv6: boolean): Span {
  return { ipv6, first: 0, last: RANGES - 1 };
}

/** What can be within a prefix of that first word and length. */
export function spanWithin(word: number, length: number, ipv6: boolean): Span {
  const bits = Math.max(0, 16 - length);
  const first = word >>> 16;
  return { ipv6, first, last: first | ((1 << bits) - 1) };
}

/** Prefixes in order, each once. */
export interface PrefixChunk {
  readonly length: number;
  /** The id that one has now, or -1: none. Good until the chassis does something else. */
  idAt(index: number): number;
}

/** Prefixes in a span that some session may have a route for, in order, in chunks. */
export async function* prefixesInOrder(fabric: Fabric, span: Span): AsyncGenerator<PrefixChunk> {
  const counts = await countByRange(fabric, span.ipv6);
  for (let first = span.first; first <= span.last; ) {
    let last = first;
    let count = counts[first] as number;
    while (last < span.last && count + (counts[last + 1] as number) <= CHUNK)
      count += counts[++last] as number;
    if (count > 0) {
      const found = await pick(fabric, span.ipv6, first, last);
      yield span.ipv6 ? chunk6(fabric, found) : chunk4(fabric, found);
    }
    first = last + 1;
  }
}

async function countByRange(fabric: Fabric, ipv6: boolean): Promise<Uint32Array> {
  const { keys, stride, base, end } = tableOf(fabric, ipv6);
  const counts = new Uint32Array(RANGES);
  for (let start = base; start < end; start += SLICE) {
    for (let id = start; id < Math.min(end, start + SLICE); id++) {
      if (presentIn(fabric, id) === 0) continue;
      const range = (keys[(id - base) * stride] as number) >>> 16;
      counts[range] = (counts[range] as number) + 1;
    }
    await breath();
  }
  return counts;
}

/** The keys of a table that begin with 16 bits from `first` to `last`, one behind the other. */
async function pick(fabric: Fabric, ipv6: boolean, first: number, last: number): Promise<number[]> {
  const { keys, stride, base, end } = tableOf(fabric, ipv6);
  const { prefixes } = fabric;
  const found: number[] = [];
  for (let start = base; start < end; start += SLICE) {
    const stop = Math.min(end, start + SLICE);
    for (let id = start, at = (start - base) * stride; id < stop; id++, at += stride) {
      const range = (keys[at] as number) >>> 16;
      if (range < first || range > last || presentIn(fabric, id) === 0) continue;
      if (!ipv6) found.push(prefixes.address4(id), prefixes.length4(id));
      else for (let i = 0; i < stride; i++) found.push(keys[at + i] as number);
    }
    await breath();
  }
  return found;
}

function tableOf(
  { prefixes }: Fabric,
  ipv6: boolean,
): { keys: Uint32Array | Int32Array; stride: number; base: number; end: number } {
  return ipv6
    ? { keys: prefixes.keys6, stride: 5, base: prefixes.base6, end: prefixes.used6() }
    : { keys: prefixes.records, stride: PREFIX_RECORD.words, base: 0, end: prefixes.used4() };
}

/** Sorting numbers is an order faster than sorting by a comparison: address and length are one number of 38 bits. */
function chunk4({ prefixes }: Fabric, found: readonly number[]): PrefixChunk {
  const all = new Float64Array(found.length / 2);
  for (let i = 0; i < all.length; i++) all[i] = (found[2 * i] as number) * 64 + (found[2 * i + 1] as number);
  all.sort();
  // One that came back under another id while ids were picked was found twice.
  const keys = all.filter((key, i) => i === 0 || key !== all[i - 1]);
  return {
    length: keys.length,
    idAt: (index) => {
      const key = keys[index] as number;
      return prefixes.find4(Math.floor(key / 64), key % 64);
    },
  };
}

function chunk6({ prefixes }: Fabric, found: readonly number[]): PrefixChunk {
  const compare = (a: number, b: number): number => {
    for (let i = 0; i < 5; i++) {
      const difference = (found[a + i] as number) - (found[b + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const all = Array.from({ length: found.length / 5 }, (_, i) => i * 5).sort(compare);
  const keys = all.filter((at, i) => i === 0 || compare(at, all[i - 1] as number) !== 0);
  const word = (at: number): number => found[at] as number;
  return {
    length: keys.length,
    idAt: (index) => {
      const at = keys[index] as number;
      return prefixes.find6(word(at), word(at + 1), word(at + 2), word(at + 3), word(at + 4));
    },
  };
}

/** Does prefix `id` lie within (address words, length)? */
export function within(
  fabric: Fabric,
  id: number,
  words: readonly number[],
  length: number,
  ipv6: boolean,
): boolean {
  const { prefixes } = fabric;
  if (id >= prefixes.base6 !== ipv6 || prefixes.lengthOf(id) < length) return false;
  const at = ipv6 ? (id - prefixes.base6) * 5 : id * PREFIX_RECORD.words;
  const keys = ipv6 ? prefixes.keys6 : prefixes.records;
  for (let bit = 0, i = 0; bit < length; bit += 32, i++) {
    const bits = Math.min(32, length - bit);
    const mask = bits === 32 ? 0xffffffff : ~(0xffffffff >>> bits);
    if ((((keys[at + i] as number) ^ (words[i] as number)) & mask) !== 0) return false;
  }
  return true;
}
