/** Says which neighbours are not told all, because a table of the fabric is full: each when it begins, then each time it is twice as much. */
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION_NUMBER } from '../fabric/layout.ts';
import { fullTable } from '../fabric/room.ts';

export class Untold {
  readonly #fabric: Fabric;
  readonly #log: (text: string) => void;
  /** By session, up to so many nothing more is said. */
  readonly #said = new Map<number, number>();

  constructor(fabric: Fabric, say: (text: string) => void) {
    this.#fabric = fabric;
    this.#log = say;
  }

  look(
    sessions: Iterable<{ readonly index: number; readonly neighbor: { readonly address: string } }>,
  ): void {
    for (const { index, neighbor } of sessions) {
      const untold = this.#fabric.number(index, SESSION_NUMBER.routesUntold);
      const said = this.#said.get(index) ?? 0;
      if (untold < said) this.#said.delete(index);
      if (untold === 0 || untold <= said) continue;
      this.#said.set(index, 2 * untold - 1);
      this.#log(
        `${neighbor.address} is not told all: ${fullTable(this.#fabric.box)}; ${untold} times a route found no room so far, and is tried again`,
      );
    }
  }
}
