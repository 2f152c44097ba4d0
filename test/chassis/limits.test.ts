/** What a neighbour may do before it is stopped, on a real chassis: the limit, what is said, what is counted, who notices. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { HEADER_LENGTH, MessageType, messageType } from '../../src/bgp/message.ts';
import { churnFeed } from '../../src/lab/changes.ts';
import { encodeFeed, type Feed, feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import type { Speaker } from '../../src/lab/speaker.ts';
import { compareTold } from '../../src/lab/told.ts';
import {
  type Box,
  configurationText,
  type NeighborLines,
  ROUTER_AS,
  sleep,
  startBox,
  until,
} from './support/box.ts';
import { SAME } from './support/internet-box.ts';
import { Program } from './support/program.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const GOOD = { address: '127.11.0.1', as: 64501 };
const WITNESS = { address: '127.11.0.2', as: 64502 };
const BAD = { address: '127.11.0.3', as: 64503 };
const ROUTES = 3000;
const table = generateTable({ seed: 51, ipv4: ROUTES, ipv6: 800 });
const routes = routesFor(table, { neighborAs: GOOD.as, nextHop: GOOD.address, seed: 1 });
const feed = encodeFeed(routes, { seed: 1, families: 1 });
/** Changes are undone only after many others, so that few of them are undone before they are told. */
const churn = churnFeed(routes, { seed: 1, changes: 4000, as: GOOD.as, distance: 400, most: 64 });

interface World extends Box {
  readonly good: Speaker;
  readonly witness: Speaker;
  unharmed(t: ExecutionContext): Promise<void>;
}

async function world(
  t: ExecutionContext,
  bad: Readonly<Record<string, unknown>>,
  more: NeighborLines[] = [],
): Promise<World> {
  const box = await startBox(t, { neighbors: [GOOD, WITNESS, { ...BAD, ...bad }, ...more] });
  const good = await box.speaker(GOOD.address, GOOD.as);
  const witness = await box.speaker(WITNESS.address, WITNESS.as);
  await Promise.all([good.up(), witness.up()]);
  return {
    ...box,
    good,
    witness,
    async unharmed(tt) {
      await witness.quiet(100);
      for (const speaker of [good, witness])
        tt.like(speaker.stats(), { state: 'Established', resets: 0, notifications: 0, malformed: 0 });
      tt.like(witness.stats(), { duplicates: 0, unknownWithdraws: 0 });
      tt.deepEqual(box.chassis.troubles, []);
    },
  };
}

function told(count: number, families: 1 | 2 = 1): Feed {
  const own = generateTable({ seed: 52, ipv4: count, ipv6: count });
  const options = { neighborAs: BAD.as, nextHop: BAD.address, seed: 1 };
  return encodeFeed(routesFor(own, options), { families, endOfRib: false });
}

const limits = async ({ operator }: Box) => (await operator.showSession(BAD.address)).limits;

test.serial(
  'who announces too many prefixes is warned of, then shut with their number, and stays shut through grafts',
  async (t) => {
    const box = await world(t, { 'max-prefixes': 1000 });
    const bad = await box.speaker(BAD.address, BAD.as, { retry: 0 });
    await bad.up();
    await bad.send(told(900));
    await until('there is a warning', async () => (await limits(box))?.prefixWarnings === 1);
    t.like(await limits(box), { maxPrefixes: 1000, ipv4Prefixes: 900, ipv6Prefixes: 0, prefixShutdowns: 0 });
    void bad.send(told(1001));
    await until('it is shut', () => bad.stats().resets === 1);
    t.is(bad.stats().lastNotification, '6/1');
    await until('its routes are gone', () => box.witness.stats().routes4 === 0);
    t.like(await limits(box), { prefixWarnings: 1, prefixShutdowns: 1, heldSeconds: null });
    t.regex(
      (await box.operator.showSession(BAD.address)).reason ?? '',
      /more than 1000 IPv4 prefixes.*chassis clear/,
    );
    for (const to of [0, 1, 0]) {
      await box.operator.graft(BAD.address, to);
      const refused = await RawNeighbour.dial(box.port, BAD.address);
      t.deepEqual(await refused.notification(), [6, 5]); // RFC 4486: connection rejected
      await refused.end();
      refused.close();
    }
    await box.operator.clear(BAD.address);
    const again = await RawNeighbour.served(box.port, BAD.address, { as: BAD.as });
    const feedAgain = told(1200);
    again.send(feedAgain.bytes);
    // RFC 4486 4: AFI, SAFI, upper bound.
    t.deepEqual(await again.notification(), [6, 1, 0, 1, 1, 0, 0, 3, 232]);
    again.close();
    await box.unharmed(t);
  },
);

