import test from 'ava';
import fc from 'fast-check';
import { findAttribute } from '../../src/bgp/attributes.ts';
import { hasCommunity } from '../../src/bgp/communities.ts';
import { type ExportOptions, exportAttributes, NOT_EXPORTED } from '../../src/bgp/export.ts';
import {
  clusterListContains,
  newAttributeSummary,
  pathContainsAs,
  summarize,
} from '../support/attribute-summary.ts';
import { attributesOf, canonicalBytes, path4, shared, type TestSet, testSet } from './support.ts';

const summary = newAttributeSummary();
const into = new Uint8Array(131072);

test('a summary says what the set was made of', (t) => {
  fc.assert(
    fc.property(fc.boolean().chain(testSet), (set) => {
      const bytes = shared([1, 2, 3, ...canonicalBytes(set)]);
      summarize(bytes, 3, bytes.length, summary);
      const [first, last] = [set.path[0], set.path.at(-1)];
      t.is(summary.origin, set.origin);
      t.is(
        summary.pathLength,
        set.path.reduce((hops, { type, ases }) => hops + (type === 1 ? 1 : ases.length), 0),
      );
      t.is(summary.neighborAs, first?.type === 2 ? first.ases[0]! : 0);
      t.is(summary.originAs, last?.type === 2 ? last.ases.at(-1)! : 0);
      t.deepEqual([summary.med, summary.hasMed], [set.med ?? 0, set.med !== undefined]);
      t.deepEqual(
        [summary.localPref, summary.hasLocalPref],
        [set.localPref ?? 100, set.localPref !== undefined],
      );
      t.is(summary.originatorId, set.originator ?? 0);
      t.is(summary.clusterListLength, set.clusters?.length ?? 0);
      const nextHop = bytes.slice(summary.nextHopStart, summary.nextHopStart + summary.nextHopLength);
      t.deepEqual([...nextHop], [...set.nextHop]);
    }),
    { numRuns: 200 },
  );
});

test('confederation segments have no length and are not the neighbour (RFC 5065)', (t) => {
  const set: TestSet = {
    origin: 0,
    path: [
      { type: 3, ases: [64512, 64513] },
      { type: 4, ases: [64514] },
      { type: 2, ases: [7, 8] },
    ],
    nextHop: [10, 0, 0, 1],
  };
  const bytes = canonicalBytes(set);
  summarize(bytes, 0, bytes.length, summary);
  t.deepEqual([summary.pathLength, summary.neighborAs, summary.originAs], [2, 7, 8]);
});

test('looking for an AS, a cluster, a community or an attribute finds exactly those that are there', (t) => {
  fc.assert(
    fc.property(testSet(true), fc.nat(), (set, other) => {
      const bytes = canonicalBytes(set);
      const has = (look: typeof pathContainsAs, value: number): boolean =>
        look(bytes, 0, bytes.length, value);
      const ases = set.path.flatMap((segment) => segment.ases);
      for (const as of [...ases, other]) t.is(has(pathContainsAs, as), ases.includes(as));
      for (const id of [...(set.clusters ?? []), other])
        t.is(has(clusterListContains, id), !!set.clusters?.includes(id));
      for (const value of [...(set.communities ?? []), other]) {
        t.is(has(hasCommunity, value), !!set.communities?.includes(value));
      }
      const types = attributesOf(set).map(({ type }) => type);
      for (let type = 0; type < 256; type++) {
        const at = findAttribute(bytes, 0, bytes.length, type);
        t.is(at >= 0, types.includes(type));
        if (at >= 0) t.is(bytes[at + 1], type);
      }
    }),
    { numRuns: 60 },
  );
});

const OWN4 = Uint8Array.of(198, 51, 100, 1);
const OWN16 = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...new Array<number>(12).fill(9)]);
const ebgp: ExportOptions = {
  external: true,
  localAs: 65000,
  nextHopSelf: true,
  nextHop4: OWN4,
  nextHop16: OWN16,
};
const ibgp: ExportOptions = { ...ebgp, external: false, nextHopSelf: false };

function exported(set: TestSet, options: ExportOptions): number[] | undefined {
  const bytes = shared(canonicalBytes(set));
  const length = exportAttributes(bytes, 0, bytes.length, options, into, 5);
  return length === NOT_EXPORTED ? undefined : [...into.subarray(5, 5 + length)];
}

const ours = (set: TestSet): number[] => (set.nextHop.length === 4 ? [...OWN4] : [...OWN16]);
const withoutPrivate = (set: TestSet): TestSet => ({
  ...set,
  communities: set.communities?.map((value) => (value > 0xffffff00 ? 7 : value)),
});

