/**
 * Load over time: what each session, blade and line card did in the last seconds, from the counters in the fabric and the
 * system's of threads. A sample a second; a measurement compares the newest with one some seconds old, so that a burst does
 * not move sessions.
 */
import { threadTime } from '../base/thread-time.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER, CARD_NUMBER, SESSION_NUMBER } from '../fabric/layout.ts';

/** Seconds that a measurement looks back. */
const WINDOW = 5;
/** A reading serves for so long, milliseconds: a table of a thousand rows takes one. */
const FRESH = 50;

interface Sample {
  /** Monotonic milliseconds. */
  readonly time: number;
  /** Milliseconds of blade time by session. */
  readonly busy: Float64Array;
  /** Both ways, and those sent. */
  readonly updates: Float64Array;
  readonly sent: Float64Array;
  /** Milliseconds by session that its blade used for something else than hearing, in equal parts of the kinds that it told. */
  readonly told: Float64Array;
  /** Milliseconds of processor time, and waited for it, by thread: blades, then line cards. */
  readonly used: Float64Array;
  readonly waited: Float64Array;
}

/** Of which kind (kinds.ts) the neighbour of a session is. */
type KindOf = (session: number) => string | undefined;

export class LoadMeter {
  readonly #fabric: Fabric;
  readonly #clock: () => number;
  readonly #kindOf: KindOf;
  #samples: Sample[] = [];
  #latest: Sample;

  constructor(fabric: Fabric, clock: () => number, kindOf: KindOf = () => undefined) {
    this.#kindOf = kindOf;
    this.#fabric = fabric;
    this.#clock = clock;
    this.#latest = this.#read();
    this.#samples.push(this.#latest);
  }

  /** A session is about to have another home: what was done up to now was done where it is. */
  moving(): void {
    this.#latest = this.#take();
  }

  /** To be called once a second. */
  sample(): void {
    this.#latest = this.#take();
    this.#samples.push(this.#latest);
    if (this.#samples.length > WINDOW + 1) this.#samples.shift();
  }

  /** Percent of one processor that a blade used lately, and that it waited for one. */
  bladeCpu(slot: number): number {
    return this.#rate(({ used }) => used[slot] as number) / 10;
  }

  bladeWait(slot: number): number {
    return this.#rate(({ waited }) => waited[slot] as number) / 10;
  }

  cardCpu(card: number): number {
    return this.bladeCpu(this.#fabric.options.blades + card);
  }

  cardWait(card: number): number {
    return this.bladeWait(this.#fabric.options.blades + card);
  }

  /** Percent of one processor that was spent for a session lately. */
  sessionCpu(session: number): number {
    return this.#rate((sample) => sample.busy[session] as number) / 10;
  }

  /** Percent of one processor that telling all of the session's kind took lately, on the blades where it was. */
  sessionTold(session: number): number {
    return this.#rate((sample) => sample.told[session] as number) / 10;
  }

  /** UPDATE messages a second, both ways. */
  sessionUpdates(session: number): number {
    return this.#rate((sample) => sample.updates[session] as number);
  }

  sessionUpdatesSent(session: number): number {
    return this.#rate((sample) => sample.sent[session] as number);
  }

  /** Growth of a number a second. */
  #rate(of: (sample: Sample) => number): number {
    if (this.#clock() - this.#latest.time > FRESH) this.#latest = this.#take();
    const then = this.#samples[0] as Sample;
    const seconds = (this.#latest.time - then.time) / 1000;
    return seconds < 0.01 ? 0 : Math.max(0, of(this.#latest) - of(then)) / seconds;
  }

  #take(): Sample {
    const sample = this.#read();
    const before = this.#latest;
    sample.told.set(before.told);
    const { sessions, blades } = this.#fabric.options;
    // A thread, and a session in another's place, begin anew.
    const more = (now: number, then: number): number => Math.max(0, now - then);
    const besides = Array.from({ length: blades }, (_, slot) =>
      more(sample.used[slot] as number, before.used[slot] as number),
    );
    const kinds = besides.map(() => new Set<string>());
    const tellers: [session: number, home: number][] = [];
    for (let session = 0; session < sessions; session++) {
      const home = this.#fabric.homeOf(session);
      if (home < 0 || home >= blades) continue;
      besides[home]! -= more(sample.busy[session] as number, before.busy[session] as number);
      const kind = this.#kindOf(session);
      if (kind === undefined) continue;
      kinds[home]?.add(kind);
      tellers.push([session, home]);
    }
    for (const [session, home] of tellers)
      sample.told[session]! += (besides[home] as number) / (kinds[home] as Set<string>).size;
    return sample;
  }

  #read(): Sample {
    const { sessions, blades, lineCards } = this.#fabric.options;
    const sample: Sample = {
      time: this.#clock(),
      busy: new Float64Array(sessions),
      updates: new Float64Array(sessions),
      sent: new Float64Array(sessions),
      told: new Float64Array(sessions),
      used: new Float64Array(blades + lineCards),
      waited: new Float64Array(blades + lineCards),
    };
    for (let session = 0; session < sessions; session++) {
      sample.busy[session] = this.#fabric.number(session, SESSION_NUMBER.busy);
      const sent = this.#fabric.number(session, SESSION_NUMBER.updatesSent);
      sample.updates[session] = this.#fabric.number(session, SESSION_NUMBER.updatesReceived) + sent;
      sample.sent[session] = sent;
    }
    for (let slot = 0; slot < blades; slot++) {
      const number = (which: number): number => this.#fabric.bladeNumber(slot, which);
      // Where the system says nothing of threads, the time in turns says about as much.
      this.#noteThread(sample, slot, number(BLADE_NUMBER.thread), number(BLADE_NUMBER.busy));
    }
    for (let card = 0; card < lineCards; card++)
      this.#noteThread(sample, blades + card, this.#fabric.cardNumber(card, CARD_NUMBER.thread), 0);
    return sample;
  }

  #noteThread(sample: Sample, index: number, thread: number, otherwise: number): void {
    const time = threadTime(thread);
    sample.used[index] = time?.used ?? otherwise;
    sample.waited[index] = time?.waited ?? 0;
  }
}
