/**
 * The promise that no session goes down because a blade did, with real daemons for neighbours: while a table flows from one daemon
 * through graftd to another, its blades crash and hang, several times. At the end the receiver has exactly the sender's table, and
 * the daemons' own records say that their sessions stayed up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { BladeRow, GraftRow } from '../../src/chassis/operations.ts';
import { bird, type DaemonKind, frr, gobgp, sessionsWith } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { seededTable } from './routes.ts';
import { Sender } from './senders.ts';
import { until } from './wait.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

/** Of each family. */
const COUNT = 20_000;
const CHANGED = 2_000;

const ROUTER = { host: 10, as: 65000 };
const SENDER = { host: 1, as: 65001 };
const RECEIVER = { host: 3, as: 65003 };
const FAULTS = ['crash', 'crash', 'hang', 'crash'] as const;

async function survives(t: ExecutionContext, sends: DaemonKind, receives: DaemonKind): Promise<void> {
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
    blades: 3,
    chassis: { 'allow-faults': true, 'heartbeat-limit': 2 },
    neighbors: [...sessionsWith(network, SENDER), ...sessionsWith(network, RECEIVER)],
  });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();
  const towardsRouter = sessionAddresses(network, ROUTER.host);
  const witnesses = [
    await Witness.of(sender.daemon, towardsRouter),
    await Witness.of(receiver, towardsRouter),
  ];

  const faults = fail(graftd);
  const tables = FAMILIES.map((family, i) => seededTable(family, COUNT, 300 + i));
  await sender.announce(tables.flat());
  await sender.withdraw(tables.flatMap((table) => table.slice(0, CHANGED).map(({ prefix }) => prefix)));
  const others = FAMILIES.map((family, i) => seededTable(family, 2 * CHANGED, 400 + i));
  await sender.announce(others.flatMap((table) => table.slice(CHANGED)));
  await faults;
  await hasTable(receiver, network, ROUTER.host, sender.expected(graftd), { seconds: 60, every: 200 });

  for (const witness of witnesses) t.deepEqual(await witness.disturbances(), []);
  for (const { neighbor, state } of await graftd.sessions()) t.is(state, 'Established', neighbor);
  const grafts = await graftd.client.call<GraftRow[]>('show grafts', { limit: 100 });
  const unplanned = grafts.filter(({ planned }) => !planned);
  const told = unplanned.reduce((sum, { neighborUpdatesSent }) => sum + neighborUpdatesSent, 0);
  t.log(`${FAULTS.length} deaths, ${unplanned.length} sessions taken over, ${told} UPDATEs sent for it`);
  t.true(unplanned.length > 0);
  t.is(await graftd.stop(), 0, graftd.log());
}

/** The blade with most sessions fails, again and again. */
async function fail(graftd: Graftd): Promise<void> {
  const client = await graftd.connect();
  for (const kind of FAULTS) {
    await sleep(300);
    const blades = await client.call<BladeRow[]>('show blades');
    const [first] = blades.toSorted((a, b) => b.sessions - a.sessions) as [BladeRow];
    await client.call('fault', { blade: first.blade, kind });
    await until('all blades to run', async () =>
      (await client.call<BladeRow[]>('show blades')).every(({ state }) => state === 'running'),
    );
  }
}

for (const [sends, receives] of [
  [bird, frr],
  [frr, gobgp],
  [gobgp, bird],
] as const) {
  test.serial(`a table from ${sends.kind} to ${receives.kind} is whole, though blades die meanwhile`, (t) =>
    survives(t, sends, receives),
  );
}
