/** What the chassis does while a blade takes its time with a graft. */
import test from 'ava';
import { Grafts } from '../../src/chassis/graft.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { GRAFT, GRAFT_STATE } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';

test('a graft that is settled before it is done is waited for with the event loop going on', async (t) => {
  const memory = createFabricMemory({
    ...defaultFabricOptions(2, 8),
    prefixes4: 1 << 12,
    prefixes6: 1 << 10,
    attributes: 1 << 12,
    attributeBytes: 1 << 20,
    pages: 256,
  });
  const fabric = new Fabric(memory, 2, () => {});
  fabric.setHome(0, 0);
  const grafts = new Grafts(
    fabric,
    () => 0,
    () => 3,
  );
  const grafted = grafts.graft(0, 1).then(
    ({ to }) => `on blade ${to}`,
    (error: Error) => error.message,
  );
  await new Promise(setImmediate);
  // As a blade leaves it that takes over a session of which nothing had to be told, and is stopped right there.
  fabric.setGraftState(0, GRAFT_STATE.released);
  fabric.setGraft(0, GRAFT.settled, 1);
  fabric.notifyGraft(0);
  const look = fabric.graft.bind(fabric);
  let looks = 0;
  fabric.graft = (slot, word) => {
    if (word === GRAFT.state && ++looks > 1000)
      throw new Error('it looks again and again, and nothing else runs');
    return look(slot, word);
  };
  await new Promise<void>((resolve) => setTimeout(resolve, 20));
  fabric.setGraftState(0, GRAFT_STATE.done);
  t.is(await grafted, 'on blade 1');
});
