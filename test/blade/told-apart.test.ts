/** Sets that are told, and stand in no table: their ids are new ones after each sweep. */
import test from 'ava';
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import { Exporter, type ExportRules, NO_RULES } from '../../src/blade/exporter.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { PolicyBook } from '../../src/policy/book.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { smallMemory } from '../fabric/support/small.ts';

const SETS = 100;
const SWEEPS = 60;

test('what is told over many sweeps does not fill the dictionary with the same sets', (t) => {
  const fabric = new Fabric(smallMemory({ blades: 1, pages: 1024 }), 0, describeFor(65_000));
  const rules: ExportRules = {
    accept: true,
    families: FAMILY_IPV4,
    external: true,
    fourOctetAs: true,
    maxMessage: 4096,
    localAs: 65_000,
    neighborAs: 65_001,
    client: false,
    clusterId: 1,
    rules: NO_RULES,
    stale: 'told',
    nextHopSelf: true,
    nextHop4: Uint8Array.of(192, 0, 2, 1),
    nextHop6: new Uint8Array(16),
  };
  const exporter = new Exporter(fabric, rules, new PolicyBook(fabric, []), true);
  const sets = Array.from({ length: SETS }, (_, i) => {
    const path = [0x40, 2, 6, 2, 1, 0, 0, 0xfc, i];
    const set = Uint8Array.of(0x40, 1, 1, 0, ...path, 0x40, 3, 4, 192, 0, 2, 2);
    return fabric.attributes.intern(set, 0, set.length);
  });
  const id = fabric.prefixes.intern4(0x0a000000, 24);
  const told = new Set<number>();
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    // Some prefix of each set changes between two sweeps, and holds on to what it was told.
    for (const set of sets) told.add(exporter.attributeFor(id, set, 1));
    exporter.forget();
  }
  t.false(told.has(0));
  t.is(exporter.dictionaryFull, 0);
  // They were other ids as long as there was much room.
  t.true(told.size > 2 * SETS);
  t.true(2 * fabric.attributes.pool.used < 1.2 * fabric.attributes.pool.limit);
});
