/**
 * Load over time: what each session and blade did in the last seconds, from the counters in the fabric. A sample a
 * second; a measurement compares the newest with one some seconds old, so that a burst does not move sessions.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BLADE_NUMBER, SESSION_NUMBER } from '../fabric/layout.ts';

/** Seconds that a measurement looks back. */
const WINDOW = 5;

interface Sample {
  /** Monotonic milliseconds. */
  readonly time: number;
  /** Milliseconds of blade time by session. */
  readonly busy: Float64Array;
  readonly updates: Float64Array;
  /** Milliseconds of processor time by blade. */
  readonly cpu: Float64Array;
}

export class LoadMeter {
  readonly #fabric: Fabric;
  readonly #clock: () => number;
  #samples: Sample[] = [];

  constructor(fabric: Fabric, clock: () => number) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.sample();
  }

  /** To be called once a second. */
  sample(): void {
    this.#samples.push(this.#take());
    if (this.#samples.length > WINDOW + 1) this.#samples.shift();
  }

  /** Percent of one processor that a blade used lately. */
  bladeCpu(slot: number): number {
    return this.#rate((sample) => sample.cpu[slot] as number) / 10;
  }

  /** Percent of one processor that was spent for a session lately. */
  sessionCpu(session: number): number {
    return this.#rate((sample) => sample.busy[session] as number) / 10;
  }

  /** UPDATE messages a second, both ways. */
  sessionUpdates(session: number): number {
    return this.#rate((sample) => sample.updates[session] as number);
  }

  /** Growth of a number a second. */
  #rate(of: (sample: Sample) => number): number {
    const now = this.#take();
    const then = this.#samples[0] as Sample;
    const seconds = (now.time - then.time) / 1000;
    return seconds < 0.01 ? 0 : Math.max(0, of(now) - of(then)) / seconds;
  }

  #take(): Sample {
    const { sessions, blades } = this.#fabric.options;
    const busy = new Float64Array(sessions);
    const updates = new Float64Array(sessions);
    const cpu = new Float64Array(blades);
    for (let session = 0; session < sessions; session++) {
      busy[session] = this.#fabric.number(session, SESSION_NUMBER.busy);
      updates[session] =
        this.#fabric.number(session, SESSION_NUMBER.updatesReceived) +
        this.#fabric.number(session, SESSION_NUMBER.updatesSent);
    }
    for (let slot = 0; slot < blades; slot++) cpu[slot] = this.#fabric.bladeNumber(slot, BLADE_NUMBER.cpu);
    return { time: this.#clock(), busy, updates, cpu };
  }
}
