/** The recipes of examples/: each runs as it stands, and what it promises at its head is so, as BIRDs around it see it. */
import path from 'node:path';
import test from 'ava';
import { summarise } from '../../src/mrt/summary.ts';
import { RECIPE_AS, startCache, startRecipe } from './recipe.ts';

test.serial(
  'a route server tells members the routes of others as they came, and to whom they are meant',
  async (t) => {
    const A = 11;
    const B = 12;
    const C = 13;
    const both = [4, 6] as const;
    const recipe = await startRecipe(t, 'route-server', [
      {
        host: A,
        as: 64_501,
        transports: both,
        lines: ['local role rs_client;'],
        originate: [
          { prefix: '198.51.100.0/24', med: 30, communities: ['64501:7'] },
          { prefix: '198.18.1.0/24', communities: ['0:64502'] },
          { prefix: '198.18.2.0/24', communities: ['0:64500', '64500:64503'] },
          { prefix: '198.18.200.0/24', communities: ['0:64503'] },
          { prefix: '198.18.3.0/24', asPath: [64_505, 3356] },
          { prefix: '198.18.4.0/25' },
          { prefix: '10.0.0.0/8' },
          { prefix: '0.0.0.0/0' },
          // Of another member.
          { prefix: '203.0.113.0/24' },
          { prefix: '2001:db8:a::/48', asPath: [64_505] },
          { prefix: '2001:db8:a:1::/64' },
        ],
      },
      {
        host: B,
        as: 64_502,
        transports: both,
        originate: [
          { prefix: '203.0.113.0/24', med: 5 },
          { prefix: '198.18.200.0/24', asPath: [64_505] },
          { prefix: '2001:db8:b::/48' },
        ],
      },
      { host: C, as: 64_503, originate: [{ prefix: '198.19.0.0/16', communities: ['64503:1'] }] },
    ]);
    if (recipe === undefined) return;
    await recipe.settled(5, 15);
    const ofA = {
      prefix: '198.51.100.0/24',
      asPath: '64501',
      nextHop: recipe.address(A),
      med: 30,
      communities: ['64501:7'],
    };
    const ofA6 = { prefix: '2001:db8:a::/48', asPath: '64501 64505', nextHop: recipe.address(A, 6) };
    const ofB = { prefix: '203.0.113.0/24', asPath: '64502', nextHop: recipe.address(B), med: 5 };
    const ofB6 = { prefix: '2001:db8:b::/48', asPath: '64502', nextHop: recipe.address(B, 6) };
    const ofC = { prefix: '198.19.0.0/16', asPath: '64503', communities: ['64503:1'] };
    // The best route of this one is A's own, and not for C: both are told the other one (RFC 7947 2.3.2.1).
    const behind = { prefix: '198.18.200.0/24', asPath: '64502 64505', nextHop: recipe.address(B) };
    await recipe.tells(A, [ofB, behind, ofC, ofB6]);
    await recipe.tells(B, [ofA, { prefix: '198.18.200.0/24', asPath: '64501' }, ofC, ofA6]);
    // The first of them is not for B, the second for C only; C need not know that.
    const named = ['198.18.1.0/24', '198.18.2.0/24'].map((prefix) => ({ prefix, communities: [] }));
    await recipe.tells(C, [ofA, ofB, behind, ...named]);
    t.is(await recipe.stop(), 0);
  },
);

