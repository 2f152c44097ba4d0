/**
 * Routes that are used together (ECMP): BIRDs tell graftd, of three blades, and FRR the same, and both mark the same ones. FRR
 * compares each route with the best one only; so does graftd, but that a route is not used that loses to another one of its
 * neighbour AS by MED. Where AS_PATHs may differ, that would show: there only prefixes without MEDs are compared.
 */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import type { GraftReport, ReloadReport, RouteRow } from '../../src/chassis/operations.ts';
import { bird, type Daemon, frr, type NeighborOptions } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { type Announcement, canonicalPrefix, type Family, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, networkFor } from './witness.ts';

const AS = 65_000;
const ROUTER = { host: 10, as: AS };
const OPINION = { host: 11, as: AS };
const COUNT = 150;
const TELLERS = [65_001, 65_001, 65_001, 65_002, AS, AS, AS].map((as, i) => ({ host: i + 1, as }));
const PREFIXES = FAMILIES.flatMap((family) => Array.from({ length: COUNT }, (_, i) => prefixAt(family, i)));
const TAILS = [[64_600], [64_600], [64_601], [64_600, 64_601]];

/** Of a prefix with an even number no route has a MED. */
function tableOf({ host, as }: (typeof TELLERS)[number]): Announcement[] {
  const random = new Random(0xec39 + host);
  return PREFIXES.flatMap((prefix, i) => {
    const told = random.chance(0.7);
    // Where somebody outside tells a prefix, nobody inside is used: so they share few.
    const wanted = as === AS ? i % 3 === 0 : i % 3 !== 0 || random.chance(0.1);
    const tail = random.pick(TAILS);
    const med = random.pick([undefined, 0, 10]);
    if (!told || !wanted) return [];
    const asPath = as === AS ? [64_500, ...tail] : tail;
    return [{ prefix, asPath, ...(i % 2 === 0 || med === undefined ? {} : { med }) }];
  });
}

type Marked = ReadonlyMap<string, string>;

/** By prefix who told the routes that are used together, the best one in front. */
async function ofGraftd(graftd: Graftd): Promise<Marked> {
  const used = new Map<string, RouteRow[]>();
  for await (const rows of graftd.client.stream<RouteRow>('show routes', {}))
    for (const row of rows)
      if (row.multipath || row.best) used.set(row.prefix, [...(used.get(row.prefix) ?? []), row]);
  return new Map([...used].map(([prefix, rows]) => [prefix, inOrder(rows)]));
}

function inOrder(rows: readonly { neighbor: string; best: boolean }[]): string {
  const sorted = rows.toSorted(
    (a, b) => Number(b.best) - Number(a.best) || (a.neighbor < b.neighbor ? -1 : 1),
  );
  return sorted.map(({ neighbor }) => neighbor).join(' ');
}

async function ofFrr(daemon: Daemon): Promise<Marked> {
  const marked = new Map<string, string>();
  for (const family of FAMILIES) {
    type Row = { bestpath?: boolean; multipath?: boolean; peerId: string };
    const { routes } = JSON.parse(await daemon.ask(`show bgp ${family} unicast json`)) as {
      routes: Record<string, Row[]>;
    };
    for (const [prefix, rows] of Object.entries(routes)) {
      const used = rows.filter(({ bestpath, multipath }) => bestpath || multipath);
      const text = inOrder(
        used.map(({ peerId, bestpath = false }) => ({ neighbor: peerId, best: bestpath })),
      );
      marked.set(canonicalPrefix(prefix), text);
    }
  }
  return marked;
}

test('graftd and FRR use the same routes together', async (t) => {
  const network = await networkFor(t, bird, frr);
  if (network === undefined) return;
  const families: Family[] = [...FAMILIES];
  const at = ({ host, as }: { host: number; as: number }): NeighborOptions => ({
    ...network.endpoint(host, 4),
    as,
    families,
  });
  const tellers = await Promise.all(
    TELLERS.map((place) => {
      const neighbors = [ROUTER, OPINION].map((each) => ({ ...at(each), passive: true }));
      return bird.start({
        network,
        name: `host${place.host}`,
        ...place,
        neighbors,
        originate: tableOf(place),
      });
    }),
  );
  const opinion = await frr.start({ network, name: 'opinion', ...OPINION, neighbors: TELLERS.map(at) });
  t.teardown(async () => void (await Promise.all([...tellers, opinion].map((daemon) => daemon.stop()))));
  const router = { multipath: { ebgp: 8, ibgp: 8 } };
  const options = { network, name: 'graftd', ...ROUTER, blades: 3 };
  const neighbors = TELLERS.map((place) => ({ ...network.endpoint(place.host, 4), as: place.as, families }));
  const graftd = await Graftd.start({ ...options, router, neighbors });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();
  const bgp = ['configure terminal', `router bgp ${AS}`];
  await opinion.ask(...bgp, 'bgp bestpath compare-routerid', 'end');
  for (const family of FAMILIES)
    await opinion.ask(
      ...bgp,
      `address-family ${family} unicast`,
      'maximum-paths 8',
      'maximum-paths ibgp 8',
      'end',
    );
  const agree = async (what: string, among: (i: number) => boolean): Promise<Marked> => {
    let [ours, theirs]: Marked[] = [];
    const wrong = (): string[] =>
      PREFIXES.filter((prefix, i) => among(i) && ours?.get(prefix) !== theirs?.get(prefix));
    await until(what, async () => {
      [ours, theirs] = [await ofGraftd(graftd), await ofFrr(opinion)];
      return ours.size === theirs.size && ours.size > 0 && wrong().length === 0;
    }).catch((error: Error) => {
      const lines = wrong().map(
        (prefix) => `${prefix}: graftd ${ours?.get(prefix)}, FRR ${theirs?.get(prefix)}`,
      );
      throw new Error(
        `${error.message}, ${ours?.size} and ${theirs?.size}\n${lines.slice(0, 10).join('\n')}`,
      );
    });
    return ours as Marked;
  };
  const several = (marked: Marked): number =>
    [...marked.values()].filter((used) => used.includes(' ')).length;
  const strict = await agree('both to use the same routes', () => true);
  t.log(`of ${strict.size} prefixes, ${several(strict)} by several routes`);
  t.true(several(strict) > COUNT / 2);
  for (const { address: neighbor } of neighbors) {
    const { blade } = await graftd.session(neighbor);
    await graftd.client.call<GraftReport>('graft', { neighbor, to: (blade + 1) % 3 });
  }
  await opinion.ask(...bgp, 'bgp bestpath as-path multipath-relax', 'end');
  graftd.rewrite(new Map(), { multipath: { ...router.multipath, 'as-path-relax': true } });
  await graftd.client.call<ReloadReport>('reload', {});
  const relaxed = await agree('both to use more routes', (i) => i % 2 === 0);
  t.log(`of any AS, ${several(relaxed)} by several routes`);
  t.true(several(relaxed) > several(strict));
});
