/**
 * I7 and I5 of the README where blades die at any operation on what others see, several at once, while they take part in grafts and
 * while they take over what others left: every session stays up, at rest each neighbour holds what one router would have told it,
 * and no page or out view is lost. `DEATHS=1 node dist/test/simulation/run.js` plays as many histories as one wants.
 */
import test from 'ava';
import { play } from './history.ts';
import { deadlyOptionsFor } from './options.ts';

/** A stated number, so that every machine plays the same ones. */
const HISTORIES = 1000;

/** Seeds that once showed an error of ours. */
const ONCE_WRONG: readonly number[] = [
  18, 376, 733, 1072, 2323, 2729, 2933, 3101, 20_564, 20_568, 21_143, 31_216, 500_237,
];

test.serial('blades die anywhere, and no session goes down and no route is wrong', (t) => {
  const totals = { histories: 0, deaths: 0, grafts: 0, updates: 0, repeated: 0 };
  const seeds = function* (): Generator<number> {
    yield* ONCE_WRONG;
    for (let seed = 500_000; seed < 500_000 + HISTORIES; seed++) yield seed;
  };
  for (const seed of seeds()) {
    try {
      const ending = play(deadlyOptionsFor(seed));
      totals.histories++;
      totals.deaths += ending.deaths;
      totals.grafts += ending.grafts;
      totals.updates += ending.updates;
      totals.repeated += ending.repeated;
    } catch (error) {
      const alone = `DEATHS=1 SEED=${seed} node dist/test/simulation/run.js`;
      throw new Error(`${(error as Error).message}\n  again, alone: ${alone}`, { cause: error });
    }
  }
  t.log(JSON.stringify(totals));
  t.true(totals.deaths > totals.histories);
});
