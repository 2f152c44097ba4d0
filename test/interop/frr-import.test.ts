/**
 * What FRR's configurations mean: FRR runs with one, graftd with what `chassis import frr` makes of it, between the same
 * neighbours, and each tells them the same. The configuration has lists and route maps made at random, of everything that is
 * carried over: many neighbours are told one table, each through other filters.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse, stringify } from 'yaml';
import { Random } from '../../src/base/random.ts';
import { neighborKeys, routerKeys } from '../../src/config/keys.ts';
import { type Converted, convertFrr } from '../../src/frr/convert.ts';
import { ByteSink, WordSink } from '../../src/lab/arrays.ts';
import { writeAttributes } from '../../src/lab/attributes.ts';
import { encodeFeed, type Feed } from '../../src/lab/feed.ts';
import { newPrefixColumns, type Routes } from '../../src/lab/routes.ts';
import { Speaker } from '../../src/lab/speaker.ts';
import { compareTold, type ToldSnapshot } from '../../src/lab/told.ts';
import { Child } from './child.ts';
import { frr } from './daemons/index.ts';
import { loopbackNetwork, type Network } from './network.ts';
import { Hopeless, until } from './wait.ts';

/** GRAFTD_SEED makes another configuration and another table. */
const DEFAULT_SEED = 7606;
const SEED = Number(process.env.GRAFTD_SEED ?? DEFAULT_SEED);
const PREFIXES = 1500;
const SETS = 120;
/** Neighbours that are told, each through filters of its own. */
const RECEIVERS = 24;
const ROUTER_AS = 65000;
const SENDER_AS = 64999;
/** Tells the same prefixes: which of the two is believed is for weights to say, and then for the rest of the decision. */
const OTHER_AS = 64998;
const ASES = [3356, 174, 64500, 64501, 13335, 1299, 65010, 17];
const COMMUNITIES = [64500 * 65536 + 1, 64500 * 65536 + 100, 65010 * 65536 + 7, 3356 * 65536 + 123];

function pick<T>(random: Random, all: readonly T[]): T {
  return all[random.below(all.length)] as T;
}

function some<T>(random: Random, all: readonly T[], most: number): T[] {
  return Array.from({ length: random.below(most + 1) }, () => pick(random, all));
}

/** A table of few ASes and communities in all combinations. */
function table(random: Random, as: number): Feed {
  const places = new Random(SEED ^ 0x91);
  const sink = new ByteSink();
  const starts = new WordSink();
  for (let set = 0; set < SETS; set++) {
    starts.push(sink.length);
    writeAttributes(sink, {
      origin: random.below(3),
      path: [as, ...some(random, ASES, 4)],
      inAsSet: 0,
      nextHop: 0xc0000263,
      med: random.below(2) === 0 ? undefined : random.below(3) * 10,
      localPref: undefined,
      atomic: false,
      aggregator: 0,
      aggregatorAddress: 0,
      communities: [...new Set(some(random, COMMUNITIES, 3))].sort((a, b) => a - b),
    });
  }
  starts.push(sink.length);
  const v4 = newPrefixColumns(1, PREFIXES);
  const seen = new Set<string>();
  for (let i = 0; i < PREFIXES; ) {
    const length = 8 + places.below(18);
    const word = ((20 + places.below(8)) << 24) | (places.u32() & 0xffffff);
    const address = (word & (~0 << (32 - length))) >>> 0;
    if (seen.has(`${address}/${length}`)) continue;
    seen.add(`${address}/${length}`);
    v4.address[i] = address;
    v4.length[i] = length;
    v4.set[i] = random.below(SETS);
    i++;
  }
  const sets = { count: SETS, start: starts.finish(), bytes: sink.finish() };
  const routes: Routes = { v4, v6: newPrefixColumns(4, 0), sets, nextHop6: new Uint8Array(16) };
  return encodeFeed(routes);
}

const communityName = (value: number): string => `${value >>> 16}:${value & 0xffff}`;

