/**
 * I7 and I5 of the README where blades die at any operation on what others see, several at once, while they take part in grafts and
 * while they take over what others left, and where they hang, and threads stand still: every session stays up, at rest each
 * neighbour holds what one router would have told it, and no page or out view is lost. `npm run simulate` plays as many histories
 * as one wants.
 */
import test, { type ExecutionContext } from 'ava';
import { playAsTest, seeds } from './history.ts';
import { deadlyOptionsFor, faultyOptionsFor } from './options.ts';

/** A stated number, so that every machine plays the same ones. */
const HISTORIES = 36;

/** Seeds that once showed an error of ours. */
const ONCE_WRONG = {
  deaths: [
    18, 376, 733, 1072, 2323, 2729, 2933, 3101, 20_564, 20_568, 21_143, 31_216, 100_243, 500_040, 500_237,
  ],
  all: [500_017],
} as const;

function attempt(t: ExecutionContext, faults: 'deaths' | 'all', seeds: readonly number[]): void {
  const totals = { histories: 0, deaths: 0, hangs: 0, grafts: 0, updates: 0, repeated: 0 };
  for (const seed of seeds) {
    const options = faults === 'deaths' ? deadlyOptionsFor(seed) : faultyOptionsFor(seed);
    const ending = playAsTest(options, `--faults ${faults}`);
    totals.histories++;
    for (const key of ['deaths', 'hangs', 'grafts', 'updates', 'repeated'] as const)
      totals[key] += ending[key];
  }
  t.log(JSON.stringify(totals));
  t.true(totals.deaths > totals.histories);
  if (faults === 'all') t.true(totals.hangs > totals.histories);
}

test.serial('blades die anywhere, and no session goes down and no route is wrong', (t) => {
  attempt(t, 'deaths', [...ONCE_WRONG.deaths, ...seeds(HISTORIES)]);
});

test.serial('blades hang and go on, or are ended, while line cards and networks stand still', (t) => {
  attempt(t, 'all', [...ONCE_WRONG.all, ...seeds(HISTORIES, 600_000)]);
});
