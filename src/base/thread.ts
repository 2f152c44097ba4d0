import v8 from 'node:v8';

const NODE = Number.parseInt(process.versions.node, 10);

/** The address of a thread's entry file, compiled or not: `entry(import.meta.url, '../blade/main')`. */
export function entry(from: string, path: string): URL {
  return new URL(path + (from.endsWith('.ts') ? '.ts' : '.js'), from);
}

/**
 * MiB that a thread may have for what it has just made, three times what it fills before it looks what of that is still in use. Routes
 * stand in the fabric: what is made and forgotten on the way of a route is little, and more room for it is only touched.
 */
export const YOUNG_MEMORY = 6;

/**
 * Before a thread is started that may have to be ended: from Node.js 24 on V8 unrolls loops in a way that loses an outer loop's look at
 * whether it is to end (one that makes an array of a hundred elements each time round, say), and such a loop, if it has no end of its
 * own, can be ended by nobody, not where the thread's memory is used up either.
 */
export function letThreadsEnd(): void {
  if (NODE >= 24) v8.setFlagsFromString('--no-turboshaft-loop-unrolling');
}

/**
 * Before a thread is started whose code is compiled in a rehearsal: MiB that it may keep for long before V8 looks, for the first time, what of
 * that is still in use. A rehearsal alone fills half of that, and the look would come in the middle of the first table, at the cost of a tenth of it.
 */
export function letThreadsGrow(): void {
  v8.setFlagsFromString('--initial-old-space-size=32');
}

/**
 * Before threads are started whose code is compiled in a rehearsal: functions that may wait for V8's helpers, of each thread. Where many rehearse on
 * few processors its own eight are never enough: what finds no place is interpreted on, marked anew, and compiled under the first table.
 */
export function letThreadsCompile(): void {
  v8.setFlagsFromString('--concurrent-recompilation-queue-length=64');
}

/**
 * Before a thread is started: eight seconds after it began, or after what it uses has grown, V8 looks once more what of that is in use when a
 * thread has little to do. That gives back what starting took; but then it looks again, once or twice, which comes to nothing here, and costs
 * as much as withdrawing a table from thirty neighbours, in whose middle it may come.
 */
export function letThreadsCollectOnce(): void {
  if (NODE >= 24) v8.setFlagsFromString('--memory-reducer-gc-count=1');
  else if (NODE < 22) v8.setFlagsFromString('--memory-reducer-single-gc');
}
