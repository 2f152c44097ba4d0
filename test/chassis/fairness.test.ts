/** What one neighbour sends in floods is nothing to the others: their sessions live, and their changes pass. */
import test from 'ava';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { encodeFeed, type Feed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { type RemoteSpeaker, SpeakerThread } from '../../src/lab/thread.ts';
import { HOST, startBox, until } from './support/box.ts';

interface Neighbor {
  readonly address: string;
  readonly as: number;
}

const FLOODERS: readonly Neighbor[] = [
  { address: '127.23.0.1', as: 64501 },
  { address: '127.23.0.2', as: 64502 },
];
const CHANGER: Neighbor = { address: '127.23.0.3', as: 64503 };
/** Told nothing, so that only KEEPALIVEs come. */
const SILENT = { address: '127.23.0.4', as: 64504, export: 'reject' };
const WITNESS: Neighbor = { address: '127.23.0.5', as: 64505 };
const HOLD_TIME = 3;
/** Milliseconds of flood. */
const FLOODED = 5000;

function feedOf({ address, as }: Neighbor, seed: number, ipv4: number): Feed {
  return encodeFeed(
    routesFor(generateTable({ seed, ipv4, ipv6: 0 }), { neighborAs: as, nextHop: address, seed }),
    { seed },
  );
}

test('while neighbours flood, KEEPALIVEs come in time, no session falls, and changes of others pass', async (t) => {
  // All that takes long is done before any session is up, and who floods has a thread of its own.
  const tables = FLOODERS.map((flooder) => [feedOf(flooder, 21, 60_000), feedOf(flooder, 22, 60_000)]);
  const single = feedOf(CHANGER, 99, 1);
  const others = [CHANGER, SILENT, WITNESS];
  const box = await startBox(t, {
    neighbors: [...FLOODERS, ...others].map((one) => ({ ...one, blade: 0, 'hold-time': HOLD_TIME })),
  });
  const threads = [new SpeakerThread(), new SpeakerThread()] as const;
  t.teardown(() => Promise.all(threads.map((thread) => thread.close())));
  const start = (thread: SpeakerThread, { address, as }: Neighbor): Promise<RemoteSpeaker> =>
    thread.add({
      localAs: as,
      routerId: address,
      localAddress: address,
      connect: { host: HOST, port: box.port },
      holdTime: HOLD_TIME,
    });
  const flooders = await Promise.all(FLOODERS.map((one) => start(threads[0], one)));
  const [changer, silent, witness] = (await Promise.all(others.map((one) => start(threads[1], one)))) as [
    RemoteSpeaker,
    RemoteSpeaker,
    RemoteSpeaker,
  ];
  const all = [...flooders, changer, silent, witness];
  for (const speaker of all) await speaker.up();
  const end = performance.now() + FLOODED;
  // Table after table, so that it never ends while the others are looked at.
  const floods = flooders.map(async (speaker, i) => {
    for (let round = 0; performance.now() < end; round++) await speaker.send(tables[i]?.[round % 2] as Feed);
  });
  const heard = (): number =>
    box.chassis.fabric.number(box.entry(CHANGER.address).index, SESSION_NUMBER.updatesReceived);
  for (let sent = 1; performance.now() < end; sent++) {
    await changer.send(single);
    // Handled, though the others always have more to say than there is time for.
    await until('the change is handled', () => heard() >= sent);
  }
  await Promise.all(floods);
  for (const speaker of all) {
    const { resets, notifications, lastDown } = await speaker.stats();
    t.deepEqual({ resets, notifications }, { resets: 0, notifications: 0 }, lastDown);
  }
  const { keepalives, longestSilence } = await silent.stats();
  // A KEEPALIVE each second, less up to a quarter (RFC 4271 10), to whom nothing else is told.
  t.true(keepalives >= 4);
  t.true(longestSilence < HOLD_TIME * 1000, `${longestSilence} ms`);
});
