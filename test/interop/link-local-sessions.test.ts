/**
 * Sessions between link-local addresses: BIRD and FRR have the same one, fe80::1, on two cables, and graftd knows them apart by the
 * interface. On BIRD's cable there are global addresses besides, on FRR's there are none: so next hops go out with 32 octets
 * and with 16 (RFC 2545 3), for IPv4 routes, too (RFC 8950). Both sign; BIRD
 * calls graftd, with TTL security, and graftd calls FRR, which waits for zebra to say where fe80::10 is, and would wait for ever.
 */
import test from 'ava';
import type { GraftReport, RouteRow, SessionDetail } from '../../src/chassis/operations.ts';
import { connect, endpointAt, namespace } from './cable.ts';
import type { Bird } from './daemons/bird.ts';
import { zebraMissing } from './daemons/frr.ts';
import { bird, frr, openbgpd } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { type Announcement, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES } from './witness.ts';

const COUNT = 20;
const ROUTER = { host: 10, as: 65_000 };
const BIRD = { host: 1, as: 65_001 };
const FRR = { host: 2, as: 65_002 };
const [OURS, THEIRS] = ['fe80::10', 'fe80::1'];
const [TO_BIRD, TO_FRR] = [`${THEIRS}%to-bird`, `${THEIRS}%to-frr`];
const [GLOBAL, GLOBAL_BIRD] = ['2001:db8:4007::10', '2001:db8:4007::1'];
/** A second BIRD beside the first one, whom nobody has named. */
const OTHER = { host: 3, as: 65_003 };
const [ITS, TO_OTHER] = ['fe80::2', 'fe80::2%to-bird'];
/** On the same cable, too. */
const OPENBGPD = { host: 5, as: 65_005 };
const [ITS_OWN, TO_OPENBGPD] = ['fe80::5', 'fe80::5%to-bird'];
const PASSWORD = 'on-the-link';

const routesOf = (place: number): Announcement[] =>
  FAMILIES.flatMap((family) =>
    Array.from({ length: COUNT }, (_, i) => ({ prefix: prefixAt(family, place * 100 + i) })),
  );

