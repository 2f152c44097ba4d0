/**
 * What becomes of an attribute set on its way to a neighbour (RFC 4271 5.1, 9.2; RFC 1997; RFC 4360 6): canonical
 * octets in, canonical octets out. Done once for an attribute set and an update group, not once a route.
 */
import { copyWithoutConfederation, hasConfederation, prepend } from './as-path.ts';
import * as table from './attribute-table.ts';
import { DEFAULT_LOCAL_PREF, valueLength, valueStart } from './attributes.ts';
import { copy, putU32, u32 } from './bytes.ts';
import { writeAttribute, writeAttributeHeader } from './canonical.ts';
import { behindWeight } from './weight.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const { AttributeType, Community, OPTIONAL_NON_TRANSITIVE, WELL_KNOWN } = table;

/** told: as they are; withheld: not at all; guarded: with NO_EXPORT, and LOCAL_PREF 0 inside the AS. */
export type StaleExport = 'told' | 'withheld' | 'guarded';

export interface ExportOptions {
  /** The neighbour is in another AS. */
  readonly external: boolean;
  readonly localAs: number;
  /** The router's own AS, which goes behind `localAs` where that is another one for this neighbour. */
  readonly behindAs?: number | undefined;
  /** Our own address becomes the next hop: as a rule towards external neighbours (RFC 4271 5.1.3). */
  readonly nextHopSelf: boolean;
  /** The neighbour takes IPv4 routes with an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop?: boolean | undefined;
  /**
   * Our own addresses: for IPv4 routes 4 octets, or those of IPv6 where they are to go by that; for IPv6 routes 16, or 32 with a
   * link-local address behind the global one (RFC 2545 3).
   */
  readonly nextHop4?: Uint8Array | undefined;
  readonly nextHop16?: Uint8Array | undefined;
  /** What becomes of routes kept over the long absence of whoever told them (RFC 9494 4.4, 4.6). */
  readonly stale?: StaleExport | undefined;
  /** MULTI_EXIT_DISC goes on to an external neighbour (RFC 4271 5.1.4: it must not, unless it is our own). */
  readonly keepMed?: boolean | undefined;
  /** RFC 7999: BLACKHOLE does not keep a route inside the AS. */
  readonly passBlackhole?: boolean | undefined;
  /** We originate it: what its communities say is for those who are told. */
  readonly own?: boolean | undefined;
  /** RFC 7947: a route server is not in AS_PATH, nor in the way of packets. */
  readonly transparent?: boolean | undefined;
  /** RFC 7947 2.2.4: communities of one client are for the others: they are neither obeyed nor taken away. */
  readonly passesCommunities?: boolean | undefined;
}

/** A route with these attributes must not be told to the neighbour. */
export const NOT_EXPORTED = -1;

const MAX_PATH_LENGTH = 65_535 - 6;
const own = new Uint8Array(MAX_PATH_LENGTH + 16);
/** A path on its way out of a confederation. */
const path = new Uint8Array(65_536);
const IPV4_OCTETS = 4;
/** Octets of a next hop of IPv6 that is a global and a link-local address. */
const LINK_LOCAL_TOO = 32;
/** RFC 4360 2: the bit of an extended community's type that says "non-transitive". */
const NON_TRANSITIVE_TYPE = 0x40;

/**
 * Writes what the neighbour gets of the canonical set [start, end), as a canonical set again, and returns its
 * length, or NOT_EXPORTED: a community forbids it, AS_PATH is full, or our own next hop of that kind is not known.
 */
export function exportAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: ExportOptions,
  into: Uint8Array,
  at: number,
  localPref = DEFAULT_LOCAL_PREF,
): number {
  const begin = at;
  start = behindWeight(bytes, start, end);
  // What goes on as it is, from here up to what is being looked at, is copied in one piece.
  let kept = start;
  let localPrefDue = !options.external;
  for (let from = start; from < end; ) {
    const type = bytes[from + 1]!;
    const value = valueStart(bytes, from);
    const next = value + valueLength(bytes, from);
    if (localPrefDue && type >= AttributeType.LocalPref) {
      localPrefDue = false;
      if (type > AttributeType.LocalPref) {
        at = writeLocalPref(localPref, into, copy(bytes, kept, from, into, at));
        kept = from;
      }
    }
    if (type === AttributeType.Communities) {
      if (options.own !== true && isForbidden(bytes, value, next, options)) return NOT_EXPORTED;
    } else if (isRewritten(bytes, value, next, type, options)) {
      at = rewrite(bytes, from, value, next, options, into, copy(bytes, kept, from, into, at));
      if (at < 0) return NOT_EXPORTED;
      kept = next;
    }
    from = next;
  }
  at = copy(bytes, kept, end, into, at);
  if (localPrefDue) at = writeLocalPref(localPref, into, at);
  return at - begin;
}

