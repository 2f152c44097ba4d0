/**
 * One TCP connection of a session, between the kernel and the fabric. Bytes are read straight into the session's
 * receive ring and written straight from its transmit ring: copied once, by the kernel.
 *
 * A blade sends by itself what the kernel has room for (fabric/courier.ts): who writes to the socket has the claim. And once its session
 * is Established it reads (fabric/lookout.ts): we do again when it gives the reading back.
 *
 * Flow control is the rings': a full receive ring pauses the socket, and so closes the neighbour's window. It knows
 * bytes and no BGP.
 */
import type net from 'node:net';
import { socketCalls } from '../base/socket-calls.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { CARD_NUMBER, CONNECTION, CONNECTION_STATE, READER, SENDER } from '../fabric/layout.ts';
import { addressWords } from './address-words.ts';
import { aimNextRead, descriptorOf } from './handle.ts';
import { otherAddress } from './link-local.ts';

/** After the blade is done with a connection: how long its last bytes may take to leave, milliseconds. */
const LINGER = 2000;
/** When a blade is just sending over what is to be closed, it is tried again, milliseconds. */
const AGAIN = 1;
/** Looks at most that are let pass before a connection is lent again that comes back unread: some seconds. */
const MOST_PASSED = 63;

/** What the line card hears of a connection. */
export interface ConnectionEvents {
  /** So many bytes were received, and what the blade has to say about it is for us to send. */
  readonly read: (bytes: number) => void;
  readonly closed: () => void;
  /** There is no descriptor left by which its blade could read and send. */
  readonly short: () => void;
  /** Its blade reads no longer: there may be another one to lend it to. */
  readonly takenBack: () => void;
}

export class Connection {
  readonly session: number;
  readonly which: number;
  readonly generation: number;
  readonly #fabric: Fabric;
  readonly #card: number;
  readonly #at: number;
  readonly #socket: net.Socket;
  readonly #events: ConnectionEvents;
  #receiveHead = 0;
  /** The part of the ring that the next read goes to. */
  #target: Uint8Array;
  #paused = false;
  #writing = false;
  #closing = false;
  #gone = false;
  /** Position in the transmit ring up to which what left is counted. */
  #counted = 0;
  #countedIn = 0;
  /** The home blade reads. */
  #lent = false;
  /** Looks that are let pass when it has come back unread, twice as many each time; and those that are left of them. */
  #unread = 0;
  #passing = 0;

