import type { ExecutionContext } from 'ava';
import { MessageType } from '../../src/bgp/message.ts';
import { lanes } from '../support/lanes.ts';
import { type Box, sleep, startBox, until } from './support/box.ts';
import { KEEPALIVE, openBytes, RawListener, RawNeighbour } from './support/raw-neighbour.ts';

const test = lanes(3);

/** Below and above the router's 192.0.2.100. */
const LOWER = '192.0.2.1';
const HIGHER = '192.0.2.200';
const AS = 64701;

interface Pair {
  readonly box: Box;
  readonly address: string;
  readonly listener: RawListener;
  /** The router called us; we called the router. */
  readonly dialled: RawNeighbour;
  readonly accepted: RawNeighbour;
}

/** Both sides call, and have the router's OPEN on both connections. */
async function bothCall(t: ExecutionContext, address: string): Promise<Pair> {
  const listener = await RawListener.at(address);
  t.teardown(() => listener.close());
  const box = await startBox(t, {
    neighbors: [{ address, as: AS, passive: false, port: listener.port, 'connect-retry-time': 1 }],
  });
  const dialled = await listener.call();
  const accepted = await RawNeighbour.dial(box.port, address);
  for (const each of [dialled, accepted]) {
    t.teardown(() => each.close());
    await each.next(MessageType.Open);
  }
  return { box, address, listener, dialled, accepted };
}

async function state({ box, address }: Pair): Promise<string> {
  return (await box.operator.showSession(address)).state;
}

let host = 0;
for (const [id, keeps] of [
  [LOWER, 'dialled'],
  [HIGHER, 'accepted'],
] as const) {
  for (const first of ['dialled', 'accepted'] as const) {
    test(`of two connections the one that the higher identifier made stays: ours is ${id}, first OPEN on the ${first} one`, async (t) => {
      const pair = await bothCall(t, `127.2.0.${++host}`);
      const [winner, loser] =
        keeps === 'dialled' ? [pair.dialled, pair.accepted] : [pair.accepted, pair.dialled];
      const second = first === 'dialled' ? 'accepted' : 'dialled';
      pair[first].send(openBytes({ as: AS, id }));
      t.truthy(await pair[first].next(MessageType.Keepalive));
      pair[second].send(openBytes({ as: AS, id }));
      t.deepEqual(await loser.notification(), [6, 7]); // RFC 4271 6.8, RFC 4486
      await loser.end();
      loser.close();
      winner.send(KEEPALIVE);
      await until('the session is Established', async () => (await state(pair)) === 'Established');
      await sleep(1500);
      t.is(await state(pair), 'Established');
      t.false(winner.ended);
      t.is(pair.listener.waiting, 0, 'the router calls no more');
      t.is((await pair.box.operator.showSession(pair.address)).establishedCount, 1);
    });
  }
}

for (const [keeps, first] of [
  ['dialled', 'dialled'],
  ['dialled', 'accepted'],
  ['accepted', 'dialled'],
  ['accepted', 'accepted'],
] as const) {
  test(`when the ${keeps} connection wins and fails before it is up, the session comes up by the other way: first OPEN on the ${first} one`, async (t) => {
    const pair = await bothCall(t, `127.2.1.${++host}`);
    const id = keeps === 'dialled' ? LOWER : HIGHER;
    const [winner, loser] =
      keeps === 'dialled' ? [pair.dialled, pair.accepted] : [pair.accepted, pair.dialled];
    const inOrder = first === keeps ? [winner, loser] : [loser, winner];
    for (const each of inOrder) {
      each.send(openBytes({ as: AS, id }));
      if (each === inOrder[0]) await each.next(MessageType.Keepalive);
    }
    t.deepEqual(await loser.notification(), [6, 7]);
    loser.close();
    winner.close();
    if (keeps === 'dialled') {
      // From now on nobody can call us: we call.
      await pair.listener.close();
      await until(
        'the router listens to us',
        async () => {
          const again = await RawNeighbour.dial(pair.box.port, pair.address);
          t.teardown(() => again.close());
          again.send(openBytes({ as: AS, id }), KEEPALIVE);
          const answer = await again.next(undefined, 5000).catch(() => undefined);
          return answer !== undefined && answer[18] === MessageType.Open;
        },
        20_000,
      );
    } else {
      const again = await pair.listener.call(10_000);
      t.teardown(() => again.close());
      await again.establish({ as: AS, id });
    }
    await until('the session is Established', async () => (await state(pair)) === 'Established');
    t.pass();
  });
}

test('an Established session is not disturbed by another connection, whoever has the higher identifier', async (t) => {
  for (const id of [LOWER, HIGHER]) {
    const pair = await bothCall(t, `127.2.2.${++host}`);
    pair.accepted.close();
    pair.dialled.send(openBytes({ as: AS, id }), KEEPALIVE);
    await until('the session is Established', async () => (await state(pair)) === 'Established');
    for (let i = 0; i < 3; i++) {
      const more = await RawNeighbour.dial(pair.box.port, pair.address);
      more.send(openBytes({ as: AS, id }));
      t.deepEqual(await more.notification(), [6, 7]);
      await more.end();
      more.close();
    }
    t.is(await state(pair), 'Established');
    t.false(pair.dialled.ended);
    t.is((await pair.box.operator.showSession(pair.address)).establishedCount, 1);
  }
});

test('a second call while the first carries the session waits, and is taken when the first is gone', async (t) => {
  const address = '127.2.3.1';
  const box = await startBox(t, { neighbors: [{ address, as: AS }] });
  const first = await RawNeighbour.served(box.port, address, { as: AS });
  const second = await RawNeighbour.dial(box.port, address);
  const third = await RawNeighbour.dial(box.port, address);
  // RFC 4486: Cease/Connection Collision Resolution, from the line card.
  t.deepEqual(await second.notification(), [6, 7]);
  await second.end();
  await sleep(300);
  t.false(first.ended || third.ended);
  t.is((await box.operator.showSession(address)).state, 'Established');
  first.socket.resetAndDestroy();
  await third.establish({ as: AS });
  await until(
    'the session is up again',
    async () => (await box.operator.showSession(address)).establishedCount === 2,
  );
  third.close();
});
