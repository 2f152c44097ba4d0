import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import { HEADER_LENGTH, MessageType, writeHeader } from '../../src/bgp/message.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { type Box, ROUTER_AS, ROUTER_ID, sleep, startBox, until } from './support/box.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const GOOD = '127.1.0.1';
const WITNESS = '127.1.0.2';
const BAD_AS = 64666;
const table = generateTable({ seed: 11, ipv4: 8000, ipv6: 0 });
const feed = feedFor(table, { neighborAs: 64501, nextHop: GOOD, seed: 1 });
const seed = Number(process.env.GRAFTD_SEED ?? Date.now() & 0x7fffffff);

/** Addresses of hostile neighbours: one a case, as a session waits a while after each failure. */
const bad = (n: number): string => `127.1.1.${n}`;
const CASES = 60;

interface World extends Box {
  /** Ends the box; the good sessions must not have noticed anything. */
  unharmed(t: ExecutionContext): Promise<void>;
}

/** A chassis that carries a table from one good neighbour to another, and waits for many bad ones. */
async function world(t: ExecutionContext): Promise<World> {
  const hostile = Array.from({ length: CASES }, (_, n) => ({ address: bad(n), as: BAD_AS, 'hold-time': 3 }));
  const good = [
    { address: GOOD, as: 64501 },
    { address: WITNESS, as: 64502 },
  ];
  const box = await startBox(t, { neighbors: [...good, ...hostile] });
  const teller = await box.speaker(GOOD, 64501);
  const witness = await box.speaker(WITNESS, 64502);
  await Promise.all([teller.up(), witness.up()]);
  await teller.send(feed);
  await until('the witness has the table', () => witness.stats().routes4 === 8000);
  await witness.quiet(50);
  const { updates } = witness.stats();
  return {
    ...box,
    async unharmed(tt) {
      await witness.quiet(50);
      const stats = witness.stats();
      tt.like(stats, { routes4: 8000, updates, resets: 0, duplicates: 0, unknownWithdraws: 0, malformed: 0 });
      tt.like(teller.stats(), { resets: 0, notifications: 0, state: 'Established' });
      tt.deepEqual(box.chassis.troubles, []);
    },
  };
}

function header(length: number, type: number): Uint8Array {
  const bytes = new Uint8Array(19);
  writeHeader(bytes, 0, type, length);
  return bytes;
}

function update(...body: number[]): Uint8Array {
  const bytes = new Uint8Array(19 + body.length);
  writeHeader(bytes, 0, MessageType.Update, bytes.length);
  bytes.set(body, 19);
  return bytes;
}

const HELLO = openBytes({ as: BAD_AS });
const badMarker = HELLO.map((octet, i) => (i === 7 ? 0 : octet));
const octet = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};

/** What a neighbour says, and the NOTIFICATION that RFC 4271 section 6 answers: code, subcode, data. */
const ANSWERS: readonly (readonly [string, readonly Uint8Array[], readonly number[]])[] = [
  ['a marker that is not all ones', [badMarker], [1, 1]],
  ['garbage', [new TextEncoder().encode('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')], [1, 1]],
  ['zeros', [new Uint8Array(100)], [1, 1]],
  ['a length below 19', [header(18, MessageType.Open)], [1, 2, 0, 18]],
  ['a length of 0', [header(0, MessageType.Update)], [1, 2, 0, 0]],
  ['a length above 4096', [header(4097, MessageType.Update)], [1, 2, 0x10, 1]],
  ['the largest length', [header(65535, MessageType.Update)], [1, 2, 255, 255]],
  ['a KEEPALIVE that is too long', [header(20, MessageType.Keepalive)], [1, 2, 0, 20]],
  ['an OPEN that is too short', [header(28, MessageType.Open)], [1, 2, 0, 28]],
  ['an UPDATE that is too short', [header(22, MessageType.Update)], [1, 2, 0, 22]],
  ['a ROUTE-REFRESH that is too short', [header(21, MessageType.RouteRefresh)], [1, 2, 0, 21]],
  ['a NOTIFICATION that is too short', [header(20, MessageType.Notification)], [1, 2, 0, 20]],
  ['a message of type 0', [header(19, 0)], [1, 3, 0]],
  ['a message of type 6', [header(19, 6)], [1, 3, 6]],
  ['a message of type 255', [header(19, 255)], [1, 3, 255]],
  ['version 3', [openBytes({ as: BAD_AS, version: 3 })], [2, 1, 0, 4]],
  ['version 5', [openBytes({ as: BAD_AS, version: 5 })], [2, 1, 0, 4]],
  ['the AS of another', [openBytes({ as: 64501 })], [2, 2]],
  ["the router's own AS", [openBytes({ as: ROUTER_AS })], [2, 2]],
  ['a hold time of 1', [openBytes({ as: BAD_AS, holdTime: 1 })], [2, 6]],
  ['a hold time of 2', [openBytes({ as: BAD_AS, holdTime: 2 })], [2, 6]],
  ['a BGP Identifier of 0', [openBytes({ as: BAD_AS, id: '0.0.0.0' })], [2, 3]],
  ['an optional parameter that is none', [octet(HELLO, 29, 1)], [2, 4]],
  ['optional parameters of another length', [octet(HELLO, 28, 3)], [2, 0]],
  ['an UPDATE before its OPEN', [update(0, 0, 0, 0)], [5, 1]],
  ['a KEEPALIVE before its OPEN', [KEEPALIVE], [5, 1]],
  ['an UPDATE between OPEN and KEEPALIVE', [HELLO, update(0, 0, 0, 0)], [5, 2]],
  ['a second OPEN before its KEEPALIVE', [HELLO, HELLO], [5, 2]],
  ['a second OPEN in the session', [HELLO, KEEPALIVE, HELLO], [5, 3]],
  [
    'a second OPEN in the session, of version 3',
    [HELLO, KEEPALIVE, openBytes({ as: BAD_AS, version: 3 })],
    [5, 3],
  ],
  ['withdrawn routes longer than the message', [HELLO, KEEPALIVE, update(0, 9, 0, 0)], [3, 1]],
  ['attributes longer than the message', [HELLO, KEEPALIVE, update(0, 0, 0, 9)], [3, 1]],
  ['a withdrawn prefix of 33 bits', [HELLO, KEEPALIVE, update(0, 6, 33, 1, 2, 3, 4, 5, 0, 0)], [3, 10]],
  ['a good UPDATE and then garbage', [HELLO, KEEPALIVE, update(0, 0, 0, 0), badMarker], [1, 1]],
];

