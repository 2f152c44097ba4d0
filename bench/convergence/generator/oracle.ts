/**
 * What every neighbour must hold: of each prefix the shortest AS_PATH that another neighbour announced, one AS
 * longer. Daemons break ties of length by different rules, so only the length is compared; and a sender whose own
 * route ties with the best of the others may be told of that or of nothing.
 */
import type { PrefixNumbers } from './prefix-numbers.ts';

/** What one sender announces now. */
export interface Announced {
  readonly rows: Uint32Array;
  /** 0 where it is withdrawn. */
  readonly lengths: Uint8Array;
}

const NONE = 0xff;

export class Oracle {
  readonly #numbers: PrefixNumbers;
  /** The shortest path of each prefix, who announces it, and the shortest of the others. */
  readonly #best: Uint8Array;
  readonly #owner: Uint16Array;
  readonly #second: Uint8Array;

  constructor(numbers: PrefixNumbers, senders: readonly Announced[]) {
    this.#numbers = numbers;
    this.#best = new Uint8Array(numbers.count).fill(NONE);
    this.#second = new Uint8Array(numbers.count).fill(NONE);
    this.#owner = new Uint16Array(numbers.count);
    for (const [i, sender] of senders.entries()) this.#add(i, sender);
  }

  #add(sender: number, { rows, lengths }: Announced): void {
    const [best, second, owner] = [this.#best, this.#second, this.#owner];
    for (let i = 0; i < rows.length; i++) {
      const length = lengths[i] as number;
      if (length === 0) continue;
      const row = rows[i] as number;
      if (length < (best[row] as number)) {
        second[row] = best[row] as number;
        best[row] = length;
        owner[row] = sender;
      } else if (length < (second[row] as number)) second[row] = length;
    }
  }

  /** What is wrong with a receiver's table, in words; undefined where it is right. */
  receiver(held: Uint8Array): string | undefined {
    const best = this.#best;
    let wrong = 0;
    let first = 0;
    for (let row = 0; row < held.length; row++) {
      const right = best[row] === NONE ? 0 : (best[row] as number) + 1;
      if (held[row] !== right && wrong++ === 0) first = row;
    }
    return this.#words(wrong, held, first, best[first] as number);
  }

  /** The same for a sender, which announces `own` (by prefix, 0 for nothing). */
  sender(held: Uint8Array, sender: number, own: Uint8Array): string | undefined {
    const [best, second, owner] = [this.#best, this.#second, this.#owner];
    let wrong = 0;
    let first = 0;
    for (let row = 0; row < held.length; row++) {
      const mine = own[row] as number;
      const others = owner[row] === sender && mine !== 0 ? (second[row] as number) : (best[row] as number);
      const told = held[row] === others + 1;
      const nothing = held[row] === 0;
      const right =
        others === NONE
          ? nothing
          : mine === 0 || mine > others
            ? told
            : mine < others
              ? nothing
              : told || nothing;
      if (!right && wrong++ === 0) first = row;
    }
    return this.#words(wrong, held, first, best[first] as number);
  }

  #words(wrong: number, held: Uint8Array, row: number, best: number): string | undefined {
    if (wrong === 0) return undefined;
    return `${wrong} of ${held.length} prefixes wrong: ${this.#numbers.text(row)} has path length ${held[row]}, the best announced ${best === NONE ? 0 : best}`;
  }
}
