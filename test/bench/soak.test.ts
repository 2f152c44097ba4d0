/** The soak with smaller numbers (npm run soak): ids are used again and again, and nothing is left. */
import test from 'ava';
import { soak } from '../../bench/soak/run.ts';

test.serial('prefixes and sets that are never the same twice need no more ids than are in use', async (t) => {
  const table = 16_384;
  const result = await soak({ prefixes: 120_000, window: 3000, blades: 2, table, every: 30_000 });
  t.deepEqual(result.lost, [], 'a full table is waited for, and nobody falls');
  t.is(result.left, 0, 'everything that was announced is withdrawn');
  t.true(result.returned.prefixes > 120_000 - 2 * table, `${result.returned.prefixes} ids came back`);
  t.true(result.returned.sets > 0 && result.returned.blocks > 0);
  t.true(result.told > 0, 'the witness was told');
  t.log(JSON.stringify(result.samples.at(-1)));
});
