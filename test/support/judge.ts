/**
 * What our decoder makes of messages, in words: the answer of RFC 4271 section 6 and RFC 7606, and what an UPDATE that is taken
 * says. The words are put together here in the plainest way, from canonical attributes.
 */
import { formatIpv4, formatIpv6, formatPrefix4, formatPrefix6 } from '../../src/base/address.ts';
import { findAttribute, valueLength, valueStart } from '../../src/bgp/attributes.ts';
import { u16, u32 } from '../../src/bgp/bytes.ts';
import {
  decodeNotification,
  decodeRouteRefresh,
  HEADER_LENGTH,
  headerErrorData,
  MAX_EXTENDED_MESSAGE,
  MessageType,
  messageType,
  readHeader,
} from '../../src/bgp/message.ts';
import { Prefix, readPrefix4, readPrefix6 } from '../../src/bgp/nlri.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import {
  Action,
  CANONICAL_ROOM,
  canonicalize,
  decodeUpdate,
  type UpdateOptions,
  UpdateView,
} from '../../src/bgp/update.ts';

const OUTCOMES = [
  'accepted',
  'attribute-discard',
  'treat-as-withdraw',
  'disable-family',
  'session-reset',
] as const;

export interface Judged {
  /** accepted …, or OPEN, KEEPALIVE, NOTIFICATION, ROUTE-REFRESH; `… refused`; header error N; incomplete. */
  readonly answer: string;
  readonly why: string;
  /** Where the session ends: the NOTIFICATION's code, subcode and data. */
  readonly notification?: readonly number[];
  /** What is announced, in what is taken: `prefix via next hop`. */
  readonly announced: readonly string[];
  readonly withdrawn: readonly string[];
  /** Attributes of the announced routes, by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

const view = new UpdateView();
const prefix = new Prefix();
const room = new Uint8Array(CANONICAL_ROOM);
const nothing = { why: '', announced: [], withdrawn: [], attributes: {} };

/** Every message of the bytes, one behind the other. */
export function judge(bytes: Uint8Array, options: UpdateOptions): Judged[] {
  const judged: Judged[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = readHeader(bytes, at, bytes.length - at, MAX_EXTENDED_MESSAGE);
    if (length < 0) {
      const notification = [1, -length & 255, ...headerErrorData(bytes, at, length)];
      return [...judged, { ...nothing, answer: `header error ${-length & 255}`, notification }];
    }
    if (length === 0 || at + length > bytes.length) return [...judged, { ...nothing, answer: 'incomplete' }];
    judged.push(judgeMessage(bytes, at, at + length, options));
    at += length;
  }
  return judged;
}

function judgeMessage(bytes: Uint8Array, at: number, end: number, options: UpdateOptions): Judged {
  const body = at + HEADER_LENGTH;
  switch (messageType(bytes, at)) {
    case MessageType.Open: {
      const open = decodeOpen(bytes, body, end);
      if (isFailure(open)) return { ...nothing, answer: 'OPEN refused', why: open.why };
      return {
        ...nothing,
        answer: 'OPEN',
        attributes: { as: String(open.as), id: formatIpv4(open.bgpId), 'hold-time': String(open.holdTime) },
      };
    }
    case MessageType.Notification: {
      const { code, subcode } = decodeNotification(bytes, body, end);
      return { ...nothing, answer: 'NOTIFICATION', attributes: { code: `${code}/${subcode}` } };
    }
    case MessageType.RouteRefresh: {
      const refresh = decodeRouteRefresh(bytes, body, end);
      if (refresh === undefined) return { ...nothing, answer: 'ROUTE-REFRESH refused' };
      return {
        ...nothing,
        answer: 'ROUTE-REFRESH',
        attributes: { family: `${refresh.afi}/${refresh.safi}`, kind: String(refresh.kind) },
      };
    }
    case MessageType.Update:
      return judgeUpdate(bytes, body, end, options);
    default:
      return { ...nothing, answer: 'KEEPALIVE' };
  }
}

function judgeUpdate(bytes: Uint8Array, start: number, end: number, options: UpdateOptions): Judged {
  decodeUpdate(bytes, start, end, options, view);
  const answer = OUTCOMES[view.action] as string;
  const why = view.errorWhy;
  if (view.action > Action.AttributeDiscard) {
    const data = bytes.slice(view.errorDataStart, view.errorDataEnd);
    return { ...nothing, answer, why, notification: [view.errorCode, view.errorSubcode, ...data] };
  }
  const withdrawn = [
    ...prefixesOf(bytes, view.withdrawnStart, view.withdrawnEnd, 1),
    ...prefixesOf(bytes, view.unreachStart, view.unreachEnd, view.unreachAfi),
  ];
  const announced: string[] = [];
  let attributes: Record<string, string> = {};
  for (const mp of [false, true]) {
    const routes = mp
      ? prefixesOf(bytes, view.reachNlriStart, view.reachNlriEnd, view.reachAfi)
      : prefixesOf(bytes, view.nlriStart, view.nlriEnd, 1);
    if (routes.length === 0) continue;
    const set = room.subarray(0, canonicalize(bytes, view, options, mp, room, 0));
    attributes = { ...attributes, ...describe(set) };
    announced.push(...routes.map((route) => `${route} via ${attributes['next-hop']}`));
  }
  return { answer, why, announced, withdrawn, attributes };
}

function prefixesOf(bytes: Uint8Array, start: number, end: number, afi: number): string[] {
  const found: string[] = [];
  for (let at = start; at < end; ) {
    at = afi === 2 ? readPrefix6(bytes, at, prefix) : readPrefix4(bytes, at, prefix);
    const { word0, word1, word2, word3, length } = prefix;
    found.push(afi === 2 ? formatPrefix6(word0, word1, word2, word3, length) : formatPrefix4(word0, length));
  }
  return found;
}

const ORIGINS = ['igp', 'egp', 'incomplete'];

function describe(set: Uint8Array): Record<string, string> {
  const text: Record<string, string> = {};
  const on = (type: number, name: string, say: (value: Uint8Array) => string): void => {
    const at = findAttribute(set, 0, set.length, type);
    if (at < 0) return;
    const start = valueStart(set, at);
    text[name] = say(set.subarray(start, start + valueLength(set, at)));
  };
  on(1, 'origin', (value) => ORIGINS[value[0] as number] as string);
  on(2, 'as-path', pathText);
  on(3, 'next-hop', hopText);
  on(4, 'med', (value) => String(u32(value, 0)));
  on(5, 'local-preference', (value) => String(u32(value, 0)));
  on(8, 'community', (value) => rows(value, 4, (at) => `${u16(value, at)}:${u16(value, at + 2)}`));
  on(9, 'originator-id', (value) => formatIpv4(u32(value, 0)));
  on(10, 'cluster-list', (value) => rows(value, 4, (at) => formatIpv4(u32(value, at))));
  on(14, 'next-hop', (value) => hopText(value.subarray(1)));
  on(16, 'extended-community', (value) =>
    rows(value, 8, (at) => String((BigInt(u32(value, at)) << 32n) | BigInt(u32(value, at + 4)))),
  );
  on(32, 'large-community', (value) =>
    rows(value, 12, (at) => [0, 4, 8].map((i) => u32(value, at + i)).join(':')),
  );
  return text;
}

function hopText(value: Uint8Array): string {
  if (value.length === 4) return formatIpv4(u32(value, 0));
  return formatIpv6(value);
}

function rows(value: Uint8Array, size: number, say: (at: number) => string): string {
  return Array.from({ length: value.length / size }, (_, i) => say(i * size)).join(' ');
}

const BRACKETS: readonly (readonly [open: string, close: string, between: string])[] = [
  ['', '', ''],
  ['{', '}', ','],
  ['', '', ' '],
  ['(', ')', ' '],
  ['[', ']', ','],
];

function pathText(value: Uint8Array): string {
  const segments: string[] = [];
  for (let at = 0; at < value.length; ) {
    const [open, close, between] = BRACKETS[value[at] as number] as (typeof BRACKETS)[number];
    const ases = Array.from({ length: value[at + 1] as number }, (_, i) => u32(value, at + 2 + 4 * i));
    segments.push(`${open}${ases.join(between)}${close}`);
    at += 2 + 4 * ases.length;
  }
  return segments.join(' ');
}
