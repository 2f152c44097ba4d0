/**
 * I5 and I6 by simulation: a share of all histories in every test run; `node dist/test/simulation/run.js SEEDS FIRST` plays as
 * many as wanted, and SEED=… one alone with a trace.
 */
import test from 'ava';
import { play } from './history.ts';
import { optionsFor } from './options.ts';

/** The first seeds of the four parts; each part plays at most so many, for at most so long. */
const PARTS = [1, 10_001, 20_001, 30_001];
const HISTORIES = 150;
const SECONDS = 12;

for (const first of PARTS) {
  test(`whatever comes and wherever sessions move, neighbours are told what one router tells (seeds from ${first})`, (t) => {
    t.timeout(180_000);
    const end = performance.now() + SECONDS * 1000;
    let histories = 0;
    let grafts = 0;
    for (let seed = first; seed < first + HISTORIES && performance.now() < end; seed++) {
      try {
        grafts += play(optionsFor(seed)).grafts;
      } catch (error) {
        t.fail(`SEED=${seed} node dist/test/simulation/run.js: ${(error as Error).message}`);
        return;
      }
      histories++;
    }
    t.log(`${histories} histories, ${grafts} grafts`);
    t.true(histories > 0 && grafts > 0);
  });
}

test('the same events end the same with one blade and with many', (t) => {
  t.timeout(180_000);
  const end = performance.now() + SECONDS * 1000;
  for (let seed = 50_001; seed < 50_041 && performance.now() < end; seed++) {
    const many = play(optionsFor(seed)).tables;
    const one = play(optionsFor(seed, 1)).tables;
    t.deepEqual(
      many.map((table) => table && [...table].sort()),
      one.map((table) => table && [...table].sort()),
      `SEED=${seed} (and BLADES=1) node dist/test/simulation/run.js`,
    );
  }
});
