/**
 * Writing UPDATE messages: as many prefixes behind one attribute set as fit. First wireAttributes makes of a
 * canonical set what stands in the message (once for a set and a kind of neighbour); then an UpdateWriter is begun,
 * given prefixes until it says that it is full, and finished, again and again.
 *
 *     announce:    header | 0 | attributes length, attributes | NLRI …
 *     announceMp:  header | 0 | attributes length, MP_REACH_NLRI with NLRI …, attributes |
 *     withdraw:    header | withdrawn length, withdrawn routes … | 0 |
 *     withdrawMp:  header | 0 | attributes length, MP_UNREACH_NLRI with withdrawn routes … |
 */
import { copyWithoutConfederation, narrow, needsAs4 } from './as-path.ts';
import {
  AS_TRANS,
  AttributeFlag,
  AttributeType,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  WELL_KNOWN,
} from './attribute-table.ts';
import { findAttribute, valueLength, valueStart } from './attributes.ts';
import { copy, putU16, putU32, u16 } from './bytes.ts';
import { writeAttribute, writeAttributeHeader } from './canonical.ts';
import { Afi, Safi } from './families.ts';
import { HEADER_LENGTH, MAX_MESSAGE, MessageType, writeHeader } from './message.ts';
import { writePrefix4, writePrefix6 } from './nlri.ts';

/**
 * The attributes as the message has them, but for MP_REACH_NLRI and what goes into it, which the writer makes; returns their length. For
 * a neighbour of 2-octet ASes AS4_PATH and AS4_AGGREGATOR are added where they say more (RFC 6793 4.2.2).
 */
export function wireAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
  fourOctetAs: boolean,
  into: Uint8Array,
  at: number,
): number {
  if (fourOctetAs) return copyWithoutHop(bytes, start, end, into, at) - at;
  const begin = at;
  let as4Due = true;
  for (let from = start; from < end; ) {
    const type = bytes[from + 1]!;
    const value = valueStart(bytes, from);
    const next = value + valueLength(bytes, from);
    if (as4Due && type > AttributeType.As4Path) {
      at = writeAs4(bytes, start, end, into, at);
      as4Due = false;
    }
    if (type === AttributeType.AsPath) at = writeNarrowAsPath(bytes, value, next, into, at);
    else if (type === AttributeType.Aggregator) at = writeNarrowAggregator(bytes, from, value, into, at);
    else if (!isHop(type, next - value)) at = copy(bytes, from, next, into, at);
    from = next;
  }
  if (as4Due) at = writeAs4(bytes, start, end, into, at);
  return at - begin;
}

/** What the writer puts into MP_REACH_NLRI: a next hop of IPv6, also that of IPv4 routes (RFC 8950). */
function isHop(type: number, length: number): boolean {
  return type === AttributeType.MpReach || (type === AttributeType.NextHop && length > IPV4_OCTETS);
}

function copyWithoutHop(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  let hop = findAttribute(bytes, start, end, AttributeType.MpReach);
  if (hop < 0) {
    hop = findAttribute(bytes, start, end, AttributeType.NextHop);
    if (hop < 0 || valueLength(bytes, hop) === IPV4_OCTETS) return copy(bytes, start, end, into, at);
  }
  const next = valueStart(bytes, hop) + valueLength(bytes, hop);
  return copy(bytes, next, end, into, copy(bytes, start, hop, into, at));
}

function writeNarrowAsPath(
  bytes: Uint8Array,
  value: number,
  next: number,
  into: Uint8Array,
  at: number,
): number {
  const valueAt = at + 3;
  const valueEnd = narrow(bytes, value, next, into, valueAt);
  const length = valueEnd - valueAt;
  if (length > 255) into.copyWithin(valueAt + 1, valueAt, valueEnd);
  return writeAttributeHeader(WELL_KNOWN, AttributeType.AsPath, length, into, at) + length;
}

function writeNarrowAggregator(
  bytes: Uint8Array,
  from: number,
  value: number,
  into: Uint8Array,
  at: number,
): number {
  const valueAt = writeAttributeHeader(bytes[from]!, AttributeType.Aggregator, 6, into, at);
  putU16(into, valueAt, u16(bytes, value) === 0 ? u16(bytes, value + 2) : AS_TRANS);
  return copy(bytes, value + 4, value + 8, into, valueAt + 2);
}

