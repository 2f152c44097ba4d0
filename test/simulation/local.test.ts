/**
 * I5 for the routes of the router itself: static ones and aggregates are told as one router would tell them whatever the number of
 * blades and wherever sessions live, through grafts, deaths, sweeps and changes of what they are.
 */
import test from 'ava';
import { withEdges } from './edges.ts';
import { type Ending, play, playAsTest, seeds } from './history.ts';
import { withMembers } from './members.ts';
import {
  deadlyOptionsFor,
  faultyOptionsFor,
  fullOptionsFor,
  optionsFor,
  type SimulationOptions,
  withEquals,
  withLocal,
  withMalformed,
  withPaths,
  withViews,
} from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 6;

/** Static routes behind an aggregate lost their ids in these, as they were told to nobody. */
const KEPT_BACK = [24, 59];

/** A route of the router found room after a sweep, and stayed untold. */
const FOUND_ROOM = [30, 31, 100];

/** Idle blades took ids again after each sweep, which was a reason for the next one; or no session counted what found no room. */
const IN_VAIN = [5, 39, 98, 114];

/** An aggregate counted nothing, as the static routes within had found no room. */
const UNCOUNTED = [10_691];

/** A session went to a blade that had an aggregate from one that had found no room for its attributes. */
const HAD_NONE = [2_152_000_185];

/** A blade that found out about a prefix in the middle of a batch looked at an aggregate in it once more, and told it twice. */
const TWICE = [2_152_000_183];

/** Aggregates changed ids among themselves in this one with all options, and were taken for told. */
const CHANGED_IDS = 70_000;

/** A blade that took a session over had not looked at an aggregate, as nothing of it had changed there: another one had told of a moment. */
const MOMENTS = [81_500_284, 81_500_813, 81_500_872, 81_501_188];

/** Others than the best route are told, in a part of the histories. */
const isMixed = (seed: number): boolean => seed % 4 === 0;

function attempt(faults: string, options: SimulationOptions): Ending {
  const more = isMixed(options.seed);
  const flags = `--faults ${faults} --local${more ? ' --views --paths' : ''}`;
  return playAsTest(withLocal(more ? withPaths(withViews(options)) : options), flags);
}

test.serial('routes of the router itself are told the same by one blade and by many', (t) => {
  for (const seed of [...seeds(HISTORIES), ...KEPT_BACK]) {
    const many = attempt('none', optionsFor(seed));
    const one = attempt('none', optionsFor(seed, 1));
    t.deepEqual(many.tables, one.tables, `seed ${seed}`);
  }
});

test.serial('what an aggregate was for a moment is told as it is after a graft', (t) => {
  for (const seed of MOMENTS) t.notThrows(() => play(withLocal(withViews(optionsFor(seed)))));
});

test.serial('blades die and hang, and what is told is right when it is over', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES)) {
    deaths += attempt('deaths', deadlyOptionsFor(seed)).deaths;
    deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  }
  t.true(deaths > HISTORIES);
});

test.serial('what found no room in a full table is told when there is some', (t) => {
  for (const seed of [...FOUND_ROOM, ...IN_VAIN, ...UNCOUNTED, ...HAD_NONE, ...TWICE])
    t.notThrows(() => play(withLocal(fullOptionsFor(seed))));
  const all = withEquals(withPaths(withViews(fullOptionsFor(CHANGED_IDS))));
  t.notThrows(() => play(withMalformed(withLocal(withEdges(withMembers(all))))));
});
