/**
 * One export's work: routes to be told, sorted into buckets of one attribute set and source session, and encoded once,
 * one message behind the other. One batch serves all groups of a blade, which export one after another.
 *
 *   add ─→ buckets ─→ encode ─→ [ message | message | message … ]      messages: where each begins, its source, its routes
 *
 * Columns, no object a route; nothing is cleared between two batches that was not used.
 */
import { AttributeType, findAttribute, valueStart } from '../../bgp/attributes.ts';
import { UpdateWriter, wireAttributes } from '../../bgp/encode.ts';
import { Afi, Safi } from '../../bgp/families.ts';
import { MAX_EXTENDED_MESSAGE } from '../../bgp/message.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { ATTRIBUTE_ROW, JOURNAL_WORDS } from '../../fabric/layout.ts';
import { EXTENDED_NEXT_HOP, LENGTHS, ROW } from '../../rib/attribute-row.ts';
import { ATTRIBUTE_MASK } from '../../rib/route-word.ts';
import type { Told } from '../../rib/told.ts';

/** Routes in one batch at most: what was sent and not yet noted stands in the journal. */
export const BATCH = JOURNAL_WORDS;
/** Octets of messages in one batch at most. */
export const BATCH_BYTES = 1 << 17;

/** Messages that one encoding makes at most: each holds a route at least. */
const MESSAGES = BATCH;
const SLOTS = BATCH * 2;
/** Where a bucket's slot is looked for first: mostly there are few buckets, and these slots are near. */
const FIRST_SLOTS = SLOTS / 4;
const SLOT_BITS = 13;
const wire = new Uint8Array(2 * MAX_EXTENDED_MESSAGE);
const OFFSET = ATTRIBUTE_ROW.offset;
/** Octets behind a set's first that most of it ends before: two lines of the cache. */
const LINE = 48;
/** In the place of what is told: withdrawals of IPv4. */
const WITHDRAWN4 = -1;
/** IPv4 prefixes that are written together at most. */
const TOGETHER = 64;
const addresses = new Uint32Array(TOGETHER);
const lengths = new Uint8Array(TOGETHER);

/** Words between two columns: were they as far apart as a power of two, the cache would hold few of them at the same time. */
const STAGGER = 80;

/** So many columns in one piece of memory: of that the system gives only what is touched, and most batches are small. */
function columnsOf(count: number): () => Int32Array {
  const memory = new ArrayBuffer(count * (BATCH + STAGGER) * 4);
  let next = 0;
  // One more than there are routes: where a message would begin behind the last one.
  return () => new Int32Array(memory, next++ * (BATCH + STAGGER) * 4, BATCH + 1);
}

export class Batch {
  readonly #column = columnsOf(15);
  readonly id = this.#column();
  /** What is to be told, as a word of an out view (rib/told.ts); 0: withdraw. */
  readonly attribute = this.#column();
  /** Session + 1 of the route; 0: none. */
  readonly source = this.#column();
  /** Session + 1 of the route that was told before; -1: none was. */
  readonly oldSource = this.#column();
  /** Where the view's words of the prefix stand, where no path identifier says which of several paths it is. */
  readonly row = this.#column();
  /** Path identifier, where several paths are told; else 0, and no identifier. */
  readonly path = this.#column();
  count = 0;
  /** Encoded messages, one behind the other, and what is in each. */
  readonly bytes = new Uint8Array(BATCH_BYTES + MAX_EXTENDED_MESSAGE);
  readonly messageStart = this.#column();
  readonly messageSource = this.#column();
  readonly messageRoutes = this.#column();
  readonly messageAnnounces = new Uint8Array(MESSAGES);
  messages = 0;
  length = 0;
  readonly #next = this.#column();
  readonly #bucketFirst = this.#column();
  readonly #bucketLast = this.#column();
  /** What is told; -1, -2: withdrawals of IPv4, of IPv6. */
  readonly #bucketAttribute = this.#column();
  readonly #bucketSource = this.#column();
  readonly #places = this.#column();
  /** The sum of what was loaded to bring memory near: a load whose value is not used would be optimised away. */
  touched = 0;
  #buckets = 0;
  #rest = -1;
  /** Hash slots: generation << SLOT_BITS | bucket; those of an older generation are free. */
  readonly #slots = new Int32Array(SLOTS);
  #generation = 0;
  readonly #writer = new UpdateWriter(this.bytes);

