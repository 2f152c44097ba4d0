/**
 * One path attribute of an UPDATE message: what can be wrong with it, as a flat list in the order of RFC 7606. The
 * table of attribute-table.ts says what an attribute must be like and what follows if it is not; here is how that
 * is found out.
 */
import { asPathFault, FAULTS, hasConfederation } from './as-path.ts';
import {
  Action,
  ASSIGNED,
  AttributeFlag,
  AttributeType,
  CATEGORY,
  CATEGORY_MASK,
  CHECK,
  Check,
  EXACTLY,
  FROM_EXTERNAL,
  ON_MALFORMED,
  ON_UNREADABLE,
  ON_WRONG_FLAGS,
  Origin,
  UNIT,
} from './attribute-table.ts';
import { u16, u32 } from './bytes.ts';
import { UpdateError } from './errors.ts';
import { FAMILY_IPV4, familyBit } from './families.ts';
import { nlriFits, pathNlriFits } from './nlri.ts';
import { fail, hasPaths, keep, seenBefore, type UpdateOptions, type UpdateView } from './update-view.ts';

const OWN = 'the next hop is our own address';

/** Looks at view.current…, with its value in [start, end), and lists it in the view if it is to be kept. */
export function checkAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): void {
  const type = view.currentType;
  const flags = bytes[view.currentStart]!;
  const isMp = type === AttributeType.MpReach || type === AttributeType.MpUnreach;
  // RFC 7606 3.g: of several, the first counts, and nothing that is wrong with the others.
  if (!isMp && seenBefore(view, type)) {
    fail(view, Action.AttributeDiscard, UpdateError.MalformedAttributeList, 'more than once');
    return;
  }
  if (!checkFlags(type, flags, view)) return;
  if (options.external && FROM_EXTERNAL[type] !== Action.None) {
    fail(view, FROM_EXTERNAL[type]!, UpdateError.OptionalAttribute, 'from an external neighbour');
    return;
  }
  if (!lengthFits(type, end - start)) {
    fail(view, ON_MALFORMED[type]!, UpdateError.AttributeLength, 'wrong length');
    return;
  }
  if (!checkValue(bytes, start, end, options, view)) return;
  if (!isMp) keep(view, type, flags, start, end);
}

function checkFlags(type: number, flags: number, view: UpdateView): boolean {
  if (ASSIGNED[type] === 1) {
    // RFC 7606 3.c speaks of these two bits only: a stray Partial bit is put right, not punished.
    if ((flags & CATEGORY_MASK) === CATEGORY[type]) return true;
    return fail(view, ON_WRONG_FLAGS[type]!, UpdateError.AttributeFlags, 'wrong flags');
  }
  if (flags & AttributeFlag.Optional) return true;
  // RFC 4271 6.3
  return fail(
    view,
    Action.SessionReset,
    UpdateError.UnrecognizedWellKnownAttribute,
    'well-known, but not to us',
  );
}

function lengthFits(type: number, length: number): boolean {
  const exactly = EXACTLY[type]!;
  if (exactly >= 0) return length === exactly;
  const unit = UNIT[type]!;
  return unit === 0 || (length > 0 && length % unit === 0);
}

function checkValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): boolean {
  switch (CHECK[view.currentType]) {
    case Check.Origin:
      return (
        bytes[start]! <= Origin.Incomplete || malformed(view, UpdateError.InvalidOrigin, 'unknown value')
      );
    case Check.AsPath:
      return checkAsPath(bytes, start, end, options, view);
    case Check.NextHop:
      // RFC 4760 3: without NLRI in the body NEXT_HOP means nothing, and is ignored.
      if (view.nlriStart === view.nlriEnd) return true;
      if (!isHost4(bytes, start))
        return malformed(view, UpdateError.InvalidNextHop, 'not the address of a host');
      return u32(bytes, start) !== options.own4 || malformed(view, UpdateError.InvalidNextHop, OWN);
    case Check.Aggregator:
      return checkAggregator(bytes, start, end, options, view);
    case Check.MpReach:
      return checkMpReach(bytes, start, end, options, view);
    case Check.MpUnreach:
      return checkMpUnreach(bytes, start, end, options, view);
    default:
      return true;
  }
}

function malformed(view: UpdateView, subcode: number, why: string): false {
  return fail(view, ON_MALFORMED[view.currentType]!, subcode, why);
}

/** RFC 4271 6.3: not 0.0.0.0, not multicast and above. (127/8 is a host: the tests of the world live there.) */
export function isHost4(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at]!;
  return first < 224 && (first !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0);
}

/** AS_PATH and AS4_PATH. */
function checkAsPath(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): boolean {
  const as4 = view.currentType === AttributeType.As4Path;
  if (as4 && options.fourOctetAs) return betweenNewSpeakers(view);
  const asSize = as4 || options.fourOctetAs ? 4 : 2;
  // RFC 5065 5: not from outside. In AS4_PATH they are no fault, but left out (RFC 6793 6): mergeAs4Path does that.
  const fault = asPathFault(bytes, start, end, asSize, as4 || !options.external);
  if (fault !== 0) return malformed(view, UpdateError.MalformedAsPath, FAULTS[fault]!);
  if (as4 && hasConfederation(bytes, start, end)) {
    malformed(view, UpdateError.OptionalAttribute, 'confederation segments are left out');
  }
  return true;
}

/** RFC 6793 4.1: AS4_PATH and AS4_AGGREGATOR have no place there, and are discarded. */
function betweenNewSpeakers(view: UpdateView): false {
  return malformed(view, UpdateError.OptionalAttribute, 'between 4-octet AS speakers');
}

