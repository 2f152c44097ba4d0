/**
 * Memory that a dead blade had in its hands: it stands nowhere any more, so that it is found by looking at everything.
 *
 *   pages       that the dead one was the last to take, and that hang in no column: at the burial, before anybody takes the slot
 *   out views   that no session and no view stands on: some time later, because the living make and drop views meanwhile
 *
 * A living blade makes a view, forks it and drops it within one turn. So what two looks find, each of them a consistent one and
 * with a quiescent point of everybody in between, is nobody's.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { GRAFT, GRAFT_STATE, PAGE_BITS, PAGE_WORDS, SESSION } from '../fabric/layout.ts';
import { outViews } from '../fabric/memory.ts';
import { OutViews, VIEW } from '../rib/adj-rib-out.ts';
import { receivedColumn } from '../rib/received.ts';

/** Frees pages that only the dead blade knew. Nobody may work in its slot yet. */
export function reclaimPages(fabric: Fabric, dead: number): number {
  const { columns, pages, options } = fabric;
  const touched = pages.touched();
  const hung = new Uint8Array(touched + 1);
  const look = (column: number): void => {
    const first = column * columns.pages;
    for (let at = first; at < first + columns.pages; at++) hung[columns.directories[at] as number] = 1;
  };
  for (let session = 0; session < options.sessions; session++) lookAtRoutes(fabric, session, look);
  for (let lane = options.sessions; lane < fabric.laneLimit; lane++) lookAtRoutes(fabric, lane, look);
  const views = new OutViews(fabric);
  for (let view = 0; view < outViews(options); view++) {
    if (fabric.views[view * VIEW.words] === 0) continue;
    look(views.column(view));
    look(views.column(view) + 1);
  }
  for (const page of handedOver(fabric)) hung[page] = 1;
  let found = 0;
  // After the directories were read: whoever takes a page out of one, or moves it, has put its name on the page before.
  for (let page = 1; page <= touched; page++) {
    if (pages.owners[page] !== dead + 1 || hung[page] !== 0) continue;
    pages.free(page);
    found++;
  }
  return found;
}

/** A source's routes, what was received of them, and their path identifiers. */
function lookAtRoutes(fabric: Fabric, source: number, look: (column: number) => void): void {
  look(source);
  look(receivedColumn(fabric, source));
  if ((fabric.options.lanes ?? 0) > 0) look(fabric.pathColumn(source));
}

/** Pages between two blades of a graft: whoever allocated them, the one that takes the session over frees them. */
function* handedOver(fabric: Fabric): Generator<number> {
  const touched = fabric.pages.touched();
  for (let slot = 0; slot < fabric.options.grafts; slot++) {
    if (fabric.graftState(slot) !== GRAFT_STATE.released) continue;
    let left = fabric.graft(slot, GRAFT.pendingCount);
    let page = fabric.graft(slot, GRAFT.pendingPage);
    // It may be freeing them just now, and a link be anything.
    for (; left > 0 && page > 0 && page <= touched; left -= PAGE_WORDS - 1) {
      yield page;
      page = fabric.pages.words[page << PAGE_BITS] as number;
    }
  }
}

/** What is wrong with an out view. */
interface Finding {
  /** The number that it was made under. */
  readonly number: number;
  /** How many views stand on it; -1: nobody needs it. */
  readonly standing: number;
  readonly references: number;
}

export class ViewReclaimer {
  readonly #fabric: Fabric;
  #findings: Map<number, Finding> | undefined;
  #epochs: Int32Array = new Int32Array(0);

  constructor(fabric: Fabric) {
    this.#fabric = fabric;
  }

  /** One look, and what follows from it; true when nothing is left to be looked at. */
  step(): boolean {
    const before = this.#findings;
    if (before === undefined) {
      this.#findings = this.#look();
      this.#epochs = this.#fabric.epochs.snapshot();
      return this.#findings?.size === 0 && this.#end();
    }
    if (!this.#fabric.epochs.passed(this.#epochs)) return false;
    const now = this.#look();
    if (now === undefined) return false;
    this.#findings = undefined;
    for (const [view, finding] of now) {
      const then = before.get(view);
      if (then?.number !== finding.number || then.standing !== finding.standing) continue;
      if (then.references === finding.references) this.#mend(view, finding);
    }
    return false;
  }

  #end(): true {
    this.#findings = undefined;
    return true;
  }

  #mend(view: number, { standing, references }: Finding): void {
    const at = view * VIEW.words + VIEW.references;
    if (standing >= 0) Atomics.compareExchange(this.#fabric.views, at, references, standing);
    else new OutViews(this.#fabric).discard(view);
  }

  /** What is wrong; undefined: things were moving, look again. */
  #look(): Map<number, Finding> | undefined {
    const words = this.#collect();
    const again = this.#collect();
    for (let i = 0; i < words.length; i++) if (words[i] !== again[i]) return undefined;
    return this.#judge(words);
  }

  /** All words that say what stands on what: those of the views, then the view of each session. */
  #collect(): Int32Array {
    const { views, sessions, options } = this.#fabric;
    const all = new Int32Array(views.length + options.sessions);
    all.set(views);
    for (let session = 0; session < options.sessions; session++)
      all[views.length + session] = sessions[session * SESSION.words + SESSION.view] as number;
    return all;
  }

  #judge(words: Int32Array): Map<number, Finding> {
    const count = outViews(this.#fabric.options);
    const standing = new Int32Array(count);
    const needed = new Uint8Array(count);
    for (let at = count * VIEW.words; at < words.length; at++)
      if (words[at] !== 0) needed[(words[at] as number) - 1] = 1;
    for (let view = 0; view < count; view++) {
      const base = (words[view * VIEW.words + VIEW.base] as number) - 1;
      if (words[view * VIEW.words] === 0 || base < 0) continue;
      standing[base] = (standing[base] as number) + 1;
    }
    const findings = new Map<number, Finding>();
    for (let view = 0; view < count; view++) {
      const number = words[view * VIEW.words] as number;
      const references = words[view * VIEW.words + VIEW.references] as number;
      if (number === 0) continue;
      const on = standing[view] as number;
      if (on === 0 && needed[view] === 0) findings.set(view, { number, standing: -1, references });
      else if (references !== Math.max(on, 1))
        findings.set(view, { number, standing: Math.max(on, 1), references });
    }
    return findings;
  }
}
