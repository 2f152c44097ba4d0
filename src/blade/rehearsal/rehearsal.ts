/**
 * A rehearsal before a blade takes sessions: two small blades over a small fabric, in this thread, are told some
 * thousand routes by four neighbours that exist in the fabric only, again and again with other paths. Node.js compiles
 * the way of a route meanwhile, so that the first full table does not pay for it: that is half a second of processor
 * time, and single changes take ten times as long before it.
 *
 * Nothing of it is left when it returns.
 */
import { systemGiving } from '../../base/giving.ts';
import { Random } from '../../base/random.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import { encodeKeepalive } from '../../bgp/message.ts';
import { Fabric } from '../../fabric/fabric.ts';
import { FifoSet } from '../../fabric/fifo-set.ts';
import { SESSION } from '../../fabric/layout.ts';
import {
  createFabricMemory,
  type FabricMemory,
  type FabricOptions,
  forgetFabricMemory,
  renewFabricMemory,
} from '../../fabric/memory.ts';
import type { PolicyDefinition } from '../../policy/language.ts';
import { describeFor } from '../../rib/attribute-row.ts';
import { establishRecord } from '../../rib/rehearsed.ts';
import { Blade } from '../blade.ts';
import { LIMITS } from '../limits.ts';
import type { SessionConfiguration } from '../messages.ts';
import { rehearseGraft } from './rehearsal-graft.ts';
import { Neighbor, ownAddress } from './rehearsal-neighbor.ts';
import { POLICY_KEYS, rehearsalPolicies } from './rehearsal-policies.ts';
import { rehearseSockets } from './rehearsal-sockets.ts';

