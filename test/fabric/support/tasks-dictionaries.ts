/** Threads that intern overlapping sets of keys at the same time; ids by key are what they return. */
import { Random } from '../../../src/base/random.ts';
import { AttributeDictionary } from '../../../src/fabric/attributes.ts';
import { ATTRIBUTE_ROW } from '../../../src/fabric/layout.ts';
import { PrefixDictionary } from '../../../src/fabric/prefixes.ts';
import type { ThreadStart } from './threads.ts';

/** Key `index` of the prefixes of both families: few addresses, many lengths, so that hashes meet. */
export function prefixKey(index: number): { words: [number, number, number, number]; length: number } {
  const length = 8 + (index % 25);
  const host = (Math.imul(index, 0x01000193) >>> 0) & (0xffffffff << (32 - length));
  return { words: [host >>> 0, index, ~index >>> 0, 0x20010db8], length };
}

/** Canonical bytes `index`: any length from nothing on, often with a common beginning. */
export function attributeKey(index: number): Uint8Array {
  const bytes = new Uint8Array(4 + (index % 61));
  new DataView(bytes.buffer).setUint32(bytes.length - 4, Math.imul(index, 0x85ebca6b) >>> 0);
  return bytes;
}

/** All threads go the same way in even runs (every key is contended for), each its own way in odd ones. */
function order({ me, seed, count }: ThreadStart): number[] {
  const keys = Array.from({ length: count }, (_, key) => key);
  return seed % 2 === 0 ? keys : new Random(seed + me).shuffle(keys);
}

/** IPv4 ids first, then IPv6 ids, by key. */
export function prefixDictionary(start: ThreadStart): Int32Array {
  const dictionary = new PrefixDictionary(start.memory);
  const ids = new Int32Array(2 * start.count);
  for (const key of order(start)) {
    const { words, length } = prefixKey(key);
    ids[key] = dictionary.intern4(words[0], length);
    ids[start.count + key] = dictionary.intern6(...words, length);
    if (dictionary.intern4(words[0], length) !== ids[key] && ids[key] !== -1)
      throw new Error(`IPv4 key ${key} changed its id`);
  }
  return ids;
}

/** Describes a set by its last word, so that a reader can tell whether it sees a row as it was published. */
export function describe(bytes: Uint8Array, start: number, end: number, row: Uint32Array, at: number): void {
  row[at] = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end - 4);
  row[at + 1] = end - start;
}

export function attributeDictionary(start: ThreadStart): Int32Array {
  const dictionary = new AttributeDictionary(start.memory, describe);
  const ids = new Int32Array(start.count);
  for (const key of order(start)) {
    const bytes = attributeKey(key);
    const id = dictionary.intern(bytes, 0, bytes.length);
    ids[key] = id;
    if (id === 0) continue;
    const at = id * ATTRIBUTE_ROW.words + ATTRIBUTE_ROW.described;
    if (dictionary.rows[at] !== Math.imul(key, 0x85ebca6b) >>> 0 || dictionary.rows[at + 1] !== bytes.length)
      throw new Error(`set ${id} was published before it was described`);
  }
  return ids;
}
