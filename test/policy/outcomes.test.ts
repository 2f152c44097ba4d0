/** What a policy comes to is found once for each combination of answers, and none of that stays when it is forgotten. */
import test from 'ava';
import { AttributeView } from '../../src/policy/attributes.ts';
import type { PolicyDefinition, Statement } from '../../src/policy/language.ts';
import { Outcomes } from '../../src/policy/outcomes.ts';
import { compile } from '../../src/policy/program.ts';

const TESTS = 8;

/** Each community adds to LOCAL_PREF: as many chains of changes as there are sets of communities. */
function definition(): PolicyDefinition {
  const adding = (number: number): Statement => ({
    if: [
      {
        kind: 'communities',
        of: 'community',
        patterns: [
          {
            form: 'parts',
            parts: [
              [1, 1],
              [number, number],
            ],
          },
        ],
      },
    ],
    unless: [],
    set: [{ kind: 'number', of: 'local-pref', by: 'add', value: 1 << number }],
    // biome-ignore lint/suspicious/noThenProperty: a key of a statement, and never a function.
    then: 'next',
  });
  // biome-ignore lint/suspicious/noThenProperty: a key of a statement, and never a function.
  const last: Statement = { if: [], unless: [], set: [], then: 'accept' };
  const statements = Array.from({ length: TESTS }, (_, number) => adding(number));
  return { key: 'adds', name: 'adds', policies: { adds: [...statements, last] } };
}

function viewOf(communities: number): AttributeView {
  const own = Array.from({ length: TESTS }, (_, i) => ((communities >> i) & 1 ? [0, 1, 0, i] : [])).flat();
  const list = own.length === 0 ? [] : [0xc0, 8, own.length, ...own];
  const bytes = Uint8Array.of(0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 192, 0, 2, 1, ...list);
  return new AttributeView(bytes, 0, bytes.length);
}

test('what is forgotten leaves nothing behind, and is found again as it was', (t) => {
  const neighbor = { address: Uint8Array.of(192, 0, 2, 1), as: 64_500, external: true, localAs: 65_000 };
  const outcomes = new Outcomes(compile(definition(), neighbor));
  const empty = outcomes.size;
  for (let round = 0; round < 3; round++) {
    for (let communities = 0; communities < 1 << TESTS; communities++) {
      const view = viewOf(communities);
      outcomes.find(view);
      t.is(outcomes.changed(outcomes.no[outcomes.root] as number, view).localPref, 100 + communities);
    }
    t.true(outcomes.size > 1 << TESTS);
    outcomes.forget();
    t.is(outcomes.size, empty);
  }
});
