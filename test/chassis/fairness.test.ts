/** What one neighbour sends in floods is nothing to the others: their sessions live, and their changes pass. */
import test from 'ava';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { startBox, until } from './support/box.ts';

const FLOODERS = [
  { address: '127.23.0.1', as: 64501 },
  { address: '127.23.0.2', as: 64502 },
];
const CHANGER = { address: '127.23.0.3', as: 64503 };
/** Told nothing, so that only KEEPALIVEs come. */
const SILENT = { address: '127.23.0.4', as: 64504, export: 'reject' };
const WITNESS = { address: '127.23.0.5', as: 64505 };
const HOLD_TIME = 3;
/** Milliseconds of flood. */
const FLOODED = 5000;

test('while neighbours flood, KEEPALIVEs come in time, no session falls, and changes of others pass', async (t) => {
  const neighbors = [...FLOODERS, CHANGER, SILENT, WITNESS].map((one) => ({
    ...one,
    blade: 0,
    'hold-time': HOLD_TIME,
  }));
  const box = await startBox(t, { neighbors });
  const start = ({ address, as }: { address: string; as: number }) =>
    box.speaker(address, as, { holdTime: HOLD_TIME });
  const flooders = await Promise.all(FLOODERS.map(start));
  const [changer, silent, witness] = await Promise.all([CHANGER, SILENT, WITNESS].map(start));
  const all = [...flooders, changer, silent, witness];
  for (const speaker of all) await speaker?.up();
  const tables = [21, 22].map((seed) => generateTable({ seed, ipv4: 60_000, ipv6: 0 }));
  let flooding = true;
  // Table after table, so that it never ends while the others are looked at.
  const floods = flooders.map(async (speaker, i) => {
    const { address, as } = FLOODERS[i] as (typeof FLOODERS)[number];
    const feeds = tables.map((table, seed) =>
      encodeFeed(routesFor(table, { neighborAs: as, nextHop: address, seed }), { seed }),
    );
    for (let round = 0; flooding; round++) await speaker.send(feeds[round % 2] as (typeof feeds)[0]);
  });
  const single = encodeFeed(
    routesFor(generateTable({ seed: 99, ipv4: 1, ipv6: 0 }), {
      neighborAs: CHANGER.as,
      nextHop: CHANGER.address,
      seed: 1,
    }),
    { seed: 1 },
  );
  const end = performance.now() + FLOODED;
  const heard = (): number =>
    box.chassis.fabric.number(box.entry(CHANGER.address).index, SESSION_NUMBER.updatesReceived);
  for (let sent = 1; performance.now() < end; sent++) {
    await changer?.send(single);
    // Handled, though the others have always more to say than there is time for.
    await until('the change is handled', () => heard() >= sent, 2000);
  }
  flooding = false;
  await Promise.all(floods);
  for (const speaker of all) {
    const { resets, notifications, lastDown, longestSilence } = speaker?.stats() ?? {};
    t.deepEqual({ resets, notifications }, { resets: 0, notifications: 0 }, lastDown);
    t.true((longestSilence ?? 0) < HOLD_TIME * 1000);
  }
  // A KEEPALIVE each second, less up to a quarter (RFC 4271 10), to whom nothing else is told.
  t.true((silent?.stats().keepalives ?? 0) >= 4);
});
