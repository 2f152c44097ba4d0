/**
 * `show routes`, `show received`, `show advertised`: read straight from the columns in the fabric, in batches, so
 * that a full table streams and no blade is asked. The chassis passes a quiescent point between batches.
 */

import { type AddressPrefix, parsePrefix } from '../../base/address.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';
import { OutViews } from '../../rib/adj-rib-out.ts';
import { decide, STEP_NAMES } from '../../rib/decision.ts';
import { BUCKETS } from '../../rib/presence.ts';
import { ATTRIBUTE_MASK, FILTERED } from '../../rib/route-word.ts';
import type { RouteFilter, RouteRow } from '../operations.ts';
import { sortedIds, within } from './prefixes.ts';
import { attributesText, prefixText } from './route-text.ts';

const BATCH = 256;

export class RouteViews {
  readonly #fabric: Fabric;
  readonly #views: OutViews;
  /** The neighbour's address by session. */
  readonly #name: (session: number) => string;
  readonly #sessions: () => number;

  constructor(fabric: Fabric, sessions: () => number, name: (session: number) => string) {
    this.#fabric = fabric;
    this.#views = new OutViews(fabric);
    this.#sessions = sessions;
    this.#name = name;
  }

  /** All routes of the box. */
  routes(filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#batches(filter, (id) => {
      const best = this.#best(id);
      const rows: RouteRow[] = [];
      for (const session of this.#sessionsWith(id)) {
        const word = this.#fabric.columns.get(session, id);
        if (word === 0) continue;
        if (filter.best && session !== best) continue;
        rows.push(this.#row(id, session, word, best));
      }
      return rows;
    });
  }

  /** One session's Adj-RIB-In. */
  received(session: number, filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#batches(filter, (id) => {
      const word = this.#fabric.columns.get(session, id);
      return word === 0 ? [] : [this.#row(id, session, word, this.#best(id))];
    });
  }

  /** One session's Adj-RIB-Out; `neighbor` says where the route came from. */
  advertised(session: number, filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#batches(filter, (id) => {
      const view = this.#fabric.session(session, SESSION.view) - 1;
      if (view < 0) return [];
      const attribute = this.#views.attribute(view, id);
      const source = this.#views.source(view, id) - 1;
      if (attribute === 0 || source === session) return [];
      return [this.#rowOf(id, source, attribute, true)];
    });
  }

  /** Prefixes with a best route. */
  countPrefixes(): number {
    const { prefixes } = this.#fabric;
    const { attribute } = this.#fabric.locRib(0);
    let count = 0;
    for (let id = 0; id < prefixes.used4(); id++) if (attribute[id] !== 0) count++;
    for (let id = prefixes.base6; id < prefixes.used6(); id++) if (attribute[id] !== 0) count++;
    return count;
  }

  async *#batches(filter: RouteFilter, rowsOf: (id: number) => RouteRow[]): AsyncGenerator<RouteRow[]> {
    let rows: RouteRow[] = [];
    for (const id of this.#select(filter)) {
      rows.push(...rowsOf(id));
      if (rows.length < BATCH) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  }

  #select(filter: RouteFilter): number[] {
    const families =
      filter.family === 'ipv4-unicast' ? FAMILY_IPV4 : filter.family === 'ipv6-unicast' ? FAMILY_IPV6 : 3;
    if (filter.prefix === undefined) return sortedIds(this.#fabric, families);
    const prefix = parsePrefix(filter.prefix);
    if (prefix === undefined) return [];
    const { ipv6, words, length } = prefixWords(prefix);
    if (filter.longer) {
      return sortedIds(this.#fabric, ipv6 ? FAMILY_IPV6 : FAMILY_IPV4).filter((id) =>
        within(this.#fabric, id, words, length, ipv6),
      );
    }
    const { prefixes } = this.#fabric;
    const [a = 0, b = 0, c = 0, d = 0] = words;
    const id = ipv6 ? prefixes.find6(a, b, c, d, length) : prefixes.find4(a, length);
    return id < 0 ? [] : [id];
  }

  /** Session of the best route of the whole box, or -1: at rest every blade says the same. */
  #best(id: number): number {
    for (let blade = 0; blade < this.#fabric.options.blades; blade++) {
      const session = (this.#fabric.locRib(blade).session[id] as number) - 1;
      if (session >= 0) return session;
    }
    return -1;
  }

  *#sessionsWith(id: number): Generator<number> {
    const presence = this.#fabric.presence[id] as number;
    for (let session = 0; session < this.#sessions(); session++) {
      if (presence & (1 << (session % BUCKETS))) yield session;
    }
  }

  #row(id: number, session: number, word: number, best: number): RouteRow {
    const attribute = word & ATTRIBUTE_MASK;
    const row = this.#rowOf(id, session, attribute, session === best);
    if (word & FILTERED) row.reason = 'not feasible: rejected by import policy, or our own AS in the path';
    else if (session !== best && best >= 0) {
      const bestAttribute = this.#fabric.columns.get(best, id) & ATTRIBUTE_MASK;
      if (bestAttribute !== 0) {
        const step = Math.abs(decide(this.#fabric, bestAttribute, best, attribute, session));
        row.reason = `lost on ${STEP_NAMES[step]}`;
      }
    }
    return row;
  }

  #rowOf(id: number, session: number, attribute: number, best: boolean): RouteRow {
    return {
      prefix: prefixText(this.#fabric, id),
      neighbor: this.#name(session),
      best,
      ...attributesText(this.#fabric, attribute),
      blade: this.#fabric.homeOf(session),
    };
  }
}

/** A parsed prefix as words. */
function prefixWords(prefix: AddressPrefix): {
  ipv6: boolean;
  words: number[];
  length: number;
} {
  const view = new DataView(prefix.bytes.buffer, prefix.bytes.byteOffset, prefix.bytes.length);
  const words: number[] = [];
  for (let at = 0; at < prefix.bytes.length; at += 4) words.push(view.getUint32(at));
  return { ipv6: prefix.bytes.length === 16, words, length: prefix.length };
}
