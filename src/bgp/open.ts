/**
 * The OPEN message (RFC 4271 4.2) with its capabilities (RFC 5492), also in the extended form of the optional
 * parameters (RFC 9072), and what two OPENs agree on.
 */
import { AS_TRANS } from './attribute-table.ts';
import { privateCopy, putU16, putU32, u16, u32 } from './bytes.ts';
import {
  type Capabilities,
  capabilitiesSize,
  decodeCapabilities,
  encodeCapabilities,
  noCapabilities,
} from './capabilities.ts';
import { NotificationCode, OpenError } from './errors.ts';
import { Afi, familyBit, Safi } from './families.ts';
import { HEADER_LENGTH, MAX_EXTENDED_MESSAGE, MAX_MESSAGE, MessageType, writeHeader } from './message.ts';

export { type AddPathMode, type Capabilities, noCapabilities } from './capabilities.ts';

export const BGP_VERSION = 4;

/** The AS of a neighbour of which no more is configured than that it is another one than ours (RFC 7607: AS 0 is nobody's). */
export const ANY_OTHER_AS = 0;

export interface Open {
  readonly version: number;
  /** The neighbour's AS: from the 4-octet AS capability, else the 2-octet field (RFC 6793). */
  readonly as: number;
  /** My Autonomous System, the 2-octet field: AS_TRANS where the AS does not fit. */
  readonly as2: number;
  /** Seconds; 0 for none. */
  readonly holdTime: number;
  /** BGP Identifier, u32. */
  readonly bgpId: number;
  readonly capabilities: Capabilities;
}

/** Why an OPEN is refused: the NOTIFICATION to send, and a line for the operator. */
export interface DecodeFailure {
  readonly failed: true;
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
  readonly why: string;
}

export function isFailure(result: Open | DecodeFailure): result is DecodeFailure {
  return 'failed' in result;
}

export function openFailure(
  subcode: number,
  why: string,
  data: Uint8Array = new Uint8Array(0),
): DecodeFailure {
  return { failed: true, code: NotificationCode.Open, subcode, data, why };
}

const PARAMETER_CAPABILITIES = 2;
/** RFC 9072 2: in the place of the first parameter's type. */
const EXTENDED_MARK = 255;
/** version, AS, hold time, identifier, length of the parameters */
const FIXED_LENGTH = 10;
/** RFC 4271 4.2: zero, or at least three seconds. */
const LEAST_HOLD_TIME = 3;

/** The 2-octet field for an AS (RFC 6793 4.1). */
export function as2For(as: number): number {
  return as > 0xffff ? AS_TRANS : as;
}

/** All capabilities go into one parameter, as RFC 5492 4 recommends. */
export function encodeOpen(open: Open): Uint8Array {
  const size = capabilitiesSize(open.capabilities);
  const extended = size + 2 > 255 || size > 255;
  const parameters = size === 0 ? 0 : size + (extended ? 3 : 2);
  const message = new Uint8Array(HEADER_LENGTH + FIXED_LENGTH + (extended ? 3 : 0) + parameters);
  writeHeader(message, 0, MessageType.Open, message.length);
  let at = HEADER_LENGTH;
  message[at] = open.version;
  putU16(message, at + 1, open.as2);
  putU16(message, at + 3, open.holdTime);
  putU32(message, at + 5, open.bgpId);
  at += FIXED_LENGTH;
  message[at - 1] = extended ? EXTENDED_MARK : parameters;
  if (extended) {
    message[at] = EXTENDED_MARK;
    putU16(message, at + 1, parameters);
    at += 3;
  }
  if (size === 0) return message;
  message[at++] = PARAMETER_CAPABILITIES;
  if (extended) message[at++] = size >>> 8;
  message[at++] = size;
  encodeCapabilities(open.capabilities, message, at);
  return message;
}

/** `at` is just after the header. The checks stand in the order of RFC 4271 6.2. */
export function decodeOpen(bytes: Uint8Array, at: number, end: number): Open | DecodeFailure {
  if (end - at < FIXED_LENGTH) return openFailure(OpenError.Unspecific, 'OPEN is too short');
  const version = bytes[at]!;
  if (version !== BGP_VERSION) {
    // The data is the version that we do speak.
    return openFailure(OpenError.UnsupportedVersion, `version ${version}`, Uint8Array.of(0, BGP_VERSION));
  }
  const as2 = u16(bytes, at + 1);
  const holdTime = u16(bytes, at + 3);
  const bgpId = u32(bytes, at + 5);
  if (as2 === 0) return openFailure(OpenError.BadPeerAs, 'AS 0 (RFC 7607)');
  if (holdTime !== 0 && holdTime < LEAST_HOLD_TIME) {
    return openFailure(OpenError.UnacceptableHoldTime, `hold time ${holdTime}`);
  }
  // RFC 6286 2.1: any number but zero.
  if (bgpId === 0) return openFailure(OpenError.BadBgpIdentifier, 'BGP Identifier 0');
  const capabilities = noCapabilities();
  const failure = decodeParameters(bytes, at + FIXED_LENGTH - 1, end, capabilities);
  if (failure !== undefined) return failure;
  const as = capabilities.fourOctetAs ?? as2;
  if (as === 0) return openFailure(OpenError.BadPeerAs, 'AS 0 (RFC 7607)');
  return { version, as, as2, holdTime, bgpId, capabilities };
}

