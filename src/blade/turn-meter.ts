/**
 * How long the turns of a blade take: in the fabric, for `show blades`. Everybody whom a blade serves waits for the end of
 * the turn, so the longest one says how late a KEEPALIVE or a single change can be. Times are the clock's: what the garbage
 * collector takes, and other programs where processors are few, is in them.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER } from '../fabric/layout.ts';
import type { Routes } from './routes.ts';

/** Milliseconds; longer ones are counted, as no turn is to take so long. */
export const LONG_TURN = 10;

export class TurnMeter {
  readonly #numbers: Float64Array;
  readonly #at: number;
  /** When the last turn ended, if there was more to do; else 0. */
  #pausedAt = 0;

  constructor(fabric: Fabric, slot: number) {
    this.#numbers = fabric.bladeNumbers;
    this.#at = slot * BLADE_NUMBER.words;
  }

  /** A turn was made; `more`: the next one follows at once. */
  note(start: number, end: number, more: boolean): void {
    const took = end - start;
    this.#add(BLADE_NUMBER.turns, 1);
    this.#add(BLADE_NUMBER.busy, took);
    if (took > LONG_TURN) this.#add(BLADE_NUMBER.longTurns, 1);
    this.#raise(BLADE_NUMBER.longestTurn, took);
    if (this.#pausedAt > 0) this.#raise(BLADE_NUMBER.longestGap, start - this.#pausedAt);
    this.#pausedAt = more ? end : 0;
    this.#noteLately(took);
  }

  /** What the blade has done so far, and that it lives. */
  count({ evaluator, recordsSent, recordsReceived }: Routes, now: number): void {
    this.#set(BLADE_NUMBER.evaluations, evaluator.evaluations);
    this.#set(BLADE_NUMBER.fullEvaluations, evaluator.fullEvaluations);
    this.#set(BLADE_NUMBER.recordsSent, recordsSent);
    this.#set(BLADE_NUMBER.recordsReceived, recordsReceived);
    this.#set(BLADE_NUMBER.heartbeat, now);
  }

  /** The longest since somebody read it: who reads counts readings, and the first turn after that begins anew. */
  #noteLately(took: number): void {
    const readings = this.#get(BLADE_NUMBER.readings);
    if (this.#get(BLADE_NUMBER.latelyReading) === readings) {
      this.#raise(BLADE_NUMBER.longestTurnLately, took);
      return;
    }
    this.#set(BLADE_NUMBER.longestTurnLately, took);
    this.#set(BLADE_NUMBER.latelyReading, readings);
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
