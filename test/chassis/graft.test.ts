import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import { HEADER_LENGTH, MessageType, messageType } from '../../src/bgp/message.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import { compareTold, type ToldSnapshot } from '../../src/lab/told.ts';
import { ROUTER_AS, sleep, startBox, until } from './support/box.ts';
import {
  ALL,
  atRest,
  checkWorld,
  LISTENERS,
  reference,
  SAME,
  startWorld,
  storm,
  type Tables,
  TELLERS,
  tellers,
} from './support/internet-box.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const seed = Number(process.env.GRAFTD_SEED ?? Date.now() & 0x7fffffff);
const why = `(GRAFTD_SEED=${seed})`;
const told = tellers(6000);
const everybody = ALL.map(({ address }) => address);
let tables: Promise<Tables> | undefined;

/** What one blade tells everybody. */
function oneBlade(t: ExecutionContext): Promise<Tables> {
  tables ??= reference(t, told);
  return tables;
}

test.serial(
  'at rest a graft runs no decision, tells nobody anything, and the tables are as before',
  async (t) => {
    const expected = await oneBlade(t);
    const world = await startWorld(t, 3);
    await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
    await atRest(world);
    await checkWorld(t, world, expected, why);
    for (const address of everybody) {
      for (const to of [1, 2, 0, 0]) {
        const from = (await world.box.operator.showSession(address)).blade;
        const report = await world.box.operator.graft(address, to);
        t.like(report, { from, to, decisionsRun: 0, fabricUpdatesSent: 0, neighborUpdatesSent: 0 });
        t.is(report.routes, TELLERS.some((teller) => teller.address === address) ? 7500 : 0);
        t.is((await world.box.operator.showSession(address)).blade, to);
        if (from === to) t.is(report.totalMicroseconds, 0);
      }
    }
    await atRest(world);
    await checkWorld(t, world, expected, why);
    const history = await world.box.operator.showGrafts(100);
    t.true(history.every(({ result, planned }) => result === 'done' && planned));
  },
);

test.serial(
  'grafts while tables are received, sent and changed, several at once, are seen by nobody',
  async (t) => {
    const random = new Random(seed);
    const expected = await oneBlade(t);
    const world = await startWorld(t, 4);
    let done = false;
    const grafts = storm(world, random, everybody, () => done);
    await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
    const loops = told.map(({ address, churn }) =>
      world.speaker(address).send(churn, { loop: true, rate: 800 }),
    );
    await sleep(2500);
    for (const { address } of TELLERS) world.speaker(address).stopLoops();
    await Promise.all(loops);
    done = true;
    const reports = await grafts;
    await atRest(world);
    t.log(`${reports.length} grafts`);
    t.true(reports.length >= everybody.length);
    await checkWorld(t, world, expected, why);
  },
);

test.serial('one session goes back and forth without end while both sides flood', async (t) => {
  const expected = await oneBlade(t);
  const world = await startWorld(t, 2);
  const { address } = TELLERS[0];
  const [listener] = LISTENERS;
  const loops = told.map((teller) =>
    world
      .speaker(teller.address)
      .send(teller.feed)
      .then(() => world.speaker(teller.address).send(teller.churn, { loop: true })),
  );
  for (let i = 0; i < 30; i++) {
    const to = 1 - (i % 2);
    await Promise.all([
      world.box.operator.graft(address, to),
      world.box.operator.graft(listener.address, to),
    ]);
  }
  for (const teller of TELLERS) world.speaker(teller.address).stopLoops();
  await Promise.all(loops);
  await atRest(world);
  await checkWorld(t, world, expected, why);
  t.is((await world.box.operator.showSession(address)).grafts, 30);
});

test.serial('resets in the middle of grafts leave no route behind and lose none', async (t) => {
  const random = new Random(seed + 1);
  const expected = await oneBlade(t);
  const world = await startWorld(t, 3);
  let done = false;
  const grafts = storm(world, random, everybody, () => done);
  await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
  const broken = [TELLERS[1].address, LISTENERS[0].address];
  for (let i = 0; i < 6; i++) {
    await sleep(random.below(300));
    for (const address of broken) {
      const speaker = world.speaker(address);
      if (random.chance(0.5)) speaker.breakConnection();
      else await world.box.operator.clear(address);
    }
    await Promise.all(
      broken.map((address) => until('it fell', () => world.speaker(address).stats().resets > i)),
    );
    await Promise.all(broken.map((address) => world.speaker(address).up(20_000)));
  }
  done = true;
  await grafts;
  await atRest(world);
  await checkWorld(t, world, expected, why, new Set(broken));
});

