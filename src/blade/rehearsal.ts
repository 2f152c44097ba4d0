/**
 * A rehearsal before a blade takes sessions: two small blades over a small fabric, in this thread, are told some
 * thousand routes by four neighbours that exist in the fabric only, again and again with other paths. Node.js compiles
 * the way of a route meanwhile, so that the first full table does not pay for it: that is half a second of processor
 * time, and single changes take ten times as long before it.
 *
 * Nothing of it is left when it returns.
 */
import { Random } from '../base/random.ts';
import { UpdateWriter } from '../bgp/encode.ts';
import { Afi, FAMILY_IPV4, FAMILY_IPV6, Safi } from '../bgp/families.ts';
import { State } from '../bgp/fsm.ts';
import { encodeKeepalive, MAX_MESSAGE } from '../bgp/message.ts';
import { Fabric } from '../fabric/fabric.ts';
import { CONNECTION, CONNECTION_STATE, SESSION, SESSION_FLAG, SESSION_NUMBER } from '../fabric/layout.ts';
import { createFabricMemory, type FabricOptions } from '../fabric/memory.ts';
import { OutViews } from '../rib/adj-rib-out.ts';
import { describeFor } from '../rib/attribute-row.ts';
import { Blade } from './blade.ts';
import { LIMITS } from './limits.ts';
import type { SessionConfiguration } from './messages.ts';
import { POLICY_KEYS, rehearsalPolicies } from './rehearsal-policies.ts';

const SIZES: FabricOptions = {
  blades: 2,
  lineCards: 1,
  sessions: 4,
  prefixes4: 1 << 17,
  prefixes6: 1 << 11,
  attributes: 1 << 16,
  attributeBytes: 1 << 23,
  pages: 1024,
  ringRecords: 1 << 10,
  receiveBytes: 1 << 16,
  transmitBytes: 1 << 16,
  grafts: 1,
};
const LOCAL_AS = 65_000;
/** Times that every neighbour tells its table. */
const ROUNDS = 16;
const SETS = 500;
/** In the first round one neighbour tells more, so that tables grow to more than one page. */
const FIRST_SETS = 7000;
const LENGTHS = [24, 24, 22, 19, 16, 8, 28];
const PREFIXES_PER_SET = LENGTHS.length;
/** Each of the two acts ends early on a machine that has other work to do, milliseconds. */
const TIME = 2000;

/** Of the second act: times that a table is told, and of how many sets it is. */
const FLOODS = 4;
const FLOOD_SETS = 3000;

const KEEPALIVE = encodeKeepalive();

/** What the blade is going to be made of: compiled code fits objects with the same keys in the same order only. */
export interface Cast {
  readonly options?: FabricOptions;
  readonly session?: SessionConfiguration | undefined;
  /** Some neighbour has a policy: then those are rehearsed too. */
  readonly policies?: boolean;
}

/** Takes a few tenths of a second of processor time. */
export function rehearse(clock: () => number, cast: Cast = {}): void {
  rehearseTogether(clock, cast, clock() + TIME);
  rehearseAlone(clock, { ...cast, policies: false }, clock() + TIME);
  if (cast.policies) rehearseAlone(clock, cast, clock() + TIME);
}

/** As they come in a message to a thread. */
function sizes({ options }: Cast, blades: number): FabricOptions {
  return structuredClone({ ...options, ...SIZES, blades });
}

/** Two blades and neighbours that change their minds: what comes is told at once. */
function rehearseTogether(clock: () => number, cast: Cast, end: number): void {
  const memory = createFabricMemory(sizes(cast, 2));
  const fabrics = [0, 1].map((slot) => new Fabric(memory, slot, describeFor(LOCAL_AS)));
  const blades = fabrics.map(
    (fabric, slot) => new Blade(fabric, slot, configurations(cast), clock, new Random(slot + 1), () => {}),
  );
  const neighbors = configurations(cast).map(
    ({ index }) => new Neighbor(fabrics[index & 1] as Fabric, index),
  );
  for (const { index } of neighbors) {
    openRecord(fabrics[index & 1] as Fabric, index);
    (blades[index & 1] as Blade).order({ kind: 'attach', session: index });
  }
  for (let set = 0; set < FIRST_SETS && clock() < end; set++) {
    neighbors[0]?.tell(0, set);
    if (set % 32 === 31) turn(blades, neighbors);
  }
  for (let round = 0; round < ROUNDS && clock() < end; round++) {
    for (let set = 0; set < SETS; set++) {
      for (const neighbor of neighbors) neighbor.tell(round, set);
      if (set % 8 === 7) turn(blades, neighbors);
    }
    turn(blades, neighbors);
  }
}

/**
 * A blade without siblings, which Node.js takes for something else: empty arrays, loops never entered. Full tables
 * come from two neighbours, faster than they can be read and told, so that rings are full and turns end early; then
 * they are withdrawn.
 */
