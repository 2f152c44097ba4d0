/**
 * An UPDATE message becomes route changes (RFC 4271 9, RFC 7606): decoded where it stands in the ring, its attributes
 * made canonical and interned once, then a dictionary look-up and a word in the column for each prefix.
 */
import { u32 } from '../../bgp/bytes.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import {
  isMulticast4,
  isMulticast6,
  PATH_IDENTIFIER,
  Prefix,
  prefix4Address,
  prefixEnd,
  readPrefix6,
} from '../../bgp/nlri.ts';
import { Action, decodeUpdate, isEndOfRib, type UpdateOptions, UpdateView } from '../../bgp/update.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';
import { Room } from '../../fabric/room.ts';
import { internAttributes } from '../../rib/attribute-set.ts';
import type { ImportRule } from '../policies.ts';
import { outOfResources } from '../session/cease.ts';
import { isToldOf, malformedText } from '../session/malformed.ts';
import type { Fault } from '../session/track-owner.ts';
import { RouteChanges } from './route-changes.ts';
import type { Routes } from './routes.ts';

/** What a session survives. */
const COUNTED: Readonly<Record<number, number | undefined>> = {
  [Action.AttributeDiscard]: SESSION_NUMBER.attributesDiscarded,
  [Action.TreatAsWithdraw]: SESSION_NUMBER.treatedAsWithdraw,
};

export class Receiver {
  /** Families whose End-of-RIB came in the last message; FAMILY_ bits. */
  endOfRib = 0;
  /** Families that the last message disabled; FAMILY_ bits. */
  disabled = 0;
  readonly #fabric: Fabric;
  readonly #changes: RouteChanges;
  readonly #view = new UpdateView();
  readonly #prefix = new Prefix();
  /** By session, what those wait for that found a table full. */
  readonly #rooms = new Map<number, Room>();
  /** FAMILY_ bits of which prefixes come with path identifiers. */
  #addPath = 0;
  readonly #malformed: (session: number, text: string) => void;
  /** Prefixes of one message that make no sense. */
  #ignored = 0;

  constructor(fabric: Fabric, routes: Routes, malformed: (session: number, text: string) => void) {
    this.#fabric = fabric;
    this.#malformed = malformed;
    this.#changes = new RouteChanges(fabric, routes);
  }

