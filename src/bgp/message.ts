/**
 * The frame of every BGP message (RFC 4271 4.1), and the three small messages: KEEPALIVE (4.4),
 * NOTIFICATION (4.5) and ROUTE-REFRESH (RFC 2918, RFC 7313).
 *
 *     0        16       18     19
 *     +--------+--------+------+---------
 *     | Marker | Length | Type | body …
 *     +--------+--------+------+---------
 */
import { copy, privateCopy, putU16, u16 } from './bytes.ts';
import { HeaderError, NotificationCode } from './errors.ts';

const MARKER_LENGTH = 16;
export const HEADER_LENGTH = 19;
/** RFC 4271 4.1; RFC 8654 raises it for sessions where both sides said so. */
export const MAX_MESSAGE = 4096;
export const MAX_EXTENDED_MESSAGE = 65535;

export const MessageType = { Open: 1, Update: 2, Notification: 3, Keepalive: 4, RouteRefresh: 5 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/**
 * The least length of each type (RFC 4271 6.1, RFC 2918), by type number. A ROUTE-REFRESH is read from where its subtype is
 * to be seen: what a wrong length means depends on that (RFC 7313 5).
 */
const LEAST_LENGTH: readonly number[] = [0, 29, 23, 21, 19, 22];
const KEEPALIVE_LENGTH = 19;

/** The NOTIFICATION code and subcode that stand in readHeader's negative answer. */
export const headerErrorCode = (answer: number): number => (-answer >> 8) & 0xff;
export const headerErrorSubcode = (answer: number): number => -answer & 0xff;

/** readHeader's answer to a length that its type cannot have. */
export const BAD_LENGTH: number = headerError(HeaderError.BadMessageLength);

function headerError(subcode: number): number {
  return -((NotificationCode.MessageHeader << 8) | subcode);
}

/**
 * What stands at `at`: 0, the header has not arrived as a whole (nothing wrong so far); the length of the
 * message; or -(code << 8 | subcode) of the Message Header Error (RFC 4271 6.1).
 */
export function readHeader(bytes: Uint8Array, at: number, available: number, maxLength: number): number {
  if (available < HEADER_LENGTH) return 0;
  for (let i = at; i < at + MARKER_LENGTH; i++) {
    if (bytes[i] !== 0xff) return headerError(HeaderError.ConnectionNotSynchronized);
  }
  const length = u16(bytes, at + 16);
  if (length < HEADER_LENGTH || length > maxLength) return headerError(HeaderError.BadMessageLength);
  const type = bytes[at + 18]!;
  if (type < MessageType.Open || type > MessageType.RouteRefresh)
    return headerError(HeaderError.BadMessageType);
  return lengthFits(type, length) ? length : headerError(HeaderError.BadMessageLength);
}

function lengthFits(type: number, length: number): boolean {
  if (type === MessageType.Keepalive) return length === KEEPALIVE_LENGTH;
  // RFC 8654 3: OPEN and KEEPALIVE stay within 4,096 octets whatever was negotiated.
  if (type === MessageType.Open && length > MAX_MESSAGE) return false;
  return length >= LEAST_LENGTH[type]!;
}

/** What the NOTIFICATION for readHeader's error carries: the wrong length (2 octets) or type (1 octet). */
export function headerErrorData(bytes: Uint8Array, at: number, answer: number): Uint8Array {
  const subcode = headerErrorSubcode(answer);
  if (subcode === HeaderError.BadMessageLength) return privateCopy(bytes, at + 16, at + 18);
  if (subcode === HeaderError.BadMessageType) return privateCopy(bytes, at + 18, at + 19);
  return new Uint8Array(0);
}

export function messageType(bytes: Uint8Array, at: number): number {
  return bytes[at + 18]!;
}

export function writeHeader(bytes: Uint8Array, at: number, type: number, length: number): void {
  for (let i = at; i < at + MARKER_LENGTH; i++) bytes[i] = 0xff;
  putU16(bytes, at + 16, length);
  bytes[at + 18] = type;
}

export function encodeKeepalive(): Uint8Array {
  const message = new Uint8Array(KEEPALIVE_LENGTH);
  writeHeader(message, 0, MessageType.Keepalive, KEEPALIVE_LENGTH);
  return message;
}

export interface Notification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

/** Data beyond what fits into a message is cut (RFC 8654 4: a NOTIFICATION may have to fit 4,096 octets). */
export function encodeNotification(code: number, subcode: number, data?: Uint8Array): Uint8Array {
  const carried = Math.min(data?.length ?? 0, MAX_MESSAGE - LEAST_LENGTH[MessageType.Notification]!);
  const message = new Uint8Array(LEAST_LENGTH[MessageType.Notification]! + carried);
  writeHeader(message, 0, MessageType.Notification, message.length);
  message[HEADER_LENGTH] = code;
  message[HEADER_LENGTH + 1] = subcode;
  if (data !== undefined) copy(data, 0, carried, message, HEADER_LENGTH + 2);
  return message;
}

/** `at` is just after the header; the header's check has made sure of the two octets. */
export function decodeNotification(bytes: Uint8Array, at: number, end: number): Notification {
  return { code: bytes[at]!, subcode: bytes[at + 1]!, data: privateCopy(bytes, Math.min(at + 2, end), end) };
}

/** What a ROUTE-REFRESH says: a request, or the borders of an enhanced one (RFC 7313 3.2). */
export const RefreshKind = { Request: 0, Begin: 1, End: 2 } as const;

export interface RouteRefresh {
  readonly afi: number;
  readonly safi: number;
  /** RFC 2918's reserved octet; RFC 7313's Message Subtype. */
  readonly kind: number;
}

export function encodeRouteRefresh(
  afi: number,
  safi: number,
  kind: number = RefreshKind.Request,
): Uint8Array {
  const message = new Uint8Array(HEADER_LENGTH + 4);
  writeHeader(message, 0, MessageType.RouteRefresh, message.length);
  putU16(message, HEADER_LENGTH, afi);
  message[HEADER_LENGTH + 2] = kind;
  message[HEADER_LENGTH + 3] = safi;
  return message;
}

/** Whether a ROUTE-REFRESH, of whatever length, is a border (RFC 7313 5: those have a length of their own to keep to). */
export function isRefreshBorder(bytes: Uint8Array, at: number): boolean {
  const kind = bytes[at + 2];
  return kind === RefreshKind.Begin || kind === RefreshKind.End;
}

/** RFC 2918 3 */
const REFRESH_LENGTH = 4;

/** There is no family in it. */
export function isShortRefresh(at: number, end: number): boolean {
  return end - at < REFRESH_LENGTH;
}

/** Undefined where the length is not 4: of a border an error (7/1, RFC 7313 5), as is a shorter one (1/2); else ignored. */
export function decodeRouteRefresh(bytes: Uint8Array, at: number, end: number): RouteRefresh | undefined {
  if (end - at !== REFRESH_LENGTH) return undefined;
  return { afi: u16(bytes, at), kind: bytes[at + 2]!, safi: bytes[at + 3]! };
}
