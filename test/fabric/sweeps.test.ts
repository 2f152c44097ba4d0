/** Ids that nobody uses come back while real threads use the others (src/chassis/sweeper.ts). */
import test from 'ava';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { OutViews } from '../../src/rib/adj-rib-out.ts';
import { newSeed, SMALL, smallMemory } from './support/small.ts';
import { runThreads } from './support/threads.ts';

test.serial(
  'an id means what it meant as long as somebody has a route with it, through any number of sweeps',
  async (t) => {
    const seed = newSeed();
    const memory = smallMemory();
    const tasks = ['routeKeeper', 'routeKeeper', 'routeKeeper', 'idSweeper'] as const;
    const results = await runThreads<number[]>({ memory, tasks, seed, count: 12_000 }, 120_000);
    const numbers = results.pop() as number[];
    const ids = new Map<number, number>();
    const keys = new Map<number, number>();
    for (const held of results) {
      for (let i = 0; i < held.length; i += 2) {
        const [key, id] = [held[i] as number, held[i + 1] as number];
        t.is(ids.get(key) ?? id, id, `one id for prefix ${key} (GRAFTD_SEED=${seed})`);
        t.is(keys.get(id) ?? key, key, `one prefix for id ${id} (GRAFTD_SEED=${seed})`);
        ids.set(key, id);
        keys.set(id, key);
      }
    }
    const [used4 = 0, used6 = 0, sets = 0, sweeps = 0, prefixes = 0, returned = 0, blocks = 0] = numbers;
    t.is(used4 + used6, ids.size, 'nothing is given out but what is in use');
    t.is(
      sets,
      results.reduce((sum, held) => sum + held.length / 2, 0),
    );
    t.true(sweeps > 2 && prefixes > 0 && returned > 10_000 && blocks > 0);
    t.log(
      `${sweeps} sweeps; ${prefixes} ids of prefixes, ${returned} of sets and ${blocks} blocks came back`,
    );
  },
);

test.serial(
  'a set that stands in no table is what it was while a view has it, and nobody’s after that',
  async (t) => {
    const seed = newSeed();
    const memory = smallMemory();
    const tasks = ['setTeller', 'setTeller', 'routeKeeper', 'idSweeper'] as const;
    const results = await runThreads<number[]>({ memory, tasks, seed, count: 8000 }, 120_000);
    const [, , sets = 0, sweeps = 0, , returned = 0, blocks = 0] = results.pop() as number[];
    const kept = (results.pop() as number[]).length / 2;
    const told = new Set(results.flatMap((held) => held.filter((_, i) => i % 2 === 1)));
    t.is(sets, kept + told.size, `nothing is given out but what is in use (GRAFTD_SEED=${seed})`);
    t.true(sweeps > 2 && returned > 1000 && blocks > 0);
  },
);

test('what is told in the middle of a sweep, at whatever point of it, is nobody else’s afterwards', (t) => {
  // Told from a certain step on, the first time with an id that was in hand before the sweep began.
  for (let from = 0, steps = 1; from < steps; from++) {
    const memory = smallMemory();
    const fabric = new Fabric(memory, 0, () => {});
    const views = new OutViews(fabric);
    const view = views.create();
    const told = new Set<number>();
    let number = 0;
    const tell = (): void => {
      fabric.epochs.enter();
      fabric.meet();
      number++;
      const set = Uint8Array.of(0x40, 2, 2, number >> 8, number);
      const attribute = fabric.attributes.append(set, 0, set.length);
      views.store(view, fabric.prefixes.intern4(number << 8, 24), attribute, 1);
      t.false(told.has(attribute), `told from step ${from} of ${steps} on`);
      told.add(attribute);
      fabric.epochs.pass();
    };
    tell();
    const sweeper = new Sweeper(new Fabric(memory, SMALL.blades, () => {}), () => false, {
      pages: 1,
      ids: 1024,
    });
    sweeper.begin();
    for (steps = 0; sweeper.step(() => true); steps++) {
      fabric.epochs.enter();
      fabric.meet();
      fabric.epochs.pass();
      if (steps >= from) tell();
    }
    t.is(sweeper.numbers.sweeps, 1);
    fabric.meet();
    const other = Uint8Array.of(0x40, 1, 1, 0);
    for (
      let id = fabric.attributes.append(other, 0, 4);
      id !== 0;
      id = fabric.attributes.append(other, 0, 4)
    ) {
      if (told.has(id)) t.fail(`set ${id} is given out twice (told from step ${from} of ${steps} on)`);
    }
    t.true(told.size > steps - from - 1 && steps > 10);
  }
});

test('ids and blocks that are lost come back: of who interned what somebody else did, and of who died', async (t) => {
  const seed = newSeed();
  const memory = smallMemory();
  // Nobody has a route with any of these; all of these threads are gone afterwards.
  const tasks = [
    'prefixDictionary',
    'prefixDictionary',
    'attributeDictionary',
    'attributeDictionary',
  ] as const;
  await runThreads({ memory, tasks, seed, count: 1000 });
  const [numbers] = await runThreads<number[]>({ memory, tasks: ['idSweeper'], seed, count: 0 });
  t.deepEqual(numbers?.slice(0, 3), [0, 0, 0]);
});
