/**
 * A simulated line card: does with wires what src/linecard does with sockets, one small step at a time, and acts on
 * the blades' news only when they ring (as the real one does).
 */
import type { Random } from '../../src/base/random.ts';
import type { Fabric } from '../../src/fabric/fabric.ts';
import { CONNECTION, CONNECTION_STATE } from '../../src/fabric/layout.ts';
import type { Wire } from './wire.ts';

/** As src/linecard: how long a connection that the blade is done with may still send, milliseconds. */
const LINGER = 2000;
const WAIT_FOR_SLOT = 10_000;
const ALL = Number.MAX_SAFE_INTEGER;

/** What the world is to the card. */
export interface CardWorld {
  readonly now: number;
  /** Our address and the neighbour's on a connection of this session, four words each. */
  addresses(session: number): { readonly local: readonly number[]; readonly remote: readonly number[] };
  /** A dialled connection: the neighbour's end of it, or undefined where nobody listens. */
  dial(session: number): Wire | undefined;
  trace(text: string): void;
}

class CardConnection {
  readonly session: number;
  readonly which: number;
  readonly generation: number;
  wire: Wire | undefined;
  closing = false;
  gone = false;
  readonly #fabric: Fabric;
  readonly #world: CardWorld;
  readonly #at: number;
  readonly #onClosed: () => void;
  #receiveHead = 0;
  #paused = false;
  #ended = false;
  #lingerUntil = Number.POSITIVE_INFINITY;
  /** Bytes of the chunk that is being written, and what was waiting when it began; 0: none. */
  #writing = 0;
  #written = 0;
  #waiting = 0;

  constructor(
    fabric: Fabric,
    world: CardWorld,
    session: number,
    which: number,
    generation: number,
    wire: Wire | undefined,
    onClosed: () => void,
  ) {
    this.#fabric = fabric;
    this.#world = world;
    this.session = session;
    this.which = which;
    this.generation = generation;
    this.wire = wire;
    this.#at = fabric.connections.at(session, which);
    this.#onClosed = onClosed;
    if (wire !== undefined) this.#onOpen();
  }

