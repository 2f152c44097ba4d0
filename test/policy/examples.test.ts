/** `policy test`: examples of routes, and which statement decided; and every mistake with its place. */
import test from 'ava';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseExamples, tryExample } from '../../src/config/examples.ts';
import { formatMistake, parseConfiguration } from '../../src/config/parse.ts';

const CONFIGURATION = `
router: {as: 65000, id: 192.0.2.1}
prefix-sets:
  bogons: [10.0.0.0/8+, "fc00::/7+"]
  customers: {file: customers.txt}
as-path-sets: {transit: [_174_, _3356_]}
as-sets: {cone: [64501, 64510-64519]}
community-sets: {ours: ["65000:*"]}
policies:
  import:
    - {name: bogons, if: {prefix: bogons}, then: reject}
    - {if: {as-path: transit}, unless: {neighbor: as 64999}, then: reject}
    - set: {community: {remove: ours}}
    - {if: {prefix: customers, origin-as: cone}, set: {local-pref: 200, community: {add: ["65000:100"]}}, call: blackhole, then: accept}
    - {if: {med: 50-}, set: {med: none, local-pref: -10, prepend-as: [64501, 64501]}, then: accept}
  blackhole:
    - {if: {community: blackhole, length: 32}, set: {next-hop: 192.0.2.66}, then: return}
    - {if: {length: 25-}, then: reject}
neighbors:
  - {address: 192.0.2.2, as: 64501, import: import, export: reject}
  - {address: 192.0.2.9, as: 64999, import: import, export: reject}
`;
const { configuration } = parseConfiguration(CONFIGURATION, '/x/graftd.yaml', (file) => {
  if (file !== '/x/customers.txt') throw new Error(`there is no ${file}`);
  return '# ours\n198.51.100.0/24 le 32\n';
});

function results(text: string) {
  const { file, mistakes } = parseExamples(text, '/x');
  if (mistakes) throw new Error(mistakes.map((each) => formatMistake('x', each)).join('\n'));
  return file.examples.map((example, i) => tryExample(configuration as Configuration, example, i));
}

test('each example says which statement decided', (t) => {
  const [bogon, transit, other, customer, hole, long, last, none] = results(`
examples:
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 10.1.0.0/16}, expect: reject}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 203.0.113.0/24, as-path: 64501 174 9}, expect: reject}
  - {policy: import, neighbor: 192.0.2.9, route: {prefix: 203.0.113.0/24, as-path: 64999 174 9, med: 60}, expect: {med: 0, local-pref: 90}}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 198.51.100.0/24, as-path: 64501 64512, community: ["65000:7", "64501:7"]}, expect: {local-pref: 200, community: ["64501:7", "65000:100"]}}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 198.51.100.7/32, as-path: 64501, community: blackhole}, expect: {next-hop: 192.0.2.66}}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 198.51.100.0/25, as-path: 64501}, expect: reject}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: "2001:db8::/32", as-path: "64501 {7,8}", med: 50, next-hop: "2001:db8::9"}, expect: {as-path: "64501 64501 64501 {7,8}", med: 0, next-hop: "2001:db8::9"}}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 203.0.113.0/24, as-path: 64501}, expect: {local-pref: 7}}
`);
  t.like(bogon, { passed: true, by: 'import 1 (bogons)' });
  t.like(transit, { passed: true, by: 'import 2' });
  t.like(other, { passed: true, accepted: true, by: 'import 5', differences: [] });
  t.like(customer, { passed: true, by: 'import 4', differences: [] });
  t.like(hole, { passed: true, by: 'import 4', differences: [] });
  t.like(long, { passed: true, by: 'blackhole 2' });
  t.like(last, { passed: true, by: 'import 5', differences: [] });
  t.like(none, { passed: false, accepted: false, by: 'import: no statement decided' });
});

test('a weight is the neighbour’s, unless the example or the policy says another', (t) => {
  const file = parseConfiguration(
    `router: {as: 65000, id: 192.0.2.1}
policies:
  import:
    - {if: {weight: 9}, set: {weight: +1, local-pref: 50}}
    - {if: {weight: 5-}, then: accept}
    - {if: {path-length: 0}, set: {weight: 4294967295}, then: accept}
neighbors: [{address: 192.0.2.2, as: 64501, import: import, export: reject, weight: 9}]
`,
    '/x/graftd.yaml',
  ).configuration as Configuration;
  const { examples } = parseExamples(
    `examples:
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 10.1.0.0/16, as-path: 64501}, expect: {weight: 10, local-pref: 50}}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 10.1.0.0/16, as-path: 64501, weight: 4}, expect: reject}
  - {policy: import, neighbor: 192.0.2.2, learned-from: 192.0.2.9, route: {prefix: 10.1.0.0/16}, expect: {weight: 4294967295}}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 10.1.0.0/16, weight: 7}, expect: {weight: 8}}
`,
    '/x',
  ).file as { examples: [] };
  const found = examples.map((example, i) => tryExample(file, example, i));
  t.deepEqual(
    found.map(({ differences }) => differences),
    [[], [], [], ['weight is 7, not 8']],
  );
});

