/**
 * I5 at the edge of the AS: neighbours to whom we are another AS, and next hops that they reach as we do, on one blade and on many,
 * through grafts and deaths.
 */
import test from 'ava';
import { withEdges } from './edges.ts';
import { type Ending, playAsTest, seeds } from './history.ts';
import { faultyOptionsFor, optionsFor, type SimulationOptions, withPaths } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 14;

function attempt(faults: string, options: SimulationOptions): Ending {
  const paths = options.seed % 5 === 0;
  const flags = `--faults ${faults} --edges${paths ? ' --paths' : ''}`;
  return playAsTest(withEdges(paths ? withPaths(options) : options), flags);
}

test.serial(
  'what stands in front of AS_PATH, and next hops of third parties, are those of one blade',
  (t) => {
    let [guised, sharing] = [0, 0];
    for (const seed of seeds(HISTORIES)) {
      const options = optionsFor(seed);
      attempt('none', options);
      const { neighbours } = withEdges(options);
      guised += neighbours.filter(({ otherAs }) => otherAs !== undefined).length;
      sharing += neighbours.filter(({ sharedHops }) => sharedHops !== undefined).length;
    }
    t.true(guised > HISTORIES / 2 && sharing > HISTORIES / 2, `${guised} ${sharing}`);
  },
);

test.serial('blades die and hang at the edge of the AS', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES)) deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  t.true(deaths > HISTORIES);
});
