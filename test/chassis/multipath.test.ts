/** Routes that are used together (ECMP), with a real chassis: which are marked, on whatever blades their sessions are. */
import test from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { type Box, type NeighborLines, ROUTER_AS, startBox, until } from './support/box.ts';
import { announce, isTold, localPref, reloadReport, withdraw } from './support/one-prefix.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

/** The last numbers of the neighbours whose routes are used together, the best one first. */
async function together(box: Box): Promise<string> {
  const rows: RouteRow[] = [];
  for await (const batch of box.operator.showRoutes({})) rows.push(...batch);
  const used = rows.filter(({ multipath }) => multipath).sort((a, b) => Number(b.best) - Number(a.best));
  return used.map(({ neighbor }) => neighbor.split('.').at(-1)).join(' ');
}

const become = (box: Box, what: string): Promise<void> =>
  until(`${what} are used together`, async () => (await together(box)) === what);

test.serial(
  'routes as good as the best are marked, each next hop once, and no more than wanted',
  async (t) => {
    const at = (last: number, as: number): NeighborLines => ({ address: `127.42.0.${last}`, as });
    const neighbors = [at(1, 64501), at(2, 64501), at(3, 64502), at(4, 64501), at(5, ROUTER_AS)];
    const options = { neighbors, router: { multipath: { ebgp: 2 } }, blades: 3 };
    const box = await startBox(t, options);
    const all = await Promise.all(neighbors.map(({ address }) => RawNeighbour.dial(box.port, address)));
    for (const [i, each] of all.entries())
      await each.establish({ as: neighbors[i]?.as as number, id: `192.0.2.${i + 1}` });
    const [a, b, c, d, e] = all as [RawNeighbour, RawNeighbour, RawNeighbour, RawNeighbour, RawNeighbour];
    const hop = (last: number): number[] => [192, 0, 2, last];
    a.send(announce([64501, 64600], [], hop(1)));
    e.send(announce([64501, 64600], localPref(100), hop(5)));
    await isTold(box, '127.42.0.5', '64501 64600');
    t.is(await together(box), '', 'one alone is not used together with any');
    d.send(announce([64501, 64600], [], hop(4)));
    await become(box, '1 4');
    // Before 4 by its identifier; the best one's next hop is not used twice.
    b.send(announce([64501, 64601], [], hop(1)));
    await isTold(box, '127.42.0.5', '64501 64600');
    await become(box, '1 4');
    b.send(announce([64501, 64601], [], hop(2)));
    await become(box, '1 2');
    c.send(announce([64502, 64600], [], hop(3)));
    // A reload has others used, without a word to neighbours.
    const updates = async (): Promise<number> =>
      (await box.operator.showSessions()).reduce((sum, { updatesSent }) => sum + updatesSent, 0);
    const before = await updates();
    const wide = { ...options, router: { multipath: { ebgp: 8, ibgp: 8, 'as-path-relax': true } } };
    const report = await reloadReport(box, wide);
    t.deepEqual([report.reset, report.restartNeeded], [[], []]);
    t.deepEqual(
      report.changes.map(({ key, effect }) => [key, effect]),
      [['router.multipath', 'at once']],
    );
    await become(box, '1 2 3 4');
    for (const { address } of neighbors) {
      const { blade } = await box.operator.showSession(address);
      t.is((await box.operator.graft(address, (blade + 1) % 3)).decisionsRun, 0);
    }
    t.is(await together(box), '1 2 3 4');
    a.send(withdraw());
    await become(box, '2 3 4');
    b.close();
    await become(box, '3 4');
    t.true((await updates()) > before);
    await reloadReport(box, { ...options, router: {} });
    await become(box, '');
    await reloadReport(box, options);
    c.send(withdraw());
    await isTold(box, '127.42.0.5', '64501 64600');
    t.is(await together(box), '');
    for (const each of all) each.close();
  },
);
