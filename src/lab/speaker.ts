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
import { NotificationCode } from '../bgp/errors.ts';
import { familyBits, multiprotocolOf } from '../bgp/families.ts';
import { HEADER_LENGTH, MessageType, writeHeader } from '../bgp/message.ts';
import { as2For, BGP_VERSION, noCapabilities, type Open } from '../bgp/open.ts';
import { parseIpv4 } from './addresses.ts';
import type { Feed } from './feed.ts';
import { Outbox, type SendOptions } from './outbox.ts';
import { Receiver } from './receiver.ts';
import { Session } from './session.ts';
import type { SpeakerOptions, SpeakerState, SpeakerStats } from './speaker-options.ts';
import type { ToldSnapshot } from './told.ts';

export type { SpeakerOptions, SpeakerState, SpeakerStats } from './speaker-options.ts';

interface SpeakerEvents {
  up: [];
  down: [reason: string];
  refresh: [];
}

const HOLD_TIME = 90;
const RETRY = 250;
/** How often `quiet` looks while it waits. */
const LOOKS = 8;
const ADMINISTRATIVE_SHUTDOWN = 2;

export class Speaker extends EventEmitter<SpeakerEvents> {
  readonly options: SpeakerOptions;
  readonly receiver: Receiver;
  readonly #outbox = new Outbox();
  readonly #open: Open;
  #server: Server | undefined;
  /** A connection that is being made, or the session that runs. */
  #dialling: Socket | undefined;
  #session: Session | undefined;
  #closed = false;
  #blocked = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #sendTimer: NodeJS.Timeout | undefined;
  readonly #counts = {
    established: 0,
    resets: 0,
    notifications: 0,
    lastNotification: '',
    refreshes: 0,
    lastDown: '',
    lastChange: 0,
    lastUp: 0,
    bytesSent: 0,
  };
  /** Of the sessions that are over. */
  #keepalivesBefore = 0;
  #bytesBefore = 0;

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
    const { remoteAs = 0, keepAttributes = false } = options;
    this.receiver = new Receiver({ localAs, remoteAs, fourOctetAs, keepAttributes });
  }

  get state(): SpeakerState {
    return this.#session?.state ?? (this.#dialling === undefined ? 'Idle' : 'Connect');
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
  async up(timeout = 30_000): Promise<void> {
    if (this.state === 'Established') return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.off('up', onUp);
        reject(
          new Error(
            `AS ${this.options.localAs}: no session after ${timeout} ms (${this.#counts.lastDown || this.state})`,
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

  /**
   * Sends a feed behind whatever waits already; resolves when its last message is handed to the socket, or
   * when the speaker is closed.
   */
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
    const message = Buffer.alloc(HEADER_LENGTH + 4);
    writeHeader(message, 0, MessageType.RouteRefresh, message.length);
    message.writeUInt16BE(afi, HEADER_LENGTH);
    message.writeUInt16BE(1, HEADER_LENGTH + 2);
    this.sendRaw(message);
  }

  /** Bytes as they are, right or wrong: for tests of what the router does with them. */
  sendRaw(bytes: Uint8Array): void {
    this.#session?.socket.write(bytes);
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
      ...this.#counts,
      state: this.state,
      longestSilence: this.#session?.longestSilence ?? 0,
      keepalives: this.#keepalivesBefore + (this.#session?.keepalives ?? 0),
      bytesReceived: this.#bytesBefore + (this.#session?.bytesReceived ?? 0),
      routes4: this.receiver.v4.present,
      routes6: this.receiver.v6.present,
      messagesSent: this.#outbox.messagesSent,
      waiting: this.#outbox.waiting,
    };
  }

  /** What it was told, in shared memory. */
  table(): { v4: ToldSnapshot; v6: ToldSnapshot } {
    return { v4: this.receiver.v4.snapshot(), v6: this.receiver.v6.snapshot() };
  }

  /** Breaks the connection without a word, as a failing link does; then tries again as configured. */
  breakConnection(): void {
    this.#session?.socket.destroy();
  }

  /** Ends the session with a Cease (RFC 4486: administrative shutdown), and does not come back. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    const socket = this.#session?.socket ?? this.#dialling;
    if (socket !== undefined) {
      const gone = new Promise((resolve) => socket.once('close', resolve));
      if (this.#session === undefined) socket.destroy();
      else this.#session.fail(NotificationCode.Cease, ADMINISTRATIVE_SHUTDOWN, 'closed by this side');
      await gone;
      this.#dialling = undefined;
    }
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
    this.#outbox.abandon();
  }

  #dial(): void {
    const { connect: to, localAddress } = this.options;
    if (to === undefined) throw new Error('a speaker needs connect or listen');
    const target = { host: to.host, port: to.port, noDelay: true };
    const socket = connect(localAddress === undefined ? target : { ...target, localAddress });
    this.#dialling = socket;
    const onFailed = (error: Error): void => this.#onOver(error.message, false);
    socket.once('error', onFailed);
    socket.once('connect', () => {
      socket.off('error', onFailed);
      this.#dialling = undefined;
      this.#begin(socket);
    });
  }

  #accept(socket: Socket): void {
    if (this.#session === undefined) this.#begin(socket);
    else socket.destroy();
  }

  #begin(socket: Socket): void {
    this.#blocked = false;
    this.#session = new Session(
      socket,
      {
        onOpen: (remoteAs, fourOctetAs) => this.receiver.session(remoteAs, fourOctetAs),
        onEstablished: () => this.#onEstablished(),
        onUpdate: (bytes, from, to) => this.#onUpdate(bytes, from, to),
        onRefresh: () => this.#onRefresh(),
        onNotification: (code, subcode) => this.#onNotification(code, subcode),
        onOver: (why, established) => this.#onOver(why, established),
      },
      this.#open,
      this.options.remoteAs,
    );
    socket.on('drain', () => {
      this.#blocked = false;
      this.#pump();
    });
  }

  #onEstablished(): void {
    this.#counts.established++;
    this.#counts.lastUp = monotonicMilliseconds();
    this.emit('up');
    this.#pump();
  }

  #onUpdate(bytes: Uint8Array, from: number, to: number): void {
    this.receiver.update(bytes, from, to);
    this.#counts.lastChange = monotonicMilliseconds();
  }

  #onRefresh(): void {
    this.#counts.refreshes++;
    this.#outbox.replay();
    this.emit('refresh');
    this.#pump();
  }

  #onNotification(code: number, subcode: number): void {
    this.#counts.notifications++;
    this.#counts.lastNotification = `${code}/${subcode}`;
  }

  #onOver(why: string, wasEstablished: boolean): void {
    this.#keepalivesBefore += this.#session?.keepalives ?? 0;
    this.#bytesBefore += this.#session?.bytesReceived ?? 0;
    this.#session = undefined;
    this.#dialling = undefined;
    this.#counts.lastDown = why;
    clearTimeout(this.#sendTimer);
    this.receiver.clear();
    if (wasEstablished) {
      if (!this.#closed) this.#counts.resets++;
      this.#outbox.replay();
      this.emit('down', why);
    }
    const { retry = RETRY, listen } = this.options;
    if (this.#closed || listen !== undefined || retry === 0) return;
    this.#retryTimer = setTimeout(() => this.#dial(), retry);
  }

  /** Writes slices until the socket has enough, the rate is reached, or there is nothing more. */
  #pump(): void {
    clearTimeout(this.#sendTimer);
    while (this.#session?.state === 'Established' && !this.#blocked) {
      const slice = this.#outbox.take(performance.now());
      if (slice === undefined) return;
      if (typeof slice === 'number') {
        this.#sendTimer = setTimeout(() => this.#pump(), slice);
        return;
      }
      this.#counts.bytesSent += slice.bytes.length;
      this.#blocked = !this.#session.socket.write(slice.bytes);
    }
  }
}
