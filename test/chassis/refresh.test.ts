/** Enhanced route refresh (RFC 7313), both ways: borders around what is repeated, and what was not repeated goes. */
import test from 'ava';
import {
  decodeRouteRefresh,
  encodeRouteRefresh,
  HEADER_LENGTH,
  MessageType,
  messageType,
  RefreshKind,
} from '../../src/bgp/message.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { sleep, startBox, until } from './support/box.ts';
import { type OpenOptions, RawNeighbour } from './support/raw-neighbour.ts';
import { announcing } from './support/updates.ts';

const AS = 64_830;
const ENHANCED: OpenOptions = { as: AS, capabilities: { enhancedRefresh: true } };
const BEGIN = encodeRouteRefresh(1, 1, RefreshKind.Begin);
const END = encodeRouteRefresh(1, 1, RefreshKind.End);

test.serial(
  'what a neighbour does not repeat between the borders is withdrawn, wherever it is grafted',
  async (t) => {
    const [a, b] = ['127.33.0.1', '127.33.0.2'];
    const box = await startBox(t, {
      neighbors: [
        { address: a, as: AS, blade: 0 },
        { address: b, as: AS + 1 },
      ],
    });
    const witness = await box.speaker(b, AS + 1);
    const neighbour = await RawNeighbour.dial(box.port, a);
    await Promise.all([neighbour.establish(ENHANCED), witness.up()]);
    neighbour.send(announcing([1, 2, 3], { as: AS }));
    await until('three routes', () => witness.stats().routes4 === 3);
    t.true((await box.operator.showSession(a)).agreed?.includes('enhanced route refresh'));

    neighbour.send(BEGIN, announcing([1], { as: AS }), announcing([2], { as: AS, communities: 1 }));
    await until('the changed one', () => witness.stats().announced === 4);
    t.deepEqual((await box.operator.showSession(a)).stale?.families, ['ipv4-unicast']);
    await box.operator.graft(a, 1);
    await sleep(50);
    t.is(witness.stats().routes4, 3, 'nothing goes before the end');
    neighbour.send(END);
    await until('what was not repeated is gone', () => witness.stats().routes4 === 2);
    t.like(witness.stats(), { withdrawn: 1, duplicates: 0, unknownWithdraws: 0, resets: 0 });
    await until('nothing is stale', async () => (await box.operator.showSession(a)).stale === undefined);

    // Other kinds mean nothing (RFC 7313 5), nor does an end without a beginning.
    neighbour.send(encodeRouteRefresh(1, 1, 77), END, announcing([4], { as: AS }));
    await until('the next route', () => witness.stats().routes4 === 3);
    t.is((await box.operator.showSession(a)).state, 'Established');
    neighbour.close();
  },
);

test.serial('a whole table that is repeated in one breath is no news to anybody', async (t) => {
  const [a, b] = ['127.33.0.3', '127.33.0.4'];
  const box = await startBox(t, {
    neighbors: [
      { address: a, as: AS },
      { address: b, as: AS + 1 },
    ],
  });
  const witness = await box.speaker(b, AS + 1);
  const neighbour = await RawNeighbour.dial(box.port, a);
  await Promise.all([neighbour.establish(ENHANCED), witness.up()]);
  const table = generateTable({ seed: 7, ipv4: 20_000, ipv6: 0 });
  const { bytes } = feedFor(table, { neighborAs: AS, nextHop: a, seed: 1, endOfRib: false });
  neighbour.send(bytes);
  await until('the table came', () => witness.stats().routes4 === 20_000);
  neighbour.send(BEGIN, bytes, END, BEGIN, bytes, announcing([60_000], { as: AS }), END);
  await until('all was heard', () => witness.stats().routes4 === 20_001);
  await until('nothing is stale', async () => (await box.operator.showSession(a)).stale === undefined);
  t.like(witness.stats(), { announced: 20_001, withdrawn: 0, duplicates: 0, resets: 0 });
  neighbour.send(BEGIN, END);
  await until('all is gone', () => witness.stats().routes4 === 0);
  neighbour.close();
});

