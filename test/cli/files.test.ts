/** Commands that write configurations: what they make passes the check. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { parseConfiguration } from '../../src/config/parse.ts';
import { starterConfiguration } from '../../src/config/starter.ts';
import { chassis } from './support/command.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'graftd-files-'));
test.after.always(() => rmSync(cwd, { recursive: true, force: true }));

test('chassis init writes what chassis check finds right, and nothing over what is there', async (t) => {
  const options = ['--as', '65000', '--id', '192.0.2.1', '--neighbors', '192.0.2.2=64500, 2001:db8::2=65000'];
  const first = await chassis(['init', ...options], { cwd });
  t.is(first.status, 0, first.err);
  const check = await chassis(['check', 'graftd.yaml'], { cwd });
  t.is(check.out, 'graftd.yaml: valid (AS 65000, 1 blade, 2 neighbours)\n', check.err);
  const { configuration } = parseConfiguration(
    readFileSync(path.join(cwd, 'graftd.yaml'), 'utf8'),
    'graftd.yaml',
  );
  t.deepEqual(
    configuration?.neighbors.map((each) => [each.address, each.import, each.export]),
    [
      ['192.0.2.2', 'accept', 'reject'],
      ['2001:db8::2', 'accept', 'accept'],
    ],
  );
  const again = await chassis(['init', ...options], { cwd });
  t.is(again.status, 1);
  t.regex(again.err, /graftd\.yaml is there already; --force writes over it/);
});

test('chassis init says what is missing or wrong, and writes nothing', async (t) => {
  const cases: readonly [words: string[], message: RegExp][] = [
    [['a.yaml'], /--as is missing/],
    [['a.yaml', '--as', '1'], /--id is missing/],
    [['a.yaml', '--as', 'x', '--id', '1.1.1.1'], /--as: must be a whole number .*, not x/],
    [
      ['a.yaml', '--as', '1.10', '--id', '1.1.1.1'],
      /--as: is in asdot notation; write it as one number: 65546/,
    ],
    [['a.yaml', '--as', '23456', '--id', '1.1.1.1'], /router\.as: 23456 is AS_TRANS/],
    [['a.yaml', '--as', '1', '--id', '1.1.1'], /--id: must be four numbers/],
    [
      ['a.yaml', '--as', '1', '--id', '1.1.1.1', '--neighbors', '192.0.2.2'],
      /"192\.0\.2\.2" is no neighbour: write ADDRESS=AS/,
    ],
    [
      ['a.yaml', '--as', '1', '--id', '1.1.1.1', '--listen', 'here'],
      /--listen: must be an address and a port/,
    ],
    [
      ['a.yaml', '--as', '1', '--id', '1.1.1.1', '--neighbors', '192.0.2=5'],
      /--neighbors: "192\.0\.2=5" is no neighbour: must be an IPv4 or IPv6 address/,
    ],
    [
      ['a.yaml', '--as', '1', '--id', '1.1.1.1', '--neighbors', '192.0.2.2=5,192.0.2.2=6'],
      /neighbors\[1\]\.address: 192\.0\.2\.2 is the address of/,
    ],
  ];
  for (const [words, message] of cases) {
    const { status, err } = await chassis(['init', ...words], { cwd });
    t.is(status, 2, words.join(' '));
    t.regex(err, message);
  }
  t.false(existsSync(path.join(cwd, 'a.yaml')));
  const right = ['--as', '1', '--id', '1.1.1.1'];
  for (const [file, message] of [
    ['missing/a.yaml', /there is no folder .*missing to write a\.yaml into/],
    ['.', /\. is a folder; name a file in it/],
  ] as const) {
    const { status, err } = await chassis(['init', ...right, file], { cwd });
    t.is(status, 1);
    t.regex(err, message);
  }
});

test('the first line of a configuration leads editors to the schema, wherever the file is', async (t) => {
  for (const file of [path.join(cwd, 'far.yaml'), path.resolve('dist', 'near.yaml')]) {
    const { status, err } = await chassis(['init', '--as', '1', '--id', '1.1.1.1', '--force', file], { cwd });
    t.is(status, 0, err);
    const [, schema = ''] =
      /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(file, 'utf8')) ?? [];
    t.is(path.isAbsolute(schema), file.endsWith('far.yaml'));
    const { title } = JSON.parse(readFileSync(path.resolve(path.dirname(file), schema), 'utf8')) as {
      title: string;
    };
    t.regex(title, /graftd/);
    rmSync(file);
  }
});

test('a configuration to start from is right with and without neighbours, listening or not', (t) => {
  for (const listen of ['', '[::1]:1790']) {
    for (const neighbors of [[], [{ address: '192.0.2.2', as: 1 }]]) {
      const text = starterConfiguration({ as: 1, id: '192.0.2.1', listen, neighbors, schemaLine: '' });
      t.is(parseConfiguration(text, 'x.yaml').mistakes, undefined, text);
    }
  }
});

const FRR = `
router bgp 65000
 bgp router-id 192.0.2.1
 neighbor up peer-group
 neighbor up remote-as 64500
 neighbor 192.0.2.2 peer-group up
 neighbor 192.0.2.2 description transit
 neighbor 192.0.2.2 bfd
!
`;

test('chassis import frr writes what chassis check finds right, and names what it leaves', async (t) => {
  writeFileSync(path.join(cwd, 'frr.conf'), FRR);
  const { status, err } = await chassis(['import', 'frr', 'frr.conf', '--output', 'made.yaml'], { cwd });
  t.is(status, 0);
  t.is(
    err,
    'frr.conf:8: neighbor 192.0.2.2 bfd: graftd has no BFD: a neighbour that is gone is found out by the hold time\n' +
      '6 of 7 lines about BGP carried over, 1 not; 0 to look at, which the file names\n',
  );
  const check = await chassis(['check', 'made.yaml'], { cwd });
  t.regex(check.out, /valid \(AS 65000, 1 blade, 1 neighbour\)/, check.err);
  const missing = await chassis(['import', 'frr', 'none.conf'], { cwd });
  t.is(missing.status, 2);
  t.regex(missing.err, /cannot read none\.conf/);
  writeFileSync(path.join(cwd, 'other.conf'), 'hostname r1\n! and\nGood morning\n');
  const other = await chassis(['import', 'frr', 'other.conf', '--output', 'other.yaml'], { cwd });
  t.deepEqual([other.status, other.err], [1, 'chassis: other.conf says nothing about BGP\n']);
  t.false(existsSync(path.join(cwd, 'other.yaml')));
});

test('chassis policy init writes a policy that chassis check takes, and nothing over what is there', async (t) => {
  const folder = mkdtempSync(path.join(cwd, 'policy-'));
  const written = await chassis(['policy', 'init', 'mine.ts'], { cwd: folder });
  t.is(written.status, 0, written.err);
  t.true(existsSync(path.join(folder, 'graftd-policy.ts')));
  const text = starterConfiguration({
    as: 65000,
    id: '192.0.2.1',
    listen: '',
    neighbors: [{ address: '192.0.2.2', as: 64500 }],
    schemaLine: '',
  });
  const named = text
    .replace('import: accept', 'import: "./mine.ts#importFromNeighbour"')
    .replace('export: reject', 'export: "./mine.ts#exportToNeighbours"');
  writeFileSync(path.join(folder, 'graftd.yaml'), named);
  const check = await chassis(['check', 'graftd.yaml'], { cwd: folder });
  t.is(check.status, 0, check.err);
  writeFileSync(
    path.join(folder, 'examples.yaml'),
    'configuration: graftd.yaml\nexamples: [{policy: "./mine.ts#importFromNeighbor", route: {prefix: 11.0.0.0/8}, expect: accept}]\n',
  );
  const misspelt = await chassis(['policy', 'test', 'examples.yaml'], { cwd: folder });
  t.is(misspelt.status, 2);
  t.regex(
    misspelt.err,
    /examples\[0\]\.policy: there is no policy .*; did you mean ".\/mine\.ts#importFromNeighbour"\?/,
  );
  const again = await chassis(['policy', 'init', 'mine.ts'], { cwd: folder });
  t.regex(again.err, /mine\.ts is there already; --force writes over it/);
  const wrong = await chassis(['policy', 'init', 'mine.txt'], { cwd: folder });
  t.is(wrong.status, 2);
});

test('chassis import frr says which routers there are where the one that is asked for is none of them', async (t) => {
  writeFileSync(path.join(cwd, 'vrf.conf'), 'router bgp 65001 vrf blue\n bgp router-id 192.0.2.1\n');
  const { status, err } = await chassis(['import', 'frr', 'vrf.conf', '--vrf', 'red'], { cwd });
  t.is(status, 1);
  t.regex(err, /vrf\.conf has no router of VRF red, but those of blue/);
  t.is((await chassis(['import', 'frr', 'vrf.conf', '--vrf', 'blue'], { cwd })).status, 0);
});
