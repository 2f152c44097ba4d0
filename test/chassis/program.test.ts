import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MessageType } from '../../src/bgp/message.ts';
import type { ChassisSummary, SessionRow } from '../../src/chassis/operations.ts';
import { Database } from '../../src/chassis/sqlite.ts';
import { announceFeed } from '../../src/lab/changes.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { Speaker } from '../../src/lab/speaker.ts';
import { freePort, HOST, ROUTER_AS, sleep, temporaryFolder, until } from './support/box.ts';
import { Program } from './support/program.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const A = { address: '127.7.0.1', as: 64501 };
const B = { address: '127.7.0.2', as: 64502 };
const C = { address: '127.7.0.3', as: 64503 };
/** Milliseconds: nothing is waited for in vain, for which it would take half a minute and more. */
const IN_TIME = 15_000;
const table = generateTable({ seed: 31, ipv4: 20_000, ipv6: 0 });
const feed = feedFor(table, { neighborAs: A.as, nextHop: A.address, seed: 1 });

async function speaker(t: ExecutionContext, port: number, { address, as }: typeof A): Promise<Speaker> {
  const made = new Speaker({
    localAs: as,
    remoteAs: ROUTER_AS,
    routerId: address,
    localAddress: address,
    connect: { host: HOST, port },
  });
  t.teardown(() => made.close());
  await made.start();
  await made.up();
  return made;
}

/** Nothing but a line that says what is wrong: no stack, no second line. */
function oneLine(t: ExecutionContext, errors: string, expected: RegExp): void {
  const lines = errors.trim().split('\n');
  t.is(lines.length, 1, errors);
  t.regex(errors, expected);
  t.notRegex(errors, /\n\s+at /);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test.serial(`${signal} says Cease to every neighbour, closes the database and ends with 0`, async (t) => {
    const program = await Program.run(t, { neighbors: [A, B, C] });
    const [a, b] = [await speaker(t, program.port, A), await speaker(t, program.port, B)];
    await a.send(feed);
    await until('the table is there', () => b.stats().routes4 === 20_000);
    // One that has not said its OPEN, and hears the Cease too.
    const c = await RawNeighbour.dial(program.port, C.address);
    await c.next(MessageType.Open);
    const { updates } = b.stats();
    const { status, milliseconds } = await program.end(signal);
    t.is(status, 0, program.errors);
    t.true(milliseconds < IN_TIME, `${milliseconds} ms`);
    t.deepEqual(await c.notification(), [6, 2]); // RFC 4486: administrative shutdown
    c.close();
    await until('both have heard it', () => [a, b].every((each) => each.stats().notifications === 1));
    for (const each of [a, b]) t.is(each.stats().lastNotification, '6/2');
    t.is(b.stats().updates, updates, 'nobody is told of withdrawals on the way out');
    t.false(existsSync(`${program.state}-wal`), 'the database was closed');
    t.false(existsSync(program.control), 'the control socket is gone');
    const database = new Database(program.state, { readonly: true });
    t.is(database.pragma('integrity_check', { simple: true }), 'ok');
    database.close();
  });
}

test.serial('SIGHUP while it stops changes nothing: it ends', async (t) => {
  const program = await Program.run(t, { neighbors: [A] });
  await RawNeighbour.served(program.port, A.address, { as: A.as });
  program.child.kill('SIGTERM');
  await until('it stops', () => /stopping/.test(program.errors));
  const { status } = await program.end('SIGHUP');
  t.is(status, 0);
  t.notRegex(program.errors, /reload|control socket/);
  t.false(existsSync(program.control));
});

test.serial('it ends in time whatever its neighbours do: silent, deaf, refused, waiting', async (t) => {
  const all = Array.from({ length: 6 }, (_, i) => ({ address: `127.7.1.${i}`, as: 64600 }));
  const program = await Program.run(t, { neighbors: [A, ...all] });
  const neighbours: RawNeighbour[] = [];
  for (const { address } of all) {
    for (let i = 0; i < 3; i++) neighbours.push(await RawNeighbour.dial(program.port, address));
    const [first] = neighbours.slice(-3) as [RawNeighbour];
    first.send(new Uint8Array(64)); // what ends it; the next call then waits for the session to start again
    neighbours.at(-1)?.socket.pause();
  }
  const a = await speaker(t, program.port, A);
  await a.send(feed);
  await sleep(300);
  const { status, milliseconds } = await program.end('SIGTERM');
  t.is(status, 0, program.errors);
  t.true(milliseconds < IN_TIME, `${milliseconds} ms`);
  t.is(a.stats().lastNotification, '6/2');
  for (const neighbour of neighbours) neighbour.close();
});

