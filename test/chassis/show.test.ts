/** What `show routes` owes to everybody else: order without a table in memory, and turns for the rest of the chassis. */
import test from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { type Box, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';
import { announcing } from './support/updates.ts';

const NEIGHBORS = [
  { address: '127.22.0.1', as: 64501 },
  { address: '127.22.0.2', as: 64502 },
] as const;
const V4 = 30_000;
const V6 = 8000;

async function fullBox(t: Parameters<typeof startBox>[0]): Promise<Box> {
  const families = ['ipv4-unicast', 'ipv6-unicast'] as const;
  const box = await startBox(t, { neighbors: NEIGHBORS.map((neighbor) => ({ ...neighbor, families })) });
  const table = generateTable({ seed: 5, ipv4: V4, ipv6: V6 });
  for (const { address, as } of NEIGHBORS) {
    const speaker = await box.speaker(address, as, { families });
    await speaker.up();
    await speaker.send(
      encodeFeed(routesFor(table, { neighborAs: as, nextHop: address, seed: as }), { seed: as }),
    );
  }
  await until('all routes are there', async () =>
    (await box.operator.showSessions()).every(({ routesReceived }) => routesReceived === V4 + V6),
  );
  return box;
}

/** A prefix as a number to sort by: family, address, length. */
function orderOf(prefix: string): bigint {
  const [address = '', length = ''] = prefix.split('/');
  const v4 = address.includes('.');
  const words = v4 ? address.split('.').map(BigInt) : wordsOf(address);
  const bits = words.reduce((sum, word) => (sum << (v4 ? 8n : 16n)) | word, v4 ? 0n : 1n);
  return (bits << 8n) | BigInt(length);
}

function wordsOf(address: string): bigint[] {
  const [left = '', right] = address.split('::');
  const words = (text: string): bigint[] =>
    text === '' ? [] : text.split(':').map((word) => BigInt(`0x${word}`));
  const [a, b] = [words(left), right === undefined ? [] : words(right)];
  return [...a, ...new Array<bigint>(8 - a.length - b.length).fill(0n), ...b];
}

test('a table streams in order, each route once, and everything else has its turn in between', async (t) => {
  const box = await fullBox(t);
  let [rows, batches, worst] = [0, 0, 0];
  let last = -1n;
  const ticks = { count: 0, running: true };
  const tick = (): void => {
    ticks.count++;
    if (ticks.running) setImmediate(tick);
  };
  tick();
  for await (const batch of box.operator.showRoutes({})) {
    batches++;
    rows += batch.length;
    worst = Math.max(worst, batch.length);
    for (const { prefix } of batch) {
      const order = orderOf(prefix);
      if (order < last) t.fail(`${prefix} is out of order`);
      last = order;
    }
  }
  ticks.running = false;
  t.is(rows, NEIGHBORS.length * (V4 + V6));
  t.true(ticks.count >= batches, `${ticks.count} turns of the event loop in ${batches} batches`);
  t.true(worst <= 256 + NEIGHBORS.length);
});

test('what is more specific than a prefix is found in its part of the table, in both families', async (t) => {
  const box = await fullBox(t);
  const all: RouteRow[] = [];
  for await (const batch of box.operator.showRoutes({ best: true })) all.push(...batch);
  t.is(all.length, V4 + V6);
  for (const [prefix, inside] of [
    ['0.0.0.0/0', (row: RouteRow) => row.prefix.includes('.')],
    ['64.0.0.0/3', (row: RouteRow) => inOctets(row.prefix, 64, 95)],
    ['100.0.0.0/8', (row: RouteRow) => inOctets(row.prefix, 100, 100)],
    ['::/0', (row: RouteRow) => row.prefix.includes(':')],
    ['2001::/16', (row: RouteRow) => row.prefix.startsWith('2001:')],
  ] as const) {
    const found: string[] = [];
    for await (const batch of box.operator.showRoutes({ prefix, longer: true, best: true }))
      found.push(...batch.map((row) => row.prefix));
    const expected = all.filter(inside).map((row) => row.prefix);
    t.deepEqual(found, expected, prefix);
    t.true(expected.length > 0 || prefix === '2001::/16', prefix);
  }
});

test('around an address, the longest prefix that has routes is found, in both families', async (t) => {
  const prefixes = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.128/25', '2001:db8::/32', '2001:db8:0:8000::/49'];
  const originate = prefixes.map((prefix) => ({ prefix }));
  const box = await startBox(t, { neighbors: NEIGHBORS, router: { originate } });
  const around = async (prefix: string): Promise<string> => {
    const found: string[] = [];
    for await (const batch of box.operator.showRoutes({ prefix, covering: true }))
      found.push(...batch.map((row) => row.prefix));
    return found.join();
  };
  t.is(await around('10.1.2.129/32'), '10.1.2.128/25');
  t.is(await around('10.1.2.127/32'), '10.1.0.0/16');
  t.is(await around('10.255.0.0/16'), '10.0.0.0/8');
  t.is(await around('11.0.0.1/32'), '');
  t.is(await around('2001:db8:0:8000::1/128'), '2001:db8:0:8000::/49');
  t.is(await around('2001:db8:0:7fff::1/128'), '2001:db8::/32');
  t.is(await around('2001:db9::1/128'), '');
});

test('around an address, the prefix whose route is used counts, and one with routes that cannot be only where none is', async (t) => {
  const [, { address, as }] = NEIGHBORS;
  const box = await startBox(t, {
    neighbors: [{ address, as, import: 'reject' }],
    router: { originate: [{ prefix: '20.0.0.0/16' }] },
  });
  const neighbour = await RawNeighbour.served(box.port, address, { as });
  neighbour.send(announcing([1, 256], { as }));
  const first = async (batches: AsyncIterable<RouteRow[]>): Promise<string | undefined> => {
    for await (const [row] of batches) return row?.prefix;
    return undefined;
  };
  const received = (prefix: string): Promise<string | undefined> =>
    first(box.operator.showReceived(address, { prefix, covering: true }));
  const around = (prefix: string): Promise<string | undefined> =>
    first(box.operator.showRoutes({ prefix, covering: true }));
  await until('they are there', async () => (await received('20.1.0.1/32')) === '20.1.0.0/24');
  t.is(await around('20.0.1.7/32'), '20.0.0.0/16');
  t.is(await received('20.0.1.7/32'), '20.0.1.0/24');
  t.is(await around('20.1.0.7/32'), '20.1.0.0/24');
});

function inOctets(prefix: string, from: number, to: number): boolean {
  const first = Number(prefix.split('.')[0]);
  return prefix.includes('.') && first >= from && first <= to;
}
