import { CONNECTION, CONNECTION_STATE, CONNECTIONS_PER_SESSION, READER, SENDER } from './layout.ts';
import type { FabricMemory } from './memory.ts';

/** Octets that are copied one by one: a single change. A view of an array costs more, and is an object. */
const SHORT = 256;

/**
 * Connections as the blade and the line card see them: what the blade wants, what the line card has, and a ring
 * of bytes each way. All state, no messages: a blade that takes a session over finds everything here.
 *
 *   want: the blade   generation << 1 | open        is: the line card   generation << 2 | CONNECTION_STATE
 *
 * A generation is one TCP connection. Dialled (0): the blade makes a new generation, the line card dials.
 * Accepted (1): the line card makes it, and the blade wants it or not. A connection is over when the blade has
 * stopped wanting it and the line card has said closed; the line card then sets all positions to zero, and
 * nobody touches them before the next generation is open.
 */
export class Connections {
  readonly words: Int32Array;
  readonly receive: Uint8Array;
  readonly transmit: Uint8Array;
  readonly receiveBytes: number;
  readonly transmitBytes: number;

  constructor(memory: FabricMemory) {
    this.words = new Int32Array(memory.connections);
    this.receive = new Uint8Array(memory.receive);
    this.transmit = new Uint8Array(memory.transmit);
    this.receiveBytes = memory.options.receiveBytes;
    this.transmitBytes = memory.options.transmitBytes;
  }

  /** Index of a connection's first control word. */
  at(session: number, connection: number): number {
    return (session * CONNECTIONS_PER_SESSION + connection) * CONNECTION.words;
  }

  /** Index of the first byte of a connection's receive ring. */
  receiveStart(session: number, connection: number): number {
    return (session * CONNECTIONS_PER_SESSION + connection) * this.receiveBytes;
  }

  transmitStart(session: number, connection: number): number {
    return (session * CONNECTIONS_PER_SESSION + connection) * this.transmitBytes;
  }

  stateOf(at: number): number {
    return Atomics.load(this.words, at + CONNECTION.is) & 3;
  }

  generationOf(at: number): number {
    return Atomics.load(this.words, at + CONNECTION.is) >> 2;
  }

  wanted(at: number): boolean {
    return (Atomics.load(this.words, at + CONNECTION.want) & 1) === 1;
  }

  wantedGeneration(at: number): number {
    return Atomics.load(this.words, at + CONNECTION.want) >> 1;
  }

  /** Neither side holds anything. */
  idle(at: number): boolean {
    return !this.wanted(at) && this.stateOf(at) === CONNECTION_STATE.closed;
  }

  want(at: number, generation: number, open: boolean): void {
    Atomics.store(this.words, at + CONNECTION.want, (generation << 1) | (open ? 1 : 0));
  }

  setState(at: number, generation: number, state: number): void {
    Atomics.store(this.words, at + CONNECTION.is, (generation << 2) | state);
  }

  /** Bytes received and not yet taken. */
  receivable(at: number): number {
    return (
      (Atomics.load(this.words, at + CONNECTION.receiveHead) - this.words[at + CONNECTION.receiveTail]!) | 0
    );
  }

  /** Room in the transmit ring, bytes. */
  transmitRoom(at: number): number {
    const used =
      (this.words[at + CONNECTION.transmitHead]! - Atomics.load(this.words, at + CONNECTION.transmitTail)) |
      0;
    return this.transmitBytes - used;
  }

  /**
   * Copies bytes behind those already written at `head` and returns the new head; publish it with
   * `publishTransmit`. The caller has asked for room.
   */
  write(
    session: number,
    connection: number,
    head: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const ring = this.transmitStart(session, connection);
    const mask = this.transmitBytes - 1;
    const at = head & mask;
    const length = end - start;
    const first = Math.min(length, this.transmitBytes - at);
    this.#copy(bytes, start, start + first, ring + at);
    if (first < length) this.#copy(bytes, start + first, end, ring);
    return (head + length) | 0;
  }

  #copy(bytes: Uint8Array, start: number, end: number, to: number): void {
    const { transmit } = this;
    if (end - start > SHORT) transmit.set(bytes.subarray(start, end), to);
    else for (let from = start; from < end; from++, to++) transmit[to] = bytes[from] as number;
  }

  transmitHead(at: number): number {
    return this.words[at + CONNECTION.transmitHead] as number;
  }

  publishTransmit(at: number, head: number): void {
    Atomics.store(this.words, at + CONNECTION.transmitHead, head);
  }

  releaseReceived(at: number, tail: number): void {
    Atomics.store(this.words, at + CONNECTION.receiveTail, tail);
  }

  /** Line card, with the connection closed on both sides. */
  reset(at: number): void {
    this.words[at + CONNECTION.receiveHead] = 0;
    this.words[at + CONNECTION.receiveTail] = 0;
    this.words[at + CONNECTION.transmitHead] = 0;
    this.words[at + CONNECTION.transmitTail] = 0;
    this.words[at + CONNECTION.reader] = READER.card;
    Atomics.store(this.words, at + CONNECTION.sender, SENDER.none);
  }
}
