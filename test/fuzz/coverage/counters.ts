/**
 * What code an input reached, told by V8 itself: blocks, and how often each ran in powers of two, so that a loop which goes
 * on for longer counts as new ground. No instrumentation and no native module: the profiler of this very thread.
 */
import { type Profiler, Session } from 'node:inspector';

/** More often is all the same. */
const MOST = 0x7fff;

/** A stretch of code that was told apart from what is around it, once at least. */
interface Block {
  readonly start: number;
  readonly end: number;
  /** The powers of two that were seen: a bit each. */
  seen: number;
}

type Range = Profiler.CoverageRange;

export class Counters {
  readonly #session = new Session();
  readonly #within: string;
  readonly #functions = new Map<string, Block[]>();
  /** Blocks that ran. */
  places = 0;

  /** Only scripts whose address has `within` in it count. */
  constructor(within: string) {
    this.#within = within;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Since the last call, did anything run that never ran before? Nothing is noted. */
  anyNew(): boolean {
    let any = false;
    this.#forEach((block) => {
      any ||= block.seen === 0;
    });
    return any;
  }

  /** Notes what ran since the last call; how much of it never did before, or never as often. */
  note(): number {
    let fresh = 0;
    this.#forEach((block, count) => {
      const bit = 1 << (32 - Math.clz32(Math.min(count, MOST)));
      if (block.seen & bit) return;
      if (block.seen === 0) this.places++;
      block.seen |= bit;
      fresh++;
    });
    return fresh;
  }

  close(): void {
    this.#session.disconnect();
  }

  #forEach(see: (block: Block, count: number) => void): void {
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      for (const { url, scriptId, functions } of result) {
        if (!url.includes(this.#within)) continue;
        for (const { ranges } of functions)
          this.#lookAt(`${scriptId}/${ranges[0]?.startOffset}`, ranges, see);
      }
    });
  }

  /** A block that ran as often as what is around it is not told: of all that are known, the smallest range around it counts. */
  #lookAt(name: string, ranges: readonly Range[], see: (block: Block, count: number) => void): void {
    const blocks = this.#functions.get(name) ?? [];
    this.#functions.set(name, blocks);
    for (const { startOffset: start, endOffset: end } of ranges)
      if (!blocks.some((block) => block.start === start && block.end === end))
        blocks.push({ start, end, seen: 0 });
    for (const block of blocks) {
      // Ranges stand in the order in which they contain each other.
      const around = ranges.findLast(
        ({ startOffset, endOffset }) => startOffset <= block.start && block.end <= endOffset,
      );
      if (around !== undefined && around.count > 0) see(block, around.count);
    }
  }
}
