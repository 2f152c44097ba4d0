/**
 * Proves the harness, daemon against daemon, with no graftd between: what one daemon is told to announce is
 * what each other daemon is read to have. When these hold, a difference in the other interop tests is
 * graftd's.
 */
import test, { type ExecutionContext } from 'ava';
import { bird, DAEMONS, type Daemon, type DaemonKind, frr, type NeighborOptions } from './daemons/index.ts';
import { loopbackNetwork, type Network, openNetwork } from './network.ts';
import {
  type Announcement,
  asReceived,
  differences,
  type Family,
  prefixAt,
  type Route,
  seededTable,
} from './routes.ts';
import { until } from './wait.ts';

const FAMILIES = ['ipv4', 'ipv6'] as const;
const COUNT = 1000;
const SENDER = { host: 1, as: 65001 };

/** For daemons that cannot put an AS_PATH behind their own AS. */
const ownRoutes = (routes: readonly Announcement[]) => routes.map(({ asPath: _, ...route }) => route);

/** A session for each family, over its own IP version, as most operators have them. */
function sessionsWith(network: Network, { host, as }: { host: number; as: number }): NeighborOptions[] {
  return [
    { ...network.endpoint(host, 4), as, families: ['ipv4'] },
    { ...network.endpoint(host, 6), as, families: ['ipv6'] },
  ];
}

async function hasTable(receiver: Daemon, family: Family, neighbor: string, expected: Map<string, Route>) {
  let found: string[] = [];
  await until(`${receiver.kind} to have the ${family} table`, async () => {
    const { prefixesReceived } = await receiver.session(neighbor);
    if (prefixesReceived !== expected.size) return false;
    found = differences(expected, await receiver.routes(family, neighbor));
    return found.length === 0;
  }).catch((error: Error) => {
    throw new Error([error.message, ...found, receiver.log().slice(-2000)].join('\n'));
  });
}

/** One daemon sends to all the others, changes its mind at run time, and all the others agree all along. */
async function sendsToAll(t: ExecutionContext, network: Network, kind: DaemonKind): Promise<void> {
  const receivers: { host: number; as: number; kind: DaemonKind }[] = [];
  for (const other of DAEMONS) {
    const reason = other.missing(network);
    if (reason !== undefined) t.log(`skipped as a receiver: ${reason}`);
    else receivers.push({ host: 2 + receivers.length, as: 65002 + receivers.length, kind: other });
  }
  const table = FAMILIES.flatMap((family, i) => seededTable(family, COUNT, 7 + i, 8));
  const originate = kind.freePaths ? table : ownRoutes(table);
  const neighbors = receivers.flatMap((receiver) => sessionsWith(network, receiver));
  const started = [
    kind.start({ network, name: 'sender', ...SENDER, neighbors, originate }),
    ...receivers.map(({ kind: other, host, as }) =>
      other.start({ network, name: other.kind, host, as, neighbors: sessionsWith(network, SENDER) }),
    ),
  ];
  const [sender, ...others] = (await Promise.all(started)) as [Daemon, ...Daemon[]];
  t.teardown(async () => {
    await Promise.all([sender, ...others].map((daemon) => daemon.stop()));
    network.close();
  });

  let announced = originate;
  const allAgree = async () => {
    const expected = asReceived(announced, sender);
    for (const family of FAMILIES) {
      const neighbor = network.endpoint(SENDER.host, family === 'ipv4' ? 4 : 6).address;
      const part = new Map([...expected].filter(([prefix]) => prefix.includes(':') === (family === 'ipv6')));
      await Promise.all(others.map((other) => hasTable(other, family, neighbor, part)));
    }
  };
  await allAgree();
  const since = await sessionTimes(others, network);
  const logged = [sender, ...others].map((daemon) => daemon.log().length);

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

  for (const [name, time] of await sessionTimes(others, network))
    t.true(Math.abs(time - since.get(name)!) < 1500, `${name}: the session was up all the time`);
  for (const [i, daemon] of [sender, ...others].entries())
    t.deepEqual(daemon.troubles(logged[i]), [], `${daemon.kind}'s log`);
}

/** When each receiver's sessions were established; most daemons tell it to the second. */
async function sessionTimes(receivers: readonly Daemon[], network: Network): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const receiver of receivers) {
    for (const transport of [4, 6] as const) {
      const neighbor = network.endpoint(SENDER.host, transport).address;
      const { establishedAt } = await receiver.session(neighbor);
      times.set(`${receiver.kind} over IPv${transport}`, establishedAt);
    }
  }
  return times;
}

for (const kind of DAEMONS) {
  test.serial(`what ${kind.kind} announces, every other daemon is read to have`, async (t) => {
    const network = await openNetwork();
    const reason = kind.missing(network);
    if (reason !== undefined) {
      t.log(`skipped: ${reason}`);
      t.pass();
      return;
    }
    await sendsToAll(t, network, kind);
  });
}

test.serial('BIRD and FRR hold a session over ::1, from ports of their own', async (t) => {
  const network = loopbackNetwork();
  const reason = bird.missing(network) ?? frr.missing(network);
  if (reason !== undefined) {
    t.log(`skipped: ${reason}`);
    t.pass();
    return;
  }
  const [here, there] = [network.endpoint(1, 6), network.endpoint(2, 6)];
  const table = seededTable('ipv6', COUNT, 3);
  const [sender, receiver] = await Promise.all([
    bird.start({
      network,
      name: 'sender',
      ...SENDER,
      neighbors: [{ ...there, as: 65002, families: ['ipv6'] }],
      originate: table,
    }),
    frr.start({
      network,
      name: 'receiver',
      host: 2,
      as: 65002,
      neighbors: [{ ...here, as: SENDER.as, families: ['ipv6'], passive: true }],
    }),
  ]);
  t.teardown(async () => {
    await Promise.all([sender.stop(), receiver.stop()]);
    network.close();
  });
  await hasTable(receiver, 'ipv6', here.address, asReceived(table, sender));
  t.true((await sender.session(there.address)).established);
});
