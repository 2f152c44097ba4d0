/**
 * Threads that hold routes through more next hops than the table has room for, a few at a time, while another one sweeps
 * (tasks-sweeps.ts): what a route's set goes through is always what it says, or nothing where the table is full.
 */
import { Random } from '../../../src/base/random.ts';
import { originatedSet } from '../../../src/bgp/originated-set.ts';
import { Fabric } from '../../../src/fabric/fabric.ts';
import { describeFor } from '../../../src/rib/attribute-row.ts';
import type { ThreadStart } from './threads.ts';

const AS = 65_000;
/** Next hops that all threads use, and routes of one thread. */
const HOPS = 4000;
const ROUTES = 40;
const TURN = 10;

export const hopSet = (hop: number, med: number): Uint8Array =>
  originatedSet(false, { med, nextHop: Uint8Array.of(10, 9, hop >>> 8, hop & 255) });

/** The last word of its next hop; 0: the table had no room. */
export function hopOf({ hops }: Fabric, set: number): number {
  const id = hops?.ofSets[set] as number;
  return id === 0 ? 0 : (hops?.keys[id * 4 + 3] as number);
}

export const hopFabric = (memory: ThreadStart['memory'], me: number): Fabric =>
  new Fabric(memory, me, describeFor(AS, memory));

/** How many of its routes found no id for their next hop. */
export function hopKeeper({ memory, me, seed, count, shared }: ThreadStart): number {
  const fabric = hopFabric(memory, me);
  const random = new Random(seed + me);
  const held = new Map<number, { readonly hop: number; readonly set: number }>();
  let refused = 0;
  for (let turn = 0; turn < count; turn++) {
    fabric.epochs.enter();
    fabric.meet();
    for (let step = 0; step < TURN; step++) {
      const id = fabric.prefixes.intern4((me << 24) | (random.below(ROUTES) << 8), 24);
      const before = held.get(id);
      if (before !== undefined) check(fabric, before);
      const hop = 1 + random.below(HOPS);
      const bytes = hopSet(hop, random.below(4));
      const set = fabric.attributes.intern(bytes, 0, bytes.length);
      if (id < 0 || set === 0) continue;
      if (fabric.hops?.ofSets[set] === 0) refused++;
      if (!fabric.columns.set(me, id, set)) throw new Error('no page');
      held.set(id, { hop, set });
    }
    if (random.chance(0.1)) fabric.epochs.leave();
    else fabric.epochs.pass();
  }
  fabric.epochs.enter();
  fabric.meet();
  for (const route of held.values()) check(fabric, route);
  fabric.epochs.leave();
  Atomics.add(new Int32Array(shared), 0, 1);
  return refused;
}

function check(fabric: Fabric, { hop, set }: { readonly hop: number; readonly set: number }): void {
  const found = hopOf(fabric, set);
  if (found !== 0 && found !== ((10 << 24) | (9 << 16) | hop | 0))
    throw new Error(`a route by 10.9.${hop >>> 8}.${hop & 255} goes by ${found.toString(16)}`);
}
