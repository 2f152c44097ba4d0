/**
 * One connection of a session and its state machine (RFC 4271 section 8; bgp/fsm.ts is the table). A session has two:
 * track 0 dials, track 1 is called. They meet in connection collision (6.8), which the session decides.
 *
 * A track owns its timers, reads whole messages from the receive ring, and writes the small messages. What the
 * table says is to be done is done here, one line an action.
 */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { NotificationCode, notificationText } from '../bgp/errors.ts';
import { type Action, Event, FsmFlag, type NotificationChoice, State, transition } from '../bgp/fsm.ts';
import {
  decodeNotification,
  decodeRouteRefresh,
  encodeKeepalive,
  encodeNotification,
  HEADER_LENGTH,
  headerErrorCode,
  headerErrorData,
  headerErrorSubcode,
  MAX_EXTENDED_MESSAGE,
  MAX_MESSAGE,
  MessageType,
  messageType,
  type RouteRefresh,
  readHeader,
} from '../bgp/message.ts';
import { type DecodeFailure, decodeOpen, isFailure, type Open } from '../bgp/open.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { CONNECTION, CONNECTION_STATE, SESSION_NUMBER } from '../fabric/layout.ts';
import { publishTransmit } from './update-group.ts';

/** RFC 4271 8.2.2 suggests four minutes. */
const LARGE_HOLD = 240_000;
/** Wait after a failure, milliseconds: doubled each time up to the longest. */
const IDLE_HOLD = 1000;
const LONGEST_IDLE_HOLD = 60_000;

/** What went wrong, for the NOTIFICATION and for the operator. */
export interface Fault {
  readonly code: number;
  readonly subcode: number;
  readonly data?: Uint8Array;
  readonly why: string;
}

/** The session as its tracks see it. */
export interface TrackOwner {
  readonly index: number;
  readonly passive: boolean;
  /** Seconds. */
  readonly connectRetryTime: number;
  /** Our OPEN. */
  openMessage(): Uint8Array;
  /** The neighbour's OPEN: negotiate and look for a collision; what is wrong with it, or 'dump' to give this track up. */
  acceptOpen(track: Track, open: Open): DecodeFailure | 'dump' | undefined;
  /** Seconds, as negotiated. */
  holdTime(track: Track): number;
  /** Seconds; 0: none are sent. */
  keepaliveTime(track: Track): number;
  maxMessage(track: Track): number;
  sessionUp(track: Track): void;
  /** The routes that this track brought are to go. */
  deleteRoutes(track: Track): void;
  processUpdate(bytes: Uint8Array, start: number, end: number): Fault | undefined;
  processRouteRefresh(refresh: RouteRefresh): void;
  /** Nothing may start now: the last session's routes are still being withdrawn, or it is held down. */
  held(): boolean;
  stateChanged(track: Track): void;
  down(track: Track, why: string): void;
  schedule(at: number): void;
}

/** A message that wraps around the ring's end is read here. */
const scratch = new Uint8Array(MAX_EXTENDED_MESSAGE);
const KEEPALIVE = encodeKeepalive();

export class Track {
  readonly which: number;
  state: State = State.Idle;
  open: Open | undefined;
  /** Generation of the connection in use, 0: none. */
  generation = 0;
  connectRetryAt = Number.POSITIVE_INFINITY;
  holdDeadline = Number.POSITIVE_INFINITY;
  keepaliveDue = Number.POSITIVE_INFINITY;
  idleHoldAt = Number.POSITIVE_INFINITY;
  readonly #fabric: Fabric;
  readonly #owner: TrackOwner;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #at: number;
  #idleHold = IDLE_HOLD;
  #dialDue = false;
  #opened = false;
  #why = '';

  constructor(fabric: Fabric, owner: TrackOwner, which: number, clock: Clock, random: Random) {
    this.#fabric = fabric;
    this.#owner = owner;
    this.which = which;
    this.#clock = clock;
    this.#random = random;
    this.#at = fabric.connections.at(owner.index, which);
  }

  /** Sends a message that the table does not speak of. */
  sendMessage(message: Uint8Array): void {
    this.#send(message);
  }

