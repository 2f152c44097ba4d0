/**
 * The blade's end of one TCP connection, as state and rings in the fabric (fabric/connections.ts): dial, take up a call,
 * close, read whole messages, write small ones. The line card has the other end.
 */
import { u16 } from '../../bgp/bytes.ts';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE, MAX_MESSAGE, readHeader } from '../../bgp/message.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { BLADE_WORD, CONNECTION, CONNECTION_STATE, READER, SESSION_NUMBER } from '../../fabric/layout.ts';
import { publishTransmit } from './transmit.ts';

/** What the line card has to say of the connection. */
export const News = { None: 0, Opened: 1, Failed: 2, Called: 3 } as const;
export type News = (typeof News)[keyof typeof News];

/** Who takes the messages that are read. */
export interface MessageTaker {
  maxMessage(): number;
  onMessage(bytes: Uint8Array, at: number, length: number): void;
  /** No more messages for now: what they brought is to be applied before their room is given back. */
  onPause(): void;
  /** What stands there is no message: the negative answer of readHeader. */
  onBadHeader(bytes: Uint8Array, at: number, answer: number): void;
}

const CALLED = 1;

/** The message is all there before the ring's end. */
function endsWithin(bytes: Uint8Array, at: number, contiguous: number): boolean {
  return contiguous >= HEADER_LENGTH && u16(bytes, at + 16) <= contiguous;
}

/** A message that wraps around the ring's end is read here. */
const scratch = new Uint8Array(MAX_EXTENDED_MESSAGE);

export class Wire {
  /** Generation of the connection in use, 0: none. */
  generation = 0;
  /** Bytes go both ways. */
  opened = false;
  /** Set while messages are read: no more of them for now. */
  halted = false;
  /** What was read since the last pause is to be read again. */
  #again = false;
  /** The message that is being handled stays where it is: it is to be read again. */
  #left = false;
  /** Position behind the message that is being handled. */
  #behind = 0;
  readonly #fabric: Fabric;
  readonly #session: number;
  readonly #which: number;
  readonly #at: number;

  constructor(fabric: Fabric, session: number, which: number) {
    this.#fabric = fabric;
    this.#session = session;
    this.#which = which;
    this.#at = fabric.connections.at(session, which);
  }

  /** Takes up the open connection that another blade gave up. */
  attach(): void {
    this.generation = this.#fabric.connections.generationOf(this.#at);
    this.opened = true;
  }

  /** Leaves the connection to another blade. */
  detach(): void {
    this.generation = 0;
    this.opened = false;
  }

