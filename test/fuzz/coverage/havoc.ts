/** Changes octets without knowing what they mean: what was learned stands in the octets that are changed. */
import type { Random } from '../../../src/base/random.ts';
import { INTERESTING } from '../mutate.ts';

const LONGEST = 4096;

/** A child of `parent`, with a part of `other` now and then. */
export function havoc(parent: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = [...parent.subarray(0, LONGEST)];
  for (let changes = random.chance(0.4) ? 1 : 1 << random.below(5); changes > 0; changes--)
    bytes = change(bytes, other, random);
  // A message whose frame does not fit goes nowhere, mostly.
  if (random.chance(0.8) && bytes.length >= 19 && bytes[0] === 0xff) {
    bytes[16] = bytes.length >>> 8;
    bytes[17] = bytes.length & 0xff;
  }
  return Uint8Array.from(bytes);
}

function change(bytes: number[], other: Uint8Array, random: Random): number[] {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(random.chance(0.8) ? 8 : 64);
  const octet = random.chance(0.5) ? random.pick(INTERESTING) : random.below(256);
  // biome-ignore format: one line per rule
  switch (random.below(7)) {
    case 0: return bytes.map((each, i) => (i === at ? each ^ (1 << random.below(8)) : each));
    case 1: return bytes.map((each, i) => (i === at ? octet : each));
    case 2: return bytes.map((each, i) => (i === at ? (each + random.below(9) - 4) & 0xff : each));
    case 3: return [...bytes.slice(0, at), ...new Array<number>(length).fill(octet), ...bytes.slice(at)];
    case 4: return [...bytes.slice(0, at), ...bytes.slice(at + length)];
    case 5: return [...bytes.slice(0, at), ...bytes.slice(at, at + length), ...bytes.slice(at)];
    default: {
      const from = random.below(other.length + 1);
      return [...bytes.slice(0, at), ...other.subarray(from, from + length), ...bytes.slice(at)];
    }
  }
}
