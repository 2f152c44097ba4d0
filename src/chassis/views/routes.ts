/**
 * `show routes`, `show received`, `show advertised`: read straight from the columns in the fabric, so that no blade is
 * asked. A full table streams: a batch of some hundred rows is made when the reader has taken the one before, in about a
 * millisecond, and between two of them the chassis passes a quiescent point and sees to everything else.
 */

import { type AddressPrefix, parsePrefix } from '../../base/address.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import { OBJECTIONS } from '../../bgp/neighbour-rules.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../../fabric/layout.ts';
import type { LocRibWords } from '../../fabric/loc-rib-words.ts';
import { OutViews, UNKNOWN } from '../../rib/adj-rib-out.ts';
import { decideFor, STEP_NAMES } from '../../rib/decision.ts';
import { withLearntAs } from '../../rib/learnt-as.ts';
import { UNKNOWN_BEST } from '../../rib/loc-rib.ts';
import { objectionTo } from '../../rib/objection.ts';
import { isOwnSource } from '../../rib/own-source.ts';
import { isPathSet, PathSet } from '../../rib/path-set.ts';
import { pathOf } from '../../rib/paths.ts';
import { BUCKETS, firstOf, presentIn } from '../../rib/presence.ts';
import { receivedAttribute } from '../../rib/received.ts';
import { ATTRIBUTE_MASK, FILTERED, MULTIPATH, UNRESOLVED, visible } from '../../rib/route-word.ts';
import { Told } from '../../rib/told.ts';
import { NO_ORIGIN, type VrpTable } from '../../rpki/table.ts';
import type { Chassis } from '../chassis.ts';
import { type RouteFilter, type RouteRow, VALIDITIES } from '../operations.ts';
import type { LocalRow } from './local.ts';
import { breath, type PrefixChunk, prefixesInOrder, spanWithin, wholeSpan, within } from './prefixes.ts';
import { type AttributesText, attributesText, prefixText } from './route-text.ts';
import type { Why } from './why.ts';

/** Rows of a batch, and prefixes looked at for one at most. */
const BATCH = 256;
const LOOKS = 2048;

/** Appends the rows of a prefix. */
type RowsOf = (id: number, rows: RouteRow[]) => void;

const isAny = (_: readonly RouteRow[]): boolean => true;
const isUsed = (rows: readonly RouteRow[]): boolean => rows.some(({ best }) => best);

export class RouteViews {
  readonly #fabric: Fabric;
  readonly #views: OutViews;
  readonly #told: Told;
  readonly #paths = new PathSet();
  /** The neighbour's address by session. */
  readonly #name: (session: number) => string;
  readonly #sessions: () => number;
  /** The VRPs in force, where there are RPKI caches. */
  readonly #origins: () => VrpTable | undefined;
  readonly #localAs: number;
  /** Why a route of a session with this attribute set is not feasible. */
  readonly #why: Why;
  readonly #objection: (session: number, attribute: number) => string;
  /** By PrefixId the routes of the router itself. */
  readonly #local: () => ReadonlyMap<number, LocalRow>;
  /** By blade: its Loc-RIB. */
  readonly #locRibs: readonly LocRibWords[];
  /** Of one batch: neighbouring prefixes often share their attributes. */
  readonly #texts = new Map<number, AttributesText>();

  constructor(
    fabric: Fabric,
    sessions: () => number,
    name: (session: number) => string,
    origins: () => VrpTable | undefined,
    localAs: number,
    objection: (session: number, attribute: number) => string,
    why: Why,
    local: () => ReadonlyMap<number, LocalRow>,
  ) {
    this.#local = local;
    this.#why = why;
    this.#objection = objection;
    this.#fabric = fabric;
    this.#views = new OutViews(fabric);
    this.#told = new Told(fabric);
    this.#sessions = sessions;
    this.#name = name;
    this.#origins = origins;
    this.#localAs = localAs;
    this.#locRibs = Array.from({ length: fabric.options.blades }, (_, blade) => fabric.locRib(blade));
  }

