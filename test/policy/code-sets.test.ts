/** Policies in TypeScript ask with the sets of the configuration; and whether they look at the neighbour is known before. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseExamples, tryExample } from '../../src/config/examples.ts';
import { extractNeighbor } from '../../src/config/extract.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { programKey } from '../../src/policy/program.ts';

const CONFIGURATION = `
router: {as: 65000, id: 192.0.2.1}
prefix-sets: {own: [198.51.100.0/24 le 32, "2001:db8::/32+"], other: [10.0.0.0/8]}
as-path-sets: {transits: [_174_, _3356_]}
as-sets: {cone: [64501, 64510-64519]}
community-sets: {ours: ["65000:*"]}
large-community-sets: {big: ["65000:1:*"]}
ext-community-sets: {targets: ["rt:65000:*"]}
neighbors:
  - {address: 192.0.2.2, as: 64501, import: "./p.ts#take", export: reject}
`;
const FOLDER = '/x';

function parsed(source: string, configuration = CONFIGURATION) {
  return parseConfiguration(configuration, `${FOLDER}/graftd.yaml`, (file) => {
    if (file === `${FOLDER}/p.ts`) return source;
    throw new Error('no such file');
  });
}

const policy = (body: string): string =>
  `import type { Policy } from './graftd-policy.js';\nexport const take: Policy = (route) => {\n${body}\n};\n`;

/** What the expression comes to for a route. */
function asked(expression: string, route: string): boolean | string {
  const { configuration, mistakes } = parsed(policy(`return ${expression} ? 'accept' : 'reject';`));
  if (mistakes) return mistakes.map((each) => each.message).join('\n');
  const { file } = parseExamples(
    `examples: [{policy: "./p.ts#take", neighbor: 192.0.2.2, route: ${route}, expect: accept}]`,
    FOLDER,
  );
  const { accepted, by } = tryExample(configuration as Configuration, file!.examples[0]!, 0);
  return by.includes('failed') ? by : accepted;
}

const ROUTE =
  '{prefix: 198.51.100.0/25, as-path: 64501 3356 64512, community: ["65000:7"], large-community: ["65000:1:2"], ext-community: ["rt:65000:9"]}';

const ANSWERS: readonly [expression: string, answer: boolean][] = [
  [`route.isIn('own')`, true],
  [`route.isIn('other', '192.0.2.0/24+')`, false],
  [`route.isIn('other', '198.51.0.0/16 le 25')`, true],
  [`route.isIn()`, false],
  [`route.matchesPath('transits')`, true],
  [`route.matchesPath('_174_', '^3356')`, false],
  [`route.matchesPath('^64501_')`, true],
  [`route.comesFrom('cone')`, true],
  [`route.comesFrom('64501', '64513-64600')`, false],
  [`route.hasCommunity('ours')`, true],
  [`route.hasCommunity('65001:*', 'no-export')`, false],
  [`route.hasCommunity('/^65000:7$/')`, true],
  [`route.hasLargeCommunity('big') && route.hasExtCommunity('targets')`, true],
  [`route.hasExtCommunity('rt:65001:*')`, false],
  [`['ours', 'other'].some((name) => route.hasCommunity(name === 'ours' ? name : '1:1'))`, true],
];

for (const [expression, answer] of ANSWERS)
  test(`${expression} is ${answer}`, (t) => {
    t.is(asked(expression, ROUTE), answer);
  });

test('a name that leads nowhere is said before any route comes, with the one that was meant', (t) => {
  t.is(asked(`route.isIn('owm')`, ROUTE), 'p.ts:3: there is no prefix set "owm"; did you mean "own"?');
  t.is(
    asked(`route.matchesPath('transit')`, ROUTE),
    'p.ts:3: there is no as-path set "transit"; did you mean "transits"?',
  );
  t.regex(
    asked(`route.hasCommunity('65000')`, ROUTE) as string,
    /^p\.ts:3: "65000" is no community set, and nothing/,
  );
  t.regex(asked(`route.matchesPath('(')`, ROUTE) as string, /^p\.ts:3: .*expression "\("/);
  // One that is put together is looked for when it is asked.
  t.regex(
    asked(`route.isIn('o' + 'wn')`, ROUTE) as string,
    /failed: p\.ts:3: "own": .* stand in the file as they are/,
  );
});

const keyOf = ({ configuration }: ReturnType<typeof parsed>) => configuration?.neighbors[0]?.importPolicy;

test('a policy is another one when a set that it names is', (t) => {
  const source = policy(`return route.isIn('own') && route.hasCommunity('ours') ? 'accept' : 'reject';`);
  const before = keyOf(parsed(source));
  t.is(keyOf(parsed(source, CONFIGURATION.replace('10.0.0.0/8', '11.0.0.0/8'))), before);
  t.not(keyOf(parsed(source, CONFIGURATION.replace('le 32', 'le 31'))), before);
  t.not(keyOf(parsed(source, CONFIGURATION.replace('["65000:*"]', '["65000:1"]'))), before);
});

test('a policy that does not look at the neighbour is one for all of them', (t) => {
  const programs = (body: string): number => {
    const [definition] = parsed(policy(body)).configuration?.policies ?? [];
    const neighbor = { address: Uint8Array.of(192, 0, 2, 2), as: 64501, external: true, localAs: 65000 };
    const all = [neighbor, { ...neighbor, as: 64502 }].map((each) => programKey(definition!, each));
    return new Set(all).size;
  };
  t.is(programs(`return route.originAs === 7 ? 'reject' : { med: null };`), 1);
  t.is(programs(`return route.neighbor.as === 64501 ? 'reject' : 'accept';`), 2);
  const hidden = asked(`(route as any)['neigh' + 'bor'].as === 64501`, ROUTE);
  t.regex(hidden as string, /failed: .*"neighbor" has to stand in the file/);
});

test('an exported session takes the sets along that its function names', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-sets-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'p.ts'), policy(`return route.isIn("own") ? 'accept' : 'reject';`));
  const text = extractNeighbor(CONFIGURATION, path.join(folder, 'graftd.yaml'), '192.0.2.2', (file) =>
    readFileSync(file, 'utf8'),
  );
  t.regex(text ?? '', /prefix-sets:\n {2}own:/);
  t.notRegex(text ?? '', /other|transits/);
});
