/** Waiting for another process: by asking it again and again, never by a fixed sleep. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  seconds?: number;
  /** Milliseconds between two questions. */
  every?: number;
}

/** Thrown by a question, ends the waiting at once: what is waited for will not come. */
export class Hopeless extends Error {}

/** Asks until the answer is something; says what it waited for when that never came. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { seconds = 60, every = 50 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    await sleep(every);
  } while (performance.now() < deadline);
  throw new Error(
    `waited ${seconds} s in vain for ${what}` + (last === undefined ? '' : `: ${String(last)}`),
  );
}
