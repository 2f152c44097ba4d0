/**
 * What a blade has to tell all its siblings: records that were made since all of them had everything. Each channel copies
 * them into its ring by itself, in one short loop, as far as there is room: a sibling that does not come to its turn lags behind
 * in here, in the same records as all others, and not each prefix in a set of its own.
 *
 *   [ record | record | record | record ]
 *              ↑ one channel has put these into its ring      ↑ count
 */

/** Records for each that a ring has room for: where threads share a processor, rings are full before a sibling has its turn. */
const RINGS = 8;

export class Outbox {
  count = 0;
  /** PrefixId and hint of each record (channel.ts). */
  readonly words: Int32Array;
  readonly #room: number;

  constructor(ringRecords: number) {
    this.#room = RINGS * ringRecords;
    this.words = new Int32Array(2 * this.#room);
  }

  /** There is no room for another one: have all of it taken first. */
  get full(): boolean {
    return this.count === this.#room;
  }

  add(id: number, hint: number): void {
    const at = 2 * this.count++;
    this.words[at] = id;
    this.words[at + 1] = hint;
  }
}
