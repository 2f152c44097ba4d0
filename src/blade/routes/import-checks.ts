/**
 * Whether the routes of one session may be used at all, before import policy: loops, and what the neighbour's rules say.
 * A set that no rule asks about costs a look at its description; the others are looked at once in a row of equal ones.
 */
import { OBJECTION, received } from '../../bgp/neighbour-rules.ts';
import { rowOf } from '../../bgp/roles.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import * as row from '../../rib/attribute-row.ts';
import { objectionTo } from '../../rib/objection.ts';
import type { SessionConfiguration } from '../messages.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const { LENGTHS, LOOPED, REFLECTED, ROW } = row;

export class ImportChecks {
  readonly #configuration: SessionConfiguration;
  readonly #fabric: Fabric;
  readonly #external: boolean;
  /** Rules ask about sets beyond what their description says. */
  readonly #asks: boolean;
  readonly #marks: boolean;
  #lastSet = 0;
  #lastObjected = false;
  #lastReceived = 0;
  #lastMarked = 0;

  constructor(fabric: Fabric, configuration: SessionConfiguration) {
    this.#fabric = fabric;
    this.#configuration = configuration;
    const { rules, as, localAs } = configuration;
    const external = as !== localAs && rules?.confederate !== true;
    this.#external = external;
    this.#asks =
      rules?.confederate === true ||
      (external && (rules?.enforceFirstAs === true || rules?.role !== undefined));
    this.#marks = external && rules?.role !== undefined && rowOf(rules.role).marks;
  }

  /** AttrIds may mean something else from now on. */
  forget(): void {
    this.#lastSet = this.#lastReceived = 0;
  }

  /** A route with this set is kept, but not feasible. */
  objects(attribute: number): boolean {
    const special =
      (this.#fabric.attributes.rows[attribute * ROW + LENGTHS] as number) & (LOOPED | REFLECTED);
    if (special === 0 && !this.#asks) return false;
    if (attribute !== this.#lastSet) {
      const { rules = {} } = this.#configuration;
      const ends = { ...this.#configuration, neighborAs: this.#configuration.as, external: this.#external };
      this.#lastObjected = objectionTo(this.#fabric, attribute, ends, rules) !== OBJECTION.none;
      this.#lastSet = attribute;
    }
    return this.#lastObjected;
  }

  /** The set as it is kept: marked where RFC 9234 wants it. 0: the dictionary is full. */
  received(attribute: number): number {
    if (!this.#marks || attribute === 0) return attribute;
    if (attribute !== this.#lastReceived) {
      const set = this.#fabric.attributes.copyOf(attribute);
      const { as: neighborAs, localAs, rules = {} } = this.#configuration;
      const kept = received(set, { localAs, neighborAs, external: this.#external }, rules);
      this.#lastMarked =
        kept === set ? attribute : this.#fabric.attributes.intern(kept, 0, kept.length, true);
      this.#lastReceived = attribute;
    }
    return this.#lastMarked;
  }
}