test.serial(
  'between two transits nothing goes through, and customers get and give what is theirs',
  async (t) => {
    const [T1, T2, A, B] = [11, 12, 21, 22] as const;
    const both = [4, 6] as const;
    const recipe = await startRecipe(t, 'two-transits', [
      {
        host: T1,
        as: 64_496,
        transports: both,
        lines: ['local role provider;'],
        originate: [
          { prefix: '1.0.0.0/24', asPath: [13_335] },
          // As if a customer had told it.
          { prefix: '1.1.0.0/24', asPath: [3356], communities: ['64500:100', '64496:1'] },
          { prefix: '2400::/32', asPath: [13_335] },
          { prefix: '192.168.0.0/24' },
          { prefix: '0.0.0.0/0' },
          { prefix: '198.51.100.128/25' },
          { prefix: '198.51.100.0/24', asPath: [666] },
          { prefix: '2.0.0.0/24', asPath: [64_999] },
          { prefix: 'fd00::/32' },
        ],
      },
      {
        host: T2,
        as: 64_497,
        originate: [
          { prefix: '1.0.0.0/24' },
          { prefix: '1.2.0.0/24', asPath: [3356] },
          // Customer A is to be reached by its own line.
          { prefix: '203.0.113.0/24', asPath: [64_501] },
        ],
      },
      {
        host: A,
        as: 64_501,
        transports: both,
        lines: ['local role customer;'],
        originate: [
          { prefix: '203.0.113.0/24', asPath: [64_504], med: 7, communities: ['64501:1'] },
          { prefix: '2001:db8:a::/48' },
          // Not its own; and what another transit told it.
          { prefix: '198.18.0.0/16' },
          { prefix: '1.3.0.0/24', asPath: [3356, 13_335] },
        ],
      },
      {
        host: B,
        as: 64_502,
        originate: [{ prefix: '198.18.0.0/16' }, { prefix: '198.19.0.0/24', communities: ['64500:80'] }],
      },
    ]);
    if (recipe === undefined) return;
    await recipe.settled(6, 18);
    const own = { prefix: '198.51.100.0/24', asPath: `${RECIPE_AS}` };
    const own6 = { prefix: '2001:db8:100::/48', asPath: `${RECIPE_AS}` };
    const ofA = {
      prefix: '203.0.113.0/24',
      asPath: `${RECIPE_AS} 64501 64504`,
      med: undefined,
      communities: ['64501:1'],
    };
    const ofA6 = { prefix: '2001:db8:a::/48', asPath: `${RECIPE_AS} 64501` };
    const ofB = ['198.18.0.0/16', '198.19.0.0/24'].map((prefix) => ({
      prefix,
      asPath: `${RECIPE_AS} 64502`,
    }));
    await recipe.tells(T1, [own, own6, ofA, ofA6, ...ofB]);
    await recipe.tells(T2, [own, ofA, ...ofB]);
    const outside = [
      // By transit 1, though the path by transit 2 is shorter.
      { prefix: '1.0.0.0/24', asPath: `${RECIPE_AS} 64496 13335`, communities: ['64500:300'] },
      { prefix: '1.1.0.0/24', communities: ['64496:1', '64500:300'] },
      { prefix: '1.2.0.0/24', asPath: `${RECIPE_AS} 64497 3356` },
    ];
    const outside6 = { prefix: '2400::/32', asPath: `${RECIPE_AS} 64496 13335` };
    await recipe.tells(A, [own, own6, ...ofB, ...outside, outside6]);
    await recipe.tells(B, [own, { ...ofA, communities: ['64500:100', '64501:1'] }, ...outside]);

    // What the RPKI says against is withdrawn as soon as it says so.
    const roas = [
      { prefix: '1.0.0.0/24', maxLength: 24, asn: 'AS13335' },
      { prefix: '1.2.0.0/24', maxLength: 24, asn: 'AS13335' },
    ];
    if (startCache(t, recipe.network, '192.0.2.50', roas)) {
      const valid = outside.filter(({ prefix }) => prefix !== '1.2.0.0/24');
      await recipe.tells(A, [own, own6, ...ofB, ...valid, outside6]);
    } else t.log('skipped: stayrtr is not installed');
    t.is(await recipe.stop(), 0);
  },
);

