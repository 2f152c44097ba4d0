/** A session that does not come up: the log says why, by name, once for each reason; `show session` says so, and counts. */
import test from 'ava';
import { MessageType } from '../../src/bgp/message.ts';
import { freePort, until } from './support/box.ts';
import { Program } from './support/program.ts';
import { KEEPALIVE, openBytes, RawNeighbour } from './support/raw-neighbour.ts';

const WRONG = { address: '127.36.0.3', as: 64_999 };
const ABSENT = '127.36.0.4';

interface Detail {
  readonly state: string;
  readonly reason?: string;
  readonly limits: { readonly attemptsFailed: number };
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
