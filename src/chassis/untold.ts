/** Says which neighbours are not told everything, and why: each when it begins, then each time that the number has doubled. */
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION_NUMBER } from '../fabric/layout.ts';
import { fullTable } from '../fabric/room.ts';

const KINDS = [
  {
    which: SESSION_NUMBER.routesUntold,
    text: (times: number, { box }: Fabric) =>
      `${fullTable(box)}; ${times} times a route found no room so far, and is tried again`,
  },
  {
    which: SESSION_NUMBER.setsTooLong,
    text: (times: number) =>
      `${times} sets of attributes so far are too long for a message; their routes are left out`,
  },
] as const;

export class Untold {
  readonly #fabric: Fabric;
  readonly #log: (text: string) => void;
  /** By session and kind, up to so many nothing more is said. */
  readonly #said = new Map<string, number>();

  constructor(fabric: Fabric, say: (text: string) => void) {
    this.#fabric = fabric;
    this.#log = say;
  }

  look(
    sessions: Iterable<{ readonly index: number; readonly neighbor: { readonly address: string } }>,
  ): void {
    for (const { index, neighbor } of sessions) {
      for (const { which, text } of KINDS) {
        const times = this.#fabric.number(index, which);
        if (times === 0) continue;
        const key = `${index} ${which}`;
        if (times <= (this.#said.get(key) ?? 0)) continue;
        this.#said.set(key, 2 * times - 1);
        this.#log(`${neighbor.address} is not told all: ${text(times, this.#fabric)}`);
      }
    }
  }
}
