/**
 * A policy in TypeScript on the way of routes. It is called once for a set of attributes where it does not look at the route's prefix
 * (or anything else that routes with the same attributes can differ in), and else for each route; what its changes make of a set is
 * kept in both cases. Whatever goes wrong in it rejects the route, and is counted and told.
 */
import type { Fabric } from '../fabric/fabric.ts';
import type { Change } from './actions.ts';
import { AttributeView } from './attributes.ts';
import { type Code, CodeError, faultText, load } from './code.ts';
import type { Changes, Policy } from './code-api.ts';
import { CodeTests } from './code-sets.ts';
import { changesOf, idText, RouteView, type Surroundings } from './code-view.ts';
import type { NeighborContext } from './conditions.ts';
import type { Finish, PolicyRunner } from './runner.ts';
import { arena, NO_ROOM } from './runner.ts';
import type { OriginValidation } from './validation.ts';

/** Who is told of a route that was rejected because the policy failed. */
export type OnFault = (session: number, text: string) => void;

/** What a call came to. */
export interface Outcome {
  readonly accepted: boolean;
  /** Equal ones are the same array, as long as they are kept. */
  readonly changes: readonly Change[];
  readonly reason?: string;
  /** It failed. */
  readonly fault?: string;
  /** It looked at more than attributes. */
  readonly asksRoute: boolean;
}

const NO_CHANGES: readonly Change[] = [];