  serve(): void {
    const { connections } = this.#fabric;
    if (connections.wantedGeneration(this.#at) === this.generation && !connections.wanted(this.#at))
      this.#close();
    if (this.#paused && this.#free() >= this.#target()) this.#paused = false;
    this.#send();
  }

  /** What happened outside, at most so many bytes of it; true when anything happened. */
  step(most: number): boolean {
    const { wire } = this;
    if (this.gone) return false;
    if (wire === undefined) return this.closing ? this.#expire() : this.#dialled();
    if (wire.reset) {
      this.#socketClosed(104);
      return true;
    }
    const read = this.#read(wire, most);
    const wrote = this.#write(wire, most);
    if (wire.up.drained && !this.#ended && !this.closing) {
      this.#onEnd(0);
      return true;
    }
    if (wire.up.drained && wire.down.ended) {
      this.#socketClosed(0);
      return true;
    }
    return this.#expire() || read || wrote;
  }

  /** When something happens here by itself. */
  get dueAt(): number {
    return this.gone ? Number.POSITIVE_INFINITY : this.#lingerUntil;
  }

  #dialled(): boolean {
    this.wire = this.#world.dial(this.session);
    if (this.wire === undefined) this.#socketClosed(111);
    else this.#onOpen();
    return true;
  }

  #onOpen(): void {
    const { words } = this.#fabric.connections;
    const { local, remote } = this.#world.addresses(this.session);
    local.forEach((each, i) => {
      words[this.#at + CONNECTION.localAddress + i] = each;
    });
    remote.forEach((each, i) => {
      words[this.#at + CONNECTION.remoteAddress + i] = each;
    });
    this.#fabric.connections.setState(this.#at, this.generation, CONNECTION_STATE.open);
    this.#fabric.ringHome(this.session);
  }

  #read(wire: Wire, most: number): boolean {
    if (wire.up.size === 0) return false;
    if (this.closing) {
      wire.up.read(ALL);
      return true;
    }
    if (this.#paused) return false;
    const { connections } = this.#fabric;
    const bytes = wire.up.read(Math.min(most, this.#target()));
    const start = connections.receiveStart(this.session, this.which);
    connections.receive.set(bytes, start + (this.#receiveHead & (connections.receiveBytes - 1)));
    this.#receiveHead = (this.#receiveHead + bytes.length) | 0;
    Atomics.store(connections.words, this.#at + CONNECTION.receiveHead, this.#receiveHead);
    this.#paused = this.#free() < this.#target();
    this.#fabric.ringHome(this.session);
    return true;
  }

  #free(): number {
    const { connections } = this.#fabric;
    const tail = Atomics.load(connections.words, this.#at + CONNECTION.receiveTail);
    return connections.receiveBytes - ((this.#receiveHead - tail) | 0);
  }

  /** Bytes of the next read at most: a quarter of the ring, or what is left to its end. */
  #target(): number {
    const { receiveBytes } = this.#fabric.connections;
    return Math.min(receiveBytes - (this.#receiveHead & (receiveBytes - 1)), receiveBytes >> 2);
  }

  /** Begins to write what waits, if nothing is being written. */
  #send(): void {
    if (this.#writing > 0 || this.gone || this.wire === undefined) return;
    const { words, transmitBytes } = this.#fabric.connections;
    const tail = words[this.#at + CONNECTION.transmitTail] as number;
    this.#waiting = (Atomics.load(words, this.#at + CONNECTION.transmitHead) - tail) | 0;
    if (this.#waiting === 0) {
      if (this.closing) this.wire.down.ended = true;
      return;
    }
    this.#writing = Math.min(this.#waiting, transmitBytes - (tail & (transmitBytes - 1)));
    this.#written = 0;
  }

  #write(wire: Wire, most: number): boolean {
    const length = Math.min(this.#writing - this.#written, most, wire.down.discarded ? ALL : wire.down.room);
    if (length <= 0) return false;
    const { words, transmit, transmitBytes } = this.#fabric.connections;
    const tail = words[this.#at + CONNECTION.transmitTail] as number;
    const start =
      this.#fabric.connections.transmitStart(this.session, this.which) +
      (tail & (transmitBytes - 1)) +
      this.#written;
    wire.down.write(transmit.subarray(start, start + length));
    this.#written += length;
    if (this.#written < this.#writing) return true;
    Atomics.store(words, this.#at + CONNECTION.transmitTail, (tail + this.#writing) | 0);
    this.#writing = 0;
    if (this.#waiting >= transmitBytes >> 2) this.#fabric.ringHome(this.session);
    this.#send();
    return true;
  }

  #close(): void {
    if (this.closing) return;
    this.closing = true;
    if (this.gone) {
      this.#finish();
      return;
    }
    this.#lingerUntil = this.#world.now + LINGER;
  }

  #expire(): boolean {
    if (this.#world.now < this.#lingerUntil) return false;
    if (this.wire !== undefined) {
      this.wire.down.ended = true;
      this.wire.up.discard();
    }
    this.#socketClosed(0);
    return true;
  }

  #onEnd(why: number): void {
    if (this.closing || this.#ended) return;
    this.#ended = true;
    const { connections } = this.#fabric;
    connections.words[this.#at + CONNECTION.why] = why;
    connections.setState(this.#at, this.generation, CONNECTION_STATE.ended);
    this.#fabric.ringHome(this.session);
  }

  #socketClosed(why: number): void {
    this.gone = true;
    if (this.closing) this.#finish();
    else this.#onEnd(why);
  }

  #finish(): void {
    const { connections } = this.#fabric;
    connections.reset(this.#at);
    connections.setState(this.#at, this.generation, CONNECTION_STATE.closed);
    this.#world.trace(`card: session ${this.session} connection ${this.which}/${this.generation} closed`);
    this.#onClosed();
    this.#fabric.ringHome(this.session);
  }
}

export class SimulatedCard {
  readonly #fabric: Fabric;
  readonly #world: CardWorld;
  readonly #connections = new Map<number, CardConnection>();
  /** Called while the session's last accepted connection is not quite gone. */
  readonly #waiting = new Map<number, { readonly wire: Wire; readonly until: number }>();

  constructor(fabric: Fabric, world: CardWorld) {
    this.#fabric = fabric;
    this.#world = world;
  }

  /** A neighbour calls. */
  accept(session: number, wire: Wire): void {
    if (!this.#connections.has(session * 2 + 1)) {
      this.#attach(session, wire);
      return;
    }
    const before = this.#waiting.get(session);
    if (before !== undefined) refuse(before.wire);
    this.#waiting.set(session, { wire, until: this.#world.now + WAIT_FOR_SLOT });
  }

  /** Takes the blades' news. True when there was some. */
  poll(): boolean {
    const { ready } = this.#fabric;
    let any = false;
    for (let index = 0; index < ready.size; index++) {
      for (let bits = ready.takeForCard(0, index); bits !== 0; bits &= bits - 1) {
        any = true;
        this.#serve(index * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
    return any;
  }

  /** Some connection moves a little. */
  step(random: Random): void {
    this.#refuseLate();
    const all = [...this.#connections.values()];
    if (all.length === 0) return;
    random.pick(all).step(random.chance(0.5) ? ALL : 1 + random.below(random.chance(0.5) ? 64 : 4096));
  }

  /** Everything moves as far as it goes without the others. */
  drain(): boolean {
    this.#refuseLate();
    let any = this.poll();
    for (const connection of [...this.#connections.values()]) while (connection.step(ALL)) any = true;
    return any;
  }

  get dueAt(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections.values()) due = Math.min(due, connection.dueAt);
    for (const { until } of this.#waiting.values()) due = Math.min(due, until);
    return due;
  }

  get open(): number {
    return this.#connections.size;
  }

  #serve(session: number): void {
    for (const which of [0, 1]) {
      const connection = this.#connections.get(session * 2 + which);
      if (connection !== undefined) connection.serve();
      else if (which === 0) this.#dialIfWanted(session);
    }
  }

  #dialIfWanted(session: number): void {
    const { connections } = this.#fabric;
    const at = connections.at(session, 0);
    const generation = connections.wantedGeneration(at);
    if (!connections.wanted(at) || connections.generationOf(at) === generation) return;
    connections.setState(at, generation, CONNECTION_STATE.connecting);
    this.#add(session, 0, generation, undefined);
  }

  #attach(session: number, wire: Wire): void {
    const { connections } = this.#fabric;
    this.#add(session, 1, connections.generationOf(connections.at(session, 1)) + 1, wire);
  }

  #add(session: number, which: number, generation: number, wire: Wire | undefined): void {
    const key = session * 2 + which;
    const connection = new CardConnection(this.#fabric, this.#world, session, which, generation, wire, () => {
      this.#connections.delete(key);
      if (which === 1) this.#takeWaiting(session);
    });
    this.#connections.set(key, connection);
    this.#world.trace(`card: session ${session} connection ${which}/${generation}`);
  }

  #takeWaiting(session: number): void {
    const waiting = this.#waiting.get(session);
    if (waiting === undefined) return;
    this.#waiting.delete(session);
    this.#attach(session, waiting.wire);
  }

  #refuseLate(): void {
    for (const [session, { wire, until }] of this.#waiting) {
      if (this.#world.now < until) continue;
      this.#waiting.delete(session);
      refuse(wire);
    }
  }
}

function refuse(wire: Wire): void {
  wire.down.ended = true;
  wire.up.discard();
}
