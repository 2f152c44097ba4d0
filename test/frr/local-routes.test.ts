/** "network" and "aggregate-address" as routes of the router itself, and why some of them are left. */
import test from 'ava';
import { parse } from 'yaml';
import { neighborKeys, routerKeys } from '../../src/config/keys.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { type Converted, convertFrr } from '../../src/frr/convert.ts';

const MAPS = [
  'route-map SETS permit 10',
  ' set community 65000:1 no-export',
  ' set metric 7',
  ' set local-preference 200',
  ' set origin incomplete',
  'route-map ADDS permit 10',
  ' set community 65000:2 additive',
  'route-map PREPENDS permit 10',
  ' set as-path prepend 65000',
  'route-map RAISES permit 10',
  ' set metric +5',
  'route-map ASKS permit 10',
  ' match metric 5',
  'route-map DENIES deny 10',
  'route-map CALLS permit 10',
  ' call SETS',
];

/** A router with these lines in "router bgp", and with all those route maps after it. */
const convert = (...lines: string[]): Converted =>
  convertFrr(
    ['router bgp 65000', ' bgp router-id 192.0.2.1', ...lines.map((line) => ` ${line}`), ...MAPS].join('\n'),
    new Set(Object.keys(neighborKeys)),
    new Set(Object.keys(routerKeys)),
  );

const routerOf = ({ yaml }: Converted) => (parse(yaml) as { router: Record<string, unknown> }).router;

const CARRIED: readonly [line: string, key: 'originate' | 'aggregates', route: Record<string, unknown>][] = [
  ['network 10.0.0.0/8', 'originate', { prefix: '10.0.0.0/8', med: 0 }],
  ['network 10.1.2.3/8', 'originate', { prefix: '10.0.0.0/8', med: 0 }],
  ['network 10.0.0.0 mask 255.255.128.0', 'originate', { prefix: '10.0.0.0/17', med: 0 }],
  ['network 2001:db8::/32', 'originate', { prefix: '2001:db8::/32', med: 0 }],
  [
    'network 10.0.0.0/8 route-map SETS',
    'originate',
    {
      prefix: '10.0.0.0/8',
      communities: ['65000:1', 'no-export'],
      med: 7,
      'local-pref': 200,
      origin: 'incomplete',
    },
  ],
  [
    'network 10.0.0.0/8 route-map ADDS',
    'originate',
    { prefix: '10.0.0.0/8', med: 0, communities: ['65000:2'] },
  ],
  ['aggregate-address 10.0.0.0/8', 'aggregates', { prefix: '10.0.0.0/8' }],
  ['aggregate-address 10.0.0.0 255.0.0.0', 'aggregates', { prefix: '10.0.0.0/8' }],
  [
    'aggregate-address 2001:db8::/32 summary-only origin igp',
    'aggregates',
    { prefix: '2001:db8::/32', 'summary-only': true, origin: 'igp' },
  ],
];

for (const [line, key, route] of CARRIED) {
  test(line, (t) => {
    const made = convert(line);
    t.deepEqual(made.left, []);
    t.deepEqual(routerOf(made), { as: 65000, id: '192.0.2.1', [key]: [route] });
    t.is(parseConfiguration(made.yaml, 'x.yaml').mistakes, undefined, made.yaml);
  });
}

const LEFT: readonly [line: string, reason: RegExp][] = [
  ['network 10.0.0.0', /no prefix with a length/],
  ['network 10.0.0.0 mask 255.0.255.0', /no prefix with a length/],
  ['network 10.0.0.0/8 backdoor', /no counterpart for "backdoor"/],
  ['network 10.0.0.0/8 route-map NOWHERE', /there is no route-map NOWHERE/],
  ['network 10.0.0.0/8 route-map PREPENDS', /cannot have: prepend-as/],
  ['network 10.0.0.0/8 route-map RAISES', /cannot have: med/],
  ['network 10.0.0.0/8 route-map ASKS', /asks first/],
  ['network 10.0.0.0/8 route-map DENIES', /denies first/],
  ['network 10.0.0.0/8 route-map CALLS', /more than one part/],
  ['aggregate-address 10.0.0.0/8 as-set summary-only', /RFC 9774/],
  ['aggregate-address 10.0.0.0/8 summary-only matching-MED-only', /MULTI_EXIT_DISC/],
  ['aggregate-address 10.0.0.0/8 route-map SETS', /not by a route map/],
  ['aggregate-address 10.0.0.0/8 suppress-map SETS', /hides all/],
];

