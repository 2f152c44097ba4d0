/**
 * The time of a graft against the size of the RIB, as in Figure 7 of the paper ("Seamless BGP Migration With Router
 * Grafting", NSDI 2010), for the graft inside the chassis (ownership moves) and for one that copies (the Adj-RIB-In is
 * serialised, sent and imported), in the same run. Then, as in Figure 8, the processor's share of both blades around one
 * graft, at steps of 0.2 s.
 */
import type { Chassis, SessionEntry } from '../src/chassis/chassis.ts';
import type { GraftCosts } from '../src/chassis/graft.ts';
import { type Feed, feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { type Box, neighborAddress, openBox } from './support/box.ts';
import { type CopyTimes, copyingGrafts } from './support/copying-graft.ts';
import { type CpuStep, cpuOfCopyingGraft, cpuOfGraft } from './support/graft-cpu.ts';
import { readOptions } from './support/options.ts';
import { plotSvg } from './support/plot.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';

const { values } = readOptions({
  options: {
    sizes: { type: 'string', default: '0,1000,10000,100000,200000,500000,1000000' },
    grafts: { type: 'string', default: '500' },
    blades: { type: 'string', default: '4' },
    'cpu-size': { type: 'string', default: '200000' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

interface Row {
  readonly routes: number;
  readonly grafts: number;
  /** Microseconds. */
  readonly total: { median: number; p99: number };
  readonly pause: { median: number; p99: number };
  /** Sums over all grafts. */
  readonly decisionsRun: number;
  readonly fabricUpdatesSent: number;
  readonly neighborUpdatesSent: number;
  readonly resets: number;
  readonly duplicates: number;
  readonly copying: CopyTimes;
  readonly timesFaster: number;
}

if (values.help) {
  console.log(
    `npm run bench graft -- [--sizes 1000,10000] [--grafts 500] [--blades 4] [--cpu-size 200000] [--quick]`,
  );
} else {
  const sizes = values.quick ? [1000, 10_000] : values.sizes.split(',').map(Number);
  const grafts = values.quick ? 50 : Number(values.grafts);
  await run(sizes, grafts, Number(values.blades));
  await runCpu(values.quick ? 10_000 : Number(values['cpu-size']), Number(values.blades));
}

async function run(sizes: readonly number[], grafts: number, blades: number): Promise<void> {
  console.log(`${machineLine()}\n`);
  const rows: Row[] = [];
  for (const size of sizes) {
    process.stderr.write(`${size} routes … `);
    rows.push(await measure(size, grafts, blades));
    process.stderr.write('done\n');
  }
  print(rows, blades);
  writeResults('graft', { blades, rows }, plot(rows));
}

/** What the first neighbour tells. */
function feedOf(size: number): Feed {
  const world = generateTable({ seed: 7, ipv4: size, ipv6: 0 });
  return feedFor(world, { neighborAs: 64501, nextHop: neighborAddress(0), seed: 7 });
}

async function fill(box: Box, feed: Feed): Promise<void> {
  await box.speakers[0]?.send(feed);
  await Promise.all(box.speakers.map((speaker) => speaker.quiet(500)));
}

async function runCpu(size: number, blades: number): Promise<void> {
  const feed = feedOf(size);
  process.stderr.write(`processor time at ${size} routes … `);
  const box = await openBox(blades, 3);
  let ours: CpuStep[];
  try {
    await fill(box, feed);
    ours = await cpuOfGraft(box);
  } finally {
    await box.close();
  }
  const copying = await cpuOfCopyingGraft(feed);
  process.stderr.write('done\n');
  console.log(
    `\nThe processor's share of both blades, % of a core, at ${size} routes; the graft begins at 0 s.`,
  );
  const cells = ours.map((step, i) => [
    step.seconds.toFixed(1),
    step.source.toFixed(1),
    step.target.toFixed(1),
    copying[i]?.source.toFixed(1) ?? '',
    copying[i]?.target.toFixed(1) ?? '',
  ]);
  console.log(table(['seconds', 'source', 'target', 'copying: source', 'copying: target'], cells));
  writeResults('graft-cpu', { routes: size, blades, graft: ours, copying }, cpuPlot(ours, copying), 'graft');
}

function cpuPlot(ours: readonly CpuStep[], copying: readonly CpuStep[]): string {
  const series = (name: string, colour: string, steps: readonly CpuStep[], of: 'source' | 'target') => ({
    name,
    colour,
    points: steps.map((step) => ({ x: step.seconds, y: step[of] })),
  });
  return plotSvg({
    title: 'Processor time of both blades around a graft',
    subtitle: machineLine(),
    xLabel: 'seconds from the beginning of the graft',
    yLabel: 'share of a core (%)',
    linear: true,
    series: [
      series('graft that copies: source', '#c0392b', copying, 'source'),
      series('graft that copies: target', '#e59866', copying, 'target'),
      series('graft inside the chassis: source', '#1f6fb2', ours, 'source'),
      series('graft inside the chassis: target', '#2a9d5c', ours, 'target'),
    ],
  });
}

async function measure(size: number, grafts: number, blades: number): Promise<Row> {
  const feed = feedOf(size);
  const box = await openBox(blades, 3);
  try {
    await fill(box, feed);
    const costs = await graftAround(box, grafts);
    const stats = await Promise.all(box.speakers.map((speaker) => speaker.stats()));
    // Both are measured warm: the small ones often enough for the compiler.
    const copies = await copyingGrafts(feed, size >= 200_000 ? 5 : 30);
    return summary(box.running.chassis, costs, stats, copies);
  } finally {
    await box.close();
  }
}

/** Moves the full session from blade to blade, resting a little in between as an operator's box would. */
async function graftAround(box: Box, grafts: number): Promise<GraftCosts[]> {
  const { chassis } = box.running;
  const entry = chassis.entry(neighborAddress(0)) as SessionEntry;
  const costs: GraftCosts[] = [];
  // The first ones let the compiler see the code.
  for (let i = 0; i < grafts + 50; i++) {
    const to = (chassis.fabric.homeOf(entry.index) + 1) % chassis.blades.length;
    const cost = await chassis.graft(entry, to, 'benchmark');
    if (i >= 50) costs.push(cost);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return costs;
}

function summary(
  chassis: Chassis,
  costs: readonly GraftCosts[],
  stats: readonly { resets: number; duplicates: number }[],
  copies: readonly CopyTimes[],
): Row {
  const sum = (of: (cost: GraftCosts) => number): number =>
    costs.reduce((total, cost) => total + of(cost), 0);
  const quantiles = (of: (cost: GraftCosts) => number): { median: number; p99: number } => ({
    median: Math.round(quantile(costs.map(of), 0.5) * 1000),
    p99: Math.round(quantile(costs.map(of), 0.99) * 1000),
  });
  const copying = [...copies].sort((a, b) => a.total - b.total)[copies.length >> 1] as CopyTimes;
  const total = quantiles(({ total }) => total);
  return {
    routes: chassis.fabric.number(0, 3),
    grafts: costs.length,
    total,
    pause: quantiles(({ pause }) => pause),
    decisionsRun: sum(({ decisionsRun }) => decisionsRun),
    fabricUpdatesSent: sum(({ recordsSent }) => recordsSent),
    neighborUpdatesSent: sum(({ updatesSent }) => updatesSent),
    resets: stats.reduce((total, { resets }) => total + resets, 0),
    duplicates: stats.reduce((total, { duplicates }) => total + duplicates, 0),
    copying,
    timesFaster: Math.round((copying.total * 1000) / total.median),
  };
}

function print(rows: readonly Row[], blades: number): void {
  const head = [
    'routes',
    'graft µs',
    '(p99)',
    'pause µs',
    '(p99)',
    'decisions',
    'records',
    'UPDATEs',
    'resets',
    'copying graft ms',
    'export + send + import',
    'decisions',
    'faster',
  ];
  const cells = rows.map((row) => [
    row.routes,
    row.total.median,
    row.total.p99,
    row.pause.median,
    row.pause.p99,
    row.decisionsRun,
    row.fabricUpdatesSent,
    row.neighborUpdatesSent,
    row.resets,
    row.copying.total.toFixed(1),
    [row.copying.export, row.copying.transfer, row.copying.import].map((ms) => ms.toFixed(1)).join(' + '),
    row.copying.decisionsRun,
    `${row.timesFaster} ×`,
  ]);
  console.log(
    `\nA graft of a live session inside a chassis of ${blades} blades; medians over ${rows[0]?.grafts} grafts.`,
  );
  console.log(table(head, cells));
}

function plot(rows: readonly Row[]): string {
  return plotSvg({
    title: 'Migration time against RIB size',
    subtitle: machineLine(),
    xLabel: 'RIB size (prefixes)',
    yLabel: 'migration time (ms)',
    series: [
      {
        name: 'graft that copies (msgpackr, as the paper)',
        colour: '#c0392b',
        points: rows.map(({ routes, copying }) => ({ x: routes, y: copying.total })),
      },
      {
        name: 'graft inside the chassis (bar: up to p99)',
        colour: '#1f6fb2',
        points: rows.map(({ routes, total }) => ({
          x: routes,
          y: total.median / 1000,
          low: total.median / 1000,
          high: total.p99 / 1000,
        })),
      },
      {
        name: 'pause of the session',
        colour: '#2a9d5c',
        points: rows.map(({ routes, pause }) => ({ x: routes, y: Math.max(pause.median, 1) / 1000 })),
      },
    ],
  });
}
