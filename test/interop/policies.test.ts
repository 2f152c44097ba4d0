/**
 * One policy in three languages: BIRD's filters, FRR's route maps and ours, over the same real table. An eBGP and an iBGP
 * neighbour of each router are told the same routes with the same attributes.
 *
 *   sender ── import policy ── router ── export policy ── eBGP receiver
 *                                 └───── accept ───────── iBGP receiver, which sees LOCAL_PREF too
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { AttributeFlag, AttributeType } from '../../src/bgp/attribute-table.ts';
import { encodeFeed, type Feed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { feedsFromMrt } from '../../src/lab/mrt-feeds.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { prefixText, type Routes } from '../../src/lab/routes.ts';
import { Speaker } from '../../src/lab/speaker.ts';
import { dataFile } from '../support/data.ts';
import { Child } from './child.ts';
import { findProgram } from './daemons/daemon.ts';
import { bird, frr } from './daemons/index.ts';
import { loopbackNetwork, type Network } from './network.ts';
import { Hopeless, until } from './wait.ts';

const AS = 65_000;
const SENDER = { host: 1, as: 64_999 };
const OUTSIDE = { host: 2, as: 64_998 };
const INSIDE = { host: 3, as: AS };
const NEIGHBORS = [SENDER, OUTSIDE, INSIDE] as const;
const FILE = 'mrt/routeviews-rib.20140523.0600.first9072.gz';

interface Table {
  readonly feed: Feed;
  /** The prefixes of customers: exact ones, and ones with all that is within, up to /24. */
  readonly exact: readonly string[];
  readonly within: readonly string[];
}

async function realOrGenerated(t: ExecutionContext): Promise<Table> {
  const file = dataFile(FILE);
  let routes: Routes;
  if (file === undefined) {
    t.log('the real data is not present: a generated table');
    routes = routesFor(generateTable({ seed: 4, ipv4: 6000, ipv6: 0 }), {
      neighborAs: SENDER.as,
      nextHop: '192.0.2.77',
      seed: 4,
    });
  } else {
    const [found] = await feedsFromMrt(file, [{ as: SENDER.as, nextHop: '192.0.2.77' }]);
    ({ routes } = found!);
  }
  const texts = Array.from({ length: routes.v4.count }, (_, row) => prefixText(routes.v4, row));
  // Few, because FRR takes its time to read a prefix list: 8 s for 1,300 entries, half a second for 400.
  return {
    feed: encodeFeed(routes, { seed: 4 }),
    exact: texts.filter((_, i) => i % 40 === 0),
    within: texts.filter((text, i) => i % 30 === 1 && Number(text.split('/')[1]) < 24),
  };
}

const BOGONS = ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '192.168.0.0/16', '1.0.0.0/16', '224.0.0.0/3'];

/** Reject bogons, lengths, long paths, paths by ASes 20000 to 20999; mark customers, then routes by communities, then origins. */
function ours({ exact, within }: Table): object {
  // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
  return {
    'prefix-sets': {
      bogons: BOGONS.map((prefix) => `${prefix}+`),
      customers: [...exact, ...within.map((prefix) => `${prefix} le 24`)],
    },
    'as-path-sets': { unwanted: ['_20[0-9][0-9][0-9]_'] },
    policies: {
      in: [
        { if: { prefix: 'bogons' }, then: 'reject' },
        { unless: { length: '8-24' }, then: 'reject' },
        { unless: { 'path-length': '0-6' }, then: 'reject' },
        { if: { 'as-path': 'unwanted' }, then: 'reject' },
        { set: { community: { remove: '65000:*' } } },
        {
          if: { prefix: 'customers' },
          set: { 'local-pref': 200, community: { add: '65000:100' } },
          then: 'accept',
        },
        {
          if: { community: '*:2000-3099' },
          set: { 'local-pref': 150, med: 20, community: { add: '65000:200' } },
          then: 'accept',
        },
        { if: { origin: 'incomplete' }, set: { 'local-pref': 80, 'prepend-as': [64_999] } },
        { then: 'accept' },
      ],
      out: [
        {
          if: { community: ['65000:100', '65000:200'] },
          set: { med: 50, prepend: 2, community: { remove: '65000:*' } },
          then: 'accept',
        },
      ],
    },
  };
  // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
}

