/**
 * One real blade in this thread, with a simulated line card and clock: hostile neighbours of every kind who say anything, and
 * two witnesses that are told their routes and receive strictly, one outside and one inside who is told all paths. Whatever
 * the hostile ones do, the sessions of the witnesses stay up and all they are told makes sense; when they are gone, so are
 * their routes.
 */
import type { Random } from '../../../src/base/random.ts';
import { u32 } from '../../../src/bgp/bytes.ts';
import { IPV6_FOR_IPV4 } from '../../../src/bgp/capabilities.ts';
import { multiprotocolOf } from '../../../src/bgp/families.ts';
import { State } from '../../../src/bgp/fsm.ts';
import {
  encodeKeepalive,
  HEADER_LENGTH,
  MAX_EXTENDED_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../../src/bgp/message.ts';
import { PATH_IDENTIFIER, Prefix, readPrefix4, readPrefix6 } from '../../../src/bgp/nlri.ts';
import { as2For, encodeOpen, noCapabilities } from '../../../src/bgp/open.ts';
import { Action, decodeUpdate, type UpdateOptions, UpdateView } from '../../../src/bgp/update.ts';
import { LIMITS } from '../../../src/blade/limits.ts';
import { EXTENDED_RING, type SessionConfiguration } from '../../../src/blade/messages.ts';
import { Fabric } from '../../../src/fabric/fabric.ts';
import { BOX, SESSION } from '../../../src/fabric/layout.ts';
import { createFabricMemory } from '../../../src/fabric/memory.ts';
import { describeFor } from '../../../src/rib/attribute-row.ts';
import { SimulatedCard } from '../../simulation/card.ts';
import { LOCAL_AS, LOCAL_ID, optionsFor } from '../../simulation/options.ts';
import { SimulatedBlade } from '../../simulation/simulated-blade.ts';
import { Wire } from '../../simulation/wire.ts';
import { hold } from '../target.ts';

type Kind = { readonly as: number } & Partial<SessionConfiguration>;

// biome-ignore format: one line per neighbour
const HOSTILE: readonly Kind[] = [
  { as: 64666 },
  { as: LOCAL_AS },
  { as: 64667, gracefulRestart: 'full', disablesFamilies: true },
  { as: 64668, pathsReceived: 3, extendedMessages: true, extendedNextHop: true, rules: { role: 'peer' } },
  { as: 64601, pathsReceived: 1, disablesFamilies: true, rules: { confederate: true } },
  { as: LOCAL_AS, pathsReceived: 2, extendedMessages: true, longLivedStaleTime: 60, rules: { client: true } },
  { as: 64669, localAs: 64999, behindAs: LOCAL_AS, prependAs: 64999, rules: { role: 'customer', removePrivateAs: 'all', asOverride: true } },
];
const WITNESSES: readonly Kind[] = [
  { as: 64502, holdTime: 0 },
  {
    as: LOCAL_AS,
    holdTime: 0,
    pathsSent: 3,
    extendedMessages: true,
    extendedNextHop: true,
    rules: { client: true },
  },
];
const PATHS = 3;

/** A neighbour has a number. */
export const HOSTILE_ASES: readonly number[] = HOSTILE.map(({ as }) => as);
const WITNESS = HOSTILE.length;
const ALL = Number.MAX_SAFE_INTEGER;
const WINDOW = 1 << 20;
/** Timers that are waited for one by one when all are to be put away. */
const HURRY = 200;
/** Turns of everything in which it must get quiet. */
const ROUNDS = 20_000;

const SIZES = {
  blades: 1,
  lineCards: 1,
  sessions: WITNESS + WITNESSES.length,
  prefixes4: 1 << 14,
  prefixes6: 1 << 14,
  attributes: 1 << 15,
  attributeBytes: 1 << 24,
  pages: 1 << 10,
  ringRecords: 16,
  receiveBytes: EXTENDED_RING,
  transmitBytes: EXTENDED_RING,
  grafts: 2,
  lanes: PATHS - 1,
  lanedSessions: HOSTILE.filter(({ pathsReceived }) => pathsReceived !== undefined).length,
};

const view = new UpdateView();
const prefix = new Prefix();
export const KEEPALIVE = encodeKeepalive();

export function openOf(as: number, random?: Random): Uint8Array {
  const chance = (p: number): boolean => random?.chance(p) ?? true;
  return encodeOpen({
    version: 4,
    as,
    as2: as2For(as),
    holdTime: random === undefined ? 0 : random.pick([0, 3, 90]),
    bgpId: 0x0a000001,
    capabilities: {
      ...noCapabilities(),
      multiprotocol: chance(0.8) ? multiprotocolOf(chance(0.8) ? 3 : 1) : [],
      routeRefresh: chance(0.7),
      enhancedRefresh: chance(0.5),
      extendedMessage: chance(0.5),
      extendedNextHop: chance(0.5) ? IPV6_FOR_IPV4 : [],
      addPath: chance(0.7) ? multiprotocolOf(3).map((family) => ({ ...family, mode: 3 as const })) : [],
      role: random?.chance(0.5) ? random.pick([0, 3, 4, 4]) : undefined,
      fourOctetAs: chance(0.8) ? as : undefined,
      gracefulRestart: random?.chance(0.3)
        ? {
            flags: random.below(16),
            restartTime: random.below(300),
            families: [{ afi: 1, safi: 1, flags: 128 * random.below(2) }],
          }
        : undefined,
    },
  });
}

export class Arena {
  now = 1000;
  readonly tracing = false;
  readonly fabric: Fabric;
  readonly blade: SimulatedBlade;
  readonly card: SimulatedCard;
  readonly #witnesses: readonly Witness[];

  constructor() {
    const memory = createFabricMemory(SIZES);
    this.fabric = new Fabric(memory, 1, describeFor(LOCAL_AS));
    const configurations = [...HOSTILE, ...WITNESSES].map((kind, index) => configurationOf(index, kind));
    const options = { ...optionsFor(1, 1), preemption: 0, limits: LIMITS };
    this.blade = new SimulatedBlade(memory, 0, configurations, options, this);
    Atomics.store(this.fabric.box, BOX.running, 1);
    Atomics.store(this.fabric.box, BOX.showAll, 1);
    for (const { index, pathsReceived } of configurations)
      if (pathsReceived !== undefined) this.fabric.giveLanes(index);
    this.card = new SimulatedCard(this.fabric, this);
    for (const { index } of configurations) {
      this.fabric.setHome(index, 0);
      this.blade.order({ kind: 'adopt', session: index });
    }
    this.settle();
    this.#witnesses = WITNESSES.map(({ as }, n) => {
      const wire = this.call(WITNESS + n);
      wire.up.write(openOf(as));
      wire.up.write(KEEPALIVE);
      return new Witness(WITNESS + n, wire, as !== LOCAL_AS, n === 1);
    });
    this.settle();
    this.check();
  }

  // ── what blade and card ask of their world ──

  preempt(): void {}
  trace(): void {}
  swept(): void {}
  dial(): undefined {}
  addresses(session: number): { local: readonly number[]; remote: readonly number[] } {
    return { local: [0, 0, 0xffff, 0x0a0000fe], remote: [0, 0, 0xffff, 0x0a000001 + session] };
  }

  // ── what a test does ──

  call(session: number): Wire {
    const wire = new Wire(WINDOW);
    this.card.accept(session, wire);
    this.settle();
    return wire;
  }

  /** Everything that can happen without time going on. */
  settle(): void {
    for (let round = 0; round < ROUNDS; round++) {
      let any = this.card.drain();
      if (this.blade.eligible) {
        this.blade.turn();
        any = true;
      }
      if (!any) return;
    }
    hold(false, 'it never gets quiet');
  }

  /** Time goes on until the hostile sessions are put away. */
  clean(): void {
    for (let steps = 0; steps < 2000; steps++) {
      this.settle();
      if (this.#put) return;
      // What is kept over a restart may be kept for an hour.
      const due = steps < HURRY ? this.blade.blade.nextTimer : Number.POSITIVE_INFINITY;
      this.now = Math.max(this.now + 1, Math.min(this.card.dueAt, due, this.now + 60_000));
    }
    hold(false, 'what a neighbour left behind is never put away');
  }

  get #put(): boolean {
    if (this.card.open > WITNESSES.length) return false;
    for (let session = 0; session < WITNESS; session++) {
      const state = this.fabric.session(session, SESSION.state);
      if (state !== State.Active) return false;
      if (this.fabric.session(session, SESSION.sweepCursor) !== 0) return false;
      if (this.fabric.session(session, SESSION.staleFamilies) !== 0) return false;
    }
    return true;
  }

  /** The witnesses are up, and what they were told makes sense. */
  check(): void {
    for (const witness of this.#witnesses) {
      const state = this.fabric.session(witness.session, SESSION.state);
      hold(state === State.Established, 'the session of a witness went down');
      witness.check();
    }
  }

  /** When all of the hostile ones are gone. */
  checkEmpty(): void {
    this.check();
    for (const { held } of this.#witnesses)
      hold(held.size === 0, `a witness still holds ${[...held].slice(0, 3).join(' ')}`);
  }
}

