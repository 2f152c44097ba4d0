/**
 * What BIRD and FRR have of graftd where they are told another route than the best: the best external one inside the AS, and, of a
 * route server, the best that each client may be told.
 */
import test, { type ExecutionContext } from 'ava';
import type { GraftReport, ReloadReport } from '../../src/chassis/operations.ts';
import { bird, type Daemon, type DaemonKind, frr } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import type { Network } from './network.ts';
import { type Announcement, type Family, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, networkFor } from './witness.ts';

const AS = 65_000;
const ROUTER = 10;
const COUNT = 20;
const PREFIXES = FAMILIES.flatMap((family) => Array.from({ length: COUNT }, (_, i) => prefixAt(family, i)));

interface Place {
  readonly kind: DaemonKind;
  readonly host: number;
  readonly as: number;
  /** Of each prefix; without it nothing. */
  readonly tells?: (i: number) => Omit<Announcement, 'prefix'> | undefined;
  readonly keys?: Readonly<Record<string, unknown>>;
}

const tableOf = ({ tells }: Place): Announcement[] =>
  PREFIXES.flatMap((prefix, i) => {
    const route = tells?.(i);
    return route === undefined ? [] : [{ prefix, ...route }];
  });

interface Scene {
  readonly network: Network;
  readonly graftd: Graftd;
  readonly daemons: readonly Daemon[];
}

async function set(t: ExecutionContext, places: readonly Place[]): Promise<Scene | undefined> {
  const network = await networkFor(t, ...new Set(places.map(({ kind }) => kind)));
  if (network === undefined) return undefined;
  const families: Family[] = [...FAMILIES];
  const router = { ...network.endpoint(ROUTER, 4), as: AS, families, passive: true };
  const daemons = await Promise.all(
    places.map((place) =>
      place.kind.start({
        network,
        name: `host${place.host}`,
        host: place.host,
        as: place.as,
        neighbors: [router],
        originate: tableOf(place),
      }),
    ),
  );
  t.teardown(async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))));
  const nextHop = { 'next-hop-ipv6': network.endpoint(ROUTER, 6).address };
  const graftd = await Graftd.start({
    network,
    name: 'graftd',
    host: ROUTER,
    as: AS,
    blades: 3,
    neighbors: places.map(({ host, as, keys }) => ({
      ...network.endpoint(host, 4),
      as,
      families,
      keys: { ...nextHop, ...keys },
    })),
  });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();
  return { network, graftd, daemons };
}

/** Until the daemon has these AS paths of graftd, by the number of the prefix; undefined: it is told nothing. */
async function has(
  { network }: Scene,
  daemon: Daemon | undefined,
  paths: (i: number) => readonly number[] | undefined,
): Promise<void> {
  const wanted = PREFIXES.map((prefix, i) => `${prefix} ${paths(i)?.join(' ') ?? 'nothing'}`).join('\n');
  let found = '';
  await until('the daemon to have what it should be told', async () => {
    const { address } = network.endpoint(ROUTER, 4);
    const tables = await Promise.all(FAMILIES.map((family) => daemon?.routes(family, address)));
    const pathOf = (prefix: string): string =>
      tables.flatMap((table) => table?.get(prefix) ?? [])[0]?.asPath ?? 'nothing';
    found = PREFIXES.map((prefix) => `${prefix} ${pathOf(prefix)}`).join('\n');
    return found === wanted;
  }).catch((error: Error) => {
    throw new Error(`${error.message}\n${wanted}\nit has\n${found}`);
  });
}

async function graftAll({ network, graftd }: Scene, places: readonly Place[]): Promise<void> {
  for (const { host } of places) {
    const neighbor = network.endpoint(host, 4).address;
    const { blade } = await graftd.session(neighbor);
    await graftd.client.call<GraftReport>('graft', { neighbor, to: (blade + 1) % graftd.blades });
  }
}

test.serial(
  'inside the AS, BIRD and FRR get the best external route where the best is internal',
  async (t) => {
    const external = { 'best-external': true };
    const far = [64_600, 64_601];
    const places: Place[] = [
      { kind: bird, host: 1, as: 65_001, tells: () => ({ asPath: far }) },
      { kind: bird, host: 2, as: AS, tells: (i) => (i % 2 === 0 ? { asPath: [64_700] } : undefined) },
      { kind: bird, host: 3, as: AS, keys: external },
      { kind: frr, host: 4, as: AS, keys: external },
      { kind: bird, host: 5, as: AS },
    ];
    const scene = await set(t, places);
    if (scene === undefined) return;
    const [outside, inside, one, two, plain] = scene.daemons;
    const ofOutside = (): number[] => [65_001, ...far];
    for (const told of [one, two]) await has(scene, told, ofOutside);
    await has(scene, plain, (i) => (i % 2 === 0 ? undefined : ofOutside()));
    // Outside, what is best is told.
    await has(scene, outside, (i) => (i % 2 === 0 ? [AS, 64_700] : undefined));
    await graftAll(scene, places);
    await outside?.withdraw(PREFIXES.filter((_, i) => i % 4 === 0));
    const left = (i: number): number[] | undefined => (i % 4 === 0 ? undefined : ofOutside());
    for (const told of [one, two]) await has(scene, told, left);
    await inside?.withdraw(PREFIXES.filter((_, i) => i % 2 === 0));
    for (const told of [one, two, plain]) await has(scene, told, left);
    t.true((await scene.graftd.sessions()).every(({ state }) => state === 'Established'));
  },
);

test.serial('of a route server, each client gets the best route that it may be told', async (t) => {
  const client = { 'route-server-client': true };
  const view = { ...client, evaluate: 'all' };
  // Of every third prefix the best route is a BLACKHOLE (RFC 7999), which is told to nobody.
  const kept = (i: number): { communities?: string[] } => (i % 3 === 0 ? { communities: ['65535:666'] } : {});
  const places: Place[] = [
    { kind: bird, host: 1, as: 65_001, tells: kept, keys: view },
    { kind: bird, host: 2, as: 65_002, tells: () => ({ asPath: [64_600] }), keys: view },
    { kind: frr, host: 3, as: 65_003, keys: view },
    { kind: bird, host: 4, as: 65_004, keys: client },
  ];
  const scene = await set(t, places);
  if (scene === undefined) return;
  const [first, second, third, plain] = scene.daemons;
  const best = (i: number): number[] => (i % 3 === 0 ? [65_002, 64_600] : [65_001]);
  await has(scene, first, () => [65_002, 64_600]);
  await has(scene, second, (i) => (i % 3 === 0 ? undefined : [65_001]));
  await has(scene, third, best);
  await has(scene, plain, (i) => (i % 3 === 0 ? undefined : [65_001]));
  await graftAll(scene, places);
  // Without a reset, the last one gets a view of its own, too.
  const address = scene.network.endpoint(4, 4).address;
  scene.graftd.rewrite(new Map([[address, { keys: { ...view } }]]));
  const report = await scene.graftd.client.call<ReloadReport>('reload', {});
  t.deepEqual([report.reset, report.changed], [[], [address]]);
  await has(scene, plain, best);
  await second?.withdraw(PREFIXES.filter((_, i) => i % 2 === 0));
  const left = (i: number): number[] | undefined => (i % 3 === 0 && i % 2 === 0 ? undefined : best(i));
  for (const told of [third, plain]) await has(scene, told, left);
  await has(scene, first, (i) => (i % 2 === 0 ? undefined : [65_002, 64_600]));
});
