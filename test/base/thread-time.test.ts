import test from 'ava';
import { monotonicMilliseconds } from '../../src/base/clock.ts';
import { giveWay, ownThread, processorClock, threadTime } from '../../src/base/thread-time.ts';

test('the clock of a thread goes on while it works, and stands still while it sleeps', (t) => {
  const used = processorClock();
  if (used === undefined) {
    t.log('skipped: koffi is not there, or this is no Linux');
    t.pass();
    return;
  }
  const before = used();
  while (used() < before + 2);
  const asleep = used();
  const start = monotonicMilliseconds();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  t.true(used() - asleep < monotonicMilliseconds() - start);
  t.true(used() >= asleep);
});

test('without koffi nobody says what a thread uses', (t) => {
  const before = process.env['GRAFTD_KOFFI'];
  process.env['GRAFTD_KOFFI'] = 'off';
  try {
    t.is(processorClock(), undefined);
  } finally {
    if (before === undefined) delete process.env['GRAFTD_KOFFI'];
    else process.env['GRAFTD_KOFFI'] = before;
  }
});

test('who gives way goes on', (t) => {
  giveWay();
  t.notThrows(giveWay);
  if (ownThread() !== 0) t.truthy(threadTime(ownThread()));
});
