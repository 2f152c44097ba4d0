import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { chassis, type Outcome, shell } from './support/command.ts';
import { type Served, SmallChassis, serve, temporaryFolder } from './support/small-chassis.ts';

async function ask(served: Served, ...words: string[]): Promise<Outcome> {
  return chassis([...words, '--control', served.path], { cwd: served.folder });
}

async function json(t: ExecutionContext, served: Served, ...words: string[]): Promise<unknown> {
  const { status, out, err } = await ask(served, ...words, '--json');
  t.is(status, 0, err);
  t.is(err, '');
  return JSON.parse(out);
}

test('the control socket is found by option, by environment, or in the current folder', async (t) => {
  const { path: socket, folder } = await serve(t);
  t.is((await chassis(['show', 'blades', '--control', socket])).status, 0);
  t.is((await chassis(['--control', socket, 'show', 'blades'])).status, 0);
  t.is((await chassis(['show', 'blades'], { env: { GRAFTD_CONTROL: socket } })).status, 0);
  t.is((await chassis(['show', 'blades'], { cwd: folder })).status, 0);
  const other = { GRAFTD_CONTROL: '/nonexistent/x.sock' };
  t.is(
    (await chassis(['show', 'blades', '--control', socket], { env: other })).status,
    0,
    'the option goes first',
  );
  t.regex((await chassis(['show', 'blades'], { cwd: folder, env: other })).err, /at \/nonexistent\/x.sock/);
});

test('chassis show: the box at a glance', async (t) => {
  const served = await serve(t);
  await served.chassis.graft('192.0.2.2', 2);
  const { status, out } = await ask(served, 'show');
  t.is(status, 0);
  t.regex(out, /^AS 65000 {2}192\.0\.2\.1 {2}graftd 0\.1\.0, up 1d 01:01:01, listens on 127\.0\.0\.1:1790/);
  t.regex(out, /3 blades, 3 sessions \(3 established\), 6000 routes to 3000 prefixes, 1 graft\n/);
  t.regex(out, /! the database is out of order/);
  t.regex(out, /\nBLADE {2}STATE {4}SESSIONS/);
  t.regex(out, /\n2001:db8::2 +64502 +Established +2 /);
  t.regex(out, /\n2024-05-06 07:08:09 +192\.0\.2\.2 +0 +2 /);
  const glance = (await json(t, served, 'show')) as Record<string, unknown>;
  t.deepEqual(Object.keys(glance), ['chassis', 'blades', 'sessions', 'grafts']);
});

test('tables are aligned, and plain in a pipe', async (t) => {
  const { out } = await ask(await serve(t), 'show', 'blades');
  t.is(
    out,
    `BLADE  STATE    SESSIONS  ROUTES  CPU%
    0  running         1    1000  12.3
    1  running         1    2000  12.3
    2  running         1    3000  12.3
`,
  );
});

test('a terminal gets colour, unless NO_COLOR is set', async (t) => {
  const served = await serve(t);
  const env = { GRAFTD_CONTROL: served.path, TERM: 'xterm' };
  // util-linux: runs a command at a terminal of its own.
  if ((await shell('script --version')).status !== 0) {
    t.log('skipped: the program "script" of util-linux is not installed');
    t.pass();
    return;
  }
  const inTerminal = (before: string) =>
    shell(
      `export PROGRAM="$(declare -f chassis)"; script -qec "bash -c '$PROGRAM; ${before} chassis show blades'" /dev/null`,
      env,
    );
  const coloured = await inTerminal('');
  t.is(coloured.status, 0, coloured.err);
  t.true(coloured.out.includes('\x1b[32mrunning'), JSON.stringify(coloured.out));
  t.true(coloured.out.includes('1,000'));
  const plain = await inTerminal('export NO_COLOR=1;');
  t.false(plain.out.includes('\x1b[3'));
});

