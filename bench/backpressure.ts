/**
 * Backpressure: neighbours that do not read, or little, or an octet a second, while a third one sends full tables one after another. What that costs
 * the others (a single change from one to another, as in `fairness`, and how fast tables are taken), what memory it takes, and how
 * long it takes the slow ones to have the right table once they read again.
 */
import { monotonicMilliseconds } from '../src/base/clock.ts';
import { type Feed, feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { compareTold } from '../src/lab/told.ts';
import { BareNeighbor } from './support/bare-neighbor.ts';
import { type Box, neighborAddress, openBox } from './support/box.ts';
import { type LongestTurn, longestTurn, TURN_HEAD, turnCells } from './support/longest-turn.ts';
import { readOptions } from './support/options.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';
import { SlowReader } from './support/slow-reader.ts';

const { values } = readOptions({
  options: {
    prefixes: { type: 'string', default: '300000' },
    seconds: { type: 'string', default: '15' },
    blades: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});

/**
 * Neighbour 0 floods, 1 keeps the whole table to compare with; 2 changes a route, 3 hears of it; 4 reads nothing, 5 little, 6 an octet
 * a second.
 */
const [FLOODER, CHANGER, WITNESS, DEAF, TRICKLING, DRIPPING] = [0, 2, 3, 4, 5, 6];
const HOLD_TIME = 90;
/** Milliseconds between two changes, and between two pieces that the trickling one reads. */
const PAUSE = { least: 3, most: 23 };
const PIECE_EVERY = 2000;
const OCTET_EVERY = 1000;
/** Seconds without the slow ones, at most. */
const ALONE = 20;
/** Milliseconds: all of what the load of blades is taken from (chassis/load.ts). */
const AT_REST = 8000;
const MIB = 2 ** 20;

const PARTS = 10;

let changes = 0;

interface Row {
  readonly slow: number;
  readonly changes: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
  /** Routes taken from the flooder, per second. */
  readonly routesPerSecond: number;
  readonly turn: LongestTurn;
  /** `each`: at the ends of ten parts of the time. */
  readonly residentMiB: { readonly before: number; readonly most: number; readonly each: readonly number[] };
}

async function main(): Promise<void> {
  console.log(`${machineLine()}\n`);
  const [prefixes, seconds, blades] = [values.prefixes, values.seconds, values.blades].map(Number) as [
    number,
    number,
    number,
  ];
  const box = await openBox(
    blades,
    2,
    Array.from({ length: 5 }, () => ({ export: 'accept' as const })),
  );
  const options = (index: number) => ({
    address: neighborAddress(index),
    as: 64501 + index,
    port: box.port,
    holdTime: HOLD_TIME,
  });
  const changer = await BareNeighbor.connect(options(CHANGER));
  const witness = await BareNeighbor.connect(options(WITNESS));
  const flood = new Flood(box, prefixes);
  // Code is compiled and memory touched before anything is measured.
  await flood.during(() => measure(box, changer, witness, 0, Math.min(seconds, 5)));
  const alone = await flood.during(() => measure(box, changer, witness, 0, Math.min(seconds, ALONE)));
  const slow = [
    await SlowReader.connect(options(DEAF)),
    await SlowReader.connect(options(TRICKLING)),
    await SlowReader.connect(options(DRIPPING)),
  ] as const;
  slow[1].trickle(PIECE_EVERY);
  slow[2].trickle(OCTET_EVERY, 1);
  const beside = await flood.during(() => measure(box, changer, witness, slow.length, seconds));
  const read = slow.map(({ bytes }) => bytes);
  // Nothing flows, and the slow ones are still behind: a blade that waits for them is to sleep.
  await sleep(AT_REST);
  const restPercent = (await box.running.operator.showBlades()).map(({ cpuPercent }) => cpuPercent);
  const caughtUp = await catchUp(box, slow);
  const rows = [alone, beside].map((row, i) => ({ ...row, routesPerSecond: flood.rates[i + 1] as number }));
  report(prefixes, rows, caughtUp, restPercent);
  writeResults('backpressure', {
    prefixes,
    blades,
    seconds,
    rows,
    bytesReadMeanwhile: read,
    restPercent,
    caughtUp,
  });
  for (const each of [changer, witness, ...slow]) each.close();
  await box.close();
  if (caughtUp.differing > 0 || caughtUp.sessionsLost > 0) process.exitCode = 1;
}

/** One full table after another, by turns two that differ in all routes. */
class Flood {
  readonly rates: number[] = [];
  readonly #box: Box;
  readonly #prefixes: number;
  readonly #feeds: readonly Feed[];
  #next = 0;

  constructor(box: Box, prefixes: number) {
    this.#box = box;
    this.#prefixes = prefixes;
    const neighbor = { neighborAs: 64501 + FLOODER, nextHop: neighborAddress(FLOODER) };
    this.#feeds = [7, 8].map((seed) =>
      feedFor(generateTable({ seed: 7, ipv4: prefixes, ipv6: 0 }), { ...neighbor, seed }),
    );
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    let going = true;
    const taken = async (): Promise<number> =>
      (await this.#box.running.operator.showSession(neighborAddress(FLOODER))).updatesReceived;
    const [start, before] = [performance.now(), await taken()];
    const flood = (async () => {
      while (going) await this.#box.speakers[FLOODER]?.send(this.#feeds[this.#next++ % 2] as Feed);
    })();
    const result = await work();
    const perUpdate = this.#prefixes / (this.#feeds[0]?.messages ?? 1);
    this.rates.push((((await taken()) - before) * perUpdate) / ((performance.now() - start) / 1000));
    going = false;
    await flood;
    return result;
  }
}

async function measure(
  { running }: Box,
  changer: BareNeighbor,
  witness: BareNeighbor,
  slow: number,
  seconds: number,
): Promise<Omit<Row, 'routesPerSecond'>> {
  const took: number[] = [];
  const before = process.memoryUsage.rss() / MIB;
  let most = before;
  const each: number[] = [];
  const began = performance.now();
  await running.operator.showBlades();
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    await sleep(PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least));
    const mark = changes++;
    const seen = witness.see(mark);
    const start = monotonicMilliseconds();
    changer.announce(mark);
    took.push((await seen) - start);
    const resident = process.memoryUsage.rss() / MIB;
    most = Math.max(most, resident);
    if (performance.now() - began > ((each.length + 1) * seconds * 1000) / PARTS)
      each.push(Math.round(resident));
  }
  return {
    slow,
    changes: took.length,
    median: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    worst: Math.max(...took),
    turn: longestTurn(await running.operator.showBlades()),
    residentMiB: { before: Math.round(before), most: Math.round(most), each },
  };
}

