/** Threads that wake each other. A wake-up that was lost shows as a sleep of its full length. */
import { Random } from '../../../src/base/random.ts';
import { Doorbells } from '../../../src/fabric/doorbell.ts';
import { ReadySets } from '../../../src/fabric/ready.ts';
import type { ThreadStart } from './threads.ts';

const LONG_SLEEP = 20_000;
const BALL = 0;

function dawdle(random: Random): void {
  let x = 0;
  for (let i = random.below(300); i > 0; i--) x = Math.imul(x + i, 31);
  if (x === 1) throw new Error('unreachable, and not to be optimised away');
}

function awaitBall(start: ThreadStart, bells: Doorbells, random: Random, until: number): void {
  const words = new Int32Array(start.shared);
  while (Atomics.load(words, BALL) !== until) {
    dawdle(random);
    const seen = bells.beforeSleep(start.me);
    if (Atomics.load(words, BALL) === until) {
      bells.awake(start.me);
      return;
    }
    dawdle(random);
    const before = performance.now();
    bells.sleep(start.me, seen, LONG_SLEEP);
    if (performance.now() - before >= LONG_SLEEP) throw new Error('a wake-up was lost');
  }
}

function play(start: ThreadStart): number {
  const words = new Int32Array(start.shared);
  const bells = new Doorbells(start.memory.bells);
  const random = new Random(start.seed + start.me);
  for (let ball = start.me; ball < start.count; ball += 2) {
    awaitBall(start, bells, random, ball);
    dawdle(random);
    Atomics.store(words, BALL, ball + 1);
    bells.ring(1 - start.me);
  }
  return start.count;
}

export const pinger = play;
export const ponger = play;

/** As ponger, for a thread with an event loop. */
export async function asyncPonger(start: ThreadStart): Promise<number> {
  const words = new Int32Array(start.shared);
  const bells = new Doorbells(start.memory.bells);
  const random = new Random(start.seed + start.me);
  // Waiting for a word alone does not keep an event loop alive; a line card has its port for that.
  const alive = setInterval(() => {}, LONG_SLEEP);
  for (let ball = 1; ball < start.count; ball += 2) {
    while (Atomics.load(words, BALL) !== ball) {
      const seen = bells.beforeSleep(1);
      if (Atomics.load(words, BALL) === ball) {
        bells.awake(1);
        break;
      }
      dawdle(random);
      const before = performance.now();
      await bells.sleepAsync(1, seen, LONG_SLEEP);
      if (performance.now() - before >= LONG_SLEEP) throw new Error('a wake-up was lost');
    }
    Atomics.store(words, BALL, ball + 1);
    bells.ring(0);
  }
  clearInterval(alive);
  return start.count;
}

// shared: [ bringers that finished | – | news of session 0 … 63 ]
const NEWS = 2;

/** Brings news of sessions and says so; several bring at once. */
export function newsBringer({ memory, me, seed, count, shared }: ThreadStart): number {
  const words = new Int32Array(shared);
  const ready = new ReadySets(memory.ready, memory.options.sessions);
  const bells = new Doorbells(memory.bells);
  const random = new Random(seed + me);
  for (let i = 0; i < count; i++) {
    const session = random.below(memory.options.sessions);
    Atomics.add(words, NEWS + session, 1);
    ready.setForBlade(session);
    ready.setForCard(0, session);
    bells.ring(0);
    dawdle(random);
  }
  Atomics.add(words, 0, 1);
  bells.ring(0);
  return count;
}

/** Takes what is ready, and must have seen the newest of every session when nothing is ready any more. */
export function newsTaker({ memory, threads, shared }: ThreadStart): number {
  const words = new Int32Array(shared);
  const { sessions } = memory.options;
  const ready = new ReadySets(memory.ready, sessions);
  const bells = new Doorbells(memory.bells);
  const seenByBlade = new Int32Array(sessions);
  const seenByCard = new Int32Array(sessions);
  const note = (seen: Int32Array, index: number, taken: number): boolean => {
    for (let bits = taken; bits !== 0; bits &= bits - 1) {
      const session = index * 32 + 31 - Math.clz32(bits & -bits);
      seen[session] = Atomics.load(words, NEWS + session);
    }
    return taken !== 0;
  };
  const take = (): boolean => {
    let any = false;
    for (let index = 0; index < ready.size; index++) {
      if (note(seenByBlade, index, ready.takeForBlade(index, 0x0f0f0f0f))) any = true;
      if (note(seenByBlade, index, ready.takeForBlade(index, ~0x0f0f0f0f))) any = true;
      if (note(seenByCard, index, ready.takeForCard(0, index))) any = true;
    }
    return any;
  };
  while (Atomics.load(words, 0) < threads - 1) {
    const seen = bells.beforeSleep(0);
    if (take()) {
      bells.awake(0);
      continue;
    }
    if (Atomics.load(words, 0) === threads - 1) break;
    const before = performance.now();
    bells.sleep(0, seen, LONG_SLEEP);
    if (performance.now() - before >= LONG_SLEEP) throw new Error('a wake-up was lost');
  }
  while (take());
  let total = 0;
  for (let session = 0; session < sessions; session++) {
    const news = words[NEWS + session] as number;
    if (seenByBlade[session] !== news || seenByCard[session] !== news)
      throw new Error(`session ${session} has news that nobody was told of`);
    total += news;
  }
  return total;
}
