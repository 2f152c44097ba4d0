import { spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { chassisAnswers } from '../../src/chassis/control/answers.ts';
import { ControlClient } from '../../src/chassis/control/client.ts';
import { ControlServer } from '../../src/chassis/control/server.ts';
import type { GraftReport, RouteRow } from '../../src/chassis/operations.ts';
import { SmallChassis, serve, temporaryFolder } from './support/small-chassis.ts';

/** Sends bytes, closes the sending side, and gives every line that comes back. */
function exchange(socketPath: string, bytes: string | Buffer): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    let text = '';
    socket.on('data', (chunk) => (text += chunk));
    socket.on('end', () => {
      socket.destroy();
      const lines = text.split('\n').filter((line) => line !== '');
      resolve(lines.map((line) => JSON.parse(line)));
    });
    socket.on('error', reject);
    socket.end(bytes);
  });
}

function request(id: unknown, command: string, given?: object): string {
  return `${JSON.stringify({ id, command, arguments: given })}\n`;
}

test('who has closed it opens it no more', async (t) => {
  const control = path.join(temporaryFolder(t), 'c.sock');
  const server = new ControlServer(control, chassisAnswers(new SmallChassis()));
  await server.listen();
  await server.close();
  t.false(await server.reopen());
  t.false(existsSync(control));
});

test('where the folder of the control path is missing, the words say so', async (t) => {
  const server = new ControlServer('/nonexistent/c.sock', chassisAnswers(new SmallChassis()));
  await t.throwsAsync(server.listen(), {
    message: 'cannot open the control socket /nonexistent/c.sock: its folder does not exist',
  });
});

test('a request gets its result, and requests are answered in order', async (t) => {
  const { path } = await serve(t);
  const lines = await exchange(path, request(1, 'show blades') + request('two', 'undrain', { blade: 1 }));
  t.is(lines.length, 2);
  t.like(lines[0], { id: 1 });
  t.is((lines[0] as { result: unknown[] }).result.length, 3);
  t.deepEqual(lines[1], { id: 'two', result: null });
});

test('an answer of many rows comes in batches, and its end says how many', async (t) => {
  const { path } = await serve(t);
  const lines = (await exchange(path, request(7, 'show routes'))) as { rows?: unknown[]; result?: unknown }[];
  t.deepEqual(
    lines.map((line) => line.rows?.length),
    [100, 100, 50, undefined],
  );
  t.deepEqual(lines[3], { id: 7, result: { rows: 250 } } as object);
});

test('arguments arrive canonical', async (t) => {
  const { path } = await serve(t);
  const [line] = await exchange(path, request(1, 'graft', { neighbor: '2001:DB8:0::2', to: 0 }));
  t.like(line, { id: 1, result: { neighbor: '2001:db8::2', from: 2, to: 0 } });
  const rows = await exchange(path, request(1, 'show routes', { prefix: '10.0.0.7' }));
  t.like(rows[0], { rows: [{ prefix: '10.0.0.7/32' }] });
});

