import test from 'ava';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { HEADER_LENGTH, MAX_MESSAGE, readHeader } from '../../src/bgp/message.ts';
import { Action, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { announceFeed, churnFeed, prependFeed, withdrawFeed } from '../../src/lab/changes.ts';
import { encodeFeed, type Feed, feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import { compareTold, hashTold } from '../../src/lab/told.ts';

const table = generateTable({ seed: 11, ipv4: 20_000, ipv6: 4_000 });
const from64500 = { neighborAs: 64500, nextHop: '192.0.2.1', nextHop6: '2001:db8::1', seed: 1 };
const routes = routesFor(table, from64500);

function newReceiver(fourOctetAs = true): Receiver {
  return new Receiver({ localAs: 65000, remoteAs: 64500, fourOctetAs, keepAttributes: true });
}

/** Decodes every message with the decoder of the product; fails at the first that is not right. */
function decodeAll(t: import('ava').ExecutionContext, feed: Feed, fourOctetAs = true): void {
  const view = new UpdateView();
  const options = { fourOctetAs, external: true, families: FAMILY_IPV4 | FAMILY_IPV6 };
  for (let i = 0; i < feed.messages; i++) {
    const at = feed.offsets[i] as number;
    const end = feed.offsets[i + 1] as number;
    t.is(readHeader(feed.bytes, at, end - at, MAX_MESSAGE), end - at);
    decodeUpdate(feed.bytes, at + HEADER_LENGTH, end, options, view);
    if (view.action !== Action.None) t.fail(`message ${i}: ${view.errorWhy}`);
  }
}

test('every message of a feed decodes without a fault, with 4-octet and with 2-octet ASes', (t) => {
  decodeAll(t, encodeFeed(routes, { seed: 2 }));
  decodeAll(t, encodeFeed(routes, { seed: 2, fourOctetAs: false }), false);
});

test('a feed holds each route once, packed by attribute set', (t) => {
  const feed = encodeFeed(routes, { seed: 2 });
  t.is(feed.announced, 24_000);
  const receiver = newReceiver().feed(feed);
  t.is(receiver.counts.malformed, 0, receiver.counts.lastMalformed);
  t.is(receiver.counts.announced, 24_000);
  t.is(receiver.counts.duplicates, 0);
  t.is(receiver.v4.present, 20_000);
  t.is(receiver.v6.present, 4_000);
  t.is(receiver.counts.endOfRib4, 1);
  t.is(receiver.counts.endOfRib6, 1);
  // One message a set, a few more for the largest, and two for End-of-RIB.
  t.true(feed.messages >= routes.sets.count + 2 && feed.messages < routes.sets.count * 1.05);
});

test('a route arrives with the very attributes of its set', (t) => {
  const receiver = newReceiver().feed(encodeFeed(routes, { seed: 9 }));
  const { v4, sets } = routes;
  for (const row of [0, 1, 777, 19_999]) {
    const set = v4.set[row] as number;
    const id = receiver.v4.find(v4.length[row] as number, v4.address[row] as number);
    const expected = sets.bytes.slice(sets.start[set], sets.start[set + 1]);
    t.deepEqual(receiver.attributesOf(receiver.v4, id), Uint8Array.from(expected));
  }
});

test('the order is the feed’s own, the table the same', (t) => {
  const a = encodeFeed(routes, { seed: 1 });
  const b = encodeFeed(routes, { seed: 2 });
  t.notDeepEqual(a.bytes.slice(0, 4096), b.bytes.slice(0, 4096));
  const [tableA, tableB] = [newReceiver().feed(a), newReceiver().feed(b)];
  const difference = compareTold(tableA.v4.snapshot(), tableB.v4.snapshot());
  t.is(hashTold(tableA.v4.snapshot()), hashTold(tableB.v4.snapshot()));
  t.deepEqual(difference, { onlyA: 0, onlyB: 0, differing: 0, examples: [] });
});

test('two neighbours tell the same prefixes with other paths', (t) => {
  const a = newReceiver().feed(feedFor(table, from64500));
  const other = new Receiver({ localAs: 65000, remoteAs: 64501, fourOctetAs: true });
  const b = other.feed(feedFor(table, { ...from64500, neighborAs: 64501, seed: 2 }));
  t.is(b.counts.malformed, 0, b.counts.lastMalformed);
  const difference = compareTold(a.v4.snapshot(), b.v4.snapshot(), { ignoreNextHop: true });
  t.is(difference.onlyA + difference.onlyB, 0);
  t.is(difference.differing, 20_000);
  t.not(hashTold(a.v6.snapshot()), hashTold(b.v6.snapshot()));
  t.is(hashTold(a.v6.snapshot(), { prefixesOnly: true }), hashTold(b.v6.snapshot(), { prefixesOnly: true }));
});

test('a feed can be of one family, and without End-of-RIB', (t) => {
  const feed = encodeFeed(routes, { families: FAMILY_IPV6, endOfRib: false });
  const receiver = newReceiver().feed(feed);
  t.is(receiver.v4.present, 0);
  t.is(receiver.v6.present, 4_000);
  t.is(receiver.counts.endOfRib4 + receiver.counts.endOfRib6, 0);
});

test('what is withdrawn is gone, and is back when it is announced again', (t) => {
  const receiver = newReceiver().feed(encodeFeed(routes));
  const before = receiver.v4.snapshot();
  const some = { seed: 4, count: 3000 };
  const withdrawals = withdrawFeed(routes, some);
  decodeAll(t, withdrawals);
  receiver.feed(withdrawals);
  t.is(withdrawals.withdrawn, 3000);
  t.is(receiver.v4.present + receiver.v6.present, 21_000);
  t.is(receiver.counts.unknownWithdraws, 0);
  receiver.feed(announceFeed(routes, some));
  t.is(compareTold(before, receiver.v4.snapshot()).differing, 0);
  t.is(receiver.v4.present + receiver.v6.present, 24_000);
  t.is(receiver.counts.duplicates, 0);
});

test('prepending lengthens the path of the chosen routes and of no others', (t) => {
  const receiver = newReceiver().feed(encodeFeed(routes));
  const before = receiver.v4.snapshot();
  const feed = prependFeed(routes, { seed: 4, count: 1200, as: 64500, times: 2 });
  decodeAll(t, feed);
  receiver.feed(feed);
  const after = receiver.v4.snapshot();
  t.is(compareTold(before, after).differing, 1000);
  let longer = 0;
  for (let row = 0; row < after.count; row++)
    longer += (after.pathLength[row] as number) - (before.pathLength[row] as number);
  t.is(longer, 2000);
});

test('churn leaves the table as it was, and never repeats or withdraws in vain', (t) => {
  const receiver = newReceiver().feed(encodeFeed(routes));
  const before = [receiver.v4.snapshot(), receiver.v6.snapshot()] as const;
  const churn = churnFeed(routes, { seed: 8, changes: 5000, as: 64500 });
  decodeAll(t, churn);
  receiver.feed(churn);
  receiver.feed(churn);
  t.true(churn.withdrawn > 1000);
  t.deepEqual(compareTold(before[0], receiver.v4.snapshot()), {
    onlyA: 0,
    onlyB: 0,
    differing: 0,
    examples: [],
  });
  t.deepEqual(compareTold(before[1], receiver.v6.snapshot()), {
    onlyA: 0,
    onlyB: 0,
    differing: 0,
    examples: [],
  });
  t.is(receiver.counts.duplicates + receiver.counts.unknownWithdraws + receiver.counts.malformed, 0);
});