  clear(): void {
    this.count = 0;
    this.messages = 0;
    this.length = 0;
    this.#buckets = 0;
    this.#generation++;
    if (this.#generation < 1 << (31 - SLOT_BITS)) return;
    this.#slots.fill(0);
    this.#generation = 1;
  }

  /** Adds a route, and gives its index. */
  add(id: number, attribute: number, source: number, oldSource: number): number {
    const index = this.count++;
    this.id[index] = id;
    this.attribute[index] = attribute;
    this.source[index] = source;
    this.oldSource[index] = oldSource;
    this.path[index] = 0;
    return index;
  }

  /** Adds one path of several. */
  addPath(id: number, path: number, attribute: number, source: number, oldSource: number): number {
    const index = this.add(id, attribute, source, oldSource);
    this.path[index] = path;
    return index;
  }

  /** The route goes to everybody but this source: with an attribute set, or (negative) withdrawn from a family. */
  bucket(index: number, attribute: number, source: number): void {
    this.#next[index] = -1;
    const last = this.#buckets - 1;
    // Routes come as they were told: mostly this one shares its attributes with the one before.
    if (last >= 0 && this.#bucketAttribute[last] === attribute && this.#bucketSource[last] === source) {
      this.#append(last, index);
      return;
    }
    const mark = this.#generation << SLOT_BITS;
    let slot = (Math.imul(attribute, 0x9e3779b1) ^ Math.imul(source, 0x85ebca6b)) & (FIRST_SLOTS - 1);
    for (;;) {
      const held = this.#slots[slot] as number;
      const bucket = held & ((1 << SLOT_BITS) - 1);
      if (held - bucket !== mark) break;
      if (this.#bucketAttribute[bucket] === attribute && this.#bucketSource[bucket] === source) {
        this.#append(bucket, index);
        return;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    const bucket = this.#buckets++;
    this.#slots[slot] = mark | bucket;
    this.#bucketAttribute[bucket] = attribute;
    this.#bucketSource[bucket] = source;
    this.#bucketFirst[bucket] = index;
    this.#bucketLast[bucket] = index;
  }

  #append(bucket: number, index: number): void {
    this.#next[this.#bucketLast[bucket] as number] = index;
    this.#bucketLast[bucket] = index;
  }

  /**
   * Encodes the buckets in `room` octets at most. Calls `postpone` with every route that found none; its id is -1 then.
   */
  encode(
    told: Told,
    fourOctetAs: boolean,
    maxMessage: number,
    room: number,
    postpone: (id: number) => void,
  ): void {
    const budget = Math.min(room, BATCH_BYTES) - maxMessage;
    this.#touchSets(told.fabric);
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      let rest = this.#bucketFirst[bucket] as number;
      while (rest >= 0 && this.length <= budget)
        rest = this.#encodeMessage(told, fourOctetAs, maxMessage, bucket, rest);
      for (; rest >= 0; rest = this.#next[rest] as number) {
        postpone(this.id[rest] as number);
        this.id[rest] = -1;
      }
    }
    this.messageStart[this.messages] = this.length;
  }

  /** Brings near the octets of all sets that are told, many at the same time (blade/routes/route-changes.ts). */
  #touchSets({ attributes: { rows, bytes } }: Fabric): void {
    const places = this.#places;
    const sets = this.#bucketAttribute;
    const count = this.#buckets;
    for (let i = 0; i < count; i++) {
      const set = Math.max(sets[i] as number, 0) & ATTRIBUTE_MASK;
      places[i] = (rows[set * ROW + OFFSET] as number) << 2;
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= bytes[places[i] as number] as number;
    for (let i = 0; i < count; i++) sum ^= bytes[(places[i] as number) + LINE] as number;
    this.touched = sum;
  }

  /** One message of a bucket, from this route on; the first route that is not in it, or -1. */
  #encodeMessage(
    told: Told,
    fourOctetAs: boolean,
    maxMessage: number,
    bucket: number,
    first: number,
  ): number {
    const attribute = this.#bucketAttribute[bucket] as number;
    const writer = this.#writer;
    writer.target(this.bytes, this.length, maxMessage);
    beginMessage(writer, told, fourOctetAs, attribute, this.id[first] as number);
    let routes = 0;
    let index = first;
    // Many withdrawals share a message, but few routes a set.
    if (attribute === WITHDRAWN4 && this.path[first] === 0) {
      routes = this.#write4(writer, told.fabric, first);
      index = this.#rest;
    } else
      while (index >= 0 && this.#write(writer, told.fabric, index)) {
        routes++;
        index = this.#next[index] as number;
      }
    const message = this.messages++;
    this.messageStart[message] = this.length;
    this.messageSource[message] = (this.#bucketSource[bucket] as number) - 1;
    this.messageRoutes[message] = routes;
    this.messageAnnounces[message] = attribute > 0 ? 1 : 0;
    this.length += writer.finish();
    return index;
  }

  /** IPv4 prefixes from this route on, as many as there is room for; how many. The first one that is left is in #rest. */
  #write4(writer: UpdateWriter, { prefixes }: Fabric, first: number): number {
    const next = this.#next;
    let routes = 0;
    let from = first;
    while (from >= 0) {
      let count = 0;
      let index = from;
      for (; index >= 0 && count < TOGETHER; count++, index = next[index] as number) {
        const id = this.id[index] as number;
        addresses[count] = prefixes.address4(id);
        lengths[count] = prefixes.length4(id);
      }
      const fit = writer.addPrefixes4(addresses, lengths, count);
      routes += fit;
      if (fit < count) {
        for (let i = 0; i < fit; i++) from = next[from] as number;
        break;
      }
      from = index;
    }
    this.#rest = from;
    return routes;
  }

