import test from 'ava';
import fc from 'fast-check';
import {
  type BalanceInput,
  type BalancePlan,
  type BalanceSession,
  planBalance,
} from '../../src/chassis/balance.ts';
import { carriedOut } from './support/carried-out.ts';

/** Loads by blade: `[[5, 5], [1]]` is two blades, one with two sessions. */
function box(loads: readonly (readonly number[])[], more: Partial<BalanceInput> = {}): BalanceInput {
  const sessions = loads.flatMap((own, slot) =>
    own.map((load, index) => ({ id: `${slot}.${index}`, slot, load, movable: true })),
  );
  return {
    blades: loads.map((_, slot) => ({ slot, accepting: true })),
    sessions,
    band: 0.1,
    maxGrafts: 100,
    ...more,
  };
}

const after = (plan: BalancePlan) => plan.after.map((row) => row.load);

test('what is even stays as it is', (t) => {
  t.deepEqual(planBalance(box([[5, 5], [10], [9, 1]])).moves, []);
  t.deepEqual(planBalance(box([[105], [95]])).moves, [], 'the band is 10 %');
  t.deepEqual(planBalance(box([[], [], []])).moves, []);
  t.deepEqual(planBalance(box([[0, 0], []])).moves, [], 'sessions without load are not worth a graft');
  t.deepEqual(planBalance(box([])).moves, []);
});

test('one graft where one is enough', (t) => {
  const plan = planBalance(box([[4, 4, 2], [4, 4], [4, 4], [6]]));
  t.deepEqual(plan.moves, [{ id: '0.2', from: 0, to: 3, load: 2 }]);
  t.deepEqual(after(plan), [8, 8, 8, 8]);
  t.true(plan.even);
});

test('an empty blade is filled with few sessions rather than many', (t) => {
  const plan = planBalance(box([[30, 10, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], []]));
  t.is(plan.moves.length, 1);
  t.deepEqual(after(plan), [30, 30]);
});

test('a swap is found where no single move helps', (t) => {
  const plan = planBalance(
    box([
      [9, 7],
      [6, 2],
    ]),
  );
  t.true(plan.even);
  t.is(plan.moves.length, 2);
});

test('a session that is too large for any blade gets a blade for itself', (t) => {
  const plan = planBalance(
    box([
      [100, 1, 1, 1],
      [2, 2],
      [2, 2],
    ]),
  );
  const holder = plan.after.find((row) => row.load >= 100);
  t.deepEqual([holder?.load, holder?.sessions], [100, 1]);
  t.true(plan.even);
  t.is(plan.moves.length, 3);
  const crowded = planBalance(box([[100], [6, 6], []]));
  t.deepEqual(after(crowded), [100, 6, 6], 'the others are evened among themselves');
});

test('sessions without a fitting division end as near as they can', (t) => {
  const plan = planBalance(box([[1, 1, 1, 1, 1, 1], [], [], []]));
  t.deepEqual(after(plan).sort(), [1, 1, 2, 2]);
  t.is(plan.moves.length, 4);
  t.false(plan.even);
});

test('a drained blade gets nothing and loses what it has', (t) => {
  const input = box([[5, 5], [5, 5], [20]]);
  const blades = input.blades.map((blade) => ({ ...blade, accepting: blade.slot !== 2 }));
  const plan = planBalance({ ...input, blades });
  t.is(plan.after[2]!.sessions, 0);
  t.true(plan.moves.some((move) => move.from === 2));
  t.true(plan.moves.every((move) => move.to !== 2));
});

test('where no blade accepts anything nothing is planned', (t) => {
  const input = box([[5, 5], []]);
  t.deepEqual(
    planBalance({ ...input, blades: input.blades.map(({ slot }) => ({ slot, accepting: false })) }).moves,
    [],
  );
});

test('what cannot be moved stays, and counts', (t) => {
  const input = box([[8, 4, 4], [0]]);
  const sessions = input.sessions.map((session) => ({ ...session, movable: session.load !== 8 }));
  const plan = planBalance({ ...input, sessions });
  t.deepEqual(after(plan), [8, 8]);
  t.true(plan.moves.every((move) => move.load === 4));
});

test('a difference that is negligible is not acted on', (t) => {
  const loads = [[0.2, 0.2], [0.1], []];
  t.true(planBalance(box(loads)).moves.length > 0);
  t.deepEqual(planBalance(box(loads, { negligible: 1 })).moves, []);
});

test('a thousand small sessions are evened too, in time', (t) => {
  const small = (amount: number) => Array.from({ length: amount }, (_, i) => 1 + (i % 7) / 10);
  const input = box([small(700), small(100), small(100), small(100)], { maxGrafts: 1000 });
  const start = process.cpuUsage().user;
  const plan = planBalance(input);
  t.true(plan.even);
  t.true(plan.moves.length < 500, `${plan.moves.length} moves`);
  t.log(`${plan.moves.length} moves planned in ${(process.cpuUsage().user - start) / 1000} ms`);
});

