import test from 'ava';
import { TurnMeter } from '../../src/blade/turn-meter.ts';
import { BLADE_NUMBER } from '../../src/fabric/layout.ts';

/** A meter, the thread's own clock, and what stands in the fabric. */
function metered(told = true) {
  const bladeNumbers = new Float64Array(BLADE_NUMBER.words);
  const meter = new TurnMeter({ bladeNumbers }, 0);
  const thread = { used: 0, looks: 0 };
  if (told)
    meter.processor = () => {
      thread.looks++;
      return thread.used;
    };
  thread.looks = 0;
  const number = (which: number): number => bladeNumbers[which] as number;
  /** As the chassis does. */
  const read = (): void => {
    bladeNumbers[BLADE_NUMBER.readings] = number(BLADE_NUMBER.readings) + 1;
  };
  return { meter, thread, number, read };
}

test('of the longest turn it is told for how long the thread was on no processor', (t) => {
  const { meter, thread, number } = metered();
  thread.used += 4;
  meter.note(100, 104, true);
  thread.used += 2;
  meter.note(104, 114, true);
  t.is(number(BLADE_NUMBER.longestTurn), 10);
  t.is(number(BLADE_NUMBER.longestTurnWaited), 8);
  t.is(number(BLADE_NUMBER.longestWork), 4);
});

test('a reading begins the measurement of all that is lately', (t) => {
  const { meter, thread, number, read } = metered();
  thread.used += 3;
  meter.note(0, 9, false);
  t.is(number(BLADE_NUMBER.longestTurnLatelyWaited), 6);
  read();
  thread.used += 1;
  meter.note(20, 22, false);
  t.is(number(BLADE_NUMBER.longestTurnLately), 2);
  t.is(number(BLADE_NUMBER.longestTurnLatelyWaited), 1);
  t.is(number(BLADE_NUMBER.longestWorkLately), 1);
  t.is(number(BLADE_NUMBER.longestTurnWaited), 6);
});

test('short turns cost no look at the thread’s clock, and what they used is put down to the long one behind them', (t) => {
  const { meter, thread, number } = metered();
  for (let i = 0; i < 8; i++) {
    thread.used += 0.1;
    meter.note(i, i + 0.1, false);
  }
  t.is(thread.looks, 0);
  thread.used += 5;
  meter.note(10, 16, false);
  t.is(thread.looks, 1);
  t.true(Math.abs(number(BLADE_NUMBER.longestTurnWaited) - 0.2) < 1e-9);
});

test('orders are part of the turn behind them', (t) => {
  const { meter, number } = metered();
  meter.begin(5);
  meter.begin(6);
  meter.note(12, 13, false);
  t.is(number(BLADE_NUMBER.longestTurn), 8);
  meter.note(20, 21, false);
  t.is(number(BLADE_NUMBER.busy), 9);
});

test('where nobody knows what a thread uses, that is said', (t) => {
  const { meter, number } = metered(false);
  meter.note(0, 9, false);
  t.is(number(BLADE_NUMBER.longestTurnWaited), -1);
  t.is(number(BLADE_NUMBER.longestWork), 0);
});
