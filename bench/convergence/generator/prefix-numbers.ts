/** The number of every prefix of a case: those of IPv4 come first. What is known of prefixes stands in arrays by number. */
import { Prefix, prefix4Address, readPrefix6 } from '../../../src/bgp/nlri.ts';
import { PrefixIndex } from '../../../src/lab/prefix-index.ts';
import { type PrefixColumns, prefixText, type Routes } from '../../../src/lab/routes.ts';

export class PrefixNumbers {
  readonly count: number;
  readonly #v4: PrefixIndex;
  readonly #v6: PrefixIndex;
  /** The number of the first IPv6 prefix. */
  readonly #base6: number;
  readonly #prefix = new Prefix();
  /** Senders may share their columns, and so their rows. */
  readonly #rows = new Map<PrefixColumns, Uint32Array>();

  constructor(count4: number, count6: number) {
    this.count = count4 + count6;
    this.#base6 = count4;
    this.#v4 = new PrefixIndex(1, count4 + 1);
    this.#v6 = new PrefixIndex(4, count6 + 1);
  }

  /** The numbers of the prefixes of these routes, IPv4 first; new ones get one. */
  rowsOf({ v4, v6 }: Routes): Uint32Array {
    const known = this.#rows.get(v4);
    if (known !== undefined) return known;
    const rows = new Uint32Array(v4.count + v6.count);
    for (let row = 0; row < v4.count; row++)
      rows[row] = this.#v4.add(v4.length[row] as number, v4.address[row] as number);
    for (let row = 0, at = 0; row < v6.count; row++, at += 4) {
      const [a, b, c, d] = v6.address.subarray(at, at + 4) as unknown as [number, number, number, number];
      rows[v4.count + row] = this.#base6 + this.#v6.add(v6.length[row] as number, a, b, c, d);
    }
    this.#rows.set(v4, rows);
    return rows;
  }

  /** The number of the prefix at `at`; -1 where nobody announces it. */
  find4(bytes: Uint8Array, at: number): number {
    return this.#v4.find(bytes[at] as number, prefix4Address(bytes, at));
  }

  find6(bytes: Uint8Array, at: number): number {
    const prefix = this.#prefix;
    readPrefix6(bytes, at, prefix);
    const id = this.#v6.find(prefix.length, prefix.word0, prefix.word1, prefix.word2, prefix.word3);
    return id < 0 ? -1 : this.#base6 + id;
  }

  text(number: number): string {
    const index = number < this.#base6 ? this.#v4 : this.#v6;
    const { words, count, address, length } = index;
    return prefixText(
      { words, count, address, length, set: address },
      number < this.#base6 ? number : number - this.#base6,
    );
  }
}
