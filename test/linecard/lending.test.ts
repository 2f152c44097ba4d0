/** Real sockets whose card lends them: the test is the blade that sends and reads by itself (fabric/courier.ts, lookout.ts). */
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import { socketCalls } from '../../src/base/socket-calls.ts';
import { Courier } from '../../src/fabric/courier.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import {
  CARD_NUMBER,
  CONNECTION,
  CONNECTION_STATE,
  READER,
  SENDER,
  SESSION,
  SESSION_NUMBER,
} from '../../src/fabric/layout.ts';
import { Lookout } from '../../src/fabric/lookout.ts';
import { LineCard } from '../../src/linecard/line-card.ts';
import { VigilKeeper } from '../../src/linecard/vigil.ts';
import { newSeed, smallFabric } from '../fabric/support/small.ts';

const INDEX = 2;
const ACCEPTED = 1;
const NEIGHBOR = '127.6.1.1';
const ESTABLISHED = 6;
const RING = 1 << 14;
/** Octets that wait, below which more is read. */
const SLICE = 1 << 12;
const UP = 6_000_000;
/** More than the kernel keeps for a neighbour that does not read. */
const DOWN = 24_000_000;

const calls = socketCalls();

class Box {
  readonly fabric: Fabric = smallFabric({ receiveBytes: RING, transmitBytes: RING });
  readonly at = this.fabric.connections.at(INDEX, ACCEPTED);
  readonly card: LineCard;
  readonly lookout: Lookout;
  readonly troubles: string[] = [];
  lent = 0;
  #reader: number = READER.card;

  constructor(t: ExecutionContext) {
    const { fabric } = this;
    if (calls === undefined) throw new Error('no koffi');
    fabric.setHome(INDEX, 0);
    fabric.setSession(INDEX, SESSION.connection, ACCEPTED);
    fabric.setSession(INDEX, SESSION.state, ESTABLISHED);
    fabric.setNumber(INDEX, SESSION_NUMBER.keepaliveDue, Number.POSITIVE_INFINITY);
    this.card = new LineCard(fabric, 0, [{ session: INDEX, address: NEIGHBOR, port: 1 }], (news) => {
      if (news.kind === 'trouble') this.troubles.push(news.text);
    });
    this.lookout = Lookout.open(fabric, calls) as Lookout;
    fabric.lookout = this.lookout;
    fabric.courier = new Courier(fabric.memory, 0, calls);
    const vigil = new VigilKeeper(fabric, 0, { state: ESTABLISHED, message: new Uint8Array(19) });
    const polling = setInterval(() => this.card.poll(), 1);
    const watching = setInterval(() => this.card.watch(vigil, 0), 15);
    t.teardown(() => {
      clearInterval(polling);
      clearInterval(watching);
      this.card.stopListening();
      this.card.destroyAll();
      this.lookout.close();
      fabric.bells.close();
    });
  }

  async call(t: ExecutionContext): Promise<Socket> {
    const [listening] = await this.card.listen([{ address: '127.0.0.1', port: 0 }]);
    const port = listening?.port ?? 0;
    const socket = connect({ host: '127.0.0.1', port, localAddress: NEIGHBOR, allowHalfOpen: true });
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
    await until('it is open', () => this.fabric.connections.stateOf(this.at) === CONNECTION_STATE.open);
    this.fabric.connections.want(this.at, 1, true);
    return socket;
  }

