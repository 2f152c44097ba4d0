/**
 * A confederation (RFC 5065) of graftd in one member AS and BIRD in another, with an internal BIRD and an FRR outside that
 * sees one AS.
 */
import test from 'ava';
import type { Bird } from './daemons/bird.ts';
import { bird, type Daemon, frr } from './daemons/index.ts';
import { Graftd } from './graftd.ts';
import { until } from './wait.ts';
import { networkFor } from './witness.ts';

const AS = 65_001;
const CONFEDERATION = 65_100;
const ROUTER = 10;
const MEMBER = [`confederation ${CONFEDERATION};`, 'confederation member yes;'];
const PLACES = [
  { kind: bird, host: 1, as: 65_002, sees: AS, lines: MEMBER, prefix: '10.1.0.0/24' },
  { kind: bird, host: 2, as: AS, sees: AS, lines: MEMBER, prefix: '10.2.0.0/24' },
  { kind: frr, host: 3, as: 64_999, sees: CONFEDERATION, lines: [], prefix: '10.3.0.0/24' },
];

test('member ASes count for nothing inside, and are one AS outside: BIRD and FRR', async (t) => {
  const network = await networkFor(t, bird, frr);
  if (network === undefined) return;
  const router = network.endpoint(ROUTER, 4);
  const daemons: Daemon[] = await Promise.all(
    PLACES.map(({ kind, host, as, sees, lines, prefix }) =>
      kind.start({
        network,
        name: `host${host}`,
        host,
        as,
        neighbors: [{ ...router, as: sees, families: ['ipv4'], passive: true, lines }],
        originate: [{ prefix }],
      }),
    ),
  );
  t.teardown(async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))));
  const graftd = await Graftd.start({
    network,
    name: 'graftd',
    host: ROUTER,
    as: AS,
    blades: 2,
    router: { confederation: { id: CONFEDERATION, members: [65_002] } },
    neighbors: PLACES.map(({ host, as }) => ({ ...network.endpoint(host, 4), as, families: ['ipv4'] })),
  });
  t.teardown(async () => void (await graftd.stop()));
  await graftd.allEstablished();
  const paths = (daemon: Daemon, ...expected: string[]) =>
    until(`${daemon.as} to have ${expected}`, async () => {
      const routes = await daemon.routes('ipv4', router.address);
      return (
        `${[...routes.values()].map(({ prefix, asPath }) => `${prefix} ${asPath}`.trim()).sort()}` ===
        `${expected}`
      );
    });
  const [member, inside, outside] = daemons as [Bird, Bird, Daemon];
  await paths(member, '10.2.0.0/24 (65001)', '10.3.0.0/24 (65001) 64999');
  await paths(inside, '10.1.0.0/24 (65002)', '10.3.0.0/24 64999');
  await paths(outside, '10.1.0.0/24 65100', '10.2.0.0/24 65100');
  t.regex(await member.ask('show route 10.3.0.0/24 all'), /BGP.local_pref: 100/);
});
