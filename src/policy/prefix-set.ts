/**
 * Sets of prefixes, as policies ask for them: is this prefix one of the entries, or one of those that an entry covers
 * (`10.0.0.0/8 le 24`)? Hashed by address and length, in shared memory, so that all blades read one table:
 *
 *   slots4: [ address | length + 1, first and last length that it covers; 0: free ]       5 words for IPv6
 *   lengths4: by length of the prefix asked for, the lengths of entries that may cover it: [ count, length, … ]
 *   whole4: a bit for the first 16 bits of an address, where all prefixes of 16 to 24 bits are covered
 *   hints4: by the first 16 bits of an address, which of these lengths are there at all, and up to which length all is covered
 *
 * A look-up costs a probe for each of these lengths: one in a list of customers' prefixes, however many they are. A prefix
 * that stands in several entries has a slot for each. Large sets have bits and hints, 136 KiB, with which most look-ups end, or
 * probe once.
 */
import { type AddressPrefix, ipv6Word, parsePrefix } from '../base/address.ts';

/** Plain words, so that it goes through a message port as it is; the words are shared, not copied. */
export interface PrefixTable {
  readonly entries: number;
  /** A bit for each value of the first 16: no entry is there. Most prefixes are not in most sets, and this says so at once. */
  readonly first4: Uint8Array;
  /** A bit for each value of the first 16: all prefixes with WHOLE lengths are in the set. Empty in a small set, as hints are. */
  readonly whole4: Uint8Array;
  readonly hints4: Uint16Array;
  readonly slots4: Int32Array;
  readonly lengths4: Uint8Array;
  readonly slots6: Int32Array;
  readonly lengths6: Uint8Array;
}

/** An entry: these addresses, and prefixes of them with a length from `from` to `to`. */
export interface PrefixEntry extends AddressPrefix {
  readonly from: number;
  readonly to: number;
}

const SLOT4 = 2;
const SLOT6 = 5;
const FIRST = 1 << 16;
/** IPv4 entries from which on hints are worth their memory. */
const LARGE = 1 << 12;
/**
 * A hint: a bit for the lengths of entries that are there (up to 15, each from 16 to 24, all that are longer), and above these bits
 * how many lengths, from 16 on, are covered whatever follows the first 16 bits.
 */
const HINT_BITS = 11;
const NO_HINT = (1 << HINT_BITS) - 1;
const HINT_OF = Uint8Array.from({ length: 33 }, (_, length) =>
  Math.min(Math.max(length - 15, 0), HINT_BITS - 1),
);
/** Lengths that nearly all prefixes of IPv4 have. */
const WHOLE = { from: 16, to: 24 } as const;
const ROW4 = 34;
const ROW6 = 130;

/** `10.0.0.0/8`, `10.0.0.0/8 le 24`, `10.0.0.0/8 ge 16 le 24`, `10.0.0.0/8+` (and all within); else what is wrong. */
export function parsePrefixEntry(text: string): PrefixEntry | string {
  const parts = /^(\S+?)(\+)?(?:\s+ge\s+(\d{1,3}))?(?:\s+le\s+(\d{1,3}))?$/.exec(text.trim());
  const prefix = parts === null ? undefined : parsePrefix(parts[1]!);
  if (parts === null || prefix === undefined) return whyNoPrefix(parts?.[1] ?? text);
  const bits = prefix.bytes.length * 8;
  const [, , all, ge, le] = parts;
  if (all !== undefined && (ge ?? le) !== undefined)
    return `"+" means every length; it cannot stand with ge or le`;
  const from = ge === undefined ? prefix.length : Number(ge);
  const to = le !== undefined ? Number(le) : ge !== undefined || all !== undefined ? bits : prefix.length;
  if (from < prefix.length)
    return `ge ${from} is shorter than the prefix; it must be ${prefix.length} or more`;
  if (to > bits) return `a prefix of this family has ${bits} bits at most, not ${to}`;
  if (from > to) return `ge ${from} and le ${to} leave no length`;
  return { ...prefix, from, to };
}

function whyNoPrefix(text: string): string {
  const [address = '', length] = text.split('/');
  if (length === undefined)
    return `must be a prefix like 192.0.2.0/24, with "le 32" or "ge 25" behind it, not ${text}`;
  const host = parsePrefix(`${address}/${address.includes(':') ? 128 : 32}`);
  return host === undefined || !/^\d+$/.test(length)
    ? `${text} is no prefix; write it like 192.0.2.0/24 or 2001:db8::/32`
    : `${text} has bits behind its length, or is longer than an address`;
}

/** What a file holds: an entry a line, `#` begins a comment. Calls `wrong` with the line for each that is none. */
export function* readPrefixLines(
  text: string,
  wrong: (line: number, message: string) => void,
): Generator<PrefixEntry> {
  let line = 0;
  for (let at = 0; at < text.length; ) {
    line++;
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const plain = plainEntry4(text, at, end);
    if (plain !== undefined) {
      at = end + 1;
      yield plain;
      continue;
    }
    const [whole = ''] = text
      .slice(at, end)
      .split('#', 1)
      .map((part) => part.trim());
    at = end + 1;
    if (whole === '') continue;
    const entry = parsePrefixEntry(whole);
    if (typeof entry === 'string') wrong(line, entry);
    else yield entry;
  }
}