/** `at` is where the length of the optional parameters stands. */
function decodeParameters(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: Capabilities,
): DecodeFailure | undefined {
  const length = bytes[at]!;
  // RFC 9072 2: the mark decides, whatever the one-octet length is, unless that is zero.
  const extended = length !== 0 && at + 1 < end && bytes[at + 1] === EXTENDED_MARK;
  if (extended && at + 4 > end) return openFailure(OpenError.Unspecific, 'extended parameters are cut');
  const start = extended ? at + 4 : at + 1;
  if (start + (extended ? u16(bytes, at + 2) : length) !== end) {
    return openFailure(OpenError.Unspecific, 'length of the optional parameters does not fit the message');
  }
  const headerLength = extended ? 3 : 2;
  for (let parameter = start; parameter < end; ) {
    if (parameter + headerLength > end) return openFailure(OpenError.Unspecific, 'optional parameter is cut');
    const value = parameter + headerLength;
    const next = value + (extended ? u16(bytes, parameter + 1) : bytes[parameter + 1]!);
    if (next > end) return openFailure(OpenError.Unspecific, 'optional parameter exceeds the message');
    const type = bytes[parameter]!;
    if (type !== PARAMETER_CAPABILITIES) {
      return openFailure(OpenError.UnsupportedOptionalParameter, `optional parameter ${type}`);
    }
    const bad = decodeCapabilities(bytes, value, next, into);
    if (bad !== undefined) {
      return openFailure(OpenError.Unspecific, bad.why, privateCopy(bytes, bad.start, next));
    }
    parameter = next;
  }
  return undefined;
}

/** What a session may do: what both sides said. */
export interface Negotiated {
  /** FAMILY_ bits. */
  readonly families: number;
  readonly fourOctetAs: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRefresh: boolean;
  /** IPv4 routes may have an IPv6 next hop, both ways (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Seconds, the smaller of both; 0: no keepalives (RFC 4271 4.2). */
  readonly holdTime: number;
  /** The longest message that we may send, and that we take. */
  readonly maxMessage: number;
  /** The neighbour in another AS. */
  readonly external: boolean;
  /** It knows what a route means that is kept over a long absence (RFC 9494). */
  readonly longLived: boolean;
  /** FAMILY_ bits of which it tells us, or is told, several paths of a prefix (RFC 7911). */
  readonly pathsReceived: number;
  readonly pathsSent: number;
}

/** RFC 7911 4: what the sender of the capability is able to do. */
export const ADD_PATH = { receive: 1, send: 2 } as const;

export function negotiate(ours: Open, theirs: Open): Negotiated {
  const [a, b] = [ours.capabilities, theirs.capabilities];
  const families = familiesOf(a) & familiesOf(b);
  return {
    families,
    pathsReceived: families & addPathOf(a, ADD_PATH.receive) & addPathOf(b, ADD_PATH.send),
    pathsSent: families & addPathOf(a, ADD_PATH.send) & addPathOf(b, ADD_PATH.receive),
    fourOctetAs: a.fourOctetAs !== undefined && b.fourOctetAs !== undefined,
    routeRefresh: a.routeRefresh && b.routeRefresh,
    enhancedRefresh: a.enhancedRefresh && b.enhancedRefresh,
    extendedNextHop: takesIpv6Hops(a) && takesIpv6Hops(b),
    holdTime: Math.min(ours.holdTime, theirs.holdTime),
    maxMessage: a.extendedMessage && b.extendedMessage ? MAX_EXTENDED_MESSAGE : MAX_MESSAGE,
    external: ours.as !== theirs.as,
    longLived: b.longLived !== undefined,
  };
}

/** FAMILY_ bits for which somebody says so; of several entries for a family the last one counts. */
function addPathOf({ addPath }: Capabilities, able: number): number {
  let families = 0;
  for (const { afi, safi, mode } of addPath) {
    const family = familyBit(afi, safi);
    families = mode & able ? families | family : families & ~family;
  }
  return families;
}

/** RFC 8950 4 */
function takesIpv6Hops({ extendedNextHop }: Capabilities): boolean {
  return extendedNextHop.some(
    ({ afi, safi, nextHopAfi }) => afi === Afi.Ipv4 && safi === Safi.Unicast && nextHopAfi === Afi.Ipv6,
  );
}

/** RFC 4760 8: who says nothing about families speaks IPv4 unicast. */
function familiesOf(capabilities: Capabilities): number {
  if (capabilities.multiprotocol.length === 0) return familyBit(1, 1);
  return capabilities.multiprotocol.reduce((bits, { afi, safi }) => bits | familyBit(afi, safi), 0);
}

/**
 * What of the neighbour's OPEN is right by itself but wrong here (RFC 4271 6.2, RFC 6286 2.2): another AS than
 * configured, our own BGP Identifier inside our own AS, no family in common. `routerAs`: what is ours where the OPEN says
 * another one (RFC 7705).
 */
export function acceptOpen(
  ours: Open,
  theirs: Open,
  expectedAs: number,
  routerAs: number = ours.as,
): DecodeFailure | undefined {
  if (expectedAs === ANY_OTHER_AS) {
    if (theirs.as === ours.as || theirs.as === routerAs)
      return openFailure(OpenError.BadPeerAs, `AS ${theirs.as} is our own, but another one is configured`);
  } else if (theirs.as !== expectedAs) {
    return openFailure(OpenError.BadPeerAs, `AS ${theirs.as}, but ${expectedAs} is configured`);
  }
  if (theirs.as === ours.as && theirs.bgpId === ours.bgpId) {
    return openFailure(OpenError.BadBgpIdentifier, 'our own BGP Identifier');
  }
  if (negotiate(ours, theirs).families === 0) {
    // RFC 5492 5: the data lists the capabilities that are missing.
    const wanted = { ...noCapabilities(), multiprotocol: ours.capabilities.multiprotocol };
    const data = new Uint8Array(capabilitiesSize(wanted));
    encodeCapabilities(wanted, data, 0);
    return openFailure(OpenError.UnsupportedCapability, 'no address family in common', data);
  }
  return undefined;
}