test.serial(
  'the limit holds for each family by itself, rejected routes count, and it ends after its time',
  async (t) => {
    const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
    const box = await world(t, {
      families,
      import: 'reject',
      'max-prefixes': 1000,
      'max-prefixes-warning': 100,
      'max-prefixes-restart': 2,
    });
    const bad = await box.speaker(BAD.address, BAD.as, { families, retry: 0 });
    await bad.up();
    await bad.send(told(1000, 1));
    await bad.send(told(1000, 2));
    await until('both are at the limit', async () => (await limits(box))?.prefixWarnings === 2);
    t.like(await limits(box), { ipv4Prefixes: 1000, ipv6Prefixes: 1000, prefixShutdowns: 0 });
    const before = performance.now();
    void bad.send(told(1001, 2));
    await until('it is shut', () => bad.stats().resets === 1);
    t.is(bad.stats().lastNotification, '6/1');
    const held = (await limits(box))?.heldSeconds ?? 0;
    t.true(held > 0 && held <= 2, `${held}`);
    await bad.close();
    const again = await box.speaker(BAD.address, BAD.as, { families });
    await again.up();
    t.true(performance.now() - before > 1900);
    await box.unharmed(t);
  },
);

test.serial('a higher limit brings a session back that the limit has shut', async (t) => {
  const box = await world(t, { 'max-prefixes': 100 });
  const bad = await box.speaker(BAD.address, BAD.as);
  await bad.up();
  void bad.send(told(200));
  await until('it is shut', async () => (await limits(box))?.prefixShutdowns === 1);
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  const options = { neighbors: [GOOD, WITNESS, { ...BAD, 'max-prefixes': 300 }] };
  writeFileSync(path.join(box.folder, 'graftd.yaml'), configurationText(options, files));
  t.like(await box.operator.reload({ dryRun: false }), { changed: [BAD.address], reset: [] });
  await until('it is back', () => box.witness.stats().routes4 === 200);
  await box.unharmed(t);
});

test.serial('who reads nothing is closed by the send hold timer, and the others go on', async (t) => {
  const box = await world(t, { 'send-hold-time': 2 });
  const deaf = await RawNeighbour.served(box.port, BAD.address, { as: BAD.as });
  deaf.socket.pause();
  const alive = setInterval(() => deaf.send(KEEPALIVE), 500);
  t.teardown(() => clearInterval(alive));
  await box.good.send(feed);
  const loop = box.good.send(churn, { loop: true });
  await until('bytes wait', async () => ((await limits(box))?.secondsUnread ?? 0) > 0.5, 60_000);
  await box.operator.graft(BAD.address, 1 - (await box.operator.showSession(BAD.address)).blade);
  await until('it is closed', async () => (await limits(box))?.sendHoldExpiries === 1, 60_000);
  await until('the reason is told', async () =>
    /send hold timer/.test((await box.operator.showSession(BAD.address)).reason ?? ''),
  );
  box.good.stopLoops();
  await loop;
  await until('the witness has all', () => box.witness.stats().routes4 === ROUTES);
  deaf.close();
  await box.unharmed(t);
});

test.serial(
  'a neighbour that reads a byte now and then is told what is right in the end, and costs no more than its ring',
  async (t) => {
    const box = await world(t, {});
    const slow = await RawNeighbour.served(box.port, BAD.address, { as: BAD.as });
    slow.socket.pause();
    await box.good.send(feed);
    const loop = box.good.send(churn, { loop: true });
    const ring = box.chassis.fabric.options.transmitBytes;
    await until('bytes wait', async () => ((await limits(box))?.secondsUnread ?? 0) > 0.5, 60_000);
    const resident = process.memoryUsage.rss();
    const { updates } = box.witness.stats();
    const pages = box.chassis.fabric.pages.touched();
    for (let i = 0; i < 30; i++) {
      slow.socket.resume();
      slow.socket.pause();
      await sleep(100);
      t.true(((await limits(box))?.bytesUnread ?? 0) <= ring);
    }
    const more = box.witness.stats().updates - updates;
    t.true(more > 1000, `the witness heard ${more} UPDATEs meanwhile`);
    t.true(process.memoryUsage.rss() - resident < 100 << 20);
    t.true(box.chassis.fabric.pages.touched() - pages < 64, 'its set of prefixes is no queue');
    box.good.stopLoops();
    await loop;
    await until('the witness has all', () => box.witness.stats().routes4 === ROUTES);
    await box.witness.quiet(200);
    slow.socket.resume();
    await until(
      'the slow one has heard all',
      async () => {
        const heard = slow.messages.length;
        await sleep(300);
        return slow.messages.length === heard;
      },
      30_000,
    );
    const receiver = new Receiver({ localAs: BAD.as, remoteAs: ROUTER_AS, fourOctetAs: true });
    for (const message of slow.messages)
      if (messageType(message, 0) === MessageType.Update)
        receiver.update(message, HEADER_LENGTH, message.length);
    t.like(receiver.counts, { duplicates: 0, unknownWithdraws: 0, malformed: 0 });
    t.deepEqual(compareTold(receiver.v4.snapshot(), box.witness.table().v4), SAME);
    slow.close();
    await box.unharmed(t);
  },
);

