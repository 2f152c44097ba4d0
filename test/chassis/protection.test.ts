/** TCP MD5 (RFC 2385) and GTSM (RFC 5082) as the kernel does them: a neighbour without the key, or from too far, is not heard. */
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import {
  answerWithHighestTtl,
  type Protection,
  protectedSocket,
  protectionTrouble,
  setKey,
} from '../../src/base/socket-options.ts';
import { MessageType } from '../../src/bgp/message.ts';
import { Guard } from '../../src/linecard/guard.ts';
import { HOST, startBox, until } from './support/box.ts';
import { openBytes, RawListener, RawNeighbour } from './support/raw-neighbour.ts';

const AS = 64_820;
const PASSWORD = 'Schlüssel 17';

/** False where the machine cannot do it: said, and nothing is tested. */
function possible(t: ExecutionContext, protection: Protection): boolean {
  const trouble = protectionTrouble([protection]);
  if (trouble === undefined) return true;
  t.log(`skipped: ${trouble}`);
  t.pass();
  return false;
}

function dial(port: number, localAddress: string, protection: Protection): Promise<RawNeighbour> {
  const options = { fd: protectedSocket(HOST, protection), manualStart: true, allowHalfOpen: true };
  const socket = new net.Socket(options as net.SocketConstructorOpts);
  socket.connect({ host: HOST, port, localAddress });
  return RawNeighbour.connected(socket);
}

/** Nobody answers within so long. */
async function unanswered(
  port: number,
  localAddress: string,
  protection?: Protection,
  host = HOST,
): Promise<boolean> {
  const fd = protection === undefined ? {} : { fd: protectedSocket(host, protection), manualStart: true };
  const socket = new net.Socket(fd as net.SocketConstructorOpts);
  const answer = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(false));
    socket.once('error', () => resolve(true));
    setTimeout(() => resolve(true), 600);
  });
  socket.connect({ host, port, localAddress });
  return answer.finally(() => socket.destroy());
}

function descriptor(server: net.Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

test('a neighbour with the key is heard, one without it or with another one is not', async (t) => {
  if (!possible(t, { password: PASSWORD })) return;
  const [signed, plain] = ['127.32.0.1', '127.32.0.2'];
  const box = await startBox(t, {
    lineCards: 2,
    neighbors: [
      { address: signed, as: AS, password: PASSWORD },
      { address: plain, as: AS },
    ],
  });
  const neighbour = await dial(box.port, signed, { password: PASSWORD });
  await neighbour.establish({ as: AS });
  const other = await RawNeighbour.served(box.port, plain, { as: AS });
  t.deepEqual(
    await Promise.all([
      unanswered(box.port, signed),
      unanswered(box.port, signed, { password: 'another' }),
      unanswered(box.port, plain, { password: PASSWORD }),
    ]),
    [true, true, true],
  );
  t.like(await box.operator.showSession(signed), { state: 'Established', protection: ['TCP MD5'] });
  for (const each of [neighbour, other]) each.close();
});

test('graftd signs from its first segment on when it calls', async (t) => {
  if (!possible(t, { password: PASSWORD })) return;
  const address = '127.32.1.1';
  const listener = await RawListener.at(address);
  setKey(descriptor(listener.server), false, HOST, PASSWORD);
  const box = await startBox(t, {
    neighbors: [
      {
        address,
        as: AS,
        port: listener.port,
        'local-address': HOST,
        passive: false,
        password: PASSWORD,
      },
    ],
  });
  const neighbour = await listener.call();
  await neighbour.establish({ as: AS });
  await until('it is up', async () => (await box.operator.showSession(address)).state === 'Established');
  t.like(await box.operator.showSession(address), { protection: ['TCP MD5'] });
  neighbour.close();
  await listener.close();
});

test('with TTL security only who is as near as configured is heard, both ways', async (t) => {
  if (!possible(t, { hops: 1 })) return;
  const [near, far, called] = ['127.32.2.1', '127.32.2.2', '127.32.2.3'];
  const listener = await RawListener.at(called);
  answerWithHighestTtl(descriptor(listener.server), false);
  const box = await startBox(t, {
    neighbors: [
      { address: near, as: AS, 'ttl-security': 1 },
      { address: far, as: AS, 'ttl-security': 1 },
      { address: called, as: AS, port: listener.port, passive: false, 'ttl-security': 2 },
    ],
  });
  const neighbour = await dial(box.port, near, { hops: 1 });
  await neighbour.establish({ as: AS });
  const call = await listener.call();
  await call.establish({ as: AS });
  // The TTL of a socket that is left alone is no 255: what it says is dropped on the way to us.
  const stranger = await RawNeighbour.dial(box.port, far);
  await until('the stranger is taken in', () => box.cardCount('accepted') === 2);
  stranger.send(openBytes({ as: AS }));
  await t.throwsAsync(stranger.next(MessageType.Keepalive, 800));
  t.not((await box.operator.showSession(far)).state, 'Established');
  t.like(await box.operator.showSession(near), { protection: ['TTL security, 1 hop'] });
  for (const each of [neighbour, call, stranger]) each.close();
  await listener.close();
});

test('a socket that listens for both families knows the keys of both, and forgets them', async (t) => {
  if (!possible(t, { password: PASSWORD })) return;
  const troubles: string[] = [];
  const guard = new Guard((text) => troubles.push(text));
  const server = net.createServer((socket) => socket.destroy());
  const neighbors = ['127.32.3.1', '::1'].map((address, session) => ({ session, address, port: 1 }));
  guard.admit({ ...(neighbors[0] as (typeof neighbors)[0]), protection: { password: PASSWORD } });
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  const { port } = server.address() as net.AddressInfo;
  guard.listens(server);
  guard.admit({ ...(neighbors[1] as (typeof neighbors)[0]), protection: { password: PASSWORD } });
  const hosts = [HOST, '::1'];
  const all = (protection?: Protection) =>
    Promise.all(neighbors.map(({ address }, i) => unanswered(port, address, protection, hosts[i] as string)));
  t.deepEqual(await all(), [true, true]);
  t.deepEqual(await all({ password: PASSWORD }), [false, false]);
  for (const neighbor of neighbors) guard.dismiss(neighbor);
  t.deepEqual(await all(), [false, false]);
  t.deepEqual(troubles, []);
  server.close();
});
