/** Routes of the router itself, static ones and aggregates: in the tables, through export policy, on all blades alike. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parse, stringify } from 'yaml';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { type BoxOptions, configurationText, startBox, until } from './support/box.ts';
import { announce, withdraw } from './support/one-prefix.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const A = { address: '127.10.31.1', as: 64501, blade: 0, families: ['ipv4-unicast'] };
const B = { address: '127.10.31.2', as: 64502, blade: 1, families: ['ipv4-unicast'], export: 'to-b' };
const OPTIONS: BoxOptions = { neighbors: [A, B] };
const POLICIES = parse(`
to-b:
  - { if: { protocol: static }, set: { community: { add: "65000:9" } }, then: accept }
  - { if: { protocol: aggregate, prefix: 10.0.0.0/8 }, then: accept }
  - { if: { learned-from: ebgp }, then: accept }
`);

test('an aggregate is told while something is within it, static routes always; reloads, grafts and deaths keep to that', async (t) => {
  const box = await startBox(t, { neighbors: [{ ...A }, { ...B, export: 'accept' }] });
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  const reload = (router: object) => {
    const whole = parse(configurationText(OPTIONS, files)) as { router: object };
    const text = stringify({ ...whole, policies: POLICIES, router: { ...whole.router, ...router } });
    writeFileSync(path.join(box.folder, 'graftd.yaml'), text);
    return box.operator.reload({ dryRun: false });
  };
  const rows = async (from: AsyncIterable<RouteRow[]>): Promise<RouteRow[]> => {
    const all: RouteRow[] = [];
    for await (const some of from) all.push(...some);
    return all.sort((x, y) => x.prefix.localeCompare(y.prefix));
  };
  const told = async (address: string): Promise<string[]> =>
    (await rows(box.operator.showAdvertised(address, {}))).map(({ prefix, asPath, communities }) =>
      `${prefix} ${asPath} ${communities}`.trim(),
    );
  // Told is what the view says; the neighbour may have heard it a moment before.
  const isTold = (address: string, count: number) =>
    until(`${address} is told ${count}`, async () => (await told(address)).length === count);
  const a = await RawNeighbour.served(box.port, A.address, { as: A.as, id: '192.0.2.11' });
  const b = await box.speaker(B.address, B.as);
  await b.up();
  await reload({
    originate: [{ prefix: '192.0.2.0/24', communities: ['65000:1'], med: 7 }],
    aggregates: [{ prefix: '10.0.0.0/8', 'summary-only': true }, { prefix: '172.16.0.0/12' }],
  });
  await until(
    'the static route is told',
    async () => (await told(A.address)).length === 1 && b.stats().routes4 === 1,
  );
  t.deepEqual(await told(A.address), ['192.0.2.0/24 65000 65000:1']);
  t.deepEqual(await told(B.address), ['192.0.2.0/24 65000 65000:1,65000:9']);
  t.like(await rows(box.operator.showRoutes({})), [
    { neighbor: 'self', protocol: 'static', best: true, med: 7 },
  ]);

  const aggregate = '10.0.0.0/8 65000';
  const own = '192.0.2.0/24 65000 65000:1,65000:9';
  a.send(announce([64501, 64510]));
  await until('B is told the aggregate, and nothing that is within', () => b.stats().routes4 === 2);
  await isTold(B.address, 2);
  t.deepEqual(await told(B.address), [aggregate, own]);
  const [summary, within] = await rows(box.operator.showRoutes({ why: true }));
  t.like(summary, { prefix: '10.0.0.0/8', protocol: 'aggregate', best: true, origin: 'IGP' });
  t.like(within, { prefix: '10.9.0.0/16', neighbor: A.address, best: true });
  t.deepEqual(
    within?.exports?.find(({ neighbor }) => neighbor === B.address),
    {
      neighbor: B.address,
      told: false,
      why: 'the aggregate 10.0.0.0/8 is told in its place (summary-only)',
    },
  );
  const file = path.join(box.folder, 'graftd.yaml');
  const changed = readFileSync(file, 'utf8').replace('protocol: static', 'protocol: aggregate');
  writeFileSync(`${file}.new`, changed);
  const { neighbors: previewed } = await box.operator.previewPolicies(`${file}.new`);
  t.like(previewed, [{ neighbor: B.address, added: 0, removed: 1, changed: 1, same: 0 }]);

  await box.operator.graft(B.address, 0);
  await box.operator.graft(A.address, 1);
  box.chassis.blade(1).kill('the test ended it');
  await until(
    'another blade is there',
    async () => (await box.operator.showBlades())[1]?.state === 'running',
  );
  a.send(withdraw());
  await until('the aggregate goes with the last route', () => b.stats().routes4 === 1);
  a.send(announce([64501, 64510]));
  await until('and comes with the next', () => b.stats().routes4 === 2);
  await isTold(B.address, 2);
  t.deepEqual(await told(B.address), [aggregate, own]);

  await reload({ aggregates: [{ prefix: '10.0.0.0/8' }] });
  await until('the static route went, the one within came', async () =>
    (await told(B.address)).includes('10.9.0.0/16 65000 64501 64510'),
  );
  t.deepEqual(await told(B.address), [aggregate, '10.9.0.0/16 65000 64501 64510']);
  await reload({});
  await until('only the neighbour is left', () => b.stats().routes4 === 1);
  t.like(b.stats(), { resets: 0, duplicates: 0, unknownWithdraws: 0, malformed: 0, state: 'Established' });
});
