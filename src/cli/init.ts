/** `chassis init`: a configuration to start from, out of options, or of answers where a person sits there. */
import { access, writeFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline/promises';
import { OperationError } from '../chassis/operations.ts';
import type { Call, Command } from './command.ts';
import { UsageError } from './usage-error.ts';

export const initCommand: Command = {
  name: 'init',
  summary: 'writes a commented configuration to start from; asks for what the options do not say',
  operands: [{ name: 'FILE', doc: 'what to write; without it graftd.yaml', optional: true }],
  options: {
    as: { value: 'AS', doc: 'the AS number of this router' },
    id: { value: 'ID', doc: 'the BGP Identifier, like 192.0.2.1' },
    listen: { value: 'ADDRESS:PORT', doc: 'where to wait for neighbours; without it 0.0.0.0:179' },
    neighbors: { value: 'LIST', doc: 'ADDRESS=AS,ADDRESS=AS …' },
    force: { doc: 'write over a file that is there' },
  },
  example: 'init --as 65000 --id 192.0.2.1 --neighbors 192.0.2.2=64500 graftd.yaml',
  remote: false,
  run: init,
};

type Question = readonly [option: string, text: string, preset: string | undefined];

const QUESTIONS: readonly Question[] = [
  ['as', 'AS number of this router', undefined],
  ['id', 'BGP Identifier (four numbers, like an IPv4 address of this router)', undefined],
  ['listen', 'Where to wait for neighbours (address:port)', '0.0.0.0:179'],
  ['neighbors', 'Neighbours (address=AS, with commas between; empty for none)', ''],
];

async function init(call: Call): Promise<number> {
  const file = call.operands[0] ?? 'graftd.yaml';
  if (!call.flag('force') && (await exists(file))) {
    throw new OperationError(`${file} is there already; --force writes over it`);
  }
  const answers = await ask(call);
  const { starterConfiguration } = await import('../config/starter.ts');
  const { formatMistake, parseConfiguration } = await import('../config/parse.ts');
  const text = starterConfiguration({
    as: Number(answers.get('as')),
    id: answers.get('id') as string,
    listen: answers.get('listen') as string,
    neighbors: neighborsOf(answers.get('neighbors') as string),
  });
  const { mistakes } = parseConfiguration(text, file);
  if (mistakes !== undefined) {
    throw new OperationError(
      `that is not right:\n${mistakes.map((mistake) => formatMistake(file, mistake)).join('\n')}`,
      2,
    );
  }
  await writeFile(file, text);
  await call.terminal.out(`wrote ${file}; next: chassis check ${file}, chassis run ${file}\n`);
  return 0;
}

async function ask(call: Call): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  let person: Interface | undefined;
  try {
    for (const [option, text, preset] of QUESTIONS) {
      const given = call.value(option);
      if (given !== undefined) answers.set(option, given);
      else if (process.stdin.isTTY && call.terminal.interactive) {
        person ??= createInterface({ input: process.stdin, output: process.stdout });
        const hint = preset ? ` [${preset}]` : '';
        answers.set(option, (await person.question(`${text}${hint}: `)).trim() || (preset ?? ''));
      } else if (preset !== undefined) answers.set(option, preset);
      else
        throw new UsageError(
          `--${option} is missing, and nobody is there to be asked: chassis init --as AS --id ID`,
        );
    }
  } finally {
    person?.close();
  }
  return answers;
}

function neighborsOf(text: string): { address: string; as: number }[] {
  return text
    .split(/[\s,]+/)
    .filter((each) => each !== '')
    .map((each) => {
      const [address = '', as = ''] = each.split('=');
      if (!/^\d+$/.test(as)) throw new UsageError(`"${each}" is no neighbour: write ADDRESS=AS`);
      return { address, as: Number(as) };
    });
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
