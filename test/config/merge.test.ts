/** A neighbour that was extracted of one configuration means in another one what it meant. */
import test from 'ava';
import { parse } from 'yaml';
import { mergeNeighbors, Unfit } from '../../src/config/merge.ts';
import { parseConfiguration } from '../../src/config/parse.ts';

const HERE = `# our router
router: { as: 65000, id: 192.0.2.1 } # the second one
defaults: { hold-time: 30, max-prefixes: 7 }
prefix-sets:
  theirs: [10.0.0.0/8] # of somebody else
  shared: [172.16.0.0/12]
policies:
  clean:
    - { if: { prefix: shared }, then: reject }
  mark: # uses a set that is another one there
    - { if: { prefix: theirs }, then: accept }
neighbors:
  # the first one
  - { address: 192.0.2.2, as: 64500, import: mark, export: accept }
`;

const EXTRACTED = `
prefix-sets:
  theirs: [198.51.100.0/24]
  shared: [172.16.0.0/12]
policies:
  clean: [{ if: { prefix: shared }, then: reject }]
  mark: [{ if: { prefix: theirs }, then: accept }]
  own: [{ call: clean }, { if: { prefix: [theirs, 203.0.113.0/24] }, call: mark }]
neighbors:
  - { address: 192.0.2.3, as: 64501, import: own, export: mark }
`;

test('what is the same is shared, and what is not comes in under another name', (t) => {
  const { text, neighbors, notes } = mergeNeighbors(HERE, EXTRACTED);
  t.deepEqual(neighbors, ['192.0.2.3']);
  t.is(parseConfiguration(text, 'x.yaml').mistakes, undefined, text);
  for (const comment of ['# our router', '# the second one', '# of somebody else', '# the first one'])
    t.true(text.includes(comment), text);
  const whole = parse(text) as Record<string, Record<string, unknown>>;
  t.deepEqual(whole['prefix-sets'], {
    theirs: ['10.0.0.0/8'],
    shared: ['172.16.0.0/12'],
    'theirs-2': ['198.51.100.0/24'],
  });
  // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
  t.deepEqual(whole.policies, {
    clean: [{ if: { prefix: 'shared' }, then: 'reject' }],
    mark: [{ if: { prefix: 'theirs' }, then: 'accept' }],
    'mark-2': [{ if: { prefix: 'theirs-2' }, then: 'accept' }],
    own: [{ call: 'clean' }, { if: { prefix: ['theirs-2', '203.0.113.0/24'] }, call: 'mark-2' }],
  });
  // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
  const [, found] = whole.neighbors as unknown as object[];
  t.deepEqual(found, { address: '192.0.2.3', as: 64501, import: 'own', export: 'mark-2', 'hold-time': 90 });
  t.deepEqual(notes, [
    'prefix-sets.theirs is "theirs-2" here, where "theirs" means something else',
    'policies.mark is "mark-2" here, where "mark" means something else',
    'defaults.max-prefixes holds for 192.0.2.3, too',
  ]);
});

test('it goes into a configuration that has nothing yet, and comes in once', (t) => {
  const empty = 'router: { as: 65000, id: 192.0.2.1 }\nneighbors: []\n';
  const { text, notes } = mergeNeighbors(empty, EXTRACTED);
  t.is(parseConfiguration(text, 'x.yaml').mistakes, undefined, text);
  t.deepEqual(notes, []);
  const again = t.throws(() => mergeNeighbors(text, EXTRACTED), { instanceOf: Unfit });
  t.is(again.message, '192.0.2.3 is a neighbour there already');
});

test('what is no extracted neighbour is refused in words', (t) => {
  const cases: readonly [text: string, message: RegExp][] = [
    ['a: [', /what was extracted is no YAML/],
    ['', /it has no neighbours; "chassis export session ADDR"/],
    ['neighbors: [5]', /it has no neighbours/],
    [`router: {as: 1}\n${EXTRACTED}`, /"router" is nothing that a neighbour brings along/],
  ];
  for (const [text, message] of cases)
    t.regex(t.throws(() => mergeNeighbors(HERE, text), { instanceOf: Unfit }).message, message);
});
