/**
 * A small Internet around a chassis: some neighbours tell what they know of the same table, with MEDs and equal
 * paths among them, and every neighbour is a strict witness of what it is told.
 */
import type { ExecutionContext } from 'ava';
import type { Random } from '../../../src/base/random.ts';
import { GraftUndone } from '../../../src/chassis/graft.ts';
import type { GraftReport } from '../../../src/chassis/operations.ts';
import { SESSION_NUMBER } from '../../../src/fabric/layout.ts';
import { churnFeed } from '../../../src/lab/changes.ts';
import { encodeFeed, type Feed } from '../../../src/lab/feed.ts';
import { generateTable } from '../../../src/lab/internet.ts';
import { routesFor } from '../../../src/lab/neighbour.ts';
import type { Speaker } from '../../../src/lab/speaker.ts';
import { compareTold, type ToldSnapshot } from '../../../src/lab/told.ts';
import { type Box, sleep, startBox, until } from './box.ts';

export interface Teller {
  readonly address: string;
  readonly as: number;
  readonly feed: Feed;
  /** Changes and their undoings: the table stands as before after each round. */
  readonly churn: Feed;
}

/** Two of the tellers are in the same AS, so that their MEDs compare. */
export const TELLERS = [
  { address: '127.4.0.1', as: 64501 },
  { address: '127.4.0.2', as: 64502 },
  { address: '127.4.0.3', as: 64501 },
] as const;
export const LISTENERS = [
  { address: '127.4.0.11', as: 64511 },
  { address: '127.4.0.12', as: 64512 },
] as const;
export const ALL = [...TELLERS, ...LISTENERS];

export function tellers(prefixes: number): Teller[] {
  const table = generateTable({ seed: 21, ipv4: prefixes, ipv6: prefixes / 4 });
  return TELLERS.map(({ address, as }, i) => {
    const routes = routesFor(table, { neighborAs: as, nextHop: address, seed: i, med: 'varied' });
    return {
      address,
      as,
      feed: encodeFeed(routes, { seed: i }),
      churn: churnFeed(routes, { seed: i, changes: 400, as, distance: 50 }),
    };
  });
}

export interface World {
  readonly box: Box;
  readonly speakers: ReadonlyMap<string, Speaker>;
  speaker(address: string): Speaker;
}

const families = ['ipv4-unicast', 'ipv6-unicast'] as const;

/** `without`: neighbours that the test plays itself. */
export async function startWorld(
  t: ExecutionContext,
  blades: number,
  without: readonly string[] = [],
  chassis: Readonly<Record<string, unknown>> = {},
): Promise<World> {
  const box = await startBox(t, {
    blades,
    chassis,
    neighbors: ALL.map(({ address, as }) => ({ address, as, families })),
  });
  const speakers = new Map<string, Speaker>();
  for (const { address, as } of ALL)
    if (!without.includes(address)) speakers.set(address, await box.speaker(address, as, { families }));
  await Promise.all([...speakers.values()].map((speaker) => speaker.up()));
  // A neighbour is up a moment before the router has its KEEPALIVE; until then a graft would close the session.
  await until('the router has all sessions up', async () =>
    (await box.operator.showSessions()).every(
      ({ neighbor, state }) => state === 'Established' || without.includes(neighbor),
    ),
  );
  return { box, speakers, speaker: (address) => speakers.get(address) as Speaker };
}

/** Nothing is under way any more: what was sent has been received on both sides, and no blade has work. */
export async function atRest(world: World): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (let unchanged = 0, last = ''; unchanged < 4; ) {
    await sleep(60);
    const now = await activity(world);
    unchanged = now === last && allHeard(world) ? unchanged + 1 : 0;
    last = now;
    if (performance.now() > deadline) throw new Error(`never at rest: ${now}`);
  }
}

/** Nothing moves any more: the counters of sessions whose blade died may say something else than the neighbours'. */
export async function still(world: World): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (let unchanged = 0, last = ''; unchanged < 10; ) {
    await sleep(60);
    const now = await activity(world);
    unchanged = now === last ? unchanged + 1 : 0;
    last = now;
    if (performance.now() > deadline) throw new Error(`never still: ${now}`);
  }
}

/** Of both sides, whatever moves while there is work. */
async function activity({ speakers, box }: World): Promise<string> {
  const heard = [...speakers.values()].map((speaker) => speaker.stats().updates + speaker.stats().waiting);
  const blades = (await box.operator.showBlades()).map((blade) => blade.decisionsRun);
  const sessions = (await box.operator.showSessions()).map((row) => [row.updatesReceived, row.updatesSent]);
  return JSON.stringify([heard, blades, sessions]);
}

