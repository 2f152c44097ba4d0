/**
 * What one peer of an MRT file said: its prefixes, each with the attribute set that it has at the end, and the
 * order of its messages. Attributes are taken through the product's decoder into one form, and then
 * written as an external neighbour sends them.
 */
import { AttributeType, WELL_KNOWN } from '../bgp/attribute-table.ts';
import { putU16, u32 } from '../bgp/bytes.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6 } from '../bgp/families.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../bgp/nlri.ts';
import { Action, CANONICAL_ROOM, canonicalize, decodeUpdate, UpdateView } from '../bgp/update.ts';
import { parseIpv4, parseIpv6 } from './addresses.ts';
import { ByteSink, sharedBytes, sharedWords, WordSink } from './arrays.ts';
import { writeHeader } from './attributes.ts';
import type { EncodeOptions, Feed } from './feed.ts';
import { MessageWriter } from './message-writer.ts';
import { PrefixIndex } from './prefix-index.ts';
import { AttributeAt, asTwoOctet, writePrepended } from './rewrite.ts';
import { newPrefixColumns, type PrefixColumns, type Routes } from './routes.ts';

/** Steps of the messages: announce or withdraw `count` of the rows that stand in `rows`, IPv4 or IPv6. */
const STEP_WORDS = 3;
const STEP_IPV6 = 1;
const STEP_WITHDRAW = 2;
const ABSENT = 0;

export class PeerCollector {
  readonly as: number;
  skipped = 0;
  readonly #nextHop: number;
  readonly #nextHop6: Uint8Array;
  readonly #tables = [new Table(1), new Table(4)] as const;
  readonly #sets = new Map<string, number>();
  readonly #setStart = new WordSink();
  readonly #setBytes = new ByteSink();
  /** kind, count, set; and the rows of all steps one after another. */
  readonly #steps = new WordSink();
  readonly #rows = new WordSink();
  readonly #view = new UpdateView();
  readonly #prefix = new Prefix();
  readonly #body = new Uint8Array(4 + 65536);
  readonly #canonical = new Uint8Array(CANONICAL_ROOM);

  constructor(as: number, nextHop: string, nextHop6?: string) {
    this.as = as;
    this.#nextHop = parseIpv4(nextHop);
    this.#nextHop6 = parseIpv6(nextHop6 ?? `::ffff:${nextHop}`);
    this.#setStart.push(0);
  }

  /** True where messages were taken, whose order `asSent` keeps. */
  get sentMessages(): boolean {
    return this.#steps.length > 0;
  }

  /** One route of a table dump; of several with ADD-PATH the first counts. */
  route(afi: number, prefix: Prefix, bytes: Uint8Array, start: number, end: number, asSize: 2 | 4): void {
    const ipv6 = afi === Afi.Ipv6;
    const set = this.#dumpedSet(bytes, start, end, asSize, ipv6);
    const table = this.#tables[ipv6 ? 1 : 0];
    const row = table.add(prefix);
    if (set < 0 || table.set[row] !== ABSENT) this.skipped++;
    else table.set[row] = set + 1;
  }

