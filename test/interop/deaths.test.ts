/**
 * The promise that no session goes down because a blade did, with real daemons for neighbours: while a table flows from one daemon
 * through graftd to another, its blades crash and hang, several times. At the end the receiver has exactly the sender's table, and
 * the daemons' own records say that their sessions stayed up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { BladeRow, GraftRow } from '../../src/chassis/operations.ts';
import { bird, type DaemonKind, frr, gobgp } from './daemons/index.ts';
import { Flow } from './flow.ts';
import type { Graftd } from './graftd.ts';
import { until } from './wait.ts';

/** Of each family. */
const COUNT = 20_000;
const CHANGED = 2_000;

const FAULTS = ['crash', 'crash', 'hang', 'crash'] as const;

async function survives(t: ExecutionContext, sends: DaemonKind, receives: DaemonKind): Promise<void> {
  const flow = await Flow.start(t, sends, receives, {
    blades: 3,
    chassis: { 'allow-faults': true, 'heartbeat-limit': 2 },
  });
  if (flow === undefined) return;
  const { graftd, witnesses } = flow;

  const faults = fail(graftd);
  await flow.run(COUNT, CHANGED, 300);
  await faults;
  await flow.arrives();

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
