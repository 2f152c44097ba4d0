/**
 * A confederation (RFC 5065) of graftd in one member AS and BIRD, FRR and GoBGP in others, with an internal BIRD and an FRR outside that
 * sees one AS; over IPv4 and IPv6.
 */
import test from 'ava';
import type { Bird } from './daemons/bird.ts';
import { bird, type Daemon, frr, gobgp, sessionAddress, sessionsWith } from './daemons/index.ts';
import type { Family } from './routes.ts';
import { until } from './wait.ts';
import { endWith, FAMILIES, networkFor, startGraftd } from './witness.ts';

const AS = 65_001;
const CONFEDERATION = 65_100;
const ROUTER = 10;
const MEMBER = [`confederation ${CONFEDERATION};`, 'confederation member yes;'];
const FRR_MEMBER = [
  `bgp confederation identifier ${CONFEDERATION}`,
  `bgp confederation peers ${AS} 65002 65004`,
];
const GOBGP_MEMBER = [
  '[global.confederation.config]',
  'enabled = true',
  `identifier = ${CONFEDERATION}`,
  `member-as-list = [${AS}, 65002, 65003]`,
];
const ALL = [
  { kind: bird, host: 1, as: 65_002, sees: AS, lines: MEMBER },
  { kind: bird, host: 2, as: AS, sees: AS, lines: MEMBER },
  { kind: frr, host: 3, as: 64_999, sees: CONFEDERATION, lines: [] },
  { kind: frr, host: 4, as: 65_003, sees: AS, lines: [], routerLines: FRR_MEMBER },
  { kind: gobgp, host: 5, as: 65_004, sees: AS, lines: [], routerLines: GOBGP_MEMBER },
];
const prefixOf = (family: Family, host: number): string =>
  family === 'ipv4' ? `10.${host}.0.0/24` : `2001:db8:${host}00::/48`;

test('member ASes count for nothing inside, and are one AS outside: BIRD, FRR and GoBGP', async (t) => {
  const network = await networkFor(t, bird, frr, gobgp);
  if (network === undefined) return;
  // GoBGP takes no next hops in 127/8.
  const PLACES = network.kind === 'loopback' ? ALL.slice(0, 4) : ALL;
  const daemons: Daemon[] = await Promise.all(
    PLACES.map(({ kind, host, as, sees, lines, routerLines = [] }) =>
      kind.start({
        network,
        name: `host${host}`,
        host,
        as,
        routerLines,
        neighbors: sessionsWith(network, { host: ROUTER, as: sees }).map((session) => ({
          ...session,
          passive: true,
          lines,
        })),
        originate: FAMILIES.map((family) => ({ prefix: prefixOf(family, host) })),
      }),
    ),
  );
  endWith(t, daemons);
  await startGraftd(t, {
    network,
    host: ROUTER,
    as: AS,
    router: { confederation: { id: CONFEDERATION, members: [65_002, 65_003, 65_004] } },
    neighbors: PLACES.flatMap(({ host, as }) => sessionsWith(network, { host, as })),
  });
  const [member, inside, outside, another, last] = daemons as [Bird, Bird, Daemon, Daemon, Daemon?];
  /** By host: the path of its route. */
  const paths = async (daemon: Daemon, expected: Readonly<Record<number, string>>): Promise<void> => {
    for (const family of FAMILIES) {
      const wanted = Object.entries(expected).map(
        ([host, path]) => `${prefixOf(family, Number(host))} ${path}`,
      );
      await until(`${daemon.kind} in ${daemon.as} to have ${wanted}`, async () => {
        const routes = await daemon.routes(family, sessionAddress(network, ROUTER, family));
        const found = [...routes.values()].map(({ prefix, asPath }) => `${prefix} ${asPath}`.trim()).sort();
        return `${found}` === `${wanted}`;
      });
    }
  };
  const of5 = (path: string): Record<number, string> => (last === undefined ? {} : { 5: path });
  await paths(member, { 2: '(65001)', 3: '(65001) 64999', 4: '(65001 65003)', ...of5('(65001 65004)') });
  await paths(inside, { 1: '(65002)', 3: '64999', 4: '(65003)', ...of5('(65004)') });
  await paths(outside, { 1: '65100', 2: '65100', 4: '65100', ...of5('65100') });
  // FRR's own list of a neighbour's routes leaves the brackets out.
  await paths(another, { 1: '65001 65002', 2: '65001', 3: '65001 64999', ...of5('65001 65004') });
  if (last !== undefined) {
    await paths(last, { 1: '65001 65002', 2: '65001', 3: '65001 64999', 4: '65001 65003' });
    for (const family of FAMILIES)
      t.regex(
        await last.ask(`global rib -a ${family}`),
        / \(65001 65002\) .*\n.* \(65001\) .*\n.* \(65001\) 64999 /,
      );
  }
  for (const family of FAMILIES)
    t.regex(await another.ask(`show bgp ${family} unicast`), /\(65001 65002\) i\n.*\(65001\) 64999 i\n/s);
  t.regex(await member.ask('show route 10.3.0.0/24 all'), /BGP.local_pref: 100/);
});
