/**
 * UPDATE messages put together in the plainest way, as lists of numbers: what the tests of src/bgp hold the decoder
 * and the encoder against. Nothing here uses them.
 */
import fc from 'fast-check';
import type { Random } from '../../src/base/random.ts';

export interface TestAttribute {
  readonly flags: number;
  readonly type: number;
  readonly value: readonly number[];
}

export const word = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
export const half = (value: number): number[] => [value >>> 8, value & 255];

/** The canonical way to write an attribute: extended length where it must be. */
export function attribute({ flags, type, value }: TestAttribute): number[] {
  return value.length > 255
    ? [flags | 0x10, type, ...half(value.length), ...value]
    : [flags & ~0x10, type, value.length, ...value];
}

export interface TestUpdate {
  readonly withdrawn?: readonly number[];
  readonly attributes?: readonly number[];
  readonly nlri?: readonly number[];
}

/** A whole message; the body begins at BODY. */
export function updateMessage({ withdrawn = [], attributes = [], nlri = [] }: TestUpdate): Uint8Array {
  const body = [...half(withdrawn.length), ...withdrawn, ...half(attributes.length), ...attributes, ...nlri];
  return Uint8Array.from([...new Array<number>(16).fill(255), ...half(19 + body.length), 2, ...body]);
}

export const BODY = 19;

export interface TestSegment {
  readonly type: number;
  readonly ases: readonly number[];
}

export function path4(segments: readonly TestSegment[]): number[] {
  return segments.flatMap(({ type, ases }) => [type, ases.length, ...ases.flatMap(word)]);
}

/** What a canonical attribute set is made of. */
export interface TestSet {
  readonly origin: number;
  readonly path: readonly TestSegment[];
  /** 4 octets for NEXT_HOP; 16 or 32 for the abbreviated MP_REACH_NLRI. */
  readonly nextHop: readonly number[];
  readonly med?: number | undefined;
  readonly localPref?: number | undefined;
  readonly atomic?: boolean | undefined;
  readonly aggregator?: { readonly as: number; readonly id: number; readonly partial: boolean } | undefined;
  readonly communities?: readonly number[] | undefined;
  readonly originator?: number | undefined;
  readonly clusters?: readonly number[] | undefined;
  readonly extended?: readonly (readonly number[])[] | undefined;
  readonly large?: readonly (readonly number[])[] | undefined;
  readonly unknown?: { readonly type: number; readonly value: readonly number[] } | undefined;
}

/** The attributes of a set by ascending type, in canonical form. */
export function attributesOf(set: TestSet): TestAttribute[] {
  const list: (TestAttribute | undefined)[] = [
    { flags: 0x40, type: 1, value: [set.origin] },
    { flags: 0x40, type: 2, value: path4(set.path) },
    set.nextHop.length === 4 ? { flags: 0x40, type: 3, value: set.nextHop } : undefined,
    set.med === undefined ? undefined : { flags: 0x80, type: 4, value: word(set.med) },
    set.localPref === undefined ? undefined : { flags: 0x40, type: 5, value: word(set.localPref) },
    set.atomic ? { flags: 0x40, type: 6, value: [] } : undefined,
    set.aggregator && {
      flags: set.aggregator.partial ? 0xe0 : 0xc0,
      type: 7,
      value: [...word(set.aggregator.as), ...word(set.aggregator.id)],
    },
    set.communities && { flags: 0xc0, type: 8, value: set.communities.flatMap(word) },
    set.originator === undefined ? undefined : { flags: 0x80, type: 9, value: word(set.originator) },
    set.clusters && { flags: 0x80, type: 10, value: set.clusters.flatMap(word) },
    set.nextHop.length === 4
      ? undefined
      : { flags: 0x80, type: 14, value: [set.nextHop.length, ...set.nextHop] },
    set.extended && { flags: 0xc0, type: 16, value: set.extended.flat() },
    set.large && { flags: 0xc0, type: 32, value: set.large.flat() },
    set.unknown && { flags: 0xe0, type: set.unknown.type, value: set.unknown.value },
  ];
  return list.filter((entry) => entry !== undefined);
}

export function canonicalBytes(set: TestSet): Uint8Array {
  return Uint8Array.from(attributesOf(set).flatMap(attribute));
}

const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 70_000 }));
const as = fc.oneof(
  fc.integer({ min: 1, max: 65_535 }),
  fc.integer({ min: 65_536, max: 0xffffffff }),
  fc.constant(23_456),
);
const octets = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 255 }), { minLength: length, maxLength: length });

