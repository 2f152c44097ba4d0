/**
 * N blades are one router, asked of real daemons: BIRD (twice, in one AS, so that MULTI_EXIT_DISC decides),
 * FRR and GoBGP announce different routes to the same prefixes, change their minds, and hear from graftd the
 * best of the others'. What each has at the end, after all sessions were grafted all the while between four
 * blades, is what one blade gives to the same daemons.
 */
import test from 'ava';
import { bird, type Daemon, frr, gobgp, sessionAddress, sessionsWith } from './daemons/index.ts';
import { Graftd, GraftLoop, UNDONE_AT_MOST } from './graftd.ts';
import type { Network } from './network.ts';
import { type Announcement, differences, type Route, seededTable } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, networkFor, sessionAddresses } from './witness.ts';

const COUNT = 3000;
const ROUTER = { host: 10, as: 65000 };

const SPEAKERS = [
  { kind: bird, name: 'bird', host: 1, as: 65001 },
  { kind: bird, name: 'bird-too', host: 2, as: 65001 },
  { kind: frr, name: 'frr', host: 3, as: 65003 },
  { kind: gobgp, name: 'gobgp', host: 4, as: 65004 },
] as const;

/** Few attribute sets: FRR needs a route-map for each. */
const tableOf = (seed: number): Announcement[] =>
  FAMILIES.flatMap((family, i) => seededTable(family, COUNT, 300 + 10 * seed + i, 8));

/** Gives up a part of its table, and tells another part anew with the attributes of its neighbouring prefixes. */
async function changeMind(daemon: Daemon, table: readonly Announcement[], part: number): Promise<void> {
  const slice = (k: number) => table.filter((_, i) => i % 20 === (part + k) % 20);
  const [gone, changed] = [slice(0), slice(3)];
  await daemon.withdraw(gone.map(({ prefix }) => prefix));
  const others = slice(4);
  await daemon.announce(
    changed.map(({ prefix }, i) => ({ ...(others[i] ?? changed[i]!), prefix })) as Announcement[],
  );
  await daemon.announce(gone.filter((_, i) => i % 2 === 0));
}

/** Until no daemon has heard anything for a while. */
async function quiet(network: Network, daemons: readonly Daemon[]): Promise<void> {
  let [last, unchanged] = ['', 0];
  await until('the daemons to hear nothing more', async () => {
    const heard = daemons.flatMap((daemon) =>
      sessionAddresses(network, ROUTER.host).map((neighbor) => daemon.session(neighbor)),
    );
    const counts = (await Promise.all(heard)).map((session) => [
      session.established,
      session.updatesReceived,
      session.prefixesReceived,
    ]);
    unchanged = counts.join() === last ? unchanged + 1 : 0;
    last = counts.join();
    return unchanged >= 50;
  });
}

/** What every daemon has from the router: name and family to the table. */
async function tables(
  network: Network,
  daemons: readonly Daemon[],
): Promise<Map<string, Map<string, Route>>> {
  const found = new Map<string, Map<string, Route>>();
  for (const [i, daemon] of daemons.entries()) {
    for (const family of FAMILIES) {
      const routes = await daemon.routes(family, sessionAddress(network, ROUTER.host, family));
      found.set(`${SPEAKERS[i]!.name} ${family}`, routes);
    }
  }
  return found;
}

test('four blades and grafts without end tell real daemons what one blade tells them', async (t) => {
  const network = await networkFor(t, bird, frr, gobgp);
  if (network === undefined) return;
  const daemons = await Promise.all(
    SPEAKERS.map(({ kind, name, host, as }, i) => {
      const neighbors = sessionsWith(network, ROUTER);
      return kind.start({ network, name, host, as, neighbors, originate: tableOf(i) });
    }),
  );
  t.teardown(async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))));
  const neighbors = SPEAKERS.flatMap((speaker) => sessionsWith(network, speaker));

  const many = await Graftd.start({ network, name: 'four-blades', ...ROUTER, blades: 4, neighbors });
  t.teardown(async () => void (await many.stop()));
  await many.allEstablished();
  const loop = new GraftLoop(many, many.neighbors);
  t.teardown(async () => void (await loop.stop()));
  for (let round = 0; round < 3; round++)
    await Promise.all(daemons.map((daemon, i) => changeMind(daemon, tableOf(i), 5 * i + round)));
  await quiet(network, daemons);
  const tally = await loop.stop();
  t.log(
    `${tally.grafts} grafts (${tally.undone.length} undone), the longest pause ${tally.longestPauseMicroseconds} µs`,
  );
  t.deepEqual(tally.failed, []);
  t.true(tally.undone.length <= UNDONE_AT_MOST, tally.undone.join('; '));
  const fromMany = await tables(network, daemons);
  t.is(await many.stop(), 0, many.log());

  const single = await Graftd.start({ network, name: 'one-blade', ...ROUTER, blades: 1, neighbors });
  t.teardown(async () => void (await single.stop()));
  await single.allEstablished();
  await quiet(network, daemons);
  // FRR and GoBGP come back in their own time: quiet for a while is not yet all that they have to say.
  let fromOne = await tables(network, daemons);
  await until('one blade to have told the same', async () => {
    const same = [...fromOne].every(([name, table]) => differences(table, fromMany.get(name)!).length === 0);
    if (!same) fromOne = await tables(network, daemons);
    return same;
  }).catch(() => {});
  t.is(await single.stop(), 0, single.log());

  for (const [name, table] of fromOne) {
    t.true(table.size > COUNT / 3, `${name} heard of ${table.size} prefixes`);
    t.deepEqual(differences(table, fromMany.get(name)!), [], name);
  }
});
