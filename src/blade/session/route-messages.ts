/**
 * What an Established neighbour says of routes: UPDATE messages, in bunches, End-of-RIB among them, and ROUTE-REFRESH messages. Its tracks read
 * them (incoming.ts); what they say goes to the blade's receiver (blade/routes/receive.ts), by what the session agreed on.
 */
import type { Clock } from '../../base/clock.ts';
import { familyBit } from '../../bgp/families.ts';
import { RefreshKind, type RouteRefresh } from '../../bgp/message.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION } from '../../fabric/layout.ts';
import type { Receiver } from '../routes/receive.ts';
import type { Agreement } from './agreement.ts';
import type { Session } from './session.ts';
import type { SessionHost } from './session-host.ts';
import type { Fault } from './track-owner.ts';

export class RouteMessages {
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  readonly #receiver: Receiver;
  readonly #session: Session;
  readonly #agreement: Agreement;

  constructor({ fabric, clock, receiver }: SessionHost, session: Session, agreement: Agreement) {
    this.#fabric = fabric;
    this.#clock = clock;
    this.#receiver = receiver;
    this.#session = session;
    this.#agreement = agreement;
  }

  /** The routes of several UPDATE messages are applied together, before the messages count as read. */
  processUpdate(bytes: Uint8Array, start: number, end: number): Fault | undefined {
    const receiver = this.#receiver;
    const { index, importRule } = this.#session;
    const fault = receiver.process(index, bytes, start, end, this.#agreement.options, importRule);
    if (fault !== undefined) return fault;
    if (receiver.endOfRib !== 0) this.#endOfRib(receiver.endOfRib & ~this.#agreement.disabled);
    if (receiver.disabled !== 0) this.#disable(receiver.disabled);
    return undefined;
  }

  applyUpdates(): Fault | undefined {
    const { index, importRule, limits, configuration } = this.#session;
    const fault = this.#receiver.apply(index, importRule);
    if (this.#agreement.options.addPath !== 0) limits.checkPaths();
    return fault ?? limits.checkPrefixes(configuration);
  }

  dropUpdates(): void {
    this.#receiver.drop();
  }

  /** All that was read could be applied. */
  foundRoom(): void {
    this.#receiver.foundRoom(this.#session.index);
  }

  /** RFC 7313 4: what the last refresh left to be withdrawn goes first, in its slices. */
  waits({ kind }: RouteRefresh): boolean {
    return this.enhancedRefresh && kind === RefreshKind.Begin && this.#session.stale.walking;
  }

  processRouteRefresh(refresh: RouteRefresh): void {
    const family = familyBit(refresh.afi, refresh.safi);
    // Of a disabled family it is still told all, and may ask for it again; what it tells of it is not heard.
    const tells = this.enhancedRefresh && refresh.kind !== RefreshKind.Request;
    const { families, disabled } = this.#agreement;
    if ((family & families & ~(tells ? disabled : 0)) !== 0)
      this.#session.refreshes.onRefresh(family, refresh.kind);
    else this.ignoreRefresh(`of AFI ${refresh.afi}, SAFI ${refresh.safi}, which was not agreed on`);
  }

  ignoreRefresh(why: string): void {
    this.#session.limits.ignoreRefresh(why);
  }

  /** RFC 7313 is spoken. */
  get enhancedRefresh(): boolean {
    return this.#agreement.negotiated?.enhancedRefresh === true;
  }

  /** Nothing is read: what was told before is being marked. */
  get marking(): boolean {
    return this.#session.stale.marking;
  }

  #endOfRib(families: number): void {
    this.#session.stale.end(families);
    this.#awaitNoMore(families);
  }

  /** RFC 4760 7: its routes go, and what it says of the family from now on is not heard. */
  #disable(families: number): void {
    const { stale, configuration } = this.#session;
    // In this order: if the blade dies in between, the message is read again, and all of this is done once more.
    stale.drop(families);
    this.#awaitNoMore(families);
    this.#agreement.disable(configuration, families);
    this.#session.schedule(this.#clock());
  }

  #awaitNoMore(families: number): void {
    const { index } = this.#session;
    const awaited = this.#fabric.session(index, SESSION.awaited);
    if (awaited !== 0) this.#fabric.setSession(index, SESSION.awaited, awaited & ~families);
  }
}