/** AS4_PATH and AS4_AGGREGATOR, each only if an AS of 4 octets is in it. */
function writeAs4(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  const path = findAttribute(bytes, start, end, AttributeType.AsPath);
  if (path >= 0) {
    const value = valueStart(bytes, path);
    const next = value + valueLength(bytes, path);
    if (needsAs4(bytes, value, next)) at = writeAs4Path(bytes, value, next, into, at);
  }
  const aggregator = findAttribute(bytes, start, end, AttributeType.Aggregator);
  if (aggregator < 0) return at;
  const value = valueStart(bytes, aggregator);
  if (u16(bytes, value) === 0) return at;
  return writeAttribute(bytes, value, value + 8, OPTIONAL_TRANSITIVE, AttributeType.As4Aggregator, into, at);
}

function writeAs4Path(bytes: Uint8Array, value: number, next: number, into: Uint8Array, at: number): number {
  const valueAt = at + 3;
  const valueEnd = copyWithoutConfederation(bytes, value, next, into, valueAt);
  const length = valueEnd - valueAt;
  if (length === 0) return at;
  if (length > 255) into.copyWithin(valueAt + 1, valueAt, valueEnd);
  return writeAttributeHeader(OPTIONAL_TRANSITIVE, AttributeType.As4Path, length, into, at) + length;
}

const IPV4_OCTETS = 4;

/** Room for the longest prefix of either family, with a path identifier: begin… promises it, so that every message takes one at least. */
const LONGEST_PREFIX = 21;
const NOTHING = new Uint8Array(0);
/** MP_ attributes are written with two octets of length, as they grow behind it. */
const MP_FLAGS = OPTIONAL_NON_TRANSITIVE | AttributeFlag.ExtendedLength;

const Kind = { None: 0, Announce: 1, AnnounceMp: 2, Withdraw: 3, WithdrawMp: 4 } as const;

/** Writes one message at a time to a place that it is given. */
export class UpdateWriter {
  #into: Uint8Array;
  #start = 0;
  #maxLength: number;
  #kind: number = Kind.None;
  /** Where the next prefix goes, where the first one went, and the end of the room. */
  #at = 0;
  #first = 0;
  #limit = 0;
  /** AnnounceMp's attributes, which follow the NLRI. */
  #attributes: Uint8Array = NOTHING;
  #attributesStart = 0;
  #attributesEnd = 0;

  /** Messages go to the begin of `into`, or where `target` says, and are no longer than maxLength. */
  constructor(into: Uint8Array, maxLength: number = MAX_MESSAGE) {
    this.#into = into;
    this.#maxLength = maxLength;
  }

  /** The next message goes to `into` at `at`; maxLength octets of room are taken to be there. */
  target(into: Uint8Array, at: number, maxLength: number): void {
    this.#into = into;
    this.#start = at;
    this.#maxLength = maxLength;
    this.#kind = Kind.None;
  }

