/**
 * Sessions with news, one bit each: a set for all blades (a blade looks at those of its own sessions), and
 * one for each line card. Bits are set by whoever has news and taken, before looking, by whoever serves the session.
 */
export class ReadySets {
  readonly words: Int32Array;
  /** Words of one set. */
  readonly size: number;

  constructor(memory: SharedArrayBuffer, sessions: number) {
    this.words = new Int32Array(memory);
    this.size = Math.ceil(sessions / 32);
  }

  setForBlade(session: number): void {
    this.#set(session >>> 5, 1 << (session & 31));
  }

  setForCard(card: number, session: number): void {
    this.#set((1 + card) * this.size + (session >>> 5), 1 << (session & 31));
  }

  /** Takes the bits of `mask` from word `index` of the blades' set. */
  takeForBlade(index: number, mask: number): number {
    if (((this.words[index] as number) & mask) === 0) return 0;
    return Atomics.and(this.words, index, ~mask) & mask;
  }

  takeForCard(card: number, index: number): number {
    const at = (1 + card) * this.size + index;
    if (this.words[at] === 0) return 0;
    return Atomics.exchange(this.words, at, 0);
  }

  /** Atomic, so that it is looked at behind what the news is: who takes the bit from then on finds that. */
  #set(at: number, bit: number): void {
    if ((Atomics.load(this.words, at) & bit) === 0) Atomics.or(this.words, at, bit);
  }
}
