/** The two levels of the attribute dictionary's slots: whoever puts a set there, and whatever he knows of them, it stands there once. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { AttributeDictionary } from '../../src/fabric/attributes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { SET_LEVELS } from '../../src/fabric/layout.ts';
import { type FabricMemory, firstSetSlots } from '../../src/fabric/memory.ts';
import { smallMemory } from './support/small.ts';
import { attributeKey, describe } from './support/tasks-dictionaries.ts';

/** Slots in use, of each level of a table, and of those that are CLOSED. */
function slotsOf(memory: FabricMemory, table = 0): { first: number; second: number; closed: number } {
  const first = firstSetSlots(memory.options);
  const all = first + memory.options.attributes;
  const slots = new Int32Array(memory.attributeSlots, table * all * 4, all);
  const isId = (slot: number): boolean => (slot & (memory.options.attributes - 1)) !== 0;
  return {
    first: slots.subarray(0, first).filter(isId).length,
    second: slots.subarray(first).filter(isId).length,
    closed: slots.filter((slot) => slot !== 0 && !isId(slot)).length,
  };
}

function intern(dictionary: AttributeDictionary, key: number): number {
  const bytes = attributeKey(key);
  return dictionary.intern(bytes, 0, bytes.length);
}

test('few sets stand in the first level; the next one is used when that is five eighths full', (t) => {
  const memory = smallMemory({ attributes: 1 << 10 });
  const dictionary = new AttributeDictionary(memory, describe);
  for (let key = 0; key < 160; key++) t.is(intern(dictionary, key), key + 1);
  t.deepEqual(slotsOf(memory), { first: 160, second: 0, closed: 0 });
  for (let key = 160; key < 767; key++) t.is(intern(dictionary, key), key + 1);
  const { first, second, closed } = slotsOf(memory);
  t.deepEqual([first, second], [160, 607]);
  t.true(closed > 0 && closed <= 256 - 160);
  t.is(intern(dictionary, 767), 0, 'full');
  for (let key = 0; key < 767; key++) t.is(intern(dictionary, key), key + 1);
  t.is(new AttributeDictionary(memory, describe).intern(attributeKey(500), 0, attributeKey(500).length), 501);
});

test('a thread that has not heard that a level is closed finds all sets, and puts none there twice', (t) => {
  const seed = Number(process.env['GRAFTD_SEED'] ?? 1);
  for (let run = 0; run < 20; run++) {
    const random = new Random(seed + run);
    const memory = smallMemory({ attributes: 1 << 9 });
    // Each thread counts for itself, so that they hold different levels to be open for long.
    const dictionaries = [0, 1, 2].map(
      () =>
        new AttributeDictionary(
          { ...memory, setLevels: new SharedArrayBuffer(2 * SET_LEVELS.words * 4) },
          describe,
        ),
    );
    const ids = new Map<number, number>();
    for (let step = 0; step < 1500; step++) {
      const key = random.below(340);
      const id = intern(dictionaries[random.below(3)] as AttributeDictionary, key);
      if (id === 0 || id !== (ids.get(key) ?? id))
        t.fail(`key ${key}: ${id}, ${ids.get(key)} (GRAFTD_SEED=${seed + run})`);
      ids.set(key, id);
    }
    const { first, second } = slotsOf(memory);
    t.is(first + second, ids.size, `GRAFTD_SEED=${seed + run}`);
    t.is(new Set(ids.values()).size, ids.size);
    t.true(first > 80 && second > 0);
  }
});

test('two threads agree on every set that somebody has a route with, as levels fill and sweeps go on', async (t) => {
  const seed = Number(process.env['GRAFTD_SEED'] ?? 1);
  for (let run = 0; run < 12; run++) {
    const random = new Random(seed + run);
    const memory = smallMemory({ attributes: 1 << 8 });
    const fabrics = [new Fabric(memory, 0, describe), new Fabric(memory, 1, describe)];
    const chassis = new Fabric(memory, memory.options.blades, describe);
    const sweeper = new Sweeper(chassis, () => false, { pages: 1, ids: 32 });
    const prefixes = Array.from({ length: 120 }, (_, i) =>
      (fabrics[0] as Fabric).prefixes.intern4(i << 8, 24),
    );
    /** By prefix, the set that its route has. */
    const routes = new Map<number, number>();
    let refused = 0;
    for (let turn = 0; turn < 600; turn++) {
      const fabric = fabrics[random.below(2)] as Fabric;
      fabric.epochs.enter();
      fabric.meet();
      for (let step = random.below(12); step > 0; step--) {
        const id = prefixes[random.below(prefixes.length)] as number;
        const key = random.below(4000);
        const attribute = intern(fabric.attributes, key);
        if (attribute === 0) {
          refused++;
          continue;
        }
        fabric.columns.set(fabric.thread, id, attribute);
        (fabrics[1 - fabric.thread] as Fabric).columns.set(1 - fabric.thread, id, 0);
        routes.set(id, key);
      }
      for (const [id, key] of routes) {
        const held = Math.max(fabric.columns.get(0, id), fabric.columns.get(1, id));
        if (intern(fabric.attributes, key) !== held)
          t.fail(`set ${key} has two ids (GRAFTD_SEED=${seed + run})`);
      }
      fabric.epochs.leave();
      if (!sweeper.sweeping && random.chance(0.2)) sweeper.begin();
      for (let pieces = random.below(20); pieces > 0; pieces--) sweeper.step(() => true);
    }
    t.true(sweeper.numbers.sweeps > 3 && sweeper.numbers.attributes > 300);
    t.true(refused < 2000);
  }
});
