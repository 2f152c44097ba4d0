/**
 * Prefix lists as sets. An FRR list is ordered, and may deny before it permits; a set is neither. So what is denied is taken
 * out of what is permitted after it, exactly: a piece of a permitted prefix goes, and what remains is said as prefixes with
 * ranges of lengths.
 */
import { formatAddress, parseAddress } from '../base/address.ts';

/** All prefixes within this one whose lengths are in the range. */
export interface Block {
  readonly address: Uint8Array;
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

export interface Entry extends Block {
  readonly permit: boolean;
}

/** More pieces than this, and a list is too much to be said as a set. */
const MOST_PIECES = 20_000;

/** "10.0.0.0/8 ge 9 le 24", or "any"; undefined where it is something else. */
export function parseEntry(words: readonly string[], ipv6: boolean): Block | undefined {
  const bits = ipv6 ? 128 : 32;
  const [first = '', ...rest] = words;
  if (first === 'any' && rest.length === 0)
    return { address: new Uint8Array(bits / 8), length: 0, from: 0, to: bits };
  const [text = '', digits = ''] = first.split('/');
  const address = parseAddress(text);
  const length = Number(digits);
  if (address?.length !== bits / 8 || digits === '' || !(length <= bits)) return undefined;
  let from: number | undefined;
  let to: number | undefined;
  for (let i = 0; i < rest.length; i += 2) {
    const value = Number(rest[i + 1]);
    if (!(value >= length && value <= bits)) return undefined;
    if (rest[i] === 'ge') from = value;
    else if (rest[i] === 'le') to = value;
    else return undefined;
  }
  // ge alone reaches to the longest, le alone begins at the prefix itself.
  return {
    address: masked(address, length),
    length,
    from: from ?? length,
    to: to ?? (from === undefined ? length : bits),
  };
}

/** What a list permits; undefined where that is in too many pieces. The first entry that matches decides. */
export function permitted(entries: readonly Entry[]): Block[] | undefined {
  const found: Block[] = [];
  for (const [i, entry] of entries.entries()) {
    if (!entry.permit) continue;
    let pieces: Block[] = [entry];
    for (const before of entries.slice(0, i)) {
      if (!before.permit) pieces = pieces.flatMap((piece) => without(piece, before));
      if (pieces.length + found.length > MOST_PIECES) return undefined;
    }
    found.push(...pieces);
  }
  return found;
}

/** What of a block is not in another one. */
export function without(block: Block, taken: Block): Block[] {
  const outer = Math.min(block.length, taken.length);
  if (!sameBits(block.address, taken.address, outer)) return [block];
  const from = Math.max(block.from, taken.from, taken.length);
  const to = Math.min(block.to, taken.to);
  if (from > to) return [block];
  const pieces = [
    { ...block, to: from - 1 },
    { ...block, from: to + 1 },
  ];
  // Of the lengths that both have: what lies beside the other one, a half at each step towards it, and what is too short for it.
  const middle = { ...block, from, to };
  for (let length = block.length + 1; length <= taken.length; length++) {
    const address = flipped(taken.address, length);
    pieces.push({ ...middle, address, length, from: Math.max(from, length) });
  }
  return pieces.filter((piece) => piece.from <= piece.to && piece.to >= piece.length);
}

export function blockText({ address, length, from, to }: Block): string {
  const prefix = `${formatAddress(address)}/${length}`;
  const lowest = Math.max(from, length);
  if (lowest === length && to === length) return prefix;
  return `${prefix}${lowest > length ? ` ge ${lowest}` : ''} le ${to}`;
}

function masked(address: Uint8Array, length: number): Uint8Array {
  return address.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))));
}

function sameBits(a: Uint8Array, b: Uint8Array, length: number): boolean {
  const left = masked(a, length);
  const right = masked(b, length);
  return left.every((octet, i) => octet === right[i]);
}

/** The first bits of an address, the last of them the other way round. */
function flipped(address: Uint8Array, length: number): Uint8Array {
  const found = masked(address, length);
  const at = (length - 1) >> 3;
  found[at] = (found[at] as number) ^ (0x80 >> ((length - 1) & 7));
  return found;
}
