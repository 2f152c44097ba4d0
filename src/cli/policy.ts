/** `chassis policy test` and `chassis policy preview`: what policies do, before they do it. */
import path from 'node:path';
import type { PreviewReport, PreviewRow } from '../chassis/operations.ts';
import type { ExampleResult } from '../config/examples.ts';
import { answer, type Call, type Command } from './command.ts';
import { readConfiguration, readText } from './configuration-file.ts';
import { count } from './format.ts';
import { type Column, table } from './table.ts';
import { UsageError } from './usage-error.ts';

export const policyCommands: readonly Command[] = [
  {
    name: 'policy test',
    summary: 'tries policies on a file of examples, and says which statement decided',
    operands: [{ name: 'FILE', doc: 'the examples, YAML: routes in, what is expected out' }],
    options: {
      configuration: { value: 'PATH', doc: 'the configuration, where the file names none' },
      json: { doc: 'the results as JSON, for programs' },
    },
    example: 'policy test examples.yaml',
    remote: false,
    run: testPolicies,
  },
  {
    name: 'policy preview',
    summary:
      'says what the policies of a changed file would do to the routes that there are; changes nothing',
    operands: [{ name: 'FILE', doc: 'the changed configuration' }],
    example: 'policy preview graftd.yaml',
    remote: true,
    async run(call) {
      const file = path.resolve(call.operands[0]!);
      const report = await call.ask<PreviewReport>('policy preview', { file });
      return answer(call, report, () => previewText(report, call));
    },
  },
];

async function testPolicies(call: Call): Promise<number> {
  const { parseExamples, tryExample } = await import('../config/examples.ts');
  const { formatMistake } = await import('../config/parse.ts');
  const name = call.operands[0]!;
  const content = await readText(name);
  const { file, mistakes } = parseExamples(content, path.dirname(path.resolve(name)));
  if (mistakes) {
    call.terminal.err(mistakes.map((mistake) => formatMistake(name, mistake)).join('\n'));
    return 2;
  }
  const given = call.value('configuration') ?? file.configuration;
  if (given === undefined)
    throw new UsageError(
      'no configuration: "configuration" in the file of examples, or --configuration PATH',
    );
  const checked = await readConfiguration(given);
  if (checked.mistakes) {
    call.terminal.err(checked.lines.join('\n'));
    return 2;
  }
  const results = file.examples.map((example, i) => tryExample(checked.configuration, example, i));
  await answer(call, results, () => resultsText(results));
  return results.every(({ passed }) => passed) ? 0 : 1;
}

function resultsText(results: readonly ExampleResult[]): string {
  const lines = results.map(({ passed, name, accepted, by, differences }) =>
    [
      `${passed ? 'right' : 'WRONG'}  ${name}: ${accepted ? 'accepted' : 'rejected'} by ${by}`,
      ...differences.map((difference) => `         ${difference}`),
    ].join('\n'),
  );
  const wrong = results.filter(({ passed }) => !passed).length;
  return `${lines.join('\n')}\n${count(results.length, 'example')}, ${wrong === 0 ? 'all right' : `${wrong} wrong`}\n`;
}

const COLUMNS: readonly Column<PreviewRow>[] = [
  { title: 'NEIGHBOR', text: ({ neighbor }) => neighbor },
  { title: '', text: ({ direction }) => direction },
  { title: 'FROM', text: ({ from }) => from },
  { title: 'TO', text: ({ to }) => to },
  { title: 'ADDED', text: ({ added }) => String(added), right: true },
  { title: 'REMOVED', text: ({ removed }) => String(removed), right: true },
  { title: 'CHANGED', text: ({ changed }) => String(changed), right: true },
  { title: 'SAME', text: ({ same }) => String(same), right: true },
];

function previewText({ neighbors }: PreviewReport, call: Call): string {
  if (neighbors.length === 0) return 'no policy of a neighbour changes\n';
  const examples = neighbors.flatMap(({ neighbor, direction, examples: some }) =>
    some.map(({ prefix, what }) => `${neighbor} ${direction}: ${what} ${prefix}`),
  );
  return `${table(COLUMNS, neighbors, call.terminal.paint)}${examples.map((line) => `${line}\n`).join('')}`;
}
