/**
 * A policy as a program: one test or one change a step, calls written out where they stand, what depends on the neighbour
 * alone decided. Tests of attributes come before tests of the prefix, which have to be made for each route.
 */
import { type Change, changeOf } from './actions.ts';
import { type AttributeTest, attributeTest, holdsFor, type NeighborContext } from './conditions.ts';
import type { Condition, PolicyDefinition, PrefixCondition, Statement } from './language.ts';

/** In the place of a step: where a route is done. */
export const ACCEPT = -1;
export const REJECT = -2;
/** The end of the policy, without a decision: rejected. */
export const END = -3;

export type Step =
  /** `route`: the number of a test of each route. */
  | {
      readonly kind: 'route';
      readonly test: number;
      readonly yes: number;
      readonly no: number;
      readonly statement: number;
    }
  | {
      readonly kind: 'attributes';
      readonly test: AttributeTest;
      readonly yes: number;
      readonly no: number;
      readonly statement: number;
    }
  | { readonly kind: 'change'; readonly change: Change; readonly next: number; readonly statement: number }
  | { readonly kind: 'done'; readonly done: typeof ACCEPT | typeof REJECT; readonly statement: number };

export interface Program {
  readonly key: string;
  /** The RPKI is asked of routes: of those that changed VRPs cover the answer may be another one. */
  readonly asksOrigins: boolean;
  /** Our AS: the origin of routes without a path. */
  readonly localAs: number;
  readonly steps: readonly Step[];
  /** The first step, or END. */
  readonly start: number;
  /** Tests of each route, by number. */
  readonly routeConditions: readonly PrefixCondition[];
  /** Names of the statements, for people: `from-customer 3 (too long)`. */
  readonly statements: readonly string[];
}

/** Steps of one policy at most, calls written out. */
const MOST_STEPS = 200_000;

class Compiler {
  readonly steps: Step[] = [];
  readonly routeConditions: PrefixCondition[] = [];
  readonly statements: string[] = [];
  readonly #definition: PolicyDefinition;
  readonly #neighbor: NeighborContext;

  constructor(definition: PolicyDefinition, neighbor: NeighborContext) {
    this.#definition = definition;
    this.#neighbor = neighbor;
  }

  /** Made from the last statement to the first, so that each knows where it leads. Returns where it begins. */
  policy(name: string, end: number): number {
    const policy = this.#definition.policies[name] ?? [];
    let next = end;
    for (let i = policy.length - 1; i >= 0; i--) {
      next = this.#statement(policy[i] as Statement, `${name} ${i + 1}`, next, end);
    }
    return next;
  }

  /** Behind the weight that the neighbour's routes have. */
  weighed(next: number): number {
    const value = this.#neighbor.weight ?? 0;
    if (value === 0) return next;
    const change = changeOf({ kind: 'number', of: 'weight', by: 'set', value }, this.#neighbor.localAs);
    return this.#add({ kind: 'change', change, next, statement: 0 });
  }

  #statement(statement: Statement, place: string, next: number, end: number): number {
    const name = statement.name === undefined ? place : `${place} (${statement.name})`;
    const number = this.statements.push(name) - 1;
    let at = this.#then(statement, number, next, end);
    if (statement.call !== undefined) at = this.policy(statement.call, at);
    for (const action of [...statement.set].reverse())
      at = this.#add({
        kind: 'change',
        change: changeOf(action, this.#neighbor.localAs),
        next: at,
        statement: number,
      });
    if (statement.unless.length > 0) at = this.#all(statement.unless, number, next, at);
    return this.#all(statement.if, number, at, next);
  }

  #then({ then }: Statement, statement: number, next: number, end: number): number {
    if (then === 'next') return next;
    if (then === 'return') return end;
    return this.#add({ kind: 'done', done: then === 'accept' ? ACCEPT : REJECT, statement });
  }

  /** Goes to `yes` where all of the conditions hold, else to `no`. */
  #all(conditions: readonly Condition[], statement: number, yes: number, no: number): number {
    let at = yes;
    const ofRoute = conditions.filter(isOfRoute);
    const others = conditions.filter((condition) => !isOfRoute(condition));
    for (const condition of [...others, ...ofRoute].reverse()) {
      if (condition.kind === 'neighbor' || condition.kind === 'role') {
        if (!holdsFor(condition, this.#neighbor)) at = no;
      } else if (isOfRoute(condition)) {
        const test = this.#routeCondition(condition);
        at = this.#add({ kind: 'route', test, yes: at, no, statement });
      } else at = this.#add({ kind: 'attributes', test: attributeTest(condition), yes: at, no, statement });
    }
    return at;
  }

  #routeCondition(condition: PrefixCondition): number {
    const known = this.routeConditions.indexOf(condition);
    return known >= 0 ? known : this.routeConditions.push(condition) - 1;
  }

  #add(step: Step): number {
    if (this.steps.length >= MOST_STEPS)
      throw new Error(`policy ${this.#definition.name}: more than ${MOST_STEPS} steps`);
    return this.steps.push(step) - 1;
  }
}

function isOfRoute(condition: Condition): condition is PrefixCondition {
  return ['prefix', 'length', 'family', 'learned-from', 'protocol', 'rpki'].includes(condition.kind);
}

export function compile(definition: PolicyDefinition, neighbor: NeighborContext): Program {
  const compiler = new Compiler(definition, neighbor);
  const start = compiler.weighed(compiler.policy(definition.name, END));
  const { steps, routeConditions, statements } = compiler;
  return {
    key: programKey(definition, neighbor),
    asksOrigins: routeConditions.some(({ kind }) => kind === 'rpki'),
    localAs: neighbor.localAs,
    steps,
    start,
    routeConditions,
    statements,
  };
}

/** Neighbours of whom a policy asks the same, with the same answers, use the same program. */
export function programKey(definition: PolicyDefinition, neighbor: NeighborContext): string {
  if (definition.code?.asksNeighbor === false)
    return `${definition.key}/${neighbor.localAs} ${neighbor.weight ?? 0}`;
  // It may ask anything of the neighbour.
  if (definition.code !== undefined)
    return `${definition.key}/${neighbor.address} ${neighbor.as} ${neighbor.external} ${neighbor.localAs} ${neighbor.localRole} ${neighbor.weight ?? 0}`;
  let answers = neighbor.weight ? `${neighbor.weight} ` : '';
  for (const policy of Object.values(definition.policies)) {
    for (const { if: asked, unless } of policy) {
      for (const condition of [...asked, ...unless]) {
        const holds = holdsFor(condition, neighbor);
        if (holds !== undefined) answers += holds ? '1' : '0';
      }
    }
  }
  return `${definition.key}/${answers}`;
}
