import test from 'ava';
import fc from 'fast-check';
import { type ExportOptions, exportAttributes } from '../../src/bgp/export.ts';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { RECIPES } from '../../src/fabric/layout.ts';
import { OutViews, UNKNOWN } from '../../src/rib/adj-rib-out.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { ATTRIBUTE_MASK } from '../../src/rib/route-word.ts';
import { recipeFor, Told } from '../../src/rib/told.ts';
import { canonicalBytes, type TestSet, testSet } from '../bgp/support.ts';
import { smallMemory } from '../fabric/support/small.ts';

const LOCAL_AS = 65_000;
const HOP6 = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
const ROOM = 131_072;

const options = (more: Partial<ExportOptions> = {}): ExportOptions => ({
  external: true,
  localAs: LOCAL_AS,
  nextHopSelf: true,
  nextHop4: Uint8Array.of(192, 0, 2, 9),
  nextHop16: HOP6,
  stale: 'withheld',
  ...more,
});

const box = (): Fabric =>
  new Fabric(smallMemory({ attributes: 1 << 14, attributeBytes: 1 << 23 }), 0, describeFor(LOCAL_AS));

function intern({ attributes }: Fabric, set: TestSet): number {
  const bytes = canonicalBytes(set);
  return attributes.intern(bytes, 0, bytes.length);
}

/** What RFC 4271 5.1 makes of a set for a neighbour of this kind, as text; '' where it is kept from it. */
function exported({ attributes }: Fabric, set: number, how: ExportOptions): string {
  const start = attributes.offsetOf(set);
  const made = new Uint8Array(ROOM);
  const length = exportAttributes(attributes.bytes, start, start + attributes.lengthOf(set), how, made, 0);
  return length < 0 ? '' : Buffer.from(made.subarray(0, length)).toString('hex');
}

function taken(told: Told, word: number): string {
  told.take(word);
  return Buffer.from(told.bytes.slice(told.start, told.end)).toString('hex');
}

/** Often without what keeps a set from going by a recipe. */
const anySet = fc.tuple(fc.boolean().chain(testSet), fc.boolean()).map(([set, plain]): TestSet => {
  if (!plain) return set;
  const none = { med: undefined, localPref: undefined, originator: undefined };
  return { ...set, ...none, clusters: undefined, extended: undefined };
});

test('what a recipe makes of a set is what the rules of the RFC make of it, and the neighbour is always told', (t) => {
  const fabric = box();
  const told = new Told(fabric);
  const kinds = [
    options(),
    options({ behindAs: 64_999 }),
    options({ nextHop16: Uint8Array.of(...HOP6, ...HOP6) }),
  ];
  const recipes = kinds.map((kind) => recipeFor(fabric, kind));
  let plain = 0;
  fc.assert(
    fc.property(anySet, fc.nat(kinds.length - 1), (set, kind) => {
      const id = intern(fabric, set);
      t.is(taken(told, id), Buffer.from(canonicalBytes(set)).toString('hex'));
      if (fabric.attributes.traits[id] === 0) return;
      plain++;
      const word = id | (recipes[kind] as number);
      const expected = exported(fabric, id, kinds[kind] as ExportOptions);
      t.not(expected, '');
      t.is(taken(told, word), expected);
      t.true(told.lengthOf(word) >= expected.length / 2);
    }),
    { seed: 7, numRuns: 1000 },
  );
  t.true(plain > 100, `${plain} sets went by a recipe`);
});

test('words are the same exactly where what they stand for is', (t) => {
  const fabric = box();
  const told = new Told(fabric);
  const [recipe, other] = [
    recipeFor(fabric, options()),
    recipeFor(fabric, options({ localAs: 64_000 })),
  ] as const;
  const words: number[] = [];
  fc.assert(
    fc.property(anySet, fc.integer({ min: 1, max: 250 }), fc.boolean(), (set, octet, changes) => {
      const a = intern(fabric, set);
      const nextHop = [...set.nextHop.slice(0, -1), octet];
      const b = intern(fabric, { ...set, nextHop, origin: changes ? 2 - set.origin : set.origin });
      if (a === b || fabric.attributes.traits[a] === 0) return;
      t.is(
        told.same(a | recipe, b | recipe),
        exported(fabric, a, options()) === exported(fabric, b, options()),
      );
      t.is(
        fabric.attributes.traits[a] === fabric.attributes.traits[b],
        true,
        'next hop and ORIGIN are no matter of the trait',
      );
      t.false(told.same(a | recipe, a | other));
      // As a set of its own, as it was told before, or by other rules.
      const bytes = Buffer.from(exported(fabric, a, options()), 'hex');
      t.true(told.same(fabric.attributes.intern(bytes, 0, bytes.length), a | recipe));
      t.false(told.same(a, b));
      for (const word of [0, UNKNOWN]) t.false(told.same(word, a | recipe) || told.same(a | recipe, word));
      words.push(a);
    }),
    { seed: 11, numRuns: 600 },
  );
  for (let i = 1; i < words.length; i++) {
    const [a, b] = [words[i - 1] as number, words[i] as number];
    if (a === b) continue;
    t.is(
      told.same(a | recipe, b | recipe),
      exported(fabric, a, options()) === exported(fabric, b, options()),
    );
  }
  t.true(words.length > 50, `${words.length} pairs`);
});

