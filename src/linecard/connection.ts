/**
 * One TCP connection of a session, between the kernel and the fabric. Bytes are read straight into the session's
 * receive ring and written straight from its transmit ring: copied once, by the kernel.
 *
 * Flow control is the rings': a full receive ring pauses the socket, and so closes the neighbour's window. It knows
 * bytes and no BGP.
 */
import type net from 'node:net';
import type { Fabric } from '../fabric/fabric.ts';
import { CARD_NUMBER, CONNECTION, CONNECTION_STATE } from '../fabric/layout.ts';
import { addressWords } from './address-words.ts';
import { otherAddress } from './link-local.ts';

/** After the blade is done with a connection: how long its last bytes may take to leave, milliseconds. */
const LINGER = 2000;

/** What the line card hears of a connection. */
export interface ConnectionEvents {
  /** So many bytes were received. */
  readonly read: (bytes: number) => void;
  readonly closed: () => void;
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
    if (connections.wantedGeneration(this.#at) === this.generation && !connections.wanted(this.#at))
      this.#close();
    if (this.#paused && this.#free() >= this.#target.length) {
      this.#paused = false;
      this.#socket.resume();
    }
    this.#send();
  }

  /** Says something between two messages; false while one is still under way, which says as much. */
  interject(message: Uint8Array): boolean {
    const { words } = this.#fabric.connections;
    const head = Atomics.load(words, this.#at + CONNECTION.transmitHead);
    // The head always stands behind a whole message.
    if (this.#writing || this.#gone || this.#closing || head !== words[this.#at + CONNECTION.transmitTail])
      return false;
    this.#socket.write(message);
    return true;
  }

  /** At once, whatever is still to be sent. */
  destroy(): void {
    this.#socket.destroy();
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
    connections.setState(this.#at, this.generation, CONNECTION_STATE.open);
    this.#fabric.ringHome(this.session);
  }

  #onRead(bytes: number): boolean {
    // Nobody takes it any more; only by reading on is the neighbour's end seen.
    if (this.#closing) return true;
    const { connections } = this.#fabric;
    this.#receiveHead = (this.#receiveHead + bytes) | 0;
    Atomics.store(connections.words, this.#at + CONNECTION.receiveHead, this.#receiveHead);
    this.#fabric.countCard(this.#card, CARD_NUMBER.bytesIn, bytes);
    this.#target = this.#nextTarget();
    this.#paused = this.#free() < this.#target.length;
    this.#fabric.ringHome(this.session);
    this.#events.read(bytes);
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

  #send(): void {
    if (this.#writing || this.#gone) return;
    const { connections } = this.#fabric;
    const { words } = connections;
    const tail = words[this.#at + CONNECTION.transmitTail] as number;
    const waiting = (Atomics.load(words, this.#at + CONNECTION.transmitHead) - tail) | 0;
    if (waiting === 0) {
      if (this.#closing) this.#socket.end();
      return;
    }
    const at = tail & (connections.transmitBytes - 1);
    const length = Math.min(waiting, connections.transmitBytes - at);
    const start = connections.transmitStart(this.session, this.which) + at;
    this.#writing = true;
    this.#socket.write(connections.transmit.subarray(start, start + length), (error) => {
      this.#writing = false;
      if (error) return;
      Atomics.store(words, this.#at + CONNECTION.transmitTail, (tail + length) | 0);
      this.#fabric.countCard(this.#card, CARD_NUMBER.bytesOut, length);
      // A blade that found the ring too full waits for room.
      if (waiting >= connections.transmitBytes >> 2) this.#fabric.ringHome(this.session);
      this.#send();
    });
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
    this.#gone = true;
    if (this.#closing) this.#finish();
    else this.#onEnd(0);
  }

  /** Both sides are done: nobody touches the rings before the next generation. */
  #finish(): void {
    const { connections } = this.#fabric;
    connections.reset(this.#at);
    connections.setState(this.#at, this.generation, CONNECTION_STATE.closed);
    this.#events.closed();
    this.#fabric.ringHome(this.session);
  }
}
