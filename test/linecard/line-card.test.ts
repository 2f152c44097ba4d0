import net, { connect, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { CARD_NUMBER, CONNECTION, CONNECTION_STATE } from '../../src/fabric/layout.ts';
import { addressWords, plainAddress } from '../../src/linecard/address-words.ts';
import { LineCard } from '../../src/linecard/line-card.ts';
import type { CardNews } from '../../src/linecard/messages.ts';
import { newSeed, smallFabric } from '../fabric/support/small.ts';

const SESSION = 2;
const NEIGHBOR = '127.6.0.1';
const DIALLED = 0;
const ACCEPTED = 1;
/** Milliseconds: less than who does not close is waited for. */
const AT_ONCE = 1900;

/** A line card with rings of 256 bytes; the test is the blade that it serves. */
class Slot {
  readonly fabric: Fabric = smallFabric();
  readonly card: LineCard;
  readonly news: CardNews[] = [];
  port = 0;

  private constructor(t: ExecutionContext, dialPort: number) {
    const neighbors = [{ session: SESSION, address: NEIGHBOR, port: dialPort, localAddress: '127.6.0.100' }];
    this.card = new LineCard(this.fabric, 0, neighbors, (news) => this.news.push(news));
    const timer = setInterval(() => this.card.poll(), 1);
    t.teardown(() => {
      clearInterval(timer);
      this.card.stopListening();
      this.card.destroyAll();
    });
  }

  static async start(t: ExecutionContext, dialPort = 1): Promise<Slot> {
    const slot = new Slot(t, dialPort);
    const [listening] = await slot.card.listen([{ address: '127.0.0.1', port: 0 }]);
    slot.port = listening?.port ?? 0;
    return slot;
  }

  at(which: number): number {
    return this.fabric.connections.at(SESSION, which);
  }

  state(which: number): number {
    return this.fabric.connections.stateOf(this.at(which));
  }

  count(which: number): number {
    return this.fabric.cardNumbers[which] as number;
  }

  /** Takes what was received, up to so much, and gives the room back. */
  take(which: number, most = 256): Buffer {
    const { connections } = this.fabric;
    const at = this.at(which);
    const tail = connections.words[at + CONNECTION.receiveTail] as number;
    const bytes = Buffer.alloc(Math.min(most, connections.receivable(at)));
    const start = connections.receiveStart(SESSION, which);
    for (let i = 0; i < bytes.length; i++)
      bytes[i] = connections.receive[start + ((tail + i) & (connections.receiveBytes - 1))] as number;
    if (bytes.length === 0) return bytes;
    connections.releaseReceived(at, (tail + bytes.length) | 0);
    this.fabric.ringCard(SESSION);
    return bytes;
  }

  /** Writes as much as there is room for; returns how much. */
  give(which: number, bytes: Uint8Array): number {
    const { connections } = this.fabric;
    const at = this.at(which);
    const length = Math.min(bytes.length, connections.transmitRoom(at));
    if (length === 0) return 0;
    const head = connections.write(SESSION, which, connections.transmitHead(at), bytes, 0, length);
    connections.publishTransmit(at, head);
    this.fabric.ringCard(SESSION);
    return length;
  }

  want(which: number, generation: number, open: boolean): void {
    this.fabric.connections.want(this.at(which), generation, open);
    this.fabric.ringCard(SESSION);
  }

  async reaches(which: number, state: number, milliseconds = 20_000): Promise<number> {
    const start = performance.now();
    await until(`connection ${which} in state ${state}`, () => this.state(which) === state, milliseconds);
    return performance.now() - start;
  }
}

async function until(what: string, so: () => boolean, milliseconds = 20_000): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!so()) {
    if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await sleep(2);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function dial(t: ExecutionContext, slot: Slot, from = NEIGHBOR): Socket {
  const socket = connect({ host: '127.0.0.1', port: slot.port, localAddress: from, allowHalfOpen: true });
  socket.on('error', () => {});
  t.teardown(() => socket.destroy());
  return socket;
}

function ended(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    socket.once('end', resolve);
    socket.once('close', resolve);
  });
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random.u32()));
}

test('what a neighbour sends comes through a ring of 256 bytes in order, however slowly it is taken', async (t) => {
  const random = new Random(newSeed());
  const slot = await Slot.start(t);
  const sent = noise(random, 60_000);
  const socket = dial(t, slot);
  for (let at = 0; at < sent.length; ) {
    const length = 1 + random.below(3000);
    socket.write(sent.subarray(at, at + length));
    at += length;
  }
  await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  slot.want(ACCEPTED, slot.fabric.connections.generationOf(slot.at(ACCEPTED)), true);
  const taken: Buffer[] = [];
  let total = 0;
  await until(
    'all came',
    () => {
      const bytes = random.chance(0.2) ? Buffer.alloc(0) : slot.take(ACCEPTED, 1 + random.below(256));
      taken.push(bytes);
      total += bytes.length;
      return total === sent.length;
    },
    20_000,
  );
  t.is(Buffer.compare(Buffer.concat(taken), sent), 0, `GRAFTD_SEED=${random.seed}`);
  t.is(slot.count(CARD_NUMBER.bytesIn), sent.length);
});

