/**
 * Ids of next hops that no attribute set names come back, at the end of a sweep (sweeper.ts), which has given back the sets.
 *
 *   named by a set? ─→ the others leave the table ─→ quiescence ─→ in the table again? ─ yes: somebody had just taken it
 *                                                                               └ no: named by now? ─ no: nobody's, given out again
 *                                                                                                   └ yes: back into the table
 *
 * A set names its next hop from before it can be found, and whoever interns one has done so within the turn in which it looked the next
 * hop up. So what was in no set, is in no table, and is in no set after everybody has begun another turn, is in nobody's hands.
 */
import type { Fabric } from '../fabric/fabric.ts';
import type { NextHops } from '../fabric/next-hops.ts';
import { nextHopOf } from '../rib/attribute-row.ts';
import { bits, has } from './id-bits.ts';

export interface HopSweep {
  readonly fabric: Fabric;
  readonly hops: NextHops;
  /** Sets that are in use, by AttrId less one. */
  readonly live: Uint32Array;
  /** Sets looked at in one piece. */
  readonly piece: number;
  readonly quiescence: () => Generator<void>;
}

/** How many came back. */
export function* sweepNextHops(sweep: HopSweep): Generator<void, number> {
  const { hops, quiescence } = sweep;
  const free = bits(hops.pool.limit);
  const bound = hops.pool.noteReturned(free);
  const named = yield* namedBySets(sweep);
  // By id: it was given out, and is named by no set.
  const idle = new Uint8Array(hops.pool.limit + 1);
  for (let number = 0; number < bound; number++)
    if (!has(free, number) && named[number + 1] === 0) idle[number + 1] = 1;
  hops.withdraw((id) => idle[id] === 1);
  yield* quiescence();
  // Who took one before this began, and put it into the table behind our back; the others are in nobody's reach.
  for (const id of hops.ids()) idle[id] = 0;
  const still = yield* namedBySets(sweep);
  let given = 0;
  for (let id = 1; id <= bound; id++) {
    if (idle[id] === 0) continue;
    if (still[id] !== 0) hops.restore(id);
    else {
      hops.pool.give(id - 1);
      given++;
    }
  }
  hops.pool.publish();
  hops.tidy();
  if (hops.pool.room > 0 && hops.takeRefused()) yield* nameWhatIsMissing(sweep);
  return given;
}

/** By id of a next hop: a set that somebody has or may have names it. */
function* namedBySets({ fabric: { attributes }, hops, piece }: HopSweep): Generator<void, Uint8Array> {
  const named = new Uint8Array(hops.pool.limit + 1);
  const free = bits(attributes.pool.limit);
  const bound = attributes.pool.noteReturned(free);
  for (let number = 0; number < bound; number++) {
    if (!has(free, number)) named[hops.ofSets[number + 1] as number] = 1;
    if (number % piece === piece - 1) yield;
  }
  return named;
}

/** Sets that were described while the table was full: what they go through counts from now on. */
function* nameWhatIsMissing({ fabric, hops, live, piece }: HopSweep): Generator<void> {
  const { attributes } = fabric;
  let any = false;
  for (let number = 0; number < attributes.pool.limit; number++) {
    const set = number + 1;
    if (has(live, number) && hops.ofSets[set] === 0) {
      const start = attributes.offsetOf(set);
      const hop = nextHopOf(hops, attributes.bytes, start, start + attributes.lengthOf(set));
      if (hop !== 0) {
        hops.ofSets[set] = hop;
        hops.changedAt[hop] = hops.generation + 1;
        any = true;
      }
    }
    if (number % piece === piece - 1) yield;
  }
  if (!any) return;
  hops.changed();
  for (let slot = 0; slot < fabric.blades; slot++) fabric.bells.ring(slot);
}
