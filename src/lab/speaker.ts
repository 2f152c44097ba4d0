/**
 * One neighbour of the router under test: a real BGP speaker (RFC 4271) over one TCP connection, small and
 * fast. It sends feeds that are ready in memory, and receives strictly (receiver.ts).
 *
 *     Idle -> Connect -> OpenSent -> OpenConfirm -> Established -> Idle (and again, unless closed)
 *
 * It has no decision process and re-advertises nothing. When the session comes back after a reset, or the
 * router asks for a refresh (RFC 2918), it says again all that it said, in order.
 */
import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { monotonicMilliseconds } from '../base/clock.ts';
import { type Family, familyBits, multiprotocolOf } from '../bgp/families.ts';
import {
  encodeKeepalive,
  encodeNotification,
  HEADER_LENGTH,
  MARKER_LENGTH,
  MAX_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../bgp/message.ts';
import {
  as2For,
  BGP_VERSION,
  decodeOpen,
  encodeOpen,
  isFailure,
  noCapabilities,
  type Open,
} from '../bgp/open.ts';
import { parseIpv4 } from './addresses.ts';
import type { Feed } from './feed.ts';
import { Outbox, type SendOptions } from './outbox.ts';
import { Receiver, type ReceiverCounts } from './receiver.ts';
import type { ToldSnapshot } from './told.ts';

export interface SpeakerOptions {
  readonly localAs: number;
  /** The router's AS; without it any is accepted. */
  readonly remoteAs?: number;
  /** BGP Identifier as a dotted quad. */
  readonly routerId: string;
  /** The address to connect from. */
  readonly localAddress?: string;
  /** One of the two: where to connect to, or where to wait (port 0: any, see `port`). */
  readonly connect?: { readonly host: string; readonly port: number };
  readonly listen?: { readonly host: string; readonly port: number };
  readonly families?: readonly Family[];
  /** Seconds; 90 without it. */
  readonly holdTime?: number;
  /** false for a speaker of before RFC 6793; its feeds must be encoded with 2-octet ASes. */
  readonly fourOctetAs?: boolean;
  readonly keepAttributes?: boolean;
  /** Milliseconds before the next attempt to connect; 250 without it, 0 for no attempt after the first. */
  readonly retry?: number;
}

export type SpeakerState = 'Idle' | 'Connect' | 'OpenSent' | 'OpenConfirm' | 'Established';

export interface SpeakerStats extends ReceiverCounts {
  readonly state: SpeakerState;
  /** Times that the session became Established, and fell from there. */
  readonly established: number;
  readonly resets: number;
  /** NOTIFICATIONs from the router, and the last one as code/subcode. */
  readonly notifications: number;
  readonly lastNotification: string;
  readonly keepalives: number;
  readonly refreshes: number;
  /** Why the session went down last. */
  readonly lastDown: string;
  /** Routes present now. */
  readonly routes4: number;
  readonly routes6: number;
  /** When the last UPDATE came, and when the session was last Established: as monotonicMilliseconds says. */
  readonly lastChange: number;
  readonly lastUp: number;
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly waiting: number;
}

interface SpeakerEvents {
  up: [];
  down: [reason: string];
  refresh: [];
}

const HOLD_TIME = 90;
const RETRY = 250;
/** How often `quiet` looks while it waits. */
const LOOKS = 8;
const NOTHING = Buffer.alloc(0);
const KEEPALIVE = encodeKeepalive();

export class Speaker extends EventEmitter<SpeakerEvents> {
  readonly options: SpeakerOptions;
  readonly receiver: Receiver;
  state: SpeakerState = 'Idle';
  readonly #outbox = new Outbox();
  readonly #open: Open;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #left: Buffer = NOTHING;
  #holdTime = 0;
  #lastHeard = 0;
  #closed = false;
  #blocked = false;
  #keepaliveTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #sendTimer: NodeJS.Timeout | undefined;
  #established = 0;
  #resets = 0;
  #notifications = 0;
  #lastNotification = '';
  #keepalives = 0;
  #refreshes = 0;
  #lastDown = '';
  #lastChange = 0;
  #lastUp = 0;
  #bytesSent = 0;
  #bytesReceived = 0;

  constructor(options: SpeakerOptions) {
    super();
    this.options = options;
    const {
      localAs,
      routerId,
      families = ['ipv4-unicast'],
      holdTime = HOLD_TIME,
      fourOctetAs = true,
    } = options;
    const capabilities = noCapabilities();
    capabilities.multiprotocol = multiprotocolOf(familyBits(families));
    capabilities.routeRefresh = true;
    if (fourOctetAs) capabilities.fourOctetAs = localAs;
    const bgpId = parseIpv4(routerId);
    this.#open = { version: BGP_VERSION, as: localAs, as2: as2For(localAs), holdTime, bgpId, capabilities };
    this.receiver = new Receiver({
      localAs,
      remoteAs: options.remoteAs ?? 0,
      fourOctetAs,
      keepAttributes: options.keepAttributes ?? false,
    });
  }

  /** Connects, or listens; resolves when it listens, or at once. The session itself comes as 'up'. */
  async start(): Promise<void> {
    this.#closed = false;
    const { listen } = this.options;
    if (listen === undefined) {
      this.#dial();
      return;
    }
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listen.port, listen.host, resolve);
    });
  }

  /** The port that a listening speaker has. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Resolves when the session is Established. */
  async up(timeout = 10_000): Promise<void> {
    if (this.state === 'Established') return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.off('up', onUp);
        reject(
          new Error(
            `AS ${this.options.localAs}: no session after ${timeout} ms (${this.#lastDown || this.state})`,
          ),
        );
      }, timeout);
      const onUp = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.once('up', onUp);
    });
  }

  /** Sends a feed behind whatever waits already; resolves when its last message is handed to the socket. */
  send(feed: Feed, options: SendOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#outbox.add(feed, options, resolve);
      this.#pump();
    });
  }

  /** UPDATE messages per second, from now on, of the feed that is being sent. */
  setRate(rate: number): void {
    this.#outbox.setRate(rate);
    this.#pump();
  }

  /** Loops end with their round: the table is then as the whole feed leaves it. */
  stopLoops(): void {
    this.#outbox.stopLoops();
  }

  /** Asks the router for its table again (RFC 2918). */
  refresh(afi: number): void {
    const message = Buffer.alloc(HEADER_LENGTH + 4, 0xff);
    message.writeUInt16BE(message.length, MARKER_LENGTH);
    message[MARKER_LENGTH + 2] = MessageType.RouteRefresh;
    message.writeUInt16BE(afi, HEADER_LENGTH);
    message.writeUInt16BE(1, HEADER_LENGTH + 2);
    this.#socket?.write(message);
  }

  /** Bytes as they are, right or wrong: for tests of what the router does with them. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket?.write(bytes);
  }

  /**
   * Resolves when no UPDATE has come for `milliseconds`. It looks several times in between: on a busy thread
   * time alone says nothing, as what has arrived may not have been read yet.
   */
  async quiet(milliseconds: number, timeout = 120_000): Promise<void> {
    const deadline = monotonicMilliseconds() + timeout;
    let last = -1;
    for (let unchanged = 0; unchanged < LOOKS; unchanged++) {
      if (this.receiver.counts.updates !== last) unchanged = 0;
      last = this.receiver.counts.updates;
      if (monotonicMilliseconds() > deadline) throw new Error(`not quiet within ${timeout} ms`);
      await new Promise((resolve) => setTimeout(resolve, milliseconds / LOOKS));
    }
  }

  stats(): SpeakerStats {
    return {
      ...this.receiver.counts,
      state: this.state,
      established: this.#established,
      resets: this.#resets,
      notifications: this.#notifications,
      lastNotification: this.#lastNotification,
      keepalives: this.#keepalives,
      refreshes: this.#refreshes,
      lastDown: this.#lastDown,
      routes4: this.receiver.v4.present,
      routes6: this.receiver.v6.present,
      lastChange: this.#lastChange,
      lastUp: this.#lastUp,
      messagesSent: this.#outbox.messagesSent,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      waiting: this.#outbox.waiting,
    };
  }

  /** What it was told, in shared memory. */
  table(): { v4: ToldSnapshot; v6: ToldSnapshot } {
    return { v4: this.receiver.v4.snapshot(), v6: this.receiver.v6.snapshot() };
  }

  /** Breaks the connection without a word, as a failing link does; then tries again as configured. */
  breakConnection(): void {
    this.#socket?.destroy();
  }

  /** Ends the session with a Cease (RFC 4486: administrative shutdown), and does not come back. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    if (socket !== undefined) {
      const gone = new Promise((resolve) => socket.once('close', resolve));
      if (this.state !== 'Connect') socket.end(encodeNotification(6, 2));
      else socket.destroy();
      setTimeout(() => socket.destroy(), 500).unref();
      await gone;
    }
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #dial(): void {
    const { connect: to, localAddress } = this.options;
    if (to === undefined) throw new Error('a speaker needs connect or listen');
    this.state = 'Connect';
    const target = { host: to.host, port: to.port, noDelay: true };
    this.#attach(connect(localAddress === undefined ? target : { ...target, localAddress }));
    this.#socket?.once('connect', () => this.#sendOpen());
  }

  #accept(socket: Socket): void {
    if (this.#socket !== undefined) {
      socket.destroy();
      return;
    }
    this.#attach(socket);
    this.#sendOpen();
  }

  #attach(socket: Socket): void {
    this.#socket = socket;
    this.#left = NOTHING;
    this.#blocked = false;
    let why = 'connection closed';
    socket.on('data', (chunk: Buffer) => this.#onBytes(chunk));
    socket.on('drain', () => {
      this.#blocked = false;
      this.#pump();
    });
    socket.on('error', (error) => (why = error.message));
    socket.on('close', () => this.#onDown(why));
  }

  #sendOpen(): void {
    this.state = 'OpenSent';
    this.#socket?.write(encodeOpen(this.#open));
  }

  #onBytes(chunk: Buffer): void {
    this.#bytesReceived += chunk.length;
    const bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    let at = 0;
    for (;;) {
      const length = readHeader(bytes, at, bytes.length - at, MAX_MESSAGE);
      if (length < 0) {
        this.#fail((-length >> 8) & 255, -length & 255, 'bad message header from the router');
        return;
      }
      if (length === 0 || at + length > bytes.length) break;
      this.#onMessage(bytes, at, at + length);
      at += length;
    }
    // A copy, so that 64 KiB are not kept for the sake of a few octets.
    this.#left = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
    this.#lastHeard = performance.now();
  }

  #onMessage(bytes: Buffer, at: number, end: number): void {
    const body = at + HEADER_LENGTH;
    const type = messageType(bytes, at);
    if (type === MessageType.Update && this.state === 'Established') {
      this.receiver.update(bytes, body, end);
      this.#lastChange = monotonicMilliseconds();
    } else if (type === MessageType.Keepalive) this.#onKeepalive();
    else if (type === MessageType.Open && this.state === 'OpenSent') this.#onOpen(bytes, body, end);
    else if (type === MessageType.Notification) {
      this.#notifications++;
      this.#lastNotification = `${bytes[body]}/${bytes[body + 1]}`;
      this.#socket?.destroy();
    } else if (type === MessageType.RouteRefresh && this.state === 'Established') {
      this.#refreshes++;
      this.#outbox.replay();
      this.emit('refresh');
      this.#pump();
    } else this.#fail(5, 0, `message type ${type} in ${this.state}`);
  }

  #onOpen(bytes: Buffer, body: number, end: number): void {
    const open = decodeOpen(bytes, body, end);
    if (isFailure(open)) {
      this.#fail(open.code, open.subcode, open.why);
      return;
    }
    const { remoteAs } = this.options;
    if (remoteAs !== undefined && remoteAs !== open.as) {
      this.#fail(2, 2, `the router says it is AS ${open.as}`);
      return;
    }
    this.receiver.session(
      open.as,
      this.#open.capabilities.fourOctetAs !== undefined && open.capabilities.fourOctetAs !== undefined,
    );
    this.#holdTime = Math.min(this.#open.holdTime, open.holdTime) * 1000;
    this.#lastHeard = performance.now();
    this.#socket?.write(KEEPALIVE);
    this.state = 'OpenConfirm';
    if (this.#holdTime > 0)
      this.#keepaliveTimer = setInterval(() => this.#onKeepaliveTimer(), this.#holdTime / 3);
  }

  #onKeepalive(): void {
    this.#keepalives++;
    if (this.state !== 'OpenConfirm') return;
    this.state = 'Established';
    this.#established++;
    this.#lastUp = monotonicMilliseconds();
    this.emit('up');
    this.#pump();
  }

  /** RFC 4271 4.4: every third of the hold time. */
  #onKeepaliveTimer(): void {
    if (performance.now() - this.#lastHeard > this.#holdTime) {
      this.#fail(4, 0, 'hold timer expired');
      return;
    }
    this.#socket?.write(KEEPALIVE);
  }

  #fail(code: number, subcode: number, why: string): void {
    this.#lastDown = why;
    this.#socket?.end(encodeNotification(code, subcode));
    this.#socket?.destroySoon();
  }

  #onDown(why: string): void {
    const wasUp = this.state === 'Established';
    this.#socket = undefined;
    this.state = 'Idle';
    clearInterval(this.#keepaliveTimer);
    clearTimeout(this.#sendTimer);
    this.#lastDown = why;
    this.receiver.clear();
    if (wasUp) {
      this.#resets++;
      this.#outbox.replay();
      this.emit('down', why);
    }
    const { retry = RETRY } = this.options;
    if (this.#closed || this.options.listen !== undefined || retry === 0) return;
    this.#retryTimer = setTimeout(() => this.#dial(), retry);
  }

  /** Writes slices until the socket has enough, the rate is reached, or there is nothing more. */
  #pump(): void {
    clearTimeout(this.#sendTimer);
    const socket = this.#socket;
    while (socket !== undefined && this.state === 'Established' && !this.#blocked) {
      const slice = this.#outbox.take(performance.now());
      if (slice === undefined) return;
      if (typeof slice === 'number') {
        this.#sendTimer = setTimeout(() => this.#pump(), slice);
        return;
      }
      this.#bytesSent += slice.bytes.length;
      this.#blocked = !socket.write(slice.bytes);
    }
  }
}
