/** Time as an argument: simulated in tests, the machine's monotonic clock in the threads. Milliseconds. */
import { performance } from 'node:perf_hooks';

export type Clock = () => number;

/**
 * Monotonic milliseconds with fractions, the same in every thread of the process. `performance.now()` counts from a
 * start of its own in each thread; the offset is taken where the two readings were least disturbed. Imported, as the global of that
 * name is looked up, and found by a function of Node.js', each time.
 */
export const monotonicMilliseconds: Clock = () => performance.now() + offset;

const offset = calibrate();

function calibrate(): number {
  let best = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let i = 0; i < 20; i++) {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = performance.now();
    const after = Number(process.hrtime.bigint()) / 1e6;
    if (after - before >= best) continue;
    best = after - before;
    found = (before + after) / 2 - now;
  }
  return found;
}