const birdFilters = ({ exact, within }: Table): string => `
define BOGONS = [ ${BOGONS.map((prefix) => `${prefix}+`).join(', ')} ];
define CUSTOMERS = [ ${[...exact, ...within.map((prefix) => `${prefix}{${prefix.split('/')[1]},24}`)].join(', ')} ];
filter policy_in {
  if net ~ BOGONS then reject;
  if net.len < 8 || net.len > 24 then reject;
  if bgp_path.len > 6 then reject;
  if bgp_path ~ [= * 20000..20999 * =] then reject;
  bgp_community.delete([(65000, *)]);
  if net ~ CUSTOMERS then { bgp_local_pref = 200; bgp_community.add((65000, 100)); accept; }
  if bgp_community ~ [(*, 2000..3099)] then {
    bgp_local_pref = 150; bgp_med = 20; bgp_community.add((65000, 200)); accept;
  }
  if bgp_origin = ORIGIN_INCOMPLETE then { bgp_local_pref = 80; bgp_path.prepend(64999); }
  accept;
}
filter policy_out {
  if bgp_community ~ [(65000, 100), (65000, 200)] then {
    bgp_community.delete([(65000, *)]); bgp_med = 50; bgp_path.prepend(65000); bgp_path.prepend(65000); accept;
  }
  reject;
}`;

const frrMaps = ({ exact, within }: Table): string => `
${BOGONS.map((prefix) => `ip prefix-list BOGONS permit ${prefix} le 32`).join('\n')}
${exact.map((prefix) => `ip prefix-list CUSTOMERS permit ${prefix}`).join('\n')}
${within.map((prefix) => `ip prefix-list CUSTOMERS permit ${prefix} le 24`).join('\n')}
ip prefix-list LENGTHS permit 0.0.0.0/0 ge 8 le 24
bgp as-path access-list LONG permit ^([^ ]+ ){6}
bgp as-path access-list UNWANTED permit _20[0-9][0-9][0-9]_
bgp community-list expanded OURS permit ^65000:
bgp community-list standard TOLD permit 65000:100
bgp community-list standard TOLD permit 65000:200
bgp community-list expanded MARKED permit :(2[0-9][0-9][0-9]|30[0-9][0-9])( |$)
route-map IN deny 10
 match ip address prefix-list BOGONS
route-map IN deny 20
 match as-path LONG
route-map IN deny 30
 match as-path UNWANTED
route-map IN permit 40
 match ip address prefix-list LENGTHS
 call REST
exit
route-map REST permit 5
 set comm-list OURS delete
 on-match next
route-map REST permit 10
 match ip address prefix-list CUSTOMERS
 set local-preference 200
 set community 65000:100 additive
route-map REST permit 20
 match community MARKED
 set local-preference 150
 set metric 20
 set community 65000:200 additive
route-map REST permit 30
 match origin incomplete
 set local-preference 80
 set as-path prepend 64999
route-map REST permit 40
exit
route-map OUT permit 10
 match community TOLD
 set comm-list OURS delete
 set metric 50
 set as-path prepend 65000 65000
exit`;

/** A router that listens at an address of its own, and waits for all three. */
interface Router {
  readonly name: string;
  readonly host: number;
  start(network: Network, table: Table): Promise<Child>;
}

const addressOf = (network: Network, host: number): string => network.endpoint(host, 4).address;

function folderOf(network: Network, name: string): string {
  const folder = path.join(network.folder, name);
  mkdirSync(folder);
  return folder;
}

