/**
 * Which routes may be used together (ECMP), of those that the decision process finds equally good: what the operator wants, as a
 * word of the box that all threads read, and what is compared of two attribute sets.
 *
 *   [ was ever on (17) | AS_PATHs need only be as long (16) | so many, the best one from iBGP (8-15) | from eBGP (0-7) ]
 */
import { neighborAs } from '../bgp/as-path.ts';
import { AttributeType, findAttribute, valueLength, valueStart } from '../bgp/attributes.ts';
import type { Fabric } from '../fabric/fabric.ts';

export interface Multipath {
  /** Routes that are used together at most, by whoever told the best one; 1: only that. */
  readonly ebgp: number;
  readonly ibgp: number;
  /** AS_PATHs need not be of the same neighbour AS (eBGP) or the same (iBGP), only as long. */
  readonly asPathRelax: boolean;
}

const EVER = 1 << 17;
const RELAX = 1 << 16;

/** The word of the box; `before`: what it was. */
export function multipathWord(multipath: Multipath | undefined, before: number): number {
  if (!isOn(multipath)) return before & EVER;
  return EVER | (multipath.asPathRelax ? RELAX : 0) | (multipath.ibgp << 8) | multipath.ebgp;
}

/** Does it ask for more than the best? */
export function isOn(multipath: Multipath | undefined): multipath is Multipath {
  return multipath !== undefined && (multipath.ebgp > 1 || multipath.ibgp > 1);
}

/** How many are used together. */
export function mostTogether(word: number, external: boolean): number {
  return external ? word & 0xff : (word >>> 8) & 0xff;
}

/** As FRR has it: of one neighbour AS outside, with the same AS_PATH inside. */
export function comesSameWay(fabric: Fabric, word: number, a: number, b: number, external: boolean): boolean {
  if (a === b || (word & RELAX) !== 0) return true;
  if (!external) return sameValue(fabric, a, b, AttributeType.AsPath);
  return firstAs(fabric, a) === firstAs(fabric, b);
}

/** Two of one next hop are one way. */
export function sameNextHop(fabric: Fabric, id: number, a: number, b: number): boolean {
  const isIpv4 = id < fabric.prefixes.base6;
  return sameValue(fabric, a, b, isIpv4 ? AttributeType.NextHop : AttributeType.MpReach);
}

function firstAs(fabric: Fabric, attribute: number): number {
  const { bytes } = fabric.attributes;
  const at = find(fabric, attribute, AttributeType.AsPath);
  if (at < 0) return 0;
  const start = valueStart(bytes, at);
  return neighborAs(bytes, start, start + valueLength(bytes, at));
}

function sameValue(fabric: Fabric, a: number, b: number, type: number): boolean {
  if (a === b) return true;
  const { bytes } = fabric.attributes;
  const [at, to] = [find(fabric, a, type), find(fabric, b, type)];
  if (at < 0 || to < 0) return at === to;
  const length = valueLength(bytes, at);
  if (valueLength(bytes, to) !== length) return false;
  const [from, other] = [valueStart(bytes, at), valueStart(bytes, to)];
  for (let i = 0; i < length; i++) if (bytes[from + i] !== bytes[other + i]) return false;
  return true;
}

/** Where an attribute stands; -1: the set has none. */
function find({ attributes }: Fabric, attribute: number, type: number): number {
  const start = attributes.offsetOf(attribute);
  return findAttribute(attributes.bytes, start, start + attributes.lengthOf(attribute), type);
}
