/**
 * A simulated neighbour: a BGP speaker in plain form that announces what the script says and receives strictly. It
 * believes nothing that a router behaving as one would not say: no announcement of what it holds already, no
 * withdrawal of what it does not hold, nothing of its own back, no NOTIFICATION and no end that the test did not cause.
 */
import type { Capabilities, GracefulRestart, LongLivedFamily } from '../../src/bgp/capabilities.ts';
import { encodeEndOfRib } from '../../src/bgp/encode.ts';
import { FAMILY_IPV4, familyBit, multiprotocolOf } from '../../src/bgp/families.ts';
import { GRACEFUL } from '../../src/bgp/graceful.ts';
import {
  decodeRouteRefresh,
  encodeKeepalive,
  encodeNotification,
  encodeRouteRefresh,
  HEADER_LENGTH,
  MAX_MESSAGE,
  MessageType,
  messageType,
  RefreshKind,
  type RouteRefresh,
  readHeader,
} from '../../src/bgp/message.ts';
import { as2For, decodeOpen, encodeOpen, isFailure, noCapabilities } from '../../src/bgp/open.ts';
import type { NeighbourOptions } from './options.ts';
import type { Prefixes } from './prefixes.ts';
import {
  type Change,
  encodeChanges,
  encodeUnreadable,
  pathIndex,
  prefixOf,
  type Route,
  understand,
} from './route.ts';
import { Wire } from './wire.ts';

export interface NeighbourWorld {
  readonly now: number;
  readonly prefixes: Prefixes;
  /** What was said may be said again: a blade died. */
  readonly repeats: boolean;
  /** Blades may hang for as long as hold times are; that line cards send KEEPALIVEs then is not played here (linecard/vigil.ts). */
  readonly hangsLong: boolean;
  /** A table may be full, and who asks for more is shut. */
  readonly tablesFill: boolean;
  /** How often the session was shut for that. */
  shutFor(session: number): number;
  /** Calls the chassis. */
  call(session: number, wire: Wire): void;
  trace(text: string): void;
}

const KEEPALIVE = encodeKeepalive();
const CEASE = 6;
const OUT_OF_RESOURCES = 8;
/** Cease subcodes by which an attempt may be turned away at any time: rejected, collision. */
const TURNED_AWAY: readonly number[] = [5, 7];
/** Milliseconds until the neighbour calls again. */
const CALL_AGAIN = 700;

class Conversation {
  readonly wire: Wire;
  /** The neighbour called. */
  readonly called: boolean;
  readonly outbox: Uint8Array[] = [];
  stage: 'OpenSent' | 'OpenConfirm' | 'Established' = 'OpenSent';
  inbox = new Uint8Array(0);
  updates = 0;
  /** Of the first message of the outbox a part has been sent. */
  inMessage = false;
  lastHeard: number;
  keepaliveDue = Number.POSITIVE_INFINITY;

  constructor(wire: Wire, called: boolean, now: number) {
    this.wire = wire;
    this.called = called;
    this.lastHeard = now;
  }
}

export class Neighbour {
  readonly options: NeighbourOptions;
  /** What it announces, by prefix; in effect whenever it is up. */
  readonly announcing = new Map<number, Route>();
  /** What it was told, by prefix, or by path of a prefix. */
  readonly held = new Map<number, string>();
  wantUp = false;
  reading = true;
  /** The test has caused an end of the session: Cease is right. */
  endExpected = false;
  messagesReceived = 0;
  updatesReceived = 0;
  timesUp = 0;
  /** Shut because a table was full. */
  timesShut = 0;
  /** Announcements of what it held already, after a blade died. */
  repeated = 0;
  readonly #world: NeighbourWorld;
  #conversations: Conversation[] = [];
  /** It has announced something since it came up. */
  #asks = false;
  #callAt = 0;
  /** FAMILY_ bits of which it said something that cannot be read. */
  #disabled = 0;
  /** FAMILY_ bits between the borders of a repetition (RFC 7313), and what it held before and was not told again in it. */
  #within = 0;
  readonly #unrepeated = new Set<number>();
  /** FAMILY_ bits for which End-of-RIB came. */
  #endsOfRib = 0;
  /** By family bit, route refreshes asked for; by prefix, how often it may be repeated. */
  readonly #repeats = new Map<number, number>();
  /** By path of a prefix, how often it was. */
  readonly #repeated = new Map<number, number>();
  /** Prefixes that a refresh must still bring, or whose change must. */
  readonly #awaited = new Set<number>();

