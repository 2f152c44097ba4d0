/**
 * Aggregates and static routes of graftd as BIRD and FRR print them, with the feeder's session and theirs grafted all the while:
 * AGGREGATOR and ATOMIC_AGGREGATE (RFC 4271 9.2.2.2), more specific routes that "summary-only" keeps back, communities and
 * MULTI_EXIT_DISC of static routes, their next hops as a BIRD inside the AS has them, and the end of an aggregate with the last route
 * within it.
 */
import test from 'ava';
import { bird, type Daemon, frr, sessionAddress, sessionsWith } from './daemons/index.ts';
import { GraftLoop, UNDONE_AT_MOST } from './graftd.ts';
import { type Announcement, familyOf } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, networkFor, startGraftd } from './witness.ts';

const ROUTER = { host: 10, as: 65000 };
const FEEDER = { kind: bird, name: 'feeder', host: 1, as: 65001 };
const RECEIVERS = [
  { kind: bird, name: 'bird', host: 2, as: 65002 },
  { kind: frr, name: 'frr', host: 3, as: 65003 },
] as const;

/** Inside the AS it is told next hops as they are. */
const INSIDE = { host: 4, as: ROUTER.as };

/** Within 10.0.0.0/8 and 2001:db8:1::/48, which hide them; within those that do not; within nothing. */
const HIDDEN = ['10.1.0.0/24', '10.2.0.0/24', '2001:db8:1:1::/64'];
const SHOWN = ['172.16.1.0/24', '2001:db8:9:1::/64', '2001:db8:9:2::/64'];
const BESIDE = ['192.0.2.0/24', '2001:db8:2::/48'];
const FED: Announcement[] = [...HIDDEN, ...SHOWN, ...BESIDE].map((prefix) => ({ prefix, asPath: [64_500] }));

const OPEN = ['172.16.0.0/12', '2001:db8:9::/48'];
const AGGREGATES = ['10.0.0.0/8', '2001:db8:1::/48', ...OPEN];
const STATIC = [
  { prefix: '198.51.100.0/24', communities: ['65000:1', '65000:2'], med: 7, 'next-hop': '203.0.113.77' },
  { prefix: '2001:db8:3::/48', communities: ['65000:3'], med: 9, 'next-hop': '2001:db8:77::9' },
];
const STATICS = STATIC.map(({ prefix }) => prefix);

interface FrrRoute {
  readonly paths: readonly {
    readonly atomicAggregate?: boolean;
    readonly aggregatorAs?: number;
    readonly aggregatorId?: string;
    readonly metric?: number;
    readonly community?: { readonly list: readonly string[] };
    readonly aspath: { readonly string: string };
  }[];
}

