import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { encodeKeepalive } from '../../src/bgp/message.ts';
import { encodeOpen, noCapabilities } from '../../src/bgp/open.ts';
import { announceFeed, churnFeed, prependFeed, withdrawFeed } from '../../src/lab/changes.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import { Speaker, type SpeakerOptions } from '../../src/lab/speaker.ts';
import { compareTold } from '../../src/lab/told.ts';

const table = generateTable({ seed: 7, ipv4: 42_000, ipv6: 8_000 });
const routes = routesFor(table, {
  neighborAs: 64500,
  nextHop: '127.0.0.2',
  nextHop6: '2001:db8::2',
  seed: 1,
});
const same = { onlyA: 0, onlyB: 0, differing: 0, examples: [] };
const families = ['ipv4-unicast', 'ipv6-unicast'] as const;

/** A speaker of AS 64500 that dials one of AS 65000, over loopback. */
async function pair(options: Partial<SpeakerOptions> = {}): Promise<{ sender: Speaker; listener: Speaker }> {
  const { fourOctetAs = true } = options;
  const listener = new Speaker({
    localAs: 65000,
    remoteAs: 64500,
    routerId: '192.0.2.1',
    listen: { host: '127.0.0.1', port: 0 },
    families,
    fourOctetAs,
    keepAttributes: options.keepAttributes ?? false,
  });
  await listener.start();
  const sender = new Speaker({
    localAs: 64500,
    remoteAs: 65000,
    routerId: '192.0.2.2',
    connect: { host: '127.0.0.1', port: listener.port },
    families,
    retry: 20,
    ...options,
  });
  await sender.start();
  await Promise.all([sender.up(), listener.up()]);
  return { sender, listener };
}

async function end(...speakers: Speaker[]): Promise<void> {
  await Promise.all(speakers.map((speaker) => speaker.close()));
}

test.serial('a table of 50,000 prefixes arrives complete, and nothing of it is at fault', async (t) => {
  const { sender, listener } = await pair();
  await sender.send(encodeFeed(routes, { seed: 3 }));
  await listener.quiet(100);
  const stats = listener.stats();
  t.is(stats.routes4, 42_000);
  t.is(stats.routes6, 8_000);
  t.is(stats.announced, 50_000);
  t.is(stats.endOfRib4 + stats.endOfRib6, 2);
  t.is(stats.malformed, 0, stats.lastMalformed);
  t.is(stats.duplicates + stats.unknownWithdraws + stats.withdrawn + stats.loops + stats.returned, 0);
  await end(sender, listener);
  t.is(sender.stats().resets, 0);
});

test.serial('changes arrive, and the receiver ends with the sender’s table', async (t) => {
  const { sender, listener } = await pair();
  const feeds = [
    encodeFeed(routes, { seed: 3 }),
    withdrawFeed(routes, { seed: 1, count: 5000 }),
    prependFeed(routes, { seed: 1, count: 2000, as: 64500 }),
    churnFeed(routes, { seed: 2, changes: 2000, as: 64500 }),
  ];
  const expected = new Receiver({ localAs: 65000, remoteAs: 64500, fourOctetAs: true });
  for (const feed of feeds) {
    expected.feed(feed);
    await sender.send(feed);
  }
  await listener.quiet(100);
  t.is(listener.stats().malformed, 0, listener.stats().lastMalformed);
  t.is(listener.stats().announced, expected.counts.announced);
  t.is(listener.stats().withdrawn, expected.counts.withdrawn);
  t.deepEqual(compareTold(listener.table().v4, expected.v4.snapshot()), same);
  t.deepEqual(compareTold(listener.table().v6, expected.v6.snapshot()), same);
  await end(sender, listener);
});

test.serial('a strict receiver notices what a good router would not send', async (t) => {
  const { sender, listener } = await pair();
  const some = { seed: 1, count: 10 };
  await sender.send(announceFeed(routes, some));
  await sender.send(announceFeed(routes, some));
  await sender.send(withdrawFeed(routes, some));
  await sender.send(withdrawFeed(routes, some));
  await sender.send(prependFeed(routes, { ...some, as: 65000 }));
  await listener.quiet(100);
  const stats = listener.stats();
  t.is(stats.duplicates, 10);
  t.is(stats.unknownWithdraws, 10);
  // The neighbour's own AS must stand first, and here 65000 does.
  t.true(stats.malformed > 0);
  t.regex(stats.lastMalformed, /AS_PATH begins with 65000/);
  await end(sender, listener);
});

test.serial('our own routes sent back to us are told from other loops', async (t) => {
  const { sender, listener } = await pair();
  const theirs = routesFor(table, { neighborAs: 65000, nextHop: '127.0.0.2', seed: 1 });
  await sender.send(prependFeed(theirs, { seed: 1, count: 7, as: 64500 }));
  await listener.quiet(100);
  t.is(listener.stats().loops, 7);
  t.is(listener.stats().returned, 7);
  t.is(listener.stats().malformed, 0, listener.stats().lastMalformed);
  await end(sender, listener);
});