/** The same set, said in words: what RFC 4271 5.1 and RFC 4360 6 make of it on the way out of the AS. */
function leaving(set: TestSet): TestSet {
  const [first, ...rest] = set.path;
  const joins = first?.type === 2 && first.ases.length < 255;
  const extended = set.extended?.filter(([type]) => (type! & 0x40) === 0);
  return {
    ...set,
    path: joins
      ? [{ type: 2, ases: [65000, ...first.ases] }, ...rest]
      : [{ type: 2, ases: [65000] }, ...set.path],
    nextHop: ours(set),
    med: undefined,
    localPref: undefined,
    originator: undefined,
    clusters: undefined,
    extended: extended?.length ? extended : undefined,
  };
}

test('to another AS: our AS in front, our next hop, nothing that is for our own AS only', (t) => {
  fc.assert(
    fc.property(fc.boolean().chain(testSet), (given) => {
      const set = withoutPrivate(given);
      t.deepEqual(exported(set, ebgp), [...canonicalBytes(leaving(set))]);
      t.deepEqual(exported(set, { ...ebgp, keepMed: true }), [
        ...canonicalBytes({ ...leaving(set), med: set.med }),
      ]);
    }),
    { numRuns: 200 },
  );
});

test('inside our AS: LOCAL_PREF is there, a link-local next hop is not, all else stays', (t) => {
  fc.assert(
    fc.property(fc.boolean().chain(testSet), (given) => {
      const set = withoutPrivate(given);
      const kept = { ...set, localPref: set.localPref ?? 100, nextHop: set.nextHop.slice(0, 16) };
      t.deepEqual(exported(set, ibgp), [...canonicalBytes(kept)]);
      const self = exported(set, { ...ibgp, nextHopSelf: true });
      t.deepEqual(self, [...canonicalBytes({ ...kept, nextHop: ours(set) })]);
    }),
    { numRuns: 200 },
  );
});

test('a next hop that is nothing beyond its link stays there; our own one takes our link-local address along', (t) => {
  const linkLocal = [0xfe, 0x80, ...new Array<number>(14).fill(1)];
  const unspecified = new Array<number>(16).fill(0);
  const set: TestSet = { origin: 0, path: [], nextHop: [] };
  const both = Uint8Array.of(...OWN16, ...linkLocal);
  for (const nextHop of [linkLocal, [...unspecified, ...linkLocal], [...linkLocal, ...linkLocal]]) {
    t.is(exported({ ...set, nextHop }, ibgp), undefined);
    const self = exported({ ...set, nextHop }, { ...ibgp, nextHopSelf: true, nextHop16: both });
    t.deepEqual(self, [...canonicalBytes({ ...set, nextHop: [...both], localPref: 100 })]);
  }
});

test('well-known communities keep a route where it may be (RFC 1997)', (t) => {
  const set: TestSet = { origin: 0, path: [], nextHop: [10, 0, 0, 1] };
  for (const [community, outside, inside] of [
    [0xffffff01, false, true],
    [0xffffff02, false, false],
    [0xffffff03, false, true],
    [0xffffff04, true, true],
  ] as const) {
    const marked = { ...set, communities: [65000, community] };
    t.is(exported(marked, ebgp) !== undefined, outside);
    t.is(exported(marked, ibgp) !== undefined, inside);
  }
});

test('without an address of our own of that family a route is not exported', (t) => {
  const bare: ExportOptions = { external: true, localAs: 65000, nextHopSelf: true };
  t.is(exported({ origin: 0, path: [], nextHop: [10, 0, 0, 1] }, bare), undefined);
  t.is(exported({ origin: 0, path: [], nextHop: [...OWN16] }, bare), undefined);
});

test('a path that fills its attribute is not exported', (t) => {
  const segment = { type: 2, ases: Array.from({ length: 255 }, (_, i) => 70_000 + i) };
  const path = new Array(64).fill(segment);
  t.true(path4(path).length > 65_000);
  const longest: TestSet = { origin: 0, path: [...path, { type: 2, ases: [1, 2] }], nextHop: [10, 0, 0, 1] };
  t.not(exported(longest, ebgp), undefined);
  const full = { ...longest, path: [...path, { type: 2, ases: new Array(30).fill(5) }] };
  t.true(path4(full.path).length <= 65_535);
  t.is(exported(full, ebgp), undefined);
});

test('segments of a confederation do not leave it (RFC 5065 4.1.c)', (t) => {
  const confederate: TestSet = {
    origin: 0,
    path: [
      { type: 3, ases: [65101, 65102] },
      { type: 4, ases: [65103] },
      { type: 2, ases: [64500] },
    ],
    nextHop: [10, 0, 0, 1],
  };
  const outside = { ...confederate, path: [{ type: 2, ases: [64500] }] };
  t.deepEqual(exported(confederate, ebgp), [...canonicalBytes(leaving(outside))]);
  const alone = { ...confederate, path: [{ type: 3, ases: [65101] }] };
  t.deepEqual(exported(alone, ebgp), [...canonicalBytes(leaving({ ...alone, path: [] }))]);
});