test.serial('a reflector tells clients everything, and what others told to clients only', async (t) => {
  const [OTHER, NEAR, FAR, LOST] = [2, 130, 200, 201] as const;
  const edge = { as: RECIPE_AS, families: ['ipv4', 'ipv6'] as const };
  const addPath = ['add paths rx;'];
  const recipe = await startRecipe(t, 'reflector', [
    {
      ...edge,
      host: OTHER,
      // Of an edge that talks to that one only.
      familyLines: ['next hop address 192.0.2.199;'],
      families: ['ipv4'],
      originate: [
        { prefix: '20.3.0.0/24', asPath: [64_505] },
        { prefix: '20.4.0.0/24', asPath: [64_505] },
      ],
    },
    {
      ...edge,
      host: NEAR,
      familyLines: addPath,
      originate: [
        { prefix: '20.1.0.0/24', asPath: [64_506] },
        { prefix: '20.4.0.0/24', asPath: [64_506] },
        { prefix: '2400::/32', asPath: [64_506] },
      ],
    },
    {
      ...edge,
      host: FAR,
      familyLines: addPath,
      originate: [
        { prefix: '20.2.0.0/24', asPath: [64_507] },
        { prefix: '20.4.0.0/24', asPath: [64_507] },
      ],
    },
    {
      host: LOST,
      as: RECIPE_AS,
      familyLines: ['next hop address 203.0.113.1;'],
      originate: [{ prefix: '20.5.0.0/24' }],
    },
  ]);
  if (recipe === undefined) return;
  await recipe.settled(4, 8);
  const near = { prefix: '20.1.0.0/24', asPath: '64506', nextHop: recipe.address(NEAR) };
  const near6 = { prefix: '2400::/32', asPath: '64506' };
  const far = { prefix: '20.2.0.0/24', asPath: '64507', nextHop: recipe.address(FAR) };
  const other = { prefix: '20.3.0.0/24', asPath: '64505', nextHop: '192.0.2.199' };
  const best = { prefix: '20.4.0.0/24', nextHop: recipe.address(NEAR) };
  // The one whose next hop nobody reaches is told to nobody; reflector 2 is told what clients told.
  await recipe.tells(OTHER, [near, far, best]);
  await recipe.tells(NEAR, [far, other, { prefix: '20.4.0.0/24', nextHop: other.nextHop }]);
  await recipe.tells(FAR, [near, near6, other, { prefix: '20.4.0.0/24' }]);
  await recipe.tells(LOST, [near, far, other, best]);
  const nextHops = async (host: number, prefix: string): Promise<string[]> => {
    const text = await recipe.bird(host).ask(`show route ${prefix} all protocol n0`);
    return [...text.matchAll(/BGP.next_hop: (\S+)/g)].map(([, address]) => address as string).sort();
  };
  t.deepEqual(await nextHops(FAR, best.prefix), [best.nextHop, other.nextHop], 'two of three paths');
  const reflected = await recipe.bird(FAR).ask(`show route ${near.prefix} all protocol n0`);
  t.regex(reflected, new RegExp(`originator_id: ${near.nextHop}`));
  t.regex(reflected, /cluster_list: 192\.0\.2\.1/);
  t.is(await recipe.stop(), 0);
});

test.serial('a collector takes everything, tells nobody anything, and writes it all as MRT', async (t) => {
  const recipe = await startRecipe(t, 'collector', [
    {
      host: 11,
      as: 64_501,
      transports: [4, 6],
      originate: [
        { prefix: '0.0.0.0/0' },
        { prefix: '10.0.0.0/8', asPath: [64_510] },
        { prefix: '20.0.0.0/24', asPath: [RECIPE_AS, 3356] },
        { prefix: '2400::/32' },
      ],
    },
    { host: 12, as: 64_502, originate: [{ prefix: '10.0.0.0/8' }, { prefix: '20.1.0.0/32' }] },
    { host: 140, as: 64_503, originate: [{ prefix: '10.0.0.0/8' }] },
  ]);
  if (recipe === undefined) return;
  await recipe.settled(4, 7);
  const file = path.join(recipe.network.folder, 'rib.mrt.gz');
  await recipe.client.call('dump mrt', { file });
  const { entries, prefixes, peers } = await summarise(file);
  t.deepEqual([entries, prefixes.ipv4, prefixes.ipv6, peers], [7, 4, 1, 4]);
  for (const host of [11, 12, 140]) t.is((await recipe.told(host)).size, 0);
  for (const { routesAdvertised, neighbor } of await recipe.sessions()) t.is(routesAdvertised, 0, neighbor);
  t.is(await recipe.stop(), 0);
});
