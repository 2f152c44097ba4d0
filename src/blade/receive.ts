/**
 * An UPDATE message becomes route changes (RFC 4271 9, RFC 7606): decoded where it stands in the ring, its attributes
 * made canonical and interned once, then a dictionary look-up and a word in the column for each prefix.
 */
import { Afi } from '../bgp/families.ts';
import { Prefix, prefix4Address, prefixEnd, readPrefix6 } from '../bgp/nlri.ts';
import { Action, decodeUpdate, isEndOfRib, type UpdateOptions, UpdateView } from '../bgp/update.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION_NUMBER } from '../fabric/layout.ts';
import { internAttributes } from '../rib/attribute-set.ts';
import type { Routes } from './routes.ts';
import type { Fault } from './track.ts';

const OUT_OF_RESOURCES: Fault = { code: 6, subcode: 8, why: 'a table of the fabric is full' };

export class Receiver {
  /** Families whose End-of-RIB came in the last message; FAMILY_ bits. */
  endOfRib = 0;
  readonly #fabric: Fabric;
  readonly #routes: Routes;
  readonly #view = new UpdateView();
  readonly #prefix = new Prefix();

  constructor(fabric: Fabric, routes: Routes) {
    this.#fabric = fabric;
    this.#routes = routes;
  }

  /** Applies the body of an UPDATE of one of the blade's own sessions; what ends the session, if it does. */
  process(
    session: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    options: UpdateOptions,
    reject: boolean,
  ): Fault | undefined {
    const view = this.#view;
    const fabric = this.#fabric;
    decodeUpdate(bytes, start, end, options, view);
    fabric.count(session, SESSION_NUMBER.updatesReceived);
    if (view.action >= Action.DisableFamily) return this.#fault(bytes);
    this.endOfRib = isEndOfRib(view);
    const withdrawAll = view.action === Action.TreatAsWithdraw;
    if (withdrawAll) fabric.count(session, SESSION_NUMBER.treatedAsWithdraw);
    if (view.action === Action.AttributeDiscard) fabric.count(session, SESSION_NUMBER.attributesDiscarded);
    this.#withdraw4(session, bytes, view.withdrawnStart, view.withdrawnEnd);
    if (view.unreachAfi !== 0)
      this.#withdrawMp(session, bytes, view.unreachAfi, view.unreachStart, view.unreachEnd);
    if (withdrawAll) {
      this.#withdraw4(session, bytes, view.nlriStart, view.nlriEnd);
      if (view.reachAfi !== 0)
        this.#withdrawMp(session, bytes, view.reachAfi, view.reachNlriStart, view.reachNlriEnd);
      return undefined;
    }
    if (view.nlriStart < view.nlriEnd) {
      const attribute = this.#intern(bytes, options, false);
      if (
        attribute === 0 ||
        !this.#announce4(session, bytes, view.nlriStart, view.nlriEnd, attribute, reject)
      ) {
        return OUT_OF_RESOURCES;
      }
    }
    if (view.reachNlriStart < view.reachNlriEnd) {
      const attribute = this.#intern(bytes, options, true);
      if (attribute === 0 || !this.#announceMp(session, bytes, attribute, reject)) return OUT_OF_RESOURCES;
    }
    return undefined;
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

  #intern(bytes: Uint8Array, options: UpdateOptions, mp: boolean): number {
    return internAttributes(this.#fabric.attributes, bytes, this.#view, options, mp);
  }

  #announce4(
    session: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    attribute: number,
    reject: boolean,
  ): boolean {
    let count = 0;
    for (let at = start; at < end; at = prefixEnd(bytes, at)) {
      const id = this.#fabric.prefixes.intern4(prefix4Address(bytes, at), bytes[at] as number);
      if (id < 0 || !this.#routes.announce(session, id, attribute, reject)) return false;
      count++;
    }
    this.#fabric.count(session, SESSION_NUMBER.announcementsReceived, count);
    return true;
  }

  #withdraw4(session: number, bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    let count = 0;
    for (let at = start; at < end; at = prefixEnd(bytes, at)) {
      const id = this.#fabric.prefixes.find4(prefix4Address(bytes, at), bytes[at] as number);
      if (id >= 0) this.#routes.withdraw(session, id);
      count++;
    }
    this.#fabric.count(session, SESSION_NUMBER.withdrawalsReceived, count);
  }

  /** MP_REACH_NLRI: IPv6, or IPv4 that was sent the RFC 4760 way. */
  #announceMp(session: number, bytes: Uint8Array, attribute: number, reject: boolean): boolean {
    const { reachAfi, reachNlriStart, reachNlriEnd } = this.#view;
    if (reachAfi === Afi.Ipv4)
      return this.#announce4(session, bytes, reachNlriStart, reachNlriEnd, attribute, reject);
    const prefix = this.#prefix;
    let count = 0;
    for (let at = reachNlriStart; at < reachNlriEnd; count++) {
      at = readPrefix6(bytes, at, prefix);
      const id = this.#fabric.prefixes.intern6(
        prefix.word0,
        prefix.word1,
        prefix.word2,
        prefix.word3,
        prefix.length,
      );
      if (id < 0 || !this.#routes.announce(session, id, attribute, reject)) return false;
    }
    this.#fabric.count(session, SESSION_NUMBER.announcementsReceived, count);
    return true;
  }

  #withdrawMp(session: number, bytes: Uint8Array, afi: number, start: number, end: number): void {
    if (afi === Afi.Ipv4) {
      this.#withdraw4(session, bytes, start, end);
      return;
    }
    const prefix = this.#prefix;
    let count = 0;
    for (let at = start; at < end; count++) {
      at = readPrefix6(bytes, at, prefix);
      const id = this.#fabric.prefixes.find6(
        prefix.word0,
        prefix.word1,
        prefix.word2,
        prefix.word3,
        prefix.length,
      );
      if (id >= 0) this.#routes.withdraw(session, id);
    }
    this.#fabric.count(session, SESSION_NUMBER.withdrawalsReceived, count);
  }
}
