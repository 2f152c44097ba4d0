import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { COMMAND_NAMES } from '../../src/chassis/control/arguments.ts';
import { optionsOf } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { chassis } from './support/command.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'graftd-usage-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const full = path.join(folder, name);
  writeFileSync(full, text);
  return full;
}

const WRONG: [words: string[], message: RegExp][] = [
  [['shwo'], /no command "shwo"; did you mean "chassis show"\?/],
  [['show', 'sesions'], /no command "show sesions"; did you mean "chassis show sessions"\?/],
  [['dump'], /"chassis dump" needs one more word: mrt/],
  [['xyzzy'], /no command "xyzzy"; see "chassis --help"/],
  [['graft', '192.0.2.2'], /--to BLADE is missing: chassis graft ADDR --to BLADE/],
  [['graft', '--to', '2'], /ADDR is missing: chassis graft ADDR --to BLADE/],
  [['graft', '192.0.2', '--to', '2'], /"192.0.2" is not the IPv4 or IPv6 address of a neighbour/],
  [['graft', '192.0.2.2', '--to', 'two'], /"two" is not the number of a blade/],
  [['graft', '192.0.2.2', '--to=-1'], /"-1" is not the number of a blade/],
  [['show', 'blades', '--jsno'], /show blades has no option "--jsno"; did you mean "--json"\?/],
  [['show', 'blades', '--control'], /--control/],
  [['show', 'blades', '--json=5'], /--json/],
  [['clear', '192.0.2.2', 'now'], /"now" is one word too many: chassis clear ADDR/],
  [['balance', '--metric', 'cpux'], /no metric "cpux"; did you mean "cpu"\?/],
  [['fault', '1', 'crsh'], /no kind "crsh"; did you mean "crash"\?/],
  [['show', 'routes', '10.0.0.0/40'], /"10.0.0.0\/40" is not a prefix/],
  [
    ['show', 'routes', '10.0.0.0/8', '--family', 'ipv6-unicast'],
    /10.0.0.0\/8 is not of the family ipv6-unicast/,
  ],
  [
    ['show', 'routes', '2001:db8::1', '--family', 'ipv4-unicast'],
    /2001:db8::1.* is not of the family ipv4-unicast/,
  ],
  [['show', 'grafts', '--limit', '0'], /"0" is not a whole number from 1/],
  [['run'], /FILE is missing: chassis run FILE/],
  [['check'], /FILE is missing/],
  [['run', '/nonexistent.yaml'], /cannot read \/nonexistent.yaml: there is no such file/],
];
for (const [words, message] of WRONG) {
  test(`chassis ${words.join(' ')}: one line on standard error, status 2`, async (t) => {
    const { status, out, err } = await chassis(words, { cwd: folder });
    t.is(status, 2);
    t.is(out, '');
    t.regex(err, message);
    t.regex(err, /^chassis: [^\n]+\n$/);
  });
}

test('where a file cannot be written, the words say why, status 1', async (t) => {
  const frr = file('frr.conf', 'router bgp 65000\n');
  for (const words of [
    ['import', 'frr', frr, '--output', '/nonexistent/graftd.yaml'],
    ['policy', 'init', '/proc/policy.ts'],
  ]) {
    const { status, err } = await chassis(words, { cwd: folder });
    t.is(status, 1);
    t.regex(err, /^chassis: cannot write [^\n]+: there is no such folder\n$/);
  }
});

test('without a chassis the answer is what to do, status 1', async (t) => {
  const { status, out, err } = await chassis(['show', 'blades'], { cwd: folder });
  t.is(status, 1);
  t.is(out, '');
  t.regex(
    err,
    /^chassis: no chassis answers at \.\/graftd\.sock; start one with "chassis run FILE", or [^\n]+\n$/,
  );
});

test('the first word is enough for help, nothing at all is wrong usage', async (t) => {
  const nothing = await chassis([]);
  t.is(nothing.status, 2);
  t.is(nothing.out, '');
  for (const words of [['--help'], ['-h'], ['help']]) {
    const { status, out, err } = await chassis(words);
    t.is(status, 0);
    t.is(err, '');
    t.is(out, nothing.err);
    for (const command of commands) t.true(out.includes(`chassis ${command.name}`), command.name);
  }
});

