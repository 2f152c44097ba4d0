/**
 * Prefixes and attribute sets as bits: what a sweep (sweeper.ts) found to be referenced, and then what stands in the tables. 128 KiB for a
 * million of each.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { prefixIds } from '../fabric/memory.ts';

/** Ids that are looked at together at most. */
const SOME = 512;

export class IdBits {
  /** By PrefixId. */
  readonly prefixes: Uint32Array;
  /** By AttrId less one. */
  readonly sets: Uint32Array;

  constructor({ options }: Fabric) {
    this.prefixes = bits(prefixIds(options));
    this.sets = bits(options.attributes);
  }

  clear(): void {
    this.prefixes.fill(0);
    this.sets.fill(0);
  }

  notePrefix(id: number): void {
    this.prefixes[id >>> 5] = (this.prefixes[id >>> 5] as number) | (1 << (id & 31));
  }

  noteSet(attribute: number): void {
    const number = attribute - 1;
    this.sets[number >>> 5] = (this.sets[number >>> 5] as number) | (1 << (number & 31));
  }
}

/** Bits for numbers below `count`. */
export function bits(count: number): Uint32Array {
  return new Uint32Array((count >>> 5) + 1);
}

export function has(of: Uint32Array, number: number): boolean {
  return ((of[number >>> 5] as number) & (1 << (number & 31))) !== 0;
}

/** The numbers whose bits are set, an eighth of `piece` at a time: `visit` finds the first `count` in `some`. */
export function* inPieces(
  of: Uint32Array,
  piece: number,
  visit: (some: Int32Array, count: number) => void,
): Generator<void> {
  const some = new Int32Array(SOME);
  const most = Math.min(piece >>> 3, SOME - 32);
  let count = 0;
  for (let word = 0; word < of.length; word++) {
    for (let rest = of[word] as number; rest !== 0; rest &= rest - 1)
      some[count++] = (word << 5) + 31 - Math.clz32(rest & -rest);
    if (count < most && (word & 1023) !== 1023 && word + 1 < of.length) continue;
    visit(some, count);
    count = 0;
    yield;
  }
}

/** As that, one by one. */
export function* each(of: Uint32Array, piece: number, visit: (number: number) => void): Generator<void> {
  yield* inPieces(of, piece, (some, count) => {
    for (let i = 0; i < count; i++) visit(some[i] as number);
  });
}
