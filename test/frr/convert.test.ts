/** Lines of FRR and what they become; whatever is carried over is right for `chassis check`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { neighborKeys, routerKeys } from '../../src/config/keys.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { type Converted, convertFrr } from '../../src/frr/convert.ts';
import { dataFile } from '../support/data.ts';

const convert = (text: string): Converted =>
  convertFrr(text, new Set(Object.keys(neighborKeys)), new Set(Object.keys(routerKeys)));

/** A neighbour with these lines, outside of an address family. */
const withNeighbor = (...lines: string[]): Converted =>
  convert(
    [
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' neighbor 192.0.2.2 remote-as 64500',
      ...lines.map((line) => ` neighbor 192.0.2.2 ${line}`),
    ].join('\n'),
  );

const NEIGHBOR_LINES: readonly [line: string, keys: Record<string, unknown>][] = [
  ['description to the north', { description: 'to the north' }],
  ['password secret', { password: 'secret' }],
  ['passive', { passive: true }],
  ['port 1790', { port: 1790 }],
  ['update-source 192.0.2.1', { 'local-address': '192.0.2.1' }],
  ['ttl-security hops 2', { 'ttl-security': 2 }],
  ['timers 10 30', { 'hold-time': 30 }],
  ['timers 7 30', { 'hold-time': 30, 'keepalive-time': 7 }],
  ['timers connect 5', { 'connect-retry-time': 5 }],
  ['maximum-prefix 100', { 'max-prefixes': 100 }],
  [
    'maximum-prefix 100 80 restart 3',
    { 'max-prefixes': 100, 'max-prefixes-warning': 80, 'max-prefixes-restart': 180 },
  ],
  ['weight 500', { weight: 500 }],
  ['next-hop-self', { 'next-hop-self': true }],
  ['allowas-in', { 'allowas-in': 3 }],
  ['allowas-in 1', { 'allowas-in': 1 }],
  ['as-override', { 'as-override': true }],
  ['remove-private-AS all replace-AS', { 'remove-private-as': 'replace' }],
  [
    'local-as 65001 no-prepend replace-as',
    { 'local-as': 65001, 'local-as-no-prepend': true, 'local-as-replace-as': true },
  ],
  ['addpath-tx-all-paths', { 'add-path-send': ['ipv4-unicast'] }],
  ['local-role customer strict-mode', { 'local-role': 'customer', 'role-strict': true }],
  ['graceful-restart-disable', { 'graceful-restart': 'off' }],
  [
    'dont-capability-negotiate',
    { 'without-capabilities': ['multiprotocol', 'route-refresh', 'enhanced-route-refresh', 'four-octet-as'] },
  ],
];

for (const [line, keys] of NEIGHBOR_LINES) {
  test(`neighbor … ${line}`, (t) => {
    const { yaml, left } = withNeighbor(line);
    t.deepEqual(left, []);
    const { neighbors } = parse(yaml) as { neighbors: Record<string, unknown>[] };
    t.deepEqual(neighbors, [{ address: '192.0.2.2', as: 64500, ...keys, families: ['ipv4-unicast'] }]);
    t.is(parseConfiguration(yaml, 'x.yaml').mistakes, undefined, yaml);
  });
}

