/**
 * What RFCs leave to the operator, neighbour by neighbour, with real daemons around one graftd of two blades, which say
 * themselves what they got: reflection (RFC 4456), roles (RFC 9234), private ASes, route server clients (RFC 7947), and
 * communities that keep routes (RFC 1997, RFC 7999, RFC 8326).
 */
import test from 'ava';
import type { Bird } from './daemons/bird.ts';
import { bird, type Daemon, type DaemonKind, type DaemonOptions, frr, gobgp } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import type { Announcement } from './routes.ts';
import { until } from './wait.ts';
import { endWith, networkFor } from './witness.ts';

const AS = 65_000;
const ROUTER = 10;

/** Of the client, of another internal neighbour, and of one outside. */
const CLIENT: Announcement[] = [
  { prefix: '10.1.0.0/24', asPath: [64_496] },
  { prefix: '10.1.1.0/24', asPath: [64_496, 64_600, 64_497] },
  { prefix: '10.1.2.0/24', communities: ['65535:666'] },
];
const OTHER: Announcement[] = [{ prefix: '10.2.0.0/24', asPath: [64_498] }];
const OUTSIDE: Announcement[] = [
  { prefix: '10.4.0.0/24', asPath: [64_499] },
  { prefix: '10.4.1.0/24', communities: ['65535:0'] },
];

/** Of graftd itself. */
const OWN = [{ prefix: '192.0.2.0/24', med: 7, communities: ['65000:5'] }];
const DEFAULT = [{ prefix: '0.0.0.0/0' }];

/** Where all of them are. */
const SHARED = ['10.77.0.0/16', '192.0.2.0/24'];

interface Place {
  readonly kind: DaemonKind;
  readonly host: number;
  readonly as: number;
  readonly originate?: readonly Announcement[];
  /** In the daemon's words, and in ours. */
  readonly lines?: readonly string[];
  readonly keys?: Readonly<Record<string, unknown>>;
}

const PLACES: readonly Place[] = [
  { kind: bird, host: 1, as: AS, originate: CLIENT, keys: { 'route-reflector-client': true } },
  { kind: bird, host: 2, as: AS, originate: OTHER },
  { kind: frr, host: 3, as: AS, keys: { originate: OWN } },
  {
    kind: bird,
    host: 4,
    as: 65_004,
    originate: OUTSIDE,
    lines: ['local role customer;'],
    keys: { 'local-role': 'provider' },
  },
  { kind: bird, host: 5, as: 65_005, lines: ['local role provider;'], keys: { 'local-role': 'provider' } },
  {
    kind: frr,
    host: 6,
    as: 65_006,
    keys: { 'remove-private-as': 'all', 'graceful-shutdown': true, 'shared-subnets': SHARED },
  },
  { kind: gobgp, host: 7, as: 65_007, keys: { 'route-server-client': true, 'pass-blackhole': true } },
  {
    kind: frr,
    host: 8,
    as: 64_497,
    lines: ['local-role customer strict-mode'],
    keys: { 'local-role': 'provider', 'as-override': true, 'default-originate': true },
  },
];

