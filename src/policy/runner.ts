/**
 * Runs a policy: AttrId in, AttrId out, or 0 for reject. What a policy makes of a set of attributes is found once, as a
 * small tree of what is still to be asked of each route's prefix; mostly that is nothing, or one look into a set.
 *
 *   AttrId ─→ root ─→ test of the prefix ─ yes ─→ accepted: AttrId, made when the first route needs it
 *                           └ no ─→ rejected
 *
 * The tree stands in columns of numbers. No object is made for a route, and none stays for a set of attributes.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { AttributeView } from './attributes.ts';
import { type RouteTest, routeTest } from './conditions.ts';
import { ACCEPT, END, type Program, REJECT, type Step } from './program.ts';
import { OriginValidation, validatedOrigin } from './validation.ts';

/** In the place of an AttrId: there was no room for it. */
export const NO_ROOM = -1;

/** What becomes of accepted attributes: an AttrId; 0 where nothing can, or NO_ROOM. `attribute` is the set that came in. */
export type Finish = (view: AttributeView, attribute: number) => number;

/** Nodes that are kept; with more, all are forgotten and found again. */
const MOST_NODES = 1 << 20;
/** A policy that asks each route so much, with changes in between, that its tree would be larger is walked route by route. */
const MOST_OF_ONE = 512;
const LEAST_MEMO = 1 << 10;
const MOST_MEMO = 1 << 17;
/** In the place of an AttrId: not made yet. */
const NOT_YET = NO_ROOM;
/** In the place of a root: too large a tree. */
const TOO_LARGE = 0x7fffffff;

/** What `chain` numbers: changes that were made, in order. */
interface Chain {
  readonly before: number;
  readonly step: number;
}

/** A policy for one kind of neighbour, on the way of routes. */
export interface PolicyRunner {
  readonly asksOrigins: boolean;
  readonly origins: { readonly generation: number };
  /** What becomes of a route that `session` told, with this set of attributes: AttrId, 0: rejected, or NO_ROOM. */
  evaluate(id: number, attribute: number, session: number): number;
  forget(): void;
}

export class Runner implements PolicyRunner {
  readonly program: Program;
  readonly #fabric: Fabric;
  readonly #finish: Finish;
  readonly #tests: readonly RouteTest[];
  /** By slot: AttrId, and its root. */
  #keys = new Int32Array(LEAST_MEMO);
  #roots = new Int32Array(LEAST_MEMO);
  #misses = 0;
  /** A test's number with the next nodes; ACCEPT with AttrId out, chain of changes, and AttrId in; or REJECT. */
  #test = new Int32Array(1024);
  #yes = new Int32Array(1024);
  #no = new Int32Array(1024);
  #in = new Int32Array(1024);
  #nodes = 0;
  #reject = -1;
  readonly #chains: Chain[] = [{ before: 0, step: 0 }];
  readonly #chainNumbers = new Map<number, number>();
  /** Of one expansion: what came of a step after a chain of changes; and how many nodes it took. */
  readonly #found = new Map<number, number>();
  #budget = 0;
  readonly #base = new AttributeView(new Uint8Array(0), 0, 0);
  readonly origins: OriginValidation;
  /** Routes come in bursts that share a set: the last one, and its origin. */
  #originSet = 0;
  #origin = 0;

  constructor(program: Program, fabric: Fabric, finish: Finish, origins = new OriginValidation()) {
    this.origins = origins;
    this.program = program;
    this.#fabric = fabric;
    this.#finish = finish;
    this.#tests = program.routeConditions.map((condition) => routeTest(condition, fabric, origins));
  }

  get asksOrigins(): boolean {
    return this.program.asksOrigins;
  }

  /** Forgets what it found: AttrIds may mean something else from now on. */
  forget(): void {
    this.#keys.fill(0);
    this.#originSet = 0;
    this.#nodes = 0;
    this.#reject = -1;
  }