const GRAFTD: Router = {
  name: 'graftd',
  host: 10,
  async start(network, table) {
    const folder = folderOf(network, 'graftd');
    const { address, port } = network.endpoint(this.host, 4);
    const file = path.join(folder, 'graftd.yaml');
    const policies = (host: number) =>
      host === SENDER.host
        ? ['in', 'reject']
        : host === OUTSIDE.host
          ? ['reject', 'out']
          : ['reject', 'accept'];
    const neighbors = NEIGHBORS.map(({ host, as }) => {
      const [into, out] = policies(host);
      return { address: addressOf(network, host), as, passive: true, import: into, export: out };
    });
    const whole = {
      router: { as: AS, id: address, listen: [`${address}:${port}`] },
      chassis: { blades: 2, rehearse: false },
      ...ours(table),
      neighbors,
    };
    writeFileSync(file, stringify(whole));
    const command = [process.execPath, path.resolve('dist/src/cli/main.js'), 'run', file];
    const child = new Child(command, { network, logFile: path.join(folder, 'log'), cwd: folder });
    await until('graftd to be ready', () => {
      if (child.status !== undefined) throw new Hopeless(child.log());
      return /\bready\b/.test(child.log());
    });
    return child;
  },
};

const BIRD: Router = {
  name: 'BIRD',
  host: 11,
  async start(network, table) {
    const folder = folderOf(network, 'bird');
    const { address, port } = network.endpoint(this.host, 4);
    const filters = (host: number): string =>
      host === SENDER.host
        ? 'import filter policy_in; export none;'
        : `import none; export ${host === OUTSIDE.host ? 'filter policy_out' : 'all'};`;
    const protocols = NEIGHBORS.map(
      ({ host, as }) => `protocol bgp n${host} {
  local ${address} port ${port} as ${AS}; neighbor ${addressOf(network, host)} as ${as};
  multihop; strict bind on; passive on;
  ipv4 { igp table igp4; next hop keep; ${filters(host)} };
}`,
    );
    const text = `log stderr all;\nrouter id ${address};\nprotocol device {}
ipv4 table igp4;
protocol static { ipv4 { table igp4; }; route 0.0.0.0/0 via "lo"; }
${birdFilters(table)}\n${protocols.join('\n')}\n`;
    writeFileSync(path.join(folder, 'bird.conf'), text);
    const command = [
      findProgram('bird')!,
      '-f',
      '-c',
      'bird.conf',
      '-s',
      path.join(folder, 'ctl'),
      '-P',
      'pid',
    ];
    return new Child(command, { network, logFile: path.join(folder, 'log'), cwd: folder });
  },
};

const FRR: Router = {
  name: 'FRR',
  host: 12,
  async start(network, table) {
    const folder = folderOf(network, 'frr');
    const { address, port } = network.endpoint(this.host, 4);
    const neighbors = NEIGHBORS.flatMap(({ host, as }) =>
      [
        `remote-as ${as}`,
        'passive',
        'timers 30 90',
        'advertisement-interval 0',
        ...(as === AS ? [] : ['ebgp-multihop']),
        ...(host === SENDER.host ? ['route-map IN in'] : []),
        ...(host === OUTSIDE.host ? ['route-map OUT out'] : []),
      ].map((line) => ` neighbor ${addressOf(network, host)} ${line}`),
    );
    const text = [
      frrMaps(table),
      `router bgp ${AS}`,
      ` bgp router-id ${address}`,
      ' no bgp ebgp-requires-policy',
      ' bgp allow-martian-nexthop',
      ' coalesce-time 0',
      ...neighbors,
      '',
    ].join('\n');
    const file = path.join(folder, 'bgpd.conf');
    writeFileSync(file, text);
    const command = [
      '/usr/lib/frr/bgpd --no_kernel --no_zebra --skip_runas -P 0',
      `-p ${port} -l ${address} --vty_socket ${folder} -i ${folder}/pid -f ${file} --log file:${folder}/log`,
    ];
    const words = command.join(' ').split(' ');
    return new Child(words, { network, logFile: path.join(folder, 'out'), cwd: folder });
  },
};

