/**
 * I5 where neighbours send what cannot be read of one family: its routes go and are heard no more until the session is over, the other
 * family goes on (RFC 7606 2: AFI/SAFI disable), whatever else happens meanwhile: refreshes with borders, restarts, grafts, deaths.
 */
import test from 'ava';
import { play } from './history.ts';
import { faultyOptionsFor, optionsFor, type SimulationOptions, withMalformed, withPaths } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 12;

/** A refresh that was asked for of a disabled family was not answered. */
const UNANSWERED = [10_733];
/** Withdrawn routes of the disabled family were taken for its End-of-RIB, and its routes stayed. */
const NO_END = [10_684, 10_720];

function attempt(faults: string, options: SimulationOptions): ReturnType<typeof play> {
  const paths = options.seed % 3 === 0;
  try {
    return play(withMalformed(paths ? withPaths(options) : options));
  } catch (error) {
    const alone = `npm run simulate -- --seed ${options.seed} --faults ${faults}${paths ? ' --paths' : ''} --malformed`;
    throw new Error(`${(error as Error).message}\n  again, alone: ${alone}`, { cause: error });
  }
}

test.serial('a family that cannot be read is disabled, and the other one goes on', (t) => {
  for (const seed of [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...UNANSWERED])
    t.notThrows(() => attempt('none', optionsFor(seed)));
});

test.serial('blades die and hang while families are disabled', (t) => {
  let deaths = 0;
  for (const seed of [...Array.from({ length: HISTORIES }, (_, i) => i + 1), ...NO_END])
    deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  t.true(deaths > HISTORIES);
});
