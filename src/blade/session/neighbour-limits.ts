/**
 * What one neighbour may do to us before its session is ended, or kept from starting: so many prefixes, so long without
 * reading, so often up and down. What is found stands in the session record (I1): a graft or a crash lifts no limit.
 */
import type { Clock } from '../../base/clock.ts';
import { Cease, NotificationCode } from '../../bgp/errors.ts';
import { FAMILY_IPV4, FAMILY_IPV6, multiprotocolOf } from '../../bgp/families.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { CONNECTION, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { PrefixLimit, SessionConfiguration, SessionLimit } from '../messages.ts';
import type { Fault } from './track-owner.ts';

/** RFC 9687 3.1: the greater of eight minutes and twice the negotiated HoldTime, milliseconds. */
const SEND_HOLD = 480_000;
/** A session that was up for so long is no flap, milliseconds. */
const STABLE = 60_000;
/** After the first flap the session rests as after any failure; then twice as long each time, up to the longest. */
const FIRST_REST = 1000;
const LONGEST_REST = 60_000;

const FAMILY_NAMES: Readonly<Record<number, string>> = { [FAMILY_IPV4]: 'IPv4', [FAMILY_IPV6]: 'IPv6' };

type Say = (limit: SessionLimit, text: string) => void;

export class NeighbourLimits {
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #clock: Clock;
  readonly #say: Say;
  /** Up to so many refused paths nothing more is said. */
  #refusedSaid: number;
  /** On this blade. */
  #refreshesIgnored = 0;

  constructor(fabric: Fabric, session: number, clock: Clock, say: Say) {
    this.#fabric = fabric;
    this.#session = session;
    this.#clock = clock;
    this.#say = say;
    this.#refusedSaid = fabric.number(session, SESSION_NUMBER.pathsRefused);
  }

