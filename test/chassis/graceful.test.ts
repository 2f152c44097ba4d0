/** Graceful restart (RFC 4724, RFC 8538) against a real chassis: what others are told when a neighbour restarts. */
import type { ExecutionContext } from 'ava';
import { parseIpv4 } from '../../src/base/address.ts';
import type { GracefulRestart } from '../../src/bgp/capabilities.ts';
import { encodeEndOfRib } from '../../src/bgp/encode.ts';
import { GRACEFUL } from '../../src/bgp/graceful.ts';
import { encodeNotification, HEADER_LENGTH, MessageType } from '../../src/bgp/message.ts';
import { as2For, decodeOpen, encodeOpen, isFailure, noCapabilities } from '../../src/bgp/open.ts';
import { SESSION, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import type { Speaker } from '../../src/lab/speaker.ts';
import { lanes } from '../support/lanes.ts';
import { type Box, sleep, startBox, until } from './support/box.ts';
import { KEEPALIVE, RawListener, RawNeighbour } from './support/raw-neighbour.ts';

const test = lanes(3);

const N = { address: '127.14.0.1', as: 64501 };
const W = { address: '127.14.0.2', as: 64502 };
const ROUTES = 2000;
const table = generateTable({ seed: 61, ipv4: ROUTES, ipv6: 0 });
const routes = routesFor(table, { neighborAs: N.as, nextHop: N.address, seed: 1 });
const feed = encodeFeed(routes, { seed: 1, families: 1, endOfRib: false });
const END_OF_RIB = encodeEndOfRib(1, 1);

interface Restarting {
  readonly restartTime?: number;
  readonly notification?: boolean;
  /** It has restarted, and what of its forwarding state is left. */
  readonly restarted?: boolean;
  readonly forwarding?: boolean;
}

function open(options: Restarting | undefined): Uint8Array {
  const { restartTime = 30, notification = false, restarted = false, forwarding = true } = options ?? {};
  const flags = (notification ? GRACEFUL.notification : 0) | (restarted ? GRACEFUL.restarted : 0);
  const families = [{ afi: 1, safi: 1, flags: forwarding ? GRACEFUL.forwarding : 0 }];
  const gracefulRestart: GracefulRestart | undefined =
    options === undefined ? undefined : { flags, restartTime, families };
  return encodeOpen({
    version: 4,
    as: N.as,
    as2: as2For(N.as),
    holdTime: 90,
    bgpId: parseIpv4(N.address) as number,
    capabilities: {
      ...noCapabilities(),
      multiprotocol: [{ afi: 1, safi: 1 }],
      fourOctetAs: N.as,
      gracefulRestart,
    },
  });
}

interface World extends Box {
  readonly witness: Speaker;
  /** The neighbour, with its OPEN exchanged. */
  up(options: Restarting | undefined): Promise<RawNeighbour>;
  state(): Promise<string>;
}

async function world(t: ExecutionContext, more: Readonly<Record<string, unknown>> = {}): Promise<World> {
  const box = await startBox(t, { neighbors: [{ ...N, ...more }, W] });
  const witness = await box.speaker(W.address, W.as);
  await witness.up();
  return {
    ...box,
    witness,
    state: async () => (await box.operator.showSession(N.address)).state,
    async up(options) {
      const neighbour = await RawNeighbour.dial(box.port, N.address);
      t.teardown(() => neighbour.close());
      neighbour.send(open(options), KEEPALIVE);
      await neighbour.next(MessageType.Keepalive, 10_000);
      return neighbour;
    },
  };
}

/** Up, and everything told. */
async function told(box: World, options: Restarting | undefined): Promise<RawNeighbour> {
  const neighbour = await box.up(options);
  neighbour.send(feed.bytes, END_OF_RIB);
  await until('the witness has it', () => box.witness.stats().routes4 === ROUTES);
  return neighbour;
}

async function down(box: World): Promise<void> {
  await until('it is noticed', async () => (await box.state()) !== 'Established');
}

function nothingNoticed(t: ExecutionContext, box: World): void {
  t.like(box.witness.stats(), { routes4: ROUTES, announced: ROUTES, withdrawn: 0, duplicates: 0, resets: 0 });
}

test('our OPEN offers to help, and names what is kept where forwarding goes on without us', async (t) => {
  for (const [mode, expected] of [
    ['helper', { flags: GRACEFUL.notification, restartTime: 0, families: [] }],
    [
      'full',
      {
        flags: GRACEFUL.notification,
        restartTime: 77,
        families: [{ afi: 1, safi: 1, flags: GRACEFUL.forwarding }],
      },
    ],
    ['off', undefined],
  ] as const) {
    const box = await startBox(t, { neighbors: [{ ...N, 'graceful-restart': mode, 'restart-time': 77 }] });
    const neighbour = await RawNeighbour.dial(box.port, N.address);
    const message = (await neighbour.next(MessageType.Open)) as Uint8Array;
    const decoded = decodeOpen(message, HEADER_LENGTH, message.length);
    if (isFailure(decoded)) return t.fail(decoded.why);
    t.deepEqual(decoded.capabilities.gracefulRestart, expected);
    neighbour.close();
    await box.stop();
  }
  return undefined;
});

test('a neighbour that restarts within its time is not missed, through grafts; what it tells no more goes', async (t) => {
  const box = await world(t);
  for (let round = 0; round < 3; round++) {
    const neighbour = round === 0 ? await told(box, {}) : await box.up({ restarted: true });
    if (round > 0) {
      neighbour.send(feed.bytes);
      await box.operator.graft(N.address, round % 2);
      neighbour.send(END_OF_RIB);
      await until(
        'nothing is stale',
        async () => (await box.operator.showSession(N.address)).stale === undefined,
      );
    }
    neighbour.socket.resetAndDestroy();
    await down(box);
    await box.operator.graft(N.address, 1 - (await box.operator.showSession(N.address)).blade);
    const { stale, routesReceived } = await box.operator.showSession(N.address);
    t.deepEqual(stale?.families, ['ipv4-unicast']);
    t.is(routesReceived, ROUTES);
    await box.witness.quiet(100);
    nothingNoticed(t, box);
  }
  const again = await box.up({ restarted: true });
  const messages = Math.floor(feed.messages / 2);
  again.send(feed.bytes.subarray(0, feed.offsets[messages] as number));
  await sleep(200);
  nothingNoticed(t, box);
  again.send(END_OF_RIB);
  await until('the rest is withdrawn', () => box.witness.stats().withdrawn > 0);
  await box.witness.quiet(100);
  const { routes4, withdrawn } = box.witness.stats();
  t.is(routes4 + withdrawn, ROUTES);
  t.is((await box.operator.showSession(N.address)).routesReceived, routes4);
  t.like(box.witness.stats(), { duplicates: 0, unknownWithdraws: 0, resets: 0 });
});

test('a neighbour that restarted without a word is taken as soon as it calls anew, and not missed (RFC 4724 5)', async (t) => {
  const box = await world(t);
  await told(box, {});
  await sleep(2000);
  const again = await box.up({ restarted: true });
  again.send(feed.bytes, END_OF_RIB);
  await until('nothing is stale', async () => {
    const { state, stale } = await box.operator.showSession(N.address);
    return state === 'Established' && stale === undefined;
  });
  nothingNoticed(t, box);
});

test('and so is one that we had called; one that cannot restart is not believed', async (t) => {
  for (const restarting of [{}, undefined]) {
    const listener = await RawListener.at(N.address);
    const box = await world(t, { passive: false, port: listener.port });
    const first = await listener.call();
    first.send(open(restarting), KEEPALIVE);
    await until('it is up', async () => (await box.state()) === 'Established');
    first.send(feed.bytes, END_OF_RIB);
    await until('the witness has it', () => box.witness.stats().routes4 === ROUTES);
    await sleep(2000);
    const again = await RawNeighbour.dial(box.port, N.address);
    t.teardown(() => again.close());
    again.send(open({ restarted: true }), KEEPALIVE);
    if (restarting === undefined) t.deepEqual(await again.notification(), [6, 7]);
    else {
      t.truthy(await again.next(MessageType.Keepalive, 10_000));
      again.send(feed.bytes, END_OF_RIB);
      await until('it is taken', async () => (await box.operator.showSession(N.address)).stale === undefined);
    }
    t.is(await box.state(), 'Established');
    nothingNoticed(t, box);
    await box.stop();
    first.close();
    await listener.close();
  }
});

test('routes go when the restart takes too long, and when the neighbour has lost its forwarding state', async (t) => {
  const box = await world(t);
  const first = await told(box, { restartTime: 1 });
  first.socket.resetAndDestroy();
  await down(box);
  await box.witness.quiet(100);
  nothingNoticed(t, box);
  await until('time is up', () => box.witness.stats().routes4 === 0);
  const second = await told(box, {});
  second.socket.resetAndDestroy();
  await down(box);
  await box.up({ restarted: true, forwarding: false });
  await until('its routes are gone', () => box.witness.stats().routes4 === 0);
});

test('a neighbour that is no helper, or that we do not help, is missed at once', async (t) => {
  const plain = await world(t);
  (await told(plain, undefined)).socket.resetAndDestroy();
  await until('gone', () => plain.witness.stats().routes4 === 0);
  t.is(plain.witness.stats().withdrawn, ROUTES);
  await plain.stop();
  const off = await world(t, { 'graceful-restart': 'off' });
  (await told(off, {})).socket.resetAndDestroy();
  await until('gone', () => off.witness.stats().routes4 === 0);
  t.is(off.witness.stats().withdrawn, ROUTES);
});

test('a NOTIFICATION ends everything, unless both sides know better, and a Hard Reset always (RFC 8538)', async (t) => {
  const box = await world(t);
  const cease = encodeNotification(6, 4);
  const plain = await told(box, {});
  plain.send(cease);
  plain.socket.end();
  await until('all is withdrawn', () => box.witness.stats().routes4 === 0);
  await box.stop();

  const other = await world(t);
  const knowing = await told(other, { notification: true });
  knowing.send(cease);
  knowing.socket.end();
  await down(other);
  await other.witness.quiet(150);
  nothingNoticed(t, other);
  const again = await told(other, { notification: true, restarted: true });
  again.send(encodeNotification(6, 9, Uint8Array.of(6, 2)));
  again.socket.end();
  await until('now it is', () => other.witness.stats().routes4 === 0);
});

test('what was told just before a NOTIFICATION is kept like the rest', async (t) => {
  const box = await world(t);
  const neighbour = await box.up({ notification: true });
  // At one stroke, so that the last routes and the end are read together.
  neighbour.send(feed.bytes, encodeNotification(6, 4));
  neighbour.socket.end();
  await down(box);
  await until('the witness has it', () => box.witness.stats().routes4 === ROUTES);
  await box.witness.quiet(100);
  nothingNoticed(t, box);
  t.is((await box.operator.showSession(N.address)).routesReceived, ROUTES);
});

test('what the operator ends is ended, also for who would keep our routes', async (t) => {
  const box = await world(t, { 'graceful-restart': 'full' });
  const neighbour = await told(box, { notification: true });
  await box.operator.shutdown(N.address, undefined);
  t.deepEqual(await neighbour.notification(), [6, 9, 6, 2]); // RFC 8538 3.1
  await until('all is withdrawn', () => box.witness.stats().routes4 === 0);
});

test('of what is just being withdrawn, as its time is up, no seconds are left', async (t) => {
  const box = await startBox(t, { neighbors: [N] });
  const { fabric } = box.chassis;
  const { index } = box.entry(N.address);
  // As its blade leaves it for the time that the walk takes.
  fabric.setNumber(index, SESSION_NUMBER.staleUntil, Number.POSITIVE_INFINITY);
  fabric.setSession(index, SESSION.staleFamilies, 1);
  const { stale } = await box.operator.showSession(N.address);
  t.deepEqual(stale, { families: ['ipv4-unicast'], seconds: 0 });
});

test('a session that is shut while its routes are stale loses them', async (t) => {
  const box = await world(t);
  (await told(box, {})).socket.resetAndDestroy();
  await down(box);
  await box.witness.quiet(100);
  nothingNoticed(t, box);
  await box.operator.shutdown(N.address, undefined);
  await until('all is withdrawn', () => box.witness.stats().routes4 === 0);
});