const SHOWN: [words: string[], fields: string[]][] = [
  [
    ['show', 'blades'],
    ['blade', 'state', 'sessions', 'routes', 'cpuPercent'],
  ],
  [
    ['show', 'sessions'],
    [
      'neighbor',
      'as',
      'state',
      'blade',
      'routesReceived',
      'routesAdvertised',
      'updatesReceived',
      'updatesSent',
      'uptimeSeconds',
    ],
  ],
  [
    ['show', 'routes'],
    ['prefix', 'neighbor', 'best', 'nextHop', 'asPath', 'communities', 'localPref', 'med', 'origin', 'blade'],
  ],
  [
    ['show', 'received', '192.0.2.2'],
    ['prefix', 'best'],
  ],
  [
    ['show', 'advertised', '192.0.2.2'],
    ['prefix', 'best'],
  ],
  [
    ['show', 'fabric'],
    ['part', 'used', 'capacity', 'unit'],
  ],
  [
    ['show', 'rpki'],
    ['cache', 'state', 'active', 'ipv4Vrps', 'ipv6Vrps'],
  ],
  [
    ['show', 'vrps', '192.0.2.0/25'],
    ['prefix', 'maxLength', 'as'],
  ],
];
for (const [words, fields] of SHOWN) {
  test(`chassis ${words.join(' ')} --json is an array of rows with the promised fields`, async (t) => {
    const rows = (await json(t, await serve(t), ...words)) as Record<string, unknown>[];
    t.true(rows.length > 0);
    for (const field of fields) t.true(field in rows[0]!, field);
  });
}

test('chassis show routes prints every route, in both forms', async (t) => {
  const served = await serve(t);
  const rows = (await json(t, served, 'show', 'routes')) as { prefix: string }[];
  t.is(rows.length, 250);
  const { out, status } = await ask(served, 'show', 'routes');
  const lines = out.trimEnd().split('\n');
  t.is(status, 0);
  t.is(lines.length, 251);
  t.regex(lines[0]!, /^ +PREFIX +NEIGHBOR +NEXT HOP +PREF +MED +BLADE +AS PATH +COMMUNITIES/);
  t.regex(
    lines[1]!,
    /^\* {2}10\.0\.0\.0\/32 +192\.0\.2\.2 +192\.0\.2\.2 +- +10 +0 +64500 3356 \{1 2\} i +64500:100 no-export$/,
  );
  t.is(lines[1]!.indexOf('64500 3356'), lines[250]!.indexOf('64500 3356'), 'columns stay in place');
});

test('no such routes is an empty answer and no failure', async (t) => {
  const served = await serve(t);
  served.chassis.routes = 0;
  t.deepEqual(await json(t, served, 'show', 'routes'), []);
  t.like(await ask(served, 'show', 'routes'), { status: 0, out: '', err: 'no such routes\n' });
});

test('a pipe that is closed early ends the command without a word', async (t) => {
  const served = await serve(t);
  served.chassis.routes = 1_000_000;
  const { status, out, err } = await shell('chassis show routes | head -n 3', {
    GRAFTD_CONTROL: served.path,
  });
  t.is(out.split('\n').length, 4);
  t.is(err, '');
  t.is(status, 0);
  t.true(served.chassis.batchesMade < 5000, 'the chassis does not make rows for nobody');
});

test('chassis show session: the facts, one a line', async (t) => {
  const served = await serve(t);
  const { out } = await ask(served, 'show', 'session', '192.0.2.3');
  t.regex(out, /^192\.0\.2\.3 {2}AS 64501 {2}Established\n/);
  t.regex(out, /\n {2}timers +hold 90 s \(configured 180 s\), keepalive 30 s\n/);
  t.regex(out, /\n {2}gets capabilities +multiprotocol ipv4-unicast, route refresh\n/);
  t.regex(out, /\n {2}octets +12345 in, 678 out\n/);
  t.regex(out, /\n {2}last down +2024-05-06 07:08:09\n/);
  t.regex(out, /\n {2}last NOTIFICATION +received: Cease\/Administrative Shutdown \(6\/2\)\n/);
  t.false(out.includes('undefined'));
});

test('a session that no blade serves yet has none, in both tables', async (t) => {
  const served = await serve(t);
  const [first] = served.chassis.sessions;
  first!.blade = -1;
  t.regex((await ask(served, 'show', 'sessions')).out, /\n192\.0\.2\.2 +64500 +Established +- +1/);
  t.false((await ask(served, 'show')).out.includes(' -1 '));
});

