/**
 * The PDUs of the RPKI to Router protocol (RFC 8210 5; version 0: RFC 6810) between bytes and objects. Pure: no
 * sockets and no clock. Every PDU begins with
 *
 *   [ version | type | session id, error code, … (16 bits) | length of the whole PDU (32 bits) | … ]
 */
export const PDU = {
  serialNotify: 0,
  serialQuery: 1,
  resetQuery: 2,
  cacheResponse: 3,
  ipv4Prefix: 4,
  ipv6Prefix: 6,
  endOfData: 7,
  cacheReset: 8,
  routerKey: 9,
  errorReport: 10,
  aspa: 11,
} as const;

/** RFC 8210 12 */
export const RTR_ERROR = {
  corruptData: 0,
  internalError: 1,
  noDataAvailable: 2,
  invalidRequest: 3,
  unsupportedVersion: 4,
  unsupportedPdu: 5,
  withdrawalOfUnknown: 6,
  duplicateAnnouncement: 7,
  unexpectedVersion: 8,
} as const;

export const ERROR_NAMES: Readonly<Record<number, string>> = {
  0: 'Corrupt Data',
  1: 'Internal Error',
  2: 'No Data Available',
  3: 'Invalid Request',
  4: 'Unsupported Protocol Version',
  5: 'Unsupported PDU Type',
  6: 'Withdrawal of Unknown Record',
  7: 'Duplicate Announcement Received',
  8: 'Unexpected Protocol Version',
};

/** The highest version that we speak. Router keys and ASPA records of later ones are passed over. */
export const VERSION = 1;
const HEADER = 8;
/** No PDU that we take is longer; an Error Report holds one PDU and a text. */
const LONGEST = 1 << 16;

/** Timing of a version 1 End of Data, seconds (RFC 8210 5.8). */
export interface Timing {
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
}

export type Pdu =
  | { readonly kind: 'serialNotify'; readonly session: number; readonly serial: number }
  | { readonly kind: 'cacheResponse'; readonly session: number }
  | {
      readonly kind: 'prefix';
      readonly announce: boolean;
      readonly length: number;
      readonly maxLength: number;
      /** One word for IPv4, four for IPv6. */
      readonly address: readonly number[];
      readonly as: number;
    }
  | {
      readonly kind: 'endOfData';
      readonly session: number;
      readonly serial: number;
      readonly timing?: Timing;
    }
  | { readonly kind: 'cacheReset' }
  /** Of no use to us: router keys, ASPA. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'errorReport'; readonly code: number; readonly text: string };

/** What a cache sent is wrong; the session with it ends, with an Error Report where one may be sent. */
export class RtrError extends Error {
  readonly code: number;
  /** The PDU at fault. */
  readonly pdu: Uint8Array;

  constructor(code: number, message: string, pdu: Uint8Array = new Uint8Array(0)) {
    super(message);
    this.code = code;
    this.pdu = pdu;
  }
}

export interface Read {
  readonly pdu: Pdu;
  readonly version: number;
  readonly end: number;
}