test('no more grafts than allowed, and the next plan goes on', (t) => {
  const input = box([Array.from({ length: 12 }, () => 1), [], []], { maxGrafts: 3 });
  const first = planBalance(input);
  t.is(first.moves.length, 3);
  t.true(planBalance(carriedOut(input, first)).moves.length > 0);
});

const load = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.double({ min: 0, max: 100, noNaN: true }),
  fc.constant(60),
);
const session = fc.record({
  load,
  home: fc.nat(),
  movable: fc.oneof(
    { weight: 5, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
});
const anyBox = fc
  .record({
    accepting: fc.array(
      fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
    sessions: fc.array(session, { maxLength: 24 }),
    band: fc.constantFrom(0.02, 0.1, 0.25),
  })
  .map(({ accepting, sessions, band }): BalanceInput => {
    const blades = accepting.map((value, slot) => ({ slot, accepting: value }));
    const placed = sessions.map(
      ({ home, ...rest }, index): BalanceSession => ({
        ...rest,
        id: `s${index}`,
        slot: home % blades.length,
      }),
    );
    return { blades, sessions: placed, band, maxGrafts: 100 };
  });

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test('a plan is consistent, gives nothing to drained blades, and empties them of what can move', (t) => {
  fc.assert(
    fc.property(anyBox, (input) => {
      const plan = planBalance(input);
      const result = carriedOut(input, plan);
      const accepting = new Set(input.blades.filter((blade) => blade.accepting).map((blade) => blade.slot));
      for (const move of plan.moves) {
        const session = input.sessions.find(({ id }) => id === move.id)!;
        if (!session.movable || session.slot !== move.from || !accepting.has(move.to))
          throw new Error(JSON.stringify(move));
      }
      if (new Set(plan.moves.map((move) => move.id)).size !== plan.moves.length)
        throw new Error('one session twice');
      const stranded = result.sessions.filter(({ movable, slot }) => movable && !accepting.has(slot));
      if (accepting.size > 0 && stranded.length > 0) throw new Error('a drained blade still has a session');
      for (const row of plan.after) {
        const own = result.sessions.filter((one) => one.slot === row.slot);
        if (own.length !== row.sessions || Math.abs(sum(own.map((one) => one.load)) - row.load) > 1e-6)
          throw new Error('after');
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('planning again after a plan was carried out plans nothing', (t) => {
  fc.assert(
    fc.property(anyBox, (input) => {
      const again = planBalance(carriedOut(input, planBalance(input)));
      if (again.moves.length > 0) throw new Error(JSON.stringify(again.moves));
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('the fullest blade never becomes fuller, and the emptiest not emptier, where no blade is drained', (t) => {
  fc.assert(
    fc.property(anyBox, (drawn) => {
      const input = { ...drawn, blades: drawn.blades.map(({ slot }) => ({ slot, accepting: true })) };
      const plan = planBalance(input);
      const [before, later] = [plan.before.map((row) => row.load), after(plan)];
      if (Math.max(...later) > Math.max(...before) + 1e-9) throw new Error(`${before} became ${later}`);
      if (Math.min(...later) < Math.min(...before) - 1e-9) throw new Error(`${before} became ${later}`);
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

/** Loads such that every session matters, so that the least worthwhile gain plays no part. */
const smallBox = fc
  .array(fc.array(fc.integer({ min: 5, max: 20 }), { maxLength: 4 }), { minLength: 2, maxLength: 3 })
  .map((loads) => box(loads, { band: 0.15 }));

/** The fewest moves after which every blade is within the band around the mean, by trying all placements. */
function fewestMoves(input: BalanceInput): number | undefined {
  const blades = input.blades.length;
  const mean = sum(input.sessions.map((one) => one.load)) / blades;
  let fewest: number | undefined;
  for (let placement = 0; placement < blades ** input.sessions.length; placement++) {
    const loads = input.blades.map(() => 0);
    let moves = 0;
    let rest = placement;
    for (const one of input.sessions) {
      const slot = rest % blades;
      rest = Math.floor(rest / blades);
      loads[slot]! += one.load;
      if (slot !== one.slot) moves++;
    }
    const within = loads.every((value) => Math.abs(value - mean) <= mean * input.band + 1e-9);
    if (within && (fewest === undefined || moves < fewest)) fewest = moves;
  }
  return fewest;
}

test('small boxes: even where three moves can make them so, and never more moves than needed', (t) => {
  let reached = 0;
  let possible = 0;
  fc.assert(
    fc.property(smallBox, (input) => {
      if (input.sessions.length > 8) return;
      const plan = planBalance(input);
      const fewest = fewestMoves(input);
      const ceiling = Math.max(...plan.before.map((row) => row.load));
      if (fewest === undefined || input.sessions.some((one) => one.load > plan.level * 1.15)) return;
      possible++;
      if (plan.even) reached++;
      if (fewest > 3 || ceiling === 0) return;
      if (!plan.even || plan.moves.length !== fewest)
        throw new Error(`${plan.moves.length} moves, not ${fewest}`);
    }),
    { numRuns: 400 },
  );
  t.true(possible > 20);
  t.true(reached >= possible * 0.9, `${reached} of ${possible}`);
  t.log(`${reached} of ${possible} boxes that can be made even were`);
});
