import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

interface Results {
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly {
    readonly daemon: string;
    readonly result: {
      readonly phase: string;
      readonly failed?: string;
      readonly wallSeconds: number;
      readonly cpuSeconds: number;
      readonly peakMiB: number;
      readonly nlri: number;
      readonly threads: Readonly<Record<string, number>>;
      readonly latencies: readonly number[];
      readonly mistakes: readonly string[];
    };
  }[];
}

/** Prefixes of the case below. */
const PREFIXES = 2000;
const PHASES = ['announce', 'single', 'change', 'busy', 'withdraw', 'lost'];

/** The benchmark, small, as `npm run bench convergence` runs it; its results are written where it runs. */
function runBenchmark(folder: string): { results: Results; stdout: string; svg: string } {
  const program = fileURLToPath(new URL('../../bench/main.js', import.meta.url));
  const options = [
    '--case',
    '3x2k-2',
    '--daemons',
    'graftd,bird',
    '--blades',
    '2',
    '--rounds',
    '1',
    '--quiet',
    '0.3',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'convergence', ...options], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`exit status ${status}\n${stdout}\n${stderr}`);
  const read = (name: string): string => readFileSync(path.join(folder, 'bench', 'results', name), 'utf8');
  return { results: JSON.parse(read('convergence.json')), stdout, svg: read('convergence.svg') };
}

test('graftd, and BIRD where it is installed, converge to the right tables in every phase, and what it cost is told', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { results, stdout, svg } = runBenchmark(folder);
  if (results.versions.BIRD === undefined) t.log('without BIRD, which is not installed');
  for (const daemon of Object.keys(results.versions)) {
    const rows = results.rows.filter((row) => row.daemon === daemon).map(({ result }) => result);
    t.deepEqual(
      rows.map(({ phase, failed }) => failed ?? phase),
      PHASES,
      daemon,
    );
    for (const { phase, mistakes, cpuSeconds, peakMiB } of rows) {
      t.deepEqual(mistakes, [], `${daemon}, ${phase}`);
      t.true(cpuSeconds > 0 && peakMiB > 1, `${daemon}, ${phase}`);
    }
    const [announce, single] = rows;
    // Both receivers are told everything, and the senders some of it.
    t.true(announce!.wallSeconds > 0 && announce!.nlri >= 2 * PREFIXES && announce!.nlri < 20 * PREFIXES);
    t.true(single!.latencies.length >= 200 && single!.latencies.every((time) => time > 0));
    t.true(stdout.includes(daemon) && svg.includes(daemon));
  }
  const threads = Object.keys(results.rows[0]!.result.threads);
  for (const name of ['blade 0', 'blade 1', 'line card 0'])
    t.true(threads.includes(name), threads.join(', '));
});
