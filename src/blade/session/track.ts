/**
 * One connection of a session and its state machine (RFC 4271 section 8; bgp/fsm.ts is the table). A session has two:
 * track 0 dials, track 1 is called. They meet in connection collision (6.8), which the session decides.
 *
 * A track owns its timers and its end of the wire. What the table says is to be done is done here, one line an action; what the
 * neighbour says comes by incoming.ts.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { Cease, NotificationCode, notificationText, packNotification } from '../../bgp/errors.ts';
import { type Action, Event, FsmFlag, type NotificationChoice, State, transition } from '../../bgp/fsm.ts';
import { type EndCause, endCause, hardReset, isFinal } from '../../bgp/graceful.ts';
import { encodeKeepalive, encodeNotification } from '../../bgp/message.ts';
import type { Open } from '../../bgp/open.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { SESSION_NUMBER } from '../../fabric/layout.ts';
import { cannotConnect, failsAttempt } from './attempts.ts';
import { Incoming } from './incoming.ts';
import type { Fault, TrackOwner } from './track-owner.ts';
import { News, Wire } from './wire.ts';

/** RFC 4271 8.2.2 suggests four minutes. */
const LARGE_HOLD = 240_000;
/** Wait after a failure, milliseconds: doubled each time up to the longest. */
const IDLE_HOLD = 1000;
const LONGEST_IDLE_HOLD = 60_000;

/**
 * So much of its time a KEEPALIVE may go early: those of a thousand neighbours leave in bunches then, and do not wake
 * blade and line card a hundred times a second.
 */
const EARLY = 1 / 50;

const KEEPALIVE = encodeKeepalive();

export class Track {
  readonly which: number;
  state: State = State.Idle;
  open: Open | undefined;
  /** What happened last, for the operator. */
  why = '';
  connectRetryAt = Number.POSITIVE_INFINITY;
  holdDeadline = Number.POSITIVE_INFINITY;
  keepaliveDue = Number.POSITIVE_INFINITY;
  idleHoldAt = Number.POSITIVE_INFINITY;
  readonly #fabric: Fabric;
  readonly #owner: TrackOwner;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #wire: Wire;
  readonly #incoming: Incoming;
  #idleHold = IDLE_HOLD;
  #keepaliveEarly = 0;
  #dialDue = false;
  /** Why a session that ends now ends. */
  #cause: EndCause = 'lost';
  #from: State = State.Idle;

  constructor(fabric: Fabric, owner: TrackOwner, which: number, clock: Clock, random: Random) {
    this.#fabric = fabric;
    this.#owner = owner;
    this.which = which;
    this.#clock = clock;
    this.#random = random;
    this.#wire = new Wire(fabric, owner.index, which);
    this.#incoming = new Incoming(fabric, owner, this, this.#wire, clock);
  }

  /** Sends a message that the table does not speak of. */
  sendMessage(message: Uint8Array): void {
    this.#wire.send(message);
  }

  /** What opened the session was said once, and is not read again, not even by the next home of a session whose blade died. */
  passOpening(): void {
    this.#wire.pass();
  }

  /** Inactive becomes Established on the connection that is open. Times in milliseconds. */
  attach(holdDeadline: number, keepaliveDue: number): void {
    this.#step(Event.GraftTakeOver);
    this.#wire.attach();
    this.holdDeadline = holdDeadline;
    this.keepaliveDue = keepaliveDue;
    this.#keepaliveEarly = this.#owner.keepaliveTime(this) * 1000 * EARLY;
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
    this.#wire.detach();
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
    if (fault !== undefined) this.why = fault.why;
    this.#from = before;
    this.#cause = endCause(event, fault, this.#incoming.notified);
    const { actions, notification } = this.#step(event);
    for (const action of actions) this.#act(action, notification, fault);
    if (before !== this.state) this.#owner.stateChanged(this);
    if (before === State.Established && this.state !== State.Established) this.#owner.down(this, this.why);
    else if (failsAttempt(event, before, this.state)) this.#owner.failed(this.why);
  }

