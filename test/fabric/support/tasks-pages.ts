/**
 * Owners publish pages in slots, replace them and free what they replaced; readers hold a page for a while inside
 * an epoch. A page is filled with one stamp, so that a reader sees at once when it is used again under its hands.
 *
 *   shared: [ slot 0 … slot 15 | owners still at work | owner of each page … ]
 */
import { Random } from '../../../src/base/random.ts';
import { Epochs } from '../../../src/fabric/epochs.ts';
import { PAGE_BITS, PAGE_WORDS } from '../../../src/fabric/layout.ts';
import { PageArena } from '../../../src/fabric/pages.ts';
import type { ThreadStart } from './threads.ts';

export const SLOTS = 16;
const FINISHED = SLOTS;
const OWNERS = SLOTS + 1;

/** Returns how often there was no page left. */
export function pageOwner({ memory, me, seed, count, shared }: ThreadStart): number {
  const words = new Int32Array(shared);
  const epochs = new Epochs(memory.epochs, me);
  const arena = new PageArena(memory, epochs, me);
  const random = new Random(seed + me);
  let none = 0;
  for (let i = 1; i <= count; i++) {
    epochs.enter();
    const page = arena.allocate();
    if (page === 0) none++;
    else {
      claim(words, page, me);
      checkZero(arena, page);
      const stamp = (me << 24) | i;
      arena.words.fill(stamp, page << PAGE_BITS, (page + 1) << PAGE_BITS);
      const replaced = Atomics.exchange(words, random.below(SLOTS), page);
      if (replaced !== 0) free(arena, words, replaced);
    }
    if (random.chance(0.3)) quiescent(arena, epochs);
  }
  const last = Atomics.add(words, FINISHED, 1) + 1;
  for (let slot = 0; slot < SLOTS && last === 2; slot++) {
    const page = Atomics.exchange(words, slot, 0);
    if (page !== 0) free(arena, words, page);
  }
  // Until all that this thread freed is in circulation again.
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < 50; i++) {
    quiescent(arena, epochs);
    Atomics.wait(nobody, 0, 0, 1);
  }
  epochs.leave();
  return none;
}

/** Returns how many pages it looked at. */
export function pageReader({ memory, me, seed, shared }: ThreadStart): number {
  const words = new Int32Array(shared);
  const epochs = new Epochs(memory.epochs, me);
  const arena = new PageArena(memory, epochs, me);
  const random = new Random(seed + me);
  let looked = 0;
  while (Atomics.load(words, FINISHED) < 2) {
    epochs.enter();
    for (let pages = 1 + random.below(4); pages > 0; pages--) {
      const page = Atomics.load(words, random.below(SLOTS));
      if (page === 0) continue;
      const first = page << PAGE_BITS;
      const stamp = arena.words[first + 1] as number;
      for (let looks = random.below(64); looks >= 0; looks--) {
        for (const at of [0, 1, random.below(PAGE_WORDS), PAGE_WORDS - 1])
          if (arena.words[first + at] !== stamp)
            throw new Error(`page ${page} was used again while it was read`);
      }
      looked++;
    }
    if (random.chance(0.2)) epochs.leave();
    else epochs.pass();
  }
  epochs.leave();
  return looked;
}

function claim(words: Int32Array, page: number, me: number): void {
  const owner = Atomics.compareExchange(words, OWNERS + page, 0, me + 1);
  if (owner !== 0) throw new Error(`page ${page} was given out while thread ${owner - 1} had it`);
}

/** The owner changes hands with the page: whoever replaces it in its slot frees it. */
function free(arena: PageArena, words: Int32Array, page: number): void {
  if (Atomics.exchange(words, OWNERS + page, 0) === 0) throw new Error(`page ${page} was nobody's`);
  arena.free(page);
}

function quiescent(arena: PageArena, epochs: Epochs): void {
  arena.reclaim();
  epochs.pass();
}

function checkZero(arena: PageArena, page: number): void {
  const first = page << PAGE_BITS;
  for (let i = 0; i < PAGE_WORDS; i++)
    if (arena.words[first + i] !== 0) throw new Error(`page ${page} came with old words in it`);
}
