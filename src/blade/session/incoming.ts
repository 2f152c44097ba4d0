/**
 * What a neighbour says on a connection: each message is decoded and becomes an event of the track's state machine (RFC 4271 8.1), or
 * what is wrong with it does. UPDATE messages go to the session, in bunches: what some of them brought is applied together.
 *
 * Where a table is full, nothing more is read until the next sweep for ids has ended; then the same again (fabric/room.ts).
 */
import type { Clock } from '../../base/clock.ts';
import { toldText } from '../../bgp/communication.ts';
import { NotificationCode, notificationText, packNotification, RouteRefreshError } from '../../bgp/errors.ts';
import { Event, State } from '../../bgp/fsm.ts';
import {
  BAD_LENGTH,
  decodeNotification,
  decodeRouteRefresh,
  HEADER_LENGTH,
  headerErrorCode,
  headerErrorData,
  headerErrorSubcode,
  isRefreshBorder,
  isShortRefresh,
  MessageType,
  messageType,
} from '../../bgp/message.ts';
import { decodeOpen, isFailure } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';
import { hasSwept } from '../../fabric/room.ts';
import type { Track } from './track.ts';
import type { Fault, TrackOwner } from './track-owner.ts';
import type { MessageTaker, Wire } from './wire.ts';

/** Milliseconds between two looks at whether there is room again. */
const LOOK_FOR_ROOM = 5;

export class Incoming implements MessageTaker {
  /** Nothing is read before this sweep for ids has ended; 0: it is. */
  after = 0;
  /** The NOTIFICATION that the neighbour sent last. */
  notified: { readonly code: number; readonly subcode: number } | undefined;
  readonly #fabric: Fabric;
  readonly #owner: TrackOwner;
  readonly #track: Track;
  readonly #wire: Wire;
  readonly #clock: Clock;

  constructor(fabric: Fabric, owner: TrackOwner, track: Track, wire: Wire, clock: Clock) {
    this.#fabric = fabric;
    this.#owner = owner;
    this.#track = track;
    this.#wire = wire;
    this.#clock = clock;
  }

  /** A dictionary was full, and there is no room yet. */
  get waitsForRoom(): boolean {
    if (this.after !== 0 && hasSwept(this.#fabric.box, this.after)) this.after = 0;
    return this.after !== 0;
  }

  /** When to look for room again, milliseconds. */
  lookAgainAt(now: number): number {
    return this.after === 0 ? Number.POSITIVE_INFINITY : now + LOOK_FOR_ROOM;
  }

  maxMessage(): number {
    return this.#owner.maxMessage(this.#track);
  }

  onBadHeader(bytes: Uint8Array, at: number, answer: number): void {
    this.#track.event(Event.BgpHeaderErr, {
      code: headerErrorCode(answer),
      subcode: headerErrorSubcode(answer),
      data: headerErrorData(bytes, at, answer),
      why: notificationText(headerErrorCode(answer), headerErrorSubcode(answer)),
    });
  }

  onMessage(bytes: Uint8Array, at: number, length: number): void {
    const body = at + HEADER_LENGTH;
    const end = at + length;
    switch (messageType(bytes, at)) {
      case MessageType.Update:
        this.#onUpdate(bytes, body, end);
        break;
      case MessageType.Keepalive:
        this.#track.event(Event.KeepAliveMsg);
        break;
      case MessageType.Open:
        this.#onOpen(bytes, body, end);
        break;
      case MessageType.Notification:
        this.#onNotification(bytes, body, end);
        break;
      default:
        this.#onRouteRefresh(bytes, body, end);
    }
  }

  onPause(): void {
    if (this.#track.state !== State.Established) {
      this.#owner.messages.dropUpdates();
      return;
    }
    const fault = this.#owner.messages.applyUpdates();
    if (fault !== undefined) this.#onFault(fault);
  }

