import test from 'ava';
import { Doorbells } from '../../src/fabric/doorbell.ts';
import { ReadySets } from '../../src/fabric/ready.ts';
import { newSeed, smallMemory } from './support/small.ts';
import { runThreads } from './support/threads.ts';

test.serial('two threads that wake each other in turn never sleep through a ring', async (t) => {
  const run = { memory: smallMemory(), tasks: ['pinger', 'ponger'] as const, seed: newSeed(), count: 60_000 };
  t.deepEqual(await runThreads<number>(run), [60_000, 60_000]);
});

test.serial('nor does a thread with an event loop', async (t) => {
  const run = {
    memory: smallMemory(),
    tasks: ['pinger', 'asyncPonger'] as const,
    seed: newSeed(),
    count: 10_000,
  };
  t.deepEqual(await runThreads<number>(run), [10_000, 10_000]);
});

test.serial('who takes the ready sessions has seen all news of all of them', async (t) => {
  const tasks = ['newsTaker', 'newsBringer', 'newsBringer', 'newsBringer'] as const;
  const run = { memory: smallMemory(), tasks, seed: newSeed(), count: 30_000, sharedWords: 2 + 64 };
  const [seen] = await runThreads<number>(run);
  t.is(seen, 90_000);
});

test('a ring before the sleep ends it, one for another thread does not, and nobody waits for who is awake', (t) => {
  const bells = new Doorbells(smallMemory().bells);
  bells.ring(1);
  const seen = bells.beforeSleep(1);
  bells.ring(1);
  let before = performance.now();
  bells.sleep(1, seen, 5000);
  t.true(performance.now() - before < 4000);
  before = performance.now();
  const again = bells.beforeSleep(1);
  bells.ring(2);
  bells.sleep(1, again, 30);
  t.true(performance.now() - before >= 29);
  t.is(bells.orders(2), 0);
  bells.ringWithOrder(2);
  t.is(bells.orders(2), 1);
  t.is(bells.orders(1), 0);
});

test('ready sessions are taken once, by masks, and for each reader by itself', (t) => {
  const ready = new ReadySets(smallMemory({ lineCards: 2 }).ready, 64);
  for (const session of [0, 31, 32, 63]) ready.setForBlade(session);
  ready.setForCard(0, 31);
  ready.setForCard(1, 0);
  t.is(ready.takeForBlade(0, 1) >>> 0, 1);
  t.is(ready.takeForBlade(0, 1), 0);
  t.is(ready.takeForBlade(0, ~0) >>> 0, 0x80000000);
  t.is(ready.takeForBlade(1, ~0) >>> 0, 0x80000001);
  t.is(ready.takeForCard(0, 0) >>> 0, 0x80000000);
  t.is(ready.takeForCard(0, 0), 0);
  t.is(ready.takeForCard(1, 0), 1);
  t.is(ready.takeForCard(1, 1), 0);
});
