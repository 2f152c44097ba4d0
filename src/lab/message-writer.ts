/**
 * UPDATE messages packed one behind another (RFC 4271 4.3, RFC 4760), each as full as 4,096 octets allow.
 *
 *     | header 19 | withdrawn length 2 | withdrawn … | attributes length 2 | attributes … | NLRI … |
 *
 * An IPv6 message has MP_REACH_NLRI or MP_UNREACH_NLRI as its first attribute (RFC 7606 5.1) and nothing
 * in the two IPv4 fields. Open a message, put prefixes into it, close it; `rows` that do not fit go into the
 * next message with the same attributes.
 */
import { AttributeFlag, AttributeType, OPTIONAL_NON_TRANSITIVE } from '../bgp/attribute-table.ts';
import { putU16 } from '../bgp/bytes.ts';
import { Afi, Safi } from '../bgp/families.ts';
import { HEADER_LENGTH, MAX_MESSAGE, MessageType, writeHeader } from '../bgp/message.ts';
import { writePrefix4, writePrefix6 } from '../bgp/nlri.ts';
import { ByteSink, WordSink } from './arrays.ts';
import type { Feed } from './feed.ts';
import type { PrefixColumns } from './routes.ts';

/** An IPv6 prefix takes at most this many octets. */
const LONGEST_PREFIX = 17;
const MP_FLAGS = OPTIONAL_NON_TRANSITIVE | AttributeFlag.ExtendedLength;

export class MessageWriter {
  announced = 0;
  withdrawn = 0;
  readonly #sink: ByteSink;
  readonly #offsets = new WordSink();

  constructor(capacity = 1 << 20) {
    this.#sink = new ByteSink(capacity);
    this.#offsets.push(0);
  }

  /** Announces rows order[from … to-1] with the attributes [start, end) of `attributes`. */
  announce(
    columns: PrefixColumns,
    order: Uint32Array,
    from: number,
    to: number,
    attributes: Uint8Array,
    start: number,
    end: number,
    nextHop6: Uint8Array,
  ): void {
    this.announced += to - from;
    while (from < to) {
      from =
        columns.words === 1
          ? this.#announce4(columns, order, from, to, attributes, start, end)
          : this.#announce6(columns, order, from, to, attributes, start, end, nextHop6);
    }
  }

  withdraw(columns: PrefixColumns, order: Uint32Array, from: number, to: number): void {
    this.withdrawn += to - from;
    while (from < to) {
      from =
        columns.words === 1
          ? this.#withdraw4(columns, order, from, to)
          : this.#withdraw6(columns, order, from, to);
    }
  }

  /** RFC 4724 2: an empty UPDATE for IPv4, an empty MP_UNREACH_NLRI for any other family. */
  endOfRib(words: 1 | 4): void {
    const { sink, at } = this.#open();
    if (words === 1) {
      putU16(sink.bytes, at + HEADER_LENGTH + 2, 0);
      this.#close(at, at + HEADER_LENGTH + 4);
      return;
    }
    const { bytes } = sink;
    putU16(bytes, at + HEADER_LENGTH + 2, 6);
    const value = [OPTIONAL_NON_TRANSITIVE, AttributeType.MpUnreach, 3, 0, Afi.Ipv6, Safi.Unicast];
    for (const [i, octet] of value.entries()) bytes[at + HEADER_LENGTH + 4 + i] = octet;
    this.#close(at, at + HEADER_LENGTH + 10);
  }

  finish(): Feed {
    const offsets = this.#offsets.finish();
    return {
      bytes: this.#sink.finish(),
      offsets,
      messages: offsets.length - 1,
      announced: this.announced,
      withdrawn: this.withdrawn,
    };
  }

