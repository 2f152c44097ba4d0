/**
 * The policies that a blade knows, and the runners that are made of them: one for each kind of neighbour that a policy tells
 * apart, made when the first one needs it.
 */
import { CANONICAL_ROOM } from '../bgp/canonical.ts';
import type { Fabric } from '../fabric/fabric.ts';
import type { AttributeView } from './attributes.ts';
import type { NeighborContext } from './conditions.ts';
import type { PolicyDefinition } from './language.ts';
import { compile, programKey } from './program.ts';
import { type Finish, NO_ROOM, Runner } from './runner.ts';
import { OriginValidation, type TableInForce } from './validation.ts';

const scratch = new Uint8Array(CANONICAL_ROOM);

export class PolicyBook {
  readonly #fabric: Fabric;
  #definitions = new Map<string, PolicyDefinition>();
  /** Sessions that have not heard of the new ones yet still name them. */
  #before = new Map<string, PolicyDefinition>();
  /** For import: by program. */
  #runners: Map<string, Runner> = new Map();

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
    this.#definitions = new Map(definitions.map((definition) => [definition.key, definition]));
    const known = ([program]: [string, Runner]): boolean =>
      this.#definitions.has(program.slice(0, program.lastIndexOf('/')));
    this.#runners = new Map([...this.#runners].filter(known));
  }

  /** AttrIds may mean something else from now on, for these runners too: of policies that were replaced. */
  forget(others: Iterable<Runner>): void {
    for (const runner of new Set([...this.#runners.values(), ...others])) runner.forget();
  }

  /** The runner of an import policy for a neighbour. */
  importer(key: string, neighbor: NeighborContext): Runner {
    const definition = this.#definition(key);
    const program = programKey(definition, neighbor);
    let runner = this.#runners.get(program);
    if (runner === undefined) {
      runner = this.runner(definition.key, neighbor, (view, attribute) => this.#intern(view, attribute));
      this.#runners.set(program, runner);
    }
    return runner;
  }

  runner(key: string, neighbor: NeighborContext, finish: Finish): Runner {
    return new Runner(compile(this.#definition(key), neighbor), this.#fabric, finish, this.origins);
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

  #intern({ bytes, start, end }: AttributeView, attribute: number): number {
    const { attributes } = this.#fabric;
    if (bytes === attributes.bytes && start === attributes.offsetOf(attribute)) return attribute;
    scratch.set(bytes.subarray(start, end));
    return attributes.intern(scratch, 0, end - start, true) || NO_ROOM;
  }
}
