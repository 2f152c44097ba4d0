/**
 * Faults that an operator rehearses, and maintenance of blades, under full tables that flap: no session is lost, and at rest every
 * table is what one blade tells.
 */
import test, { type ExecutionContext } from 'ava';
import { socketCalls } from '../../src/base/socket-calls.ts';
import type { BladeHandle } from '../../src/chassis/blade-handle.ts';
import type { FaultKind } from '../../src/chassis/operations.ts';
import { BLADE_WORD, CARD_NUMBER, CONNECTION, READER, SESSION } from '../../src/fabric/layout.ts';
import { sleep, startBox, until } from './support/box.ts';
import {
  ALL,
  atRest,
  checkManners,
  checkTables,
  checkWorld,
  reference,
  startWorld,
  still,
  type Tables,
  TELLERS,
  tellers,
  type World,
} from './support/internet-box.ts';
import { KEEPALIVE, RawNeighbour } from './support/raw-neighbour.ts';

const told = tellers(4000);
let tables: Promise<Tables> | undefined;

function oneBlade(t: ExecutionContext): Promise<Tables> {
  tables ??= reference(t, told);
  return tables;
}

/** Does something to a box while tables are told and changed; then all rests. */
async function underLoad(world: World, act: () => Promise<void>): Promise<void> {
  await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
  const loops = told.map(({ address, churn }) =>
    world.speaker(address).send(churn, { loop: true, rate: 500 }),
  );
  try {
    await act();
  } finally {
    for (const { address } of TELLERS) world.speaker(address).stopLoops();
    await Promise.all(loops);
  }
}

const QUICK = { 'allow-faults': true, 'heartbeat-limit': 2, 'blade-memory': 48, rehearse: false };

for (const kind of ['crash', 'hang', 'memory'] satisfies FaultKind[]) {
  test.serial(`a blade that fails by ${kind} is replaced under load, and no session falls`, async (t) => {
    const expected = await oneBlade(t);
    // Who runs out of memory collects garbage for a while before.
    const patient = kind === 'memory' ? { 'heartbeat-limit': 60 } : {};
    const world = await startWorld(t, 3, [], { ...QUICK, ...patient });
    const { operator, chassis } = world.box;
    await underLoad(world, async () => {
      const before = performance.now();
      await operator.fault(1, kind);
      t.log(`dead after ${Math.round(performance.now() - before)} ms`);
      await until('it runs again', () => chassis.blade(1).running, 20_000);
    });
    await still(world);
    await checkTables(t, world, expected, kind);
    for (const [, speaker] of world.speakers) checkManners(t, speaker, kind);
    const [row] = (await operator.showBlades()).filter(({ blade }) => blade === 1);
    t.like(row, { state: 'running', deaths: 1, restarts: 1 });
    t.regex(
      row?.lastDeath?.why ?? '',
      { crash: /a rehearsed crash/, hang: /no sign of life for \d+ ms/, memory: /memory/ }[kind],
    );
    const grafts = await operator.showGrafts(100);
    const unplanned = grafts.filter(({ planned }) => !planned);
    t.true(unplanned.length > 0 && unplanned.every(({ from, result }) => from === 1 && result === 'done'));
    t.is((await operator.showChassis()).graftsUnplanned, unplanned.length);
  });
}

test.serial('a fault is refused where the configuration does not allow it', async (t) => {
  const box = await startBox(t, { blades: 2, neighbors: [{ address: '127.4.9.1', as: 64666 }] });
  await t.throwsAsync(box.operator.fault(1, 'crash'), { message: /allow-faults: true/ });
  t.is(box.chassis.blade(1).deaths, 0);
});

test.serial(
  'blades are restarted one after another under load, and nobody is told anything twice',
  async (t) => {
    const expected = await oneBlade(t);
    const world = await startWorld(t, 3, [], QUICK);
    const { operator, chassis } = world.box;
    const homes = ALL.map(({ address }) => chassis.fabric.homeOf(world.box.entry(address).index));
    await underLoad(world, async () => {
      for (const slot of [0, 1, 2]) {
        const { grafts } = await operator.restart(slot);
        t.true(grafts.every(({ from, to }) => from === slot || to === slot));
      }
    });
    await atRest(world);
    await checkWorld(t, world, expected, 'restarts');
    t.deepEqual(
      ALL.map(({ address }) => chassis.fabric.homeOf(world.box.entry(address).index)),
      homes,
    );
    t.true(chassis.blades.every(({ deaths, starts }) => deaths === 0 && starts === 2));
  },
);

test.serial('more blades, and fewer, under load', async (t) => {
  const expected = await oneBlade(t);
  const world = await startWorld(t, 2, [], QUICK);
  const { operator, chassis } = world.box;
  await underLoad(world, async () => {
    t.like(await operator.scale(4), { before: 2, after: 4, grafts: [] });
    for (const [i, { address }] of ALL.entries()) await operator.graft(address, i % 4);
    await sleep(300);
    t.like(await operator.scale(1), { before: 4, after: 1 });
    t.like(await operator.scale(3), { before: 1, after: 3 });
    for (const [i, { address }] of ALL.entries()) await operator.graft(address, i % 3);
  });
  await atRest(world);
  await checkWorld(t, world, expected, 'scale');
  t.is(chassis.blades.length, 3);
  await t.throwsAsync(operator.scale(100), { message: /memory was reserved for/ });
  await operator.drain(1);
  await operator.drain(2);
  await t.throwsAsync(operator.restart(0), { message: /no other blade/ });
});

