/** A blade's look-out in the middle of a flood: what is read when, through a kernel that the test is. */
import test from 'ava';
import { CONNECTION, READER } from '../../src/fabric/layout.ts';
import { Lookout } from '../../src/fabric/lookout.ts';
import { FakeKernel, FakeSocket } from './support/kernel.ts';
import { smallFabric } from './support/small.ts';

const SESSION = 3;
const WHICH = 1;
const DESCRIPTOR = 7;
const RING = 1 << 14;

function scene() {
  const fabric = smallFabric({ receiveBytes: RING });
  const { connections } = fabric;
  const at = connections.at(SESSION, WHICH);
  const { words } = connections;
  words[at + CONNECTION.descriptor] = DESCRIPTOR + 1;
  words[at + CONNECTION.reader] = READER.blade;
  connections.want(at, 1, true);
  const kernel = new FakeKernel(() => {});
  const socket = new FakeSocket();
  kernel.sockets.set(DESCRIPTOR, socket);
  const lookout = Lookout.open(fabric, kernel) as Lookout;
  lookout.notice(SESSION);
  lookout.look(0);
  const said: number[] = [];
  const heard: number[] = [];
  return {
    lookout,
    socket,
    said,
    heard,
    say(length: number): void {
      for (let i = 0; i < length; i++) said.push((said.length * 7) & 255);
      socket.arrived.push(...said.slice(said.length - length));
      socket.news = true;
    },
    /** What the blade's turn handles. */
    take(length: number): void {
      const tail = words[at + CONNECTION.receiveTail] as number;
      const start = connections.receiveStart(SESSION, WHICH);
      for (let i = 0; i < length; i++)
        heard.push(connections.receive[start + ((tail + i) & (RING - 1))] as number);
      connections.releaseReceived(at, (tail + length) | 0);
    },
    waiting: (): number => connections.receivable(at),
    bells: fabric.bells,
    news: (): boolean => fabric.ready.takeForBlade(0, 1 << SESSION) !== 0,
  };
}

test('of a flood as much is read as the ring has room for, and more once that is handled', (t) => {
  const { lookout, socket, said, heard, say, take, waiting } = scene();
  say(40_000);
  lookout.look(0);
  t.is(waiting(), RING);
  t.false(lookout.refill(SESSION), 'there is no room');
  take(RING - 100);
  t.true(lookout.refill(SESSION));
  t.is(waiting(), RING);
  take(RING);
  t.true(lookout.refill(SESSION));
  t.is(socket.arrived.length, 0);
  take(waiting());
  t.false(lookout.refill(SESSION), 'what is new is reported');
  say(10);
  lookout.look(0);
  take(waiting());
  t.deepEqual(heard, said);
});

test('while a flood is being handled, what still comes of it waits in the kernel, and its blade is told', (t) => {
  const { lookout, socket, say, waiting, news } = scene();
  say(5000);
  lookout.look(0);
  t.true(news());
  say(5000);
  lookout.look(0);
  t.is(waiting(), 5000);
  // It may be the first part of a message that is longer than what is handled at once.
  t.true(news());
  t.true(lookout.refill(SESSION));
  t.is(waiting(), 10_000);
  t.is(socket.arrived.length, 0);
});

test('whoever last said little is calm', (t) => {
  const { lookout, say, take, waiting } = scene();
  for (const [length, calm] of [
    [100, true],
    [5000, false],
    [100, true],
  ] as const) {
    say(length);
    lookout.look(0);
    t.is(lookout.isCalm(SESSION), calm);
    take(waiting());
  }
});

test('who closes behind a flood is given back to the card, with what has not been read', (t) => {
  const { lookout, socket, say, waiting } = scene();
  say(40_000);
  socket.ended = true;
  lookout.look(0);
  t.is(waiting(), RING);
  t.is(lookout.size, 0);
  t.false(lookout.refill(SESSION));
});

test('what came in time is there when it is asked for, also behind the first part of a long message', (t) => {
  const { lookout, say, waiting } = scene();
  for (const length of [5000, 10_000]) {
    say(5000);
    lookout.catchUp(SESSION);
    t.is(waiting(), length);
  }
});

test('what the last turn before sleep takes on its way is not slept over', (t) => {
  const { lookout, say, bells } = scene();
  for (const length of [100, 5000, 100]) {
    bells.beforeSleep(0, true);
    lookout.look(0);
    t.true(bells.sleeps(0));
    say(length);
    lookout.look(0);
    t.false(bells.sleeps(0), `${length}`);
  }
});

test('where many have something to say, one look takes no more than a turn has time for, and the next one the rest', (t) => {
  const MANY = 300;
  const fabric = smallFabric({ sessions: MANY, receiveBytes: 256 });
  const { connections } = fabric;
  const kernel = new FakeKernel(() => {});
  const lookout = Lookout.open(fabric, kernel) as Lookout;
  for (let session = 0; session < MANY; session++) {
    const at = connections.at(session, 0);
    connections.words[at + CONNECTION.descriptor] = session + 1;
    connections.words[at + CONNECTION.reader] = READER.blade;
    connections.want(at, 1, true);
    const socket = new FakeSocket();
    socket.arrived.push(1, 2, 3);
    kernel.sockets.set(session, socket);
    lookout.notice(session);
  }
  const waiting = (): number =>
    [...kernel.sockets.values()].filter(({ arrived }) => arrived.length > 0).length;
  t.true(lookout.look(0));
  const left = waiting();
  t.true(left > 0 && left < MANY, `${left} wait`);
  t.false(lookout.look(0));
  t.is(waiting(), 0);
  for (const socket of kernel.sockets.values()) {
    socket.arrived.push(4);
    socket.news = true;
  }
  lookout.catchUp(MANY - 1);
  t.is(waiting(), 0, 'who has to know takes all');
});