  /** What becomes of a route that `session` told, with this set of attributes: AttrId, 0: rejected, or NO_ROOM. */
  evaluate(id: number, attribute: number, session: number): number {
    const slot = attribute & (this.#keys.length - 1);
    let node = this.#keys[slot] === attribute ? (this.#roots[slot] as number) : this.#find(attribute, slot);
    if (node === TOO_LARGE) return this.#walk(id, attribute, session);
    const origin = this.program.asksOrigins ? this.#originOf(attribute) : 0;
    for (let test = this.#test[node] as number; test >= 0; test = this.#test[node] as number)
      node = (this.#tests[test] as RouteTest)(id, session, origin)
        ? (this.#yes[node] as number)
        : (this.#no[node] as number);
    if (this.#test[node] === REJECT) return 0;
    const out = this.#yes[node] as number;
    return out === NOT_YET ? this.#make(node) : out;
  }

  #find(attribute: number, slot: number): number {
    if (this.#nodes > MOST_NODES) this.forget();
    this.#turnTo(attribute);
    this.#found.clear();
    this.#budget = MOST_OF_ONE;
    const root = this.#expand(this.program.start, attribute, 0, this.#base);
    const node = this.#budget < 0 ? TOO_LARGE : root;
    if (this.#keys[slot] !== 0 && ++this.#misses > this.#keys.length >> 1) slot = this.#grow(attribute, slot);
    this.#keys[slot] = attribute;
    this.#roots[slot] = node;
    return node;
  }

  /** More sets than slots: as many again. Returns the slot of one. */
  #grow(attribute: number, slot: number): number {
    this.#misses = 0;
    if (this.#keys.length >= MOST_MEMO) return slot;
    const [keys, roots] = [this.#keys, this.#roots];
    const size = keys.length * 4;
    this.#keys = new Int32Array(size);
    this.#roots = new Int32Array(size);
    keys.forEach((key, i) => {
      this.#keys[key & (size - 1)] = key;
      this.#roots[key & (size - 1)] = roots[i] as number;
    });
    return attribute & (size - 1);
  }

  #originOf(attribute: number): number {
    if (attribute === this.#originSet) return this.#origin;
    this.#turnTo(attribute);
    this.#originSet = attribute;
    this.#origin = validatedOrigin(this.#base, this.program.localAs);
    return this.#origin;
  }

  #turnTo(attribute: number): void {
    const { attributes } = this.#fabric;
    const start = attributes.offsetOf(attribute);
    this.#base.turnTo(attributes.bytes, start, start + attributes.lengthOf(attribute));
  }

  /** The node that stands for going on at a step, after a chain of changes; `view`: what they made, once it was needed. */
  #expand(start: number, attribute: number, chain: number, view: AttributeView | undefined): number {
    let at = start;
    for (;;) {
      if (at === END) return this.#rejected();
      const step = this.program.steps[at] as Step;
      switch (step.kind) {
        case 'attributes':
          view ??= this.#changed(chain);
          at = step.test(view) ? step.yes : step.no;
          break;
        case 'change':
          chain = this.#chain(chain, at);
          view = undefined;
          at = step.next;
          break;
        case 'done':
          return step.done === REJECT ? this.#rejected() : this.#node(ACCEPT, NOT_YET, chain, attribute);
        case 'route': {
          const key = chain * this.program.steps.length + at;
          const known = this.#found.get(key);
          if (known !== undefined) return known;
          if (--this.#budget < 0) return this.#rejected();
          const yes = this.#expand(step.yes, attribute, chain, view);
          const no = this.#expand(step.no, attribute, chain, view);
          const node = yes === no ? yes : this.#node(step.test, yes, no, 0);
          this.#found.set(key, node);
          return node;
        }
      }
    }
  }

  #rejected(): number {
    if (this.#reject < 0) this.#reject = this.#node(REJECT, 0, 0, 0);
    return this.#reject;
  }

  #node(test: number, yes: number, no: number, attribute: number): number {
    const node = this.#nodes++;
    if (node === this.#test.length) {
      this.#test = doubled(this.#test);
      this.#yes = doubled(this.#yes);
      this.#no = doubled(this.#no);
      this.#in = doubled(this.#in);
    }
    this.#test[node] = test;
    this.#yes[node] = yes;
    this.#no[node] = no;
    this.#in[node] = attribute;
    return node;
  }

  #chain(before: number, step: number): number {
    const key = before * this.program.steps.length + step;
    const known = this.#chainNumbers.get(key);
    if (known !== undefined) return known;
    const chain = this.#chains.push({ before, step }) - 1;
    this.#chainNumbers.set(key, chain);
    return chain;
  }

  /** The set that was turned to, after a chain of changes. */
  #changed(chain: number): AttributeView {
    if (chain === 0) return this.#base;
    const { before, step } = this.#chains[chain] as Chain;
    return (this.program.steps[step] as Extract<Step, { kind: 'change' }>).change(this.#changed(before));
  }

  #make(node: number): number {
    const attribute = this.#in[node] as number;
    this.#turnTo(attribute);
    const out = this.#finish(this.#changed(this.#no[node] as number), attribute);
    this.#yes[node] = out;
    return out;
  }

  /** One route, step by step. */
  #walk(id: number, attribute: number, session: number): number {
    this.#turnTo(attribute);
    const { accepted, view } = trace(this.program, this.#tests, this.#base, id, session);
    return accepted ? this.#finish(view, attribute) : 0;
  }
}

function doubled(column: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(column.length * 2);
  larger.set(column);
  return larger;
}

export interface Verdict {
  readonly accepted: boolean;
  /** Number of the statement that decided; -1: none did. */
  readonly statement: number;
  readonly view: AttributeView;
}

/** What a program makes of one route, and which statement decided. */
export function trace(
  { steps, start, asksOrigins, localAs }: Program,
  tests: readonly RouteTest[],
  view: AttributeView,
  id: number,
  session: number,
): Verdict {
  const origin = asksOrigins ? validatedOrigin(view, localAs) : 0;
  for (let at = start; at !== END; ) {
    const step = steps[at] as Step;
    if (step.kind === 'done') return { accepted: step.done === ACCEPT, statement: step.statement, view };
    if (step.kind === 'change') {
      view = step.change(view);
      at = step.next;
    } else {
      const holds =
        step.kind === 'route' ? (tests[step.test] as RouteTest)(id, session, origin) : step.test(view);
      at = holds ? step.yes : step.no;
    }
  }
  return { accepted: false, statement: -1, view };
}