test.serial('sessions that come to a drained blade, as there is no other one, leave it again', async (t) => {
  const expected = await oneBlade(t);
  const world = await startWorld(t, 2, [], QUICK);
  const { operator } = world.box;
  await underLoad(world, async () => {
    await operator.drain(1);
    await operator.fault(0, 'crash');
    const sessionsOfDrained = async (): Promise<number> =>
      (await operator.showBlades()).find(({ blade }) => blade === 1)?.sessions ?? 0;
    await until('blade 1 has them', async () => (await sessionsOfDrained()) > 0);
    await until('it has none', async () => (await sessionsOfDrained()) === 0, 30_000);
  });
  t.is((await operator.showBlades())[1]?.state, 'drained');
  await still(world);
  await checkTables(t, world, expected, 'a drained blade');
  for (const [, speaker] of world.speakers) checkManners(t, speaker, 'a drained blade');
});

test.serial('while a blade hangs, its neighbours hear KEEPALIVEs in time', async (t) => {
  const address = '127.4.9.2';
  const box = await startBox(t, {
    blades: 2,
    neighbors: [{ address, as: 64666, blade: 1, 'hold-time': 3 }],
    chassis: { ...QUICK, 'heartbeat-limit': 6 },
  });
  const neighbour = await RawNeighbour.served(box.port, address, { as: 64666 });
  await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
  // The blade reads it itself by then: nobody else takes what comes out of the kernel while it hangs.
  const { fabric } = box.chassis;
  const { index } = box.entry(address);
  const at = fabric.connections.at(index, fabric.session(index, SESSION.connection));
  if (socketCalls() !== undefined)
    await until(
      'its blade reads it',
      () => fabric.connections.words[at + CONNECTION.reader] === READER.blade,
    );
  const heartbeat = setInterval(() => neighbour.send(KEEPALIVE), 900);
  const fault = box.operator.fault(1, 'hang');
  let heard = neighbour.messages.length;
  let last = performance.now();
  let longest = 0;
  while (box.chassis.blade(1).deaths === 0) {
    await sleep(20);
    if (neighbour.messages.length > heard) last = performance.now();
    heard = neighbour.messages.length;
    longest = Math.max(longest, performance.now() - last);
  }
  await fault;
  await until('a sibling serves it', async () => (await box.operator.showSession(address)).blade === 0);
  clearInterval(heartbeat);
  t.false(neighbour.ended);
  t.true(longest < 3000, `${longest} ms without a KEEPALIVE`);
  t.true(box.chassis.fabric.cardNumber(0, CARD_NUMBER.vigils) >= 3);
  neighbour.close();
});

test.serial(
  'a neighbour whose message kills every blade that reads it is shut, and nobody else notices',
  async (t) => {
    const poison = '127.4.9.3';
    const other = { address: '127.4.9.4', as: 64667 };
    const box = await startBox(t, {
      blades: 3,
      neighbors: [{ address: poison, as: 64666 }, other],
      chassis: { ...QUICK, 'poison-limit': 3 },
    });
    const speaker = await box.speaker(other.address, other.as);
    await speaker.up();
    const neighbour = await RawNeighbour.served(box.port, poison, { as: 64666 });
    await until('it is up', async () => (await box.operator.showSession(poison)).state === 'Established');
    const { fabric, blades } = box.chassis;
    const { index } = box.entry(poison);
    // No message is known that kills a blade; so three that serve the session are ended as if they were just reading this one.
    const message = Uint8Array.of(...KEEPALIVE.subarray(0, 16), 0, 23, 2, 0, 0, 0, 0);
    const position = fabric.connections.words[
      fabric.connections.at(index, fabric.session(index, SESSION.connection)) + CONNECTION.receiveHead
    ] as number;
    neighbour.send(message);
    for (let deaths = 1; deaths <= 3; deaths++) {
      await until('it has a home', () => blades[fabric.homeOf(index)]?.running === true);
      const home = blades[fabric.homeOf(index)] as BladeHandle;
      const before = home.deaths;
      home.order({ kind: 'fail', fault: 'hang' });
      await sleep(300);
      fabric.setBladeWord(home.slot, BLADE_WORD.connection, fabric.session(index, SESSION.connection));
      fabric.setBladeWord(home.slot, BLADE_WORD.position, position);
      fabric.setBladeWord(home.slot, BLADE_WORD.session, index + 1);
      home.kill('poisoned');
      await until('it is dead', () => home.deaths > before);
    }
    t.deepEqual((await neighbour.notification(20_000))?.slice(0, 2), [6, 2]);
    await until('it is down', async () => (await box.operator.showSession(poison)).state === 'Idle');
    const row = await box.operator.showSession(poison);
    t.true(row.shutdown);
    t.regex(row.reason ?? '', /ended 3 route processors in a row/);
    t.true(
      box.chassis.troubles.some((text) =>
        /^127\S+: 3 deaths of blades in a row at one message of its, shut, until "chassis enable": f{32}00170200000000$/.test(
          text,
        ),
      ),
    );
    t.like(speaker.stats(), { resets: 0, notifications: 0 });
    neighbour.close();
    await box.operator.enable(poison);
    (await RawNeighbour.served(box.port, poison, { as: 64666 })).close();
  },
);
