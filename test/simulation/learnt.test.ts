/** I5 with neighbours that say their AS themselves: what rules and decisions ask of it stands in the record, wherever they are served. */
import test from 'ava';
import { withEdges } from './edges.ts';
import { play, playAsTest, seeds } from './history.ts';
import { faultyOptionsFor, optionsFor, withLearnt } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 10;

test.serial('who says its AS itself is told what it would be told if the number were configured', (t) => {
  for (const seed of seeds(HISTORIES)) {
    const { tables } = playAsTest(withLearnt(optionsFor(seed)), '--faults none --learnt');
    t.deepEqual(tables, play(optionsFor(seed)).tables);
  }
});

test.serial('grafts, deaths and other ASes of ours change nothing of that', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES))
    deaths += playAsTest(
      withLearnt(withEdges(faultyOptionsFor(seed))),
      '--faults all --edges --learnt',
    ).deaths;
  t.true(deaths > HISTORIES);
});
