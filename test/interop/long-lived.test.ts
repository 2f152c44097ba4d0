/**
 * Long-lived graceful restart (RFC 9494) with the daemons that know it: one crashes and does not come back within its restart time.
 * BIRD, which knows what that means, is told its routes with LLGR_STALE; OpenBGPD, which does not, loses them. Then it comes back.
 */
import type { SessionDetail } from '../../src/chassis/operations.ts';
import { lanes } from '../support/lanes.ts';
import { bird, gobgp, openbgpd, sessionsWith } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { type Announcement, asReceived, prefixAt } from './routes.ts';
import { until } from './wait.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

const COUNT = 200;
const ROUTER = { host: 10, as: 65000 };
const SENDER = { host: 1, as: 65001 };
const KNOWS = { host: 2, as: 65002 };
const PLAIN = { host: 3, as: 65003 };
const LLGR_STALE = '65535:6';
const NO_LLGR = '65535:7';

/** The first ones say that they are not to be kept. */
const NOT_KEPT = 10;
const routes: Announcement[] = FAMILIES.flatMap((family) =>
  Array.from({ length: COUNT }, (_, i) => ({
    prefix: prefixAt(family, i),
    ...(i < NOT_KEPT ? { communities: [NO_LLGR] } : {}),
  })),
);

const test = lanes(2);

for (const kind of [bird, gobgp]) {
  test(`the routes of a ${kind.kind} that stays away are the last choice, and told as that`, async (t) => {
    const network = await networkFor(t, kind, bird, openbgpd);
    if (network === undefined) return;
    const neighbors = sessionsWith(network, ROUTER).map((session) => ({ ...session, passive: false }));
    const long = { graceful: true, restartTime: 3, longLived: 600 };
    const options = { network, name: 'sender', ...SENDER, neighbors, originate: routes, ...long };
    let sender = await kind.start(options);
    const knows = await bird.start({ network, name: 'knows', ...KNOWS, neighbors, ...long });
    const plain = await openbgpd.start({ network, name: 'plain', ...PLAIN, neighbors });
    t.teardown(async () => void (await Promise.all([sender.stop(), knows.stop(), plain.stop()])));
    const graftd = await Graftd.start({
      network,
      name: 'graftd',
      ...ROUTER,
      blades: 2,
      neighbors: [SENDER, KNOWS, PLAIN].flatMap((place) =>
        sessionsWith(network, place).map((session) => ({
          ...session,
          passive: true,
          'long-lived-stale-time': 3600,
        })),
      ),
    });
    t.teardown(async () => void (await graftd.stop()));
    await graftd.allEstablished();
    const told = routes.map((route) => ({ ...route, asPath: [SENDER.as] }));
    for (const listener of [knows, plain])
      await hasTable(listener, network, ROUTER.host, asReceived(told, graftd));
    const addresses = sessionAddresses(network, ROUTER.host);
    const witnesses = await Promise.all([knows, plain].map((each) => Witness.of(each, addresses)));

    await sender.crash();
    const neighbor = sessionAddresses(network, SENDER.host)[0] as string;
    const { stale } = await until('its restart time to be over', async () => {
      const detail = await graftd.client.call<SessionDetail>('show session', { neighbor });
      return detail.stale?.longLived === undefined ? undefined : detail;
    });
    t.true((stale?.seconds ?? 0) > 300 && (stale?.seconds ?? 0) <= 600, 'as long as the neighbour says');
    const kept = told
      .filter(({ communities }) => communities === undefined)
      .map((route) => ({ ...route, communities: [LLGR_STALE] }));
    await hasTable(knows, network, ROUTER.host, asReceived(kept, graftd));
    await hasTable(plain, network, ROUTER.host, new Map());
    t.regex(graftd.log(), /not back in time: its ipv[46]-unicast routes are kept for 600 s more/);

    sender = await kind.start(options);
    await graftd.allEstablished();
    for (const listener of [knows, plain])
      await hasTable(listener, network, ROUTER.host, asReceived(told, graftd));
    for (const witness of witnesses) t.deepEqual(await witness.disturbances(), []);
  });
}
