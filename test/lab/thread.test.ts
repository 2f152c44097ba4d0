import test from 'ava';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { SpeakerThread } from '../../src/lab/thread.ts';
import { compareTold } from '../../src/lab/told.ts';

const routes = routesFor(generateTable({ seed: 7, ipv4: 30_000 }), {
  neighborAs: 64500,
  nextHop: '127.0.0.2',
  seed: 1,
});
const same = { onlyA: 0, onlyB: 0, differing: 0, examples: [] };

test('speakers in threads of their own exchange a table, and every request goes through', async (t) => {
  const [senders, listeners] = [new SpeakerThread('senders'), new SpeakerThread('listeners')];
  const router = {
    localAs: 65000,
    remoteAs: 64500,
    routerId: '192.0.2.1',
    listen: { host: '127.0.0.1', port: 0 },
  };
  const pairs = await Promise.all(
    [1, 2].map(async (number) => {
      const listener = await listeners.add(router);
      const sender = await senders.add({
        localAs: 64500,
        routerId: `192.0.2.${10 + number}`,
        connect: { host: '127.0.0.1', port: listener.port },
        retry: 20,
      });
      return { sender, listener };
    }),
  );
  for (const { sender, listener } of pairs) await Promise.all([sender.up(), listener.up()]);
  const feed = encodeFeed(routes, { seed: 3 });
  await Promise.all(pairs.map(({ sender }) => sender.send(feed, { rate: 1_000_000 })));
  for (const { sender, listener } of pairs) {
    await listener.quiet(100);
    t.is((await listener.stats()).routes4, 30_000);
    t.is((await sender.stats()).messagesSent, feed.messages);
    await sender.setRate(1000);
    await sender.stopLoops();
    await listener.refresh(1);
    await listener.quiet(100);
    t.is((await listener.stats()).duplicates, 30_000);
  }
  const [a, b] = await Promise.all(pairs.map(({ listener }) => listener.table()));
  t.deepEqual(compareTold(a!.v4, b!.v4), same);
  const first = pairs[0]!;
  const down = new Promise<string>((resolve) => first.listener.once('down', resolve));
  await first.sender.breakConnection();
  await down;
  await first.listener.up();
  t.is((await first.listener.stats()).resets, 1);
  for (const { sender, listener } of pairs) await Promise.all([sender.close(), listener.close()]);
  await t.throwsAsync(first.sender.stats(), { message: 'no speaker 0' });
  await Promise.all([senders.close(), listeners.close()]);
  await t.throwsAsync(first.sender.stats(), { message: /ended/ });
});
