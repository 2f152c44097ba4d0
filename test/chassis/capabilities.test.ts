/** What is agreed on in the OPEN messages, and how sessions end: live, message by message. */
import test from 'ava';
import { decodeCommunication, encodeCommunication, toldText } from '../../src/bgp/communication.ts';
import {
  encodeNotification,
  HEADER_LENGTH,
  MAX_EXTENDED_MESSAGE,
  MAX_MESSAGE,
  MessageType,
} from '../../src/bgp/message.ts';
import { decodeOpen, isFailure, type Open } from '../../src/bgp/open.ts';
import { ROUTER_AS, ROUTER_ID, startBox, until } from './support/box.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';
import { announcing } from './support/updates.ts';

const AS = 64_840;

async function openOf(neighbour: RawNeighbour): Promise<Open> {
  const message = (await neighbour.next(MessageType.Open)) as Uint8Array;
  const open = decodeOpen(message, HEADER_LENGTH, message.length);
  if (isFailure(open)) throw new Error(open.why);
  return open;
}

test.serial('capabilities are offered, but for those that are switched off', async (t) => {
  const [all, none] = ['127.34.0.1', '127.34.0.2'];
  const box = await startBox(t, {
    neighbors: [
      { address: all, as: AS, 'extended-messages': true },
      {
        address: none,
        as: AS,
        'graceful-restart': 'off',
        'without-capabilities': ['multiprotocol', 'route-refresh', 'four-octet-as'],
      },
    ],
  });
  const [first, second] = [await RawNeighbour.dial(box.port, all), await RawNeighbour.dial(box.port, none)];
  t.like((await openOf(first)).capabilities, {
    routeRefresh: true,
    enhancedRefresh: true,
    extendedMessage: true,
    fourOctetAs: ROUTER_AS,
  });
  t.like((await openOf(second)).capabilities, {
    multiprotocol: [],
    routeRefresh: false,
    enhancedRefresh: false,
    extendedMessage: false,
    fourOctetAs: undefined,
    gracefulRestart: undefined,
  });
  second.send(openBytes({ as: AS }), KEEPALIVE);
  await until('it is up', async () => (await box.operator.showSession(none)).state === 'Established');
  t.deepEqual((await box.operator.showSession(none)).agreed, []);
  t.deepEqual((await box.operator.showSession(none)).families, ['ipv4-unicast']);
  for (const each of [first, second]) each.close();
});

test.serial('a neighbour that wants a shorter hold time than is allowed is refused', async (t) => {
  const address = '127.34.0.3';
  const box = await startBox(t, { neighbors: [{ address, as: AS, 'min-hold-time': 20 }] });
  const hasty = await RawNeighbour.dial(box.port, address);
  hasty.send(openBytes({ as: AS, holdTime: 19 }));
  t.deepEqual(await hasty.notification(), [2, 6]);
  hasty.close();
  for (const holdTime of [20, 0]) {
    await until('it may call', async () => (await box.operator.showSession(address)).state !== 'Established');
    const calm = await RawNeighbour.served(box.port, address, { as: AS, holdTime });
    await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
    t.is((await box.operator.showSession(address)).holdTime, holdTime);
    calm.send(encodeNotification(6, 4));
    await calm.end();
    calm.close();
  }
});

test.serial('extended messages go both ways where both sides know them (RFC 8654)', async (t) => {
  const [teller, knows, knowsNot] = ['127.34.0.4', '127.34.0.5', '127.34.0.6'];
  const box = await startBox(t, {
    neighbors: [teller, knows, knowsNot].map((address, i) => ({
      address,
      as: AS + i,
      'extended-messages': true,
    })),
  });
  const neighbours: RawNeighbour[] = [];
  for (const [i, address] of [teller, knows, knowsNot].entries()) {
    const neighbour = await RawNeighbour.dial(box.port, address);
    neighbour.maxMessage = i < 2 ? MAX_EXTENDED_MESSAGE : MAX_MESSAGE;
    await neighbour.establish({ as: AS + i, capabilities: { extendedMessage: i < 2 } });
    neighbours.push(neighbour);
  }
  const [tells, hears, misses] = neighbours as [RawNeighbour, RawNeighbour, RawNeighbour];
  for (const address of [teller, knows, knowsNot])
    await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
  t.true((await box.operator.showSession(knows)).agreed?.includes('extended messages'));
  t.false((await box.operator.showSession(knowsNot)).agreed?.includes('extended messages'));
  const numbers = Array.from({ length: 16_000 }, (_, i) => i);
  const big = announcing(numbers, { as: AS });
  t.true(big.length > 64_000);
  // Several in one breath: messages lie across the ring's end.
  for (let i = 0; i < 9; i++) tells.send(big);
  tells.send(announcing([20_000], { as: AS, communities: 2000 }), announcing([20_001], { as: AS }));
  await until('all is told', async () => (await box.operator.showSession(knows)).routesAdvertised === 16_002);
  await until(
    'who knows no long messages is told what fits',
    async () => (await box.operator.showSession(knowsNot)).routesAdvertised === 16_001,
  );
  const longest = (neighbour: RawNeighbour): number =>
    Math.max(...neighbour.messages.map((message) => message.length));
  await until('the long set came', () => neighbours[1]?.messages.some((m) => m.length > 8000));
  await until('all short messages came', () => misses.messages.length > 16);
  t.true(longest(hears) > 8000, `${longest(hears)}`);
  t.true(longest(misses) <= MAX_MESSAGE, `${longest(misses)}`);
  t.is((await box.operator.showSession(teller)).routesReceived, 16_002);
  // Whoever did not agree on it is told that it is too long.
  const tooLong = announcing(numbers.slice(0, 2000), { as: AS + 2 });
  misses.send(tooLong);
  t.deepEqual(await misses.notification(), [1, 2, ...tooLong.subarray(16, 18)]);
  for (const each of neighbours) each.close();
});

