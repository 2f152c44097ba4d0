import test from 'ava';
import { LoadMeter } from '../../src/chassis/load.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { BLADE_NUMBER, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { startBox, until } from './support/box.ts';

const NEIGHBOR = { address: '127.21.0.1', as: 64501 };

test('the longest turn is known since the start and since it was read last', async (t) => {
  const box = await startBox(t, { neighbors: [{ ...NEIGHBOR, blade: 1 }] });
  const speaker = await box.speaker(NEIGHBOR.address, NEIGHBOR.as);
  await speaker.up();
  await speaker.send(
    encodeFeed(
      routesFor(generateTable({ seed: 3, ipv4: 20_000, ipv6: 0 }), {
        neighborAs: NEIGHBOR.as,
        nextHop: NEIGHBOR.address,
        seed: 3,
      }),
      { seed: 3 },
    ),
  );
  await until(
    'all routes are there',
    async () => (await box.operator.showSessions())[0]?.routesReceived === 20_000,
  );
  const [, busy] = await box.operator.showBlades();
  const [, again] = await box.operator.showBlades();
  t.true((busy?.longestTurnLatelyMilliseconds ?? 0) > 0);
  t.true((busy?.longestTurnMilliseconds ?? 0) >= (busy?.longestTurnLatelyMilliseconds ?? 0));
  const { longestTurnWaitedMilliseconds: waited = 0, longestWorkMilliseconds: work = 1 } = busy ?? {};
  t.true(waited >= 0 && waited < (busy?.longestTurnMilliseconds ?? 0));
  t.true(work > 0);
  t.is(again?.longestTurnMilliseconds, busy?.longestTurnMilliseconds);
  t.true((again?.longestTurnLatelyMilliseconds ?? 0) < (busy?.longestTurnMilliseconds ?? 0));
});

test('the processor time of blades and line cards is part of that of the process', async (t) => {
  const box = await startBox(t, { neighbors: [NEIGHBOR] });
  const before = process.cpuUsage();
  const start = performance.now();
  const speaker = await box.speaker(NEIGHBOR.address, NEIGHBOR.as);
  await speaker.up();
  const feed = encodeFeed(
    routesFor(generateTable({ seed: 4, ipv4: 30_000, ipv6: 0 }), {
      neighborAs: NEIGHBOR.as,
      nextHop: NEIGHBOR.address,
      seed: 4,
    }),
    { seed: 4 },
  );
  await speaker.send(feed);
  // Of the last second each: a line card has little to do where the blade reads and sends.
  let percent = 0;
  await until('some processor time is seen', async () => {
    const [blade] = await box.operator.showBlades();
    const { lineCards = [] } = await box.operator.showChassis();
    const threads = [blade?.cpuPercent ?? 0, lineCards[0]?.cpuPercent ?? 0];
    percent = threads.reduce((sum, cpuPercent) => sum + cpuPercent);
    return threads.every((cpuPercent) => cpuPercent > 0);
  });
  const { lineCards = [], uptimeSeconds } = await box.operator.showChassis();
  const used = process.cpuUsage(before);
  const whole = (used.user + used.system) / 10 / (performance.now() - start);
  t.true(uptimeSeconds > 0);
  // The load meter looks back to the start of the chassis, the process to a moment later: the start weighs more there.
  t.true(percent < 2 * whole + 20, `threads ${percent} %, process ${whole} %`);
  t.is(lineCards[0]?.connections, 1);
  // The card looks now and then at what the blade has read.
  await until('what came is counted', async () => {
    const { lineCards: [card] = [] } = await box.operator.showChassis();
    return (card?.bytesIn ?? 0) > 10_000;
  });
});

test('what a blade did besides hearing goes along with those that it told', (t) => {
  const fabric = new Fabric(createFabricMemory(defaultFabricOptions(2, 4)), 0, () => {});
  let time = 0;
  const kinds = [undefined, 'a', 'a', 'b'];
  const meter = new LoadMeter(
    fabric,
    () => time,
    (session) => kinds[session],
  );
  for (const session of kinds.keys()) fabric.setHome(session, 0);
  const told = (): number[] => [...kinds.keys()].map((session) => Math.round(meter.sessionTold(session)));
  // 600 of 1000 ms, 200 of them for hearing session 0.
  time += 1000;
  fabric.countBlade(0, BLADE_NUMBER.busy, 600);
  fabric.count(0, SESSION_NUMBER.busy, 200);
  meter.sample();
  t.deepEqual(told(), [0, 20, 20, 20]);
  meter.moving();
  fabric.setHome(0, 1);
  fabric.setHome(3, 1);
  t.deepEqual(told(), [0, 20, 20, 20]);
  time += 1000;
  fabric.countBlade(0, BLADE_NUMBER.busy, 200);
  fabric.countBlade(1, BLADE_NUMBER.busy, 300);
  fabric.count(0, SESSION_NUMBER.busy, 200);
  meter.sample();
  t.deepEqual(told(), [0, 20, 20, 15]);
});