test.serial(
  'a session that flaps rests longer each time, also when it is grafted, and its log lines are few',
  async (t) => {
    const program = await Program.run(t, { neighbors: [GOOD, BAD] });
    const end = performance.now() + 4500;
    let ups = 0;
    for (let tries = 0; performance.now() < end; tries++) {
      const flapper = await RawNeighbour.dial(program.port, BAD.address);
      flapper.send(openBytes({ as: BAD.as }), KEEPALIVE);
      const up = await flapper.next(MessageType.Keepalive, 100).catch(() => undefined);
      if (up !== undefined) ups++;
      flapper.socket.resetAndDestroy();
      if (tries % 10 === 0)
        await program.call('graft', { neighbor: BAD.address, to: tries % 20 === 0 ? 1 : 0 });
      await sleep(50);
    }
    // At 0, 1 and 3 seconds; an OPEN that is answered just when it ends may make one more.
    t.true(ups >= 2 && ups <= 4, `${ups} times up`);
    const { limits: seen } = await program.call<{ limits: { flaps: number; flapsDamped: number } }>(
      'show session',
      {
        neighbor: BAD.address,
      },
    );
    t.true(seen.flaps >= 2 && seen.flapsDamped >= 1, JSON.stringify(seen));
    const lines = program.errors.trim().split('\n').length;
    t.true(lines < 40, program.errors);
    t.regex(program.errors, /127\.11\.0\.3 fell soon after it came up, 2 times in a row: rests 2 s/);
    t.is((await program.end('SIGTERM')).status, 0);
  },
);

test.serial(
  'who connects in a loop, stranger or not, fills no log, and every refusal is counted',
  async (t) => {
    const program = await Program.run(t, { neighbors: [GOOD, BAD] });
    const first = await RawNeighbour.served(program.port, BAD.address, { as: BAD.as });
    for (let i = 0; i < 300; i++) {
      const stranger = await RawNeighbour.dial(program.port, '127.11.0.99');
      stranger.close();
      const again = await RawNeighbour.dial(program.port, BAD.address);
      again.send(openBytes({ as: BAD.as }));
      if (i % 10 !== 0) again.close();
    }
    const total = (errors: string, address: string): number =>
      errors.split('\n').reduce((sum, line) => {
        const match = new RegExp(`refused (a|\\d+ more) connections? from ${address}:`).exec(line);
        return sum + (match === null ? 0 : match[1] === 'a' ? 1 : Number.parseInt(match[1] as string, 10));
      }, 0);
    await until('all are in the log', () => total(program.errors, '127.11.0.99') === 300);
    await until('those too', () => total(program.errors, BAD.address) >= 298);
    t.true(program.errors.split('\n').filter((line) => line.includes('refused')).length < 30, program.errors);
    const { limits: seen, state } = await program.call<{
      limits: { connectionsRefused: number };
      state: string;
    }>('show session', { neighbor: BAD.address });
    t.is(state, 'Established');
    t.true(seen.connectionsRefused >= 298);
    t.false(first.ended);
    first.close();
    t.is((await program.end('SIGTERM')).status, 0);
  },
);

test.serial('a thousand neighbours that call at once all come up, and are told everything', async (t) => {
  const count = 1000;
  const address = (i: number): string => `127.12.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`;
  const many = Array.from({ length: count }, (_, i) => ({ address: address(i), as: 64600 }));
  const box = await startBox(t, { neighbors: [GOOD, ...many] });
  const good = await box.speaker(GOOD.address, GOOD.as);
  await good.up();
  const small = feedFor(generateTable({ seed: 53, ipv4: 50, ipv6: 0 }), {
    neighborAs: GOOD.as,
    nextHop: GOOD.address,
    seed: 1,
  });
  await good.send(small);
  const start = performance.now();
  const callers = await Promise.all(
    many.map(async (each) => {
      const caller = await RawNeighbour.dial(box.port, each.address);
      caller.send(openBytes({ as: each.as }), KEEPALIVE);
      return caller;
    }),
  );
  await until(
    'all are up',
    async () => (await box.operator.showChassis()).sessionsEstablished === many.length + 1,
    60_000,
  );
  const took = performance.now() - start;
  for (const caller of callers)
    await until(
      'it is told all',
      () => {
        const receiver = new Receiver({ localAs: 64600, remoteAs: ROUTER_AS, fourOctetAs: true });
        for (const message of caller.messages)
          if (messageType(message, 0) === MessageType.Update)
            receiver.update(message, HEADER_LENGTH, message.length);
        return receiver.v4.snapshot().count === 50;
      },
      60_000,
    );
  t.log(`${many.length} sessions up in ${Math.round(took)} ms`);
  t.like(good.stats(), { resets: 0, notifications: 0 });
  t.deepEqual(box.chassis.troubles, []);
  for (const caller of callers) caller.close();
});
