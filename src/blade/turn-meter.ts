/**
 * How long the turns of a blade take: in the fabric, for `show blades`. Everybody whom a blade serves waits for the end of
 * the turn, so the longest one says how late a KEEPALIVE or a single change can be. Times are the clock's: what the garbage
 * collector takes, and other programs where processors are few, is in them. What of it the thread used a processor for is
 * told apart: that is what graftd does, and the rest what the machine withholds.
 *
 *   turns    ···▇▇·▇·········▇▇▇▇▇▇▇▇
 *   looks at the thread's own clock  └ since the last look turns took a millisecond: one look a turn where turns are long
 *
 * So a look costs nothing where turns are short, and what they used is put down to the long one behind them: at most a millisecond.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER } from '../fabric/layout.ts';
import type { Routes } from './routes/routes.ts';

/** Milliseconds; longer ones are counted, as no turn is to take so long. */
const LONG_TURN = 10;
/** Milliseconds of turns between two looks at what the thread has used, at least. */
const LOOK_AFTER = 1;

export class TurnMeter {
  readonly #numbers: Float64Array;
  readonly #at: number;
  /** When the last turn ended, if there was more to do; else 0. */
  #pausedAt = 0;
  /** When what belongs to the next turn began before it; else 0. */
  #begunAt = 0;
  /** Milliseconds for which this thread has used a processor; undefined: nobody can say. */
  #processor: (() => number) | undefined;
  #used = 0;
  #sinceLook = 0;

  constructor(fabric: Pick<Fabric, 'bladeNumbers'>, slot: number) {
    this.#numbers = fabric.bladeNumbers;
    this.#at = slot * BLADE_NUMBER.words;
  }

  /** From here on it is told apart for what of a turn this thread has used a processor. */
  set processor(clock: (() => number) | undefined) {
    this.#processor = clock;
    this.#used = clock?.() ?? 0;
  }

  /** Orders are carried out before the turn, and are part of it. */
  begin(now: number): void {
    if (this.#begunAt === 0) this.#begunAt = now;
  }

  /** A turn was made; `more`: the next one follows at once. */
  note(turnStart: number, end: number, more: boolean): void {
    const start = this.#begunAt > 0 ? this.#begunAt : turnStart;
    this.#begunAt = 0;
    const took = end - start;
    this.#add(BLADE_NUMBER.busy, took);
    if (took > LONG_TURN) this.#add(BLADE_NUMBER.longTurns, 1);
    const waited = this.#waited(took);
    const work = waited < 0 ? 0 : took - waited;
    this.#raise(BLADE_NUMBER.longestWork, work);
    if (took > this.#get(BLADE_NUMBER.longestTurn)) {
      this.#set(BLADE_NUMBER.longestTurn, took);
      this.#set(BLADE_NUMBER.longestTurnWaited, waited);
    }
    if (this.#pausedAt > 0) this.#raise(BLADE_NUMBER.longestGap, start - this.#pausedAt);
    this.#pausedAt = more ? end : 0;
    this.#noteLately(took, waited, work);
  }

  /** What of a turn the thread was not on a processor; -1: nobody can say. Of short ones nothing is known, and it matters little. */
  #waited(took: number): number {
    if (this.#processor === undefined) return -1;
    this.#sinceLook += took;
    if (this.#sinceLook < LOOK_AFTER) return 0;
    this.#sinceLook = 0;
    const before = this.#used;
    this.#used = this.#processor();
    return Math.max(0, took - (this.#used - before));
  }

  /** What the blade has done so far, and that it lives. */
  count({ evaluator, siblings }: Routes, now: number): void {
    this.#set(BLADE_NUMBER.evaluations, evaluator.evaluations);
    this.#set(BLADE_NUMBER.fullEvaluations, evaluator.fullEvaluations);
    this.#set(BLADE_NUMBER.recordsReceived, siblings.recordsReceived);
    this.#set(BLADE_NUMBER.heartbeat, now);
  }

  /** The longest since somebody read it: who reads counts readings, and the first turn after that begins anew. */
  #noteLately(took: number, waited: number, work: number): void {
    const readings = this.#get(BLADE_NUMBER.readings);
    const anew = this.#get(BLADE_NUMBER.latelyReading) !== readings;
    if (anew || took > this.#get(BLADE_NUMBER.longestTurnLately)) {
      this.#set(BLADE_NUMBER.longestTurnLately, took);
      this.#set(BLADE_NUMBER.longestTurnLatelyWaited, waited);
    }
    if (anew) {
      this.#set(BLADE_NUMBER.longestWorkLately, work);
      this.#set(BLADE_NUMBER.latelyReading, readings);
    } else this.#raise(BLADE_NUMBER.longestWorkLately, work);
  }

  #get(which: number): number {
    return this.#numbers[this.#at + which] as number;
  }

  #set(which: number, value: number): void {
    this.#numbers[this.#at + which] = value;
  }

  #add(which: number, more: number): void {
    this.#set(which, this.#get(which) + more);
  }

  #raise(which: number, value: number): void {
    if (value > this.#get(which)) this.#set(which, value);
  }
}
