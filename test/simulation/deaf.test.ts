/** I5 and I6 where blades tell nobody most of the time, and then somebody: whatever they did not hear of, they tell. */
import test from 'ava';
import { withDeaf } from './deaf.ts';
import { type Ending, playAsTest, seeds } from './history.ts';
import { faultyOptionsFor, optionsFor, type SimulationOptions } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 26;

function attempt(faults: string, options: SimulationOptions): Ending {
  return playAsTest(withDeaf(options), `--faults ${faults} --deaf`);
}

test.serial('blades that told nobody tell what one router would tell', (t) => {
  let grafts = 0;
  for (const seed of seeds(HISTORIES)) grafts += attempt('none', optionsFor(seed)).grafts;
  t.true(grafts > HISTORIES);
});

test.serial('blades die and hang, and nobody is told anything else', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES)) deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  t.true(deaths > HISTORIES);
});