const ZERO = 48;
const DOT = 46;
const SLASH = 47;

/** The usual line, `192.0.2.0/24` and nothing else, in a tenth of the time. */
function plainEntry4(text: string, at: number, end: number): PrefixEntry | undefined {
  const numbers = [0, 0, 0, 0, 0];
  let part = 0;
  let digits = 0;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && numbers[part] === 0) return undefined;
      numbers[part] = (numbers[part] as number) * 10 + digit;
      if (++digits > 3) return undefined;
    } else {
      if (digits === 0 || part === 4 || code !== (part === 3 ? SLASH : DOT)) return undefined;
      part++;
      digits = 0;
    }
  }
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = numbers;
  if (part !== 4 || digits === 0 || a > 255 || b > 255 || c > 255 || d > 255 || length > 32) return undefined;
  const address = (a << 24) | (b << 16) | (c << 8) | d;
  if (length < 32 && (address & (0xffffffff >>> length)) !== 0) return undefined;
  return { bytes: Uint8Array.of(a, b, c, d), length, from: length, to: length };
}

/** A table of these entries; the same prefix may stand in several of them. */
export function buildPrefixTable(entries: readonly PrefixEntry[]): PrefixTable {
  const count6 = entries.reduce((sum, { bytes }) => sum + (bytes.length === 16 ? 1 : 0), 0);
  const slots4 = newSlots(entries.length - count6, SLOT4);
  const slots6 = newSlots(count6, SLOT6);
  const first4 = new Uint8Array(new SharedArrayBuffer(FIRST >> 3));
  const isLarge = entries.length - count6 >= LARGE;
  const hints4 = new Uint16Array(new SharedArrayBuffer(isLarge ? FIRST * 2 : 0));
  const whole4 = new Uint8Array(new SharedArrayBuffer(isLarge ? FIRST >> 3 : 0));
  const covers4 = new Uint8Array(33 * 33);
  const covers6 = new Uint8Array(129 * 129);
  for (const entry of entries) {
    const tag = tagOf(entry);
    if (entry.bytes.length === 4) {
      const address = ipv6Word(entry.bytes, 0);
      insert(slots4, SLOT4, hash(address, entry.length), [address, tag]);
      cover(covers4, 33, entry);
      markFirst(first4, address >>> 16, entry.length);
      if (!isLarge) continue;
      hint(hints4, address >>> 16, entry);
      if (entry.from <= WHOLE.from && entry.to >= WHOLE.to) markFirst(whole4, address >>> 16, entry.length);
    } else {
      const words = [0, 1, 2, 3].map((i) => ipv6Word(entry.bytes, i)) as [number, number, number, number];
      insert(slots6, SLOT6, hash6(...words, entry.length), [...words, tag]);
      cover(covers6, 129, entry);
    }
  }
  const lengths4 = lengthRows(covers4, 33, ROW4);
  const lengths6 = lengthRows(covers6, 129, ROW6);
  return { entries: entries.length, first4, whole4, hints4, slots4, lengths4, slots6, lengths6 };
}

function markFirst(first4: Uint8Array, from: number, length: number): void {
  const count = length >= 16 ? 1 : 1 << (16 - length);
  for (let value = from; value < from + count; value++)
    first4[value >> 3] = (first4[value >> 3] as number) | (1 << (value & 7));
}

function hint(hints4: Uint16Array, first: number, { length, from, to }: PrefixEntry): void {
  const count = length >= 16 ? 1 : 1 << (16 - length);
  const covered = from <= 16 && to >= 16 ? to - 15 : 0;
  for (let value = first; value < first + count; value++) {
    const before = hints4[value] as number;
    const most = Math.max(before >>> HINT_BITS, covered);
    hints4[value] = (before & NO_HINT) | (1 << (HINT_OF[length] as number)) | (most << HINT_BITS);
  }
}

function newSlots(entries: number, words: number): Int32Array {
  const slots = 2 ** Math.ceil(Math.log2(1.5 * Math.max(entries, 1) + 1));
  return new Int32Array(new SharedArrayBuffer(slots * words * 4));
}

const LENGTH_MASK = 0xff;

function tagOf({ length, from, to }: PrefixEntry): number {
  return (length + 1) | (from << 8) | (to << 16);
}

function covered(tag: number, asked: number): boolean {
  return asked >= ((tag >>> 8) & LENGTH_MASK) && asked <= tag >>> 16;
}

/** The same twice stands there once. */
function insert(slots: Int32Array, words: number, hashed: number, entry: readonly number[]): void {
  const mask = slots.length / words - 1;
  for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
    const at = slot * words;
    if (slots[at + words - 1] === 0) {
      slots.set(entry, at);
      return;
    }
    if (entry.every((word, i) => slots[at + i] === (word | 0))) return;
  }
}

