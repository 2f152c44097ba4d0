/** IPv4 routes by way of IPv6 (RFC 8950), over sessions that have no other address: with BIRD, FRR and GoBGP, who say what they have. */
import test from 'ava';
import { bird, type Daemon, frr, gobgp } from './daemons/index.ts';
import { type Announcement, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { endWith, networkFor, startGraftd } from './witness.ts';

const COUNT = 50;
const ROUTER = { host: 10, as: 65000 };
const PLACES = [
  { kind: bird, host: 1, as: 65001 },
  { kind: frr, host: 2, as: 65002 },
  { kind: gobgp, host: 3, as: 65003 },
];

const routesOf = (place: number): Announcement[] =>
  Array.from({ length: COUNT }, (_, i) => ({ prefix: prefixAt('ipv4', place * 1000 + i) }));

interface FrrTable {
  readonly routes: Readonly<Record<string, readonly { nexthops: { ip: string; scope?: string }[] }[]>>;
}

/** The routes that a daemon has from graftd, in words. FRR's dump has no IPv6 next hop for IPv4: it is asked for JSON. */
async function heldBy(daemon: Daemon, router: string): Promise<string[]> {
  if (daemon.kind !== 'frr') {
    const routes = await daemon.routes('ipv4', router);
    return [...routes].map(([prefix, { nextHop }]) => `${prefix} via ${nextHop}`);
  }
  const { routes } = JSON.parse(
    await daemon.ask(`show bgp ipv4 unicast neighbors ${router} routes json`),
  ) as FrrTable;
  return Object.entries(routes).map(([prefix, [route]]) => `${prefix} via ${route?.nexthops[0]?.ip}`);
}

test('BIRD, FRR and GoBGP have IPv4 routes through graftd with IPv6 next hops, and no IPv4 address anywhere', async (t) => {
  const network = await networkFor(t, bird, frr, gobgp);
  if (network === undefined) return;
  if (network.kind === 'loopback') {
    t.log('skipped: it needs a network namespace, for IPv6 addresses that are not loopback');
    t.pass();
    return;
  }
  const families = ['ipv4', 'ipv6'] as const;
  const router = { ...network.endpoint(ROUTER.host, 6), as: ROUTER.as, families };
  const daemons: Daemon[] = await Promise.all(
    PLACES.map(({ kind, host, as }, place) =>
      kind.start({
        network,
        name: kind.kind,
        host,
        as,
        neighbors: [{ ...router, passive: true }],
        originate: routesOf(place),
        extendedNextHop: true,
      }),
    ),
  );
  endWith(t, daemons);
  const graftd = await startGraftd(t, {
    network,
    ...ROUTER,
    neighbors: PLACES.map(({ host, as }) => ({
      ...network.endpoint(host, 6),
      as,
      families,
      'extended-next-hop': true,
    })),
  });

  for (const [place, daemon] of daemons.entries()) {
    const others = PLACES.flatMap((_, other) => (other === place ? [] : routesOf(other)));
    const expected = others.map(({ prefix }) => `${prefix} via ${router.address}`);
    let found: string[] = [];
    await until(`${daemon.kind} to have the routes of the other`, async () => {
      found = await heldBy(daemon, router.address);
      return found.length >= others.length;
    });
    t.deepEqual(found.sort(), expected.sort(), daemon.kind);
  }
  // What it received has the next hops that they told.
  const hops = new Set([...(await graftd.bestRoutes('ipv4')).values()].map(({ nextHop }) => nextHop));
  t.deepEqual([...hops].sort(), PLACES.map(({ host }) => network.endpoint(host, 6).address).sort());
});
