import type { Fabric } from '../fabric/fabric.ts';

/**
 * Which sessions may have a route for a prefix: a word by PrefixId, shared by all blades.
 *
 *    31         30 … 0
 *   ┌──────────┬─────────────────────────────────────────────┐
 *   │ MED mark │ bit b: some session with index % 31 = b may  │
 *   └──────────┴─────────────────────────────────────────────┘
 *
 * Bits are set by atomic or, before the route is written, and stay: they say where to look, never that there
 * is something. The MED mark says that some route ever carried a non-zero MULTI_EXIT_DISC.
 */
export const BUCKETS = 31;
export const MED_MARK = 0x80000000 | 0;

/** The first source from an index on that is in a bucket. */
export function firstOf(bucket: number, from: number): number {
  return from + ((bucket - (from % BUCKETS) + BUCKETS) % BUCKETS);
}

/** Notes that the session may have a route for the prefix. */
export function notePresence(fabric: Fabric, session: number, id: number): void {
  const bit = 1 << (session % BUCKETS);
  if (((fabric.presence[id] as number) & bit) === 0) Atomics.or(fabric.presence, id, bit);
}

/** Sets the MED mark; true when it was not set before: siblings must be told. */
export function noteMed(fabric: Fabric, id: number): boolean {
  if ((fabric.presence[id] as number) < 0) return false;
  return Atomics.or(fabric.presence, id, MED_MARK) >= 0;
}