test('what a blade writes reaches the neighbour in order, however slowly it reads', async (t) => {
  const random = new Random(newSeed());
  const slot = await Slot.start(t);
  const sent = noise(random, 60_000);
  const socket = dial(t, slot);
  await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  const heard: Buffer[] = [];
  let total = 0;
  socket.on('data', (bytes) => {
    heard.push(bytes);
    total += bytes.length;
    socket.pause();
    setTimeout(() => socket.resume(), random.below(3));
  });
  let given = 0;
  await until(
    'all is heard',
    () => {
      if (given < sent.length)
        given += slot.give(ACCEPTED, sent.subarray(given, given + 1 + random.below(300)));
      return total === sent.length;
    },
    20_000,
  );
  t.is(Buffer.compare(Buffer.concat(heard), sent), 0, `GRAFTD_SEED=${random.seed}`);
  await until('it is counted', () => slot.count(CARD_NUMBER.bytesOut) === sent.length);
});

test('the addresses of both ends stand in the fabric', async (t) => {
  const slot = await Slot.start(t);
  const socket = dial(t, slot);
  await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  const { words } = slot.fabric.connections;
  const at = slot.at(ACCEPTED);
  const four = (word: number) => [...words.subarray(at + word, at + word + 4)];
  t.deepEqual(four(CONNECTION.remoteAddress), [0, 0, 0xffff, 0x7f060001]);
  t.deepEqual(four(CONNECTION.localAddress), [0, 0, 0xffff, 0x7f000001]);
  t.is(words[at + CONNECTION.remotePort], socket.localPort ?? 0);
  t.is(words[at + CONNECTION.localPort], slot.port);
});

test('who is not a configured neighbour is refused, counted and named', async (t) => {
  const slot = await Slot.start(t);
  for (let i = 0; i < 3; i++) {
    const socket = dial(t, slot, '127.6.0.7');
    socket.write('hello');
    await ended(socket);
  }
  t.is(slot.count(CARD_NUMBER.unknownNeighbour), 3);
  t.is(slot.count(CARD_NUMBER.refused), 3);
  t.is(slot.count(CARD_NUMBER.accepted), 0);
  t.like(slot.news[0], { kind: 'refused', address: '127.6.0.7', card: 0 });
  t.is(slot.state(ACCEPTED), CONNECTION_STATE.closed);
});

test('a dialled connection opens, ends when the neighbour closes, and is closed when the blade is done', async (t) => {
  const listener = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('good bye');
  });
  await new Promise<void>((resolve) => listener.listen(0, NEIGHBOR, resolve));
  t.teardown(() => listener.close());
  const slot = await Slot.start(t, (listener.address() as { port: number }).port);
  for (let generation = 1; generation <= 3; generation++) {
    slot.want(DIALLED, generation, true);
    await slot.reaches(DIALLED, CONNECTION_STATE.ended);
    t.is(slot.fabric.connections.generationOf(slot.at(DIALLED)), generation);
    t.is(slot.take(DIALLED).toString(), 'good bye', 'what came before the end is there');
    slot.want(DIALLED, generation, false);
    await slot.reaches(DIALLED, CONNECTION_STATE.closed);
    t.true(slot.fabric.connections.idle(slot.at(DIALLED)));
    t.is(slot.fabric.connections.words[slot.at(DIALLED) + CONNECTION.receiveHead], 0);
  }
  t.is(slot.count(CARD_NUMBER.dialled), 3);
});

test('a neighbour that does not listen is an ended connection that says why', async (t) => {
  const slot = await Slot.start(t, 9);
  slot.want(DIALLED, 1, true);
  await slot.reaches(DIALLED, CONNECTION_STATE.ended);
  t.is(slot.fabric.connections.words[slot.at(DIALLED) + CONNECTION.why], 111); // ECONNREFUSED
  slot.want(DIALLED, 1, false);
  await slot.reaches(DIALLED, CONNECTION_STATE.closed);
});

test('what was written before the blade let go still leaves, and then the connection ends', async (t) => {
  const slot = await Slot.start(t);
  const socket = dial(t, slot);
  await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  slot.want(ACCEPTED, 1, true);
  let heard = '';
  socket.on('data', (bytes) => (heard += bytes.toString()));
  const end = ended(socket);
  slot.give(ACCEPTED, Buffer.from('last words'));
  slot.want(ACCEPTED, 1, false);
  await end;
  t.is(heard, 'last words');
  socket.end();
  t.true((await slot.reaches(ACCEPTED, CONNECTION_STATE.closed)) < AT_ONCE);
});

