/**
 * What the senders of a case have to say: encoded before any clock starts, with the AS_PATH length of every
 * route beside it, from which the oracle computes what each neighbour must end up with.
 */
import { Random } from '../../../src/base/random.ts';
import { parseIpv4 } from '../../../src/lab/addresses.ts';
import { ByteSink } from '../../../src/lab/arrays.ts';
import { writeAttributes } from '../../../src/lab/attributes.ts';
import { encodeFeed, shuffle } from '../../../src/lab/feed.ts';
import { generateTable, type InternetTable } from '../../../src/lab/internet.ts';
import { MessageWriter } from '../../../src/lab/message-writer.ts';
import { routesFor } from '../../../src/lab/neighbour.ts';
import { PrefixIndex } from '../../../src/lab/prefix-index.ts';
import { writePrepended } from '../../../src/lab/rewrite.ts';
import type { AttributeSets, PrefixColumns, Routes } from '../../../src/lab/routes.ts';
import { type Case, type Neighbour, neighboursOf } from '../cases.ts';
import { nextHopOf } from './next-hop.ts';
import { pathLength } from './path-length.ts';

const SEED = 7;
/** Added to the seed of a sender: another view of the same table. */
const ANOTHER = 10_000;
/** Samples of a single change, where there are prefixes enough: each takes another one. */
const SINGLES = 300;

/** Messages, and what they make of the routes of one sender. */
export interface Announcement {
  readonly bytes: Uint8Array;
  readonly messages: number;
  /** AS_PATH length of each row of the sender's prefixes; 0 where it is withdrawn. */
  readonly lengths: Uint8Array;
}

export interface Sender {
  readonly neighbour: Neighbour;
  /** The numbers of its prefixes: those of `index`. */
  readonly rows: Uint32Array;
  readonly announce: Announcement;
  /** All of it by other paths, and its withdrawal: of the first sender only. */
  readonly change?: Announcement;
  readonly withdraw?: Announcement;
  /** Single changes: an UPDATE each, with a path that is better than everybody's. Of the first sender only. */
  readonly singles?: readonly Single[];
}

export interface Single {
  readonly bytes: Uint8Array;
  /** Of the sender's rows. */
  readonly at: number;
  readonly length: number;
}

export interface Workload {
  readonly neighbours: readonly Neighbour[];
  /** Gives every prefix of the case its number. */
  readonly index: PrefixIndex;
  readonly senders: readonly Sender[];
  /** Over all senders. */
  readonly attributeSets: number;
  readonly routes: number;
}

export function makeWorkload(what: Case): Workload {
  const disjoint = what.feeds === 'disjoint';
  const prefixes = what.prefixes * (disjoint ? what.senders : 1);
  const table = generateTable({ seed: SEED, ipv4: prefixes });
  const neighbours = neighboursOf(what);
  const senders = neighbours
    .filter(({ sender }) => sender)
    .map((neighbour, i) => {
      const from = disjoint ? i * what.prefixes : 0;
      return makeSender(part(table, from, from + what.prefixes), neighbour, from);
    });
  const count = senders.reduce((sum, { sets }) => sum + sets, 0);
  return {
    neighbours,
    index: indexOf(table.v4),
    senders,
    attributeSets: count,
    routes: what.senders * what.prefixes,
  };
}

function makeSender(table: InternetTable, neighbour: Neighbour, from: number): Sender & { sets: number } {
  const seed = neighbour.index + 1;
  const view = (seed: number): Routes =>
    routesFor(table, {
      neighborAs: neighbour.as,
      nextHop: nextHopOf(neighbour, 'elsewhere'),
      seed,
      med: 'none',
    });
  const routes = view(seed);
  const rows = new Uint32Array(table.v4.count);
  for (let row = 0; row < rows.length; row++) rows[row] = from + row;
  const sender = { neighbour, rows, announce: announcement(routes, seed), sets: routes.sets.count };
  if (neighbour.index > 0) return sender;
  return {
    ...sender,
    change: announcement(differently(view(seed + ANOTHER), routes, neighbour.as), seed + ANOTHER),
    withdraw: withdrawal(routes, seed),
    singles: singles(routes, neighbour),
  };
}

