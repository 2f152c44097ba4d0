import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Fabric } from '../../src/fabric/fabric.ts';
import { PAGE_WORDS } from '../../src/fabric/layout.ts';
import { createFabricMemory } from '../../src/fabric/memory.ts';
import { OutViews, VIEW_PAGE_BITS } from '../../src/rib/adj-rib-out.ts';
import { SMALL, smallFabric } from '../fabric/support/small.ts';

type Route = readonly [attribute: number, source: number];
type Step =
  | { do: 'create' | 'fork' | 'drop' | 'compare'; view: number; other: number }
  | { do: 'store'; view: number; id: number; attribute: number; source: number }
  | { do: 'settle'; view: number; budget: number };

const PAGES = 4;
const view = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constant('create'), view, other: view }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fork'), view, other: view }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop'), view, other: view }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compare'), view, other: view }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('store'),
      view,
      id: fc.oneof(fc.nat(PAGES * PAGE_WORDS - 1), fc.constantFrom(0, 1, 511, 512, 1023, 1024, 4095)),
      attribute: fc.nat(3),
      source: fc.nat(2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('settle'), view, budget: fc.integer({ min: 1, max: 5 }) }),
  },
) as fc.Arbitrary<Step>;

/** What a page of the model says, page by page: two views are the same where these are. */
function pageOf(routes: Map<number, Route>, page: number): string {
  const there = [...routes].filter(([id, [a, s]]) => id >>> VIEW_PAGE_BITS === page && (a !== 0 || s !== 0));
  return JSON.stringify(there.toSorted(([a], [b]) => a - b));
}

function check(t: ExecutionContext, views: OutViews, model: Map<number, Map<number, Route>>): void {
  for (const [at, routes] of model) {
    for (const id of new Set([...routes.keys(), 5, 1023, 1024, 3000, 4095])) {
      const [attribute, source] = routes.get(id) ?? [0, 0];
      t.is(views.attribute(at, id), attribute);
      t.is(views.source(at, id), source);
    }
  }
}

function freePages(fabric: Fabric): number {
  fabric.pages.reclaim();
  let free = 0;
  while (fabric.pages.allocate() !== 0) free++;
  return free;
}

test('out views say what was stored in them, through forks, settling and drops, and give every page back', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (run) => {
      const fabric = smallFabric({ pages: 2048 });
      const views = new OutViews(fabric);
      const model = new Map<number, Map<number, Route>>();
      const pick = (n: number): number | undefined => [...model.keys()][n % Math.max(1, model.size)];
      for (const each of run) {
        const at = pick(each.view);
        if (each.do === 'create' || at === undefined) {
          if (model.size < 12) model.set(views.create(), new Map());
          continue;
        }
        const routes = model.get(at) as Map<number, Route>;
        if (each.do === 'store') {
          t.true(views.store(at, each.id, each.attribute, each.source));
          routes.set(each.id, [each.attribute, each.source]);
        } else if (each.do === 'fork') {
          if (model.size >= 12) continue;
          const [a, b] = views.fork(at);
          model.delete(at);
          model.set(a, new Map(routes)).set(b, new Map(routes));
        } else if (each.do === 'drop') {
          views.drop(at);
          model.delete(at);
        } else if (each.do === 'settle') {
          if (views.settle(at, each.budget)) t.false(views.hasBase(at));
        } else {
          const other = pick(each.other) as number;
          const theirs = model.get(other) as Map<number, Route>;
          for (let page = 0; page < views.pages; page++)
            t.is(views.samePage(at, other, page), pageOf(routes, page) === pageOf(theirs, page));
        }
      }
      check(t, views, model);
      for (const at of model.keys()) for (let i = 0; !views.settle(at, 1); i++) t.true(i < 500, 'settles');
      check(t, views, model);
      for (const at of model.keys()) views.drop(at);
      t.is(freePages(fabric), 2047, 'every page came back');
      const again = new Set<number>();
      for (let created = views.create(); created >= 0; created = views.create()) again.add(created);
      t.is(again.size, 2 * SMALL.sessions + 16 * SMALL.blades + 32, 'and every view');
    }),
    { numRuns: 150 },
  );
  t.pass();
});

test('a session that leaves a group takes what it was told with it in a few words, whatever was told', (t) => {
  const fabric = smallFabric();
  const views = new OutViews(fabric);
  const group = views.create();
  for (let id = 0; id < 4096; id += 7) views.store(group, id, id + 1, 3);
  const before = fabric.pages.touched();
  const [stays, leaves] = views.fork(group);
  t.is(fabric.pages.touched(), before);
  views.store(stays, 7, 99, 4);
  views.store(leaves, 14, 0, 0);
  t.is(fabric.pages.touched(), before + 2);
  t.deepEqual([views.attribute(stays, 7), views.attribute(leaves, 7)], [99, 8]);
  t.deepEqual([views.attribute(stays, 14), views.attribute(leaves, 14)], [15, 0]);
  t.false(views.samePage(stays, leaves, 0));
  t.true(views.samePage(stays, leaves, 1));
  // The last that stands on the base takes its pages instead of copying them.
  views.drop(stays);
  fabric.pages.reclaim();
  while (!views.settle(leaves, 100));
  t.is(views.attribute(leaves, 4095 - (4095 % 7)), 4095 - (4095 % 7) + 1);
  t.true(fabric.pages.touched() <= before + 2);
});

test('two blades settle what stands on one base, and dropping either leaves the other whole', (t) => {
  const memory = createFabricMemory(SMALL);
  const [a, b] = [0, 1].map((thread) => new OutViews(new Fabric(memory, thread, () => {}))) as [
    OutViews,
    OutViews,
  ];
  const base = a.create();
  for (let id = 0; id < 3000; id += 3) a.store(base, id, id + 1, 1);
  const [mine, theirs] = a.fork(base);
  for (let turn = 0, doneA = false, doneB = false; !(doneA && doneB); turn++) {
    t.true(turn < 100);
    doneA = a.settle(mine, 1);
    doneB = b.settle(theirs, 1);
    a.store(mine, 3 * turn, 7, 2);
  }
  t.is(b.attribute(theirs, 0), 1);
  t.is(a.attribute(mine, 0), 7);
  b.drop(theirs);
  t.is(a.attribute(mine, 2997), 2998);
});

test('without a page left nothing is noted, and what was noted stands', (t) => {
  const fabric = smallFabric({ pages: 2 });
  const views = new OutViews(fabric);
  const at = views.create();
  t.true(views.store(at, 0, 5, 1));
  t.false(views.store(at, 1024, 6, 1));
  t.deepEqual([views.attribute(at, 0), views.attribute(at, 1024), views.source(at, 1024)], [5, 0, 0]);
  const [a] = views.fork(at);
  t.false(views.store(a, 0, 9, 1));
  t.false(views.settle(a, 10));
  t.is(views.attribute(a, 0), 5);
});
