/**
 * PrefixIds in the order in which operators read prefixes: by address, then length, IPv4 first. A full table comes some
 * thousand at a time, and nothing of its size is held:
 *
 *   count by the first 16 bits ─→ ranges of about CHUNK ids ─→ for each: pick from the dictionary, sort, hand on
 *
 * Picking looks at the whole dictionary for each range. In between the chassis does what else it has to do.
 */
import type { Fabric } from '../../fabric/fabric.ts';

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

/** Ids in a span that some session may have a route for, in order, in chunks. */
export async function* idsInOrder(fabric: Fabric, span: Span): AsyncGenerator<number[]> {
  const counts = await countByRange(fabric, span.ipv6);
  for (let first = span.first; first <= span.last; ) {
    let last = first;
    let count = counts[first] as number;
    while (last < span.last && count + (counts[last + 1] as number) <= CHUNK)
      count += counts[++last] as number;
    if (count > 0) {
      const ids = await pick(fabric, span.ipv6, first, last);
      yield span.ipv6 ? sorted6(fabric, ids) : sorted4(fabric, ids);
    }
    first = last + 1;
  }
}

async function countByRange(fabric: Fabric, ipv6: boolean): Promise<Uint32Array> {
  const { keys, stride, base, end } = tableOf(fabric, ipv6);
  const { presence } = fabric;
  const counts = new Uint32Array(RANGES);
  for (let start = base; start < end; start += SLICE) {
    for (let id = start; id < Math.min(end, start + SLICE); id++) {
      if ((presence[id] as number) === 0) continue;
      const range = (keys[(id - base) * stride] as number) >>> 16;
      counts[range] = (counts[range] as number) + 1;
    }
    await breath();
  }
  return counts;
}

/** The ids of a table whose prefixes begin with 16 bits from `first` to `last`. */
async function pick(fabric: Fabric, ipv6: boolean, first: number, last: number): Promise<number[]> {
  const { keys, stride, base, end } = tableOf(fabric, ipv6);
  const { presence } = fabric;
  const ids: number[] = [];
  for (let start = base; start < end; start += SLICE) {
    const stop = Math.min(end, start + SLICE);
    for (let id = start, at = (start - base) * stride; id < stop; id++, at += stride) {
      const range = (keys[at] as number) >>> 16;
      if (range >= first && range <= last && (presence[id] as number) !== 0) ids.push(id);
    }
    await breath();
  }
  return ids;
}

function tableOf(
  { prefixes }: Fabric,
  ipv6: boolean,
): { keys: Uint32Array; stride: number; base: number; end: number } {
  return ipv6
    ? { keys: prefixes.keys6, stride: 5, base: prefixes.base6, end: prefixes.used6() }
    : { keys: prefixes.keys4, stride: 2, base: 0, end: prefixes.used4() };
}

/** Sorting numbers is an order faster than sorting by a comparison: address and length are one number of 38 bits. */
function sorted4({ prefixes }: Fabric, ids: readonly number[]): number[] {
  const { keys4 } = prefixes;
  const keys = Float64Array.from(ids, (id) => (keys4[id * 2] as number) * 64 + (keys4[id * 2 + 1] as number));
  const found: number[] = [];
  for (const key of keys.sort()) {
    const id = prefixes.find4(Math.floor(key / 64), key % 64);
    if (id >= 0) found.push(id);
  }
  return found;
}

function sorted6({ prefixes }: Fabric, ids: number[]): number[] {
  const { keys6: keys, base6 } = prefixes;
  return ids.sort((a, b) => {
    const at = (a - base6) * 5;
    const bt = (b - base6) * 5;
    for (let i = 0; i < 5; i++) {
      const difference = (keys[at + i] as number) - (keys[bt + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  });
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
  const at = ipv6 ? (id - prefixes.base6) * 5 : id * 2;
  const keys = ipv6 ? prefixes.keys6 : prefixes.keys4;
  for (let bit = 0, i = 0; bit < length; bit += 32, i++) {
    const bits = Math.min(32, length - bit);
    const mask = bits === 32 ? 0xffffffff : ~(0xffffffff >>> bits);
    if ((((keys[at + i] as number) ^ (words[i] as number)) & mask) !== 0) return false;
  }
  return true;
}
