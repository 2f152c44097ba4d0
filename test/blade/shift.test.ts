/** A blade that is about to sleep where it looks out for its neighbours. */
import test from 'ava';
import type { Blade } from '../../src/blade/blade.ts';
import { step, takeOrders } from '../../src/blade/shift.ts';
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
    fabric: { bells, lookout, epochs: { leave: () => {} } },
    turn: () => {
      // A sibling has news behind where this turn looked for it; then a flood has the turn look out.
      if (++turns === 2) {
        bells.ring(0);
        lookout.look(0);
      }
      return false;
    },
  } as unknown as Blade;
  const nothing = (): boolean => false;
  step(blade, nothing, nothing);
  t.deepEqual(waits, [0]);
  step(blade, nothing, nothing);
  t.deepEqual(waits, [0, 100]);
});

test('many orders are carried out in some turns, in order, and each turn begins where they do', (t) => {
  const posted = Array.from({ length: 8 }, (_, session) => ({ kind: 'enable', session }) as const);
  const done: number[] = [];
  const begun: number[] = [];
  let now = 0;
  const blade = {
    get ordersDone() {
      return done.length === 8;
    },
    clock: () => now,
    limits: { stageTime: 3 },
    meter: { begin: (at: number) => begun.push(at) },
    order: ({ session }: { session: number }) => {
      done.push(session);
      now++;
    },
  } as unknown as Blade;
  const receive = () => posted.shift();
  t.true(takeOrders(blade, receive));
  t.deepEqual(done, [0, 1, 2]);
  t.true(takeOrders(blade, receive));
  t.false(takeOrders(blade, receive));
  t.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7]);
  t.deepEqual(begun, [0, 3, 6]);
  t.false(takeOrders(blade, receive));
  t.is(begun.length, 3);
});