const REFUSED: [line: string, code: number, message: RegExp, id?: unknown][] = [
  ['{"id": 1, "command"', 2, /^not JSON: /, null],
  ['hello', 2, /^not JSON: /, null],
  ['[1]', 2, /a request is a JSON object/, null],
  ['{"command": "show blades"}', 2, /a request has an "id"/, null],
  ['{"id": 1}', 2, /a request has a "command"/],
  ['{"id": 1, "command": "show bladse"}', 2, /no command "show bladse"; did you mean "show blades"/],
  ['{"id": 1, "command": "constructor"}', 2, /no command "constructor"/],
  ['{"id": 1, "command": "show blades", "arguments": 5}', 2, /"arguments" is a JSON object/],
  ['{"id": 1, "command": "show blades", "arguments": {"x": 5}}', 2, /show blades: there is no argument "x"/],
  ['{"id": 1, "command": "graft", "arguments": {"to": 1}}', 2, /graft: "neighbor" is missing/],
  [
    '{"id": 1, "command": "graft", "arguments": {"neighbor": "192.0.2.2", "to": "1"}}',
    2,
    /"1" is not the number of a blade/,
  ],
  [
    '{"id": 1, "command": "graft", "arguments": {"neighbor": "192.0.2.2", "to": -1}}',
    2,
    /"-1" is not the number of a blade/,
  ],
  [
    '{"id": 1, "command": "graft", "arguments": {"neighbor": "192.0.2.2", "to": 1.5}}',
    2,
    /"1.5" is not the number/,
  ],
  [
    '{"id": 1, "command": "graft", "arguments": {"neighbor": "192.0.2.2", "to": 9}}',
    2,
    /there is no blade 9/,
  ],
  [
    '{"id": 1, "command": "graft", "arguments": {"neighbor": "192.0.2.99", "to": 1}}',
    1,
    /there is no neighbour 192.0.2.99/,
  ],
  ['{"id": 1, "command": "clear", "arguments": {"neighbor": "x"}}', 2, /"x" is not the IPv4 or IPv6 address/],
  ['{"id": 1, "command": "show routes", "arguments": {"prefix": "10.0.0.0/33"}}', 2, /is not a prefix/],
  [
    '{"id": 1, "command": "balance", "arguments": {"metric": "cpus"}}',
    2,
    /no metric "cpus"; did you mean "cpu"/,
  ],
  [
    '{"id": 1, "command": "fault", "arguments": {"blade": 1, "kind": "fire"}}',
    2,
    /no kind "fire"; it is one of: crash, hang, memory/,
  ],
  ['{"id": 1, "command": "fault", "arguments": {"blade": 1, "kind": "crash"}}', 1, /faults are not allowed/],
  [
    '{"id": 1, "command": "dump mrt", "arguments": {"file": "x.mrt"}}',
    2,
    /is not the absolute path of a file/,
  ],
  ['{"id": 1, "command": "shutdown", "arguments": {"neighbor": "192.0.2.2", "why": 5}}', 2, /is not a text/],
];
for (const [line, code, message, id = 1] of REFUSED) {
  test(`the request ${line} is refused with a reason, and the next one is answered`, async (t) => {
    const { path } = await serve(t);
    const lines = (await exchange(path, `${line}\n${request(9, 'show fabric')}`)) as {
      id: unknown;
      error?: { message: string };
    }[];
    t.like(lines[0], { id, error: { code } } as object);
    t.regex(lines[0]!.error!.message, message);
    t.is(lines[1]!.id, 9);
  });
}

test('a shutdown text may have 255 octets of UTF-8 and not one more', async (t) => {
  const { path, chassis } = await serve(t);
  const why = `${'ü'.repeat(127)}x`;
  t.deepEqual(await exchange(path, request(1, 'shutdown', { neighbor: '192.0.2.2', why })), [
    { id: 1, result: null },
  ]);
  t.is(chassis.lastWhy, why);
  const [line] = await exchange(path, request(1, 'shutdown', { neighbor: '192.0.2.2', why: `${why}x` }));
  t.like(line, { error: { code: 2 } });
});

test('a bug in an operation is an error for its client and a text for the log, nothing more', async (t) => {
  const { path, chassis, bugs } = await serve(t);
  chassis.allowFaults = true;
  const lines = await exchange(
    path,
    request(1, 'fault', { blade: 0, kind: 'memory' }) + request(2, 'show fabric'),
  );
  t.like(lines[0], { id: 1, error: { code: 1, message: 'internal error in "fault": a bug of ours' } });
  t.like(lines[1], { id: 2 });
  t.is(bugs.length, 1);
  t.regex(bugs[0]!, /"fault" failed: TypeError: a bug of ours\n +at /);
});

test('a line without end is refused before it fills the memory', async (t) => {
  const { path } = await serve(t);
  const lines = await exchange(path, Buffer.alloc(1_000_000, 'x'));
  t.deepEqual(lines, [{ id: null, error: { code: 2, message: 'a request of more than 65536 characters' } }]);
  t.is((await exchange(path, request(1, 'show fabric'))).length, 1);
});

test('a last line without its line feed is answered too', async (t) => {
  const { path } = await serve(t);
  t.like((await exchange(path, request(1, 'show fabric').trimEnd()))[0], { id: 1 });
});

test('bytes cut anywhere are the same requests', async (t) => {
  const { path } = await serve(t);
  const bytes = Buffer.from(request('ä€😀', 'show fabric') + request(2, 'show grafts'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 6 }),
      async (cuts) => {
        const socket = connect({ path });
        let text = '';
        socket.on('data', (chunk) => (text += chunk));
        const points = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (let i = 1; i < points.length; i++) {
          socket.write(bytes.subarray(points[i - 1], points[i]));
          await new Promise((resolve) => setImmediate(resolve));
        }
        socket.end();
        await new Promise((resolve) => socket.on('close', resolve));
        const ids = text
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { id: unknown }).id);
        if (ids[0] !== 'ä€😀' || ids[1] !== 2 || ids.length !== 2) throw new Error(text);
      },
    ),
    { numRuns: 30 },
  );
  t.pass();
});

