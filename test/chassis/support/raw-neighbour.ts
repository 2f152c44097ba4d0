/** A neighbour byte by byte: it says what the test says, right or wrong, and keeps what it was told, message by message. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { parseIpv4 } from '../../../src/base/address.ts';
import { familyBits, multiprotocolOf } from '../../../src/bgp/families.ts';
import {
  encodeKeepalive,
  HEADER_LENGTH,
  MAX_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../../src/bgp/message.ts';
import { as2For, type Capabilities, encodeOpen, noCapabilities } from '../../../src/bgp/open.ts';
import { HOST, sleep } from './box.ts';

export const KEEPALIVE = encodeKeepalive();

/** Milliseconds that the router may take for an answer, on a machine that has others to serve. */
const PATIENCE = 20_000;

export interface OpenOptions {
  readonly as: number;
  readonly id?: string;
  readonly version?: number;
  readonly holdTime?: number;
  /** Instead of IPv4 unicast, route refresh and four-octet AS numbers. */
  readonly capabilities?: Partial<Capabilities>;
}

export function openBytes(options: OpenOptions): Uint8Array {
  const { as, id = '192.0.2.1', version = 4, holdTime = 90, capabilities } = options;
  return encodeOpen({
    version,
    as,
    as2: as2For(as),
    holdTime,
    bgpId: parseIpv4(id) as number,
    capabilities: {
      ...noCapabilities(),
      multiprotocol: multiprotocolOf(familyBits(['ipv4-unicast'])),
      routeRefresh: true,
      fourOctetAs: as,
      ...capabilities,
    },
  });
}

export class RawNeighbour {
  readonly socket: Socket;
  /** Whole messages, in order; `next` takes them. */
  readonly messages: Uint8Array[] = [];
  /** The longest message that the router may send. */
  maxMessage: number = MAX_MESSAGE;
  /** All that came, also what is no message. */
  received: Buffer = Buffer.alloc(0);
  /** The router has closed its side, or reset the connection. */
  ended = false;
  closed = false;
  #taken = 0;
  #parsed = 0;
  #changed: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#onBytes(bytes));
    socket.on('end', () => this.#note(() => (this.ended = true)));
    socket.on('error', () => this.#note(() => (this.ended = true)));
    socket.on('close', () => this.#note(() => (this.ended = this.closed = true)));
  }

  static async dial(port: number, localAddress: string): Promise<RawNeighbour> {
    const socket = connect({ host: HOST, port, localAddress, allowHalfOpen: true });
    return RawNeighbour.connected(socket);
  }

  /** On a socket that connects. */
  static async connected(socket: Socket): Promise<RawNeighbour> {
    const neighbour = new RawNeighbour(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return neighbour;
  }

  /**
   * Up, with the OPEN and KEEPALIVE of both sides. It calls again where it is refused, as neighbours do: the router's threads hear of an
   * operator's order, or of a session's end, a moment after who gave it or saw it.
   */
  static async served(port: number, localAddress: string, options: OpenOptions): Promise<RawNeighbour> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const neighbour = await RawNeighbour.dial(port, localAddress);
      try {
        await neighbour.establish(options);
        return neighbour;
      } catch (error) {
        neighbour.close();
        if (performance.now() > deadline) throw error;
      }
      await sleep(20);
    }
  }

  send(...pieces: Uint8Array[]): void {
    for (const piece of pieces) this.socket.write(piece);
  }

  /** The next message, of this type if one is given; undefined where the router closed without one. */
  async next(type?: number, milliseconds = PATIENCE): Promise<Uint8Array | undefined> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const message = this.messages[this.#taken];
      if (message !== undefined) {
        this.#taken++;
        if (type === undefined || messageType(message, 0) === type) return message;
        continue;
      }
      if (this.ended) return undefined;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no message of type ${type ?? 'any'} within ${milliseconds} ms`);
      await this.#change(left);
    }
  }

  /** Code, subcode and data of the NOTIFICATION that the router ends the connection with. */
  async notification(milliseconds?: number): Promise<number[] | undefined> {
    const message = await this.next(MessageType.Notification, milliseconds);
    return message === undefined ? undefined : [...message.subarray(HEADER_LENGTH)];
  }

  /** OPEN and KEEPALIVE both ways. */
  async establish(options: OpenOptions): Promise<void> {
    this.send(openBytes(options));
    if ((await this.next(MessageType.Open)) === undefined)
      throw new Error('the router closed before its OPEN');
    this.send(KEEPALIVE);
    if ((await this.next(MessageType.Keepalive)) === undefined)
      throw new Error('closed before the KEEPALIVE');
  }

  async end(milliseconds = PATIENCE): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!this.ended) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`the router has not closed within ${milliseconds} ms`);
      await this.#change(left);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #onBytes(bytes: Buffer): void {
    this.#note(() => {
      this.received = Buffer.concat([this.received, bytes]);
      for (;;) {
        const left = this.received.length - this.#parsed;
        const length = readHeader(this.received, this.#parsed, left, this.maxMessage);
        if (length < 0) throw new Error('the router sent what is no BGP message');
        if (length === 0 || length > left) return;
        this.messages.push(this.received.subarray(this.#parsed, this.#parsed + length));
        this.#parsed += length;
      }
    });
  }

  #note(change: () => unknown): void {
    change();
    for (const resolve of this.#changed.splice(0)) resolve();
  }

  #change(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#changed.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Waits for the router to call. */
export class RawListener {
  readonly server: Server;
  readonly port: number;
  readonly #calls: RawNeighbour[] = [];
  #wanted: ((neighbour: RawNeighbour) => void)[] = [];

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as { port: number }).port;
    server.on('connection', (socket) => {
      const neighbour = new RawNeighbour(socket);
      const want = this.#wanted.shift();
      if (want === undefined) this.#calls.push(neighbour);
      else want(neighbour);
    });
  }

  static async at(address: string): Promise<RawListener> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return new RawListener(server);
  }

  /** The next call of the router. */
  call(milliseconds = PATIENCE): Promise<RawNeighbour> {
    const there = this.#calls.shift();
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the router has not called`)), milliseconds);
      this.#wanted.push((neighbour) => {
        clearTimeout(timer);
        resolve(neighbour);
      });
    });
  }

  get waiting(): number {
    return this.#calls.length;
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.close();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