for (const [line, reason] of LEFT) {
  test(`${line} is left`, (t) => {
    const made = convert(line);
    t.deepEqual(
      made.left.map(({ line: number, text }) => ({ number, text })),
      [{ number: 3, text: line }],
    );
    t.regex(made.left[0]?.reason ?? '', reason);
    t.deepEqual(routerOf(made), { as: 65000, id: '192.0.2.1' });
  });
}

test('in address families too; what is said last of a prefix holds', (t) => {
  const made = convert(
    'network 10.0.0.0/8',
    'address-family ipv4 unicast',
    ' network 10.0.0.0/8 route-map ADDS',
    ' aggregate-address 172.16.0.0/12 summary-only',
    'exit-address-family',
    'address-family ipv6 unicast',
    ' network 2001:db8::/32',
    'exit-address-family',
  );
  t.deepEqual(made.left, []);
  t.like(routerOf(made), {
    originate: [
      { prefix: '10.0.0.0/8', med: 0, communities: ['65000:2'] },
      { prefix: '2001:db8::/32', med: 0 },
    ],
    aggregates: [{ prefix: '172.16.0.0/12', 'summary-only': true }],
  });
});

test('a prefix that is a network and an aggregate is a network, but for one that stands for all that is within', (t) => {
  const made = convert(
    'network 10.0.0.0/8',
    'network 172.16.0.0/12',
    'aggregate-address 172.16.0.0/12',
    'aggregate-address 10.0.0.0/8 summary-only',
  );
  t.deepEqual(
    made.left.map(({ text }) => text),
    ['network 10.0.0.0/8', 'aggregate-address 172.16.0.0/12'],
  );
  t.like(routerOf(made), {
    originate: [{ prefix: '172.16.0.0/12', med: 0 }],
    aggregates: [{ prefix: '10.0.0.0/8', 'summary-only': true }],
  });
  t.is(parseConfiguration(made.yaml, 'x.yaml').mistakes, undefined);
});

test('that FRR asks its own table first is a note, once, and none where it does not ask', (t) => {
  const networks = ['network 10.0.0.0/8', 'network 172.16.0.0/12'];
  const about = ({ notes }: Converted) => notes.filter(({ text }) => text.startsWith('network'));
  t.deepEqual(
    about(convert(...networks)).map(({ line }) => line),
    [3],
  );
  t.deepEqual(about(convert(...networks, 'no bgp network import-check')), []);
});

test('redistribute names what the file says of interfaces and of static routes', (t) => {
  const text = [
    'interface lo',
    ' ip address 127.0.0.1/8',
    ' ip address 192.0.2.1/32',
    'interface eth0',
    ' ip address 198.51.100.7/24',
    ' ipv6 address 2001:db8:1::7/64',
    ' ipv6 address fe80::7/64',
    'ip route 10.0.0.0/8 198.51.100.9',
    'ip route 172.16.0.0/12 Null0',
    'router bgp 65000',
    ' bgp router-id 192.0.2.1',
    ' network 172.16.0.0/12',
    ' redistribute connected',
    ' redistribute ospf',
    ' address-family ipv4 unicast',
    '  redistribute static metric 5',
    ' exit-address-family',
    ' address-family ipv6 unicast',
    '  redistribute connected route-map SETS',
    '  redistribute static',
    ' exit-address-family',
    ...MAPS,
  ].join('\n');
  const made = convertFrr(text, new Set(Object.keys(neighborKeys)), new Set(Object.keys(routerKeys)));
  t.deepEqual(
    made.left.map(({ text: line }) => line),
    ['redistribute ospf', 'redistribute static'],
  );
  const learned = { origin: 'incomplete', med: 0 };
  t.deepEqual(routerOf(made).originate, [
    { prefix: '172.16.0.0/12', med: 0 },
    { prefix: '192.0.2.1/32', ...learned },
    { prefix: '198.51.100.0/24', ...learned },
    { prefix: '10.0.0.0/8', 'next-hop': '198.51.100.9', origin: 'incomplete', med: 5 },
    {
      prefix: '2001:db8:1::/64',
      origin: 'incomplete',
      med: 7,
      communities: ['65000:1', 'no-export'],
      'local-pref': 200,
    },
  ]);
  t.is(parseConfiguration(made.yaml, 'x.yaml').mistakes, undefined, made.yaml);
});
