/**
 * `show routes --why`: which statement of import policy let a route in, or not; and of the best one, what each neighbour is told
 * and why. The policies are asked anew, with what stands in the tables; nothing of it is kept while routes go by.
 */
import { parseAddress, withoutZone } from '../../base/address.ts';
import { familyBits } from '../../bgp/families.ts';
import { State } from '../../bgp/fsm.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';
import { AttributeView } from '../../policy/attributes.ts';
import type { NeighborContext } from '../../policy/conditions.ts';
import { Explainer } from '../../policy/explain.ts';
import type { PolicyDefinition } from '../../policy/language.ts';
import { OutViews } from '../../rib/adj-rib-out.ts';
import { withLearntAs } from '../../rib/learnt-as.ts';
import { receivedAttribute } from '../../rib/received.ts';
import type { Chassis, SessionEntry } from '../chassis.ts';
import type { ExportRow } from '../operations.ts';
import { ownRoutes } from './local.ts';

type Box = Pick<Chassis, 'fabric' | 'table' | 'blades' | 'sessions' | 'configuration' | 'origins'>;

export function contextOf(fabric: Fabric, { neighbor, configuration }: SessionEntry): NeighborContext {
  const { as, localAs, rules } = withLearntAs(fabric, configuration);
  const address = parseAddress(withoutZone(neighbor.address)) ?? new Uint8Array(4);
  const external = as !== localAs && rules?.confederate !== true;
  return { address, as, external, localAs, localRole: rules?.role };
}

export class Why {
  readonly #box: Box;
  readonly #views: OutViews;
  #explainer: Explainer | undefined;
  #definitions: readonly PolicyDefinition[] = [];

  constructor(box: Box) {
    this.#box = box;
    this.#views = new OutViews(box.fabric);
  }

  /** Of a route as it stands in the column of its source. */
  imported(source: number, id: number, word: number): string {
    const { fabric, table } = this.#box;
    const session = fabric.sessionOf(source);
    const entry = table.at(session);
    if (entry === undefined) return '';
    const { importPolicy } = entry.configuration;
    if (importPolicy === undefined) return `import: ${entry.neighbor.import}`;
    const view = this.#view(receivedAttribute(fabric, source, id, word));
    const neighbor = { ...contextOf(fabric, entry), weight: entry.configuration.weight };
    const { accepted, by } = this.#explain().explain(importPolicy, neighbor, view, id, session);
    return `${accepted ? 'accepted' : 'rejected'} by ${by}`;
  }

  /** What each neighbour is told of a prefix whose best route is this one. */
  exported(source: number, id: number, attribute: number): ExportRow[] {
    const { aggregates = [] } = this.#box.configuration.router;
    const hides = aggregates.some(({ summaryOnly }) => summaryOnly);
    const aggregate = hides ? ownRoutes(this.#box).hiddenBy(id) : undefined;
    return this.#box.sessions
      .filter(({ index }) => this.#box.fabric.session(index, SESSION.state) === State.Established)
      .map((entry) => {
        const { told, why } = this.#exportedTo(entry, source, id, attribute, aggregate);
        const other = this.#isToldOther(entry, source, id) ? '; it is told another route in its place' : '';
        return { neighbor: entry.neighbor.address, told, why: why + other };
      });
  }

  #exportedTo(
    entry: SessionEntry,
    source: number,
    id: number,
    attribute: number,
    aggregate: string | undefined,
  ): Omit<ExportRow, 'neighbor'> {
    const { fabric } = this.#box;
    const { index, neighbor, configuration } = entry;
    const told = this.#isTold(index, id) && !this.#isToldOther(entry, source, id);
    if (fabric.sessionOf(source) === index) return { told, why: 'the route is its own' };
    const family = familyBits([id < fabric.prefixes.base6 ? 'ipv4-unicast' : 'ipv6-unicast']);
    if ((fabric.session(index, SESSION.families) & family) === 0)
      return { told, why: 'it does not speak this family' };
    if (aggregate !== undefined)
      return { told, why: `the aggregate ${aggregate} is told in its place (summary-only)` };
    const { exportPolicy } = configuration;
    if (exportPolicy === undefined) {
      const reason =
        neighbor.export === 'reject' ? '' : told ? '' : '; the rules of the protocol keep it back';
      return { told, why: `export: ${neighbor.export}${reason}` };
    }
    const session = fabric.sessionOf(source);
    const view = this.#view(attribute);
    const { accepted, by } = this.#explain().explain(
      exportPolicy,
      contextOf(fabric, entry),
      view,
      id,
      session,
    );
    const kept =
      accepted && !told ? '; the rules of the protocol keep it back, or it is still to be told' : '';
    return { told, why: `${accepted ? 'accepted' : 'rejected'} by ${by}${kept}` };
  }

  #isTold(session: number, id: number): boolean {
    const view = this.#box.fabric.session(session, SESSION.view) - 1;
    return view >= 0 && this.#views.attribute(view, id) !== 0 && this.#views.source(view, id) !== session + 1;
  }

  /** Where the best route must not be told, another one may be (blade/telling/instead.ts). */
  #isToldOther({ index, configuration }: SessionEntry, source: number, id: number): boolean {
    const { fabric } = this.#box;
    if (configuration.instead === undefined || !this.#isTold(index, id)) return false;
    const told = this.#views.source(fabric.session(index, SESSION.view) - 1, id);
    return told !== 0 && told !== fabric.sessionOf(source) + 1;
  }

  #view(attribute: number): AttributeView {
    const bytes = this.#box.fabric.attributes.copyOf(attribute);
    return new AttributeView(bytes, 0, bytes.length);
  }

  /** Anew after a reload. */
  #explain(): Explainer {
    const { policies } = this.#box.configuration;
    if (this.#explainer === undefined || this.#definitions !== policies) {
      this.#definitions = policies;
      this.#explainer = new Explainer(this.#box.fabric, policies, this.#box.origins.validation);
    }
    return this.#explainer;
  }
}
