/** A neighbour more, a neighbour less, while the chassis runs: because the file says so (reload.ts), or because it called (dynamic.ts). */
import type { NeighborConfiguration } from '../config/configuration.ts';
import type { Chassis } from './chassis.ts';
import { log } from './log.ts';
import { cardNeighbor } from './plan.ts';
import type { SessionEntry } from './session-entry.ts';

/** Milliseconds between two looks at a session that is leaving, and two times that its blade is told. */
const LOOK = 20;
const TELL_AGAIN = 2000;

/** Blades and line cards learn of it before it is placed. */
export function addNeighbour(chassis: Chassis, neighbor: NeighborConfiguration): SessionEntry {
  const entry = chassis.table.add(chassis.configuration, neighbor);
  tellOf(chassis, entry, true);
  chassis.place(entry);
  return entry;
}

export function tellOf(chassis: Chassis, entry: SessionEntry, cards: boolean): void {
  const { index, neighbor, configuration } = entry;
  for (const blade of chassis.blades) blade.order({ kind: 'configure', session: configuration });
  if (cards)
    for (const card of chassis.cards)
      card.order({ kind: 'neighbor', neighbor: cardNeighbor(neighbor, index) });
}

/** From now on nobody can name it; its place is free when its last route is withdrawn and its connection closed. */
export function removeNeighbour(chassis: Chassis, entry: SessionEntry): void {
  chassis.table.remove(entry);
  for (const card of chassis.cards) card.order({ kind: 'forget', session: entry.index });
  const putAway = chassis.alone(entry, () => putAwaySession(chassis, entry));
  putAway.catch((error) => log(`${entry.neighbor.address}: cannot be removed: ${(error as Error).message}`));
}

async function putAwaySession(chassis: Chassis, entry: SessionEntry): Promise<void> {
  const { fabric, table, recovery } = chassis;
  // One that is nobody's because no blade runs is not gone.
  const isThere = (): boolean => fabric.homeOf(entry.index) >= 0 || recovery.waiting.has(entry.index);
  // Told again, because the blade that was told first may have died of something.
  for (let waited = 0; isThere() && !chassis.stopping; waited += LOOK) {
    const home = fabric.homeOf(entry.index);
    if (home >= 0 && waited % TELL_AGAIN === 0)
      chassis.blade(home).order({ kind: 'remove', session: entry.index });
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  table.free(entry);
  // What the store keeps by address would grow without end where neighbours come by ranges.
  if (table.find(entry.neighbor.address) === undefined) chassis.store.forget(entry.neighbor.address);
}
