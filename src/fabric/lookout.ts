/**
 * A blade that waits for its neighbours itself. A change that goes from the socket to the line card's thread, and from there to the
 * blade's, wakes two sleeping threads, and waking one is most of what a single change costs; for a full table, half of what the card uses
 * is its event loop and waking the blade. So the card lends connections that are Established to their home blade, which reads them
 * into the receive ring itself, and sleeps where the kernel wakes it for a socket or for its doorbell (an eventfd).
 *
 *   card reads ──(Established: lends)──→ blade reads ──(the end, an error, done with it: gives back)──→ card reads
 *
 * A little is read as soon as the kernel reports it. Of a flood, as much is read as the ring has room for, and more when the blade is
 * through with that; until then the neighbour's window closes.
 *
 * Whoever has the reading (CONNECTION.reader) is the only writer of receiveHead, and the only one to give it away. It belongs to the home
 * blade, whoever that is: at a graft, or when a blade dies, the next home finds it and goes on. A descriptor that is lent is not
 * closed. Once the blade has said that it wants the connection no longer, the reading is the card's, who may have lent it just then.
 *
 * As in courier.ts the kernel notes in shared memory how much it has put into the ring, so that nothing is lost with a blade
 * that dies before it says so.
 */
import { EPOLL, EVENT, type SocketCalls } from '../base/socket-calls.ts';
import type { Fabric } from './fabric.ts';
import { KernelMessage } from './kernel-message.ts';
import { CONNECTION, CONNECTIONS_PER_SESSION, COURIER, MESSAGE, READER } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/** Whoever says so much at once floods us. Octets. What waits in the ring is read down to so much before there is more of it. */
const FLOOD = 4096;
/** Octets that are read at once at most: what the processor's cache still has when it is handled. */
const BULK = 65_536;
/** Events that are taken at once. */
const EVENTS = 256;
const DOORBELL = -1;
const BROKEN = EPOLL.error | EPOLL.hangUp | EPOLL.readHangUp;

export class Lookout {
  /** Connections that are read here. */
  size = 0;
  readonly #fabric: Fabric;
  readonly #calls: SocketCalls;
  readonly #message: KernelMessage;
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #events = new Int32Array(new SharedArrayBuffer(EVENTS * EVENT.words * 4));
  readonly #eventsAt: number;
  readonly #waiter: number;
  /** By connection: it is read here. */
  readonly #mine: Uint8Array;
  /** By connection: the kernel may have more of it, and does not report that again. */
  readonly #more: Uint8Array;
  /** By connection: what came of it last was a flood. */
  readonly #floods: Uint8Array;

  /** Undefined where the kernel has no descriptors left for it: then the line cards read alone. */
  static open(fabric: Fabric, calls: SocketCalls): Lookout | undefined {
    const waiter = calls.openWaiter();
    if (waiter < 0) return undefined;
    const lookout = new Lookout(fabric, calls, waiter);
    const signal = fabric.bells.signalOf(fabric.thread, calls);
    // Whoever sleeps where no doorbell is heard wakes up when a timer is due.
    if (signal >= 0 && lookout.#watch(signal, DOORBELL)) return lookout;
    lookout.close();
    return undefined;
  }

  private constructor(fabric: Fabric, calls: SocketCalls, waiter: number) {
    const { memory, thread } = fabric;
    this.#fabric = fabric;
    this.#calls = calls;
    this.#words = new Int32Array(memory.couriers);
    this.#base = thread * COURIER.words;
    this.#message = new KernelMessage(
      calls,
      memory.couriers,
      this.#base + COURIER.in,
      memory.receive,
      memory.options.receiveBytes,
    );
    const all = memory.options.sessions * CONNECTIONS_PER_SESSION;
    this.#mine = new Uint8Array(all);
    this.#more = new Uint8Array(all);
    this.#floods = new Uint8Array(all);
    this.#eventsAt = calls.addressOf(this.#events.buffer as SharedArrayBuffer);
    this.#words[this.#base + COURIER.receiving] = 0;
    this.#waiter = waiter;
    this.#words[this.#base + COURIER.waiter] = waiter + 1;
  }

