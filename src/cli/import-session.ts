/** `chassis import session`: what "chassis export session" printed, put into the configuration of another chassis. */
import { OperationError } from '../chassis/operations.ts';
import type { Call, Command } from './command.ts';
import { readText, writeText } from './files.ts';

export const importSessionCommand: Command = {
  name: 'import session',
  summary: 'puts a neighbour that "export session" printed into a configuration, with its policies and sets',
  operands: [{ name: 'FILE', doc: 'what was printed; - for standard input' }],
  options: {
    into: { value: 'PATH', doc: 'the configuration; without it graftd.yaml' },
    'dry-run': { doc: 'prints what the configuration would be, and writes nothing' },
  },
  example: 'import session session.yaml --into /etc/graftd/graftd.yaml',
  remote: false,
  run: importSession,
};

async function importSession(call: Call): Promise<number> {
  const [source = '-'] = call.operands;
  const file = call.value('into') ?? 'graftd.yaml';
  const { mergeNeighbors, Unfit } = await import('../config/merge.ts');
  const { formatMistake, parseConfiguration } = await import('../config/parse.ts');
  const given = source === '-' ? undefined : await readText(source);
  const before = await readText(file);
  if (parseConfiguration(before, file).mistakes !== undefined)
    throw new OperationError(`${file} has mistakes; see "chassis check ${file}"`, 2);
  let merged: ReturnType<typeof mergeNeighbors>;
  try {
    merged = mergeNeighbors(before, given ?? (await readInput()));
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    throw new OperationError(`${source}: ${error.message}`, 2);
  }
  const { mistakes = [] } = parseConfiguration(merged.text, file);
  for (const mistake of mistakes) call.terminal.err(formatMistake(file, mistake));
  if (mistakes.length > 0)
    throw new OperationError(`${file} is as it was: with that it would have mistakes`, 2);
  for (const line of merged.notes) call.terminal.err(line);
  if (call.flag('dry-run')) {
    await call.terminal.out(merged.text);
    return 0;
  }
  await writeText(file, merged.text);
  await call.terminal.out(`${file} has ${merged.neighbors.join(', ')} now; next: chassis reload\n`);
  return 0;
}

async function readInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  return text;
}
