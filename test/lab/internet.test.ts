import { createHash } from 'node:crypto';
import test from 'ava';
import { generateTable, type InternetTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { isMartian4, isMartian6 } from '../../src/lab/prefixes.ts';
import { prefixText } from '../../src/lab/routes.ts';

const table = generateTable({ seed: 20, ipv4: 200_000, ipv6: 40_000 });

function share(column: ArrayLike<number>, holds: (value: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < column.length; i++) if (holds(column[i] as number)) count++;
  return count / column.length;
}

function hashOf(...columns: (Uint32Array | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const column of columns) hash.update(Buffer.from(column.buffer, column.byteOffset, column.byteLength));
  return hash.digest('hex');
}

function sizes(of: InternetTable): Uint32Array {
  const size = new Uint32Array(of.sets.count);
  for (const set of of.v4.set) size[set]!++;
  for (const set of of.v6.set) size[set]!++;
  return size;
}

function near(
  t: import('ava').ExecutionContext,
  what: string,
  value: number,
  measured: number,
  within: number,
): void {
  t.true(Math.abs(value - measured) <= within, `${what}: ${value}, measured ${measured} ± ${within}`);
}

test('prefix lengths are mixed as in the table of 2024', (t) => {
  near(
    t,
    '/24',
    share(table.v4.length, (n) => n === 24),
    0.5954,
    0.01,
  );
  near(
    t,
    '/22',
    share(table.v4.length, (n) => n === 22),
    0.1206,
    0.01,
  );
  near(
    t,
    '/23',
    share(table.v4.length, (n) => n === 23),
    0.1067,
    0.01,
  );
  near(
    t,
    '/16 and shorter',
    share(table.v4.length, (n) => n <= 16),
    0.0199,
    0.003,
  );
  near(
    t,
    '/48',
    share(table.v6.length, (n) => n === 48),
    0.47,
    0.015,
  );
  near(
    t,
    '/32',
    share(table.v6.length, (n) => n === 32),
    0.1413,
    0.015,
  );
  near(
    t,
    '/44',
    share(table.v6.length, (n) => n === 44),
    0.0911,
    0.01,
  );
});

test('routes share attribute sets as in a full feed, with its long tail', (t) => {
  const size = sizes(table);
  const v4 = size.subarray(0, table.sets.v4Count);
  near(t, 'IPv4 routes a set', table.v4.count / v4.length, 6.46, 0.6);
  near(
    t,
    'sets with one route',
    share(v4, (n) => n === 1),
    0.4957,
    0.015,
  );
  near(
    t,
    'sets with more than 64 routes',
    share(v4, (n) => n > 64),
    0.0129,
    0.003,
  );
  let inLarge = 0;
  for (const n of v4) if (n > 32) inLarge += n;
  near(t, 'routes in sets of more than 32', inLarge / table.v4.count, 0.495, 0.06);
  const v6 = size.subarray(table.sets.v4Count);
  near(t, 'IPv6 routes a set', table.v6.count / v6.length, 5.25, 1.5);
});

test('AS paths are as long, and prepended as often, as in a full feed', (t) => {
  const { pathStart, path, v4Count, tail } = table.sets;
  let ases = 0;
  let different = 0;
  let prepended = 0;
  const origins = new Set<number>();
  for (let set = 0; set < v4Count; set++) {
    const hops = path.subarray(pathStart[set], pathStart[set + 1]);
    const unique = new Set(hops).size;
    ases += hops.length;
    different += unique;
    if (unique < hops.length) prepended++;
    origins.add(hops.at(-1) as number);
    t.true(hops.length >= (tail[set] as number));
  }
  near(t, 'ASes in a path', ases / v4Count, 2.99, 0.15);
  near(t, 'different ASes', different / v4Count, 2.64, 0.1);
  near(t, 'prepended', prepended / v4Count, 0.131, 0.015);
  near(t, 'sets per origin', v4Count / origins.size, 1.73, 0.2);
});

test('ORIGIN, AGGREGATOR and ATOMIC_AGGREGATE come as often as in a full feed', (t) => {
  near(
    t,
    'IGP',
    share(table.sets.origin, (n) => n === 0),
    0.929,
    0.01,
  );
  near(
    t,
    'AGGREGATOR',
    share(table.sets.aggregator, (n) => n !== 0),
    0.135,
    0.01,
  );
  near(
    t,
    'ATOMIC_AGGREGATE',
    share(table.sets.atomic, (n) => n === 1),
    0.084,
    0.01,
  );
});

test('prefixes are distinct, their host bits are zero, and none is a martian', (t) => {
  const seen = new Set<string>();
  for (const columns of [table.v4, table.v6]) {
    for (let row = 0; row < columns.count; row++) {
      seen.add(prefixText(columns, row));
      const first = columns.address[row * columns.words] as number;
      const length = columns.length[row] as number;
      if (columns.words === 1) {
        if (isMartian4(first, length) || first % 2 ** (32 - length) !== 0) t.fail(prefixText(columns, row));
      } else if (isMartian6(first, length)) t.fail(prefixText(columns, row));
    }
  }
  t.is(seen.size, 240_000);
});

test('martians are found by any overlap', (t) => {
  for (const [address, length] of [
    [0x0a010000, 16],
    [0xac000000, 8],
    [0xc0a80100, 24],
    [0x7f000001, 32],
    [0xe0000000, 4],
    [0x64400000, 12],
  ] as const) {
    t.true(isMartian4(address, length), `${address.toString(16)}/${length}`);
  }
  t.false(isMartian4(0x08080800, 24));
  t.false(isMartian4(0xac200000, 11));
  t.true(isMartian6(0x20010db8, 48));
  t.true(isMartian6(0x3fff0000 - 0x20000000, 32));
  t.false(isMartian6(0x2a000000, 32));
});

test('the same seed gives the same table and feeds, another seed others', (t) => {
  const options = { seed: 5, ipv4: 5000, ipv6: 1000 };
  const hash = (of: InternetTable): string =>
    hashOf(
      of.v4.address,
      of.v4.length,
      of.v4.set,
      of.v6.address,
      of.v6.length,
      of.sets.path,
      of.sets.aggregator,
    );
  t.is(hash(generateTable(options)), hash(generateTable(options)));
  t.not(hash(generateTable(options)), hash(generateTable({ ...options, seed: 6 })));
  const small = generateTable(options);
  const neighbour = { neighborAs: 64500, nextHop: '192.0.2.1', seed: 1 };
  t.is(hashOf(routesFor(small, neighbour).sets.bytes), hashOf(routesFor(small, neighbour).sets.bytes));
  t.not(
    hashOf(routesFor(small, neighbour).sets.bytes),
    hashOf(routesFor(small, { ...neighbour, neighborAs: 64501 }).sets.bytes),
  );
});

test('a table can have one family only, or one prefix, or none', (t) => {
  t.is(generateTable({ seed: 1 }).sets.count, 0);
  t.is(generateTable({ seed: 1, ipv4: 1 }).v4.count, 1);
  const v6 = generateTable({ seed: 1, ipv6: 1000 });
  t.is(v6.v6.count, 1000);
  t.is(v6.sets.v4Count, 0);
});
