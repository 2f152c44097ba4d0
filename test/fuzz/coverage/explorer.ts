/**
 * Fuzzing that learns: inputs that reach code which none did before, or more often, are kept, and what is tried next is made of
 * them. Asking V8 costs as much as ten inputs, so they are run in batches, and one by one only where a batch
 * reached something new, and now and then for what is done more often.
 */
import { Random } from '../../../src/base/random.ts';
import { INPUT_ROOM, type Target } from '../target.ts';
import type { Counters } from './counters.ts';
import { havoc } from './havoc.ts';

export interface Input {
  readonly bytes: Uint8Array;
  /** Where chance begins that `Target.run` is given beside the octets. */
  readonly chance: number;
}

export interface Found {
  readonly input: Input;
  readonly why: string;
}

const BATCH = 20;
const ONE_BY_ONE = 0.1;
/** The last that came to a new place are tried as often as all others. */
const LATEST = 10;
/** Made by the target's own mutation, and not of what is kept. */
const FRESH = 0.25;

export class Explorer {
  readonly kept: Input[] = [];
  /** Of those kept, who came to a new place, and did not just go round more often. */
  readonly #firsts: Input[] = [];
  inputs = 0;
  /** Milliseconds of the slowest input that was run by itself. */
  slowest = 0;
  readonly #target: Target;
  readonly #counters: Counters;
  readonly #random: Random;
  readonly #room = new Uint8Array(INPUT_ROOM);

  constructor(target: Target, counters: Counters, seed: number) {
    this.#target = target;
    this.#counters = counters;
    this.#random = new Random(seed);
  }

  /** A batch of inputs; those with which something is wrong. */
  step(): Found[] {
    const batch = Array.from({ length: BATCH }, () => this.#next());
    if (this.#random.chance(ONE_BY_ONE)) return batch.flatMap((input) => this.look(input));
    const found = batch.flatMap((input) => this.#run(input));
    return this.#counters.anyNew() ? [...found, ...batch.flatMap((input) => this.look(input))] : found;
  }

  /** Runs one input by itself, and keeps it if it is the first to get somewhere. */
  look(input: Input): Found[] {
    const before = performance.now();
    const found = this.#run(input);
    this.slowest = Math.max(this.slowest, performance.now() - before);
    const { places } = this.#counters;
    if (this.#counters.note() > 0) this.kept.push(input);
    if (this.#counters.places > places) this.#firsts.push(input);
    return found;
  }

  #run(input: Input): Found[] {
    this.inputs++;
    try {
      this.#target.run(input.bytes.slice(), new Random(input.chance));
      return [];
    } catch (error) {
      return [{ input, why: error instanceof Error ? (error.stack ?? error.message) : String(error) }];
    }
  }

  #next(): Input {
    const random = this.#random;
    const chance = 1 + random.below(0x7ffffffe);
    if (this.kept.length === 0 || random.chance(FRESH)) {
      const length = this.#target.make(random, this.#room);
      return { bytes: this.#room.slice(0, length), chance };
    }
    const parent = random.pick(random.chance(0.5) ? this.#firsts.slice(-LATEST) : this.kept);
    const bytes = havoc(parent.bytes, random.pick(this.kept).bytes, random);
    return { bytes, chance: random.chance(0.7) ? parent.chance : chance };
  }
}
