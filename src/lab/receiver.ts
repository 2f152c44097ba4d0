/**
 * A strict receiver: takes UPDATE messages (RFC 4271 4.3, RFC 4760) as a neighbour of the router under test,
 * keeps what it was told, and counts whatever a good router would not have sent. It never repairs: a
 * message that is wrong in form is counted, its reason kept, and the session goes on.
 */
import { AsPathFault, asPathFault, segmentsContain } from '../bgp/as-path.ts';
import { AttributeFlag, AttributeType, Segment } from '../bgp/attribute-table.ts';
import { u16, u32 } from '../bgp/bytes.ts';
import { Afi, Safi } from '../bgp/families.ts';
import { HEADER_LENGTH } from '../bgp/message.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../bgp/nlri.ts';
import type { Feed } from './feed.ts';
import { AttributeAt } from './rewrite.ts';
import { type AttributeHash, Told, ToldTable } from './told.ts';

export interface ReceiverOptions {
  readonly localAs: number;
  readonly remoteAs: number;
  readonly fourOctetAs: boolean;
  /** Keeps the attribute bytes of every set it is told, for `attributesOf`. */
  readonly keepAttributes?: boolean;
}

/** Counters of a receiver; they go on over session resets. */
export interface ReceiverCounts {
  updates: number;
  announced: number;
  withdrawn: number;
  /** Announced again with the same attributes. */
  duplicates: number;
  /** Withdrawn without having been announced. */
  unknownWithdraws: number;
  /** Routes with our own AS in their path. */
  loops: number;
  /** Of these, routes with our own AS right behind the router's: our own routes, sent back to us. */
  returned: number;
  malformed: number;
  lastMalformed: string;
  /** End-of-RIB markers (RFC 4724), by family. */
  endOfRib4: number;
  endOfRib6: number;
}

