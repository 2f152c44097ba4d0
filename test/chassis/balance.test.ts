import test from 'ava';
import { GraftUndone } from '../../src/chassis/graft.ts';
import { removeNeighbour } from '../../src/chassis/neighbours.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { startBox, until } from './support/box.ts';

const neighbors = (count: number, blade?: number) =>
  Array.from({ length: count }, (_, i) => ({
    address: `127.5.0.${i + 1}`,
    as: 64601 + i,
    ...(blade === undefined ? {} : { blade }),
  }));

test.serial('balance evens out with the fewest grafts, and a second time moves nothing', async (t) => {
  const all = neighbors(8, 0);
  const box = await startBox(t, { blades: 4, neighbors: all });
  const speakers = await Promise.all(all.map(({ address, as }) => box.speaker(address, as)));
  await Promise.all(speakers.map((speaker) => speaker.up()));
  const plan = await box.operator.balance({ metric: 'sessions', dryRun: true });
  t.is(plan.grafts.length, 6);
  t.deepEqual(
    (await box.operator.showBlades()).map(({ sessions }) => sessions),
    [8, 0, 0, 0],
  );
  const done = await box.operator.balance({ metric: 'sessions', dryRun: false });
  t.is(done.grafts.length, 6);
  t.deepEqual(
    (await box.operator.showBlades()).map(({ sessions }) => sessions),
    [2, 2, 2, 2],
  );
  for (const metric of ['sessions', 'routes', 'updates', 'cpu'] as const)
    t.deepEqual((await box.operator.balance({ metric, dryRun: false })).grafts, [], metric);
  t.true(speakers.every((speaker) => speaker.stats().resets === 0));
});

test.serial('balance by routes weighs what each neighbour tells', async (t) => {
  const all = neighbors(4, 1);
  const box = await startBox(t, { blades: 2, neighbors: all });
  const table = generateTable({ seed: 3, ipv4: 8000, ipv6: 0 });
  const half = generateTable({ seed: 4, ipv4: 4000, ipv6: 0 });
  const speakers = await Promise.all(all.map(({ address, as }) => box.speaker(address, as)));
  await Promise.all(speakers.map((speaker) => speaker.up()));
  await speakers[0]!.send(feedFor(table, { neighborAs: 64601, nextHop: '127.5.0.1', seed: 1 }));
  for (const i of [1, 2] as const)
    await speakers[i]!.send(feedFor(half, { neighborAs: 64601 + i, nextHop: `127.5.0.${i + 1}`, seed: 1 }));
  await until('all is received', async () => (await box.operator.showChassis()).routes === 16_000);
  const report = await box.operator.balance({ metric: 'routes', dryRun: false });
  t.is(report.grafts.length, 1);
  t.deepEqual(
    report.after.map(({ load }) => load),
    [8000, 8000],
  );
  t.deepEqual((await box.operator.balance({ metric: 'routes', dryRun: false })).grafts, []);
});

test.serial('telling counts once, and those that are told the same move together', async (t) => {
  const senders = neighbors(4, 0).map((each) => ({ ...each, export: 'reject' }));
  const receivers = [5, 6].map((i) => ({ address: `127.5.0.${i}`, as: 64600 + i, blade: i - 5 }));
  const box = await startBox(t, { blades: 2, neighbors: [...senders, ...receivers] });
  const speakers = await Promise.all(
    [...senders, ...receivers].map(({ address, as }) => box.speaker(address, as)),
  );
  await Promise.all(speakers.map((speaker) => speaker.up()));
  for (const [i, { address, as }] of senders.entries())
    await speakers[i]!.send(
      feedFor(generateTable({ seed: 5 + i, ipv4: 1000, ipv6: 0 }), {
        neighborAs: as,
        nextHop: address,
        seed: 1,
      }),
    );
  await until('all is told', async () =>
    (await box.operator.showSessions()).every(
      ({ routesAdvertised }, i) => i < senders.length || routesAdvertised >= 3900,
    ),
  );
  const plan = await box.operator.balance({ metric: 'routes', dryRun: true });
  const [told] = plan.before.map(({ telling }) => telling ?? 0);
  t.true(told !== undefined && told >= 3900, 'all routes, once for the two');
  const done = await box.operator.balance({ metric: 'routes', dryRun: false });
  t.deepEqual(
    done.after.map(({ telling = 0 }) => telling > 0).sort(),
    [false, true],
    'one blade tells, and was told to be one before',
  );
  const blades = new Map((await box.operator.showSessions()).map(({ neighbor, blade }) => [neighbor, blade]));
  t.is(blades.get('127.5.0.5'), blades.get('127.5.0.6'));
  for (const { address } of senders) t.not(blades.get(address), blades.get('127.5.0.5'));
  t.deepEqual((await box.operator.balance({ metric: 'routes', dryRun: false })).grafts, []);
  t.true(speakers.every((speaker) => speaker.stats().resets === 0));
});