test('chassis graft moves the session and says what it cost', async (t) => {
  const served = await serve(t);
  const { status, out } = await ask(served, 'graft', '2001:DB8::2', '--to', '0');
  t.is(status, 0);
  t.is(served.chassis.sessions[2]!.blade, 0);
  t.is(
    out,
    `2001:db8::2: grafted from blade 2 to blade 0
  routes                 3000
  first to last step     412 µs
  pause of the session   98.1 µs
  decisions run          0
  fabric updates sent    0
  neighbor updates sent  0
`,
  );
  t.deepEqual(await json(t, served, 'graft', '2001:db8::2', '--to', '1'), {
    neighbor: '2001:db8::2',
    from: 0,
    to: 1,
    routes: 3000,
    totalMicroseconds: 412.3,
    pauseMicroseconds: 98.1,
    decisionsRun: 0,
    fabricUpdatesSent: 0,
    neighborUpdatesSent: 0,
  });
  t.is(((await json(t, served, 'show', 'grafts', '--limit', '1')) as unknown[]).length, 1);
  t.is((await ask(served, 'show', 'grafts')).out.split('\n').length, 4);
  t.regex((await ask(served, 'graft', '2001:db8::2', '--to', '1')).out, /is on blade 1 already/);
});

test('what the chassis refuses is one line with its status', async (t) => {
  const served = await serve(t);
  const unknown = await ask(served, 'graft', '192.0.2.99', '--to', '1');
  t.like(unknown, { status: 1, out: '' });
  t.is(unknown.err, 'chassis: there is no neighbour 192.0.2.99; see "chassis show sessions"\n');
  const nowhere = await ask(served, 'graft', '192.0.2.2', '--to', '9');
  t.like(nowhere, { status: 2, out: '', err: 'chassis: there is no blade 9; the blades are 0 to 2\n' });
  t.regex((await ask(served, 'fault', '1', 'crash')).err, /faults are not allowed/);
});

test('chassis balance shows before and after, and what it moves', async (t) => {
  const served = await serve(t);
  const { out } = await ask(served, 'balance', '--dry-run');
  t.regex(out, /^1 graft would bring the blades within 10% of the mean/);
  t.regex(out, /\nBLADE +BEFORE +AFTER +UNIT/);
  t.regex(out, /\n192\.0\.2\.2 +0 +1 +1000/);
  const report = (await json(t, served, 'balance', '--metric', 'updates')) as Record<string, unknown>;
  t.like(report, { metric: 'updates', dryRun: false });
  for (const field of ['before', 'after', 'grafts']) t.true(Array.isArray(report[field]), field);
});

test('chassis drain, undrain and restart', async (t) => {
  const served = await serve(t);
  t.regex((await ask(served, 'drain', '1')).out, /^blade 1 is drained: 1 session moved\n/);
  t.true(served.chassis.drained.has(1));
  t.regex((await ask(served, 'show', 'blades')).out, /\n {4}1 {2}drained /);
  t.is((await ask(served, 'undrain', '1')).out, 'blade 1 takes sessions again\n');
  t.false(served.chassis.drained.has(1));
  t.like(await json(t, served, 'restart', '1'), { blade: 1, grafts: [] });
  t.like(await json(t, served, 'undrain', '1'), { blade: 1, done: 'undrain' });
});

test('chassis scale', async (t) => {
  const served = await serve(t);
  t.is((await ask(served, 'scale', '5')).out, '5 blades instead of 3: 0 sessions moved\n');
  t.deepEqual(await json(t, served, 'scale', '2'), { before: 3, after: 2, grafts: [] });
  t.is((await ask(served, 'scale', '99')).status, 1);
  t.is((await ask(served, 'scale', 'many')).status, 2);
});

test('chassis clear, shutdown, enable and refresh', async (t) => {
  const served = await serve(t);
  t.is((await ask(served, 'clear', '192.0.2.2')).out, '192.0.2.2: the session was closed and starts again\n');
  t.is((await ask(served, 'shutdown', '192.0.2.2', 'back at four, sorry')).status, 0);
  t.is(served.chassis.lastWhy, 'back at four, sorry');
  t.regex((await ask(served, 'show', 'sessions')).out, /Idle \(shutdown\) .* administratively down\n/);
  t.is((await ask(served, 'shutdown', '192.0.2.2', 'x'.repeat(256))).status, 2);
  t.is((await ask(served, 'enable', '192.0.2.2')).status, 0);
  t.deepEqual(await json(t, served, 'refresh', '192.0.2.2'), { neighbor: '192.0.2.2', done: 'refresh' });
});

