/**
 * One neighbour's session on its home blade: two tracks (connections), which of them carries the session, and when it may come up, stops,
 * moves and goes down. Everything that the next home blade needs is written to the session record in the fabric (I1).
 *
 * What was agreed on is agreement.ts; what the neighbour says of routes, route-messages.ts; what becomes of them when it is down, stale.ts and
 * leftovers.ts; what bounds it, neighbour-limits.ts.
 */
import { Cease, NotificationCode } from '../../bgp/errors.ts';
import { multiprotocolOf } from '../../bgp/families.ts';
import { Event, State } from '../../bgp/fsm.ts';
import { type EndCause, GRACEFUL, isFinal } from '../../bgp/graceful.ts';
import { encodeRouteRefresh, MAX_MESSAGE } from '../../bgp/message.ts';
import { type DecodeFailure, encodeOpen, type Negotiated, type Open } from '../../bgp/open.ts';
import { FifoSet } from '../../fabric/fifo-set.ts';
import { SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import { withLearntAs } from '../../rib/learnt-as.ts';
import type { Limits } from '../limits.ts';
import type { SessionConfiguration } from '../messages.ts';
import { checkImportRule, importRuleHash } from '../moving/reconfigure.ts';
import { type ImportRule, importRule } from '../policies.ts';
import { exportRulesOf } from '../telling/export-rules.ts';
import type { ExportRules } from '../telling/exporter.ts';
import type { UpdateGroup } from '../telling/update-group.ts';
import { Agreement, refuseOpen } from './agreement.ts';
import { toClose } from './collision.ts';
import { Filtering } from './filtering.ts';
import { Leftovers } from './leftovers.ts';
import { NeighbourLimits } from './neighbour-limits.ts';
import { longest, ourOpen } from './our-open.ts';
import { Refreshes } from './refresh.ts';
import { RouteMessages } from './route-messages.ts';
import type { SessionHost } from './session-host.ts';
import { countFromHere } from './session-record.ts';
import { StaleRoutes } from './stale.ts';
import { Track } from './track.ts';
import type { Fault, TrackOwner } from './track-owner.ts';

/** Milliseconds between two looks whether the last session's routes are withdrawn. */
const LOOK_AGAIN = 100;
/** Calls of both sides cross each other no longer than this before one of them is Established, milliseconds. */
const CROSSING = 2000;

export class Session implements TrackOwner {
  readonly index: number;
  /** With the AS that the neighbour said, where the file leaves that to it. */
  configuration: SessionConfiguration;
  importRule: ImportRule;
  readonly tracks: readonly [Track, Track];
  group: UpdateGroup | undefined;
  /** After a graft: prefixes to evaluate again. */
  revisit = new FifoSet();
  /** Is there still something to be read without new bytes? */
  readMore = false;
  readonly limits: NeighbourLimits;
  readonly stale: StaleRoutes;
  readonly refreshes: Refreshes;
  readonly anew: Filtering;
  readonly messages: RouteMessages;
  readonly #host: SessionHost;
  /** As the chassis sent it. */
  #configured: SessionConfiguration;
  readonly #agreement: Agreement;
  readonly #leftovers: Leftovers;

  constructor(host: SessionHost, configuration: SessionConfiguration) {
    this.#host = host;
    this.index = configuration.index;
    this.#configured = configuration;
    const { fabric, clock, random } = host;
    this.configuration = withLearntAs(fabric, configuration);
    this.importRule = importRule(fabric, host.policies, this.configuration);
    this.limits = new NeighbourLimits(fabric, this.index, clock, (limit, text) =>
      host.limit(this, limit, text),
    );
    this.stale = new StaleRoutes(fabric, this.index, clock, (text) => host.stale(this, text));
    this.anew = new Filtering(fabric, this.index);
    this.#agreement = new Agreement(fabric, this.index);
    this.messages = new RouteMessages(host, this, this.#agreement);
    this.#leftovers = new Leftovers(fabric, this.index, host.routes);
    this.refreshes = new Refreshes(fabric, this.index, this.stale, (message) =>
      this.#active?.sendMessage(message),
    );
    this.tracks = [new Track(fabric, this, 0, clock, random), new Track(fabric, this, 1, clock, random)];
  }

  /** It is configured otherwise. */
  configure(configuration: SessionConfiguration): void {
    const { fabric, policies } = this.#host;
    this.#configured = configuration;
    this.configuration = withLearntAs(fabric, configuration);
    this.importRule = importRule(fabric, policies, this.configuration);
  }

  /** What the new import rule makes of a route found no room: again after a sweep for ids, or the session ends. */
  filterLater(): void {
    const fault = this.anew.later();
    if (fault === undefined) this.schedule(this.#host.clock() + LOOK_AGAIN);
    else if (this.#active === undefined) this.dropRoutes();
    else this.#active.event(Event.UpdateMsgErr, fault);
  }

  /** All of its Adj-RIB-In has been filtered anew. */
  filtered(): void {
    this.anew.done();
    this.configure(this.#configured);
  }

  get passive(): boolean {
    return this.configuration.passive;
  }

  get connectRetryTime(): number {
    return this.configuration.connectRetryTime;
  }

  get established(): boolean {
    return this.tracks[0].state === State.Established || this.tracks[1].state === State.Established;
  }

  /** Something goes through its Adj-RIB-In, page by page. */
  get walking(): boolean {
    return this.sweeping || this.filtering || this.stale.walking;
  }

  /** Its Adj-RIB-In is still to be filtered by an import rule that changed. */
  get filtering(): boolean {
    return this.#host.fabric.session(this.index, SESSION.importCursor) !== 0;
  }

  get sweeping(): boolean {
    return this.#leftovers.any;
  }

  // ── what the operator and the chassis ask for ──

  /** Starts the session; if something still keeps it down, as soon as that is over. */
  start(): void {
    const heldUntil = this.heldUntil();
    if (heldUntil === 0) for (const track of this.tracks) track.start();
    else if (heldUntil < Number.POSITIVE_INFINITY) this.#startAt(heldUntil);
  }

  /** Ends the session with a NOTIFICATION; `restart` milliseconds later it starts again, if not held down. */
  stop(fault: Fault, restart: number): void {
    if (isFinal(fault.code, fault.subcode) && !this.established && this.stale.families !== 0)
      this.dropRoutes();
    for (const track of this.tracks) track.stop(fault);
    if (restart !== Number.POSITIVE_INFINITY) this.#startAt(this.#host.clock() + restart);
  }

  #startAt(at: number): void {
    for (const track of this.tracks) if (track.which === 1 || !this.passive) track.idleHoldAt = at;
    this.schedule(at);
  }

  /** Held down by the operator or a limit, or not yet rid of the last session's routes. */
  heldUntil(): number {
    if (this.#host.fabric.session(this.index, SESSION.administrative) !== 0) return Number.POSITIVE_INFINITY;
    const putAway = !this.sweeping && !this.stale.marking;
    return this.limits.heldUntil || this.limits.restUntil || (putAway ? 0 : this.#host.clock() + LOOK_AGAIN);
  }

  shut(): boolean {
    return this.limits.heldUntil > 0 || this.#host.fabric.session(this.index, SESSION.administrative) !== 0;
  }

  /** Asks the neighbour for all its routes again (RFC 2918). */
  refresh(): void {
    const { negotiated, families, disabled } = this.#agreement;
    if (negotiated?.routeRefresh !== true) return;
    for (const { afi, safi } of multiprotocolOf(families & ~disabled))
      this.#active?.sendMessage(encodeRouteRefresh(afi, safi));
  }

  // ── grafting ──

  /** State Inactive: ready to take the session over. */
  prepare(): void {
    for (const track of this.tracks) track.prepare();
  }

  unprepare(): void {
    for (const track of this.tracks) track.unprepare();
  }

  /** Gives the session up as it stands; its connection goes on with another blade. */
  release(): void {
    this.messages.foundRoom();
    if (this.established) for (const track of this.tracks) track.detach();
    else {
      const fault: Fault = {
        code: NotificationCode.Cease,
        subcode: Cease.ConnectionRejected,
        why: 'grafted',
      };
      for (const track of this.tracks) track.stop(fault);
    }
  }

  /** Serves the session from its record; true when it is Established. */
  attach(): boolean {
    const { fabric } = this.#host;
    this.revisit = new FifoSet();
    this.readMore = true;
    // It may have said its AS after this was prepared.
    if (withLearntAs(fabric, this.#configured).as !== this.configuration.as) this.configure(this.#configured);
    if (fabric.session(this.index, SESSION.state) !== State.Established) {
      this.unprepare();
      return false;
    }
    this.#agreement.takeOver(this.configuration);
    const carrier = fabric.session(this.index, SESSION.connection) as 0 | 1;
    this.tracks[1 - carrier]?.unprepare();
    const track = this.tracks[carrier];
    track.attach(
      fabric.number(this.index, SESSION_NUMBER.holdDeadline),
      fabric.number(this.index, SESSION_NUMBER.keepaliveDue),
    );
    return true;
  }

  // ── the blade's turn ──

  /** News of the connections, then messages; notes in `readMore` whether some wait. */
  receive(): void {
    const before = this.#host.clock();
    for (const track of this.tracks) track.connectionNews();
    let more = false;
    for (const track of this.tracks) if (track.receive(this.#host.limits.receiveBytes)) more = true;
    this.readMore = more;
    this.#host.fabric.count(this.index, SESSION_NUMBER.busy, this.#host.clock() - before);
  }

  /** Bytes that are here to be read. */
  get waitingBytes(): number {
    return this.tracks[0].waitingBytes + this.tracks[1].waitingBytes;
  }

  /** Timers; returns when to look again, milliseconds. */
  tick(now: number): number {
    const active = this.#active;
    let sending = Number.POSITIVE_INFINITY;
    if (active !== undefined) {
      sending = this.limits.sendDeadline(this.configuration, this.holdTime(active), active.which);
      if (now >= sending) {
        this.limits.sendHoldExpired();
        active.sendHoldExpired();
      }
    }
    // The neighbour has not come back in time, or not told all in time. It may just be coming back: what it tells then stays.
    if (now >= this.stale.deadline) {
      this.stale.expire(now, active !== undefined);
      this.schedule(now);
    }
    return Math.min(sending, this.stale.deadline, this.tracks[0].tick(now), this.tracks[1].tick(now));
  }

  /** Withdraws what the last session brought, a page at a time; true when more is left. */
  sweep(limits: Limits, late: () => boolean): boolean {
    const more = this.#leftovers.withdraw(limits, late);
    if (!more) this.schedule(this.#host.clock());
    return more;
  }

  /** What this session's neighbours of the same kind are told, and how. */
  exportRules(): ExportRules {
    const { fabric, policies } = this.#host;
    return exportRulesOf(fabric, policies, this.configuration, this.#agreement.negotiated as Negotiated);
  }

  // ── the tracks' owner ──

  openMessage(): Uint8Array {
    return encodeOpen(ourOpen(this.#host.fabric, this.configuration));
  }

  acceptOpen(track: Track, open: Open): DecodeFailure | 'dump' | undefined {
    const refusal = refuseOpen(this.#host.fabric, this.configuration, this.#configured, open);
    if (refusal !== undefined) return refusal;
    const other = this.#other(track);
    const closed = toClose(track, other, open, this.configuration);
    if (closed === track) return 'dump';
    // Not stopped for good: should the one that stays fail before it is up, this one is tried again.
    closed?.event(Event.OpenCollisionDump);
    this.#agreement.open(this.configuration, open);
    return undefined;
  }

  holdTime(track: Track): number {
    return track.open === undefined && !this.established
      ? this.configuration.holdTime
      : (this.#agreement.negotiated?.holdTime ?? this.configuration.holdTime);
  }

  keepaliveTime(track: Track): number {
    const third = this.holdTime(track) / 3;
    return Math.min(this.configuration.keepaliveTime ?? third, third);
  }

  maxMessage(track: Track): number {
    return track.state === State.Established ? this.#agreement.maxMessage : MAX_MESSAGE;
  }

  sessionUp(track: Track): void {
    const open = track.open as Open;
    this.#learnAs(open);
    this.#agreement.begin(this.configuration, open, track.which);
    this.#writeRecord(open);
    // Before the record says Established: until then, whoever finds it starts anew.
    track.passOpening();
    this.#other(track).stop({
      code: NotificationCode.Cease,
      subcode: Cease.ConnectionCollisionResolution,
      why: 'collision',
    });
    this.#host.established(this);
  }

  #learnAs({ as }: Open): void {
    if (as === this.configuration.as) return;
    this.#host.fabric.setSession(this.index, SESSION.peerAs, as | 0);
    this.configure(this.#configured);
  }

  deleteRoutes(_track: Track, cause: EndCause): void {
    this.messages.foundRoom();
    // What it told in the same read, before the end, counts too: it is marked with the rest.
    if (this.stale.keep(cause)) this.#host.receiver.apply(this.index, this.importRule);
    else this.dropRoutes();
    this.schedule(this.#host.clock());
  }

  /** All of them go, stale ones too. */
  dropRoutes(): void {
    this.stale.forget();
    this.#leftovers.begin();
    this.#host.fabric.setSession(this.index, SESSION.importCursor, 0);
  }

  /** The neighbour keeps what we told it when the connection is lost, or even when a NOTIFICATION ends it. */
  keepsOurs(): 'never' | 'lost' | 'notified' {
    if (this.configuration.gracefulRestart !== 'full' || !this.stale.agreed) return 'never';
    return this.stale.notificationsCount ? 'notified' : 'lost';
  }

  /**
   * RFC 4724 5: who may restart and calls anew has restarted, whatever the old connection looks like; its routes stay, and
   * no NOTIFICATION is sent. A call that crossed ours is a collision.
   */
  calledAnew(): void {
    const { fabric, clock } = this.#host;
    const since = clock() - fabric.number(this.index, SESSION_NUMBER.establishedAt);
    if (this.stale.returns && since >= CROSSING) this.#active?.forgotten();
  }

  stateChanged(_track: Track): void {
    const [a, b] = [this.tracks[0].state, this.tracks[1].state];
    const highest = Math.max(a === State.Inactive ? 0 : a, b === State.Inactive ? 0 : b);
    // A released session's record is the next home's to write.
    if (this.#host.fabric.session(this.index, SESSION.state) !== highest) {
      this.#host.fabric.setSession(this.index, SESSION.state, highest);
    }
  }

  down(track: Track, why: string): void {
    const { fabric, clock } = this.#host;
    // Not where an operator or the chassis ended it.
    if (track.idleHoldAt < Number.POSITIVE_INFINITY) {
      track.rest(this.limits.rest());
      fabric.setNumber(this.index, SESSION_NUMBER.restUntil, track.idleHoldAt);
    }
    fabric.setNumber(this.index, SESSION_NUMBER.lastDownAt, clock());
    fabric.setNumber(this.index, SESSION_NUMBER.establishedAt, 0);
    this.refreshes.forget();
    this.#host.down(this, why);
    // The other track rested while this one carried the session.
    const other = this.#other(track);
    if (track.idleHoldAt < Number.POSITIVE_INFINITY && (other.which === 1 || !this.passive)) {
      other.idleHoldAt = track.idleHoldAt;
    }
    // A track that called only because it was called waits to be called again; a passive one never dials.
    if (track.which === 0 && this.passive) track.idleHoldAt = Number.POSITIVE_INFINITY;
  }

  failed(why: string): void {
    this.#host.failed(this, why);
  }

  schedule(at: number): void {
    this.#host.schedule(at);
  }

  get #active(): Track | undefined {
    return this.tracks.find((track) => track.state === State.Established);
  }

  #other(track: Track): Track {
    return this.tracks[track.which === 0 ? 1 : 0];
  }

  #writeRecord(open: Open): void {
    const { fabric, clock } = this.#host;
    const set = (word: number, value: number): void => fabric.setSession(this.index, word, value);
    set(SESSION.recount, 0);
    this.limits.begin();
    const theirs = open.capabilities.gracefulRestart;
    // RFC 4724 4.1: nobody waits for whoever says no End-of-RIB, or waits for ours itself.
    const waits = theirs === undefined || (theirs.flags & GRACEFUL.restarted) !== 0;
    const awaited = fabric.session(this.index, SESSION.awaited);
    if (awaited !== 0) set(SESSION.awaited, waits ? 0 : awaited & this.#agreement.families);
    this.stale.up(
      ourOpen(this.#host.fabric, this.configuration).capabilities,
      open.capabilities,
      longest(this.configuration),
    );
    if (this.stale.families === 0) set(SESSION.importRule, importRuleHash(this));
    else checkImportRule(fabric, this);
    fabric.setNumber(this.index, SESSION_NUMBER.establishedAt, clock());
    countFromHere(fabric, this.index, this.stale.families !== 0);
  }
}
