/** Other aggregates: what is within them is counted in slices, the old ones hold until then, and what comes in between counts. */
import test from 'ava';
import { LocalRoutes } from '../../src/blade/routes/local-routes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import type { Aggregate, LocalDefinition, Originated } from '../../src/rib/own-source.ts';
import { smallMemory } from '../fabric/support/small.ts';

const PREFIXES = 2000;
const STEPS = 100;
const set = (origin: number): Uint8Array => Uint8Array.of(0x40, 1, 1, origin, 0x40, 2, 0);

/** N.0.0.0/8 */
function aggregate(first: number, summaryOnly = false): Aggregate {
  const sets = [set(0), set(1), set(2)] as const;
  return { words: [(first << 24) >>> 0, 0, 0, 0], length: 8, ipv6: false, sets, summaryOnly };
}

function statically(first: number): Originated {
  return { words: [(first << 24) >>> 0, 0, 0, 0], length: 24, ipv6: false, set: set(2) };
}

function define(aggregates: readonly Aggregate[], routes: readonly Originated[] = []): LocalDefinition {
  const key = JSON.stringify([aggregates, routes].map((all) => all.map(({ words }) => words)));
  return { key: `${key} ${aggregates.map(({ summaryOnly }) => summaryOnly)}`, routes, aggregates };
}

/** Half of the prefixes are within 1.0.0.0/8, and half within 2.0.0.0/8; all have a route. */
function scene() {
  const fabric = new Fabric(smallMemory(), 0, describeFor(65_000));
  const igp = fabric.attributes.intern(set(0), 0, 7);
  const best = new Map<number, number>();
  const looks = { known: 0 };
  const changed = new Set<number>();
  const bests = {
    known: () => ++looks.known > 0,
    bestAttribute: (id: number): number => best.get(id) ?? 0,
  };
  const local = new LocalRoutes(fabric, bests, (id) => changed.add(id));
  const ids = Array.from({ length: PREFIXES }, (_, i) =>
    fabric.prefixes.intern4(((((i % 2) + 1) << 24) | (i << 8)) >>> 0, 24),
  );
  for (const id of ids) best.set(id, igp);
  const idOf = (first: number, length = 8): number => fabric.prefixes.intern4((first << 24) >>> 0, length);
  const finish = (): number => {
    let steps = 1;
    while (local.work(STEPS)) steps++;
    return steps;
  };
  return { fabric, local, best, looks, changed, ids, idOf, finish };
}

test('other aggregates are counted in slices, and hold when all is counted', (t) => {
  const { local, looks, finish, idOf } = scene();
  local.replace(define([aggregate(1)]), () => {});
  t.is(looks.known, 0, 'nothing at once');
  t.true(local.work(STEPS));
  t.is(looks.known, STEPS);
  t.is(local.attributeOf(idOf(1)), -1);
  t.false(local.any);
  t.true(finish() >= PREFIXES / STEPS - 1);
  t.true(local.attributeOf(idOf(1)) > 0);
  t.deepEqual(local.takeNews()?.states, [1]);
});

test('a static route more or less beside the same aggregates holds at once, and nothing is counted again', (t) => {
  const { local, looks, changed, finish, idOf } = scene();
  local.begin(define([aggregate(1), aggregate(2)]));
  const before = looks.known;
  changed.clear();
  local.replace(define([aggregate(1), aggregate(2)], [statically(2)]), () => {});
  t.is(looks.known, before);
  t.true(local.attributeOf(idOf(2, 24)) > 0);
  t.deepEqual([...changed].sort(), [idOf(2, 24), idOf(2)].sort());
  t.deepEqual(local.takeNews()?.states, [1, 3], 'its ORIGIN counts');
  t.is(finish(), 1);
  changed.clear();
  local.replace(define([aggregate(1), aggregate(2)]), () => {});
  t.is(local.attributeOf(idOf(2, 24)), -1);
  t.deepEqual(local.takeNews()?.states, [1, 1]);
  t.true(changed.has(idOf(2, 24)));
});

test('the first static routes, and the last, are told', (t) => {
  const { local, changed, finish, idOf } = scene();
  for (const routes of [[statically(2)], []]) {
    changed.clear();
    local.replace(define([], routes), () => {});
    finish();
    t.deepEqual([...changed], [idOf(2, 24)]);
  }
});

test('routes that come and go while it is counted count as they are in the end', (t) => {
  const { local, best, ids, idOf, finish } = scene();
  local.replace(define([aggregate(1), aggregate(2)]), () => {});
  local.work(STEPS);
  for (const id of ids) {
    best.delete(id);
    local.note(id);
  }
  const [, second] = ids as [number, number];
  best.set(second, 1);
  local.note(second);
  finish();
  t.is(local.attributeOf(idOf(1)), -1);
  t.true(local.attributeOf(idOf(2)) > 0);
});

test('of what is within only that is marked which is told otherwise, in slices', (t) => {
  const { local, changed, ids, idOf } = scene();
  local.begin(define([aggregate(1, true)]));
  const [first, second] = ids as [number, number];
  t.deepEqual([local.attributeOf(first), local.attributeOf(second)], [0, -1]);
  local.replace(define([aggregate(1, true), aggregate(2, true)]), () => {});
  changed.clear();
  while (!changed.has(idOf(2))) local.work(STEPS);
  t.is(local.attributeOf(second), 0);
  t.deepEqual([...changed].sort(), [idOf(1), idOf(2)].sort());
  t.true(local.walking);
  let most = 0;
  for (let [more, had] = [true, changed.size]; more; had = changed.size) {
    more = local.work(STEPS);
    most = Math.max(most, changed.size - had);
  }
  t.true(most <= STEPS, `${most} at once`);
  t.is(changed.size, PREFIXES / 2 + 2);
  t.false(changed.has(first));
});

test('a second change in the middle counts anew, and one back to what holds ends it', (t) => {
  const { local, idOf, finish } = scene();
  local.begin(define([aggregate(1)]));
  const { key } = local;
  local.replace(define([aggregate(2)]), () => {});
  local.work(STEPS);
  local.replace(define([aggregate(1), aggregate(2)]), () => {});
  finish();
  t.true(local.attributeOf(idOf(1)) > 0 && local.attributeOf(idOf(2)) > 0);
  local.replace(define([aggregate(2)]), () => {});
  local.work(STEPS);
  local.replace(define([aggregate(1), aggregate(2)]), () => {});
  t.false(local.walking);
  t.true(local.attributeOf(idOf(1)) > 0);
  t.not(local.key, key);
});
