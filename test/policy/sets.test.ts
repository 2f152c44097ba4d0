/** Prefix sets and expressions against the obvious way to do the same; and how long the large and the nasty ones take. */
import test from 'ava';
import fc from 'fast-check';
import { ipv6Word } from '../../src/base/address.ts';
import { communityTest, parseCommunity } from '../../src/policy/community.ts';
import { Pattern, patternFault } from '../../src/policy/pattern.ts';
import {
  buildPrefixTable,
  type PrefixEntry,
  PrefixSet,
  parsePrefixEntry,
  readPrefixLines,
} from '../../src/policy/prefix-set.ts';

const SEED = { seed: 20101, numRuns: 400 };

/** Few bits, so that prefixes cover each other often. */
const prefix = (octets: number) =>
  fc
    .record({ high: fc.integer({ min: 0, max: 15 }), length: fc.integer({ min: 0, max: octets * 8 }) })
    .map(({ high, length }) => {
      const bytes = new Uint8Array(octets).fill(0x5a);
      bytes[0] = 0x20 | (high & 3);
      bytes[octets === 4 ? 2 : 5] = high << 4;
      for (let bit = length; bit < octets * 8; bit++)
        bytes[bit >> 3] = (bytes[bit >> 3] as number) & ~(0x80 >> (bit & 7));
      return { bytes, length };
    });

const entry = (octets: number) =>
  fc.tuple(prefix(octets), fc.nat(), fc.nat()).map(([{ bytes, length }, a, b]): PrefixEntry => {
    const longer = octets * 8 - length + 1;
    const [from, to] = [length + (a % longer), length + (b % longer)].sort((x, y) => x - y) as [
      number,
      number,
    ];
    return { bytes, length, from, to };
  });

function covers(one: PrefixEntry, bytes: Uint8Array, length: number): boolean {
  if (one.bytes.length !== bytes.length || length < one.from || length > one.to) return false;
  for (let bit = 0; bit < one.length; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((one.bytes[bit >> 3] as number) & mask) !== ((bytes[bit >> 3] as number) & mask)) return false;
  }
  return true;
}

/** So many that a set has hints, none of them near what is asked for. */
const OTHERS = Array.from(
  { length: 1 << 12 },
  (_, i): PrefixEntry => ({ bytes: Uint8Array.of(0x7f, i >> 8, i, 0), length: 24, from: 24, to: 24 }),
);

function isInExactlyWhatIsCovered(others: readonly PrefixEntry[], numRuns: number): void {
  const entries = fc.array(fc.oneof(entry(4), entry(16)), { maxLength: 20 });
  fc.assert(
    fc.property(entries, fc.array(fc.oneof(prefix(4), prefix(16)), { minLength: 10 }), (all, asked) => {
      const set = new PrefixSet(buildPrefixTable([...all, ...others]));
      for (const { bytes, length } of asked) {
        const word = (i: number): number => ipv6Word(bytes, i);
        const found =
          bytes.length === 4
            ? set.has4(word(0), length)
            : set.has6(word(0), word(1), word(2), word(3), length);
        const should = all.some((each) => covers(each, bytes, length));
        if (found !== should) throw new Error(`${bytes}/${length}: ${found}`);
      }
    }),
    { ...SEED, numRuns },
  );
}

test('a prefix is in a set exactly when some entry covers it', (t) => {
  isInExactlyWhatIsCovered([], SEED.numRuns);
  t.pass();
});

test('and so in a large set', (t) => {
  isInExactlyWhatIsCovered(OTHERS, SEED.numRuns);
  t.is(buildPrefixTable(OTHERS).hints4.length, 1 << 16);
  t.is(buildPrefixTable(OTHERS.slice(1)).hints4.length, 0);
});

test('entries are written as routers write them, and what is wrong is said', (t) => {
  t.like(parsePrefixEntry('10.0.0.0/8 ge 9 le 24'), { length: 8, from: 9, to: 24 });
  t.like(parsePrefixEntry('10.0.0.0/8'), { from: 8, to: 8 });
  t.like(parsePrefixEntry('10.0.0.0/8+'), { from: 8, to: 32 });
  t.like(parsePrefixEntry('2001:db8::/32 le 48'), { from: 32, to: 48 });
  t.like(parsePrefixEntry('0.0.0.0/0 ge 25'), { from: 25, to: 32 });
  t.regex(String(parsePrefixEntry('10.0.0.1/8')), /bits behind its length/);
  t.regex(String(parsePrefixEntry('10.0.0.0/8 le 33')), /32 bits at most/);
  t.regex(String(parsePrefixEntry('10.0.0.0/8 ge 20 le 10')), /leave no length/);
  t.regex(String(parsePrefixEntry('10.0.0.0')), /must be a prefix/);
  t.regex(String(parsePrefixEntry('ten/8')), /is no prefix/);
});

test('half a million lines become a table, and each of them is found', (t) => {
  const lines: string[] = ['# made'];
  for (let i = 0; i < 500_000; i++)
    lines.push(`${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24${i % 100 === 0 ? ' le 28' : ''}`);
  const text = lines.join('\n');
  const start = performance.now();
  const table = buildPrefixTable([...readPrefixLines(text, () => t.fail())]);
  const set = new PrefixSet(table);
  t.log(`${Math.round(performance.now() - start)} ms`);
  t.is(table.entries, 500_000);
  for (let i = 0; i < 500_000; i += 7) t.true(set.has4(((1 << 24) + (i << 8)) >>> 0, 24));
  t.true(set.has4((1 << 24) >>> 0, 28));
  t.false(set.has4(((1 << 24) + (1 << 8)) >>> 0, 28));
  t.false(set.has4(0xc0000200, 24));
});

