/**
 * One real blade in this thread, with a simulated line card and clock: hostile neighbours who say anything, and a witness that
 * is told their routes and receives strictly. Whatever the hostile ones do, the witness's session stays up and all it is told
 * makes sense; when they are gone, so are their routes.
 */
import type { Random } from '../../../src/base/random.ts';
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
import { Prefix, readPrefix4, readPrefix6 } from '../../../src/bgp/nlri.ts';
import { as2For, encodeOpen, noCapabilities } from '../../../src/bgp/open.ts';
import { Action, decodeUpdate, UpdateView } from '../../../src/bgp/update.ts';
import { LIMITS } from '../../../src/blade/limits.ts';
import type { SessionConfiguration } from '../../../src/blade/messages.ts';
import { Fabric } from '../../../src/fabric/fabric.ts';
import { BOX, SESSION } from '../../../src/fabric/layout.ts';
import { createFabricMemory } from '../../../src/fabric/memory.ts';
import { describeFor } from '../../../src/rib/attribute-row.ts';
import { SimulatedCard } from '../../simulation/card.ts';
import { LOCAL_AS, LOCAL_ID, optionsFor } from '../../simulation/options.ts';
import { SimulatedBlade } from '../../simulation/simulated-blade.ts';
import { Wire } from '../../simulation/wire.ts';
import { hold } from '../target.ts';

export const HOSTILE_ASES: readonly number[] = [64666, LOCAL_AS, 64667];
const WITNESS = HOSTILE_ASES.length;
const WITNESS_AS = 64502;
const ALL = Number.MAX_SAFE_INTEGER;
const WINDOW = 1 << 20;
/** Turns of everything in which it must get quiet. */
const ROUNDS = 20_000;

const SIZES = {
  blades: 1,
  lineCards: 1,
  sessions: WITNESS + 1,
  prefixes4: 1 << 14,
  prefixes6: 1 << 14,
  attributes: 1 << 15,
  attributeBytes: 1 << 24,
  pages: 1 << 10,
  ringRecords: 16,
  receiveBytes: 1 << 16,
  transmitBytes: 1 << 17,
  grafts: 2,
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
  readonly #witness: Wire;
  readonly #held = new Set<string>();

  constructor() {
    const memory = createFabricMemory(SIZES);
    this.fabric = new Fabric(memory, 1, describeFor(LOCAL_AS));
    const configurations = [...HOSTILE_ASES, WITNESS_AS].map((as, index) => configurationOf(index, as));
    const options = { ...optionsFor(1, 1), preemption: 0, limits: LIMITS };
    this.blade = new SimulatedBlade(memory, 0, configurations, options, this);
    Atomics.store(this.fabric.box, BOX.running, 1);
    this.card = new SimulatedCard(this.fabric, this);
    for (const { index } of configurations) {
      this.fabric.setHome(index, 0);
      this.blade.order({ kind: 'adopt', session: index });
    }
    this.settle();
    this.#witness = this.call(WITNESS);
    this.#witness.up.write(openOf(WITNESS_AS));
    this.#witness.up.write(KEEPALIVE);
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
      this.now = Math.max(
        this.now + 1,
        Math.min(this.card.dueAt, this.blade.blade.nextTimer, this.now + 60_000),
      );
    }
    hold(false, 'what a neighbour left behind is never put away');
  }

  get #put(): boolean {
    if (this.card.open > 1) return false;
    for (let session = 0; session < WITNESS; session++) {
      const state = this.fabric.session(session, SESSION.state);
      if (state !== State.Active) return false;
      if (this.fabric.session(session, SESSION.sweepCursor) !== 0) return false;
      if (this.fabric.session(session, SESSION.staleFamilies) !== 0) return false;
    }
    return true;
  }

  /** The witness is up, and what it was told makes sense. */
  check(): void {
    hold(
      this.fabric.session(WITNESS, SESSION.state) === State.Established,
      'the session of the witness went down',
    );
    hold(!this.#witness.down.ended && !this.#witness.reset, 'the connection of the witness was closed');
    eachMessage(this.#witness.down.read(ALL), (bytes, at, length) => {
      const type = messageType(bytes, at);
      hold(type !== MessageType.Notification, 'the witness was sent a NOTIFICATION');
      if (type === MessageType.Update) this.#told(bytes, at + HEADER_LENGTH, at + length);
    });
  }

  /** When all of the hostile ones are gone. */
  checkEmpty(): void {
    this.check();
    hold(this.#held.size === 0, `the witness still holds ${[...this.#held].slice(0, 3).join(' ')}`);
  }

  #told(bytes: Uint8Array, start: number, end: number): void {
    decodeUpdate(bytes, start, end, { fourOctetAs: true, external: true, families: 3 }, view);
    hold(view.action === Action.None, `the witness was told what is wrong: ${view.errorWhy}`);
    this.#forget(bytes, view.withdrawnStart, view.withdrawnEnd, 1);
    this.#forget(bytes, view.unreachStart, view.unreachEnd, view.unreachAfi);
    this.#learn(bytes, view.nlriStart, view.nlriEnd, 1);
    this.#learn(bytes, view.reachNlriStart, view.reachNlriEnd, view.reachAfi);
  }

  #learn(bytes: Uint8Array, start: number, end: number, afi: number): void {
    for (let at = start; at < end; ) {
      at = afi === 2 ? readPrefix6(bytes, at, prefix) : readPrefix4(bytes, at, prefix);
      this.#held.add(key(afi));
    }
  }

  #forget(bytes: Uint8Array, start: number, end: number, afi: number): void {
    for (let at = start; at < end; ) {
      at = afi === 2 ? readPrefix6(bytes, at, prefix) : readPrefix4(bytes, at, prefix);
      hold(this.#held.delete(key(afi)), `the witness was withdrawn ${key(afi)}, which it does not hold`);
    }
  }
}

const key = (afi: number): string =>
  `${afi}:${prefix.word0},${prefix.word1},${prefix.word2},${prefix.word3}/${prefix.length}`;

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

function configurationOf(index: number, as: number): SessionConfiguration {
  return {
    index,
    address: `neighbour ${index}`,
    addressWords: [0, 0, 0xffff, 0x0a000001 + index],
    as,
    passive: true,
    families: 3,
    importAccept: true,
    exportAccept: true,
    holdTime: index === WITNESS ? 0 : 90,
    connectRetryTime: 5,
    gracefulRestart: index === 2 ? 'full' : 'helper',
    restartTime: 60,
    nextHopSelf: false,
    localAs: LOCAL_AS,
    localId: LOCAL_ID,
  };
}
