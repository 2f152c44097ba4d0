import test from 'ava';
import { noteTrouble } from '../../src/chassis/troubles.ts';

test('of what goes wrong again and again, an operator is shown the last of each, and the memory of it does not grow', (t) => {
  const troubles: string[] = [];
  for (let time = 0; time < 100; time++) {
    noteTrouble(troubles, 'a neighbour cannot be called\n  at a line of ours');
    noteTrouble(troubles, `blade 0 died the ${time}th time`);
  }
  t.is(troubles.length, 32);
  t.deepEqual(troubles.slice(-2), ['a neighbour cannot be called', 'blade 0 died the 99th time']);
});
