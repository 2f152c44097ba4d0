/** What blades want to be told of, once a chassis runs (src/ibgp-internal/interest.ts). */
import test from 'ava';
import { BLADE_NUMBER, BLADE_WORD } from '../../src/fabric/layout.ts';
import { ALL } from '../../src/ibgp-internal/interest.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { startBox, until } from './support/box.ts';

test('blades that tell nobody are not told of each other’s first tables, though they have rehearsed grafts', async (t) => {
  const all = Array.from({ length: 30 }, (_, i) => ({
    address: `127.5.7.${i + 1}`,
    as: 64601 + i,
    export: 'reject',
  }));
  const box = await startBox(t, { blades: 3, neighbors: all });
  const { fabric, blades } = box.chassis;
  await until('nobody wants all', () =>
    blades.every(({ slot }) => fabric.bladeWord(slot, BLADE_WORD.interest) !== ALL),
  );
  const records = () =>
    blades.reduce((sum, { slot }) => sum + fabric.bladeNumber(slot, BLADE_NUMBER.recordsReceived), 0);
  const before = records();
  const speakers = await Promise.all(all.map(({ address, as }) => box.speaker(address, as)));
  await Promise.all(speakers.map((speaker) => speaker.up()));
  for (const [i, { address, as }] of all.entries())
    await speakers[i]!.send(
      feedFor(generateTable({ seed: 5 + i, ipv4: 50, ipv6: 0 }), {
        neighborAs: as,
        nextHop: address,
        seed: 1,
      }),
    );
  await until('all is received', async () => (await box.operator.showChassis()).routes === 1500);
  // Not one for each of two siblings: of 25 buckets, two at most are on two blades each.
  const told = records() - before;
  t.true(told < 600, `${told} records`);
});
