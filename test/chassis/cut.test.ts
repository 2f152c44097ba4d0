/** Connections that end in the middle of what is being said over them, however they end, while a blade reads them itself. */
import test from 'ava';
import { CONNECTION, READER } from '../../src/fabric/layout.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const AS = 64501;
const WITNESS = { address: '127.83.1.100', as: 64502, blade: 1 };
const ROUTES = 20_000;
const table = generateTable({ seed: 7, ipv4: ROUTES, ipv6: 0 });
const feed = feedFor(table, { neighborAs: AS, nextHop: '127.83.1.1', seed: 1 });

const ENDS: Record<string, (neighbour: RawNeighbour) => unknown> = {
  'it is reset': ({ socket }) => socket.resetAndDestroy(),
  'the neighbour says no more, and listens on': ({ socket }) => socket.end(),
  'the neighbour closes it': ({ socket }) => socket.destroy(),
};
const CASES = Object.keys(ENDS).flatMap((how) => [false, true].map((graft) => ({ how, graft })));

test('a connection that ends in the middle of a flood, also behind a graft, leaves no route and no descriptor', async (t) => {
  const neighbours = CASES.map((each, i) => ({ ...each, address: `127.83.1.${i + 1}` }));
  const box = await startBox(t, {
    neighbors: [...neighbours.map(({ address }) => ({ address, as: AS, blade: 0 })), WITNESS],
  });
  const w = await box.speaker(WITNESS.address, WITNESS.as);
  await w.up();
  const { connections } = box.chassis.fabric;
  for (const { how, graft, address } of neighbours) {
    const a = await RawNeighbour.served(box.port, address, { as: AS });
    t.teardown(() => a.close());
    const called = connections.at(box.entry(address).index, 1);
    const word = (which: number): number => connections.words[called + which] as number;
    if (word(CONNECTION.descriptor) !== 0)
      await until(`${how}: its blade reads`, () => word(CONNECTION.reader) === READER.blade);
    a.send(Buffer.from(feed.bytes));
    await until(`${how}: some routes are told`, () => w.stats().routes4 > 0);
    if (graft) await box.operator.graft(address, 1);
    ENDS[how]?.(a);
    const state = async (): Promise<string> => (await box.operator.showSession(address)).state;
    await until(`${how}: it is down`, async () => (await state()) !== 'Established');
    await until(`${how}: its routes are gone`, () => w.stats().routes4 === 0);
    await until(`${how}: its descriptor is closed`, () => word(CONNECTION.descriptor) === 0);
    t.is(word(CONNECTION.reader), READER.card, how);
  }
  t.like(w.stats(), { resets: 0, state: 'Established' });
  t.deepEqual(box.chassis.troubles, []);
});