  /** False: with these attributes (NEXT_HOP among them) no prefix fits into a message. */
  beginAnnounce4(attributes: Uint8Array, start: number, end: number): boolean {
    const at = this.#begin(Kind.Announce);
    if (at + 4 + (end - start) + LONGEST_PREFIX > this.#limit) return this.#refuse();
    putU16(this.#into, at, 0);
    putU16(this.#into, at + 2, end - start);
    return this.#ready(copy(attributes, start, end, this.#into, at + 4));
  }

  /** nextHop[from, to) in MP_REACH_NLRI, which comes first (RFC 7606 5.1). False as in beginAnnounce4. */
  beginAnnounceMp(
    afi: number,
    safi: number,
    nextHop: Uint8Array,
    from: number,
    to: number,
    attributes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const at = this.#begin(Kind.AnnounceMp);
    this.#limit -= end - start;
    if (at + 13 + (to - from) + LONGEST_PREFIX > this.#limit) return this.#refuse();
    this.#attributes = attributes;
    this.#attributesStart = start;
    this.#attributesEnd = end;
    const value = this.#beginMp(at, AttributeType.MpReach, afi, safi);
    this.#into[value] = to - from;
    const reserved = copy(nextHop, from, to, this.#into, value + 1);
    this.#into[reserved] = 0;
    return this.#ready(reserved + 1);
  }

  beginWithdraw4(): boolean {
    const at = this.#begin(Kind.Withdraw);
    // The attributes' length, 0, stands behind the prefixes.
    this.#limit -= 2;
    return this.#ready(at + 2);
  }

  beginWithdrawMp(afi: number, safi: number): boolean {
    const at = this.#begin(Kind.WithdrawMp);
    return this.#ready(this.#beginMp(at, AttributeType.MpUnreach, afi, safi));
  }

  /** False: full. Finish, begin anew, and add it again. */
  addPrefix4(address: number, length: number): boolean {
    if (this.#at + 1 + ((length + 7) >> 3) > this.#limit) return false;
    this.#at = writePrefix4(this.#into, this.#at, address, length);
    return true;
  }

  /** The first `count` of these, as many as there is room for; how many. */
  addPrefixes4(addresses: Uint32Array, lengths: Uint8Array, count: number): number {
    const into = this.#into;
    const limit = this.#limit;
    let at = this.#at;
    let i = 0;
    for (; i < count; i++) {
      const length = lengths[i] as number;
      if (at + 1 + ((length + 7) >> 3) > limit) break;
      at = writePrefix4(into, at, addresses[i] as number, length);
    }
    this.#at = at;
    return i;
  }

  addPrefix6(word0: number, word1: number, word2: number, word3: number, length: number): boolean {
    if (this.#at + 1 + ((length + 7) >> 3) > this.#limit) return false;
    this.#at = writePrefix6(this.#into, this.#at, word0, word1, word2, word3, length);
    return true;
  }

  /** As addPrefix4, with the path identifier in front (RFC 7911 3). */
  addPath4(path: number, address: number, length: number): boolean {
    if (this.#at + 5 + ((length + 7) >> 3) > this.#limit) return false;
    putU32(this.#into, this.#at, path);
    this.#at = writePrefix4(this.#into, this.#at + 4, address, length);
    return true;
  }

  addPath6(
    path: number,
    word0: number,
    word1: number,
    word2: number,
    word3: number,
    length: number,
  ): boolean {
    if (this.#at + 5 + ((length + 7) >> 3) > this.#limit) return false;
    putU32(this.#into, this.#at, path);
    this.#at = writePrefix6(this.#into, this.#at + 4, word0, word1, word2, word3, length);
    return true;
  }

  /** Completes the message and returns its length; 0, and no message, if no prefix was added. */
  finish(): number {
    const kind = this.#kind;
    this.#kind = Kind.None;
    if (kind === Kind.None || this.#at === this.#first) return 0;
    const body = this.#start + HEADER_LENGTH;
    if (kind === Kind.Withdraw) {
      putU16(this.#into, body, this.#at - this.#first);
      putU16(this.#into, this.#at, 0);
      this.#at += 2;
    } else if (kind !== Kind.Announce) this.#finishMp(body, kind === Kind.AnnounceMp);
    const length = this.#at - this.#start;
    writeHeader(this.#into, this.#start, MessageType.Update, length);
    return length;
  }

  #begin(kind: number): number {
    this.#kind = kind;
    this.#limit = this.#start + this.#maxLength;
    return this.#start + HEADER_LENGTH;
  }

  #ready(at: number): true {
    this.#at = this.#first = at;
    return true;
  }

  /** No message: addPrefix says full, and finish says 0. */
  #refuse(): false {
    this.#kind = Kind.None;
    this.#at = this.#first = this.#limit;
    return false;
  }

  /** No withdrawn routes, and the head of an MP_ attribute, its length to come; returns where it goes on. */
  #beginMp(at: number, type: number, afi: number, safi: number): number {
    putU16(this.#into, at, 0);
    this.#into[at + 4] = MP_FLAGS;
    this.#into[at + 5] = type;
    putU16(this.#into, at + 8, afi);
    this.#into[at + 10] = safi;
    return at + 11;
  }

  #finishMp(body: number, announce: boolean): void {
    putU16(this.#into, body + 6, this.#at - (body + 8));
    if (announce) {
      this.#at = copy(this.#attributes, this.#attributesStart, this.#attributesEnd, this.#into, this.#at);
    }
    putU16(this.#into, body + 2, this.#at - (body + 4));
  }
}

/** RFC 4724 2: the message that ends the first telling of a family's routes. */
export function encodeEndOfRib(afi: number, safi: number): Uint8Array {
  const body = afi === Afi.Ipv4 && safi === Safi.Unicast ? [0, 0, 0, 0] : mpEndOfRib(afi, safi);
  const message = new Uint8Array(HEADER_LENGTH + body.length);
  writeHeader(message, 0, MessageType.Update, message.length);
  message.set(body, HEADER_LENGTH);
  return message;
}

function mpEndOfRib(afi: number, safi: number): number[] {
  return [0, 0, 0, 6, OPTIONAL_NON_TRANSITIVE, AttributeType.MpUnreach, 3, afi >>> 8, afi & 0xff, safi];
}
