/** A preview of what a neighbour would be told by a blade that tells nobody as yet, and so does not know what is best. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { configurationText, startBox, until } from './support/box.ts';

const A = { address: '127.83.0.1', as: 64501, blade: 0 };
const W = { address: '127.83.0.2', as: 64502, blade: 1 };
const ROUTES = 300;
const table = generateTable({ seed: 7, ipv4: ROUTES, ipv6: 0 });
const feed = feedFor(table, { neighborAs: A.as, nextHop: A.address, seed: 1 });

test('a preview counts what is best in the box, whatever the blade of the neighbour knows', async (t) => {
  const box = await startBox(t, { blades: 2, neighbors: [A, { ...W, export: 'reject' }] });
  const [a, w] = await Promise.all([box.speaker(A.address, A.as), box.speaker(W.address, W.as)]);
  await Promise.all([a.up(), w.up()]);
  await a.send(feed);
  const routes = async (): Promise<number> => (await box.operator.showSession(A.address)).routesReceived;
  await until('all came', async () => (await routes()) === ROUTES);
  const file = path.join(box.folder, 'graftd.yaml');
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  writeFileSync(file, configurationText({ blades: 2, neighbors: [A, W] }, files));
  const { neighbors: previewed } = await box.operator.previewPolicies(file);
  t.like(previewed, [{ neighbor: W.address, direction: 'export', added: ROUTES, removed: 0, same: 0 }]);
});
