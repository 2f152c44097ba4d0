/** Policies in TypeScript: what they see, what they return, and whatever can be wrong with them. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseExamples, tryExample } from '../../src/config/examples.ts';
import { formatMistake, parseConfiguration } from '../../src/config/parse.ts';

type Files = Readonly<Record<string, string>>;

const CONFIGURATION = `
router: {as: 65000, id: 192.0.2.1}
neighbors:
  - {address: 192.0.2.2, as: 64501, local-role: provider, import: "./p.ts#take", export: reject}
`;

function parsed(files: Files, configuration = CONFIGURATION) {
  return parseConfiguration(configuration, '/x/graftd.yaml', (file) => {
    const text = files[file.replace('/x/', '')];
    if (text === undefined) throw new Error('no such file');
    return text;
  });
}

function mistakesOf(files: Files, configuration = CONFIGURATION): string[] {
  return (parsed(files, configuration).mistakes ?? []).map((each) => formatMistake('g', each));
}

/** What the function makes of a route, as `policy test` says it. */
function tried(source: string, route: string, expect: string) {
  const { configuration, mistakes } = parsed({ 'p.ts': source });
  if (mistakes) throw new Error(mistakes.map((each) => each.message).join('\n'));
  const { file } = parseExamples(
    `examples: [{policy: "./p.ts#take", neighbor: 192.0.2.2, route: ${route}, expect: ${expect}}]`,
    '/x',
  );
  return tryExample(configuration as Configuration, file!.examples[0]!, 0);
}

const ROUTE = '{prefix: 198.51.100.0/24, as-path: "64501 64510", community: ["65000:7", no-export], med: 5}';

test('a function sees the whole route, and its changes are made', (t) => {
  const source = `
    import type { Policy, Route } from 'graftd/policy';
    interface Seen { readonly text: string }
    const seen = (route: Route): Seen => ({ text: JSON.stringify([
      route.prefix, route.length, route.family, route.rpki, route.learnedFrom, route.neighbor, route.localAs, route.asPath,
      route.asPathText, route.pathLength, route.originAs, route.firstAs, route.origin, route.nextHop, route.med, route.localPref,
      route.communities, route.largeCommunities, route.extCommunities]) });
    export const take: Policy = (route) => ({
      localPref: 200, med: null, origin: 'egp', prependAs: [64502, 64503], nextHop: '192.0.2.66',
      community: { remove: ['65000:*'], add: ['65000:100'] }, reason: seen(route).text });
  `;
  const result = tried(
    source,
    ROUTE,
    '{local-pref: 200, med: 0, origin: egp, as-path: 64502 64503 64501 64510, next-hop: 192.0.2.66, community: ["65000:100", no-export]}',
  );
  t.deepEqual(result.differences, []);
  const neighbor = { address: '192.0.2.2', as: 64501, external: true };
  t.deepEqual(JSON.parse(/\((.*)\)$/.exec(result.by)?.[1] ?? ''), [
    ...[
      '198.51.100.0/24',
      24,
      'ipv4-unicast',
      'not-found',
      neighbor,
      { ...neighbor, role: 'customer' },
      65000,
    ],
    ...[[64501, 64510], '64501 64510', 2, 64510, 64501, 'igp', '192.0.2.1', 5, 100],
    ...[['65000:7', 'no-export'], [], []],
  ]);
});

const FAILING: readonly (readonly [what: string, source: string, fault: RegExp])[] = [
  [
    'an exception',
    'export function take(route) {\n  return route.nothing.at;\n}',
    /^p\.ts:2: Cannot read properties of undefined/,
  ],
  ['a thrown text', "export const take = () => { throw 'no'; };", /^threw no$/],
  ['an endless loop', 'export const take = () => {\n  for (;;);\n};', /p\.ts:2: more than 100000 steps/],
  [
    'a loop that catches all',
    'export const take = () => { while (true) try { while (true) {} } catch {} };',
    /more than 100000 steps/,
  ],
  [
    'a recursion without an end',
    'export const take = (route) => take(route);',
    /more than 100000 steps|call stack/,
  ],
  [
    'an endless walk',
    "export const take = () => { for (const x of (function* () { let i = 0; while (true) yield i++; })()); return 'accept'; };",
    /more than 100000 steps/,
  ],
  ['nothing', 'export const take = () => {};', /returned nothing/],
  ['a promise', "export const take = async () => 'accept';", /returned a promise/],
  [
    'a key that is none',
    'export const take = () => ({ locaPref: 1 });',
    /returned "locaPref", which is none of localPref/,
  ],
  ['a number that is none', 'export const take = () => ({ localPref: -1 });', /returned localPref: -1/],
  [
    'a community that is none',
    "export const take = () => ({ community: { add: ['x'] } });",
    /returned a community that is none/,
  ],
  ['a clock', 'export const take = () => Date.now() > 0 ? "accept" : "reject";', /Date is not defined/],
  [
    'chance',
    'export const take = () => Math.random() > 2 ? "accept" : "reject";',
    /Math\.random is not a function/,
  ],
  ['the machine', 'export const take = () => process.exit(1);', /process is not defined/],
];

