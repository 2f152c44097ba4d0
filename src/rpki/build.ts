/** Building tables of VRPs: sorting, finding parents, comparing two tables. Pure, and fit for a thread of the pool. */
import { HEADER, INDEX, ROWS4, sameBits, type Vrp, VrpTable, WIDTH4, WIDTH6 } from './table.ts';

export interface Rebuild {
  /** The table that was in force. */
  readonly before: SharedArrayBuffer;
  /** As a VrpSet gives them. */
  readonly rows4: Uint32Array;
  readonly rows6: Uint32Array;
}

export interface Rebuilt {
  readonly table: SharedArrayBuffer;
  /** The VRPs that only one of the two has. */
  readonly changed: SharedArrayBuffer;
}

export function rebuild({ before, rows4, rows6 }: Rebuild): Rebuilt {
  const table = buildVrpTable(rows4, rows6);
  return { table: table.memory, changed: difference(new VrpTable(before), table).memory };
}

/** Builds a table from rows as a VrpSet gives them. Pure, and fit for a thread of the pool. */
export function buildVrpTable(rows4: Uint32Array, rows6: Uint32Array): VrpTable {
  const size4 = rows4.length / (WIDTH4 - 1);
  const size6 = rows6.length / (WIDTH6 - 1);
  const memory = new SharedArrayBuffer((ROWS4 + size4 * WIDTH4 + size6 * WIDTH6) * 4);
  const words = new Uint32Array(memory);
  words[0] = size4;
  words[1] = size6;
  const six = ROWS4 + size4 * WIDTH4;
  place(rows4, words.subarray(ROWS4, six), WIDTH4);
  place(rows6, words.subarray(six), WIDTH6);
  let row = 0;
  for (let upper = 0; upper < INDEX; upper++) {
    while (row < size4 && (words[ROWS4 + row * WIDTH4] as number) >>> 16 < upper) row++;
    words[HEADER + upper] = row;
  }
  return new VrpTable(memory);
}

/** Sorted, with parents. */
function place(rows: Uint32Array, into: Uint32Array, width: number): void {
  const narrow = width - 1;
  const order = sorted(rows, narrow);
  for (let i = 0; i < order.length; i++) {
    const from = (order[i] as number) * narrow;
    for (let word = 0; word < narrow; word++) into[i * width + word] = rows[from + word] as number;
  }
  const around: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const at = i * width;
    while (around.length > 0 && !within(into, (around.at(-1) as number) * width, at, width)) around.pop();
    into[at + narrow] = around.length === 0 ? 0 : (around.at(-1) as number) + 1;
    // The last row of a prefix stands for all of them: its way up leads through the others.
    around.push(i);
  }
}

/** Is the prefix of the row at `inner` inside the one at `outer`, or the same? */
function within(words: Uint32Array, outer: number, inner: number, width: number): boolean {
  const addressWords = width - 3;
  const length = (words[outer + addressWords] as number) >>> 8;
  if ((words[inner + addressWords] as number) >>> 8 < length) return false;
  for (let i = 0; i < addressWords; i++) {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    if (!sameBits(words[outer + i] as number, words[inner + i] as number, bits)) return false;
  }
  return true;
}

/**
 * Row numbers in the order of the rows. The first words and the row numbers are sorted as numbers, which needs no calls of
 * ours; what is equal in its first word is sorted by comparing the rest.
 */
function sorted(rows: Uint32Array, width: number): Uint32Array {
  const count = rows.length / width;
  const keys = new Float64Array(count);
  for (let row = 0; row < count; row++) keys[row] = (rows[row * width] as number) * 2 ** 21 + row;
  keys.sort();
  const order = Uint32Array.from(keys, (key) => key % 2 ** 21);
  const compare = (a: number, b: number): number => {
    for (let i = 1; i < width; i++) {
      const difference = (rows[a * width + i] as number) - (rows[b * width + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  for (let start = 0; start < count; ) {
    const first = rows[(order[start] as number) * width];
    let end = start + 1;
    while (end < count && rows[(order[end] as number) * width] === first) end++;
    if (end - start > 1) order.subarray(start, end).sort(compare);
    start = end;
  }
  return order;
}

/** The VRPs that only one of two tables has: both are sorted alike. */
export function difference(before: VrpTable, after: VrpTable): VrpTable {
  const rows4: number[] = [];
  const rows6: number[] = [];
  const note = ({ address, length, maxLength, as }: Vrp): void => {
    (address.length === 1 ? rows4 : rows6).push(...address, (length << 8) | maxLength, as);
  };
  const left = before.rows();
  const right = after.rows();
  let a = left.next();
  let b = right.next();
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : compare(a.value, b.value);
    if (order < 0) note(a.value as Vrp);
    if (order > 0) note(b.value as Vrp);
    if (order <= 0) a = left.next();
    if (order >= 0) b = right.next();
  }
  return buildVrpTable(Uint32Array.from(rows4), Uint32Array.from(rows6));
}

function compare(a: Vrp, b: Vrp): number {
  if (a.address.length !== b.address.length) return a.address.length - b.address.length;
  for (let i = 0; i < a.address.length; i++) {
    const order = (a.address[i] as number) - (b.address[i] as number);
    if (order !== 0) return order;
  }
  return a.length - b.length || a.maxLength - b.maxLength || a.as - b.as;
}
