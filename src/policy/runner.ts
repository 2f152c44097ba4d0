/**
 * Runs a policy: AttrId in, AttrId out, or 0 for reject. What it comes to for a set of attributes (outcomes.ts) is kept by AttrId, with the
 * AttrIds that were made of it:
 *
 *   AttrId ─→ root of a tree ─→ leaf ─→ accepted: AttrId, made when the first route needs it
 *
 * No object is made for a route, and none stays for a set of attributes.
 */
import type { Fabric } from '../fabric/fabric.ts';
import { Arena, AttributeView } from './attributes.ts';
import { type RouteTest, routeTest } from './conditions.ts';
import { Outcomes, TOO_LARGE } from './outcomes.ts';
import { ACCEPT, END, type Program, REJECT, type Step } from './program.ts';
import { OriginValidation, validatedOrigin } from './validation.ts';

/** In the place of an AttrId: there was no room for it. */
export const NO_ROOM = -1;

/** What becomes of accepted attributes: an AttrId; 0 where nothing can, or NO_ROOM. `attribute` is the set that came in. */
export type Finish = (view: AttributeView, attribute: number) => number;

/** A policy for one kind of neighbour, on the way of routes. */
export interface PolicyRunner {
  readonly asksOrigins: boolean;
  readonly origins: { readonly generation: number };
  /** What becomes of a route that `session` told, with this set of attributes: AttrId, 0: rejected, or NO_ROOM. */
  evaluate(id: number, attribute: number, session: number): number;
  /** The same of many, in `results`; where the set is 0 there is no route. */
  evaluateAll(
    ids: Int32Array,
    attributes: Int32Array,
    count: number,
    session: number,
    results: Int32Array,
  ): void;
  /** What `evaluate` said last holds for every route with this set. */
  readonly saidOfSet: boolean;
  forget(): void;
}

/** Sets that are kept, and AttrIds that were made of them; with more of the latter, all are forgotten and found again. */
const LEAST_MEMO = 1 << 10;
const MOST_MEMO = 1 << 17;
const MOST_MADE = 1 << 20;
/** In the place of an AttrId: not made yet. */
const NOT_YET = NO_ROOM;
/** Of a set: AttrId, root of its tree, where its leaves stand in `made`, or HERE; and its leaf then, as nearly all trees have one at most. */
const MEMO_WORDS = 4;
const MEMO_LEAF = 3;
const HERE = -1;

/** Tests of prefixes of one policy that are made for many routes together: as many as an answer has bits for. */
const TOGETHER = 31;

/** Of all policies of a thread: what is made in it is done with when the next set is looked at. */
export const arena = new Arena();

export class Runner implements PolicyRunner {
  readonly program: Program;
  readonly #fabric: Fabric;
  readonly #finish: Finish;
  readonly #tests: readonly RouteTest[];
  readonly #outcomes: Outcomes;
  #memo = new Int32Array(LEAST_MEMO * MEMO_WORDS);
  #mask = LEAST_MEMO - 1;
  #misses = 0;
  #made = new Int32Array(LEAST_MEMO);
  #madeUsed = 0;
  /** Routes come in bursts that share a set: the last one, the root of its tree, and where its leaves stand, in `memo` or `made`. */
  #set = 0;
  #root = 0;
  #leaves = 0;
  #column = this.#made;
  readonly #base = new AttributeView(new Uint8Array(0), 0, 0, arena);
  readonly origins: OriginValidation;
  #originSet = 0;
  #origin = 0;
  /** Of `evaluateAll`: which tests were made of all routes, bits, and what came of them. */
  #asked = 0;
  #answers = new Int32Array(0);

  constructor(program: Program, fabric: Fabric, finish: Finish, origins = new OriginValidation()) {
    this.origins = origins;
    this.program = program;
    this.#fabric = fabric;
    this.#finish = finish;
    this.#outcomes = new Outcomes(program);
    this.#tests = program.routeConditions.map((condition) => routeTest(condition, fabric, origins));
  }