test.serial('a 2-octet speaker sends AS_TRANS with AS4_PATH, and is understood', async (t) => {
  const { sender, listener } = await pair({ fourOctetAs: false });
  await sender.send(encodeFeed(routes, { fourOctetAs: false }));
  await listener.quiet(100);
  t.is(listener.stats().malformed, 0, listener.stats().lastMalformed);
  t.is(listener.stats().routes4, 42_000);
  await end(sender, listener);
});

test.serial('a feed is sent at its rate, the rate can change, and a loop ends with its round', async (t) => {
  const { sender, listener } = await pair();
  const churn = churnFeed(routes, { seed: 2, changes: 100, as: 64500 });
  const started = performance.now();
  const sent = sender.send(churn, { rate: 500, loop: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const slow = sender.stats().messagesSent;
  t.true(slow <= (500 * (performance.now() - started)) / 1000 + 1, `${slow} messages`);
  t.true(slow > 50, `${slow} messages`);
  sender.setRate(100_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  sender.stopLoops();
  await sent;
  const { messagesSent } = sender.stats();
  t.is(messagesSent % churn.messages, 0);
  t.true(messagesSent > 1000, `${messagesSent} messages`);
  await listener.quiet(50);
  t.is(listener.stats().updates, messagesSent);
  await end(sender, listener);
});

test.serial('after a broken connection the session comes back, and all is said again', async (t) => {
  const { sender, listener } = await pair();
  await sender.send(encodeFeed(routes, { seed: 3 }));
  await sender.send(withdrawFeed(routes, { seed: 1, count: 5000 }));
  await listener.quiet(100);
  const before = listener.table();
  const down = new Promise((resolve) => listener.once('down', resolve));
  sender.breakConnection();
  await down;
  t.is(listener.stats().routes4, 0);
  await Promise.all([sender.up(), listener.up()]);
  await listener.quiet(100);
  t.is(listener.stats().resets, 1);
  t.deepEqual(compareTold(before.v4, listener.table().v4), {
    onlyA: 0,
    onlyB: 0,
    differing: 0,
    examples: [],
  });
  await end(sender, listener);
});

test.serial('a refresh brings the whole table again, every route a repetition', async (t) => {
  const { sender, listener } = await pair();
  await sender.send(encodeFeed(routes, { seed: 3 }));
  await listener.quiet(100);
  listener.refresh(1);
  await listener.quiet(100);
  t.is(sender.stats().refreshes, 1);
  t.is(listener.stats().duplicates, 50_000);
  await end(sender, listener);
});

test.serial('a wrong AS is refused with a NOTIFICATION, and garbage too', async (t) => {
  const { sender, listener } = await pair();
  const stranger = new Speaker({
    localAs: 64999,
    routerId: '192.0.2.9',
    connect: { host: '127.0.0.1', port: listener.port },
    retry: 0,
  });
  await sender.close();
  await listener.quiet(50);
  await stranger.start();
  await t.throwsAsync(stranger.up(300), { message: /no session/ });
  t.is(stranger.stats().lastNotification, '2/2');
  const { sender: rude, listener: polite } = await pair({ retry: 0 });
  rude.sendRaw(new Uint8Array(100));
  await polite.quiet(100);
  t.is(rude.stats().lastNotification, '1/1');
  await end(stranger, listener, rude, polite);
});

test.serial('a router that falls silent is left when the hold timer expires', async (t) => {
  const silent = createServer((socket) => {
    // It says OPEN and KEEPALIVE, and then nothing any more.
    const capabilities = noCapabilities();
    capabilities.multiprotocol = [{ afi: 1, safi: 1 }];
    socket.write(encodeOpen({ version: 4, as: 65000, as2: 65000, holdTime: 3, bgpId: 1, capabilities }));
    socket.write(encodeKeepalive());
    socket.on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const speaker = new Speaker({
    localAs: 64500,
    routerId: '192.0.2.2',
    connect: { host: '127.0.0.1', port },
    retry: 0,
  });
  await speaker.start();
  await speaker.up();
  const reason = await new Promise<string>((resolve) => speaker.once('down', resolve));
  t.is(reason, 'hold timer expired');
  t.is(speaker.stats().resets, 1);
  await speaker.close();
  await new Promise((resolve) => silent.close(resolve));
});

test.serial('a speaker that nobody answers tries again, and can be closed', async (t) => {
  const speaker = new Speaker({
    localAs: 64500,
    routerId: '192.0.2.2',
    connect: { host: '127.0.0.1', port: 1 },
    retry: 10,
  });
  await speaker.start();
  const sent = speaker.send(encodeFeed(routes));
  await t.throwsAsync(speaker.up(100), { message: /AS 64500: no session after 100 ms \(.*ECONNREFUSED/ });
  await speaker.close();
  await sent;
  t.is(speaker.stats().messagesSent, 0);
});
