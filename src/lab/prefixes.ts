/**
 * Distinct prefixes that may stand in a global table: no martians (RFC 6890's special-purpose blocks, and
 * what is not global unicast), neighbours of each other as an operator's prefixes are.
 */
import type { Random } from '../base/random.ts';
import { mask32 } from '../bgp/nlri.ts';
import { BLOCKS_V6, LENGTHS_V4, LENGTHS_V6 } from './distributions.ts';
import type { PrefixIndex } from './prefix-index.ts';

/** First address and length of the blocks that no generated prefix may touch. */
const MARTIANS_V4: readonly (readonly [address: number, length: number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0000000, 24],
  [0xc0000200, 24],
  [0xc0586300, 24],
  [0xc0a80000, 16],
  [0xc6120000, 15],
  [0xc6336400, 24],
  [0xcb007100, 24],
  [0xe0000000, 3],
];

/** True where the prefix and a martian block have an address in common. */
export function isMartian4(address: number, length: number): boolean {
  for (const [block, blockLength] of MARTIANS_V4) {
    const common = mask32(Math.min(length, blockLength));
    if ((address & common) >>> 0 === (block & common) >>> 0) return true;
  }
  return false;
}

/** 2001::/23 (protocol assignments) and 2001:db8::/32 (documentation); generated ones are in 2000::/3 anyway. */
export function isMartian6(word0: number, length: number): boolean {
  const touches = (block: number, blockLength: number): boolean => {
    const common = mask32(Math.min(length, blockLength));
    return (word0 & common) >>> 0 === (block & common) >>> 0;
  };
  return word0 >>> 29 !== 1 || touches(0x20010000, 23) || touches(0x20010db8, 32) || touches(0x20020000, 16);
}

/** How often a prefix stands near the last one of the same origin. */
const NEAR = 0.7;
/** Attempts near, and then anywhere, before another length is drawn. */
const ATTEMPTS = 8;

/** Adds one IPv4 prefix to the index, near `base` (an address) where that is possible. */
export function addPrefix4(index: PrefixIndex, random: Random, base: number): void {
  for (;;) {
    const length = LENGTHS_V4.draw(random);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const near = attempt < ATTEMPTS / 2 && random.chance(NEAR);
      // Near means within the 64 blocks of this length from the base on.
      const from = near ? base + random.below(64) * 2 ** (32 - length) : random.u32();
      const address = (from & mask32(length)) >>> 0;
      if (isMartian4(address, length)) continue;
      const known = index.count;
      if (index.add(length, address) === known) return;
    }
  }
}

/** Adds one IPv6 prefix of up to /64 to the index; `base` is the first word of the origin's block. */
export function addPrefix6(index: PrefixIndex, random: Random, base: number): void {
  for (;;) {
    const length = LENGTHS_V6.draw(random);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const near = attempt < ATTEMPTS / 2 && random.chance(NEAR);
      const word0 = ((near ? base : block6(random)) & mask32(Math.min(32, length))) >>> 0;
      const word1 = length > 32 ? (random.u32() & mask32(length - 32)) >>> 0 : 0;
      if (isMartian6(word0, length)) continue;
      const known = index.count;
      if (index.add(length, word0, word1) === known) return;
    }
  }
}

/** The first word of an operator's IPv6 block: a registry's block, and somewhere in it. */
export function block6(random: Random): number {
  const high = BLOCKS_V6.draw(random);
  // 2001::/16 is used as it is; the others are /12 each.
  const spread = high === 0x2001 ? 0 : random.below(16);
  return (((high + spread) << 16) | random.below(0x10000)) >>> 0;
}
