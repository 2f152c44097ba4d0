/** Histories with several options together that once showed an error of ours, each as `npm run simulate -- --seed` plays it. */
import test from 'ava';
import { withDeaf } from './deaf.ts';
import { withEdges } from './edges.ts';
import { play } from './history.ts';
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

const HISTORIES: Readonly<Record<string, () => SimulationOptions>> = {
  'a neighbour whose blades hung while a border of its refresh was being passed is not silent': () =>
    withMalformed(withLocal(withMembers(faultyOptionsFor(85_200_202)))),
  'who waits for room is not asked all the time: one blade': () =>
    withMalformed(withEquals(withPaths(fullOptionsFor(84_500_564)))),
  'who waits for room is not asked all the time: several': () =>
    withEdges(withPaths(withViews(fullOptionsFor(83_300_244)))),
  'a table of usual size that is full is swept': () =>
    withMembers(withEquals(withViews(deadlyOptionsFor(81_400_581)))),
  'a line card that waits for room hears of what was passed before the same is to be read again': () =>
    withDeaf(withMalformed(withEquals(fullOptionsFor(84_100_793)))),
  'what lags behind in an outbox is told by the interest that there is now': () => optionsFor(7015),
};

for (const [what, options] of Object.entries(HISTORIES))
  test(what, (t) => t.notThrows(() => play(options())));
