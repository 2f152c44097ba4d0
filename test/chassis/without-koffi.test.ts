/** Where koffi is not there the line card reads and sends everything, and who dies or is grafted leaves no session down either. */
import test from 'ava';
import { socketCalls } from '../../src/base/socket-calls.ts';
import { CONNECTION, READER } from '../../src/fabric/layout.ts';
import { until } from './support/box.ts';
import {
  ALL,
  checkManners,
  checkTables,
  reference,
  startWorld,
  still,
  TELLERS,
  tellers,
} from './support/internet-box.ts';

process.env.GRAFTD_KOFFI = 'off';

test.serial('without koffi tables are told, sessions grafted, and a dead blade is replaced', async (t) => {
  t.is(socketCalls(), undefined);
  const told = tellers(2000);
  const expected = await reference(t, told);
  const world = await startWorld(t, 2);
  const { operator, chassis } = world.box;
  await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
  const loops = told.map(({ address, churn }) =>
    world.speaker(address).send(churn, { loop: true, rate: 500 }),
  );
  for (let round = 0; round < 4; round++)
    for (const { address } of ALL) await operator.graft(address, round & 1);
  chassis.blade(1).kill('the test ended it');
  await until('it is noticed', () => chassis.blade(1).deaths === 1);
  await until('it runs again', () => chassis.blade(1).running);
  for (const { address } of TELLERS) world.speaker(address).stopLoops();
  await Promise.all(loops);
  await still(world);
  const { connections, options } = chassis.fabric;
  for (let session = 0; session < options.sessions; session++)
    for (const which of [0, 1]) {
      const at = connections.at(session, which);
      t.is(connections.words[at + CONNECTION.reader], READER.card);
      t.is(connections.words[at + CONNECTION.descriptor], 0);
    }
  await checkTables(t, world, expected, 'without koffi');
  for (const [, speaker] of world.speakers) checkManners(t, speaker, 'without koffi');
});