  /** `open` makes the socket; it is given what reads into the ring. */
  constructor(
    fabric: Fabric,
    card: number,
    session: number,
    which: number,
    generation: number,
    open: (onread: net.OnReadOpts) => net.Socket,
    events: ConnectionEvents,
  ) {
    this.#fabric = fabric;
    this.#card = card;
    this.session = session;
    this.which = which;
    this.generation = generation;
    this.#at = fabric.connections.at(session, which);
    this.#events = events;
    this.#target = this.#nextTarget();
    this.#socket = open({
      buffer: () => this.#target,
      callback: (bytes) => this.#onRead(bytes),
    });
    this.#socket.setNoDelay(true);
    this.#socket.on('connect', () => this.#onOpen());
    this.#socket.on('end', () => this.#onEnd(0));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#onEnd(Math.abs(error.errno ?? 1)));
    this.#socket.on('close', () => this.#onSocketClosed());
  }

  /** An accepted socket is open already. */
  opened(): void {
    this.#onOpen();
    this.#socket.resume();
  }

  /** The blade has news: bytes to send, room to receive, or it wants the connection no longer. */
  serve(): void {
    const { connections } = this.#fabric;
    if (this.#lent && !this.#readByBlade) this.#takeBack();
    if (connections.wantedGeneration(this.#at) === this.generation && !connections.wanted(this.#at))
      this.#close();
    if (this.#paused && !this.#lent && this.#free() >= this.#target.length) {
      this.#paused = false;
      this.#socket.resume();
    }
    this.#send();
  }

  /** The neighbour has called anew: whether this one is to make room for that is the blade's to say. */
  calledBeside(): void {
    Atomics.store(this.#fabric.connections.words, this.#at + CONNECTION.beside, this.generation);
    this.#fabric.ringHome(this.session);
  }

  /** Says something between two messages; false while one is still under way, which says as much. */
  interject(message: Uint8Array): boolean {
    const { words } = this.#fabric.connections;
    const head = Atomics.load(words, this.#at + CONNECTION.transmitHead);
    if (this.#writing || this.#gone || this.#closing || !this.#claim()) return false;
    // The head always stands behind a whole message.
    const whole = head === words[this.#at + CONNECTION.transmitTail];
    if (whole) this.#write(message, 0);
    else this.#send();
    return whole;
  }

  /**
   * Counts the octets that came and left since the last time, as blades that read and send themselves do not tell the card of it. It is
   * done for a thousand connections ten times a second: hence plain loads.
   */
  count(): void {
    const { words } = this.#fabric.connections;
    const tail = words[this.#at + CONNECTION.transmitTail] as number;
    const head = words[this.#at + CONNECTION.receiveHead] as number;
    this.#fabric.countCard(this.#card, CARD_NUMBER.bytesOut, (tail - this.#counted) | 0);
    this.#fabric.countCard(this.#card, CARD_NUMBER.bytesIn, (head - this.#countedIn) | 0);
    this.#counted = tail;
    this.#countedIn = head;
  }

  /** Of an Established session: its home blade reads from here on, if it is not lent already. False: it cannot be lent now. */
  lend(): boolean {
    const { words } = this.#fabric.connections;
    if (this.#lent) return true;
    if (this.#closing || this.#gone || this.#lookLess()) return false;
    if (words[this.#at + CONNECTION.descriptor] === 0) return false;
    if (this.#fabric.connections.stateOf(this.#at) !== CONNECTION_STATE.open) return false;
    if (!aimNextRead(this.#socket, this.#target)) return false;
    this.#socket.pause();
    this.#lent = true;
    Atomics.store(words, this.#at + CONNECTION.reader, READER.blade);
    this.#fabric.ringHome(this.session);
    return true;
  }

  /** True where this look is let pass: who gave it back unread may have no descriptor left to wait for it. */
  #lookLess(): boolean {
    if (this.#passing === 0) return false;
    this.#passing--;
    return true;
  }

  /** A blade that wants a connection no longer has given the reading back, or was not aware of it. */
  get #readByBlade(): boolean {
    const { connections } = this.#fabric;
    const reader = Atomics.load(connections.words, this.#at + CONNECTION.reader);
    return reader === READER.blade && connections.wanted(this.#at);
  }

  #takeBack(): void {
    this.#lent = false;
    Atomics.store(this.#fabric.connections.words, this.#at + CONNECTION.reader, READER.card);
    const head = this.#fabric.connections.words[this.#at + CONNECTION.receiveHead] as number;
    this.#unread = head === this.#receiveHead ? Math.min(MOST_PASSED, 2 * this.#unread + 1) : 0;
    this.#passing = this.#unread;
    this.#receiveHead = head;
    this.#target = this.#nextTarget();
    aimNextRead(this.#socket, this.#target);
    this.#paused = this.#free() < this.#target.length;
    if (!this.#paused) this.#socket.resume();
    this.#events.takenBack();
  }

  /** At once, whatever is still to be sent. */
  destroy(): void {
    this.#socket.destroy();
    if (this.#claim()) this.#closeDescriptor();
  }

  #onOpen(): void {
    const { connections } = this.#fabric;
    addressWords(this.#socket.localAddress, connections.words, this.#at + CONNECTION.localAddress);
    addressWords(this.#socket.remoteAddress, connections.words, this.#at + CONNECTION.remoteAddress);
    const other = otherAddress(this.#socket.localAddress, this.#socket.remoteAddress);
    addressWords(other, connections.words, this.#at + CONNECTION.otherAddress);
    connections.words[this.#at + CONNECTION.localPort] = this.#socket.localPort ?? 0;
    connections.words[this.#at + CONNECTION.remotePort] = this.#socket.remotePort ?? 0;
    connections.words[this.#at + CONNECTION.why] = 0;
    const descriptor = socketCalls()?.duplicate(descriptorOf(this.#socket)) ?? -1;
    connections.words[this.#at + CONNECTION.descriptor] = descriptor + 1;
    if (descriptor < 0 && socketCalls() !== undefined) this.#events.short();
    connections.setState(this.#at, this.generation, CONNECTION_STATE.open);
    this.#fabric.ringHome(this.session);
  }

  #onRead(bytes: number): boolean {
    // Nobody takes it any more; only by reading on is the neighbour's end seen.
    if (this.#closing) return true;
    const { connections } = this.#fabric;
    this.#receiveHead = (this.#receiveHead + bytes) | 0;
    Atomics.store(connections.words, this.#at + CONNECTION.receiveHead, this.#receiveHead);
    this.count();
    this.#target = this.#nextTarget();
    this.#paused = this.#free() < this.#target.length;
    this.#fabric.ringHome(this.session);
    if (connections.words[this.#at + CONNECTION.descriptor] === 0) this.#events.read(bytes);
    return !this.#paused;
  }

  #free(): number {
    const { connections } = this.#fabric;
    const tail = Atomics.load(connections.words, this.#at + CONNECTION.receiveTail);
    return connections.receiveBytes - ((this.#receiveHead - tail) | 0);
  }

  /** The next quarter of the ring, or what is left to its end. It is read into once it is free. */
  #nextTarget(): Uint8Array {
    const { connections } = this.#fabric;
    const at = this.#receiveHead & (connections.receiveBytes - 1);
    const length = Math.min(connections.receiveBytes - at, connections.receiveBytes >> 2);
    const start = connections.receiveStart(this.session, this.which) + at;
    return connections.receive.subarray(start, start + length);
  }

  /** True: nobody else sends. */
  #claim(): boolean {
    const { words } = this.#fabric.connections;
    const holder = Atomics.compareExchange(words, this.#at + CONNECTION.sender, SENDER.none, SENDER.card);
    return holder === SENDER.none || holder === SENDER.card;
  }

  #send(): void {
    if (this.#writing || this.#gone) return;
    if (!this.#claim()) {
      // A blade that does not send all of it hands the claim to us, and rings. Only our own end has to be seen to.
      if (this.#closing) setTimeout(() => this.#send(), AGAIN).unref();
      return;
    }
    const { connections } = this.#fabric;
    const { words } = connections;
    const tail = words[this.#at + CONNECTION.transmitTail] as number;
    const waiting = (Atomics.load(words, this.#at + CONNECTION.transmitHead) - tail) | 0;
    if (waiting === 0) {
      if (this.#closing) this.#socket.end();
      else this.#letGo();
      return;
    }
    const at = tail & (connections.transmitBytes - 1);
    const length = Math.min(waiting, connections.transmitBytes - at);
    const start = connections.transmitStart(this.session, this.which) + at;
    // A blade that found the ring too full waits for room.
    const ring = waiting >= connections.transmitBytes >> 2;
    this.#write(connections.transmit.subarray(start, start + length), length, ring);
  }

  /** With the claim; `length` of the octets are the ring's. */
  #write(bytes: Uint8Array, length: number, ring = false): void {
    const { words } = this.#fabric.connections;
    this.#writing = true;
    this.#socket.write(bytes, (error) => {
      this.#writing = false;
      if (error) return;
      const tail = words[this.#at + CONNECTION.transmitTail] as number;
      Atomics.store(words, this.#at + CONNECTION.transmitTail, (tail + length) | 0);
      this.count();
      if (ring) this.#fabric.ringHome(this.session);
      this.#send();
    });
  }

  /** Whoever published bytes while we had the claim counts on us. */
  #letGo(): void {
    const { words } = this.#fabric.connections;
    Atomics.store(words, this.#at + CONNECTION.sender, SENDER.none);
    const head = Atomics.load(words, this.#at + CONNECTION.transmitHead);
    if (head !== Atomics.load(words, this.#at + CONNECTION.transmitTail)) this.#send();
  }

  /** The blade is done: what it wrote leaves first. */
  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#gone) {
      this.#finish();
      return;
    }
    // A paused socket would never see its end.
    this.#socket.resume();
    setTimeout(() => this.#socket.destroy(), LINGER).unref();
  }

  #onEnd(why: number): void {
    if (this.#closing) return;
    const { connections } = this.#fabric;
    if (connections.stateOf(this.#at) === CONNECTION_STATE.ended) return;
    connections.words[this.#at + CONNECTION.why] = why;
    connections.setState(this.#at, this.generation, CONNECTION_STATE.ended);
    this.#fabric.ringHome(this.session);
  }

  #onSocketClosed(): void {
    if ((this.#lent && this.#readByBlade) || !this.#claim()) {
      setTimeout(() => this.#onSocketClosed(), AGAIN).unref();
      return;
    }
    this.#closeDescriptor();
    this.#gone = true;
    if (this.#closing) this.#finish();
    else this.#onEnd(0);
  }

  /** With the claim, which is not given back before all is over. */
  #closeDescriptor(): void {
    const { words } = this.#fabric.connections;
    const descriptor = (words[this.#at + CONNECTION.descriptor] as number) - 1;
    if (descriptor < 0) return;
    words[this.#at + CONNECTION.descriptor] = 0;
    socketCalls()?.close(descriptor);
  }

  /** Both sides are done: nobody touches the rings before the next generation. */
  #finish(): void {
    const { connections } = this.#fabric;
    this.count();
    connections.reset(this.#at);
    connections.setState(this.#at, this.generation, CONNECTION_STATE.closed);
    this.#events.closed();
    this.#fabric.ringHome(this.session);
  }
}
