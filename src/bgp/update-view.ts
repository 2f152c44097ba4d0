/**
 * One UPDATE message as positions in the bytes that it was read from, and what is to become of it. A view is
 * reused from message to message and holds numbers only, so that reading a message makes no garbage.
 */
import { Action, attributeName } from './attribute-table.ts';
import { NotificationCode } from './errors.ts';

export interface UpdateOptions {
  /** Both sides sent the 4-octet AS capability (RFC 6793). */
  readonly fourOctetAs: boolean;
  /** The neighbour is in another AS. */
  readonly external: boolean;
  /** FAMILY_ bits that were negotiated; NLRI of other families are left out. */
  readonly families: number;
  /** FAMILY_ bits of which NLRI come with path identifiers (RFC 7911). */
  readonly addPath?: number;
  /** IPv4 routes may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop?: boolean | undefined;
  /** A family of which NLRI cannot be read is disabled, and the session goes on (RFC 4760 7). */
  readonly disables?: boolean | undefined;
  /** Our end of the connection, as a number of 32 bits or as four of them: no next hop that the neighbour may tell (RFC 4271 6.3). */
  readonly own4?: number | undefined;
  readonly own6?: readonly number[] | undefined;
  /** The AS that goes in front of AS_PATH: the neighbour knows this router by that one (bgp/local-as.ts). */
  readonly prependAs?: number | undefined;
}

/** Path identifiers stand before the prefixes of this family. */
export function hasPaths(options: UpdateOptions, family: number): boolean {
  return options.addPath !== undefined && (options.addPath & family) !== 0;
}

const MAX_ATTRIBUTES = 256;

export class UpdateView {
  withdrawnStart = 0;
  withdrawnEnd = 0;
  nlriStart = 0;
  nlriEnd = 0;
  attributesStart = 0;
  attributesEnd = 0;

  /** MP_REACH_NLRI; AFI 0 where there is none. Of a family that was not negotiated the NLRI is empty. */
  reachAfi = 0;
  reachSafi = 0;
  reachNlriStart = 0;
  reachNlriEnd = 0;
  reachNextHopStart = 0;
  reachNextHopLength = 0;
  /** It encodes routes, of whatever family. */
  reachTells = false;

  /** MP_UNREACH_NLRI, in the same way. */
  unreachAfi = 0;
  unreachSafi = 0;
  unreachStart = 0;
  unreachEnd = 0;

  /** FAMILY_ bits of what could not be read (options.disables). */
  unreadable = 0;

  /** What becomes of the message. The rest says why, for the strongest error found. */
  action: Action = Action.None;
  errorCode = 0;
  errorSubcode = 0;
  /** The attribute's type, 0 where the error is in none. */
  errorAttribute = 0;
  errorWhy = '';
  /** The NOTIFICATION's Data in the message's own bytes. */
  errorDataStart = 0;
  errorDataEnd = 0;

  /**
   * The attributes are canonical as they stand, but for MP_REACH_NLRI: types below it in [lowStart, lowEnd), above it in
   * [highStart, attributesEnd). They are not in the list below.
   */
  plain = false;
  lowStart = 0;
  lowEnd = 0;
  highStart = 0;

  /** The attributes to keep, by ascending type. MP_REACH_NLRI and MP_UNREACH_NLRI are not among them. */
  attributeCount = 0;
  readonly attributeType = new Uint8Array(MAX_ATTRIBUTES);
  readonly attributeFlags = new Uint8Array(MAX_ATTRIBUTES);
  /** Where the values begin and end. */
  readonly attributeStart = new Int32Array(MAX_ATTRIBUTES);
  readonly attributeEnd = new Int32Array(MAX_ATTRIBUTES);

  /** Types that were looked at, one bit each. */
  readonly seen = new Int32Array(MAX_ATTRIBUTES / 32);

  /** The attribute that is being looked at, header included: the Data of an error in it. */
  currentType = 0;
  currentStart = 0;
  currentEnd = 0;
}

export function clear(view: UpdateView, start: number): void {
  view.withdrawnStart = view.withdrawnEnd = view.nlriStart = view.nlriEnd = start;
  view.attributesStart = view.attributesEnd = start;
  clearAttributes(view, start);
}

/** All that a walk over the attributes notes. */
export function clearAttributes(view: UpdateView, start: number): void {
  view.reachAfi = view.reachSafi = view.reachNextHopLength = 0;
  view.reachNlriStart = view.reachNlriEnd = view.reachNextHopStart = start;
  view.reachTells = false;
  view.unreachAfi = view.unreachSafi = 0;
  view.unreachStart = view.unreachEnd = start;
  view.unreadable = 0;
  view.action = Action.None;
  view.errorCode = view.errorSubcode = view.errorAttribute = 0;
  view.errorWhy = '';
  view.errorDataStart = view.errorDataEnd = start;
  view.plain = false;
  view.attributeCount = 0;
  look(view, 0, start, start);
}

/** From here on errors are errors of this attribute; type 0: of none. */
export function look(view: UpdateView, type: number, start: number, end: number): void {
  view.currentType = type;
  view.currentStart = start;
  view.currentEnd = end;
}

/**
 * Notes an error of what is being looked at, unless a stronger or equal one is known (RFC 7606 3.h: the strongest
 * action is taken). Always false: "not to be kept".
 */
export function fail(view: UpdateView, action: number, subcode: number, why: string): false {
  if (action <= view.action) return false;
  view.action = action as Action;
  view.errorCode = NotificationCode.Update;
  view.errorSubcode = subcode;
  view.errorAttribute = view.currentType;
  view.errorWhy = view.currentType === 0 ? why : `${attributeName(view.currentType)}: ${why}`;
  view.errorDataStart = view.currentStart;
  view.errorDataEnd = view.currentEnd;
  return false;
}

/** Has an attribute of this type been looked at? Now it has. */
export function seenBefore({ seen }: UpdateView, type: number): boolean {
  const before = seen[type >>> 5]!;
  seen[type >>> 5] = before | (1 << (type & 31));
  return ((before >>> (type & 31)) & 1) !== 0;
}

/** Lists an attribute, sorted in from behind (they mostly come in order); none of its type is there. */
export function keep(view: UpdateView, type: number, flags: number, start: number, end: number): void {
  const types = view.attributeType;
  const count = view.attributeCount;
  let slot = count;
  while (slot > 0 && types[slot - 1]! > type) slot--;
  if (slot < count) {
    types.copyWithin(slot + 1, slot, count);
    view.attributeFlags.copyWithin(slot + 1, slot, count);
    view.attributeStart.copyWithin(slot + 1, slot, count);
    view.attributeEnd.copyWithin(slot + 1, slot, count);
  }
  types[slot] = type;
  view.attributeFlags[slot] = flags;
  view.attributeStart[slot] = start;
  view.attributeEnd[slot] = end;
  view.attributeCount = count + 1;
}

/** The slot of a type in the list, or -1. The mandatory attributes stand first, and are asked for most. */
export function slotOf(view: UpdateView, type: number): number {
  const types = view.attributeType;
  const count = view.attributeCount;
  for (let i = 0; i < count && types[i]! <= type; i++) if (types[i] === type) return i;
  return -1;
}