test.serial(
  'what the neighbour says when it shuts the session is told to the operator (RFC 9003)',
  async (t) => {
    const address = '127.34.0.7';
    const box = await startBox(t, { neighbors: [{ address, as: AS }] });
    const text = 'Wartung bis 14 Uhr – Ticket 77';
    const said = encodeCommunication(text);
    // biome-ignore format: one line per rule
    const cases: readonly (readonly [subcode: number, data: Uint8Array, reason: string])[] = [
    [2, said, `Cease/Administrative Shutdown: ${text}`],
    [4, said, `Cease/Administrative Reset: ${text}`],
    [9, Uint8Array.of(6, 2, ...said), `Cease/Hard Reset: Cease/Administrative Shutdown: ${text}`],
    [2, Uint8Array.of(200, 65), 'Cease/Administrative Shutdown: a text that is no text'],
  ];
    for (const [subcode, data, reason] of cases) {
      const neighbour = await RawNeighbour.served(box.port, address, { as: AS });
      await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
      neighbour.send(encodeNotification(6, subcode, data));
      const why = `the neighbour sent ${reason}`;
      await until(why, async () => (await box.operator.showSession(address)).reason === why);
      t.pass();
      neighbour.close();
      await box.operator.clear(address);
    }
  },
);

test('a shutdown communication is what was said, fit for a log', (t) => {
  t.is(decodeCommunication(encodeCommunication('ä'.repeat(200))), 'ä'.repeat(127));
  t.is(decodeCommunication(Uint8Array.of(3, 65, 0x1b, 66)), 'A�B');
  t.is(decodeCommunication(Uint8Array.of(2, 0xff, 0xfe)), undefined);
  t.is(decodeCommunication(new Uint8Array(0)), undefined);
  // RFC 9003 4: what cannot be read is to be seen by the operator.
  const said = (...data: number[]): string => toldText({ code: 6, subcode: 2, data: Uint8Array.from(data) });
  t.is(said(2, 0xff, 0xfe), 'Cease/Administrative Shutdown: a text that is no text');
  t.is(said(9, 65), 'Cease/Administrative Shutdown: a text that is no text');
  t.is(said(0), 'Cease/Administrative Shutdown');
  t.is(encodeCommunication('').length, 0);
});

test.serial('what comes out of turn is answered with the state that it came in (RFC 6608)', async (t) => {
  const [a, b, c] = ['127.34.0.8', '127.34.0.9', '127.34.0.10'];
  const box = await startBox(t, { neighbors: [a, b, c].map((address) => ({ address, as: AS })) });
  const update = announcing([1], { as: AS });
  const inOpenSent = await RawNeighbour.dial(box.port, a);
  inOpenSent.send(update);
  t.deepEqual(await inOpenSent.notification(), [5, 1]);
  const inOpenConfirm = await RawNeighbour.dial(box.port, b);
  inOpenConfirm.send(openBytes({ as: AS }), update);
  t.deepEqual(await inOpenConfirm.notification(), [5, 2]);
  const established = await RawNeighbour.served(box.port, c, { as: AS });
  established.send(openBytes({ as: AS }));
  t.deepEqual(await established.notification(), [5, 3]);
  for (const each of [inOpenSent, inOpenConfirm, established]) each.close();
});

test.serial(
  'one BGP Identifier can be another AS’s, too, but not the neighbour’s in our own (RFC 6286)',
  async (t) => {
    const [outside, inside] = ['127.34.0.11', '127.34.0.12'];
    const box = await startBox(t, {
      neighbors: [
        { address: outside, as: AS },
        { address: inside, as: ROUTER_AS },
      ],
    });
    const other = await RawNeighbour.served(box.port, outside, { as: AS, id: ROUTER_ID });
    const twin = await RawNeighbour.dial(box.port, inside);
    twin.send(openBytes({ as: ROUTER_AS, id: ROUTER_ID }));
    t.deepEqual(await twin.notification(), [2, 3]);
    for (const each of [other, twin]) each.close();
  },
);