test.serial('a restart puts sessions where they were, and remembers the grafts', async (t) => {
  const files = { folder: temporaryFolder(t), port: await freePort() };
  const options = { blades: 4, neighbors: [A, B, C] };
  const first = Program.start(t, files, options);
  await first.ready();
  await speaker(t, first.port, A);
  await first.call('graft', { neighbor: A.address, to: 3 });
  await first.call('graft', { neighbor: B.address, to: 3 }); // down
  await first.call('graft', { neighbor: A.address, to: 2 });
  t.is((await first.end('SIGTERM')).status, 0);
  const second = Program.start(t, files, options);
  await second.ready();
  const homes = (rows: SessionRow[]) => Object.fromEntries(rows.map((row) => [row.neighbor, row.blade]));
  t.like(homes(await second.call('show sessions')), { [A.address]: 2, [B.address]: 3 });
  const grafts = await second.call<{ neighbor: string; to: number }[]>('show grafts');
  t.deepEqual(
    grafts.map(({ neighbor, to }) => [neighbor, to]),
    [
      [A.address, 2],
      [B.address, 3],
      [A.address, 3],
    ],
  );
  // Killed without warning, it remembers too.
  await second.call('graft', { neighbor: C.address, to: 1 });
  await second.end('SIGKILL');
  const third = Program.start(t, files, options);
  await third.ready(); // the socket file that was left is replaced
  t.like(homes(await third.call('show sessions')), { [A.address]: 2, [B.address]: 3, [C.address]: 1 });
  t.is((await third.end('SIGINT')).status, 0);
});

test.serial('a port that is taken is one clear line, and exit status 1', async (t) => {
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, HOST, resolve));
  t.teardown(() => other.close());
  const program = Program.start(t, { folder: temporaryFolder(t), port }, { neighbors: [A] });
  t.is((await program.ended).status, 1);
  oneLine(t, program.errors, new RegExp(`^chassis: cannot listen: .*${port}`));
  t.false(existsSync(program.control));
});

test.serial(
  'a control socket in use is one clear line and exit status 1, and the one that uses it goes on',
  async (t) => {
    const first = await Program.run(t, { neighbors: [A] });
    const a = await speaker(t, first.port, A);
    const files = { folder: temporaryFolder(t), port: await freePort(), control: first.control };
    const second = Program.start(t, files, { neighbors: [A] });
    t.is((await second.ended).status, 1);
    oneLine(t, second.errors, /^chassis: a chassis is already running: it answers at /);
    t.is((await first.call<SessionRow[]>('show sessions'))[0]?.state, 'Established');
    t.is(a.stats().resets, 0);
  },
);

test.serial('what stands at the control path and is no socket is not removed', async (t) => {
  const folder = temporaryFolder(t);
  const control = path.join(folder, 'precious');
  writeFileSync(control, 'data');
  const program = Program.start(t, { folder, port: await freePort(), control }, { neighbors: [A] });
  t.is((await program.ended).status, 1);
  oneLine(t, program.errors, /precious is there and is no socket/);
  t.is(readFileSync(control, 'utf8'), 'data');
});

test.serial('without a usable database it routes, and says so', async (t) => {
  const folder = temporaryFolder(t);
  const damaged = path.join(folder, 'damaged.db');
  writeFileSync(damaged, Buffer.alloc(20_000, 0x01));
  const directory = path.join(folder, 'directory.db');
  mkdirSync(directory);
  const missing = path.join(folder, 'no', 'such', 'folder', 'graftd.db');
  const foreign = path.join(folder, 'foreign.db');
  const database = new Database(foreign);
  database.exec('CREATE TABLE theirs (a); PRAGMA user_version = 999');
  database.close();
  const before = readFileSync(foreign);
  for (const [state, says] of [
    [damaged, /damaged/],
    [directory, /cannot be used/],
    [missing, /cannot be used/],
    [foreign, /cannot be used/],
  ] as const) {
    const inFolder = temporaryFolder(t);
    const program = Program.start(
      t,
      { folder: inFolder, port: await freePort(), state },
      { neighbors: [A, B] },
    );
    await program.ready();
    const [a, b] = [await speaker(t, program.port, A), await speaker(t, program.port, B)];
    await a.send(
      announceFeed(routesFor(table, { neighborAs: A.as, nextHop: A.address, seed: 1 }), {
        seed: 1,
        count: 100,
      }),
    );
    await until('it routes', () => b.stats().routes4 === 100);
    await program.call('graft', { neighbor: A.address, to: 1 });
    t.is((await program.call<unknown[]>('show grafts')).length, 1);
    t.regex(program.errors, says, state);
    const { troubles } = await program.call<ChassisSummary>('show chassis');
    // A damaged file was put aside, and a fresh one is in use: that trouble is over.
    if (state !== damaged) t.regex(troubles.join(), says, state);
    t.is((await program.end('SIGTERM')).status, 0);
    await Promise.all([a.close(), b.close()]);
  }
  t.is(Buffer.compare(readFileSync(foreign), before), 0, 'the database of another is left alone');
});