/** RFC 1997, RFC 7999 3.2, RFC 9494 4.4: what the communities in [start, end) say. */
function isForbidden(bytes: Uint8Array, start: number, end: number, options: ExportOptions): boolean {
  const { external, passBlackhole, passesCommunities, stale } = options;
  for (let item = start; item < end; item += 4) {
    if (bytes[item] !== 0xff || bytes[item + 1] !== 0xff) continue;
    const community = u32(bytes, item);
    if (community === Community.LlgrStale && stale === 'withheld') return true;
    if (external && community === Community.Blackhole && passBlackhole !== true) return true;
    if (passesCommunities === true) continue;
    if (community === Community.NoAdvertise) return true;
    if (external && (community === Community.NoExport || community === Community.NoExportSubconfed))
      return true;
  }
  return false;
}

/** False: the attribute goes on as it is. */
function isRewritten(
  bytes: Uint8Array,
  value: number,
  next: number,
  type: number,
  options: ExportOptions,
): boolean {
  // biome-ignore format: one line per rule
  switch (type) {
    case AttributeType.AsPath: return options.external && (options.transparent !== true || hasConfederation(bytes, value, next));
    case AttributeType.NextHop: return options.nextHopSelf || next - value > IPV4_OCTETS;
    case AttributeType.MpReach: return options.nextHopSelf || bytes[value] === LINK_LOCAL_TOO || !isGlobal(bytes, value + 1);
    case AttributeType.MultiExitDisc: return options.external && options.keepMed !== true;
    case AttributeType.LocalPref:
    case AttributeType.OriginatorId:
    case AttributeType.ClusterList: return options.external;
    case AttributeType.ExtendedCommunities: return options.external && options.passesCommunities !== true;
    default: return false;
  }
}

/** One attribute, header at `from`, value in [value, next); returns where the output ends, or NOT_EXPORTED. */
function rewrite(
  bytes: Uint8Array,
  from: number,
  value: number,
  next: number,
  options: ExportOptions,
  into: Uint8Array,
  at: number,
): number {
  // biome-ignore format: one line per rule
  switch (bytes[from + 1]) {
    case AttributeType.AsPath: return prependOwn(bytes, value, next, options, into, at);
    case AttributeType.NextHop: return options.nextHopSelf ? ownNextHop4(options, into, at) : extendedNextHop(bytes, value, options, into, at);
    case AttributeType.MpReach: return options.nextHopSelf ? ownNextHopMp(options, into, at) : globalNextHopMp(bytes, value, into, at);
    case AttributeType.ExtendedCommunities: return transitiveCommunities(bytes, from, value, next, into, at);
    default: return at;
  }
}

function writeLocalPref(localPref: number, into: Uint8Array, at: number): number {
  const value = writeAttributeHeader(WELL_KNOWN, AttributeType.LocalPref, 4, into, at);
  putU32(into, value, localPref);
  return value + 4;
}

/** RFC 4271 5.1.2.b */
function prependOwn(
  bytes: Uint8Array,
  value: number,
  next: number,
  options: ExportOptions,
  into: Uint8Array,
  at: number,
): number {
  const { localAs, behindAs } = options;
  if (options.transparent === true) return leaveConfederation(bytes, value, next, into, at);
  if (behindAs === undefined) return prependTo(bytes, value, next, localAs, into, at);
  const end = prependTo(bytes, value, next, behindAs, own, 0);
  return end < 0 ? end : prependTo(own, valueStart(own, 0), end, localAs, into, at);
}

