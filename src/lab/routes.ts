/**
 * Routes: what one neighbour has to say, as columns in shared memory.
 *
 *     v4, v6      address words | length | set           one row a route
 *     sets        start[set] .. start[set + 1] of bytes  path attributes as on the wire, 4-octet ASes
 *
 * A set used by IPv4 routes holds all attributes, NEXT_HOP included; one used by IPv6 routes holds all but
 * MP_REACH_NLRI, whose next hop is `nextHop6` for all of them. No set serves both families.
 * One IPv4 route costs 9 bytes, one IPv6 route 21; nothing is an object per route.
 */
import { sharedBytes, sharedWords } from './arrays.ts';

export interface PrefixColumns {
  /** 32-bit words of an address: 1 for IPv4, 4 for IPv6. */
  readonly words: 1 | 4;
  readonly count: number;
  readonly address: Uint32Array;
  readonly length: Uint8Array;
  /** The attribute set of each route. */
  readonly set: Uint32Array;
}

export interface AttributeSets {
  readonly count: number;
  /** count + 1 offsets into bytes. */
  readonly start: Uint32Array;
  readonly bytes: Uint8Array;
}

export interface Routes {
  readonly v4: PrefixColumns;
  readonly v6: PrefixColumns;
  readonly sets: AttributeSets;
  /** 16 octets, or 32 with a link-local address behind (RFC 2545). */
  readonly nextHop6: Uint8Array;
}

export function newPrefixColumns(words: 1 | 4, count: number): PrefixColumns {
  return {
    words,
    count,
    address: sharedWords(count * words),
    length: sharedBytes(count),
    set: sharedWords(count),
  };
}

/** The routes of each set together: rows order[start[set]] .. order[start[set + 1] - 1] (a counting sort). */
export function groupBySet(columns: PrefixColumns, sets: number): { start: Uint32Array; order: Uint32Array } {
  const start = new Uint32Array(sets + 1);
  const { set, count } = columns;
  for (let i = 0; i < count; i++) start[(set[i] as number) + 1]!++;
  for (let s = 0; s < sets; s++) start[s + 1]! += start[s] as number;
  const next = start.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[next[set[i] as number]!++] = i;
  return { start, order };
}

/** '10.0.0.0/8' or '2001:db8:0:0:0:0:0:0/32': for messages of tests and of people, not for speed. */
export function prefixText(columns: PrefixColumns, row: number): string {
  return addressText(columns.address, row * columns.words, columns.words) + '/' + columns.length[row];
}

export function addressText(address: Uint32Array, at: number, words: 1 | 4): string {
  if (words === 1) {
    const a = address[at] as number;
    return [a >>> 24, (a >>> 16) & 255, (a >>> 8) & 255, a & 255].join('.');
  }
  const parts: string[] = [];
  for (let i = at; i < at + 4; i++) {
    const word = address[i] as number;
    parts.push((word >>> 16).toString(16), (word & 0xffff).toString(16));
  }
  return parts.join(':');
}
