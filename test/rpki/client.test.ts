/** The router's side of RFC 8210, against a cache that a test leads through what caches do, and should not do. */
import { setImmediate as soon } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type CacheOptions, RtrClient } from '../../src/rpki/client.ts';
import { PDU } from '../../src/rpki/pdu.ts';
import { ScriptedCache } from './scripted-cache.ts';

const NET = 0x0a000000;
const NET6 = [0x20010db8, 0, 0, 0];

interface Scene {
  cache: ScriptedCache;
  client: RtrClient;
  told: string[];
  /** What is held changed so often. */
  changes(): number;
  /** Until the client has come so far. */
  until(what: () => boolean): Promise<void>;
}

async function scene(t: ExecutionContext, options: Partial<CacheOptions> = {}): Promise<Scene> {
  const cache = await ScriptedCache.start();
  const told: string[] = [];
  let changes = 0;
  const client = new RtrClient(
    { address: '127.0.0.1', port: cache.port, preference: 1, retry: 0.01, ...options },
    { changed: () => changes++, tell: (text) => told.push(text) },
  );
  t.teardown(() => {
    client.stop();
    cache.close();
  });
  client.start();
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await soon();
  };
  return { cache, client, told, changes: () => changes, until };
}

async function synchronised(t: ExecutionContext, options: Partial<CacheOptions> = {}): Promise<Scene> {
  const made = await scene(t, options);
  const { cache, client, until } = made;
  const socket = await cache.query();
  socket.write(
    Buffer.concat([
      cache.response(7),
      cache.prefix4(true, NET, 8, 16, 64500),
      cache.prefix4(true, NET, 16, 16, 64501),
      cache.prefix6(true, NET6, 32, 48, 64500),
      cache.endOfData(7, 100),
    ]),
  );
  await until(() => client.state === 'synchronised');
  return made;
}

test('everything is asked for once, and is true at End of Data, octet by octet', async (t) => {
  const { cache, client, changes, until } = await scene(t);
  const socket = await cache.query();
  t.deepEqual(cache.asked, ['v1 reset']);
  socket.setNoDelay(true);
  const bytes = Buffer.concat([
    cache.response(7),
    cache.prefix4(true, NET, 8, 16, 1),
    cache.endOfData(7, 100),
  ]);
  for (const octet of bytes.subarray(0, -1)) {
    socket.write(Buffer.of(octet));
    await soon();
  }
  t.is(client.ipv4.size, 0);
  t.false(client.usable);
  socket.write(bytes.subarray(-1));
  await until(() => client.state === 'synchronised');
  t.is(client.ipv4.size, 1);
  t.is(client.serial, 100);
  t.is(changes(), 1);
});

test('a Serial Notify brings the differences', async (t) => {
  const { cache, client, changes, until } = await synchronised(t);
  client.refresh();
  const socket = await cache.query();
  socket.write(Buffer.concat([cache.response(7), cache.endOfData(7, 100)]));
  await until(() => client.state === 'synchronised');
  t.is(changes(), 1, 'nothing new is no change');
  socket.write(cache.pdu(PDU.serialNotify, 7, 101));
  await cache.query();
  t.deepEqual(cache.asked.slice(1), ['v1 serial 7/100', 'v1 serial 7/100']);
  socket.write(
    Buffer.concat([
      cache.response(7),
      cache.prefix4(false, NET, 8, 16, 64500),
      cache.prefix4(true, NET, 24, 24, 64502),
      cache.prefix4(true, NET, 25, 25, 64502),
      cache.endOfData(7, 101),
    ]),
  );
  await until(() => client.serial === 101);
  t.is(client.ipv4.size, 3);
  t.is(client.ipv6.size, 1);
  t.is(changes(), 2);
});

test('a Cache Reset has all asked for again, and what is held stays until all has come', async (t) => {
  const { cache, client, until } = await synchronised(t);
  client.refresh();
  const socket = await cache.query();
  socket.write(cache.pdu(PDU.cacheReset, 0));
  await cache.query();
  t.deepEqual(cache.asked.slice(1), ['v1 serial 7/100', 'v1 reset']);
  t.is(client.ipv4.size, 2);
  socket.write(Buffer.concat([cache.response(8), cache.prefix4(true, NET, 9, 9, 1), cache.endOfData(8, 1)]));
  await until(() => client.session === 8);
  t.is(client.ipv4.size, 1);
  t.is(client.ipv6.size, 0);
});

test('what breaks off in the middle was never said, and after a new connection differences go on', async (t) => {
  const { cache, client, changes, until } = await synchronised(t);
  client.refresh();
  const socket = await cache.query();
  socket.end(Buffer.concat([cache.response(7), cache.prefix4(false, NET, 8, 16, 64500)]));
  const again = await cache.query();
  t.is(cache.asked.at(-1), 'v1 serial 7/100');
  t.is(client.ipv4.size, 2);
  again.write(
    Buffer.concat([cache.response(7), cache.prefix4(false, NET, 8, 16, 64500), cache.endOfData(7, 101)]),
  );
  await until(() => client.serial === 101);
  t.is(client.ipv4.size, 1);
  t.is(changes(), 2);
});