  /** One UPDATE that the peer sent, decoded into `view`. */
  message(bytes: Uint8Array, view: UpdateView, asSize: 2 | 4): void {
    if (view.action >= Action.TreatAsWithdraw) {
      this.skipped++;
      return;
    }
    this.#step(bytes, view.withdrawnStart, view.withdrawnEnd, STEP_WITHDRAW, ABSENT);
    this.#step(bytes, view.unreachStart, view.unreachEnd, STEP_WITHDRAW | STEP_IPV6, ABSENT);
    const options = { fourOctetAs: asSize === 4, external: true, families: FAMILY_IPV4 | FAMILY_IPV6 };
    if (view.nlriStart < view.nlriEnd) {
      const length = canonicalize(bytes, view, options, false, this.#canonical, 0);
      this.#step(bytes, view.nlriStart, view.nlriEnd, 0, this.#intern(length, false) + 1);
    }
    if (view.reachAfi === Afi.Ipv6 && view.reachNlriStart < view.reachNlriEnd) {
      const length = canonicalize(bytes, view, options, true, this.#canonical, 0);
      this.#step(bytes, view.reachNlriStart, view.reachNlriEnd, STEP_IPV6, this.#intern(length, true) + 1);
    }
  }

  /** The routes that there are at the end. */
  routes(): Routes {
    const start = this.#setStart.finish();
    const sets = { count: start.length - 1, start, bytes: this.#setBytes.finish() };
    const nextHop6 = sharedBytes(16);
    nextHop6.set(this.#nextHop6);
    return { v4: this.#tables[0].present(), v6: this.#tables[1].present(), sets, nextHop6 };
  }

  /** The peer's messages as it sent them, with the attributes of a neighbour of ours. */
  asSent(options: EncodeOptions = {}): Feed {
    const { families = FAMILY_IPV4 | FAMILY_IPV6, fourOctetAs = true, endOfRib = true } = options;
    const routes = fourOctetAs ? this.routes() : asTwoOctet(this.routes());
    const { sets, nextHop6 } = routes;
    const columns = [this.#tables[0].all(), this.#tables[1].all()] as const;
    const writer = new MessageWriter(sets.bytes.length + 128 * this.#steps.length);
    const rows = this.#rows.words.subarray(0, this.#rows.length);
    for (let i = 0, from = 0; i < this.#steps.length; i += STEP_WORDS) {
      const [kind, count, set] = this.#steps.words.subarray(i, i + STEP_WORDS) as unknown as [
        number,
        number,
        number,
      ];
      const to = from + count;
      const ipv6 = (kind & STEP_IPV6) !== 0;
      const wanted = (families & (ipv6 ? FAMILY_IPV6 : FAMILY_IPV4)) !== 0;
      const table = columns[ipv6 ? 1 : 0];
      if (wanted && kind & STEP_WITHDRAW) writer.withdraw(table, rows, from, to);
      else if (wanted) {
        const [start, end] = [sets.start[set - 1] as number, sets.start[set] as number];
        writer.announce(table, rows, from, to, sets.bytes, start, end, nextHop6);
      }
      from = to;
    }
    if (endOfRib && families & FAMILY_IPV4) writer.endOfRib(1);
    if (endOfRib && families & FAMILY_IPV6) writer.endOfRib(4);
    return writer.finish();
  }

  #step(bytes: Uint8Array, from: number, to: number, kind: number, set: number): void {
    const table = this.#tables[(kind & STEP_IPV6) !== 0 ? 1 : 0];
    const prefix = this.#prefix;
    let count = 0;
    for (let at = from; at < to; count++) {
      at = kind & STEP_IPV6 ? readPrefix6(bytes, at, prefix) : readPrefix4(bytes, at, prefix);
      const row = table.add(prefix);
      table.set[row] = set;
      this.#rows.push(row);
    }
    if (count === 0) return;
    this.#steps.push(kind);
    this.#steps.push(count);
    this.#steps.push(set);
  }

  /** The set of attributes that stand in a dump: they are read as those of an UPDATE without routes. */
  #dumpedSet(bytes: Uint8Array, start: number, end: number, asSize: 2 | 4, ipv6: boolean): number {
    const body = this.#body;
    const attribute = new AttributeAt();
    let to = 4;
    for (let at = start; at < end; ) {
      const next = attribute.read(bytes, at);
      if (!(next <= end)) return -1;
      // RFC 6396 4.3.4: a dump's MP_REACH_NLRI is none that an UPDATE could have; its next hop is not used.
      if (attribute.type !== AttributeType.MpReach) {
        body.set(bytes.subarray(at, next), to);
        to += next - at;
      }
      at = next;
    }
    putU16(body, 0, 0);
    putU16(body, 2, to - 4);
    const options = { fourOctetAs: asSize === 4, external: true, families: FAMILY_IPV4 | FAMILY_IPV6 };
    decodeUpdate(body, 0, to, options, this.#view);
    if (this.#view.action >= Action.TreatAsWithdraw) return -1;
    return this.#intern(canonicalize(body, this.#view, options, false, this.#canonical, 0), ipv6);
  }

  /** The number of the set that the first `length` octets of canonical attributes make. */
  #intern(length: number, ipv6: boolean): number {
    const canonical = this.#canonical;
    const key = (ipv6 ? '6' : '4') + Buffer.from(canonical.buffer, 0, length).toString('latin1');
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const set = this.#sets.size;
    this.#sets.set(key, set);
    const sink = new ByteSink(length + 64);
    this.#writeSent(sink, length, ipv6);
    this.#setBytes.put(sink.bytes, 0, sink.length);
    this.#setStart.push(this.#setBytes.length);
    return set;
  }

  /** Canonical attributes as an external neighbour sends them, type by type. */
  #writeSent(sink: ByteSink, length: number, ipv6: boolean): void {
    const canonical = this.#canonical;
    const attribute = new AttributeAt();
    let hopWritten = ipv6;
    for (let at = 0; at < length; ) {
      const end = attribute.read(canonical, at);
      if (!hopWritten && attribute.type > AttributeType.AsPath) {
        writeHeader(sink, WELL_KNOWN, AttributeType.NextHop, 4);
        sink.u32(this.#nextHop);
        hopWritten = true;
      }
      const from = attribute.from;
      if (attribute.type === AttributeType.AsPath) {
        const starts = end - from >= 6 && u32(canonical, from + 2) === this.as;
        writePrepended(sink, canonical, at, end, this.as, starts ? 0 : 1);
      } else if (isSentOn(attribute.type)) sink.put(canonical, at, end);
      at = end;
    }
    if (hopWritten) return;
    writeHeader(sink, WELL_KNOWN, AttributeType.NextHop, 4);
    sink.u32(this.#nextHop);
  }
}

/** Next hops are written anew, and what is of the peer's own AS only stays there. */
function isSentOn(type: number): boolean {
  return (
    type !== AttributeType.NextHop &&
    type !== AttributeType.MpReach &&
    type !== AttributeType.LocalPref &&
    type !== AttributeType.OriginatorId &&
    type !== AttributeType.ClusterList
  );
}

/** The prefixes of one family, and the set of each (+ 1; 0 while it is not announced). */
class Table {
  readonly index: PrefixIndex;
  set: Uint32Array;

  constructor(words: 1 | 4) {
    this.index = new PrefixIndex(words);
    this.set = new Uint32Array(this.index.capacity);
  }

  add(prefix: Prefix): number {
    const row = this.index.add(prefix.length, prefix.word0, prefix.word1, prefix.word2, prefix.word3);
    if (this.set.length < this.index.capacity) {
      const grown = new Uint32Array(this.index.capacity);
      grown.set(this.set);
      this.set = grown;
    }
    return row;
  }

  /** All prefixes that there ever were, by row. */
  all(): PrefixColumns {
    const { words, count, address, length } = this.index;
    return { words, count, address, length, set: sharedWords(0) };
  }

  present(): PrefixColumns {
    const { index, set } = this;
    let count = 0;
    for (let row = 0; row < index.count; row++) if (set[row] !== ABSENT) count++;
    const columns = newPrefixColumns(index.words, count);
    for (let row = 0, at = 0; row < index.count; row++) {
      if (set[row] === ABSENT) continue;
      for (let w = 0; w < index.words; w++) {
        columns.address[at * index.words + w] = index.address[row * index.words + w] as number;
      }
      columns.length[at] = index.length[row] as number;
      columns.set[at] = (set[row] as number) - 1;
      at++;
    }
    return columns;
  }
}
