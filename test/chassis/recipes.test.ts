/** A box has fourteen recipes (rib/told.ts): of more kinds of neighbours, the others are told by sets of their own. */
import test from 'ava';
import { multiprotocolOf } from '../../src/bgp/families.ts';
import { RECIPES } from '../../src/fabric/layout.ts';
import { judge } from '../support/judge.ts';
import { startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';
import { announcing, slash24 } from './support/updates.ts';

const TELLER = { address: '127.84.0.1', as: 64501 };
const MORE = 3;
const hop = (i: number): string => `192.0.2.${i}`;
const receivers = Array.from({ length: RECIPES + MORE }, (_, i) => ({
  address: `127.84.1.${i + 1}`,
  as: 64510 + i,
  'next-hop-ipv4': hop(i + 1),
}));

test('of more kinds of neighbours than there are recipes, each is told by its own next hop, grafted or not', async (t) => {
  const box = await startBox(t, { neighbors: [TELLER, ...receivers] });
  const up = async (address: string, as: number, id: string): Promise<RawNeighbour> => {
    const capabilities = { multiprotocol: multiprotocolOf(1) };
    const neighbour = await RawNeighbour.served(box.port, address, { as, id, capabilities });
    t.teardown(() => neighbour.close());
    return neighbour;
  };
  const teller = await up(TELLER.address, TELLER.as, '10.0.0.1');
  const all = await Promise.all(receivers.map(({ address, as }, i) => up(address, as, `10.0.1.${i + 1}`)));
  const told = (neighbour: RawNeighbour): string[] =>
    neighbour.messages.flatMap((message) =>
      judge(new Uint8Array(message), {
        fourOctetAs: true,
        external: true,
        families: 1,
        extendedNextHop: false,
      }).flatMap(({ announced }) => announced),
    );
  const heard = async (count: number): Promise<void> =>
    until('all have heard', () => all.every((neighbour) => told(neighbour).length >= count));

  teller.send(announcing([1], TELLER));
  await heard(1);
  for (const { address } of receivers)
    await box.chassis.graft(box.entry(address), 1 - box.chassis.fabric.homeOf(box.entry(address).index));
  teller.send(announcing([2], TELLER));
  await heard(2);
  for (const [i, neighbour] of all.entries())
    t.deepEqual(told(neighbour), [`${slash24(1)} via ${hop(i + 1)}`, `${slash24(2)} via ${hop(i + 1)}`]);
  const { used, capacity } = (await box.operator.showFabric()).find(({ part }) => part === 'recipes') ?? {};
  t.deepEqual([used, capacity], [RECIPES, RECIPES]);
});
