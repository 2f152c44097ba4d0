/** A neighbour that is added while no blade runs is served by the next one that does. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { type BoxOptions, configurationText, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const THERE = { address: '127.86.0.1', as: 64501 };
const COMES = { address: '127.86.0.2', as: 64502 };
/** So many in a row: the next blade is started after some tenths of a second only. */
const CRASHES = 4;

test('a neighbour that is added while the only blade is dead is served by the next one', async (t) => {
  const chassis = { 'allow-faults': true, control: './c.sock', state: './graftd.db' };
  const options: BoxOptions = { blades: 1, neighbors: [THERE], chassis };
  const box = await startBox(t, options);
  const [blade] = box.chassis.blades;
  const text = configurationText(
    { ...options, neighbors: [THERE, COMES] },
    { port: box.port, control: '', state: '' },
  );
  writeFileSync(path.join(box.folder, 'graftd.yaml'), text);
  for (let crashes = 0; crashes < CRASHES; crashes++) {
    await until('it runs', () => blade?.running);
    await box.operator.fault(0, 'crash');
    await until('it is dead', () => blade?.deaths === crashes + 1);
  }
  const { added } = await box.operator.reload({ dryRun: false });
  t.deepEqual(added, [COMES.address]);
  const comes = await RawNeighbour.served(box.port, COMES.address, { as: COMES.as });
  t.teardown(() => comes.close());
  await until(
    'it is up',
    async () => (await box.operator.showSession(COMES.address)).state === 'Established',
  );
});