  /** The line card has news of this connection: opened, ended, closed. */
  connectionNews(): void {
    if (this.#wire.news() === News.Called) this.#called();
    else if (this.#wire.takeBeside()) this.#owner.calledAnew();
    switch (this.#wire.news()) {
      case News.Opened:
        this.#wire.opened = true;
        this.event(this.which === 0 ? Event.TcpCrAcked : Event.TcpConnectionConfirmed);
        this.#readSoon();
        break;
      case News.Failed:
        this.why = cannotConnect(this.#wire.why);
        this.event(Event.TcpConnectionFails);
        break;
      default:
        this.#dialIfDue();
    }
  }

  /** What the neighbour said while it waited for us is here already: nobody rings for that any more. */
  #readSoon(): void {
    this.#fabric.ready.setForBlade(this.#owner.index);
    this.#schedule(this.#clock());
  }

  get waitingBytes(): number {
    return this.#wire.waitingBytes;
  }

  /**
   * Reads messages, at most about so many bytes; true when more wait. A connection that ended is read to its end
   * first.
   */
  receive(budget: number): boolean {
    const wire = this.#wire;
    if (!wire.opened || this.#putsOff()) return false;
    const { ended } = wire;
    const read = wire.read(budget, this.#incoming);
    if (!wire.opened) return false;
    if (read > 0) this.#owner.messages.foundRoom();
    if (read > 0 && this.state === State.Established) this.#startHoldTimer(this.#clock());
    if (wire.halted) return false;
    const more = read >= budget;
    if (ended && !more) {
      this.why = 'the neighbour closed the connection';
      this.event(Event.TcpConnectionFails);
    }
    return more;
  }

  /**
   * A dictionary was full, or what a refresh began with is not done. The neighbour cannot be blamed for what it said meanwhile and is
   * not read: not where blades hung in between, either, for longer than its HoldTime.
   */
  #putsOff(): boolean {
    if (!this.#owner.messages.marking && !this.#incoming.waitsForRoom) return false;
    if (this.state === State.Established && this.waitingBytes > 0) this.#startHoldTimer(this.#clock());
    return true;
  }

  /** Does what is due and returns when to look again, milliseconds. */
  tick(now: number): number {
    if (this.#incoming.after !== 0 && !this.#incoming.waitsForRoom) this.#readSoon();
    if (now >= this.idleHoldAt) {
      const heldUntil = this.#owner.heldUntil();
      if (heldUntil > 0) this.idleHoldAt = heldUntil;
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
    // What came in time counts, also where a blade that hung, or took over from one that did, has not read it yet.
    if (now >= this.holdDeadline) this.#fabric.lookout?.catchUp(this.#owner.index);
    if (now >= this.holdDeadline && this.waitingBytes > 0) this.receive(1);
    if (now >= this.holdDeadline) {
      this.holdDeadline = Number.POSITIVE_INFINITY;
      this.event(Event.HoldTimerExpires, {
        code: NotificationCode.HoldTimerExpired,
        subcode: 0,
        why: 'hold timer expired',
      });
    }
    if (now >= this.keepaliveDue - this.#keepaliveEarly) {
      this.keepaliveDue = Number.POSITIVE_INFINITY;
      this.event(Event.KeepaliveTimerExpires);
    }
    const room = this.#incoming.lookAgainAt(now);
    return Math.min(room, this.idleHoldAt, this.connectRetryAt, this.holdDeadline, this.keepaliveDue);
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
        this.#incoming.after = 0;
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
        this.#wire.close();
        break;
      case 'sendOpen':
        this.#wire.send(this.#owner.openMessage());
        break;
      case 'sendKeepalive':
        this.#wire.send(KEEPALIVE);
        break;
      case 'sendNotification':
        this.#notify(notification, fault);
        break;
      case 'deleteRoutes':
        this.#owner.deleteRoutes(this, this.#cause);
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

  /** The neighbour has forgotten this connection, and says nothing of it any more. */
  forgotten(): void {
    this.why = 'the neighbour called anew: it has restarted';
    this.event(Event.TcpConnectionFails);
  }

  /** The neighbour takes no bytes (RFC 9687). */
  sendHoldExpired(): void {
    this.event(Event.SendHoldTimerExpires, {
      code: NotificationCode.SendHoldTimerExpired,
      subcode: 0,
      why: 'the neighbour reads nothing: send hold timer expired',
    });
  }

  /** A failure rests so long at least, milliseconds. */
  rest(milliseconds: number): void {
    if (this.idleHoldAt === Number.POSITIVE_INFINITY) return;
    this.idleHoldAt = Math.max(this.idleHoldAt, this.#schedule(this.#clock() + this.#jitter(milliseconds)));
  }

  #forgetTimers(): void {
    this.holdDeadline = Number.POSITIVE_INFINITY;
    this.keepaliveDue = Number.POSITIVE_INFINITY;
  }

  /** The neighbour has told something, whenever that will have been applied. */
  heard(): void {
    this.#startHoldTimer(this.#clock());
  }

  #startHoldTimer(now: number): void {
    const seconds = this.#owner.holdTime(this);
    this.holdDeadline = seconds === 0 ? Number.POSITIVE_INFINITY : this.#schedule(now + seconds * 1000);
    this.#fabric.setNumber(this.#owner.index, SESSION_NUMBER.holdDeadline, this.holdDeadline);
  }

  #startKeepaliveTimer(now: number): void {
    const seconds = this.#owner.keepaliveTime(this);
    this.#keepaliveEarly = seconds * 1000 * EARLY;
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
    if (this.#dialDue && this.#wire.dial()) this.#dialDue = false;
  }

  /** The neighbour has called. */
  #called(): void {
    if (this.state === State.Idle) this.#owner.calledAnew();
    const idle = this.state === State.Idle;
    if (this.state === State.Active || this.state === State.Connect) this.#wire.answer();
    // Whoever has gone already makes room for whoever calls next.
    else if (this.#wire.ended) this.#wire.refuse();
    // Soon we may start again: until then the neighbour waits for our OPEN.
    else if (idle && this.idleHoldAt < Number.POSITIVE_INFINITY && !this.#owner.shut()) return;
    // There is a session already, or none is wanted (RFC 4271 6.8; RFC 4486).
    else {
      const subcode = this.#owner.shut() ? Cease.ConnectionRejected : Cease.ConnectionCollisionResolution;
      this.#fabric.count(this.#owner.index, SESSION_NUMBER.callsRefused);
      this.#wire.refuse(encodeNotification(NotificationCode.Cease, subcode));
    }
  }

  #notify(choice: NotificationChoice | undefined, fault: Fault | undefined): void {
    const [code, subcode] =
      fault !== undefined
        ? [fault.code, fault.subcode]
        : Array.isArray(choice)
          ? (choice as [number, number])
          : [6, 0];
    this.#sayNotification(code, subcode, fault);
    if (fault === undefined) this.why = notificationText(code, subcode);
    this.#fabric.count(this.#owner.index, SESSION_NUMBER.notificationsSent);
    this.#fabric.setNumber(
      this.#owner.index,
      SESSION_NUMBER.lastNotification,
      packNotification(code, subcode, false),
    );
  }

  #sayNotification(code: number, subcode: number, fault: Fault | undefined): void {
    const keeps = this.#from === State.Established ? this.#owner.keepsOurs() : 'never';
    // Any NOTIFICATION would have it drop our routes (RFC 4724 4): it sees the connection end.
    if (fault?.returning && keeps === 'lost') return;
    if (isFinal(code, subcode) && keeps === 'notified' && !fault?.returning) {
      const data = hardReset(code, subcode, fault?.data);
      this.#wire.send(encodeNotification(NotificationCode.Cease, Cease.HardReset, data));
    } else this.#wire.send(encodeNotification(code, subcode, fault?.data));
  }
}
