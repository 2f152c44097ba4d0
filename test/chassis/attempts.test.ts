/** What a neighbour does in vain, and what it cannot be told: the log says so by name, and `show session` counts it. */
import test from 'ava';
import { encodeRouteRefresh, MessageType } from '../../src/bgp/message.ts';
import { freePort, until } from './support/box.ts';
import { Program } from './support/program.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';
import { announcing } from './support/updates.ts';

const WRONG = { address: '127.36.0.3', as: 64_999 };
const ABSENT = '127.36.0.4';

interface Detail {
  readonly state: string;
  readonly reason?: string;
  readonly limits: {
    readonly attemptsFailed: number;
    readonly refreshesIgnored: number;
    readonly setsTooLong: number;
  };
}

test('why a session does not come up is said by name, once for each reason, and counted', async (t) => {
  const absent = {
    address: ABSENT,
    as: 64_998,
    passive: false,
    port: await freePort(),
    'connect-retry-time': 1,
  };
  const program = await Program.run(t, { neighbors: [WRONG, absent] });
  const detail = async (neighbor: string): Promise<Detail> =>
    program.call<Detail>('show session', { neighbor });
  for (let i = 1; i <= 3; i++) {
    const neighbour = await RawNeighbour.dial(program.port, WRONG.address);
    neighbour.send(openBytes({ as: 64_111 }), KEEPALIVE);
    const notification = await neighbour.next(MessageType.Notification, 20_000);
    t.deepEqual([...(notification?.subarray(19, 21) ?? [])], [2, 2]); // Bad Peer AS
    neighbour.close();
    await until('it is counted', async () => (await detail(WRONG.address)).limits.attemptsFailed === i);
  }
  t.is((await detail(WRONG.address)).reason, 'AS 64111, but 64999 is configured');
  await until('it was called twice', async () => (await detail(ABSENT)).limits.attemptsFailed >= 2);
  t.is((await detail(ABSENT)).reason, 'cannot connect: the connection was refused');
  const lines = program.errors.split('\n').filter((line) => line.includes('does not come up'));
  t.is(lines.length, 2, program.errors);
  t.regex(program.errors, /127\.36\.0\.3 does not come up: AS 64111, but 64999 is configured/);
  t.regex(program.errors, /127\.36\.0\.4 does not come up: cannot connect: the connection was refused/);
  t.is((await program.end('SIGTERM')).status, 0);
});

test('a refresh of a family that was not agreed on, and attributes that no message has room for, are said and counted', async (t) => {
  const [asking, told] = [
    { address: '127.36.0.5', as: 64_997 },
    { address: '127.36.0.6', as: 64_996 },
  ];
  const program = await Program.run(t, { neighbors: [asking, told] });
  const limits = async (neighbor: string): Promise<Detail['limits']> =>
    (await program.call<Detail>('show session', { neighbor })).limits;
  const { as } = asking;
  const neighbour = await RawNeighbour.served(program.port, asking.address, { as: asking.as });
  const witness = await RawNeighbour.served(program.port, told.address, { as: told.as });
  // One AS more, and the first one has no room in a message.
  neighbour.send(
    encodeRouteRefresh(2, 1),
    announcing([1], { as, communities: 1011 }),
    announcing([2], { as }),
  );
  await until('it is counted', async () => (await limits(asking.address)).refreshesIgnored === 1);
  await until('it is found', async () => (await limits(told.address)).setsTooLong === 1);
  await until('the other one is told', () =>
    witness.messages.some((each) => each[18] === MessageType.Update),
  );
  await until('it is in the log', () => /0\.6 is not told all: 1 sets of attributes/.test(program.errors));
  t.regex(program.errors, /0\.5 asks for a refresh of AFI 2, SAFI 1, which was not agreed on: ignored/);
  for (const each of [neighbour, witness]) each.close();
  t.is((await program.end('SIGTERM')).status, 0);
});
