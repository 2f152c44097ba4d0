/**
 * Route origin validation (RFC 6811): a table of VRPs that does not change, in one piece of shared memory that every blade
 * reads. A new one is built for every change, and the old one goes when nobody has it any more.
 *
 *   header: [ rows of IPv4 | rows of IPv6 ]
 *   index4: 65537 words: the first IPv4 row whose address has these upper 16 bits or higher ones
 *   rows4:  [ address | length << 8 | maxLength | AS | parent + 1 ]         sorted by address, then length
 *   rows6:  [ 4 words | length << 8 | maxLength | AS | parent + 1 ]         the same
 *
 * A row's parent is the row before it with the same prefix, else the last row of the longest shorter prefix around it. All
 * prefixes that cover a route are found on the way up from the last row that is not behind it: one short search, some steps.
 * 16 bytes for an IPv4 row, 28 for an IPv6 one: half a million take 9 MB.
 */
export const VALIDITY = { notFound: 0, valid: 1, invalid: 2 } as const;
export type Validity = (typeof VALIDITY)[keyof typeof VALIDITY];

/** The origin of a route whose AS_PATH ends in an AS_SET (RFC 6811 2, "NONE"): equal to no AS. */
export const NO_ORIGIN = 0;

/** The layout, for whoever builds one (build.ts). */
export const HEADER = 2;
export const INDEX = 65_537;
export const ROWS4 = HEADER + INDEX;
export const WIDTH4 = 4;
export const WIDTH6 = 7;

export class VrpTable {
  readonly memory: SharedArrayBuffer;
  readonly size4: number;
  readonly size6: number;
  readonly #words: Uint32Array;
  readonly #rows6: number;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Uint32Array(memory);
    this.size4 = this.#words[0] as number;
    this.size6 = this.#words[1] as number;
    this.#rows6 = ROWS4 + this.size4 * WIDTH4;
  }

  /** RFC 6811 2: of a route with this prefix and origin AS. */
  validate4(address: number, length: number, origin: number): Validity {
    const words = this.#words;
    let found: Validity = VALIDITY.notFound;
    for (let row = this.#last4(address, length); row >= 0; ) {
      const at = ROWS4 + row * WIDTH4;
      const lengths = words[at + 1] as number;
      const covering = lengths >>> 8;
      if (covering <= length && sameBits(words[at] as number, address, covering)) {
        found = VALIDITY.invalid;
        if (length <= (lengths & 255) && origin !== NO_ORIGIN && words[at + 2] === origin)
          return VALIDITY.valid;
      }
      row = (words[at + 3] as number) - 1;
    }
    return found;
  }

  validate6(a: number, b: number, c: number, d: number, length: number, origin: number): Validity {
    const words = this.#words;
    let found: Validity = VALIDITY.notFound;
    for (let row = this.#last6(a, b, c, d, length); row >= 0; ) {
      const at = this.#rows6 + row * WIDTH6;
      const lengths = words[at + 4] as number;
      const covering = lengths >>> 8;
      if (covering <= length && this.#covers6(at, a, b, c, d, covering)) {
        found = VALIDITY.invalid;
        if (length <= (lengths & 255) && origin !== NO_ORIGIN && words[at + 5] === origin)
          return VALIDITY.valid;
      }
      row = (words[at + 6] as number) - 1;
    }
    return found;
  }

  /** The last row that is not behind this prefix, or -1. */
  #last4(address: number, length: number): number {
    const words = this.#words;
    const upper = address >>> 16;
    let low = words[HEADER + upper] as number;
    let high = words[HEADER + upper + 1] as number;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = ROWS4 + middle * WIDTH4;
      const other = words[at] as number;
      const behind = other > address || (other === address && (words[at + 1] as number) >>> 8 > length);
      if (behind) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  #last6(a: number, b: number, c: number, d: number, length: number): number {
    let low = 0;
    let high = this.size6;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#behind6(this.#rows6 + middle * WIDTH6, a, b, c, d, length)) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  #behind6(at: number, a: number, b: number, c: number, d: number, length: number): boolean {
    const words = this.#words;
    if (words[at] !== a) return (words[at] as number) > a;
    if (words[at + 1] !== b) return (words[at + 1] as number) > b;
    if (words[at + 2] !== c) return (words[at + 2] as number) > c;
    if (words[at + 3] !== d) return (words[at + 3] as number) > d;
    return (words[at + 4] as number) >>> 8 > length;
  }

  #covers6(at: number, a: number, b: number, c: number, d: number, length: number): boolean {
    const words = this.#words;
    return (
      sameBits(words[at] as number, a, Math.min(32, length)) &&
      sameBits(words[at + 1] as number, b, Math.min(32, Math.max(0, length - 32))) &&
      sameBits(words[at + 2] as number, c, Math.min(32, Math.max(0, length - 64))) &&
      sameBits(words[at + 3] as number, d, Math.max(0, length - 96))
    );
  }

  /** The rows that cover a prefix, the most specific first; to show why. */
  covering(address: readonly number[], length: number): Vrp[] {
    const four = address.length === 1;
    const [a, b, c, d] = address as [number, number, number, number];
    const width = four ? WIDTH4 : WIDTH6;
    const first = four ? ROWS4 : this.#rows6;
    const found: Vrp[] = [];
    for (let row = four ? this.#last4(a, length) : this.#last6(a, b, c, d, length); row >= 0; ) {
      const at = first + row * width;
      const lengths = this.#words[at + width - 3] as number;
      const covers =
        lengths >>> 8 <= length &&
        (four
          ? sameBits(this.#words[at] as number, a, lengths >>> 8)
          : this.#covers6(at, a, b, c, d, lengths >>> 8));
      if (covers) found.push(this.#vrp(at, width));
      row = (this.#words[at + width - 1] as number) - 1;
    }
    return found;
  }

  #vrp(at: number, width: number): Vrp {
    const lengths = this.#words[at + width - 3] as number;
    return {
      address: [...this.#words.subarray(at, at + width - 3)],
      length: lengths >>> 8,
      maxLength: lengths & 255,
      as: this.#words[at + width - 2] as number,
    };
  }

  /** All rows, IPv4 first. */
  *rows(): Generator<Vrp> {
    for (let row = 0; row < this.size4; row++) yield this.#vrp(ROWS4 + row * WIDTH4, WIDTH4);
    for (let row = 0; row < this.size6; row++) yield this.#vrp(this.#rows6 + row * WIDTH6, WIDTH6);
  }
}

/** A validated ROA payload. */
export interface Vrp {
  /** One word for IPv4, four for IPv6. */
  readonly address: readonly number[];
  readonly length: number;
  readonly maxLength: number;
  readonly as: number;
}

export function sameBits(a: number, b: number, bits: number): boolean {
  return bits === 0 || (a ^ b) >>> (32 - bits) === 0;
}

/** More VRPs of one family are not taken. */
export const MOST_VRPS = 2 ** 21;
