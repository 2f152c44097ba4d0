/**
 * Runs inputs one after another. An input is a function of the seed and its number alone, so that each can be run again by
 * itself, in whichever thread it came up.
 */
import { Random } from '../../src/base/random.ts';
import { ownThread, threadTime } from '../../src/base/thread-time.ts';
import { INPUT_ROOM, type Target } from './target.ts';
import { openTarget, streamTarget } from './targets/message.ts';
import { mrtTarget } from './targets/mrt.ts';
import { sessionTarget } from './targets/session.ts';
import { updateTarget } from './targets/update.ts';

/** How much of the inputs goes where; a conversation costs a thousand times what a message costs. */
export const TARGETS: readonly (readonly [make: () => Target, share: number])[] = [
  [updateTarget, 0.58],
  [streamTarget, 0.2],
  [openTarget, 0.1],
  [mrtTarget, 0.07],
  [sessionTarget, 0.05],
];

/** Milliseconds that one input may take at most; the least of some runs counts, without what others had of the processors. */
export const TIME_BOUND = 100;
const REPEATS = 4;
const THREAD = ownThread();

export interface Found {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  readonly why: string;
  readonly input: Uint8Array;
}

/** Called with each input before it is run: what hangs is known by then. */
export type Announce = (index: number, target: string, input: Uint8Array) => void;

export class Fuzzer {
  readonly targets: readonly Target[];
  readonly counts: Record<string, number> = {};
  /** Milliseconds of the slowest input. */
  slowest = 0;
  readonly #shares: readonly number[];
  readonly #room = new Uint8Array(INPUT_ROOM);
  readonly #bound: number;

  /** `only`: the name of a target; `bound`: milliseconds that an input may take. */
  constructor(only?: string, bound = Number.POSITIVE_INFINITY) {
    this.#bound = bound;
    const all = TARGETS.map(([make, share]) => ({ target: make(), share }));
    const chosen = only === undefined ? all : all.filter(({ target }) => target.name === only);
    if (chosen.length === 0)
      throw new Error(
        `there is no target "${only}"; there are ${all.map(({ target }) => target.name).join(', ')}`,
      );
    this.targets = chosen.map(({ target }) => target);
    this.#shares = chosen.map(({ share }) => share);
  }

  /** The input of this number; what goes wrong with it, if anything does. */
  one(seed: number, index: number, announce?: Announce): Found | undefined {
    const random = new Random(mix(seed, index));
    const target = this.#choose(random);
    const length = target.make(random, this.#room);
    const input = this.#room.slice(0, length);
    announce?.(index, target.name, input);
    this.counts[target.name] = (this.counts[target.name] ?? 0) + 1;
    const why = this.#run(target, input, mix(index, seed));
    return why === undefined ? undefined : { target: target.name, seed, index, why, input };
  }

  /** These octets, as if they had been made. */
  bytes(name: string, input: Uint8Array, seed: number): string | undefined {
    const target = this.targets.find((each) => each.name === name);
    if (target === undefined) throw new Error(`there is no target "${name}"`);
    return this.#run(target, input, seed);
  }

  #run(target: Target, input: Uint8Array, chance: number): string | undefined {
    let least = Number.POSITIVE_INFINITY;
    for (let times = 0; times < REPEATS && least > this.#bound; times++) {
      const before = performance.now();
      const waited = times === 0 ? 0 : waitedSoFar();
      try {
        target.run(input.slice(), new Random(chance));
      } catch (error) {
        return error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
      const others = times === 0 ? 0 : waitedSoFar() - waited;
      least = Math.min(least, performance.now() - before - others);
    }
    this.slowest = Math.max(this.slowest, least);
    return least > this.#bound ? `takes ${least.toFixed(0)} ms` : undefined;
  }

  #choose(random: Random): Target {
    let left = random.float() * this.#shares.reduce((sum, share) => sum + share, 0);
    for (let i = 0; i < this.targets.length - 1; i++) {
      left -= this.#shares[i] as number;
      if (left < 0) return this.targets[i] as Target;
    }
    return this.targets[this.targets.length - 1] as Target;
  }
}

/** Milliseconds for which this thread has waited for a processor. */
function waitedSoFar(): number {
  return threadTime(THREAD)?.waited ?? 0;
}

function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0 || 1;
}