/** Lists of all kinds, with entries that permit and deny in any order. */
function lists(random: Random): string[] {
  const lines: string[] = [];
  const action = (): string => (random.below(3) > 0 ? 'permit' : 'deny');
  for (let list = 0; list < 8; list++) {
    for (let entry = 1; entry <= 1 + random.below(6); entry++) {
      const length = 6 + random.below(10);
      const address = `${20 + random.below(8)}.${random.below(256)}.0.0/${length}`;
      const from = length + 1 + random.below(10);
      const range = pick(random, [
        '',
        ` le ${from}`,
        ` ge ${from}`,
        ` ge ${from} le ${Math.min(32, from + random.below(6))}`,
      ]);
      const what = random.below(8) === 0 ? 'any' : `${address}${range}`;
      lines.push(`ip prefix-list P${list} seq ${entry * 5} ${action()} ${what}`);
    }
    for (let entry = 1; entry <= 1 + random.below(3); entry++) {
      const as = pick(random, ASES);
      const expression = pick(random, [
        `_${as}_`,
        `^${SENDER_AS}_${as}`,
        `_${as}$`,
        `_1[0-9]+_`,
        '^[0-9]+$',
        '.*',
      ]);
      lines.push(`bgp as-path access-list A${list} seq ${entry * 5} ${action()} ${expression}`);
    }
    for (let entry = 1; entry <= 1 + random.below(3); entry++) {
      lines.push(
        `bgp community-list standard C${list} seq ${entry * 5} ${action()} ${communityName(pick(random, COMMUNITIES))}`,
      );
    }
  }
  return lines;
}

/**
 * One route map. `metric`: it may ask for MULTI_EXIT_DISC; only on import, because FRR takes what came from an eBGP neighbour
 * away before it asks an export map.
 */
function routeMap(random: Random, name: string, others: readonly string[], metric: boolean): string[] {
  const lines: string[] = [];
  for (let order = 10; order <= 10 * (1 + random.below(5)); order += 10) {
    const permit = random.below(4) > 0;
    lines.push(`route-map ${name} ${permit ? 'permit' : 'deny'} ${order}`);
    if (random.below(2) === 0) lines.push(` match ip address prefix-list P${random.below(8)}`);
    if (random.below(3) === 0) lines.push(` match as-path A${random.below(8)}`);
    if (random.below(3) === 0) lines.push(` match community C${random.below(8)}`);
    if (metric && random.below(3) === 0) lines.push(` match metric ${10 + 10 * random.below(2)}`);
    if (random.below(6) === 0) lines.push(` match origin ${pick(random, ['igp', 'egp', 'incomplete'])}`);
    if (permit) {
      if (random.below(3) === 0)
        lines.push(` set metric ${pick(random, metric ? ['5', '77', '+3'] : ['5', '77'])}`);
      if (metric && random.below(2) === 0) lines.push(` set weight ${pick(random, [0, 50, 100, 150])}`);
      if (random.below(4) === 0) lines.push(` set origin ${pick(random, ['igp', 'egp', 'incomplete'])}`);
      if (random.below(3) === 0)
        lines.push(
          ` set community ${communityName(pick(random, COMMUNITIES))}${pick(random, ['', ' additive'])}`,
        );
      else if (random.below(6) === 0) lines.push(' set community none');
      if (random.below(5) === 0) lines.push(` set comm-list D${random.below(2)} delete`);
      if (random.below(4) === 0)
        lines.push(` set as-path prepend ${pick(random, ASES)} ${pick(random, ASES)}`);
      if (random.below(4) === 0 && others.length > 0) lines.push(` call ${pick(random, others)}`);
      const end = random.below(5);
      if (end === 0) lines.push(' on-match next');
      if (end === 1) lines.push(` on-match goto ${order + 10 + 10 * random.below(3)}`);
    }
    lines.push('exit', '!');
  }
  return lines;
}

const receiver = (network: Network, i: number): string =>
  network.endpoint(1, 4).address.replace(/\d+$/, String(100 + i));

