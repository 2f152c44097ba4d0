/** What the update groups of one blade share: what they read of it, and the tables that an export works with. */
import type { Fabric } from '../../fabric/fabric.ts';
import type { Ranking } from '../../ibgp-internal/ranking.ts';
import { PathSet } from '../../rib/path-set.ts';
import { Told } from '../../rib/told.ts';
import type { Attention } from '../routes/attention.ts';
import type { LocalRoutes } from '../routes/local-routes.ts';
import { BATCH, Batch } from './batch.ts';
import { Instead } from './instead.ts';
import { PathsTold } from './paths-told.ts';
import { Singles } from './singles.ts';

/** What a group reads of its blade. */
export interface BestRoutes {
  /** How much the blade is told. */
  readonly attention: Attention;
  /** False: the blade does not know it. */
  known(id: number): boolean;
  /** Finds what was not known; true: the prefix is marked by that. */
  learn(id: number): boolean;
  /** Brings near what is read of these prefixes, many at the same time (blade/routes/route-changes.ts). */
  touch(ids: Int32Array, count: number): void;
  bestAttribute(id: number): number;
  /** Session + 1 */
  bestSession(id: number): number;
  /** All that the blade sees of a prefix, best first. */
  readonly ranking: Ranking;
  readonly local: LocalRoutes;
}

/** Prefixes that are looked at together; few, as messages to single members may fill the room before. */
export const SOME = 64;

/** One export's work, reused: the groups of a blade export one after another. */
export class Desk {
  readonly told: Told;
  readonly batch = new Batch();
  readonly singles = new Singles();
  readonly some = new Int32Array(SOME);
  /** Their sets. */
  readonly sets = new Int32Array(SOME);
  readonly paths: PathsTold;
  readonly instead: Instead;
  /** By index in the batch, where it is one of several paths: the prefix, and the word for all its paths. */
  readonly prefix = new Int32Array(BATCH);
  readonly set = new Int32Array(BATCH);
  readonly said = new PathSet();
  /** What is in the batch is still to be told to some (delivery.ts). */
  busy = false;
  /** Whoever waits for the processor has had it in this turn (delivery.ts): one change may be for many groups. */
  gaveWay = false;

  constructor(fabric: Fabric, best: BestRoutes) {
    this.told = new Told(fabric);
    this.paths = new PathsTold(fabric, best.ranking, best.local);
    this.instead = new Instead(fabric, best.ranking);
  }
}
