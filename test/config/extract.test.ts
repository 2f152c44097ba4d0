/** What is extracted of a neighbour stands by itself, and means what it meant. */
import test from 'ava';
import { stringify } from 'yaml';
import { extractNeighbor } from '../../src/config/extract.ts';
import { parseConfiguration } from '../../src/config/parse.ts';

const TEXT = `
router: { as: 65000, id: 192.0.2.1 }
defaults: { hold-time: 30, export: nobody }
groups:
  customers: { import: from-customers, passive: true, max-prefixes: 100 }
prefix-sets:
  ours: [192.0.2.0/24]
  theirs: [10.0.0.0/8 le 24]
  others: [172.16.0.0/12]
community-sets:
  marks: ["65000:*"]
  unused: ["65000:1"]
as-path-sets:
  short: ["^64500$"]
policies:
  nobody: [{ then: reject }]
  clean: [{ set: { community: { remove: [marks] } } }]
  from-customers:
    - { if: { prefix: [theirs, 192.0.2.0/25] }, unless: { as-path: short }, call: clean, then: accept }
  unused: [{ if: { prefix: others }, then: accept }]
neighbors:
  - { address: 192.0.2.2, as: 64500, group: customers, hold-time: 9 }
  - { address: 192.0.2.3, as: 64501, import: unused }
`;

test('a neighbour comes with all that it uses, and with nothing else', (t) => {
  const found = extractNeighbor(TEXT, '/etc/g.yaml', '192.0.2.2') as string;
  const standing = `router: { as: 65000, id: 192.0.2.1 }\n${found}`;
  const there = parseConfiguration(standing, '/elsewhere/g.yaml');
  const here = parseConfiguration(TEXT, '/etc/g.yaml');
  t.is(there.mistakes, undefined, found);
  const { group: _, ...neighbor } = (here.configuration?.neighbors[0] ?? {}) as { group?: string };
  t.deepEqual(there.configuration?.neighbors, [neighbor as never]);
  const keys = (policies: readonly { key: string }[] | undefined): string[] =>
    (policies ?? []).map(({ key }) => key);
  t.true(keys(here.configuration?.policies).length > 0);
  for (const key of keys(there.configuration?.policies))
    t.true(keys(here.configuration?.policies).includes(key), key);
  t.false(/unused|others|ours/.test(found), found);
  t.is(extractNeighbor(TEXT, '/etc/g.yaml', '192.0.2.9'), undefined);
});

test('files of prefixes keep their place', (t) => {
  const text = stringify({
    'prefix-sets': { big: { file: './big.txt' } },
    // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
    policies: { p: [{ if: { prefix: 'big' }, then: 'accept' }] },
    neighbors: [{ address: '192.0.2.2', as: 1, import: 'p' }],
  });
  t.regex(
    extractNeighbor(text, '/etc/graftd/g.yaml', '192.0.2.2') as string,
    /file: \/etc\/graftd\/big\.txt/,
  );
});
