/**
 * ExaBGP as a scripted source of attributes that are rare: known ones with rare values, ones that are not known, families that were
 * not agreed upon. A speaker behind graftd has to be told each as the RFCs have it, and both sessions stay.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { startBox, until } from '../chassis/support/box.ts';
import { RawNeighbour } from '../chassis/support/raw-neighbour.ts';
import { type Judged, judge } from '../support/judge.ts';
import { Child } from './child.ts';
import { findProgram } from './daemons/daemon.ts';
import { loopbackNetwork } from './network.ts';

const EXABGP = '127.1.7.1';
const WITNESS = '127.1.7.2';
const AS = 64501;

/** What is scripted, and what the witness is told: attributes by name, or nothing at all. */
interface Rare {
  readonly prefix: string;
  readonly line: string;
  readonly told?: Readonly<Record<string, string>>;
  /** The attributes' octets in the message, in hexadecimal. */
  readonly octets?: RegExp;
}

// biome-ignore format: one line per rule
const ROUTES: readonly Rare[] = [
  { prefix: '10.1.0.0/24', line: 'origin egp', told: { origin: 'egp', 'as-path': '65000 64501' } },
  { prefix: '10.1.1.0/24', line: 'as-path [ 64501 4200000000 64501 ]', told: { 'as-path': '65000 64501 4200000000 64501' } },
  { prefix: '10.1.2.0/24', line: 'as-path [ 64501 ( 64999 64998 ) ]', told: { 'as-path': '65000 64501 {64999,64998}' } },
  { prefix: '10.1.3.0/24', line: 'med 4294967295', told: { 'as-path': '65000 64501' } },
  { prefix: '10.1.4.0/24', line: 'community [ 64501:1 65000:666 0:0 ]', told: { community: '64501:1 65000:666 0:0' } },
  { prefix: '10.1.5.0/24', line: 'community [ no-export ]' },
  { prefix: '10.1.6.0/24', line: 'community [ no-advertise ]' },
  { prefix: '10.1.16.0/24', line: 'community [ 65535:666 ]' },
  { prefix: '10.1.7.0/24', line: 'large-community [ 4294967295:0:4294967295 1:2:3 ]', told: { 'large-community': '4294967295:0:4294967295 1:2:3' } },
  { prefix: '10.1.8.0/24', line: 'extended-community [ target:64501:7 0x4300000000000001 ]', told: { 'extended-community': String(0x0002n << 48n | 64501n << 32n | 7n) } },
  { prefix: '10.1.9.0/24', line: 'aggregator ( 4200000001:192.0.2.9 ) atomic-aggregate', octets: /400600.*c00708fa56ea01c0000209/ },
  { prefix: '10.1.10.0/24', line: 'attribute [ 0x63 0xc0 0x0102030405 ]', octets: /e063050102030405/ },
  { prefix: '10.1.11.0/24', line: 'attribute [ 0x64 0x80 0x0a0b ]', octets: /^(?!.*64020a0b)/ },
  { prefix: '10.1.12.0/24', line: 'attribute [ 0x1a 0x80 0x01000b000000000000000a ]', octets: /^(?!.*801a0b)/ },
  { prefix: '10.1.13.0/24', line: 'originator-id 192.0.2.1 cluster-list [ 192.0.2.2 ] local-preference 7', told: { 'as-path': '65000 64501' } },
  { prefix: '10.1.14.0/24', line: 'attribute [ 0x28 0xc0 0x05002500 ]', octets: /e0280405002500/ },
  { prefix: '10.1.15.0/24', line: `as-path [ ${new Array(120).fill(AS).join(' ')} ]`, told: { 'as-path': `65000 ${new Array(120).fill(AS).join(' ')}` } },
];

function configuration(port: number): string {
  const routes = ROUTES.map(({ prefix, line }) => `      route ${prefix} next-hop ${EXABGP} ${line};`);
  return `neighbor 127.0.0.1 {
  router-id 192.0.2.66; local-address ${EXABGP}; local-as ${AS}; peer-as 65000; connect ${port};
  family { ipv4 unicast; ipv6 unicast; ipv4 flow; }
  static {
${routes.join('\n')}
      route 2001:db8:1::/48 next-hop 2001:db8::1 med 5 community [ 64501:6 ];
  }
  flow { route rare { match { destination 10.0.0.1/32; } then { discard; } } }
}
`;
}

function startExabgp(t: ExecutionContext, program: string, text: string): Child {
  const network = loopbackNetwork();
  t.teardown(() => network.close());
  const folder = path.join(network.folder, 'exabgp');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'exabgp.conf'), text);
  const settings = [
    'daemon.user=root',
    'api.cli=false',
    'log.all=false',
    'tcp.bind=',
    'cache.attributes=false',
  ];
  const child = new Child(
    ['env', ...settings.map((each) => `exabgp.${each}`), program, path.join(folder, 'exabgp.conf')],
    {
      network,
      logFile: path.join(folder, 'log'),
      cwd: folder,
    },
  );
  t.teardown(async () => void (await child.stop()));
  return child;
}

