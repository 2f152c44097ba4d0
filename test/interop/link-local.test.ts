/**
 * Next hops of a global and a link-local address (RFC 2545 3): graftd is on one link with BIRD and FRR, a virtual cable between two
 * network namespaces, and each says itself what it has of the other. What BIRD tells goes on to FRR with graftd's own addresses.
 */
import test from 'ava';
import type { GraftReport, RouteRow } from '../../src/chassis/operations.ts';
import { connect, type End, endpointAt, namespace } from './cable.ts';
import type { Bird } from './daemons/bird.ts';
import { zebraMissing } from './daemons/frr.ts';
import { bird, frr } from './daemons/index.ts';
import { prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { startGraftd } from './witness.ts';

const COUNT = 20;
const ROUTER = { host: 10, as: 65_000 };
const BIRD = { host: 1, as: 65_001 };
const FRR = { host: 2, as: 65_002 };
const onLink = (host: number): string => `2001:db8:2545::${host.toString(16)}`;

const cable = (name: string, linkLocal: string, hosts: readonly number[]): End => ({
  name,
  addresses: [...hosts.map(onLink), linkLocal],
});

test('global and link-local next hops, of BIRD and to BIRD and FRR', async (t) => {
  const [here, there] = [await namespace(t), await namespace(t)].map(
    (network) => network && endpointAt(network, onLink),
  );
  const missing = [bird, frr]
    .flatMap((kind) => (there === undefined ? [] : (kind.missing(there) ?? [])))
    .concat(zebraMissing() ?? []);
  if (
    here === undefined ||
    there === undefined ||
    missing.length > 0 ||
    !connect(here, there, [
      cable('cable0', 'fe80::10', [ROUTER.host]),
      cable('cable1', 'fe80::1', [BIRD.host, FRR.host]),
    ])
  ) {
    t.log(`skipped: ${missing.join(', ') || 'no network namespaces with a link between them here'}`);
    t.pass();
    return;
  }
  const families = ['ipv6'] as const;
  const router = { ...here.endpoint(ROUTER.host, 6), as: ROUTER.as, families, passive: true };
  const originate = Array.from({ length: COUNT }, (_, i) => ({ prefix: prefixAt('ipv6', i) }));
  const at = { network: there, neighbors: [router] };
  // Where it is on the link it says so itself.
  const direct = [{ ...router, lines: ['direct;'] }];
  const sender = (await bird.start({ ...at, ...BIRD, name: 'bird', neighbors: direct, originate })) as Bird;
  t.teardown(() => sender.stop());
  const receiver = await frr.start({
    ...at,
    ...FRR,
    name: 'frr',
    zebra: true,
  });
  t.teardown(() => receiver.stop());
  const own = [{ prefix: '2001:db8:77::/48' }];
  const graftd = await startGraftd(t, {
    network: here,
    ...ROUTER,
    neighbors: [BIRD, FRR].map(({ host, as }) => ({
      ...there.endpoint(host, 6),
      as,
      families,
      keys: { originate: own },
    })),
  });

  // What FRR has: the global address of graftd and the link-local one.
  const hops = async (): Promise<string[]> => {
    const { routes } = JSON.parse(
      await receiver.ask(`show bgp ipv6 unicast neighbors ${router.address} routes json`),
    ) as {
      routes: Record<string, { nexthops: { ip: string; scope: string }[] }[]>;
    };
    return Object.values(routes).map(([route]) =>
      (route?.nexthops ?? [])
        .map(({ ip, scope }) => `${scope} ${ip}`)
        .sort()
        .join(', '),
    );
  };
  const expected = `global ${onLink(ROUTER.host)}, link-local fe80::10`;
  await until('FRR to have all routes', async () => (await hops()).length === COUNT + 1);
  t.deepEqual([...new Set(await hops())], [expected]);
  // BIRD: both, of what graftd itself originates.
  const held = async (): Promise<string> => sender.ask('show route 2001:db8:77::/48 all');
  await until('BIRD to have its route', async () => /BGP.next_hop/.test(await held()));
  t.regex(await held(), new RegExp(`BGP.next_hop: ${onLink(ROUTER.host)} fe80::10`));
  // And what BIRD told.
  const rows: RouteRow[] = [];
  const filter = { neighbor: onLink(BIRD.host) };
  for await (const batch of graftd.client.stream<RouteRow>('show received', filter)) rows.push(...batch);
  const told = rows.map(({ nextHop, linkLocalNextHop }) => `${nextHop} ${linkLocalNextHop}`);
  t.deepEqual(told, new Array(COUNT).fill(`${onLink(BIRD.host)} fe80::1`));
  // After a graft the same is said of what comes then.
  for (const { host } of [BIRD, FRR]) {
    const { blade } = await graftd.session(onLink(host));
    const report = await graftd.client.call<GraftReport>('graft', { neighbor: onLink(host), to: 1 - blade });
    t.is(report.neighborUpdatesSent, 0);
  }
  await sender.announce([{ prefix: prefixAt('ipv6', COUNT) }]);
  await until('FRR to have one more', async () => (await hops()).length === COUNT + 2);
  t.deepEqual([...new Set(await hops())], [expected]);
});