test('what is wrong with a file of examples is said with its place', (t) => {
  const { mistakes } = parseExamples(
    'examples:\n  - {polcy: import, route: {prefix: 10.0.0.0/33}, expect: acept}\n',
    '/x',
  );
  t.deepEqual(
    mistakes?.map((each) => formatMistake('x', each)),
    [
      'x:2:6: examples[0].polcy: "polcy" is not a key of an example; did you mean "policy"?',
      'x:2:37: examples[0].route.prefix: must be a prefix, not 10.0.0.0/33',
      'x:2:59: examples[0].expect: there is no result "acept"; did you mean "accept"?',
      'x:2:5: examples[0].policy: is missing. The policy to try.',
    ],
  );
});

const mistakesOf = (text: string): string[] =>
  (
    parseConfiguration(`router: {as: 65000, id: 192.0.2.1}\n${text}`, '/x/graftd.yaml', (file) => {
      if (file !== '/x/some.txt') throw new Error('there is no such file');
      return '10.0.0.0/8\n10.0.0.1/8\n';
    }).mistakes ?? []
  ).map((each) => formatMistake('x', each));

for (const [what, text, wrong] of [
  [
    'a set that is not there',
    'prefix-sets: {bogons: [10.0.0.0/8]}\npolicies: {p: [{if: {prefix: bogon}, then: reject}]}',
    /^x:3:30: policies\.p statement 1\.if\.prefix: there is no prefix set "bogon"; did you mean "bogons"\?$/,
  ],
  [
    'a policy that is not there',
    'policies: {p: [{then: accept}]}\ndefaults: {import: pass}',
    /^x:3:20: defaults\.import: there is no policy "pass"; it is one of: accept, reject, p$/,
  ],
  ['a set that is empty', 'prefix-sets: {a: []}', /must name at least one/],
  [
    'a file that vanished',
    'prefix-sets: {a: {file: none.txt}}',
    /^x:2:25: prefix-sets\.a\.file: cannot read none\.txt: there is no such file$/,
  ],
  [
    'a line of a file that is no prefix',
    'prefix-sets: {a: {file: some.txt}}',
    /some\.txt:2: 10\.0\.0\.1\/8 has bits behind its length/,
  ],
  [
    'an expression that is none',
    'policies: {p: [{if: {as-path: "^(64500"}, then: accept}]}',
    /the expression "\^\(64500" has a "\(" at 2 that is not closed/,
  ],
  [
    'an expression that explodes',
    'as-path-sets: {a: ["((1{1,90}){1,90}){1,90}"]}',
    /is too large: its repetitions multiply/,
  ],
  [
    'a community that is none',
    'policies: {p: [{if: {community: "65000:x"}, then: accept}]}',
    /must be like 65000:100/,
  ],
  ['a policy that calls itself', 'policies: {p: [{call: p}]}', /goes round in a circle: p → p/],
  [
    'a key that is none',
    'policies: {p: [{if: {aspath: "_1_"}, then: accept}]}',
    /"aspath" is not a key of conditions; did you mean "as-path"\?/,
  ],
  ['an end that is none', 'policies: {p: [{then: allow}]}', /there is no end of a statement "allow"/],
  [
    'a range that is none',
    'policies: {p: [{if: {length: 24-8}, then: accept}]}',
    /24-8 is the wrong way round/,
  ],
  ['a name that is none', 'policies: {"1p": [{then: accept}]}', /"1p" is no name/],
] as const)
  test(`${what} is said with its place`, (t) => {
    const found = mistakesOf(text);
    t.is(found.length, 1, found.join('\n'));
    t.regex(found[0] ?? '', wrong);
  });

test('the RPKI and the role of the neighbour decide too', (t) => {
  const found = parseConfiguration(
    `
router: {as: 65000, id: 192.0.2.1}
policies:
  import:
    - {name: wrong origin, if: {rpki: invalid}, then: reject}
    - {if: {role: customer, rpki: [valid, not-found]}, set: {local-pref: 200}, then: accept}
    - {if: {rpki: valid}, then: accept}
neighbors:
  - {address: 192.0.2.2, as: 64501, local-role: provider, import: import, export: reject}
  - {address: 192.0.2.3, as: 64502, import: import, export: reject}
`,
    '/x/graftd.yaml',
  );
  t.deepEqual(found.mistakes, undefined);
  const { file } = parseExamples(
    `
examples:
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 192.0.2.0/24, as-path: 64501, rpki: invalid}, expect: reject}
  - {policy: import, neighbor: 192.0.2.2, route: {prefix: 192.0.2.0/24, as-path: 64501}, expect: {local-pref: 200}}
  - {policy: import, neighbor: 192.0.2.3, route: {prefix: 192.0.2.0/24, as-path: 64502, rpki: valid}, expect: {local-pref: 100}}
  - {policy: import, neighbor: 192.0.2.3, route: {prefix: 192.0.2.0/24, as-path: 64502}, expect: reject}
`,
    '/x',
  );
  const by = file?.examples.map((example, i) => tryExample(found.configuration as Configuration, example, i));
  t.deepEqual(
    by?.map((each) => [each.passed, each.by]),
    [
      [true, 'import 1 (wrong origin)'],
      [true, 'import 2'],
      [true, 'import 3'],
      [true, 'import: no statement decided'],
    ],
  );
});
