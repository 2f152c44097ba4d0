/** What every benchmark prints and writes: the machine, a table, JSON, an SVG plot, and how to run it again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { version } from '../../src/chassis/run.ts';

export type Cell = string | number;

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly graftd: string;
  readonly loadAverage: number;
}

export function machine(): Machine {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    graftd: version(),
    loadAverage: Math.round((os.loadavg()[0] as number) * 100) / 100,
  };
}

export function machineLine(): string {
  const { processor, cores, memoryGiB, kernel, node, graftd, loadAverage } = machine();
  return `graftd ${graftd}, Node.js ${node}, ${kernel}, ${cores} × ${processor}, ${memoryGiB} GiB, load ${loadAverage}`;
}

/** Aligned columns, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  return texts
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}

/** Writes bench/results/NAME.json and .svg, and says where; `benchmark` is what made it, where that has another name. */
export function writeResults(name: string, result: object, svg?: string, benchmark = name): void {
  const folder = path.resolve('bench/results');
  mkdirSync(folder, { recursive: true });
  const again = `npm run bench ${[benchmark, ...process.argv.slice(2)].join(' ')}`;
  const json = path.join(folder, `${name}.json`);
  writeFileSync(
    json,
    `${JSON.stringify({ machine: machine(), time: new Date().toISOString(), again, ...result }, null, 2)}\n`,
  );
  if (svg !== undefined) writeFileSync(path.join(folder, `${name}.svg`), svg);
  console.log(
    `\nwritten: ${path.relative('.', json)}${svg === undefined ? '' : ` and ${name}.svg`}; again: ${again}`,
  );
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