test('a link-local address behind the next hop makes no difference to what is told', (t) => {
  const fabric = box();
  const told = new Told(fabric);
  const recipe = recipeFor(fabric, options());
  const set = { origin: 0, path: [{ type: 2, ases: [64_500, 64_501] }], communities: [1, 2] };
  const global = intern(fabric, { ...set, nextHop: [...HOP6] });
  const both = intern(fabric, { ...set, nextHop: [...HOP6, 0xfe, 0x80, ...HOP6.slice(2)] });
  t.not(global, both);
  t.is(taken(told, global | recipe), taken(told, both | recipe));
  t.true(told.same(global | recipe, both | recipe));
});

test('a set that views name by a recipe only is in use, through any number of sweeps', (t) => {
  const fabric = box();
  const { attributes, prefixes } = fabric;
  const chassis = new Fabric(fabric.memory, fabric.options.blades, describeFor(LOCAL_AS));
  const sweeper = new Sweeper(chassis, () => false);
  const views = new OutViews(fabric);
  const told = new Told(fabric);
  const recipe = recipeFor(fabric, options());
  const view = views.create();
  const setOf = (as: number): number =>
    intern(fabric, { origin: 0, path: [{ type: 2, ases: [as] }], nextHop: [192, 0, 2, 1] });
  const id = prefixes.intern4(0x0a000000, 8);
  // Nobody has a route with any of these.
  const others = (from: number): void => {
    for (let as = from; as < from + 6000; as++) t.true(setOf(as) > 0);
  };
  const word = setOf(64_500) | recipe;
  others(100);
  const text = taken(told, word);
  t.true(views.store(view, id, word, 1));
  for (let sweep = 1; sweep <= 4; sweep++) {
    sweeper.begin();
    while (sweeper.step(() => false)) fabric.meet();
    fabric.meet();
    others(sweep * 100_000);
    t.is(taken(told, word), text);
    t.not(attributes.traits[word & ATTRIBUTE_MASK], 0);
    t.is(setOf(64_500), word & ATTRIBUTE_MASK);
  }
  t.true(sweeper.numbers.attributes > 10_000, `${sweeper.numbers.attributes} sets came back`);
});

test('a box has fourteen recipes: whoever tells by one of them finds it, and more there are not', (t) => {
  const fabric = box();
  const sibling = new Fabric(fabric.memory, 1, describeFor(LOCAL_AS));
  const kinds = Array.from({ length: RECIPES }, (_, i) => options({ nextHop4: Uint8Array.of(192, 0, 2, i) }));
  const found = kinds.map((kind) => recipeFor(fabric, kind));
  t.is(new Set(found).size, RECIPES);
  for (const recipe of found) {
    t.is(recipe & ATTRIBUTE_MASK, 0);
    t.true(recipe > 0 && recipe + ATTRIBUTE_MASK < UNKNOWN);
  }
  t.deepEqual(
    kinds.map((kind) => recipeFor(sibling, kind)),
    found,
  );
  t.is(recipeFor(sibling, options({ localAs: 1 })), 0);
});

test('who is told sets as they came, or by an IPv6 next hop, is told by no recipe', (t) => {
  const fabric = box();
  for (const more of [
    { external: false },
    { nextHopSelf: false },
    { transparent: true },
    { nextHop4: HOP6 },
    { nextHop4: undefined },
    { nextHop16: undefined },
  ])
    t.is(recipeFor(fabric, options(more)), 0);
});

test('what communities keep inside, and what stands for somebody long gone, goes by no recipe', (t) => {
  const fabric = box();
  const set = { origin: 0, path: [{ type: 2, ases: [64_500] }], nextHop: [192, 0, 2, 1] };
  const traitOf = (communities?: number[]): number =>
    fabric.attributes.traits[intern(fabric, { ...set, communities })] as number;
  t.not(traitOf(), 0);
  t.not(traitOf([0xfffe_0001, 1]), 0);
  for (const community of [0xffff_ff01, 0xffff_ff02, 0xffff_ff03, 0xffff_029a, 0xffff_0006, 0xffff_0000])
    t.is(traitOf([1, community]), 0);
});
