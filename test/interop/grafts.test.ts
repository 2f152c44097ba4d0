/**
 * The promise of grafting, with real daemons for neighbours: while a table of forty thousand prefixes flows
 * from one daemon through graftd to another, every session is moved to another blade every few milliseconds.
 * At the end the receiver has exactly the sender's table, and neither of them noticed anything.
 */
import test, { type ExecutionContext } from 'ava';
import { bird, type DaemonKind, frr, gobgp } from './daemons/index.ts';
import { Flow, RECEIVER, SENDER } from './flow.ts';
import { GraftLoop, UNDONE_AT_MOST } from './graftd.ts';
import { sessionAddresses } from './witness.ts';

/** Of each family. */
const COUNT = 20_000;
const CHANGED = 2_000;

async function flowsThrough(t: ExecutionContext, sends: DaemonKind, receives: DaemonKind): Promise<void> {
  const flow = await Flow.start(t, sends, receives, { blades: 4 });
  if (flow === undefined) return;
  const { network, sender, graftd, witnesses } = flow;
  const before = new Map((await graftd.sessions()).map((row) => [row.neighbor, row.uptimeSeconds]));
  const start = performance.now();

  const loop = new GraftLoop(graftd, graftd.neighbors);
  t.teardown(async () => void (await loop.stop()));
  await flow.run(COUNT, CHANGED, 100);
  await flow.arrives();
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
