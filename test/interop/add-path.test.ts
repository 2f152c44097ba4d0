/**
 * ADD-PATH (RFC 7911) both ways with BIRD, FRR and GoBGP. Two more BIRDs have the same prefixes, and are neighbours of graftd and of
 * the daemon: so each has two paths to tell the other, and says itself which ones it got.
 */
import type { ExecutionContext } from 'ava';
import type { GraftReport, RouteRow } from '../../src/chassis/operations.ts';
import { lanes } from '../support/lanes.ts';
import { bird, type Daemon, type DaemonKind, frr, gobgp, type NeighborOptions } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { type Family, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { endWith, FAMILIES, networkFor } from './witness.ts';

const test = lanes(3);

const COUNT = 20;
const ROUTER = { host: 10, as: 65000 };
const PARTNER = { host: 3, as: 65003 };
const ORIGINS = [
  { host: 1, as: 65001 },
  { host: 2, as: 65002 },
];
const ALL: Family[] = [...FAMILIES];
const PREFIXES = ALL.flatMap((family) => Array.from({ length: COUNT }, (_, i) => prefixAt(family, i)));
const HALF = PREFIXES.filter((_, i) => i % 2 === 0);

/** How each is told to send all paths, and to take them. */
const SPEAKS: readonly [DaemonKind, Pick<NeighborOptions, 'lines' | 'familyLines'>][] = [
  [bird, { familyLines: ['add paths on;'] }],
  [frr, { familyLines: ['addpath-tx-all-paths'] }],
  [gobgp, { lines: ['[neighbors.add-paths.config]', 'receive = true', 'send-max = 8'] }],
];

/** Prefix and AS path of each path that the partner has from graftd, as it says itself. */
async function heldBy(partner: Daemon, router: string): Promise<string[]> {
  const held: string[] = [];
  for (const family of ALL) {
    if (partner.kind === 'bird') {
      let prefix = '';
      for (const line of (await partner.ask(`show route table master${family.at(-1)} protocol n2 all`)).split(
        '\n',
      )) {
        prefix = /^([0-9a-f.:]+\/\d+) /.exec(line)?.[1] ?? prefix;
        const path = /^\tBGP\.as_path: (.*)$/.exec(line)?.[1];
        if (path !== undefined) held.push(`${prefix} ${path.trim()}`);
      }
    } else if (partner.kind === 'frr') {
      const answer = await partner.ask(`show bgp ${family} unicast neighbors ${router} routes json`);
      const { routes = {} } = JSON.parse(answer) as { routes?: Record<string, { path: string }[]> };
      for (const [prefix, paths] of Object.entries(routes))
        for (const { path } of paths) held.push(`${prefix} ${path}`);
    } else {
      const answer = await partner.ask(`neighbor ${router} adj-in -a ${family} -j`);
      const routes = JSON.parse(answer) as Record<string, { attrs: { as_paths?: { asns: number[] }[] }[] }[]>;
      for (const [prefix, paths] of Object.entries(routes))
        for (const { attrs } of paths)
          held.push(`${prefix} ${attrs.find((each) => each.as_paths)?.as_paths?.[0]?.asns.join(' ')}`);
    }
  }
  // What it told itself, and comes back by way of the others, is looped.
  return held.filter((each) => !each.split(' ').includes(String(PARTNER.as))).sort();
}

/** The same of what graftd has from the partner; every path of a prefix has an identifier of its own. */
async function heldByGraftd(t: ExecutionContext, graftd: Graftd, partner: string): Promise<string[]> {
  const rows: RouteRow[] = [];
  for await (const batch of graftd.client.stream<RouteRow>('show received', { neighbor: partner }))
    rows.push(...batch);
  t.is(new Set(rows.map(({ prefix, path }) => `${prefix} ${path}`)).size, rows.length);
  // FRR tells back what it got, which is looped.
  const others = rows.filter(({ asPath }) => !asPath.split(' ').includes(String(ROUTER.as)));
  return others.map(({ prefix, asPath }) => `${prefix} ${asPath}`).sort();
}

async function becomes(what: string, held: () => Promise<string[]>, expected: string[]): Promise<void> {
  const wanted = expected.toSorted();
  let found: string[] = [];
  const so = async (): Promise<boolean> => {
    found = await held();
    return found.join() === wanted.join();
  };
  await until(what, so, { seconds: 20 }).catch((error: Error) => {
    const missing = wanted.filter((each) => !found.includes(each)).slice(0, 3);
    const more = found.filter((each) => !wanted.includes(each)).slice(0, 3);
    throw new Error(
      `${error.message}: ${found.length} of ${wanted.length}, without ${missing}, and with ${more}`,
    );
  });
}

const paths = (through: number, prefixes: readonly string[], ases: readonly number[]): string[] =>
  prefixes.flatMap((prefix) => ases.map((as) => `${prefix} ${through} ${as}`));

for (const [kind, speaks] of SPEAKS) {
  test(`several paths of a prefix go to ${kind.kind} and come from it, through a graft`, async (t) => {
    const network = await networkFor(t, bird, kind);
    if (network === undefined) return;
    const at = ({ host, as }: typeof ROUTER): NeighborOptions => ({
      ...network.endpoint(host, 4),
      as,
      families: ALL,
    });
    const [router, partnerAt] = [network.endpoint(ROUTER.host, 4), network.endpoint(PARTNER.host, 4)];
    const start = (kind: DaemonKind, place: typeof ROUTER, neighbors: NeighborOptions[], origin: boolean) =>
      kind.start({
        network,
        name: `host${place.host}`,
        ...place,
        neighbors,
        originate: origin ? PREFIXES.map((prefix) => ({ prefix })) : [],
      });
    const waits = (neighbor: NeighborOptions): NeighborOptions => ({ ...neighbor, passive: true });
    const [first, second, partner] = (await Promise.all([
      ...ORIGINS.map((place) => start(bird, place, [at(ROUTER), at(PARTNER)].map(waits), true)),
      start(kind, PARTNER, [...ORIGINS.map(at), { ...waits(at(ROUTER)), ...speaks }], false),
    ])) as [Daemon, Daemon, Daemon];
    endWith(t, [first, second, partner]);
    const both = ALL.map((family) => `${family}-unicast`);
    // The session's own address is of IPv4, which BIRD takes for no next hop of IPv6.
    const nextHop = { 'next-hop-ipv6': network.endpoint(ROUTER.host, 6).address };
    const graftd = await Graftd.start({
      network,
      name: 'graftd',
      ...ROUTER,
      blades: 2,
      neighbors: [
        ...ORIGINS.map(at),
        { ...at(PARTNER), keys: { ...nextHop, 'add-path-receive': both, 'add-path-send': both } },
      ].map(({ address, port, as, families, ...more }) => ({ address, port, as, families, ...more })),
    });
    t.teardown(async () => void (await graftd.stop()));
    await graftd.allEstablished();

    const [theirs, ours] = [
      () => heldBy(partner, router.address),
      () => heldByGraftd(t, graftd, partnerAt.address),
    ];
    const ases = ORIGINS.map(({ as }) => as);
    await becomes(`${kind.kind} to have all paths`, theirs, paths(ROUTER.as, PREFIXES, ases));
    await becomes('graftd to have all paths', ours, paths(PARTNER.as, PREFIXES, ases));
    const { blade } = await graftd.session(partnerAt.address);
    await graftd.client.call<GraftReport>('graft', { neighbor: partnerAt.address, to: 1 - blade });
    await first.withdraw(HALF);
    const left = PREFIXES.filter((prefix) => !HALF.includes(prefix));
    const expected = (through: number): string[] => [
      ...paths(through, left, ases),
      ...paths(through, HALF, [ORIGINS[1]?.as as number]),
    ];
    await becomes(`${kind.kind} to lose some`, theirs, expected(ROUTER.as));
    await becomes('graftd to lose some', ours, expected(PARTNER.as));
    // GoBGP now and then complains of what the two others withdraw from it themselves.
    const others = ORIGINS.map(({ host }) => `src: { ${network.endpoint(host, 4).address} `);
    const troubles = partner.troubles().filter((line) => !others.some((other) => line.includes(other)));
    t.deepEqual(troubles, []);
  });
}
