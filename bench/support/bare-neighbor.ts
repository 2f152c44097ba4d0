/**
 * A neighbour that is light enough to time single changes beside a flood: it opens a session, keeps it up, sends routes with
 * a mark in their AS_PATH, and looks for marks in what it receives without taking messages apart.
 */
import net from 'node:net';
import { monotonicMilliseconds } from '../../src/base/clock.ts';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import { encodeKeepalive, HEADER_LENGTH, MessageType, writeHeader } from '../../src/bgp/message.ts';
import { as2For, BGP_VERSION, encodeOpen, noCapabilities } from '../../src/bgp/open.ts';

const IPV4 = 1;
/** Marks are ASes for private use (RFC 6996), twice in a row. */
const MARKS = 4_200_000_000;
const MARK_LENGTH = 8;

export interface BareOptions {
  readonly address: string;
  readonly as: number;
  readonly port: number;
  /** Seconds. */
  readonly holdTime: number;
}

export class BareNeighbor {
  /** Longest time between two pieces of what was received, milliseconds. */
  longestSilence = 0;
  /** The router closed the connection. */
  closed = false;
  readonly #options: BareOptions;
  readonly #socket: net.Socket;
  #heardAt = 0;
  #tail = Buffer.alloc(0);
  #awaited: { mark: Buffer; seen: (time: number) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: BareOptions) {
    this.#options = options;
    const { address: localAddress, port } = options;
    this.#socket = net.connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
  }

  /** Resolves when the router has answered OPEN and KEEPALIVE. */
  static async connect(options: BareOptions): Promise<BareNeighbor> {
    const neighbor = new BareNeighbor(options);
    await neighbor.#open();
    return neighbor;
  }

  async #open(): Promise<void> {
    const { as, holdTime, address } = this.#options;
    const capabilities = { ...noCapabilities(), multiprotocol: multiprotocolOf(IPV4), fourOctetAs: as };
    const bgpId = Buffer.from(address.split('.').map(Number)).readUInt32BE();
    const open = encodeOpen({ version: BGP_VERSION, as, as2: as2For(as), holdTime, bgpId, capabilities });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closed = true;
    });
    await new Promise((resolve) => this.#socket.once('connect', resolve));
    this.#socket.write(open);
    await new Promise((resolve) => this.#socket.once('data', resolve));
    this.#socket.write(encodeKeepalive());
    this.#timer = setInterval(() => this.#socket.write(encodeKeepalive()), (holdTime * 1000) / 3);
    this.#heardAt = performance.now();
    this.#socket.on('data', (bytes) => this.#onBytes(bytes));
  }

  #onBytes(bytes: Buffer): void {
    const now = performance.now();
    this.longestSilence = Math.max(this.longestSilence, now - this.#heardAt);
    this.#heardAt = now;
    if (this.#awaited === undefined) return;
    const all = Buffer.concat([this.#tail, bytes]);
    this.#tail = Buffer.from(all.subarray(-MARK_LENGTH + 1));
    if (all.indexOf(this.#awaited.mark) >= 0) this.#awaited.seen(monotonicMilliseconds());
  }

  /** Resolves to when the mark was seen. */
  see(number: number): Promise<number> {
    return new Promise((resolve) => {
      this.#awaited = {
        mark: markOf(number),
        seen: (time) => {
          this.#awaited = undefined;
          resolve(time);
        },
      };
    });
  }

  /** Announces one prefix, the same each time, with a mark. */
  announce(number: number): void {
    const as = Buffer.alloc(4);
    as.writeUInt32BE(this.#options.as);
    const attributes = Buffer.concat([
      Buffer.from([0x40, 1, 1, 0]),
      Buffer.from([0x40, 2, 14, 2, 3]),
      as,
      markOf(number),
      Buffer.from([0x40, 3, 4, ...this.#options.address.split('.').map(Number)]),
    ]);
    const nlri = Buffer.from([24, 203, 0, 113]);
    const message = Buffer.alloc(HEADER_LENGTH + 4 + attributes.length + nlri.length);
    writeHeader(message, 0, MessageType.Update, message.length);
    message.writeUInt16BE(attributes.length, HEADER_LENGTH + 2);
    attributes.copy(message, HEADER_LENGTH + 4);
    nlri.copy(message, message.length - nlri.length);
    this.#socket.write(message);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

function markOf(number: number): Buffer {
  const mark = Buffer.alloc(MARK_LENGTH);
  for (const at of [0, 4]) mark.writeUInt32BE(MARKS + number, at);
  return mark;
}
