import test from 'ava';
import fc from 'fast-check';
import { FifoSet } from '../../src/fabric/fifo-set.ts';

const id = fc.oneof(fc.nat(40), fc.nat(5000), fc.constantFrom(32_767, 32_768, 65_535, 2 ** 21, 2 ** 22 + 31));
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add'), id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('shift'), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('addAll', 'shiftAll'), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear', 'copy'), id }) },
);

test('a fifo set holds each member once, in the order in which they came', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (run) => {
      let set = new FifoSet();
      let model: number[] = [];
      for (const each of run) {
        if (each.do === 'add') {
          const fresh = !model.includes(each.id);
          t.is(set.add(each.id), fresh);
          if (fresh) model.push(each.id);
        } else if (each.do === 'shift') t.is(set.shift(), model.shift() ?? -1);
        else if (each.do === 'shiftAll') {
          const most = each.id % 50;
          const taken = new Int32Array(50);
          const count = set.shiftAll(taken, most);
          t.deepEqual([...taken.subarray(0, count)], model.splice(0, most));
        } else if (each.do === 'addAll') {
          const ids = [each.id, each.id + 1, each.id, each.id + 40_000];
          set.addAll(Int32Array.from([...ids, 7]), ids.length);
          for (const added of ids) if (!model.includes(added)) model.push(added);
        } else if (each.do === 'copy') {
          const original = set;
          set = original.copy();
          original.clear();
        } else {
          set.clear();
          model = [];
        }
        t.is(set.size, model.length);
        t.is(set.has(each.id), model.includes(each.id));
      }
      t.deepEqual([...set], model);
      for (const [at, member] of model.entries()) t.is(set.at(at), member);
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('a large fifo set keeps its order while it grows and shrinks', (t) => {
  const set = new FifoSet();
  let next = 0;
  let oldest = 0;
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 10_000; i++) set.add(next++);
    for (let i = 0; i < 5000; i++) if (set.shift() !== oldest++) t.fail(`${oldest - 1} was expected`);
  }
  while (set.size > 0) if (set.shift() !== oldest++) t.fail(`${oldest - 1} was expected`);
  t.is(oldest, next);
  t.true(set.add(1));
  t.is(set.shift(), 1);
});