function announcement(routes: Routes, seed: number): Announcement {
  const { bytes, messages } = encodeFeed(routes, { seed, endOfRib: false });
  return { bytes, messages, lengths: lengthsOf(routes.v4, routes.sets) };
}

/** The same routes, each with other attributes than in `before`: where they are the same, the sender prepends once more. */
function differently(routes: Routes, before: Routes, as: number): Routes {
  const { count, start, bytes } = routes.sets;
  const sink = new ByteSink(bytes.length);
  const starts = new Uint32Array(count + 1);
  for (let set = 0; set < count; set++) {
    const [from, to] = [start[set] as number, start[set + 1] as number];
    const [oldFrom, oldTo] = [before.sets.start[set] as number, before.sets.start[set + 1] as number];
    const same = Buffer.compare(bytes.subarray(from, to), before.sets.bytes.subarray(oldFrom, oldTo)) === 0;
    writePrepended(sink, bytes, from, to, as, same ? 1 : 0);
    starts[set + 1] = sink.length;
  }
  return { ...routes, sets: { count, start: starts, bytes: sink.finish() } };
}

/** Everything is withdrawn in an order of its own, packed as tightly as messages allow. */
function withdrawal({ v4 }: Routes, seed: number): Announcement {
  const order = new Uint32Array(v4.count);
  for (let row = 0; row < order.length; row++) order[row] = row;
  shuffle(order, new Random(seed));
  const writer = new MessageWriter(v4.count * 5 + 4096);
  writer.withdraw(v4, order, 0, order.length);
  const { bytes, messages } = writer.finish();
  return { bytes, messages, lengths: new Uint8Array(v4.count) };
}

/** The path is the sender's AS alone, and no path of a table is so short. */
function singles({ v4, nextHop6 }: Routes, neighbour: Neighbour): Single[] {
  const attributes = new ByteSink(64);
  writeAttributes(attributes, {
    origin: 0,
    path: [neighbour.as],
    inAsSet: 0,
    nextHop: parseIpv4(nextHopOf(neighbour, 'elsewhere')),
    med: undefined,
    localPref: undefined,
    atomic: false,
    aggregator: 0,
    aggregatorAddress: 0,
    communities: [],
  });
  const count = Math.min(SINGLES, v4.count);
  return Array.from({ length: count }, (_, i) => {
    const at = Math.floor((i * v4.count) / count);
    const writer = new MessageWriter(4096);
    writer.announce(v4, Uint32Array.of(at), 0, 1, attributes.bytes, 0, attributes.length, nextHop6);
    return { bytes: writer.finish().bytes, at, length: 1 };
  });
}

function lengthsOf({ count, set }: PrefixColumns, sets: AttributeSets): Uint8Array {
  const ofSet = new Uint8Array(sets.count);
  for (let i = 0; i < sets.count; i++)
    ofSet[i] = pathLength(sets.bytes, sets.start[i] as number, sets.start[i + 1] as number, 0);
  const lengths = new Uint8Array(count);
  for (let row = 0; row < count; row++) lengths[row] = ofSet[set[row] as number] as number;
  return lengths;
}

/** A table of the rows [from, to) alone: they stand set by set, so it has a row of neighbouring sets. */
function part(table: InternetTable, from: number, to: number): InternetTable {
  const { v4, sets } = table;
  if (from === 0 && to === v4.count) return table;
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

function indexOf({ count, address, length }: PrefixColumns): PrefixIndex {
  const index = new PrefixIndex(1, count + 1);
  for (let row = 0; row < count; row++) index.add(length[row] as number, address[row] as number);
  return index;
}