  /** A new session begins. */
  begin(): void {
    this.#refusedSaid = 0;
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.pathsRefused, 0);
    this.#fabric.setSession(this.#session, SESSION.nearLimit, 0);
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.sendProgressAt, this.#clock());
  }

  // ── prefixes (RFC 4486 4) ──

  /** After each UPDATE: a warning, or what ends the session. */
  checkPrefixes({ prefixLimit }: SessionConfiguration): Fault | undefined {
    if (prefixLimit === undefined) return undefined;
    const all = this.#fabric.number(this.#session, SESSION_NUMBER.routesReceived);
    if (all < prefixLimit.warnAt) return undefined;
    const ipv6 = this.#fabric.number(this.#session, SESSION_NUMBER.routesReceived6);
    return (
      this.#checkFamily(FAMILY_IPV4, all - ipv6, prefixLimit) ??
      this.#checkFamily(FAMILY_IPV6, ipv6, prefixLimit)
    );
  }

  #checkFamily(family: number, count: number, limit: PrefixLimit): Fault | undefined {
    if (count < limit.warnAt) return undefined;
    if (count > limit.most) return this.#tooMany(family, limit);
    const near = this.#fabric.session(this.#session, SESSION.nearLimit);
    if (near & family) return undefined;
    this.#fabric.setSession(this.#session, SESSION.nearLimit, near | family);
    this.#say(
      'prefixWarnings',
      `announces ${count} ${FAMILY_NAMES[family]} prefixes, of ${limit.most} at most`,
    );
    return undefined;
  }

  #tooMany(family: number, { most, restart }: PrefixLimit): Fault {
    const until = restart === undefined ? Number.POSITIVE_INFINITY : this.#clock() + restart;
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.heldUntil, until);
    const again = restart === undefined ? 'until "chassis clear" or "enable"' : `for ${restart / 1000} s`;
    const why = `more than ${most} ${FAMILY_NAMES[family]} prefixes`;
    this.#say('prefixShutdowns', `announces ${why}: shut ${again}`);
    const [{ afi, safi }] = multiprotocolOf(family) as [{ afi: number; safi: number }];
    const data = new Uint8Array(7);
    const view = new DataView(data.buffer);
    view.setUint16(0, afi);
    view.setUint8(2, safi);
    view.setUint32(3, most);
    return {
      code: NotificationCode.Cease,
      subcode: Cease.MaximumPrefixes,
      data,
      why: `${why}, shut ${again}`,
    };
  }

  // ── paths of a prefix (RFC 7911) ──

  /** After each UPDATE: says so when one was refused for want of a lane, and again each time that they are twice as many. */
  checkPaths(): void {
    const refused = this.#fabric.number(this.#session, SESSION_NUMBER.pathsRefused);
    if (refused <= this.#refusedSaid) return;
    this.#refusedSaid = 2 * refused - 1;
    const most = 1 + (this.#fabric.options.lanes ?? 0);
    this.#say('pathsRefused', `announces more than ${most} paths of a prefix: ${refused} refused so far`);
  }

  /** A request for a refresh that nothing is to be done about: said for the first one, and each time that they are twice as many. */
  ignoreRefresh(why: string): void {
    const times = ++this.#refreshesIgnored;
    if ((times & (times - 1)) === 0)
      this.#say('refreshesIgnored', `asks for a refresh ${why}: ignored, ${times} so far`);
  }

  // ── what keeps the session down ──

  /** Until when a limit keeps it down; 0: none does. */
  get heldUntil(): number {
    return this.#later(SESSION_NUMBER.heldUntil);
  }

  /** Until when it rests after it fell; 0: it does not. */
  get restUntil(): number {
    return this.#later(SESSION_NUMBER.restUntil);
  }

  #later(which: number): number {
    const until = this.#fabric.number(this.#session, which);
    return until > this.#clock() ? until : 0;
  }

  /** The operator wants the session up now, whatever kept it down. */
  lift(): void {
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.heldUntil, 0);
    this.#fabric.setNumber(this.#session, SESSION_NUMBER.restUntil, 0);
    this.#fabric.setSession(this.#session, SESSION.flaps, 0);
  }

  // ── flaps (RFC 4271 8.1.1: DampPeerOscillations) ──

  /** The session fell by itself; how long it has to rest, milliseconds. */
  rest(): number {
    const now = this.#clock();
    const since = this.#fabric.number(this.#session, SESSION_NUMBER.establishedAt);
    const stable = now - since >= STABLE;
    const flaps = stable ? 0 : this.#fabric.session(this.#session, SESSION.flaps) + 1;
    this.#fabric.setSession(this.#session, SESSION.flaps, flaps);
    const rest = Math.min(FIRST_REST * 2 ** Math.max(0, flaps - 1), LONGEST_REST);
    if (flaps > 1)
      this.#say('flapsDamped', `fell soon after it came up, ${flaps} times in a row: rests ${rest / 1000} s`);
    return rest;
  }

  // ── a neighbour that does not read (RFC 9687) ──

  /** When to look again, milliseconds; at once: time is up. */
  sendDeadline(configuration: SessionConfiguration, holdTime: number, connection: number): number {
    const fabric = this.#fabric;
    const { words } = fabric.connections;
    const at = fabric.connections.at(this.#session, connection);
    const tail = Atomics.load(words, at + CONNECTION.transmitTail);
    const waiting = words[at + CONNECTION.transmitHead] !== tail;
    if (!waiting || tail !== fabric.number(this.#session, SESSION_NUMBER.sendPosition)) {
      fabric.setNumber(this.#session, SESSION_NUMBER.sendPosition, tail);
      fabric.setNumber(this.#session, SESSION_NUMBER.sendProgressAt, this.#clock());
    }
    const limit = this.#sendHold(configuration, holdTime);
    if (!waiting || limit === 0) return Number.POSITIVE_INFINITY;
    return fabric.number(this.#session, SESSION_NUMBER.sendProgressAt) + limit;
  }

  /** Milliseconds; 0: for ever. Where no KEEPALIVEs were agreed on, silence means nothing either. */
  #sendHold({ sendHoldTime }: SessionConfiguration, holdTime: number): number {
    if (sendHoldTime !== undefined) return sendHoldTime * 1000;
    return holdTime === 0 ? 0 : Math.max(SEND_HOLD, 2000 * holdTime);
  }

  /** Counts and says that the session was closed for it. */
  sendHoldExpired(): void {
    const since = this.#clock() - this.#fabric.number(this.#session, SESSION_NUMBER.sendProgressAt);
    this.#say('sendHoldExpiries', `has read nothing for ${Math.round(since / 1000)} s: closed`);
  }
}