  /** All routes of the box; around an address, those of the prefix that packets would follow. */
  routes(filter: RouteFilter): AsyncIterable<RouteRow[]> {
    let local: ReadonlyMap<number, LocalRow> | undefined;
    const rowsOf: RowsOf = (id, rows) => {
      local ??= this.#local();
      const own = local.get(id);
      if (own !== undefined) rows.push(this.#ownRow(id, own, filter));
      const best = own?.source ?? this.best(id);
      for (const session of this.#sessionsWith(id)) {
        const word = this.#fabric.columns.get(session, id);
        if (word === 0) continue;
        if (filter.best && session !== best) continue;
        const row = this.#row(id, session, word, best);
        rows.push(row);
        if (!filter.why) continue;
        row.import = this.#why.imported(session, id, word);
        if (row.best) row.exports = this.#why.exported(session, id, word & ATTRIBUTE_MASK);
      }
    };
    return this.#batches(filter, rowsOf, isUsed);
  }

  #ownRow(id: number, { source, attribute, protocol }: LocalRow, { why }: RouteFilter): RouteRow {
    const row = { ...this.#rowOf(id, source, attribute, true), protocol };
    return why ? { ...row, exports: this.#why.exported(source, id, attribute) } : row;
  }

  /** One session's Adj-RIB-In. */
  received(session: number, filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#batches(filter, (id, rows) => {
      for (let lane = 0; lane < this.#fabric.sourceCount(session); lane++) {
        const source = this.#fabric.sourceAt(session, lane);
        const word = this.#fabric.columns.get(source, id);
        if (word === 0) continue;
        const received = receivedAttribute(this.#fabric, source, id, word);
        rows.push({ ...this.#row(id, source, word, this.best(id)), ...this.#text(received) });
      }
    });
  }

  /** One session's Adj-RIB-Out; `neighbor` says where the route came from. */
  advertised(session: number, filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#batches(filter, (id, rows) => {
      const view = this.#fabric.session(session, SESSION.view) - 1;
      if (view < 0) return;
      const attribute = this.#views.attribute(view, id);
      const source = this.#views.source(view, id) - 1;
      if (attribute === 0 || attribute === UNKNOWN || source === session) return;
      if (isPathSet(this.#fabric, attribute & ATTRIBUTE_MASK)) this.#pathsTold(id, session, attribute, rows);
      else rows.push(this.#rowOf(id, source, attribute, true));
    });
  }

  /** Several paths of a prefix, by the identifiers that we gave them. */
  #pathsTold(id: number, session: number, set: number, rows: RouteRow[]): void {
    const told = this.#paths;
    told.read(this.#fabric, set);
    const best = this.best(id);
    for (let i = 0; i < told.count; i++) {
      const path = told.path[i] as number;
      if (this.#fabric.sessionOf(path - 1) === session) continue;
      const row = this.#rowOf(id, path - 1, told.attribute[i] as number, best === path - 1);
      rows.push({ ...row, path });
    }
  }

  /** Prefixes with a best route. */
  countPrefixes(): number {
    const { prefixes } = this.#fabric;
    let count = 0;
    for (let id = 0; id < prefixes.used4(); id++) if (this.best(id) >= 0) count++;
    for (let id = prefixes.base6; id < prefixes.used6(); id++) if (this.best(id) >= 0) count++;
    return count;
  }

  async *#batches(filter: RouteFilter, rowsOf: RowsOf, does = isAny): AsyncGenerator<RouteRow[]> {
    if (filter.covering && filter.prefix !== undefined) {
      const rows = this.#covering(filter.prefix, rowsOf, does);
      if (rows.length > 0) yield rows;
      return;
    }
    for await (const chunk of this.#select(filter)) {
      for (let at = 0; at < chunk.length; ) {
        const rows: RouteRow[] = [];
        at = this.#batch(chunk, at, rowsOf, rows);
        if (rows.length > 0) yield rows;
        await breath();
      }
    }
  }

  /** Makes the rows of one batch, from an index on; returns the next. Nothing is held from before or kept for after. */
  #batch(chunk: PrefixChunk, from: number, rowsOf: RowsOf, rows: RouteRow[]): number {
    const end = Math.min(chunk.length, from + LOOKS);
    let at = from;
    this.#texts.clear();
    return this.#fabric.epochs.inside(() => {
      while (at < end && rows.length < BATCH) {
        const id = chunk.idAt(at++);
        if (id >= 0) rowsOf(id, rows);
      }
      return at;
    });
  }

  /** The rows of the longest prefix around this one that does; where none does, of the longest one with any: they say why not. */
  #covering(text: string, rowsOf: RowsOf, does: (rows: readonly RouteRow[]) => boolean): RouteRow[] {
    let others: RouteRow[] = [];
    const prefix = parsePrefix(text);
    if (prefix === undefined) return others;
    const { ipv6, words } = prefixWords(prefix);
    this.#texts.clear();
    return this.#fabric.epochs.inside(() => {
      for (let { length } = prefix; length >= 0; length--) {
        const id = this.#find(
          ipv6,
          words.map((word, i) => firstBits(word, length - 32 * i)),
          length,
        );
        if (id < 0) continue;
        const rows: RouteRow[] = [];
        rowsOf(id, rows);
        if (rows.length > 0 && does(rows)) return rows;
        if (others.length === 0) others = rows;
      }
      return others;
    });
  }

  #find(ipv6: boolean, [a = 0, b = 0, c = 0, d = 0]: readonly number[], length: number): number {
    const { prefixes } = this.#fabric;
    return ipv6 ? prefixes.find6(a, b, c, d, length) : prefixes.find4(a, length);
  }

  /** The prefixes that a filter asks for, in order, in chunks. */
  async *#select(filter: RouteFilter): AsyncGenerator<PrefixChunk> {
    const fabric = this.#fabric;
    if (filter.prefix === undefined) {
      if (filter.family !== 'ipv6-unicast') yield* prefixesInOrder(fabric, wholeSpan(false));
      if (filter.family !== 'ipv4-unicast') yield* prefixesInOrder(fabric, wholeSpan(true));
      return;
    }
    const prefix = parsePrefix(filter.prefix);
    if (prefix === undefined) return;
    const { ipv6, words, length } = prefixWords(prefix);
    if (!filter.longer) {
      yield { length: 1, idAt: () => this.#find(ipv6, words, length) };
      return;
    }
    for await (const chunk of prefixesInOrder(fabric, spanWithin(words[0] as number, length, ipv6)))
      yield {
        length: chunk.length,
        idAt: (index) => {
          const id = chunk.idAt(index);
          return id >= 0 && within(fabric, id, words, length, ipv6) ? id : -1;
        },
      };
  }

  /** Session of the best route of the whole box, or -1: at rest every blade that knows it says the same. */
  best(id: number): number {
    let forgotten = false;
    for (const best of this.#locRibs) {
      const session = best.source(id);
      if (session === UNKNOWN_BEST) forgotten = true;
      else if (session !== 0) return session - 1;
    }
    return forgotten ? this.#bestAdvertised(id) : -1;
  }

  /** Blades that tell nobody forget what is best; what they advertise to their siblings says it too. */
  #bestAdvertised(id: number): number {
    const { columns } = this.#fabric;
    let best = -1;
    let bestAttribute = 0;
    for (const session of this.#sessionsWith(id)) {
      const attribute = visible(columns.get(session, id));
      if (attribute === 0) continue;
      if (best >= 0 && decideFor(this.#fabric, id, attribute, session, bestAttribute, best) < 0) continue;
      best = session;
      bestAttribute = attribute;
    }
    return best;
  }

  /** The sessions and lanes that may have a route, in order. */
  #sessionsWith(id: number): number[] {
    const found: number[] = [];
    const count = this.#sessions();
    const present = presentIn(this.#fabric, id);
    for (let bits = present; bits !== 0; bits &= bits - 1) {
      for (let session = 31 - Math.clz32(bits & -bits); session < count; session += BUCKETS)
        found.push(session);
      const { laneLimit, options } = this.#fabric;
      for (
        let lane = firstOf(31 - Math.clz32(bits & -bits), options.sessions);
        lane < laneLimit;
        lane += BUCKETS
      )
        found.push(lane);
    }
    return count > BUCKETS ? found.sort((a, b) => a - b) : found;
  }

  /** Of an attribute set, or of what was told (rib/told.ts). */
  #text(attribute: number): AttributesText {
    let text = this.#texts.get(attribute);
    if (text === undefined) this.#texts.set(attribute, (text = this.#textOf(attribute)));
    return text;
  }

  #textOf(word: number): AttributesText {
    const told = this.#told;
    told.take(word);
    return attributesText(told.bytes, told.start, told.end);
  }

  #row(id: number, session: number, word: number, best: number): RouteRow {
    const attribute = word & ATTRIBUTE_MASK;
    const row = this.#rowOf(id, session, attribute, session === best);
    if (word & MULTIPATH) row.multipath = true;
    if (word & UNRESOLVED) row.reason = 'not feasible: there is no way to its next hop';
    else if (word & FILTERED) row.reason = `not feasible: ${this.#objection(session, attribute)}`;
    else if (isOwnSource(this.#fabric, best + 1)) row.reason = 'lost to a route of this router itself';
    else if (session !== best && best >= 0) {
      const bestAttribute = this.#fabric.columns.get(best, id) & ATTRIBUTE_MASK;
      if (bestAttribute !== 0) {
        const step = Math.abs(decideFor(this.#fabric, id, bestAttribute, best, attribute, session));
        row.reason = `lost on ${STEP_NAMES[step]}`;
      }
    }
    return row;
  }

  #rowOf(id: number, session: number, attribute: number, best: boolean): RouteRow {
    const text = this.#text(attribute);
    const origins = this.#origins();
    const neighbor = this.#fabric.sessionOf(session);
    const family = id < this.#fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6;
    const several = (this.#fabric.session(neighbor, SESSION.addPath) & 0xff & family) !== 0;
    return {
      prefix: prefixText(this.#fabric, id),
      neighbor: this.#name(neighbor),
      ...(several ? { path: pathOf(this.#fabric, session, id) } : {}),
      best,
      ...text,
      blade: this.#fabric.homeOf(neighbor),
      ...(origins === undefined ? {} : { rpki: this.#validity(origins, id, text.asPath) }),
    };
  }

  #validity(origins: VrpTable, id: number, asPath: string): NonNullable<RouteRow['rpki']> {
    const { prefixes } = this.#fabric;
    const { base6, keys6 } = prefixes;
    const origin = originOf(asPath, this.#localAs);
    if (id < base6) return VALIDITIES[origins.validate4(prefixes.address4(id), prefixes.length4(id), origin)];
    const [a = 0, b = 0, c = 0, d = 0, length = 0] = keys6.subarray((id - base6) * 5, (id - base6) * 5 + 5);
    return VALIDITIES[origins.validate6(a, b, c, d, length, origin)];
  }
}

/** RFC 6811 2: the last AS of the path; our own where there is none, and none where the path ends in a set. */
function originOf(asPath: string, localAs: number): number {
  if (/[}\]]$/.test(asPath)) return NO_ORIGIN;
  const last = /(\d+)$/.exec(asPath);
  return last === null ? localAs : Number(last[1]);
}

/** Why a route of the session that is not feasible is not, in words. */
export function whyNotFeasible(
  { fabric, table }: Pick<Chassis, 'fabric' | 'table'>,
  session: number,
  attribute: number,
): string {
  const entry = table.at(session);
  if (entry === undefined) return 'its session is over';
  const external = (fabric.session(session, SESSION.flags) & SESSION_FLAG.external) !== 0;
  const configuration = withLearntAs(fabric, entry.configuration);
  const { as: neighborAs, rules = {} } = configuration;
  const objection = objectionTo(fabric, attribute, { ...configuration, neighborAs, external }, rules);
  return OBJECTIONS[objection] || 'rejected by import policy';
}

/** The first bits of a word, so many. */
function firstBits(word: number, count: number): number {
  return count <= 0 ? 0 : count >= 32 ? word : (word & ~(0xffffffff >>> count)) >>> 0;
}

/** A parsed prefix as words. */
export function prefixWords(prefix: AddressPrefix): {
  ipv6: boolean;
  words: number[];
  length: number;
} {
  const view = new DataView(prefix.bytes.buffer, prefix.bytes.byteOffset, prefix.bytes.length);
  const words: number[] = [];
  for (let at = 0; at < prefix.bytes.length; at += 4) words.push(view.getUint32(at));
  return { ipv6: prefix.bytes.length === 16, words, length: prefix.length };
}
