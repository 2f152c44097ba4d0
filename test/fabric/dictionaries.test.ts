import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { AttributeDictionary } from '../../src/fabric/attributes.ts';
import { PrefixDictionary } from '../../src/fabric/prefixes.ts';
import { newSeed, smallMemory } from './support/small.ts';
import { attributeKey, describe, prefixKey } from './support/tasks-dictionaries.ts';
import { runThreads } from './support/threads.ts';

/** Merges what the threads got: equal keys must have equal ids, different keys different ones. -1: there was no room. */
function merge(t: ExecutionContext, results: Int32Array[], seed: number) {
  const ids = new Map<number, number>();
  const keys = new Map<number, number>();
  for (const [thread, result] of results.entries()) {
    for (const [key, id] of result.entries()) {
      if (id === -1) continue;
      if ((ids.get(key) ?? id) !== id)
        t.fail(`thread ${thread} has another id for key ${key} (GRAFTD_SEED=${seed})`);
      if ((keys.get(id) ?? key) !== key) t.fail(`id ${id} stands for two keys (GRAFTD_SEED=${seed})`);
      ids.set(key, id);
      keys.set(id, key);
    }
  }
  return ids;
}

test.serial('four threads that intern the same prefixes agree on every id', async (t) => {
  const count = 3000;
  const first = newSeed();
  for (const seed of [first, first + 1, first + 2, first + 3]) {
    const memory = smallMemory();
    const tasks = ['prefixDictionary', 'prefixDictionary', 'prefixDictionary', 'prefixDictionary'] as const;
    const results = await runThreads<Int32Array>({ memory, tasks, seed, count });
    const ids = merge(t, results, seed);
    t.is(ids.size, 2 * count);
    const reader = new PrefixDictionary(memory);
    for (let key = 0; key < count; key++) {
      const { words, length } = prefixKey(key);
      const id = ids.get(key) as number;
      const id6 = ids.get(count + key) as number;
      if (reader.find4(words[0], length) !== id || reader.find6(...words, length) !== id6)
        t.fail(`key ${key} is not found`);
      if (reader.address4(id) !== words[0] || reader.lengthOf(id) !== length || id >= reader.base6)
        t.fail(`IPv4 id ${id} does not read back`);
      const at = (id6 - reader.base6) * 5;
      if (words.some((word, i) => reader.keys6[at + i] !== word) || reader.lengthOf(id6) !== length)
        t.fail(`IPv6 id ${id6} does not read back`);
      if (id >= reader.used4() || id6 >= reader.used6() || id6 < reader.base6)
        t.fail(`id ${id} or ${id6} is outside of what is said to be used`);
    }
  }
});

test.serial('a full prefix table answers -1, still finds what is in it, and hurts no other', async (t) => {
  const count = 1500;
  const first = newSeed();
  for (const seed of [first, first + 1]) {
    const memory = smallMemory({ prefixes4: 512, prefixes6: 512 });
    const tasks = ['prefixDictionary', 'prefixDictionary', 'prefixDictionary'] as const;
    const results = await runThreads<Int32Array>({ memory, tasks, seed, count });
    const ids = merge(t, results, seed);
    const mine4 = [...ids].filter(([key]) => key < count);
    // Each thread may hold a part of a block of 64 that it could not fill.
    t.true(mine4.length > 512 - 3 * 64 && mine4.length <= 512, `${mine4.length} prefixes`);
    t.true([...ids.values()].every((id) => id < 1024));
    const reader = new PrefixDictionary(memory);
    for (let key = 0; key < count; key++) {
      const { words, length } = prefixKey(key);
      t.is(reader.find4(words[0], length), ids.get(key) ?? -1);
      t.is(reader.find6(...words, length), ids.get(count + key) ?? -1);
      t.is(reader.intern4(words[0], length), ids.get(key) ?? -1);
    }
    t.true(reader.used4() <= 512 && reader.used6() <= 1024);
  }
});

test('a prefix is its address and its length, in one family', (t) => {
  const dictionary = new PrefixDictionary(smallMemory());
  const ids = [
    dictionary.intern4(0, 0),
    dictionary.intern4(0, 1),
    dictionary.intern4(0xffffffff, 32),
    dictionary.intern4(0x80000000, 1),
    dictionary.intern6(0, 0, 0, 0, 0),
    dictionary.intern6(0, 0, 0, 0, 128),
    dictionary.intern6(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 128),
    dictionary.intern6(0xffffffff, 0, 0, 0, 32),
  ];
  t.is(new Set(ids).size, ids.length);
  t.is(dictionary.find4(0xffffffff, 32), ids[2]);
  t.is(dictionary.find6(0xffffffff, 0, 0, 0, 32), ids[7]);
  t.is(dictionary.find4(1, 32), -1);
  t.is(dictionary.find6(1, 0, 0, 0, 32), -1);
});

test.serial(
  'four threads that intern the same attribute sets agree on every id, and see none half written',
  async (t) => {
    const count = 2500;
    const first = newSeed();
    for (const seed of [first, first + 1, first + 2, first + 3]) {
      const memory = smallMemory();
      const tasks = new Array(4).fill('attributeDictionary') as 'attributeDictionary'[];
      const results = await runThreads<Int32Array>({ memory, tasks, seed, count });
      const ids = merge(t, results, seed);
      t.is(ids.size, count);
      t.false([...ids.values()].includes(0));
      const reader = new AttributeDictionary(memory, describe);
      for (const [key, id] of ids) {
        const at = reader.offsetOf(id);
        const bytes = reader.bytes.subarray(at, at + reader.lengthOf(id));
        if (Buffer.compare(bytes, attributeKey(key)) !== 0) t.fail(`set ${id} does not read back`);
      }
    }
  },
);

test.serial(
  'a full attribute dictionary answers 0, still finds what is in it, and hurts no other',
  async (t) => {
    const seed = newSeed();
    const count = 2000;
    for (const options of [{ attributes: 1 << 10 }, { attributeBytes: 1 << 15 }]) {
      const memory = smallMemory(options);
      const tasks = new Array(3).fill('attributeDictionary') as 'attributeDictionary'[];
      const results = await runThreads<Int32Array>({ memory, tasks, seed, count });
      const ids = merge(
        t,
        results.map((result) => result.map((id) => (id === 0 ? -1 : id))),
        seed,
      );
      t.true(ids.size > 300 && ids.size < count, `${ids.size} sets`);
      const reader = new AttributeDictionary(memory, describe);
      for (let key = 0; key < count; key++) {
        const bytes = attributeKey(key);
        t.is(reader.intern(bytes, 0, bytes.length), ids.get(key) ?? 0);
      }
      t.true(reader.blocks.used * reader.blockUnits * 4 <= memory.options.attributeBytes);
      t.true(reader.used() <= memory.options.attributes);
    }
  },
);

test('attribute sets are equal exactly when their bytes are, wherever these stand', (t) => {
  const dictionary = new AttributeDictionary(smallMemory(), () => {});
  const ids = new Map<string, number>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12, max: 3 }), fc.nat(9), (bytes, before) => {
      const source = new Uint8Array(before + bytes.length + 3).fill(77);
      source.set(bytes, before);
      const id = dictionary.intern(source, before, before + bytes.length);
      const key = bytes.join();
      const known = ids.get(key);
      if (known === undefined) {
        ids.set(key, id);
        return id > 0 && [...ids.values()].filter((other) => other === id).length === 1;
      }
      return known === id;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});
