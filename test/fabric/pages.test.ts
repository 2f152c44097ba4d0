import test from 'ava';
import fc from 'fast-check';
import { Epochs } from '../../src/fabric/epochs.ts';
import { PAGE_WORDS } from '../../src/fabric/layout.ts';
import { PageArena } from '../../src/fabric/pages.ts';
import { newSeed, smallFabric, smallMemory } from './support/small.ts';
import { SLOTS } from './support/tasks-pages.ts';
import { runThreads } from './support/threads.ts';

test('pages run out with 0, and come back only when everybody has passed a quiescent point', (t) => {
  const memory = smallMemory({ pages: 8 });
  const mine = new Epochs(memory.epochs, 0);
  const other = new Epochs(memory.epochs, 1);
  const arena = new PageArena(memory, mine, 0);
  const pages = new Set<number>();
  for (let page = arena.allocate(); page !== 0; page = arena.allocate()) pages.add(page);
  t.is(pages.size, 7); // page 0 is no page
  t.is(arena.allocate(), 0);
  other.enter();
  mine.enter();
  for (const page of pages) arena.free(page);
  t.is(arena.allocate(), 0);
  arena.reclaim();
  mine.pass();
  arena.reclaim();
  t.is(arena.allocate(), 0, 'the other thread may still read');
  other.pass();
  arena.reclaim();
  const again = new Set<number>();
  for (let page = arena.allocate(); page !== 0; page = arena.allocate()) again.add(page);
  t.deepEqual([...again].toSorted(), [...pages]);
  t.is(arena.touched(), 7);
});

test('what fails in the middle of work holds up nothing', (t) => {
  const memory = smallMemory();
  const [mine, other] = [0, 1].map((me) => new Epochs(memory.epochs, me)) as [Epochs, Epochs];
  let seen: Int32Array = new Int32Array(0);
  const fails = (): void => {
    seen = other.snapshot();
    t.false(other.passed(seen));
    throw new Error('no');
  };
  t.throws(() => mine.inside(fails));
  t.true(other.passed(seen));
  t.true(other.passed(other.snapshot()));
  t.is(
    mine.inside(() => 5),
    5,
  );
});

test('a thread that sleeps, or begins to work afterwards, holds up nothing', (t) => {
  const memory = smallMemory();
  const [a, b, c] = [0, 1, 2].map((me) => new Epochs(memory.epochs, me)) as [Epochs, Epochs, Epochs];
  a.enter();
  b.enter();
  b.leave();
  const snapshot = a.snapshot();
  t.true(a.passed(snapshot));
  b.enter();
  c.enter();
  t.true(a.passed(snapshot), 'they began after the snapshot');
  const second = a.snapshot();
  t.false(a.passed(second));
  b.pass();
  t.false(a.passed(second));
  c.leave();
  t.true(a.passed(second));
  const third = b.snapshot();
  t.false(b.passed(third));
  a.leave();
  a.enter();
  t.true(b.passed(third), 'slept and woke: it holds nothing of before');
  const fourth = b.snapshot();
  b.clear(0); // a died
  t.true(b.passed(fourth));
});

test.serial('no page is given out twice, and none is used again while a reader holds it', async (t) => {
  const seed = newSeed();
  const memory = smallMemory({ pages: 96 });
  const tasks = ['pageOwner', 'pageOwner', 'pageReader', 'pageReader'] as const;
  const sharedWords = SLOTS + 1 + memory.options.pages;
  const [a, b] = await runThreads<number>({ memory, tasks, seed, count: 4000, sharedWords });
  t.log(`${a! + b!} times no page was left`);
  const arena = new PageArena(memory, new Epochs(memory.epochs, 0), 0);
  const pages = new Set<number>();
  for (let page = arena.allocate(); page !== 0; page = arena.allocate()) pages.add(page);
  t.is(pages.size, 95, `every page came back, once (GRAFTD_SEED=${seed})`);
});

type Step =
  | { do: 'set'; column: number; id: number; word: number }
  | { do: 'drop'; column: number; page: number }
  | { do: 'dropAll'; column: number }
  | { do: 'copy' | 'move'; column: number; to: number; page: number };
const column = fc.nat(3);
const page = fc.nat(3);
const id = fc.nat(4 * PAGE_WORDS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set'), column, id, word: fc.integer() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop'), column, page }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dropAll'), column }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('copy', 'move'), column, to: fc.nat(3), page }),
  },
) as fc.Arbitrary<Step>;

test('columns hold what was set, through pages dropped, copied and moved, and give every page back', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (run) => {
      const { columns, pages } = smallFabric({ pages: 17 });
      const model = [0, 1, 2, 3].map(() => new Map<number, number>());
      const inPage = (ids: Map<number, number>, index: number) =>
        [...ids].filter(([key]) => key >>> 10 === index);
      for (const each of run) {
        const mine = model[each.column]!;
        if (each.do === 'set') {
          if (columns.set(each.column, each.id, each.word)) mine.set(each.id, each.word);
          else if (columns.pageOf(each.column, each.id) !== 0) t.fail('there was a page');
        } else if (each.do === 'drop') {
          columns.dropPage(each.column, each.page);
          for (const [key] of inPage(mine, each.page)) mine.delete(key);
        } else if (each.do === 'dropAll') {
          columns.drop(each.column);
          mine.clear();
        } else if (columns.pageOf(each.to, each.page << 10) === 0 && each.to !== each.column) {
          const moves = each.do === 'move';
          if (moves) columns.movePage(each.column, each.to, each.page);
          else if (!columns.copyPage(each.column, each.to, each.page)) continue;
          for (const [key, word] of inPage(mine, each.page)) {
            model[each.to]!.set(key, word);
            if (moves) mine.delete(key);
          }
        }
        pages.reclaim();
      }
      for (let at = 0; at < 4; at++) {
        for (const [key, word] of model[at]!) t.is(columns.get(at, key), word);
        for (let key = 0; key < 4 * PAGE_WORDS; key += 97)
          t.is(columns.get(at, key), model[at]!.get(key) ?? 0);
        columns.drop(at);
      }
      pages.reclaim();
      let free = 0;
      while (pages.allocate() !== 0) free++;
      t.is(free, 16);
    }),
    { numRuns: 100 },
  );
  t.pass();
});
