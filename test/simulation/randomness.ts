/**
 * What is random in a history, by its seed, for each purpose by itself: what one of them asks more often changes nothing for the others.
 *
 * The generator is a linear one. Seeds that differ in few bits, as one behind the other do, begin much alike; and so do two purposes of one
 * seed, always in the same way: histories with policies were never those in which blades die often. So the bits are mixed. Not those of the
 * first seeds, of which some once showed an error of ours: they are to be played as they were then.
 */
import { Random } from '../../src/base/random.ts';

/** The first seed whose bits are mixed. */
export const MIXED = 2 ** 31;

export function randomFor(seed: number, purpose: number): Random {
  const bits = seed ^ purpose;
  return new Random(seed < MIXED ? bits : mix(bits));
}

/** What an action of a history chose by a number of its own. */
export function randomOf(seed: number, choice: number): Random {
  return new Random(seed < MIXED ? choice : mix(choice));
}

/** As MurmurHash3 ends: every bit depends on every bit. */
function mix(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
