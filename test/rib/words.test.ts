import test from 'ava';
import fc from 'fast-check';
import {
  describeFor,
  HAS_ORIGINATOR,
  LENGTHS,
  LOCAL_PREF,
  LOOPED,
  MED,
  NEIGHBOR_AS,
  ORIGINATOR,
  PATH_LENGTH_MASK,
  ROW,
} from '../../src/rib/attribute-row.ts';
import { BUCKETS, clearPresence, hasMed, noteMed, notePresence, presentIn } from '../../src/rib/presence.ts';
import {
  ADVERTISED,
  ATTRIBUTE_MASK,
  FILTERED,
  feasible,
  MULTIPATH,
  STALE,
  UNRESOLVED,
  visible,
} from '../../src/rib/route-word.ts';
import { canonicalBytes, testSet } from '../bgp/support.ts';
import { smallFabric } from '../fabric/support/small.ts';
import { newAttributeSummary, pathContainsAs, summarize } from '../support/attribute-summary.ts';

test('a home blade may choose what is not filtered, its siblings what is advertised besides', (t) => {
  fc.assert(
    fc.property(fc.nat(ATTRIBUTE_MASK), fc.boolean(), fc.boolean(), (attribute, advertised, filtered) => {
      // As a column gives it: signed 32 bits.
      const word = attribute | (advertised ? ADVERTISED : 0) | (filtered ? FILTERED : 0) | 0;
      return (
        feasible(word) === (filtered ? 0 : attribute) &&
        visible(word) === (advertised && !filtered ? attribute : 0) &&
        (word & ATTRIBUTE_MASK) === attribute
      );
    }),
  );
  t.deepEqual([feasible(0), visible(0)], [0, 0]);
  t.is(
    ADVERTISED ^ FILTERED ^ STALE ^ UNRESOLVED ^ MULTIPATH ^ ATTRIBUTE_MASK,
    -1,
    'the six parts fill the word and do not overlap',
  );
});

test('presence names every session that may have a route, and the MED mark stands beside it', (t) => {
  const fabric = smallFabric();
  for (const session of [0, 24, 25, 49, 51]) {
    notePresence(fabric, session, 5);
    t.not(presentIn(fabric, 5) & (1 << (session % BUCKETS)), 0);
  }
  t.is(presentIn(fabric, 5), 1 | (1 << 24) | (1 << 1));
  t.false(hasMed(fabric, 5), 'no session reaches the mark');
  t.is(fabric.prefixes.length4(5), 0, 'nor the length of the prefix');
  t.true(noteMed(fabric, 5));
  t.false(noteMed(fabric, 5), 'only the first one has to tell');
  t.true(hasMed(fabric, 5));
  t.is(presentIn(fabric, 5), 1 | (1 << 24) | (1 << 1));
  notePresence(fabric, 2, 5);
  t.false(noteMed(fabric, 5));
  t.is(presentIn(fabric, 4), 0);
  t.false(hasMed(fabric, 4));
  clearPresence(fabric, 5);
  t.is(presentIn(fabric, 5), 0);
  t.false(hasMed(fabric, 5));
});

test('a set is described by what the decision reads of it', (t) => {
  const row = new Uint32Array(8);
  const describe = describeFor(65000);
  const set = (path: number[], ...more: number[]): Uint8Array =>
    Uint8Array.of(0x40, 1, 1, 2, 0x40, 2, 2 + 4 * path.length, 2, path.length, ...path.flatMap(u32), ...more);
  const both = set([64500, 65000], 0x40, 3, 4, 10, 0, 0, 1, 0x80, 4, 4, ...u32(4_000_000_000));
  describe(both, 0, both.length, row, 3);
  t.deepEqual([...row.subarray(3, 6)], [100, 4_000_000_000, 64500]);
  const lengths = row[6] as number;
  t.is(lengths & PATH_LENGTH_MASK, 2);
  t.is((lengths >>> 16) & 3, 2);
  t.not(lengths & LOOPED, 0);
  t.is(lengths & HAS_ORIGINATOR, 0);
  const reflected = set(
    [],
    0x40,
    5,
    4,
    ...u32(250),
    0x80,
    9,
    4,
    10,
    0,
    0,
    9,
    0x80,
    10,
    8,
    1,
    1,
    1,
    1,
    2,
    2,
    2,
    2,
  );
  describe(reflected, 0, reflected.length, row, 3);
  t.is(row[3], 250);
  t.is((row[6] as number) & LOOPED, 0);
  t.not((row[6] as number) & HAS_ORIGINATOR, 0);
  t.is(((row[6] as number) >>> 18) & 255, 2);
  t.is(row[7], 0x0a000009);
});

test('the description of any set is what summarize finds', (t) => {
  const row = new Uint32Array(ROW);
  const summary = newAttributeSummary();
  fc.assert(
    fc.property(fc.boolean().chain(testSet), fc.boolean(), (set, own) => {
      const localAs = own ? (set.path.at(-1)?.ases.at(-1) ?? 1) : 4_199_999_999;
      const bytes = canonicalBytes(set);
      describeFor(localAs)(bytes, 0, bytes.length, row, LOCAL_PREF);
      summarize(bytes, 0, bytes.length, summary);
      t.is(row[LOCAL_PREF], summary.localPref);
      t.is(row[MED], summary.med);
      t.is(row[NEIGHBOR_AS], summary.neighborAs);
      t.is(row[ORIGINATOR], summary.originatorId);
      const lengths = row[LENGTHS] as number;
      t.is(lengths & PATH_LENGTH_MASK, summary.pathLength);
      t.is((lengths >>> 16) & 3, summary.origin);
      t.is((lengths >>> 18) & 255, summary.clusterListLength);
      t.is((lengths & LOOPED) !== 0, pathContainsAs(bytes, 0, bytes.length, localAs));
      t.is((lengths & HAS_ORIGINATOR) !== 0, summary.originatorId !== 0);
    }),
  );
});

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
