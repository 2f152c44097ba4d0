import test from 'ava';
import type { Configuration } from '../../src/config/configuration.ts';
import { DEFAULT_BLADES } from '../../src/config/keys.ts';
import { formatMistake, parseConfiguration } from '../../src/config/parse.ts';

const ROUTER = 'router: {as: 65000, id: 192.0.2.1, listen: [127.0.0.1:1790]}\n';

function accepted(text: string, file = '/etc/graftd/graftd.yaml'): Configuration {
  const { configuration, mistakes } = parseConfiguration(text, file);
  if (!configuration) throw new Error(mistakes.map((mistake) => formatMistake(file, mistake)).join('\n'));
  return configuration;
}

/** The mistakes as `line:column path: message`. */
function refused(text: string): string[] {
  const { mistakes = [] } = parseConfiguration(text, 'graftd.yaml');
  return mistakes.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

function neighbor(keys: string): string[] {
  return refused(`${ROUTER}neighbors:\n  - {address: 192.0.2.2, as: 64500, ${keys}}\n`);
}

test('the example of the documentation means what it says', (t) => {
  const text = `
router:
  as: 65000
  id: 192.0.2.1                  # BGP Identifier
  listen: [127.0.0.1:1790]       # [] for none
chassis:
  blades: 4
  line-cards: 1
  control: ./graftd.sock
  allow-faults: false
  state: ./graftd.db
defaults:
  hold-time: 90
neighbors:
  - address: 192.0.2.2
    as: 64500
    port: 179
    local-address: 192.0.2.1
    passive: false
    families: [ipv4-unicast, ipv6-unicast]
    import: accept
    export: accept
    blade: 2
`;
  t.deepEqual(accepted(text), {
    router: {
      as: 65000,
      id: '192.0.2.1',
      idNumber: 0xc0000201,
      listen: [{ address: '127.0.0.1', port: 1790 }],
      alwaysCompareMed: false,
      missingMedAsWorst: false,
    },
    chassis: {
      blades: 4,
      lineCards: 1,
      control: '/etc/graftd/graftd.sock',
      allowFaults: false,
      bladeMemory: 1024,
      heartbeatLimit: 5,
      poisonLimit: 3,
      rehearse: true,
      restartWait: 60,
      state: '/etc/graftd/graftd.db',
    },
    rpki: { caches: [] },
    neighbors: [
      {
        address: '192.0.2.2',
        as: 64500,
        external: true,
        port: 179,
        localAddress: '192.0.2.1',
        passive: false,
        families: ['ipv4-unicast', 'ipv6-unicast'],
        import: 'accept',
        export: 'accept',
        holdTime: 90,
        connectRetryTime: 120,
        localAsNoPrepend: false,
        localAsReplaceAs: false,
        extendedMessages: false,
        extendedNextHop: false,
        gracefulRestart: 'helper',
        restartTime: 120,
        longLivedStaleTime: 0,
        tellStale: false,
        weight: 0,
        nextHopSelf: false,
        routeReflectorClient: false,
        routeServerClient: false,
        originate: [],
        defaultOriginate: false,
        disableMalformedFamilies: false,
        roleStrict: false,
        enforceFirstAs: false,
        asOverride: false,
        gracefulShutdown: false,
        passBlackhole: false,
        bestExternal: false,
        evaluate: 'best',
        blade: 2,
      },
    ],
    neighborRanges: [],
    policies: [],
  });
});

test('what is left out has its default', (t) => {
  const { router, chassis, neighbors } = accepted('router: {as: 1, id: 1.1.1.1}', '/srv/x.yaml');
  t.deepEqual(router.listen, [{ address: '0.0.0.0', port: 179 }]);
  t.deepEqual(chassis, {
    blades: DEFAULT_BLADES,
    lineCards: 1,
    control: '/srv/graftd.sock',
    allowFaults: false,
    bladeMemory: 1024,
    heartbeatLimit: 5,
    poisonLimit: 3,
    rehearse: true,
    restartWait: 60,
    state: '/srv/graftd.db',
  });
  t.deepEqual(neighbors, []);
});

test('paths start from the folder of the file, absolute ones stay', (t) => {
  const { chassis } = accepted(
    `${ROUTER}chassis: {control: /run/g.sock, state: ../g.db}`,
    '/etc/graftd/a.yaml',
  );
  t.is(chassis.control, '/run/g.sock');
  t.is(chassis.state, '/etc/g.db');
});

test('a neighbour has its own keys first, then the defaults, then those of the table', (t) => {
  const { neighbors } = accepted(`${ROUTER}
defaults: {as: 64500, hold-time: 30, import: accept, families: [ipv6-unicast]}
neighbors:
  - {address: 192.0.2.2}
  - {address: 192.0.2.3, hold-time: 0, as: 64501, export: reject}
`);
  t.like(neighbors[0], { as: 64500, holdTime: 30, import: 'accept', families: ['ipv6-unicast'], port: 179 });
  t.like(neighbors[1], { as: 64501, holdTime: 0, import: 'accept', export: 'reject' });
});

test('without a policy an eBGP neighbour gives and gets nothing, an iBGP one everything (RFC 8212)', (t) => {
  const { neighbors } = accepted(`${ROUTER}
neighbors:
  - {address: 192.0.2.2, as: 64500}
  - {address: 192.0.2.3, as: 65000}
  - {address: 192.0.2.4, as: 64500, import: accept}
`);
  t.like(neighbors[0], { external: true, import: 'reject', export: 'reject' });
  t.like(neighbors[1], { external: false, import: 'accept', export: 'accept' });
  t.like(neighbors[2], { import: 'accept', export: 'reject' });
});

test('the family is that of the address where none is given', (t) => {
  const { neighbors } = accepted(`${ROUTER}
neighbors:
  - {address: 192.0.2.2, as: 64500}
  - {address: 2001:DB8:0::2, as: 64500}
`);
  t.deepEqual(neighbors[0]!.families, ['ipv4-unicast']);
  t.deepEqual(neighbors[1]!.families, ['ipv6-unicast']);
  t.is(neighbors[1]!.address, '2001:db8::2');
});

test('IPv6 can be listened on', (t) => {
  const { router } = accepted('router: {as: 1, id: 1.1.1.1, listen: ["[::1]:1790", "[::]:179"]}');
  t.deepEqual(router.listen, [
    { address: '::1', port: 1790 },
    { address: '::', port: 179 },
  ]);
});

test('anchors and aliases are followed', (t) => {
  const { neighbors } = accepted(`${ROUTER}
neighbors:
  - {address: 192.0.2.2, as: &as 64500, families: &f [ipv6-unicast]}
  - {address: 192.0.2.3, as: *as, families: *f}
`);
  t.like(neighbors[1], { as: 64500, families: ['ipv6-unicast'] });
});

test('all mistakes are told at once, each with its place, in the order of the file', (t) => {
  t.deepEqual(
    refused(`routr: 5
router:
  as: 0
  id: 192.0.2.1
chassis:
  blades: 2
  controll: ./x.sock
defaults:
  hold-time: 2
neighbors:
  - address: 192.0.2.2
    as: 64500
    blade: 2
    import: acept
  - addres: 192.0.2.3
    as: 64501
  - address: 192.0.2.2
    as: 64502
`),
    [
      '1:1 routr: "routr" is not a key of the configuration; did you mean "router"?',
      '3:7 router.as: must not be 0 (RFC 7607)',
      '7:3 chassis.controll: "controll" is not a key of "chassis"; did you mean "control"?',
      '9:14 defaults.hold-time: must be 0 (no keepalives) or at least 3 seconds (RFC 4271), not 2',
      '13:12 neighbors[0].blade: there is no blade 2; the blades are 0 to 1 ("blades" in the chassis section)',
      '14:13 neighbors[0].import: there is no policy "acept"; did you mean "accept"?',
      '15:5 neighbors[1].addres: "addres" is not a key of a neighbour; did you mean "address"?',
      '15:5 neighbors[1].address: is missing. The address of the neighbour; a link-local one with the interface that it is on, like fe80::1%eth0.',
      '17:14 neighbors[2].address: 192.0.2.2 is the address of neighbors[0] already',
    ],
  );
});

test('two spellings of an IPv6 address are one neighbour', (t) => {
  const text = `${ROUTER}neighbors:\n  - {address: 2001:db8::1, as: 1}\n  - {address: 2001:DB8:0:0::1, as: 1}\n`;
  t.deepEqual(refused(text), [
    '4:15 neighbors[1].address: 2001:db8::1 is the address of neighbors[0] already',
  ]);
});

const LISTEN: [value: string, message: RegExp][] = [
  ['127.0.0.1', /needs a port: 127.0.0.1:179/],
  ['127.0.0.1:0', /port must be from 1 to 65535/],
  ['127.0.0.1:65536', /port must be from 1 to 65535/],
  ['"::1"', /needs brackets .* "\[::1\]:179"/],
  ['"::1:1790"', /needs brackets .* "\[::1\]:1790"/],
  ['"[127.0.0.1]:179"', /must be an address and a port/],
  ['localhost:179', /must be an address and a port/],
  ['1790', /must be an address and a port/],
  ['"[::1"', /needs brackets/],
];
for (const [value, message] of LISTEN) {
  test(`listen: ${value} is refused`, (t) => {
    const mistakes = refused(`router: {as: 1, id: 1.1.1.1, listen: [${value}]}`);
    t.is(mistakes.length, 1);
    t.regex(mistakes[0]!, message);
  });
}

const NEIGHBOR: [keys: string, message: RegExp][] = [
  ['hold-time: 1', /hold-time: must be 0 .* at least 3/],
  ['hold-time: 65536', /hold-time: must be from 0 to 65535/],
  ['hold-time: "90"', /hold-time: is text; write the number without quotes: 90/],
  ['hold-time: 90.5', /hold-time: must be a whole number/],
  ['hold-time: ', /hold-time: has no value/],
  ['hold-time: 30, keepalive-time: 30', /keepalive-time: must be below the hold-time of 30/],
  ['hold-time: 0, keepalive-time: 30', /keepalive-time: has no meaning with hold-time 0/],
  ['port: 0', /port: must be from 1 to 65535, not 0/],
  ['passive: yes', /passive: must be true or false, not yes/],
  ['families: []', /families: must name at least one/],
  ['families: [ipv4]', /families\[0\]: there is no address family "ipv4"; did you mean "ipv4-unicast"\?/],
  ['families: [ipv6-unicast, ipv6-unicast]', /families\[1\]: stands twice/],
  ['families: ipv4-unicast', /families: must be a list/],
  ['import: my-policy', /import: there is no policy "my-policy"; it is one of: accept, reject/],
  ['export: true', /export: there is no policy "true"/],
  ['local-address: "::1"', /local-address: ::1 and 192.0.2.2 are not of one family/],
  ['local-address: fe80::1%eth0', /local-address: fe80::1%eth0 and 192.0.2.2 are not of one family/],
  ['next-hop-ipv6: fe80::1', /next-hop-ipv6: fe80::1 is link-local, and means nothing beyond its link/],
  ['next-hop-ipv4: "::1"', /next-hop-ipv4: must be an IPv4 address, not ::1/],
  ['next-hop-ipv6: 192.0.2.1', /next-hop-ipv6: must be an IPv6 address/],
  ['blade: 20', /blade: there is no blade 20; /],
  ['blade: -1', /blade: must be from 0/],
  ['description: [a]', /description: must be a single value; a value that begins with \[ needs quotes/],
  ['description: 5', /description: must be text; put it in quotes: "5"/],
  ['holdtime: 5', /"holdtime" is not a key of a neighbour; did you mean "hold-time"\?/],
  ['local-adress: 192.0.2.1', /did you mean "local-address"\?/],
  ['<<: {port: 5}', /graftd has no merge keys, use "defaults"/],
];
for (const [keys, message] of NEIGHBOR) {
  test(`a neighbour with ${keys} is refused`, (t) => {
    const mistakes = neighbor(keys);
    t.is(mistakes.length, 1, mistakes.join('\n'));
    t.regex(mistakes[0]!, message);
  });
}

const ADDRESSES: [address: string, message: RegExp][] = [
  ['192.0.2', /must be an IPv4 or IPv6 address, not 192.0.2/],
  ['192.0.2.2/24', /must be an address without a prefix length: 192.0.2.2/],
  ['224.0.0.1', /is a multicast address/],
  ['0.0.0.0', /is the unspecified address/],
  ['250.1.1.1', /is reserved/],
  ['"ff02::1"', /is a multicast address/],
  ['fe80::1', /is link-local: say on which interface, like fe80::1%eth0/],
  ['fe80::1%2', /a zone is for link-local ones, and the name of an interface/],
  ['fe80::1%an-interface-with-a-name', /a zone is for link-local ones/],
  ['2001:db8::1%eth0', /a zone is for link-local ones/],
  ['example.net', /must be an IPv4 or IPv6 address/],
  ['5', /must be an IPv4 or IPv6 address, not 5/],
];
for (const [address, message] of ADDRESSES) {
  test(`no neighbour has the address ${address}`, (t) => {
    const mistakes = refused(`${ROUTER}neighbors: [{address: ${address}, as: 1}]`);
    t.is(mistakes.length, 1, mistakes.join('\n'));
    t.regex(mistakes[0]!, message);
  });
}

test('a link-local address is a neighbour’s on its interface, and has one key on all', (t) => {
  const with2 = (first: string, second: string): string =>
    `${ROUTER}neighbors: [{address: FE80:0::1%eth0, as: 1, ${first}}, {address: fe80::1%eth1, as: 1, ${second}}]`;
  const read = accepted(with2('local-address: fe80::2', 'local-address: fe80::2%eth1'));
  t.deepEqual(
    read.neighbors.map(({ address }) => address),
    ['fe80::1%eth0', 'fe80::1%eth1'],
  );
  for (const [first, second, message] of [
    ['password: a', 'password: b', /neighbors\[1\].password: must be that of neighbors\[0\]/],
    ['passive: true', 'password: b', /neighbors\[1\].password: must be that of neighbors\[0\]/],
    ['local-address: fe80::2%eth1', 'port: 1', /local-address: fe80::2%eth1 and fe80::1%eth0 are not on one/],
    ['port: 1', 'local-address: "2001:db8::1"', /local-address: .* must both be link-local, or neither/],
  ] as const) {
    const mistakes = refused(with2(first, second));
    t.is(mistakes.length, 1, mistakes.join('\n'));
    t.regex(mistakes[0]!, message);
  }
});

const AS_NUMBERS: [as: string, message: RegExp][] = [
  ['1.10', /asdot notation; write it as one number: 65546/],
  ['AS64500', /written without "AS": 64500/],
  ['4294967296', /must be from 1 to 4294967295/],
  ['65535', /is reserved \(RFC 7300\)/],
  ['4294967295', /is reserved \(RFC 7300\)/],
  ['23456', /is AS_TRANS/],
];
for (const [as, message] of AS_NUMBERS) {
  test(`no router has the AS number ${as}`, (t) => {
    const mistakes = refused(`router: {as: ${as}, id: 1.1.1.1}`);
    t.is(mistakes.length, 1, mistakes.join('\n'));
    t.regex(mistakes[0]!, message);
  });
}

test('the router must have an id that is not zero, the neighbour an AS', (t) => {
  t.regex(refused('router: {as: 1, id: 0.0.0.0}')[0]!, /1:21 router.id: must not be 0.0.0.0/);
  t.regex(refused('router: {as: 1, id: 5}')[0]!, /must be four numbers/);
  t.regex(refused('router: {as: 1}')[0]!, /1:9 router.id: is missing/);
  t.regex(refused(`${ROUTER}neighbors: [{address: 1.1.1.1}]`)[0]!, /2:13 neighbors\[0\].as: is missing/);
});

test('a passive neighbour needs something that listens', (t) => {
  const text =
    'router: {as: 1, id: 1.1.1.1, listen: []}\nneighbors: [{address: 1.1.1.2, as: 1, passive: true}]';
  t.regex(refused(text).join(), /2:48 neighbors\[0\].passive: the neighbour can never come up/);
});

test('a control socket has a path that the operating system can take', (t) => {
  const text = `${ROUTER}chassis: {control: /tmp/${'x'.repeat(110)}.sock}`;
  t.regex(refused(text).join(), /2:20 chassis.control: is 120 bytes long .* 107 at most/);
});

const BROKEN: [what: string, text: string, message: RegExp][] = [
  ['a tab as indentation', 'router:\n\tas: 1', /^2:1 : a tab cannot indent/],
  ['an open bracket', 'router: [', /^1:10 : not YAML/],
  [
    'an IPv6 address without quotes',
    'router:\n  listen:\n    - [::1]:179\n',
    /^3:12 : not YAML: .*in quotes/,
  ],
  ['two documents', 'router: {as: 1, id: 1.1.1.1}\n---\nx: 1', /second document/],
  ['a key that stands twice', `${ROUTER}router: {as: 1, id: 1.1.1.1}`, /^2:1 : this key stands twice/],
  ['a list instead of sections', '- 1\n- 2', /must be a configuration/],
  ['a word', 'hello', /must be a configuration/],
  ['nothing', '', /router.as: is missing/],
  ['an alias for nothing', 'router: *x', /there is no anchor &x|Unresolved alias/],
  ['a neighbour that is no section', `${ROUTER}neighbors: [1.1.1.1]`, /neighbors\[0\]: must be a neighbour/],
  ['neighbours that are no list', `${ROUTER}neighbors: {a: 1}`, /neighbors: must be a list/],
];
for (const [what, text, message] of BROKEN) {
  test(`a file with ${what} is refused, with the place`, (t) => t.regex(refused(text).join('\n'), message));
}

test('empty sections are as good as none', (t) => {
  t.is(accepted(`${ROUTER}chassis:\ndefaults:\nneighbors:\n`).chassis.blades, DEFAULT_BLADES);
});

test('a group’s keys hold where its neighbours say nothing, and a group can be of another one', (t) => {
  const { neighbors } = accepted(`${ROUTER}
defaults: {hold-time: 30, import: reject}
groups:
  customers: {as: 64500, import: accept, max-prefixes: 100}
  big-customers: {group: customers, max-prefixes: 1000, hold-time: 60}
neighbors:
  - {address: 192.0.2.2, group: customers}
  - {address: 192.0.2.3, group: big-customers, as: 64501, hold-time: 9}
  - {address: 192.0.2.4, group: big-customers}
`);
  t.like(neighbors[0], { as: 64500, import: 'accept', maxPrefixes: 100, holdTime: 30, port: 179 });
  t.like(neighbors[1], { as: 64501, import: 'accept', maxPrefixes: 1000, holdTime: 9 });
  t.like(neighbors[2], { as: 64500, maxPrefixes: 1000, holdTime: 60, export: 'reject' });
});

test('what is wrong with groups is said where it stands', (t) => {
  const wrong = refused(`${ROUTER}groups:
  a: {group: b, hold-time: 1}
  b: {group: a}
  2c: {}
  d: {group: aa, adress: 1}
neighbors:
  - {address: 192.0.2.2, as: 1, group: custmers}
  - {address: 192.0.2.3, group: a}
`);
  t.deepEqual(wrong, [
    '3:28 groups.a.hold-time: must be 0 (no keepalives) or at least 3 seconds (RFC 4271), not 1',
    '4:14 groups.b.group: goes round in a circle: a → b → a',
    '5:7 groups.2c: "2c" is no name; letters, digits, - and _, a letter first',
    '6:14 groups.d.group: there is no group "aa"; did you mean "a"?',
    '6:18 groups.d.adress: "adress" is not a key of a group',
    '8:40 neighbors[0].group: there is no group "custmers"; it is one of: a, b, d',
    "9:5 neighbors[1].as: is missing. The AS number of the neighbour; the router's own for iBGP, external for whichever other one it says.",
  ]);
});

test('local-as is for neighbours in other ASes', (t) => {
  t.deepEqual(neighbor('local-as: 65000'), ['3:47 neighbors[0].local-as: is the AS of this router already']);
  t.regex(neighbor('local-as: 64500')[0] ?? '', /is the AS of the neighbour/);
  t.regex(neighbor('local-as: 23456')[0] ?? '', /AS_TRANS/);
  t.regex(neighbor('local-as-replace-as: true')[0] ?? '', /has no meaning without local-as/);
  t.deepEqual(neighbor('local-as: 64999, local-as-no-prepend: true'), []);
});

test('a change that comes to nothing in the direction of its policy is refused', (t) => {
  const policies = [
    'policies:',
    '  out: [{set: {weight: 5}, call: both, then: accept}]',
    '  in: [{call: both, then: accept}, {set: {next-hop: self}, then: accept}]',
    '  both: [{set: {weight: 5, next-hop: self}}]',
    '  nobodys: [{set: {weight: 5}}]',
    'neighbors: [{address: 192.0.2.2, as: 64500, import: in, export: out}]',
  ];
  t.deepEqual(refused(`${ROUTER}${policies.join('\n')}\n`), [
    '3:24 policies.out statement 1.set.weight: has no effect on export: nobody is told of a weight. Set it in the import policy of the neighbours that tell the routes',
    '4:53 policies.in statement 2.set.next-hop: has no effect on import: our own address is put in where a route is told. Set it in an export policy, or name an address',
  ]);
});

test('what is left of a wrong item is not taken for another one', (t) => {
  t.deepEqual(
    refused(`${ROUTER}policies: {p: [{then: accept}, {thne: accept}, {thne: reject}, {then: accept}]}\n`),
    [
      '2:33 policies.p statement 2.thne: "thne" is not a key of a statement; did you mean "then"?',
      '2:49 policies.p statement 3.thne: "thne" is not a key of a statement; did you mean "then"?',
      '2:64 policies.p statement 4: stands twice in the list',
    ],
  );
});

test('who says its AS itself is in another one, and that is known', (t) => {
  const learnt = (keys: string, router = ROUTER): string[] =>
    refused(`${router}neighbors:\n  - {address: 192.0.2.2, ${keys}}\n`);
  t.deepEqual(learnt('as: external, enforce-first-as: true, local-as: 64999'), []);
  t.deepEqual(learnt('as: external, next-hop-self: true, route-reflector-client: true'), [
    '3:85 neighbors[0].route-reflector-client: is for iBGP neighbours, and "as: external" makes this one an eBGP neighbour',
  ]);
  t.deepEqual(learnt('as: extern'), [
    '3:30 neighbors[0].as: must be an AS number, or external for whatever other AS it says, not extern',
  ]);
  t.deepEqual(learnt('as: internal'), [
    '3:30 neighbors[0].as: of an iBGP neighbour is the number of router.as',
  ]);
  const member = ROUTER.replace('id:', 'confederation: {id: 64999, members: [65001]}, id:');
  t.deepEqual(learnt('as: external', member), [
    '3:30 neighbors[0].as: must be said by its number in a confederation: it decides whether the neighbour is inside (RFC 5065)',
  ]);
});

test('a range of neighbours says what those are that call from it', (t) => {
  const { neighborRanges } = accepted(`${ROUTER}
groups: {customers: {as: 64500, import: accept}}
neighbor-ranges:
  - {range: "192.0.2.0/24", group: customers}
  - {range: "2001:DB8::/32", as: 65000, limit: 5, idle-time: 9}
`);
  t.like(neighborRanges[0], { range: '192.0.2.0/24', limit: 100, idleTime: 60 });
  t.like(neighborRanges[0]?.template, { as: 64500, external: true, passive: true, import: 'accept' });
  t.like(neighborRanges[1], { range: '2001:db8::/32', limit: 5, idleTime: 9 });
  t.like(neighborRanges[1]?.template, { families: ['ipv6-unicast'], external: false, export: 'accept' });
  const wrong = refused(`${ROUTER}neighbor-ranges:
  - {range: 192.0.2.1, as: 1}
  - {range: 192.0.2.1/24, as: 1, port: 179}
  - {range: 10.0.0.0/8}
  - {range: 10.0.0.0/8, as: 1}
`);
  t.deepEqual(wrong, [
    '3:13 neighbor-ranges[0].range: must be a prefix like 192.0.2.0/24, not 192.0.2.1',
    '4:13 neighbor-ranges[1].range: has bits behind its length; the prefix is 192.0.2.0/24',
    '4:34 neighbor-ranges[1].port: "port" is not a key of a range of neighbours; did you mean "import"?',
    "5:5 neighbor-ranges[2].as: is missing. The AS number of the neighbour; the router's own for iBGP, external for whichever other one it says.",
    '6:13 neighbor-ranges[3].range: 10.0.0.0/8 is neighbor-ranges[2] already',
  ]);
});

test('a route of the router itself stands once, in originate or in aggregates', (t) => {
  const text = `router:
  as: 65000
  id: 192.0.2.1
  originate: [{prefix: 10.0.0.0/8}, {prefix: "2001:db8::/32"}]
  aggregates: [{prefix: "2001:db8::/32"}, {prefix: 10.1.0.0/16}, {prefix: 10.1.0.0/16, med: 5}]
`;
  t.deepEqual(
    parseConfiguration(text, 'x.yaml').mistakes?.map(({ path: at, message }) => `${at}: ${message}`),
    [
      'router.aggregates[0].prefix: 2001:db8::/32 is router.originate[1] already',
      'router.aggregates[2].prefix: 10.1.0.0/16 is router.aggregates[1] already',
    ],
  );
});
