/** However much room a valid configuration asks for, memory can be reserved for it. */
import test from 'ava';
import { fabricOptions } from '../../src/chassis/plan.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { createFabricMemory } from '../../src/fabric/memory.ts';

function configurationOf(limits: string, blades = 1, keys = '') {
  return parseConfiguration(
    `router: {as: 65000, id: 192.0.2.1, listen: []}
chassis: {blades: ${blades}, limits: {${limits}}}
neighbors:
  - {address: 192.0.2.2, as: 64500${keys}}
`,
    'graftd.yaml',
  );
}

test('what cannot be reserved is refused, with what could be', (t) => {
  const of = (limits: string, blades = 1, keys = '') =>
    (configurationOf(limits, blades, keys).mistakes ?? []).map(({ line, message }) => `${line}: ${message}`);
  t.deepEqual(of('sessions: 40000'), ['2: room for 40000 neighbours is more than there can be: 32736']);
  t.deepEqual(of('sessions: 32736'), []);
  t.deepEqual(of('sessions: 10000, paths: 64'), [
    '2: room for 10000 neighbours, each with 64 paths of 2621440 prefixes, cannot be reserved: ' +
      'with as many paths and prefixes there can be 8431 neighbours',
  ]);
  t.deepEqual(of('ipv4-prefixes: 67108864, ipv6-prefixes: 67108864', 32), [
    '2: 134217728 prefixes cannot be reserved for as many blades',
  ]);
  t.deepEqual(of('sessions: 9000', 1, ', extended-messages: true'), [
    '2: room for 9000 neighbours is more than there can be with "extended-messages": 8160',
  ]);
});

for (const [limits, blades, keys] of [
  ['sessions: 8500', 1, ''],
  ['sessions: 32736', 1, ''],
  ['sessions: 8160', 32, ', extended-messages: true'],
  ['sessions: 8431, paths: 64', 1, ''],
  ['sessions: 1000, ipv4-prefixes: 67108864, ipv6-prefixes: 67108864', 16, ''],
] as const) {
  test.serial(`room for ${limits}${keys} is there`, (t) => {
    const { configuration } = configurationOf(limits, blades, keys);
    if (configuration === undefined) return t.fail('it is refused');
    const options = fabricOptions(configuration);
    const memory = createFabricMemory(options);
    t.true(options.transmitBytes >= 1 << 16);
    t.notThrows(() => new Fabric(memory, 0, () => {}));
  });
}
