/** Prefixes that something is reached by, and at what cost: the longest one that holds an address counts. */
import { parsePrefix } from '../base/address.ts';
import { UNREACHABLE } from '../fabric/next-hops.ts';

/** An address range as sixteen octets and a length of up to 128 (IPv4: within ::ffff:0:0/96), and what it costs. */
export interface Way {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly cost: number;
}

/** Undefined where the text is no prefix. */
export function wayTo(text: string, cost: number): Way | undefined {
  const prefix = parsePrefix(text);
  if (prefix === undefined) return undefined;
  if (prefix.bytes.length === 16) return { bytes: prefix.bytes, length: prefix.length, cost };
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 0xff;
  bytes.set(prefix.bytes, 12);
  return { bytes, length: prefix.length + 96, cost };
}

export class Ways {
  readonly #costs = new Map<string, number>();
  /** The longest first. */
  readonly #lengths: readonly number[];

  /** Of equal prefixes the first one counts. */
  constructor(ways: readonly Way[]) {
    for (const { bytes, length, cost } of ways) {
      const key = keyOf(bytes, length);
      if (!this.#costs.has(key)) this.#costs.set(key, cost);
    }
    this.#lengths = [...new Set(ways.map(({ length }) => length))].sort((a, b) => b - a);
  }

  /** UNREACHABLE where nothing holds it. */
  costOf(address: Uint8Array): number {
    for (const length of this.#lengths) {
      const cost = this.#costs.get(keyOf(address, length));
      if (cost !== undefined) return cost;
    }
    return UNREACHABLE;
  }
}

function keyOf(address: Uint8Array, length: number): string {
  const masked = address.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))));
  return `${length}/${masked.join('.')}`;
}
