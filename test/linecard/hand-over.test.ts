/** Several line cards share the sockets, with real connections: calls go to the card of their session. */
import { readdirSync } from 'node:fs';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { CARD_NUMBER, CONNECTION_STATE } from '../../src/fabric/layout.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { type Box, freePort, HOST, sleep, startBox, until } from '../chassis/support/box.ts';

const PREFIXES = 2000;

function neighbors(count: number): { address: string; as: number }[] {
  return Array.from({ length: count }, (_, i) => ({ address: `127.24.0.${i + 1}`, as: 64501 + i }));
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

function cardNumbers(box: Box, which: keyof typeof CARD_NUMBER): number[] {
  const { fabric } = box.chassis;
  return Array.from({ length: fabric.options.lineCards }, (_, card) =>
    fabric.cardNumber(card, CARD_NUMBER[which]),
  );
}

for (const lineCards of [1, 2, 4]) {
  test.serial(
    `with ${lineCards} line cards each carries the sessions that are its own, whoever called`,
    async (t) => {
      const called = neighbors(6);
      const dialled = {
        address: '127.24.0.7',
        as: 64507,
        passive: false,
        port: await freePort(),
        'connect-retry-time': 1,
      };
      const box = await startBox(t, { lineCards, neighbors: [...called, dialled] });
      const speakers = await Promise.all(called.map(({ address, as }) => box.speaker(address, as)));
      const listener = await box.speaker(dialled.address, dialled.as, {
        listen: { host: dialled.address, port: dialled.port },
      });
      for (const speaker of [...speakers, listener]) await speaker.up(30_000);
      const [teller, ...told] = [...speakers, listener];
      const { address, as } = called[0] as { address: string; as: number };
      const routes = routesFor(generateTable({ seed: 8, ipv4: PREFIXES, ipv6: 0 }), {
        neighborAs: as,
        nextHop: address,
        seed: 8,
      });
      await teller?.send(encodeFeed(routes, { seed: 8 }));
      await until('everybody has all routes', () =>
        told.every((speaker) => speaker.stats().routes4 === PREFIXES),
      );
      const share = (card: number, of: number): number =>
        Array.from({ length: of }, (_, session) => session % lineCards).filter((mine) => mine === card)
          .length;
      // Cards count ten times a second.
      await until('each card has counted what it sent', async () => {
        const { lineCards: rows = [] } = await box.operator.showChassis();
        return rows.every(({ bytesOut }) => bytesOut > PREFIXES * 4);
      });
      const { lineCards: rows = [] } = await box.operator.showChassis();
      for (const { card, connections, accepted } of rows) {
        t.is(connections, share(card, 7));
        t.is(accepted, share(card, 6));
      }
      t.is(rows.length, lineCards);
    },
  );
}

test.serial('calls that come and go leave no descriptor behind, and close nobody else’s', async (t) => {
  const [steady, flapping] = neighbors(2) as [
    { address: string; as: number },
    { address: string; as: number },
  ];
  const box = await startBox(t, { lineCards: 2, neighbors: [steady, flapping] });
  const witness = await box.speaker(steady.address, steady.as);
  await witness.up();
  const { fabric } = box.chassis;
  const at = fabric.connections.at(box.entry(flapping.address).index, 1);
  const before = descriptors();
  for (let i = 0; i < 300; i++) {
    const socket = net.connect({ host: HOST, port: box.port, localAddress: flapping.address });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    if (i % 3 === 0) socket.write('not BGP at all');
    if (i % 3 === 1) await sleep(1);
    socket.destroy();
  }
  await until('all of them are gone', () => fabric.connections.stateOf(at) !== CONNECTION_STATE.open);
  await until('their descriptors too', () => descriptors() <= before + 2, 15_000);
  const [first = 0, second = 0] = cardNumbers(box, 'accepted');
  t.is(first, 1);
  t.true(second > 100, `${second}`);
  const after = await box.speaker(flapping.address, flapping.as);
  await after.up(20_000);
  t.is(witness.stats().resets, 0);
});

test.serial(
  'a stranger is refused by the card that listens; stopping ends the cards of all calls',
  async (t) => {
    const box = await startBox(t, { lineCards: 3, neighbors: neighbors(3) });
    const speakers = await Promise.all(neighbors(3).map(({ address, as }) => box.speaker(address, as)));
    for (const speaker of speakers) await speaker.up();
    await refused(t, box);
    t.deepEqual(cardNumbers(box, 'unknownNeighbour'), [1, 0, 0]);
    await box.stop();
    await until('each was told goodbye', () =>
      speakers.every((speaker) => speaker.stats().lastNotification === '6/2'),
    );
  },
);

async function refused(t: ExecutionContext, box: Box): Promise<void> {
  const socket = net.connect({ host: HOST, port: box.port, localAddress: '127.24.9.9' });
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve).resume());
}