test('an option without a command is named, wrong usage', async (t) => {
  const { status, out, err } = await chassis(['--no-such']);
  t.is(status, 2);
  t.is(out, '');
  t.is(err, 'chassis: "--no-such" stands for no command; see "chassis --help"\n');
});

test('every command has a help with its own example', async (t) => {
  for (const command of commands.filter((_, index) => index % 4 === 0)) {
    const { status, out } = await chassis([...command.name.split(' '), '--help']);
    t.is(status, 0);
    t.true(out.includes(`Example:\n  chassis ${command.example}`), command.name);
    t.true(command.example.startsWith(command.name), command.name);
  }
});

test('a group of commands has a help, too', async (t) => {
  const { status, out } = await chassis(['dump', '--help']);
  t.is(status, 0);
  t.regex(out, /chassis dump mrt FILE/);
});

test('every example and every option is one that the command takes', (t) => {
  const names = commands.map((command) => command.name);
  t.is(new Set(names).size, names.length);
  const takesValue = new Map<string, boolean>();
  for (const command of commands) {
    const options = optionsOf(command);
    for (const word of command.example.split(' ').filter((text) => text.startsWith('--'))) {
      t.true(word.slice(2) in options, `${command.name}: ${word}`);
    }
    for (const [name, option] of Object.entries(options)) {
      // The words of a command are found before it is known, so one name means one thing everywhere.
      const value = option.value !== undefined;
      t.is(takesValue.get(name) ?? value, value, name);
      takesValue.set(name, value);
    }
  }
});

test('whatever the control socket can do has a command', (t) => {
  const names = commands.map((command) => command.name);
  for (const name of COMMAND_NAMES) t.true(name === 'show chassis' || names.includes(name), name);
});

test('chassis --version', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  t.like(await chassis(['--version']), { status: 0, out: `${version}\n` });
});

const RIGHT =
  'router: {as: 65000, id: 192.0.2.1, listen: []}\nchassis: {blades: 4}\nneighbors: [{address: 192.0.2.2, as: 1}]\n';
const MISTAKEN =
  'router: {as: 65000, id: 192.0.2.1}\nchassis: {blads: 4}\nneighbors: [{address: 192.0.2.2, as: 0}]\n';

test('chassis check: a right file, status 0', async (t) => {
  const name = file('right.yaml', RIGHT);
  const { status, out, err } = await chassis(['check', name]);
  t.is(status, 0);
  t.is(out, `${name}: valid (AS 65000, 4 blades, 1 neighbour)\n`);
  t.is(err, '');
  t.like(await chassis(['check', name, '--json']), { status: 0, out: '[]\n' });
});

test('chassis check: every mistake on a line with its place, status 2', async (t) => {
  const name = file('mistaken.yaml', MISTAKEN);
  const { status, out, err } = await chassis(['check', name]);
  t.is(status, 2);
  t.is(out, '');
  t.is(
    err,
    `${name}:2:11: chassis.blads: "blads" is not a key of "chassis"; did you mean "blades"?
${name}:3:38: neighbors[0].as: must not be 0 (RFC 7607)
`,
  );
});

test('chassis check --json: the mistakes for programs, status 2', async (t) => {
  const { status, out, err } = await chassis(['check', file('json.yaml', MISTAKEN), '--json']);
  t.is(status, 2);
  t.is(err, '');
  t.like((JSON.parse(out) as object[])[1], { line: 3, column: 38, path: 'neighbors[0].as' });
});

test('chassis run: a mistaken configuration starts nothing, status 2', async (t) => {
  const name = file('run.yaml', MISTAKEN);
  const { status, err } = await chassis(['run', name]);
  t.is(status, 2);
  t.is(err.trimEnd().split('\n').length, 2);
  t.regex(err, /run\.yaml:2:11: /);
});

test('chassis check --schema prints what graftd.schema.json holds', async (t) => {
  const { status, out } = await chassis(['check', '--schema']);
  t.is(status, 0);
  t.deepEqual(JSON.parse(out), JSON.parse(readFileSync('graftd.schema.json', 'utf8')));
});