  /**
   * Takes the body of an UPDATE of one of the blade's own sessions; what ends the session, if it does. Its route changes
   * wait until `apply`, which has to come before another session's messages.
   */
  process(
    session: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    options: UpdateOptions,
    rule: ImportRule,
  ): Fault | undefined {
    const view = this.#view;
    const fabric = this.#fabric;
    decodeUpdate(bytes, start, end, options, view);
    this.#addPath = options.addPath ?? 0;
    fabric.count(session, SESSION_NUMBER.updatesReceived);
    if (view.action !== Action.None) this.#onMalformed(session, bytes, start, end, options);
    this.disabled = view.unreadable;
    if (view.action === Action.SessionReset) return this.#fault(bytes);
    this.endOfRib = isEndOfRib(view);
    // RFC 7606 3.h: what else stands beside an unreadable family is withdrawn at least.
    const withdrawAll = view.action >= Action.TreatAsWithdraw;
    if (!this.#take(session, bytes, options, withdrawAll, rule)) return this.outOfRoom(session);
    return (this.endOfRib | this.disabled) === 0 ? undefined : this.apply(session, rule);
  }

  /** RFC 7606 6: counted, and told with all that is needed to find out why. */
  #onMalformed(session: number, bytes: Uint8Array, start: number, end: number, options: UpdateOptions): void {
    const { action } = this.#view;
    const which = COUNTED[action];
    if (which !== undefined) {
      this.#fabric.count(session, which);
      if (!isToldOf(this.#fabric.number(session, which))) return;
    }
    this.#malformed(session, malformedText(bytes, start, end, options, this.#view));
  }

  /** Applies what waits; what ends the session, if it does. */
  apply(session: number, rule: ImportRule): Fault | undefined {
    if (this.#changes.count === 0) return undefined;
    return this.#changes.apply(session, rule) ? undefined : this.outOfRoom(session);
  }

  /** A table is full. Something may come free; where all is in use, who asks for more is shut (fabric/room.ts). */
  outOfRoom(session: number): Fault {
    this.#changes.clear();
    const room = this.#rooms.get(session) ?? new Room(this.#fabric, session);
    this.#rooms.set(session, room);
    const after = room.tryAfter();
    if (after !== 0) return { ...outOfResources(this.#fabric), after };
    this.#fabric.count(session, SESSION_NUMBER.outOfResources);
    this.#rooms.delete(session);
    return outOfResources(this.#fabric);
  }

  /** All was read and applied, or the session is over, or another blade's. */
  foundRoom(session: number): void {
    if (this.#rooms.size === 0) return;
    this.#rooms.get(session)?.found();
    this.#rooms.delete(session);
  }

  /** Forgets what waits: its session is over. */
  drop(): void {
    this.#changes.clear();
  }

  /** Notes the route changes of a message that was found good, or is treated as a withdrawal (RFC 7606 2). */
  #take(
    session: number,
    bytes: Uint8Array,
    options: UpdateOptions,
    withdrawAll: boolean,
    rule: ImportRule,
  ): boolean {
    const view = this.#view;
    let withdrawn = this.#add4(session, bytes, view.withdrawnStart, view.withdrawnEnd, 0, rule);
    if (withdrawn >= 0 && view.unreachAfi !== 0) {
      const { unreachAfi, unreachStart, unreachEnd } = view;
      withdrawn = this.#addMp(session, bytes, unreachAfi, unreachStart, unreachEnd, 0, rule, withdrawn);
    }
    if (withdrawn < 0) return false;
    this.#fabric.count(session, SESSION_NUMBER.withdrawalsReceived, withdrawn);
    let announced = 0;
    if (view.nlriStart < view.nlriEnd) {
      const attribute = withdrawAll ? 0 : this.#intern(bytes, options, false, rule);
      if (attribute === 0 && !withdrawAll) return false;
      announced = this.#add4(session, bytes, view.nlriStart, view.nlriEnd, attribute, rule);
    }
    if (announced >= 0 && view.reachNlriStart < view.reachNlriEnd) {
      const attribute = withdrawAll ? 0 : this.#intern(bytes, options, true, rule);
      if (attribute === 0 && !withdrawAll) return false;
      const { reachAfi, reachNlriStart, reachNlriEnd } = view;
      announced = this.#addMp(
        session,
        bytes,
        reachAfi,
        reachNlriStart,
        reachNlriEnd,
        attribute,
        rule,
        announced,
      );
    }
    if (announced < 0) return false;
    if (this.#ignored > 0) this.#noteIgnored(session);
    const counter = withdrawAll ? SESSION_NUMBER.withdrawalsReceived : SESSION_NUMBER.announcementsReceived;
    this.#fabric.count(session, counter, announced);
    return true;
  }

  #fault(bytes: Uint8Array): Fault {
    const view = this.#view;
    return {
      code: view.errorCode,
      subcode: view.errorSubcode,
      data: bytes.slice(view.errorDataStart, view.errorDataEnd),
      why: view.errorWhy,
    };
  }

  #intern(bytes: Uint8Array, options: UpdateOptions, mp: boolean, rule: ImportRule): number {
    const attribute = internAttributes(this.#fabric.attributes, bytes, this.#view, options, mp);
    return rule.checks.received(attribute);
  }

  /** The prefixes of a field, with an AttrId or withdrawn (0); how many, or -1 when a table of the fabric is full. */
  #add4(
    session: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    attribute: number,
    rule: ImportRule,
  ): number {
    if (this.#addPath & FAMILY_IPV4) return this.#addPaths4(session, bytes, start, end, attribute, rule);
    const changes = this.#changes;
    let count = 0;
    for (let at = start; at < end; at = prefixEnd(bytes, at)) {
      if (changes.full && !changes.apply(session, rule)) return -1;
      const address = prefix4Address(bytes, at);
      count++;
      if (isMulticast4(address)) this.#ignored++;
      else changes.add4(address, bytes[at] as number, attribute);
    }
    return count;
  }

  /** Said for the first ones, and each time that they are about twice as many. */
  #noteIgnored(session: number): void {
    const before = this.#fabric.number(session, SESSION_NUMBER.prefixesIgnored);
    const now = before + this.#ignored;
    this.#fabric.setNumber(session, SESSION_NUMBER.prefixesIgnored, now);
    this.#ignored = 0;
    if (Math.clz32(now) !== Math.clz32(before))
      this.#malformed(session, `announces multicast addresses as destinations: ${now} ignored so far`);
  }

  /** As #add4, of a field with path identifiers (RFC 7911 3). */
  #addPaths4(
    session: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    attribute: number,
    rule: ImportRule,
  ): number {
    const changes = this.#changes;
    let count = 0;
    for (let at = start; at < end; count++) {
      if (changes.full && !changes.apply(session, rule)) return -1;
      const prefix = at + PATH_IDENTIFIER;
      const address = prefix4Address(bytes, prefix);
      if (isMulticast4(address)) this.#ignored++;
      else {
        changes.add4(address, bytes[prefix] as number, attribute);
        changes.ofPath(u32(bytes, at), FAMILY_IPV4);
      }
      at = prefixEnd(bytes, prefix);
    }
    return count;
  }

  /** MP_REACH_NLRI and MP_UNREACH_NLRI: IPv6, or IPv4 that was sent the RFC 4760 way. Adds to `before`. */
  #addMp(
    session: number,
    bytes: Uint8Array,
    afi: number,
    start: number,
    end: number,
    attribute: number,
    rule: ImportRule,
    before: number,
  ): number {
    if (afi === Afi.Ipv4) {
      const count = this.#add4(session, bytes, start, end, attribute, rule);
      return count < 0 ? -1 : before + count;
    }
    const paths = (this.#addPath & FAMILY_IPV6) !== 0;
    let count = before;
    for (let at = start; at < end; count++) {
      const path = paths ? u32(bytes, at) : 0;
      at = readPrefix6(bytes, paths ? at + PATH_IDENTIFIER : at, this.#prefix);
      if (isMulticast6(this.#prefix.word0)) {
        this.#ignored++;
        continue;
      }
      if (this.#changes.full && !this.#changes.apply(session, rule)) return -1;
      const id = this.#id6(attribute !== 0);
      if (id >= 0) {
        this.#changes.add(id, attribute);
        if (paths) this.#changes.ofPath(path, FAMILY_IPV6);
      } else if (attribute !== 0) return -1;
    }
    return count;
  }

  #id6(make: boolean): number {
    const { prefixes } = this.#fabric;
    const { word0, word1, word2, word3, length } = this.#prefix;
    return make
      ? prefixes.intern6(word0, word1, word2, word3, length)
      : prefixes.find6(word0, word1, word2, word3, length);
  }
}
