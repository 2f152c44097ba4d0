/**
 * I7: no session goes down because a blade did. Real threads, ended at any moment; every neighbour is a real speaker that
 * would see a reset, and at rest every table is what one blade tells.
 */
import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import { sleep, until } from './support/box.ts';
import {
  ALL,
  atRest,
  checkManners,
  checkTables,
  reference,
  startWorld,
  still,
  type Tables,
  TELLERS,
  tellers,
  type World,
} from './support/internet-box.ts';

const seed = Number(process.env.GRAFTD_SEED ?? Date.now() & 0x7fffffff);
const why = `(GRAFTD_SEED=${seed})`;
const told = tellers(6000);
let tables: Promise<Tables> | undefined;

function oneBlade(t: ExecutionContext): Promise<Tables> {
  tables ??= reference(t, told);
  return tables;
}

/** Every blade runs, and knows everything. */
async function whole(world: World): Promise<void> {
  await until('all blades run again', async () =>
    (await world.box.operator.showBlades()).every(({ state }) => state === 'running'),
  );
}

/** At rest, whatever died before: the tables, and no session that fell. What was repeated on the way is reported. */
async function intact(t: ExecutionContext, world: World, expected: Tables): Promise<void> {
  await whole(world);
  await still(world);
  await checkTables(t, world, expected, why);
  const repeated = { duplicates: 0, unknownWithdraws: 0 };
  for (const [, speaker] of world.speakers) {
    checkManners(t, speaker, why);
    repeated.duplicates += speaker.stats().duplicates;
    repeated.unknownWithdraws += speaker.stats().unknownWithdraws;
  }
  const blades = world.box.chassis.blades.map(({ deaths }) => deaths).join(', ');
  t.log(`deaths by blade: ${blades}; repeated: ${JSON.stringify(repeated)}`);
  const history = await world.box.operator.showGrafts(1000);
  const unplanned = history.filter(({ planned }) => !planned);
  t.log(
    `unplanned grafts: ${unplanned.length}, pause at most ${Math.max(...unplanned.map(({ pauseMicroseconds }) => pauseMicroseconds))} µs`,
  );
}

test.serial('a blade that crashes at rest is replaced, and nobody outside sees anything', async (t) => {
  const expected = await oneBlade(t);
  const world = await startWorld(t, 3);
  await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
  await atRest(world);
  // A thread of a busy machine may have had no turn for that long.
  await still(world);
  const before = ALL.map(({ address }) => world.speaker(address).stats().updates);
  world.box.chassis.blade(1).kill('the test ended it');
  await until('it is noticed', () => world.box.chassis.blade(1).deaths === 1);
  await intact(t, world, expected);
  t.deepEqual(
    ALL.map(({ address }) => world.speaker(address).stats().updates),
    before,
  );
});

test.serial('blades that are ended at random while tables flow lose no session and no route', async (t) => {
  const random = new Random(seed);
  const expected = await oneBlade(t);
  const world = await startWorld(t, 4);
  await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
  const loops = told.map(({ address, churn }) =>
    world.speaker(address).send(churn, { loop: true, rate: 800 }),
  );
  for (let deaths = 0; deaths < 6; deaths++) {
    await sleep(random.below(400));
    const running = world.box.chassis.blades.filter((blade) => blade.running);
    if (running.length > 0) random.pick(running).kill('the test ended it');
  }
  for (const { address } of TELLERS) world.speaker(address).stopLoops();
  await Promise.all(loops);
  await intact(t, world, expected);
});
