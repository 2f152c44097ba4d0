/** Route maps that are made policies of, and what these make of routes: where FRR does the same was seen with FRR itself. */
import test, { type ExecutionContext } from 'ava';
import type { Configuration } from '../../src/config/configuration.ts';
import { parseExamples, tryExample } from '../../src/config/examples.ts';
import { neighborKeys, routerKeys } from '../../src/config/keys.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { convertFrr } from '../../src/frr/convert.ts';

/** Tries examples on the export policy of a neighbour whose route map is M. */
function check(t: ExecutionContext, lines: readonly string[], examples: readonly string[]): void {
  const { yaml, left } = convertFrr(
    [
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' neighbor 192.0.2.2 remote-as 64500',
      ' neighbor 192.0.2.2 route-map M out',
      'exit',
      ...lines,
    ].join('\n'),
    new Set(Object.keys(neighborKeys)),
    new Set(Object.keys(routerKeys)),
  );
  t.deepEqual(left, []);
  const { configuration, mistakes } = parseConfiguration(yaml, '/x/graftd.yaml');
  t.is(mistakes, undefined, yaml);
  const text = examples.map((each) => `  - { policy: M, neighbor: 192.0.2.2, ${each} }`).join('\n');
  const parsed = parseExamples(`examples:\n${text}\n`, '/x');
  t.is(parsed.mistakes, undefined);
  for (const [i, example] of (parsed.file?.examples ?? []).entries()) {
    const { passed, by, differences } = tryExample(configuration as Configuration, example, i);
    t.true(passed, `${examples[i]}: ${by}: ${JSON.stringify(differences)}`);
  }
}

test('an entry with two lists that both deny something matches what neither denies', (t) => {
  const map = [
    'bgp as-path access-list A seq 5 deny _64501_',
    'bgp as-path access-list A seq 10 permit ^64999_',
    'bgp community-list standard C seq 5 deny 65010:7',
    'bgp community-list standard C seq 10 permit 64500:1',
    'route-map M permit 10',
    ' match as-path A',
    ' match community C',
    ' set metric 10',
    'route-map M permit 20',
    ' set metric 20',
  ];
  const route = (path: string, ...communities: string[]): string =>
    `route: { prefix: 10.0.0.0/8, as-path: ${path}, community: [${communities.map((each) => `"${each}"`).join(', ')}] }`;
  check(t, map, [
    `${route('64999 1', '64500:1')}, expect: { med: 10 }`,
    `${route('64999 64501', '64500:1')}, expect: { med: 20 }`,
    `${route('64999 1', '64500:1', '65010:7')}, expect: { med: 20 }`,
    `${route('64999 64501', '64500:1', '65010:7')}, expect: { med: 20 }`,
    `${route('64999 1', '64500:9')}, expect: { med: 20 }`,
    `${route('1', '64500:1')}, expect: { med: 20 }`,
  ]);
  // What neither entry matches is denied; so it is where the map is called.
  const called = [
    'route-map M permit 5',
    ' call N',
    ...map.slice(0, -2).map((line) => line.replace(' M ', ' N ')),
  ];
  check(t, called, [
    `${route('64999 1', '64500:1')}, expect: { med: 10 }`,
    `${route('64999 64501', '64500:1')}, expect: reject`,
    `${route('64999 1', '64500:1', '65010:7')}, expect: reject`,
  ]);
});

test('an entry that matches in two ways, and goes on, is gone through once', (t) => {
  check(
    t,
    [
      'bgp community-list standard C seq 5 permit 64500:1',
      'bgp community-list standard C seq 10 deny 64500:100',
      'bgp community-list standard C seq 15 permit 65010:7',
      'route-map N permit 10',
      ' set as-path prepend 17',
      'route-map M permit 10',
      ' match community C',
      ' call N',
      ' on-match next',
      'route-map M permit 20',
      ' set metric 20',
    ],
    [
      'route: { prefix: 10.0.0.0/8, as-path: 1, community: ["64500:1", "65010:7"] }, expect: { med: 20, as-path: 17 1 }',
      'route: { prefix: 10.0.0.0/8, as-path: 1, community: ["64500:100"] }, expect: { med: 20, as-path: 1 }',
    ],
  );
});
