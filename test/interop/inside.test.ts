/**
 * Inside the AS, over IPv4 and IPv6, as OpenBGPD, GoBGP, BIRD and FRR see it: reflection (RFC 4456), several paths both ways (RFC 7911),
 * communities on their way, enhanced refreshes (RFC 7313) where they are known, and roles (RFC 9234) outside.
 */
import test from 'ava';
import type { SessionDetail } from '../../src/chassis/operations.ts';
import { bird, type Daemon, type DaemonKind, frr, gobgp, openbgpd, sessionsWith } from './daemons/index.ts';
import type { Announcement } from './routes.ts';
import { until } from './wait.ts';
import { endWith, FAMILIES, networkFor, sessionAddresses, startGraftd } from './witness.ts';

const AS = 65_000;
const ROUTER = 10;

/** By host: a prefix of each family that is its own alone, and one that both of those outside have. */
const own = (host: number, more: Partial<Announcement> = {}): Announcement[] => [
  { prefix: `10.${host}.0.0/24`, ...more },
  { prefix: `2001:db8:${host}00::/48`, ...more },
];
const BOTH = own(9);
const COMMUNITIES = { communities: ['65000:7', '65000:1:2'] };

interface Place {
  readonly kind: DaemonKind;
  readonly host: number;
  readonly as: number;
  readonly originate: readonly Announcement[];
  readonly lines?: readonly string[];
  readonly keys?: Readonly<Record<string, unknown>>;
}

const PATHS = ['announce add-path recv yes', 'announce add-path send all', 'announce enhanced refresh yes'];
const ALL_FAMILIES = FAMILIES.map((family) => `${family}-unicast`);

const PLACES: readonly Place[] = [
  {
    kind: openbgpd,
    host: 1,
    as: AS,
    originate: own(1, COMMUNITIES),
    lines: PATHS,
    keys: { 'route-reflector-client': true, 'add-path-receive': ALL_FAMILIES, 'add-path-send': ALL_FAMILIES },
  },
  { kind: gobgp, host: 2, as: AS, originate: own(2), keys: { 'route-reflector-client': true } },
  { kind: bird, host: 3, as: AS, originate: own(3) },
  {
    kind: openbgpd,
    host: 4,
    as: 65_004,
    originate: [...own(4), ...BOTH],
    lines: [...PATHS, 'announce policy customer enforce'],
    keys: { 'local-role': 'provider', 'role-strict': true, 'add-path-receive': ALL_FAMILIES },
  },
  {
    kind: bird,
    host: 5,
    as: 65_005,
    originate: BOTH,
    lines: ['local role customer;'],
    keys: { 'local-role': 'provider' },
  },
  { kind: frr, host: 6, as: AS, originate: [], keys: { 'route-reflector-client': true } },
  {
    kind: frr,
    host: 7,
    as: 65_007,
    originate: [],
    lines: ['local-role customer'],
    keys: { 'local-role': 'provider' },
  },
];

/** What it has of a prefix from the router, path by path, in its own words. */
async function held(daemon: Daemon, neighbor: string, prefix: string): Promise<string[]> {
  const entries = (await daemon.ask(`show rib neighbor ${neighbor} detail`)).split(
    'BGP routing table entry for ',
  );
  return entries.filter((entry) => entry.startsWith(`${prefix}\n`));
}

/** AS_PATH stands in the second line, where there is one. */
const pathOf = (entry: string): string => /^\S+\n +([\d ]*)\n/.exec(entry)?.[1]?.trim() ?? '';

