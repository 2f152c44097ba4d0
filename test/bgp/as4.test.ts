/** RFC 6793: what old neighbours, who know ASes of 2 octets only, do to a path, and how it is put together again. */
import test from 'ava';
import fc from 'fast-check';
import { narrow, prepend } from '../../src/bgp/as-path.ts';
import { Action, CANONICAL_ROOM, canonicalize, decodeUpdate, UpdateView } from '../../src/bgp/update.ts';
import { attribute, BODY, half, path4, type TestSegment, testSet, updateMessage, word } from './support.ts';

const OLD = { fourOctetAs: false, external: true, families: 1 } as const;
const AS_TRANS = 23456;
const view = new UpdateView();
const room = new Uint8Array(CANONICAL_ROOM);

const seq = (...ases: number[]): TestSegment => ({ type: 2, ases });
const confed = (...ases: number[]): TestSegment => ({ type: 3, ases });
const set = (...ases: number[]): TestSegment => ({ type: 1, ases });
const path2 = (segments: TestSegment[]): number[] =>
  segments.flatMap(({ type, ases }) => [type, ases.length, ...ases.flatMap(half)]);

interface Old {
  readonly path: number[];
  readonly as4Path?: number[];
  readonly aggregator?: number[];
  readonly as4Aggregator?: number[];
}

/** The values of AS_PATH and AGGREGATOR in the canonical form of what an old neighbour sent. */
function understand({ path, as4Path, aggregator, as4Aggregator }: Old): {
  path: number[];
  aggregator: number[];
} {
  const list = [
    { flags: 0x40, type: 1, value: [0] },
    { flags: 0x40, type: 2, value: path },
    { flags: 0x40, type: 3, value: [192, 0, 2, 1] },
    aggregator && { flags: 0xc0, type: 7, value: aggregator },
    as4Path && { flags: 0xc0, type: 17, value: as4Path },
    as4Aggregator && { flags: 0xc0, type: 18, value: as4Aggregator },
  ].filter((entry) => entry !== undefined);
  const message = updateMessage({ attributes: list.flatMap(attribute), nlri: [8, 10] });
  decodeUpdate(message, BODY, message.length, OLD, view);
  if (view.action > Action.AttributeDiscard) throw new Error(view.errorWhy);
  const length = canonicalize(message, view, OLD, false, room, 0);
  return { path: valueIn(length, 2), aggregator: valueIn(length, 7) };
}

function valueIn(length: number, type: number): number[] {
  for (let at = 0; at < length; ) {
    const wide = (room[at]! & 0x10) !== 0;
    const start = at + (wide ? 4 : 3);
    const end = start + (wide ? room[at + 2]! * 256 + room[at + 3]! : room[at + 2]!);
    if (room[at + 1] === type) return [...room.subarray(start, end)];
    at = end;
  }
  return [];
}

// biome-ignore format: one line per rule
const PATHS: readonly { what: string; path: TestSegment[]; as4?: TestSegment[]; expect: TestSegment[] }[] = [
  { what: 'without AS4_PATH the ASes are widened', path: [seq(1, 2), set(3)], expect: [seq(1, 2), set(3)] },
  { what: 'old speakers in front are kept, and join the sequence', path: [seq(7, 8, AS_TRANS, 3)], as4: [seq(100_000, 3)], expect: [seq(7, 8, 100_000, 3)] },
  { what: 'a whole AS_PATH is replaced', path: [seq(AS_TRANS, 3)], as4: [seq(100_000, 3)], expect: [seq(100_000, 3)] },
  { what: 'a set in front counts as one and stays whole', path: [set(4, 5), seq(AS_TRANS)], as4: [seq(100_000)], expect: [set(4, 5), seq(100_000)] },
  { what: 'a set at the end counts as one', path: [seq(9, AS_TRANS), set(1, AS_TRANS)], as4: [seq(100_000), set(1, 200_000)], expect: [seq(9, 100_000), set(1, 200_000)] },
  { what: 'an AS4_PATH that is longer than AS_PATH is ignored', path: [seq(AS_TRANS)], as4: [seq(100_000, 3)], expect: [seq(AS_TRANS)] },
  { what: 'aggregation by an old speaker: what is behind comes from AS4_PATH', path: [seq(7, AS_TRANS), set(1)], as4: [seq(100_000)], expect: [seq(7, AS_TRANS, 100_000)] },
  { what: '6: a confederation segment in front of AS4_PATH is left out', path: [seq(7, AS_TRANS, 3)], as4: [confed(64_512), seq(100_000, 3)], expect: [seq(7, 100_000, 3)] },
  { what: '6: one within it, too', path: [seq(7, AS_TRANS), set(3)], as4: [seq(100_000), confed(64_512, 64_513), set(3), confed(64_514)], expect: [seq(7, 100_000), set(3)] },
  { what: '6: nothing else in AS4_PATH says nothing', path: [seq(7, AS_TRANS)], as4: [confed(64_512)], expect: [seq(7, AS_TRANS)] },
];

