/**
 * What a blade is just sending and has not noted yet. UPDATEs are published first and noted in the out view then, so that a
 * crash can only repeat; but where a route changed and changed back while nobody served the session, the view would say what
 * should be told, and the neighbour hold what was sent. So the prefixes of each export stand here from before its first byte is
 * published until all are noted.
 *
 *   bladeWords: [ … | view + 1 | how many ]      journals: [ PrefixId, … ]
 */
import type { Fabric } from './fabric.ts';
import { BLADE_WORD, JOURNAL_WORDS } from './layout.ts';

export class Journal {
  readonly #fabric: Fabric;
  readonly #blade: number;

  constructor(fabric: Fabric, blade: number) {
    this.#fabric = fabric;
    this.#blade = blade;
  }

  /** The first `count` of these prefixes (negative: none) are about to be sent to whoever is told by this view. */
  open(view: number, ids: Int32Array, count: number): void {
    const { journals } = this.#fabric;
    const start = this.#blade * JOURNAL_WORDS;
    for (let i = 0; i < count; i++) journals[start + i] = ids[i] as number;
    this.#fabric.setBladeWord(this.#blade, BLADE_WORD.unnoted, count);
    this.#fabric.setBladeWord(this.#blade, BLADE_WORD.view, view + 1);
  }

  /** All of them are noted. */
  close(): void {
    this.#fabric.setBladeWord(this.#blade, BLADE_WORD.view, 0);
  }

  /** For who comes after the blade: the view that is behind, or -1, and the prefixes. */
  read(): { readonly view: number; readonly ids: readonly number[] } {
    const view = this.#fabric.bladeWord(this.#blade, BLADE_WORD.view) - 1;
    const count = view < 0 ? 0 : this.#fabric.bladeWord(this.#blade, BLADE_WORD.unnoted);
    const start = this.#blade * JOURNAL_WORDS;
    return { view, ids: [...this.#fabric.journals.subarray(start, start + count)].filter((id) => id >= 0) };
  }
}
