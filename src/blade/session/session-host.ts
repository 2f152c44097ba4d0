/** What a session has of its blade, and tells it. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import type { PolicyBook } from '../../policy/book.ts';
import type { Limits } from '../limits.ts';
import type { SessionLimit } from '../messages.ts';
import type { Receiver } from '../routes/receive.ts';
import type { Routes } from '../routes/routes.ts';
import type { Session } from './session.ts';

export interface SessionHost {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly routes: Routes;
  readonly receiver: Receiver;
  readonly policies: PolicyBook;
  established(session: Session): void;
  down(session: Session, why: string): void;
  /** An attempt to come up failed. */
  failed(session: Session, why: string): void;
  /** The neighbour reached a limit; what was done. */
  limit(session: Session, limit: SessionLimit, text: string): void;
  /** The neighbour has not come back in time; what becomes of its routes. */
  stale(session: Session, text: string): void;
  /** Look at the session's timers again at this time at the latest. */
  schedule(at: number): void;
}
