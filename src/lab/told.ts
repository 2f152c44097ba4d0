/**
 * What a speaker was told: prefix -> hash of the path attributes, and AS_PATH length. It answers what
 * each announcement and withdrawal was: new, a change, a repetition, or a withdrawal of nothing.
 *
 * The hash does not depend on the order of the attributes. It is 64 bits for all but the next hop, and
 * 32 for the next hop, so that tables of speakers on different links can be compared without it.
 * An IPv4 route costs 18 bytes and 8 to 16 for finding it; a withdrawn one keeps its place.
 */
import { sharedBytes, sharedWords } from './arrays.ts';
import { PrefixIndex } from './prefix-index.ts';
import { addressText } from './routes.ts';

/** The attributes of one UPDATE, hashed once for all its routes. */
export interface AttributeHash {
  low: number;
  high: number;
  nextHop: number;
  pathLength: number;
}

export const Told = { New: 0, Changed: 1, Repeated: 2, Withdrawn: 3, NotThere: 4 } as const;
export type Told = (typeof Told)[keyof typeof Told];

/** A copy of a table in shared memory, present routes only, to hand to other threads and to compare. */
export interface ToldSnapshot {
  readonly words: 1 | 4;
  readonly count: number;
  readonly address: Uint32Array;
  readonly length: Uint8Array;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly nextHop: Uint32Array;
  readonly pathLength: Uint8Array;
}

export class ToldTable {
  readonly index: PrefixIndex;
  /** Routes present now. */
  present = 0;
  low: Uint32Array;
  high: Uint32Array;
  nextHop: Uint32Array;
  pathLength: Uint8Array;
  #there: Uint8Array;

  constructor(words: 1 | 4) {
    this.index = new PrefixIndex(words);
    const room = this.index.capacity;
    this.low = new Uint32Array(room);
    this.high = new Uint32Array(room);
    this.nextHop = new Uint32Array(room);
    this.pathLength = new Uint8Array(room);
    this.#there = new Uint8Array(room);
  }

