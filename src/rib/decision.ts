import { weightOf } from '../bgp/weight.ts';
import type { Fabric } from '../fabric/fabric.ts';
import * as layout from '../fabric/layout.ts';
import * as row from './attribute-row.ts';
import { decideByPath } from './paths.ts';

// Constants of this module: the JIT compiler folds them, but looks an import up each time.
const {
  HAS_ORIGINATOR,
  LENGTHS,
  LOCAL_PREF,
  LONG_STALE,
  MED,
  NEIGHBOR_AS,
  ORIGINATOR,
  PATH_LENGTH_MASK,
  ROW,
} = row;
const { WEIGHTED } = row;
/** Seldom. */
const COMES_FIRST = LONG_STALE | WEIGHTED;
const {
  words: SESSION_WORDS,
  flags: SESSION_FLAGS,
  peerId: PEER_ID,
  peerAddress: PEER_ADDRESS,
} = layout.SESSION;
const { external: EXTERNAL } = layout.SESSION_FLAG;

/**
 * The Decision Process, phase 2 (RFC 4271 9.1.2), as a comparison of two routes. It reads only the routes and
 * the sessions that learned them: not where a session lives, not what came first.
 *
 * MED compares only within a neighbour AS, so this is not a total order over routes of several neighbour ASes
 * that carry MEDs: who chooses among those takes the best of each AS first (ibgp-internal/evaluate.ts).
 */
export const STEP = {
  same: 0,
  localPref: 1,
  pathLength: 2,
  origin: 3,
  med: 4,
  external: 5,
  igpMetric: 6,
  identifier: 7,
  clusterList: 8,
  address: 9,
  stale: 10,
  path: 11,
  weight: 12,
} as const;

/** The steps behind 9.1.2.2 e say nothing of how good a route is: they choose one of several that are equally good. */
export function isTieBreak(step: number): boolean {
  const which = Math.abs(step);
  return which === STEP.same || (which > STEP.igpMetric && which !== STEP.stale && which !== STEP.weight);
}

/** The step by number, as an operator reads it. */
export const STEP_NAMES: readonly string[] = [
  'same route',
  'LOCAL_PREF',
  'AS_PATH length',
  'ORIGIN',
  'MED',
  'eBGP over iBGP',
  'IGP metric',
  'BGP Identifier',
  'CLUSTER_LIST length',
  'neighbour address',
  'long-lived stale',
  'path identifier',
  'weight',
];

/**
 * Compares route (a, sa) with route (b, sb), AttrId and session each: the STEP at which they part, positive when
 * the first is the better one, negative when the second is; 0 for the same route.
 */
export function decide(fabric: Fabric, a: number, sa: number, b: number, sb: number): number {
  const rows = fabric.attributes.rows;
  const ra = a * ROW;
  const rb = b * ROW;
  const la = rows[ra + LENGTHS] as number;
  const lb = rows[rb + LENGTHS] as number;
  if (((la | lb) & COMES_FIRST) !== 0) {
    const step = decideFirst(fabric, a, la, b, lb);
    if (step !== STEP.same) return step;
  }
  let x = rows[ra + LOCAL_PREF] as number;
  let y = rows[rb + LOCAL_PREF] as number;
  if (x !== y) return x > y ? STEP.localPref : -STEP.localPref; // 9.1.2: degree of preference
  x = la & PATH_LENGTH_MASK;
  y = lb & PATH_LENGTH_MASK;
  if (x !== y) return x < y ? STEP.pathLength : -STEP.pathLength; // 9.1.2.2 a
  x = (la >>> 16) & 3;
  y = (lb >>> 16) & 3;
  if (x !== y) return x < y ? STEP.origin : -STEP.origin; // 9.1.2.2 b
  x = rows[ra + MED] as number;
  y = rows[rb + MED] as number;
  if (x !== y && rows[ra + NEIGHBOR_AS] === rows[rb + NEIGHBOR_AS]) return x < y ? STEP.med : -STEP.med; // c
  return decideBySession(fabric, a, sa, b, sb);
}

/** What comes before the degree of preference. */
function decideFirst({ attributes }: Fabric, a: number, la: number, b: number, lb: number): number {
  if (((la ^ lb) & LONG_STALE) !== 0) return la & LONG_STALE ? -STEP.stale : STEP.stale; // RFC 9494 4.3
  if (((la | lb) & WEIGHTED) === 0) return STEP.same;
  const weight = (attribute: number): number => {
    const start = attributes.offsetOf(attribute);
    return weightOf(attributes.bytes, start, start + attributes.lengthOf(attribute));
  };
  const [x, y] = [weight(a), weight(b)];
  if (x === y) return STEP.same;
  return x > y ? STEP.weight : -STEP.weight;
}

/** The steps that look at who told us. Two routes of one session can still differ in what a reflector says of it. */
function decideBySession(fabric: Fabric, a: number, sa: number, b: number, sb: number): number {
  const ra = a * ROW;
  const rb = b * ROW;
  const sessions = fabric.sessions;
  const rows = fabric.attributes.rows;
  const wa = sa * SESSION_WORDS;
  const wb = sb * SESSION_WORDS;
  let x = (sessions[wa + SESSION_FLAGS] as number) & EXTERNAL;
  let y = (sessions[wb + SESSION_FLAGS] as number) & EXTERNAL;
  if (x !== y) return x > y ? STEP.external : -STEP.external; // 9.1.2.2 d
  const { hops } = fabric;
  if (hops !== undefined) {
    x = hops.costOf(a);
    y = hops.costOf(b);
    if (x !== y) return x < y ? STEP.igpMetric : -STEP.igpMetric; // 9.1.2.2 e
  }
  const la = rows[ra + LENGTHS] as number;
  const lb = rows[rb + LENGTHS] as number;
  x = (la & HAS_ORIGINATOR ? (rows[ra + ORIGINATOR] as number) : (sessions[wa + PEER_ID] as number)) >>> 0;
  y = (lb & HAS_ORIGINATOR ? (rows[rb + ORIGINATOR] as number) : (sessions[wb + PEER_ID] as number)) >>> 0;
  if (x !== y) return x < y ? STEP.identifier : -STEP.identifier; // 9.1.2.2 f, RFC 4456 9
  x = (la >>> 18) & 255;
  y = (lb >>> 18) & 255;
  if (x !== y) return x < y ? STEP.clusterList : -STEP.clusterList; // RFC 4456 9
  if (sa === sb) return STEP.same;
  for (let i = PEER_ADDRESS; i < PEER_ADDRESS + 4; i++) {
    x = (sessions[wa + i] as number) >>> 0;
    y = (sessions[wb + i] as number) >>> 0;
    if (x !== y) return x < y ? STEP.address : -STEP.address; // 9.1.2.2 g
  }
  const na = fabric.sessionOf(sa);
  const nb = fabric.sessionOf(sb);
  // One link-local address on two links.
  if (na !== nb) return na < nb ? STEP.address : -STEP.address;
  // Two paths of one neighbour (RFC 7911): decideFor looks at their identifiers.
  return sa < sb ? STEP.path : -STEP.path;
}

/** As `decide`, where the two can be paths of one neighbour: the prefix says which identifiers they have. */
export function decideFor(fabric: Fabric, id: number, a: number, sa: number, b: number, sb: number): number {
  const step = decide(fabric, a, sa, b, sb);
  return step !== STEP.path && step !== -STEP.path ? step : STEP.path * decideByPath(fabric, id, sa, sb);
}