  /** What the blade's turn does: looks out, and takes what has come. */
  take(most: number): Buffer {
    const { connections } = this.fabric;
    this.lookout.notice(INDEX);
    this.lookout.look(0);
    if (connections.receivable(this.at) < SLICE) this.lookout.refill(INDEX);
    const reader = connections.words[this.at + CONNECTION.reader] as number;
    if (reader === READER.blade && this.#reader === READER.card) this.lent++;
    this.#reader = reader;
    const tail = connections.words[this.at + CONNECTION.receiveTail] as number;
    const bytes = Buffer.alloc(Math.min(most, connections.receivable(this.at)));
    const start = connections.receiveStart(INDEX, ACCEPTED);
    for (let i = 0; i < bytes.length; i++)
      bytes[i] = connections.receive[start + ((tail + i) & (RING - 1))] as number;
    if (bytes.length === 0) return bytes;
    connections.releaseReceived(this.at, (tail + bytes.length) | 0);
    this.fabric.ringCard(INDEX);
    return bytes;
  }

  /** Writes as much as there is room for; returns how much. */
  give(bytes: Uint8Array): number {
    const { connections, courier } = this.fabric;
    const length = Math.min(bytes.length, connections.transmitRoom(this.at));
    if (length === 0) return 0;
    const head = connections.write(INDEX, ACCEPTED, connections.transmitHead(this.at), bytes, 0, length);
    connections.publishTransmit(this.at, head);
    if (courier?.send(INDEX, ACCEPTED, this.at, head) !== true) this.fabric.ringCard(INDEX);
    return length;
  }
}

async function until(what: string, so: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!so()) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Octets that say where in the stream they stand. */
function stream(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(i, i);
  return bytes;
}

/** Sockets of this process. */
function sockets(): number {
  const links = readdirSync('/proc/self/fd').map((each) => {
    try {
      return readlinkSync(`/proc/self/fd/${each}`);
    } catch {
      return '';
    }
  });
  return links.filter((each) => each.startsWith('socket:')).length;
}

const here = calls === undefined ? test.skip : test.serial;

here(
  'floods, calm, and a neighbour that stops reading: both streams arrive whole, whoever reads and sends',
  async (t) => {
    const random = new Random(newSeed());
    const box = new Box(t);
    const socket = await box.call(t);
    const up = stream(UP);
    const down = stream(DOWN);
    let said = 0;
    let calmUntil = 0;
    const speak = setInterval(() => {
      if (said === up.length) return;
      const calm = performance.now() < calmUntil;
      if (!calm && random.chance(0.04)) calmUntil = performance.now() + 50;
      const length = calm ? random.below(40) : random.below(20_000);
      socket.write(up.subarray(said, said + length));
      said = Math.min(up.length, said + length);
    }, 1);
    t.teardown(() => clearInterval(speak));
    const heard: Buffer[] = [];
    let total = 0;
    let deaf = false;
    socket.on('data', (bytes) => {
      heard.push(bytes);
      total += bytes.length;
      if (total < 1_000_000 || deaf) return;
      deaf = true;
      socket.pause();
    });
    const taken: Buffer[] = [];
    let came = 0;
    let given = 0;
    let handedOver = 0;
    let direct = 0;
    const { words } = box.fabric.connections;
    await until('both have all', () => {
      for (let i = 0; i < 12; i++) {
        // At times its home is done with it, and the card lends it to the next.
        if (random.chance(0.002)) box.lookout.giveBack(INDEX, ACCEPTED);
        const bytes = box.take(1 + random.below(RING));
        taken.push(bytes);
        came += bytes.length;
        const length = 1 + random.below(random.chance(0.3) ? 100 : 9000);
        const more = box.give(down.subarray(given, given + length));
        given += more;
        if (more === 0) socket.resume();
        if (words[box.at + CONNECTION.sender] === SENDER.card) handedOver++;
        else direct++;
      }
      return came === up.length && total === down.length;
    });
    t.is(Buffer.compare(Buffer.concat(taken), up), 0, `GRAFTD_SEED=${random.seed}`);
    t.is(Buffer.compare(Buffer.concat(heard), down), 0, `GRAFTD_SEED=${random.seed}`);
    t.true(box.lent > 1, `lent ${box.lent} times`);
    t.true(direct > 0 && handedOver > 0, `sent here ${direct} times, by the card ${handedOver}`);
    await until('it is counted', () => box.fabric.cardNumbers[CARD_NUMBER.bytesIn] === up.length);
    await until('both ways', () => box.fabric.cardNumbers[CARD_NUMBER.bytesOut] === down.length);
  },
);

here('a connection that its blade gives back is looked at soon, as a new one is', async (t) => {
  const box = new Box(t);
  let soon = 0;
  box.card.onUnlent = () => soon++;
  await box.call(t);
  t.is(soon, 1);
  const { words } = box.fabric.connections;
  for (const times of [2, 3]) {
    await until('its blade reads', () => box.take(0).length === 0 && box.lookout.size === 1);
    t.is(soon, times - 1);
    // As a blade does whose session is grafted away.
    box.lookout.giveBack(INDEX, ACCEPTED);
    t.is(words[box.at + CONNECTION.reader], READER.card);
    await until('it is lent again', () => words[box.at + CONNECTION.reader] === READER.blade);
    t.is(soon, times);
  }
});

here('a connection that is lent just when its blade is done with it closes', async (t) => {
  const box = new Box(t);
  const socket = await box.call(t);
  const { connections } = box.fabric;
  await until('it is lent', () => connections.words[box.at + CONNECTION.reader] === READER.blade);
  // The blade has not seen that, and never does.
  connections.want(box.at, 1, false);
  box.fabric.ringCard(INDEX);
  box.lookout.notice(INDEX);
  t.is(box.lookout.size, 0);
  socket.end();
  await until('it is closed', () => connections.idle(box.at));
  t.is(connections.words[box.at + CONNECTION.reader], READER.card);
});

for (const manner of ['closes', 'resets'] as const) {
  here(
    `a neighbour that ${manner} while its blade reads is seen to, with its last words, and no socket is left`,
    async (t) => {
      const before = sockets();
      const box = new Box(t);
      const socket = await box.call(t);
      await until('it is lent', () => box.take(0).length === 0 && box.lookout.size === 1);
      t.is(box.give(Buffer.from('still here')), 10);
      await until('it is sent', () => {
        const { words } = box.fabric.connections;
        return words[box.at + CONNECTION.transmitTail] === 10;
      });
      if (manner === 'closes') socket.end('last words');
      else socket.resetAndDestroy();
      const { connections } = box.fabric;
      let words = '';
      await until('the end is seen', () => {
        words += box.take(RING).toString();
        return connections.stateOf(box.at) === CONNECTION_STATE.ended;
      });
      words += box.take(RING).toString();
      t.is(words, manner === 'closes' ? 'last words' : '');
      if (manner === 'resets') t.is(connections.words[box.at + CONNECTION.why], 104); // ECONNRESET
      t.is(box.lookout.size, 0);
      connections.want(box.at, 1, false);
      box.fabric.ringCard(INDEX);
      socket.destroy();
      await until('it is closed', () => connections.idle(box.at));
      box.card.stopListening();
      await until('no socket is left', () => sockets() <= before);
      t.pass();
    },
  );
}

here(
  'without a descriptor for its blade a connection is read and written by the card, and that is said',
  async (t) => {
    if (calls === undefined) return;
    const { duplicate } = calls;
    calls.duplicate = () => -1;
    t.teardown(() => {
      calls.duplicate = duplicate;
    });
    const box = new Box(t);
    const socket = await box.call(t);
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString();
    });
    let said = '';
    for (const word of ['one', 'two', 'three']) {
      socket.write(word);
      await until('it has come', () => {
        said += box.take(RING).toString();
        return said.endsWith(word);
      });
      t.is(box.give(Buffer.from(word)), word.length);
      await until('it is told', () => heard.endsWith(word));
      // The card looks whom it could lend meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    t.is(box.lookout.size, 0);
    t.is(box.troubles.length, 1);
  },
);

here('a connection that its blade gives back unread each time is lent less and less often', async (t) => {
  if (calls === undefined) return;
  const box = new Box(t);
  const { watch } = calls;
  let tries = 0;
  // As where no descriptor can be waited for any more.
  calls.watch = () => {
    tries++;
    return false;
  };
  t.teardown(() => {
    calls.watch = watch;
  });
  let looks = 0;
  const look = box.card.watch.bind(box.card);
  box.card.watch = (vigil, now) => {
    looks++;
    return look(vigil, now);
  };
  const socket = await box.call(t);
  let said = '';
  for (let word = 0; word < 10; word++) {
    socket.write(`${word}`);
    await until('it has come', () => {
      said += box.take(RING).toString();
      return said.endsWith(`${word}`) && looks >= 5 * word;
    });
  }
  t.is(said, '0123456789');
  // Behind 1, 3, 7, 15 and 31 looks.
  t.true(tries >= 1 && tries <= 6, `${tries} of ${looks}`);
});
