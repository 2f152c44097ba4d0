/**
 * Backpressure: neighbours that do not read, or little, or an octet a second, while another one sends full tables one after another. What that
 * costs the others (a single change from one to another, as in `fairness`, how fast tables are taken, and what each route takes of a
 * processor), what memory it takes, and how long it takes the slow ones to have the right table once they read again. With the slow
 * ones and without them in turn, as often as `--rounds` says. The router is a process of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monotonicMilliseconds } from '../src/base/clock.ts';
import type { SessionDetail } from '../src/chassis/operations.ts';
import { type Feed, feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { type RemoteSpeaker, SpeakerThread } from '../src/lab/thread.ts';
import { compareTold } from '../src/lab/told.ts';
import { ProcessMeter } from './convergence/processes.ts';
import { BareNeighbor } from './support/bare-neighbor.ts';
import { freePort, neighborAddress } from './support/box.ts';
import { type LongestTurn, longestTurn, TURN_HEAD, turnCells } from './support/longest-turn.ts';
import { readOptions } from './support/options.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';
import { Router } from './support/router.ts';
import { SlowReader } from './support/slow-reader.ts';

const { values } = readOptions({
  options: {
    prefixes: { type: 'string', default: '300000' },
    seconds: { type: 'string', default: '15' },
    blades: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '1' },
    steady: { type: 'string', default: '0' },
    rate: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});
const [PREFIXES, SECONDS, BLADES, ROUNDS, STEADY, RATE] = [
  values.prefixes,
  values.seconds,
  values.blades,
  values.rounds,
  values.steady,
  values.rate,
].map(Number) as [number, number, number, number, number, number];

/**
 * Neighbour 0 floods, 1 keeps the whole table to compare with; 2 changes a route, 3 hears of it; 4 reads nothing, 5 little, 6 an octet
 * a second.
 */
const [FLOODER, KEEPER, CHANGER, WITNESS, DEAF, TRICKLING, DRIPPING] = [0, 1, 2, 3, 4, 5, 6];
/** Who reads as many MiB a second as `--rate` says: as many as `--steady` says. */
const STEADILY = Array.from({ length: STEADY }, (_, i) => DRIPPING + 1 + i);
const NEIGHBORS = 7 + STEADY;
const HOLD_TIME = 90;
/** Milliseconds between two changes, and between two pieces that the trickling one reads. */
const PAUSE = { least: 3, most: 23 };
const PIECE_EVERY = 2000;
const OCTET_EVERY = 1000;
/** Seconds without the slow ones, at most. */
const ALONE = 20;
/** Milliseconds: all of what the load of blades is taken from (chassis/load.ts). */
const AT_REST = 8000;

const PARTS = 10;

interface Row {
  readonly slow: number;
  readonly changes: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
  /** Routes taken from the flooder, per second. */
  readonly routesPerSecond: number;
  /** Processor time for each of them, nanoseconds, by thread; V8's helpers under one name, and all the neighbours' under another. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly turn: LongestTurn;
  /** `each`: at the ends of ten parts of the time. */
  readonly residentMiB: { readonly before: number; readonly most: number; readonly each: readonly number[] };
}

interface CaughtUp {
  readonly seconds: number;
  readonly differing: number;
  readonly sessionsLost: number;
  readonly waiting: number;
}

