/**
 * Messages from the tests of other BGP implementations, all of them: each is answered, and decodes to, what its source says; where
 * we differ, the table says why, case by case.
 */
import test from 'ava';
import { type Judged, judge } from '../support/judge.ts';
import { DIFFERENT } from '../support/vector-differences.ts';
import { framed, loadVectors, type Vector } from '../support/vectors.ts';

const GOOD = ['accepted', 'OPEN', 'NOTIFICATION', 'ROUTE-REFRESH', 'KEEPALIVE'];
const all = loadVectors();

/** What the source expects: one of our answers, 'taken' or 'refused' where it says no more, 'any' where it says nothing. */
function expectationOf(source: string, { form, expect }: Vector): string {
  if (source === 'bio-rd') return 'any';
  if (/^(accepted|attribute-discard|treat-as-withdraw|session-reset)/.test(expect))
    return expect.split(' ')[0] as string;
  if (/^session reset/.test(expect)) return 'session-reset';
  if (/^afisafi-disable/.test(expect)) return 'disable-family';
  if (form === 'as_path_segments_2octet' && expect === 'malformed') return 'treat-as-withdraw';
  if (/^(an error|should be an error|malformed)|^decodes: \w*Error/.test(expect)) return 'refused';
  return 'taken';
}

function answerOf(judged: readonly Judged[]): string {
  const answers = judged.map(({ answer }) => answer);
  return answers.find((answer) => !GOOD.includes(answer)) ?? (answers[0] as string);
}

function agrees(expected: string, answer: string): boolean {
  if (expected === 'any') return true;
  if (expected === 'taken') return GOOD.includes(answer);
  if (expected === 'refused') return !GOOD.includes(answer) && answer !== 'attribute-discard';
  return answer === expected;
}

test('the vectors of ten projects are read', (t) => {
  if (all === undefined) t.log('skipped: the vectors are not here');
  t.true(all === undefined || (all.size >= 10 && [...all.values()].flat().length > 570));
});

for (const source of all?.keys() ?? []) {
  test(`${source}: every vector is answered as its source says, or the RFC says otherwise`, (t) => {
    const vectors = all?.get(source) as Vector[];
    const differences = DIFFERENT.filter((row) => row.source === source);
    const used = new Set<object>();
    const wrong: string[] = [];
    for (const vector of vectors) {
      const message = framed(source, vector);
      if (message === undefined) {
        wrong.push(`${vector.id}: nobody knows the form ${vector.form}`);
        continue;
      }
      const judged = judge(message.bytes, { ...message, families: 3 });
      const answer = answerOf(judged);
      const row = differences.find(({ id }) =>
        typeof id === 'string' ? id === vector.id : id.test(vector.id),
      );
      const expected = expectationOf(source, vector);
      const why = judged.map((each) => each.why).join(' ');
      const said = `${vector.id}: ${answer} (${why}), but ${vector.expect}`;
      if (row === undefined) {
        if (!agrees(expected, answer)) wrong.push(said);
      } else {
        used.add(row);
        if (answer !== row.ours || agrees(expected, answer)) wrong.push(said);
      }
    }
    t.deepEqual(wrong, []);
    t.deepEqual(
      differences.filter((row) => !used.has(row)),
      [],
      'differences that are none',
    );
    t.log(`${vectors.length} vectors, ${differences.length} kinds of differences`);
  });
}

