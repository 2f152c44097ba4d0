/**
 * The prefixes that a simulation plays with: a few of each family, of all lengths, known by their index. On the wire a
 * prefix is its NLRI octets; the index is found again by these.
 */
import type { Random } from '../../src/base/random.ts';
import { u32 } from '../../src/bgp/bytes.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { buildVrpTable } from '../../src/rpki/build.ts';
import type { VrpTable } from '../../src/rpki/table.ts';

export interface SimulatedPrefix {
  readonly family: number;
  /** Length octet and address octets. */
  readonly nlri: readonly number[];
  readonly text: string;
  /** The AS that may originate it, as the RPKI says; undefined: it says nothing. */
  origin?: number | undefined;
}

/** What the RPKI says of all of them, as blades are told it. Prefixes that hold others are never in it. */
export function vrpsOf(prefixes: readonly SimulatedPrefix[]): VrpTable {
  const rows = (family: number, octets: number): Uint32Array =>
    Uint32Array.from(
      prefixes.flatMap((prefix) => {
        const [length = 0, ...address] = prefix.nlri;
        if (prefix.family !== family || prefix.origin === undefined) return [];
        const whole = Uint8Array.from({ length: octets }, (_, i) => address[i] ?? 0);
        const words = Array.from({ length: octets / 4 }, (_, i) => u32(whole, i * 4));
        return [...words, (length << 8) | length, prefix.origin];
      }),
    );
  return buildVrpTable(rows(FAMILY_IPV4, 4), rows(FAMILY_IPV6, 16));
}

const LENGTHS4 = [24, 24, 16, 8, 32, 19, 30];
const LENGTHS6 = [48, 32, 64, 128, 29];

export class Prefixes {
  readonly all: SimulatedPrefix[] = [];
  readonly #index = new Map<string, number>();

  /** `more4`, `more6`: NLRI of others, behind these; not those that are there. */
  constructor(
    random: Random,
    count4: number,
    count6: number,
    more4: readonly (readonly number[])[] = [],
    more6: readonly (readonly number[])[] = [],
  ) {
    for (let i = 0; i < count4; i++) {
      const length = i === 0 ? 0 : random.pick(LENGTHS4);
      this.#add(FAMILY_IPV4, masked([i + 1, 0x80 | (i & 1 ? 1 : 0), 0x81, 0x83], length), length);
    }
    for (let i = 0; i < count6; i++) {
      const length = i === 0 ? 0 : random.pick(LENGTHS6);
      const address = [0x20, 1 + i, 0x0d, 0xb9, ...new Array<number>(11).fill(0x81), 1];
      this.#add(FAMILY_IPV6, masked(address, length), length);
    }
    for (const [family, octets, more] of [
      [FAMILY_IPV4, 4, more4],
      [FAMILY_IPV6, 16, more6],
    ] as const) {
      for (const [length = 0, ...address] of more) {
        const whole = Array.from({ length: octets }, (_, i) => address[i] ?? 0);
        if (this.indexOf(family, [length, ...address]) === undefined) this.#add(family, whole, length);
      }
    }
  }

  /** The index of the prefix with these NLRI octets; undefined: nobody ever announced such a one. */
  indexOf(family: number, nlri: Iterable<number>): number | undefined {
    return this.#index.get(key(family, nlri));
  }

  text(index: number): string {
    return (this.all[index] as SimulatedPrefix).text;
  }

  #add(family: number, address: readonly number[], length: number): void {
    const nlri = [length, ...address.slice(0, (length + 7) >> 3)];
    const text = `${address
      .slice(0, family === FAMILY_IPV4 ? 4 : 2)
      .map((octet) => octet.toString(family === FAMILY_IPV4 ? 10 : 16))
      .join(family === FAMILY_IPV4 ? '.' : ':')}/${length}`;
    this.#index.set(key(family, nlri), this.all.length);
    this.all.push({ family, nlri, text });
  }
}

function key(family: number, nlri: Iterable<number>): string {
  return `${family}/${[...nlri].join('.')}`;
}

function masked(address: readonly number[], length: number): number[] {
  return address.map((octet, i) => octet & ~(0xff >> Math.min(8, Math.max(0, length - 8 * i))));
}