async function main(): Promise<void> {
  console.log(`${machineLine()}\n`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-backpressure-'));
  const port = await freePort();
  const file = path.join(folder, 'graftd.yaml');
  writeFileSync(file, configuration(folder, port));
  const router = await Router.start(file);
  const thread = new SpeakerThread();
  try {
    await new Bench(router, thread, port).run();
  } finally {
    await thread.close();
    await router.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Neighbour i is 127.0.3.i+1 in AS 64501+i and calls the router. */
function configuration(folder: string, port: number): string {
  const neighbors = Array.from(
    { length: NEIGHBORS },
    (_, i) =>
      `  - { address: ${neighborAddress(i)}, as: ${64501 + i}, passive: true, import: accept, export: accept, blade: ${i % BLADES} }`,
  );
  return `
router: { as: 65000, id: 192.0.2.1, listen: ['127.0.0.1:${port}'] }
chassis: { blades: ${BLADES}, control: ${folder}/graftd.sock, state: ${folder}/state.db }
neighbors:
${neighbors.join('\n')}
`;
}

class Bench {
  readonly #router: Router;
  readonly #thread: SpeakerThread;
  readonly #port: number;
  readonly #rows: Row[] = [];
  #changes = 0;

  constructor(router: Router, thread: SpeakerThread, port: number) {
    this.#router = router;
    this.#thread = thread;
    this.#port = port;
  }

  async run(): Promise<void> {
    const flooder = await this.#speaker(FLOODER);
    const keeper = await this.#speaker(KEEPER);
    const changer = await BareNeighbor.connect(this.#options(CHANGER));
    const witness = await BareNeighbor.connect(this.#options(WITNESS));
    const flood = new Flood(flooder);
    const measure = (slow: number, seconds: number): Promise<Row> =>
      flood.during(() => this.#measure(changer, witness, slow, seconds));
    // Code is compiled and memory touched before anything is measured.
    await measure(0, Math.min(SECONDS, 5));
    let slow: SlowReader[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const each of slow) each.close();
      this.#rows.push(await measure(0, Math.min(SECONDS, ALONE)));
      slow = [];
      for (const index of [DEAF, TRICKLING, DRIPPING])
        slow.push(await SlowReader.connect(this.#options(index)));
      slow[1]?.trickle(PIECE_EVERY);
      slow[2]?.trickle(OCTET_EVERY, 1);
      for (const index of STEADILY) {
        const reader = await SlowReader.connect(this.#options(index));
        reader.forgets = true;
        reader.trickle(1000 / (16 * RATE));
        slow.push(reader);
      }
      this.#rows.push(await measure(slow.length, SECONDS));
    }
    const read = slow.map(({ bytes }) => bytes);
    // Nothing flows, and the slow ones are still behind: a blade that waits for them is to sleep.
    await sleep(AT_REST);
    const restPercent = (await this.#router.blades()).map(({ cpuPercent }) => cpuPercent);
    const caughtUp = await this.#catchUp(keeper, slow);
    report(this.#rows, caughtUp, restPercent);
    writeResults('backpressure', {
      prefixes: PREFIXES,
      blades: BLADES,
      seconds: SECONDS,
      rows: this.#rows,
      bytesReadMeanwhile: read,
      restPercent,
      caughtUp,
    });
    for (const each of [changer, witness, ...slow]) each.close();
    for (const each of [flooder, keeper]) await each.close();
    if (caughtUp.differing > 0 || caughtUp.sessionsLost > 0) process.exitCode = 1;
  }

  async #speaker(index: number): Promise<RemoteSpeaker> {
    const speaker = await this.#thread.add({
      localAs: 64501 + index,
      routerId: `10.0.0.${index + 1}`,
      localAddress: neighborAddress(index),
      connect: { host: '127.0.0.1', port: this.#port },
    });
    await speaker.up();
    return speaker;
  }

  #options(index: number) {
    return { address: neighborAddress(index), as: 64501 + index, port: this.#port, holdTime: HOLD_TIME };
  }

  async #measure(changer: BareNeighbor, witness: BareNeighbor, slow: number, seconds: number): Promise<Row> {
    const router = this.#router;
    const took: number[] = [];
    const before = router.residentMiB();
    let most = before;
    const each: number[] = [];
    const meters = { router: new ProcessMeter([router.pid]), own: new ProcessMeter([process.pid]) };
    const [threads, own] = [meters.router.threads(), meters.own.cpuSeconds()];
    await router.blades();
    const taken = await this.#taken();
    const began = performance.now();
    for (const end = began + seconds * 1000; performance.now() < end; ) {
      await sleep(PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least));
      const mark = this.#changes++;
      const seen = witness.see(mark);
      const start = monotonicMilliseconds();
      changer.announce(mark);
      took.push((await seen) - start);
      const resident = router.residentMiB();
      most = Math.max(most, resident);
      if (performance.now() - began > ((each.length + 1) * seconds * 1000) / PARTS)
        each.push(Math.round(resident));
    }
    const routes = (await this.#taken()) - taken;
    const lasted = (performance.now() - began) / 1000;
    const cpu: Record<string, number> = { neighbours: ((meters.own.cpuSeconds() - own) / routes) * 1e9 };
    for (const [number, { name, seconds: used }] of meters.router.threads()) {
      const key = /blade|main|card/.test(name) ? name : 'others';
      cpu[key] = (cpu[key] ?? 0) + ((used - (threads.get(number)?.seconds ?? 0)) / routes) * 1e9;
    }
    return {
      slow,
      changes: took.length,
      median: quantile(took, 0.5),
      p99: quantile(took, 0.99),
      worst: Math.max(...took),
      routesPerSecond: routes / lasted,
      cpu,
      turn: longestTurn(await router.blades()),
      residentMiB: { before: Math.round(before), most: Math.round(most), each },
    };
  }

  /** Routes that have come from the flooder. */
  async #taken(): Promise<number> {
    const { updatesReceived } = await this.#session(FLOODER);
    return updatesReceived * Flood.perUpdate;
  }

  #session(index: number): Promise<SessionDetail> {
    return this.#router.ask<SessionDetail>('show session', { neighbor: neighborAddress(index) });
  }

  /** All read everything from now on: until each has the table that the quick one has. */
  async #catchUp(keeper: RemoteSpeaker, slow: readonly SlowReader[]): Promise<CaughtUp> {
    await keeper.quiet(300);
    const right = (await keeper.table()).v4;
    const detail = await this.#session(DEAF);
    const start = performance.now();
    for (const each of slow) each.readAll();
    const differing = (): number =>
      slow.reduce((sum, each) => {
        if (each.forgets) return sum;
        const { onlyA, onlyB, differing: other } = compareTold(each.table(), right);
        return sum + onlyA + onlyB + other;
      }, 0);
    while (differing() > 0 && performance.now() - start < 60_000 && !slow.some(({ closed }) => closed))
      await sleep(50);
    return {
      seconds: (performance.now() - start) / 1000,
      differing: differing(),
      sessionsLost: slow.filter(({ closed }) => closed).length,
      waiting: detail.limits?.bytesUnread ?? 0,
    };
  }
}

/** One full table after another, by turns two that differ in all routes. */
class Flood {
  static readonly feeds: readonly Feed[] = [7, 8].map((seed) =>
    feedFor(generateTable({ seed: 7, ipv4: PREFIXES, ipv6: 0 }), {
      neighborAs: 64501 + FLOODER,
      nextHop: neighborAddress(FLOODER),
      seed,
    }),
  );
  static readonly perUpdate = PREFIXES / (Flood.feeds[0]?.messages ?? 1);
  readonly #flooder: RemoteSpeaker;
  #next = 0;

  constructor(flooder: RemoteSpeaker) {
    this.#flooder = flooder;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    let going = true;
    const flood = (async () => {
      while (going) await this.#flooder.send(Flood.feeds[this.#next++ % 2] as Feed);
    })();
    const result = await work();
    going = false;
    await flood;
    return result;
  }
}

function report(rows: readonly Row[], caughtUp: CaughtUp, restPercent: readonly number[]): void {
  console.log(
    `Full tables of ${PREFIXES} prefixes, one after another; a single change beside them, milliseconds.`,
  );
  const head = [
    'slow neighbours',
    'changes',
    'median',
    'p99',
    'worst',
    ...TURN_HEAD,
    'routes/s taken',
    'MiB before',
    'MiB at most',
  ];
  const cells = rows.map((row) => [
    row.slow,
    row.changes,
    ...[row.median, row.p99, row.worst].map((value) => value.toFixed(2)),
    ...turnCells(row.turn),
    Math.round(row.routesPerSecond),
    row.residentMiB.before,
    row.residentMiB.most,
  ]);
  console.log(table(head, cells));
  const threads = [...new Set(rows.flatMap(({ cpu }) => Object.keys(cpu)))].sort();
  const used = rows.map(({ slow, cpu }) => [slow, ...threads.map((name) => Math.round(cpu[name] ?? 0))]);
  console.log(
    `\nProcessor time for each route taken, nanoseconds\n${table(['slow neighbours', ...threads], used)}`,
  );
  console.log(`\nMiB with the slow ones, from tenth to tenth: ${rows.at(-1)?.residentMiB.each.join(' ')}`);
  console.log(
    `\nBeside them, when nothing flows any more, blades use ${restPercent.join(' and ')} % of a processor. Who read nothing had ${caughtUp.waiting} bytes waiting; all have the right table ${caughtUp.seconds.toFixed(2)} s after they read again (${caughtUp.differing} routes differ).`,
  );
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (values.help)
  console.log(
    'npm run bench backpressure -- [--prefixes 300000] [--seconds 15] [--blades 2] [--rounds 1] [--steady 0] [--rate 2]',
  );
else await main();
