/**
 * Update groups: sessions that are told the same share one Adj-RIB-Out (an out view), one set of prefixes that wait
 * to be sent, and one encoding, copied into each member's transmit ring (RFC 4271 9.2).
 *
 *   best changed ─→ pending (each prefix once) ─→ compare with the view ─→ bucket by attribute set ─→ UPDATEs
 *                                                                             ─→ rings, publish ─→ note in the view
 *
 * A prefix is looked up when it is sent, not when it changed: a slow neighbour costs one set of prefixes, and
 * what equals what was sent is not sent. The session that a route came from is not sent it (split horizon): every
 * UPDATE is of one source session and skips that member.
 *
 * A session that has just come up, been grafted, or fallen behind is alone in a group of its own until it has
 * been told exactly what the larger group has; then it joins.
 */

import { AttributeType, findAttribute, valueStart } from '../bgp/attributes.ts';
import { UpdateWriter, wireAttributes } from '../bgp/encode.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6, Safi } from '../bgp/families.ts';
import { MAX_EXTENDED_MESSAGE } from '../bgp/message.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { FifoSet } from '../fabric/fifo-set.ts';
import type { Journal } from '../fabric/journal.ts';
import { JOURNAL_WORDS, SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import { type OutViews, UNKNOWN } from '../rib/adj-rib-out.ts';
import type { Exporter } from './exporter.ts';
import type { Limits } from './limits.ts';

/** What a group reads of its blade. */
export interface BestRoutes {
  bestAttribute(id: number): number;
  /** Session + 1 */
  bestSession(id: number): number;
}

/** Prefixes looked at in one export at most. */
const BATCH = JOURNAL_WORDS;
/** Octets of messages to single members that one export makes at most, but for one message more. */
const SINGLES = 16_384;

const message = new Uint8Array(MAX_EXTENDED_MESSAGE);
const wire = new Uint8Array(2 * MAX_EXTENDED_MESSAGE);

// One export's work, reused: the blade's groups export one after another.
const batchId = new Int32Array(BATCH);
const batchAttribute = new Int32Array(BATCH);
const batchSource = new Int32Array(BATCH);
const batchOldSource = new Int32Array(BATCH);
const batchNext = new Int32Array(BATCH);
const bucketFirst = new Int32Array(BATCH);
const bucketLast = new Int32Array(BATCH);
const bucketAttribute = new Int32Array(BATCH);
const bucketSource = new Int32Array(BATCH);
const hashSlots = new Int32Array(BATCH * 4);

interface Single {
  readonly session: number;
  readonly id: number;
  /** 0: withdraw */
  readonly attribute: number;
}

export class UpdateGroup {
  readonly key: string;
  readonly exporter: Exporter;
  view: number;
  /** Session indexes. */
  readonly members: number[] = [];
  pending = new FifoSet();
  /** Next PrefixId of the walk over the full table; -1: walked. */
  cursor = 0;
  /** When a member was first found without room; 0: all have room. Milliseconds. */
  stalledSince = 0;
  /** Nothing was ever sent: a newcomer may join at once. */
  untouched = true;
  /** Page up to which the view equals that of the group to be joined. */
  comparedPages = 0;
  updatesSent = 0;
  /** Who counted the routes sent has died: the walk counts them anew. */
  recounting = false;
  readonly #fabric: Fabric;
  readonly #views: OutViews;
  readonly #best: BestRoutes;
  readonly #limits: Limits;
  readonly #journal: Journal;
  readonly #writer: UpdateWriter;
  readonly #maxMessage: number;
  /** Heads of the members' transmit rings, written and not yet published. */
  #heads: number[] = [];
  #buckets = 0;
  #count = 0;
  #singles: Single[] = [];
  #singleBytes = 0;
  /** Routes in the view, and by source session: a member's share is the total less its own. */
  #total = 0;
  readonly #bySource = new Map<number, number>();
  readonly #offset = new Map<number, number>();

  constructor(
    fabric: Fabric,
    views: OutViews,
    best: BestRoutes,
    exporter: Exporter,
    key: string,
    view: number,
    limits: Limits,
    journal: Journal,
  ) {
    this.#fabric = fabric;
    this.#journal = journal;
    this.#views = views;
    this.#best = best;
    this.#limits = limits;
    this.exporter = exporter;
    this.key = key;
    this.view = view;
    this.#maxMessage = exporter.rules.maxMessage;
    this.#writer = new UpdateWriter(message, this.#maxMessage);
  }

  /** The session is told from now on what the group is told; `advertised`: routes it has been sent so far. */
  add(session: number): void {
    this.members.push(session);
    const advertised = this.#fabric.number(session, SESSION_NUMBER.routesAdvertised);
    this.#offset.set(session, this.recounting ? 0 : advertised - this.#share(session));
    this.#fabric.setSession(session, SESSION.view, this.view + 1);
  }

  remove(session: number): void {
    this.members.splice(this.members.indexOf(session), 1);
    this.#offset.delete(session);
  }

  /** Goes on in another view with the same content. */
  moveTo(view: number): void {
    this.view = view;
    for (const session of this.members) this.#fabric.setSession(session, SESSION.view, view + 1);
  }

  mark(id: number): void {
    this.pending.add(id);
  }

  /** Transmit room that every member must have before an export: it sends all singles and some messages. */
  get #roomNeeded(): number {
    return SINGLES + 4 * this.#maxMessage;
  }

  /** Nothing waits to be sent. */
  get quiet(): boolean {
    return this.pending.size === 0 && this.cursor < 0;
  }

  /** A member without room for a few messages, or -1. */
  memberWithoutRoom(): number {
    const { connections } = this.#fabric;
    for (const session of this.members) {
      if (connections.transmitRoom(this.#connection(session)) < this.#roomNeeded) return session;
    }
    return -1;
  }

  /** Sends one batch of what waits; true when more waits and there was room. */
  export(now: number): boolean {
    if (this.members.length === 0 || this.quiet) return false;
    if (this.memberWithoutRoom() >= 0) {
      if (this.stalledSince === 0) this.stalledSince = now;
      return false;
    }
    this.stalledSince = 0;
    this.#gather();
    if (this.#count > 0 || this.#singles.length > 0) this.#send();
    return !this.quiet;
  }

  /** Takes prefixes from the walk and the pending set and sorts them into buckets of one attribute set and source. */
  #gather(): void {
    this.#count = 0;
    this.#buckets = 0;
    this.#singles = [];
    this.#singleBytes = 0;
    hashSlots.fill(0);
    if (this.cursor >= 0) this.#walk();
    while (this.#gathering && this.pending.size > 0) this.#consider(this.pending.shift());
  }

  get #gathering(): boolean {
    return this.#count < this.#limits.exports && this.#singleBytes < SINGLES;
  }

  #walk(): void {
    const { prefixes } = this.#fabric;
    const used4 = prefixes.used4();
    const end = prefixes.used6();
    let id = this.cursor;
    for (let steps = 0; steps < this.#limits.walk && this.#gathering; steps++, id++) {
      if (id === used4) id = Math.max(id, prefixes.base6);
      if (id >= end) {
        this.cursor = -1;
        if (this.recounting) this.#endRecount();
        return;
      }
      const told = this.#views.attribute(this.view, id);
      if (this.recounting && told !== 0) this.#countRoute(this.#views.source(this.view, id), 1);
      // What waits anyway is looked at once: the view still says nothing of what is in this batch.
      if ((told !== 0 || this.#best.bestAttribute(id) !== 0) && !this.pending.has(id)) this.#consider(id);
    }
    this.cursor = id;
  }

  #endRecount(): void {
    this.recounting = false;
    for (const session of this.members) this.#fabric.setSession(session, SESSION.recount, 0);
    this.#noteCounts();
  }

  /** Compares what should be told of a prefix with what was. */
  #consider(id: number): void {
    const bestSource = this.#best.bestSession(id);
    const attribute = this.exporter.attributeFor(id, this.#best.bestAttribute(id), bestSource);
    const source = attribute === 0 ? 0 : bestSource;
    const old = this.#views.attribute(this.view, id);
    const oldSource = this.#views.source(this.view, id);
    if (attribute === old && source === oldSource) return;
    const index = this.#count++;
    batchId[index] = id;
    batchAttribute[index] = attribute;
    batchSource[index] = source;
    batchOldSource[index] = old === 0 ? -1 : oldSource;
    if (attribute === old) {
      // The same attributes from another session: only these two sessions see a difference.
      this.#single(oldSource, id, attribute);
      this.#single(source, id, 0);
      return;
    }
    // Who tells us the best route now must forget what we told it before.
    if (attribute !== 0 && old !== 0 && source !== oldSource) this.#single(source, id, 0);
    const family = id < this.#fabric.prefixes.base6 ? 1 : 2;
    if (attribute !== 0) this.#bucket(index, attribute, source);
    else this.#bucket(index, -family, oldSource);
  }

  #single(source: number, id: number, attribute: number): void {
    if (!this.#offset.has(source - 1)) return;
    this.#singles.push({ session: source - 1, id, attribute });
    this.#singleBytes += 64 + (attribute === 0 ? 0 : 2 * this.#fabric.attributes.lengthOf(attribute));
  }

  /** Appends to the bucket of an attribute set (or withdrawals of a family, negative) and source. */
  #bucket(index: number, attribute: number, source: number): void {
    const mask = hashSlots.length - 1;
    let slot = (Math.imul(attribute, 0x9e3779b1) ^ Math.imul(source, 0x85ebca6b)) & mask;
    batchNext[index] = -1;
    for (;;) {
      const held = (hashSlots[slot] as number) - 1;
      if (held < 0) {
        const bucket = this.#buckets++;
        hashSlots[slot] = bucket + 1;
        bucketAttribute[bucket] = attribute;
        bucketSource[bucket] = source;
        bucketFirst[bucket] = index;
        bucketLast[bucket] = index;
        return;
      }
      if (bucketAttribute[held] === attribute && bucketSource[held] === source) {
        batchNext[bucketLast[held] as number] = index;
        bucketLast[held] = index;
        return;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Bytes into the rings, publish, then note in the view: in this order, so that a crash can only repeat. */
  #send(): void {
    const { connections } = this.#fabric;
    this.untouched = false;
    this.#heads = this.members.map((session) => connections.transmitHead(this.#connection(session)));
    let rest = -1;
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      rest = rest === -1 ? this.#sendBucket(bucket) : (bucketFirst[bucket] as number);
      if (rest !== -1) this.#postpone(rest);
    }
    for (const single of this.#singles) this.#sendSingle(single);
    this.#journal.open(this.view, batchId, this.#count);
    this.#publish();
    for (let i = 0; i < this.#count; i++) if (batchId[i] !== -1) this.#noteSent(i);
    this.#journal.close();
    this.#noteCounts();
  }

  #noteCounts(): void {
    for (const session of this.members) {
      const advertised = this.#share(session) + (this.#offset.get(session) ?? 0);
      this.#fabric.setNumber(session, SESSION_NUMBER.routesAdvertised, advertised);
    }
  }

  /** What found no room, the rest of a bucket, waits again; its view is not touched. */
  #postpone(rest: number): void {
    const postponed = new Set<number>();
    for (let i = rest; i >= 0; i = batchNext[i] as number) {
      const id = batchId[i] as number;
      postponed.add(id);
      this.pending.add(id);
      batchId[i] = -1;
    }
    this.#singles = this.#singles.filter((single) => !postponed.has(single.id));
  }

  #noteSent(index: number): void {
    const id = batchId[index] as number;
    const attribute = batchAttribute[index] as number;
    const source = batchSource[index] as number;
    const oldSource = batchOldSource[index] as number;
    // What the recounting walk is still to pass is counted then, as it stands then.
    if (!this.recounting || id < this.cursor) {
      if (oldSource >= 0) this.#countRoute(oldSource, -1);
      if (attribute !== 0) this.#countRoute(source, 1);
    }
    if (!this.#views.store(this.view, id, attribute, source)) this.pending.add(id);
  }

  #countRoute(source: number, by: number): void {
    this.#total += by;
    this.#bySource.set(source - 1, (this.#bySource.get(source - 1) ?? 0) + by);
  }

  #share(session: number): number {
    return this.#total - (this.#bySource.get(session) ?? 0);
  }

  /** Room for one more message of a bucket, and for the singles behind it, in every member's ring. */
  #hasRoom(): boolean {
    const { connections } = this.#fabric;
    const need = 2 * this.#maxMessage + this.#singleBytes;
    for (let i = 0; i < this.members.length; i++) {
      const at = this.#connection(this.members[i] as number);
      const written = ((this.#heads[i] as number) - connections.transmitHead(at)) | 0;
      if (connections.transmitRoom(at) - written < need) return false;
    }
    return true;
  }

  /** Returns the index in the batch from which on there was no room, or -1. */
  #sendBucket(bucket: number): number {
    const attribute = bucketAttribute[bucket] as number;
    const source = (bucketSource[bucket] as number) - 1;
    let prefixes = 0;
    for (let i = bucketFirst[bucket] as number; i >= 0; i = batchNext[i] as number) {
      const id = batchId[i] as number;
      if (prefixes > 0 && !this.#addPrefix(id)) {
        this.#copyToMembers(this.#writer.finish(), prefixes, source, attribute > 0);
        prefixes = 0;
      }
      if (prefixes === 0) {
        if (!this.#hasRoom()) return i;
        this.#begin(attribute, id);
        this.#addPrefix(id);
      }
      prefixes++;
    }
    this.#copyToMembers(this.#writer.finish(), prefixes, source, attribute > 0);
    return -1;
  }

  /** Starts a message: announcements with an attribute set, or withdrawals when `attribute` is not positive. */
  #begin(attribute: number, id: number): void {
    const ipv6 = id >= this.#fabric.prefixes.base6;
    if (attribute <= 0) {
      if (ipv6) this.#writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
      else this.#writer.beginWithdraw4();
      return;
    }
    const { bytes } = this.#fabric.attributes;
    const start = this.#fabric.attributes.offsetOf(attribute);
    const end = start + this.#fabric.attributes.lengthOf(attribute);
    const length = wireAttributes(bytes, start, end, this.exporter.rules.fourOctetAs, wire, 0);
    if (!ipv6) {
      this.#writer.beginAnnounce4(wire, 0, length);
      return;
    }
    const reach = valueStart(bytes, findAttribute(bytes, start, end, AttributeType.MpReach));
    const nextHop = bytes.subarray(reach + 1, reach + 1 + (bytes[reach] as number));
    this.#writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, nextHop, wire, 0, length);
  }

  #addPrefix(id: number): boolean {
    const { prefixes } = this.#fabric;
    if (id < prefixes.base6) {
      return this.#writer.addPrefix4(
        prefixes.keys4[id << 1] as number,
        prefixes.keys4[(id << 1) + 1] as number,
      );
    }
    const at = (id - prefixes.base6) * 5;
    const keys = prefixes.keys6;
    return this.#writer.addPrefix6(
      keys[at] as number,
      keys[at + 1] as number,
      keys[at + 2] as number,
      keys[at + 3] as number,
      keys[at + 4] as number,
    );
  }

  /** One encoding, copied to every member but the one that the routes came from. */
  #copyToMembers(length: number, prefixes: number, source: number, announce: boolean): void {
    for (let i = 0; i < this.members.length; i++) {
      if (this.members[i] !== source) this.#copyTo(i, length, prefixes, announce);
    }
  }

  #copyTo(index: number, length: number, prefixes: number, announce: boolean): void {
    const fabric = this.#fabric;
    const session = this.members[index] as number;
    const connection = fabric.session(session, SESSION.connection);
    this.#heads[index] = fabric.connections.write(
      session,
      connection,
      this.#heads[index] as number,
      message,
      0,
      length,
    );
    this.updatesSent++;
    fabric.count(session, SESSION_NUMBER.updatesSent);
    fabric.count(session, SESSION_NUMBER.messagesSent);
    fabric.count(
      session,
      announce ? SESSION_NUMBER.announcementsSent : SESSION_NUMBER.withdrawalsSent,
      prefixes,
    );
  }

  #sendSingle(single: Single): void {
    const index = this.members.indexOf(single.session);
    this.#begin(single.attribute, single.id);
    this.#addPrefix(single.id);
    this.#copyTo(index, this.#writer.finish(), 1, single.attribute > 0);
  }

  #publish(): void {
    for (let i = 0; i < this.members.length; i++) {
      const session = this.members[i] as number;
      const at = this.#connection(session);
      if (this.#fabric.connections.transmitHead(at) === this.#heads[i]) continue;
      const connection = this.#fabric.session(session, SESSION.connection);
      publishTransmit(this.#fabric, session, connection, this.#heads[i] as number);
    }
  }

  #connection(session: number): number {
    return this.#fabric.connections.at(session, this.#fabric.session(session, SESSION.connection));
  }

  /** Sends once more what the view says a member was told of a family (RFC 2918); returns the next id, -1 at the end. */
  resend(session: number, families: number, from: number): number {
    const { prefixes, connections } = this.#fabric;
    const used4 = prefixes.used4();
    const end = prefixes.used6();
    const index = this.members.indexOf(session);
    this.#heads = this.members.map((member) => connections.transmitHead(this.#connection(member)));
    const at = this.#connection(session);
    let room = connections.transmitRoom(at) - this.#roomNeeded;
    let open = 0;
    let prefixesInMessage = 0;
    let id = from;
    for (let steps = 0; steps < this.#limits.walk && id < end && room > 0; steps++, id++) {
      if (id === used4) id = Math.max(id, prefixes.base6);
      if (id >= end) break;
      if ((families & (id < prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6)) === 0) continue;
      const attribute = this.#views.attribute(this.view, id);
      if (attribute === 0 || attribute === UNKNOWN) continue;
      if (this.#views.source(this.view, id) === session + 1) continue;
      if (attribute === open && this.#addPrefix(id)) {
        prefixesInMessage++;
        continue;
      }
      if (open !== 0) {
        const length = this.#writer.finish();
        room -= length;
        this.#copyTo(index, length, prefixesInMessage, true);
      }
      this.#begin(attribute, id);
      this.#addPrefix(id);
      open = attribute;
      prefixesInMessage = 1;
    }
    if (open !== 0) this.#copyTo(index, this.#writer.finish(), prefixesInMessage, true);
    this.#publish();
    return id >= end ? -1 : id;
  }
}

/** Makes written bytes visible to the line card, and wakes it. */
export function publishTransmit(fabric: Fabric, session: number, connection: number, head: number): void {
  const at = fabric.connections.at(session, connection);
  fabric.count(session, SESSION_NUMBER.bytesSent, (head - fabric.connections.transmitHead(at)) | 0);
  fabric.connections.publishTransmit(at, head);
  fabric.ringCard(session, connection);
}
