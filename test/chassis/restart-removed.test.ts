import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { type BoxOptions, configurationText, startBox, until } from './support/box.ts';

const [FIRST, SECOND] = [
  { address: '127.87.0.1', as: 64501, blade: 0 },
  { address: '127.87.0.2', as: 64502, blade: 0 },
];

test('a neighbour that is taken away while its blade is replaced keeps the others from nothing', async (t) => {
  const options: BoxOptions = { blades: 2, neighbors: [FIRST, SECOND] };
  const box = await startBox(t, options);
  const [blade] = box.chassis.blades;
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  writeFileSync(
    path.join(box.folder, 'graftd.yaml'),
    configurationText({ ...options, neighbors: [SECOND] }, files),
  );
  const restarted = box.operator.restart(0);
  await until('it is being replaced', () => blade?.restarting);
  t.deepEqual((await box.operator.reload({ dryRun: false })).removed, [FIRST.address]);
  await restarted;
  t.is((await box.operator.showSession(SECOND.address)).blade, 0);
});
