/**
 * `npm run fuzz`: inputs by the million through everything that reads what a neighbour sends. Some threads run them; this one
 * looks on, so that an input that never ends is found, too.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { readOptions } from '../../bench/support/options.ts';
import { type FuzzNews, type FuzzStart, NOW } from './messages.ts';
import { Fuzzer, TIME_BOUND } from './run.ts';
import { hex, INPUT_ROOM } from './target.ts';

const HELP = `npm run fuzz -- [--inputs N] [--seconds S] [--seed N] [--target NAME] [--threads N]
npm run fuzz -- --seed N --index N            one input again, by its seed and number
npm run fuzz -- --target NAME --bytes HEX     these octets

  --inputs N     how many (1000000)
  --seconds S    ends after so long
  --seed N       where chance begins (the time of day)
  --target NAME  update, stream, open, mrt or session alone
  --threads N    (one for each processor)
  --hang S       an input that takes so long is a failure, and its thread is ended (10)

What fails is printed with its seed, its number and its octets, and makes the exit status 1.

Example: npm run fuzz -- --seconds 60
`;

const SHOWN = 20;
const LOOK = 500;

const { values } = readOptions({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    index: { type: 'string' },
    bytes: { type: 'string' },
    target: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    hang: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});

function number(name: 'inputs' | 'seconds' | 'seed' | 'index' | 'threads' | 'hang'): number {
  const value = Number(values[name]);
  if (!Number.isNaN(value) && value >= 0) return value;
  console.error(`fuzz: --${name} must be a number, not "${values[name]}"`);
  process.exit(2);
}

const seed = number('seed');
let failures = 0;

function report(target: string, index: number, why: string, input: Uint8Array): void {
  failures++;
  process.exitCode = 1;
  if (failures > SHOWN) return;
  console.log(
    `${target}: ${why}\n  again: npm run fuzz -- --seed ${seed} --index ${index}${values.target === undefined ? '' : ` --target ${values.target}`}`,
  );
  console.log(`  ${input.length} octets: ${hex(input)}`);
}

/** One thread with its part of the inputs; begins anew behind an input that hangs. */
class Runner {
  readonly counts = new Map<number, Readonly<Record<string, number>>>();
  slowest = 0;
  done = false;
  readonly #start: Omit<FuzzStart, 'from' | 'now'>;
  #now = new SharedArrayBuffer(0);
  #worker: Worker | undefined;
  #life = 0;
  #seen = -1;
  #seenAt = 0;

  constructor(start: Omit<FuzzStart, 'from' | 'now'>, from: number) {
    this.#start = start;
    this.#begin(from);
  }

  get inputs(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const counts of this.counts.values())
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    return sum;
  }

  /** Is it still at the input where it was long ago? */
  look(now: number, hang: number): void {
    if (this.done) return;
    const words = new Int32Array(this.#now, 0, NOW.words);
    const index = Atomics.load(words, NOW.index);
    if (index !== this.#seen) {
      this.#seen = index;
      this.#seenAt = now;
      return;
    }
    if (now - this.#seenAt < hang || index < 0) return;
    const length = words[NOW.length] as number;
    report(
      'hang',
      index,
      `takes longer than ${hang} ms`,
      new Uint8Array(this.#now, NOW.words * 4, length).slice(),
    );
    void this.#worker?.terminate();
    this.#begin(index + this.#start.step);
  }

  end(): void {
    this.done = true;
    void this.#worker?.terminate();
  }

  #begin(from: number): void {
    const life = ++this.#life;
    this.#now = new SharedArrayBuffer(NOW.words * 4 + INPUT_ROOM);
    new Int32Array(this.#now)[NOW.index] = -1;
    this.#seen = -1;
    const worker = new Worker(new URL('./worker/main.js', import.meta.url), {
      workerData: { ...this.#start, from, now: this.#now } satisfies FuzzStart,
    });
    this.#worker = worker;
    worker.on('message', (news: FuzzNews) => {
      if (news.kind === 'found') {
        report(news.target, news.index, news.why, news.input);
        return;
      }
      this.counts.set(life, news.counts);
      this.slowest = Math.max(this.slowest, news.slowest);
      if (news.kind === 'done') this.done = true;
    });
    worker.on('error', (error) => {
      failures++;
      process.exitCode = 1;
      console.log(`a thread of the fuzzer died: ${error.stack}`);
      this.done = true;
    });
  }
}

async function fuzz(): Promise<void> {
  const threads = number('threads');
  const runners = Array.from({ length: threads }, (_, from) => {
    return new Runner({ seed, step: threads, end: number('inputs'), target: values.target }, from);
  });
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  console.log(`seed ${seed}, ${threads} threads`);
  for (let looks = 1; runners.some(({ done }) => !done); looks++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK));
    for (const runner of runners) runner.look(performance.now(), number('hang') * 1000);
    if (looks % 20 === 0) summary(runners, seconds());
    if (seconds() >= number('seconds')) for (const runner of runners) runner.end();
  }
  summary(runners, seconds());
}

function summary(runners: readonly Runner[], seconds: number): void {
  const sum: Record<string, number> = {};
  for (const { inputs } of runners)
    for (const [name, count] of Object.entries(inputs)) sum[name] = (sum[name] ?? 0) + count;
  const total = Object.values(sum).reduce((a, b) => a + b, 0);
  const each = Object.entries(sum).map(([name, count]) => `${name} ${count}`);
  const slowest = Math.max(...runners.map((runner) => runner.slowest));
  console.log(
    `${seconds.toFixed(0)} s: ${total} inputs (${each.join(', ')}), ${failures} failures, the slowest took ${slowest.toFixed(1)} ms`,
  );
}

function one(): void {
  const fuzzer = new Fuzzer(values.target, TIME_BOUND);
  const why =
    values.bytes !== undefined && values.target !== undefined
      ? fuzzer.bytes(values.target, Uint8Array.from(Buffer.from(values.bytes, 'hex')), seed)
      : fuzzer.one(seed, number('index'), (_, name, input) => console.log(`${name}: ${hex(input)}`))?.why;
  console.log(why ?? 'nothing is wrong with it');
  process.exitCode = why === undefined ? 0 : 1;
}

if (values.help) console.log(HELP);
else if (values.index !== undefined || values.bytes !== undefined) one();
else await fuzz();
