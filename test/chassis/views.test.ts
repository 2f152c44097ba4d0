/** What is told in the place of the best route, with a real chassis: best external, and a view of its own for each client. */
import test from 'ava';
import { type NeighborLines, ROUTER_AS, startBox } from './support/box.ts';
import { announce, community, isTold, localPref, reload, withdraw } from './support/one-prefix.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

test.serial('an internal neighbour is told the best external route where the best is internal', async (t) => {
  const [outside, better, inside] = [
    { address: '127.41.0.1', as: 64501 },
    { address: '127.41.0.2', as: ROUTER_AS },
    { address: '127.41.0.3', as: ROUTER_AS },
  ] as const;
  const external = { ...inside, 'best-external': true };
  const box = await startBox(t, { neighbors: [outside, better, external] });
  const [a, b, c] = await Promise.all(
    [outside, better, inside].map(({ address }) => RawNeighbour.dial(box.port, address)),
  );
  await a?.establish({ as: outside.as });
  await b?.establish({ as: ROUTER_AS });
  await c?.establish({ as: ROUTER_AS, id: '192.0.2.3' });
  a?.send(announce([64501, 64600]));
  await isTold(box, inside.address, '64501 64600');
  b?.send(announce([64777], localPref(200)));
  await isTold(box, outside.address, `${ROUTER_AS} 64777`);
  await isTold(box, inside.address, '64501 64600');
  t.is((await box.operator.showSession(inside.address)).insteadOfBest, 'the best external one');
  // It moves, and is told the same of what comes then.
  const { blade } = await box.operator.showSession(inside.address);
  t.is((await box.operator.graft(inside.address, 1 - blade)).neighborUpdatesSent, 0);
  a?.send(announce([64501]));
  await isTold(box, inside.address, '64501');
  // Taken back, and asked for again, without a reset.
  t.deepEqual(await reload(box, { neighbors: [outside, better, inside] }), []);
  await isTold(box, inside.address, '-');
  t.deepEqual(await reload(box, { neighbors: [outside, better, external] }), []);
  await isTold(box, inside.address, '64501');
  a?.send(withdraw());
  await isTold(box, inside.address, '-');
  for (const each of [a, b, c]) each?.close();
});

test.serial('each client of a route server is told the best of what it may be told', async (t) => {
  const common = { 'route-server-client': true, export: 'spared' };
  const clientOf = (as: number, i: number): NeighborLines => ({
    address: `127.41.0.${11 + i}`,
    as,
    ...common,
  });
  const clients = [64511, 64512, 64513].map(clientOf);
  const [one, two, three] = clients as [NeighborLines, NeighborLines, NeighborLines];
  // 64513 is not told what carries 0:64513.
  const policies = JSON.parse(
    '{"spared": [{"if": {"community": "0:64513", "neighbor": "as 64513"}, "then": "reject"}, {"then": "accept"}]}',
  );
  const views = clients.map((client) => ({ ...client, evaluate: 'all' }));
  const box = await startBox(t, { neighbors: clients, more: { policies } });
  const neighbours = await Promise.all(clients.map(({ address }) => RawNeighbour.dial(box.port, address)));
  for (const [i, neighbour] of neighbours.entries())
    await neighbour.establish({ as: clients[i]?.as as number, id: `192.0.2.${11 + i}` });
  neighbours[0]?.send(announce([64511], community(0, 64513)));
  neighbours[1]?.send(announce([64512, 64600]));
  // The best one hides the other from who is not told it.
  await isTold(box, two.address, '64511');
  await isTold(box, three.address, '-');
  await isTold(box, one.address, '-');
  t.deepEqual(await reload(box, { neighbors: views, more: { policies } }), []);
  await isTold(box, one.address, '64512 64600');
  await isTold(box, two.address, '64511');
  await isTold(box, three.address, '64512 64600');
  t.is((await box.operator.showSession(three.address)).insteadOfBest, 'the best that it may be told');
  for (const { address } of clients) {
    const { blade } = await box.operator.showSession(address);
    t.is((await box.operator.graft(address, 1 - blade)).neighborUpdatesSent, 0);
  }
  neighbours[1]?.send(announce([64512]));
  await isTold(box, three.address, '64512');
  neighbours[0]?.send(withdraw());
  await isTold(box, two.address, '-');
  await isTold(box, one.address, '64512');
  t.deepEqual(await reload(box, { neighbors: clients, more: { policies } }), []);
  await isTold(box, three.address, '64512');
  for (const neighbour of neighbours) neighbour.close();
});
