/**
 * I5 and I6 where neighbours announce several paths of a prefix (RFC 7911), and number them anew each time that they come up:
 * whatever lanes these stand in, each neighbour is told what one router would tell it, through grafts, resets and deaths.
 */
import test from 'ava';
import { type Ending, playAsTest, seeds } from './history.ts';
import {
  deadlyOptionsFor,
  faultyOptionsFor,
  optionsFor,
  type SimulationOptions,
  withPaths,
} from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 16;

function attempt(faults: string, options: SimulationOptions): Ending {
  return playAsTest(withPaths(options), `--faults ${faults} --paths`);
}

/** Seeds that once showed an error of ours. */
const ONCE_WRONG = [
  // A refresh left some of the last prefix's paths out when they were long, and there was little room.
  12_600_334,
] as const;

test.serial('whatever once went wrong goes right', (t) => {
  for (const seed of ONCE_WRONG) t.notThrows(() => attempt('none', optionsFor(seed)));
});

test.serial('several paths of a prefix are one neighbour’s routes, through grafts and resets', (t) => {
  let grafts = 0;
  for (const seed of seeds(HISTORIES)) grafts += attempt('none', optionsFor(seed)).grafts;
  t.true(grafts > HISTORIES);
});

test.serial('the same paths leave the same tables on many blades and on one', (t) => {
  for (const seed of seeds(HISTORIES, 200_000)) {
    const many = attempt('none', optionsFor(seed));
    t.deepEqual(many.tables, attempt('none', optionsFor(seed, 1)).tables, `seed ${seed}`);
  }
});

test.serial('blades die and hang, and no path is lost', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES)) {
    deaths += attempt('deaths', deadlyOptionsFor(seed)).deaths;
    deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  }
  t.true(deaths > HISTORIES);
});
