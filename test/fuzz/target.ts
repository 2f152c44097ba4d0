/**
 * What is fuzzed: something that takes octets of a neighbour (or of a file). `run` returns when the input got an answer, and
 * throws when something that must hold does not: that, and taking too long, are findings.
 */
import type { Random } from '../../src/base/random.ts';

export interface Target {
  readonly name: string;
  readonly what: string;
  /** Writes an input to `into` and returns its length. */
  make(random: Random, into: Uint8Array): number;
  /** `random` chooses what the input does not say: what the session has agreed upon, where the stream is cut. */
  run(input: Uint8Array, random: Random): void;
}

/** Octets that an input may have at most. */
export const INPUT_ROOM = 1 << 18;

/** Says what does not hold. */
export class Finding extends Error {}

export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}

export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