function configuration(random: Random, network: Network): string {
  const router = network.endpoint(10, 4);
  const sender = network.endpoint(2, 4).address;
  const other = network.endpoint(3, 4).address;
  const maps: string[] = [];
  const lines: string[] = [];
  for (let i = 0; i < RECEIVERS + 6; i++) {
    lines.push(...routeMap(random, `M${i}`, maps, i === 0));
    // Something has to come in.
    if (i === 0) lines.push(...WEIGHED, 'route-map M0 permit 99', 'exit');
    if (i > 0) maps.push(`M${i}`);
  }
  const neighbors = Array.from({ length: RECEIVERS }, (_, i) => {
    const address = receiver(network, i);
    const filters = [
      ` neighbor ${address} route-map M${i + 6} out`,
      ...(random.below(4) === 0 ? [` neighbor ${address} prefix-list P${random.below(8)} out`] : []),
      ...(random.below(4) === 0 ? [` neighbor ${address} filter-list A${random.below(8)} out`] : []),
    ];
    return [
      ` neighbor ${address} remote-as ${i % 2 === 0 ? 64600 + i : 'external'}`,
      ` neighbor ${address} peer-group told`,
      ...(DEFAULTS[i] === undefined ? [] : [` neighbor ${address} ${DEFAULTS[i]}`]),
      ...(random.below(8) === 0 ? filters.slice(1) : filters),
    ].join('\n');
  });
  return [
    ...lists(random),
    'bgp as-path access-list WEIGHTY permit _3356_',
    'bgp as-path access-list EQUAL permit _174_',
    'route-map DEFAULT permit 10',
    ' set metric 7',
    ` set community ${communityName(COMMUNITIES[0] as number)}`,
    'exit',
    `bgp community-list standard D0 permit ${communityName(COMMUNITIES[0] as number)}`,
    `bgp community-list standard D1 permit ${communityName(COMMUNITIES[1] as number)}`,
    ...lines,
    `router bgp ${ROUTER_AS}`,
    ` bgp router-id ${router.address}`,
    ' no bgp ebgp-requires-policy',
    ' bgp allow-martian-nexthop',
    ' no bgp network import-check',
    ' network 192.0.2.0/24',
    // It would wait up to ten seconds for more neighbours to be told the same.
    ' coalesce-time 0',
    ' neighbor told peer-group',
    ' neighbor told passive',
    ' neighbor told ebgp-multihop',
    ' neighbor told advertisement-interval 0',
    ' neighbor told timers 30 90',
    // FRR would keep the route that it had first.
    ' bgp bestpath compare-routerid',
    ` neighbor ${other} remote-as ${OTHER_AS}`,
    ` neighbor ${other} passive`,
    ` neighbor ${other} ebgp-multihop`,
    ` neighbor ${other} weight 50`,
    ` neighbor ${sender} remote-as ${SENDER_AS}`,
    ` neighbor ${sender} passive`,
    ` neighbor ${sender} ebgp-multihop`,
    ` neighbor ${sender} route-map M0 in`,
    ...neighbors,
    '',
  ].join('\n');
}

/** The first receivers are told a default route of their own. */
const DEFAULTS = ['default-originate', 'default-originate', 'default-originate route-map DEFAULT'];

/** Of what M0 has not decided, some is worth more than what the other sender tells, some as much, and the rest less. */
const WEIGHED = [
  'route-map M0 permit 97',
  ' match as-path WEIGHTY',
  ' set weight 80',
  'exit',
  'route-map M0 permit 98',
  ' match as-path EQUAL',
  ' set weight 50',
  'exit',
];

/** What each receiver was told by the router that listens now. */
async function told(t: ExecutionContext, network: Network, feeds: readonly Feed[]): Promise<ToldSnapshot[]> {
  const { address: host, port } = network.endpoint(10, 4);
  const speaker = (localAs: number, localAddress: string): Speaker =>
    new Speaker({
      localAs,
      remoteAs: ROUTER_AS,
      routerId: localAddress,
      localAddress,
      connect: { host, port },
    });
  const receivers = Array.from({ length: RECEIVERS }, (_, i) => speaker(64600 + i, receiver(network, i)));
  const sender = speaker(SENDER_AS, network.endpoint(2, 4).address);
  const other = speaker(OTHER_AS, network.endpoint(3, 4).address);
  const all = [sender, other, ...receivers];
  try {
    await Promise.all(all.map((each) => each.start()));
    await Promise.all(all.map((each) => each.up()));
    await Promise.all([sender, other].map((each, i) => each.send(feeds[i] as Feed)));
    await Promise.all(receivers.map((each) => each.quiet(3000)));
    for (const each of receivers) t.is(each.stats().resets, 0, each.stats().lastDown);
    return receivers.map((each) => each.table().v4);
  } finally {
    await Promise.all(all.map((each) => each.close()));
  }
}

