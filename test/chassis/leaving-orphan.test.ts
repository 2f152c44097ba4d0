/** A neighbour that is configured no longer, and whose blade dies before all of it is put away: it goes, and nobody else does. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { type BoxOptions, configurationText, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';
import { announcing } from './support/updates.ts';

const STAYS = { address: '127.85.0.1', as: 64501 };
const GOES = { address: '127.85.0.2', as: 64502 };

for (const blades of [1, 2])
  test(`of ${blades}: a neighbour that is being put away goes though its blade dies`, async (t) => {
    const options: BoxOptions = {
      blades,
      neighbors: [STAYS, GOES],
      chassis: { 'allow-faults': true, control: './c.sock', state: './graftd.db' },
    };
    const box = await startBox(t, options);
    const { fabric } = box.chassis;
    const stays = await RawNeighbour.served(box.port, STAYS.address, { as: STAYS.as });
    const goes = await RawNeighbour.served(box.port, GOES.address, { as: GOES.as });
    t.teardown(() => stays.close());
    t.teardown(() => goes.close());
    await until(
      'it is up',
      async () => (await box.operator.showSession(STAYS.address)).state === 'Established',
    );
    goes.send(announcing([1, 2, 3], GOES));
    const { index } = box.entry(GOES.address);
    await until('its routes are here', () => fabric.number(index, SESSION_NUMBER.routesReceived) === 3);
    writeFileSync(
      path.join(box.folder, 'graftd.yaml'),
      configurationText({ ...options, neighbors: [STAYS] }, { port: box.port, control: '', state: '' }),
    );
    const { removed } = await box.operator.reload({ dryRun: false });
    t.deepEqual(removed, [GOES.address]);
    t.true(fabric.homeOf(index) >= 0, 'it does not close its connection, and so is not gone yet');
    await box.operator.fault(fabric.homeOf(index), 'crash');
    await until('it is gone', () => box.chassis.table.at(index) === undefined);
    for (let id = 0; id < fabric.prefixes.used4(); id++) t.is(fabric.columns.get(index, id), 0);
    await until('all blades run', () => box.chassis.blades.every(({ running }) => running));
    t.deepEqual(
      box.chassis.blades.map(({ deaths }) => deaths).reduce((a, b) => a + b),
      1,
    );
    t.is((await box.operator.showSession(STAYS.address)).state, 'Established');
    t.deepEqual([...box.chassis.store.placements().keys()], [STAYS.address]);
  });