/** The PDU that begins at `start`, or undefined when it is not whole yet. Throws an RtrError. */
export function readPdu(bytes: Uint8Array, start: number, end: number): Read | undefined {
  if (end - start < HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(start + 4);
  if (length < HEADER || length > LONGEST) {
    throw new RtrError(
      RTR_ERROR.corruptData,
      `a PDU of ${length} octets`,
      bytes.slice(start, start + HEADER),
    );
  }
  if (end - start < length) return undefined;
  const pdu = decode(bytes, view, start, length);
  return { pdu, version: bytes[start] as number, end: start + length };
}

/** Length of the PDU of each type: exact, or at least. */
function checkLength(bytes: Uint8Array, start: number, length: number, wanted: number): void {
  if (length === wanted) return;
  const type = bytes[start + 1] as number;
  throw new RtrError(
    RTR_ERROR.corruptData,
    `a PDU of type ${type} has ${length} octets and not ${wanted}`,
    bytes.slice(start, start + length),
  );
}

function decode(bytes: Uint8Array, view: DataView, start: number, length: number): Pdu {
  const type = bytes[start + 1] as number;
  const session = view.getUint16(start + 2);
  switch (type) {
    case PDU.serialNotify:
      checkLength(bytes, start, length, 12);
      return { kind: 'serialNotify', session, serial: view.getUint32(start + 8) };
    case PDU.cacheResponse:
      checkLength(bytes, start, length, 8);
      return { kind: 'cacheResponse', session };
    case PDU.ipv4Prefix:
      checkLength(bytes, start, length, 20);
      return prefix(bytes, view, start, length, 1);
    case PDU.ipv6Prefix:
      checkLength(bytes, start, length, 32);
      return prefix(bytes, view, start, length, 4);
    case PDU.endOfData:
      return endOfData(bytes, view, start, length, session);
    case PDU.cacheReset:
      checkLength(bytes, start, length, 8);
      return { kind: 'cacheReset' };
    case PDU.errorReport:
      return { kind: 'errorReport', code: session, text: errorText(bytes, view, start, length) };
    case PDU.routerKey:
    case PDU.aspa:
      return { kind: 'ignored' };
    default:
      throw new RtrError(
        RTR_ERROR.unsupportedPdu,
        `a PDU of type ${type}`,
        bytes.slice(start, start + length),
      );
  }
}

/** RFC 8210 5.6, 5.7 */
function prefix(bytes: Uint8Array, view: DataView, start: number, whole: number, words: number): Pdu {
  const length = bytes[start + 9] as number;
  const maxLength = bytes[start + 10] as number;
  const address = Array.from({ length: words }, (_, i) => view.getUint32(start + 12 + 4 * i));
  if (maxLength > 32 * words || length > maxLength || hasHostBits(address, length)) {
    throw new RtrError(
      RTR_ERROR.corruptData,
      `a prefix of length ${length}, with lengths to ${maxLength}, and its address do not fit`,
      bytes.slice(start, start + whole),
    );
  }
  const announce = ((bytes[start + 8] as number) & 1) === 1;
  const as = view.getUint32(start + 12 + 4 * words);
  return { kind: 'prefix', announce, length, maxLength, address, as };
}

function hasHostBits(address: readonly number[], length: number): boolean {
  return address.some((word, i) => {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    return bits === 0 ? word !== 0 : bits < 32 && (word << bits) >>> 0 !== 0;
  });
}

/** RFC 8210 5.8; version 0 has no timing (RFC 6810 5.8). */
function endOfData(bytes: Uint8Array, view: DataView, start: number, length: number, session: number): Pdu {
  const timed = (bytes[start] as number) > 0;
  checkLength(bytes, start, length, timed ? 24 : 12);
  const serial = view.getUint32(start + 8);
  if (!timed) return { kind: 'endOfData', session, serial };
  const at = (i: number): number => view.getUint32(start + 12 + 4 * i);
  return { kind: 'endOfData', session, serial, timing: { refresh: at(0), retry: at(1), expire: at(2) } };
}

/** RFC 8210 5.11; nothing of it may be taken for granted, and no answer to it may be sent. */
function errorText(bytes: Uint8Array, view: DataView, start: number, length: number): string {
  const end = start + length;
  if (length < 16) return '';
  const textAt = start + 12 + view.getUint32(start + 8);
  if (textAt + 4 > end) return '';
  const text = bytes.subarray(textAt + 4, Math.min(end, textAt + 4 + view.getUint32(textAt)));
  return Buffer.from(text)
    .toString('utf8')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}

/** RFC 8210 5.3 */
export function encodeSerialQuery(version: number, session: number, serial: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = header(bytes, version, PDU.serialQuery, session);
  view.setUint32(8, serial);
  return bytes;
}

/** RFC 8210 5.4 */
export function encodeResetQuery(version: number): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  header(bytes, version, PDU.resetQuery, 0);
  return bytes;
}

/** RFC 8210 5.11 */
export function encodeErrorReport(version: number, { code, message, pdu }: RtrError): Uint8Array {
  const text = Buffer.from(message, 'utf8');
  const bytes = new Uint8Array(16 + pdu.length + text.length);
  const view = header(bytes, version, PDU.errorReport, code);
  view.setUint32(8, pdu.length);
  bytes.set(pdu, 12);
  view.setUint32(12 + pdu.length, text.length);
  bytes.set(text, 16 + pdu.length);
  return bytes;
}

function header(bytes: Uint8Array, version: number, type: number, word: number): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  bytes[0] = version;
  bytes[1] = type;
  view.setUint16(2, word);
  view.setUint32(4, bytes.length);
  return view;
}
