/** What policies say of single routes, statement by statement: for people, on no hot path. */
import type { AttributeView } from './attributes.ts';
import { type NeighborContext, type RouteSource, type RouteTest, routeTest } from './conditions.ts';
import type { PolicyDefinition } from './language.ts';
import { compile, type Program, programKey } from './program.ts';
import { trace } from './runner.ts';
import { OriginValidation, type Validator } from './validation.ts';

export interface Explanation {
  readonly accepted: boolean;
  /** The statement that decided, in words. */
  readonly by: string;
  /** What became of the attributes. */
  readonly view: AttributeView;
}

export class Explainer {
  readonly #source: RouteSource;
  readonly #definitions: readonly PolicyDefinition[];
  readonly #programs = new Map<string, { readonly program: Program; readonly tests: readonly RouteTest[] }>();

  readonly #origins: Validator;

  constructor(
    source: RouteSource,
    definitions: readonly PolicyDefinition[],
    origins: Validator = new OriginValidation(),
  ) {
    this.#origins = origins;
    this.#source = source;
    this.#definitions = definitions;
  }

  /** `key`: of a definition, or its name. */
  explain(
    key: string,
    neighbor: NeighborContext,
    view: AttributeView,
    id: number,
    session: number,
  ): Explanation {
    const definition = this.#definitions.find((each) => each.key === key || each.name === key);
    if (definition === undefined) return { accepted: false, by: `there is no policy ${key}`, view };
    const { program, tests } = this.#program(definition, neighbor);
    const verdict = trace(program, tests, view, id, session);
    const by = program.statements[verdict.statement] ?? `${definition.name}: no statement decided`;
    return { accepted: verdict.accepted, by, view: verdict.view };
  }

  #program(
    definition: PolicyDefinition,
    neighbor: NeighborContext,
  ): { readonly program: Program; readonly tests: readonly RouteTest[] } {
    const key = programKey(definition, neighbor);
    let found = this.#programs.get(key);
    if (found === undefined) {
      const program = compile(definition, neighbor);
      found = {
        program,
        tests: program.routeConditions.map((each) => routeTest(each, this.#source, this.#origins)),
      };
      this.#programs.set(key, found);
    }
    return found;
  }
}
