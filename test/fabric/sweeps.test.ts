/** Ids that nobody uses come back while real threads use the others (src/chassis/sweeper.ts). */
import test from 'ava';
import { newSeed, smallMemory } from './support/small.ts';
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