test.serial('a database whose folder becomes unusable while it runs does not stop the router', async (t) => {
  const program = await Program.run(t, { neighbors: [A, B] });
  const a = await speaker(t, program.port, A);
  await up(program);
  for (const suffix of ['', '-wal', '-shm']) rmSync(program.state + suffix, { force: true });
  mkdirSync(program.state);
  chmodSync(program.folder, 0o500);
  for (const to of [1, 0, 1]) await program.call('graft', { neighbor: A.address, to });
  t.is((await program.call<unknown[]>('show grafts')).length, 3);
  chmodSync(program.folder, 0o700);
  t.is(a.stats().resets, 0);
  t.is((await program.end('SIGTERM')).status, 0, program.errors);
});

test.serial('anything on the control socket is answered with an error, and harms nothing', async (t) => {
  const program = await Program.run(t, { neighbors: [A] });
  const a = await speaker(t, program.port, A);
  const pieces = [
    'nonsense\n',
    '{"id":1}\n',
    '{"id":1,"command":"graft"}\n',
    '{"id":1,"command":"graft","arguments":{"neighbor":"127.7.0.1","to":-1}}\n',
    '{"id":1,"command":"graft","arguments":{"neighbor":"127.7.0.1","to":1e99}}\n',
    '{"id":1,"command":"shutdown","arguments":{"neighbor":"127.7.0.1","why":"' + 'x'.repeat(300) + '"}}\n',
    '[]\n',
    '\u0000\uffff\n',
  ];
  for (const piece of pieces) {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(program.control, () => socket.end(piece));
      let heard = '';
      socket.on('data', (bytes) => (heard += bytes.toString()));
      socket.on('close', () => resolve(heard));
      socket.on('error', () => resolve(heard));
    });
    t.regex(answer, /"error"/, piece.slice(0, 60));
  }
  const half = connect(program.control, () => half.write('{"id":1,"com'));
  half.on('error', () => {});
  await up(program);
  t.is(a.stats().resets, 0);
  t.is((await program.end('SIGTERM')).status, 0);
});

test.serial('commands fail in one line with their exit status', async (t) => {
  const program = await Program.run(t, { blades: 2, neighbors: [A] });
  for (const [words, status, says] of [
    [['graft', A.address, '--to', '7'], 1, /there is no blade 7/],
    [['graft', '127.9.9.9', '--to', '1'], 1, /no neighbour 127\.9\.9\.9/],
    [['graft', 'nobody', '--to', '1'], 2, /nobody/],
    [['refresh', A.address], 1, /only an Established session/],
    [['fault', '0', 'crash'], 1, /faults are not allowed/],
    [['drain', '5'], 1, /there is no blade 5/],
    [['shutdown', A.address, 'x'.repeat(256)], 2, /255/],
  ] as const) {
    const ended = await program.words(...words);
    t.is(ended.status, status, `${words.join(' ')}: ${ended.stderr}`);
    oneLine(t, ended.stderr, says);
  }
});

/** A neighbour may be up a little before the chassis is; what is grafted then starts anew. */
async function up(program: Program): Promise<void> {
  const state = async (): Promise<string | undefined> =>
    (await program.call<SessionRow[]>('show sessions'))[0]?.state;
  await until('the session to be up', async () => (await state()) === 'Established');
}

test('who has removed the control socket has it again by SIGHUP', async (t) => {
  const program = await Program.run(t, { neighbors: [A] });
  rmSync(program.control);
  t.is((await program.words('show')).status, 1);
  program.child.kill('SIGHUP');
  await until('it is there again', () => /c\.sock was gone, and is there again/.test(program.errors));
  t.is((await program.words('show')).status, 0);
  t.is((await program.end('SIGTERM')).status, 0);
  t.false(existsSync(program.control));
});
