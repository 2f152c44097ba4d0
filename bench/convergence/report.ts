/** What is printed of a case: phase by phase the contestants below each other, medians over the rounds. */
import { quantile, table } from '../support/report.ts';
import { PHASES, type PhaseName } from './generator/messages.ts';
import { type Failure, type PhaseResult, RESTS } from './run.ts';

export interface Row {
  readonly case: string;
  readonly daemon: string;
  readonly round: number;
  readonly result: PhaseResult | Failure;
}

/** Of one contestant in one phase, all rounds together. */
export interface Summary {
  readonly daemon: string;
  readonly phase: PhaseName | 'start';
  readonly rounds: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly residentMiB: number;
  readonly updates: number;
  readonly nlri: number;
  readonly generatorCpuSeconds: number;
  /** Microseconds. */
  readonly single: Delay | undefined;
  readonly untilAll: Delay | undefined;
  /** Processor seconds of graftd's threads. */
  readonly threads: ThreadShares;
  /** What went wrong or should be known, in words. */
  readonly remarks: readonly string[];
}

interface Delay {
  readonly median: number;
  readonly p99: number;
  readonly samples: number;
}

export interface ThreadShares {
  readonly busiestBlade: number;
  readonly blades: number;
  readonly lineCards: number;
  readonly busiestCard: number;
  /** The main thread. */
  readonly chassis: number;
  /** Threads of Node.js itself: garbage collection, compilation. */
  readonly node: number;
}

/** More than this share of the wall time in the generator, and it may be what was measured. */
const GENERATOR_SHARE = 1 / 3;

export function summaries(rows: readonly Row[]): Summary[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.result.phase} ${row.daemon}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const all = [...groups.values()].map(summary);
  const order = (phase: string): number => PHASES.indexOf(phase as PhaseName);
  return all.sort((a, b) => order(a.phase) - order(b.phase));
}

function summary(rows: readonly Row[]): Summary {
  const results = rows.map(({ result }) => result).filter((result) => !('failed' in result)) as PhaseResult[];
  const failures = rows.flatMap(({ result }) => ('failed' in result ? [result.failed.split('\n')[0]!] : []));
  const median = (of: (result: PhaseResult) => number): number => quantile(results.map(of), 0.5);
  const shares = results.map(({ threads }) => threadShares(threads));
  const share = (of: keyof ThreadShares): number =>
    quantile(
      shares.map((each) => each[of]),
      0.5,
    );
  const { daemon, result } = rows[0]!;
  return {
    daemon,
    phase: result.phase,
    rounds: rows.length,
    wallSeconds: median(({ wallSeconds }) => wallSeconds),
    cpuSeconds: median(({ cpuSeconds }) => cpuSeconds),
    peakMiB: median(({ peakMiB }) => peakMiB),
    residentMiB: median(({ residentMiB }) => residentMiB),
    updates: median(({ updates }) => updates),
    nlri: median(({ nlri }) => nlri),
    generatorCpuSeconds: median(({ generatorCpuSeconds }) => generatorCpuSeconds),
    single: delay(results.flatMap((result) => result.latencies)),
    untilAll: delay(results.flatMap((result) => result.untilAll)),
    threads: {
      busiestBlade: share('busiestBlade'),
      blades: share('blades'),
      lineCards: share('lineCards'),
      busiestCard: share('busiestCard'),
      chassis: share('chassis'),
      node: share('node'),
    },
    remarks: [...new Set([...failures, ...results.flatMap(remarks)])],
  };
}

function delay(microseconds: readonly number[]): Delay | undefined {
  if (microseconds.length === 0) return undefined;
  const [median, p99] = [quantile(microseconds, 0.5), quantile(microseconds, 0.99)];
  return { median, p99, samples: microseconds.length };
}

function remarks({ phase, mistakes, generatorCpuSeconds, wallSeconds }: PhaseResult): string[] {
  const busy =
    phase !== 'single' &&
    phase !== 'busy' &&
    generatorCpuSeconds > 0.1 &&
    generatorCpuSeconds > wallSeconds * GENERATOR_SHARE;
  return [
    ...mistakes.slice(0, 1).map((mistake) => `WRONG: ${mistake}`),
    ...(busy ? ['the generator used more than a third of the wall time'] : []),
  ];
}

