/**
 * Graceful restart with the daemons that know it (RFC 4724), both ways: a daemon that crashes and comes back is not missed
 * by who hears its routes from graftd; and graftd that crashes and comes back finds its routes kept.
 */
import type { SessionDetail } from '../../src/chassis/operations.ts';
import { lanes } from '../support/lanes.ts';
import { bird, exabgp, frr, gobgp, openbgpd, sessionsWith } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { type Announcement, asReceived, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

const COUNT = 300;
const ROUTER = { host: 10, as: 65000 };
const SENDER = { host: 1, as: 65001 };
const LISTENER = { host: 2, as: 65002 };

const routes: Announcement[] = FAMILIES.flatMap((family) =>
  Array.from({ length: COUNT }, (_, i) => ({ prefix: prefixAt(family, i) })),
);

const test = lanes(3);

for (const kind of [bird, frr, gobgp, exabgp]) {
  test(`${kind.kind} and graftd restart gracefully`, async (t) => {
    const network = await networkFor(t, kind, bird);
    if (network === undefined) return;
    const neighbors = sessionsWith(network, ROUTER).map((session) => ({ ...session, passive: false }));
    const options = { network, name: 'sender', ...SENDER, neighbors, originate: routes, graceful: true };
    let sender = await kind.start(options);
    const listener = await bird.start({ network, name: 'listener', ...LISTENER, neighbors, graceful: true });
    t.teardown(async () => void (await Promise.all([sender.stop(), listener.stop()])));
    // A daemon that has just started says End-of-RIB before it knows what it originates if it is called at once; and one
    // whose calls were refused waits longer and longer before it calls again.
    const box = (passive: boolean) => ({
      network,
      name: 'graftd',
      ...ROUTER,
      blades: 2,
      neighbors: [SENDER, LISTENER].flatMap((place) =>
        sessionsWith(network, place).map((session) => ({
          ...session,
          passive,
          'graceful-restart': 'full' as const,
        })),
      ),
    });
    let graftd = await Graftd.start(box(true));
    t.teardown(async () => void (await graftd.stop()));
    await graftd.allEstablished();
    const expected = asReceived(
      routes.map((route) => ({ ...route, asPath: [SENDER.as] })),
      graftd,
    );
    await hasTable(listener, network, ROUTER.host, expected);
    const addresses = sessionAddresses(network, ROUTER.host);
    const heard = async (): Promise<number> => {
      let updates = 0;
      for (const address of addresses) updates += (await listener.session(address)).updatesReceived;
      return updates;
    };
    const before = await heard();
    const witness = await Witness.of(listener, addresses);

    await sender.crash();
    const senders = sessionsWith(network, SENDER).map(({ address }) => address);
    await until('graftd to notice', async () =>
      (await graftd.sessions()).every(
        (row) => !senders.includes(row.neighbor) || row.state !== 'Established',
      ),
    );
    const stale = async (): Promise<boolean[]> =>
      Promise.all(
        senders.map(
          async (neighbor) =>
            (await graftd.client.call<SessionDetail>('show session', { neighbor })).stale !== undefined,
        ),
      );
    t.deepEqual(
      await stale(),
      senders.map(() => true),
    );
    sender = await kind.start(options);
    await graftd.allEstablished();
    await until('nothing to be stale', async () => (await stale()).every((each) => !each));
    await hasTable(listener, network, ROUTER.host, expected);
    t.is(await heard(), before, 'the listener heard of nothing');
    t.deepEqual(await witness.disturbances(), []);

    await graftd.crash();
    await until('the listener to notice', async () =>
      (await Promise.all(addresses.map((address) => listener.session(address)))).every(
        (view) => !view.established,
      ),
    );
    for (const family of FAMILIES) {
      const address = addresses.at(family === 'ipv6' ? -1 : 0) as string;
      t.is((await listener.routes(family, address)).size, COUNT, `${family} routes are kept`);
    }
    graftd = await Graftd.start(box(false));
    await graftd.allEstablished();
    await hasTable(listener, network, ROUTER.host, expected);
    t.regex(graftd.log(), /waiting for what 4 neighbours know|waiting for what 2 neighbours know/);
    await until('graftd to tell', () => /telling after [\d.]+ s\n/.test(graftd.log()));
  });
}

test('openbgpd, which does not restart gracefully itself, helps graftd to', async (t) => {
  const network = await networkFor(t, bird, openbgpd);
  if (network === undefined) return;
  const neighbors = sessionsWith(network, ROUTER).map((session) => ({ ...session, passive: false }));
  const sender = await bird.start({ network, name: 'sender', ...SENDER, neighbors, originate: routes });
  const listener = await openbgpd.start({ network, name: 'listener', ...LISTENER, neighbors });
  t.teardown(async () => void (await Promise.all([sender.stop(), listener.stop()])));
  const box = {
    network,
    name: 'graftd',
    ...ROUTER,
    blades: 2,
    neighbors: [SENDER, LISTENER].flatMap((place) =>
      sessionsWith(network, place).map((session) => ({
        ...session,
        passive: true,
        'graceful-restart': 'full' as const,
      })),
    ),
  };
  let graftd = await Graftd.start(box);
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();
  const told = routes.map((route) => ({ ...route, asPath: [SENDER.as] }));
  await hasTable(listener, network, ROUTER.host, asReceived(told, graftd));
  await graftd.crash();
  const addresses = sessionAddresses(network, ROUTER.host);
  await until('the listener to notice', async () =>
    (await Promise.all(addresses.map((address) => listener.session(address)))).every(
      (view) => !view.established,
    ),
  );
  for (const family of FAMILIES) {
    const address = addresses.at(family === 'ipv6' ? -1 : 0) as string;
    t.is((await listener.routes(family, address)).size, COUNT, `${family} routes are kept`);
  }
  graftd = await Graftd.start(box);
  await graftd.allEstablished();
  await hasTable(listener, network, ROUTER.host, asReceived(told, graftd));
});
