/** Neighbours that are not named: who calls from a range becomes one, up to the limit, and is forgotten when it stays away. */
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { protectedSocket, protectionTrouble } from '../../src/base/socket-options.ts';
import { encodeNotification } from '../../src/bgp/message.ts';
import { type Box, type BoxOptions, configurationText, HOST, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';
import { announcing } from './support/updates.ts';

const AS = 64_860;
const OPEN = { import: 'accept', export: 'accept' };
const RANGE = { range: '127.36.0.0/24', as: AS, limit: 2, 'idle-time': 1, ...OPEN };

async function member(box: Box, address: string): Promise<RawNeighbour> {
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS });
  await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
  return neighbour;
}

function named(box: Box, address: string): boolean {
  return box.chassis.sessions.some(({ neighbor }) => neighbor.address === address);
}

async function reload(box: Box, options: BoxOptions): Promise<void> {
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  writeFileSync(path.join(box.folder, 'graftd.yaml'), configurationText(options, files));
  await box.operator.reload({ dryRun: false });
}

test.serial('who calls from a range is a neighbour, up to the limit of the range', async (t) => {
  const witnessAddress = '127.36.1.1';
  const box = await startBox(t, {
    lineCards: 2,
    neighbors: [{ address: witnessAddress, as: AS + 1 }],
    more: { 'neighbor-ranges': [RANGE] },
  });
  const witness = await box.speaker(witnessAddress, AS + 1);
  await witness.up();
  const [first, second] = ['127.36.0.1', '127.36.0.2'];
  const a = await member(box, first);
  const b = await member(box, second);
  a.send(announcing([1], { as: AS }));
  b.send(announcing([2], { as: AS }));
  await until('both are heard', () => witness.stats().routes4 === 2);
  t.like(await box.operator.showSession(first), { range: '127.36.0.0/24', passive: true, as: AS });
  await box.operator.graft(first, 1 - (await box.operator.showSession(first)).blade);

  // One more than there may be, and one from elsewhere.
  for (const address of ['127.36.0.3', '127.36.2.1']) {
    const refused = await RawNeighbour.dial(box.port, address);
    await refused.end();
    t.false(named(box, address));
    refused.close();
  }
  t.is(box.cardCount('unknownNeighbour'), 2);

  // Who stays away is forgotten, its routes are gone, and there is room for another one.
  a.send(encodeNotification(6, 2));
  a.close();
  await until('it is forgotten', () => !named(box, first), 20_000);
  t.is(witness.stats().routes4, 1);
  const c = await member(box, '127.36.0.3');
  t.like(witness.stats(), { resets: 0, malformed: 0 });
  for (const each of [b, c]) each.close();
});

test.serial('a reload reaches those that came by a range', async (t) => {
  const box = await startBox(t, {
    neighbors: [],
    more: { 'neighbor-ranges': [{ ...RANGE, 'idle-time': 600 }] },
  });
  const [first, second] = ['127.36.0.1', '127.36.0.2'];
  const a = await member(box, first);
  const b = await member(box, second);
  // The first one is named, the range has another limit and another rule.
  await reload(box, {
    neighbors: [{ address: first, as: AS }],
    more: { 'neighbor-ranges': [{ ...RANGE, limit: 1, import: 'reject', 'idle-time': 600 }] },
  });
  a.send(announcing([1], { as: AS }));
  b.send(announcing([2], { as: AS }));
  await until('both told it', async () => (await box.operator.showSession(second)).routesReceived === 1);
  t.like(await box.operator.showSession(first), { state: 'Established', range: undefined, import: 'accept' });
  t.like(await box.operator.showSession(second), { state: 'Established', import: 'reject' });
  // Without the range only who is named stays.
  await reload(box, { neighbors: [{ address: first, as: AS }] });
  t.deepEqual(await b.notification(), [6, 3]);
  t.is((await box.operator.showSession(first)).state, 'Established');
  t.false(named(box, second));
  for (const each of [a, b]) each.close();
});

function signed(t: ExecutionContext): boolean {
  const trouble = protectionTrouble([{ password: 'x' }]);
  if (trouble === undefined) return true;
  t.log(`skipped: ${trouble}`);
  t.pass();
  return false;
}

test.serial('a range can have a key, the same for all', async (t) => {
  if (!signed(t)) return;
  const password = 'one for all';
  const box = await startBox(t, {
    neighbors: [],
    more: { 'neighbor-ranges': [{ ...RANGE, range: '127.36.4.0/22', password, 'ttl-security': 1 }] },
  });
  const address = '127.36.5.9';
  const options = {
    fd: protectedSocket(HOST, { password, hops: 1 }),
    manualStart: true,
    allowHalfOpen: true,
  };
  const socket = new net.Socket(options as net.SocketConstructorOpts);
  socket.connect({ host: HOST, port: box.port, localAddress: address });
  const neighbour = await RawNeighbour.connected(socket);
  await neighbour.establish({ as: AS });
  await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
  t.deepEqual((await box.operator.showSession(address)).protection, ['TCP MD5', 'TTL security, 1 hop']);
  const unsigned = net.connect({ host: HOST, port: box.port, localAddress: '127.36.5.10' });
  const answered = await new Promise<boolean>((resolve) => {
    unsigned.once('connect', () => resolve(true));
    setTimeout(() => resolve(false), 500);
  });
  t.false(answered);
  unsigned.destroy();
  neighbour.close();
});