function cover(covers: Uint8Array, size: number, { length, from, to }: PrefixEntry): void {
  for (let asked = from; asked <= to; asked++) covers[asked * size + length] = 1;
}

function lengthRows(covers: Uint8Array, size: number, row: number): Uint8Array {
  const rows = new Uint8Array(new SharedArrayBuffer(size * row));
  for (let asked = 0; asked < size; asked++) {
    for (let length = asked; length >= 0; length--) {
      if (covers[asked * size + length] === 0) continue;
      const count = (rows[asked * row] as number) + 1;
      rows[asked * row] = count;
      rows[asked * row + count] = length;
    }
  }
  return rows;
}

function hash(a: number, length: number): number {
  const mixed = Math.imul(a ^ Math.imul(length, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function hash6(a: number, b: number, c: number, d: number, length: number): number {
  return hash(a ^ Math.imul(b, 0xc2b2ae35) ^ Math.imul(c, 0x27d4eb2f) ^ Math.imul(d, 0x165667b1), length);
}

/** A table, to be asked. */
export class PrefixSet {
  readonly #first4: Uint8Array;
  readonly #whole4: Uint8Array;
  readonly #hints4: Uint16Array;
  readonly #slots4: Int32Array;
  readonly #lengths4: Uint8Array;
  readonly #slots6: Int32Array;
  readonly #lengths6: Uint8Array;

  constructor({ first4, whole4, hints4, slots4, lengths4, slots6, lengths6 }: PrefixTable) {
    this.#first4 = first4;
    this.#whole4 = whole4;
    this.#hints4 = hints4;
    this.#slots4 = slots4;
    this.#lengths4 = lengths4;
    this.#slots6 = slots6;
    this.#lengths6 = lengths6;
  }

  /** Is this IPv4 prefix one of the set's? */
  has4(address: number, asked: number): boolean {
    const first = address >>> 16;
    const bit = 1 << (first & 7);
    if (((this.#first4[first >> 3] as number) & bit) === 0) return false;
    let hint = NO_HINT;
    if (this.#hints4.length > 0) {
      const isUsual = asked >= WHOLE.from && asked <= WHOLE.to;
      if (isUsual && ((this.#whole4[first >> 3] as number) & bit) !== 0) return true;
      hint = this.#hints4[first] as number;
      if (asked >= 16 && asked <= 15 + (hint >>> HINT_BITS)) return true;
    }
    const lengths = this.#lengths4;
    const row = asked * ROW4;
    const last = row + (lengths[row] as number);
    for (let i = row + 1; i <= last; i++) {
      const length = lengths[i] as number;
      if (((hint >>> (HINT_OF[length] as number)) & 1) === 0) continue;
      if (this.#find4(cut(address, length), length, asked)) return true;
    }
    return false;
  }

  #find4(address: number, length: number, asked: number): boolean {
    const slots = this.#slots4;
    const mask = (slots.length >> 1) - 1;
    for (let slot = hash(address, length) & mask; ; slot = (slot + 1) & mask) {
      const tag = slots[slot * SLOT4 + 1] as number;
      if (tag === 0) return false;
      if ((tag & LENGTH_MASK) === length + 1 && slots[slot * SLOT4] === address && covered(tag, asked))
        return true;
    }
  }

  /** Is this IPv6 prefix one of the set's? */
  has6(a: number, b: number, c: number, d: number, asked: number): boolean {
    const lengths = this.#lengths6;
    const row = asked * ROW6;
    const last = row + (lengths[row] as number);
    for (let i = row + 1; i <= last; i++) {
      const length = lengths[i] as number;
      const [cutB, cutC, cutD] = [cut(b, length - 32), cut(c, length - 64), cut(d, length - 96)];
      if (this.#find6(cut(a, length), cutB, cutC, cutD, length, asked)) return true;
    }
    return false;
  }

  #find6(a: number, b: number, c: number, d: number, length: number, asked: number): boolean {
    const slots = this.#slots6;
    const mask = slots.length / SLOT6 - 1;
    for (let slot = hash6(a, b, c, d, length) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * SLOT6;
      const tag = slots[at + 4] as number;
      if (tag === 0) return false;
      if (
        (tag & LENGTH_MASK) === length + 1 &&
        slots[at] === a &&
        slots[at + 1] === b &&
        slots[at + 2] === c &&
        slots[at + 3] === d &&
        covered(tag, asked)
      )
        return true;
    }
  }

  /** Does the set have this address: as a host's prefix? 4 or 16 octets. */
  hasAddress(bytes: Uint8Array, at: number, octets: number): boolean {
    if (octets === 4) return this.has4(ipv6Word(bytes, 0, at), 32);
    const word = (i: number): number => ipv6Word(bytes, i, at);
    return this.has6(word(0), word(1), word(2), word(3), 128);
  }
}

/** The first `bits` of a word; as a number with a sign, which Node.js counts with as it is. */
function cut(word: number, bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? word | 0 : word & (-1 << (32 - bits));
}
