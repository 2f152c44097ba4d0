/**
 * What an UPDATE message costs between the bytes and the dictionaries, stage by stage, both ways: no sockets, no rings,
 * no decision. Each stage runs over the full tables of some neighbours and is measured in processor time of this
 * process. It gives a hash of its result, which stays the same when the code gets faster.
 */

import { readOptions } from './support/options.ts';
import { machineLine, quantile, table, writeResults } from './support/report.ts';
import { newWork, type Stage, stages } from './support/wire-stages.ts';

const { values } = readOptions({
  options: {
    prefixes: { type: 'string', default: '200000' },
    neighbors: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

/** Rounds before those that count: the JIT compiler's. */
const WARM_UP = 3;

interface Result {
  readonly stage: string;
  readonly count: number;
  readonly unit: string;
  /** Nanoseconds of processor time for each of `count`: the median of the rounds, and the best one. */
  readonly median: number;
  readonly best: number;
  readonly hash: string;
}

if (values.help) {
  console.log('npm run bench wire -- [--prefixes 200000] [--neighbors 4] [--rounds 7] [--only NAME]');
} else main();

function main(): void {
  console.log(`${machineLine()}\n`);
  const prefixes = Number(values.prefixes);
  const work = newWork(prefixes, Number(values.neighbors));
  const { updates, sets, routes4, routes6, setBytes } = work;
  console.log(
    `${values.neighbors} neighbours: ${routes4} IPv4 and ${routes6} IPv6 routes in ${updates} UPDATEs, ${sets} attribute sets of ${(setBytes / sets).toFixed(0)} octets\n`,
  );
  const results = stages(work)
    .filter(({ name }) => name.includes(values.only))
    .map(measure);
  console.log(
    table(
      ['stage', 'of', 'ns each', 'best', 'hash'],
      results.map(({ stage, unit, median, best, hash }) => [
        stage,
        unit,
        median.toFixed(1),
        best.toFixed(1),
        hash,
      ]),
    ),
  );
  writeResults('wire', { prefixes, updates, sets, routes4, routes6, setBytes, results });
}

function measure({ name, unit, count, prepare, run }: Stage): Result {
  const times: number[] = [];
  const hashes = new Set<number>();
  for (let round = -WARM_UP; round < Number(values.rounds); round++) {
    prepare?.();
    const before = process.cpuUsage();
    hashes.add(run());
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) times.push(((user + system) * 1000) / count);
  }
  if (hashes.size > 1) throw new Error(`${name}: the rounds disagree`);
  const hash = ([...hashes][0] as number).toString(16).padStart(8, '0');
  return { stage: name, count, unit, median: quantile(times, 0.5), best: Math.min(...times), hash };
}
