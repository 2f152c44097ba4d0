/**
 * For several sessions that are moved one after another: if one cannot be moved, the others are all the same, and the first reason is
 * said at the end.
 */
import type { Chassis, SessionEntry } from './chassis.ts';
import { OperationError } from './operations.ts';

export class Trouble {
  #first: OperationError | undefined;

  /** Moves one. Whoever is configured no longer is no trouble. */
  async keep({ table }: Chassis, entry: SessionEntry, move: () => Promise<unknown>): Promise<void> {
    try {
      await move();
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (table.find(entry.neighbor.address) === entry) this.#first ??= error;
    }
  }

  tell(done: string): void {
    if (this.#first !== undefined) throw new OperationError(`${done}; ${this.#first.message}`);
  }
}