/** All read everything from now on: until each has the table that the quick one has. */
async function catchUp(
  { running, speakers }: Box,
  slow: readonly SlowReader[],
): Promise<{ seconds: number; differing: number; sessionsLost: number; waiting: number }> {
  await speakers[1]?.quiet(300);
  const right = (await speakers[1]?.table())?.v4;
  const detail = await running.operator.showSession(neighborAddress(DEAF));
  const start = performance.now();
  for (const each of slow) each.readAll();
  const differing = (): number =>
    slow.reduce((sum, each) => {
      if (right === undefined) return sum + 1;
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

function report(
  prefixes: number,
  rows: readonly Row[],
  caughtUp: { seconds: number; differing: number; waiting: number },
  restPercent: readonly number[],
): void {
  console.log(
    `Full tables of ${prefixes} prefixes, one after another; a single change beside them, milliseconds.`,
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
  console.log(`\nMiB with the slow ones, from tenth to tenth: ${rows.at(-1)?.residentMiB.each.join(' ')}`);
  console.log(
    `\nBeside them, when nothing flows any more, blades use ${restPercent.join(' and ')} % of a processor. Who read nothing had ${caughtUp.waiting} bytes waiting; all have the right table ${caughtUp.seconds.toFixed(2)} s after they read again (${caughtUp.differing} routes differ).`,
  );
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

if (values.help) console.log('npm run bench backpressure -- [--prefixes 300000] [--seconds 15] [--blades 2]');
else await main();
