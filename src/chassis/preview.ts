/**
 * `policy preview`: what a changed file would do to the tables as they are, before it is loaded. For each neighbour whose
 * import or export policy or weight differs, its routes go through the old one and the new one; nothing else is touched.
 */

import type { Configuration, NeighborConfiguration } from '../config/configuration.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { PAGE_WORDS, SESSION } from '../fabric/layout.ts';
import type { AttributeView } from '../policy/attributes.ts';
import { ACCEPTING, PolicyBook } from '../policy/book.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import type { PolicyRunner } from '../policy/runner.ts';
import { receivedAttribute } from '../rib/received.ts';
import { feasible } from '../rib/route-word.ts';
import type { Chassis, SessionEntry } from './chassis.ts';
import type { PreviewReport, PreviewRow } from './operations.ts';
import { type OwnRoutes, ownRoutes } from './views/local.ts';
import { breath } from './views/prefixes.ts';
import { prefixText } from './views/route-text.ts';
import { contextOf } from './views/why.ts';

/** Prefixes of each kind that are named. */
const NAMED = 10;

type Verdict = (id: number, attribute: number, session: number) => number;
type Direction = 'import' | 'export';

/** Source of the best route of a prefix in the whole box; -1: there is none. */
type BestOf = (id: number) => number;

export async function previewPolicies(
  chassis: Chassis,
  wanted: Configuration,
  bestOf: BestOf,
): Promise<PreviewReport> {
  const rows: PreviewRow[] = [];
  const own = ownRoutes(chassis);
  for (const neighbor of wanted.neighbors) {
    const entry = chassis.table.find(neighbor.address);
    if (entry === undefined) continue;
    for (const direction of ['import', 'export'] as const) {
      const key = direction === 'import' ? 'importPolicy' : 'exportPolicy';
      const policy =
        entry.neighbor[direction] === neighbor[direction] && entry.neighbor[key] === neighbor[key];
      const weight = direction === 'export' || entry.neighbor.weight === neighbor.weight;
      if (policy && weight) continue;
      const comparison = new Comparison(chassis, entry, neighbor, wanted.policies, direction, own, bestOf);
      rows.push(await comparison.run());
    }
  }
  return { neighbors: rows };
}

/** One neighbour's routes of one direction, by the old policy and by the new one. */
class Comparison {
  readonly #chassis: Chassis;
  readonly #entry: SessionEntry;
  readonly #direction: Direction;
  readonly #row: PreviewRow;
  readonly #own: OwnRoutes;
  readonly #bestOf: BestOf;
  readonly #before: Verdict;
  readonly #after: Verdict;
  /** What came of sets of attributes, by their octets: equal ones have equal numbers. */
  readonly #sets = new Map<string, number>();
  readonly #runners: PolicyRunner[] = [];

  constructor(
    chassis: Chassis,
    entry: SessionEntry,
    neighbor: NeighborConfiguration,
    policies: readonly PolicyDefinition[],
    direction: Direction,
    own: OwnRoutes,
    bestOf: BestOf,
  ) {
    this.#own = own;
    this.#bestOf = bestOf;
    this.#chassis = chassis;
    this.#entry = entry;
    this.#direction = direction;
    const [from, to] = [entry.neighbor[direction], neighbor[direction]];
    const none = { added: 0, removed: 0, changed: 0, same: 0, examples: [] };
    this.#row = { neighbor: neighbor.address, direction, from, to, ...none };
    this.#before = this.#verdict(entry.neighbor, chassis.configuration.policies);
    this.#after = this.#verdict(neighbor, policies);
  }

