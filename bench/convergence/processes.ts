/** What a daemon's processes cost, from /proc: processor time of every thread in nanoseconds, and resident memory. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface ThreadTime {
  readonly name: string;
  seconds: number;
}

export class ProcessMeter {
  readonly #pids: readonly number[];
  /** Every thread that was ever seen: one that ends keeps what it had used. */
  readonly #threads = new Map<number, ThreadTime>();

  constructor(pids: readonly number[]) {
    this.#pids = pids;
  }

  /** Processor seconds of all threads of all processes so far. */
  cpuSeconds(): number {
    let sum = 0;
    for (const { seconds } of this.threads().values()) sum += seconds;
    return sum;
  }

  /** The same by thread, under its number. */
  threads(): Map<number, ThreadTime> {
    for (const pid of this.#pids) for (const tid of list(`/proc/${pid}/task`)) this.#note(pid, Number(tid));
    return new Map([...this.#threads].map(([tid, time]) => [tid, { ...time }]));
  }

  #note(pid: number, tid: number): void {
    const text = read(`/proc/${pid}/task/${tid}/schedstat`);
    if (text === undefined) return;
    const seconds = Number(text.split(' ')[0]) / 1e9;
    const known = this.#threads.get(tid);
    if (known !== undefined) known.seconds = seconds;
    else this.#threads.set(tid, { name: nameOf(pid, tid), seconds });
  }

  /** From now on the peak is that of what comes. */
  resetPeak(): void {
    for (const pid of this.#pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  }

  /** Peak resident memory since then, all processes together. */
  peakMiB(): number {
    return this.#memory(/VmHWM:\s+(\d+)/);
  }

  residentMiB(): number {
    return this.#memory(/VmRSS:\s+(\d+)/);
  }

  #memory(field: RegExp): number {
    const kibibytes = this.#pids.map((pid) =>
      Number(field.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0),
    );
    return kibibytes.reduce((sum, size) => sum + size, 0) / 1024;
  }
}

/** A process and all that it started, itself first. */
export function family(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((tid) =>
    (read(`/proc/${pid}/task/${tid}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(family)];
}

/** Bytes that wait in the kernel between the daemon at this port and its neighbours. */
export function queuedBytes(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  let sum = 0;
  for (const line of (read('/proc/net/tcp') ?? '').split('\n').slice(1)) {
    const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
    if (!local.endsWith(`:${hex}`) && !remote.endsWith(`:${hex}`)) continue;
    for (const queue of queues.split(':')) sum += Number.parseInt(queue, 16);
  }
  return sum;
}

function nameOf(pid: number, tid: number): string {
  const name = read(`/proc/${pid}/task/${tid}/comm`)?.trim() ?? '';
  return tid === pid ? `${name} (main)` : name;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