test('what ExaBGP scripts arrives behind graftd as the RFCs have it', async (t) => {
  const program = findProgram('exabgp');
  if (program === undefined) {
    t.log('skipped: exabgp is not installed');
    t.pass();
    return;
  }
  const families = ['ipv4-unicast', 'ipv6-unicast'];
  const box = await startBox(t, {
    neighbors: [
      { address: EXABGP, as: AS, families },
      { address: WITNESS, as: 64502, families, 'next-hop-ipv6': '2001:db8::a' },
    ],
  });
  const witness = await RawNeighbour.dial(box.port, WITNESS);
  t.teardown(() => witness.close());
  await witness.establish({ as: 64502, capabilities: { multiprotocol: multiprotocolOf(3) } });
  const child = startExabgp(t, program, configuration(box.port));

  const told = new Map<string, Judged & { readonly hex: string }>();
  const expected =
    ROUTES.filter((route) => route.told !== undefined || route.octets !== undefined).length + 1;
  await until(
    `all that ExaBGP says: ${child.log()}`,
    () => {
      for (const message of witness.messages) {
        const hex = Buffer.from(message).toString('hex');
        for (const judged of judge(new Uint8Array(message), {
          fourOctetAs: true,
          external: true,
          families: 3,
        }))
          for (const route of judged.announced) told.set(route.split(' ')[0] as string, { ...judged, hex });
      }
      return told.size >= expected;
    },
    20_000,
  ).catch((error: unknown) => t.log(child.log(), String(error)));
  for (const { prefix, told: attributes, octets } of ROUTES) {
    const route = told.get(prefix);
    if (attributes === undefined && octets === undefined) {
      t.is(route, undefined, prefix);
      continue;
    }
    t.like(route?.attributes, attributes ?? { 'next-hop': '127.0.0.1' }, prefix);
    if (octets !== undefined) t.regex(route?.hex ?? '', octets, prefix);
    t.is(route?.attributes['local-preference'], undefined);
    t.is(route?.attributes.med, undefined);
  }
  t.like(told.get('2001:db8:1::/48')?.attributes, { community: '64501:6', 'next-hop': '2001:db8::a' });
  const session = await box.operator.showSession(EXABGP);
  t.is(session.state, 'Established');
  t.is(session.messagesReceived?.treatedAsWithdraw, 0);
  t.deepEqual(box.chassis.troubles, []);
});

const PATHS = '127.1.7.3';

/** Several paths of a prefix (RFC 7911), IPv4 by way of IPv6 (RFC 8950), and a signed session (RFC 2385). */
function severalPaths(port: number): string {
  return `neighbor 127.0.0.1 {
  router-id 192.0.2.67; local-address ${PATHS}; local-as ${AS}; peer-as 65000; connect ${port};
  md5-password "exabgp-and-graftd";
  capability { add-path send/receive; nexthop enable; }
  family { ipv4 unicast; ipv6 unicast; }
  add-path { ipv4 unicast; ipv6 unicast; }
  nexthop { ipv4 unicast ipv6; }
  static {
      route 10.2.0.0/24 next-hop ${PATHS} path-information 0.0.0.1 as-path [ ${AS} 64510 ];
      route 10.2.0.0/24 next-hop ${PATHS} path-information 0.0.0.2 as-path [ ${AS} 64511 64512 ];
      route 10.2.1.0/24 next-hop 2001:db8::7 path-information 0.0.0.9;
      route 2001:db8:2::/48 next-hop 2001:db8::7 path-information 0.0.0.1;
      route 2001:db8:2::/48 next-hop 2001:db8::8 path-information 0.0.0.2;
  }
}
`;
}

test('several paths and IPv6 next hops of IPv4 routes come from ExaBGP, on a signed session', async (t) => {
  const program = findProgram('exabgp');
  if (program === undefined) {
    t.log('skipped: exabgp is not installed');
    t.pass();
    return;
  }
  const families = ['ipv4-unicast', 'ipv6-unicast'];
  const addPath = { 'add-path-receive': families, 'add-path-send': families };
  const keys = { families, ...addPath, 'extended-next-hop': true, password: 'exabgp-and-graftd' };
  const box = await startBox(t, { neighbors: [{ address: PATHS, as: AS, ...keys }] });
  const child = startExabgp(t, program, severalPaths(box.port));
  const expected = [
    `10.2.0.0/24 path 1 by ${PATHS}: ${AS} 64510`,
    `10.2.0.0/24 path 2 by ${PATHS}: ${AS} 64511 64512`,
    `10.2.1.0/24 path 9 by 2001:db8::7: ${AS}`,
    `2001:db8:2::/48 path 1 by 2001:db8::7: ${AS}`,
    `2001:db8:2::/48 path 2 by 2001:db8::8: ${AS}`,
  ];
  const rows = async (): Promise<string[]> => {
    const found: RouteRow[] = [];
    for await (const batch of box.operator.showReceived(PATHS, {})) found.push(...batch);
    return found
      .map(({ prefix, path: id, nextHop, asPath }) => `${prefix} path ${id} by ${nextHop}: ${asPath}`)
      .sort();
  };
  await until('all paths', async () => (await rows()).length === expected.length, 20_000).catch(
    (error: unknown) => t.log(child.log(), String(error)),
  );
  t.deepEqual(await rows(), expected);
  const { agreed, protection } = await box.operator.showSession(PATHS);
  t.deepEqual(protection, ['TCP MD5']);
  const both = families.join(', ');
  const paths = ['received', 'sent'].map((way) => `ADD-PATH ${way} (${both})`);
  t.deepEqual(agreed, ['4-octet AS', 'extended next hops', ...paths]);
});
