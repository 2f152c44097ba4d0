/**
 * graftd as a neighbour of every daemon at once, small: BIRD, FRR, GoBGP and OpenBGPD each announce routes of
 * their own and hear all the others', with every attribute as it has to be. Towards IPv4 addresses graftd
 * connects and the daemons wait; towards IPv6 addresses it is the other way round.
 */
import test from 'ava';
import { DAEMONS, type Daemon, type DaemonKind, sessionsWith } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { type Announcement, asReceived, prefixAt } from './routes.ts';
import { FAMILIES, hasTable, networkFor, sessionAddresses, Witness } from './witness.ts';

const COUNT = 300;
const ROUTER = { host: 10, as: 65000 };

/** Routes that only this daemon has; the few attribute sets are for FRR's sake. */
function routesOf(place: number, kind: DaemonKind): Announcement[] {
  return FAMILIES.flatMap((family) =>
    Array.from({ length: COUNT }, (_, i) => ({
      prefix: prefixAt(family, place * 1000 + i),
      ...(kind.freePaths && i % 3 > 0 ? { asPath: [4_200_000_000 + place, 64_496] } : {}),
      ...(i % 3 > 1 ? { communities: ['65001:7', '65001:1000', '4200000000:1:2'] } : {}),
    })),
  );
}

test('graftd gives every daemon the routes of all the others', async (t) => {
  const network = await networkFor(t);
  if (network === undefined) return;
  const present = DAEMONS.filter((kind) => {
    const reason = kind.missing(network);
    if (reason !== undefined) t.log(`skipped: ${reason}`);
    return reason === undefined;
  });
  const places = present.map((kind, i) => ({ kind, host: 1 + i, as: 65001 + i, routes: routesOf(i, kind) }));
  const daemons: Daemon[] = await Promise.all(
    places.map(({ kind, host, as, routes }) => {
      const neighbors = sessionsWith(network, ROUTER).map((session) => ({
        ...session,
        passive: !session.address.includes(':'),
      }));
      return kind.start({ network, name: kind.kind, host, as, neighbors, originate: routes });
    }),
  );
  t.teardown(async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))));
  const neighbors = places.flatMap((place) =>
    sessionsWith(network, place).map((session) => ({ ...session, passive: session.address.includes(':') })),
  );
  const graftd = await Graftd.start({ network, name: 'graftd', ...ROUTER, blades: 2, neighbors });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();

  for (const [i, daemon] of daemons.entries()) {
    const others = places.filter((_, k) => k !== i);
    const passedOn = others.flatMap(({ as, routes }) =>
      routes.map((route) => ({ ...route, asPath: [as, ...(route.asPath ?? [])] })),
    );
    await hasTable(daemon, network, ROUTER.host, asReceived(passedOn, graftd));
  }
  const witnesses = await Promise.all(
    daemons.map((daemon) => Witness.of(daemon, sessionAddresses(network, ROUTER.host))),
  );
  for (const witness of witnesses) t.deepEqual(await witness.disturbances(), []);

  // At the end it says Cease to all (RFC 4486), and they take it for what it is.
  t.is(await graftd.stop(), 0, graftd.log());
  for (const daemon of daemons)
    for (const neighbor of sessionAddresses(network, ROUTER.host))
      t.false((await daemon.session(neighbor)).established, `${daemon.kind} heard the Cease`);
});
