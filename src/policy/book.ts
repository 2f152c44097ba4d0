/**
 * The policies that a blade knows, and the runners that are made of them: one for each kind of neighbour that a policy tells
 * apart, made when the first one needs it.
 */
import type { Fabric } from '../fabric/fabric.ts';
import type { AttributeView } from './attributes.ts';
import { CodeRunner, LoadedCode, type OnFault } from './code-runner.ts';
import type { NeighborContext } from './conditions.ts';
import type { PolicyDefinition } from './language.ts';
import { compile, programKey } from './program.ts';
import { type Finish, NO_ROOM, type PolicyRunner, Runner } from './runner.ts';
import { OriginValidation, type TableInForce } from './validation.ts';

/** Takes all: for neighbours whose routes have a weight, and no policy. */
export const ACCEPTING: PolicyDefinition = {
  key: 'accept',
  name: 'accept',
  // biome-ignore lint/suspicious/noThenProperty: a key of a statement, and never a function.
  policies: { accept: [{ if: [], unless: [], set: [], then: 'accept' }] },
};

export class PolicyBook {
  readonly #fabric: Fabric;
  #definitions = new Map<string, PolicyDefinition>();
  /** Sessions that have not heard of the new ones yet still name them. */
  #before = new Map<string, PolicyDefinition>();
  /** For import: by program. */
  #runners: Map<string, PolicyRunner> = new Map();
  /** By definition; loaded when the first neighbour needs it. */
  #loaded = new Map<string, LoadedCode>();
  /** A policy failed on a route of a session that came in, or went out. */
  onFault: (session: number, text: string, imported: boolean) => void = () => {};

  /** What the RPKI says, for all of them. */
  readonly origins: OriginValidation;

  constructor(fabric: Fabric, definitions: readonly PolicyDefinition[], origins?: TableInForce) {
    this.#fabric = fabric;
    this.origins = new OriginValidation(origins);
    this.replace(definitions);
  }

  /** These hold from now on. */
  replace(definitions: readonly PolicyDefinition[]): void {
    this.#before = this.#definitions;
    this.#definitions = new Map(
      [ACCEPTING, ...definitions].map((definition) => [definition.key, definition]),
    );
    const known = ([program]: [string, PolicyRunner]): boolean =>
      this.#definitions.has(program.slice(0, program.lastIndexOf('/')));
    this.#runners = new Map([...this.#runners].filter(known));
    this.#loaded = new Map([...this.#loaded].filter(([key]) => this.#definitions.has(key)));
  }

  /** AttrIds may mean something else from now on, for these runners too: of policies that were replaced. */
  forget(others: Iterable<PolicyRunner>): void {
    for (const runner of new Set([...this.#runners.values(), ...others])) runner.forget();
  }

  /** The runner of an import policy for a neighbour. */
  importer(key: string, neighbor: NeighborContext): PolicyRunner {
    const definition = this.#definition(key);
    const program = programKey(definition, neighbor);
    let runner = this.#runners.get(program);
    if (runner === undefined) {
      const finish: Finish = (view, attribute) => this.#intern(view, attribute);
      const onFault: OnFault = (session, text) => this.onFault(session, text, true);
      runner = this.runner(definition.key, neighbor, finish, onFault);
      this.#runners.set(program, runner);
    }
    return runner;
  }

  runner(
    key: string,
    neighbor: NeighborContext,
    finish: Finish,
    onFault: OnFault = (session, text) => this.onFault(session, text, false),
  ): PolicyRunner {
    const definition = this.#definition(key);
    const { code, name } = definition;
    if (code === undefined)
      return new Runner(compile(definition, neighbor), this.#fabric, finish, this.origins);
    let loaded = this.#loaded.get(definition.key);
    if (loaded === undefined) this.#loaded.set(definition.key, (loaded = new LoadedCode(code)));
    const around = { source: this.#fabric, origins: this.origins, neighbor };
    return new CodeRunner(name, loaded, this.#fabric, around, finish, onFault);
  }

  /** Equal keys: the same policy, for neighbours that it does not tell apart. */
  programKey(key: string, neighbor: NeighborContext): string {
    return programKey(this.#definition(key), neighbor);
  }

  #definition(key: string): PolicyDefinition {
    const found = this.#definitions.get(key) ?? this.#before.get(key);
    // A policy of which nothing is known takes nothing and tells nothing.
    return found ?? { key, name: key, policies: {} };
  }

  #intern({ bytes, start, end, changes }: AttributeView, attribute: number): number {
    const { attributes } = this.#fabric;
    if (bytes === attributes.bytes && start === attributes.offsetOf(attribute)) return attribute;
    return attributes.internChanged(bytes, start, end, attribute, changes) || NO_ROOM;
  }
}