  #onFault(fault: Fault): void {
    if (fault.after === undefined) {
      this.#track.event(Event.UpdateMsgErr, fault);
      return;
    }
    this.after = fault.after;
    this.#track.heard();
    this.#wire.readAgain();
    this.#owner.schedule(this.#clock() + LOOK_FOR_ROOM);
  }

  #onUpdate(bytes: Uint8Array, start: number, end: number): void {
    if (this.#track.state !== State.Established) {
      this.#track.event(Event.UpdateMsg);
      return;
    }
    // A good one stays in Established and restarts the HoldTimer, which `receive` does once for all it read.
    const fault = this.#owner.messages.processUpdate(bytes, start, end);
    if (fault !== undefined) this.#onFault(fault);
  }

  #onOpen(bytes: Uint8Array, start: number, end: number): void {
    // RFC 4271 8.2.2: whatever it says, it is unexpected there.
    if (this.#track.state === State.Established) {
      this.#track.event(Event.BgpOpen);
      return;
    }
    const open = decodeOpen(bytes, start, end);
    if (isFailure(open)) {
      this.#track.event(Event.BgpOpenMsgErr, open);
      return;
    }
    if (this.#track.state !== State.OpenSent) {
      this.#track.event(Event.BgpOpen);
      return;
    }
    const answer = this.#owner.acceptOpen(this.#track, open);
    if (answer === 'dump') this.#track.event(Event.OpenCollisionDump);
    else if (answer !== undefined) this.#track.event(Event.BgpOpenMsgErr, answer);
    else {
      this.#track.open = open;
      this.#track.event(Event.BgpOpen);
    }
  }

  #onNotification(bytes: Uint8Array, start: number, end: number): void {
    const notification = decodeNotification(bytes, start, end);
    const { code, subcode } = notification;
    this.notified = { code, subcode };
    this.#fabric.count(this.#owner.index, SESSION_NUMBER.notificationsReceived);
    this.#fabric.setNumber(
      this.#owner.index,
      SESSION_NUMBER.lastNotification,
      packNotification(code, subcode, true),
    );
    this.#track.why = `the neighbour sent ${toldText(notification)}`;
    const versionError = code === NotificationCode.Open && subcode === 1;
    this.#track.event(versionError ? Event.NotifMsgVerErr : Event.NotifMsg);
  }

  #onRouteRefresh(bytes: Uint8Array, start: number, end: number): void {
    const refresh = decodeRouteRefresh(bytes, start, end);
    if (this.#track.state !== State.Established) {
      this.#track.event(refresh === undefined ? Event.RouteRefreshMsgErr : Event.RouteRefreshMsg);
      return;
    }
    if (refresh !== undefined) {
      // Routes of messages before this one may still be waiting to be applied together: now they are, as a refresh is about what came before.
      this.onPause();
      if (this.#track.state !== State.Established || this.after !== 0) return;
      if (this.#owner.messages.waits(refresh)) {
        this.#track.heard();
        this.#wire.leave();
        return;
      }
      this.#owner.messages.processRouteRefresh(refresh);
      // It is answered once, though what comes behind it may have to be read again; but what it says is done before it is passed.
      this.#wire.pass();
      if (this.#owner.messages.marking) this.#wire.halted = true;
      this.#track.event(Event.RouteRefreshMsg);
    } else if (this.#owner.messages.enhancedRefresh && isRefreshBorder(bytes, start))
      this.#track.event(Event.RouteRefreshMsgErr, {
        code: NotificationCode.RouteRefresh,
        subcode: RouteRefreshError.InvalidMessageLength,
        data: bytes.slice(start - HEADER_LENGTH, end),
        why: notificationText(NotificationCode.RouteRefresh, RouteRefreshError.InvalidMessageLength),
      });
    else if (isShortRefresh(start, end)) this.onBadHeader(bytes, start - HEADER_LENGTH, BAD_LENGTH);
    else this.#owner.messages.ignoreRefresh('with filters (RFC 5291), which were not agreed on');
  }
}
