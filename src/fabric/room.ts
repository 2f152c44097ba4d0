/**
 * When a table of the fabric has no room left for what a neighbour announces: is all of it in use, or will a sweep free something?
 * The session asks for a sweep, and tries again after one that began later than that. If three in a row end with a
 * table that is nearly full, all of it is in use, and the session is shut. Of several that wait, on whatever blades, the one with the most
 * routes goes first, and the others try again with what it had: nobody falls for what another one took.
 */
import type { Fabric } from './fabric.ts';
import { BOX, SESSION, SESSION_NUMBER } from './layout.ts';

/** So many sweeps are waited for. */
const VAIN = 8;
const FULL = 4;

/** What one session waits for. */
export class Room {
  readonly #fabric: Fabric;
  readonly #session: number;
  /** The sweep that is waited for, by its number; 0: none. */
  #awaited = 0;
  /** Sweeps in a row after which there was nothing; one that left a table nearly full counts more. */
  #vain = 0;
  /** Sessions that had been shut when that was counted. */
  #shut: number;

  constructor(fabric: Fabric, session: number) {
    this.#fabric = fabric;
    this.#session = session;
    this.#shut = Atomics.load(fabric.box, BOX.shutForRoom);
  }

  /** Nothing was left. After which sweep to try again; 0: all is in use, and nobody has more of it who waits. */
  tryAfter(): number {
    const { box } = this.#fabric;
    const ended = Atomics.load(box, BOX.sweepsEnded);
    if (this.#awaited !== 0 && ended - this.#awaited >= 0) {
      this.#awaited = 0;
      this.#count();
      if (this.#vain > VAIN && !this.#othersFirst(ended)) {
        this.found();
        Atomics.add(box, BOX.shutForRoom, 1);
        return 0;
      }
    }
    // One that is under way may have passed by what came free since.
    if (this.#awaited === 0) this.#awaited = Atomics.load(box, BOX.sweepsBegun) + 1;
    this.#fabric.setSession(this.#session, SESSION.waitsForRoom, this.#awaited);
    // Where little happens the chassis looks seldom, and sleeps on this word.
    if (Atomics.exchange(box, BOX.sweepWanted, 1) === 0) Atomics.notify(box, BOX.sweepWanted);
    return this.#awaited;
  }

  /** There was something, or the session is over. */
  found(): void {
    this.#fabric.setSession(this.#session, SESSION.waitsForRoom, 0);
  }

  #count(): void {
    const { box } = this.#fabric;
    const shut = Atomics.load(box, BOX.shutForRoom);
    // Not at once: a sibling that is behind holds what is withdrawn. Or there is some, and never enough for all who ask.
    this.#vain = shut === this.#shut ? this.#vain + (Atomics.load(box, BOX.full) !== 0 ? FULL : 1) : 0;
    this.#shut = shut;
  }

  /** Does another one wait, now, that has more routes? */
  #othersFirst(ended: number): boolean {
    const fabric = this.#fabric;
    const routes = (session: number): number => fabric.number(session, SESSION_NUMBER.routesReceived);
    const mine = routes(this.#session);
    for (let session = 0; session < fabric.sessionLimit; session++) {
      const awaited = fabric.session(session, SESSION.waitsForRoom);
      // What stands there from long before is of somebody who went on elsewhere.
      if (session === this.#session || awaited === 0 || ended - awaited > 1) continue;
      const theirs = routes(session);
      if (theirs > mine || (theirs === mine && session < this.#session)) return true;
    }
    return false;
  }
}

/** Tables by their bits in BOX.full, for people. */
const TABLES = ['IPv4 prefixes', 'IPv6 prefixes', 'attribute sets', 'attribute bytes', 'RIB pages'] as const;

/** Which table the last sweep left nearly full. */
export function fullTable(box: Int32Array): string {
  const full = Atomics.load(box, BOX.full);
  const names = TABLES.filter((_, bit) => full & (1 << bit));
  return names.length === 0 ? 'a table of the fabric is full' : `the table of ${names.join(' and ')} is full`;
}

/** Has that sweep ended? */
export function hasSwept(box: Int32Array, sweep: number): boolean {
  return Atomics.load(box, BOX.sweepsEnded) - sweep >= 0;
}
