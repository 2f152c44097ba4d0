/**
 * What a program comes to for a set of attributes: a tree of what is still to be asked of each route's prefix, mostly nothing or
 * one look into a set. Which tree that is depends on the answers to the tests of attributes alone, and few
 * combinations of answers ever come up. So the tests are walked along a tree of answers, and where that has been before, what is at its end
 * is known:
 *
 *   states  [ test of attributes after a chain of changes ] ─ yes ─→ … ─→ [ done: root of a tree, leaves ]
 *                      └ no ─→ …
 *   trees   [ test of the prefix ] ─ yes ─→ [ accepted: number of the leaf, chain of changes ]
 *                      └ no ─→ [ rejected ]
 *
 * Both stand in columns of numbers; only a combination of answers that is new makes any.
 */
import type { Change } from './actions.ts';
import type { AttributeView } from './attributes.ts';
import { ACCEPT, END, type Program, REJECT, type Step } from './program.ts';

/** In the place of a root: the tree would be too large, so that the program is walked route by route. */
export const TOO_LARGE = -1;

/** Nodes and answers that a tree takes at most, and all of them together. */
const MOST_OF_ONE = 512;
const MOST_ANSWERS = 1 << 14;
const MOST = 1 << 18;
/** In the place of a state's step: done. */
const DONE = -1;
const UNKNOWN = 0;
const LEAST = 64;

/** What a chain's number stands for: changes that were made, in order. */
interface Chain {
  /** The chain that the change comes after: the one before, or an earlier one where it is made together with some of that. */
  readonly before: number;
  readonly change: Change;
}

const NO_CHANGE: Change = { apply: (view) => view };

export class Outcomes {
  /** Nodes: number of a test with the next nodes; ACCEPT with number of the leaf and chain; or REJECT. */
  test = new Int32Array(LEAST);
  yes = new Int32Array(LEAST);
  no = new Int32Array(LEAST);
  /** Of the outcome that was found last. */
  root = 0;
  leaves = 0;
  readonly #program: Program;
  #nodes = 0;
  #reject = -1;
  /** States: the step that tests, after a chain, with the next states; or DONE, with root and leaves. */
  #step = new Int32Array(LEAST);
  #chain = new Int32Array(LEAST);
  #ifYes = new Int32Array(LEAST);
  #ifNo = new Int32Array(LEAST);
  #states = 1;
  #first = UNKNOWN;
  readonly #chains: Chain[] = [{ before: 0, change: NO_CHANGE }];
  readonly #chainNumbers = new Map<number, number>();
  /** Of one tree while it grows: what came of a step after a chain, and the answers in the order of the questions. */
  readonly #found = new Map<number, number>();
  readonly #asked: { readonly step: number; readonly chain: number; readonly answer: boolean }[] = [];

  constructor(program: Program) {
    this.#program = program;
  }

  /** So much was found that all is better forgotten, with what was kept by root. Chains stay of trees that were too large, too. */
  get isFull(): boolean {
    return this.#nodes > MOST || this.#states > MOST || this.#chains.length > MOST;
  }

  /** Nodes, states and chains that are kept. */
  get size(): number {
    return this.#nodes + this.#states + this.#chains.length;
  }

  forget(): void {
    this.#nodes = 0;
    this.#reject = -1;
    this.#states = 1;
    this.#first = UNKNOWN;
    // As many as there are combinations of answers: a neighbour can bring them all about.
    this.#chains.length = 1;
    this.#chainNumbers.clear();
  }

