/** A neighbour with "as: external" says its AS itself: rules and policies ask the one that it said, on every blade. */
import test from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { type Box, ROUTER_AS, startBox, until } from './support/box.ts';
import { openBytes, RawNeighbour } from './support/raw-neighbour.ts';
import { announcing, slash24 } from './support/updates.ts';

const TELLER = '127.49.0.1';
const LEARNT = '127.49.0.2';
const AS = 64_880;
const BAD_PEER_AS = [2, 2];

const POLICIES = {
  policies: {
    // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
    in: [{ if: { neighbor: `as ${AS}` }, set: { 'local-pref': 200 }, then: 'accept' }, { then: 'accept' }],
    out: [{ if: { neighbor: `as ${AS}` }, set: { med: 7 }, then: 'accept' }, { then: 'accept' }],
    // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
  },
};

async function routesOf(box: Box, prefix: string): Promise<RouteRow | undefined> {
  for await (const rows of box.operator.showRoutes({ prefix })) for (const row of rows) return row;
  return undefined;
}

async function toldOf(box: Box, prefix: string): Promise<RouteRow | undefined> {
  for await (const rows of box.operator.showAdvertised(LEARNT, {}))
    for (const row of rows) if (row.prefix === prefix) return row;
  return undefined;
}

test('the AS that the neighbour says is its AS, until it says another one', async (t) => {
  const learnt = { 'enforce-first-as': true, 'as-override': true, import: 'in', export: 'out' };
  const box = await startBox(t, {
    neighbors: [
      { address: TELLER, as: AS + 9 },
      { address: LEARNT, as: 'external', ...learnt },
    ],
    more: POLICIES,
    chassis: { 'allow-faults': true },
  });
  const session = () => box.operator.showSession(LEARNT);
  t.is((await session()).as, 0);
  const teller = await RawNeighbour.served(box.port, TELLER, { as: AS + 9 });
  teller.send(announcing([1], { as: AS + 9, behind: [AS, AS + 1] }));

  const own = await RawNeighbour.dial(box.port, LEARNT);
  own.send(openBytes({ as: ROUTER_AS }));
  t.deepEqual(await own.notification(), BAD_PEER_AS);
  own.close();

  for (const as of [AS, AS + 1]) {
    const neighbour = await RawNeighbour.served(box.port, LEARNT, { as });
    neighbour.send(announcing([20], { as }), announcing([21], { as: as + 2 }));
    const check = async (): Promise<void> => {
      await until('both are here', async () => (await session()).routesReceived === 2);
      t.like(await session(), { as, learntAs: true });
      // RFC 4271 6.3: what does not begin with its AS is not used.
      const row = await routesOf(box, slash24(20));
      t.like(row, { asPath: `${as}`, best: true, localPref: as === AS ? 200 : null });
      t.falsy((await routesOf(box, slash24(21)))?.best);
      await until('it is told', async () => (await toldOf(box, slash24(1))) !== undefined);
      const path = [AS, AS + 1].map((each) => (each === as ? ROUTER_AS : each));
      const told = await toldOf(box, slash24(1));
      t.is(told?.asPath, `${ROUTER_AS} ${AS + 9} ${path.join(' ')}`);
      t.is(told?.med ?? undefined, as === AS ? 7 : undefined);
    };
    await check();
    const { blade, updatesSent } = await session();
    await box.operator.graft(LEARNT, 1 - blade);
    await check();
    teller.send(announcing([as], { as: AS + 9 }));
    await until('the next blade tells it', async () => (await session()).updatesSent > updatesSent);
    // A blade that takes it over from one that died has nothing but its record.
    await box.operator.fault((await session()).blade, 'crash');
    teller.send(announcing([as + 1], { as: AS + 9, behind: [AS, AS + 1] }));
    await until('it is told again', async () => (await toldOf(box, slash24(as + 1))) !== undefined);
    t.is((await toldOf(box, slash24(as + 1)))?.asPath, (await toldOf(box, slash24(1)))?.asPath);
    await check();
    neighbour.close();
    await until('it is gone', async () => (await session()).state !== 'Established');
  }
  teller.close();
});