  #write(writer: UpdateWriter, fabric: Fabric, index: number): boolean {
    const path = this.path[index] as number;
    const id = this.id[index] as number;
    return path === 0 ? addPrefix(writer, fabric, id) : addPath(writer, fabric, id, path);
  }
}

/** Begins a message for a route like this one: announced as a word says, or withdrawn if that is not positive. */
export function beginMessage(
  writer: UpdateWriter,
  told: Told,
  fourOctetAs: boolean,
  attribute: number,
  id: number,
): void {
  const { fabric } = told;
  const ipv6 = id >= fabric.prefixes.base6;
  if (attribute <= 0) {
    if (ipv6) writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
    else writer.beginWithdraw4();
    return;
  }
  told.take(attribute);
  const { bytes, start, end } = told;
  // With 4-octet ASes, and without MP_REACH_NLRI among them, a canonical set is what stands in the message.
  // RFC 8950: an IPv6 next hop of IPv4 routes stands in MP_REACH_NLRI.
  const extended =
    (fabric.attributes.rows[(attribute & ATTRIBUTE_MASK) * ROW + LENGTHS]! & EXTENDED_NEXT_HOP) !== 0;
  if (!ipv6 && fourOctetAs && !extended) {
    writer.beginAnnounce4(bytes, start, end);
    return;
  }
  const length = wireAttributes(bytes, start, end, fourOctetAs, wire, 0);
  if (extended) {
    const hop = valueStart(bytes, findAttribute(bytes, start, end, AttributeType.NextHop));
    const hopEnd = hop + bytes[hop - 1]!;
    writer.beginAnnounceMp(Afi.Ipv4, Safi.Unicast, bytes, hop, hopEnd, wire, 0, length);
    return;
  }
  if (!ipv6) {
    writer.beginAnnounce4(wire, 0, length);
    return;
  }
  const reach = valueStart(bytes, findAttribute(bytes, start, end, AttributeType.MpReach));
  const nextHopEnd = reach + 1 + (bytes[reach] as number);
  writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, bytes, reach + 1, nextHopEnd, wire, 0, length);
}

/** False: the message is full. */
export function addPrefix(writer: UpdateWriter, fabric: Fabric, id: number): boolean {
  const { prefixes } = fabric;
  if (id < prefixes.base6) {
    return writer.addPrefix4(prefixes.address4(id), prefixes.length4(id));
  }
  const { keys6 } = prefixes;
  const at = (id - prefixes.base6) * 5;
  return writer.addPrefix6(
    keys6[at] as number,
    keys6[at + 1] as number,
    keys6[at + 2] as number,
    keys6[at + 3] as number,
    keys6[at + 4] as number,
  );
}

/** As addPrefix, with a path identifier in front. */
function addPath(writer: UpdateWriter, { prefixes }: Fabric, id: number, path: number): boolean {
  if (id < prefixes.base6) {
    return writer.addPath4(path, prefixes.address4(id), prefixes.length4(id));
  }
  const { keys6 } = prefixes;
  const at = (id - prefixes.base6) * 5;
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = keys6.subarray(at, at + 5);
  return writer.addPath6(path, a, b, c, d, length);
}
