/** Expressions that ask for a number anywhere in a path mean the same as ranges and read by characters. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { AttributeView, matchPath } from '../../src/policy/attributes.ts';
import { attributeTest } from '../../src/policy/conditions.ts';
import { numbersOf } from '../../src/policy/path-numbers.ts';
import { Pattern } from '../../src/policy/pattern.ts';

const EXPRESSIONS = 600;
const PATHS = 60;
const SPECIAL = [0, 1, 9, 10, 99, 100, 23_456, 64_511, 64_512, 65_499, 65_535, 4_200_000_000, 4_294_967_295];

test('expressions for private ASes and lists of ASes are ranges', (t) => {
  t.deepEqual(numbersOf('_65000_'), [[65_000, 65_000]]);
  t.deepEqual(numbersOf('_(6451[2-9]|645[2-9][0-9]|64[6-9][0-9][0-9]|65[0-4][0-9][0-9])_'), [
    [64_512, 65_499],
  ]);
  t.deepEqual(numbersOf('_[1-3]?[05]_'), [
    [0, 0],
    [5, 5],
    [10, 10],
    [15, 15],
    [20, 20],
    [25, 25],
    [30, 30],
    [35, 35],
  ]);
  t.deepEqual(numbersOf('_9999999999_'), []);
});

test('what asks for anything else is none', (t) => {
  const others = [
    '^65000_',
    '_65000$',
    '65000',
    '_1|2_',
    '_1)|(2_',
    '_5?_',
    '_[^5]_',
    '_1*_',
    '_1.2_',
    '_1 2_',
  ];
  for (const text of [...others, '_(_', '_()_', '_[0-9][0-9][0-9][0-9][0-9][0-9]1_', '_(1|_2)_', '_-1_'])
    t.is(numbersOf(text), undefined, text);
});

/** `depth`: of parentheses that may follow. */
function part(random: Random, depth: number): string {
  const digit = (): number => random.below(10);
  const kind = random.below(depth > 0 ? 6 : 4);
  if (kind < 2) return `${digit()}`;
  const [low, high] = [digit(), digit()].sort();
  if (kind === 2) return `[${low}-${high}]`;
  if (kind === 3) return `[${digit()}${low}-${high}]`;
  const ways = Array.from({ length: 1 + random.below(3) }, () =>
    Array.from({ length: 1 + random.below(3) }, () => part(random, depth - 1)).join(''),
  );
  return `(${ways.join('|')})${random.below(4) === 0 ? '?' : ''}`;
}

function setOf(random: Random): Uint8Array {
  const value: number[] = [];
  for (let segments = random.below(4); segments > 0; segments--) {
    const count = random.below(5);
    value.push(1 + random.below(4), count);
    for (let i = 0; i < count; i++) {
      const as =
        random.below(3) === 0 ? (SPECIAL[random.below(SPECIAL.length)] as number) : random.below(700);
      value.push(as >>> 24, (as >>> 16) & 255, (as >>> 8) & 255, as & 255);
    }
  }
  return Uint8Array.from([0x40, 1, 1, 0, 0x40, 2, value.length, ...value]);
}

test('as ranges they match the same paths as by characters', (t) => {
  const random = new Random(17);
  const found = { ranges: 0, matched: 0 };
  for (let i = 0; i < EXPRESSIONS; i++) {
    const text = `_${Array.from({ length: 1 + random.below(3) }, () => part(random, 2)).join('')}_`;
    if (numbersOf(text) === undefined) continue;
    found.ranges++;
    const ranges = attributeTest({ kind: 'as-path', patterns: [text] });
    const pattern = new Pattern(text);
    for (let j = 0; j < PATHS; j++) {
      const set = setOf(random);
      const view = new AttributeView(set, 0, set.length);
      const expected = matchPath(view, pattern);
      if (expected) found.matched++;
      if (ranges.holds(view) !== expected) t.fail(`${text} and ${Buffer.from(set).toString('hex')}`);
    }
  }
  t.true(found.ranges > 400 && found.matched > 1000, JSON.stringify(found));
});