  /** Finds the tree for a set; in `root` and `leaves`. */
  find(view: AttributeView): void {
    const { steps } = this.#program;
    let chain = 0;
    let changed = view;
    let state = this.#first;
    while (state !== UNKNOWN) {
      const at = this.#step[state] as number;
      if (at === DONE) {
        this.root = this.#ifYes[state] as number;
        this.leaves = this.#ifNo[state] as number;
        return;
      }
      const after = this.#chain[state] as number;
      if (after !== chain) {
        chain = after;
        changed = this.changed(chain, view);
      }
      const holds = (steps[at] as Extract<Step, { kind: 'attributes' }>).test.holds(changed);
      state = holds ? (this.#ifYes[state] as number) : (this.#ifNo[state] as number);
    }
    this.#learn(view);
  }

  /** A set after a chain of changes. */
  changed(chain: number, view: AttributeView): AttributeView {
    if (chain === 0) return view;
    const { before, change } = this.#chains[chain] as Chain;
    return change.apply(this.changed(before, view));
  }

  #learn(view: AttributeView): void {
    this.#found.clear();
    this.#asked.length = 0;
    this.leaves = 0;
    const nodes = this.#nodes;
    this.root = this.#grow(this.#program.start, 0, view, view);
    if (this.#isTooLarge) {
      this.root = TOO_LARGE;
      this.#nodes = nodes;
      if (this.#reject >= nodes) this.#reject = -1;
      return;
    }
    let last = UNKNOWN;
    let before = false;
    for (const { step, chain, answer } of this.#asked) {
      last = this.#stateAfter(last, before, step, chain);
      before = answer;
    }
    const done = this.#stateAfter(last, before, DONE, 0);
    this.#ifYes[done] = this.root;
    this.#ifNo[done] = this.leaves;
  }

  get #isTooLarge(): boolean {
    return this.#found.size > MOST_OF_ONE || this.#asked.length > MOST_ANSWERS;
  }

  /** The state behind an answer, made where there is none. */
  #stateAfter(last: number, answer: boolean, step: number, chain: number): number {
    const next = answer ? this.#ifYes : this.#ifNo;
    const known = last === UNKNOWN ? this.#first : (next[last] as number);
    if (known !== UNKNOWN) return known;
    const state = this.#states++;
    if (last === UNKNOWN) this.#first = state;
    else next[last] = state;
    if (state === this.#step.length) {
      this.#step = doubled(this.#step);
      this.#chain = doubled(this.#chain);
      this.#ifYes = doubled(this.#ifYes);
      this.#ifNo = doubled(this.#ifNo);
    }
    this.#step[state] = step;
    this.#chain[state] = chain;
    this.#ifYes[state] = this.#ifNo[state] = UNKNOWN;
    return state;
  }

  /** The node that stands for going on at a step, after a chain of changes; `view`: what they made, once it was needed. */
  #grow(start: number, chain: number, base: AttributeView, view: AttributeView | undefined): number {
    let at = start;
    for (;;) {
      if (at === END || this.#isTooLarge) return this.#rejected();
      const step = this.#program.steps[at] as Step;
      switch (step.kind) {
        case 'attributes': {
          view ??= this.changed(chain, base);
          const answer = step.test.holds(view);
          this.#asked.push({ step: at, chain, answer });
          at = answer ? step.yes : step.no;
          break;
        }
        case 'change':
          chain = this.#chainOf(chain, at);
          view = undefined;
          at = step.next;
          break;
        case 'done':
          return step.done === REJECT ? this.#rejected() : this.#node(ACCEPT, this.leaves++, chain);
        case 'route': {
          const key = chain * this.#program.steps.length + at;
          const known = this.#found.get(key);
          if (known !== undefined) return known;
          // Noted first: what is too large is so before it is finished.
          this.#found.set(key, 0);
          const yes = this.#grow(step.yes, chain, base, view);
          const no = this.#grow(step.no, chain, base, view);
          const node = yes === no ? yes : this.#node(step.test, yes, no);
          this.#found.set(key, node);
          return node;
        }
      }
    }
  }

  #rejected(): number {
    if (this.#reject < 0) this.#reject = this.#node(REJECT, 0, 0);
    return this.#reject;
  }

  #node(test: number, yes: number, no: number): number {
    const node = this.#nodes++;
    if (node === this.test.length) {
      this.test = doubled(this.test);
      this.yes = doubled(this.yes);
      this.no = doubled(this.no);
    }
    this.test[node] = test;
    this.yes[node] = yes;
    this.no[node] = no;
    return node;
  }

  #chainOf(before: number, step: number): number {
    const key = before * this.#program.steps.length + step;
    const known = this.#chainNumbers.get(key);
    if (known !== undefined) return known;
    const { change } = this.#program.steps[step] as Extract<Step, { kind: 'change' }>;
    const last = this.#chains[before] as Chain;
    const both = last.change.and?.(change);
    const chain = this.#chains.push(both ? { before: last.before, change: both } : { before, change }) - 1;
    this.#chainNumbers.set(key, chain);
    return chain;
  }
}

function doubled(column: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(column.length * 2);
  larger.set(column);
  return larger;
}
