import { Worker } from 'node:worker_threads';
import test from 'ava';
import { Doorbells } from '../../src/fabric/doorbell.ts';

/** Milliseconds: longer than any machine takes. */
const LONG = 60_000;

test('who waits shortly does not wait where there is work already, and sleeps afterwards as before', (t) => {
  const memory = new SharedArrayBuffer(2 * 16 * 4);
  const bells = new Doorbells(memory);
  const seen = bells.beforeSleep(1);
  bells.waitShortly(1, 0, LONG, () => true);
  // Still a sleeper whose rings count.
  bells.ring(1);
  t.is(bells.beforeSleep(1), seen + 1);
  bells.awake(1);
  bells.waitShortly(1, 0, LONG, () => true);
  bells.ring(1);
  t.is(bells.beforeSleep(1), seen + 1, 'a ring while it is awake is not counted');
});

test('a ring between the look and the sleep is not lost', (t) => {
  const bells = new Doorbells(new SharedArrayBuffer(2 * 16 * 4));
  bells.waitShortly(1, 0, LONG, () => {
    bells.ring(1);
    return false;
  });
  t.pass();
});

test('another thread ends a short wait by ringing', async (t) => {
  const memory = new SharedArrayBuffer(2 * 16 * 4);
  const bells = new Doorbells(memory);
  const ringer = `
    const { workerData } = require('node:worker_threads');
    const words = new Int32Array(workerData);
    while (Atomics.load(words, 16 + 1) !== 2);
    Atomics.wait(words, 0, 0, 20);
    Atomics.add(words, 16 + 3, 1);
    Atomics.notify(words, 16 + 3);`;
  const worker = new Worker(ringer, { eval: true, workerData: memory });
  bells.waitShortly(1, 0, LONG, () => false);
  await new Promise((resolve) => worker.once('exit', resolve));
  t.pass();
});

test('a short wait that nobody ends is short', (t) => {
  const bells = new Doorbells(new SharedArrayBuffer(2 * 16 * 4));
  bells.waitShortly(1, 100, 1, () => false);
  t.pass();
});
