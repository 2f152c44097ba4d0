/** When the chassis sweeps for ids that nobody uses, and how much at once: it has sessions to place and operators to answer. */
import type { Clock } from '../base/clock.ts';
import { BOX } from '../fabric/layout.ts';
import type { Sweeper } from './sweeper.ts';

/** Milliseconds between two looks at whether a sweep is due. */
const WATCH = 50;
/** A slice of a sweep, and the pause behind it, milliseconds. */
const SLICE = 2;
const PAUSE = 1;
/** From the beginning of a sweep to that of the next one, where somebody is not told all, milliseconds. */
const HOPE = 10_000;

export class Sweeping {
  readonly #sweeper: Sweeper;
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #sliceEnd = 0;
  /** Milliseconds of the last sweep, and of the longest slice. */
  lastTook = 0;
  longestSlice = 0;
  #beganAt = 0;
  readonly #box: Int32Array;
  readonly #late = (): boolean => this.#clock() >= this.#sliceEnd;

  constructor(sweeper: Sweeper, clock: Clock, box: Int32Array, tell: (text: string) => void) {
    this.#tell = tell;
    this.#box = box;
    this.#sweeper = sweeper;
    this.#clock = clock;
  }

  start(): void {
    this.#again(WATCH);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #again(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#work(), milliseconds);
    this.#timer.unref();
  }

  /** Somebody is not told all for want of room: some may have come free. */
  #hopes(now: number): boolean {
    return Atomics.load(this.#box, BOX.untold) !== 0 && now - this.#beganAt >= HOPE;
  }

  #work(): void {
    const start = this.#clock();
    if (!this.#sweeper.sweeping) {
      if (!this.#sweeper.due && !this.#hopes(start)) {
        this.#again(WATCH);
        return;
      }
      this.#sweeper.begin();
      this.#beganAt = start;
    }
    this.#sliceEnd = start + SLICE;
    try {
      if (this.#sweeper.step(this.#late)) this.#again(PAUSE);
      else {
        this.lastTook = this.#clock() - this.#beganAt;
        this.#again(WATCH);
      }
    } catch (error) {
      // Ids do not come back any more; everything else goes on.
      this.#tell(`a sweep for ids failed, and there are no more of them: ${(error as Error).stack}`);
    }
    this.longestSlice = Math.max(this.longestSlice, this.#clock() - start);
  }
}
