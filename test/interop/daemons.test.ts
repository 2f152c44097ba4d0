/**
 * Proves the harness, daemon against daemon, with no graftd between: what one daemon is told to announce is
 * what each other daemon is read to have. When these hold, a difference in the other interop tests is
 * graftd's.
 */
import type { ExecutionContext } from 'ava';
import { lanes } from '../support/lanes.ts';
import { bird, DAEMONS, type DaemonKind, frr, gobgp, openbgpd, sessionsWith } from './daemons/index.ts';
import { loopbackNetwork, type Network } from './network.ts';
import { type Announcement, asReceived, differences, prefixAt, seededTable } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

const test = lanes(3);

const COUNT = 1000;
const SENDER = { host: 1, as: 65001 };

/** For daemons that cannot put an AS_PATH behind their own AS. */
const ownRoutes = (routes: readonly Announcement[]) => routes.map(({ asPath: _, ...route }) => route);

/** BIRD names next hops that all take; the others use their own addresses, which are loopback's. */
function nextHopTrouble(sender: DaemonKind, receiver: DaemonKind): string | undefined {
  if (receiver === gobgp && sender !== bird) return 'gobgp takes no next hops in 127/8';
  if (receiver === frr && sender === openbgpd) return 'frr takes no next hop ::1';
  return undefined;
}

/** The daemons that can receive from this one, each with a place in the network. */
function receiversFor(t: ExecutionContext, network: Network, sender: DaemonKind) {
  const receivers: { host: number; as: number; kind: DaemonKind }[] = [];
  for (const kind of DAEMONS) {
    let reason = kind.missing(network);
    if (network.kind === 'loopback') reason ??= nextHopTrouble(sender, kind);
    if (reason !== undefined) t.log(`skipped as a receiver: ${reason}`);
    else receivers.push({ host: 2 + receivers.length, as: 65002 + receivers.length, kind });
  }
  return receivers;
}

/** One daemon sends to all the others, changes its mind at run time, and all the others agree all along. */
async function sendsToAll(t: ExecutionContext, network: Network, kind: DaemonKind): Promise<void> {
  const receivers = receiversFor(t, network, kind);
  const table = FAMILIES.flatMap((family, i) => seededTable(family, COUNT, 7 + i, 8));
  let announced = kind.freePaths ? table : ownRoutes(table);
  const neighbors = receivers.flatMap((receiver) => sessionsWith(network, receiver));
  const sender = await kind.start({ network, name: 'sender', ...SENDER, neighbors, originate: announced });
  t.teardown(() => sender.stop());
  const others = await Promise.all(
    receivers.map(({ kind: other, host, as }) =>
      other.start({ network, name: other.kind, host, as, neighbors: sessionsWith(network, SENDER) }),
    ),
  );
  t.teardown(async () => void (await Promise.all(others.map((other) => other.stop()))));
  const allAgree = async () => {
    const expected = asReceived(announced, sender);
    await Promise.all(others.map((other) => hasTable(other, network, SENDER.host, expected)));
  };
  await allAgree();
  const witnesses = await Promise.all([
    Witness.of(
      sender,
      receivers.flatMap(({ host }) => sessionAddresses(network, host)),
    ),
    ...others.map((other) => Witness.of(other, sessionAddresses(network, SENDER.host))),
  ]);

  const added = FAMILIES.flatMap((family) => [
    { prefix: prefixAt(family, 2_000_000), med: 7, communities: ['65001:1', '65001:2'] },
    { prefix: prefixAt(family, 2_000_001), med: 8, communities: ['65001:1:2'] },
  ]);
  await sender.announce(added);
  announced = [...announced, ...added];
  await allAgree();

  const gone = new Set(FAMILIES.flatMap((family) => [0, 1, 2].map((i) => prefixAt(family, i))));
  await sender.withdraw([...gone]);
  announced = announced.filter(({ prefix }) => !gone.has(prefix));
  await allAgree();

  for (const witness of witnesses) t.deepEqual(await witness.disturbances(), []);
}

for (const kind of DAEMONS) {
  test(`what ${kind.kind} announces, every other daemon is read to have`, async (t) => {
    const network = await networkFor(t, kind);
    if (network !== undefined) await sendsToAll(t, network, kind);
  });
}

test('BIRD and FRR hold a session over ::1, from ports of their own', async (t) => {
  if ((await networkFor(t, bird, frr)) === undefined) return;
  const network = loopbackNetwork();
  t.teardown(() => network.close());
  const families = ['ipv6'] as const;
  const [here, there] = [network.endpoint(1, 6), network.endpoint(2, 6)];
  const originate = seededTable('ipv6', COUNT, 3);
  const neighbors = [{ ...there, as: 65002, families }];
  const sender = await bird.start({ network, name: 'sender', ...SENDER, neighbors, originate });
  t.teardown(() => sender.stop());
  const receiver = await frr.start({
    network,
    name: 'receiver',
    host: 2,
    as: 65002,
    neighbors: [{ ...here, as: SENDER.as, families, passive: true }],
  });
  t.teardown(() => receiver.stop());
  await until(
    'the session',
    async () => (await receiver.session(here.address)).prefixesReceived === originate.length,
  );
  const received = await receiver.routes('ipv6', here.address);
  t.deepEqual(differences(asReceived(originate, sender), received), []);
  t.true((await sender.session(there.address)).established);
});
