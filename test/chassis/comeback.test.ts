/** A chassis that was there a moment ago (RFC 4724 4.1): what it says in its OPEN, and when it tells its neighbours what. */
import type { ExecutionContext } from 'ava';
import { encodeEndOfRib } from '../../src/bgp/encode.ts';
import { GRACEFUL } from '../../src/bgp/graceful.ts';
import { HEADER_LENGTH, MessageType, messageType } from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { lanes } from '../support/lanes.ts';
import { freePort, sleep, temporaryFolder, until } from './support/box.ts';
import { Program } from './support/program.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const test = lanes(3);

const A = { address: '127.15.0.1', as: 64501, 'graceful-restart': 'full' };
const B = { address: '127.15.0.2', as: 64502, 'graceful-restart': 'full' };
const END_OF_RIB = encodeEndOfRib(1, 1);
const table = generateTable({ seed: 71, ipv4: 500, ipv6: 0 });
const routes = routesFor(table, { neighborAs: A.as, nextHop: A.address, seed: 1 });
const feed = encodeFeed(routes, { seed: 1, families: 1, endOfRib: false });

interface Up {
  readonly neighbour: RawNeighbour;
  /** The restart flag of the chassis' capability. */
  readonly restarted: boolean;
}

async function up(t: ExecutionContext, port: number, who: typeof A, flags: number): Promise<Up> {
  const neighbour = await RawNeighbour.dial(port, who.address);
  t.teardown(() => neighbour.close());
  const families = [{ afi: 1, safi: 1, flags: GRACEFUL.forwarding }];
  neighbour.send(
    openBytes({
      as: who.as,
      id: who.address,
      capabilities: { gracefulRestart: { flags, restartTime: 60, families } },
    }),
    KEEPALIVE,
  );
  const message = (await neighbour.next(MessageType.Open, 10_000)) as Uint8Array;
  const open = decodeOpen(message, HEADER_LENGTH, message.length);
  if (isFailure(open)) throw new Error(open.why);
  await neighbour.next(MessageType.Keepalive);
  const ours = open.capabilities.gracefulRestart?.flags ?? 0;
  return { neighbour, restarted: (ours & GRACEFUL.restarted) !== 0 };
}

const updates = ({ messages }: RawNeighbour): Uint8Array[] =>
  messages.filter((message) => messageType(message, 0) === MessageType.Update);
const ends = (neighbour: RawNeighbour): boolean =>
  updates(neighbour).some((message) => message.length === END_OF_RIB.length);

for (const [end, notification] of [
  ['SIGKILL', 0],
  ['SIGTERM', 0],
  ['SIGTERM', GRACEFUL.notification],
] as const) {
  test(`after ${end} ${notification ? 'and a Cease ' : ''}nothing is told before all that is known is known again`, async (t) => {
    const files = { folder: temporaryFolder(t), port: await freePort() };
    const first = Program.start(t, files, { neighbors: [A, B] });
    await first.ready();
    const before = await Promise.all([A, B].map((who) => up(t, files.port, who, notification)));
    t.false(before.some(({ restarted }) => restarted));
    before[0]!.neighbour.send(feed.bytes, END_OF_RIB);
    await until('B is told', () => ends(before[1]!.neighbour) && updates(before[1]!.neighbour).length > 10);
    await first.end(end);
    // A NOTIFICATION would have neighbours drop our routes, but for those that know RFC 8538.
    const last = before[1]!.neighbour.messages.at(-1) as Uint8Array;
    t.is(messageType(last, 0) === MessageType.Notification, notification !== 0);
    if (notification) t.deepEqual([...last.subarray(HEADER_LENGTH)], [6, 2]);

    const second = Program.start(t, files, { neighbors: [A, B] });
    await second.ready();
    const b = await up(t, files.port, B, notification);
    const a = await up(t, files.port, A, notification);
    t.true(a.restarted && b.restarted);
    b.neighbour.send(END_OF_RIB);
    a.neighbour.send(feed.bytes.subarray(0, feed.offsets[3] as number));
    await sleep(500);
    t.deepEqual(updates(b.neighbour), []);
    await second.call('graft', { neighbor: A.address, to: 0 });
    await second.call('graft', { neighbor: A.address, to: 1 });
    a.neighbour.send(feed.bytes.subarray(feed.offsets[3] as number), END_OF_RIB);
    await until('B is told', () => ends(b.neighbour));
    t.is(updates(b.neighbour).at(-1)?.length, END_OF_RIB.length, 'End-of-RIB comes last');
    t.true(updates(b.neighbour).length > 3);
    t.regex(second.errors, /waiting for what 2 neighbours know/);
    t.regex(second.errors, /telling after [\d.]+ s\n/);
    // And from then on it is no restart any more.
    b.neighbour.socket.resetAndDestroy();
    t.false((await up(t, files.port, B, 0)).restarted);
  });
}

test('a neighbour that does not come back is waited for no longer than that, and is named', async (t) => {
  const files = { folder: temporaryFolder(t), port: await freePort() };
  const options = { neighbors: [A, B], restartWait: 2 };
  const first = Program.start(t, files, options);
  await first.ready();
  await first.end('SIGKILL');
  const second = Program.start(t, files, options);
  await second.ready();
  const a = await up(t, files.port, A, 0);
  a.neighbour.send(END_OF_RIB);
  const start = performance.now();
  await until('A is told', () => ends(a.neighbour));
  t.true(performance.now() - start > 500);
  await until('B is named', () => /without End-of-RIB of 127\.15\.0\.2/.test(second.errors));
});