  /** The card may have lent us the reading of a session that is served here. */
  notice(session: number): void {
    const first = session * CONNECTIONS_PER_SESSION;
    for (let connection = first; connection < first + CONNECTIONS_PER_SESSION; connection++) {
      if (this.#isLent(connection) && this.#mine[connection] === 0) this.#begin(connection);
    }
  }

  /** A connection of the session is read here, and calm. */
  isCalm(session: number): boolean {
    const first = session * CONNECTIONS_PER_SESSION;
    let calm = 0;
    for (let connection = first; connection < first + CONNECTIONS_PER_SESSION; connection++)
      calm |= (this.#mine[connection] as number) & ~(this.#floods[connection] as number);
    return calm === 1;
  }

  /** What the session's ring held is nearly read, or is not enough: takes more, where the kernel has some; true when that came. */
  refill(session: number): boolean {
    const first = session * CONNECTIONS_PER_SESSION;
    let came = false;
    for (let connection = first; connection < first + CONNECTIONS_PER_SESSION; connection++)
      if (this.#more[connection] === 1 && this.#read(connection)) came = true;
    return came;
  }

  /** What the kernel has of a session that is served here is in its ring now, if the reading is ours. */
  catchUp(session: number): void {
    this.notice(session);
    if (this.size > 0) while (this.look(0));
    // What stands in the ring may be the first part of a message, and no more.
    this.refill(session);
  }

  /** We are done with a connection: what still comes of it the card reads. */
  giveBack(session: number, which: number): void {
    const connection = session * CONNECTIONS_PER_SESSION + which;
    if (this.#mine[connection] === 1) this.#giveBack(connection);
  }

  /** The session is served here no longer; its next home reads on. */
  leave(session: number): void {
    const first = session * CONNECTIONS_PER_SESSION;
    for (let connection = first; connection < first + CONNECTIONS_PER_SESSION; connection++)
      this.#end(connection);
  }

  /**
   * Takes what has come, after so many milliseconds at the latest if nothing does; true: there may be more, which is still reported. A thousand
   * neighbours that all say something would take longer than a turn is to take.
   */
  look(milliseconds: number): boolean {
    const { words, about } = EVENT;
    const count = this.#calls.wait(this.#waiter, this.#eventsAt, EVENTS, Math.ceil(milliseconds));
    for (let i = 0; i < count; i++) {
      const connection = this.#events[i * words + about] as number;
      if (connection !== DOORBELL) this.#receive(connection, this.#events[i * words] as number);
    }
    return count === EVENTS;
  }

  close(): void {
    this.#words[this.#base + COURIER.waiter] = 0;
    this.#calls.close(this.#waiter);
  }

  #receive(connection: number, event: number): void {
    if (this.#mine[connection] === 0) return;
    this.#more[connection] = 1;
    const { connections } = this.#fabric;
    if (connections.receivable(connection * CONNECTION.words) >= FLOOD) this.#notify(connection);
    // Whoever reads an error takes it away, and it is the card that says why a connection is over.
    else if ((event & EPOLL.error) === 0) this.#read(connection);
    if ((event & BROKEN) !== 0) this.#giveBack(connection);
  }

  /** True: something came. */
  #read(connection: number): boolean {
    const { connections } = this.#fabric;
    const at = connection * CONNECTION.words;
    const head = connections.words[at + CONNECTION.receiveHead] as number;
    const tail = connections.words[at + CONNECTION.receiveTail] as number;
    const most = Math.min(connections.receiveBytes - ((head - tail) | 0), BULK);
    if (most === 0) return false;
    this.#message.aim(connection, head, most);
    this.#words[this.#base + COURIER.incoming] = at + 1;
    this.#words[this.#base + COURIER.receivedFrom] = head;
    this.#words[this.#base + COURIER.receiving] = 1;
    const any = this.#calls.receive(this.#descriptor(connection), this.#message.address);
    const came = this.#message.moved;
    if (came > 0) Atomics.store(connections.words, at + CONNECTION.receiveHead, (head + came) | 0);
    this.#words[this.#base + COURIER.receiving] = 0;
    // Less than there was room for: whatever comes from here on is reported.
    this.#more[connection] = came === most ? 1 : 0;
    this.#floods[connection] = came >= FLOOD ? 1 : 0;
    if (any && came === 0) this.#giveBack(connection);
    if (came > 0) this.#notify(connection);
    return came > 0;
  }

  /** The blade is to hear it. It may look out in the middle of its last turn before sleep, behind where it looked for whoever has news. */
  #notify(connection: number): void {
    const { ready, bells, thread } = this.#fabric;
    ready.setForBlade(connection >> 1);
    bells.awake(thread);
  }

  #begin(connection: number): void {
    if (this.#watch(this.#descriptor(connection), connection)) {
      this.#mine[connection] = 1;
      this.#more[connection] = 0;
      this.#floods[connection] = 0;
      this.size++;
    } else this.#giveBack(connection);
  }

  /** What is there already is reported, too. */
  #watch(descriptor: number, about: number): boolean {
    this.#events[0] = EPOLL.in | EPOLL.readHangUp | EPOLL.edge;
    this.#events[EVENT.about] = about;
    return this.#calls.watch(this.#waiter, descriptor, this.#eventsAt);
  }