  async run(): Promise<PreviewRow> {
    const { fabric } = this.#chassis;
    if (this.#direction === 'export') this.#exportOwn(fabric);
    for (let page = 0; page < fabric.columns.pages; page++) {
      fabric.epochs.inside(() => {
        if (this.#direction === 'import') this.#importPage(fabric, page);
        else this.#exportPage(fabric, page);
      });
      if (page % 16 !== 15) continue;
      await breath();
      // An AttrId may be another set's by now.
      for (const runner of this.#runners) runner.forget();
    }
    return this.#row;
  }

  #importPage(fabric: Fabric, page: number): void {
    const { index } = this.#entry;
    for (let lane = 0; lane < fabric.sourceCount(index); lane++) {
      const source = fabric.sourceAt(index, lane);
      if (fabric.columns.pageOf(source, page * PAGE_WORDS) === 0) continue;
      for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
        const word = fabric.columns.get(source, id);
        if (word !== 0) this.#compare(id, receivedAttribute(fabric, source, id, word), index);
      }
    }
  }

  /** Routes of the router itself: the best ones of their prefixes. */
  #exportOwn(fabric: Fabric): void {
    const families = fabric.session(this.#entry.index, SESSION.families);
    for (const [id, { attribute, source }] of this.#own.rows) {
      if ((families & (id < fabric.prefixes.base6 ? 1 : 2)) === 0 || this.#own.hiddenBy(id)) continue;
      this.#compare(id, attribute, source);
    }
  }

  /** Of what is best now; the neighbour's own blade need not know that, where it tells nobody. */
  #exportPage(fabric: Fabric, page: number): void {
    const families = fabric.session(this.#entry.index, SESSION.families);
    for (let id = page * PAGE_WORDS; id < (page + 1) * PAGE_WORDS; id++) {
      if ((families & (id < fabric.prefixes.base6 ? 1 : 2)) === 0) continue;
      const source = this.#bestOf(id);
      const attribute = source < 0 ? 0 : feasible(fabric.columns.get(source, id));
      if (attribute === 0) continue;
      if (this.#own.rows.has(id) || this.#own.hiddenBy(id) !== undefined) continue;
      const session = fabric.sessionOf(source);
      if (session !== this.#entry.index) this.#compare(id, attribute, session);
    }
  }

  #compare(id: number, attribute: number, session: number): void {
    const [before, after] = [this.#before(id, attribute, session), this.#after(id, attribute, session)];
    const row = this.#row;
    if (before === after) {
      row.same++;
      return;
    }
    const what = before === 0 ? 'added' : after === 0 ? 'removed' : 'changed';
    row[what]++;
    if (row[what] <= NAMED) row.examples.push({ prefix: prefixText(this.#chassis.fabric, id), what });
  }

  #verdict(neighbor: NeighborConfiguration, policies: readonly PolicyDefinition[]): Verdict {
    const { fabric } = this.#chassis;
    const accepts = neighbor[this.#direction] !== 'reject';
    const weight = this.#direction === 'import' && neighbor.weight > 0 ? neighbor.weight : undefined;
    const said = this.#direction === 'import' ? neighbor.importPolicy : neighbor.exportPolicy;
    const key = said ?? (accepts && weight !== undefined ? ACCEPTING.key : undefined);
    // A set that nothing is changed of stands for itself, negative.
    if (key === undefined) return (_, attribute) => (accepts ? -attribute : 0);
    const finish = (view: AttributeView, attribute: number): number => {
      if (view.marks !== 0) return this.#numberOf(view);
      const same = view.bytes === fabric.attributes.bytes || textOf(view) === copyText(fabric, attribute);
      return same ? -attribute : this.#numberOf(view);
    };
    const runner = new PolicyBook(fabric, policies, this.#chassis.origins.inForce).runner(
      key,
      { ...contextOf(fabric, this.#entry), weight },
      (view, attribute) => {
        const out = finish(view, attribute);
        return out < 0 ? SAME + attribute : out;
      },
    );
    this.#runners.push(runner);
    return (id, attribute, session) => {
      const out = runner.evaluate(id, attribute, session);
      return out >= SAME ? -attribute : out;
    };
  }

  #numberOf(view: AttributeView): number {
    const text = `${view.marks} ${textOf(view)}`;
    const known = this.#sets.get(text);
    if (known !== undefined) return known;
    this.#sets.set(text, this.#sets.size + 1);
    return this.#sets.size;
  }
}

function textOf({ bytes, start, end }: AttributeView): string {
  return Buffer.from(bytes.slice(start, end)).toString('latin1');
}

function copyText({ attributes }: Fabric, attribute: number): string {
  return Buffer.from(attributes.copyOf(attribute)).toString('latin1');
}

/** Numbers from here on stand for a set that is as it was. */
const SAME = 1 << 29;
