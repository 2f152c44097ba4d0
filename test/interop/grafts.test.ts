/**
 * The promise of grafting, with real daemons for neighbours: while a table of a hundred thousand prefixes flows
 * from one daemon through graftd to another, every session is moved to another blade every few milliseconds.
 * At the end the receiver has exactly the sender's table, and neither of them noticed anything.
 */
import test, { type ExecutionContext } from 'ava';
import { bird, type DaemonKind, frr, gobgp, sessionsWith } from './daemons/index.ts';
import { Graftd, GraftLoop, UNDONE_AT_MOST } from './graftd.ts';
import { seededTable } from './routes.ts';
import { Sender } from './senders.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

/** Of each family. */
const COUNT = 50_000;
const CHANGED = 5_000;

const ROUTER = { host: 10, as: 65000 };
const SENDER = { host: 1, as: 65001 };
const RECEIVER = { host: 3, as: 65003 };

async function flowsThrough(t: ExecutionContext, sends: DaemonKind, receives: DaemonKind): Promise<void> {
  const network = await networkFor(t, bird, sends, receives);
  if (network === undefined) return;
  const sender = await Sender.start(sends, { network, ...SENDER, router: ROUTER });
  t.teardown(() => sender.stop());
  const neighbors = sessionsWith(network, ROUTER);
  const receiver = await receives.start({ network, name: 'receiver', ...RECEIVER, neighbors });
  t.teardown(() => receiver.stop());
  const graftd = await Graftd.start({
    network,
    name: 'graftd',
    ...ROUTER,
    blades: 4,
    neighbors: [...sessionsWith(network, SENDER), ...sessionsWith(network, RECEIVER)],
  });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();
  const towardsRouter = sessionAddresses(network, ROUTER.host);
  const witnesses = [
    await Witness.of(sender.daemon, towardsRouter),
    await Witness.of(receiver, towardsRouter),
  ];
  const before = new Map((await graftd.sessions()).map((row) => [row.neighbor, row.uptimeSeconds]));
  const start = performance.now();

  const loop = new GraftLoop(graftd, graftd.neighbors);
  t.teardown(async () => void (await loop.stop()));
  const tables = FAMILIES.map((family, i) => seededTable(family, COUNT, 100 + i));
  await sender.announce(tables.flat());
  // Part of the table is withdrawn and part of it replaced while the rest is still on its way.
  await sender.withdraw(tables.flatMap((table) => table.slice(0, CHANGED).map(({ prefix }) => prefix)));
  const others = FAMILIES.map((family, i) => seededTable(family, 2 * CHANGED, 200 + i));
  await sender.announce(others.flatMap((table) => table.slice(CHANGED)));
  await hasTable(receiver, network, ROUTER.host, sender.expected(graftd), { seconds: 60, every: 200 });
  const tally = await loop.stop();

  t.log(
    `${tally.grafts} grafts (${tally.undone.length} undone) while ${2 * COUNT} prefixes flowed, the longest pause ${tally.longestPauseMicroseconds} µs`,
  );
  t.deepEqual(tally.failed, []);
  t.true(tally.undone.length <= UNDONE_AT_MOST, tally.undone.join('; '));
  t.true(tally.grafts >= 50, `only ${tally.grafts} grafts (${tally.undone.length} undone)`);
  for (const witness of witnesses) t.deepEqual(await witness.disturbances(), []);
  const elapsed = (performance.now() - start) / 1000;
  const rows = await graftd.sessions();
  for (const { neighbor, state, uptimeSeconds } of rows) {
    t.is(state, 'Established', neighbor);
    t.true(uptimeSeconds >= before.get(neighbor)! + elapsed - 2, `${neighbor} was up all the time`);
  }
  const total = (host: number, field: 'routesReceived' | 'routesAdvertised') => {
    const addresses = sessionAddresses(network, host);
    return rows.reduce((sum, row) => sum + (addresses.includes(row.neighbor) ? row[field] : 0), 0);
  };
  t.is(total(SENDER.host, 'routesReceived'), sender.announced.size);
  t.is(total(RECEIVER.host, 'routesAdvertised'), sender.announced.size);
  t.is(await graftd.stop(), 0, graftd.log());
}

for (const [sends, receives] of [
  [bird, frr],
  [frr, gobgp],
  [gobgp, bird],
] as const) {
  test.serial(
    `a table from ${sends.kind} to ${receives.kind} is whole, however often their sessions are grafted meanwhile`,
    (t) => flowsThrough(t, sends, receives),
  );
}
