/**
 * The time until the sessions of a blade that crashed are served again, against the size of the RIB: noticed, attached by a sibling
 * (from then on messages are read and KEEPALIVEs sent), told everything that they should be told, and all blades sure of
 * everything. The neighbours count resets and what was repeated. One on the same blade is told nothing but KEEPALIVEs, every second: how
 * long it hears nothing at most.
 */
import type { Chassis } from '../src/chassis/chassis.ts';
import { BLADE_WORD } from '../src/fabric/layout.ts';
import { feedFor } from '../src/lab/feed.ts';
import { generateTable } from '../src/lab/internet.ts';
import { BareNeighbor } from './support/bare-neighbor.ts';
import { type Box, neighborAddress, openBox } from './support/box.ts';
import { readOptions } from './support/options.ts';
import { plotSvg } from './support/plot.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';

const { values } = readOptions({
  options: {
    sizes: { type: 'string', default: '1000,10000,100000,300000,1000000' },
    deaths: { type: 'string', default: '9' },
    blades: { type: 'string', default: '4' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Milliseconds from the crash on. */
interface Death {
  readonly noticed: number;
  readonly served: number;
  readonly told: number;
  readonly sure: number;
  readonly fresh: number;
  readonly updates: number;
}

interface Row {
  readonly routes: number;
  readonly deaths: number;
  readonly noticed: Quantiles;
  readonly served: Quantiles;
  readonly told: Quantiles;
  readonly sure: Quantiles;
  readonly fresh: Quantiles;
  /** Sums over all deaths. */
  readonly updates: number;
  readonly repeated: number;
  readonly resets: number;
  /** Longest time without a KEEPALIVE that is due every second, milliseconds. */
  readonly silence: number;
}

/** The one that hears KEEPALIVEs only: of a hold time of three seconds, every second. */
const LISTENER = 4;
const HOLD_TIME = 3;

interface Quantiles {
  readonly median: number;
  readonly worst: number;
}

if (values.help) {
  console.log('npm run bench recovery -- [--sizes 1000,10000] [--deaths 9] [--blades 4] [--quick]');
} else {
  const sizes = values.quick ? [1000, 20_000] : values.sizes.split(',').map(Number);
  await run(sizes, values.quick ? 3 : Number(values.deaths), Number(values.blades));
}

async function run(sizes: readonly number[], deaths: number, blades: number): Promise<void> {
  console.log(`${machineLine()}\n`);
  const rows: Row[] = [];
  for (const size of sizes) {
    process.stderr.write(`${size} routes … `);
    rows.push(await measure(size, deaths, blades));
    process.stderr.write('done\n');
  }
  print(rows, blades);
  writeResults('recovery', { blades, rows }, plot(rows));
}

async function measure(size: number, deaths: number, blades: number): Promise<Row> {
  const world = generateTable({ seed: 7, ipv4: size, ipv6: 0 });
  const feed = feedFor(world, { neighborAs: 64501, nextHop: neighborAddress(0), seed: 7 });
  const box = await openBox(blades, LISTENER, [{ export: 'reject' }]);
  const address = neighborAddress(LISTENER);
  const options = { address, as: 64501 + LISTENER, port: box.port, holdTime: HOLD_TIME };
  const listener = await BareNeighbor.connect(options);
  try {
    await box.speakers[0]?.send(feed);
    await Promise.all(box.speakers.map((speaker) => speaker.quiet(500)));
    const all: Death[] = [];
    listener.longestSilence = 0;
    for (let i = 0; i < deaths; i++) {
      all.push(await crash(box));
      await new Promise((resolve) => setTimeout(resolve, (HOLD_TIME * 1000) / 2));
    }
    if (listener.closed) throw new Error('the session of who hears KEEPALIVEs only fell');
    await Promise.all(box.speakers.map((speaker) => speaker.quiet(500)));
    const stats = await Promise.all(box.speakers.map((speaker) => speaker.stats()));
    const sum = (of: (each: (typeof stats)[number]) => number): number =>
      stats.reduce((total, each) => total + of(each), 0);
    const quantiles = (of: (death: Death) => number): Quantiles => ({
      median: round(quantile(all.map(of), 0.5)),
      worst: round(Math.max(...all.map(of))),
    });
    return {
      routes: size,
      deaths,
      noticed: quantiles(({ noticed }) => noticed),
      served: quantiles(({ served }) => served),
      told: quantiles(({ told }) => told),
      sure: quantiles(({ sure }) => sure),
      fresh: quantiles(({ fresh }) => fresh),
      updates: all.reduce((total, { updates }) => total + updates, 0),
      repeated: sum(({ duplicates }) => duplicates),
      resets: sum(({ resets }) => resets),
      silence: round(listener.longestSilence),
    };
  } finally {
    listener.close();
    await box.close();
  }
}

/** The blade of the full table crashes; resolves when everything is as before, with a fresh blade. */
async function crash(box: Box): Promise<Death> {
  const { chassis } = box.running;
  const slot = chassis.fabric.homeOf(chassis.entry(neighborAddress(0)).index);
  const blade = chassis.blade(slot);
  const listener = chassis.entry(neighborAddress(LISTENER));
  if (chassis.fabric.homeOf(listener.index) !== slot)
    await box.running.operator.graft(neighborAddress(LISTENER), slot);
  const orphans = chassis.sessionsOn(slot).length;
  const { deaths } = blade;
  const before = chassis.history.unplanned;
  const start = performance.now();
  const since = async (done: () => boolean): Promise<number> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 1));
    return performance.now() - start;
  };
  blade.order({ kind: 'fail', fault: 'crash' });
  const noticed = await since(() => blade.deaths > deaths);
  const [sure, fresh] = await Promise.all([
    since(() => chassis.blades.every((each) => each === blade || sureOf(chassis, each.slot))),
    since(() => blade.running && sureOf(chassis, slot)),
    since(() => chassis.history.unplanned >= before + orphans),
  ]);
  const grafts = (chassis.store.grafts(orphans) ?? []).filter(({ planned }) => !planned);
  const worst = (of: (graft: (typeof grafts)[number]) => number): number =>
    Math.max(...grafts.map(of)) / 1000;
  return {
    noticed,
    served: noticed + worst(({ pauseMicroseconds }) => pauseMicroseconds),
    told: noticed + worst(({ totalMicroseconds }) => totalMicroseconds),
    sure,
    fresh,
    updates: grafts.reduce((total, { neighborUpdatesSent }) => total + neighborUpdatesSent, 0),
  };
}

function sureOf({ fabric }: Chassis, slot: number): boolean {
  return fabric.bladeWord(slot, BLADE_WORD.swept) === fabric.losses + 1;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function print(rows: readonly Row[], blades: number): void {
  const columns = ['noticed', 'served', 'told', 'sure', 'fresh'] as const;
  const head = [
    'routes',
    ...columns.flatMap((name) => [`${name} ms`, '(worst)']),
    'UPDATEs',
    'repeated',
    'resets',
    'silence ms',
  ];
  const cells = rows.map((row) => [
    row.routes,
    ...columns.flatMap((name) => [row[name].median, row[name].worst]),
    row.updates,
    row.repeated,
    row.resets,
    row.silence,
  ]);
  console.log(
    `\nThe blade of a full table crashes, in a chassis of ${blades}; from the crash on, medians over ${rows[0]?.deaths} deaths.`,
  );
  console.log(
    'noticed by the chassis; served again by a sibling; told all; every sibling sure; a fresh blade sure\n',
  );
  console.log(table(head, cells));
}

function plot(rows: readonly Row[]): string {
  const series = (name: string, colour: string, of: (row: Row) => Quantiles) => ({
    name,
    colour,
    points: rows.map((row) => ({
      x: row.routes,
      y: of(row).median,
      low: of(row).median,
      high: of(row).worst,
    })),
  });
  return plotSvg({
    title: 'Recovery from a crashed blade against RIB size',
    subtitle: machineLine(),
    xLabel: 'RIB size (prefixes)',
    yLabel: 'milliseconds since the crash',
    series: [
      series('a fresh blade knows everything', '#8e44ad', ({ fresh }) => fresh),
      series('its sessions were told everything', '#c0392b', ({ told }) => told),
      series('its sessions are served again', '#1f6fb2', ({ served }) => served),
    ],
  });
}
