/** Changes that are made in one pass make what they make one after the other. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { type Change, changeOf } from '../../src/policy/actions.ts';
import { Arena, AttributeView } from '../../src/policy/attributes.ts';
import type { Action } from '../../src/policy/language.ts';

const HISTORIES = 3000;

const octetsOf = (values: readonly number[]): number[] => values.flatMap((value) => [0, 1, 0, value]);

function setOf(random: Random): Uint8Array {
  const octets = octetsOf([...new Set(Array.from({ length: random.below(6) }, () => random.below(9)))]);
  const head = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 192, 0, 2, 1];
  const behind = random.below(2) === 0 ? [] : [0xc0, 32, 12, ...octetsOf([1, 2, 3])];
  return Uint8Array.from([
    ...head,
    ...(octets.length === 0 ? [] : [0xc0, 8, octets.length, ...octets]),
    ...behind,
  ]);
}

function actionOf(random: Random): Action {
  const some = Array.from({ length: random.below(3) }, () => random.below(9));
  const kind = random.below(4);
  if (kind === 0) {
    const from = random.below(9);
    const parts = [[1, 1] as const, [from, from + random.below(4)] as const];
    return { kind: 'communities', of: 'community', by: 'remove', patterns: [{ form: 'parts', parts }] };
  }
  return { kind: 'communities', of: 'community', by: kind === 1 ? 'set' : 'add', octets: octetsOf(some) };
}

test('communities that are removed, added and set in one pass are those that come of one change after the other', (t) => {
  const random = new Random(23);
  const arena = new Arena();
  let changed = 0;
  for (let i = 0; i < HISTORIES; i++) {
    const set = setOf(random);
    const changes = Array.from({ length: 2 + random.below(4) }, () => changeOf(actionOf(random), 65_000));
    const together = changes.reduce((all: Change, next) => all.and?.(next) as Change);
    const view = new AttributeView(set, 0, set.length);
    const expected = changes.reduce((result, change) => change.apply(result), view);
    arena.clear();
    const result = together.apply(new AttributeView(set, 0, set.length, arena));
    if (expected !== view) changed++;
    const [found, due] = [result, expected].map(({ bytes, start, end }) => bytes.slice(start, end));
    t.deepEqual(found, due, `history ${i}`);
  }
  t.true(changed > HISTORIES / 2);
});

test('changes of different attributes are not made together', (t) => {
  const community = changeOf(actionOf(new Random(1)), 65_000);
  const large = changeOf({ kind: 'communities', of: 'large-community', by: 'set', octets: [] }, 65_000);
  const med = changeOf({ kind: 'number', of: 'med', by: 'set', value: 1 }, 65_000);
  t.is(community.and?.(large), undefined);
  t.is(community.and?.(med), undefined);
  t.is(med.and?.(community), undefined);
});
