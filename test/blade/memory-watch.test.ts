import test from 'ava';
import { MemoryWatch } from '../../src/blade/memory-watch.ts';

/** A heap of which so much is in use, and so much is garbage. */
function heap(live: number, garbage: number) {
  return {
    live,
    garbage,
    collected: 0,
    used() {
      return this.live + this.garbage;
    },
    collect() {
      this.garbage = 0;
      this.collected++;
    },
  };
}

test('a blade ends itself when what is in use, and not garbage, is more than it may have', (t) => {
  const own = heap(90, 20);
  const watch = new MemoryWatch(100, own);
  t.notThrows(() => watch.look(0));
  t.is(own.collected, 1);
  own.live = 101;
  // Some seconds later, as little came in between; or at once, where more did.
  t.notThrows(() => watch.look(5000));
  t.throws(() => watch.look(10_000), { message: /out of memory/ });
  const fast = heap(90, 20);
  const other = new MemoryWatch(100, fast);
  other.look(0);
  fast.live = 130;
  t.throws(() => other.look(100), { message: /out of memory/ });
});

test('garbage is collected for a look at the heap ten seconds after the last time, or when much is there', (t) => {
  const own = heap(99, 0);
  const watch = new MemoryWatch(100, own);
  for (let now = 0; now < 30_000; now += 50) {
    own.garbage = own.garbage === 0 ? 2 : own.garbage;
    watch.look(now);
  }
  t.is(own.collected, 3);
  own.garbage = 30;
  watch.look(30_000);
  own.garbage = 30;
  watch.look(30_050);
  t.is(own.collected, 4);
  watch.look(30_100);
  t.is(own.collected, 5);
});
