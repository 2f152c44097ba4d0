/**
 * A feed: UPDATE messages, ready before the clock starts, in one piece of shared memory.
 *
 *     offsets[i] .. offsets[i + 1] of bytes      message i
 *
 * A table's feed is packed by attribute set, the sets in an order of the feed's own (by its seed), so that two
 * neighbours do not tell the same things at the same time. Speakers send slices of `bytes` as they are.
 */
import { Random } from '../base/random.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../bgp/families.ts';
import type { InternetTable } from './internet.ts';
import { MessageWriter } from './message-writer.ts';
import { type NeighbourOptions, routesFor } from './neighbour.ts';
import { asTwoOctet } from './rewrite.ts';
import { groupBySet, type Routes } from './routes.ts';

export interface Feed {
  readonly bytes: Uint8Array;
  /** messages + 1 offsets into bytes. */
  readonly offsets: Uint32Array;
  readonly messages: number;
  /** Routes announced and withdrawn by all messages together. */
  readonly announced: number;
  readonly withdrawn: number;
}

export interface EncodeOptions {
  /** The order of the attribute sets; without it they come as they are numbered. */
  readonly seed?: number;
  /** Families to send, as bits; both without it. */
  readonly families?: number;
  /** End-of-RIB behind the table (RFC 4724); sent unless false. */
  readonly endOfRib?: boolean;
  /** false for a neighbour with 2-octet ASes. */
  readonly fourOctetAs?: boolean;
}

export function encodeFeed(routes: Routes, options: EncodeOptions = {}): Feed {
  const { families = FAMILY_IPV4 | FAMILY_IPV6, endOfRib = true, fourOctetAs = true } = options;
  const source = fourOctetAs ? routes : asTwoOctet(routes);
  const { sets, nextHop6 } = source;
  const writer = new MessageWriter(
    sets.bytes.length + 64 * sets.count + 8 * source.v4.count + 16 * source.v6.count + 8192,
  );
  const groups = [source.v4, source.v6].map((columns) => ({ columns, ...groupBySet(columns, sets.count) }));
  for (const set of setOrder(sets.count, options.seed)) {
    const start = sets.start[set] as number;
    const end = sets.start[set + 1] as number;
    for (const { columns, start: first, order } of groups) {
      if ((families & (columns.words === 1 ? FAMILY_IPV4 : FAMILY_IPV6)) === 0) continue;
      const from = first[set] as number;
      const to = first[set + 1] as number;
      if (from < to) writer.announce(columns, order, from, to, sets.bytes, start, end, nextHop6);
    }
  }
  if (endOfRib && families & FAMILY_IPV4) writer.endOfRib(1);
  if (endOfRib && families & FAMILY_IPV6) writer.endOfRib(4);
  return writer.finish();
}

/** What a neighbour tells of a generated table, ready to send. */
export function feedFor(table: InternetTable, options: NeighbourOptions & EncodeOptions): Feed {
  return encodeFeed(routesFor(table, options), options);
}

function setOrder(count: number, seed: number | undefined): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (seed !== undefined) shuffle(order, new Random(seed));
  return order;
}

/** Fisher and Yates, in place. */
export function shuffle(order: Uint32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  }
}
