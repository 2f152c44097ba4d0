/**
 * What an operator chooses for a neighbour beyond RFC 4271, and what that makes of an attribute set on its way in and
 * out: pure, done once for a set and a kind of neighbour (blade/routes/import-checks.ts, blade/telling/exporter.ts).
 *
 *   in    own AS, own cluster, first AS, roles ─→ feasible or why not ─→ (import policy)
 *   out   (export policy) ─→ roles, private ASes, override, communities ─→ RFC 4271 5.1 (export.ts)
 */
import {
  AttributeType,
  Community,
  OPTIONAL_NON_TRANSITIVE,
  OPTIONAL_TRANSITIVE,
  Segment,
} from './attributes.ts';
import { hasCommunity } from './communities.ts';
import {
  type AttributeSet,
  attributeValue,
  type PathSegment,
  pathOf,
  withAttribute,
  withoutAttribute,
  withPath,
  withWord,
  words,
} from './edit.ts';
import { isLeak, marked, onlyToCustomer, type Role, rowOf } from './roles.ts';

/** Of one neighbour; what is missing is off. */
export interface NeighbourRules {
  /** A route reflector client (RFC 4456). */
  readonly client?: boolean;
  /** In another member AS of our confederation (RFC 5065): inside for all but AS_PATH and reflection. */
  readonly confederate?: boolean;
  /** Our role (RFC 9234), and whether the neighbour must name its own. */
  readonly role?: Role;
  readonly roleStrict?: boolean;
  /** RFC 4271 6.3: AS_PATH must begin with the neighbour's AS. */
  readonly enforceFirstAs?: boolean;
  /** Our own AS may be in AS_PATH so many times. */
  readonly allowOwnAs?: number;
  /** The neighbour's AS in AS_PATH becomes ours. */
  readonly asOverride?: boolean;
  /** Private ASes (RFC 6996, RFC 7300) go from AS_PATH, or become ours. */
  readonly removePrivateAs?: 'all' | 'replace';
  /** RFC 8326: the session is about to go; routes told to the neighbour say so. */
  readonly gracefulShutdown?: boolean;
  /** RFC 7999: routes with BLACKHOLE are told to this external neighbour, too. */
  readonly passBlackhole?: boolean;
  /** RFC 4271 5.1.3: next hops there are told to the external neighbour as they are, but its own. */
  readonly shared?: SharedSubnets;
  /** RFC 7947: next hop, AS_PATH and MED go to the neighbour as they came. */
  readonly routeServerClient?: boolean;
}

/** Networks that we and the neighbour, whose address is this one, have in common. */
export interface SharedSubnets {
  readonly subnets: readonly { readonly bytes: Uint8Array; readonly length: number }[];
  readonly neighbor: Uint8Array;
}

/** Why a route is not feasible; by number, as it is counted and shown. */
export const OBJECTIONS = [
  '',
  'our own AS is in AS_PATH',
  'our own cluster is in CLUSTER_LIST, or ORIGINATOR_ID is our own',
  'AS_PATH does not begin with the neighbour’s AS',
  'a route leak: ONLY_TO_CUSTOMER (RFC 9234)',
  'AS_PATH does not begin with a member AS of the confederation (RFC 5065)',
] as const;
export const OBJECTION = { none: 0, ownAs: 1, ownCluster: 2, firstAs: 3, leak: 4, noMember: 5 } as const;

/** Who is at both ends of a session. */
export interface Ends {
  readonly localAs: number;
  /** Where the neighbour sees another AS than the router's own. */
  readonly routerAs?: number | undefined;
  /** The AS that others see in the place of our confederation's. */
  readonly confederation?: number | undefined;
  /** The AS that stands in front of what the neighbour told (RFC 7705). */
  readonly prependAs?: number | undefined;
  readonly neighborAs: number;
  readonly external: boolean;
}

/** More often than allowed (RFC 4271 9.1.2)? */
export function repeatsOwnAs(set: AttributeSet, localAs: number, allowed: number): boolean {
  let times = 0;
  for (const { ases } of pathOf(set)) for (const as of ases) if (as === localAs) times++;
  return times > allowed;
}

/** RFC 4271 6.3 */
function beginsWith(set: AttributeSet, as: number, behind: boolean): boolean {
  const [first] = pathOf(set);
  return first?.type === Segment.Sequence && first.ases[behind ? 1 : 0] === as;
}

/** OBJECTION of the rules that look at the neighbour. */
export function objection(set: AttributeSet, ends: Ends, rules: NeighbourRules): number {
  const { neighborAs, external, prependAs } = ends;
  // RFC 5065 5: as a malformed AS_PATH, which is to be treated as a withdrawal (RFC 7606 7.2).
  if (rules.confederate && pathOf(set)[0]?.type !== Segment.ConfedSequence) return OBJECTION.noMember;
  if (!external) return OBJECTION.none;
  if (rules.enforceFirstAs && !beginsWith(set, neighborAs, prependAs !== undefined)) return OBJECTION.firstAs;
  if (rules.role !== undefined && isLeak(rules.role, neighborAs, set)) return OBJECTION.leak;
  return OBJECTION.none;
}

