import { spawnSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { encodeFeed } from '../../src/lab/feed.ts';
import { feedsFromMrt, type MrtFeed } from '../../src/lab/mrt-feeds.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import { compareTold } from '../../src/lab/told.ts';
import { dataFile } from '../support/data.ts';

const neighbours = [
  { nextHop: '127.0.0.2', nextHop6: '2001:db8::2' },
  { nextHop: '127.0.0.3', nextHop6: '2001:db8::3' },
  { nextHop: '127.0.0.4', nextHop6: '2001:db8::4' },
];

function skipWithout(t: ExecutionContext, name: string): string | undefined {
  const file = dataFile(`mrt/${name}`);
  if (file === undefined) {
    t.log('skipped: the real data is not present');
    t.pass();
  }
  return file;
}

/** Takes a feed as the router would, and finds no fault. */
function taken(t: ExecutionContext, { feed, as }: MrtFeed): Receiver {
  const receiver = new Receiver({ localAs: 65000, remoteAs: as, fourOctetAs: true }).feed(feed);
  t.is(receiver.counts.malformed, 0, receiver.counts.lastMalformed);
  return receiver;
}

test('a real table as sent on the wire is sent again, message by message', async (t) => {
  const file = skipWithout(t, 'pch-updates.20151023.bgp4mp_et.fullfeed.gz');
  if (file === undefined) return;
  const [feed, ...others] = await feedsFromMrt(file, neighbours);
  t.is(others.length, 0);
  t.is(feed!.as, 3856);
  // One message has AS 0 in its AS_PATH (RFC 7607): its four routes are left out.
  t.is(feed!.skipped, 1);
  t.is(feed!.feed.announced, 577_733);
  t.is(feed!.feed.withdrawn, 3);
  // That one and an empty one are not sent again; two End-of-RIBs stand at the end.
  t.is(feed!.feed.messages, 89_679 - 2 + 2);
  const receiver = taken(t, feed!);
  t.is(receiver.v4.present, feed!.routes.v4.count);
  t.true(receiver.v4.present >= 577_699);
});

test('the largest peers of a dump become neighbours, with the whole table each', async (t) => {
  const file = skipWithout(t, 'routeviews-rib.20140523.0600.first9072.gz');
  if (file === undefined) return;
  const feeds = await feedsFromMrt(file, neighbours, { seed: 1 });
  t.is(feeds.length, 3);
  t.true(feeds[0]!.routes.v4.count >= feeds[1]!.routes.v4.count);
  for (const feed of feeds) {
    const receiver = taken(t, feed);
    t.is(receiver.counts.announced, feed.routes.v4.count);
    t.is(receiver.counts.duplicates, 0);
    t.true(receiver.v4.present > 8_600);
  }
  const run = spawnSync('bgpdump', ['-m', file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.error !== undefined) {
    t.log('bgpdump is not installed: the number of routes is not compared with its');
    return;
  }
  const { peerAddress, routes } = feeds[0]!;
  t.is(run.stdout.split('\n').filter((line) => line.includes(`|B|${peerAddress}|`)).length, routes.v4.count);
});

test('IPv6 routes, and tables with 2-octet ASes, become feeds too', async (t) => {
  const [ipv6, old] = ['routeviews6-rib.20151101.0600.part1.gz', 'ris-bview.20020722.2337.gz'];
  const file6 = skipWithout(t, ipv6);
  const fileOld = dataFile(`mrt/${old}`);
  if (file6 === undefined || fileOld === undefined) return;
  const [feed6] = await feedsFromMrt(file6, neighbours);
  t.is(taken(t, feed6!).v6.present, feed6!.routes.v6.count);
  t.true(feed6!.routes.v6.count > 3_000);
  const [feedOld] = await feedsFromMrt(fileOld, neighbours);
  t.is(taken(t, feedOld!).v4.present, feedOld!.routes.v4.count);
  t.true(feedOld!.routes.v4.count > 110_000);
  t.is(feedOld!.skipped, 0);
});

test('a neighbour with an AS of its own puts that in front', async (t) => {
  const file = skipWithout(t, 'ripencc-bview.ipv4_unicast_add_path.gz');
  if (file === undefined) return;
  const feeds = await feedsFromMrt(file, [
    { as: 64500, nextHop: '127.0.0.2' },
    { as: 64501, nextHop: '127.0.0.3' },
  ]);
  t.deepEqual(
    feeds.map(({ as, peerAs }) => [as, peerAs]),
    [
      [64500, 65017],
      [64501, 65015],
    ],
  );
  // The first of a peer's paths is taken; the others cannot be told without ADD-PATH.
  for (const feed of feeds) t.is(taken(t, feed).v4.present, feed.routes.v4.count);
  t.is(feeds[0]!.routes.v4.count + feeds[0]!.skipped, 31);
  t.is(feeds[1]!.routes.v4.count + feeds[1]!.skipped, 29);
});

test('updates end in the table that packing the end of the file gives', async (t) => {
  const file = skipWithout(t, 'ris-rrc15-updates.20100227.1600.gz');
  if (file === undefined) return;
  const feeds = await feedsFromMrt(file, neighbours);
  for (const feed of feeds) {
    const asSent = taken(t, feed);
    const packed = taken(t, { ...feed, feed: encodeFeed(feed.routes) });
    t.deepEqual(compareTold(asSent.v4.snapshot(), packed.v4.snapshot()), {
      onlyA: 0,
      onlyB: 0,
      differing: 0,
      examples: [],
    });
  }
});
