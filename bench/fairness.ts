/**
 * Fairness: how long a single change takes from one neighbour to another, and whether KEEPALIVEs come in time, while a third
 * one sends full tables one after another; beside the same when nothing else happens.
 */
import { monotonicMilliseconds } from '../src/base/clock.ts';
import { feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { BareNeighbor } from './support/bare-neighbor.ts';
import { type Box, neighborAddress, openBox } from './support/box.ts';
import { type LongestTurn, longestTurn, TURN_HEAD, turnCells } from './support/longest-turn.ts';
import { readOptions } from './support/options.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';

const { values } = readOptions({
  options: {
    prefixes: { type: 'string', default: '1000000' },
    changes: { type: 'string', default: '200' },
    blades: { type: 'string', default: '1,2' },
    help: { type: 'boolean', default: false },
  },
});

/** Neighbour 0 floods; 1 changes a route; 2 hears of it; 3 is told nothing but KEEPALIVEs. */
const [FLOODER, CHANGER, WITNESS, SILENT] = [0, 1, 2, 3];
const HOLD_TIME = 3;
/** Milliseconds between two changes, at least and at most: no rhythm with the router's turns. */
const PAUSE = { least: 3, most: 23 };

interface Row {
  readonly blades: number;
  readonly flood: boolean;
  readonly changes: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
  /** Longest time without a word for whom KEEPALIVEs are due each second. */
  readonly longestSilence: number;
  readonly sessionsLost: number;
  readonly turn: LongestTurn;
}

if (values.help) console.log('npm run bench fairness -- [--prefixes 1000000] [--changes 200] [--blades 1,2]');
else await main();

async function main(): Promise<void> {
  console.log(`${machineLine()}\n`);
  const prefixes = Number(values.prefixes);
  const rows: Row[] = [];
  for (const blades of values.blades.split(',').map(Number))
    rows.push(...(await measure(blades, prefixes, Number(values.changes))));
  console.log(`A single change while another neighbour sends tables of ${prefixes} prefixes; milliseconds.`);
  const head = [
    'blades',
    'flood',
    'changes',
    'median',
    'p99',
    'worst',
    'longest silence',
    'sessions lost',
    ...TURN_HEAD,
  ];
  const cells = rows.map((row) => [
    row.blades,
    row.flood ? 'yes' : 'no',
    row.changes,
    ...[row.median, row.p99, row.worst].map((value) => value.toFixed(2)),
    Math.round(row.longestSilence),
    row.sessionsLost,
    ...turnCells(row.turn),
  ]);
  console.log(table(head, cells));
  writeResults('fairness', { prefixes, holdTime: HOLD_TIME, rows });
  if (rows.some(({ sessionsLost }) => sessionsLost > 0)) process.exitCode = 1;
}

async function measure(blades: number, prefixes: number, changes: number): Promise<Row[]> {
  const feeds = [7, 8].map((seed) =>
    feedFor(generateTable({ seed: 7, ipv4: prefixes, ipv6: 0 }), {
      neighborAs: 64501 + FLOODER,
      nextHop: neighborAddress(FLOODER),
      seed,
    }),
  );
  const box = await openBox(blades, 1, [{ export: 'accept' }, { export: 'accept' }, { export: 'reject' }]);
  const others = await Promise.all(
    [CHANGER, WITNESS, SILENT].map((index) =>
      BareNeighbor.connect({
        address: neighborAddress(index),
        as: 64501 + index,
        port: box.port,
        holdTime: HOLD_TIME,
      }),
    ),
  );
  try {
    const idle = await round(box, others, changes, false, 0);
    let flooding = true;
    const flood = (async () => {
      for (let i = 0; flooding; i++) await box.speakers[0]?.send(feeds[i % 2] as (typeof feeds)[0]);
    })();
    const flooded = await round(box, others, changes, true, changes);
    flooding = false;
    await flood;
    return [idle, flooded];
  } finally {
    for (const other of others) other.close();
    await box.close();
  }
}

async function round(
  { running }: Box,
  others: readonly BareNeighbor[],
  changes: number,
  flood: boolean,
  firstMark: number,
): Promise<Row> {
  const [changer, witness, silent] = others as [BareNeighbor, BareNeighbor, BareNeighbor];
  await running.operator.showBlades();
  for (const other of others) other.longestSilence = 0;
  const took: number[] = [];
  for (let i = 0; i < changes; i++) {
    await sleep(PAUSE.least + Math.random() * (PAUSE.most - PAUSE.least));
    const seen = witness.see(firstMark + i);
    const start = monotonicMilliseconds();
    changer.announce(firstMark + i);
    took.push((await seen) - start);
  }
  const rows = await running.operator.showBlades();
  return {
    blades: rows.length,
    flood,
    changes,
    median: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    worst: Math.max(...took),
    longestSilence: silent.longestSilence,
    sessionsLost: others.filter(({ closed }) => closed).length,
    turn: longestTurn(rows),
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
