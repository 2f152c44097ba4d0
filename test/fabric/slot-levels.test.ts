/** The two levels of the dictionaries' slots: whoever puts a key there, and whatever he knows of them, it stands there once. */
import test, { type ExecutionContext } from 'ava';
import { Random } from '../../src/base/random.ts';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { AttributeDictionary } from '../../src/fabric/attributes.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { LEVELLED, SLOT_LEVELS } from '../../src/fabric/layout.ts';
import { type FabricMemory, setSlots } from '../../src/fabric/memory.ts';
import { PrefixDictionary } from '../../src/fabric/prefixes.ts';
import { smallMemory } from './support/small.ts';
import { attributeKey, describe, prefixKey } from './support/tasks-dictionaries.ts';

/** Slots in use, of each level of a table, and of those that are CLOSED. */
function slotsOf(memory: FabricMemory, table = 0): { first: number; second: number; closed: number } {
  const [first] = setSlots(memory.options);
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

/** The memory as a thread sees it that has heard of no level that is closed, until `close` says so. */
function deaf(memory: FabricMemory, place: number): { memory: FabricMemory; close: () => void } {
  const slotLevels = new SharedArrayBuffer(LEVELLED.count * SLOT_LEVELS.words * 4);
  const open = place * SLOT_LEVELS.words + SLOT_LEVELS.open;
  return { memory: { ...memory, slotLevels }, close: () => (new Int32Array(slotLevels)[open] = 1) };
}

/** Three threads that hear at other times that a level is closed, or never, intern keys at random; the ids by key. */
function internDeaf(
  t: ExecutionContext,
  random: Random,
  threads: readonly { intern: (key: number) => number; close: () => void }[],
  keys: number,
): Map<number, number> {
  const ids = new Map<number, number>();
  for (let step = 0; step < 6 * keys; step++) {
    if (step === keys >> 2) threads[0]?.close();
    if (step === keys >> 1) threads[1]?.close();
    const key = random.below(keys);
    const id = random.pick(threads).intern(key);
    if (id !== (ids.get(key) ?? id)) t.fail(`key ${key} has ids ${id} and ${ids.get(key)}`);
    ids.set(key, id);
  }
  t.is(new Set(ids.values()).size, ids.size);
  return ids;
}

test('a thread that has not heard that a level is closed finds all sets, and puts none there twice', (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const memory = smallMemory({ attributes: 1 << 9 });
    const threads = [0, 1, 2].map(() => {
      const { memory: heard, close } = deaf(memory, LEVELLED.attributes);
      const dictionary = new AttributeDictionary(heard, describe);
      return { intern: (key: number) => intern(dictionary, key), close };
    });
    const ids = internDeaf(t, new Random(seed), threads, 300);
    const { first, second, closed } = slotsOf(memory);
    t.is(first + second, ids.size);
    t.true(first > 30 && second > 30 && closed > 10, `${first}, ${second} and ${closed} slots`);
  }
});

test('the same holds for prefixes; those that are looked up together are found in both levels', (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const memory = smallMemory({ prefixes4: 1 << 8 });
    const threads = [0, 1, 2].map(() => {
      const { memory: heard, close } = deaf(memory, LEVELLED.prefixes4);
      const dictionary = new PrefixDictionary(heard);
      const intern = (key: number): number => {
        const { words, length } = prefixKey(key);
        return dictionary.intern4(words[0], length);
      };
      return { intern, close };
    });
    const ids = internDeaf(t, new Random(seed), threads, 200);
    const keys = Array.from({ length: 300 }, (_, key) => prefixKey(key));
    const together = new Int32Array(keys.length).fill(-1);
    const { memory: heard, close } = deaf(memory, LEVELLED.prefixes4);
    close();
    const reader = new PrefixDictionary(heard);
    const addresses = Uint32Array.from(keys, ({ words }) => words[0]);
    const lengths = Uint8Array.from(keys, ({ length }) => length);
    reader.find4All(addresses, lengths, together, keys.length);
    for (const [key, { words, length }] of keys.entries()) {
      const id = ids.get(key) ?? -1;
      if (reader.find4(words[0], length) !== id) t.fail(`key ${key} is not found`);
      if (together[key] !== id && together[key] !== -1) t.fail(`key ${key} is taken for another one`);
    }
    t.true(together.filter((id) => id >= 0).length > ids.size * 0.9);
  }
});

test('two threads agree on every prefix and set that somebody has a route with, as levels fill and sweeps go on', (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = new Random(seed);
    const memory = smallMemory({ attributes: 1 << 8, prefixes4: 1 << 8 });
    const fabrics = [new Fabric(memory, 0, describe), new Fabric(memory, 1, describe)] as const;
    const chassis = new Fabric(memory, memory.options.blades, describe);
    const sweeper = new Sweeper(chassis, () => false, { pages: 1, ids: 32 });
    /** By key of the prefix: its id, and the set that its route has. */
    const routes = new Map<number, readonly [id: number, set: number]>();
    let [refused, closed] = [0, 0];
    for (let turn = 0; turn < 600; turn++) {
      const me = random.below(2) as 0 | 1;
      const { prefixes, attributes, columns, epochs } = fabrics[me];
      epochs.enter();
      fabrics[me].meet();
      for (let step = random.below(12); step > 0; step--) {
        const key = random.below(2000);
        const set = random.below(4000);
        const { words, length } = prefixKey(key);
        const id = prefixes.intern4(words[0], length);
        const attribute = intern(attributes, set);
        if (id < 0 || attribute === 0) {
          refused++;
          continue;
        }
        columns.set(me, id, attribute);
        columns.set(1 - me, id, 0);
        routes.set(key, [id, set]);
        const old = routes.size > 110 ? (random.pick([...routes.keys()]) as number) : key;
        if (old === key) continue;
        const [gone] = routes.get(old) as readonly [number, number];
        for (const column of [0, 1]) columns.set(column, gone, 0);
        routes.delete(old);
      }
      for (const [key, [id, set]] of routes) {
        const { words, length } = prefixKey(key);
        const held = Math.max(columns.get(0, id), columns.get(1, id));
        if (prefixes.find4(words[0], length) !== id || intern(attributes, set) !== held)
          t.fail(`prefix ${key} or set ${set} has two ids`);
      }
      epochs.leave();
      if (new Int32Array(memory.slotLevels)[LEVELLED.prefixes4 * SLOT_LEVELS.words] === 1) closed++;
      if (!sweeper.sweeping && random.chance(0.2)) sweeper.begin();
      for (let pieces = random.below(20); pieces > 0; pieces--) sweeper.step(() => true);
    }
    const { sweeps, prefixes4, attributes } = sweeper.numbers;
    t.true(sweeps > 3 && prefixes4 > 100 && attributes > 300 && closed > 0 && refused < 3000);
  }
});
