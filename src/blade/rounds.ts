/**
 * Fairness between the sessions of a blade. Whoever has news is visited in turn and may have some messages handled (a
 * slice), round after round, until nobody has more or the time for it is over; the next turn goes on behind the one who was
 * visited last. So a KEEPALIVE, or a single change, waits for one slice of each neighbour that floods, and never for the
 * whole of what they send.
 *
 *   sessions with news:   · A · · B · · · C        turn 1: A B C A B | turn 2: C A B C A | …
 */
import type { ReadySets } from '../fabric/ready.ts';

export class Rounds {
  /** Rounds that are complete, and after which somebody had more; whoever counts on them sets it to zero. */
  completed = 0;
  /** Sessions that had more in the last complete round. */
  busy = 0;
  readonly #ready: ReadySets;
  /** Bit set of the sessions that are served here. */
  readonly #mine: Int32Array;
  /** Session with which the round begins, and goes on after a break. */
  #next = 0;
  /** Words of the set still to be looked at in this round. */
  #left = 0;
  /** Sessions that had more in this round. */
  #more = 0;

  constructor(ready: ReadySets, mine: Int32Array) {
    this.#ready = ready;
    this.#mine = mine;
  }

  /**
   * Until so many rounds are complete. `visit` says whether the session has more; `late`, whether the time is over. False
   * when nobody has anything more.
   */
  run(rounds: number, visit: (session: number) => boolean, late: () => boolean): boolean {
    while (this.completed < rounds) {
      if (!this.#round(visit, late)) return true;
      this.busy = this.#more;
      if (this.#more === 0) return false;
      this.completed++;
    }
    return true;
  }

  /** Once around; false: interrupted, and gone on with the next time. */
  #round(visit: (session: number) => boolean, late: () => boolean): boolean {
    const { size } = this.#ready;
    if (this.#left === 0) {
      // From the middle of a word around to its beginning.
      this.#left = (this.#next & 31) === 0 ? size : size + 1;
      this.#more = 0;
    }
    for (; this.#left > 0; this.#left--) {
      const index = this.#next >>> 5;
      const mask = (this.#mine[index] as number) & (-1 << (this.#next & 31));
      for (let bits = this.#take(index, mask); bits !== 0; bits &= bits - 1) {
        const session = index * 32 + 31 - Math.clz32(bits & -bits);
        if (visit(session)) {
          this.#ready.setForBlade(session);
          this.#more++;
        }
        if (!late()) continue;
        this.#putBack(index, bits & (bits - 1));
        this.#goOn(session + 1);
        return false;
      }
      this.#goOn((index + 1) * 32);
    }
    return true;
  }

  #take(index: number, mask: number): number {
    return mask === 0 ? 0 : this.#ready.takeForBlade(index, mask);
  }

  /** Sessions that were taken out of the set of those with news, but not visited as time was up: back into it. */
  #putBack(index: number, left: number): void {
    for (let bits = left; bits !== 0; bits &= bits - 1)
      this.#ready.setForBlade(index * 32 + 31 - Math.clz32(bits & -bits));
  }

  #goOn(session: number): void {
    this.#next = session >= this.#ready.size * 32 ? 0 : session;
  }
}