function threadShares(threads: Readonly<Record<string, number>>): ThreadShares {
  const of = (pattern: RegExp): number[] =>
    Object.entries(threads).flatMap(([name, seconds]) => (pattern.test(name) ? [seconds] : []));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const blades = of(/^blade \d+$/);
  const cards = of(/^line card \d+$/);
  return {
    busiestBlade: Math.max(0, ...blades),
    blades: sum(blades),
    lineCards: sum(cards),
    busiestCard: Math.max(0, ...cards),
    chassis: sum(of(/\(main\)$/)),
    node: sum(of(/^node$/)),
  };
}

const HEAD = [
  'phase',
  'daemon',
  'wall s',
  'CPU s',
  'peak MiB',
  'UPDATEs',
  'NLRI',
  'generator CPU s',
  'remarks',
];

export function phaseTable(all: readonly Summary[]): string {
  const apart = new Set(['single', 'busy', ...Object.keys(RESTS)]);
  const phases = all.filter(({ phase, remarks }) => !apart.has(phase) || remarks.length > 0);
  const cells = phases.map((each) => [
    each.phase,
    each.daemon,
    seconds(each.wallSeconds),
    seconds(each.cpuSeconds),
    whole(each.peakMiB),
    whole(each.updates),
    whole(each.nlri),
    seconds(each.generatorCpuSeconds),
    each.remarks.join('; '),
  ]);
  return cells.length === 0 ? '' : table(HEAD, cells);
}

/** The time of single changes, on the idle router and on a busy one. */
export function singleTable(all: readonly Summary[]): string {
  const cells = all.flatMap(({ daemon, phase, single, untilAll }) =>
    single === undefined
      ? []
      : [
          [
            phase === 'busy' ? 'while another neighbour announces a table' : 'idle',
            daemon,
            milliseconds(single.median),
            milliseconds(single.p99),
            ...[untilAll?.median, untilAll?.p99].map((each) =>
              each === undefined ? '' : milliseconds(each),
            ),
            single.samples,
          ],
        ],
  );
  return cells.length === 0
    ? ''
    : table(['single change', 'daemon', 'median ms', 'p99 ms', 'told all: median', 'p99', 'samples'], cells);
}

/** What it costs to have it, when nothing happens. */
export function restTable(all: readonly Summary[]): string {
  const cells = all
    .filter(({ phase, cpuSeconds }) => RESTS[phase] !== undefined && !Number.isNaN(cpuSeconds))
    .map(({ daemon, phase, cpuSeconds, residentMiB, peakMiB }) => [
      phase === 'rest' ? 'at first' : phase,
      daemon,
      ((cpuSeconds * 100_000) / (RESTS[phase] as number)).toFixed(2),
      whole(residentMiB),
      whole(peakMiB),
    ]);
  return cells.length === 0
    ? ''
    : table(['at rest', 'daemon', 'CPU % of a core', 'resident MiB', 'peak MiB'], cells);
}

/** Of graftd only: whose threads have names. */
export function threadTable(all: readonly Summary[]): string {
  const cells = all
    .filter(({ threads }) => threads.blades > 0)
    .map(({ phase, daemon, threads }) => [
      phase,
      daemon,
      ...[
        threads.busiestBlade,
        threads.blades,
        threads.busiestCard,
        threads.lineCards,
        threads.chassis,
        threads.node,
      ].map(seconds),
    ]);
  const head = [
    'CPU s of threads',
    'daemon',
    'busiest blade',
    'all blades',
    'busiest line card',
    'line cards',
    'chassis',
    'GC and JIT',
  ];
  return cells.length === 0 ? '' : table(head, cells);
}

/** How the work of one blade is shared by several: what a blade of B does against 1/B of it, and the sum against it. */
export function scalingTable(all: readonly Summary[]): string {
  const cells = all.flatMap(({ phase, daemon, threads, cpuSeconds }) => {
    const blades = Number(/^graftd (\d+)$/.exec(daemon)?.[1]);
    const one = all.find((other) => other.phase === phase && other.daemon === 'graftd 1');
    if (!(blades > 1) || one === undefined || Number.isNaN(cpuSeconds)) return [];
    const ratios = [
      (threads.busiestBlade * blades) / one.threads.busiestBlade,
      threads.blades / one.threads.blades,
      cpuSeconds / one.cpuSeconds,
    ];
    return [[phase, daemon, ...ratios.map((ratio) => ratio.toFixed(2))]];
  });
  const head = ['against one blade', 'daemon', 'busiest × blades', 'all blades', 'all threads'];
  return cells.length === 0 ? '' : table(head, cells);
}

const seconds = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(value < 10 ? 3 : 1));
const whole = (value: number): string => (Number.isNaN(value) ? '–' : String(Math.round(value)));
const milliseconds = (microseconds: number): string => (microseconds / 1000).toFixed(3);
