/** The command `chassis`. */
import { readFileSync } from 'node:fs';
import { commands } from './commands.ts';
import { runProgram } from './program.ts';
import { openTerminal } from './terminal.ts';

const terminal = openTerminal(process.stdout, process.stderr, process.env);
const own = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
process.exitCode = await runProgram(process.argv.slice(2), commands, terminal, own.version);
