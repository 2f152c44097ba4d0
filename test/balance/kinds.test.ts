/** Neighbours that are told the same, where they are kept together: telling them is done once a blade, and moves with them. */
import test from 'ava';
import fc from 'fast-check';
import {
  type BalanceInput,
  type BalancePlan,
  type BalanceSession,
  planBalance,
} from '../../src/chassis/balance.ts';
import { carriedOut } from './support/carried-out.ts';

type Row = readonly [load: number, kind?: string];

/** Sessions by blade. */
function box(
  blades: readonly (readonly Row[])[],
  telling: Readonly<Record<string, number>>,
  more: Partial<BalanceInput> = {},
): BalanceInput {
  const sessions = blades.flatMap((own, slot) =>
    own.map(
      ([load, kind], index): BalanceSession => ({
        id: `${slot}.${index}`,
        slot,
        load,
        movable: true,
        ...(kind === undefined ? {} : { kind }),
      }),
    ),
  );
  return {
    blades: blades.map((_, slot) => ({ slot, accepting: true })),
    sessions,
    band: 0.1,
    maxGrafts: 100,
    telling: new Map(Object.entries(telling)),
    ...more,
  };
}

const loads = (plan: BalancePlan) => plan.after.map((row) => row.load);
const A: Row = [0, 'a'];
const SENDER: Row = [2];

test('who tells is not given senders until the others have as much to do', (t) => {
  const input = box(
    [
      [A, A],
      [SENDER, SENDER, SENDER, SENDER],
    ],
    { a: 8 },
  );
  t.deepEqual(planBalance(input).moves, [], 'telling is load, though no session costs it');
  t.deepEqual(loads(planBalance(input)), [8, 8]);
  t.deepEqual(
    planBalance(input).before.map(({ telling }) => telling),
    [8, 0],
  );
});

test('senders leave the blade that tells', (t) => {
  const plan = planBalance(box([[A, A, SENDER, SENDER], [SENDER, SENDER], []], { a: 8 }));
  t.deepEqual(loads(plan).sort(), [4, 4, 8]);
  t.is(plan.moves.length, 2);
});

test('where the telling has to go, all of the kind go with it', (t) => {
  const fixed = { movable: false };
  const input = box([[A, A, SENDER, SENDER, SENDER, SENDER], []], { a: 8 });
  const sessions = input.sessions.map((one) => (one.kind === undefined ? { ...one, ...fixed } : one));
  const plan = planBalance({ ...input, sessions });
  t.deepEqual(loads(plan), [8, 8]);
  t.deepEqual(plan.moves.map(({ id }) => id).sort(), ['0.0', '0.1']);
});

test('those that are told the same are never parted, however much more even that were', (t) => {
  const plan = planBalance(
    box(
      [
        [
          [10, 'a'],
          [10, 'a'],
          [10, 'a'],
        ],
        [[5]],
      ],
      { a: 4 },
    ),
  );
  t.deepEqual(plan.moves, []);
});

test('those that were parted come together, where that is not more than a blade has anyway', (t) => {
  const plan = planBalance(
    box(
      [
        [A, SENDER, SENDER],
        [A, SENDER, SENDER],
      ],
      { a: 8 },
    ),
  );
  const homes = carriedOut(
    box(
      [
        [A, SENDER, SENDER],
        [A, SENDER, SENDER],
      ],
      { a: 8 },
    ),
    plan,
  ).sessions;
  t.is(new Set(homes.filter(({ kind }) => kind === 'a').map(({ slot }) => slot)).size, 1);
  t.deepEqual(loads(plan).sort(), [8, 8]);
  const little = box(
    [
      [A, SENDER, SENDER],
      [A, SENDER, SENDER],
    ],
    { a: 1 },
    { negligible: 1 },
  );
  t.deepEqual(planBalance(little).moves, [], 'not for what is negligible');
});

test('a kind of more than may be grafted at once moves as a whole, and nothing else does', (t) => {
  const five = Array.from({ length: 5 }, (): Row => [1, 'a']);
  const plan = planBalance(box([[...five, [30]], []], { a: 1 }, { maxGrafts: 1 }));
  t.deepEqual(loads(plan), [6, 30], 'the other one is enough');
  const fixed = box([[...five, [6]], []], { a: 1 }, { maxGrafts: 2 });
  const sessions = fixed.sessions.map((one) => (one.kind === undefined ? { ...one, movable: false } : one));
  const large = planBalance({ ...fixed, sessions });
  t.deepEqual(loads(large), [6, 6]);
  t.is(large.moves.length, 5);
});

test('several kinds are evened as what they weigh', (t) => {
  const four = ['a', 'b', 'c', 'd'].map((kind): Row => [0, kind]);
  const plan = planBalance(box([four, [], [SENDER, SENDER]], { a: 4, b: 4, c: 4, d: 4 }));
  t.deepEqual(loads(plan).sort(), [4, 8, 8]);
});