test('a neighbour that never closes, or floods, or reads nothing, does not keep a connection from closing', async (t) => {
  for (const manner of ['silent', 'flooding', 'deaf'] as const) {
    const slot = await Slot.start(t);
    const socket = dial(t, slot);
    await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
    slot.want(ACCEPTED, 1, true);
    if (manner === 'flooding') socket.write(Buffer.alloc(1 << 20));
    if (manner === 'deaf') socket.pause();
    else socket.resume();
    await sleep(20);
    slot.give(ACCEPTED, Buffer.alloc(200));
    slot.want(ACCEPTED, 1, false);
    await slot.reaches(ACCEPTED, CONNECTION_STATE.closed);
    // And the neighbour may come again.
    const again = dial(t, slot);
    again.write('again');
    await until('the next one is open', () => slot.fabric.connections.generationOf(slot.at(ACCEPTED)) === 2);
    await until('it is heard', () => slot.fabric.connections.receivable(slot.at(ACCEPTED)) === 5);
    t.is(slot.take(ACCEPTED).toString(), 'again', manner);
  }
});

test('a flooding neighbour that closes when we do is gone at once, though nobody takes what it sent', async (t) => {
  const slot = await Slot.start(t);
  const socket = dial(t, slot);
  await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  slot.want(ACCEPTED, 1, true);
  socket.on('end', () => socket.end());
  socket.resume();
  socket.write(Buffer.alloc(1 << 18));
  await until('the ring is full', () => slot.fabric.connections.receivable(slot.at(ACCEPTED)) > 192);
  slot.want(ACCEPTED, 1, false);
  t.true((await slot.reaches(ACCEPTED, CONNECTION_STATE.closed)) < AT_ONCE);
});

test('a second call waits for the first to be gone; of several that wait the newest is kept', async (t) => {
  const slot = await Slot.start(t);
  const first = dial(t, slot);
  await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  slot.want(ACCEPTED, 1, true);
  const second = dial(t, slot);
  await until('it waits', () => slot.count(CARD_NUMBER.accepted) === 2);
  const third = dial(t, slot);
  third.write('third');
  await ended(second);
  t.is(slot.count(CARD_NUMBER.notWanted), 1);
  t.is(slot.fabric.connections.generationOf(slot.at(ACCEPTED)), 1);
  first.destroy();
  await slot.reaches(ACCEPTED, CONNECTION_STATE.ended);
  slot.want(ACCEPTED, 1, false);
  await until('the third is open', () => slot.fabric.connections.generationOf(slot.at(ACCEPTED)) === 2);
  await until('it is heard', () => slot.fabric.connections.receivable(slot.at(ACCEPTED)) === 5);
  t.is(slot.take(ACCEPTED).toString(), 'third');
});

test('a port that is taken is said so', async (t) => {
  const slot = await Slot.start(t);
  const other = new LineCard(smallFabric(), 0, [], () => {});
  await t.throwsAsync(other.listen([{ address: '127.0.0.1', port: slot.port }]), { message: /EADDRINUSE/ });
  other.stopListening();
});

test('addresses become four words, IPv4 in IPv6', (t) => {
  const words = [9, 9, 9, 9, 9];
  addressWords('192.0.2.1', words, 1);
  t.deepEqual(words, [9, 0, 0, 0xffff, 0xc0000201 | 0]);
  addressWords('2001:db8::1', words, 1);
  t.deepEqual(words, [9, 0x20010db8, 0, 0, 1]);
  addressWords('fe80::1%eth0', words, 1);
  t.deepEqual(words, [9, 0xfe800000 | 0, 0, 0, 1]);
  addressWords(undefined, words, 1);
  t.deepEqual(words, [9, 0, 0, 0, 0]);
  t.is(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  t.is(plainAddress('::ffff:1'), '::ffff:1');
});

test.serial(
  'a call that the system cannot give to the card is said once, and the card goes on',
  async (t) => {
    const servers: net.Server[] = [];
    const { createServer: create } = net;
    net.createServer = ((...given: Parameters<typeof create>) => {
      const server = create(...given);
      servers.push(server);
      return server;
    }) as typeof create;
    const slot = await Slot.start(t).finally(() => {
      net.createServer = create;
    });
    const full = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
    for (let times = 0; times < 3; times++) t.true(servers[0]?.emit('error', full));
    t.deepEqual(slot.news, [{ kind: 'trouble', card: 0, text: 'calls are lost: accept EMFILE' }]);
    dial(t, slot);
    await slot.reaches(ACCEPTED, CONNECTION_STATE.open);
  },
);
