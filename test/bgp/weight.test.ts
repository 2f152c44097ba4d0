/** A weight stands in front of a set, and stays in this router. */
import test from 'ava';
import fc from 'fast-check';
import { type ExportOptions, exportAttributes } from '../../src/bgp/export.ts';
import { behindWeight, hasWeight, weightOf, writeWithWeight } from '../../src/bgp/weight.ts';
import { AttributeView } from '../../src/policy/attributes.ts';
import { canonicalBytes, testSet } from './support.ts';

const RUNS = { seed: 29, numRuns: 300 };
const weights = fc.integer({ min: 1, max: 0xffffffff });
const options: ExportOptions = {
  external: true,
  localAs: 65000,
  nextHopSelf: true,
  nextHop4: Uint8Array.of(192, 0, 2, 1),
  nextHop16: new Uint8Array(16).fill(1),
};

test('a set has the weight that it was given last, and 0 is none', (t) => {
  fc.assert(
    fc.property(fc.boolean().chain(testSet), weights, weights, (set, first, last) => {
      const bytes = canonicalBytes(set);
      const plain = new AttributeView(bytes, 0, bytes.length);
      t.is(plain.weight, 0);
      t.false(hasWeight(bytes, 0, bytes.length));
      const view = plain.withWeight(first).withWeight(last);
      t.is(view.weight, last);
      t.is(view.end - behindWeight(view.bytes, view.start, view.end), bytes.length);
      t.is(view.pathLength, plain.pathLength);
      t.is(view.localPref, plain.localPref);
      const none = view.withWeight(0);
      t.deepEqual(none.bytes.slice(none.start, none.end), Uint8Array.from(bytes));
    }),
    RUNS,
  );
});

test('a set with a weight is told as the one without', (t) => {
  const [into, other] = [new Uint8Array(1 << 17), new Uint8Array(1 << 17)];
  const weighed = new Uint8Array(1 << 17);
  fc.assert(
    fc.property(fc.boolean().chain(testSet), weights, fc.boolean(), (set, weight, external) => {
      const bytes = canonicalBytes(set);
      const end = writeWithWeight(bytes, 0, bytes.length, weight, weighed, 9);
      t.is(weightOf(weighed, 9, end), weight);
      const rules = { ...options, external, nextHopSelf: external };
      const length = exportAttributes(bytes, 0, bytes.length, rules, into, 0);
      t.is(exportAttributes(weighed, 9, end, rules, other, 0), length);
      if (length > 0) t.deepEqual(other.slice(0, length), into.slice(0, length));
    }),
    RUNS,
  );
});
