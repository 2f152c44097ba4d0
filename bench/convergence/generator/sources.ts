/** Where the routes of a case come from: generated tables, which every sender tells in its own way, or real ones. */
import { generateTable, type InternetTable } from '../../../src/lab/internet.ts';
import { routesFor } from '../../../src/lab/neighbour.ts';
import type { PrefixColumns, Routes } from '../../../src/lab/routes.ts';
import type { Case, Neighbour } from '../cases.ts';
import { nextHopOf } from './next-hop.ts';
import { realRoutes, retold } from './real-routes.ts';

export interface Source {
  /** Different prefixes of all senders together. */
  readonly count4: number;
  readonly count6: number;
  /** What a neighbour tells; with another seed it tells the same prefixes by other paths. */
  view(neighbour: Neighbour, seed: number): Routes;
}

const SEED = 7;

export async function sourceOf(what: Case): Promise<Source> {
  if (what.feeds === 'same') return sameTable(what.prefixes);
  if (what.feeds === 'disjoint') return slices(what);
  const routes = await realRoutes(what.feeds, what.share);
  return {
    count4: routes.v4.count,
    count6: routes.v6.count,
    view: (neighbour, seed) => retold(routes, neighbour, seed),
  };
}

function sameTable(prefixes: number): Source {
  const table = generateTable({ seed: SEED, ipv4: prefixes });
  return { count4: prefixes, count6: 0, view: (neighbour, seed) => told(table, neighbour, seed) };
}

/** One table, of which each sender has a slice. */
function slices({ senders, prefixes }: Case): Source {
  const table = generateTable({ seed: SEED, ipv4: senders * prefixes });
  const parts = Array.from({ length: senders }, (_, i) => part(table, i * prefixes, (i + 1) * prefixes));
  return {
    count4: senders * prefixes,
    count6: 0,
    view: (neighbour, seed) => told(parts[neighbour.index] as InternetTable, neighbour, seed),
  };
}

/** No MED: daemons differ in what they make of it, and the oracle compares lengths only. */
function told(table: InternetTable, neighbour: Neighbour, seed: number): Routes {
  const nextHop = nextHopOf(neighbour, 'elsewhere');
  return routesFor(table, { neighborAs: neighbour.as, nextHop, seed, med: 'none' });
}

/** A table of the rows [from, to) alone: they stand set by set, so it has a row of neighbouring sets. */
function part(table: InternetTable, from: number, to: number): InternetTable {
  const { v4, sets } = table;
  const first = v4.set[from] as number;
  const end = (v4.set[to - 1] as number) + 1;
  const columns: PrefixColumns = {
    words: 1,
    count: to - from,
    address: v4.address.subarray(from, to),
    length: v4.length.subarray(from, to),
    set: v4.set.subarray(from, to).map((set) => set - first),
  };
  return {
    ...table,
    v4: columns,
    sets: {
      count: end - first,
      v4Count: end - first,
      path: sets.path,
      pathStart: sets.pathStart.subarray(first, end + 1),
      tail: sets.tail.subarray(first, end),
      inAsSet: sets.inAsSet.subarray(first, end),
      origin: sets.origin.subarray(first, end),
      aggregator: sets.aggregator.subarray(first, end),
      atomic: sets.atomic.subarray(first, end),
    },
  };
}
