/**
 * A small seeded random generator (xorshift128): chance is an argument everywhere, so that a failing
 * run is repeated from its seed.
 */
export class Random {
  readonly seed: number;
  #a: number;
  #b = 362436069;
  #c = 521288629;
  #d = 88675123;

  constructor(seed: number) {
    this.seed = seed;
    this.#a = seed >>> 0 || 1;
    for (let i = 0; i < 16; i++) this.u32();
  }

  /** 0 … 2^32-1 */
  u32(): number {
    const t = this.#a ^ (this.#a << 11);
    this.#a = this.#b;
    this.#b = this.#c;
    this.#c = this.#d;
    this.#d = this.#d ^ (this.#d >>> 19) ^ t ^ (t >>> 8);
    return this.#d >>> 0;
  }

  /** 0 … 1, without 1 */
  float(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** 0 … limit-1 */
  below(limit: number): number {
    return Math.floor(this.float() * limit);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j] as T, items[i] as T];
    }
    return items;
  }
}
