/** A neighbour that opens a session, says KEEPALIVE in time, and reads nothing, or little; and later all. */
import net from 'node:net';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import {
  encodeKeepalive,
  HEADER_LENGTH,
  MAX_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../src/bgp/message.ts';
import { as2For, BGP_VERSION, encodeOpen, noCapabilities } from '../../src/bgp/open.ts';
import { Receiver } from '../../src/lab/receiver.ts';
import type { ToldSnapshot } from '../../src/lab/told.ts';
import type { BareOptions } from './bare-neighbor.ts';

const IPV4 = 1;
const ROUTER_AS = 65000;
const PIECE = 65_536;

export class SlowReader {
  /** The router closed the connection. */
  closed = false;
  bytes = 0;
  /** What it reads is counted, and thrown away: it costs nobody a processor. */
  forgets = false;
  readonly #receiver: Receiver;
  readonly #socket: net.Socket;
  /** So much is read at once. */
  #piece = Buffer.alloc(PIECE);
  /** After each piece, until it is told otherwise, it reads no more. */
  #stops = false;
  #tail: Buffer = Buffer.alloc(0);
  #timers: NodeJS.Timeout[] = [];

  private constructor({ address: localAddress, as, port, holdTime }: BareOptions) {
    this.#receiver = new Receiver({ localAs: as, remoteAs: ROUTER_AS, fourOctetAs: true });
    const callback = (length: number, piece: Uint8Array): boolean => {
      this.#onBytes(Buffer.from(piece.subarray(0, length)));
      return !this.#stops;
    };
    const onread = { buffer: () => this.#piece, callback };
    this.#socket = net.connect({ host: '127.0.0.1', port, localAddress, noDelay: true, onread });
    this.#timers.push(setInterval(() => this.#socket.write(encodeKeepalive()), (holdTime * 1000) / 3));
  }

  /** Resolves when the session is up; from then on nothing is read. */
  static async connect(options: BareOptions): Promise<SlowReader> {
    const reader = new SlowReader(options);
    await reader.#open(options);
    return reader;
  }

  async #open({ as, holdTime, address }: BareOptions): Promise<void> {
    const capabilities = { ...noCapabilities(), multiprotocol: multiprotocolOf(IPV4), fourOctetAs: as };
    const bgpId = Buffer.from(address.split('.').map(Number)).readUInt32BE();
    const open = encodeOpen({ version: BGP_VERSION, as, as2: as2For(as), holdTime, bgpId, capabilities });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
    });
    await new Promise((resolve) => this.#socket.once('connect', resolve));
    this.#socket.write(open);
    this.#stops = true;
    while (this.bytes === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#socket.write(encodeKeepalive());
    this.#socket.pause();
  }

  /** Reads one piece every so often. */
  trickle(milliseconds: number, octets = PIECE): void {
    this.#piece = Buffer.alloc(octets);
    this.#timers.push(setInterval(() => this.#socket.resume(), milliseconds));
  }

  /** From now on everything is read. */
  readAll(): void {
    for (const timer of this.#timers.splice(1)) clearInterval(timer);
    this.#piece = Buffer.alloc(PIECE);
    this.#stops = false;
    this.#socket.resume();
  }

  get routes(): number {
    return this.#receiver.v4.present;
  }

  table(): ToldSnapshot {
    return this.#receiver.v4.snapshot();
  }

  #onBytes(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.forgets) return;
    const all = Buffer.concat([this.#tail, bytes]);
    let at = 0;
    for (;;) {
      const length = readHeader(all, at, all.length - at, MAX_MESSAGE);
      if (length <= 0 || length > all.length - at) break;
      if (messageType(all, at) === MessageType.Update)
        this.#receiver.update(all, at + HEADER_LENGTH, at + length);
      at += length;
    }
    this.#tail = Buffer.from(all.subarray(at));
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#socket.destroy();
  }
}
