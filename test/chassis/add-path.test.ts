/** ADD-PATH (RFC 7911) with a real chassis: what is agreed, what is kept, and what becomes of too many paths. */
import test from 'ava';
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { type Box, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const AS = 64931;
const PREFIX = '10.9.0.0/16';
const SENDS = { addPath: [{ afi: 1, safi: 1, mode: 2 as const }] };

const half = (value: number): number[] => [value >>> 8, value & 255];
const nlri = (path: number): number[] => [0, 0, 0, path, 16, 10, 9];

/** 10.9.0.0/16 by some paths, with an AS path of so many hops. */
function announce(paths: readonly number[], hops: number): Uint8Array {
  const path = [2, hops, ...new Array<number[]>(hops).fill([0, 0, ...half(AS)]).flat()];
  const attributes = [0x40, 1, 1, 0, 0x40, 2, path.length, ...path, 0x40, 3, 4, 192, 0, 2, 1];
  return update([0, 0, ...half(attributes.length), ...attributes, ...paths.flatMap(nlri)]);
}

function withdraw(paths: readonly number[]): Uint8Array {
  const routes = paths.flatMap(nlri);
  return update([...half(routes.length), ...routes, 0, 0]);
}

function update(body: readonly number[]): Uint8Array {
  return Uint8Array.from([...new Array<number>(16).fill(255), ...half(19 + body.length), 2, ...body]);
}

/** Path identifiers and hops of what came from a neighbour; the best one first. */
async function received(box: Box, address: string): Promise<[path: number, hops: number][]> {
  const rows: RouteRow[] = [];
  for await (const batch of box.operator.showReceived(address, {})) rows.push(...batch);
  const best = (row: RouteRow): number => (row.best ? 0 : 1);
  const byPath = rows.sort((a, b) => best(a) - best(b) || (a.path ?? -1) - (b.path ?? -1));
  return byPath.map((row) => [row.path ?? -1, row.asPath.split(' ').length]);
}

const receives = async (box: Box, address: string, routes: [number, number][]): Promise<void> =>
  until(
    `${JSON.stringify(routes)} of ${address}`,
    async () => JSON.stringify(await received(box, address)) === JSON.stringify(routes),
  );

test.serial('several paths of a prefix are kept, replaced and withdrawn by their identifiers', async (t) => {
  const address = '127.31.0.1';
  const box = await startBox(t, { neighbors: [{ address, as: AS, 'add-path-receive': ['ipv4-unicast'] }] });
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS, capabilities: SENDS });
  neighbour.send(announce([7, 3], 2), announce([9], 1));
  await receives(box, address, [
    [9, 1],
    [3, 2],
    [7, 2],
  ]);
  const session = await box.operator.showSession(address);
  t.true(session.agreed?.includes('ADD-PATH received (ipv4-unicast)'), String(session.agreed));
  t.is(session.routesReceived, 3);
  // They move together, and go on being known by their identifiers.
  await box.operator.graft(address, 1 - session.blade);
  neighbour.send(announce([3], 1), withdraw([9, 8]));
  await receives(box, address, [
    [3, 1],
    [7, 2],
  ]);
  neighbour.close();
  await receives(box, address, []);
});

test.serial('paths beyond the limit are refused, said and counted, and the others stay', async (t) => {
  const address = '127.31.0.2';
  const box = await startBox(t, {
    limits: { paths: 2 },
    neighbors: [{ address, as: AS, 'add-path-receive': ['ipv4-unicast'] }],
  });
  const neighbour = await RawNeighbour.served(box.port, address, { as: AS, capabilities: SENDS });
  neighbour.send(announce([1, 2, 3, 4], 1));
  await receives(box, address, [
    [1, 1],
    [2, 1],
  ]);
  await until('it is counted', async () => box.entry(address).limits.pathsRefused === 1);
  neighbour.send(withdraw([1]), announce([4], 3));
  await receives(box, address, [
    [2, 1],
    [4, 3],
  ]);
  t.true((await box.operator.showSession(address)).state === 'Established');
  neighbour.close();
});