class Witness {
  readonly session: number;
  readonly held = new Set<string>();
  readonly #wire: Wire;
  readonly #options: UpdateOptions;

  constructor(session: number, wire: Wire, external: boolean, paths: boolean) {
    this.session = session;
    this.#wire = wire;
    this.#options = {
      fourOctetAs: true,
      external,
      families: 3,
      addPath: paths ? 3 : 0,
      extendedNextHop: paths,
    };
  }

  check(): void {
    hold(!this.#wire.down.ended && !this.#wire.reset, 'the connection of a witness was closed');
    eachMessage(this.#wire.down.read(ALL), (bytes, at, length) => {
      const type = messageType(bytes, at);
      hold(type !== MessageType.Notification, 'a witness was sent a NOTIFICATION');
      if (type === MessageType.Update) this.#told(bytes, at + HEADER_LENGTH, at + length);
    });
  }

  #told(bytes: Uint8Array, start: number, end: number): void {
    decodeUpdate(bytes, start, end, this.#options, view);
    hold(view.action === Action.None, `a witness was told what is wrong: ${view.errorWhy}`);
    for (const key of this.#keys(bytes, view.withdrawnStart, view.withdrawnEnd, 1)) this.#forget(key);
    for (const key of this.#keys(bytes, view.unreachStart, view.unreachEnd, view.unreachAfi))
      this.#forget(key);
    for (const key of this.#keys(bytes, view.nlriStart, view.nlriEnd, 1)) this.held.add(key);
    for (const key of this.#keys(bytes, view.reachNlriStart, view.reachNlriEnd, view.reachAfi))
      this.held.add(key);
  }

  #forget(key: string): void {
    hold(this.held.delete(key), `a witness was withdrawn ${key}, which it does not hold`);
  }

  *#keys(bytes: Uint8Array, start: number, end: number, afi: number): Generator<string> {
    const paths = this.#options.addPath !== 0;
    for (let at = start; at < end; ) {
      const path = paths ? u32(bytes, at) : 0;
      if (paths) at += PATH_IDENTIFIER;
      at = afi === 2 ? readPrefix6(bytes, at, prefix) : readPrefix4(bytes, at, prefix);
      const { word0, word1, word2, word3, length } = prefix;
      yield `${afi}:${word0},${word1},${word2},${word3}/${length} ${path}`;
    }
  }
}

/** Whatever a neighbour is told is messages; the last one may be cut where the neighbour does not read. */
export function eachMessage(
  bytes: Uint8Array,
  on: (bytes: Uint8Array, at: number, length: number) => void,
): void {
  for (let at = 0; at < bytes.length; ) {
    const length = readHeader(bytes, at, bytes.length - at, MAX_EXTENDED_MESSAGE);
    hold(length >= 0, 'what was sent is no message');
    if (length === 0 || at + length > bytes.length) return;
    on(bytes, at, length);
    at += length;
  }
}

function configurationOf(index: number, kind: Kind): SessionConfiguration {
  return {
    index,
    address: `neighbour ${index}`,
    addressWords: [0, 0, 0xffff, 0x0a000001 + index],
    passive: true,
    families: 3,
    importAccept: true,
    exportAccept: true,
    holdTime: 90,
    connectRetryTime: 5,
    gracefulRestart: 'helper',
    restartTime: 60,
    nextHopSelf: false,
    localAs: LOCAL_AS,
    localId: LOCAL_ID,
    ...kind,
  };
}