test.serial('who asks is told where the repetition begins and ends', async (t) => {
  const [a, b, plain] = ['127.33.0.5', '127.33.0.6', '127.33.0.7'];
  const box = await startBox(t, { neighbors: [a, b, plain].map((address, i) => ({ address, as: AS + i })) });
  const teller = await RawNeighbour.served(box.port, b, { as: AS + 1 });
  teller.send(announcing([1, 2, 3], { as: AS + 1 }));
  const neighbour = await RawNeighbour.served(box.port, a, ENHANCED);
  await until('it was told', async () => (await box.operator.showSession(a)).routesAdvertised === 3);
  await box.operator.refresh(a);
  const asked = (await neighbour.next(MessageType.RouteRefresh)) as Uint8Array;
  t.deepEqual(decodeRouteRefresh(asked, HEADER_LENGTH, asked.length), { afi: 1, safi: 1, kind: 0 });
  const before = neighbour.messages.length;
  neighbour.send(encodeRouteRefresh(1, 1));
  const kinds = (): string[] =>
    neighbour.messages
      .slice(before)
      .map((message) =>
        messageType(message, 0) === MessageType.RouteRefresh
          ? `border ${message[HEADER_LENGTH + 2]}`
          : `type ${messageType(message, 0)}`,
      );
  await until('the end', () => kinds().at(-1) === 'border 2');
  t.deepEqual(kinds(), ['border 1', 'type 2', 'border 2']);

  // Without the capability the octet is reserved, and ignored (RFC 2918): a border is a question.
  const old = await RawNeighbour.served(box.port, plain, { as: AS + 2 });
  await until('it was told, too', async () => (await box.operator.showSession(plain)).routesAdvertised === 3);
  old.send(BEGIN);
  await until(
    'it is told again',
    () => old.messages.filter((message) => messageType(message, 0) === 2 && message.length > 30).length === 2,
  );
  t.false(old.messages.some((message) => messageType(message, 0) === MessageType.RouteRefresh));
  for (const each of [neighbour, old, teller]) each.close();
});

test.serial(
  'a border of a wrong length ends the session, with itself as the data (RFC 7313 5)',
  async (t) => {
    const [a, b, c, d] = ['127.33.0.8', '127.33.0.9', '127.33.0.10', '127.33.0.11'];
    const box = await startBox(t, { neighbors: [a, b, c, d].map((address) => ({ address, as: AS })) });
    const neighbour = await RawNeighbour.served(box.port, a, ENHANCED);
    const longer = Uint8Array.from([...BEGIN, 9]);
    longer[17] = longer.length;
    neighbour.send(longer);
    t.deepEqual(await neighbour.notification(), [7, 1, ...longer]);
    const shorter = (kind: number): Uint8Array => {
      const cut = BEGIN.slice(0, -1);
      cut.set([cut.length, 5, 0, 1, kind], 17);
      return cut;
    };
    const third = await RawNeighbour.served(box.port, c, ENHANCED);
    third.send(shorter(2));
    t.deepEqual(await third.notification(), [7, 1, ...shorter(2)]);
    // A question without a SAFI is a message that is too short (RFC 4271 6.1).
    const fourth = await RawNeighbour.served(box.port, d, ENHANCED);
    fourth.send(shorter(0));
    t.deepEqual(await fourth.notification(), [1, 2, 0, 22]);
    // A question that is longer brings filters that were not agreed on: nothing is answered.
    const other = await RawNeighbour.served(box.port, b, ENHANCED);
    longer[HEADER_LENGTH + 2] = 0;
    other.send(longer, announcing([1], { as: AS }));
    await until('it goes on', async () => (await box.operator.showSession(b)).routesReceived === 1);
    for (const each of [neighbour, other, third, fourth]) each.close();
  },
);