const segment: fc.Arbitrary<TestSegment> = fc.record({
  type: fc.constantFrom(1, 2, 2, 2),
  ases: fc.oneof(
    { weight: 20, arbitrary: fc.array(as, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(as, { minLength: 60, maxLength: 255, size: 'max' }) },
  ),
});

const nextHop4 = fc.tuple(
  fc.integer({ min: 1, max: 223 }),
  ...new Array(3).fill(fc.integer({ min: 0, max: 255 })),
);
const nextHop6 = fc.oneof(octets(15), octets(31)).map((rest) => [0x20, ...rest]);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** A set as a neighbour of our own AS could tell it; `mp`: of IPv6. */
export function testSet(mp: boolean): fc.Arbitrary<TestSet> {
  return fc.record({
    origin: fc.integer({ min: 0, max: 2 }),
    path: fc.array(segment, { maxLength: 4 }),
    nextHop: (mp ? nextHop6 : nextHop4) as fc.Arbitrary<number[]>,
    med: optional(u32),
    localPref: optional(u32),
    atomic: fc.boolean(),
    aggregator: optional(fc.record({ as, id: u32, partial: fc.boolean() })),
    communities: optional(fc.array(u32, { minLength: 1, maxLength: 90, size: '+1' })),
    originator: optional(u32),
    clusters: optional(fc.array(u32, { minLength: 1, maxLength: 4 })),
    extended: optional(fc.array(octets(8), { minLength: 1, maxLength: 4 })),
    large: optional(fc.array(octets(12), { minLength: 1, maxLength: 4 })),
    unknown: optional(
      fc.record({ type: fc.constantFrom(99, 200, 255), value: fc.array(fc.nat(255), { maxLength: 300 }) }),
    ),
  });
}

export interface TestPrefix {
  readonly words: readonly [number, number, number, number];
  readonly length: number;
}

function masked(words: readonly number[], length: number): TestPrefix {
  const all = words.map((value, i) => {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    return bits === 0 ? 0 : Math.floor(value / 2 ** (32 - bits)) * 2 ** (32 - bits);
  });
  return { words: all as [number, number, number, number], length };
}

export const prefix4: fc.Arbitrary<TestPrefix> = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => masked([address, 0, 0, 0], length));

export const prefix6: fc.Arbitrary<TestPrefix> = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 4, maxLength: 4 }),
    fc.integer({ min: 0, max: 128 }),
  )
  .map(([words, length]) => masked(words, length));

export function nlri(prefixes: readonly TestPrefix[]): number[] {
  return prefixes.flatMap(({ words, length }) => [
    length,
    ...words.flatMap(word).slice(0, (length + 7) >> 3),
  ]);
}

/** The bytes of the other kind of memory: what blades read. */
export function shared(bytes: ArrayLike<number>): Uint8Array {
  const result = new Uint8Array(new SharedArrayBuffer(bytes.length));
  result.set(bytes);
  return result;
}

/** Some octets of the body changed, added, or cut off. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes;
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = BODY + random.below(Math.max(1, result.length - BODY));
    const kind = random.below(24);
    if (kind === 0) result = result.slice(0, at);
    else if (kind === 1)
      result = Uint8Array.from([...result.subarray(0, at), random.below(256), ...result.subarray(at)]);
    else {
      result = result.slice();
      if (at < result.length)
        result[at] = kind < 8 ? random.below(256) : result[at]! ^ (1 << random.below(8));
    }
  }
  return shared(result);
}

/** The routes of an IPv6 set stand in MP_REACH_NLRI, beside a withdrawal. */
export function announcement(set: TestSet, prefixes: number[]): Uint8Array {
  const list = attributesOf(set);
  if (set.nextHop.length === 4) return updateMessage({ attributes: list.flatMap(attribute), nlri: prefixes });
  const reach = {
    flags: 0x80,
    type: 14,
    value: [0, 2, 1, set.nextHop.length, ...set.nextHop, 0, ...prefixes],
  };
  const unreach = { flags: 0x80, type: 15, value: [0, 2, 1, 32, 1, 2, 3, 4] };
  const rest = list.filter(({ type }) => type !== 14);
  return updateMessage({ withdrawn: [8, 9], attributes: [reach, ...rest, unreach].flatMap(attribute) });
}
