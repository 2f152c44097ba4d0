/** Real threads for tests of shared memory: they start together, and each returns what it saw. */
import { Worker } from 'node:worker_threads';
import { entry } from '../../../src/base/thread.ts';
import type { FabricMemory } from '../../../src/fabric/memory.ts';
import type { TaskName } from './tasks.ts';

export interface ThreadStart {
  readonly task: TaskName;
  readonly memory: FabricMemory;
  /** Which thread of the fabric this is. */
  readonly me: number;
  readonly threads: number;
  readonly seed: number;
  /** How much to do. */
  readonly count: number;
  /** Words of the test's own, shared by its threads. */
  readonly shared: SharedArrayBuffer;
  /** Threads that are ready; all begin when all are. */
  readonly barrier: SharedArrayBuffer;
}

export interface Run {
  readonly memory: FabricMemory;
  readonly tasks: readonly TaskName[];
  readonly seed: number;
  readonly count: number;
  readonly sharedWords?: number;
}

/** Runs a thread for each task; rejects with the first that fails, or after a while. */
export async function runThreads<T>(run: Run, milliseconds = 30_000): Promise<T[]> {
  const { memory, tasks, seed, count } = run;
  const shared = new SharedArrayBuffer((run.sharedWords ?? 64) * 4);
  const barrier = new SharedArrayBuffer(4);
  const workers: Worker[] = [];
  const results = tasks.map(
    (task, me) =>
      new Promise<T>((resolve, reject) => {
        const workerData = { task, memory, me, threads: tasks.length, seed, count, shared, barrier };
        const worker = new Worker(entry(import.meta.url, './worker'), { workerData });
        workers.push(worker);
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', (code) => reject(new Error(`thread ${me} (${task}) ended with ${code}`)));
      }),
  );
  let late: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`stuck after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([Promise.all(results), timeout]);
  } catch (error) {
    throw new Error(`${(error as Error).message} (GRAFTD_SEED=${seed})`, { cause: error });
  } finally {
    clearTimeout(late);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
