/** The short way through attributes that are canonical as they stand finds what the long way finds. */
import test from 'ava';
import fc from 'fast-check';
import { Random } from '../../src/base/random.ts';
import {
  Action,
  CANONICAL_ROOM,
  canonicalize,
  decodeUpdate,
  type UpdateOptions,
  UpdateView,
} from '../../src/bgp/update.ts';
import {
  announcement,
  attribute,
  attributesOf,
  BODY,
  mutate,
  nlri,
  prefix4,
  shared,
  type TestSet,
  testSet,
  updateMessage,
} from './support.ts';

const ROUNDS = 30_000;
const seed = Number(process.env.GRAFTD_SEED ?? Date.now() % 1_000_000);
const room = new Uint8Array(CANONICAL_ROOM);
/** What each way keeps for itself. */
const INNER = ['plain', 'lowStart', 'lowEnd', 'highStart', 'attributeCount'];

/** Everything that is read of a view, and the canonical attributes. */
function reading(
  message: Uint8Array,
  options: UpdateOptions,
  short = true,
): { plain: boolean; said: string } {
  const view = new UpdateView();
  decodeUpdate(message, BODY, message.length, options, view, short);
  const routes = [view.nlriStart < view.nlriEnd, view.reachNlriStart < view.reachNlriEnd];
  const canonical = routes.map((some, mp) =>
    some && view.action <= Action.AttributeDiscard
      ? room.slice(0, canonicalize(message, view, options, mp === 1, room, 0)).join()
      : '',
  );
  const fields = Object.entries(view).filter(
    ([key, value]) => typeof value !== 'object' && !INNER.includes(key) && !key.startsWith('current'),
  );
  return { plain: view.plain, said: JSON.stringify([canonical, fields]) };
}

/** As it comes from outside, all of it known; MP_REACH_NLRI first or in its place. */
function usual(set: TestSet, prefixes: number[], first: boolean): Uint8Array {
  const known = {
    ...set,
    localPref: undefined,
    originator: undefined,
    clusters: undefined,
    unknown: undefined,
  };
  const list = attributesOf(known);
  if (set.nextHop.length === 4) return updateMessage({ attributes: list.flatMap(attribute), nlri: prefixes });
  const at = list.findIndex(({ type }) => type === 14);
  const value = [0, 2, 1, ...list[at]!.value, 0, ...prefixes];
  const reach = { flags: 0x80, type: 14, value };
  const others = list.filter(({ type }) => type !== 14);
  const all = first ? [reach, ...others] : [...others.slice(0, at), reach, ...others.slice(at)];
  return updateMessage({ attributes: all.flatMap(attribute) });
}

test(`both ways say the same of any message (seed ${seed})`, (t) => {
  const random = new Random(seed);
  const routes = fc.tuple(fc.boolean().chain(testSet), fc.array(prefix4, { maxLength: 5 }));
  const corpus = fc.sample(routes, { numRuns: 300, seed }).flatMap(([set, prefixes]) => {
    const list = nlri(prefixes);
    return [announcement(set, list), usual(set, list, true), usual(set, list, false)];
  });
  let plain = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const whole = random.pick(corpus);
    const message = random.chance(0.2) ? shared(whole) : mutate(whole, random);
    const options = {
      fourOctetAs: random.chance(0.9),
      external: random.chance(0.5),
      families: random.below(4),
    };
    const short = reading(message, options);
    const long = reading(message, options, false);
    if (long.plain) t.fail('the long way is not taken');
    if (short.said !== long.said) {
      t.fail(`seed ${seed}, round ${round}: ${short.said} instead of ${long.said}, of ${message}`);
      return;
    }
    if (short.plain) plain++;
  }
  t.log(`${plain} of ${ROUNDS} went the short way`);
  t.true(plain > ROUNDS / 10 && plain < ROUNDS / 1.1);
});

test('the usual messages go the short way', (t) => {
  fc.assert(
    fc.property(
      fc.boolean().chain(testSet),
      fc.boolean(),
      fc.array(prefix4, { minLength: 1, maxLength: 5 }),
      (set, first, prefixes) => {
        for (const external of [true, false]) {
          const options = { fourOctetAs: true, external, families: 3 };
          t.true(reading(usual(set, nlri(prefixes), first), options).plain);
        }
      },
    ),
  );
});
