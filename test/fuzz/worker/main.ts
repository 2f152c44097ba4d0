/** A thread of the fuzzer: runs every n-th input, and says in shared memory which one, so that who hangs is known. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FuzzNews, type FuzzStart, NOW } from '../messages.ts';
import { Fuzzer, TIME_BOUND } from '../run.ts';

/** Inputs between two words to the main thread. */
const PROGRESS = 4096;

const { seed, from, step, end, target, now } = workerData as FuzzStart;
const words = new Int32Array(now, 0, NOW.words);
const bytes = new Uint8Array(now, NOW.words * 4);
const fuzzer = new Fuzzer(target, TIME_BOUND);
const names = fuzzer.targets.map(({ name }) => name);

const say = (news: FuzzNews): void => parentPort?.postMessage(news);
const tell = (kind: 'progress' | 'done'): void =>
  say({ kind, counts: fuzzer.counts, slowest: fuzzer.slowest });

function run(): void {
  let left = PROGRESS;
  for (let index = from; index < end; index += step) {
    const found = fuzzer.one(seed, index, (_, name, input) => {
      bytes.set(input.subarray(0, bytes.length));
      words[NOW.length] = input.length;
      words[NOW.target] = names.indexOf(name);
      Atomics.store(words, NOW.index, index);
    });
    if (found !== undefined)
      say({ kind: 'found', target: found.target, index, why: found.why, input: found.input });
    if (--left > 0) continue;
    left = PROGRESS;
    tell('progress');
  }
  tell('done');
}

run();
