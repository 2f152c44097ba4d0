/**
 * "default-originate" of a neighbour as a route that it alone is told, of the family under which the line stands. A route map that
 * asks nothing says what the route has; one that asks makes it depend on other routes, which graftd does not do.
 */
import { keyOf, Unknown } from './local-routes.ts';
import type { Line } from './read.ts';
import type { Report } from './report.ts';
import type { RouteMaps } from './route-maps.ts';
import type { Values } from './router-lines.ts';

export type DefaultLines = { [F in 'ipv4' | 'ipv6']?: Line };

const DEFAULT = { ipv4: '0.0.0.0/0', ipv6: '::/0' };
/** What a route that a neighbour alone is told can have. */
const KEYS: ReadonlySet<string> = new Set(['med', 'communities']);

export class DefaultRoutes {
  readonly #report: Report;
  readonly #maps: RouteMaps;
  /** A line of a group is said of each of its members, and reported once. */
  readonly #made = new Map<Line, Values | undefined>();

  constructor(report: Report, maps: RouteMaps) {
    this.#report = report;
    this.#maps = maps;
  }

  /** Once the route maps are made. */
  of(lines: DefaultLines): Values[] {
    return (['ipv4', 'ipv6'] as const).flatMap((family): Values[] => {
      const line = lines[family];
      if (line === undefined) return [];
      if (!this.#made.has(line)) this.#made.set(line, this.#make(line, family));
      const made = this.#made.get(line);
      return made === undefined ? [] : [made];
    });
  }

  #make(line: Line, family: 'ipv4' | 'ipv6'): Values | undefined {
    const [, , , word, map] = line.words;
    try {
      return {
        prefix: DEFAULT[family],
        // FRR tells its own routes with MULTI_EXIT_DISC 0, and not without one.
        med: 0,
        ...(word === 'route-map' && map !== undefined ? this.#set(map) : {}),
      };
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      this.#report.carried--;
      this.#report.leave(line, error.message);
      return undefined;
    }
  }

  #set(map: string): Values {
    const set = this.#maps.changes(map);
    if (typeof set === 'string') throw new Unknown(set);
    // A weight is for routes that are here, and this one is told only.
    const { weight: _, ...changes } = set;
    const keys = Object.entries(changes).map(([key, value]) => keyOf(map, key, value));
    const other = keys.find(([key]) => !KEYS.has(key));
    if (other !== undefined)
      throw new Unknown(
        `route-map ${map} sets what a default route for one neighbour cannot have: ${other[0]}`,
      );
    return Object.fromEntries(keys);
  }
}
