/**
 * How ids that nobody uses come back, without a lock and without taking anything out of a table that others read. Each
 * dictionary has two tables of slots, and the fabric a word that says where they stand:
 *
 *   0  in table 0 ──→ 1  moving from 0 to 1 ──→ 2  in table 1 ──→ 3  moving from 1 to 0 ──→ 4 …
 *
 * The chassis moves the word on (chassis/sweeper.ts), each time after every thread has met the phase before: each reads
 * it where its turn begins, so that two neighbouring phases are in use at the same time, and never more.
 *
 *   in a table   a look-up knows that table only
 *   moving       a look-up looks into the new table, then into the old one, where new keys go first; whatever it finds or
 *                makes goes to the new table, under the same id
 *
 *   in 0 | moving to 1    the old table decides who is first with a new key: all threads put it there
 *   moving to 1 | in 1    the new one decides: who finds another id for its key there takes that one
 *
 * So what somebody looks up while all move is in the new table, and the chassis carries along what stands somewhere in the
 * fabric. What is left behind is nobody's.
 */

export function isMoving(phase: number): boolean {
  return (phase & 1) === 1;
}

/** Has a move ended between these two? Who sleeps meanwhile does not see every phase. */
export function movedBetween(before: number, phase: number): boolean {
  return before >> 1 !== phase >> 1;
}

export function tableOf(phase: number): 0 | 1 {
  return ((phase >> 1) & 1) as 0 | 1;
}

export function otherTable(phase: number): 0 | 1 {
  return (1 - tableOf(phase)) as 0 | 1;
}

/**
 * Notes which ids (behind `base`) stand in [from, to) of the table in use, and empties the same part of the other one: only
 * where there is something, as memory that nobody touched costs nothing.
 */
export function noteLive(
  slots: Int32Array,
  other: Int32Array,
  from: number,
  to: number,
  mask: number,
  base: number,
  live: Uint32Array,
): void {
  const end = Math.min(to, slots.length);
  for (let slot = from; slot < end; slot++) {
    const held = (slots[slot] as number) & mask;
    if (held !== 0) {
      const id = base + held - 1;
      live[id >>> 5] = (live[id >>> 5] as number) | (1 << (id & 31));
    }
    if (other[slot] !== 0) other[slot] = 0;
  }
}