const SIZES: FabricOptions = {
  blades: 2,
  lineCards: 1,
  sessions: 4,
  prefixes4: 1 << 16,
  prefixes6: 1 << 12,
  attributes: 1 << 17,
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
/** Each act ends early on a machine that has other work to do than that of the blades, milliseconds. */
const TIME = 2000;

/** Of the second act: times that a table is told, and of how many sets it is. */
const FLOODS = 4;
const FLOOD_SETS = 3000;

/** Of two blades that tell nobody: times that a table is told, of how many sets, and how many of them before both have a turn. */
const APART = 4;
const APART_SETS = 2000;
const APART_AT_ONCE = 400;

/** Times that sessions come, tell and are lost; how many tell, and how many sets. */
const LIVES = 3;
const TELLING = 2;
const TOLD_SETS = 1500;
/** Members of a set that is large to FifoSet. */
const LARGE_SET = 1 << 17;

const KEEPALIVE = encodeKeepalive();

/** What the blade is going to be made of: compiled code fits objects with the same keys in the same order only. */
export interface Cast {
  readonly options?: FabricOptions;
  readonly session?: SessionConfiguration | undefined;
  /** Some neighbour has a policy: then those are rehearsed too. */
  readonly policies?: boolean;
  /** Blades that rehearse on the same processor: each act may take so many times as long. What ends early is compiled under the first table. */
  readonly patience?: number;
  /** The box has more than one blade. */
  readonly siblings?: boolean;
}

/** Takes a few tenths of a second of processor time. */
export function rehearse(clock: () => number, cast: Cast = {}): void {
  const time = TIME * (cast.patience ?? 1);
  rehearseSets();
  // One stage for all acts: what has been used is not given back before long (gc() would take the compiled code with it).
  const memory = createFabricMemory(structuredClone({ ...cast.options, ...SIZES }));
  // What is called for the first time leaves no trace of what it was called with.
  for (let life = 0; life < LIVES; life++) rehearseSessions(clock, memory, cast, clock() + time);
  // Of objects that are gone when garbage is collected, in the last act, the code is gone too. Who has no siblings has no need of it.
  const kept: Blade[][] = [];
  for (const act of [rehearseTogether, rehearseApart]) {
    if (cast.siblings) kept.push(act(clock, memory, cast, clock() + time));
    else act(clock, memory, cast, clock() + time);
  }
  rehearseAlone(clock, memory, { ...cast, policies: false }, clock() + time);
  if (cast.policies) rehearseAlone(clock, memory, cast, clock() + time);
  // The last act is like what follows: what fits other shapes only is thrown away under the first table.
  const { policies, sessions } = playing(cast);
  const random = new Random(5);
  rehearseSockets({ memory, sessions, policies, localAs: LOCAL_AS, clock, random, open: openRecord }, time);
  kept.length = 0;
  forgetFabricMemory(memory, systemGiving());
}

/** A set that was large is made anew once it is empty: what is compiled before that has happened once would be thrown away. */
function rehearseSets(): void {
  const set = new FifoSet();
  for (let id = 0; id < LARGE_SET; id++) set.add(id);
  while (set.size > 0) set.shift();
}

/** Neighbours that call, say their OPEN, tell a table, and are gone: all that a session is, in the order of life. */
function rehearseSessions(clock: () => number, memory: FabricMemory, cast: Cast, end: number): void {
  renewFabricMemory(memory, 1);
  const fabric = new Fabric(memory, 0, describeFor(LOCAL_AS));
  const sessions = configurations(cast).map((each) => ({ ...each, holdTime: 90 }));
  const blade = new Blade(fabric, 0, sessions, clock, new Random(4), () => {});
  const neighbors = sessions.map(({ index, as }) => new Neighbor(fabric, index, as, 1));
  const serve = (turns: number): void => {
    for (let i = 0; i < turns; i++) {
      blade.turn();
      for (const neighbor of neighbors) neighbor.listen();
    }
  };
  for (const { index } of sessions) blade.order({ kind: 'adopt', session: index });
  serve(2);
  for (const act of ['call', 'confirm'] as const) {
    for (const neighbor of neighbors) {
      if (act === 'call') neighbor.call();
      else neighbor.say(KEEPALIVE);
    }
    serve(4);
  }
  for (const neighbor of neighbors.slice(0, TELLING)) {
    for (let set = 0; set < TOLD_SETS && clock() < end; set++) {
      neighbor.tell(0, set);
      while (!neighbor.pour() && clock() < end) serve(3);
    }
    serve(20);
  }
  for (const neighbor of neighbors) {
    neighbor.hangUp();
    serve(200);
    neighbor.close();
    serve(2);
  }
}

/** Two blades and neighbours that change their minds: what comes is told at once. */
function rehearseTogether(clock: () => number, memory: FabricMemory, cast: Cast, end: number): Blade[] {
  renewFabricMemory(memory, 2);
  const fabrics = [0, 1].map((slot) => new Fabric(memory, slot, describeFor(LOCAL_AS)));
  const blades = fabrics.map(
    (fabric, slot) => new Blade(fabric, slot, configurations(cast), clock, new Random(slot + 1), () => {}),
  );
  const neighbors = configurations(cast).map(
    ({ index, as }) => new Neighbor(fabrics[index & 1] as Fabric, index, as),
  );
  for (const { index } of neighbors) {
    openRecord(fabrics[index & 1] as Fabric, index);
    (blades[index & 1] as Blade).order({ kind: 'attach', session: index });
  }
  for (const to of [1, 0]) rehearseGraft(fabrics[0] as Fabric, 0, to, () => turn(blades, neighbors));
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
  return blades;
}

/**
 * Two blades whose neighbours are told nothing, and forget what the other one has records of. One has turns before the other one
 * has, so that there are more records than a ring has room for.
 */
function rehearseApart(clock: () => number, memory: FabricMemory, cast: Cast, end: number): Blade[] {
  renewFabricMemory(memory, 2);
  const sessions = configurations(cast).map((each) => ({ ...each, exportAccept: false }));
  const blades = [0, 1].map((slot) => {
    const fabric = new Fabric(memory, slot, describeFor(LOCAL_AS));
    return new Blade(fabric, slot, sessions, clock, new Random(slot + 1), () => {});
  });
  const neighbors = blades.map((blade, index) => {
    openRecord(blade.fabric, index);
    blade.order({ kind: 'attach', session: index });
    return new Neighbor(blade.fabric, index, LOCAL_AS + 1 + index);
  });
  for (let round = 0; round < APART && clock() < end; round++) {
    for (let set = 0; set < APART_SETS && clock() < end; set++) {
      // The second one tells other prefixes, and some of the first one's.
      neighbors[0]?.tell(round, set);
      neighbors[1]?.tell(round, set + APART_SETS - APART_AT_ONCE);
      if (set % APART_AT_ONCE !== APART_AT_ONCE - 1) continue;
      for (let i = 0; i < 4; i++) blades[round & 1]?.turn();
      turn(blades, neighbors);
    }
  }
  return blades;
}

/**
 * A blade without siblings, which Node.js takes for something else: empty arrays, loops never entered. Full tables
 * come from two neighbours, faster than they can be read and told, so that rings are full and turns end early; then
 * they are withdrawn.
 */
function rehearseAlone(clock: () => number, memory: FabricMemory, cast: Cast, end: number): void {
  renewFabricMemory(memory, 1);
  const fabric = new Fabric(memory, 0, describeFor(LOCAL_AS));
  const { policies, sessions } = playing(cast);
  const blade = new Blade(fabric, 0, sessions, clock, new Random(3), () => {}, LIMITS, 0, policies);
  const neighbors = configurations(cast).map(({ index, as }) => new Neighbor(fabric, index, as));
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

/** With the policies of a rehearsal, where there are some. */
function playing(cast: Cast): { policies: PolicyDefinition[]; sessions: SessionConfiguration[] } {
  const sessions = configurations(cast);
  if (!cast.policies) return { policies: [], sessions };
  return { policies: rehearsalPolicies(), sessions: sessions.map((each) => ({ ...each, ...POLICY_KEYS })) };
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

/** A session that is Established with nobody, as one of several, and was told nothing so far. */
export function openRecord(fabric: Fabric, session: number): void {
  establishRecord(fabric, session, FAMILY_IPV4 | FAMILY_IPV6);
  fabric.setSession(session, SESSION.peerAs, LOCAL_AS + 1 + session);
  fabric.setSession(session, SESSION.peerId, 1 + session);
  fabric.setSession(session, SESSION.peerAddress + 3, 1 + session);
  for (const [i, word] of ownAddress(session).entries())
    fabric.setSession(session, SESSION.localAddress + i, word);
  fabric.setSession(session, SESSION.exportCursor, 1);
}