test.serial('each mistake of a neighbour is answered as the RFC says, and nobody else notices', async (t) => {
  const box = await world(t);
  for (const [n, [what, pieces, expected]] of ANSWERS.entries()) {
    const neighbour = await RawNeighbour.dial(box.port, bad(n));
    neighbour.send(...pieces);
    t.deepEqual(await neighbour.notification(), expected as number[], what);
    await neighbour.end();
    neighbour.close();
  }
  // The NOTIFICATION leaves a moment before the session is put away.
  await until(
    'the bad ones are down',
    async () => (await box.operator.showChassis()).sessionsEstablished === 2,
  );
  await box.unharmed(t);
});

test.serial('a same BGP Identifier is refused inside the AS, and taken from another', async (t) => {
  const box = await startBox(t, {
    neighbors: [
      { address: bad(1), as: ROUTER_AS },
      { address: bad(2), as: BAD_AS },
    ],
  });
  const internal = await RawNeighbour.dial(box.port, bad(1));
  internal.send(openBytes({ as: ROUTER_AS, id: ROUTER_ID }));
  t.deepEqual(await internal.notification(), [2, 3]);
  const external = await RawNeighbour.served(box.port, bad(2), { as: BAD_AS, id: ROUTER_ID }); // RFC 6286 2.1
  internal.close();
  external.close();
});

