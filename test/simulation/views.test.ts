/**
 * I5 and I6 where neighbours are told others than the best route: the best external one, or the best that they may be told. It is
 * configured and taken back while routes flow, sessions move, blades die.
 */
import test from 'ava';
import { type Ending, playAsTest, seeds } from './history.ts';
import {
  deadlyOptionsFor,
  faultyOptionsFor,
  optionsFor,
  type SimulationOptions,
  withPaths,
  withViews,
} from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 12;

function attempt(faults: string, options: SimulationOptions, more: '' | ' --paths' = ''): Ending {
  const told = withViews(options);
  return playAsTest(more === '' ? told : withPaths(told), `--faults ${faults} --views${more}`);
}

test.serial('what is told in the place of the best is what one router would tell', (t) => {
  let grafts = 0;
  for (const seed of seeds(HISTORIES)) grafts += attempt('none', optionsFor(seed)).grafts;
  t.true(grafts > HISTORIES);
});

test.serial('the same on many blades and on one, beside neighbours that are told several paths', (t) => {
  for (const seed of seeds(HISTORIES, 300_000)) {
    const many = attempt('none', optionsFor(seed), ' --paths');
    t.deepEqual(many.tables, attempt('none', optionsFor(seed, 1), ' --paths').tables, `seed ${seed}`);
  }
});

test.serial('blades die and hang, and nobody is told anything else', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES)) {
    deaths += attempt('deaths', deadlyOptionsFor(seed)).deaths;
    deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  }
  t.true(deaths > HISTORIES);
});
