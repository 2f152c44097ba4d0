/** The time that a turn has for one kind of work after another (limits.ts: stageTime). */
import type { Clock } from '../base/clock.ts';

export class Stage {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  #end = 0;
  #pieces = 0;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
  }

  begin(): void {
    this.#pieces = 0;
    this.#end = this.#clock() + this.#milliseconds;
  }

  /** Asked before each piece of work, or after pieces that may come to nothing: has the stage had its time? Never at first, so that all go on. */
  readonly late = (): boolean => this.#pieces++ > 0 && this.#clock() >= this.#end;

  /** Asked after a piece that was large. */
  readonly over = (): boolean => this.#clock() >= this.#end;
}
