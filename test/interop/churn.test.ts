/**
 * Real churn: minutes of real UPDATEs at full speed on top of real tables, the sessions grafted all the while. At the end graftd and
 * a BIRD that decides alike have chosen the same routes and told every neighbour the same. GRAFTD_CHURN=all plays all traces with
 * all their peers; otherwise it is one trace with a few.
 */
import test, { type ExecutionContext } from 'ava';
import { feedsFromMrt, type MrtFeed, type MrtNeighbour } from '../../src/lab/mrt-feeds.ts';
import type { Speaker } from '../../src/lab/speaker.ts';
import { compareTold } from '../../src/lab/told.ts';
import { dataFile } from '../support/data.ts';
import { bird } from './daemons/index.ts';
import { GraftLoop, UNDONE_AT_MOST } from './graftd.ts';
import { loopbackNetwork } from './network.ts';
import { addressOf, disagreements, FIRST, settled, startTwo } from './opinion.ts';
import { until } from './wait.ts';

const TABLE = 'mrt/routeviews-rib.20140523.0600.first9072.gz';
const FIRST_AS = 64_600;

interface Trace {
  readonly file: string;
  readonly peers: number;
  readonly always: boolean;
}

const TRACES: readonly Trace[] = [
  { file: 'mrt/routeviews-updates.20161101.0000.bz2', peers: 4, always: true },
  { file: 'mrt/ris-rrc15-updates.20100227.1600.gz', peers: 11, always: false },
  { file: 'mrt/ris-updates.20070211.0141.gz', peers: 29, always: false },
  { file: 'mrt/routeviews-jinx-updates.20150401.0000.bz2', peers: 4, always: false },
  { file: 'mrt/ris-updates.20020722.2238.gz', peers: 13, always: false },
];

/** One after the other, as each neighbour said it; all neighbours at the same time. */
async function sendTo(speakers: readonly Speaker[], feeds: readonly (readonly MrtFeed[])[]): Promise<void> {
  await Promise.all(speakers.map((speaker) => speaker.start()));
  await Promise.all(speakers.map((speaker) => speaker.up(20_000)));
  await Promise.all(
    speakers.map(async (speaker, peer) => {
      for (const each of feeds) if (each[peer] !== undefined) await speaker.send(each[peer].feed);
    }),
  );
}

async function sameEnd(t: ExecutionContext, { file: name, peers }: Trace): Promise<void> {
  const network = loopbackNetwork();
  t.teardown(() => network.close());
  const [table, trace] = [dataFile(TABLE), dataFile(name)];
  const reason = bird.missing(network) ?? (trace === undefined ? 'the real data is not present' : undefined);
  if (table === undefined || trace === undefined || reason !== undefined) {
    t.log(`skipped: ${reason}`);
    t.pass();
    return;
  }
  const mrtNeighbours: MrtNeighbour[] = Array.from({ length: peers }, (_, peer) => ({
    as: FIRST_AS + peer,
    nextHop: addressOf(network, peer),
    nextHop6: `2001:db8:77::${(FIRST + peer).toString(16)}`,
  }));
  const changes = await feedsFromMrt(trace, mrtNeighbours);
  const feeds = [await feedsFromMrt(table, mrtNeighbours.slice(0, changes.length), { seed: 1 }), changes];
  const { graftd, opinion, toGraftd, toBird } = await startTwo(t, network, changes);

  const sending = Promise.all([sendTo(toGraftd, feeds), sendTo(toBird, feeds)]);
  await graftd.allEstablished();
  const loop = new GraftLoop(graftd, graftd.neighbors);
  t.teardown(async () => void (await loop.stop()));
  await sending;
  await Promise.all([settled(toGraftd), settled(toBird)]);
  const tally = await loop.stop();
  t.deepEqual(tally.failed, []);
  t.true(tally.undone.length <= UNDONE_AT_MOST, tally.undone.join('; '));

  let best: string[] = [];
  let prefixes = 0;
  const agree = async (): Promise<boolean> => {
    best = [];
    prefixes = 0;
    for (const family of ['ipv4', 'ipv6'] as const) {
      const ours = await graftd.bestRoutes(family);
      prefixes += ours.size;
      best.push(...disagreements(ours, await opinion.bestRoutes(family)));
    }
    return best.length === 0;
  };
  // BIRD may still be reading.
  await until('both to have chosen the same routes', agree, { seconds: 20 }).catch(() => undefined);
  t.deepEqual(best.slice(0, 20), []);
  const messages = changes.reduce((sum, { feed }) => sum + feed.messages, 0);
  t.log(`${changes.length} peers, ${messages} UPDATEs on ${prefixes} prefixes, ${tally.grafts} grafts`);

  for (const [i, speaker] of toGraftd.entries()) {
    const { malformed, duplicates, unknownWithdraws, resets } = speaker.stats();
    t.deepEqual(
      { malformed, duplicates, unknownWithdraws, resets },
      { malformed: 0, duplicates: 0, unknownWithdraws: 0, resets: 0 },
    );
    const [mine, birds] = [speaker.table(), toBird[i]!.table()];
    for (const family of ['v4', 'v6'] as const) {
      const told = compareTold(mine[family], birds[family], { ignoreNextHop: true });
      t.like(
        told,
        { onlyA: 0, onlyB: 0, differing: 0 },
        `${changes[i]!.peerAs}: ${told.examples.join('; ')}`,
      );
    }
  }
}

for (const trace of TRACES) {
  if (!trace.always && process.env.GRAFTD_CHURN !== 'all') continue;
  test.serial(`${trace.file}: the same end as BIRD's`, (t) => sameEnd(t, trace));
}
