/**
 * What the senders of a case have to say: encoded before any clock starts, with the AS_PATH length of every
 * route beside it, from which the oracle computes what each neighbour must end up with.
 */

import type { Routes } from '../../../src/lab/routes.ts';
import { type Case, type Neighbour, neighboursOf } from '../cases.ts';
import {
  type Announcement,
  announcement,
  differently,
  type Single,
  singles,
  withdrawal,
} from './announcements.ts';
import { PrefixNumbers } from './prefix-numbers.ts';
import { type Source, sourceOf } from './sources.ts';

/** Added to the seed of a sender: another view of the same table. */
const ANOTHER = 10_000;

export interface Sender {
  readonly neighbour: Neighbour;
  /** The numbers of its prefixes. */
  readonly rows: Uint32Array;
  readonly announce: Announcement;
  /** All of it by other paths: of the first sender and the last one, or of all. */
  readonly change?: Announcement;
  /** Its withdrawal, and single changes that are better than everybody's: of the first sender only. */
  readonly withdraw?: Announcement;
  readonly singles?: readonly Single[];
  /** The same of other prefixes. */
  readonly moreSingles?: readonly Single[];
}

export interface Workload {
  readonly what: Case;
  readonly neighbours: readonly Neighbour[];
  readonly numbers: PrefixNumbers;
  readonly senders: readonly Sender[];
  /** Of one sender after the other: attribute sets and routes of all. */
  readonly attributeSets: number;
  readonly routes: number;
}

export async function makeWorkload(what: Case): Promise<Workload> {
  const source = await sourceOf(what);
  const numbers = new PrefixNumbers(source.count4, source.count6);
  const neighbours = neighboursOf(what);
  const senders: Sender[] = [];
  let attributeSets = 0;
  const all = what.phases?.includes('everything') ?? false;
  for (const neighbour of neighbours.filter(({ sender }) => sender)) {
    const changes = all || neighbour.index === 0 || neighbour.index === what.senders - 1;
    const { sets, ...sender } = makeSender(source, neighbour, numbers, changes);
    senders.push(sender);
    attributeSets += sets;
  }
  const routes = senders.reduce((sum, { rows }) => sum + rows.length, 0);
  return { what, neighbours, numbers, senders, attributeSets, routes };
}

function makeSender(
  source: Source,
  neighbour: Neighbour,
  numbers: PrefixNumbers,
  changes: boolean,
): Sender & { sets: number } {
  const seed = neighbour.index + 1;
  const routes = source.view(neighbour, seed);
  const sender = {
    neighbour,
    rows: numbers.rowsOf(routes),
    announce: announcement(routes, seed),
    sets: usedSets(routes),
  };
  if (!changes) return sender;
  const other = differently(source.view(neighbour, seed + ANOTHER), routes, neighbour.as);
  const change = announcement(other, seed + ANOTHER);
  if (neighbour.index > 0) return { ...sender, change };
  return {
    ...sender,
    change,
    withdraw: withdrawal(routes, seed),
    singles: singles(routes, neighbour, 0),
    moreSingles: singles(routes, neighbour, 0.5),
  };
}

function usedSets({ v4, v6, sets }: Routes): number {
  const used = new Uint8Array(sets.count);
  for (const { set } of [v4, v6]) for (let row = 0; row < set.length; row++) used[set[row] as number] = 1;
  return used.reduce((sum, one) => sum + one, 0);
}
