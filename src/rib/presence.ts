import type { Fabric } from '../fabric/fabric.ts';
import { PREFIX_RECORD, PREFIX_RECORD_BITS } from '../fabric/layout.ts';

/**
 * Which sessions may have a route for a prefix: the marks in its record, shared by all blades.
 *
 *    31         30 … 25    24 … 0
 *   ┌──────────┬──────────┬─────────────────────────────────────────────┐
 *   │ MED mark │ length   │ bit b: some session with index % 25 = b may  │
 *   └──────────┴──────────┴─────────────────────────────────────────────┘
 *
 * Bits are set by atomic or, before the route is written, and stay: they say where to look, never that there
 * is something. The MED mark says that some route ever carried a non-zero MULTI_EXIT_DISC. The length is part of the
 * prefix (fabric/prefixes.ts).
 */
export const BUCKETS = 25;
/** The bits of the buckets. */
export const PRESENT = (1 << BUCKETS) - 1;
const MED_MARK = 0x80000000 | 0;

/** Where the marks of a prefix stand among the records' words. */
function marksAt(id: number): number {
  return (id << PREFIX_RECORD_BITS) + PREFIX_RECORD.marks;
}

/** The first source from an index on that is in a bucket. */
export function firstOf(bucket: number, from: number): number {
  return from + ((bucket - (from % BUCKETS) + BUCKETS) % BUCKETS);
}

/** The buckets that may have a route, as bits. */
export function presentIn({ prefixes }: Pick<Fabric, 'prefixes'>, id: number): number {
  return (prefixes.records[marksAt(id)] as number) & PRESENT;
}

/** Some route of it ever carried a MED that counts. */
export function hasMed({ prefixes }: Pick<Fabric, 'prefixes'>, id: number): boolean {
  return (prefixes.records[marksAt(id)] as number) < 0;
}

/** The bit of a source's bucket. */
export function bucketBit(source: number): number {
  return 1 << (source % BUCKETS);
}

/**
 * Notes that the session may have a route for the prefix. `shared`: its bucket has sessions of other blades, too, and nobody tells us of
 * prefixes whose bit they did not see.
 */
export function notePresence(
  { prefixes: { records } }: Fabric,
  session: number,
  id: number,
  shared = false,
): void {
  const bit = bucketBit(session);
  const at = marksAt(id);
  if (((records[at] as number) & bit) !== 0) {
    // Another blade may have set it this very moment, behind somebody's look at the marks: as below.
    if (shared) Atomics.load(records, at);
    return;
  }
  Atomics.or(records, at, bit);
  // What is read of others' routes from here on was written before they looked at the marks (ibgp-internal/outbox.ts).
  Atomics.load(records, at);
}

/** Sets the MED mark; true when it was not set before: siblings must be told. */
export function noteMed({ prefixes: { records } }: Fabric, id: number): boolean {
  const at = marksAt(id);
  if ((records[at] as number) < 0) return false;
  return Atomics.or(records, at, MED_MARK) >= 0;
}

/** Nobody has the prefix any more. */
export function clearPresence({ prefixes: { records } }: Fabric, id: number): void {
  const at = marksAt(id);
  const marks = records[at] as number;
  if ((marks & (PRESENT | MED_MARK)) !== 0) records[at] = marks & ~(PRESENT | MED_MARK);
}
