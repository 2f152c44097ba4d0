/**
 * One history from its seed to its end, and what must be true there: I5 and I6, no leak, and that a graft at rest costs
 * nothing but itself.
 */
import { BOX, GRAFT } from '../../src/fabric/layout.ts';
import { MULTIPATH } from '../../src/rib/route-word.ts';
import { checkCounters, checkGroups, checkRibs, checkTables, idsInUse, memoryInUse } from './checks.ts';
import { NO_LOCAL } from './local.ts';
import type { SimulationOptions } from './options.ts';
import { MIXED } from './randomness.ts';
import { World } from './world.ts';

export interface Ending {
  /** What every neighbour holds at the end; undefined: it is down. */
  readonly tables: readonly (ReadonlyMap<number, string> | undefined)[];
  readonly grafts: number;
  readonly aborted: number;
  readonly updates: number;
  readonly deaths: number;
  readonly hangs: number;
  readonly sweeps: number;
  readonly repeated: number;
  /** Neighbours that were shut because a table was full, and those of whom something found no room to be told. */
  readonly shut: number;
  readonly untold: number;
  /** Routes that are used together with others. */
  readonly together: number;
}

/** The same for tests: where it goes wrong, how to play it again by itself. */
export function playAsTest(options: SimulationOptions, flags: string): Ending {
  try {
    return play(options);
  } catch (error) {
    const alone = `npm run simulate -- --seed ${options.seed} ${flags}`;
    throw new Error(`${(error as Error).message}\n  again, alone: ${alone}`, { cause: error });
  }
}

/** The seeds of so many histories: a stated number, so that every machine plays the same ones. */
export function seeds(count: number, first = 0): readonly number[] {
  return Array.from({ length: count }, (_, i) => MIXED + first + i);
}

export function play(options: SimulationOptions, log?: (text: string) => void): Ending {
  const world = new World(options, log);
  world.play();
  world.rest();
  check(world);
  const together = countTogether(world);
  graftAtRest(world);
  if (options.sweeps > 0) world.sweep();
  world.rest();
  check(world);
  const tables = world.neighbours.map((each) => (each.established ? each.table : undefined));
  const updates = world.neighbours.reduce((sum, each) => sum + each.updatesReceived, 0);
  const repeated = world.neighbours.reduce((sum, each) => sum + each.repeated, 0);
  const { hangs } = world;
  const { deaths } = world.undertaker;
  const { sweeps } = world.sweeper.numbers;
  const { done: grafts, aborted } = world.desk;
  const shut = world.neighbours.reduce((sum, each) => sum + each.timesShut, 0);
  const untold = world.neighbours.filter((_, session) => world.untold(session)).length;
  endAll(world);
  return { deaths, hangs, together, repeated, sweeps, tables, grafts, aborted, updates, shut, untold };
}

function check(world: World): void {
  checkTables(world);
  checkRibs(world);
  checkCounters(world);
  checkGroups(world);
}

function countTogether({ fabric }: World): number {
  let routes = 0;
  for (let source = 0; source < fabric.laneLimit; source++)
    for (const [first, end] of [
      [0, fabric.prefixes.used4()],
      [fabric.prefixes.base6, fabric.prefixes.used6()],
    ] as const)
      for (let id = first; id < end; id++) if (fabric.columns.get(source, id) & MULTIPATH) routes++;
  return routes;
}

/** I6: a graft in a quiet chassis runs no decision, sends no record and no UPDATE. */
function graftAtRest(world: World): void {
  const { blades } = world;
  // Who is not told all is looked at once more wherever it goes.
  const full = world.anyStarved || Atomics.load(world.fabric.box, BOX.untold) !== 0;
  if (blades.length < 2 || full) return;
  const evaluations = (): number =>
    blades.reduce((sum, { blade }) => sum + blade.routes.evaluator.evaluations, 0);
  const records = (): number => blades.reduce((sum, { blade }) => sum + blade.routes.siblings.recordsSent, 0);
  const updates = (): number => world.neighbours.reduce((sum, each) => sum + each.updatesReceived, 0);
  const before = [evaluations(), records(), updates()].join();
  for (const [session, neighbour] of world.neighbours.entries()) {
    if (!neighbour.established) continue;
    const slot = world.desk.request(session, (world.fabric.homeOf(session) + 1) % blades.length);
    if (slot < 0) throw new Error('no graft slot is free at rest');
    world.settle();
    if (world.desk.active > 0) throw new Error(`a graft at rest is not over: ${world.desk.waitingFor}`);
    const costs = [GRAFT.decisionsRun, GRAFT.fabricRecordsSent, GRAFT.neighborUpdatesSent];
    const bill = costs.map((which) => world.fabric.graft(slot, which)).join();
    if (bill !== '0,0,0') throw new Error(`a graft at rest cost ${bill} (decisions, records, UPDATEs)`);
  }
  const after = [evaluations(), records(), updates()].join();
  if (before !== after)
    throw new Error(`grafts at rest: evaluations, records, UPDATEs were ${before}, are ${after}`);
}

/** Nothing is kept of sessions that are gone. */
function endAll(world: World): void {
  for (const neighbour of world.neighbours)
    if (neighbour.wantUp || neighbour.established) neighbour.down('notification');
  world.rest();
  const { views, pages } = memoryInUse(world);
  if (views !== 0 || pages !== 0)
    throw new Error(`${views} out views and ${pages} pages are in use with no session up`);
  if (world.options.sweeps === 0) return;
  if (world.options.local) world.originate(NO_LOCAL);
  world.sweep();
  const ids = idsInUse(world).join();
  if (ids !== '0,0,0,0') throw new Error(`${ids} ids and blocks are in use with no session up`);
}
