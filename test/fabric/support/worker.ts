/** The entry of a test's thread: waits until all are there, does its task, and returns what it saw. */
import { parentPort, workerData } from 'node:worker_threads';
import { TASKS } from './tasks.ts';
import type { ThreadStart } from './threads.ts';

const start = workerData as ThreadStart;
const waiting = new Int32Array(start.barrier);
Atomics.add(waiting, 0, 1);
Atomics.notify(waiting, 0);
for (let here = Atomics.load(waiting, 0); here < start.threads; here = Atomics.load(waiting, 0))
  Atomics.wait(waiting, 0, here, 100);
parentPort?.postMessage(await TASKS[start.task](start));
