/** I5 in a confederation (RFC 5065): members of it and those outside are told the same by one blade and by many, through grafts and deaths. */
import test from 'ava';
import { withEdges } from './edges.ts';
import { type Ending, playAsTest, seeds } from './history.ts';
import { withMembers } from './members.ts';
import { faultyOptionsFor, optionsFor, type SimulationOptions, withViews } from './options.ts';

/** Histories of each test: a stated number, so that every machine plays the same ones. */
const HISTORIES = 12;

/** A route server's client was told member ASes. */
const TRANSPARENT = [10_726];

function attempt(faults: string, options: SimulationOptions): Ending {
  const [edges, views] = [options.seed % 3 === 0, options.seed % 4 === 0];
  const members = withMembers(views ? withViews(options) : options);
  const flags = `--faults ${faults}${views ? ' --views' : ''} --members${edges ? ' --edges' : ''}`;
  return playAsTest(edges ? withEdges(members) : members, flags);
}

test.serial('in a confederation each neighbour is told what one blade would tell it', (t) => {
  let members = 0;
  for (const seed of [...seeds(HISTORIES), ...TRANSPARENT]) {
    attempt('none', optionsFor(seed));
    members += withMembers(optionsFor(seed)).neighbours.filter(({ member }) => member).length;
  }
  t.true(members > HISTORIES, `${members}`);
});

test.serial('blades die and hang in a confederation', (t) => {
  let deaths = 0;
  for (const seed of seeds(HISTORIES)) deaths += attempt('all', faultyOptionsFor(seed)).deaths;
  t.true(deaths > HISTORIES);
});