test.serial(
  'a session that is down, waits or is just being opened moves, and comes up where it moved to',
  async (t) => {
    const address = '127.4.1.1';
    const box = await startBox(t, { blades: 3, neighbors: [{ address, as: 64666, blade: 0 }] });
    const row = async () => box.operator.showSession(address);
    t.like(await box.operator.graft(address, 1), { from: 0, to: 1, routes: 0, neighborUpdatesSent: 0 });
    const opening = await RawNeighbour.dial(box.port, address);
    await opening.next(MessageType.Open);
    await box.operator.graft(address, 2);
    t.deepEqual(await opening.notification(), [6, 5]);
    opening.close();
    const confirming = await RawNeighbour.dial(box.port, address);
    confirming.send(openBytes({ as: 64666 }));
    await confirming.next(MessageType.Keepalive);
    await box.operator.graft(address, 0);
    t.deepEqual(await confirming.notification(), [6, 5]);
    confirming.close();
    const neighbour = await RawNeighbour.served(box.port, address, { as: 64666 });
    await until('it is up', async () => (await row()).state === 'Established');
    t.is((await row()).blade, 0);
    neighbour.close();
    await until('it is down', async () => (await row()).state !== 'Established');
    await box.operator.graft(address, 1);
    await box.operator.shutdown(address, '');
    await box.operator.graft(address, 2);
    t.like(await row(), { blade: 2, shutdown: true, state: 'Idle' });
    await box.operator.enable(address);
    const last = await RawNeighbour.served(box.port, address, { as: 64666 });
    last.close();
  },
);

test.serial('orders find a session wherever it is just going', async (t) => {
  const { address, as } = TELLERS[0];
  const box = await startBox(t, { blades: 3, neighbors: [{ address, as }] });
  const speaker = await box.speaker(address, as);
  for (let i = 1; i <= 8; i++) {
    await speaker.up(20_000);
    const orders = [
      box.operator.graft(address, i % 3),
      i % 2 === 0 ? box.operator.clear(address) : box.operator.shutdown(address, 'now'),
      box.operator.graft(address, (i + 1) % 3),
      box.operator.enable(address),
      box.operator.graft(address, (i + 2) % 3),
    ];
    await Promise.all(orders);
    await until('the session fell', () => speaker.stats().resets === i);
  }
  await speaker.up(20_000);
  t.is(speaker.stats().established, 9);
});

test.serial(
  'timers move with the session: KEEPALIVEs go on, and silence still ends it in time',
  async (t) => {
    const address = '127.4.1.2';
    const box = await startBox(t, { blades: 2, neighbors: [{ address, as: 64666, 'hold-time': 3 }] });
    const neighbour = await RawNeighbour.served(box.port, address, { as: 64666 });
    let last = performance.now();
    let longest = 0;
    let heard = 0;
    const heartbeat = setInterval(() => neighbour.send(KEEPALIVE), 900);
    for (let i = 0; i < 40; i++) {
      await box.operator.graft(address, i % 2);
      await sleep(60);
      while (neighbour.messages.length > heard) {
        heard = neighbour.messages.length;
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
    }
    clearInterval(heartbeat);
    t.false(neighbour.ended);
    t.true(longest < 3000, `${longest} ms without a KEEPALIVE`);
    const before = performance.now();
    let over = false;
    const grafts = (async () => {
      for (let i = 0; !over; i++) {
        await box.operator.graft(address, i % 2);
        await sleep(100);
      }
    })();
    t.deepEqual(await neighbour.notification(), [4, 0]);
    const took = performance.now() - before;
    over = true;
    await grafts;
    t.true(took > 1900, `${took} ms`);
    neighbour.close();
  },
);

test.serial(
  'a neighbour that reads nothing is grafted too, and is told everything when it reads again',
  async (t) => {
    const expected = await oneBlade(t);
    const { address, as } = LISTENERS[0];
    const world = await startWorld(t, 3, [address]);
    const slow = await RawNeighbour.served(world.box.port, address, { as });
    slow.socket.pause();
    const loops = told.map((teller) =>
      world
        .speaker(teller.address)
        .send(teller.feed)
        .then(() => world.speaker(teller.address).send(teller.churn, { loop: true })),
    );
    await sleep(1500);
    const grafts = [1, 2, 0, 1].map((to) => world.box.operator.graft(address, to));
    await sleep(300);
    for (const teller of TELLERS) world.speaker(teller.address).stopLoops();
    slow.socket.resume();
    await Promise.all([...loops, ...grafts]);
    await atRest(world);
    await checkWorld(t, world, expected, why);
    const receiver = new Receiver({ localAs: as, remoteAs: ROUTER_AS, fourOctetAs: true });
    await until('the slow one has heard all', async () => {
      const heard = slow.messages.length;
      await sleep(200);
      return slow.messages.length === heard;
    });
    for (const message of slow.messages)
      if (messageType(message, 0) === MessageType.Update)
        receiver.update(message, HEADER_LENGTH, message.length);
    t.like(receiver.counts, { duplicates: 0, unknownWithdraws: 0, malformed: 0 }, why);
    t.deepEqual(compareTold(receiver.v4.snapshot(), expected.get(address)?.v4 as ToldSnapshot), SAME, why);
    slow.close();
  },
);