/** What is kept of a set that the neighbour told (RFC 9234 5: the mark is added where it is missing). */
export function received(
  set: AttributeSet,
  { neighborAs, external }: Ends,
  rules: NeighbourRules,
): AttributeSet {
  if (!external || rules.role === undefined || !rowOf(rules.role).marks) return set;
  return marked(set, neighborAs);
}

/** Do the rules say anything about what the neighbour is told? */
export function changesExport(rules: NeighbourRules): boolean {
  const { role, asOverride, removePrivateAs, gracefulShutdown, confederate } = rules;
  if (confederate) return true;
  return role !== undefined || !!asOverride || removePrivateAs !== undefined || !!gracefulShutdown;
}

/** What goes on to the neighbour of a set, before RFC 4271 5.1; undefined: it must not be told. `own`: we originate it. */
export function prepared(
  set: AttributeSet,
  ends: Ends,
  rules: NeighbourRules,
  own = false,
): AttributeSet | undefined {
  const { localAs, neighborAs, external } = ends;
  let result = set;
  if (rules.confederate) {
    if (!own && hasCommunity(set, 0, set.length, Community.NoExportSubconfed)) return undefined;
    result = confederated(set, localAs);
  }
  if (external && rules.role !== undefined) {
    const { holds, marksOut } = rowOf(rules.role);
    if (holds && onlyToCustomer(result) !== undefined) return undefined;
    if (marksOut) result = marked(result, localAs);
  }
  if (external && rules.removePrivateAs !== undefined)
    result = withoutPrivateAs(result, localAs, neighborAs, rules.removePrivateAs);
  if (external && rules.asOverride) result = mapped(result, (as) => (as === neighborAs ? localAs : as));
  if (rules.gracefulShutdown) result = withCommunity(result, Community.GracefulShutdown);
  return result;
}

/** RFC 5065 4.1: our member AS in front, in a segment that does not count; what is for one AS only stays there. */
function confederated(set: AttributeSet, memberAs: number): AttributeSet {
  const path = withPath(set, [{ type: Segment.ConfedSequence, ases: [memberAs] }, ...pathOf(set)]);
  return withoutAttribute(withoutAttribute(path, AttributeType.OriginatorId), AttributeType.ClusterList);
}

export function withCommunity(set: AttributeSet, community: number): AttributeSet {
  if (hasCommunity(set, 0, set.length, community)) return set;
  const before = attributeValue(set, AttributeType.Communities) ?? new Uint8Array(0);
  const value = Uint8Array.of(...before, ...words([community]));
  return withAttribute(set, OPTIONAL_TRANSITIVE, AttributeType.Communities, value);
}

/** RFC 4456 8: who told it first in our AS, and our cluster in front of those that it passed. */
export function reflected(set: AttributeSet, peerId: number, clusterId: number): AttributeSet {
  const clusters = attributeValue(set, AttributeType.ClusterList) ?? new Uint8Array(0);
  const list = Uint8Array.of(...words([clusterId]), ...clusters);
  const result = withAttribute(set, OPTIONAL_NON_TRANSITIVE, AttributeType.ClusterList, list);
  if (attributeValue(set, AttributeType.OriginatorId) !== undefined) return result;
  return withWord(result, OPTIONAL_NON_TRANSITIVE, AttributeType.OriginatorId, peerId);
}

/** RFC 6996, and the last ones (RFC 7300). */
function isPrivateAs(as: number): boolean {
  return (as >= 64_512 && as <= 65_535) || as >= 4_200_000_000;
}

/** The neighbour's own AS stays, so that it finds its loops. */
function withoutPrivateAs(
  set: AttributeSet,
  localAs: number,
  neighborAs: number,
  how: 'all' | 'replace',
): AttributeSet {
  const goes = (as: number): boolean => isPrivateAs(as) && as !== neighborAs;
  if (how === 'replace') return mapped(set, (as) => (goes(as) ? localAs : as));
  const segments = pathOf(set);
  if (!segments.some(({ ases }) => ases.some(goes))) return set;
  return withPath(
    set,
    segments.map(({ type, ases }) => ({ type, ases: ases.filter((as) => !goes(as)) })),
  );
}

function mapped(set: AttributeSet, map: (as: number) => number): AttributeSet {
  const segments = pathOf(set);
  if (!segments.some(({ ases }) => ases.some((as) => map(as) !== as))) return set;
  const change = ({ type, ases }: PathSegment): PathSegment => ({ type, ases: ases.map(map) });
  return withPath(set, segments.map(change));
}

/** RFC 4271 5.1.3.2: a third party's next hop can be told as it is; never the neighbour's own address. */
export function sharesNextHop(set: AttributeSet, { subnets, neighbor }: SharedSubnets): boolean {
  const hop =
    attributeValue(set, AttributeType.NextHop) ?? attributeValue(set, AttributeType.MpReach)?.subarray(1, 17);
  if (hop === undefined || isWithin(hop, neighbor, 8 * neighbor.length)) return false;
  return subnets.some(({ bytes, length }) => isWithin(hop, bytes, length));
}

function isWithin(address: Uint8Array, bytes: Uint8Array, length: number): boolean {
  if (address.length !== bytes.length) return false;
  return address.every((octet, i) => {
    const mask = 0xff00 >> Math.min(8, Math.max(0, length - 8 * i));
    return ((octet ^ (bytes[i] as number)) & mask & 0xff) === 0;
  });
}
