/**
 * I5 where neighbours send what cannot be read of one family: its routes go and are heard no more until the session is over, the other
 * family goes on (RFC 7606 2: AFI/SAFI disable), whatever else happens meanwhile: refreshes with borders, restarts, grafts, deaths.
 */
import test from 'ava';
import { type Ending, playAsTest, seeds } from './history.ts';
import { faultyOptionsFor, optionsFor, type SimulationOptions, withMalformed, withPaths } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 10;

/** A refresh that was asked for of a disabled family was not answered. */
const UNANSWERED = [10_733];
/** Withdrawn routes of the disabled family were taken for its End-of-RIB, and its routes stayed. */
const NO_END = [10_684, 10_720];

function attempt(faults: string, options: SimulationOptions): Ending {
  const paths = options.seed % 3 === 0;
  const flags = `--faults ${faults}${paths ? ' --paths' : ''} --malformed`;
  return playAsTest(withMalformed(paths ? withPaths(options) : options), flags);
}

test.serial('a family that cannot be read is disabled, and the other one goes on', (t) => {
  for (const seed of [...seeds(HISTORIES), ...UNANSWERED])
    t.notThrows(() => attempt('none', optionsFor(seed)));
});

test.serial('blades die and hang while families are disabled', (t) => {
  let deaths = 0;
  for (const seed of [...seeds(HISTORIES), ...NO_END])
    deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  t.true(deaths > HISTORIES);
});