  news(): News {
    const { connections } = this.#fabric;
    const state = connections.stateOf(this.#at);
    const generation = connections.generationOf(this.#at);
    // One that was given up, here or by the last home blade, is only waiting to be closed.
    const givenUp = connections.wantedGeneration(this.#at) === generation && !connections.wanted(this.#at);
    if (givenUp || generation === 0 || state === CONNECTION_STATE.closed) return News.None;
    if (generation !== this.generation) return this.#which === CALLED ? News.Called : News.None;
    if (this.opened) return News.None;
    if (state === CONNECTION_STATE.open) return News.Opened;
    return state === CONNECTION_STATE.ended ? News.Failed : News.None;
  }

  /** The neighbour called anew while it was open: true once. */
  takeBeside(): boolean {
    const { words } = this.#fabric.connections;
    const at = this.#at + CONNECTION.beside;
    if (!this.opened || Atomics.load(words, at) !== this.generation) return false;
    Atomics.store(words, at, 0);
    return true;
  }

  /** The neighbour closed it; what it sent before may still be there to be read. */
  get ended(): boolean {
    return this.#fabric.connections.stateOf(this.#at) === CONNECTION_STATE.ended;
  }

  /** Why the connection failed: the system's number of the error; 0: unknown. */
  get why(): number {
    return this.#fabric.connections.words[this.#at + CONNECTION.why] as number;
  }

  /** Received and not read yet. */
  get waitingBytes(): number {
    return this.opened ? this.#fabric.connections.receivable(this.#at) : 0;
  }

  /** Dials; false while the last connection is not gone on both sides. */
  dial(): boolean {
    const { connections } = this.#fabric;
    if (!connections.idle(this.#at)) return false;
    this.opened = false;
    this.generation = connections.generationOf(this.#at) + 1;
    connections.want(this.#at, this.generation, true);
    this.#fabric.ringCard(this.#session);
    return true;
  }

  /** Takes up a call: it is open when `news` says so. */
  answer(): void {
    const { connections } = this.#fabric;
    this.opened = false;
    this.generation = connections.generationOf(this.#at);
    connections.want(this.#at, this.generation, true);
  }

  /** Turns a call down, with a last message if there is one to say. */
  refuse(message?: Uint8Array): void {
    this.attach();
    if (message !== undefined) this.send(message);
    this.close();
  }

  /** The message that is being handled, and all before it, is not to be read again by anybody. */
  pass(): void {
    this.#fabric.connections.releaseReceived(this.#at, this.#behind);
  }

  close(): void {
    if (this.generation === 0) return;
    this.#fabric.lookout?.giveBack(this.#session, this.#which);
    this.#fabric.connections.want(this.#at, this.generation, false);
    this.#fabric.ringCard(this.#session);
    this.opened = false;
    // A call's generation is remembered until the next one: it is not answered twice.
    if (this.#which !== CALLED) this.generation = 0;
  }

  /** Without room nothing is sent: the neighbour has bytes from us to come, and a KEEPALIVE would say no more. */
  send(message: Uint8Array): void {
    const { connections } = this.#fabric;
    if (!this.opened || connections.transmitRoom(this.#at) < message.length) return;
    const head = connections.transmitHead(this.#at);
    const next = connections.write(this.#session, this.#which, head, message, 0, message.length);
    publishTransmit(this.#fabric, this.#session, this.#which, next);
    this.#fabric.count(this.#session, SESSION_NUMBER.messagesSent);
  }

  /** Its effects may be there already, all or in part: repeating is what happens after a death, too. */
  readAgain(): void {
    this.halted = true;
    this.#again = true;
  }

  /** The message that is being handled is the first one to be read the next time: nothing came of it, and all before it is applied. */
  leave(): void {
    this.halted = true;
    this.#left = true;
    this.#fabric.count(this.#session, SESSION_NUMBER.messagesReceived, -1);
  }

  /**
   * Gives whole messages to `taker` until about `budget` bytes are read, or it closes the wire. Returns bytes read;
   * their room in the ring is given back once all was applied.
   */
  read(budget: number, taker: MessageTaker): number {
    const { connections } = this.#fabric;
    const head = Atomics.load(connections.words, this.#at + CONNECTION.receiveHead);
    const first = connections.words[this.#at + CONNECTION.receiveTail] as number;
    let tail = first;
    const { bladeWords, thread } = this.#fabric;
    const note = thread * BLADE_WORD.words;
    bladeWords[note + BLADE_WORD.connection] = this.#which;
    this.halted = false;
    this.#left = false;
    while (this.opened && !this.halted && ((tail - first) | 0) < budget) {
      bladeWords[note + BLADE_WORD.position] = tail;
      bladeWords[note + BLADE_WORD.session] = this.#session + 1;
      const length = this.#readMessage(tail, (head - tail) | 0, taker);
      if (length === 0) break;
      tail = (tail + length) | 0;
    }
    taker.onPause();
    bladeWords[note + BLADE_WORD.session] = 0;
    const read = (tail - first) | 0;
    if (this.#again) {
      this.#again = false;
      // What was passed on the way is not read again, and has made room.
      const passed = connections.words[this.#at + CONNECTION.receiveTail] as number;
      if (passed !== first) this.#release(first, passed);
      return 0;
    }
    if (this.opened && read > 0) this.#release(first, tail);
    return read;
  }

  /** Reads the message at a position in the ring; its length, or 0 when it is not complete, or none, or left. */
  #readMessage(tail: number, available: number, taker: MessageTaker): number {
    if (available < HEADER_LENGTH) return 0;
    const { connections } = this.#fabric;
    const ring = connections.receiveStart(this.#session, this.#which);
    const offset = tail & (connections.receiveBytes - 1);
    const contiguous = connections.receiveBytes - offset;
    const most = taker.maxMessage();
    let bytes: Uint8Array = connections.receive;
    let at = ring + offset;
    if (contiguous < Math.min(Math.max(most, MAX_MESSAGE), available) && !endsWithin(bytes, at, contiguous)) {
      const take = Math.min(available, most);
      const first = Math.min(take, contiguous);
      scratch.set(connections.receive.subarray(at, at + first));
      if (first < take) scratch.set(connections.receive.subarray(ring, ring + take - first), first);
      bytes = scratch;
      at = 0;
    }
    const length = readHeader(bytes, at, available, most);
    this.#behind = (tail + length) | 0;
    if (length < 0) taker.onBadHeader(bytes, at, length);
    if (length <= 0 || length > available) return 0;
    this.#fabric.count(this.#session, SESSION_NUMBER.messagesReceived);
    taker.onMessage(bytes, at, length);
    return this.#left ? 0 : length;
  }

  #release(first: number, tail: number): void {
    const { connections } = this.#fabric;
    connections.releaseReceived(this.#at, tail);
    this.#fabric.count(this.#session, SESSION_NUMBER.bytesReceived, (tail - first) | 0);
    // The line card waits for room only where it reads, and when less than a quarter was free: it looks at that behind its head, we at
    // its head behind that.
    if (connections.words[this.#at + CONNECTION.reader] !== READER.card) return;
    const head = Atomics.load(connections.words, this.#at + CONNECTION.receiveHead);
    if (((head - first) | 0) > connections.receiveBytes >> 1) this.#fabric.ringCard(this.#session);
  }
}
