/** `chassis policy test` and `chassis policy preview`: what policies do, before they do it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { OperationError, type PreviewReport, type PreviewRow } from '../chassis/operations.ts';
import type { ExampleResult } from '../config/examples.ts';
import { answer, type Call, type Command } from './command.ts';
import { readConfiguration, readText, writeText } from './files.ts';
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
    name: 'policy init',
    summary: 'writes a policy in TypeScript to start from, and the types that it uses beside it',
    operands: [{ name: 'FILE', doc: 'what to write, like my-policy.ts' }],
    options: { force: { doc: 'write over a file that is there' } },
    example: 'policy init my-policy.ts',
    remote: false,
    run: startPolicy,
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

/** What the file of types is called. */
const TYPES = 'graftd-policy.ts';

async function startPolicy(call: Call): Promise<number> {
  const file = call.operands[0]!;
  const name = path.basename(file);
  const folder = path.dirname(path.resolve(file));
  if (!/^[\w.-]+\.m?ts$/.test(name))
    throw new UsageError(`"${name}" is no name for a file of TypeScript: it ends in .ts, like my-policy.ts`);
  if (name === TYPES) throw new UsageError(`${TYPES} is the file of types; call the policy something else`);
  if (!existsSync(folder)) throw new OperationError(`there is no folder ${folder} to write ${name} into`);
  if (existsSync(file) && !call.flag('force'))
    throw new OperationError(`${file} is there already; --force writes over it`);
  const root = new URL('../../../', import.meta.url);
  await writeText(path.join(folder, TYPES), await readFile(new URL('src/policy/code-api.ts', root), 'utf8'));
  await writeText(file, POLICY_TO_START_FROM);
  const next = `import: "./${name}#importFromNeighbour" in the configuration, then chassis check`;
  await call.terminal.out(`wrote ${file}, and ${TYPES} beside it; next: ${next}\n`);
  return 0;
}

const POLICY_TO_START_FROM = `/** Policies of this router. What a route is, and what can be returned, stands in ${TYPES}. */
import type { Policy } from './${TYPES.replace(/ts$/, 'js')}';

/** import: what is taken, 'accept' or 'reject', or what is changed of a route that is taken. */
export const importFromNeighbour: Policy = (route) => {
  // First what is the same for all routes with these attributes: it is asked once for all of them.
  if (route.pathLength > 50 || route.firstAs !== route.neighbor.as) return 'reject';
  // Then what is asked of each route. A name like 'bogons' would be a prefix set of the configuration.
  if (route.isIn('0.0.0.0/0', '10.0.0.0/8+', '172.16.0.0/12+', '192.168.0.0/16+', 'fc00::/7+')) return 'reject';
  if (route.length > (route.family === 'ipv4-unicast' ? 24 : 48)) return 'reject';
  return { localPref: 120, community: { remove: ['65000:*'], add: ['65000:100'] }, reason: 'as it should be' };
};

/** export: what is told. It does not look at the neighbour, so that all who are told by it are told together. */
export const exportToNeighbours: Policy = (route) =>
  route.hasCommunity('65000:100') ? { med: null, community: { remove: ['65000:*'] } } : 'reject';
`;

async function testPolicies(call: Call): Promise<number> {
  const { parseExamples, tryExample } = await import('../config/examples.ts');
  const { formatMistake } = await import('../config/parse.ts');
  const { suggestion } = await import('../config/nearest.ts');
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
  const names = checked.configuration.policies.map((policy) => policy.name);
  const unknown = file.examples.flatMap(({ policy }, i) =>
    names.includes(policy)
      ? []
      : [`${name}: examples[${i}].policy: there is no policy "${policy}"${suggestion(policy, names)}`],
  );
  if (unknown.length > 0) {
    call.terminal.err(unknown.join('\n'));
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
  return `${table(COLUMNS, neighbors, call.terminal)}${examples.map((line) => `${line}\n`).join('')}`;
}
