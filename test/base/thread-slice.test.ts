/** A thread asks the kernel to be let go first. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { goFirst } from '../../src/base/thread-slice.ts';
import { ownThread } from '../../src/base/thread-time.ts';

/** What the kernel says of the calling thread's slice, nanoseconds; undefined where it says nothing. */
function slice(): string | undefined {
  try {
    const said = readFileSync(`/proc/self/task/${ownThread()}/sched`, 'latin1');
    return /^se\.slice\s*:\s*(\S+)/m.exec(said)?.[1];
  } catch {
    return undefined;
  }
}

test('a thread has a short slice of the processor when it has asked for that, and may ask again', (t) => {
  const before = slice();
  if (!goFirst()) {
    t.log('skipped: the system does not do that, or there is no koffi');
    t.pass();
    return;
  }
  t.true(goFirst());
  const after = slice();
  if (before === undefined || after === undefined || before === after)
    t.log('older than 6.12: the kernel took the call, and does nothing');
  else t.is(after, '300000');
});
