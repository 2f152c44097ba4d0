import type { RecordRing } from '../../../src/fabric/record-ring.ts';

const firsts = new Int32Array(1);
const seconds = new Int32Array(1);

/** Takes the next record out of a ring: its two words. `waiting()` said that there is one. */
export function takeOne(ring: RecordRing): [number, number] {
  ring.takeAll(firsts, seconds, 1);
  return [firsts[0] as number, seconds[0] as number];
}