test.serial('who does not agree on it is read without identifiers', async (t) => {
  const [ours, theirs] = ['127.31.0.3', '127.31.0.4'];
  const box = await startBox(t, {
    neighbors: [
      { address: ours, as: AS, 'add-path-receive': ['ipv4-unicast'] },
      { address: theirs, as: AS },
    ],
  });
  for (const address of [ours, theirs]) {
    const neighbour = await RawNeighbour.served(box.port, address, {
      as: AS,
      ...(address === theirs ? { capabilities: SENDS } : {}),
    });
    const attributes = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, ...half(AS), 0x40, 3, 4, 192, 0, 2, 1];
    neighbour.send(update([0, 0, ...half(attributes.length), ...attributes, 16, 10, 9]));
    await receives(box, address, [[-1, 1]]);
    const rows: RouteRow[] = [];
    for await (const batch of box.operator.showReceived(address, {})) rows.push(...batch);
    t.is(rows[0]?.prefix, PREFIX);
    t.is(box.entry(address).configuration.pathsReceived, address === ours ? FAMILY_IPV4 : 0);
    neighbour.close();
  }
});

test.serial(
  'a neighbour is told all paths, or the best so many, and what the router itself originates',
  async (t) => {
    const [first, second, all, one] = ['127.31.0.5', '127.31.0.6', '127.31.0.7', '127.31.0.8'];
    const told = { as: AS + 1, 'add-path-send': ['ipv4-unicast'], 'default-originate': true };
    const box = await startBox(t, {
      neighbors: [
        { address: first, as: AS },
        { address: second, as: AS, 'add-path-receive': ['ipv4-unicast'] },
        { address: all, ...told },
        { address: one, ...told, 'add-path-most': 1 },
      ],
    });
    const neighbours = await Promise.all(
      [first, second, all, one].map((address) => RawNeighbour.dial(box.port, address)),
    );
    const [a, b, c, d] = neighbours as [RawNeighbour, RawNeighbour, RawNeighbour, RawNeighbour];
    const takes = { addPath: [{ afi: 1, safi: 1, mode: 1 as const }] };
    await a.establish({ as: AS });
    await b.establish({ as: AS, capabilities: SENDS });
    await c.establish({ as: AS + 1, capabilities: takes });
    await d.establish({ as: AS + 1, capabilities: takes });
    const attributes = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, ...half(AS), 0x40, 3, 4, 192, 0, 2, 1];
    a.send(update([0, 0, ...half(attributes.length), ...attributes, 16, 10, 9]));
    b.send(announce([1, 2], 2));
    const hops = async (address: string): Promise<string> => {
      const rows: RouteRow[] = [];
      for await (const batch of box.operator.showAdvertised(address, {})) rows.push(...batch);
      t.is(new Set(rows.map(({ prefix, path }) => `${prefix} ${path}`)).size, rows.length);
      return rows.map(({ prefix, asPath }) => `${prefix} ${asPath.split(' ').length}`).join(', ');
    };
    const becomes = (address: string, what: string): Promise<void> =>
      until(`${what} to ${address}`, async () => (await hops(address)) === what);
    await becomes(all, `0.0.0.0/0 1, ${PREFIX} 2, ${PREFIX} 3, ${PREFIX} 3`);
    await becomes(one, `0.0.0.0/0 1, ${PREFIX} 2`);
    a.send(update([0, 3, 16, 10, 9, 0, 0]));
    await becomes(all, `0.0.0.0/0 1, ${PREFIX} 3, ${PREFIX} 3`);
    await becomes(one, `0.0.0.0/0 1, ${PREFIX} 3`);
    t.true((await box.operator.showSession(all)).agreed?.includes('ADD-PATH sent (ipv4-unicast)'));
    for (const neighbour of neighbours) neighbour.close();
  },
);
