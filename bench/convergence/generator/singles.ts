/**
 * Single changes, one after the other, on a router that has nothing else to do: the next one is sent when
 * everybody has been told of the last one, and a little later.
 */
import type { Single } from './announcements.ts';
import type { Session } from './session.ts';

/** Milliseconds between everybody told and the next change; never the same, so that no timer is met each time. */
const GAPS = [3, 4.3, 5.9, 7.2];
/** Milliseconds after which a change is given up. */
const PATIENCE = 5000;

/** Microseconds from a change sent to its arrival at the watched session, and at the last one: daemons tell one after another. */
export interface Arrival {
  readonly watched: number;
  readonly last: number;
}

/** `watched` is one of `others`. */
export async function sendSingles(
  from: Session,
  singles: readonly Single[],
  watched: Session,
  others: readonly Session[],
): Promise<Arrival[]> {
  const arrivals: Arrival[] = [];
  for (const [i, { bytes }] of singles.entries()) {
    await new Promise((resolve) => setTimeout(resolve, GAPS[i % GAPS.length]));
    arrivals.push(await arrival(from, bytes, watched, others));
  }
  return arrivals;
}

async function arrival(
  from: Session,
  bytes: Uint8Array,
  watched: Session,
  others: readonly Session[],
): Promise<Arrival> {
  let arrived = 0;
  let last = 0;
  let start = 0;
  await new Promise<void>((resolve, reject) => {
    const impatient = setTimeout(() => reject(new Error('a single change did not arrive')), PATIENCE);
    const missing = new Set(others);
    for (const session of others)
      session.onChange = (now) => {
        if (session === watched && arrived === 0) arrived = now;
        missing.delete(session);
        if (missing.size > 0) return;
        last = now;
        clearTimeout(impatient);
        resolve();
      };
    start = performance.now();
    from.send(bytes);
  });
  for (const session of others) session.onChange = undefined;
  return { watched: (arrived - start) * 1000, last: (last - start) * 1000 };
}