function allHeard({ speakers, box }: World): boolean {
  return [...speakers].every(([address, speaker]) => {
    const { state, waiting, resets, updates, endOfRib4, endOfRib6, messagesSent } = speaker.stats();
    const { index } = box.entry(address);
    const told = box.chassis.fabric.number(index, SESSION_NUMBER.updatesSent);
    const heard = box.chassis.fabric.number(index, SESSION_NUMBER.updatesReceived);
    // What was under way at a reset is lost, and not counted on the other side.
    const settled = resets > 0 || (heard === messagesSent && updates - endOfRib4 - endOfRib6 === told);
    return state === 'Established' && waiting === 0 && settled;
  });
}

/** No difference between two tables. */
export const SAME = { onlyA: 0, onlyB: 0, differing: 0, examples: [] };

export type Tables = ReadonlyMap<string, { readonly v4: ToldSnapshot; readonly v6: ToldSnapshot }>;

function tablesOf({ speakers }: World): Tables {
  return new Map([...speakers].map(([address, speaker]) => [address, speaker.table()]));
}

/** What every neighbour is told by one blade, at rest. */
export async function reference(t: ExecutionContext, told: readonly Teller[]): Promise<Tables> {
  const world = await startWorld(t, 1);
  await Promise.all(told.map(({ address, feed }) => world.speaker(address).send(feed)));
  await atRest(world);
  const tables = tablesOf(world);
  await Promise.all([...world.speakers.values()].map((speaker) => speaker.close()));
  await world.box.stop();
  return tables;
}

function differs(world: World, expected: Tables): boolean {
  return [...world.speakers].some(([address, speaker]) =>
    (['v4', 'v6'] as const).some((family) => {
      const wanted = expected.get(address)?.[family] as ToldSnapshot;
      const { onlyA, onlyB, differing } = compareTold(speaker.table()[family], wanted);
      return onlyA + onlyB + differing > 0;
    }),
  );
}

/** The tables are those of one blade, and on the way nobody was told what a good router would not say. */
export async function checkWorld(
  t: ExecutionContext,
  world: World,
  expected: Tables,
  why: string,
  resets: ReadonlySet<string> = new Set(),
): Promise<void> {
  await checkTables(t, world, expected, why);
  for (const [address, speaker] of world.speakers) {
    const { duplicates, unknownWithdraws } = speaker.stats();
    t.deepEqual(
      { duplicates, unknownWithdraws },
      { duplicates: 0, unknownWithdraws: 0 },
      `${address} ${why}`,
    );
    checkManners(t, speaker, why, resets.has(address));
  }
  t.deepEqual(world.box.chassis.troubles, []);
}

/** The tables are those of one blade. */
export async function checkTables(
  t: ExecutionContext,
  world: World,
  expected: Tables,
  why: string,
): Promise<void> {
  // On a busy machine what looks like rest may be a thread that had no turn: a wrong table stays wrong, though.
  for (let tries = 0; tries < 40 && differs(world, expected); tries++) await sleep(250);
  for (const [address, speaker] of world.speakers) {
    const table = speaker.table();
    for (const family of ['v4', 'v6'] as const) {
      const wanted = expected.get(address)?.[family] as ToldSnapshot;
      t.deepEqual(compareTold(table[family], wanted), SAME, `${address} ${family} ${why}`);
    }
  }
}

/** Nobody was told what is no BGP, or its own routes; and, but where that was meant, no session fell. */
export function checkManners(t: ExecutionContext, speaker: Speaker, why: string, fell = false): void {
  const stats = speaker.stats();
  const faults = {
    malformed: stats.malformed,
    // What one of the two neighbours in the same AS tells is told to the other.
    returned: speaker.options.localAs === TELLERS[0].as ? 0 : stats.returned,
    ...(fell ? {} : { resets: stats.resets, notifications: stats.notifications }),
  };
  t.true(
    Object.values(faults).every((count) => count === 0),
    `${speaker.options.localAddress}: ${JSON.stringify(faults)} ${stats.lastMalformed} ${stats.lastNotification} ${stats.lastDown} ${why}`,
  );
}

/** Grafts these sessions to blades drawn at random, each one after another, until `done`. */
export async function storm(
  world: World,
  random: Random,
  addresses: readonly string[],
  done: () => boolean,
): Promise<GraftReport[]> {
  const reports: GraftReport[] = [];
  const blades = world.box.chassis.blades.length;
  const one = async (address: string): Promise<void> => {
    while (!done()) {
      try {
        reports.push(await world.box.operator.graft(address, random.below(blades)));
      } catch (error) {
        if (!(error instanceof GraftUndone)) throw error;
      }
    }
  };
  await Promise.all(addresses.map(one));
  return reports;
}
