/**
 * Policies that ask the RPKI, with a real cache: what it tells decides on import and on export, and when it tells something else
 * only the routes concerned are looked at and told, while both sessions are grafted all the time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { startBox, until } from '../chassis/support/box.ts';
import { Cache, freePort, isInstalled, type Roa } from './stayrtr-cache.ts';

const A = { address: '127.47.0.1', as: 64501 };
const B = { address: '127.47.0.2', as: 64502 };
const W = { address: '127.47.0.3', as: 64503 };
const ROUTES = 2000;
/** Routes whose state the second table changes. */
const FEW = 12;

const POLICIES: Record<string, unknown> = parse(`
policies:
  strict:
    - {name: wrong origin, if: {rpki: invalid}, then: reject}
    - {if: {rpki: valid}, set: {local-pref: 200}, then: accept}
    - {then: accept}
  valid-only:
    - {if: {rpki: valid}, then: accept}
`);

test('what the RPKI says decides, and a change of it is a change of the routes concerned', async (t) => {
  if (!isInstalled()) {
    t.log('skipped: stayrtr is not installed');
    t.pass();
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-rpki-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const cache = new Cache(folder, await freePort());
  t.teardown(() => cache.stop());
  cache.tells([]);
  cache.start();
  const box = await startBox(t, {
    blades: 3,
    neighbors: [
      { ...A, import: 'strict', blade: 0 },
      { ...B, import: 'reject', export: 'accept', blade: 1 },
      { ...W, export: 'valid-only', blade: 2 },
    ],
    more: { ...POLICIES, rpki: { caches: [{ address: '127.0.0.1', port: cache.port, retry: 1 }] } },
  });
  const [a, b, w] = await Promise.all([A, B, W].map(({ address, as }) => box.speaker(address, as)));
  await Promise.all([a!.up(), b!.up(), w!.up()]);
  const table = generateTable({ seed: 9, ipv4: ROUTES, ipv6: 200 });
  await a!.send(feedFor(table, { neighborAs: A.as, nextHop: A.address, seed: 1 }));
  const rows = async (neighbor: string, what: 'showReceived' | 'showAdvertised'): Promise<RouteRow[]> => {
    const found: RouteRow[] = [];
    for await (const batch of box.operator[what](neighbor, {})) found.push(...batch);
    return found;
  };
  await until('all came', () => b!.stats().routes4 === ROUTES);

  const routes = (await rows(A.address, 'showReceived')).filter(
    ({ prefix, asPath }) => !prefix.includes(':') && !asPath.endsWith('}'),
  );
  const roa = ({ prefix, asPath }: RouteRow, right: boolean): Roa => {
    const maxLength = Number(prefix.split('/')[1]);
    return { prefix, maxLength, asn: `AS${right ? asPath.split(' ').at(-1) : 64999}` };
  };
  const [valid, invalid] = [routes.slice(0, 600), routes.slice(600, 1000)];
  const roas = [...valid.map((row) => roa(row, true)), ...invalid.map((row) => roa(row, false))];
  cache.tells(roas);
  const state = async (): Promise<Map<string, RouteRow>> =>
    new Map((await rows(A.address, 'showReceived')).map((row) => [row.prefix, row]));
  const count = (map: Map<string, RouteRow>, rpki: string): number =>
    [...map.values()].filter((row) => row.rpki === rpki).length;
  let now = await state();
  await until('the RPKI has spoken', async () => {
    now = await state();
    return count(now, 'valid') >= 600;
  });
  const settled = async (): Promise<boolean> => {
    now = await state();
    const told = new Set((await rows(W.address, 'showAdvertised')).map(({ prefix }) => prefix));
    const wanted = [...now.values()].filter(({ rpki }) => rpki === 'valid');
    const fine = [...now.values()].filter(({ rpki }) => rpki !== 'invalid');
    return (
      told.size === wanted.length &&
      wanted.every(({ prefix }) => told.has(prefix)) &&
      w!.stats().routes4 === wanted.filter(({ prefix }) => !prefix.includes(':')).length &&
      b!.stats().routes4 === fine.filter(({ prefix }) => !prefix.includes(':')).length
    );
  };
  await until('everybody is told by it', settled);
  t.true(count(now, 'invalid') >= 400);
  const why: RouteRow[] = [];
  for (const row of [valid[0], invalid[0]])
    for await (const batch of box.operator.showRoutes({ prefix: row!.prefix, why: true })) why.push(...batch);
  t.deepEqual(
    why.map((row) => row.import),
    ['accepted by strict 2', 'rejected by strict 1 (wrong origin)'],
  );
  t.is(why[0]?.localPref, 200);

  // Some change, while everybody moves.
  const before = [b!, w!].map((each) => each.stats().announced + each.stats().withdrawn);
  let moving = true;
  const moves = (async () => {
    for (let i = 0; moving; i++)
      for (const { address } of [A, B, W]) {
        const from = box.chassis.fabric.homeOf(box.entry(address).index);
        await box.operator.graft(address, (from + 1 + (i % 2)) % 3);
      }
  })();
  const flipped = [...valid.slice(0, FEW / 2), ...invalid.slice(0, FEW / 2)];
  cache.tells([
    ...roas.filter(({ prefix }) => !flipped.some((row) => row.prefix === prefix)),
    ...valid.slice(0, FEW / 2).map((row) => roa(row, false)),
    ...invalid.slice(0, FEW / 2).map((row) => roa(row, true)),
  ]);
  await until(
    'the RPKI says something else',
    async () => (await state()).get(valid[0]!.prefix)?.rpki === 'invalid',
  );
  await until('everybody is told by it again', settled);
  moving = false;
  await moves;
  const after = [b!, w!].map((each) => each.stats().announced + each.stats().withdrawn);
  t.deepEqual(
    after.map((each, i) => each - before[i]!),
    [FEW, FEW],
    'nothing else is told',
  );
  for (const speaker of [a!, b!, w!])
    t.like(speaker.stats(), { resets: 0, duplicates: 0, unknownWithdraws: 0 });
});
