/**
 * `npm run simulate`: many histories of the whole chassis under a simulated clock, one after another, as long as wanted; or one
 * alone, by its seed, with a trace of what happens.
 */
import { readOptions } from '../../bench/support/options.ts';
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
  withLearnt,
  withLocal,
  withMalformed,
  withPaths,
  withViews,
} from './options.ts';
import { MIXED } from './randomness.ts';

const HELP = `npm run simulate -- [--seeds N] [--from SEED] [--seconds S] [--faults all|deaths|full|none] [--blades N] [--paths] [--views] [--equals] [--edges] [--local] [--members] [--malformed] [--deaf] [--learnt] [--first]
npm run simulate -- --seed SEED [--faults all|deaths|full|none] [--blades N] [--paths] [--views] [--equals] [--edges] [--local] [--members] [--malformed] [--deaf] [--learnt]

Plays random histories of a whole chassis: routes that come and go, grafts, slow neighbours, sessions that fall. Every
session must stay up, and at rest every neighbour must hold what a router with one blade would have told it.

  --seeds N      how many histories (1000)
  --from SEED    the first one's seed (2147483648: smaller ones begin much alike)
  --seconds S    ends after so long
  --faults       all: blades die at any operation and hang in the middle of their work, threads stand still (this is the
                 default); deaths: blades die; full: tables of the fabric are full, and
                 the other faults too in half of the histories; none
  --blades N     so many blades instead of what the seed says; without faults only
  --paths        neighbours announce several paths of a prefix
  --views        neighbours are told other routes than the best
  --equals       equally good routes are used together
  --edges        to some neighbours we are another AS, or next hops are theirs, too
  --local        the router has static routes and aggregates, other ones at times
  --members      the router's AS is a member of a confederation, and so are those of some neighbours
  --malformed    neighbours send what cannot be read of one family, which is disabled
  --deaf         most neighbours are told nothing at first
  --learnt       neighbours say their AS themselves
  --first        ends at the first failure
  --seed SEED    this history alone, with everything that happens in it

Example: npm run simulate -- --seeds 20000 --from 3000000000
`;

type Faults = 'all' | 'deaths' | 'full' | 'none';

/** Milliseconds between two lines of progress. */
const PROGRESS = 10_000;
const SHOWN = 10;

const { values } = readOptions({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: String(MIXED) },
    seconds: { type: 'string', default: 'Infinity' },
    faults: { type: 'string', default: 'all' },
    blades: { type: 'string' },
    seed: { type: 'string' },
    paths: { type: 'boolean', default: false },
    views: { type: 'boolean', default: false },
    equals: { type: 'boolean', default: false },
    edges: { type: 'boolean', default: false },
    local: { type: 'boolean', default: false },
    members: { type: 'boolean', default: false },
    malformed: { type: 'boolean', default: false },
    deaf: { type: 'boolean', default: false },
    learnt: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** An option's number; what is none ends the program with a word. */
function number(name: 'seeds' | 'from' | 'seconds' | 'blades' | 'seed'): number {
  const value = Number(values[name]);
  if (!Number.isNaN(value) && value >= 0) return value;
  console.error(`simulate: --${name} must be a number, not "${values[name]}"`);
  process.exit(2);
}

const FAULTS: Readonly<Record<Faults, (seed: number) => SimulationOptions>> = {
  all: faultyOptionsFor,
  deaths: deadlyOptionsFor,
  full: fullOptionsFor,
  none: (seed) => optionsFor(seed, values.blades === undefined ? undefined : number('blades')),
};

/** What a history has more of, where it is asked for; one after another in this order. */
const WITH = {
  views: withViews,
  paths: withPaths,
  equals: withEquals,
  members: withMembers,
  edges: withEdges,
  local: withLocal,
  malformed: withMalformed,
  deaf: withDeaf,
  learnt: withLearnt,
} as const;
const MORE = Object.keys(WITH) as (keyof typeof WITH)[];

function main(): void {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const faults = FAULTS[values.faults as Faults];
  const choose = faults === undefined ? undefined : (seed: number) => withMore(faults(seed));
  if (choose === undefined) {
    console.error(`simulate: --faults must be all, deaths, full or none, not "${values.faults}"`);
    process.exitCode = 2;
  } else if (values.seed === undefined) playMany(choose);
  else playOne(choose(number('seed')));
}

function withMore(options: SimulationOptions): SimulationOptions {
  return MORE.reduce((chosen, name) => (values[name] ? WITH[name](chosen) : chosen), options);
}

function playOne(options: SimulationOptions): void {
  console.log(JSON.stringify(options, null, 1));
  console.log(play(options, (text) => console.log(text)));
}

function playMany(choose: (seed: number) => SimulationOptions): void {
  const [first, end, seconds] = [number('from'), number('from') + number('seeds'), number('seconds')];
  const start = performance.now();
  const totals = {
    histories: 0,
    grafts: 0,
    aborted: 0,
    updates: 0,
    deaths: 0,
    hangs: 0,
    sweeps: 0,
    repeated: 0,
    shut: 0,
    untold: 0,
    together: 0,
  };
  const causes = new Map<string, number[]>();
  const elapsed = (): number => Math.round(performance.now() - start) / 1000;
  let said = 0;
  for (let seed = first; seed < end && elapsed() < seconds; seed++) {
    totals.histories++;
    try {
      const ending = play(choose(seed));
      for (const key of Object.keys(totals) as (keyof typeof totals)[])
        if (key !== 'histories') totals[key] += ending[key];
    } catch (error) {
      noteFailure(causes, seed, (error as Error).message);
      if (values.first) break;
    }
    if (elapsed() * 1000 - said < PROGRESS) continue;
    said = elapsed() * 1000;
    console.log(JSON.stringify({ at: seed, ...totals, failures: failures(causes), seconds: elapsed() }));
  }
  console.log(JSON.stringify({ ...totals, failures: failures(causes), seconds: elapsed() }));
  for (const [cause, seeds] of causes)
    console.log(`${seeds.length} × ${cause} …: ${seeds.slice(0, SHOWN).join(' ')}`);
  if (causes.size > 0) process.exitCode = 1;
}

const failures = (causes: Map<string, number[]>): number =>
  [...causes.values()].reduce((sum, seeds) => sum + seeds.length, 0);

/** The options that a history depends on besides its seed. */
function asAsked(): string {
  const blades = values.blades === undefined ? '' : ` --blades ${values.blades}`;
  const more = MORE.filter((name) => values[name]).map((name) => ` --${name}`);
  return `--faults ${values.faults}${blades}${more.join('')}`;
}

/** Failures of one kind differ in numbers only. */
function noteFailure(causes: Map<string, number[]>, seed: number, message: string): void {
  const cause = message.replaceAll(/[0-9a-f:.]+\/\d+|\d+/g, 'N').slice(0, 60);
  const seeds = causes.get(cause) ?? [];
  causes.set(cause, seeds);
  seeds.push(seed);
  if (seeds.length <= 3)
    console.log(`${message}\n  again, alone: npm run simulate -- --seed ${seed} ${asAsked()}`);
}

main();
