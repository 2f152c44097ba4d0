/**
 * A blade that sends by itself: over a connection of which nothing else waits, what it has written goes from the transmit ring to the
 * kernel without a detour through the line card. Whoever sends has claimed the connection's sending side, by compare-and-swap:
 *
 *   none ──→ blade: sends, notes in transmitTail how much ──┬─→ none     all is sent
 *    ↑ │                                                    └─→ card     the kernel has no room: the card's from here on
 *    │ └───→ card: sends through its event loop ──────────┐
 *    └──────────── the ring is empty ←────────────────────┘
 *
 * Nobody waits for the claim. Whoever publishes bytes and finds that the card has it is done: the card looks at the ring once more
 * after it has let go. The card closes the descriptor that the blade sends over (one of its own, a duplicate of the socket's)
 * while it has the claim, so that a number that the kernel gives out again is never sent over.
 *
 * A blade may die at any line of this. From where it sends is noted before, and the kernel itself notes how much it took before the
 * call returns: so whoever buries the blade knows how far the stream has come, and frees the claim.
 */
import type { SocketCalls } from '../base/socket-calls.ts';
import { KernelMessage } from './kernel-message.ts';
import { CONNECTION, CONNECTIONS_PER_SESSION, COURIER, MESSAGE, SENDER } from './layout.ts';
import type { FabricMemory } from './memory.ts';

export class Courier {
  readonly #calls: SocketCalls;
  readonly #message: KernelMessage;
  readonly #words: Int32Array;
  readonly #connections: Int32Array;
  readonly #me: number;
  readonly #base: number;

  constructor(memory: FabricMemory, slot: number, calls: SocketCalls) {
    this.#calls = calls;
    this.#words = new Int32Array(memory.couriers);
    this.#connections = new Int32Array(memory.connections);
    this.#me = SENDER.blade + slot;
    this.#base = slot * COURIER.words;
    this.#message = new KernelMessage(
      calls,
      memory.couriers,
      this.#base + COURIER.out,
      memory.transmit,
      memory.options.transmitBytes,
    );
    this.#words[this.#base + COURIER.connection] = 0;
  }

  /** Sends what the ring holds up to `head`, which is published. True: the line card need not be told. */
  send(session: number, which: number, at: number, head: number): boolean {
    const connections = this.#connections;
    if (connections[at + CONNECTION.descriptor] === 0) return false;
    this.#words[this.#base + COURIER.sending] = 0;
    this.#words[this.#base + COURIER.connection] = at + 1;
    const holder = Atomics.compareExchange(connections, at + CONNECTION.sender, SENDER.none, this.#me);
    if (holder !== SENDER.none) return holder === SENDER.card;
    const all = this.#sendClaimed(session * CONNECTIONS_PER_SESSION + which, at, head);
    Atomics.store(connections, at + CONNECTION.sender, all ? SENDER.none : SENDER.card);
    return all;
  }

  /** Whoever waits for this thread's processor, maybe to hear what was just sent, runs before we go on. */
  giveWay(): void {
    this.#calls.giveWay();
  }

  #sendClaimed(ring: number, at: number, head: number): boolean {
    const words = this.#words;
    const connections = this.#connections;
    const tail = connections[at + CONNECTION.transmitTail] as number;
    const descriptor = (connections[at + CONNECTION.descriptor] as number) - 1;
    const waiting = (head - tail) | 0;
    if (descriptor < 0) return false;
    this.#message.aim(ring, tail, waiting);
    words[this.#base + COURIER.from] = tail;
    words[this.#base + COURIER.sending] = 1;
    this.#calls.send(descriptor, this.#message.address);
    const sent = this.#message.moved;
    Atomics.store(connections, at + CONNECTION.transmitTail, (tail + sent) | 0);
    return sent === waiting;
  }
}

/** A blade is dead: its claim, if it had one, is nobody's. Returns the session that it was just sending for, or -1. */
export function freeClaim(memory: FabricMemory, dead: number): number {
  const connections = new Int32Array(memory.connections);
  const words = new Int32Array(memory.couriers, dead * COURIER.words * 4, COURIER.words);
  const at = (words[COURIER.connection] as number) - 1;
  if (at < 0 || Atomics.load(connections, at + CONNECTION.sender) !== SENDER.blade + dead) return -1;
  if (words[COURIER.sending] === 1) {
    const moved = words[COURIER.out + MESSAGE.moved] as number;
    const tail = ((words[COURIER.from] as number) + moved) | 0;
    Atomics.store(connections, at + CONNECTION.transmitTail, tail);
  }
  Atomics.store(connections, at + CONNECTION.sender, SENDER.none);
  return Math.floor(at / CONNECTION.words / CONNECTIONS_PER_SESSION);
}