test('what is chosen for a neighbour is what it sees: BIRD, FRR and GoBGP', async (t) => {
  const network = await networkFor(t, bird, frr, gobgp);
  if (network === undefined) return;
  const router = network.endpoint(ROUTER, 4);
  const optionsOf = (place: Place): DaemonOptions => ({
    network,
    name: `host${place.host}`,
    host: place.host,
    as: place.as,
    neighbors: [{ ...router, as: AS, families: ['ipv4'], passive: true, lines: place.lines ?? [] }],
    originate: place.originate ?? [],
  });
  const daemons = new Map<number, Daemon>();
  await Promise.all(
    PLACES.map(async (place) => daemons.set(place.host, await place.kind.start(optionsOf(place)))),
  );
  endWith(t, daemons.values());
  const graftd = await Graftd.start({
    network,
    name: 'graftd',
    host: ROUTER,
    as: AS,
    blades: 2,
    neighbors: PLACES.map(({ host, as, keys }) => ({
      ...network.endpoint(host, 4),
      as,
      families: ['ipv4'],
      keys: keys ?? {},
    })),
  });
  t.teardown(async () => void (await graftd.stop()));

  const seen = async (host: number) => await daemons.get(host)!.routes('ipv4', router.address);
  const prefixes = async (host: number) => [...(await seen(host)).keys()].sort();
  const has = async (host: number, ...expected: Announcement[][]) => {
    const wanted = expected
      .flat()
      .map(({ prefix }) => prefix)
      .sort();
    await until(
      `host ${host} to have ${wanted}`,
      async () => `${await prefixes(host)}` === `${wanted}`,
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}; it has ${await prefixes(host)}\n${graftd.log()}`);
    });
  };
  const text = (host: number, prefix: string): Promise<string> =>
    (daemons.get(host) as Bird).ask(`show route ${prefix} all`);

  // RFC 4456 6: to the client everything, to the others what the client and those outside told.
  await has(1, OTHER, OUTSIDE);
  await has(2, CLIENT, OUTSIDE);
  await has(3, CLIENT, OUTSIDE, OWN);
  const reflected = await text(2, '10.1.0.0/24');
  t.regex(reflected, new RegExp(`BGP.originator_id: ${network.endpoint(1, 4).address}`));
  t.regex(reflected, new RegExp(`BGP.cluster_list: ${router.address}`));
  t.regex(await text(1, '10.2.0.0/24'), /BGP.originator_id/, 'to the client, too');
  t.notRegex(await text(2, '10.4.0.0/24'), /BGP.originator_id/, 'what comes from outside is not reflected');
  t.is((await seen(2)).get('10.1.0.0/24')?.nextHop, daemons.get(1)!.nextHop('ipv4'), 'RFC 4456 10');

  // What it originates itself, without any AS in front inside the AS.
  const own = (await seen(3)).get('192.0.2.0/24');
  t.like(own, { asPath: '', nextHop: graftd.nextHop('ipv4'), med: 7, communities: ['65000:5'] });

  // RFC 8326: whoever is told of it by us prefers any other route.
  t.regex(await text(2, '10.4.1.0/24'), /BGP.local_pref: 0/);

  // RFC 9234: a customer gets the mark; a neighbour that is the wrong thing gets nothing.
  const [open] = [CLIENT.slice(0, 2)];
  await has(4, open, OTHER);
  t.regex(await text(4, '10.1.0.0/24'), /BGP.otc: 65000/);
  await until('BIRD to see the role mismatch', () => /role/i.test(daemons.get(5)!.log()));
  t.false((await graftd.session(network.endpoint(5, 4).address)).state === 'Established');

  // Private ASes go, and who is told that the session goes.
  await has(6, open, OTHER, OUTSIDE);
  const private6 = await seen(6);
  t.is(private6.get('10.1.1.0/24')?.asPath, '65000 64496 64497');
  t.deepEqual(private6.get('10.1.0.0/24')?.communities, ['65535:0']);

  t.is(
    private6.get('10.4.0.0/24')?.nextHop,
    daemons.get(4)!.nextHop('ipv4'),
    'RFC 4271 5.1.3: on one network',
  );

  // RFC 7947: as if there was no route server; RFC 7999: where it is passed.
  await has(7, CLIENT, OTHER, OUTSIDE);
  const transparent = await seen(7);
  t.is(transparent.get('10.4.0.0/24')?.asPath, '65004 64499');
  t.is(transparent.get('10.4.0.0/24')?.nextHop, daemons.get(4)!.nextHop('ipv4'));

  await has(8, open, OTHER, OUTSIDE, DEFAULT);
  t.is((await seen(8)).get('10.1.1.0/24')?.asPath, '65000 64496 64600 65000');
  t.like((await seen(8)).get('0.0.0.0/0'), { asPath: '65000', nextHop: graftd.nextHop('ipv4') });
});
