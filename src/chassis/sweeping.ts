/**
 * When the chassis sweeps for ids that nobody uses, and gives back memory, and how much at once: it has sessions to place and operators to
 * answer. While little happens it sweeps for what went earlier than it needs the ids, so that their memory can go back; nobody waits for that,
 * and so it takes its time: a hundredth of a processor, until something happens.
 */
import type { Clock } from '../base/clock.ts';
import { BOX } from '../fabric/layout.ts';
import type { Giver } from './giver.ts';
import type { Sweeper } from './sweeper.ts';

/** Milliseconds between two looks at whether a sweep is due. */
const WATCH = 50;
/** A slice of a sweep or of giving back, and the pause behind it, milliseconds; and that where nobody waits for it. */
const SLICE = 2;
const PAUSE = 1;
const LONG_PAUSE = 200;
/** From the beginning of a sweep to that of the next one, where somebody is not told all, milliseconds. */
const HOPE = 10_000;
/** So long little happens before memory goes back, milliseconds; what little is; and how often that, and all else from then on, is looked at. */
const CALM = 5_000;
const LITTLE = 4096;
const CALM_WATCH = 500;

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
  readonly giver: Giver | undefined;
  #lookAt = 0;
  #activity = 0;
  #activeAt = 0;
  /** Who asks for a sweep is heard at once. */
  #listening = false;
  /** The sweep under way is one that nobody waits for. */
  #easy = false;
  readonly #late = (): boolean => this.#clock() >= this.#sliceEnd;

  /** `giver`: where memory can be given back. */
  constructor(sweeper: Sweeper, clock: Clock, box: Int32Array, tell: (text: string) => void, giver?: Giver) {
    this.#tell = tell;
    this.#box = box;
    this.giver = giver;
    this.#sweeper = sweeper;
    this.#clock = clock;
  }

  start(): void {
    this.#again(WATCH);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Wakes the listener, so that it ends: it would keep all of the fabric's memory from being freed.
    Atomics.notify(this.#box, BOX.sweepWanted);
  }

  #again(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#work(), milliseconds);
    this.#timer.unref();
  }

  /** For when the next look is far away: who runs out of ids need not wait for it (fabric/room.ts). False: somebody has just done so. */
  #listen(): boolean {
    if (this.#listening) return true;
    const asked = Atomics.waitAsync(this.#box, BOX.sweepWanted, 0);
    if (!asked.async) return false;
    this.#listening = true;
    void asked.value.then(() => {
      this.#listening = false;
      if (this.#timer === undefined) return;
      clearTimeout(this.#timer);
      this.#work();
    });
    return true;
  }

  /** Somebody is not told all for want of room: some may have come free. */
  #hopes(now: number): boolean {
    return Atomics.load(this.#box, BOX.untold) !== 0 && now - this.#beganAt >= HOPE;
  }

  /** Looks, now and then, whether something happens. True: it did not, for some seconds. */
  #looksCalm(now: number): boolean {
    if (now < this.#lookAt) return false;
    this.#lookAt = now + CALM_WATCH;
    const { activity } = this.#sweeper.need;
    if (Math.abs(activity - this.#activity) > LITTLE) {
      this.#activity = activity;
      this.#activeAt = now;
    }
    return now - this.#activeAt >= CALM;
  }

  /** Somebody waits for a sweep, or may do so soon: while one is under way, everybody looks into two tables. */
  #hurries(now: number): boolean {
    this.#looksCalm(now);
    return this.#sweeper.need.due || this.#hopes(now) || now - this.#activeAt < CALM;
  }

  /** Nothing is due, and it is calm. True: a sweep should begin. */
  #useCalm(): boolean {
    if (this.giver === undefined) return false;
    if (this.#sweeper.need.worthwhile) return true;
    const { sweeps } = this.#sweeper.numbers;
    if (this.giver.due(sweeps)) this.giver.begin(sweeps);
    return false;
  }

  /** A slice of what is given back, unless there is something better to do. False: nothing is. */
  #gives(now: number): boolean {
    if (!this.giver?.giving) return false;
    if (this.#hurries(now)) {
      this.giver.abandon();
      return false;
    }
    this.#sliceEnd = now + SLICE;
    try {
      while (this.giver.step() && !this.#late());
    } catch (error) {
      this.#tell(`memory could not be given back, and stays: ${(error as Error).stack}`);
    }
    return true;
  }

  /** Which sweep is to begin, if any. */
  #begins(now: number): 'due' | 'easy' | undefined {
    if (this.#sweeper.need.due || this.#hopes(now)) return 'due';
    return this.#looksCalm(now) && this.#useCalm() ? 'easy' : undefined;
  }

  #work(): void {
    this.#timer = undefined;
    const start = this.#clock();
    if (this.#gives(start)) {
      this.#again(LONG_PAUSE);
      return;
    }
    if (!this.#sweeper.sweeping) {
      const begins = this.#begins(start);
      if (begins === undefined) {
        this.#again(start - this.#activeAt >= CALM && this.#listen() ? CALM_WATCH : WATCH);
        return;
      }
      this.#easy = begins === 'easy';
      this.#sweeper.begin();
      this.#beganAt = start;
    }
    if (this.#easy && this.#hurries(start)) this.#easy = false;
    this.#sliceEnd = start + SLICE;
    try {
      if (this.#sweeper.step(this.#late)) this.#again(this.#easy ? LONG_PAUSE : PAUSE);
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