test.serial('drain empties a blade, which then gets nothing until undrain', async (t) => {
  const all = neighbors(6);
  const box = await startBox(t, { blades: 3, neighbors: all });
  const speakers = await Promise.all(all.map(({ address, as }) => box.speaker(address, as)));
  await Promise.all(speakers.map((speaker) => speaker.up()));
  const sessions = async () => (await box.operator.showBlades()).map((row) => row.sessions);
  const states = async () => (await box.operator.showBlades()).map((row) => row.state);
  t.deepEqual(await sessions(), [2, 2, 2]);
  const { grafts } = await box.operator.drain(1);
  t.is(grafts.length, 2);
  t.deepEqual(await sessions(), [3, 0, 3]);
  t.deepEqual(await states(), ['running', 'drained', 'running']);
  t.deepEqual((await box.operator.drain(1)).grafts, []);
  t.deepEqual((await box.operator.balance({ metric: 'sessions', dryRun: false })).grafts, []);
  await t.throwsAsync(box.operator.graft('127.5.0.1', 1), { message: /blade 1 is drained/ });
  await box.operator.drain(0);
  t.deepEqual(await sessions(), [0, 0, 6]);
  await t.throwsAsync(box.operator.drain(2), { message: /no other blade/ });
  t.is((await states())[2], 'running');
  await box.operator.undrain(0);
  await box.operator.undrain(1);
  t.is((await box.operator.balance({ metric: 'sessions', dryRun: false })).grafts.length, 4);
  t.deepEqual(await sessions(), [2, 2, 2]);
  t.true(speakers.every((speaker) => speaker.stats().resets === 0 && speaker.stats().notifications === 0));
});

test.serial(
  'one that cannot be moved, or is configured no longer, keeps the others from nothing',
  async (t) => {
    const all = neighbors(6, 0);
    const box = await startBox(t, { blades: 2, neighbors: all });
    const speakers = await Promise.all(all.map(({ address, as }) => box.speaker(address, as)));
    await Promise.all(speakers.map((speaker) => speaker.up()));
    const { chassis, operator } = box;
    const plan = await operator.balance({ metric: 'sessions', dryRun: true });
    const [first, second] = plan.grafts.map(({ neighbor }) => neighbor) as [string, string, string];
    const graft = chassis.graft.bind(chassis);
    const tried: string[] = [];
    chassis.graft = async (entry, ...rest) => {
      tried.push(entry.neighbor.address);
      if (entry.neighbor.address !== first) return graft(entry, ...rest);
      removeNeighbour(chassis, chassis.entry(second));
      throw new GraftUndone('no luck', false);
    };
    await t.throwsAsync(operator.balance({ metric: 'sessions', dryRun: false }), {
      message: /^1 of 3 sessions were moved; 127\S+ stays on blade 0: no luck/,
    });
    t.false(tried.includes(second));
    tried.length = 0;
    const gone = chassis.sessionsOn(0).at(-1)?.neighbor.address as string;
    chassis.graft = (entry, ...rest) => {
      if (tried.length === 0) removeNeighbour(chassis, chassis.entry(gone));
      tried.push(entry.neighbor.address);
      return graft(entry, ...rest);
    };
    t.is((await operator.drain(0)).grafts.length, 3);
    t.false(tried.includes(gone));
  },
);