test.serial('silence, half messages, cuts at every byte and a byte at a time hurt nobody', async (t) => {
  const box = await world(t);
  const open: RawNeighbour[] = [];
  const dial = async (n: number): Promise<RawNeighbour> => {
    const neighbour = await RawNeighbour.dial(box.port, bad(n));
    open.push(neighbour);
    return neighbour;
  };
  // Nothing at all, and half an OPEN: they are waited for.
  const silent = await dial(0);
  const half = await dial(1);
  half.send(HELLO.subarray(0, 20));
  t.is((await silent.next(MessageType.Open))?.length, (await half.next(MessageType.Open))?.length);
  // An OPEN a byte at a time, and the session comes up.
  const slow = await dial(2);
  for (const each of [HELLO, KEEPALIVE]) {
    for (const byte of each) {
      slow.send(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
  }
  await slow.next(MessageType.Keepalive);
  // Messages cut at every byte, the rest later.
  const all = Buffer.concat([HELLO, KEEPALIVE, update(0, 0, 0, 0), KEEPALIVE]);
  for (let cut = 1; cut < all.length && cut < 50; cut += 1 + (cut % 3)) {
    const neighbour = await dial(3 + (cut % 40));
    neighbour.send(all.subarray(0, cut));
    if (cut % 2 === 0) neighbour.close();
    else {
      await sleep(1);
      neighbour.send(all.subarray(cut));
      await neighbour.next(MessageType.Keepalive, 9000);
      neighbour.close();
    }
  }
  // Half an UPDATE, then the end.
  const broken = await dial(50);
  await broken.establish({ as: BAD_AS });
  broken.send(update(0, 0, 0, 4, 1, 2, 3, 4).subarray(0, 24));
  broken.socket.end();
  await broken.end();
  const reset = await dial(51);
  await reset.establish({ as: BAD_AS });
  reset.send(update(0, 0, 0, 4, 1, 2, 3, 4).subarray(0, 24));
  reset.socket.resetAndDestroy();
  await until(
    'the broken session is down',
    async () => (await box.operator.showSession(bad(51))).state !== 'Established',
  );
  t.false(silent.ended || half.ended);
  for (const neighbour of open) neighbour.close();
  await box.unharmed(t);
});

test.serial('random bytes, and messages with random bytes in them, end one session at most', async (t) => {
  const box = await world(t);
  const random = new Random(seed);
  t.log(`GRAFTD_SEED=${seed}`);
  for (let n = 0; n < CASES; n++) {
    const neighbour = await RawNeighbour.dial(box.port, bad(n));
    // A whole header: for the rest of one an OPEN may take four minutes (RFC 4271 8.2.2).
    const noise = Uint8Array.from({ length: HEADER_LENGTH + random.below(5000) }, () => random.u32());
    const body = Uint8Array.from({ length: random.below(60) }, () =>
      random.below(random.chance(0.5) ? 4 : 256),
    );
    if (random.chance(0.3)) neighbour.send(noise);
    else neighbour.send(HELLO, KEEPALIVE, update(...body), update(0, 0, 0, body.length, ...body), noise);
    if (random.chance(0.3)) neighbour.close();
    else t.is((await neighbour.notification())?.length !== undefined, true, `GRAFTD_SEED=${seed}`);
    neighbour.close();
  }
  await box.unharmed(t);
});

test.serial('strangers are refused and counted, also many of them', async (t) => {
  const box = await world(t);
  const before = box.cardCount('unknownNeighbour');
  for (let i = 0; i < 30; i++) {
    const stranger = await RawNeighbour.dial(box.port, `127.9.0.${1 + (i % 9)}`);
    stranger.send(HELLO);
    await stranger.end();
    t.is(stranger.received.length, 0);
  }
  t.is(box.cardCount('unknownNeighbour') - before, 30);
  t.is(box.cardCount('refused') >= 30, true);
  await box.unharmed(t);
});

test.serial('a neighbour that connects in a loop costs nobody else anything', async (t) => {
  const box = await world(t);
  for (let i = 0; i < 60; i++) {
    const neighbour = await RawNeighbour.dial(box.port, bad(0));
    if (i % 3 === 0) neighbour.send(HELLO);
    if (i % 5 === 0) neighbour.socket.resetAndDestroy();
    else if (i % 7 === 0) neighbour.socket.end();
    else neighbour.close();
  }
  // And then it is served again.
  const last = await RawNeighbour.dial(box.port, bad(0));
  last.send(HELLO, KEEPALIVE);
  t.truthy(await last.next(MessageType.Keepalive, 20_000));
  last.close();
  await box.unharmed(t);
});

test.serial(
  'a neighbour that tells more than there is room for is told so, and the others stay',
  async (t) => {
    const box = await startBox(t, {
      limits: { 'ipv4-prefixes': 4096 },
      neighbors: [
        { address: GOOD, as: 64501 },
        { address: WITNESS, as: 64502 },
        { address: bad(0), as: BAD_AS },
      ],
    });
    const small = feedFor(generateTable({ seed: 12, ipv4: 1000, ipv6: 0 }), {
      neighborAs: 64501,
      nextHop: GOOD,
      seed: 1,
    });
    const more = generateTable({ seed: 13, ipv4: 200, ipv6: 0 });
    const teller = await box.speaker(GOOD, 64501);
    const witness = await box.speaker(WITNESS, 64502);
    await Promise.all([teller.up(), witness.up()]);
    await teller.send(small);
    await until('the witness has the table', () => witness.stats().routes4 === 1000);
    const flooder = await box.speaker(bad(0), BAD_AS, { retry: 0 });
    await flooder.up();
    void flooder.send(feedFor(table, { neighborAs: BAD_AS, nextHop: bad(0), seed: 1 }));
    const { pool4 } = box.chassis.fabric.prefixes;
    await until('the table is full', () => pool4.room < 64);
    // Who tells a few more just then finds no room either, and is not the one to go.
    await teller.send(feedFor(more, { neighborAs: 64501, nextHop: GOOD, seed: 1 }));
    await until('it is sent away', () => flooder.stats().resets === 1);
    t.is(flooder.stats().lastNotification, '6/8'); // RFC 4486: out of resources
    await until('the reason is told', async () => {
      const { reason } = await box.operator.showSession(bad(0));
      return /asks for more than there is: the table of IPv4 prefixes is full/.test(reason ?? '');
    });
    await until(
      'what it told is withdrawn, and the few more are there',
      () => witness.stats().routes4 === 1200,
    );
    await witness.quiet(100);
    t.like(witness.stats(), { routes4: 1200, resets: 0, duplicates: 0, unknownWithdraws: 0, malformed: 0 });
    t.like(teller.stats(), { resets: 0, notifications: 0 });
    t.deepEqual(box.chassis.troubles, []);
    await box.operator.graft(GOOD, 0);
    await box.operator.graft(GOOD, 1);
    t.is(witness.stats().resets, 0);
  },
);
