/** The weight of routes: it decides before LOCAL_PREF, is seen by those who run the router, and told to nobody. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { configurationText, startBox, until } from './support/box.ts';

const A = { address: '127.24.1.1', as: 64501 };
const B = { address: '127.24.1.2', as: 64502 };
const W = { address: '127.24.1.3', as: 65000 };
const ROUTES = 200;
const table = generateTable({ seed: 11, ipv4: ROUTES, ipv6: 0 });
const feed = ({ address, as }: typeof A, hops: number) =>
  feedFor(table, { neighborAs: as, nextHop: address, seed: hops });

const POLICIES: Record<string, unknown> = parse(`
policies:
  from-b:
    - {set: {local-pref: 300}, if: {weight: 0}, then: accept}
  from-a:
    - {if: {length: 24}, unless: {weight: 7}, then: reject}
    - {if: {length: 24}, set: {weight: 0}, then: accept}
    - {then: accept}
`);

test.serial(
  'the neighbour with the weight is preferred, with and without a policy, and a reload changes it',
  async (t) => {
    const neighborsWith = (...ofA: object[]) => [
      Object.assign({ ...A, export: 'reject', import: 'accept' }, ...ofA),
      { ...B, import: 'from-b', export: 'reject' },
      { ...W, import: 'reject' },
    ];
    const box = await startBox(t, { neighbors: neighborsWith({ weight: 7 }), more: POLICIES });
    const [a, b, w] = await Promise.all([A, B, W].map(({ address, as }) => box.speaker(address, as)));
    await Promise.all([a, b, w].map((each) => each?.up()));
    await b?.send(feed(B, 2));
    await a?.send(feed(A, 1));
    const rows = async (how: object = {}): Promise<RouteRow[]> => {
      const found: RouteRow[] = [];
      for await (const batch of box.operator.showRoutes({ ...how })) found.push(...batch);
      return found;
    };
    const bestOf = (all: readonly RouteRow[], neighbor: string): RouteRow[] =>
      all.filter((row) => row.best && row.neighbor === neighbor);
    await until('all of A is best', async () => bestOf(await rows(), A.address).length === ROUTES);
    const all = await rows();
    t.true(all.every(({ neighbor, weight }) => weight === (neighbor === A.address ? 7 : undefined)));
    t.true(all.filter(({ best }) => !best).every(({ reason }) => reason === 'lost on weight'));
    await until('the witness has them', () => w?.stats().routes4 === ROUTES);
    t.is(w?.stats().resets, 0);
    const told: RouteRow[] = [];
    for await (const batch of box.operator.showAdvertised(W.address, {})) told.push(...batch);
    t.true(told.every((row) => row.weight === undefined && row.localPref === 100));

    const file = path.join(box.folder, 'graftd.yaml');
    const files = {
      port: box.port,
      control: path.join(box.folder, 'c.sock'),
      state: path.join(box.folder, 'graftd.db'),
    };
    const write = (...ofA: object[]): void =>
      writeFileSync(file, configurationText({ neighbors: neighborsWith(...ofA), more: POLICIES }, files));
    const reload = async (...ofA: object[]): Promise<void> => {
      write(...ofA);
      await box.operator.reload({ dryRun: false });
    };
    const long = table.v4.length.reduce((sum, length) => sum + (length === 24 ? 1 : 0), 0);
    t.true(long > 10 && long < ROUTES - 10);
    const preview = async (): Promise<object | undefined> => {
      const [row] = (await box.operator.previewPolicies(file)).neighbors;
      return row === undefined ? undefined : { removed: row.removed, changed: row.changed, same: row.same };
    };
    write({ weight: 7, import: 'from-a' });
    t.deepEqual(await preview(), { removed: 0, changed: long, same: ROUTES - long });
    write({ weight: 8 });
    t.deepEqual(await preview(), { removed: 0, changed: ROUTES, same: 0 });
    write({ weight: 7 });
    t.is(await preview(), undefined);
    await reload({ weight: 7, import: 'from-a' });
    await until(
      'those that lost their weight are not best',
      async () => bestOf(await rows(), B.address).length === long,
    );
    await reload();
    await until('LOCAL_PREF decides', async () => bestOf(await rows(), B.address).length === ROUTES);
    t.true((await rows()).every(({ weight }) => weight === undefined));
    t.is(a?.stats().resets, 0);
  },
);
