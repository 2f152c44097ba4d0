import test from 'ava';
import { JobPool } from '../../src/jobs/pool.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import { dataFile } from '../support/data.ts';

const pool = new JobPool();
test.after.always(() => pool.close());

test('a table is generated on a thread of the pool, the same as here, in shared memory', async (t) => {
  const table = { seed: 4, ipv4: 5_000, ipv6: 500 };
  const neighbours = [64500, 64501].map((neighborAs, i) => ({
    neighborAs,
    nextHop: `127.0.0.${2 + i}`,
    seed: i,
    churn: { seed: 1, changes: 200 },
  }));
  const feeds = await pool.run('internetFeeds', { table, neighbours });
  t.deepEqual(
    feeds.map(({ as }) => as),
    [64500, 64501],
  );
  for (const [i, { feed, churn, routes }] of feeds.entries()) {
    t.true(feed.bytes.buffer instanceof SharedArrayBuffer);
    const here = feedFor(generateTable(table), neighbours[i]!);
    t.true(Buffer.from(feed.bytes).equals(Buffer.from(here.bytes)));
    const receiver = new Receiver({ localAs: 65000, remoteAs: 64500 + i, fourOctetAs: true });
    receiver.feed(feed).feed(churn!);
    t.is(receiver.v4.present, routes.v4.count);
    t.is(receiver.counts.malformed + receiver.counts.duplicates, 0);
  }
});

test('an MRT file is summarised, and becomes feeds, on a thread of the pool', async (t) => {
  const file = dataFile('mrt/ripencc-bview.ipv4_unicast_add_path.gz');
  if (file === undefined) {
    t.log('skipped: the real data is not present');
    t.pass();
    return;
  }
  t.is((await pool.run('summariseMrt', { file })).entries, 62);
  const [first] = await pool.run('mrtFeeds', {
    file,
    neighbours: [{ nextHop: '127.0.0.2' }],
    churn: { seed: 1, changes: 10 },
  });
  t.is(first!.as, 65017);
  t.is(first!.feed.announced, first!.routes.v4.count);
  t.true(first!.churn!.messages > 0);
});

test('a task that fails says why, and the pool goes on', async (t) => {
  await t.throwsAsync(pool.run('summariseMrt', { file: '/nowhere/at.all' }), { message: /nowhere/ });
  t.is((await pool.run('internetFeeds', { table: { seed: 1, ipv4: 10 }, neighbours: [] })).length, 0);
});

test('a task can be given up', async (t) => {
  const controller = new AbortController();
  const running = pool.run(
    'internetFeeds',
    { table: { seed: 1, ipv4: 900_000 }, neighbours: [] },
    controller.signal,
  );
  setTimeout(() => controller.abort(), 50);
  await t.throwsAsync(running, { name: 'AbortError' });
});
