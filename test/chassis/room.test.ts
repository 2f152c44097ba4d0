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

const REFUSED =
  'room for 65535 neighbours, each with 8 paths of 2621440 prefixes, cannot be reserved: ' +
  'with as many paths and prefixes there can be 59790 neighbours';

test('what cannot be reserved is refused, with what could be', (t) => {
  const of = (limits: string, blades = 1, keys = '') =>
    (configurationOf(limits, blades, keys).mistakes ?? []).map(({ line, message }) => `${line}: ${message}`);
  t.deepEqual(of('sessions: 65535'), [`2: ${REFUSED}`]);
  t.deepEqual(of('sessions: 59790'), []);
  t.deepEqual(of('ipv4-prefixes: 67108864, ipv6-prefixes: 67108864', 32), [
    '2: 134217728 prefixes cannot be reserved for as many blades',
  ]);
  t.deepEqual(of('sessions: 9000', 1, ', extended-messages: true'), [
    '2: room for 9000 neighbours is more than there can be with "extended-messages": 8160',
  ]);
});

for (const [limits, blades, keys] of [
  ['sessions: 8500', 1, ''],
  ['sessions: 59790', 1, ''],
  ['sessions: 8160', 32, ', extended-messages: true'],
  ['sessions: 7900, paths: 64', 1, ''],
  ['sessions: 1000, ipv4-prefixes: 67108864, ipv6-prefixes: 67108864', 16, ''],
] as const) {
  test.serial(`room for ${limits}${keys} is there`, (t) => {
    const { configuration } = configurationOf(limits, blades, keys);
    if (configuration === undefined) return t.fail('it is refused');
    const memory = createFabricMemory(fabricOptions(configuration));
    t.notThrows(() => new Fabric(memory, 0, () => {}));
  });
}
