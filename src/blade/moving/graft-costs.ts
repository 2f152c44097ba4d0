/**
 * What grafts to this blade have cost, counted from the take-over until the session is served: decisions run, records and
 * UPDATEs sent. It stands in the graft's slot while it goes on, for a chassis that waits no longer.
 */
import type { Fabric } from '../../fabric/fabric.ts';
import { GRAFT } from '../../fabric/layout.ts';
import type { UpdateGroup } from '../telling/update-group.ts';

interface Costs {
  readonly slot: number;
  readonly generation: number;
  /** The group's counter at the take-over. */
  readonly updatesSent: number;
  records: number;
  evaluations: number;
}

/** A session as far as its costs go. */
interface Served {
  readonly index: number;
  readonly group: UpdateGroup | undefined;
}

export class GraftCosts {
  readonly #fabric: Fabric;
  /** By session. */
  readonly #costs = new Map<number, Costs>();

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
  }

  /** Sessions of which costs are being counted. */
  get size(): number {
    return this.#costs.size;
  }

  /** The session was taken over. */
  begin(session: number, slot: number, { updatesSent }: UpdateGroup): void {
    const generation = this.#fabric.graftGeneration(slot);
    this.#costs.set(session, { slot, generation, updatesSent, records: 0, evaluations: 0 });
  }

  /** Prefixes were evaluated again for the session. */
  add(session: number, evaluations: number, records: number): void {
    const costs = this.#costs.get(session);
    if (costs === undefined) return;
    costs.evaluations += evaluations;
    costs.records += records;
  }

  /** False if nothing is counted, or the slot is another graft's already. */
  note({ index, group }: Served): boolean {
    const costs = this.#costs.get(index);
    const fabric = this.#fabric;
    if (costs === undefined || fabric.graftGeneration(costs.slot) !== costs.generation) return false;
    const updates = group === undefined ? 0 : group.updatesSent - costs.updatesSent;
    fabric.setGraft(costs.slot, GRAFT.decisionsRun, costs.evaluations);
    fabric.setGraft(costs.slot, GRAFT.fabricRecordsSent, costs.records);
    fabric.setGraft(costs.slot, GRAFT.neighborUpdatesSent, updates);
    return true;
  }

  /** Ends the count for the last graft of a session: the session has been served, or it is gone. */
  close(session: Served): void {
    const costs = this.#costs.get(session.index);
    if (costs === undefined) return;
    const ours = this.note(session);
    this.#costs.delete(session.index);
    if (ours) this.settle(costs.slot);
  }

  /** Nothing of a graft is left to be done. */
  settle(slot: number): void {
    this.#fabric.setGraft(slot, GRAFT.settled, 1);
    this.#fabric.notifyGraft(slot);
  }
}