  constructor(options: NeighbourOptions, world: NeighbourWorld) {
    this.options = options;
    this.#world = world;
  }

  /** The path identifier of a path of a prefix: it numbers them anew each time that it comes up. */
  identifier(key: number): number {
    const { paths, pathFamilies } = this.options;
    if (((this.#world.prefixes.all[prefixOf(key)]?.family ?? 0) & pathFamilies) === 0) return 0;
    const index = (pathIndex(key) + this.timesUp) % paths;
    return this.timesUp % 2 === 0 ? index : 0xffffffff - index;
  }

  /** It knows RFC 7313. */
  get #enhanced(): boolean {
    return this.options.index % 2 === 0;
  }

  get established(): boolean {
    return this.#up !== undefined;
  }

  get disabled(): number {
    return this.#disabled;
  }

  /** What it was told, by prefix; of several paths, the routes in order, whatever identifiers they have. */
  get table(): Map<number, string> {
    const table = new Map<number, string[]>();
    for (const [key, text] of this.held) {
      const texts = table.get(prefixOf(key)) ?? [];
      table.set(prefixOf(key), texts);
      texts.push(text);
    }
    const all = [...table].map(([prefix, texts]) => [prefix, texts.sort().join('\n')] as const);
    return new Map(all.sort(([a], [b]) => a - b));
  }

  /** FAMILY_ bits of which it was told everything once. */
  get endsOfRib(): number {
    return this.#endsOfRib;
  }

  /** Prefixes still to be repeated after a refresh. */
  get awaited(): number {
    return this.#awaited.size;
  }

  /** Nothing is left to be said. */
  get saidAll(): boolean {
    return this.#conversations.every((each) => each.outbox.length === 0 && each.wire.up.size === 0);
  }

  // ── what the script makes it do ──

  up(): void {
    this.wantUp = true;
    this.#callAt = this.#world.now;
  }

  down(how: 'notification' | 'close' | 'reset'): void {
    this.wantUp = false;
    for (const conversation of this.#conversations) {
      // What was not sent yet is lost with the connection; in the middle of a message there is nothing to be said.
      if (how === 'notification' && !conversation.inMessage)
        conversation.wire.up.write(encodeNotification(CEASE, 2));
      conversation.wire.abandon(how === 'reset');
    }
    this.#conversations = [];
    this.#forget();
  }

  /** The changes of one UPDATE message: all announcements share a route's attributes. */
  change(changes: readonly Change[]): void {
    const announced = changes.filter((change) => change.route !== undefined);
    const withdrawn = changes.filter((change) => change.route === undefined);
    for (const { prefix } of withdrawn) this.announcing.delete(prefix);
    for (const { prefix, route } of announced) this.announcing.set(prefix, route as Route);
    const up = this.#up;
    // What is not said again between two borders is withdrawn as well as by saying so.
    if (up !== undefined && this.#enhanced && (withdrawn[0]?.prefix ?? 1) % 3 === 0) this.#repeatAll(up);
    else if (up !== undefined) {
      this.#say(
        up,
        announced.map((change) => change.prefix),
        announced[0]?.route,
        withdrawn.map((change) => change.prefix),
      );
    }
  }

  askForRefresh(family: number): void {
    const up = this.#up;
    if (up === undefined || (this.options.families & family) === 0) return;
    const { afi, safi } = multiprotocolOf(family)[0] as { afi: number; safi: number };
    up.outbox.push(encodeRouteRefresh(afi, safi));
    for (const [index, prefix] of this.#world.prefixes.all.entries()) {
      // A request for IPv4 makes one for IPv6 that is being answered begin anew.
      if (prefix.family >= family) this.#repeats.set(index, (this.#repeats.get(index) ?? 0) + 1);
    }
    for (const key of this.held.keys())
      if (this.#world.prefixes.all[prefixOf(key)]?.family === family) this.#awaited.add(key);
  }

  /** Says something of a family that cannot be read: what it told of it goes, and what it tells is not heard any more. */
  malform(family: number): void {
    const up = this.#up;
    if (up === undefined || (this.options.families & family) === 0) return;
    up.outbox.push(encodeUnreadable(family));
    this.#disabled |= family;
  }

  // ── life ──

  /** Lives a little: at most so many bytes each way. True when anything happened. */
  step(most: number): boolean {
    let any = this.#callIfDue();
    for (const conversation of [...this.#conversations]) if (this.#live(conversation, most)) any = true;
    return any;
  }

  get dueAt(): number {
    let due = this.wantUp && this.options.calls && this.#conversations.length === 0 ? this.#callAt : Infinity;
    for (const each of this.#conversations) due = Math.min(due, each.keepaliveDue);
    return due;
  }

  /** The chassis calls; undefined: nobody listens. */
  answer(): Wire | undefined {
    if (!this.wantUp || !this.options.listens) return undefined;
    return this.#converse(new Wire(this.options.window), false);
  }

  get #up(): Conversation | undefined {
    return this.#conversations.find((each) => each.stage === 'Established');
  }

  #callIfDue(): boolean {
    if (!this.wantUp || !this.options.calls || this.#world.now < this.#callAt) return false;
    if (this.#conversations.length > 0) return false;
    this.#world.call(this.options.index, this.#converse(new Wire(this.options.window), true));
    return true;
  }

  #converse(wire: Wire, called: boolean): Wire {
    const { as, bgpId, holdTime, families, fourOctetAs } = this.options;
    const conversation = new Conversation(wire, called, this.#world.now);
    conversation.outbox.push(
      encodeOpen({
        version: 4,
        as,
        as2: as2For(as),
        holdTime,
        bgpId,
        capabilities: {
          ...noCapabilities(),
          multiprotocol: multiprotocolOf(families),
          routeRefresh: true,
          enhancedRefresh: this.#enhanced,
          fourOctetAs: fourOctetAs ? as : undefined,
          gracefulRestart: this.#gracefulRestart(),
          longLived: this.#longLived(),
          addPath: this.#addPath(),
        },
      }),
    );
    this.#conversations.push(conversation);
    return wire;
  }

  /** RFC 4724 3, RFC 8538 2. */
  #gracefulRestart(): GracefulRestart | undefined {
    const { restartTime, families, forgets } = this.options;
    if (restartTime === 0) return undefined;
    const flags = forgets ? 0 : GRACEFUL.forwarding;
    const kept = multiprotocolOf(families).map((each) => ({ ...each, flags }));
    return { flags: restartTime > 1 ? GRACEFUL.notification : 0, restartTime, families: kept };
  }

  /** RFC 9494 3.1. */
  #longLived(): LongLivedFamily[] | undefined {
    const { longLived: seconds, families, forgets } = this.options;
    if (seconds === 0) return undefined;
    const flags = forgets ? 0 : GRACEFUL.forwarding;
    return multiprotocolOf(families).map((each) => ({ ...each, flags, seconds }));
  }

  #live(conversation: Conversation, most: number): boolean {
    const { wire } = conversation;
    let any = false;
    if (this.reading || conversation.stage !== 'Established') {
      const bytes = wire.down.read(most);
      if (bytes.length > 0) {
        any = true;
        this.#hear(conversation, bytes);
      }
      if (this.#conversations.includes(conversation) && (wire.reset || wire.down.drained)) {
        this.#ended(conversation);
        return true;
      }
    }
    if (!this.#conversations.includes(conversation)) return true;
    this.#keepAlive(conversation);
    for (let left = most; left > 0 && conversation.outbox.length > 0 && wire.up.room > 0; any = true) {
      const message = conversation.outbox[0] as Uint8Array;
      const length = Math.min(message.length, wire.up.room, left);
      wire.up.write(message.subarray(0, length));
      conversation.inMessage = length < message.length;
      if (length === message.length) conversation.outbox.shift();
      else conversation.outbox[0] = message.subarray(length);
      left -= length;
    }
    return any;
  }

  #keepAlive(conversation: Conversation): void {
    const { now } = this.#world;
    if (now >= conversation.keepaliveDue) {
      conversation.keepaliveDue = now + (this.options.holdTime * 1000) / 3;
      conversation.outbox.push(KEEPALIVE);
    }
    const silent = now - conversation.lastHeard;
    if (conversation.stage !== 'Established' || !this.reading || this.options.holdTime === 0)
      conversation.lastHeard = now;
    else if (silent > this.options.holdTime * 1000 && !this.#world.hangsLong)
      this.#fail(`heard nothing for ${silent} ms`);
  }

  #hear(conversation: Conversation, bytes: Uint8Array): void {
    conversation.lastHeard = this.#world.now;
    const all = new Uint8Array(conversation.inbox.length + bytes.length);
    all.set(conversation.inbox);
    all.set(bytes, conversation.inbox.length);
    let at = 0;
    for (;;) {
      const length = readHeader(all, at, all.length - at, MAX_MESSAGE);
      if (length < 0) this.#fail('bytes that are no message');
      if (length === 0 || length > all.length - at) break;
      this.#onMessage(conversation, all, at, at + length);
      at += length;
      if (!this.#conversations.includes(conversation)) return;
    }
    conversation.inbox = all.slice(at);
  }

  #onMessage(conversation: Conversation, bytes: Uint8Array, at: number, end: number): void {
    this.messagesReceived++;
    const body = at + HEADER_LENGTH;
    switch (messageType(bytes, at)) {
      case MessageType.Open:
        this.#onOpen(conversation, bytes, body, end);
        break;
      case MessageType.Keepalive:
        if (conversation.stage === 'OpenSent') this.#fail('KEEPALIVE before OPEN');
        if (conversation.stage === 'OpenConfirm') this.#onEstablished(conversation);
        break;
      case MessageType.Update:
        if (conversation.stage !== 'Established') this.#fail('UPDATE before Established');
        conversation.updates++;
        this.updatesReceived++;
        this.#onUpdate(bytes, body, end);
        break;
      case MessageType.Notification:
        this.#onNotification(conversation, bytes[body] as number, bytes[body + 1] as number);
        break;
      default:
        this.#onRefresh(conversation, decodeRouteRefresh(bytes, body, end));
    }
  }

  /** RFC 7313: others are told where a repetition begins and ends. */
  #onRefresh(conversation: Conversation, refresh: RouteRefresh | undefined): void {
    if (refresh === undefined) this.#fail('ROUTE-REFRESH of a wrong length');
    if (refresh.kind !== RefreshKind.Request && !this.#enhanced) this.#fail('a border that it does not know');
    if (refresh.kind !== RefreshKind.Request) {
      this.#onBorder(familyBit(refresh.afi, refresh.safi), refresh.kind);
      return;
    }
    if (this.#enhanced) this.#repeatAll(conversation);
    else this.#announceAll(conversation);
  }

  /** RFC 7313 4: what is not told again between the borders is withdrawn. */
  #onBorder(family: number, kind: number): void {
    const ofFamily = (key: number): boolean => this.#world.prefixes.all[prefixOf(key)]?.family === family;
    this.#world.trace(`neighbour ${this.options.index}: border ${kind} of family ${family}`);
    if (kind === RefreshKind.Begin) {
      this.#within |= family;
      for (const key of this.held.keys()) if (ofFamily(key)) this.#unrepeated.add(key);
      return;
    }
    // A blade that died may have said it.
    if ((this.#within & family) === 0 && !this.#world.repeats)
      this.#fail('a repetition ends that did not begin');
    this.#within &= ~family;
    for (const key of [...this.#unrepeated].filter(ofFamily)) {
      this.#unrepeated.delete(key);
      this.held.delete(key);
    }
  }

  /** Says all again, between borders: what it says no more is withdrawn with that. */
  #repeatAll(conversation: Conversation): void {
    const borders = (kind: number): void => {
      for (const { afi, safi } of multiprotocolOf(this.options.families))
        conversation.outbox.push(encodeRouteRefresh(afi, safi, kind));
    };
    borders(RefreshKind.Begin);
    this.#announceAll(conversation);
    borders(RefreshKind.End);
  }

  #onOpen(conversation: Conversation, bytes: Uint8Array, at: number, end: number): void {
    const open = decodeOpen(bytes, at, end);
    if (isFailure(open)) this.#fail(`OPEN is not right: ${open.why}`);
    if (conversation.stage !== 'OpenSent') this.#fail('a second OPEN');
    conversation.stage = 'OpenConfirm';
    conversation.outbox.push(KEEPALIVE);
    this.#resolveCollision(conversation, open.bgpId);
  }

  /** RFC 4271 6.8: of two connections the one that the higher BGP Identifier called is kept. */
  #resolveCollision(conversation: Conversation, theirs: number): void {
    const other = this.#conversations.find((each) => each !== conversation && each.stage !== 'OpenSent');
    if (other === undefined) return;
    const keepCalled = this.options.bgpId > theirs;
    const loser = other.stage === 'Established' || other.called === keepCalled ? conversation : other;
    loser.wire.up.write(encodeNotification(CEASE, 7));
    this.#finish(loser);
  }

  #onEstablished(conversation: Conversation): void {
    if (this.#up !== undefined) this.#fail('two sessions at the same time');
    conversation.stage = 'Established';
    this.timesUp++;
    if (this.options.holdTime > 0) {
      conversation.keepaliveDue = this.#world.now + (this.options.holdTime * 1000) / 3;
    }
    this.#world.trace(`neighbour ${this.options.index} is up`);
    this.#announceAll(conversation);
    if (this.options.restartTime === 0) return;
    for (const { afi, safi } of multiprotocolOf(this.options.families))
      conversation.outbox.push(encodeEndOfRib(afi, safi));
  }

  /** Routes with the same attributes go into one UPDATE. */
  #announceAll(conversation: Conversation): void {
    const byRoute = new Map<Route, number[]>();
    for (const [prefix, route] of this.announcing) {
      const list = byRoute.get(route);
      if (list === undefined) byRoute.set(route, [prefix]);
      else list.push(prefix);
    }
    for (const [route, prefixes] of byRoute) this.#say(conversation, prefixes, route, []);
  }

  /** Only of negotiated families: the others' prefixes are nobody's business. */
  #say(
    conversation: Conversation,
    announced: readonly number[],
    route: Route | undefined,
    withdrawn: readonly number[],
  ): void {
    const { prefixes } = this.#world;
    const spoken = (index: number): boolean =>
      ((prefixes.all[prefixOf(index)]?.family ?? FAMILY_IPV4) & this.options.families) !== 0;
    const [a, w] = [announced.filter(spoken), withdrawn.filter(spoken)];
    if (a.length + w.length === 0) return;
    const given = a.length === 0 ? undefined : route;
    if (given !== undefined) this.#asks = true;
    conversation.outbox.push(
      encodeChanges(prefixes, a, given, w, this.options.fourOctetAs, this.#pathOctets),
    );
  }

  /** RFC 7911 4. */
  #addPath(): Capabilities['addPath'] {
    const { pathFamilies, toldFamilies } = this.options;
    return multiprotocolOf(pathFamilies | toldFamilies).map((each) => {
      const family = familyBit(each.afi, each.safi);
      const mode = (pathFamilies & family ? 2 : 0) | (toldFamilies & family ? 1 : 0);
      return { ...each, mode: mode as 1 | 2 | 3 };
    });
  }

  readonly #pathOctets = (key: number): readonly number[] => {
    const family = this.#world.prefixes.all[prefixOf(key)]?.family ?? 0;
    if ((family & this.options.pathFamilies) === 0) return [];
    const identifier = this.identifier(key);
    return [identifier >>> 24, (identifier >>> 16) & 255, (identifier >>> 8) & 255, identifier & 255];
  };