/** ExaBGP's decoding of an UPDATE, of the families that are ours. */
interface ExaUpdate {
  readonly attribute?: Readonly<Record<string, unknown>>;
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly ExaRoute[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly ExaRoute[]>>;
}
interface ExaRoute {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

const OURS = ['ipv4 unicast', 'ipv6 unicast'];

/** How ExaBGP writes what an attribute says, in our words. */
const EXA_ATTRIBUTES: Readonly<Record<string, (value: never) => string>> = {
  origin: (value: string) => value,
  med: (value: number) => String(value),
  'local-preference': (value: number) => String(value),
  'originator-id': (value: string) => value,
  'cluster-list': (value: string[]) => value.join(' '),
  community: (value: number[][]) => value.map((each) => each.join(':')).join(' '),
  'large-community': (value: number[][]) => value.map((each) => each.join(':')).join(' '),
  'extended-community': (value: { string: string }[]) => String(value.length),
  'as-path': (value: Record<string, { value: number[] }>) =>
    Object.values(value)
      .map((each) => each.value.join(' '))
      .join(' '),
};

test('exabgp: routes and attributes are those of its own decoding', (t) => {
  if (all === undefined) {
    t.log('skipped: the vectors are not here');
    t.pass();
    return;
  }
  let routes = 0;
  for (const vector of all.get('exabgp') ?? []) {
    const update = (vector.expect_json as { update?: ExaUpdate } | undefined)?.update;
    const message = framed('exabgp', vector);
    if (update === undefined || message === undefined) continue;
    const [judged] = judge(message.bytes, { ...message, families: 3 }) as [Judged];
    if (judged.answer !== 'accepted') continue;
    const announced = OURS.flatMap((family) =>
      Object.entries(update.announce?.[family] ?? {}).flatMap(([hop, list]) =>
        list.map((route) => ({ ...route, text: `${route.nlri} via ${hop}` })),
      ),
    );
    if (announced.some((route) => route['path-information'] !== undefined)) continue;
    const withdrawn = OURS.flatMap((family) => update.withdraw?.[family] ?? []);
    t.deepEqual(
      judged.announced,
      announced.map(({ text }) => text),
      vector.id,
    );
    t.deepEqual(
      judged.withdrawn,
      withdrawn.map(({ nlri }) => nlri),
      vector.id,
    );
    routes += announced.length + withdrawn.length;
    if (announced.length === 0) continue;
    for (const [name, value] of Object.entries(update.attribute ?? {})) {
      const said = EXA_ATTRIBUTES[name]?.(value as never);
      const ours = judged.attributes[name];
      t.is(
        name === 'extended-community' ? String(ours?.split(' ').length) : ours,
        said,
        `${vector.id}: ${name}`,
      );
    }
  }
  t.true(routes > 40);
});

/** `1 2 {4,3} (5 6)`: sets in one order, without repetitions, and ASes as plain numbers. */
function plainPath(text: string): string {
  const plain = text.replaceAll(/(\d+)\.(\d+)/g, (_, high, low) =>
    String(Number(high) * 65536 + Number(low)),
  );
  return plain.replaceAll(/([{[])([^}\]]*)([}\]])/g, (_, open, list: string, close) => {
    const sorted = [...new Set(list.split(',').map(Number))].sort((a, b) => a - b);
    return `${open}${sorted.join(',')}${close}`;
  });
}

test("frr: AS_PATHs say what FRR's do", (t) => {
  const vectors =
    all?.get('frr')?.filter(({ form, expect }) => form.startsWith('as_path') && /^path text/.test(expect)) ??
    [];
  if (all === undefined) t.log('skipped: the vectors are not here');
  else t.true(vectors.length > 12);
  for (const vector of vectors) {
    const message = framed('frr', vector);
    if (message === undefined) continue;
    const [judged] = judge(message.bytes, { ...message, families: 3 }) as [Judged];
    if (judged.answer !== 'accepted') continue;
    const [, text = ''] = /^path text '([^']*)'/.exec(vector.expect) ?? [];
    t.is(plainPath(judged.attributes['as-path'] ?? ''), plainPath(text), vector.id);
  }
  t.pass();
});

/** Other projects say in program text what they expect: the prefixes of it, where it is of unicast. */
const TOLD: readonly (readonly [source: string, id: RegExp])[] = [
  [
    'netgauze',
    /test_(ipv4_nlri\/|ipv6_unicast|update_non_unicast_nlri|parse_path_attribute_mp_(un)?reach_nlri_ipv[46])/,
  ],
  ['routecore', /^update\/(conventional|large_communities|local_pref)/],
  ['yabgp', /test_ipv6_unicast\/test_(parse.56|construct)|ipv6_unicast_with_linklocal|2byteas/],
];

test('netgauze, routecore, yabgp: the prefixes are those that their tests name', (t) => {
  let named = 0;
  for (const [source, id] of TOLD) {
    for (const vector of all?.get(source)?.filter((each) => id.test(each.id)) ?? []) {
      const message = framed(source, vector);
      if (message === undefined) continue;
      const [judged] = judge(message.bytes, { ...message, families: 3 }) as [Judged];
      const routes = [...judged.announced.map((route) => route.split(' ')[0]), ...judged.withdrawn];
      const prefixes = vector.expect.match(/(\d+\.\d+\.\d+\.\d+|[0-9a-f]+:[0-9a-f:]+)\/\d+/g) ?? [];
      named += prefixes.length;
      for (const prefix of prefixes)
        t.true(routes.includes(prefix), `${vector.id}: ${prefix} in ${routes.join(' ')}`);
    }
  }
  t.log(all === undefined ? 'skipped: the vectors are not here' : `${named} prefixes`);
  t.true(all === undefined || named > 12);
});
