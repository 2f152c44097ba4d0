/** What is extracted of a neighbour stands by itself, and means what it meant. */
import test from 'ava';
import { parse, stringify } from 'yaml';
import { extractNeighbor } from '../../src/config/extract.ts';
import { parseConfiguration } from '../../src/config/parse.ts';

const noFile = (file: string): string => {
  throw new Error(file);
};

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
  const found = extractNeighbor(TEXT, '/etc/g.yaml', '192.0.2.2', noFile) as string;
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
  t.is(extractNeighbor(TEXT, '/etc/g.yaml', '192.0.2.9', noFile), undefined);
});

test('what stands in a file of prefixes comes along', (t) => {
  const text = stringify({
    'prefix-sets': { big: { file: './big.txt', prefixes: ['192.0.2.0/24'] } },
    // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
    policies: { p: [{ if: { prefix: 'big' }, then: 'accept' }] },
    neighbors: [{ address: '192.0.2.2', as: 1, import: 'p' }],
  });
  const found = extractNeighbor(text, '/etc/graftd/g.yaml', '192.0.2.2', (file) => {
    t.is(file, '/etc/graftd/big.txt');
    return '# ours\n10.0.0.0/8 le 24 # all of it\n\n2001:db8::/32\n';
  });
  t.deepEqual((parse(found as string) as Record<string, unknown>)['prefix-sets'], {
    big: ['10.0.0.0/8 le 24', '2001:db8::/32', '192.0.2.0/24'],
  });
});

test('a policy in TypeScript is named by the place of its file', (t) => {
  const text = stringify({
    neighbors: [{ address: '192.0.2.2', as: 1, import: './mine.ts#fromPeers', export: 'accept' }],
  });
  const found = parse(extractNeighbor(text, '/etc/graftd/g.yaml', '192.0.2.2', noFile) as string) as {
    neighbors: object[];
  };
  t.like(found.neighbors[0], { import: '/etc/graftd/mine.ts#fromPeers', export: 'accept' });
});

test('who came by a range, and who is in a group of a group, come with all their keys', (t) => {
  const text = stringify({
    defaults: { 'hold-time': 60 },
    groups: { all: { import: 'accept', 'hold-time': 30 }, some: { group: 'all', 'max-prefixes': 9 } },
    neighbors: [{ address: '2001:db8:0::2', as: 1, group: 'some', blade: 3 }],
    'neighbor-ranges': [
      { range: '192.0.2.0/24', as: 2, limit: 5 },
      { range: '192.0.2.128/25', as: 3, group: 'some' },
    ],
  });
  const keys = (address: string): unknown =>
    (parse(extractNeighbor(text, '/x.yaml', address, noFile) as string) as { neighbors: unknown[] })
      .neighbors[0];
  const group = { import: 'accept', 'hold-time': 30, 'max-prefixes': 9 };
  t.deepEqual(keys('2001:db8::2'), { address: '2001:db8:0::2', as: 1, ...group });
  t.deepEqual(keys('192.0.2.200'), { address: '192.0.2.200', passive: true, as: 3, ...group });
  t.deepEqual(keys('192.0.2.2'), { address: '192.0.2.2', passive: true, as: 2, 'hold-time': 60 });
});
