import test from 'ava';
import type { BladeHandle } from '../../src/chassis/blade-handle.ts';
import { Recovery } from '../../src/chassis/recovery.ts';
import { smallFabric } from '../fabric/support/small.ts';

test('a blade that can never begin to run is tried more and more seldom, however long the one before it ran', async (t) => {
  const fabric = smallFabric();
  let now = 0;
  const starts: number[] = [];
  const startedAt = Date.now() - 3_600_000;
  const blade = { slot: 0, running: false, startedAt, takeUndone: () => [] } as unknown as BladeHandle;
  const recovery = new Recovery(
    {
      fabric,
      clock: () => now + performance.now(),
      blades: [blade],
      startBlade: () => {
        starts.push(performance.now());
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
  recovery.running(0);
  now += 3_600_000;
  for (let deaths = 0; deaths < 5; deaths++) await recovery.died(blade, 'an error');
  // At once, and then behind 0, 100, 200 and 400 ms.
  t.true((starts[4] as number) - (starts[0] as number) > 690, starts.join());
});
