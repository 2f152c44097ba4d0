/** PrefixIds in the order in which operators read prefixes: by address, then length, IPv4 first. */
import type { Fabric } from '../../fabric/fabric.ts';

/** Ids of both tables that some session may have a route for, sorted. */
export function sortedIds(fabric: Fabric, families: number): number[] {
  return [...(families & 1 ? sorted4(fabric) : []), ...(families & 2 ? sorted6(fabric) : [])];
}

/** Sorting numbers is an order faster than sorting by a comparison: address and length are one number of 38 bits. */
function sorted4(fabric: Fabric): number[] {
  const { prefixes, presence } = fabric;
  const used = prefixes.used4();
  const keys = new Float64Array(used);
  let count = 0;
  for (let id = 0; id < used; id++) {
    if ((presence[id] as number) === 0) continue;
    keys[count++] = (prefixes.keys4[id * 2] as number) * 64 + (prefixes.keys4[id * 2 + 1] as number);
  }
  const sorted = keys.subarray(0, count).sort();
  return Array.from(sorted, (key) => prefixes.find4(Math.floor(key / 64), key % 64));
}

function sorted6(fabric: Fabric): number[] {
  const { prefixes, presence } = fabric;
  const ids: number[] = [];
  for (let id = prefixes.base6; id < prefixes.used6(); id++) if ((presence[id] as number) !== 0) ids.push(id);
  const keys = prefixes.keys6;
  return ids.sort((a, b) => {
    const at = (a - prefixes.base6) * 5;
    const bt = (b - prefixes.base6) * 5;
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