  announce(hash: AttributeHash, length: number, a: number, b = 0, c = 0, d = 0): Told {
    const id = this.index.add(length, a, b, c, d);
    if (this.index.capacity !== this.#there.length) this.#grow();
    const there = this.#there[id] === 1;
    if (
      there &&
      this.low[id] === hash.low &&
      this.high[id] === hash.high &&
      this.nextHop[id] === hash.nextHop
    ) {
      return Told.Repeated;
    }
    this.low[id] = hash.low;
    this.high[id] = hash.high;
    this.nextHop[id] = hash.nextHop;
    this.pathLength[id] = hash.pathLength;
    if (there) return Told.Changed;
    this.#there[id] = 1;
    this.present++;
    return Told.New;
  }

  withdraw(length: number, a: number, b = 0, c = 0, d = 0): Told {
    const id = this.index.find(length, a, b, c, d);
    if (id < 0 || this.#there[id] === 0) return Told.NotThere;
    this.#there[id] = 0;
    this.present--;
    return Told.Withdrawn;
  }

  /** The number of a route that is there, for the columns above; -1 without it. */
  find(length: number, a: number, b = 0, c = 0, d = 0): number {
    const id = this.index.find(length, a, b, c, d);
    return id >= 0 && this.#there[id] === 1 ? id : -1;
  }

  snapshot(): ToldSnapshot {
    const { words } = this.index;
    const count = this.present;
    const copy = {
      words,
      count,
      address: sharedWords(count * words),
      length: sharedBytes(count),
      low: sharedWords(count),
      high: sharedWords(count),
      nextHop: sharedWords(count),
      pathLength: sharedBytes(count),
    };
    for (let id = 0, at = 0; id < this.index.count; id++) {
      if (this.#there[id] === 0) continue;
      for (let w = 0; w < words; w++)
        copy.address[at * words + w] = this.index.address[id * words + w] as number;
      copy.length[at] = this.index.length[id] as number;
      copy.low[at] = this.low[id] as number;
      copy.high[at] = this.high[id] as number;
      copy.nextHop[at] = this.nextHop[id] as number;
      copy.pathLength[at] = this.pathLength[id] as number;
      at++;
    }
    return copy;
  }

  #grow(): void {
    const room = this.index.capacity;
    const grown = <T extends Uint8Array | Uint32Array>(column: T, larger: T): T => {
      larger.set(column);
      return larger;
    };
    this.low = grown(this.low, new Uint32Array(room));
    this.high = grown(this.high, new Uint32Array(room));
    this.nextHop = grown(this.nextHop, new Uint32Array(room));
    this.pathLength = grown(this.pathLength, new Uint8Array(room));
    this.#there = grown(this.#there, new Uint8Array(room));
  }
}

/** 16 hexadecimal digits that two tables have in common when they hold the same routes, in any order. */
export function hashTold(table: ToldSnapshot, options: CompareOptions = {}): string {
  const { address, words, length } = table;
  let [first, second] = [0, 0];
  for (let row = 0; row < table.count; row++) {
    let h = length[row] as number;
    for (let w = row * words; w < (row + 1) * words; w++) h = mix(h, address[w] as number);
    if (options.prefixesOnly !== true) {
      h = mix(mix(h, table.low[row] as number), table.high[row] as number);
      if (options.ignoreNextHop !== true) h = mix(h, table.nextHop[row] as number);
    }
    first = (first + h) >>> 0;
    second = (second + mix(h, 0x9e3779b9)) >>> 0;
  }
  return [first, second].map((half) => half.toString(16).padStart(8, '0')).join('');
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35) ^ (h >>> 13);
}

export interface Difference {
  /** Routes of the one that the other does not have. */
  readonly onlyA: number;
  readonly onlyB: number;
  /** Prefixes that both have with other attributes. */
  readonly differing: number;
  /** The first few prefixes, for people. */
  readonly examples: readonly string[];
}

export interface CompareOptions {
  /** Leaves NEXT_HOP out of the comparison. */
  readonly ignoreNextHop?: boolean;
  /** Compares only which prefixes there are. */
  readonly prefixesOnly?: boolean;
}

const EXAMPLES = 5;

export function compareTold(a: ToldSnapshot, b: ToldSnapshot, options: CompareOptions = {}): Difference {
  const index = indexOf(b);
  const examples: string[] = [];
  const note = (table: ToldSnapshot, row: number, what: string): void => {
    if (examples.length >= EXAMPLES) return;
    examples.push(
      `${addressText(table.address, row * table.words, table.words)}/${table.length[row]} ${what}`,
    );
  };
  let onlyA = 0;
  let differing = 0;
  const matched = new Uint8Array(b.count);
  for (let row = 0; row < a.count; row++) {
    const other = findRow(index, a, row);
    if (other < 0) {
      onlyA++;
      note(a, row, 'only in the first');
      continue;
    }
    matched[other] = 1;
    if (options.prefixesOnly === true) continue;
    const same =
      a.low[row] === b.low[other] &&
      a.high[row] === b.high[other] &&
      (options.ignoreNextHop === true || a.nextHop[row] === b.nextHop[other]);
    if (same) continue;
    differing++;
    note(a, row, 'has other attributes');
  }
  let onlyB = 0;
  for (let row = 0; row < b.count; row++) {
    if (matched[row] === 1) continue;
    onlyB++;
    note(b, row, 'only in the second');
  }
  return { onlyA, onlyB, differing, examples };
}

function indexOf(table: ToldSnapshot): PrefixIndex {
  const index = new PrefixIndex(table.words, table.count + 1);
  const { address, words } = table;
  for (let row = 0; row < table.count; row++) {
    const at = row * words;
    const bits = table.length[row] as number;
    if (words === 1) index.add(bits, address[at] as number);
    else {
      index.add(
        bits,
        address[at] as number,
        address[at + 1] as number,
        address[at + 2] as number,
        address[at + 3] as number,
      );
    }
  }
  return index;
}

function findRow(index: PrefixIndex, table: ToldSnapshot, row: number): number {
  const { address, words } = table;
  const at = row * words;
  const bits = table.length[row] as number;
  if (words === 1) return index.find(bits, address[at] as number);
  return index.find(
    bits,
    address[at] as number,
    address[at + 1] as number,
    address[at + 2] as number,
    address[at + 3] as number,
  );
}