test('who leaves a drained blade goes where the kind is', (t) => {
  const input = box([[A, [1]], [A, SENDER], [[1]]], { a: 8 });
  const blades = input.blades.map((blade) => ({ ...blade, accepting: blade.slot !== 0 }));
  const plan = planBalance({ ...input, blades });
  t.is(plan.moves.find(({ id }) => id === '0.0')?.to, 1);
});

test('no more grafts than allowed, and none that would leave half of a kind behind', (t) => {
  const input = box([[A, A, A, [8]], []], { a: 8 }, { maxGrafts: 2 });
  const plan = planBalance(input);
  t.deepEqual(
    plan.moves.map(({ id }) => id),
    ['0.3'],
  );
});

const anyBox = fc
  .record({
    accepting: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    sessions: fc.array(
      fc.record({
        load: fc.integer({ min: 0, max: 20 }),
        home: fc.nat(),
        movable: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
        kind: fc.constantFrom(undefined, undefined, 'a', 'b', 'c'),
      }),
      { maxLength: 16 },
    ),
    telling: fc.record({ a: fc.nat(60), b: fc.nat(10), c: fc.constantFrom(0, 5) }),
    maxGrafts: fc.constantFrom(2, 100),
  })
  .map(({ accepting, sessions, telling, maxGrafts }): BalanceInput => {
    const blades = accepting.map((value, slot) => ({ slot, accepting: value }));
    const placed = sessions.map(
      ({ home, kind, ...rest }, index): BalanceSession => ({
        ...rest,
        id: `s${index}`,
        slot: home % blades.length,
        ...(kind === undefined ? {} : { kind }),
      }),
    );
    return { blades, sessions: placed, band: 0.1, maxGrafts, telling: new Map(Object.entries(telling)) };
  });

function blades({ sessions }: BalanceInput, kind: string): number[] {
  return [...new Set(sessions.filter((one) => one.kind === kind).map(({ slot }) => slot))].sort();
}

function loadsOf(input: BalanceInput): number[] {
  return input.blades.map(({ slot }) => {
    const here = input.sessions.filter((one) => one.slot === slot);
    const kinds = new Set(here.flatMap(({ kind }) => kind ?? []));
    const told = [...kinds].reduce((sum, kind) => sum + (input.telling?.get(kind) ?? 0), 0);
    return told + here.reduce((sum, { load }) => sum + load, 0);
  });
}

test('a plan comes to what it says, parts nobody, and makes nothing fuller than the fullest was', (t) => {
  fc.assert(
    fc.property(anyBox, (input) => {
      const plan = planBalance(input);
      const result = carriedOut(input, plan);
      const moved = input.sessions.filter(({ id }) => plan.moves.some((move) => move.id === id));
      const groups = new Set(moved.map(({ id, kind, slot }) => `${kind ?? id} ${slot}`));
      if (moved.length > input.maxGrafts && groups.size > 1) throw new Error('too many grafts');
      if (loadsOf(result).join() !== loads(plan).join())
        throw new Error(`${loadsOf(result)} not ${loads(plan)}`);
      if (input.blades.some(({ accepting }) => !accepting)) return;
      if (Math.max(...loads(plan)) > Math.max(...loadsOf(input))) throw new Error('fuller');
      for (const kind of ['a', 'b', 'c'])
        if (blades(result, kind).length > blades(input, kind).length) throw new Error(`${kind} was parted`);
    }),
    { numRuns: 1500, seed: 20 },
  );
  t.pass();
});

test('planning again plans nothing', (t) => {
  fc.assert(
    fc.property(anyBox, (drawn) => {
      const input = { ...drawn, maxGrafts: 100 };
      const again = planBalance(carriedOut(input, planBalance(input)));
      if (again.moves.length > 0) throw new Error(JSON.stringify(again.moves));
    }),
    { numRuns: 1500, seed: 21 },
  );
  t.pass();
});

test('three hundred neighbours of thirty kinds are planned for in time', (t) => {
  const kinds = Array.from({ length: 30 }, (_, i) => `k${i}`);
  const rows = (from: number): Row[] =>
    Array.from({ length: 150 }, (_, i) =>
      i % 3 === 0 ? [1 + (i % 7)] : [i % 2, kinds[(from + i) % 30] as string],
    );
  const telling = Object.fromEntries(kinds.map((kind) => [kind, 20]));
  const plan = planBalance(box([rows(0), rows(15), [], []], telling));
  t.true(plan.moves.length > 0);
});

test('a thousand neighbours are planned for in time, of as many kinds or of half as many', (t) => {
  for (const size of [1, 2]) {
    const rows = Array.from({ length: 1000 }, (_, i): Row => [1 + (i % 7), `k${Math.floor(i / size)}`]);
    const telling = Object.fromEntries(rows.map(([, kind]) => [kind as string, 20]));
    const plan = planBalance(box([rows, [], [], [], [], [], [], []], telling, { maxGrafts: 64 }));
    t.is(plan.moves.length, 64);
  }
});