test('OpenBGPD, GoBGP, BIRD and FRR inside the AS see what is reflected to them, and which paths there are', async (t) => {
  const network = await networkFor(t, bird, frr, gobgp, openbgpd);
  if (network === undefined) return;
  const daemons = new Map<number, Daemon>();
  const inside = sessionsWith(network, { host: ROUTER, as: AS });
  await Promise.all(
    PLACES.map(async ({ kind, host, as, originate, lines = [] }) => {
      // Those outside are each other's neighbours, too.
      const other = PLACES.find((place) => place.host === 9 - host && as !== AS);
      const neighbors = [
        ...inside.map((session) => ({ ...session, passive: true, lines })),
        ...(other === undefined ? [] : sessionsWith(network, other)),
      ];
      daemons.set(host, await kind.start({ network, name: `host${host}`, host, as, neighbors, originate }));
    }),
  );
  endWith(t, daemons.values());
  const graftd = await startGraftd(t, {
    network,
    host: ROUTER,
    as: AS,
    neighbors: PLACES.flatMap(({ host, as, keys = {} }) =>
      sessionsWith(network, { host, as }).map((session) => ({ ...session, keys })),
    ),
  });
  const routers = sessionAddresses(network, ROUTER);
  const [client, , , customer] = PLACES.map(({ host }) => daemons.get(host)!) as [
    Daemon,
    Daemon,
    Daemon,
    Daemon,
  ];

  // On plain loopback there is one session for both families, and few addresses that all take for next hops of IPv6.
  for (const [i, router] of routers.entries()) {
    const family = FAMILIES[i]!;
    const prefix = (host: number): string => own(host)[i]!.prefix;
    const paths = async (daemon: Daemon, of: string): Promise<string[]> =>
      (await held(daemon, router, of)).map(pathOf).sort();
    const has = (daemon: Daemon, of: string, expected: string[]) =>
      until(`${of} by ${expected.join(', ')}`, async () => `${await paths(daemon, of)}` === `${expected}`);

    // RFC 7911: what OpenBGPD has of two neighbours comes from it, and with the third one's goes to it.
    await has(client, prefix(9), ['65004', '65004 65005', '65005']);
    await has(client, prefix(4), ['65004', '65005 65004']);
    const ids = (await held(client, router, prefix(9))).map((entry) => /Path-Id: (\d+)/.exec(entry)?.[1]);
    t.is(new Set(ids).size, 3);

    // RFC 4456 8, 10: who told it first, by way of whom, and a next hop as it was.
    for (const host of [2, 3]) {
      await has(client, prefix(host), ['']);
      const [reflected] = await held(client, router, prefix(host));
      t.regex(reflected ?? '', new RegExp(`Originator Id: 10\\.77\\.0\\.${host}|Originator Id: 127\\.`));
      t.regex(reflected ?? '', /Cluster Id List: +\S+/);
    }
    // For GoBGP a next hop in 127/8 is a withdrawal.
    if (network.kind === 'namespace') {
      const table = await daemons.get(2)!.ask(`global rib ${prefix(1)} -a ${family}`);
      t.regex(table, /65000:7.*Originator: \S+\}.*ClusterList: \[\S+\].*65000:1:2/s);
    }

    // RFC 9234 5: the customer gets the mark, and communities come along.
    await has(customer, prefix(1), ['65000']);
    const [marked] = await held(customer, router, prefix(1));
    t.regex(marked ?? '', /Communities: 65000:7\n.*Large Communities: 65000:1:2\n.*OTC: 65000/s);
    t.regex(await customer.ask(`show neighbor ${router}`), /Open Policy role provider \(local customer\)/);

    // The same as BIRD, which is no client, and FRR, which is one, have it.
    const from = `Originator: \\S+, Cluster list: ${network.endpoint(ROUTER, 4).address}`;
    const frrHas = (host: number, pattern: RegExp): Promise<unknown> =>
      until(`FRR ${host} to have ${pattern}`, async () =>
        pattern.test(await daemons.get(host)!.ask(`show bgp ${family} unicast ${prefix(1)}`)),
      );
    const birdHas = (host: number, of: string, pattern: RegExp): Promise<unknown> =>
      until(`BIRD ${host} to have ${pattern}`, async () =>
        pattern.test(await daemons.get(host)!.ask(`show route ${of} all`)),
      );
    await birdHas(3, prefix(1), /BGP.originator_id: \S+\n\s*BGP.cluster_list: \S+/);
    await frrHas(6, new RegExp(from));
    // RFC 9234 5, too.
    await birdHas(5, prefix(1), /BGP.otc: 65000/);
    await frrHas(7, /otc 65000/i);
    t.regex(await daemons.get(7)!.ask(`show bgp neighbors ${router}`), /Remote Role: provider/);

    // RFC 7313: what it asks for comes between borders. It counts what it is asked, and repeats nothing that it has told.
    if (routers.length === 1) continue;
    const neighbor = network.endpoint(1, family === 'ipv4' ? 4 : 6).address;
    await client.ask(`neighbor ${router} refresh`);
    await graftd.client.call('refresh', { neighbor });
    const said = /Request +1 +1\n +Begin-of-RR +\d +1\n +End-of-RR +\d +1\n/;
    await until('the borders', async () => said.test(await client.ask(`show neighbor ${router}`)));
    const detail = await graftd.client.call<SessionDetail>('show session', { neighbor });
    t.like(detail, { routesReceived: 1, stale: undefined });
    t.is(detail.messagesReceived?.refreshes, 1);
  }
});
