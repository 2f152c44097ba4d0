import type { SessionConfiguration, SessionLimit } from '../blade/messages.ts';
import type { NeighborConfiguration } from '../config/configuration.ts';

/** A neighbour as the chassis knows it. */
export interface SessionEntry {
  readonly index: number;
  /** As the file says now, and the same in numbers. */
  neighbor: NeighborConfiguration;
  configuration: SessionConfiguration;
  /** Why it is down, in words; and why the operator holds it down. */
  reason: string;
  heldBecause: string;
  /** Why it did not come up, since it was up last. */
  readonly failures: Set<string>;
  /** The last malformed UPDATE message that was told of. */
  lastError?: string;
  /** What limits have done to it since the chassis started. */
  readonly limits: { [limit in SessionLimit | 'connectionsRefused']: number };
  /** Operations on a session take place one after another. */
  busy: Promise<unknown>;
}
