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

import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import type { Journal } from '../../fabric/journal.ts';
import { SESSION } from '../../fabric/layout.ts';
import { type OutViews, UNKNOWN, VIEW_PAGE_BITS, VIEW_PAGE_IDS } from '../../rib/adj-rib-out.ts';
import { MOST_PATHS } from '../../rib/path-set.ts';
import { presentIn } from '../../rib/presence.ts';
import type { Told } from '../../rib/told.ts';
import type { Limits } from '../limits.ts';
import { BATCH, BATCH_BYTES, type Batch } from './batch.ts';
import { Delivery, SINGLES } from './delivery.ts';
import { type BestRoutes, type Desk, SOME } from './desk.ts';
import type { Exporter } from './exporter.ts';
import { Patience } from './patience.ts';
import { Pending } from './pending.ts';
import { SentCounts } from './sent-counts.ts';
import type { Singles } from './singles.ts';

/** Withdrawals that take as much room as an announced route with its share of what stands before it, and at most as much time. */
const WITHDRAWALS = BATCH / 2048;

/** After which who found no page looks for one again, milliseconds. */
export const STARVED = 100;

export class UpdateGroup {
  readonly key: string;
  readonly exporter: Exporter;
  view: number;
  /** Session indexes. */
  readonly members: number[] = [];
  pending = new Pending();
  /** Next PrefixId of the walk over the full table; -1: walked. */
  cursor = 0;
  readonly patience = new Patience();
  /** Where the neighbours have an interval between advertisements: nothing more before this time, milliseconds. */
  waitsUntil = 0;
  /** The fabric had no page to note what is told: what is left waits until then, milliseconds; 0: it had. */
  starvedUntil = 0;
  /** Prefixes that are left of the burst under way, and whether any was told of. */
  #burst = 0;
  #toldAny = false;
  /** Nothing was ever sent: a newcomer may join at once. */
  untouched = true;
  /** Page up to which the view equals that of the group to be joined. */
  comparedPages = 0;
  /** The sum of what was loaded to bring memory near: a load whose value is not used would be optimised away. */
  touched = 0;
  /** Whoever counted the routes sent has died: the walk counts them anew. */
  recounting = false;
  readonly #fabric: Fabric;
  readonly #views: OutViews;
  readonly #best: BestRoutes;
  readonly #limits: Limits;
  readonly #journal: Journal;
  readonly #batch: Batch;
  readonly #singles: Singles;
  readonly #told: Told;
  readonly #some: Int32Array;
  readonly #desk: Desk;
  /** FAMILY_ bits of which several paths are told. */
  readonly #pathFamilies: number;
  readonly #seeks: boolean;
  /** The batch has no room for all paths of the next prefix; there is no page for it. */
  #crowded = false;
  #pageless = false;
  /** What is in the export may have been marked meanwhile, and be another one now: it is not looked at twice before the view says it. */
  #learnt = false;
  /** How much the export holds, in withdrawals. */
  #weight = 0;
  readonly #fourOctetAs: boolean;
  readonly #maxMessage: number;
  /** Where the page of the view that was last looked at stands (rib/adj-rib-out.ts); -1: look it up. */
  #page = -1;
  /** The page that was last made the view's own, in the export under way; -1: none. */
  #owned = -1;
  readonly #counts: SentCounts;
  /** Of a refresh, the last path that had room, where not all of a prefix had; else 0. */
  #lastPath = 0;
  readonly #delivery: Delivery;
  readonly #postpone = (id: number): void => {
    this.pending.add(id);
    this.#singles.remove(id);
  };

  constructor(
    fabric: Fabric,
    views: OutViews,
    best: BestRoutes,
    exporter: Exporter,
    key: string,
    view: number,
    limits: Limits,
    journal: Journal,
    desk: Desk,
  ) {
    this.#fabric = fabric;
    this.#journal = journal;
    this.#batch = desk.batch;
    this.#singles = desk.singles;
    this.#told = desk.told;
    this.#some = desk.some;
    this.#desk = desk;
    this.#pathFamilies = exporter.rules.paths?.families ?? 0;
    this.#seeks = exporter.rules.instead !== undefined;
    this.#views = views;
    this.#best = best;
    this.#limits = limits;
    this.exporter = exporter;
    this.key = key;
    this.view = view;
    this.#fourOctetAs = exporter.rules.fourOctetAs;
    this.#maxMessage = exporter.rules.maxMessage;
    this.#counts = new SentCounts(fabric);
    this.#delivery = new Delivery(fabric, this.members, desk, exporter.rules);
  }

  /** The session is told from now on what the group is told. */
  add(session: number): void {
    this.members.push(session);
    this.#counts.join(session, this.recounting);
    this.#fabric.setSession(session, SESSION.view, this.view + 1);
  }

  remove(session: number): void {
    const place = this.members.indexOf(session);
    this.#delivery.leaves(place);
    this.members.splice(place, 1);
    this.#counts.leave(session);
  }

  /** Goes on in another view with the same content. */
  moveTo(view: number): void {
    this.view = view;
    for (const session of this.members) this.#fabric.setSession(session, SESSION.view, view + 1);
  }

  /** `urgent`: before all that is not. */
  mark(id: number, urgent = false): void {
    if (urgent) this.pending.addUrgent(id);
    else this.pending.add(id);
  }

  markAll(ids: Int32Array, count: number, urgent: boolean): void {
    if (!urgent) this.pending.addAll(ids, count);
    else for (let i = 0; i < count; i++) this.pending.addUrgent(ids[i] as number);
  }

  /** Nothing waits to be sent. */
  get quiet(): boolean {
    return this.pending.size === 0 && this.cursor < 0 && !this.telling;
  }

  /** Some members were told what others are still to be told: nobody else may use the desk. */
  get telling(): boolean {
    return this.#delivery.underWay;
  }

  /** A member without room for a few messages, or -1. */
  memberWithoutRoom(): number {
    return this.#delivery.memberWithoutRoom();
  }

  membersWithoutRoom(): number[] {
    return this.#delivery.membersWithoutRoom();
  }

  get updatesSent(): number {
    return this.#delivery.updatesSent;
  }

  get starved(): boolean {
    return this.starvedUntil !== 0;
  }

  /** Sends one batch of what waits; true when more waits and there was room. Of what a policy takes its time for, less when it is late. */
  export(now: number, late: () => boolean): boolean {
    if (this.members.length === 0 || this.quiet || now < this.starvedUntil) return false;
    if (this.memberWithoutRoom() >= 0) {
      this.patience.noRoom(now, this.membersWithoutRoom(), this.#delivery.membersThatWait());
      return false;
    }
    this.patience.room(now);
    this.starvedUntil = 0;
    const { interval } = this.exporter.rules;
    if (interval !== undefined) return this.#exportBurst(now, interval, late);
    this.#gather(now, late);
    if (this.#batch.count > 0 || this.#singles.count > 0) this.#send(late);
    return !this.quiet && !this.starved;
  }

  /**
   * RFC 4271 9.2.1.1: what waits when the interval is over is told in one burst, however many batches it takes; what changes from its
   * beginning on waits for the next one. The first telling of all is one.
   */
  #exportBurst(now: number, interval: number, late: () => boolean): boolean {
    if (now < this.waitsUntil) return false;
    if (this.#burst === 0) this.#burst = this.pending.size;
    const waiting = this.pending.size;
    this.#gather(now, late);
    const sends = this.#batch.count > 0 || this.#singles.count > 0;
    if (sends) this.#send(late);
    this.#toldAny ||= sends;
    if (this.starved) return false;
    this.#burst = Math.max(0, this.#burst - (waiting - this.pending.size));
    if (this.cursor >= 0 || this.#burst > 0) return true;
    if (this.#toldAny) this.waitsUntil = now + interval;
    this.#toldAny = false;
    return !this.quiet && now >= this.waitsUntil;
  }

  /** Takes prefixes from the walk and the pending set and sorts them into buckets of one attribute set and source. */
  #gather(now: number, late: () => boolean): void {
    const { dictionaryFull, tooLong } = this.exporter;
    this.#batch.clear();
    this.#singles.clear();
    this.#crowded = false;
    this.#pageless = false;
    this.#learnt = false;
    this.#weight = 0;
    this.#page = this.#owned = -1;
    const isSlow = this.exporter.rules.policy !== undefined;
    if (this.cursor >= 0) this.#walk(isSlow ? late : undefined);
    const { urgent } = this.pending;
    while (this.pending.size > 0 && this.pending.urgent === urgent && this.#gathering()) {
      if (this.#learnt && this.#batch.count > 0) break;
      const count = this.#takeSome();
      let i = 0;
      for (; i < count && this.#gathering(); i++) this.#consider(this.#some[i] as number);
      for (; i < count; i++) this.mark(this.#some[i] as number, urgent);
      if (isSlow && late()) break;
    }
    if (this.#pageless) this.starvedUntil = now + STARVED;
    const untold = this.exporter.dictionaryFull - dictionaryFull + Number(this.#pageless);
    this.#counts.noteUntold(this.members, untold, this.exporter.tooLong - tooLong);
  }

  /** The page of the view that a prefix stands in becomes the view's own, before anybody is told anything; false: there is none. */
  #own(id: number): boolean {
    const page = id >>> VIEW_PAGE_BITS;
    if (page === this.#owned && page === this.#page) return true;
    if (this.#views.own(this.view, page)) {
      this.#page = this.#owned = page;
      return true;
    }
    this.#page = -1;
    this.#pageless = true;
    this.pending.add(id);
    return false;
  }

  /** Takes the next ones out, and touches what considering them will read, all at the same time (blade/routes/route-changes.ts). */
  #takeSome(): number {
    const some = this.#some;
    const room = Math.ceil(this.#limits.exports - this.#weight / WITHDRAWALS);
    const count = this.pending.shiftSome(some, Math.min(SOME, room));
    this.#best.touch(some, count);
    this.touched = this.#views.touch(this.view, some, count);
    if (this.exporter.rules.policy !== undefined) {
      const { sets } = this.#desk;
      for (let i = 0; i < count; i++) sets[i] = this.#best.bestAttribute(some[i] as number);
      this.touched ^= this.exporter.touch(sets, count);
    }
    return count;
  }

  #gathering(): boolean {
    const room = this.#weight < WITHDRAWALS * this.#limits.exports && this.#singles.room < SINGLES;
    return room && !this.#crowded && !this.#pageless;
  }

  #walk(late: (() => boolean) | undefined): void {
    const { prefixes } = this.#fabric;
    const used4 = prefixes.used4();
    const end = prefixes.used6();
    let id = this.cursor;
    for (let steps = 0; steps < this.#limits.walk && this.#gathering(); steps++, id++) {
      if (late !== undefined && (steps & (SOME - 1)) === SOME - 1 && late()) break;
      if (id === used4) id = Math.max(id, prefixes.base6);
      if (id >= end) {
        this.cursor = -1;
        if (this.recounting) this.#endRecount();
        return;
      }
      const told = this.#views.attribute(this.view, id);
      if (this.recounting && told !== 0) this.#recount(id, told);
      // What waits anyway is looked at once: the view still says nothing of what is in this batch.
      if (this.#hasPaths(id)) {
        if ((told !== 0 || presentIn(this.#fabric, id) !== 0) && !this.pending.has(id))
          this.#considerPaths(id);
      } else if (!this.#known(id) && this.#learn(id)) continue;
      else if ((told !== 0 || this.#best.bestAttribute(id) !== 0) && !this.pending.has(id))
        this.#consider(id);
    }
    this.cursor = id;
  }

  #endRecount(): void {
    this.recounting = false;
    for (const session of this.members) this.#fabric.setSession(session, SESSION.recount, 0);
    this.#counts.note(this.members);
  }

  /** Whoever is told nothing need not know what is best: all that was told is withdrawn. */
  #known(id: number): boolean {
    return !this.exporter.rules.accept || this.#best.known(id);
  }

  /** Finds what was not known; true: the prefix is marked by that, and aggregates around it may be. */
  #learn(id: number): boolean {
    if (this.#best.local.counting) this.#learnt = true;
    return this.#best.learn(id);
  }

  /** Where the view's words of a prefix stand: neighbouring prefixes share a page, which is found once. */
  #row(id: number): number {
    const page = id >>> VIEW_PAGE_BITS;
    if (page !== this.#page) {
      this.#page = page;
      this.#views.find(this.view, page);
    }
    return this.#views.found + ((id & (VIEW_PAGE_IDS - 1)) << 1);
  }

  /** Compares what should be told of a prefix with what was. */
  #consider(id: number): void {
    if (this.#hasPaths(id)) {
      this.#considerPaths(id);
      return;
    }
    if (!this.#known(id) && this.#learn(id)) return;
    const bestSource = this.#best.bestSession(id);
    let attribute = this.exporter.attributeFor(id, this.#best.bestAttribute(id), bestSource);
    let source = attribute === 0 ? 0 : this.exporter.sourceOf(id, bestSource);
    const { instead } = this.#desk;
    if (this.#seeks && instead.find(id, attribute, bestSource, this.exporter))
      ({ attribute, source } = instead);
    const { words } = this.#fabric.columns;
    const row = this.#row(id);
    const old = words[row] as number;
    const oldSource = words[row + 1] as number;
    if (attribute === old && source === oldSource) return;
    if (!this.#own(id)) return;
    const isSame = attribute === old || this.#told.same(attribute, old);
    if (isSame && source === oldSource) {
      // Told by another word already: this one is noted, so that groups that were told the same say the same.
      this.#noteView(id, attribute, source);
      return;
    }
    const index = this.#batch.add(id, attribute, source, old === 0 ? -1 : oldSource);
    this.#batch.row[index] = this.#row(id);
    this.#weight += attribute === 0 ? 1 : WITHDRAWALS;
    if (isSame) {
      // The same attributes from another session: only these two sessions see a difference.
      this.#single(oldSource, id, attribute);
      this.#single(source, id, 0);
      return;
    }
    // Whoever tells us the best route now must forget what we told it before.
    if (attribute !== 0 && old !== 0 && source !== oldSource) this.#single(source, id, 0);
    if (attribute !== 0) this.#batch.bucket(index, attribute, source);
    else this.#batch.bucket(index, id < this.#fabric.prefixes.base6 ? -1 : -2, oldSource);
  }

  /** Several paths of the prefix are told. */
  #hasPaths(id: number): boolean {
    return (
      this.#pathFamilies !== 0 &&
      (this.#pathFamilies & (id < this.#fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6)) !== 0
    );
  }

  /** As #consider: each difference is a route of its own to the batch; the view gets one word for all (rib/path-set.ts). */
  #considerPaths(id: number): void {
    const { paths, prefix, set } = this.#desk;
    const batch = this.#batch;
    const row = this.#row(id);
    if (!paths.compare(id, this.#fabric.columns.words[row] as number, this.exporter)) return;
    if (!this.#own(id)) return;
    if (paths.count === 0) {
      // What was told is not known, and nobody can have been told anything.
      this.#page = -1;
      this.#noteView(id, paths.set, 0);
      if (!this.recounting || id < this.cursor) this.#counts.count(0, -1);
      this.#page = -1;
      return;
    }
    if (batch.count + paths.count > BATCH) {
      this.#crowded = true;
      this.pending.add(id);
      return;
    }
    const withdrawn = id < this.#fabric.prefixes.base6 ? -1 : -2;
    for (let i = 0; i < paths.count; i++) {
      const path = paths.path[i] as number;
      const attribute = paths.attribute[i] as number;
      const source = paths.sessionOf(path);
      const index = batch.addPath(id, path, attribute, attribute === 0 ? 0 : source, paths.held[i] as number);
      this.#weight += WITHDRAWALS;
      prefix[index] = id;
      set[index] = paths.set;
      batch.bucket(index, attribute === 0 ? withdrawn : attribute, source);
    }
  }

  #single(source: number, id: number, attribute: number): void {
    if (!this.#counts.has(source - 1)) return;
    this.#singles.add(source - 1, id, attribute, attribute === 0 ? 0 : this.#told.lengthOf(attribute));
  }

  /** Bytes into a ring, publish, then note in the view: in this order, so that a crash can only repeat. */
  #send(late: () => boolean): void {
    this.untouched = false;
    const room = this.#delivery.room - this.#singles.room;
    this.#batch.encode(this.#told, this.#fourOctetAs, this.#maxMessage, room, this.#postpone);
    this.#journal.open(this.view, this.#batch.id, this.#batch.count);
    this.#delivery.begin();
    this.#desk.busy = true;
    this.tell(late);
  }

  /** Goes on with what is under way; false: some are still to be told. */
  tell(late: () => boolean): boolean {
    if (!this.#delivery.deliver(late)) return false;
    this.#desk.busy = false;
    this.#page = -1;
    for (let i = 0; i < this.#batch.count; ) {
      if (this.#batch.path[i] !== 0) i = this.#notePaths(i);
      else {
        if (this.#batch.id[i] !== -1) this.#noteSent(i);
        i++;
      }
    }
    this.#journal.close();
    this.#counts.note(this.members);
    return true;
  }

  #noteSent(index: number): void {
    const id = this.#batch.id[index] as number;
    const { words } = this.#fabric.columns;
    const row = this.#batch.row[index] as number;
    this.#countSentRoute(index, id);
    words[row + 1] = this.#batch.source[index] as number;
    words[row] = this.#batch.attribute[index] as number;
  }

  /** The paths of one prefix, from an index on; the index behind them. Some of them may have found no room. */
  #notePaths(first: number): number {
    const batch = this.#batch;
    const { paths, prefix, set } = this.#desk;
    const id = prefix[first] as number;
    let end = first;
    let left = 0;
    for (; end < batch.count && batch.path[end] !== 0 && prefix[end] === id; end++)
      if (batch.id[end] === -1) left++;
    if (left === end - first) return end;
    const old = this.#fabric.columns.words[this.#row(id)] as number;
    const word = left === 0 ? (set[first] as number) : paths.partly(old, batch, first, end);
    if (word === UNKNOWN) return end;
    for (let i = first; i < end; i++) if (batch.id[i] !== -1) this.#countSentRoute(i, id);
    this.#page = -1;
    this.#noteView(id, word, 0);
    this.#page = -1;
    return end;
  }

  #countSentRoute(index: number, id: number): void {
    // What the recounting walk is still to pass is counted then, as it stands then.
    if (this.recounting && id >= this.cursor) return;
    const source = this.#batch.source[index] as number;
    const oldSource = this.#batch.oldSource[index] as number;
    if (oldSource >= 0) this.#counts.count(oldSource, -1);
    if (source !== 0) this.#counts.count(source, 1);
  }

  /** The page is the view's own already (#own). */
  #noteView(id: number, attribute: number, source: number): void {
    this.#row(id);
    this.#views.note(id, attribute, source);
  }

  /** Counts what the view says of a prefix. */
  #recount(id: number, told: number): void {
    if (!this.#hasPaths(id) || told === UNKNOWN) {
      this.#counts.count(this.#views.source(this.view, id), 1);
      return;
    }
    const { said, paths } = this.#desk;
    said.read(this.#fabric, told);
    for (let i = 0; i < said.count; i++) this.#counts.count(paths.sessionOf(said.path[i] as number), 1);
  }

  /** Sends once more what the view says a member was told of a family (RFC 2918); returns the next id, -1 at the end. */
  resend(session: number, families: number, from: number): number {
    const { prefixes, connections } = this.#fabric;
    const delivery = this.#delivery;
    const used4 = prefixes.used4();
    const end = prefixes.used6();
    const all = connections.transmitRoom(delivery.connection(session)) - delivery.roomNeeded;
    let room = Math.min(all, BATCH_BYTES - this.#maxMessage);
    // Nothing is done, and what was done of the prefix is not forgotten.
    if (room <= 0 || this.#desk.busy) return from;
    let id = from;
    const done = this.#fabric.session(session, SESSION.refreshPath);
    this.#lastPath = 0;
    this.#batch.clear();
    for (let steps = 0; steps < this.#limits.walk && this.#batch.count < BATCH && room > 0; steps++, id++) {
      if (id === used4) id = Math.max(id, prefixes.base6);
      if (id >= end) break;
      if ((families & (id < prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6)) === 0) continue;
      const attribute = this.#views.attribute(this.view, id);
      if (attribute === 0 || attribute === UNKNOWN) continue;
      if (this.#hasPaths(id)) {
        if (this.#batch.count + MOST_PATHS > BATCH) break;
        room = this.#resendPaths(session, id, attribute, id === from ? done : 0, room);
        // Not all of them had room.
        if (this.#lastPath !== 0) break;
        continue;
      }
      if (this.#views.source(this.view, id) === session + 1) continue;
      this.#batch.bucket(this.#batch.add(id, attribute, 0, 0), attribute, 0);
      // As if each had a message of its own, so that none is left over.
      room -= 64 + 2 * this.#told.lengthOf(attribute);
    }
    if (this.#batch.count > 0) {
      this.#batch.encode(
        this.#told,
        this.#fourOctetAs,
        this.#maxMessage,
        all + delivery.roomNeeded,
        this.#postpone,
      );
      const member = this.members.indexOf(session);
      delivery.copyTo(member);
      delivery.publishMember(member);
    }
    this.#fabric.setSession(session, SESSION.refreshPath, this.#lastPath);
    return id >= end ? -1 : id;
  }

  /** The paths of a prefix that a member did not tell itself, behind the last one that is done; the room that they leave. */
  #resendPaths(session: number, id: number, set: number, done: number, room: number): number {
    const { said, paths } = this.#desk;
    let last = 0;
    said.read(this.#fabric, set);
    for (let i = 0; i < said.count; i++) {
      const path = said.path[i] as number;
      if (path <= done || paths.sessionOf(path) === session + 1) continue;
      if (room <= 0) {
        this.#lastPath = last;
        return room;
      }
      const attribute = said.attribute[i] as number;
      this.#batch.bucket(this.#batch.addPath(id, path, attribute, 0, 0), attribute, 0);
      room -= 68 + 2 * this.#fabric.attributes.lengthOf(attribute);
      last = path;
    }
    return room;
  }
}