  /** Inactive becomes Established on the connection that is open. Times in milliseconds. */
  attach(holdDeadline: number, keepaliveDue: number): void {
    this.#step(Event.GraftTakeOver);
    this.generation = this.#fabric.connections.generationOf(this.#at);
    this.#opened = true;
    this.holdDeadline = holdDeadline;
    this.keepaliveDue = keepaliveDue;
    this.#schedule(Math.min(holdDeadline, keepaliveDue));
  }

  /** A graft to here has begun: Inactive. */
  prepare(): void {
    this.#step(Event.GraftPrepare);
  }

  /** It was undone, or another track carries the session. */
  unprepare(): void {
    this.#step(Event.GraftAbort);
  }

  /** The connection goes on with another blade. */
  detach(): void {
    this.#step(Event.GraftRelease);
    this.generation = 0;
    this.#opened = false;
    this.#forgetTimers();
    this.connectRetryAt = Number.POSITIVE_INFINITY;
    this.idleHoldAt = Number.POSITIVE_INFINITY;
  }

  start(): void {
    this.#idleHold = IDLE_HOLD;
    this.idleHoldAt = Number.POSITIVE_INFINITY;
    if (this.which === 0 && this.#owner.passive) return;
    this.event(this.which === 0 ? Event.AutomaticStart : Event.AutomaticStartPassive);
    this.connectionNews();
  }

  /** Ends whatever there is, with this NOTIFICATION where there is a connection to send it on. */
  stop(fault: Fault): void {
    this.event(Event.ManualStop, fault);
    this.idleHoldAt = Number.POSITIVE_INFINITY;
    this.connectRetryAt = Number.POSITIVE_INFINITY;
  }

  /** One event of RFC 4271 8.1: the table says what follows. */
  event(event: Event, fault?: Fault): void {
    const before = this.state;
    if (fault !== undefined) this.#why = fault.why;
    const { actions, notification } = this.#step(event);
    for (const action of actions) this.#act(action, notification, fault);
    if (before !== this.state) this.#owner.stateChanged(this);
    if (before === State.Established && this.state !== State.Established) this.#owner.down(this, this.#why);
  }

  /** The line card has news of this connection: opened, ended, closed. */
  connectionNews(): void {
    const { connections } = this.#fabric;
    const state = connections.stateOf(this.#at);
    const generation = connections.generationOf(this.#at);
    // One that was given up, here or by the last home blade, is only waiting to be closed.
    const givenUp = connections.wantedGeneration(this.#at) === generation && !connections.wanted(this.#at);
    if (this.which === 1 && !givenUp && generation !== this.generation && state !== CONNECTION_STATE.closed)
      this.#called(generation);
    if (givenUp || this.generation !== generation || this.generation === 0) {
      this.#dialIfDue();
      return;
    }
    if (state === CONNECTION_STATE.open && !this.#opened) {
      this.#opened = true;
      this.event(this.which === 0 ? Event.TcpCrAcked : Event.TcpConnectionConfirmed);
      this.#readSoon();
    }
    if (state === CONNECTION_STATE.ended && !this.#opened) {
      this.#why = 'cannot connect';
      this.event(Event.TcpConnectionFails);
    }
  }

  /** What the neighbour said while it waited for us is here already: nobody rings for that any more. */
  #readSoon(): void {
    this.#fabric.ready.setForBlade(this.#owner.index);
    this.#schedule(this.#clock());
  }

  /**
   * Reads messages, at most about so many bytes; true when more wait. A connection that ended is read to its end
   * first.
   */
  receive(budget: number): boolean {
    if (!this.#opened) return false;
    const { connections } = this.#fabric;
    const ended = connections.stateOf(this.#at) === CONNECTION_STATE.ended;
    const head = Atomics.load(connections.words, this.#at + CONNECTION.receiveHead);
    const first = connections.words[this.#at + CONNECTION.receiveTail] as number;
    let tail = first;
    while (this.#opened && ((tail - first) | 0) < budget) {
      const length = this.#message(tail, (head - tail) | 0);
      if (length === 0) break;
      tail = (tail + length) | 0;
    }
    if (!this.#opened) return false;
    const read = (tail - first) | 0;
    if (read > 0) {
      this.#release(first, head, tail);
      if (this.state === State.Established) this.#startHoldTimer(this.#clock());
    }
    const more = ((head - tail) | 0) > 0 && read >= budget;
    if (ended && !more) {
      this.#why = 'the neighbour closed the connection';
      this.event(Event.TcpConnectionFails);
    }
    return more;
  }

  /** Does what is due and returns when to look again, milliseconds. */
  tick(now: number): number {
    if (now >= this.idleHoldAt) {
      if (this.#owner.held()) this.idleHoldAt = now + 100;
      else {
        this.idleHoldAt = Number.POSITIVE_INFINITY;
        this.event(Event.IdleHoldTimerExpires);
        this.connectionNews();
      }
    }
    if (now >= this.connectRetryAt) {
      this.connectRetryAt = Number.POSITIVE_INFINITY;
      this.event(Event.ConnectRetryTimerExpires);
    }
    if (now >= this.holdDeadline) {
      this.holdDeadline = Number.POSITIVE_INFINITY;
      this.event(Event.HoldTimerExpires, {
        code: NotificationCode.HoldTimerExpired,
        subcode: 0,
        why: 'hold timer expired',
      });
    }
    if (now >= this.keepaliveDue) {
      this.keepaliveDue = Number.POSITIVE_INFINITY;
      this.event(Event.KeepaliveTimerExpires);
    }
    return Math.min(this.idleHoldAt, this.connectRetryAt, this.holdDeadline, this.keepaliveDue);
  }

  #step(event: Event): ReturnType<typeof transition> {
    const step = transition(this.state, event, this.which === 1 ? FsmFlag.Passive : 0);
    this.state = step.next;
    return step;
  }

  #act(action: Action, notification: NotificationChoice | undefined, fault: Fault | undefined): void {
    const now = this.#clock();
    switch (action) {
      case 'releaseResources':
        this.open = undefined;
        this.#dialDue = false;
        this.#forgetTimers();
        break;
      case 'startConnectRetryTimer':
        this.connectRetryAt = this.#schedule(now + this.#jitter(this.#owner.connectRetryTime * 1000));
        break;
      case 'stopConnectRetryTimer':
        this.connectRetryAt = Number.POSITIVE_INFINITY;
        break;
      case 'startLargeHoldTimer':
        this.holdDeadline = this.#schedule(now + LARGE_HOLD);
        break;
      case 'startHoldTimer':
        this.#startHoldTimer(now);
        break;
      case 'startKeepaliveTimer':
        this.#startKeepaliveTimer(now);
        break;
      case 'startIdleHoldTimer':
        this.idleHoldAt = this.#schedule(now + this.#jitter(this.#idleHold));
        this.#idleHold = Math.min(this.#idleHold * 2, LONGEST_IDLE_HOLD);
        break;
      case 'stopIdleHoldTimer':
        this.idleHoldAt = Number.POSITIVE_INFINITY;
        break;
      case 'connect':
        this.#dialDue = this.which === 0;
        this.#dialIfDue();
        break;
      case 'dropConnection':
      case 'rejectConnection':
      case 'trackConnection': // every connection has a track of its own here, so there is never a second one
        this.#close();
        break;
      case 'sendOpen':
        this.#send(this.#owner.openMessage());
        break;
      case 'sendKeepalive':
        this.#send(KEEPALIVE);
        break;
      case 'sendNotification':
        this.#notify(notification, fault);
        break;
      case 'deleteRoutes':
        this.#owner.deleteRoutes(this);
        break;
      case 'sessionUp':
        this.#idleHold = IDLE_HOLD;
        this.#owner.sessionUp(this);
        break;
      // UPDATE and ROUTE-REFRESH are handled where they are read. The rest is nothing to us: we always listen, and
      // the session keeps what it needs.
      case 'processUpdate':
      case 'processRouteRefresh':
      case 'initializeResources':
      case 'zeroConnectRetryCounter':
      case 'incrementConnectRetryCounter':
      case 'listen':
      case 'prepareSession':
      case 'attachSession':
      case 'detachSession':
      case 'forgetSession':
        break;
      default:
        action satisfies never;
    }
  }

  #forgetTimers(): void {
    this.holdDeadline = Number.POSITIVE_INFINITY;
    this.keepaliveDue = Number.POSITIVE_INFINITY;
  }

  #startHoldTimer(now: number): void {
    const seconds = this.#owner.holdTime(this);
    this.holdDeadline = seconds === 0 ? Number.POSITIVE_INFINITY : this.#schedule(now + seconds * 1000);
    this.#fabric.setNumber(this.#owner.index, SESSION_NUMBER.holdDeadline, this.holdDeadline);
  }

  #startKeepaliveTimer(now: number): void {
    const seconds = this.#owner.keepaliveTime(this);
    this.keepaliveDue =
      seconds === 0 ? Number.POSITIVE_INFINITY : this.#schedule(now + this.#jitter(seconds * 1000));
    this.#fabric.setNumber(this.#owner.index, SESSION_NUMBER.keepaliveDue, this.keepaliveDue);
  }

  /** RFC 4271 10: three quarters to the whole of it. */
  #jitter(milliseconds: number): number {
    return milliseconds * (0.75 + 0.25 * this.#random.float());
  }

  #schedule(at: number): number {
    this.#owner.schedule(at);
    return at;
  }

  /** Dials as soon as the last connection of this track is gone on both sides. */
  #dialIfDue(): void {
    const { connections } = this.#fabric;
    if (!this.#dialDue || !connections.idle(this.#at)) return;
    this.#dialDue = false;
    this.#opened = false;
    this.generation = connections.generationOf(this.#at) + 1;
    connections.want(this.#at, this.generation, true);
    this.#fabric.ringCard(this.#owner.index, this.which);
  }

  /** The neighbour has called. */
  #called(generation: number): void {
    // Soon we may start again: until then the neighbour waits for our OPEN.
    if (this.state === State.Idle && this.idleHoldAt < Number.POSITIVE_INFINITY) return;
    this.generation = generation;
    this.#opened = false;
    if (this.state === State.Active || this.state === State.Connect) {
      this.#fabric.connections.want(this.#at, generation, true);
      return;
    }
    this.#opened = true; // there is a session already, or none is wanted (RFC 4271 6.8; RFC 4486)
    this.#send(encodeNotification(NotificationCode.Cease, this.#owner.held() ? 5 : 7));
    this.#close();
  }

  #close(): void {
    if (this.generation === 0) return;
    this.#fabric.connections.want(this.#at, this.generation, false);
    this.#fabric.ringCard(this.#owner.index, this.which);
    this.#opened = false;
    if (this.which === 0) this.generation = 0;
  }

  #send(message: Uint8Array): void {
    if (!this.#opened) return;
    const { connections } = this.#fabric;
    // Without room the neighbour reads nothing: it has bytes from us to come, and a KEEPALIVE would say no more.
    if (connections.transmitRoom(this.#at) < message.length) return;
    const head = connections.transmitHead(this.#at);
    const { index } = this.#owner;
    publishTransmit(
      this.#fabric,
      index,
      this.which,
      connections.write(index, this.which, head, message, 0, message.length),
    );
    this.#fabric.count(index, SESSION_NUMBER.messagesSent);
  }

  #notify(choice: NotificationChoice | undefined, fault: Fault | undefined): void {
    const [code, subcode] =
      fault !== undefined
        ? [fault.code, fault.subcode]
        : Array.isArray(choice)
          ? (choice as [number, number])
          : [6, 0];
    this.#send(encodeNotification(code, subcode, fault?.data));
    if (fault === undefined) this.#why = notificationText(code, subcode);
    this.#fabric.count(this.#owner.index, SESSION_NUMBER.notificationsSent);
    this.#fabric.setNumber(this.#owner.index, SESSION_NUMBER.lastErrorCode, (code << 8) | subcode);
  }

  /** Reads one message at a position in the ring; its length, or 0 when it is not complete (or the track closed). */
  #message(tail: number, available: number): number {
    const { connections } = this.#fabric;
    const ring = connections.receiveStart(this.#owner.index, this.which);
    const offset = tail & (connections.receiveBytes - 1);
    const contiguous = connections.receiveBytes - offset;
    let bytes: Uint8Array = connections.receive;
    let at = ring + offset;
    if (contiguous < MAX_MESSAGE && contiguous < available) {
      const take = Math.min(available, this.#owner.maxMessage(this));
      const first = Math.min(take, contiguous);
      scratch.set(connections.receive.subarray(at, at + first));
      if (first < take) scratch.set(connections.receive.subarray(ring, ring + take - first), first);
      bytes = scratch;
      at = 0;
    }
    const length = readHeader(bytes, at, available, this.#owner.maxMessage(this));
    if (length < 0) {
      this.event(Event.BgpHeaderErr, {
        code: headerErrorCode(length),
        subcode: headerErrorSubcode(length),
        data: headerErrorData(bytes, at, length),
        why: notificationText(headerErrorCode(length), headerErrorSubcode(length)),
      });
      return 0;
    }
    if (length === 0 || length > available) return 0;
    this.#dispatch(bytes, at, length);
    return length;
  }

  #dispatch(bytes: Uint8Array, at: number, length: number): void {
    this.#fabric.count(this.#owner.index, SESSION_NUMBER.messagesReceived);
    const body = at + HEADER_LENGTH;
    const end = at + length;
    switch (messageType(bytes, at)) {
      case MessageType.Update:
        this.#onUpdate(bytes, body, end);
        break;
      case MessageType.Keepalive:
        this.event(Event.KeepAliveMsg);
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

  #onUpdate(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== State.Established) {
      this.event(Event.UpdateMsg);
      return;
    }
    // A good one stays in Established and restarts the HoldTimer, which `receive` does once for all it read.
    const fault = this.#owner.processUpdate(bytes, start, end);
    if (fault !== undefined) this.event(Event.UpdateMsgErr, fault);
  }

  #onOpen(bytes: Uint8Array, start: number, end: number): void {
    const open = decodeOpen(bytes, start, end);
    if (isFailure(open)) {
      this.event(Event.BgpOpenMsgErr, open);
      return;
    }
    if (this.state !== State.OpenSent) {
      this.event(Event.BgpOpen);
      return;
    }
    const answer = this.#owner.acceptOpen(this, open);
    if (answer === 'dump') this.event(Event.OpenCollisionDump);
    else if (answer !== undefined) this.event(Event.BgpOpenMsgErr, answer);
    else {
      this.open = open;
      this.event(Event.BgpOpen);
    }
  }

  #onNotification(bytes: Uint8Array, start: number, end: number): void {
    const { code, subcode } = decodeNotification(bytes, start, end);
    this.#fabric.count(this.#owner.index, SESSION_NUMBER.notificationsReceived);
    this.#why = `the neighbour sent ${notificationText(code, subcode)}`;
    const versionError = code === NotificationCode.Open && subcode === 1;
    this.event(versionError ? Event.NotifMsgVerErr : Event.NotifMsg);
  }

  #onRouteRefresh(bytes: Uint8Array, start: number, end: number): void {
    const refresh = decodeRouteRefresh(bytes, start, end);
    if (this.state === State.Established && refresh !== undefined) this.#owner.processRouteRefresh(refresh);
    this.event(refresh === undefined ? Event.RouteRefreshMsgErr : Event.RouteRefreshMsg);
  }

  /** Gives the room of what was read back: after it was applied. */
  #release(first: number, head: number, tail: number): void {
    const { connections } = this.#fabric;
    connections.releaseReceived(this.#at, tail);
    this.#fabric.count(this.#owner.index, SESSION_NUMBER.bytesReceived, (tail - first) | 0);
    // The line card waits for room only when less than a quarter was free.
    if (((head - first) | 0) > connections.receiveBytes >> 1)
      this.#fabric.ringCard(this.#owner.index, this.which);
  }
}
