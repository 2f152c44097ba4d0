/** The control socket answers before the blades are there: what it says of them is that they are starting. */
import net from 'node:net';
import path from 'node:path';
import test from 'ava';
import { Chassis } from '../../src/chassis/chassis.ts';
import { Operator } from '../../src/chassis/operator.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { freePort, HOST, temporaryFolder, until } from './support/box.ts';

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

test('who calls from a range while blades start is placed once', async (t) => {
  const port = await freePort();
  const { configuration } = parseConfiguration(
    [
      `router: { as: 65000, id: 192.0.2.1, listen: ['${HOST}:${port}'] }`,
      'chassis: { blades: 2 }',
      'neighbors: []',
      'neighbor-ranges: [{ range: 127.37.0.0/24, as: 64501, limit: 2, import: accept, export: accept }]',
      '',
    ].join('\n'),
    path.join(temporaryFolder(t), 'graftd.yaml'),
  );
  if (configuration === undefined) return t.fail();
  const chassis = new Chassis(configuration, { quiet: true });
  t.teardown(() => chassis.stop());
  const adopted: number[] = [];
  for (const blade of chassis.blades) {
    const order = blade.order.bind(blade);
    blade.order = (what) => {
      if (what.kind === 'adopt') adopted.push(what.session);
      return order(what);
    };
  }
  // The first blade runs already.
  const start = chassis.start();
  await until('a blade runs', () => chassis.blades.some(({ running }) => running));
  const called = new Promise<void>((resolve) => {
    const { onCalled } = chassis.dynamic;
    chassis.dynamic.onCalled = (card, address) => {
      resolve();
      onCalled.call(chassis.dynamic, card, address);
    };
  });
  const socket = net.connect({ port, host: HOST, localAddress: '127.37.0.1' });
  t.teardown(() => socket.destroy());
  await called;
  await start;
  await until('it is a neighbour', () => chassis.sessions.length === 1);
  t.is(adopted.length, 1);
});