for (const [what, source, fault] of FAILING)
  test(`${what} rejects the route`, (t) => {
    const { accepted, by } = tried(source, ROUTE, 'reject');
    t.false(accepted);
    t.regex(by.replace('./p.ts#take, which failed: ', ''), fault);
  });

test('an expression that explodes is gone through in linear time', (t) => {
  const source =
    "export const take = (route) => (/^(a+)+$/.test('a'.repeat(200) + '!') ? 'reject' : 'accept');";
  t.true(tried(source, ROUTE, 'accept').passed);
});

const WRONG: readonly (readonly [what: string, files: Files, mistake: RegExp])[] = [
  ['a file that is not there', {}, /^g:4:\d+: neighbors\[0\]\.import: cannot read p\.ts: no such file$/],
  [
    'a function that is not there',
    { 'p.ts': 'export const take2 = 1;' },
    /p\.ts exports no function "take"; it exports take2/,
  ],
  [
    'a mistake of spelling',
    { 'p.ts': 'export const take =\n  (route => ;' },
    /p\.ts:2:\d+: Unexpected token/,
  ],
  ['an exception while it is loaded', { 'p.ts': "\nthrow new Error('not today');" }, /p\.ts:2: not today/],
  ['a loading without an end', { 'p.ts': 'while (true);' }, /steps/],
  [
    'an import that is not there',
    { 'p.ts': "import { a } from './q.ts';\nexport const take = () => a;" },
    /cannot read q\.ts, which p\.ts imports/,
  ],
  [
    'an import of the machine',
    { 'p.ts': "import fs from 'node:fs';\nexport const take = () => fs;" },
    /can import files beside it only/,
  ],
  [
    'an import in the middle',
    { 'p.ts': "export const take = () => import('./q.ts');" },
    /import\(\) cannot be used/,
  ],
];

for (const [what, files, mistake] of WRONG)
  test(`${what} is said where it is named`, (t) => {
    const mistakes = mistakesOf(files);
    t.is(mistakes.length, 1);
    t.regex(mistakes[0] ?? '', mistake);
  });

test('a policy can import what stands beside it, and is another one when that changes', (t) => {
  const files = {
    'p.ts':
      "import { hops } from './lib/hops.ts';\nexport const take = (route) => (route.pathLength > hops ? 'reject' : 'accept');",
    'lib/hops.ts': "import { one } from '../one.ts';\nexport const hops: number = one + 1;",
    'one.ts': 'export const one = 1;',
  };
  const key = (given: Files) => parsed(given).configuration?.neighbors[0]?.importPolicy;
  t.regex(key(files) ?? '', /^\.\/p\.ts#take@/);
  t.is(key(files), key({ ...files }));
  t.not(key(files), key({ ...files, 'one.ts': 'export const one = 2;' }));
});

test('steps are counted wherever something can be repeated, and nothing else changes', (t) => {
  const source = `
    class Walk { *[Symbol.iterator]() { for (const i of [1, 2, 3]) yield i; } get three() { return 3; } }
    const add = (a: number) => (b: number) => a + b;
    const object = (x: number) => ({ x });
    export function take(route) {
      let sum = 0;
      for (let i = 0; i < 3; i++) sum += i; // 3
      for (const i of new Walk()) if (i > 1) sum += i; // 8
      for (const key in { a: 1, b: 2 }) sum += key.length; // 10
      do sum++; while (sum < 12); // 12
      while (sum < 15) sum += new Walk().three;
      [1].forEach((x) => { sum += add(x)(object(4).x); }); // 20
      label: for (;;) { for (;;) break label; }
      return { localPref: sum, reason: \`\${[...'ab'].map((c) => c + c)}\` };
    }`;
  const { differences, by } = tried(source, ROUTE, '{local-pref: 20}');
  t.deepEqual(differences, []);
  t.is(by, './p.ts#take (aa,bb)');
});

test('the example of the project does what it says', (t) => {
  const source = readFileSync('examples/policy/customers.ts', 'utf8').replaceAll(
    'importFromCustomers',
    'take',
  );
  t.true(tried(source, ROUTE, '{local-pref: 200, community: ["65000:100", no-export]}').passed);
  t.true(tried(source, '{prefix: 198.51.100.0/24, as-path: 64501 3356 9}', 'reject').passed);
  t.true(tried(source, '{prefix: 198.51.100.0/24, as-path: 64501, rpki: invalid}', 'reject').passed);
  t.true(tried(source, '{prefix: 198.51.100.0/25, as-path: 64501}', 'reject').passed);
  t.true(tried(source, '{prefix: 198.51.100.0/25, as-path: 64501, community: blackhole}', 'accept').passed);
});
