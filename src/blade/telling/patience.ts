/**
 * How long an update group waits for those of its members that have no room, because they do not read, or little. They leave it together, and so are
 * told together: they were told the same. Not where all are as slow: it takes another member that waits meanwhile, and has next to
 * nothing left to read.
 *
 *   no room ─→ somebody waits ─→ 50 ms at one go, or a quarter of a second in all ─→ those without room leave
 *                 ↑      │
 *                 └──────┘ there is room again, or nobody waits
 *
 * Without the second limit whoever has a little room every 40 ms would set the pace of all. While others wait for it, what somebody
 * waited grows less: members that are slow by turns wait for each other, and stay together.
 */

/** Milliseconds at one go. */
const AT_ONCE = 50;
/** Milliseconds for one who waits, in a `SECOND`. */
const IN_ALL = 250;
const SECOND = 1000;

export class Patience {
  /** A member was found without room, and nothing was told since. */
  stalled = false;
  /** When it is over, as far as is known, milliseconds; Infinity: nobody waits. */
  until = Number.POSITIVE_INFINITY;
  /** Since when somebody waits, and up to when that is counted. */
  #since = 0;
  #counted = 0;
  #secondBegan = 0;
  /** Who waits, and for whom, as last looked at. */
  #waiting: readonly number[] = [];
  #slow: readonly number[] = [];
  /** Milliseconds in this second, by session that waits. */
  readonly #waited = new Map<number, number>();

  /** `slow`: members without room. `waiting`: those that have next to nothing left to read. */
  noRoom(now: number, slow: readonly number[], waiting: readonly number[]): void {
    this.stalled = true;
    this.#count(now);
    if (this.#waiting.length === 0) this.#since = now;
    this.#waiting = waiting;
    this.#slow = slow;
    let longest = 0;
    for (const session of waiting) longest = Math.max(longest, this.#waited.get(session) ?? 0);
    const isAwaited = waiting.length > 0;
    this.until = isAwaited
      ? Math.min(this.#since + AT_ONCE, now + IN_ALL - longest)
      : Number.POSITIVE_INFINITY;
  }

  room(now: number): void {
    if (!this.stalled) return;
    this.#count(now);
    this.#end();
  }

  /** Those without room have left. */
  forget(): void {
    this.#waited.clear();
    this.#end();
  }

  #end(): void {
    this.#waiting = this.#slow = [];
    this.stalled = false;
    this.until = Number.POSITIVE_INFINITY;
  }

  #count(now: number): void {
    if (now - this.#secondBegan >= SECOND) {
      this.#waited.clear();
      this.#secondBegan = now;
    }
    const lasted = now - this.#counted;
    for (const session of this.#waiting) this.#waited.set(session, (this.#waited.get(session) ?? 0) + lasted);
    for (const session of this.#slow) this.#waited.set(session, (this.#waited.get(session) ?? 0) - lasted);
    this.#counted = now;
  }
}
