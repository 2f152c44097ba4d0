import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { letThreadsEnd } from '../../src/base/thread.ts';

// What V8 compiles at its best is what this is about: it does that while the loop goes on.
const LOOP = `
  const words = require('node:worker_threads').workerData;
  let kept;
  for (;;) {
    kept = new Array(100);
    words[0]++;
  }
`;
const WARM = 3_000_000;

test('a thread that makes arrays for ever can be ended', async (t) => {
  letThreadsEnd();
  const words = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LOOP, { eval: true, workerData: words });
  while ((words[0] as number) < WARM) await sleep(10);
  await worker.terminate();
  t.is(worker.threadId, -1);
});
