/**
 * One connection of a speaker: the frame of messages, OPEN and KEEPALIVE, the hold timer (RFC 4271 4, 6, 8).
 *
 *     OpenSent -> OpenConfirm -> Established -> over
 *
 * A session lives as long as its connection and is never used again. What it hears it hands to its owner.
 */
import type { Socket } from 'node:net';
import { NotificationCode } from '../bgp/errors.ts';
import {
  encodeKeepalive,
  encodeNotification,
  HEADER_LENGTH,
  headerErrorCode,
  headerErrorSubcode,
  MAX_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../bgp/message.ts';
import { decodeOpen, encodeOpen, isFailure, negotiate, type Open } from '../bgp/open.ts';

export type SessionState = 'OpenSent' | 'OpenConfirm' | 'Established';

export interface SessionOwner {
  /** The neighbour's OPEN is accepted: 4-octet ASes or not, before any UPDATE. */
  onOpen(remoteAs: number, fourOctetAs: boolean): void;
  onEstablished(): void;
  /** The body of an UPDATE, [from, to). */
  onUpdate(bytes: Uint8Array, from: number, to: number): void;
  onRefresh(): void;
  onNotification(code: number, subcode: number): void;
  /** The connection is gone; `established` tells whether the session was. */
  onOver(why: string, established: boolean): void;
}

const NOTHING = Buffer.alloc(0);
const KEEPALIVE = encodeKeepalive();
const BAD_PEER_AS = 2;

export class Session {
  state: SessionState = 'OpenSent';
  keepalives = 0;
  /** Longest time without any message from the router once the session was up, milliseconds. */
  longestSilence = 0;
  bytesReceived = 0;
  readonly socket: Socket;
  readonly #owner: SessionOwner;
  readonly #open: Open;
  readonly #expectedAs: number | undefined;
  #left: Buffer = NOTHING;
  #holdTime = 0;
  #lastHeard = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Why it ended, where that is known before the connection goes. */
  #why: string | undefined;

  /** `socket` is connected. */
  constructor(socket: Socket, owner: SessionOwner, open: Open, expectedAs: number | undefined) {
    this.socket = socket;
    this.#owner = owner;
    this.#open = open;
    this.#expectedAs = expectedAs;
    socket.on('data', (chunk: Buffer) => this.#onBytes(chunk));
    socket.on('error', (error) => {
      this.#why ??= error.message;
    });
    socket.on('close', () => this.#onClose());
    socket.write(encodeOpen(open));
  }

  /** Sends a NOTIFICATION and ends the connection. */
  fail(code: number, subcode: number, why: string): void {
    this.#why ??= why;
    this.socket.end(encodeNotification(code, subcode));
    // What is still waiting to be sent may wait for ever: half a second for the NOTIFICATION is enough.
    setTimeout(() => this.socket.destroy(), 500).unref();
  }

  #onBytes(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    const now = performance.now();
    if (this.state === 'Established')
      this.longestSilence = Math.max(this.longestSilence, now - this.#lastHeard);
    this.#lastHeard = now;
    const bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    let at = 0;
    for (;;) {
      const length = readHeader(bytes, at, bytes.length - at, MAX_MESSAGE);
      if (length < 0) {
        this.fail(headerErrorCode(length), headerErrorSubcode(length), 'bad message header from the router');
        return;
      }
      if (length === 0 || at + length > bytes.length) break;
      this.#onMessage(bytes, at, at + length);
      at += length;
    }
    // A copy, so that 64 KiB are not kept for the sake of a few octets.
    this.#left = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
  }

  #onMessage(bytes: Buffer, at: number, end: number): void {
    const body = at + HEADER_LENGTH;
    const type = messageType(bytes, at);
    const established = this.state === 'Established';
    if (type === MessageType.Update && established) this.#owner.onUpdate(bytes, body, end);
    else if (type === MessageType.Keepalive) this.#onKeepalive();
    else if (type === MessageType.Open && this.state === 'OpenSent') this.#onOpen(bytes, body, end);
    else if (type === MessageType.RouteRefresh && established) this.#owner.onRefresh();
    else if (type === MessageType.Notification)
      this.#onNotification(bytes[body] as number, bytes[body + 1] as number);
    else this.fail(NotificationCode.FiniteStateMachine, 0, `message type ${type} in ${this.state}`);
  }

  #onOpen(bytes: Buffer, body: number, end: number): void {
    const open = decodeOpen(bytes, body, end);
    if (isFailure(open)) {
      this.fail(open.code, open.subcode, open.why);
      return;
    }
    if (this.#expectedAs !== undefined && this.#expectedAs !== open.as) {
      this.fail(NotificationCode.Open, BAD_PEER_AS, `the router says it is AS ${open.as}`);
      return;
    }
    const agreed = negotiate(this.#open, open);
    this.#owner.onOpen(open.as, agreed.fourOctetAs);
    this.#holdTime = agreed.holdTime * 1000;
    this.socket.write(KEEPALIVE);
    this.state = 'OpenConfirm';
    // RFC 4271 4.4: a third of the hold time.
    if (this.#holdTime > 0) this.#timer = setInterval(() => this.#onTimer(), this.#holdTime / 3);
  }

  #onKeepalive(): void {
    this.keepalives++;
    if (this.state !== 'OpenConfirm') return;
    this.state = 'Established';
    this.#owner.onEstablished();
  }

  #onNotification(code: number, subcode: number): void {
    this.#why ??= `NOTIFICATION ${code}/${subcode} from the router`;
    this.#owner.onNotification(code, subcode);
    this.socket.destroy();
  }

  #onTimer(): void {
    if (performance.now() - this.#lastHeard > this.#holdTime) {
      this.fail(NotificationCode.HoldTimerExpired, 0, 'hold timer expired');
    } else this.socket.write(KEEPALIVE);
  }

  #onClose(): void {
    clearInterval(this.#timer);
    this.#owner.onOver(this.#why ?? 'connection closed', this.state === 'Established');
  }
}