export class Receiver {
  readonly counts: ReceiverCounts = {
    updates: 0,
    announced: 0,
    withdrawn: 0,
    duplicates: 0,
    unknownWithdraws: 0,
    loops: 0,
    returned: 0,
    malformed: 0,
    lastMalformed: '',
    endOfRib4: 0,
    endOfRib6: 0,
  };
  v4 = new ToldTable(1);
  v6 = new ToldTable(4);
  readonly #options: ReceiverOptions;
  #remoteAs: number;
  #fourOctetAs: boolean;
  readonly #attribute = new AttributeAt();
  readonly #reach = new AttributeAt();
  readonly #prefix = new Prefix();
  readonly #hash: AttributeHash = { low: 0, high: 0, nextHop: 0, pathLength: 0 };
  /** Which UPDATE had an attribute of each type last: finds the ones that come twice. */
  readonly #seen = new Float64Array(256);
  readonly #kept = new Map<string, Uint8Array>();
  #path = { from: 0, to: 0 };
  /** 1 where the message's path has our own AS in it, and right behind the router's. */
  #loop = 0;
  #returned = 0;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#remoteAs = options.remoteAs;
    this.#fourOctetAs = options.fourOctetAs;
  }

  /** What the OPENs agreed on. */
  session(remoteAs: number, fourOctetAs: boolean): void {
    this.#remoteAs = remoteAs;
    this.#fourOctetAs = fourOctetAs;
  }

  /** The session went down, and with it all that was told. */
  clear(): void {
    this.v4 = new ToldTable(1);
    this.v6 = new ToldTable(4);
    this.#kept.clear();
  }

  /** One UPDATE, [from, to) behind its header. */
  update(bytes: Uint8Array, from: number, to: number): void {
    this.counts.updates++;
    const wrong = this.#take(bytes, from, to);
    if (wrong === undefined) return;
    this.counts.malformed++;
    this.counts.lastMalformed = wrong;
  }

  /** Every message of a feed, as if it had come over a connection: the table that a feed amounts to. */
  feed(feed: Feed): this {
    for (let i = 0; i < feed.messages; i++) {
      this.update(feed.bytes, (feed.offsets[i] as number) + HEADER_LENGTH, feed.offsets[i + 1] as number);
    }
    return this;
  }

  /** The attributes, MP_REACH_NLRI left out, of a route that is there; needs `keepAttributes`. */
  attributesOf(table: ToldTable, id: number): Uint8Array | undefined {
    return this.#kept.get(
      keptKey(table.low[id] as number, table.high[id] as number, table.nextHop[id] as number),
    );
  }

  #take(bytes: Uint8Array, from: number, to: number): string | undefined {
    const attributes = from + 2 + u16(bytes, from);
    if (attributes + 2 > to) return 'withdrawn routes run over the message';
    const first = attributes + 2;
    const nlri = first + u16(bytes, attributes);
    if (nlri > to) return 'path attributes run over the message';
    if (from + 2 < attributes && !this.#prefixes4(bytes, from + 2, attributes, false))
      return 'bad withdrawn routes';
    if (first === nlri && nlri === to) {
      if (from + 2 === attributes) this.counts.endOfRib4++;
      return undefined;
    }
    return this.#attributes(bytes, first, nlri, to);
  }

  #attributes(bytes: Uint8Array, first: number, nlri: number, to: number): string | undefined {
    const attribute = this.#attribute;
    const hash = this.#hash;
    hash.low = hash.high = hash.nextHop = 0;
    this.#path.from = this.#path.to = 0;
    let reaches = false;
    for (let at = first; at < nlri; ) {
      if (at + 3 > nlri) return 'a path attribute without its header';
      const end = attribute.read(bytes, at);
      if (end > nlri) return `attribute ${attribute.type} runs over the attributes`;
      if (this.#seen[attribute.type] === this.counts.updates)
        return `attribute ${attribute.type} comes twice`;
      this.#seen[attribute.type] = this.counts.updates;
      if (attribute.type === AttributeType.MpReach) {
        reaches = true;
        this.#reach.read(bytes, at);
      } else if (attribute.type === AttributeType.MpUnreach) {
        if (!this.#mpUnreach(bytes, attribute)) return 'bad MP_UNREACH_NLRI';
      } else if (attribute.type === AttributeType.NextHop)
        hash.nextHop = hashBytes(bytes, attribute.from, end, 3);
      else this.#addToHash(bytes, attribute);
      if (attribute.type === AttributeType.AsPath) {
        this.#path.from = attribute.from;
        this.#path.to = attribute.to;
      }
      at = end;
    }
    if (!reaches && nlri === to) return undefined;
    const wrong = this.#checkRoutes(bytes, nlri < to);
    if (wrong !== undefined) return wrong;
    this.#lookAtPath(bytes);
    if (nlri < to) {
      if (!this.#prefixes4(bytes, nlri, to, true)) return 'bad NLRI';
      this.#keep(bytes, first, nlri);
    }
    return !reaches ? undefined : this.#mpReach(bytes, first, nlri);
  }

  /** RFC 4271 5.1: attributes that an UPDATE with routes must, or must not, have. */
  #checkRoutes(bytes: Uint8Array, nlri4: boolean): string | undefined {
    const has = (type: number): boolean => this.#seen[type] === this.counts.updates;
    if (!has(AttributeType.Origin)) return 'routes without ORIGIN';
    if (!has(AttributeType.AsPath)) return 'routes without AS_PATH';
    if (nlri4 && !has(AttributeType.NextHop)) return 'IPv4 routes without NEXT_HOP';
    const fourOctetAs = this.#fourOctetAs;
    const { from, to } = this.#path;
    if (asPathFault(bytes, from, to, fourOctetAs ? 4 : 2, false) !== AsPathFault.None)
      return 'malformed AS_PATH';
    const { localAs } = this.#options;
    const remoteAs = this.#remoteAs;
    const external = localAs !== remoteAs;
    if (external && has(AttributeType.LocalPref)) return 'LOCAL_PREF from an external neighbour';
    if (!external && !has(AttributeType.LocalPref)) return 'no LOCAL_PREF from an internal neighbour';
    if (!external) return undefined;
    const firstAs =
      to - from < 4 || bytes[from] !== Segment.Sequence
        ? -1
        : fourOctetAs
          ? u32(bytes, from + 2)
          : u16(bytes, from + 2);
    return firstAs === remoteAs || (!fourOctetAs && firstAs === 23456)
      ? undefined
      : `AS_PATH begins with ${firstAs}, not with the neighbour's AS`;
  }

  #lookAtPath(bytes: Uint8Array): void {
    const { localAs } = this.#options;
    const asSize = this.#fourOctetAs ? 4 : 2;
    const { from, to } = this.#path;
    let hops = 0;
    for (let at = from; at < to; at += 2 + (bytes[at + 1] as number) * asSize) {
      hops += bytes[at] === Segment.Sequence ? (bytes[at + 1] as number) : 1;
    }
    this.#hash.pathLength = Math.min(hops, 255);
    this.#loop = segmentsContain(bytes, from, to, asSize, localAs) ? 1 : 0;
    const second = from + 2 + asSize;
    const ours =
      (bytes[from + 1] as number) > 1 && (asSize === 4 ? u32(bytes, second) : u16(bytes, second)) === localAs;
    this.#returned = this.#loop === 1 && ours ? 1 : 0;
  }

  #mpReach(bytes: Uint8Array, first: number, nlri: number): string | undefined {
    const { from: value, to: end } = this.#reach;
    if (end - value < 5) return 'MP_REACH_NLRI too short';
    if (u16(bytes, value) !== Afi.Ipv6 || bytes[value + 2] !== Safi.Unicast)
      return 'MP_REACH_NLRI of a family never offered';
    const hop = bytes[value + 3] as number;
    if (hop !== 16 && hop !== 32) return 'MP_REACH_NLRI with a bad next hop';
    if (value + 5 + hop > end) return 'MP_REACH_NLRI too short';
    this.#hash.nextHop = hashBytes(bytes, value + 4, value + 4 + hop, 14);
    if (!this.#prefixes6(bytes, value + 5 + hop, end, true)) return 'bad MP_REACH_NLRI';
    this.#keep(bytes, first, nlri);
    return undefined;
  }

  #mpUnreach(bytes: Uint8Array, attribute: AttributeAt): boolean {
    const { from, to } = attribute;
    if (to - from < 3 || u16(bytes, from) !== Afi.Ipv6 || bytes[from + 2] !== Safi.Unicast) return false;
    if (to - from === 3) this.counts.endOfRib6++;
    return this.#prefixes6(bytes, from + 3, to, false);
  }

  #addToHash(bytes: Uint8Array, attribute: AttributeAt): void {
    // How long the length field is says nothing about the attribute.
    const kind = ((attribute.flags & ~AttributeFlag.ExtendedLength) << 8) | attribute.type;
    this.#hash.low = (this.#hash.low + hashBytes(bytes, attribute.from, attribute.to, kind)) >>> 0;
    this.#hash.high = (this.#hash.high + hashBytes(bytes, attribute.from, attribute.to, ~kind)) >>> 0;
  }

  #prefixes4(bytes: Uint8Array, from: number, to: number, announced: boolean): boolean {
    const prefix = this.#prefix;
    const hash = this.#hash;
    const table = this.v4;
    for (let at = from; at < to; ) {
      if ((bytes[at] as number) > 32 || at + 1 + (((bytes[at] as number) + 7) >> 3) > to) return false;
      at = readPrefix4(bytes, at, prefix);
      this.#count(
        announced
          ? table.announce(hash, prefix.length, prefix.word0)
          : table.withdraw(prefix.length, prefix.word0),
      );
    }
    return true;
  }

  #prefixes6(bytes: Uint8Array, from: number, to: number, announced: boolean): boolean {
    const prefix = this.#prefix;
    const table = this.v6;
    for (let at = from; at < to; ) {
      if ((bytes[at] as number) > 128 || at + 1 + (((bytes[at] as number) + 7) >> 3) > to) return false;
      at = readPrefix6(bytes, at, prefix);
      const { length, word0, word1, word2, word3 } = prefix;
      this.#count(
        announced
          ? table.announce(this.#hash, length, word0, word1, word2, word3)
          : table.withdraw(length, word0, word1, word2, word3),
      );
    }
    return true;
  }

  #count(told: Told): void {
    const { counts } = this;
    if (told <= Told.Repeated) {
      counts.announced++;
      counts.loops += this.#loop;
      counts.returned += this.#returned;
    } else counts.withdrawn++;
    if (told === Told.Repeated) counts.duplicates++;
    else if (told === Told.NotThere) counts.unknownWithdraws++;
  }

  #keep(bytes: Uint8Array, first: number, nlri: number): void {
    if (this.#options.keepAttributes !== true) return;
    const { low, high, nextHop } = this.#hash;
    const key = keptKey(low, high, nextHop);
    if (this.#kept.has(key)) return;
    const attribute = new AttributeAt();
    const parts: Uint8Array[] = [];
    for (let at = first; at < nlri; ) {
      const end = attribute.read(bytes, at);
      if (attribute.type !== AttributeType.MpReach) parts.push(bytes.subarray(at, end));
      at = end;
    }
    this.#kept.set(key, Uint8Array.from(Buffer.concat(parts)));
  }
}

function keptKey(low: number, high: number, nextHop: number): string {
  return `${low} ${high} ${nextHop}`;
}

/** FNV-1a, finished as in MurmurHash3. */
function hashBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = from; i < to; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
