/** What policies say of single routes, statement by statement: for people, on no hot path. */
import type { AttributeView } from './attributes.ts';
import type { Code } from './code.ts';
import { LoadedCode, weighed } from './code-runner.ts';
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
  readonly #loaded = new Map<string, LoadedCode>();
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
    if (definition.code !== undefined)
      return this.#call(definition, definition.code, neighbor, view, id, session);
    const { program, tests } = this.#program(definition, neighbor);
    const verdict = trace(program, tests, view, id, session);
    const by = program.statements[verdict.statement] ?? `${definition.name}: no statement decided`;
    return { accepted: verdict.accepted, by, view: verdict.view };
  }

  #call(
    { key, name }: PolicyDefinition,
    code: Code,
    neighbor: NeighborContext,
    view: AttributeView,
    id: number,
    session: number,
  ): Explanation {
    let loaded = this.#loaded.get(key);
    if (loaded === undefined) this.#loaded.set(key, (loaded = new LoadedCode(code)));
    const around = { source: this.#source, origins: this.#origins, neighbor };
    const before = weighed(view, neighbor);
    const { accepted, changes, reason, fault } = loaded.call(around, before, id, session);
    const by =
      fault === undefined
        ? `${name}${reason === undefined ? '' : ` (${reason})`}`
        : `${name}, which failed: ${fault}`;
    return { accepted, by, view: changes.reduce((each, change) => change.apply(each), before) };
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