  #end(connection: number): void {
    if (this.#mine[connection] === 0) return;
    this.#calls.unwatch(this.#waiter, this.#descriptor(connection));
    this.#mine[connection] = 0;
    this.#more[connection] = 0;
    this.size--;
  }

  #giveBack(connection: number): void {
    // In this order: the descriptor is ours as long as the reading is.
    this.#end(connection);
    giveReadingBack(this.#fabric, connection >> 1, connection & 1);
  }

  /** Does the blade read this connection? Of one that it no longer wants, the card takes the reading back by itself. */
  #isLent(connection: number): boolean {
    const { connections } = this.#fabric;
    const at = connection * CONNECTION.words;
    return connections.words[at + CONNECTION.reader] === READER.blade && connections.wanted(at);
  }

  #descriptor(connection: number): number {
    const { words } = this.#fabric.connections;
    return (words[connection * CONNECTION.words + CONNECTION.descriptor] as number) - 1;
  }
}

/** A blade without a look-out: the card, which does not know that, reads on. */
export function declineReading(fabric: Fabric, session: number): void {
  const { words } = fabric.connections;
  for (let which = 0; which < CONNECTIONS_PER_SESSION; which++) {
    const at = fabric.connections.at(session, which);
    if (words[at + CONNECTION.reader] === READER.blade) giveReadingBack(fabric, session, which);
  }
}

/** The card reads from here on. */
export function giveReadingBack(fabric: Fabric, session: number, which: number): void {
  const { words } = fabric.connections;
  Atomics.store(words, fabric.connections.at(session, which) + CONNECTION.reader, READER.card);
  fabric.ringCard(session);
}

/** A blade is dead: what the kernel gave it counts, though it never said so. `calls`: those of the thread that buries it. */
export function closeLookout(memory: FabricMemory, dead: number, calls: SocketCalls | undefined): void {
  const connections = new Int32Array(memory.connections);
  const words = new Int32Array(memory.couriers, dead * COURIER.words * 4, COURIER.words);
  const at = (words[COURIER.incoming] as number) - 1;
  if (words[COURIER.receiving] === 1) {
    const moved = words[COURIER.in + MESSAGE.moved] as number;
    const head = ((words[COURIER.receivedFrom] as number) + moved) | 0;
    Atomics.store(connections, at + CONNECTION.receiveHead, head);
    words[COURIER.receiving] = 0;
  }
  const waiter = (words[COURIER.waiter] as number) - 1;
  words[COURIER.waiter] = 0;
  if (waiter >= 0) calls?.close(waiter);
}
