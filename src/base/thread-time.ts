/**
 * Processor time of single threads, as Linux counts it: /proc/self/task/TID/schedstat has what a thread has used and what
 * it has waited for a processor, in nanoseconds. A thread says its number once; whoever wants to know reads, and costs
 * the thread nothing. Exact for one that sleeps, and one tick of the kernel's clock (1 to 10 ms) late for one that runs.
 */
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { linuxOf64Bits, loadKoffi } from './koffi.ts';

/** A third of the weight of others: less than half, and not so little that an operator waits for ever. */
const GIVING_WAY = 5;

/** Milliseconds since the thread started. */
export interface ThreadTime {
  readonly used: number;
  /** Ready to run, and the processors were others'. */
  readonly waited: number;
}

/** The number by which the system knows the calling thread; 0 where it does not say. */
export function ownThread(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').pop());
  } catch {
    return 0;
  }
}

/** Names the calling thread for `top -H`, perf and benchmarks; at most 15 octets count. Where that is not possible, nothing is lost. */
export function nameThread(name: string): void {
  try {
    writeFileSync('/proc/thread-self/comm', name);
  } catch {
    // A name is for people only.
  }
}

/**
 * For work that nobody waits for: the calling thread leaves processors to others from here on, and for good. Where that is not possible,
 * nothing is lost.
 */
export function giveWay(): void {
  try {
    // On Linux a thread's number does for a process's.
    setPriority(ownThread(), GIVING_WAY);
  } catch {
    // The thread keeps the priority that it has.
  }
}

/** Of a thread of this process; undefined when it has ended, or the system does not say. */
export function threadTime(thread: number): ThreadTime | undefined {
  if (thread === 0) return undefined;
  try {
    const [used, waited] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ');
    return { used: Number(used) / 1e6, waited: Number(waited) / 1e6 };
  } catch {
    return undefined;
  }
}

const CLOCK_THREAD_CPUTIME_ID = 3;

/**
 * A clock that says for how many milliseconds the thread that asks has used a processor: exact, and a call costs half a microsecond.
 * Undefined where koffi, or the clock, is not there.
 */
export function processorClock(): (() => number) | undefined {
  if (!linuxOf64Bits()) return undefined;
  try {
    const koffi = loadKoffi();
    const get = koffi.load(null).func('int clock_gettime(int clock, uintptr_t time)') as (
      clock: number,
      time: number,
    ) => number;
    // Two words of 64 bits, seconds and nanoseconds. Shared memory does not move.
    const words = new Uint32Array(new SharedArrayBuffer(16));
    const at = Number(koffi.address(new Uint8Array(words.buffer)));
    if (get(CLOCK_THREAD_CPUTIME_ID, at) !== 0) return undefined;
    return () => {
      get(CLOCK_THREAD_CPUTIME_ID, at);
      return (words[0] as number) * 1e3 + (words[2] as number) / 1e6;
    };
  } catch {
    return undefined;
  }
}
