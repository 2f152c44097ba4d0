/** A blade that is about to sleep where it looks out for its neighbours. */
import test from 'ava';
import type { Blade } from '../../src/blade/blade.ts';
import { step } from '../../src/blade/shift.ts';
import { Doorbells } from '../../src/fabric/doorbell.ts';

test('a ring that the last turn before sleep heard in the kernel is not slept through', (t) => {
  const bells = new Doorbells(new SharedArrayBuffer(1024));
  const waits: number[] = [];
  const lookout = { size: 1, look: (milliseconds: number): unknown => waits.push(milliseconds) };
  let turns = 0;
  const blade = {
    slot: 0,
    stopping: false,
    nextTimer: 100,
    clock: () => 0,
    fabric: { bells, lookout, epochs: { leave: () => {} }, countBlade: () => {} },
    turn: () => {
      // A sibling has news behind where this turn looked for it; then a flood has the turn look out.
      if (++turns === 2) {
        bells.ring(0);
        lookout.look(0);
      }
      return false;
    },
  } as unknown as Blade;
  const nothing = (): void => {};
  step(blade, nothing, nothing);
  t.deepEqual(waits, [0]);
  step(blade, nothing, nothing);
  t.deepEqual(waits, [0, 100]);
});
