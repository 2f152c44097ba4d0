/**
 * What is nobody's comes back, at the end of a sweep (sweeper.ts): all use the new tables by now, so what is in none of them, and was not
 * taken just before, can be given out again. Blocks of attribute bytes that are less than half in use are emptied first.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BOX } from '../fabric/layout.ts';
import type { NumberPool } from '../fabric/number-pool.ts';
import { clearPresence } from '../rib/presence.ts';
import { bits, each, has, type IdBits } from './id-bits.ts';
import type { SweepNumbers } from './sweeper.ts';

/** Which of a sweep's pools, as sweptPools has them. */
const POOL = { prefixes4: 0, prefixes6: 1, attributes: 2, blocks: 3 } as const;

export function sweptPools({ prefixes, attributes }: Fabric): readonly NumberPool[] {
  return [prefixes.pool4, prefixes.pool6, attributes.pool, attributes.blocks];
}

export interface GivingBack {
  readonly fabric: Fabric;
  /** What is in the tables. */
  readonly live: IdBits;
  /** Ids or slots looked at in one piece. */
  readonly piece: number;
  readonly numbers: SweepNumbers;
  readonly quiescence: () => Generator<void>;
}

/** Notes what is in the tables that all use now; the others are emptied for the next time. */
export function* settle({ fabric: { prefixes, attributes }, live, piece }: GivingBack): Generator<void> {
  const slots = piece * 4;
  for (let slot = 0; slot < prefixes.slots; slot += slots) {
    prefixes.settle(live.prefixes, slot, slot + slots);
    yield;
  }
  for (let slot = 0; slot < attributes.slots; slot += slots) {
    attributes.settle(live.sets, slot, slot + slots);
    yield;
  }
}

export function* giveBack(work: GivingBack): Generator<void> {
  const { fabric, live, numbers, quiescence } = work;
  const { base6 } = fabric.prefixes;
  const pools = sweptPools(fabric);
  const returned = pools.map((pool) => bits(pool.limit));
  const bounds = pools.map((pool, i) => pool.noteReturned(returned[i] as Uint32Array));
  // Whoever took some just before has noted when by then.
  yield* quiescence();
  const phase = Atomics.load(fabric.box, BOX.phase);
  const isFree = (which: number, number: number): boolean =>
    !pools[which]?.takenIn(phase, number) && !has(returned[which] as Uint32Array, number);
  const give = (which: number, isLive: (number: number) => boolean, clear?: (number: number) => void) =>
    giveEach(pools[which] as NumberPool, bounds[which] as number, work.piece, (number) => {
      if (isLive(number) || !isFree(which, number)) return false;
      clear?.(number);
      return true;
    });
  const isLivePrefix = (id: number): boolean => has(live.prefixes, id);
  const clean = (id: number): void => clearPresence(fabric, id);
  numbers.prefixes4 += yield* give(POOL.prefixes4, isLivePrefix, clean);
  numbers.prefixes6 += yield* give(
    POOL.prefixes6,
    (number) => isLivePrefix(base6 + number),
    (number) => clean(base6 + number),
  );
  const canMove = (block: number): boolean => isFree(POOL.blocks, block);
  const used = yield* evacuate(work, canMove, bounds[POOL.blocks] as number);
  // The sets that went elsewhere: who reads them where they stood has done so by then.
  yield* quiescence();
  numbers.attributes += yield* give(POOL.attributes, (number) => has(live.sets, number));
  numbers.blocks += yield* give(POOL.blocks, (block) => used[block] !== 0);
}

function* giveEach(
  pool: NumberPool,
  bound: number,
  piece: number,
  gives: (number: number) => boolean,
): Generator<void, number> {
  let given = 0;
  for (let number = 0; number < bound; ) {
    const end = Math.min(bound, number + piece);
    for (; number < end; number++) {
      if (!gives(number)) continue;
      pool.give(number);
      given++;
    }
    pool.publish();
    yield;
  }
  return given;
}

/** Empties blocks that are less than half in use; returns the units in use by block. `canMove`: nobody has taken it just before. */
function* evacuate(
  { fabric: { attributes }, live, piece, numbers }: GivingBack,
  canMove: (block: number) => boolean,
  bound: number,
): Generator<void, Int32Array> {
  const used = new Int32Array(attributes.blocks.limit + 1);
  yield* each(live.sets, piece, (number) => {
    const block = attributes.blockOf(number + 1);
    used[block] = (used[block] as number) + attributes.unitsOf(number + 1);
  });
  const sparse = new Uint8Array(attributes.blocks.limit + 1);
  let some = false;
  for (let block = 0; block < bound; block++) {
    const units = used[block] as number;
    if (units === 0 || units * 2 > attributes.blockUnits || !canMove(block)) continue;
    sparse[block] = 1;
    some = true;
  }
  if (!some) return used;
  yield* each(live.sets, piece, (number) => {
    const block = attributes.blockOf(number + 1);
    if (sparse[block] === 0 || !attributes.evacuate(number + 1)) return;
    used[block] = (used[block] as number) - attributes.unitsOf(number + 1);
    numbers.evacuated++;
  });
  return used;
}
