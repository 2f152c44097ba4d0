/**
 * Changing a canonical attribute set, one attribute at a time: a set in, a set out, the old one untouched. For what is
 * done once for a set and a kind of neighbour, and remembered; not for what is done for every route.
 */
import { AttributeType, findAttribute, Segment, valueLength, valueStart, WELL_KNOWN } from './attributes.ts';
import { putU32, u32 } from './bytes.ts';
import { writeAttribute } from './canonical.ts';

/** Canonical octets (canonical.ts), all of them. */
export type AttributeSet = Uint8Array;

const MAX_COUNT = 255;

/** The value of an attribute; undefined: the set has none. */
export function attributeValue(set: AttributeSet, type: number): Uint8Array | undefined {
  const at = findAttribute(set, 0, set.length, type);
  if (at < 0) return undefined;
  const start = valueStart(set, at);
  return set.subarray(start, start + valueLength(set, at));
}

/** The set with this value for an attribute, in place of any that it had. */
export function withAttribute(
  set: AttributeSet,
  flags: number,
  type: number,
  value: Uint8Array,
): AttributeSet {
  const [from, to] = placeOf(set, type);
  const into = new Uint8Array(from + 4 + value.length + set.length - to);
  into.set(set.subarray(0, from));
  const end = writeAttribute(value, 0, value.length, flags, type, into, from);
  into.set(set.subarray(to), end);
  return into.subarray(0, end + set.length - to);
}

export function withWord(set: AttributeSet, flags: number, type: number, word: number): AttributeSet {
  return withAttribute(set, flags, type, words([word]));
}

export function withoutAttribute(set: AttributeSet, type: number): AttributeSet {
  const [from, to] = placeOf(set, type);
  return from === to ? set : Uint8Array.of(...set.subarray(0, from), ...set.subarray(to));
}

export function words(values: readonly number[]): Uint8Array {
  const octets = new Uint8Array(4 * values.length);
  values.forEach((value, i) => {
    putU32(octets, 4 * i, value);
  });
  return octets;
}

/** Where the attribute stands, or is to be inserted: start and end. */
function placeOf(set: AttributeSet, type: number): [number, number] {
  let at = 0;
  while (at < set.length && (set[at + 1] as number) < type) at = valueStart(set, at) + valueLength(set, at);
  if (at >= set.length || set[at + 1] !== type) return [at, at];
  return [at, valueStart(set, at) + valueLength(set, at)];
}

/** AS_PATH as segments. */
export interface PathSegment {
  readonly type: number;
  readonly ases: readonly number[];
}

export function pathOf(set: AttributeSet): PathSegment[] {
  const value = attributeValue(set, AttributeType.AsPath) ?? new Uint8Array(0);
  const segments: PathSegment[] = [];
  for (let at = 0; at < value.length; at += 2 + 4 * (value[at + 1] as number)) {
    const count = value[at + 1] as number;
    const ases = Array.from({ length: count }, (_, i) => u32(value, at + 2 + 4 * i));
    segments.push({ type: value[at] as number, ases });
  }
  return segments;
}

/** Segments that became empty go, and sequences that meet become one where that fits. */
export function withPath(set: AttributeSet, segments: readonly PathSegment[]): AttributeSet {
  const joined: { type: number; ases: number[] }[] = [];
  for (const { type, ases } of segments) {
    if (ases.length === 0) continue;
    const last = joined.at(-1);
    const meets = last?.type === type && (type === Segment.Sequence || type === Segment.ConfedSequence);
    if (meets && last !== undefined && last.ases.length + ases.length <= MAX_COUNT) last.ases.push(...ases);
    else joined.push({ type, ases: [...ases] });
  }
  const value = joined.flatMap(({ type, ases }) => [type, ases.length, ...words(ases)]);
  return withAttribute(set, WELL_KNOWN, AttributeType.AsPath, Uint8Array.from(value));
}