test('a cache that knows version 0 only is met there, by its answer or its error', async (t) => {
  for (const way of ['answer', 'error'] as const) {
    const { cache, client, until } = await scene(t);
    cache.version = 0;
    let socket = await cache.query();
    if (way === 'error') {
      socket.write(cache.error(4, 'version 0 only'));
      socket = await cache.query();
      t.deepEqual(cache.asked, ['v1 reset', 'v0 reset']);
    }
    socket.write(
      Buffer.concat([cache.response(7), cache.prefix4(true, NET, 8, 8, 1), cache.endOfData(7, 5)]),
    );
    await until(() => client.state === 'synchronised');
    t.is(client.version, 0);
    t.is(client.ipv4.size, 1);
  }
});

/** What a cache may not send, and the error that it is answered with (RFC 8210 12). */
const LIES: readonly [name: string, lie: (cache: ScriptedCache) => Buffer, code: number][] = [
  [
    'a length that is too small',
    (cache) => Buffer.concat([cache.response(7).subarray(0, 4), Buffer.from([0, 0, 0, 7])]),
    0,
  ],
  [
    'a length that is too large',
    (cache) => Buffer.concat([cache.response(7).subarray(0, 4), Buffer.from([255, 0, 0, 0])]),
    0,
  ],
  ['a type that does not exist', (cache) => cache.pdu(99, 0), 5],
  ['a prefix out of nowhere', (cache) => cache.prefix4(true, NET, 24, 24, 1), 0],
  ['an End of Data out of nowhere', (cache) => cache.endOfData(7, 100), 0],
  ['a Cache Response to nothing', (cache) => cache.response(7), 0],
  [
    'another version',
    (cache) => {
      const bytes = cache.pdu(PDU.serialNotify, 7, 101);
      bytes[0] = 0;
      return bytes;
    },
    8,
  ],
];

for (const [name, lie, code] of LIES) {
  test(`${name} ends the session with the cache, and what is held stays in use`, async (t) => {
    const { cache, client, told, until } = await synchronised(t);
    const before = cache.asked.length;
    cache.sockets.at(-1)?.write(lie(cache));
    await until(() => cache.asked.length >= before + 2);
    t.is(cache.asked[before], `v1 error ${code}`);
    t.is(cache.asked[before + 1], 'v1 reset');
    t.is(client.ipv4.size, 2);
    t.is(told.length, 1, told.join('; '));
  });
}

/** The same in the middle of an answer. */
const WRONG_ANSWERS: readonly [name: string, answer: (cache: ScriptedCache) => Buffer[], code: number][] = [
  [
    'a prefix withdrawn that was not there',
    (cache) => [cache.response(7), cache.prefix4(false, NET, 30, 30, 1), cache.endOfData(7, 101)],
    6,
  ],
  [
    'a prefix announced twice',
    (cache) => [cache.response(7), cache.prefix4(true, NET, 8, 16, 64500), cache.endOfData(7, 101)],
    7,
  ],
  ['another session', (cache) => [cache.response(8)], 0],
  ['a second Cache Response', (cache) => [cache.response(7), cache.response(7)], 0],
  ['a length beyond the longest', (cache) => [cache.response(7), cache.prefix4(true, NET, 8, 33, 1)], 0],
  ['a length beyond its maximum', (cache) => [cache.response(7), cache.prefix4(true, NET, 9, 8, 1)], 0],
  ['bits beyond the length', (cache) => [cache.response(7), cache.prefix4(true, NET + 1, 8, 8, 1)], 0],
  ['an End of Data of another session', (cache) => [cache.response(7), cache.endOfData(9, 101)], 0],
];

for (const [name, answer, code] of WRONG_ANSWERS) {
  test(`${name}: the cache is told, and everything asked for anew`, async (t) => {
    const { cache, client, until } = await synchronised(t);
    client.refresh();
    const socket = await cache.query();
    const before = cache.asked.length;
    socket.write(Buffer.concat(answer(cache)));
    await until(() => cache.asked.length >= before + 2);
    t.deepEqual(cache.asked.slice(before), [`v1 error ${code}`, 'v1 reset']);
    await cache.query();
    const again = await cache.query();
    again.write(
      Buffer.concat([cache.response(9), cache.prefix4(true, NET, 12, 12, 3), cache.endOfData(9, 1)]),
    );
    await until(() => client.session === 9);
    t.is(client.ipv4.size, 1);
  });
}

test('a cache without data yet is asked again, and no error is answered with an error', async (t) => {
  const { cache, client, told, until } = await scene(t);
  let socket = await cache.query();
  socket.write(cache.error(2, 'no\ndata\u0007 yet'));
  socket = await cache.query();
  t.deepEqual(cache.asked, ['v1 reset', 'v1 reset']);
  t.deepEqual(told, [`RPKI cache ${client.name}: the cache says No Data Available: no data yet`]);
  socket.write(Buffer.concat([cache.response(1), cache.endOfData(1, 1)]));
  await until(() => client.usable);
  t.is(client.lastError, undefined);
});

test('after the expire time nothing is used any more', async (t) => {
  const { cache, client, changes, told, until } = await synchronised(t, { expire: 0.2, retry: 60 });
  cache.close();
  await until(() => client.session === undefined);
  t.is(client.ipv4.size + client.ipv6.size, 0);
  t.is(changes(), 2);
  t.true(told.some((text) => text.endsWith('what it told has expired')));
});
