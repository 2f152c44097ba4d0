/**
 * I5 for the routes that are used together (ECMP): the same set is marked whatever the number of blades and wherever sessions
 * live, through grafts, deaths and changes of how many are used.
 */
import test from 'ava';
import { type Ending, playAsTest, seeds } from './history.ts';
import {
  deadlyOptionsFor,
  faultyOptionsFor,
  optionsFor,
  type SimulationOptions,
  withEquals,
  withPaths,
  withViews,
} from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 12;

/** All that has blades show each other more than the best, in a part of the histories. */
const isMixed = (seed: number): boolean => seed % 4 === 0;

function attempt(faults: string, options: SimulationOptions): Ending {
  const more = isMixed(options.seed);
  const flags = `--faults ${faults} --equals${more ? ' --views --paths' : ''}`;
  return playAsTest(withEquals(more ? withPaths(withViews(options)) : options), flags);
}

test.serial('routes that are as good as the best are marked, the same ones on one blade and on many', (t) => {
  let together = 0;
  for (const seed of seeds(HISTORIES, 3000)) {
    const many = attempt('none', optionsFor(seed));
    const one = attempt('none', optionsFor(seed, 1));
    t.deepEqual(many.tables, one.tables, `seed ${seed}`);
    // Which of a neighbour's paths is the best may depend on how it numbers them, and that on how often it came up.
    if (!isMixed(seed)) t.is(many.together, one.together, `seed ${seed}`);
    together += many.together;
  }
  t.true(together > HISTORIES, `${together}`);
});

test.serial('blades die and hang, and the marks are right when it is over', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES, 3000)) {
    deaths += attempt('deaths', deadlyOptionsFor(seed)).deaths;
    deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  }
  t.true(deaths > HISTORIES);
});