function rehearseAlone(clock: () => number, cast: Cast, end: number): void {
  const fabric = new Fabric(createFabricMemory(sizes(cast, 1)), 0, describeFor(LOCAL_AS));
  const policies = cast.policies ? rehearsalPolicies() : [];
  const sessions = configurations(cast).map((each) => (cast.policies ? { ...each, ...POLICY_KEYS } : each));
  const blade = new Blade(fabric, 0, sessions, clock, new Random(3), () => {}, LIMITS, 0, policies);
  const neighbors = configurations(cast).map(({ index }) => new Neighbor(fabric, index));
  for (const { index } of neighbors) {
    openRecord(fabric, index);
    blade.order({ kind: 'attach', session: index });
  }
  const serve = (turns: number): void => {
    for (let i = 0; i < turns; i++) blade.turn();
    for (const neighbor of neighbors) neighbor.listen();
  };
  for (let round = 0; round < FLOODS && clock() < end; round++) {
    for (let set = 0; set < FLOOD_SETS; set++) {
      for (const neighbor of neighbors.slice(0, round % 2 === 0 ? 1 : 2)) {
        if (set % 16 === 0) neighbor.say(KEEPALIVE);
        while (!neighbor.pour() && clock() < end) serve(3);
        if (round % 3 === 2) neighbor.withdraw(set);
        else neighbor.tell(round, set);
        while (!neighbor.pour() && clock() < end) serve(3);
      }
    }
    serve(50);
  }
}

function turn(blades: readonly Blade[], neighbors: readonly Neighbor[]): void {
  for (let i = 0; i < 4; i++) {
    for (const blade of blades) blade.turn();
    for (const neighbor of neighbors) neighbor.listen();
  }
}

function configurations({ session }: Cast): SessionConfiguration[] {
  const made = Array.from({ length: SIZES.sessions }, (_, index) => ({
    ...session,
    // What would keep routes out, or back.
    importPolicy: undefined,
    exportPolicy: undefined,
    prefixLimit: undefined,
    pathsReceived: 0,
    pathsSent: undefined,
    mostPathsSent: undefined,
    instead: undefined,
    prependAs: undefined,
    advertisementInterval: undefined,
    withoutCapabilities: undefined,
    index,
    address: `rehearsal ${index}`,
    addressWords: [0, 0, 0xffff, 0x7f000001 + index],
    as: LOCAL_AS + 1 + index,
    passive: true,
    families: FAMILY_IPV4 | FAMILY_IPV6,
    importAccept: true,
    exportAccept: true,
    holdTime: 0,
    connectRetryTime: 120,
    nextHopSelf: false,
    localAs: LOCAL_AS,
    localId: 1,
  }));
  return structuredClone(made.map(said)) as unknown as SessionConfiguration[];
}

