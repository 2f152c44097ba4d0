/** ADD-PATH (RFC 7911) that is configured, and taken back, while the chassis runs: who starts anew, and what becomes of the others. */
import test from 'ava';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { type Box, type NeighborLines, ROUTER_AS, startBox, until } from './support/box.ts';
import { announce, PREFIX_OCTETS, reload, update } from './support/one-prefix.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';

const at = (last: number, as: number): NeighborLines => ({ address: `127.43.0.${last}`, as });
const [A, B, C] = [at(1, 64501), at(2, 64502), at(3, 64503)];
const FAMILY = ['ipv4-unicast'];
const SENDS = { addPath: [{ afi: 1, safi: 1, mode: 2 as const }] };
const TAKES = { addPath: [{ afi: 1, safi: 1, mode: 1 as const }] };

async function rows(batches: AsyncIterable<RouteRow[]>): Promise<RouteRow[]> {
  const all: RouteRow[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

/** AS paths behind our AS that a neighbour is told, with `#` before those that have an identifier. */
const isTold = (box: Box, { address }: NeighborLines, what: string): Promise<void> =>
  until(`${address} is told ${what}`, async () => {
    const told = await rows(box.operator.showAdvertised(address, {}));
    const texts = told.map(({ path, asPath }) =>
      asPath.replace(`${ROUTER_AS} `, path === undefined ? '' : '#'),
    );
    return texts.sort().join(' | ') === what;
  });

/** The prefix by paths with these identifiers. */
function announcePaths(ases: readonly number[], paths: readonly number[]): Uint8Array {
  const plain = [...announce(ases).subarray(19, -PREFIX_OCTETS.length)];
  return update([...plain, ...paths.flatMap((path) => [0, 0, 0, path, ...PREFIX_OCTETS])]);
}

async function up(box: Box, { address, as }: NeighborLines, capabilities = {}): Promise<RawNeighbour> {
  const neighbour = await RawNeighbour.served(box.port, address, {
    as,
    id: `192.0.2.${address.split('.').at(-1)}`,
    capabilities,
  });
  return neighbour;
}

/** Cease/Other Configuration Change (RFC 4486). */
const RECONFIGURED = [6, 6];

test('ADD-PATH comes and goes by a reload: the session that it is for starts anew, no other', async (t) => {
  const box = await startBox(t, { neighbors: [A, B, C] });
  const [a, b, c] = [await up(box, A), await up(box, B), await up(box, C)];
  a.send(announce([64501]));
  b.send(announce([64502, 64600]));
  await isTold(box, C, '64501');
  t.false(box.chassis.fabric.showsAll);

  const sent = { ...C, 'add-path-send': FAMILY };
  t.deepEqual(await reload(box, { neighbors: [A, B, sent] }), [C.address]);
  t.deepEqual((await c.notification())?.slice(0, 2), RECONFIGURED);
  const several = await up(box, C, TAKES);
  await isTold(box, C, '#64501 | #64502 64600');
  t.true(box.chassis.fabric.showsAll);

  t.deepEqual(await reload(box, { neighbors: [A, B, { ...sent, 'add-path-most': 1 }] }), []);
  await isTold(box, C, '#64501');
  t.deepEqual(await reload(box, { neighbors: [A, B, sent] }), []);
  await isTold(box, C, '#64501 | #64502 64600');

  // A place for a second path is made while it runs.
  const told = { ...A, 'add-path-receive': FAMILY };
  t.deepEqual(await reload(box, { neighbors: [told, B, sent] }), [A.address]);
  t.deepEqual((await a.notification())?.slice(0, 2), RECONFIGURED);
  await isTold(box, C, '#64502 64600');
  const teller = await up(box, A, SENDS);
  teller.send(announcePaths([64501], [4]), announcePaths([64501, 64700], [9]));
  await isTold(box, C, '#64501 | #64501 64700 | #64502 64600');
  const { blade } = await box.operator.showSession(A.address);
  await box.operator.graft(A.address, 1 - blade);

  // And taken back: routes of before do not come again by other identifiers, and one is told again.
  t.deepEqual(await reload(box, { neighbors: [A, B, sent] }), [A.address]);
  t.deepEqual((await teller.notification())?.slice(0, 2), RECONFIGURED);
  await isTold(box, C, '#64502 64600');
  const plain = await up(box, A);
  plain.send(announce([64501, 64700]));
  await isTold(box, C, '#64501 64700 | #64502 64600');
  t.deepEqual(await reload(box, { neighbors: [A, B, C] }), [C.address]);
  t.deepEqual((await several.notification())?.slice(0, 2), RECONFIGURED);
  const last = await up(box, C);
  await isTold(box, C, '64501 64700');
  t.false(box.chassis.fabric.showsAll);
  t.is((await box.operator.showSession(B.address)).establishedCount, 1);
  t.is((await rows(box.operator.showRoutes({}))).length, 2);
  for (const each of [plain, b, last]) each.close();
});
