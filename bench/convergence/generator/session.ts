/**
 * One neighbour of the daemon: opens its session, then moves bytes and does nothing else. What comes is read
 * into its inbox unseen; all that is told at once is when something other than a KEEPALIVE came last.
 */
import net from 'node:net';
import { encodeKeepalive, MessageType } from '../../../src/bgp/message.ts';
import { as2For, BGP_VERSION, encodeOpen, noCapabilities } from '../../../src/bgp/open.ts';
import { parseIpv4 } from '../../../src/lab/addresses.ts';
import type { Neighbour } from '../cases.ts';
import { Inbox, type SlabPool } from './inbox.ts';

/** Seconds; long, so that a busy daemon's sessions live. */
export const HOLD_TIME = 900;
const KEEPALIVE = encodeKeepalive();
/** Between attempts to connect, milliseconds. */
const RETRY = 250;

export class Session {
  readonly neighbour: Neighbour;
  readonly inbox: Inbox;
  /** performance.now() when something other than a KEEPALIVE came last. */
  lastChange = 0;
  bytesReceived = 0;
  established = false;
  /** It is closed because we wanted to. */
  abandoned = false;
  /** Why it is closed. */
  down: string | undefined;
  /** Called when something other than a KEEPALIVE came, with the time. */
  onChange: ((now: number) => void) | undefined;
  readonly #socket: net.Socket;
  /** Bytes of the first slab that the handshake has looked at. */
  #walked = 0;
  #onEstablished: () => void = () => {};

  private constructor(neighbour: Neighbour, ipv6: boolean, pool: SlabPool, port: number) {
    this.neighbour = neighbour;
    this.inbox = new Inbox(pool);
    this.#socket = net.connect({
      host: '127.0.0.1',
      port,
      localAddress: neighbour.address,
      noDelay: true,
      onread: {
        buffer: () => this.inbox.room(),
        callback: (count, bytes) => this.#onBytes(count, bytes),
      },
    });
    this.#socket.once('connect', () => this.#socket.write(openOf(neighbour, ipv6)));
    this.#socket.on('error', (error) => (this.down = error.message));
    this.#socket.on('close', () => {
      this.down ??= 'closed';
      this.established = false;
      this.#onEstablished();
    });
  }

  /** Tries until the session is Established; the daemon may still be starting, or refuse for a while. */
  static async establish(
    neighbour: Neighbour,
    ipv6: boolean,
    pool: SlabPool,
    port: number,
    deadline: number,
  ): Promise<Session> {
    for (;;) {
      const session = new Session(neighbour, ipv6, pool, port);
      const insist = setTimeout(
        () => session.#socket.destroy(new Error('no session')),
        deadline - performance.now(),
      );
      await new Promise<void>((resolve) => (session.#onEstablished = resolve));
      clearTimeout(insist);
      if (session.established) return session;
      session.inbox.free();
      if (performance.now() > deadline) throw new Error(`${neighbour.address}: ${session.down}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  keepalive(): void {
    if (this.established && this.#socket.writableLength === 0) this.#socket.write(KEEPALIVE);
  }

  /** Bytes that the kernel has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** The TCP connection ends without a word, as when a neighbour dies. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    if (this.#socket.closed) return;
    this.#socket.destroy();
    await closed;
  }

  #onBytes(count: number, bytes: Uint8Array): boolean {
    this.inbox.filled(count);
    this.bytesReceived += count;
    if (!this.established) this.#handshake();
    else if (!isKeepalives(bytes, count)) {
      this.lastChange = performance.now();
      this.onChange?.(this.lastChange);
    }
    return true;
  }

  /** Walks the messages up to the first KEEPALIVE; the first slab is large enough for them. */
  #handshake(): void {
    const { bytes, from, to } = this.inbox.pieces()[0]!;
    for (;;) {
      const at = from + this.#walked;
      if (at + 19 > to) return;
      const length = ((bytes[at + 16] as number) << 8) | (bytes[at + 17] as number);
      if (at + length > to) return;
      this.#walked += length;
      const type = bytes[at + 18];
      if (type === MessageType.Open) this.#socket.write(KEEPALIVE);
      if (type === MessageType.Notification) {
        this.down = `NOTIFICATION ${bytes[at + 19]}/${bytes[at + 20]}`;
        this.#socket.destroy();
        return;
      }
      if (type === MessageType.Keepalive) {
        this.established = true;
        this.lastChange = performance.now();
        this.#onEstablished();
        return;
      }
    }
  }
}

/** True for a read of KEEPALIVEs only. A KEEPALIVE cut in two by the kernel counts as a change: the quiet lasts longer. */
function isKeepalives(bytes: Uint8Array, count: number): boolean {
  if (count % KEEPALIVE.length !== 0 || count > 8 * KEEPALIVE.length) return false;
  for (let i = 0; i < count; i++) if (bytes[i] !== KEEPALIVE[i % KEEPALIVE.length]) return false;
  return true;
}

function openOf({ as, address }: Neighbour, ipv6: boolean): Uint8Array {
  const capabilities = noCapabilities();
  capabilities.multiprotocol.push({ afi: 1, safi: 1 });
  if (ipv6) capabilities.multiprotocol.push({ afi: 2, safi: 1 });
  capabilities.routeRefresh = true;
  capabilities.fourOctetAs = as;
  return encodeOpen({
    version: BGP_VERSION,
    as,
    as2: as2For(as),
    holdTime: HOLD_TIME,
    bgpId: parseIpv4(address),
    capabilities,
  });
}