  get asksOrigins(): boolean {
    return this.program.asksOrigins;
  }

  /** A tree that asks nothing. */
  get saidOfSet(): boolean {
    return this.#root !== TOO_LARGE && (this.#outcomes.test[this.#root] as number) < 0;
  }

  /** Forgets what it found: AttrIds may mean something else from now on. */
  forget(): void {
    this.#memo.fill(0);
    this.#madeUsed = 0;
    this.#set = 0;
    this.#originSet = 0;
  }

  /** What becomes of a route that `session` told, with this set of attributes: AttrId, 0: rejected, or NO_ROOM. */
  evaluate(id: number, attribute: number, session: number): number {
    if (attribute !== this.#set) this.#turn(attribute);
    let node = this.#root;
    if (node === TOO_LARGE) return this.#walk(id, attribute, session);
    const { test, yes, no } = this.#outcomes;
    const origin = this.program.asksOrigins ? this.#originOf(attribute) : 0;
    for (let asked = test[node] as number; asked >= 0; asked = test[node] as number)
      node = (this.#tests[asked] as RouteTest).holds(id, session, origin)
        ? (yes[node] as number)
        : (no[node] as number);
    if (test[node] === REJECT) return 0;
    const leaf = this.#leaves + (yes[node] as number);
    const out = this.#column[leaf] as number;
    return out === NOT_YET ? this.#make(leaf, no[node] as number, attribute) : out;
  }

  /**
   * What waits for memory is what is asked of prefixes. So a test that is first asked of one route is made of all of them at once, in a
   * loop that does nothing else: the processor is at many of them at the same time.
   */
  evaluateAll(
    ids: Int32Array,
    attributes: Int32Array,
    count: number,
    session: number,
    results: Int32Array,
  ): void {
    if (this.#answers.length < count) this.#answers = new Int32Array(count);
    const answers = this.#answers;
    this.#asked = 0;
    for (let i = 0; i < count; i++) {
      const attribute = attributes[i] as number;
      if (attribute === 0) continue;
      if (attribute !== this.#set) this.#turn(attribute);
      let node = this.#root;
      if (node === TOO_LARGE) {
        results[i] = this.#walk(ids[i] as number, attribute, session);
        continue;
      }
      const { test, yes, no } = this.#outcomes;
      for (let asked = test[node] as number; asked >= 0; asked = test[node] as number) {
        const holds =
          asked < TOGETHER && ((this.#asked >>> asked) & 1) !== 0
            ? ((answers[i] as number) >>> asked) & 1
            : this.#ask(asked, ids, attributes, count, i, session);
        node = (holds ? yes[node] : no[node]) as number;
      }
      if (test[node] === REJECT) {
        results[i] = 0;
        continue;
      }
      const leaf = this.#leaves + (yes[node] as number);
      const out = this.#column[leaf] as number;
      results[i] = out === NOT_YET ? this.#make(leaf, no[node] as number, attribute) : out;
    }
  }

  /** A test that is asked of the route `i`, for all of them where nothing but the prefix counts. */
  #ask(
    asked: number,
    ids: Int32Array,
    attributes: Int32Array,
    count: number,
    i: number,
    session: number,
  ): number {
    const test = this.#tests[asked] as RouteTest;
    if (asked >= TOGETHER || test.answer === undefined) {
      const origin = this.program.asksOrigins ? this.#originOf(attributes[i] as number) : 0;
      return Number(test.holds(ids[i] as number, session, origin));
    }
    const answers = this.#answers;
    if (this.#asked === 0) answers.fill(0, 0, count);
    this.#asked |= 1 << asked;
    test.answer(ids, count, 1 << asked, answers);
    return ((answers[i] as number) >>> asked) & 1;
  }

  /** The set is the one in question from now on. */
  #turn(attribute: number): void {
    const at = (attribute & this.#mask) * MEMO_WORDS;
    if (this.#memo[at] === attribute) {
      this.#root = this.#memo[at + 1] as number;
      this.#goTo(this.#memo[at + 2] as number, at);
    } else this.#find(attribute);
    this.#set = attribute;
  }

  #find(attribute: number): void {
    const outcomes = this.#outcomes;
    if (outcomes.isFull) {
      outcomes.forget();
      this.forget();
    }
    this.#turnTo(attribute);
    outcomes.find(this.#base);
    if (this.#madeUsed + outcomes.leaves > MOST_MADE) this.forget();
    this.#root = outcomes.root;
    const leaves = outcomes.leaves <= 1 ? HERE : this.#take(outcomes.leaves);
    let at = (attribute & this.#mask) * MEMO_WORDS;
    if (this.#memo[at] !== 0 && ++this.#misses > this.#mask >> 1) at = this.#grow(attribute);
    this.#memo[at] = attribute;
    this.#memo[at + 1] = this.#root;
    this.#memo[at + 2] = leaves;
    this.#memo[at + MEMO_LEAF] = NOT_YET;
    this.#goTo(leaves, at);
  }

  #goTo(leaves: number, at: number): void {
    this.#leaves = leaves === HERE ? at + MEMO_LEAF : leaves;
    this.#column = leaves === HERE ? this.#memo : this.#made;
  }

  /** Where so many AttrIds begin that are not made yet. */
  #take(count: number): number {
    const from = this.#madeUsed;
    this.#madeUsed = from + count;
    if (this.#madeUsed > this.#made.length) {
      const larger = new Int32Array(Math.max(2 * this.#made.length, this.#madeUsed));
      larger.set(this.#made);
      this.#made = larger;
    }
    for (let i = from; i < this.#madeUsed; i++) this.#made[i] = NOT_YET;
    return from;
  }

  /** More sets than places: four times as many. Returns the place of one. */
  #grow(attribute: number): number {
    this.#misses = 0;
    if (this.#mask + 1 < MOST_MEMO) {
      const memo = this.#memo;
      this.#mask = (this.#mask + 1) * 4 - 1;
      this.#memo = new Int32Array((this.#mask + 1) * MEMO_WORDS);
      for (let from = 0; from < memo.length; from += MEMO_WORDS) {
        const at = ((memo[from] as number) & this.#mask) * MEMO_WORDS;
        for (let word = 0; word < MEMO_WORDS; word++) this.#memo[at + word] = memo[from + word] as number;
      }
    }
    return (attribute & this.#mask) * MEMO_WORDS;
  }

  #originOf(attribute: number): number {
    if (attribute === this.#originSet) return this.#origin;
    this.#turnTo(attribute);
    this.#originSet = attribute;
    this.#origin = validatedOrigin(this.#base, this.program.localAs);
    return this.#origin;
  }

  /** What was made in the arena before is nobody's from now on. */
  #turnTo(attribute: number): void {
    const { attributes } = this.#fabric;
    const start = attributes.offsetOf(attribute);
    arena.clear();
    this.#base.turnTo(attributes.bytes, start, start + attributes.lengthOf(attribute));
  }

  #make(leaf: number, chain: number, attribute: number): number {
    this.#turnTo(attribute);
    const out = this.#finish(this.#outcomes.changed(chain, this.#base), attribute);
    this.#column[leaf] = out;
    return out;
  }

  /** One route, step by step. */
  #walk(id: number, attribute: number, session: number): number {
    this.#turnTo(attribute);
    const { accepted, view } = trace(this.program, this.#tests, this.#base, id, session);
    return accepted ? this.#finish(view, attribute) : 0;
  }
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
      view = step.change.apply(view);
      at = step.next;
    } else {
      const holds =
        step.kind === 'route'
          ? (tests[step.test] as RouteTest).holds(id, session, origin)
          : step.test.holds(view);
      at = holds ? step.yes : step.no;
    }
  }
  return { accepted: false, statement: -1, view };
}