/** Without the keys that say nothing, which the chassis leaves out. */
function said(all: object): object {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A session that is Established with nobody, without timers, and was told nothing so far. */
export function openRecord(fabric: Fabric, session: number): void {
  fabric.setSession(session, SESSION.state, State.Established);
  fabric.setSession(session, SESSION.connection, 0);
  fabric.setSession(session, SESSION.peerAs, LOCAL_AS + 1 + session);
  fabric.setSession(session, SESSION.peerId, 1 + session);
  fabric.setSession(session, SESSION.peerAddress + 3, 1 + session);
  fabric.setSession(session, SESSION.families, FAMILY_IPV4 | FAMILY_IPV6);
  fabric.setSession(session, SESSION.flags, SESSION_FLAG.fourOctetAs | SESSION_FLAG.external);
  fabric.setSession(session, SESSION.view, new OutViews(fabric).create() + 1);
  fabric.setSession(session, SESSION.exportCursor, 1);
  fabric.setNumber(session, SESSION_NUMBER.holdDeadline, Number.POSITIVE_INFINITY);
  fabric.setNumber(session, SESSION_NUMBER.keepaliveDue, Number.POSITIVE_INFINITY);
  const at = fabric.connections.at(session, 0);
  fabric.connections.want(at, 1, true);
  fabric.connections.setState(at, 1, CONNECTION_STATE.open);
}

/** The other end of a session: writes UPDATE messages into the receive ring, as the line card would. */
class Neighbor {
  readonly index: number;
  readonly #fabric: Fabric;
  readonly #at: number;
  readonly #message = new Uint8Array(MAX_MESSAGE);
  readonly #writer = new UpdateWriter(this.#message);
  readonly #attributes = new Uint8Array(512);
  /** Of the message, and of what the ring has of it. */
  #length = 0;
  #poured = 0;

  constructor(fabric: Fabric, index: number) {
    this.#fabric = fabric;
    this.index = index;
    this.#at = fabric.connections.at(index, 0);
  }

  /** Takes whatever was sent. */
  listen(): void {
    const { words } = this.#fabric.connections;
    words[this.#at + CONNECTION.transmitTail] = words[this.#at + CONNECTION.transmitHead] as number;
  }

  /** Announces the prefixes of a set with a path of this round, or withdraws them; every sixteenth set is IPv6. */
  tell(round: number, set: number): void {
    const ipv6 = set % 16 === 15;
    if ((round * 7 + set + this.index) % 9 === 8) this.#beginWithdrawal(ipv6);
    else {
      const end = this.#writeAttributes(round, set, ipv6);
      const nextHop = new Uint8Array(16).fill(0x20, 0, 1).fill(1, 15);
      if (ipv6)
        this.#writer.beginAnnounceMp(Afi.Ipv6, Safi.Unicast, nextHop, 0, 16, this.#attributes, 0, end);
      else this.#writer.beginAnnounce4(this.#attributes, 0, end);
    }
    this.#addPrefixes(set, ipv6);
    this.#send(this.#writer.finish());
  }

  say(message: Uint8Array): void {
    this.#message.set(message);
    this.#send(message.length);
  }

  withdraw(set: number): void {
    const ipv6 = set % 16 === 15;
    this.#beginWithdrawal(ipv6);
    this.#addPrefixes(set, ipv6);
    this.#send(this.#writer.finish());
  }

  #beginWithdrawal(ipv6: boolean): void {
    if (ipv6) this.#writer.beginWithdrawMp(Afi.Ipv6, Safi.Unicast);
    else this.#writer.beginWithdraw4();
  }

  #addPrefixes(set: number, ipv6: boolean): void {
    for (let i = 0; i < PREFIXES_PER_SET; i++) {
      const number = set * PREFIXES_PER_SET + i;
      const length = LENGTHS[i] as number;
      if (ipv6) this.#writer.addPrefix6(0xfd000db8, (number << 16) >>> 0, 0, 0, 48);
      // In both halves of the address space: numbers of 31 and of 32 bits are not the same to Node.js.
      else this.#writer.addPrefix4((((set << 31) | (number << 8)) & (-1 << (32 - length))) >>> 0, length);
    }
  }

  #send(length: number): void {
    this.#length = length;
    this.#poured = 0;
    this.pour();
  }

  /** The ring takes what it has room for; false: some of the message is left. */
  pour(): boolean {
    const { connections, ready } = this.#fabric;
    const { words, receive, receiveBytes } = connections;
    const head = words[this.#at + CONNECTION.receiveHead] as number;
    const room = receiveBytes - ((head - (words[this.#at + CONNECTION.receiveTail] as number)) | 0);
    const length = Math.min(room, this.#length - this.#poured);
    if (length === 0) return this.#poured === this.#length;
    const start = connections.receiveStart(this.index, 0);
    for (let i = 0; i < length; i++) {
      receive[start + ((head + i) & (receiveBytes - 1))] = this.#message[this.#poured + i] as number;
    }
    this.#poured += length;
    words[this.#at + CONNECTION.receiveHead] = (head + length) | 0;
    ready.setForBlade(this.index);
    return this.#poured === this.#length;
  }

  /** ORIGIN, AS_PATH of one to six ASes, NEXT_HOP, and by turns MULTI_EXIT_DISC, AGGREGATOR and COMMUNITIES. */
  #writeAttributes(round: number, set: number, ipv6: boolean): number {
    const hops = 1 + ((round + set + this.index * 3) % 6);
    const path = [LOCAL_AS + 1 + this.index];
    for (let hop = 1; hop < hops; hop++) path.push(100 + hop * 100 + set);
    const aggregated = set % 32 === 9;
    const bytes = [0x40, 1, 1, set % 32 === 0 ? 2 : 0, 0x40, 2, (aggregated ? 12 : 2) + hops * 4, 2, hops];
    for (const as of path) bytes.push(...quad(as));
    if (aggregated) bytes.push(1, 2, ...quad(70_000), ...quad(4_200_000_000));
    if (!ipv6) bytes.push(0x40, 3, 4, 127, 0, 0, 1 + this.index);
    if (set % 64 === 5) bytes.push(0x80, 4, 4, ...quad(round + 1));
    if (set % 16 === 3) bytes.push(0xc0, 7, 8, ...quad(path[0] as number), 10, 0, 0, 1);
    if (set % 2 === 1) bytes.push(0xc0, 8, 8, ...quad(0xfde80000 + set), ...quad(0xfde90001));
    // A length of two octets.
    else if (set % 16 === 6) {
      bytes.push(0xd0, 8, 1, 64);
      for (let i = 0; i < 80; i++) bytes.push(...quad(0x00640000 + i));
    }
    this.#attributes.set(bytes);
    return bytes.length;
  }
}

function quad(value: number): [number, number, number, number] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