for (const { what, path, as4, expect } of PATHS) {
  test(`RFC 6793 4.2.3: ${what}`, (t) => {
    const sent = { path: path2(path), ...(as4 && { as4Path: path4(as4) }) };
    t.deepEqual(understand(sent).path, path4(expect));
  });
}

test('RFC 6793 4.2.3: two sequences that do not fit into one segment stay two', (t) => {
  const many = Array.from({ length: 255 }, (_, i) => 70_000 + i);
  const sent = { path: path2([seq(7), seq(...many.map(() => AS_TRANS))]), as4Path: path4([seq(...many)]) };
  t.deepEqual(understand(sent).path, path4([seq(7), seq(...many)]));
});

test('an AS4_PATH that would make the path longer than an attribute can be is ignored', (t) => {
  const path = path2(new Array(62).fill(seq(...new Array<number>(250).fill(AS_TRANS))));
  const as4Path = path4(new Array(30).fill(set(...new Array<number>(255).fill(100_000))));
  t.true(2 * path.length + as4Path.length > 65_535);
  t.is(understand({ path, as4Path }).path.length, 62 * (2 + 4 * 250));
});

test('RFC 6793 4.2.3: AS4_AGGREGATOR counts beside AS_TRANS', (t) => {
  const sent = {
    path: path2([seq(7, AS_TRANS)]),
    as4Path: path4([seq(100_000)]),
    aggregator: [...half(AS_TRANS), ...word(0x0a000001)],
    as4Aggregator: [...word(100_000), ...word(0x0a000002)],
  };
  t.deepEqual(understand(sent), {
    path: path4([seq(7, 100_000)]),
    aggregator: [...word(100_000), ...word(0x0a000002)],
  });
});

test('RFC 6793 4.2.3: beside another AGGREGATOR both AS4_ attributes are stale', (t) => {
  const sent = {
    path: path2([seq(7, AS_TRANS)]),
    as4Path: path4([seq(100_000)]),
    aggregator: [...half(7), ...word(0x0a000001)],
    as4Aggregator: [...word(100_000), ...word(0x0a000002)],
  };
  t.deepEqual(understand(sent), {
    path: path4([seq(7, AS_TRANS)]),
    aggregator: [...word(7), ...word(0x0a000001)],
  });
});

test('through any number of old speakers a path stays what it was, with them in front', (t) => {
  const speakers = fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 5 });
  fc.assert(
    fc.property(testSet(false), speakers, ({ path }, passed) => {
      const whole = Uint8Array.from(path4(path));
      let two: Uint8Array = new Uint8Array(4096);
      two = two.slice(0, narrow(whole, 0, whole.length, two, 0));
      let expected = whole;
      const four = new Uint8Array(8192);
      for (const as of passed) {
        two = Uint8Array.from(prepend2(two, as));
        expected = four.slice(0, prepend(expected, 0, expected.length, as, four, 0));
      }
      const big = path.some(({ ases }) => ases.some((as) => as > 65_535));
      const heard = understand({ path: [...two], ...(big && { as4Path: [...whole] }) }).path;
      // A first segment that was full is one that nothing joins; what old speakers began is another one.
      t.deepEqual(flat(heard), flat([...expected]));
    }),
    { numRuns: 150 },
  );
});

function prepend2(path: Uint8Array, as: number): number[] {
  const joins = path.length > 0 && path[0] === 2 && path[1]! < 255;
  return joins ? [2, path[1]! + 1, ...half(as), ...path.subarray(2)] : [2, 1, ...half(as), ...path];
}

/** The path as words, whatever segments its sequences are cut into. */
function flat(path: readonly number[]): string {
  const words: string[] = [];
  for (let at = 0; at < path.length; ) {
    const ases: number[] = [];
    const [type, count] = [path[at]!, path[at + 1]!];
    for (let i = 0; i < count; i++) {
      const from = at + 2 + 4 * i;
      ases.push(((path[from]! * 256 + path[from + 1]!) * 256 + path[from + 2]!) * 256 + path[from + 3]!);
    }
    words.push(type === 1 ? `{${ases.join(',')}}` : ases.join(' '));
    at += 2 + 4 * count;
  }
  return words.join(' ');
}
