/**
 * The processor's share of both blades while a session moves, at steps of 0.2 s, as in Figure 8 of the paper: for the graft
 * inside the chassis and for one that copies.
 */
import { monotonicMilliseconds } from '../../src/base/clock.ts';
import { threadTime } from '../../src/base/thread-time.ts';
import { BLADE_NUMBER } from '../../src/fabric/layout.ts';
import type { Feed } from '../../src/lab/feed.ts';
import { type Box, neighborAddress } from './box.ts';
import { copyingGrafts } from './copying-graft.ts';

/** Milliseconds. */
const STEP = 200;
const STEPS_BEFORE = 5;
const STEPS_AFTER = 10;
const REST = STEP * (Math.max(STEPS_BEFORE, STEPS_AFTER) + 2);
/** The first ones let the compiler see the code. */
const WARM = 3;

export interface CpuStep {
  /** Seconds from the beginning of the graft to the end of the step. */
  readonly seconds: number;
  /** Percent of a core. */
  readonly source: number;
  readonly target: number;
}

/** Reads what two threads have used, again and again. */
class Sampler {
  readonly #samples: { time: number; source: number; target: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(source: number, target: number) {
    const used = (thread: number): number => threadTime(thread)?.used ?? Number.NaN;
    const take = (): void => {
      this.#samples.push({ time: monotonicMilliseconds(), source: used(source), target: used(target) });
    };
    take();
    this.#timer = setInterval(take, STEP);
  }

  /** The steps around a graft that began then. */
  stop(begun: number): CpuStep[] {
    clearInterval(this.#timer);
    const steps: CpuStep[] = [];
    for (let i = 1; i < this.#samples.length; i++) {
      const [from, to] = [this.#samples[i - 1]!, this.#samples[i]!];
      const seconds = (to.time - begun) / 1000;
      if (seconds <= (-STEPS_BEFORE * STEP) / 1000 || seconds > ((STEPS_AFTER + 1) * STEP) / 1000) continue;
      const percent = (a: number, b: number): number =>
        Math.round((1000 * (b - a)) / (to.time - from.time)) / 10;
      steps.push({
        seconds: Math.round(seconds * 100) / 100,
        source: percent(from.source, to.source),
        target: percent(from.target, to.target),
      });
    }
    return steps;
  }
}

/** The session of the first neighbour moves to the next blade once. */
export async function cpuOfGraft({ running }: Box): Promise<CpuStep[]> {
  const { chassis } = running;
  const entry = chassis.entry(neighborAddress(0));
  const next = (): number => (chassis.fabric.homeOf(entry.index) + 1) % chassis.blades.length;
  for (let i = 0; i < WARM; i++) await chassis.graft(entry, next(), 'benchmark');
  await rest();
  const thread = (slot: number): number => chassis.fabric.bladeNumber(slot, BLADE_NUMBER.thread);
  const sampler = new Sampler(thread(chassis.fabric.homeOf(entry.index)), thread(next()));
  await rest();
  const begun = monotonicMilliseconds();
  await chassis.graft(entry, next(), 'benchmark');
  await rest();
  return sampler.stop(begun);
}

/** The same, for the graft that copies: the last of some, so that it is as warm. */
export async function cpuOfCopyingGraft(feed: Feed): Promise<CpuStep[]> {
  let sampler: Sampler | undefined;
  const times = await copyingGrafts(feed, WARM, {
    rest: REST,
    threads: (source, target) => {
      sampler = new Sampler(source, target);
    },
  });
  return sampler?.stop(times.at(-1)?.startedAt ?? 0) ?? [];
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST));
}
