import test, { type ExecutionContext } from 'ava';
import type { BladeHandle } from '../../src/chassis/blade-handle.ts';
import { Recovery } from '../../src/chassis/recovery.ts';
import { smallFabric } from '../fabric/support/small.ts';

/** A recovery whose only blade cannot be started. */
function failing(
  t: ExecutionContext,
  given: Partial<BladeHandle>,
  clock: () => number,
  started = (): void => {},
) {
  const fabric = smallFabric();
  const blade = {
    slot: 0,
    takeUndone: () => [],
    end: () => Promise.resolve(),
    ...given,
  } as unknown as BladeHandle;
  const recovery = new Recovery(
    {
      fabric,
      clock,
      blades: [blade],
      startBlade: () => {
        started();
        return Promise.reject(new Error('no descriptors are left'));
      },
      name: String,
      tell() {},
      recovered() {},
      shut() {},
    },
    { heartbeat: 10_000, poison: 3 },
  );
  recovery.start();
  t.teardown(() => recovery.stop());
  return { recovery, blade };
}

test('a blade that can never begin to run is tried more and more seldom, however long the one before it ran', async (t) => {
  let now = 0;
  const starts: number[] = [];
  const startedAt = Date.now() - 3_600_000;
  const clock = (): number => now + performance.now();
  const { recovery, blade } = failing(t, { running: false, restarting: 0, startedAt }, clock, () =>
    starts.push(performance.now()),
  );
  recovery.running(0);
  now += 3_600_000;
  for (let deaths = 0; deaths < 5; deaths++) await recovery.died(blade, 'an error');
  // At once, and then behind 0, 100, 200 and 400 ms.
  t.true((starts[4] as number) - (starts[0] as number) > 690, starts.join());
});

test('a blade whose replacement does not start is not being restarted any more', async (t) => {
  const { recovery, blade } = failing(t, { running: false, restarting: 0 }, () => performance.now());
  await t.throwsAsync(recovery.replace(blade), { message: /no descriptors/ });
  t.is(blade.restarting, 0);
});
