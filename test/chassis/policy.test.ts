/** Policies of a real chassis: in force on both sides, reloaded, explained, previewed. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { State } from '../../src/bgp/fsm.ts';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { configurationText, startBox, until } from './support/box.ts';

const A = { address: '127.24.0.1', as: 64501 };
const W = { address: '127.24.0.2', as: 64502 };
const ROUTES = 3000;
const table = generateTable({ seed: 7, ipv4: ROUTES, ipv6: 0 });
const feed = feedFor(table, { neighborAs: A.as, nextHop: A.address, seed: 1 });

const POLICIES: Record<string, unknown> = parse(`
prefix-sets: {half: [0.0.0.0/1 le 32]}
policies:
  from-a:
    - {name: half, if: {prefix: half}, then: reject}
    - {if: {length: 24}, set: {local-pref: 200, community: {add: '65000:24'}}, then: accept}
    - {then: accept}
  to-w:
    - {name: short, if: {length: 0-16}, then: reject}
    - {set: {med: 7, prepend: 1}, then: accept}
`);

test.serial('policies are in force, changed without a reset, explained and previewed', async (t) => {
  const neighbors = [
    { ...A, import: 'from-a' },
    { ...W, export: 'to-w' },
  ];
  const box = await startBox(t, { neighbors, more: POLICIES });
  const [a, w] = await Promise.all([box.speaker(A.address, A.as), box.speaker(W.address, W.as)]);
  await Promise.all([a.up(), w.up()]);
  await a.send(feed);
  const all: RouteRow[] = [];
  const rows = async (neighbor: string, what: 'showReceived' | 'showAdvertised'): Promise<RouteRow[]> => {
    const found: RouteRow[] = [];
    for await (const batch of box.operator[what](neighbor, {})) found.push(...batch);
    return found;
  };
  await until('all came', async () => (await rows(A.address, 'showReceived')).length === ROUTES);
  all.push(...(await rows(A.address, 'showReceived')));
  t.true(all.every(({ localPref, communities }) => localPref === null && !communities.includes('65000:24')));
  const isUpper = ({ prefix }: RouteRow): boolean => Number(prefix.split('.')[0]) >= 128;
  const lengthOf = ({ prefix }: RouteRow): number => Number(prefix.split('/')[1]);
  const expected = all.filter((row) => isUpper(row) && lengthOf(row) > 16);
  t.true(expected.length > 100 && expected.length < ROUTES - 100);
  await until('the witness has what passes both', () => w.stats().routes4 === expected.length);
  let told: RouteRow[] = [];
  await until('what it was told is noted', async () => {
    told = await rows(W.address, 'showAdvertised');
    return told.length === expected.length;
  });
  t.deepEqual(
    told.map(({ prefix }) => prefix),
    expected.map(({ prefix }) => prefix),
  );
  for (const row of told) {
    t.is(row.med, 7);
    t.true(row.asPath.startsWith(`65000 65000 ${A.as}`), row.asPath);
    t.is(row.communities.includes('65000:24'), lengthOf(row) === 24);
  }

  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  const file = path.join(box.folder, 'graftd.yaml');
  const lower = { ...POLICIES, 'prefix-sets': { half: ['128.0.0.0/1 le 32'] } };
  writeFileSync(file, configurationText({ neighbors, more: lower }, files));
  const upper = all.filter(isUpper).length;
  const { neighbors: previewed } = await box.operator.previewPolicies(file);
  t.like(previewed[0], {
    neighbor: A.address,
    direction: 'import',
    added: ROUTES - upper,
    removed: upper,
    same: 0,
  });
  t.is(w.stats().routes4, expected.length, 'a preview changes nothing');

  const why: RouteRow[] = [];
  const prefix = (expected[0] as RouteRow).prefix;
  for await (const batch of box.operator.showRoutes({ prefix, why: true })) why.push(...batch);
  t.regex(why[0]?.import ?? '', /^accepted by from-a [23]$/);
  const short = all.find((row) => isUpper(row) && lengthOf(row) <= 16) as RouteRow;
  for await (const batch of box.operator.showRoutes({ prefix: short.prefix, why: true })) why.push(...batch);
  t.deepEqual(
    why[1]?.exports?.find(({ neighbor }) => neighbor === W.address),
    { neighbor: W.address, told: false, why: 'rejected by to-w 1 (short)' },
  );

  const report = await box.operator.reload({ dryRun: false });
  t.deepEqual(report.changed, [A.address]);
  t.deepEqual(report.reset, []);
  const then = all.filter((row) => !isUpper(row) && lengthOf(row) > 16).length;
  await until('the witness has the other half', () => w.stats().routes4 === then);
  t.is((await rows(A.address, 'showReceived')).length, ROUTES);

  const graft = await box.operator.graft(
    A.address,
    1 - box.chassis.fabric.homeOf(box.entry(A.address).index),
  );
  t.is(graft.decisionsRun, 0, 'nothing is evaluated for a graft');
  t.is(box.chassis.fabric.session(box.entry(A.address).index, 1), State.Established);
  t.like(w.stats(), { duplicates: 0, unknownWithdraws: 0, notifications: 0, routes4: then });

  writeFileSync(file, readFileSync(file, 'utf8').replace('"half"}', '"hallf"}'));
  await t.throwsAsync(box.operator.reload({ dryRun: false }), { message: /did you mean "half"/ });
  t.is(w.stats().routes4, then);
});
