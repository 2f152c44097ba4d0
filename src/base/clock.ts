/** Time as an argument: simulated in tests, the machine's monotonic clock in the threads. Milliseconds. */
export type Clock = () => number;

const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Monotonic milliseconds with fractions, the same in every thread of the process. */
export const monotonicMilliseconds: Clock = () => performance.now() + offset;