/** The code of a policy, loaded, with what has been made of its results. */
export class LoadedCode {
  readonly asksOrigins: boolean;
  readonly #code: Code;
  readonly #policy: Policy;
  readonly #tests: CodeTests;
  /** By result and own AS, as text. */
  readonly #changes = new Map<string, readonly Change[]>();
  /** What was returned last, as a copy, and what it came to: most calls return the same as the one before. */
  #last: { readonly returned: unknown; readonly localAs: number; readonly changes: readonly Change[] } = {
    returned: undefined,
    localAs: 0,
    changes: NO_CHANGES,
  };

  constructor(code: Code) {
    this.#code = code;
    this.asksOrigins = Object.values(code.modules).some((text) => /\brpki\b/.test(text));
    this.#policy = load(code);
    this.#tests = new CodeTests(code.sets);
  }

  call(around: Surroundings, view: AttributeView, id: number, session: number): Outcome {
    const route = new RouteView(around, view, id, session, this.#tests, this.#code.asksNeighbor);
    try {
      const result = this.#policy(route);
      const { asksRoute } = route;
      if (result === 'accept' || result === 'reject')
        return { accepted: result === 'accept', changes: NO_CHANGES, asksRoute };
      if (
        typeof result !== 'object' ||
        result === null ||
        typeof (result as { then?: unknown }).then === 'function'
      )
        throw new CodeError(`returned ${describe(result)}, and not accept, reject or changes`);
      const { localAs } = around.neighbor;
      const last = this.#last;
      if (last.localAs === localAs && sameData(result, last.returned))
        return { accepted: true, changes: last.changes, asksRoute };
      const { reason, ...changes } = result;
      const made = this.#changesOf(changes, localAs);
      if (reason === undefined) return { accepted: true, changes: made, asksRoute };
      return { accepted: true, changes: made, asksRoute, reason: String(reason) };
    } catch (error) {
      const fault = faultText(error, Object.keys(this.#code.modules));
      return { accepted: false, changes: NO_CHANGES, fault, asksRoute: route.asksRoute };
    } finally {
      route.close();
    }
  }

  #changesOf(changes: Changes, localAs: number): readonly Change[] {
    const key = JSON.stringify(changes);
    const whole = `${localAs} ${key}`;
    let found = this.#changes.get(whole);
    if (found === undefined) {
      if (this.#changes.size > MOST_CHANGES) this.#changes.clear();
      found = changesOf(changes, localAs);
      this.#changes.set(whole, found);
    }
    this.#last = { returned: JSON.parse(key), localAs, changes: found };
    return found;
  }
}

/** Does this say what a copy says that was made as JSON? A policy may return one object again and again, and change it in between. */
function sameData(value: unknown, copied: unknown): boolean {
  if (value === copied) return true;
  if (typeof value !== 'object' || typeof copied !== 'object' || value === null || copied === null)
    return false;
  if (Array.isArray(value) || Array.isArray(copied)) {
    if (!Array.isArray(value) || !Array.isArray(copied) || value.length !== copied.length) return false;
    // Of another context, where walking by name is slow.
    for (let i = 0; i < value.length; i++) if (!sameData(value[i], copied[i])) return false;
    return true;
  }
  const names = Object.keys(value);
  if (names.length !== Object.keys(copied).length) return false;
  for (const name of names) {
    const before = copied[name as keyof typeof copied] as unknown;
    if (before === undefined || !sameData(value[name as keyof typeof value], before)) return false;
  }
  return true;
}

const MOST_CHANGES = 1 << 14;

/** A set as a neighbour's routes have it before their policy. */
export function weighed(view: AttributeView, { weight }: NeighborContext): AttributeView {
  return weight === undefined ? view : view.withWeight(weight);
}

function describe(result: unknown): string {
  if (typeof result === 'object' && result !== null) return 'a promise';
  return result === undefined ? 'nothing' : String(result);
}

interface Around extends Surroundings {
  readonly origins: OriginValidation;
}

/** Sets that are remembered: a power of two. */
const MEMO = 1 << 15;
/** In the place of an AttrId: the policy is to be called for each route; it failed. */
const EACH = -2;
const FAILED = -3;
const MOST_RESULTS = 1 << 16;

export class CodeRunner implements PolicyRunner {
  readonly #name: string;
  readonly #code: LoadedCode;
  readonly #fabric: Fabric;
  readonly #around: Around;
  readonly #finish: Finish;
  readonly #onFault: OnFault;
  readonly #base = new AttributeView(new Uint8Array(0), 0, 0, arena);
  readonly #keys = new Int32Array(MEMO);
  readonly #values = new Int32Array(MEMO);
  /** Of what is called for each route: by changes and set; so many, and the last one of them. */
  readonly #results = new Map<readonly Change[], Map<number, number>>();
  #resultCount = 0;
  #lastChanges = NO_CHANGES;
  #lastSet = 0;
  #lastMade = 0;
  /** Of `evaluate`, the last time. */
  #asked = 0;
  #fault = '';
  #faults = 0;

  constructor(
    name: string,
    code: LoadedCode,
    fabric: Fabric,
    around: Around,
    finish: Finish,
    onFault: OnFault,
  ) {
    this.#name = name;
    this.#code = code;
    this.#fabric = fabric;
    this.#around = around;
    this.#finish = finish;
    this.#onFault = onFault;
  }

  get asksOrigins(): boolean {
    return this.#code.asksOrigins;
  }

  get origins(): { readonly generation: number } {
    return this.#around.origins;
  }

  forget(): void {
    this.#keys.fill(0);
    this.#forgetResults();
  }

  #forgetResults(): void {
    this.#results.clear();
    this.#resultCount = this.#lastSet = 0;
  }

  get saidOfSet(): boolean {
    const slot = this.#asked & (MEMO - 1);
    return this.#keys[slot] === this.#asked && (this.#values[slot] as number) >= 0;
  }

  evaluate(id: number, attribute: number, session: number): number {
    this.#asked = attribute;
    const slot = attribute & (MEMO - 1);
    if (this.#keys[slot] === attribute) {
      const value = this.#values[slot] as number;
      if (value === FAILED) return this.#failed(id, session, this.#fault);
      if (value !== EACH) return value;
    }
    const { attributes } = this.#fabric;
    const start = attributes.offsetOf(attribute);
    arena.clear();
    this.#base.turnTo(attributes.bytes, start, start + attributes.lengthOf(attribute));
    const outcome = this.#code.call(this.#around, weighed(this.#base, this.#around.neighbor), id, session);
    if (outcome.fault !== undefined) {
      this.#fault = outcome.fault;
      this.#note(slot, attribute, outcome.asksRoute ? EACH : FAILED);
      return this.#failed(id, session, outcome.fault);
    }
    const value = outcome.accepted ? this.#made(attribute, outcome) : 0;
    if (value !== NO_ROOM) this.#note(slot, attribute, outcome.asksRoute ? EACH : value);
    return value;
  }

  evaluateAll(
    ids: Int32Array,
    attributes: Int32Array,
    count: number,
    session: number,
    results: Int32Array,
  ): void {
    for (let i = 0; i < count; i++)
      if (attributes[i] !== 0) results[i] = this.evaluate(ids[i] as number, attributes[i] as number, session);
  }

  #note(slot: number, attribute: number, value: number): void {
    this.#keys[slot] = attribute;
    this.#values[slot] = value;
  }

  #made(attribute: number, { changes, asksRoute }: Outcome): number {
    if (!asksRoute) return this.#make(attribute, changes);
    if (attribute === this.#lastSet && changes === this.#lastChanges) return this.#lastMade;
    let results = this.#results.get(changes);
    let made = results?.get(attribute);
    if (made === undefined) {
      made = this.#make(attribute, changes);
      if (made === NO_ROOM) return NO_ROOM;
      if (this.#resultCount > MOST_RESULTS) {
        this.#forgetResults();
        results = undefined;
      }
      if (results === undefined) this.#results.set(changes, (results = new Map()));
      results.set(attribute, made);
      this.#resultCount++;
    }
    this.#lastSet = attribute;
    this.#lastChanges = changes;
    this.#lastMade = made;
    return made;
  }

  #make(attribute: number, changes: readonly Change[]): number {
    let view = weighed(this.#base, this.#around.neighbor);
    for (const change of changes) view = change.apply(view);
    return this.#finish(view, attribute);
  }

  /** The first one is told, the second, the fourth … */
  #failed(id: number, session: number, fault: string): number {
    const count = ++this.#faults;
    const often = count === 1 ? '' : `; ${count} routes so far`;
    const text =
      (count & (count - 1)) === 0
        ? `policy ${this.#name} rejects ${idText(this.#around.source, id)}, because it failed: ${fault}${often}`
        : '';
    this.#onFault(session, text);
    return 0;
  }
}