  #open(): { sink: ByteSink; at: number } {
    const sink = this.#sink;
    sink.reserve(MAX_MESSAGE);
    const at = sink.length;
    // No withdrawn routes, until somebody writes some.
    putU16(sink.bytes, at + HEADER_LENGTH, 0);
    return { sink, at };
  }

  #close(at: number, end: number): void {
    writeHeader(this.#sink.bytes, at, MessageType.Update, end - at);
    this.#sink.length = end;
    this.#offsets.push(end);
  }

  #announce4(
    columns: PrefixColumns,
    order: Uint32Array,
    from: number,
    to: number,
    attributes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const { sink, at } = this.#open();
    const { bytes } = sink;
    putU16(bytes, at + HEADER_LENGTH + 2, end - start);
    bytes.set(attributes.subarray(start, end), at + HEADER_LENGTH + 4);
    const nlri = at + HEADER_LENGTH + 4 + (end - start);
    const filled = putPrefixes(bytes, nlri, at + MAX_MESSAGE, columns, order, from, to);
    this.#close(at, filled.end);
    return filled.next;
  }

  #announce6(
    columns: PrefixColumns,
    order: Uint32Array,
    from: number,
    to: number,
    attributes: Uint8Array,
    start: number,
    end: number,
    nextHop: Uint8Array,
  ): number {
    const { sink, at } = this.#open();
    const { bytes } = sink;
    const reach = at + HEADER_LENGTH + 4;
    let cursor = writeMpHeader(bytes, reach, AttributeType.MpReach);
    bytes[cursor++] = nextHop.length;
    bytes.set(nextHop, cursor);
    cursor += nextHop.length;
    bytes[cursor++] = 0;
    const filled = putPrefixes(bytes, cursor, at + MAX_MESSAGE - (end - start), columns, order, from, to);
    putU16(bytes, reach + 2, filled.end - reach - 4);
    bytes.set(attributes.subarray(start, end), filled.end);
    const messageEnd = filled.end + (end - start);
    putU16(bytes, at + HEADER_LENGTH + 2, messageEnd - reach);
    this.#close(at, messageEnd);
    return filled.next;
  }

  #withdraw4(columns: PrefixColumns, order: Uint32Array, from: number, to: number): number {
    const { sink, at } = this.#open();
    const { bytes } = sink;
    const field = at + HEADER_LENGTH + 2;
    const filled = putPrefixes(bytes, field, at + MAX_MESSAGE - 2, columns, order, from, to);
    putU16(bytes, at + HEADER_LENGTH, filled.end - field);
    putU16(bytes, filled.end, 0);
    this.#close(at, filled.end + 2);
    return filled.next;
  }

  #withdraw6(columns: PrefixColumns, order: Uint32Array, from: number, to: number): number {
    const { sink, at } = this.#open();
    const { bytes } = sink;
    const unreach = at + HEADER_LENGTH + 4;
    const cursor = writeMpHeader(bytes, unreach, AttributeType.MpUnreach);
    const filled = putPrefixes(bytes, cursor, at + MAX_MESSAGE, columns, order, from, to);
    putU16(bytes, unreach + 2, filled.end - unreach - 4);
    putU16(bytes, at + HEADER_LENGTH + 2, filled.end - unreach);
    this.#close(at, filled.end);
    return filled.next;
  }
}

/** Flags, type, room for the length, AFI and SAFI; returns where the rest of the value begins. */
function writeMpHeader(bytes: Uint8Array, at: number, type: number): number {
  bytes[at] = MP_FLAGS;
  bytes[at + 1] = type;
  putU16(bytes, at + 4, Afi.Ipv6);
  bytes[at + 6] = Safi.Unicast;
  return at + 7;
}

/** Puts as many prefixes as end before `limit`; returns where they end, and the first one that is left. */
function putPrefixes(
  bytes: Uint8Array,
  at: number,
  limit: number,
  columns: PrefixColumns,
  order: Uint32Array,
  from: number,
  to: number,
): { end: number; next: number } {
  const { address, length, words } = columns;
  if (at + LONGEST_PREFIX > limit) throw new Error('path attributes leave no room for a prefix');
  let i = from;
  for (; i < to && at + LONGEST_PREFIX <= limit; i++) {
    const row = order[i] as number;
    const bits = length[row] as number;
    at =
      words === 1
        ? writePrefix4(bytes, at, address[row] as number, bits)
        : writePrefix6(
            bytes,
            at,
            address[row * 4] as number,
            address[row * 4 + 1] as number,
            address[row * 4 + 2] as number,
            address[row * 4 + 3] as number,
            bits,
          );
  }
  return { end: at, next: i };
}