test('lines that are wrong are named', (t) => {
  const wrong: [number, string][] = [];
  const entries = [...readPrefixLines('10.0.0.0/8\n\n# x\n10.0.0.1/8 # y\n', (...each) => wrong.push(each))];
  t.is(entries.length, 1);
  t.is(wrong[0]?.[0], 4);
});

/** The same expression for JavaScript. */
function javascript(text: string): RegExp {
  return new RegExp(text.replaceAll('_', '(?:^|$|[ ,{}()\\[\\]:])'));
}

const piece = fc.constantFrom(
  '1',
  '2',
  '12',
  '.',
  '[12]',
  '[^1]',
  '_',
  '^',
  '$',
  '(1|2)',
  '(12)',
  ' ',
  '1*',
  '2+',
  '(1 )?',
  '.*',
  '(1|21)*',
  '1{1,2}',
  '(2 ){2}',
  '|',
);
const path = fc
  .array(fc.constantFrom('1', '2', '12', '21', '{1,2}'), { maxLength: 6 })
  .map((ases) => ases.join(' '));

test('an expression matches what it matches in JavaScript', (t) => {
  let matched = 0;
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 7 }),
      fc.array(path, { minLength: 8 }),
      (pieces, paths) => {
        const text = pieces.join('');
        const pattern = new Pattern(text);
        const expected = javascript(text);
        for (const each of paths) {
          const does = pattern.matches(each);
          if (does) matched++;
          if (does !== expected.test(each)) throw new Error(`${text} on "${each}": ${does}`);
        }
      },
    ),
    { seed: 20102, numRuns: 2000 },
  );
  t.true(matched > 1000);
});

test('the usual expressions mean what they mean elsewhere', (t) => {
  const on = (text: string, each: string): boolean => new Pattern(text).matches(each);
  t.true(on('^$', ''));
  t.false(on('^$', '1'));
  t.true(on('_174_', '3356 174 9'));
  t.true(on('_174_', '174'));
  t.false(on('_174_', '1741 3174'));
  t.true(on('^64500(_64500)*$', '64500 64500 64500'));
  t.true(on('_(6451[2-9]|645[2-9][0-9])_', '1 64520 3'));
  t.true(on('_7_', '1 {6,7}'));
  t.true(on('^_174', '174 1'));
});

test('an expression that would explode costs a step for each character', (t) => {
  const pattern = new Pattern('^(1*)*(1|11)*(1?){100}2$');
  t.false(pattern.matches('1'.repeat(100_000)));
  t.true(pattern.matches(`${'1'.repeat(50_000)}2`));
  t.regex(patternFault('((1{1,100}){1,100}){1,100}') ?? '', /too large/);
  // More sets of states than are kept.
  const wide = new Pattern('1[01]{12}$');
  const random = Array.from({ length: 50_000 }, (_, i) => ((i * 7919) >> 5) & 1).join('');
  t.is(wide.matches(random), random.at(-13) === '1');
});

test('what is wrong with an expression is said', (t) => {
  for (const [text, wrong] of [
    ['', /empty/],
    ['(1', /a "\(" at 1 that is not closed/],
    ['(1)\\1', /has "\\1" at 4, which is nothing here/],
    ['\\w', /nothing here/],
    ['1)', /closes nothing/],
    ['*1', /repeats nothing/],
    ['[12', /not closed/],
    ['[2-1]', /wrong way round/],
    ['1{3,2}', /wrong way round/],
    ['1\\', /backslash/],
  ] as const)
    t.regex(patternFault(text) ?? '', wrong, text);
});

test('communities match by parts, ranges, names and expressions', (t) => {
  const matches = (
    kind: 'community' | 'large-community' | 'ext-community',
    text: string,
    octets: number[],
  ): boolean => {
    const pattern = parseCommunity(kind, text);
    if (typeof pattern === 'string') throw new Error(pattern);
    return communityTest(kind, [pattern]).matches(Uint8Array.from(octets), 0);
  };
  const standard = [0xfd, 0xe8, 0, 100];
  t.true(matches('community', '65000:100', standard));
  t.true(matches('community', '65000:*', standard));
  t.true(matches('community', '*:90-110', standard));
  t.false(matches('community', '65000:101', standard));
  t.true(matches('community', '/^65000:1..$/', standard));
  t.true(matches('community', 'no-export', [255, 255, 255, 1]));
  t.true(matches('large-community', '65000:*:2', [0, 0, 0xfd, 0xe8, 0, 0, 0, 9, 0, 0, 0, 2]));
  t.true(matches('ext-community', 'rt:65000:*', [0, 2, 0xfd, 0xe8, 0, 0, 0, 7]));
  t.false(matches('ext-community', 'ro:65000:*', [0, 2, 0xfd, 0xe8, 0, 0, 0, 7]));
  t.true(matches('ext-community', 'rt:70000:7', [2, 2, 0, 1, 0x11, 0x70, 0, 7]));
  t.regex(String(parseCommunity('community', '65000')), /must be like/);
  t.regex(String(parseCommunity('community', '65536:1')), /must be like/);
  t.regex(String(parseCommunity('community', '/(/')), /not closed/);
});
