/**
 * ExaBGP as a client of a route reflector (RFC 4456), with several paths both ways (RFC 7911) and communities on their way, over IPv4 and
 * IPv6: what it hears, message by message, and what becomes of what it says.
 */
import test from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import type { ExaBgp } from './daemons/exabgp.ts';
import { bird, type Daemon, exabgp, sessionAddress, sessionsWith } from './daemons/index.ts';
import type { Family } from './routes.ts';
import { until } from './wait.ts';
import { endWith, FAMILIES, networkFor, startGraftd } from './witness.ts';

const AS = 65_000;
const ROUTER = { host: 10, as: AS };
const CLIENT = { host: 1, as: AS };
const INSIDE = { host: 2, as: AS };
const OUTSIDE = [
  { host: 3, as: 65_003 },
  { host: 4, as: 65_004 },
];
const COMMUNITIES = ['65000:1:2', '65000:7'];
const prefixOf = (family: Family, number: number): string =>
  family === 'ipv4' ? `10.${number}.0.0/24` : `2001:db8:${number}00::/48`;
/** What the client tells by two paths; the one inside alone; and both outside. */
const [ITS, INNER, BOTH] = [1, 2, 9] as const;

test('ExaBGP hears what is reflected to it and which paths there are, and its own paths are reflected', async (t) => {
  const network = await networkFor(t, bird, exabgp);
  if (network === undefined) return;
  const inner = sessionsWith(network, ROUTER).map((session) => ({ ...session, passive: true }));
  const start = (place: { host: number; as: number }, number: number): Promise<Daemon> =>
    bird.start({
      network,
      name: `host${place.host}`,
      ...place,
      neighbors: inner,
      originate: FAMILIES.map((family) => ({ prefix: prefixOf(family, number), communities: COMMUNITIES })),
    });
  const birds = await Promise.all([start(INSIDE, INNER), ...OUTSIDE.map((place) => start(place, BOTH))]);
  const hop = (family: Family): string => network.endpoint(CLIENT.host, family === 'ipv4' ? 4 : 6).address;
  const path = (family: Family, id: number): string =>
    `route ${prefixOf(family, ITS)} next-hop ${hop(family)} path-information 0.0.0.${id} as-path [ 6450${id} ];`;
  const client = (await exabgp.start({
    network,
    name: 'client',
    ...CLIENT,
    neighbors: sessionsWith(network, ROUTER).map((session) => ({
      ...session,
      familyLines: ['add-path send/receive;'],
      lines: [
        `add-path { ${session.families.map((family) => `${family} unicast;`).join(' ')} }`,
        `static { ${session.families.flatMap((family) => [path(family, 1), path(family, 2)]).join(' ')} }`,
      ],
    })),
  })) as ExaBgp;
  endWith(t, [client, ...birds]);
  const families = FAMILIES.map((family) => `${family}-unicast`);
  const graftd = await startGraftd(t, {
    network,
    ...ROUTER,
    neighbors: [
      ...sessionsWith(network, CLIENT).map((session) => ({
        ...session,
        passive: true,
        keys: {
          'route-reflector-client': true,
          'add-path-receive': families,
          'add-path-send': families,
        },
      })),
      ...[INSIDE, ...OUTSIDE].flatMap((place) => sessionsWith(network, place)),
    ],
  });

  for (const family of FAMILIES) {
    const router = sessionAddress(network, ROUTER.host, family);
    const heard = (number: number) =>
      client.paths(router).filter(({ prefix }) => prefix === prefixOf(family, number));
    // From both of those outside, each with an identifier of its own.
    await until('two paths', () => heard(BOTH).length === 2);
    t.deepEqual(
      heard(BOTH)
        .map(({ asPath }) => asPath)
        .sort(),
      OUTSIDE.map(({ as }) => String(as)),
    );
    t.is(new Set(heard(BOTH).map(({ path: id }) => id)).size, 2);
    t.deepEqual(heard(BOTH)[0]?.originator, undefined);
    // Reflected: who told it first, by way of whom.
    await until('what is reflected', () => heard(INNER).length === 1);
    t.like(heard(INNER)[0], {
      asPath: '',
      originator: network.endpoint(INSIDE.host, 4).address,
      clusters: [network.endpoint(ROUTER.host, 4).address],
      communities: COMMUNITIES,
    });
    // Its own paths: both are here, and the best one is reflected.
    const neighbor = sessionAddress(network, CLIENT.host, family);
    const its = async (): Promise<string[]> => {
      const rows: RouteRow[] = [];
      for await (const batch of graftd.client.stream<RouteRow>('show received', { neighbor }))
        rows.push(...batch);
      const mine = rows.filter(({ prefix }) => prefix === prefixOf(family, ITS));
      return mine.map(({ path: id, asPath }) => `${id} ${asPath}`).sort();
    };
    await until('both paths', async () => (await its()).length === 2);
    t.deepEqual(await its(), ['1 64501', '2 64502']);
    const originator = `BGP.originator_id: ${network.endpoint(CLIENT.host, 4).address}`;
    await until('the best one is reflected', async () =>
      (await birds[0]!.ask(`show route ${prefixOf(family, ITS)} all`)).includes(originator),
    );
  }
});