test('aggregates and static routes as BIRD and FRR print them, with grafts meanwhile', async (t) => {
  const network = await networkFor(t, bird, frr);
  if (network === undefined) return;
  const places = [FEEDER, ...RECEIVERS];
  const [feeder, ...receivers] = (await Promise.all(
    places.map(({ kind, name, host, as }, i) => {
      // graftd calls: two calls that meet would stand in the daemon's log as trouble.
      const neighbors = sessionsWith(network, ROUTER).map((session) => ({ ...session, passive: true }));
      return kind.start({ network, name, host, as, neighbors, originate: i === 0 ? FED : [] });
    }),
  )) as [Daemon, Daemon, Daemon];
  const neighbors = sessionsWith(network, ROUTER);
  const inside = await bird.start({ network, name: 'inside', ...INSIDE, neighbors });
  const all = [feeder, inside, ...receivers];
  t.teardown(async () => void (await Promise.all(all.map((daemon) => daemon.stop()))));
  const graftd = await startGraftd(t, {
    network,
    ...ROUTER,
    router: {
      originate: STATIC,
      aggregates: AGGREGATES.map((prefix) => ({ prefix, 'summary-only': !OPEN.includes(prefix) })),
    },
    neighbors: [...places, INSIDE].flatMap((place) => sessionsWith(network, place)),
  });
  const loop = new GraftLoop(graftd, graftd.neighbors);
  t.teardown(async () => void (await loop.stop()));

  const has = async (...expected: string[][]): Promise<void> => {
    const wanted = expected.flat().sort();
    for (const daemon of receivers) {
      let found: string[] = [];
      await until(`${daemon.kind} to have what it is told`, async () => {
        const tables = FAMILIES.map((family) =>
          daemon.routes(family, sessionAddress(network, ROUTER.host, family)),
        );
        found = (await Promise.all(tables)).flatMap((table) => [...table.keys()]).sort();
        return `${found}` === `${wanted}`;
      }).catch((error: Error) => {
        throw new Error(`${error.message}: ${wanted}; it has ${found}\n${graftd.log()}`);
      });
    }
  };
  const [inBird, inFrr] = receivers as [Daemon, Daemon];
  const frrPath = async (prefix: string) => {
    const answer = await inFrr.ask(`show bgp ${familyOf(prefix)} unicast ${prefix} json`);
    return (JSON.parse(answer) as FrrRoute).paths[0];
  };

  await has(AGGREGATES, STATICS, SHOWN, BESIDE);
  const id = network.endpoint(ROUTER.host, 4).address;
  for (const prefix of AGGREGATES) {
    const printed = await inBird.ask(`show route ${prefix} all`);
    t.regex(printed, /BGP\.as_path: 65000$/m, prefix);
    t.regex(printed, /BGP\.atomic_aggr/, prefix);
    t.regex(printed, new RegExp(`BGP\\.aggregator: ${id} AS65000`), prefix);
    const path = await frrPath(prefix);
    t.like(path, { atomicAggregate: true, aggregatorAs: 65_000, aggregatorId: id }, prefix);
    t.is(path?.aspath.string, '65000');
  }
  for (const { prefix, communities, med } of STATIC) {
    const printed = await inBird.ask(`show route ${prefix} all`);
    t.regex(printed, new RegExp(`BGP\\.med: ${med}$`, 'm'));
    for (const each of communities)
      t.true(printed.includes(`(${each.replace(':', ',')})`), `${prefix} ${each}`);
    t.notRegex(printed, /aggr/);
    t.like(await frrPath(prefix), { metric: med, community: { list: communities } });
  }

  for (const { prefix, 'next-hop': hop } of STATIC) {
    const family = familyOf(prefix);
    const of = (daemon: Daemon) => daemon.routes(family, sessionAddress(network, ROUTER.host, family));
    await until('it to be inside', async () => (await of(inside)).get(prefix)?.nextHop === hop);
    t.is((await of(inBird)).get(prefix)?.nextHop, graftd.nextHop(family), 'outside it is our own address');
  }

  // One of two gone changes nothing; the last one takes its aggregate with it.
  const [first = '', second = '', third = ''] = SHOWN;
  await feeder.withdraw(['10.1.0.0/24', first, second]);
  await has(['10.0.0.0/8', '2001:db8:1::/48', '2001:db8:9::/48'], [third], STATICS, BESIDE);
  await feeder.withdraw([third]);
  await has(['10.0.0.0/8', '2001:db8:1::/48'], STATICS, BESIDE);
  await feeder.withdraw(HIDDEN);
  await has(STATICS, BESIDE);
  await feeder.announce(FED);
  await has(AGGREGATES, STATICS, SHOWN, BESIDE);

  const tally = await loop.stop();
  t.log(`${network.kind}: ${tally.grafts} grafts (${tally.undone.length} undone)`);
  t.deepEqual(tally.failed, []);
  t.true(tally.undone.length <= UNDONE_AT_MOST, tally.undone.join('; '));
  for (const daemon of receivers) t.deepEqual(daemon.troubles(), [], daemon.kind);
  t.is(await graftd.stop(), 0, graftd.log());
});
