/**
 * The start of a chassis that was there a moment ago (RFC 4724 4.1): neighbours with `graceful-restart: full` keep what
 * they were told, and go on sending to us. So nothing is told to anybody until they have all told what they know, or
 * until that has taken too long; what is told then is what the box really knows.
 *
 *   last counters in the store young enough ─→ hold back, "restarted" in our OPENs ─→ End-of-RIB of all, or time is up
 *        ─→ everybody is told everything, and End-of-RIB
 */
import type { Fabric } from '../fabric/fabric.ts';
import { BOX, SESSION } from '../fabric/layout.ts';
import { log } from './log.ts';
import type { SessionEntry } from './session-entry.ts';
import type { Store } from './store.ts';

/** Milliseconds between two looks at who has told all, and that the newest counters may be old before a crash. */
const LOOK = 50;
const SAMPLES_APART = 10_000;

export class Comeback {
  readonly #fabric: Fabric;
  readonly #awaited: readonly SessionEntry[];
  readonly #startedAt = performance.now();
  readonly #patience: number;
  #timer: NodeJS.Timeout | undefined;

  /** To be made before a session is placed. `patience`: milliseconds. */
  constructor(fabric: Fabric, sessions: readonly SessionEntry[], store: Store, patience: number) {
    this.#fabric = fabric;
    this.#patience = patience;
    const away = Date.now() - lastSeen(store);
    this.#awaited = sessions.filter(({ neighbor }) => {
      const { gracefulRestart, restartTime } = neighbor;
      return gracefulRestart === 'full' && away < restartTime * 1000 + SAMPLES_APART;
    });
    if (this.#awaited.length === 0) return;
    for (const { index, configuration } of this.#awaited)
      fabric.setSession(index, SESSION.awaited, configuration.families);
    Atomics.store(fabric.box, BOX.holdingBack, 1);
    log(
      `restarted after ${Math.round(away / 1000)} s: waiting for what ${this.#awaited.length} neighbours know`,
    );
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const missing = this.#awaited.filter(({ index }) => this.#fabric.session(index, SESSION.awaited) !== 0);
    const took = performance.now() - this.#startedAt;
    if (missing.length > 0 && took < this.#patience) return;
    this.stop();
    Atomics.store(this.#fabric.box, BOX.holdingBack, 0);
    for (let slot = 0; slot < this.#fabric.options.blades; slot++) this.#fabric.bells.ring(slot);
    const seconds = (took / 1000).toFixed(1);
    const late = missing.map(({ neighbor }) => neighbor.address).join(', ');
    log(`telling after ${seconds} s${late === '' ? '' : `, without End-of-RIB of ${late}`}`);
  }
}

/** When the chassis before this one counted last; milliseconds since 1970, 0: never. */
function lastSeen(store: Store): number {
  const since = Date.now() - 4095_000 - SAMPLES_APART;
  return store.samples({ kind: 'blade', name: '0', since }).at(-1)?.time ?? 0;
}