test('chassis fault', async (t) => {
  const served = await serve(t);
  served.chassis.allowFaults = true;
  t.is((await ask(served, 'fault', '1', 'crash')).out, 'blade 1 was made to fail: crash\n');
});

test('chassis reload says what it touched', async (t) => {
  const served = await serve(t);
  const { out } = await ask(served, 'reload');
  t.regex(
    out,
    /^reloaded\n {2}added +192\.0\.2\.9\n {2}changed, sessions kept +192\.0\.2\.2\n.*restart only +chassis\.blades\n/,
  );
  t.regex(
    out,
    /\n\nNEIGHBOR +KEY +FROM +TO +TAKES EFFECT\n +chassis\.blades +4 +8 +when the chassis is started again\n$/,
  );
  t.like(await json(t, served, 'reload'), { added: ['192.0.2.9'], dryRun: false });
  t.regex((await ask(served, 'reload', '--dry-run')).out, /^a reload would do this\n/);
});

test('chassis dump mrt: a relative path starts from where the command runs', async (t) => {
  const served = await serve(t);
  const { out, status } = await ask(served, 'dump', 'mrt', 'rib.mrt');
  const file = path.join(served.folder, 'rib.mrt');
  t.is(status, 0);
  t.is(out, `${file}: 6000 routes to 3000 prefixes from 3 peers, 3 B\n`);
  t.true(existsSync(file));
});

test('something else at the socket path is said to be no chassis', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'graftd.sock'), '');
  const { status, err } = await chassis(['show', 'blades'], { cwd: folder });
  t.is(status, 1);
  t.regex(err, /^chassis: no chassis answers at [^\n]+\n$/);
});

test('a chassis that goes away in the middle of an answer is one line, status 1', async (t) => {
  const socket = path.join(temporaryFolder(t), 's');
  const server = createServer((client) =>
    client.once('data', () => client.end('{"id": 1, "rows": []}\n{"id"')),
  );
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  for (const words of [
    ['show', 'routes'],
    ['show', 'blades'],
  ]) {
    const { status, err } = await chassis([...words, '--control', socket]);
    t.is(status, 1);
    t.regex(err, /^chassis: the chassis at [^\n]+ closed the connection before it had answered\n$/);
  }
});

test('something at the socket that does not speak the protocol is one line, status 1', async (t) => {
  const socket = path.join(temporaryFolder(t), 's');
  const server = createServer((client) => client.end('220 mail.example.net ESMTP\n'));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  const { status, err } = await chassis(['show', 'blades', '--control', socket]);
  t.is(status, 1);
  t.regex(err, /^chassis: what answers at [^\n]+ is no chassis\n$/);
});

test('a chassis that was killed leaves a socket that nobody answers', async (t) => {
  const socket = path.join(temporaryFolder(t), 's');
  const program = `require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('ready'))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  const { status, err } = await chassis(['show', '--control', socket]);
  t.is(status, 1);
  t.regex(err, /no chassis answers/);
});

test('where the results cannot be written, one line says why, status 1', async (t) => {
  if (!existsSync('/dev/full')) {
    t.log('/dev/full is missing');
    t.pass();
    return;
  }
  const { status, err } = await shell('chassis --help > /dev/full');
  t.is(status, 1);
  t.is(err, 'chassis: cannot write the output: no space is left on the device\n');
  t.is((await shell('chassis shwo 2> /dev/full')).status, 1);
});

test('where no caches are configured, nothing is said of what they would say', async (t) => {
  const without = new SmallChassis();
  without.showRpki = async () => [];
  const served = await serve(t, without);
  for (const what of [['rpki'], ['vrps', '10.0.0.0/8']])
    t.regex((await ask(served, 'show', ...what)).out, /^no RPKI caches are configured/);
});