/** Prefix to attributes, as two receivers have them. */
async function told(network: Network, { host }: Router, feed: Feed): Promise<Map<string, string>[]> {
  const { address, port } = network.endpoint(host, 4);
  const [sender, ...receivers] = NEIGHBORS.map(
    (each) =>
      new Speaker({
        localAs: each.as,
        remoteAs: AS,
        routerId: addressOf(network, each.host),
        localAddress: addressOf(network, each.host),
        connect: { host: address, port },
        keepAttributes: true,
      }),
  ) as [Speaker, Speaker, Speaker];
  const all = [sender, ...receivers];
  try {
    await Promise.all(all.map((each) => each.start()));
    await Promise.all(all.map((each) => each.up()));
    await sender.send(feed);
    await Promise.all(receivers.map((each) => each.quiet(3000)));
    for (const each of all) if (each.stats().resets > 0) throw new Error(each.stats().lastDown);
    return receivers.map(tableOf);
  } finally {
    await Promise.all(all.map((each) => each.close()));
  }
}

function tableOf(speaker: Speaker): Map<string, string> {
  const table = new Map<string, string>();
  const snapshot = speaker.table().v4;
  const known = new Map<string, string>();
  for (let row = 0; row < snapshot.count; row++) {
    const key = `${snapshot.low[row]} ${snapshot.high[row]} ${snapshot.nextHop[row]}`;
    let text = known.get(key);
    if (text === undefined) {
      text = inWords(speaker.receiver.attributesOf(snapshot as never, row)!);
      known.set(key, text);
    }
    table.set(prefixText({ ...snapshot, set: snapshot.low } as never, row), text);
  }
  return table;
}

/** Attributes in the order of their types, communities in theirs; without flags, and without the next hop. */
function inWords(bytes: Uint8Array): string {
  const found: [type: number, text: string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const long = ((bytes[at] as number) & AttributeFlag.ExtendedLength) !== 0;
    const type = bytes[at + 1] as number;
    const length = long
      ? ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
      : (bytes[at + 2] as number);
    at += long ? 4 : 3;
    const text = Buffer.from(bytes.subarray(at, at + length)).toString('hex');
    at += length;
    if (type === AttributeType.NextHop) continue;
    const sorted = type === AttributeType.Communities ? (text.match(/.{8}/g) ?? []).sort().join(' ') : text;
    // What was told without one, and lost the last one, is the same.
    if (type !== AttributeType.Communities || sorted !== '') found.push([type, sorted]);
  }
  return found
    .sort(([a], [b]) => a - b)
    .map((each) => each.join(':'))
    .join(' ');
}

test('a policy in BIRD’s language, in FRR’s and in ours lets the same routes through, with the same attributes', async (t) => {
  const network = loopbackNetwork();
  t.teardown(() => network.close());
  const missing = bird.missing(network) ?? frr.missing(network);
  if (missing !== undefined) {
    t.log(`skipped: ${missing}`);
    t.pass();
    return;
  }
  const table = await realOrGenerated(t);
  const results = await Promise.all(
    [GRAFTD, BIRD, FRR].map(async (router) => {
      const child = await router.start(network, table);
      t.teardown(() => child.stop());
      const tables = await told(network, router, table.feed).catch((error: Error) => {
        throw new Error(`${router.name}: ${error.message}\n${child.log()}`);
      });
      return { name: router.name, tables };
    }),
  );
  const [graftd, ...others] = results as [(typeof results)[number], ...typeof results];
  const [outside, inside] = graftd.tables as [Map<string, string>, Map<string, string>];
  t.log(`${table.feed.announced} routes: ${inside.size} accepted, ${outside.size} told outside`);
  t.true(inside.size < table.feed.announced * 0.95 && inside.size > table.feed.announced / 2);
  t.true(outside.size < inside.size * 0.9 && outside.size > 100);
  for (const { name, tables } of others)
    for (const [i, theirs] of tables.entries())
      t.deepEqual(differences(graftd.tables[i]!, theirs), [], `${name}, ${['outside', 'inside'][i]}`);
});

function differences(mine: ReadonlyMap<string, string>, theirs: ReadonlyMap<string, string>): string[] {
  const all = new Set([...mine.keys(), ...theirs.keys()]);
  const found = [...all].filter((prefix) => mine.get(prefix) !== theirs.get(prefix));
  return found
    .slice(0, 5)
    .map((prefix) => `${prefix}: ${mine.get(prefix) ?? 'absent'}, theirs ${theirs.get(prefix) ?? 'absent'}`)
    .concat(found.length > 5 ? [`and ${found.length - 5} more`] : []);
}