async function startFrr(network: Network, text: string): Promise<Child> {
  const folder = path.join(network.folder, 'frr');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'bgpd.conf'), text);
  const { address, port } = network.endpoint(10, 4);
  const command = [
    ...['/usr/lib/frr/bgpd', '--no_kernel', '--no_zebra', '--skip_runas', '-p', String(port), '-l', address],
    ...[
      '-P',
      '0',
      '--vty_socket',
      folder,
      '-i',
      path.join(folder, 'pid'),
      '-f',
      path.join(folder, 'bgpd.conf'),
    ],
    ...['--log', `file:${path.join(folder, 'log')}`],
  ];
  return new Child(command, { network, logFile: path.join(folder, 'out'), cwd: folder });
}

async function startGraftd(network: Network, { yaml }: Converted): Promise<Child> {
  const folder = path.join(network.folder, 'graftd');
  mkdirSync(folder);
  const { address, port } = network.endpoint(10, 4);
  const made = parse(yaml) as { router: object };
  const whole = {
    ...made,
    router: { ...made.router, listen: [`${address}:${port}`] },
    chassis: { blades: 2, rehearse: false },
  };
  const file = path.join(folder, 'graftd.yaml');
  writeFileSync(file, stringify(whole));
  const child = new Child([process.execPath, path.resolve('dist/src/cli/main.js'), 'run', file], {
    network,
    logFile: path.join(folder, 'log'),
    cwd: folder,
  });
  await until('graftd to be ready', () => {
    if (child.status !== undefined) throw new Hopeless(child.log());
    return /\bready\b/.test(child.log());
  });
  return child;
}

test('graftd with what was made of an FRR configuration tells every neighbour what FRR tells it', async (t) => {
  const network = loopbackNetwork();
  t.teardown(() => network.close());
  const missing = frr.missing(network);
  if (missing !== undefined) {
    t.log(`skipped: ${missing}`);
    t.pass();
    return;
  }
  const random = new Random(SEED);
  const feeds = [SENDER_AS, OTHER_AS].map((as) => table(random, as));
  const text = configuration(random, network);
  const made = convertFrr(text, new Set(Object.keys(neighborKeys)), new Set(Object.keys(routerKeys)));
  const unexpected = made.left.filter(({ reason }) => !/never matches|is no such list/.test(reason));
  t.deepEqual(
    unexpected.map(({ text: line, reason }) => `${line}: ${reason}`),
    [],
  );
  const child = await startFrr(network, text);
  t.teardown(() => child.stop());
  const expected = await told(t, network, feeds);
  await child.stop();
  const graftd = await startGraftd(network, made);
  t.teardown(() => graftd.stop());
  const found = await told(t, network, feeds);
  let routes = 0;
  const wrong: string[] = [];
  for (const [i, table] of expected.entries()) {
    routes += table.count;
    const { onlyA, onlyB, differing, examples } = compareTold(found[i] as ToldSnapshot, table, {
      ignoreNextHop: true,
    });
    if (onlyA + onlyB + differing > 0) {
      wrong.push(
        `M${i + 6}: ${onlyA} more, ${onlyB} less, ${differing} others, of ${table.count}: ${examples.join(', ')}`,
      );
    }
  }
  t.deepEqual(wrong, [], `seed ${SEED}`);
  t.log(`${made.carried} lines carried over, ${made.left.length} not; ${routes} routes told`);
  // Other seeds may have a map that lets nothing in.
  t.true(routes > 1000 || SEED !== DEFAULT_SEED);
});
