/** What neighbours with an AS of ours of their own, or with an interval between advertisements, are told and tell. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { HEADER_LENGTH } from '../../src/bgp/message.ts';
import { decodeOpen, isFailure } from '../../src/bgp/open.ts';
import { type Box, configurationText, ROUTER_AS, startBox, until } from './support/box.ts';
import { RawNeighbour } from './support/raw-neighbour.ts';
import { announcing, slash24 } from './support/updates.ts';

const AS = 64_850;
const OLD_AS = 64_999;

async function pathOf(box: Box, neighbor: string, prefix: string): Promise<string | undefined> {
  for await (const rows of box.operator.showAdvertised(neighbor, {}))
    for (const row of rows) if (row.prefix === prefix) return row.asPath;
  return undefined;
}

test.serial('local-as is who we are for the neighbour, in the OPEN and in the paths', async (t) => {
  const [both, quiet, replaced, plain] = ['127.35.0.1', '127.35.0.2', '127.35.0.3', '127.35.0.4'];
  const box = await startBox(t, {
    neighbors: [
      { address: both, as: AS, 'local-as': OLD_AS },
      { address: quiet, as: AS + 1, 'local-as': OLD_AS, 'local-as-no-prepend': true },
      { address: replaced, as: AS + 2, 'local-as': OLD_AS, 'local-as-replace-as': true },
      { address: plain, as: AS + 3 },
    ],
  });
  const neighbours: RawNeighbour[] = [];
  for (const [i, address] of [both, quiet, replaced, plain].entries()) {
    const neighbour = await RawNeighbour.served(box.port, address, { as: AS + i });
    neighbour.send(announcing([i], { as: AS + i }), announcing([i + 10], { as: AS + i, communities: 100 }));
    neighbours.push(neighbour);
  }
  const message = neighbours[0]?.messages[0] as Uint8Array;
  const open = decodeOpen(message, HEADER_LENGTH, message.length);
  t.is(isFailure(open) ? open.why : open.as, OLD_AS);
  for (const address of [both, quiet, replaced, plain])
    await until('all is told', async () => (await box.operator.showSession(address)).routesAdvertised === 6);
  // What it tells has the AS in front that it knows us by, unless it is not to be seen.
  t.is(await pathOf(box, plain, slash24(0)), `${ROUTER_AS} ${OLD_AS} ${AS}`);
  t.is(await pathOf(box, plain, slash24(10)), `${ROUTER_AS} ${OLD_AS} ${AS}`);
  t.is(await pathOf(box, plain, slash24(1)), `${ROUTER_AS} ${AS + 1}`);
  t.is(await pathOf(box, plain, slash24(2)), `${ROUTER_AS} ${OLD_AS} ${AS + 2}`);
  // What it is told has both, or only that one.
  t.is(await pathOf(box, both, slash24(3)), `${OLD_AS} ${ROUTER_AS} ${AS + 3}`);
  t.is(await pathOf(box, quiet, slash24(3)), `${OLD_AS} ${ROUTER_AS} ${AS + 3}`);
  t.is(await pathOf(box, replaced, slash24(3)), `${OLD_AS} ${AS + 3}`);
  t.is(await pathOf(box, replaced, slash24(0)), `${OLD_AS} ${OLD_AS} ${AS}`);
  for (const neighbour of neighbours) neighbour.close();
});

test.serial('with an interval, what changes meanwhile is told once, at its end', async (t) => {
  const [teller, slow, fast] = ['127.35.0.5', '127.35.0.6', '127.35.0.7'];
  const neighbors = (interval?: number) => [
    { address: teller, as: AS },
    { address: slow, as: AS + 1, ...(interval === undefined ? {} : { 'advertisement-interval': interval }) },
    { address: fast, as: AS + 2 },
  ];
  const box = await startBox(t, { neighbors: neighbors(600) });
  const tells = await RawNeighbour.served(box.port, teller, { as: AS });
  const [patient, eager] = [await box.speaker(slow, AS + 1), await box.speaker(fast, AS + 2)];
  await Promise.all([patient.up(), eager.up()]);
  tells.send(announcing([1, 2, 3], { as: AS, med: 1 }));
  await until('the first is told at once', () => patient.stats().routes4 + eager.stats().routes4 === 6);
  for (let i = 2; i < 12; i++) {
    tells.send(announcing([1, 2], { as: AS, communities: i }), announcing([10 + i], { as: AS }));
    await until('the others hear it at once', () => eager.stats().routes4 === 2 + i);
  }
  t.like(patient.stats(), { routes4: 3, announced: 3 });
  t.true(eager.stats().announced >= 13);

  // A graft leaves the interval behind: what waits is told, and then it begins anew.
  await box.operator.graft(slow, 1 - (await box.operator.showSession(slow)).blade);
  await until('the last state is told', () => patient.stats().routes4 === 13);
  t.like(patient.stats(), { announced: 15, duplicates: 0, resets: 0 });
  tells.send(announcing([99], { as: AS }));
  await until('the others hear it', () => eager.stats().routes4 === 14);

  // Without it all is told at once.
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  writeFileSync(path.join(box.folder, 'graftd.yaml'), configurationText({ neighbors: neighbors() }, files));
  await box.operator.reload({ dryRun: false });
  await until('it is told', () => patient.stats().routes4 === 14);
  t.like(patient.stats(), { announced: 16, duplicates: 0, resets: 0 });
  tells.close();
});
