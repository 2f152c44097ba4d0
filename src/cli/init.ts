/** `chassis init`: a configuration to start from, out of options, or of answers where a person sits there. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import { OperationError } from '../chassis/operations.ts';
import type { Scalar } from '../config/shapes.ts';
import type { StarterNeighbor } from '../config/starter.ts';
import type { Call, Command } from './command.ts';
import { writeText } from './files.ts';
import { schemaLine } from './schema-line.ts';
import { UsageError } from './usage-error.ts';

export const initCommand: Command = {
  name: 'init',
  summary: 'writes a commented configuration to start from; asks for what the options do not say',
  operands: [{ name: 'FILE', doc: 'what to write; without it graftd.yaml', optional: true }],
  options: {
    as: { value: 'AS', doc: 'the AS number of this router' },
    id: { value: 'ID', doc: 'the BGP Identifier, like 192.0.2.1' },
    listen: { value: 'ADDRESS:PORT', doc: 'where to wait for neighbours, or none; without it 0.0.0.0:179' },
    neighbors: { value: 'LIST', doc: 'ADDRESS=AS,ADDRESS=AS …' },
    force: { doc: 'write over a file that is there' },
  },
  example: 'init --as 65000 --id 192.0.2.1 --neighbors 192.0.2.2=64500 graftd.yaml',
  remote: false,
  run: init,
};

interface Answers {
  as: number;
  id: string;
  listen: string;
  neighbors: StarterNeighbor[];
}

/** What a person can be asked: an answer is understood, or it is said what is wrong with it. */
interface Question<N extends keyof Answers = keyof Answers> {
  readonly option: N;
  readonly text: string;
  readonly preset: string | undefined;
  read(text: string): Promise<Answers[N]>;
}

const QUESTIONS: readonly Question[] = [
  {
    option: 'as',
    text: 'AS number of this router',
    preset: undefined,
    read: async (text) => readKind((await kinds()).asNumber, text),
  },
  {
    option: 'id',
    text: 'BGP Identifier (four numbers, like an IPv4 address of this router)',
    preset: undefined,
    read: async (text) => readKind((await kinds()).bgpIdentifier, text),
  },
  {
    option: 'listen',
    text: 'Where to wait for neighbours (address:port, or none)',
    preset: '0.0.0.0:179',
    read: readListen,
  },
  {
    option: 'neighbors',
    text: 'Neighbours (address=AS, with commas between; empty for none yet)',
    preset: '',
    read: readNeighbors,
  },
];

/** Loaded when they are needed: other commands do without. */
const kinds = () => import('../config/kinds.ts');

function readKind<T>(kind: Scalar<T>, text: string): T {
  const value = kind.read(/^\d+$/.test(text) ? Number(text) : text, text);
  if (value instanceof Object && 'message' in value) throw new UsageError(value.message as string);
  return value as T;
}

async function readListen(text: string): Promise<string> {
  if (text === 'none') return '';
  readKind((await kinds()).listenAddress, text);
  return text;
}

async function readNeighbors(text: string): Promise<StarterNeighbor[]> {
  const { neighborAddress, neighborAs } = await kinds();
  return text
    .split(/[\s,]+/)
    .filter((each) => each !== '')
    .map((each) => {
      const [name = '', as] = each.split('=');
      if (as === undefined) throw new UsageError(`"${each}" is no neighbour: write ADDRESS=AS`);
      try {
        return { address: readKind(neighborAddress, name), as: readKind(neighborAs, as) };
      } catch (error) {
        throw new UsageError(`"${each}" is no neighbour: ${(error as Error).message}`);
      }
    });
}

async function init(call: Call): Promise<number> {
  const file = call.operands[0] ?? 'graftd.yaml';
  await checkPlace(file, call.flag('force'));
  const answers = await ask(call);
  const { starterConfiguration } = await import('../config/starter.ts');
  const { parseConfiguration } = await import('../config/parse.ts');
  const text = starterConfiguration({ ...answers, schemaLine: schemaLine(file) });
  // What is wrong with the answers together: nothing is written, so there are no lines to name.
  const { mistakes } = parseConfiguration(text, file);
  if (mistakes !== undefined)
    throw new UsageError(mistakes.map((each) => `${each.path}: ${each.message}`).join('; '));
  await writeText(file, text);
  await call.terminal.out(`wrote ${file}; next: chassis check ${file}, chassis run ${file}\n`);
  return 0;
}

/** Said before anybody answers questions for nothing. */
async function checkPlace(file: string, force: boolean): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new OperationError(`${file} is a folder; name a file in it`);
  if (found !== undefined && !force)
    throw new OperationError(`${file} is there already; --force writes over it`);
  const folder = path.dirname(path.resolve(file));
  if (!existsSync(folder))
    throw new OperationError(`there is no folder ${folder} to write ${path.basename(file)} into`);
}

async function ask(call: Call): Promise<Answers> {
  const answers: Partial<Record<keyof Answers, unknown>> = {};
  const given = await fromOptions(call);
  const left = QUESTIONS.filter(({ option }) => !(option in given));
  const person = process.stdin.isTTY === true && call.terminal.interactive;
  const missing = left.find(({ preset }) => preset === undefined);
  if (missing !== undefined && !person)
    throw new UsageError(
      `--${missing.option} is missing, and nobody is there to be asked: chassis init --as AS --id ID`,
    );
  if (person) Object.assign(answers, await fromPerson(left));
  else for (const { option, preset, read } of left) answers[option] = await read(preset as string);
  return { ...given, ...answers } as Answers;
}

async function fromOptions(call: Call): Promise<Partial<Answers>> {
  const answers: Partial<Record<keyof Answers, unknown>> = {};
  for (const { option, read } of QUESTIONS) {
    const text = call.value(option);
    if (text === undefined) continue;
    try {
      answers[option] = await read(text.trim());
    } catch (error) {
      throw new UsageError(`--${option}: ${(error as Error).message}`);
    }
  }
  return answers as Partial<Answers>;
}

/** Asks again until an answer is understood; the end of the input, or Ctrl-C, ends it all. */
async function fromPerson(questions: readonly Question[]): Promise<Partial<Answers>> {
  const person = createInterface({ input: process.stdin, output: process.stdout });
  const gone = new AbortController();
  person.once('close', () => gone.abort());
  const answers: Partial<Record<keyof Answers, unknown>> = {};
  try {
    for (const question of questions)
      answers[question.option] = await answerTo(question, person, gone.signal);
  } catch (error) {
    if (gone.signal.aborted) throw new OperationError('nothing was written');
    throw error;
  } finally {
    person.close();
  }
  return answers as Partial<Answers>;
}

async function answerTo(
  { text, preset, read }: Question,
  person: Interface,
  signal: AbortSignal,
): Promise<unknown> {
  const hint = preset ? ` [${preset}]` : '';
  for (;;) {
    const line = (await person.question(`${text}${hint}: `, { signal })).trim();
    if (line === '' && preset === undefined) continue;
    try {
      return await read(line === '' ? (preset as string) : line);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      process.stdout.write(`  no: ${error.message}\n`);
    }
  }
}
