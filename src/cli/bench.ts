/** `chassis bench …`: runs a benchmark in a process of its own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OperationError } from '../chassis/operations.ts';
import type { Command } from './command.ts';

export const benchCommands: readonly Command[] = [
  {
    name: 'bench graft',
    summary: 'grafts versus RIB size, beside a copying graft: table, JSON and plot',
    operands: [{ name: 'ARGUMENT', doc: 'for the benchmark, after "--"', optional: true, rest: true }],
    example: 'bench graft',
    remote: false,
    run: ({ operands }) => runBenchmark('graft', operands),
  },
];

function runBenchmark(name: string, operands: readonly string[]): Promise<number> {
  const program = fileURLToPath(new URL(`../../bench/${name}.js`, import.meta.url));
  if (!existsSync(program))
    throw new OperationError(`the benchmark is not built (${program}); run "npm run build"`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...operands], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (status, signal) => resolve(signal ? 1 : (status ?? 1)));
  });
}
