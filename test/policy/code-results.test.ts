/** What a function returned before is kept, and never taken for something else. */
import test from 'ava';
import { Random } from '../../src/base/random.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';
import { PolicyBook } from '../../src/policy/book.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';

/** One object again and again, changed each time; nearly equal ones; keys without a value. */
const SOURCE = `
const shared = { med: 0, community: { add: ['65000:0'] } };
exports.take = (route) => {
  const of = route.length;
  switch (of % 8) {
    case 0:
      shared.med = of;
      shared.community.add[0] = '65000:0';
      return shared;
    case 1:
      shared.community.add[0] = '65000:' + of;
      shared.med = 1;
      return shared;
    case 2:
      return { med: 5 };
    case 3:
      return { med: 5, localPref: undefined };
    case 4:
      return { med: 5, community: { add: ['65000:1'] } };
    case 5:
      return { med: 5, community: { add: ['65000:1', '65000:2'] } };
    case 6:
      return { med: 5, community: { add: ['65000:1'], remove: ['65000:2'] } };
    default:
      return of > 20 ? 'reject' : 'accept';
  }
};
`;
const STEPS = 400;

const SETS = [1, 2, 3].map((as) =>
  Uint8Array.from([...[0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0, as], ...[0x40, 3, 4, 192, 0, 2, 1]]),
);

test('whatever a function returned before, a route becomes what it says of that route', (t) => {
  const text = `router: {as: 65000, id: 192.0.2.1}
neighbors: [{address: 192.0.2.2, as: 64501, import: "./p.js#take", export: reject}]`;
  const { configuration } = parseConfiguration(text, '/x/graftd.yaml', () => SOURCE);
  if (configuration === undefined) throw new Error('the configuration is wrong');
  const options = { ...defaultFabricOptions(1, 2), attributes: 1 << 12, attributeBytes: 2 ** 22 };
  const fabric = new Fabric(createFabricMemory(options), 0, describeFor(65_000));
  const neighbor = {
    address: Uint8Array.of(192, 0, 2, 2),
    as: 64_501,
    external: true,
    localAs: 65_000,
  };
  const key = configuration.policies[0]?.key as string;
  const runner = () => new PolicyBook(fabric, configuration.policies).importer(key, neighbor);
  const ids = Array.from({ length: 25 }, (_, i) => fabric.prefixes.intern4(0x0a000000, 8 + i));
  const sets = SETS.map((set) => fabric.attributes.intern(set, 0, set.length));
  const random = new Random(47);
  const kept = runner();
  const found = new Set<number>();
  for (let step = 0; step < STEPS; step++) {
    const id = ids[random.below(ids.length)] as number;
    const set = sets[random.below(sets.length)] as number;
    const due = runner().evaluate(id, set, 0);
    t.is(kept.evaluate(id, set, 0), due, `step ${step}`);
    found.add(due);
    if (random.below(50) === 0) kept.forget();
  }
  t.true(found.size > 20);
});