test('random bytes get errors, and the server lives', async (t) => {
  const { path } = await serve(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      for (const line of await exchange(path, Buffer.from(bytes))) {
        if ((line as { error?: { code: number } }).error?.code !== 2) throw new Error(JSON.stringify(line));
      }
    }),
    { numRuns: 100 },
  );
  t.is((await exchange(path, request(1, 'show fabric'))).length, 1);
});

test('rows are made no faster than the client reads them', async (t) => {
  const { path, chassis } = await serve(t);
  chassis.routes = 1_000_000;
  const socket = await connected(path);
  socket.pause();
  socket.write(request(1, 'show routes'));
  const atRest = await settled(() => chassis.batchesMade);
  t.true(atRest > 0 && atRest < 200, `${atRest} of 10000 batches were made for a client that does not read`);
  socket.resume();
  await until(() => chassis.batchesMade > atRest + 100);
  socket.destroy();
});

test('a client that leaves in the middle of an answer ends it', async (t) => {
  const { path, chassis } = await serve(t);
  chassis.routes = 1_000_000;
  const socket = await connected(path);
  socket.write(request(1, 'show routes') + request(2, 'show routes'));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  await until(() => chassis.iterationsEnded === 1);
  t.true(chassis.batchesMade < 9000);
  t.is((await exchange(path, request(1, 'show fabric'))).length, 1);
  t.is(chassis.iterationsEnded, 1, 'its second request is not answered to nobody');
});

test('many requests at once are all answered', async (t) => {
  const { path } = await serve(t);
  const requests = Array.from({ length: 1000 }, (_, id) => request(id, 'show fabric')).join('');
  const lines = (await exchange(path, requests)) as { id: number }[];
  t.deepEqual(
    lines.map((line) => line.id),
    Array.from({ length: 1000 }, (_, id) => id),
  );
});

test('the client gives results, rows and errors as they are', async (t) => {
  const { path } = await serve(t);
  const client = await ControlClient.connect(path);
  const report = await client.call<GraftReport>('graft', { neighbor: '192.0.2.2', to: 2 });
  t.like(report, { from: 0, to: 2, decisionsRun: 0 });
  const rows: RouteRow[] = [];
  for await (const batch of client.stream<RouteRow>('show routes')) rows.push(...batch);
  t.is(rows.length, 250);
  const error = await t.throwsAsync(client.call('clear', { neighbor: '192.0.2.77' }), {
    name: 'OperationError',
  });
  t.regex(error.message, /no neighbour 192.0.2.77/);
  t.is((await client.call<unknown[]>('show grafts')).length, 1);
  client.close();
});

test('the socket belongs to its owner, and is gone after close', async (t) => {
  const folder = temporaryFolder(t);
  const server = new ControlServer(path.join(folder, 's'), chassisAnswers(new SmallChassis()));
  await server.listen();
  t.is(statSync(server.path).mode & 0o777, 0o600);
  const socket = await connected(server.path);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await server.close();
  await closed;
  t.false(existsSync(server.path));
});

test('two chassis cannot have one socket', async (t) => {
  const { path } = await serve(t);
  const second = new ControlServer(path, chassisAnswers(new SmallChassis()));
  await t.throwsAsync(second.listen(), { message: /a chassis is already running: it answers at / });
  t.is((await exchange(path, request(1, 'show fabric'))).length, 1, 'the first one goes on');
});

test('the socket of a process that was killed is replaced', async (t) => {
  const socketPath = path.join(temporaryFolder(t), 's');
  const program = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('ready'))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  t.true(existsSync(socketPath), 'the kernel leaves the file');
  const server = new ControlServer(socketPath, chassisAnswers(new SmallChassis()));
  await server.listen();
  t.is((await exchange(socketPath, request(1, 'show fabric'))).length, 1);
  await server.close();
});

test('a file that is no socket is not removed', async (t) => {
  const file = path.join(temporaryFolder(t), 'precious');
  writeFileSync(file, 'text');
  const server = new ControlServer(file, chassisAnswers(new SmallChassis()));
  await t.throwsAsync(server.listen(), { message: /is there and is no socket/ });
  t.true(existsSync(file));
});

test('a path that cannot be is refused with the reason', async (t) => {
  const folder = temporaryFolder(t);
  const missing = new ControlServer(path.join(folder, 'no', 's'), chassisAnswers(new SmallChassis()));
  await t.throwsAsync(missing.listen(), { message: /its folder does not exist|EACCES|ENOENT/ });
  const long = new ControlServer(path.join(folder, 'x'.repeat(120)), chassisAnswers(new SmallChassis()));
  await t.throwsAsync(long.listen(), { message: /longer than 107 bytes/ });
});

function connected(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The value when it has not changed for a while. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  while (last !== value()) {
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return last;
}
