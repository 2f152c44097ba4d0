/** Which operation of the chassis answers which command: one line each. */
import type { ChassisOperations } from '../operations.ts';
import type { Arguments, CommandName } from './arguments.ts';

/** How an answer that has many rows sends them on; it resolves when there is room for more. */
export interface Reply {
  rows(rows: unknown[]): Promise<void>;
  /** Becomes aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/** What is returned (or resolved) is the result; nothing is null. */
export type Answers = {
  readonly [C in CommandName]: (given: Arguments<C>, reply: Reply) => unknown;
};

const GRAFTS_SHOWN = 20;

// biome-ignore format: one line a command
export function chassisAnswers(chassis: ChassisOperations): Answers {
  return {
    'show chassis': () => chassis.showChassis(),
    'show blades': () => chassis.showBlades(),
    'show sessions': () => chassis.showSessions(),
    'show session': ({ neighbor }) => chassis.showSession(neighbor),
    'show routes': (filter, reply) => sendRows(chassis.showRoutes(filter), reply),
    'show received': ({ neighbor, ...filter }, reply) => sendRows(chassis.showReceived(neighbor, filter), reply),
    'show advertised': ({ neighbor, ...filter }, reply) => sendRows(chassis.showAdvertised(neighbor, filter), reply),
    'show grafts': ({ limit }) => chassis.showGrafts(limit ?? GRAFTS_SHOWN),
    'show fabric': () => chassis.showFabric(),
    'show rpki': () => chassis.showRpki(),
    'show vrps': ({ prefix }) => chassis.showVrps(prefix),
    'graft': ({ neighbor, to }) => chassis.graft(neighbor, to),
    'balance': ({ metric, dryRun }) => chassis.balance({ metric: metric ?? 'cpu', dryRun: dryRun ?? false }),
    'drain': ({ blade }) => chassis.drain(blade),
    'undrain': ({ blade }) => chassis.undrain(blade),
    'restart': ({ blade }) => chassis.restart(blade),
    'scale': ({ blades }) => chassis.scale(blades),
    'fault': ({ blade, kind }) => chassis.fault(blade, kind),
    'clear': ({ neighbor }) => chassis.clear(neighbor),
    'shutdown': ({ neighbor, why }) => chassis.shutdown(neighbor, why),
    'enable': ({ neighbor }) => chassis.enable(neighbor),
    'refresh': ({ neighbor }) => chassis.refresh(neighbor),
    'reload': ({ dryRun }) => chassis.reload({ dryRun: dryRun ?? false }),
    'policy preview': ({ file }) => chassis.previewPolicies(file),
    'dump mrt': ({ file }) => chassis.dumpMrt(file),
  };
}

/** Leaving the loop early ends the iteration in the chassis too (its `return()` is called). */
async function sendRows(batches: AsyncIterable<unknown[]>, reply: Reply): Promise<{ rows: number }> {
  let count = 0;
  for await (const batch of batches) {
    if (reply.gone.aborted) break;
    count += batch.length;
    if (batch.length > 0) await reply.rows(batch);
  }
  return { rows: count };
}