test('a line without a counterpart is named with its number and the reason', (t) => {
  const { left, yaml } = withNeighbor('bfd', 'timers connect 5');
  t.deepEqual(left, [
    {
      line: 4,
      text: 'neighbor 192.0.2.2 bfd',
      reason: 'graftd has no BFD: a neighbour that is gone is found out by the hold time',
    },
  ]);
  t.regex(yaml, /# +line 4: neighbor 192\.0\.2\.2 bfd: graftd has no BFD/);
});

test('a neighbour whose AS FRR learns is one here too; of any AS, ours included, it is still to be said', (t) => {
  const { yaml, left } = convert(
    [
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' neighbor OUT peer-group',
      ' neighbor OUT remote-as external',
      ' neighbor 192.0.2.2 remote-as external',
      ' neighbor 192.0.2.2 description north',
      ' neighbor 192.0.2.3 description whose AS nobody says',
      ' neighbor 192.0.2.4 remote-as auto',
      ' neighbor 192.0.2.5 peer-group OUT',
      ' neighbor 192.0.2.6 remote-as internal',
    ].join('\n'),
  );
  t.deepEqual(
    left.map(({ line }) => line),
    [7, 8],
  );
  const { mistakes = [] } = parseConfiguration(yaml, 'x.yaml');
  t.deepEqual(
    mistakes.map((each) => each.path),
    ['neighbors[1].as'],
  );
  const { groups, neighbors } = parse(yaml) as { groups: object; neighbors: { as?: unknown }[] };
  t.like(groups, { OUT: { as: 'external' } });
  t.deepEqual(
    neighbors.map(({ as }) => as),
    ['external', undefined, undefined, 65000],
  );
});

test('a link-local neighbour is one on its interface', (t) => {
  const { yaml, left } = convert(
    [
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' no bgp default ipv4-unicast',
      ' neighbor fe80::2 remote-as 64501',
      ' neighbor fe80::2 interface eth0.7',
      ' neighbor fe80::2 update-source eth0.7',
      ' neighbor fe80::3 remote-as 64502',
      ' neighbor eth1 interface remote-as external',
      ' address-family ipv6 unicast',
      '  neighbor fe80::2 activate',
    ].join('\n'),
  );
  t.deepEqual(
    left.map(({ line }) => line),
    [7, 8],
  );
  const { configuration, mistakes } = parseConfiguration(yaml, 'x.yaml');
  t.is(mistakes, undefined, yaml);
  t.like(configuration?.neighbors[0], { address: 'fe80::2%eth0.7', as: 64501, families: ['ipv6-unicast'] });
});

test('what stands around "router bgp" counts: interfaces to connect from, RPKI caches, addresses that may call', (t) => {
  const { yaml, left } = convert(
    [
      'interface lo',
      ' ip address 192.0.2.1/32',
      ' ip address 192.0.2.9/32',
      ' ipv6 address 2001:db8::1/128',
      'exit',
      'rpki',
      ' rpki polling_period 600',
      ' rpki cache 192.0.2.50 3323 preference 2',
      ' rpki cache tcp 192.0.2.51 3323 source 192.0.2.1 preference 1',
      ' rpki cache ssh.example.net 22 user key',
      'exit',
      'router bgp 1.10',
      ' bgp graceful-restart select-defer-time 30',
      ' bgp listen limit 20',
      ' bgp bestpath as-path multipath-relax',
      ' bgp listen range 198.51.100.0/24 peer-group down',
      ' no bgp enforce-first-as',
      ' neighbor down peer-group',
      ' neighbor down remote-as 64500',
      ' neighbor 2001:db8::2 remote-as 64501',
      ' neighbor 2001:db8::2 update-source lo',
      ' neighbor 192.0.2.2 remote-as 64502',
      ' neighbor 192.0.2.2 update-source eth0',
      ' address-family ipv4 unicast',
      '  maximum-paths 4',
      '  maximum-paths ibgp 2',
      ' address-family ipv6 unicast',
      '  maximum-paths 8',
      'bgp community-list standard C seq 5 permit 64500:1',
      'route-map M permit 10',
      ' match community C',
      ' match rpki notfound',
    ].join('\n'),
  );
  t.deepEqual(
    left.map(({ line }) => line),
    [10, 23],
  );
  const caches = { refresh: 600, port: 3323 };
  const made = parse(yaml) as Record<string, unknown>;
  const multipath = { ebgp: 8, ibgp: 2, 'as-path-relax': true };
  // The identifier is the highest address of a loopback.
  t.deepEqual(made.router, { as: 65_546, id: '192.0.2.9', multipath });
  t.like(made, {
    chassis: { 'restart-wait': 30 },
    'neighbor-ranges': [{ range: '198.51.100.0/24', group: 'down', limit: 20 }],
    'community-sets': { C: ['64500:1'] },
    // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
    policies: { M: [{ name: 'M permit 10', if: { community: ['C'], rpki: ['not-found'] }, then: 'accept' }] },
  });
  t.deepEqual(made.rpki, {
    caches: [
      { ...caches, address: '192.0.2.50', preference: 2 },
      { ...caches, address: '192.0.2.51', preference: 1, 'local-address': '192.0.2.1' },
    ],
  });
  t.like((made.neighbors as object[])[0], { address: '2001:db8::2', 'local-address': '2001:db8::1' });
  t.is(parseConfiguration(yaml, 'x.yaml').mistakes, undefined, yaml);
});

test('without a policy an eBGP neighbour gives and gets what FRR gives and takes', (t) => {
  const closed = parse(withNeighbor().yaml) as { neighbors: object[] };
  t.false('import' in (closed.neighbors[0] as object));
  const open = convert(
    'router bgp 65000\n no bgp ebgp-requires-policy\n neighbor 192.0.2.2 remote-as 64500\n',
  );
  t.like((parse(open.yaml) as { neighbors: object[] }).neighbors[0], { import: 'accept', export: 'accept' });
});

test('of a whole router only what a chassis is comes over', (t) => {
  const { yaml, left, foreign } = convert(
    [
      'hostname r1',
      'interface eth0',
      ' ip address 192.0.2.1/24',
      'router ospf',
      ' network 0.0.0.0/0 area 0',
      'router bgp 65000 vrf red',
      ' neighbor 192.0.2.9 remote-as 64501',
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' neighbor up peer-group',
      ' neighbor up remote-as 64500',
      ' neighbor 2001:db8::2 peer-group up',
      ' address-family ipv6 unicast',
      '  neighbor up activate',
      '  neighbor up soft-reconfiguration inbound',
      ' exit-address-family',
      ' address-family l2vpn evpn',
      '  neighbor up activate',
      ' exit-address-family',
    ].join('\n'),
  );
  t.is(foreign, 5);
  t.deepEqual(
    left.map(({ line }) => line),
    [6, 7, 17, 18],
  );
  t.is(parseConfiguration(yaml, 'x.yaml').mistakes, undefined, yaml);
  const { groups, neighbors } = parse(yaml) as { groups: object; neighbors: object[] };
  t.deepEqual(groups, { up: { as: 64500, families: ['ipv4-unicast', 'ipv6-unicast'] } });
  t.deepEqual(neighbors, [{ address: '2001:db8::2', group: 'up' }]);
});

/** Configurations of other projects and of operators. */
function realFiles(): string[] {
  return ['frr-topotests', 'batfish', 'sonic', 'operators/netravnen-LabConf'].flatMap((folder) => {
    const whole = dataFile(`conf/${folder}`);
    if (whole === undefined) return [];
    return (readdirSync(whole, { recursive: true }) as string[])
      .map((name) => path.join(whole, name))
      .filter((file) => statSync(file).isFile() && !/bird/i.test(file));
  });
}

test('of real configurations whatever is carried over is right', (t) => {
  const files = realFiles();
  if (files.length === 0) {
    t.log('skipped: the configurations are not here');
    t.pass();
    return;
  }
  let carried = 0;
  let left = 0;
  const faults: string[] = [];
  for (const file of files) {
    const made = convert(readFileSync(file, 'utf8'));
    carried += made.carried;
    left += made.left.length;
    // What the file does not say has to be said by hand: the AS and the BGP Identifier of the router,
    // the AS of a neighbour that FRR learns from its OPEN.
    const wrong = (parseConfiguration(made.yaml, file).mistakes ?? []).filter(
      (mistake) => !/^(router(\.as|\.id)?|neighbors\[\d+\]\.as)$/.test(mistake.path),
    );
    for (const mistake of wrong) faults.push(`${path.basename(file)}: ${mistake.path}: ${mistake.message}`);
  }
  t.log(`${files.length} files: ${carried} of ${carried + left} lines about BGP carried over`);
  t.deepEqual(faults, []);
  t.true(carried > 2000);
});

test('of several routers in one file the one is converted that is asked for', (t) => {
  const text = [
    'router bgp 65000',
    ' bgp router-id 192.0.2.1',
    ' neighbor 192.0.2.2 remote-as 64500',
    'router bgp 65001 vrf blue',
    ' bgp router-id 192.0.2.9',
    ' neighbor 192.0.2.3 remote-as 64501',
  ].join('\n');
  const of = (vrf?: string) =>
    convertFrr(text, new Set(Object.keys(neighborKeys)), new Set(Object.keys(routerKeys)), vrf);
  t.like(parse(of().yaml), { router: { as: 65000 }, neighbors: [{ address: '192.0.2.2', as: 64500 }] });
  t.like(parse(of('blue').yaml), { router: { as: 65001 }, neighbors: [{ address: '192.0.2.3' }] });
  t.is(of().left.length, 3);
  t.is(
    of().left[0]?.reason,
    'a chassis is one router: "import frr" with --vrf blue makes a file of this one',
  );
  t.regex(of('blue').left[0]?.reason ?? '', /without --vrf/);
});

test('a default route for a neighbour is of the family under which it stands, with what its route map sets', (t) => {
  const { yaml, left } = convert(
    [
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' no bgp ebgp-requires-policy',
      ' neighbor G peer-group',
      ' neighbor G remote-as external',
      ' neighbor 192.0.2.2 peer-group G',
      ' neighbor 192.0.2.3 peer-group G',
      ' neighbor 192.0.2.4 remote-as 64504',
      ' address-family ipv4 unicast',
      '  neighbor G default-originate route-map SETS',
      '  neighbor 192.0.2.3 default-originate route-map ASKS',
      '  neighbor 192.0.2.4 default-originate route-map PREPENDS',
      ' address-family ipv6 unicast',
      '  neighbor 192.0.2.4 activate',
      '  neighbor 192.0.2.4 default-originate',
      'route-map SETS permit 10',
      ' set metric 7',
      ' set community 65000:1 additive',
      ' set weight 3',
      'route-map ASKS permit 10',
      ' match community C',
      'route-map PREPENDS permit 10',
      ' set as-path prepend 65000',
      'bgp community-list standard C permit 65000:1',
    ].join('\n'),
  );
  t.deepEqual(
    left.map(({ line }) => line),
    [11, 12],
  );
  const { configuration, mistakes } = parseConfiguration(yaml, 'x.yaml');
  t.is(mistakes, undefined, yaml);
  const told = configuration?.neighbors.map(({ originate }) =>
    originate.map(({ prefix, med, communities }) => [prefix, med, ...communities]),
  );
  const ofGroup = [['0.0.0.0/0', 7, '65000:1']];
  t.deepEqual(told, [ofGroup, [], [['::/0', 0]]]);
});

test('small things that have a counterpart', (t) => {
  const { yaml, left, notes } = convert(
    [
      'route-map M permit 10',
      ' match src-peer 192.0.2.7',
      ' set tag 5',
      ' set community accept-own additive',
      'route-map M permit 20',
      ' match source-protocol connected',
      ' set weight 7',
      'router bgp 65000',
      ' bgp router-id 192.0.2.1',
      ' maximum-paths 128',
      ' neighbor 192.0.2.2 remote-as 64500',
      ' neighbor 192.0.2.2 route-map M in',
      ' neighbor 192.0.2.2 route-map OUT out',
      ' no neighbor 192.0.2.2 capability fqdn',
      'route-map OUT permit 10',
      ' set weight 7',
      ' set metric 5',
    ].join('\n'),
  );
  t.deepEqual(left, []);
  t.deepEqual(
    notes.map(({ line }) => line),
    [10, 14],
  );
  const made = parse(yaml) as { router: object; policies: Record<'M' | 'OUT', object[]> };
  t.like(made.router, { multipath: { ebgp: 64 } });
  t.like(made.policies.M, [
    { if: { 'learned-from': ['192.0.2.7'] }, set: { community: { add: ['65535:1'] } } },
    { if: { protocol: ['static'] }, set: { weight: 7 } },
  ]);
  // FRR tells nobody of a weight either.
  t.deepEqual((made.policies.OUT[0] as { set: object }).set, { med: 5 });
  t.is(parseConfiguration(yaml, 'x.yaml').mistakes, undefined, yaml);
});
