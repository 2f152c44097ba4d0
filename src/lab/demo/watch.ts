/**
 * What goes on, from both sides: the router's blades and sessions by its control socket, the neighbours by
 * themselves. Rates are those of the last few looks.
 */
import type { BladeRow, SessionRow } from '../../chassis/operations.ts';
import type { SpeakerStats } from '../speaker.ts';
import type { Box } from './box/box.ts';
import { CAST } from './cast.ts';
import type { Neighbours } from './neighbours.ts';

export interface SessionView extends SessionRow {
  readonly name: string;
  /** UPDATE messages a second, lately. */
  readonly inRate: number;
  readonly outRate: number;
}

export interface View {
  readonly blades: readonly BladeRow[];
  readonly sessions: readonly SessionView[];
  readonly stats: readonly SpeakerStats[];
}

interface Look {
  /** Milliseconds. */
  readonly time: number;
  readonly sessions: readonly SessionRow[];
}

/** Rates look back over so many looks. */
const WINDOW = 4;

export class Watch {
  readonly #box: Box;
  readonly #neighbours: Neighbours;
  #looks: Look[] = [];

  constructor(box: Box, neighbours: Neighbours) {
    this.#box = box;
    this.#neighbours = neighbours;
  }

  /** Rates begin anew: what came before was something else. */
  forget(): void {
    this.#looks = [];
  }

  async look(): Promise<View> {
    const [blades, sessions, stats] = await Promise.all([
      this.#box.ask<BladeRow[]>('show blades'),
      this.#box.ask<SessionRow[]>('show sessions'),
      this.#neighbours.stats(),
    ]);
    const look: Look = { time: performance.now(), sessions };
    this.#looks.push(look);
    if (this.#looks.length > WINDOW) this.#looks.shift();
    const first = this.#looks[0] as Look;
    const seconds = (look.time - first.time) / 1000;
    const rate = (now: number, then: number): number =>
      seconds < 0.1 ? 0 : Math.max(0, now - then) / seconds;
    const viewed = sessions.map((row) => {
      const then = first.sessions.find(({ neighbor }) => neighbor === row.neighbor) ?? row;
      return {
        ...row,
        name: CAST.find(({ address }) => address === row.neighbor)?.name ?? '',
        inRate: rate(row.updatesReceived, then.updatesReceived),
        outRate: rate(row.updatesSent, then.updatesSent),
      };
    });
    return { blades, sessions: viewed, stats };
  }
}

/** The session with the most UPDATE messages, both ways; of equals that with the most routes. */
export function busiestSession(sessions: readonly SessionView[]): SessionView {
  const load = ({ inRate, outRate }: SessionView): number => Math.round(inRate + outRate);
  return [...sessions].sort(
    (a, b) => load(b) - load(a) || b.routesReceived - a.routesReceived,
  )[0] as SessionView;
}

/** The blade with the least to do, of those that take sessions and are not this one. */
export function idlestBlade(blades: readonly BladeRow[], besides: number): BladeRow | undefined {
  return blades
    .filter(({ blade, state }) => blade !== besides && state === 'running')
    .sort((a, b) => a.cpuPercent - b.cpuPercent || a.sessions - b.sessions || a.routes - b.routes)[0];
}

/** The blade with the most to do that has a session to give. */
export function busiestBlade(blades: readonly BladeRow[]): BladeRow {
  return [...blades]
    .filter(({ sessions }) => sessions > 0)
    .sort((a, b) => b.cpuPercent - a.cpuPercent || b.routes - a.routes)[0] as BladeRow;
}
