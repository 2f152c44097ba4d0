/** Routes that the router itself originates come and go with the configuration, and neighbours see only differences. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { type Box, type BoxOptions, configurationText, startBox, until } from './support/box.ts';

const A = { address: '127.10.7.1', as: 64501, blade: 0 };
const B = { address: '127.10.7.2', as: 64502, blade: 1 };
const ONE = { prefix: '192.0.2.0/24', communities: ['no-export'] };
const TWO = { prefix: '198.51.100.0/24', med: 5 };

/** What it was told, and of whom. The neighbour may have it before the blade has noted that. */
async function has(box: Box, address: string, ...expected: readonly string[]): Promise<void> {
  await until(`${address} to be told ${expected}`, async () => {
    const told: string[] = [];
    for await (const rows of box.operator.showAdvertised(address, {}))
      for (const { prefix, neighbor } of rows) told.push(`${prefix} ${neighbor}`);
    return `${told.sort()}` === `${expected}`;
  });
}

test('what is originated is told, a reload tells the differences, and a graft nothing', async (t) => {
  const options = (a: object, b: object): BoxOptions => ({
    neighbors: [
      { ...A, ...a },
      { ...B, ...b },
    ],
  });
  const first = options({ originate: [ONE] }, { 'default-originate': true, families: ['ipv4-unicast'] });
  const box = await startBox(t, first);
  const files = {
    port: box.port,
    control: path.join(box.folder, 'c.sock'),
    state: path.join(box.folder, 'graftd.db'),
  };
  const reload = (next: BoxOptions) => {
    writeFileSync(path.join(box.folder, 'graftd.yaml'), configurationText(next, files));
    return box.operator.reload({ dryRun: false });
  };
  const [a, b] = await Promise.all([A, B].map(({ address, as }) => box.speaker(address, as)));
  await Promise.all([a!.up(), b!.up()]);
  await until('both are told', () => a!.stats().routes4 === 1 && b!.stats().routes4 === 1);
  await has(box, A.address, '192.0.2.0/24 self');
  await has(box, B.address, '0.0.0.0/0 self');

  await box.operator.graft(A.address, 1);
  await reload(options({ originate: [TWO, ONE] }, { families: ['ipv4-unicast'] }));
  await until('A has both, and B none', () => a!.stats().routes4 === 2 && b!.stats().routes4 === 0);
  await reload(options({ originate: [TWO] }, { originate: [TWO], families: ['ipv4-unicast'] }));
  await until('both have one', () => a!.stats().routes4 === 1 && b!.stats().routes4 === 1);
  await has(box, A.address, '198.51.100.0/24 self');
  for (const speaker of [a!, b!])
    t.like(speaker.stats(), {
      resets: 0,
      duplicates: 0,
      unknownWithdraws: 0,
      malformed: 0,
      state: 'Established',
    });
});

test('a neighbour’s own routes go around its export policy, and the router’s do not; with "reject" there are none', async (t) => {
  const neighbor = { 'default-originate': true, originate: [TWO] };
  const box = await startBox(t, {
    router: { originate: [{ prefix: '203.0.113.0/24' }] },
    // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
    more: { policies: { nothing: [{ then: 'reject' }] } },
    neighbors: [
      { ...A, ...neighbor, export: 'nothing' },
      { ...B, ...neighbor, export: 'reject' },
    ],
  });
  const [a, b] = await Promise.all([A, B].map(({ address, as }) => box.speaker(address, as)));
  await Promise.all([a!.up(), b!.up()]);
  await until('it is told its own', () => a!.stats().routes4 === 2);
  await has(box, A.address, '0.0.0.0/0 self', `${TWO.prefix} self`);
  await has(box, B.address);
  t.is(b!.stats().routes4, 0);
});