  #onUpdate(bytes: Uint8Array, at: number, end: number): void {
    const { fourOctetAs, external, families } = this.options;
    const { prefixes } = this.#world;
    const { withdrawn, announced, endOfRib } = understand(prefixes, bytes, at, end, {
      fourOctetAs,
      external,
      families,
      addPath: this.options.toldFamilies,
    });
    if (endOfRib !== 0) {
      if (this.#endsOfRib & endOfRib && !this.#world.repeats)
        this.#fail(`a second End-of-RIB of family ${endOfRib}`);
      this.#endsOfRib |= endOfRib;
    }
    for (const prefix of withdrawn) {
      this.#unrepeated.delete(prefix);
      if (!this.held.delete(prefix) && !this.#world.repeats)
        this.#fail(`withdrawal of ${prefixes.text(prefixOf(prefix))}, which it does not hold`);
      this.#awaited.delete(prefix);
      this.#world.trace(`neighbour ${this.options.index} loses ${prefixes.text(prefixOf(prefix))}`);
    }
    for (const { prefix, text, from } of announced) {
      if (from === this.options.index)
        this.#fail(`its own route for ${prefixes.text(prefixOf(prefix))} back: ${text}`);
      if (this.held.get(prefix) === text) this.#onRepeated(prefix, text);
      this.held.set(prefix, text);
      this.#unrepeated.delete(prefix);
      this.#awaited.delete(prefix);
      this.#world.trace(`neighbour ${this.options.index} learns ${prefixes.text(prefixOf(prefix))} ${text}`);
    }
  }

  #onRepeated(key: number, text: string): void {
    const before = this.#repeated.get(key) ?? 0;
    if (this.#world.repeats) this.repeated++;
    else if (before >= (this.#repeats.get(prefixOf(key)) ?? 0))
      this.#fail(`${this.#world.prefixes.text(prefixOf(key))} once more: ${text}`);
    this.#repeated.set(key, before + 1);
  }

  #onNotification(conversation: Conversation, code: number, subcode: number): void {
    const attempt = conversation.stage !== 'Established' || conversation.updates === 0;
    const turnedAway = attempt && code === CEASE && TURNED_AWAY.includes(subcode);
    if (this.#world.tablesFill && code === CEASE && subcode === OUT_OF_RESOURCES) this.#shut();
    else if (!turnedAway && !(this.endExpected && code === CEASE))
      this.#fail(`NOTIFICATION ${code}/${subcode}`);
    this.#world.trace(`neighbour ${this.options.index} got NOTIFICATION ${code}/${subcode}`);
    this.#finish(conversation);
  }

  /** The chassis closed the connection. */
  #ended(conversation: Conversation): void {
    if (conversation.stage === 'Established' && !this.endExpected && conversation.updates > 0) {
      if (this.timesShut === this.#world.shutFor(this.options.index)) this.#fail('the connection was closed');
      this.#shut();
    }
    this.#finish(conversation);
  }

  /** It asked for more than there is; it stays away until the script says otherwise. */
  #shut(): void {
    this.timesShut = this.#world.shutFor(this.options.index);
    if (this.timesShut === 0) this.#fail('shut without a word in its record');
    if (!this.#asks) this.#fail('shut though it announces nothing');
    this.wantUp = false;
  }

  #finish(conversation: Conversation): void {
    conversation.wire.abandon(false);
    this.#conversations = this.#conversations.filter((each) => each !== conversation);
    this.#callAt = this.#world.now + CALL_AGAIN;
    if (conversation.stage !== 'Established') return;
    this.endExpected = false;
    this.#forget();
  }

  #forget(): void {
    this.held.clear();
    this.#repeats.clear();
    this.#repeated.clear();
    this.#awaited.clear();
    this.#endsOfRib = 0;
    this.#disabled = this.#within = 0;
    this.#unrepeated.clear();
    this.endExpected = false;
    this.#asks = false;
  }

  #fail(what: string): never {
    throw new Error(`neighbour ${this.options.index}: ${what}`);
  }
}