test('one link-local address on two interfaces is two neighbours: BIRD and FRR, with OpenBGPD beside', async (t) => {
  const [here, left, right] = [await namespace(t), await namespace(t), await namespace(t)];
  const missing = [bird, frr, openbgpd]
    .map(({ missing: ask }) => ask)
    .flatMap((ask) => (left === undefined ? [] : (ask(left) ?? [])))
    .concat(zebraMissing() ?? []);
  if (
    here === undefined ||
    left === undefined ||
    right === undefined ||
    missing.length > 0 ||
    !connect(here, left, [
      { name: 'to-bird', addresses: [OURS, GLOBAL] },
      { name: 'eth0', addresses: [THEIRS, ITS, ITS_OWN, GLOBAL_BIRD] },
    ]) ||
    !connect(here, right, [
      { name: 'to-frr', addresses: [OURS] },
      { name: 'eth0', addresses: [THEIRS] },
    ])
  ) {
    t.log(`skipped: ${missing.join(', ') || 'no network namespaces with a link between them here'}`);
    t.pass();
    return;
  }
  const families = [...FAMILIES];
  const { port } = here.endpoint(ROUTER.host, 6);
  const router = { address: OURS, port, as: ROUTER.as, families, interface: 'eth0' };
  const daemon = { extendedNextHop: true };
  const sender = (await bird.start({
    ...{ network: endpointAt(left, () => THEIRS), name: 'bird', ...BIRD, ...daemon },
    neighbors: [{ ...router, password: PASSWORD, near: true }],
    originate: routesOf(0),
  })) as Bird;
  t.teardown(() => sender.stop());
  const other = await bird.start({
    ...{ network: endpointAt(left, () => ITS), name: 'other', ...OTHER, ...daemon },
    neighbors: [router],
    originate: [{ prefix: prefixAt('ipv6', 200) }],
  });
  t.teardown(() => other.stop());
  const further = await openbgpd.start({
    ...{ network: endpointAt(left, () => `${ITS_OWN}%eth0`), name: 'openbgpd', ...OPENBGPD },
    neighbors: [{ ...router, families: ['ipv6'] }],
    originate: [{ prefix: prefixAt('ipv6', 205) }],
  });
  t.teardown(() => further.stop());
  const receiver = await frr.start({
    ...{ network: endpointAt(right, () => '::'), name: 'frr', ...FRR, ...daemon, zebra: true },
    neighbors: [{ ...router, password: PASSWORD }],
    originate: routesOf(1),
  });
  t.teardown(() => receiver.stop());
  // The kernel tells keys apart by the address alone.
  const neighbor = { port, families, password: PASSWORD, 'extended-next-hop': true };
  const graftd = await Graftd.start({
    network: endpointAt(here, () => OURS),
    name: 'graftd',
    ...ROUTER,
    blades: 2,
    router: { listen: [`[${OURS}%to-bird]:${port}`] },
    sections: {
      'neighbor-ranges': [{ range: 'fe80::/64', as: OTHER.as, families: ['ipv6-unicast'], import: 'accept' }],
    },
    neighbors: [
      { ...neighbor, address: TO_BIRD, as: BIRD.as, passive: true, 'ttl-security': 1 },
      { address: TO_OPENBGPD, port, as: OPENBGPD.as, families: ['ipv6'], passive: true },
      { ...neighbor, address: TO_FRR, as: FRR.as },
    ],
  });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();

  const detail = (address: string): Promise<SessionDetail> =>
    graftd.client.call<SessionDetail>('show session', { neighbor: address });
  t.like(await detail(TO_BIRD), {
    localAddress: `${OURS}%to-bird`,
    protection: ['TCP MD5', 'TTL security, 1 hop'],
  });
  t.like(await detail(TO_FRR), {
    localAddress: `${OURS}%to-frr`,
    remotePort: port,
  });

  // What graftd has of each: BIRD says no global address on such a session, FRR says a link-local one in its place.
  const hopsOf = async (address: string): Promise<string[]> => {
    const rows: RouteRow[] = [];
    for await (const batch of graftd.client.stream<RouteRow>('show received', { neighbor: address }))
      rows.push(...batch);
    // FRR tells back what it got, which is looped.
    const own = rows.filter(({ asPath }) => !asPath.split(' ').includes(String(ROUTER.as)));
    return own.map(({ nextHop, linkLocalNextHop }) => `${nextHop} ${linkLocalNextHop}`);
  };
  for (const [address, hops] of [
    [TO_BIRD, new RegExp(`^:: ${THEIRS}$`)],
    [TO_FRR, new RegExp(`^${THEIRS} (${THEIRS}|undefined)$`)],
  ] as const) {
    await until(`all of ${address}`, async () => (await hopsOf(address)).length === 2 * COUNT);
    for (const hop of await hopsOf(address)) t.regex(hop, hops);
  }

  // What each has of the other by way of graftd, in its own words.
  const heldByBird = async (): Promise<string[]> => {
    const text = (
      await Promise.all(
        ['master4', 'master6'].map((table) => sender.ask(`show route table ${table} protocol n0 all`)),
      )
    ).join('\n');
    return [...text.matchAll(/BGP.next_hop: (.*)/g)].map(([, hop]) => (hop as string).trim());
  };
  const heldByFrr = async (): Promise<string[]> => {
    const held: string[] = [];
    for (const family of FAMILIES) {
      const { routes = {} } = JSON.parse(
        await receiver.ask(`show bgp ${family} unicast neighbors ${OURS} routes json`),
      ) as { routes?: Record<string, { nexthops: { ip: string; scope?: string }[] }[]> };
      for (const [route] of Object.values(routes))
        held.push((route?.nexthops ?? []).map(({ ip }) => ip).join(' '));
    }
    return held;
  };
  await until('who came by the range', async () => (await hopsOf(TO_OTHER)).length === 1);
  const become = async (count: number): Promise<void> => {
    await until('BIRD to have all', async () => (await heldByBird()).length === 2 * COUNT + 2);
    await until('FRR to have all', async () => (await heldByFrr()).length === count);
    t.deepEqual([...new Set(await heldByBird())], [`${GLOBAL} ${OURS}`]);
    t.deepEqual([...new Set(await heldByFrr())], [OURS]);
  };
  await become(2 * COUNT + 2);
  // Of the pair OpenBGPD uses the first.
  await until('OpenBGPD to have those of IPv6', async () => {
    const text = await further.ask('show rib');
    return text.split(`${GLOBAL} `).length - 1 === 2 * COUNT + 1;
  });
  t.deepEqual(await hopsOf(TO_OPENBGPD), [`${ITS_OWN} undefined`]);

  // After a graft the same is said of what comes then.
  for (const address of [TO_BIRD, TO_FRR]) {
    const { blade } = await graftd.session(address);
    const report = await graftd.client.call<GraftReport>('graft', { neighbor: address, to: 1 - blade });
    t.is(report.neighborUpdatesSent, 0);
  }
  await sender.announce(FAMILIES.map((family) => ({ prefix: prefixAt(family, COUNT) })));
  await become(2 * COUNT + 4);
  t.deepEqual(receiver.troubles(), []);
});
