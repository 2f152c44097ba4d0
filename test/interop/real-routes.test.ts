/**
 * An independent opinion on best routes: graftd on four blades, its sessions grafted all the while, and a BIRD
 * whose decision process is set up alike (RFC 4271 9.1.2.2, MED within a neighbour AS, no "oldest wins") get the
 * same real tables from the same thirty neighbours. They have to choose the same routes, and to tell every
 * neighbour the same.
 */
import test, { type ExecutionContext } from 'ava';
import { feedsFromMrt } from '../../src/lab/mrt-feeds.ts';
import { compareTold } from '../../src/lab/told.ts';
import { dataFile } from '../support/data.ts';
import { bird } from './daemons/index.ts';
import { GraftLoop, UNDONE_AT_MOST } from './graftd.ts';
import { loopbackNetwork } from './network.ts';
import { addressOf, disagreements, FIRST, PEERS, sendAll, settled, startTwo } from './opinion.ts';
import type { Family } from './routes.ts';
import { until } from './wait.ts';

async function sameBestRoutes(t: ExecutionContext, name: string, family: Family): Promise<void> {
  const network = loopbackNetwork();
  t.teardown(() => network.close());
  const file = dataFile(name);
  const reason = bird.missing(network) ?? (file === undefined ? 'the real data is not present' : undefined);
  if (file === undefined || reason !== undefined) {
    t.log(`skipped: ${reason}`);
    t.pass();
    return;
  }
  const nextHops = Array.from({ length: PEERS }, (_, peer) => ({
    nextHop: addressOf(network, peer),
    nextHop6: `2001:db8:77::${(FIRST + peer).toString(16)}`,
  }));
  const feeds = await feedsFromMrt(file, nextHops, { seed: 1 });
  const { graftd, opinion, toGraftd, toBird } = await startTwo(t, network, feeds);

  const sending = Promise.all([sendAll(toGraftd, feeds), sendAll(toBird, feeds)]);
  await graftd.allEstablished();
  const loop = new GraftLoop(graftd, graftd.neighbors);
  t.teardown(async () => void (await loop.stop()));
  await sending;
  const total = feeds.reduce((sum, { routes }) => sum + routes.v4.count + routes.v6.count, 0);
  const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  await until('graftd to have received all', async () => {
    return sumOf((await graftd.sessions()).map(({ routesReceived }) => routesReceived)) === total;
  });
  // BIRD does not keep what it cannot use, so what it was sent is counted.
  await until('BIRD to have received all', async () => {
    let updates = 0;
    for (const address of graftd.neighbors) updates += (await opinion.session(address)).updatesReceived;
    return updates >= total;
  });
  await Promise.all([settled(toGraftd), settled(toBird)]);
  const tally = await loop.stop();

  t.log(`${feeds.length} peers, ${total} routes, ${tally.grafts} grafts (${tally.undone.length} undone)`);
  t.deepEqual(tally.failed, []);
  t.true(tally.undone.length <= UNDONE_AT_MOST, tally.undone.join('; '));
  const [ours, theirs] = [await graftd.bestRoutes(family), await opinion.bestRoutes(family)];
  t.true(ours.size > 3000, `${ours.size} prefixes`);
  t.deepEqual(disagreements(ours, theirs).slice(0, 20), []);

  for (const [i, speaker] of toGraftd.entries()) {
    const { malformed, lastMalformed, duplicates, unknownWithdraws, resets } = speaker.stats();
    const flawless = { malformed: 0, lastMalformed: '', duplicates: 0, unknownWithdraws: 0, resets: 0 };
    t.deepEqual({ malformed, lastMalformed, duplicates, unknownWithdraws, resets }, flawless);
    const [mine, birds] = [speaker.table(), toBird[i]!.table()];
    const told = compareTold(mine[family === 'ipv4' ? 'v4' : 'v6'], birds[family === 'ipv4' ? 'v4' : 'v6'], {
      ignoreNextHop: true,
    });
    t.like(told, { onlyA: 0, onlyB: 0, differing: 0 }, `${feeds[i]!.as}: ${told.examples.join('; ')}`);
  }
}

test.serial('the best of real IPv4 routes from 30 full peers are BIRD’s', (t) =>
  sameBestRoutes(t, 'mrt/routeviews-rib.20140523.0600.first9072.gz', 'ipv4'),
);

test.serial('the best of real IPv6 routes from 27 peers are BIRD’s', (t) =>
  sameBestRoutes(t, 'mrt/routeviews6-rib.20151101.0600.part1.gz', 'ipv6'),
);
