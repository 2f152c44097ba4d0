/** Messages of a sender, ready to send: its table, its table by other paths, its withdrawal, and single changes. */
import { Random } from '../../../src/base/random.ts';
import { parseIpv4 } from '../../../src/lab/addresses.ts';
import { ByteSink } from '../../../src/lab/arrays.ts';
import { writeAttributes } from '../../../src/lab/attributes.ts';
import { encodeFeed, shuffle } from '../../../src/lab/feed.ts';
import { MessageWriter } from '../../../src/lab/message-writer.ts';
import { writePrepended } from '../../../src/lab/rewrite.ts';
import type { PrefixColumns, Routes } from '../../../src/lab/routes.ts';
import type { Neighbour } from '../cases.ts';
import { nextHopOf } from './next-hop.ts';
import { pathLength } from './path-length.ts';

/** Samples of a single change, where there are prefixes enough: each takes another one. */
const SINGLES = 300;

/** Messages, and what they make of the routes of one sender. */
export interface Announcement {
  readonly bytes: Uint8Array;
  readonly messages: number;
  /** AS_PATH length of each row of the sender's prefixes; 0 where it is withdrawn. */
  readonly lengths: Uint8Array;
}

/** One UPDATE with one prefix. */
export interface Single {
  readonly bytes: Uint8Array;
  /** Which of the sender's rows, and the length that its path has then. */
  readonly at: number;
  readonly length: number;
}

/** Packed by attribute set, the sets in an order of the seed. */
export function announcement(routes: Routes, seed: number): Announcement {
  const { bytes, messages } = encodeFeed(routes, { seed, endOfRib: false });
  return { bytes, messages, lengths: lengthsOf(routes) };
}

function lengthsOf({ v4, v6, sets }: Routes): Uint8Array {
  const ofSet = new Uint8Array(sets.count);
  for (let i = 0; i < sets.count; i++)
    ofSet[i] = pathLength(sets.bytes, sets.start[i] as number, sets.start[i + 1] as number, 0);
  const lengths = new Uint8Array(v4.count + v6.count);
  for (let row = 0; row < v4.count; row++) lengths[row] = ofSet[v4.set[row] as number] as number;
  for (let row = 0; row < v6.count; row++) lengths[v4.count + row] = ofSet[v6.set[row] as number] as number;
  return lengths;
}

/** The same routes, each with other attributes than in `before`: where they are the same, the sender prepends once more. */
export function differently(routes: Routes, before: Routes, as: number): Routes {
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
export function withdrawal({ v4, v6 }: Routes, seed: number): Announcement {
  const writer = new MessageWriter(v4.count * 5 + v6.count * 10 + 4096);
  const random = new Random(seed);
  for (const columns of [v4, v6]) {
    const order = new Uint32Array(columns.count);
    for (let row = 0; row < order.length; row++) order[row] = row;
    shuffle(order, random);
    writer.withdraw(columns, order, 0, order.length);
  }
  const { bytes, messages } = writer.finish();
  return { bytes, messages, lengths: new Uint8Array(v4.count + v6.count) };
}

/**
 * Of IPv4 prefixes all over the table, `shift` (0 … 1) of a step from the first on. The path is the sender's AS alone, and
 * no path of a table is so short.
 */
export function singles({ v4, nextHop6 }: Routes, neighbour: Neighbour, shift: number): Single[] {
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
    const at = Math.floor(((i + shift) * v4.count) / count);
    return { bytes: single(v4, at, attributes, nextHop6), at, length: 1 };
  });
}

function single(v4: PrefixColumns, at: number, attributes: ByteSink, nextHop6: Uint8Array): Uint8Array {
  const writer = new MessageWriter(4096);
  writer.announce(v4, Uint32Array.of(at), 0, 1, attributes.bytes, 0, attributes.length, nextHop6);
  return writer.finish().bytes;
}
