/** Waiting until nothing moves any more: neighbours hear nothing, and both sides count the same routes. */
import { OperationError, type SessionRow } from '../../chassis/operations.ts';
import { number } from '../../cli/format.ts';
import type { SpeakerStats } from '../speaker.ts';
import { CAST, COLLECTOR } from './cast.ts';
import type { Stage } from './stage.ts';

/** Milliseconds between looks. */
const LOOK = 250;
/** Nothing must have come for so many looks. */
const QUIET_LOOKS = 4;
/** Milliseconds without any progress: something is stuck. */
const STUCK = 60_000;

export interface Settled {
  readonly stats: readonly SpeakerStats[];
  /** When the last message came, as performance.now(). */
  readonly lastChange: number;
}

interface Look {
  readonly stats: readonly SpeakerStats[];
  /** Routes that neighbours have, and that the router says it told them. */
  readonly has: number;
  readonly told: number;
}

/** Resolves when all is quiet; `text` is for the progress, which is not shown without it. */
export async function settle(stage: Stage, text?: string): Promise<Settled> {
  const { interrupt, screen } = stage;
  let last = '';
  let lastChange = performance.now();
  for (let unchanged = 0; ; unchanged++) {
    const { stats, has, told } = await interrupt.guard(look(stage));
    const now = JSON.stringify(stats.map(({ updates, messagesSent }) => [updates, messagesSent]));
    if (now !== last) {
      unchanged = 0;
      lastChange = performance.now();
    }
    last = now;
    // Quiet alone is no proof on a busy machine: both sides must count the same.
    if (unchanged >= QUIET_LOOKS && has === told) return { stats, lastChange };
    if (performance.now() - lastChange > STUCK)
      throw new OperationError(
        `the router says that it told ${told} routes, and its neighbours have ${has}; nothing moves any more`,
      );
    if (text !== undefined) {
      const { routes4, routes6 } = stats[COLLECTOR] as SpeakerStats;
      const prefixes = number(routes4 + routes6, screen.terminal);
      screen.progress(`${text}; ${prefixes} prefixes have come through`, has, told);
    }
    await interrupt.pause(LOOK);
  }
}

async function look(stage: Stage): Promise<Look> {
  const [sessions, stats] = await Promise.all([
    stage.box.ask<SessionRow[]>('show sessions'),
    stage.neighbours.stats(),
  ]);
  const has = stats.reduce((sum, { routes4, routes6 }) => sum + routes4 + routes6, 0);
  const told = CAST.reduce((sum, { address }) => {
    const row = sessions.find(({ neighbor }) => neighbor === address);
    return sum + (row?.routesAdvertised ?? 0);
  }, 0);
  return { stats, has, told };
}
