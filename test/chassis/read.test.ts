/** A large configuration is read in a thread of its own, and is the same as if it had been read here. */
import test from 'ava';
import { readConfiguration } from '../../src/chassis/read.ts';
import { parseConfiguration } from '../../src/config/parse.ts';

const prefixes = Array.from({ length: 6000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);

function configuration(end: string): string {
  return [
    'router: { as: 65000, id: 192.0.2.1 }',
    `prefix-sets: { ours: ${JSON.stringify(prefixes)} }`,
    `policies: { ours-only: [{ if: { prefix: ours }, then: ${end} }] }`,
    'neighbors: [{ address: 192.0.2.2, as: 65001, import: ours-only, export: reject }]',
  ].join('\n');
}

test('what is large says the same', async (t) => {
  const text = configuration('accept');
  const read = await readConfiguration(text, 'graftd.yaml');
  t.truthy(read.configuration);
  t.deepEqual(read, parseConfiguration(text, 'graftd.yaml'));
});

test('its mistakes too', async (t) => {
  const text = configuration('accepd');
  const { mistakes } = await readConfiguration(text, 'graftd.yaml');
  t.deepEqual(mistakes, parseConfiguration(text, 'graftd.yaml').mistakes);
  t.regex(mistakes?.[0]?.message ?? '', /accept/);
});