/** AGGREGATOR and AS4_AGGREGATOR: an AS, which is not 0 (RFC 7607), and a BGP Identifier. */
function checkAggregator(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): boolean {
  const as4 = view.currentType === AttributeType.As4Aggregator;
  if (as4 && options.fourOctetAs) return betweenNewSpeakers(view);
  const asSize = as4 || options.fourOctetAs ? 4 : 2;
  if (end - start !== asSize + 4) return malformed(view, UpdateError.AttributeLength, 'wrong length');
  if (u16(bytes, start) !== 0 || (asSize === 4 && u16(bytes, start + 2) !== 0)) return true;
  return malformed(view, UpdateError.OptionalAttribute, 'AS 0');
}

/** RFC 7606 5.3: what it says of this family is not known; of the other one it is. */
function unreadable(view: UpdateView, options: UpdateOptions, family: number, why: string): false {
  if (options.disables !== true) return malformed(view, UpdateError.OptionalAttribute, why);
  view.unreadable |= family;
  return fail(view, ON_UNREADABLE[view.currentType]!, UpdateError.OptionalAttribute, why);
}

/** MP_REACH_NLRI (RFC 4760 3): AFI, SAFI, next hop with its length, a reserved octet, NLRI. */
export function checkMpReach(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): boolean {
  // RFC 7606 3.g: twice is too often here.
  if (view.reachAfi !== 0) return malformed(view, UpdateError.MalformedAttributeList, 'more than once');
  if (end - start < 5) return malformed(view, UpdateError.AttributeLength, 'too short');
  const afi = u16(bytes, start);
  if (afi === 0) return malformed(view, UpdateError.OptionalAttribute, 'AFI 0');
  const nextHopLength = bytes[start + 3]!;
  const nlriStart = start + 4 + nextHopLength + 1;
  if (nlriStart > end) return malformed(view, UpdateError.OptionalAttribute, 'next hop does not fit');
  view.reachAfi = afi;
  view.reachSafi = bytes[start + 2]!;
  view.reachNextHopStart = start + 4;
  view.reachNextHopLength = nextHopLength;
  view.reachNlriStart = view.reachNlriEnd = nlriStart;
  view.reachTells = nlriStart < end;
  const family = familyBit(view.reachAfi, view.reachSafi) & options.families;
  if (family === 0) return true;
  if (!nextHopFits(family, nextHopLength, options.extendedNextHop === true)) {
    return unreadable(view, options, family, 'wrong next hop length');
  }
  if (!fits(bytes, nlriStart, end, options, family)) {
    return unreadable(view, options, family, 'NLRI does not parse');
  }
  view.reachNlriEnd = end;
  if (nlriStart === end) return true;
  const trouble = !isNextHop(bytes, start + 4, nextHopLength)
    ? 'next hop is not the address of a host'
    : isOwn(bytes, start + 4, nextHopLength, options)
      ? OWN
      : '';
  // The NLRI is known, so this much can be withdrawn.
  return trouble === '' || fail(view, Action.TreatAsWithdraw, UpdateError.OptionalAttribute, trouble);
}

/** RFC 4271 6.3 a */
function isOwn(bytes: Uint8Array, at: number, length: number, { own4, own6 }: UpdateOptions): boolean {
  if (length === 4) return u32(bytes, at) === own4;
  if (own6 === undefined) return false;
  for (let word = 0; word < 4; word++) if (u32(bytes, at + 4 * word) !== own6[word]) return false;
  return true;
}

/** MP_UNREACH_NLRI (RFC 4760 4): AFI, SAFI, withdrawn routes. */
function checkMpUnreach(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  view: UpdateView,
): boolean {
  if (view.unreachAfi !== 0) return malformed(view, UpdateError.MalformedAttributeList, 'more than once');
  if (end - start < 3) return malformed(view, UpdateError.AttributeLength, 'too short');
  const afi = u16(bytes, start);
  if (afi === 0) return malformed(view, UpdateError.OptionalAttribute, 'AFI 0');
  view.unreachAfi = afi;
  view.unreachSafi = bytes[start + 2]!;
  view.unreachStart = view.unreachEnd = start + 3;
  const family = familyBit(view.unreachAfi, view.unreachSafi) & options.families;
  if (family === 0) return true;
  if (!fits(bytes, start + 3, end, options, family)) {
    return unreadable(view, options, family, 'withdrawn routes do not parse');
  }
  view.unreachEnd = end;
  return true;
}

function fits(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
  family: number,
): boolean {
  const bits = maxBits(family);
  return hasPaths(options, family)
    ? pathNlriFits(bytes, start, end, bits)
    : nlriFits(bytes, start, end, bits);
}

function maxBits(family: number): number {
  return family === FAMILY_IPV4 ? 32 : 128;
}

/** RFC 4760 and 8950 3 for IPv4; RFC 2545 3 for IPv6: a global address, and perhaps a link-local one behind it. */
function nextHopFits(family: number, length: number, extended: boolean): boolean {
  if (family === FAMILY_IPV4 && !extended) return length === 4;
  return length === 16 || length === 32 || (length === 4 && family === FAMILY_IPV4);
}

/** In a pair of addresses the global one may be unspecified: the link-local one is to be used then. */
function isNextHop(bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 4) return isHost4(bytes, at);
  if (bytes[at] === 0xff) return false;
  for (let i = at; i < at + length; i++) if (bytes[i] !== 0) return true;
  return false;
}