/** RFC 5065 4.1 c for a route server's client, of whom the rest is as it came. */
function leaveConfederation(
  bytes: Uint8Array,
  value: number,
  next: number,
  into: Uint8Array,
  at: number,
): number {
  const length = copyWithoutConfederation(bytes, value, next, path, 0);
  return writeAttribute(path, 0, length, WELL_KNOWN, AttributeType.AsPath, into, at);
}

/** AS_PATH with an AS more in front, or NOT_EXPORTED when it is full. RFC 5065 4.1.c: segments of a confederation do not leave it. */
export function prependTo(
  bytes: Uint8Array,
  value: number,
  next: number,
  localAs: number,
  into: Uint8Array,
  at: number,
): number {
  if (next - value > MAX_PATH_LENGTH) return NOT_EXPORTED;
  // The value goes where a one-octet length would have it, and moves if it turns out longer.
  const valueAt = at + 3;
  const valueEnd = hasConfederation(bytes, value, next)
    ? prepend(path, 0, copyWithoutConfederation(bytes, value, next, path, 0), localAs, into, valueAt)
    : prepend(bytes, value, next, localAs, into, valueAt);
  const length = valueEnd - valueAt;
  if (length > 255) into.copyWithin(valueAt + 1, valueAt, valueEnd);
  return writeAttributeHeader(WELL_KNOWN, AttributeType.AsPath, length, into, at) + length;
}

function ownNextHop4(options: ExportOptions, into: Uint8Array, at: number): number {
  if (options.nextHop4 === undefined) return NOT_EXPORTED;
  const own = options.nextHop4;
  return writeAttribute(own, 0, own.length, WELL_KNOWN, AttributeType.NextHop, into, at);
}

/** RFC 8950 4: an IPv6 next hop of an IPv4 route is for whoever said to take it; the link-local part stays here, as below. */
function extendedNextHop(
  bytes: Uint8Array,
  value: number,
  options: ExportOptions,
  into: Uint8Array,
  at: number,
): number {
  if (options.extendedNextHop !== true || !isGlobal(bytes, value)) return NOT_EXPORTED;
  return writeAttribute(bytes, value, value + 16, WELL_KNOWN, AttributeType.NextHop, into, at);
}

function ownNextHopMp(options: ExportOptions, into: Uint8Array, at: number): number {
  const own = options.nextHop16;
  return own === undefined ? NOT_EXPORTED : writeNextHopMp(own, 0, own.length, into, at);
}

/** RFC 2545 3: a link-local address means nothing beyond the link on which it was told. */
function globalNextHopMp(bytes: Uint8Array, value: number, into: Uint8Array, at: number): number {
  if (!isGlobal(bytes, value + 1)) return NOT_EXPORTED;
  return writeNextHopMp(bytes, value + 1, 16, into, at);
}

/** Neither unspecified nor link-local: then another router can use the next hop, too. */
function isGlobal(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xfe && (bytes[at + 1]! & 0xc0) === 0x80) return false;
  for (let i = at; i < at + 16; i++) if (bytes[i] !== 0) return true;
  return false;
}

function writeNextHopMp(
  bytes: Uint8Array,
  start: number,
  length: number,
  into: Uint8Array,
  at: number,
): number {
  const value = writeAttributeHeader(OPTIONAL_NON_TRANSITIVE, AttributeType.MpReach, length + 1, into, at);
  into[value] = length;
  return copy(bytes, start, start + length, into, value + 1);
}

/** RFC 4360 6: those that are non-transitive across ASes stay here; without any left the attribute goes. */
function transitiveCommunities(
  bytes: Uint8Array,
  from: number,
  value: number,
  next: number,
  into: Uint8Array,
  at: number,
): number {
  let length = 0;
  for (let item = value; item < next; item += 8) if ((bytes[item]! & NON_TRANSITIVE_TYPE) === 0) length += 8;
  if (length === next - value) return copy(bytes, from, next, into, at);
  if (length === 0) return at;
  at = writeAttributeHeader(bytes[from]!, AttributeType.ExtendedCommunities, length, into, at);
  for (let item = value; item < next; item += 8) {
    if ((bytes[item]! & NON_TRANSITIVE_TYPE) === 0) at = copy(bytes, item, item + 8, into, at);
  }
  return at;
}
