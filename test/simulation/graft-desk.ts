/**
 * The chassis' part of grafts, at random: asks for them, now and then gives one up while it may, and takes the slot back
 * when the graft is served.
 */
import type { Random } from '../../src/base/random.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { requestGraft } from '../../src/fabric/graft-request.ts';
import { GRAFT, GRAFT_STATE } from '../../src/fabric/layout.ts';

export class GraftDesk {
  readonly #fabric: Fabric;
  readonly #impatient: boolean;
  readonly #trace: (text: string) => void;
  /** By session, the slot of the graft under way. */
  readonly #active = new Map<number, number>();
  done = 0;
  aborted = 0;
  lost = 0;

  constructor(fabric: Fabric, impatient: boolean, trace: (text: string) => void) {
    this.#fabric = fabric;
    this.#impatient = impatient;
    this.#trace = trace;
  }

  get active(): number {
    return this.#active.size;
  }

  /** In words, for who waits. */
  get waitingFor(): string {
    return [...this.#active]
      .map(([session, slot]) => {
        const word = (which: number): number => this.#fabric.graft(slot, which);
        return `session ${session} ${word(GRAFT.from)}→${word(GRAFT.to)} in state ${this.#fabric.graftState(slot)}`;
      })
      .join(', ');
  }

  isActive(session: number): boolean {
    return this.#active.has(session);
  }

  /** Asks for a graft; the slot, or -1 where it cannot be. */
  request(session: number, to: number): number {
    const fabric = this.#fabric;
    const from = fabric.homeOf(session);
    const slot = this.#freeSlot();
    if (slot < 0 || from < 0 || from === to || this.#active.has(session)) return -1;
    if ((fabric.running & (1 << to)) === 0) return -1;
    requestGraft(fabric, slot, session, from, to, fabric.running);
    this.#active.set(session, slot);
    this.#trace(`chassis: graft of session ${session} from ${from} to ${to}, slot ${slot}`);
    return slot;
  }

  /** Some graft is given up, if it may still be. */
  abort(random: Random): void {
    if (this.#active.size === 0) return;
    const [session, slot] = random.pick([...this.#active]);
    const undone = [GRAFT_STATE.requested, GRAFT_STATE.prepared].some((state) =>
      this.#fabric.stepGraft(slot, state, GRAFT_STATE.aborted),
    );
    if (!undone) return;
    this.#trace(`chassis: graft of session ${session} given up, slot ${slot}`);
    this.aborted++;
    this.#active.delete(session);
    // The blades see one of the two, or even the next use of the slot.
    if (random.chance(0.5)) this.#fabric.setGraftState(slot, GRAFT_STATE.free);
  }

  /** Grafts under way that are not even taken over. */
  get unserved(): string {
    const done = [...this.#active.values()].every(
      (slot) => this.#fabric.graftState(slot) === GRAFT_STATE.done,
    );
    return done ? '' : this.waitingFor;
  }

  /** Takes back the slots of grafts that are served, and says which sessions these were of. */
  poll(): number[] {
    const fabric = this.#fabric;
    const served: number[] = [];
    for (const [session, slot] of this.#active) {
      const state = fabric.graftState(slot);
      if (state === GRAFT_STATE.aborted) this.#lost(session, slot);
      if (state !== GRAFT_STATE.done) continue;
      if (!this.#impatient && fabric.graft(slot, GRAFT.settled) !== 1) continue;
      this.#active.delete(session);
      fabric.setGraftState(slot, GRAFT_STATE.free);
      this.done++;
      served.push(session);
    }
    return served;
  }

  /** A blade that took part died. */
  #lost(session: number, slot: number): void {
    this.#active.delete(session);
    this.#fabric.setGraftState(slot, GRAFT_STATE.free);
    this.lost++;
  }

  #freeSlot(): number {
    const { grafts } = this.#fabric.options;
    for (let slot = 0; slot < grafts; slot++) {
      const state = this.#fabric.graftState(slot);
      if ([...this.#active.values()].includes(slot)) continue;
      if (state === GRAFT_STATE.free || state === GRAFT_STATE.aborted) return slot;
    }
    return -1;
  }
}
