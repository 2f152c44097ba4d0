/** The control socket answers before the blades are there: what it says of them is that they are starting. */
import path from 'node:path';
import test from 'ava';
import { Chassis } from '../../src/chassis/chassis.ts';
import { Operator } from '../../src/chassis/operator.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { temporaryFolder } from './support/box.ts';

test('a blade that never ran is starting, and not dead', async (t) => {
  const file = path.join(temporaryFolder(t), 'graftd.yaml');
  const { configuration } = parseConfiguration(
    'router: { as: 65000, id: 192.0.2.1, listen: [] }\nchassis: { blades: 2 }\nneighbors: []\n',
    file,
  );
  if (configuration === undefined) return t.fail();
  const chassis = new Chassis(configuration, { quiet: true });
  const operator = new Operator(chassis, file, '0');
  t.teardown(() => chassis.stop());
  const started = chassis.start();
  const early = await operator.showBlades();
  t.deepEqual(
    early.map(({ state, uptimeSeconds }) => [state, uptimeSeconds]),
    [
      ['starting', 0],
      ['starting', 0],
    ],
  );
  await started;
  t.deepEqual(
    (await operator.showBlades()).map(({ state }) => state),
    ['running', 'running'],
  );
});
