/**
 * Path attributes that are canonical as they stand (canonical.ts), which is how nearly all of them come: ascending,
 * with the flags and lengths that are the rule, ASes of 4 octets, nothing wrong and nothing unusual. One flat walk
 * finds that out. It decides nothing: what it does not take it leaves to the walk that knows everything (update.ts),
 * and what it takes is what that walk would find without fault.
 *
 *     | low … | high … |                       low: types below 14, high: types above it
 *     | MP_REACH_NLRI | low … | high … |       first, as RFC 7606 5.1 wants it
 *     | low … | MP_REACH_NLRI | high … |       or in its place
 */
import { asPathFault } from './as-path.ts';
import { checkMpReach, isHost4 } from './attribute-check.ts';
import * as table from './attribute-table.ts';
import { u16, u32 } from './bytes.ts';
import { Afi } from './families.ts';
import { areDistinct } from './large-communities.ts';
import { look, type UpdateOptions, type UpdateView } from './update-view.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const {
  AttributeFlag,
  AttributeType,
  CATEGORY_MASK,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Origin,
  WELL_KNOWN,
} = table;

const NEXT_HOP = 1 << AttributeType.NextHop;
/** Types that must be there (RFC 7606 3.d), as bits: for routes of MP_REACH_NLRI, and of the body. */
const MANDATORY = (1 << AttributeType.Origin) | (1 << AttributeType.AsPath);
const MANDATORY_IN_BODY = MANDATORY | NEXT_HOP;

/**
 * True: `view` is complete, with `plain` set. False: not plain, or not right; what was noted in `view` of the
 * attributes is then to be cleared.
 */
export function readPlain(bytes: Uint8Array, options: UpdateOptions, view: UpdateView): boolean {
  if (!options.fourOctetAs) return false;
  const { external, own4 = 0 } = options;
  const end = view.attributesEnd;
  let lowStart = view.attributesStart;
  let lowEnd = end;
  let highStart = end;
  let last = 0;
  let seen = 0;
  for (let at = lowStart; at < end; ) {
    const flags = bytes[at]!;
    const type = bytes[at + 1]!;
    const extended = (flags & AttributeFlag.ExtendedLength) !== 0;
    const value = extended ? at + 4 : at + 3;
    const next = value + (extended ? u16(bytes, at + 2) : bytes[at + 2]!);
    if (next > end) return false;
    if (type === AttributeType.MpReach) {
      if (last > AttributeType.MpReach || !readReach(bytes, at, value, next, options, view)) return false;
      if (last === 0) lowStart = next;
      else {
        lowEnd = at;
        highStart = next;
        last = type;
      }
    } else {
      if (type <= last || extended !== next - value > 255) return false;
      const category = flags & ~AttributeFlag.ExtendedLength;
      const transitive = (category & ~AttributeFlag.Partial) === OPTIONAL_TRANSITIVE;
      const length = next - value;
      let fits = false;
      // In the loop and not in a function of its own: a call for each attribute costs a fifth of the walk.
      // biome-ignore format: one line per rule
      switch (type) {
        case AttributeType.Origin: fits = category === WELL_KNOWN && length === 1 && bytes[value]! <= Origin.Incomplete; break;
        case AttributeType.AsPath: fits = category === WELL_KNOWN && asPathFault(bytes, value, next, 4, !external) === 0; break;
        case AttributeType.NextHop: fits = category === WELL_KNOWN && length === 4 && isHost4(bytes, value) && u32(bytes, value) !== own4; break;
        case AttributeType.MultiExitDisc: fits = category === OPTIONAL_NON_TRANSITIVE && length === 4; break;
        case AttributeType.LocalPref: fits = category === WELL_KNOWN && length === 4 && !external; break;
        case AttributeType.AtomicAggregate: fits = category === WELL_KNOWN && length === 0; break;
        case AttributeType.Aggregator: fits = transitive && length === 8 && u32(bytes, value) !== 0; break;
        case AttributeType.Communities: fits = transitive && length > 0 && length % 4 === 0; break;
        case AttributeType.OriginatorId: fits = category === OPTIONAL_NON_TRANSITIVE && length === 4 && !external; break;
        case AttributeType.ClusterList: fits = category === OPTIONAL_NON_TRANSITIVE && length > 0 && length % 4 === 0 && !external; break;
        case AttributeType.ExtendedCommunities: fits = transitive && length > 0 && length % 8 === 0; break;
        case AttributeType.LargeCommunities: fits = transitive && length > 0 && length % 12 === 0 && areDistinct(bytes, value, next); break;
      }
      if (!fits) return false;
      if (type < AttributeType.MpReach) seen |= 1 << type;
      else if (last < AttributeType.MpReach) lowEnd = highStart = at;
      last = type;
    }
    at = next;
  }
  if (!isComplete(view, seen)) return false;
  view.plain = true;
  view.lowStart = lowStart;
  view.lowEnd = lowEnd;
  view.highStart = highStart;
  return true;
}

function readReach(
  bytes: Uint8Array,
  at: number,
  value: number,
  next: number,
  options: UpdateOptions,
  view: UpdateView,
): boolean {
  if ((bytes[at]! & CATEGORY_MASK) !== OPTIONAL_NON_TRANSITIVE) return false;
  look(view, AttributeType.MpReach, at, next);
  // An IPv4 next hop has its place elsewhere in the canonical form.
  return checkMpReach(bytes, value, next, options, view) && view.reachAfi !== Afi.Ipv4;
}

/** Routes in the body or in MP_REACH_NLRI, but not in both, with what they need; NEXT_HOP is not of the latter. */
function isComplete(view: UpdateView, seen: number): boolean {
  if (view.reachAfi !== 0) {
    return view.nlriStart === view.nlriEnd && (seen & MANDATORY_IN_BODY) === MANDATORY;
  }
  return view.nlriStart === view.nlriEnd || (seen & MANDATORY_IN_BODY) === MANDATORY_IN_BODY;
}
