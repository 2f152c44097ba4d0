/**
 * I5 and I6 of the README, on real blades over a real fabric: for every stream of events, every placement and every
 * sequence of grafts, each neighbour is told what one router with one BGP process would have told it, once, and a graft
 * at rest costs nothing but itself. `npm run simulate` plays as many histories as one wants, and one alone, with a
 * trace, by its seed.
 */
import test from 'ava';
import { type Ending, playAsTest, seeds } from './history.ts';
import { optionsFor } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 100;
const PAIRS = 70;

/** Seeds that once showed an error of ours, with the number of blades where it is not the seed's own. */
const ONCE_WRONG: readonly (readonly [seed: number, blades?: number])[] = [
  // The restart time was up while the neighbour was coming back: what it told was swept with what was stale.
  [101_453, 1],
  [102_607, 1],
];

function attempt(seed: number, blades?: number): Ending {
  const flags = `--faults none${blades === undefined ? '' : ` --blades ${blades}`}`;
  return playAsTest(optionsFor(seed, blades), flags);
}

test.serial('whatever once went wrong goes right', (t) => {
  for (const [seed, blades] of ONCE_WRONG) t.notThrows(() => attempt(seed, blades));
  t.pass();
});

test.serial('each neighbour is told what one router would tell it, once, through grafts and resets', (t) => {
  let grafts = 0;
  let updates = 0;
  for (const seed of seeds(HISTORIES)) {
    const ending = attempt(seed);
    grafts += ending.grafts;
    updates += ending.updates;
  }
  t.log(`${HISTORIES} histories, ${grafts} grafts, ${updates} UPDATEs received`);
  t.true(grafts > HISTORIES);
});

test.serial('the same events leave the same tables on many blades and on one', (t) => {
  for (const seed of seeds(PAIRS, 100_000)) {
    const many = attempt(seed);
    const one = attempt(seed, 1);
    t.deepEqual(many.tables, one.tables, `seed ${seed}`);
  }
  t.log(`${PAIRS} histories, each played twice`);
});
