/**
 * A neighbour goes from one running chassis to another by its configuration: "export session" there, "import session" and
 * "reload" here. Policies, sets and a file of prefixes come along, past policies of the same names, and it is served as before.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { Speaker } from '../../src/lab/speaker.ts';
import { compareTold } from '../../src/lab/told.ts';
import { chassis } from '../cli/support/command.ts';
import { HOST, ROUTER_AS, temporaryFolder, until } from './support/box.ts';
import { Program } from './support/program.ts';

/** Who goes, and who tells and hears what it is told and tells, at both. */
const MOVED = { address: '127.10.19.1', as: 64_501 };
const OTHER = { address: '127.10.19.2', as: 64_502 };
const ROUTES = 400;

// biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
const THERE = {
  defaults: { 'hold-time': 45 },
  groups: {
    all: { import: 'from-moved', passive: true },
    customers: { group: 'all', export: 'to-moved', 'max-prefixes': 5000 },
  },
  'prefix-sets': { theirs: { file: './theirs.txt' }, low: ['0.0.0.0/1 le 32'] },
  'community-sets': { ours: ['65000:*'] },
  policies: {
    mark: [{ set: { community: { remove: 'ours', add: ['65000:7'] } } }],
    'from-moved': [{ call: 'mark' }, { if: { prefix: 'theirs' }, then: 'accept' }],
    'to-moved': [{ if: { prefix: 'low' }, set: { med: 77, prepend: 2 }, then: 'accept' }],
  },
};
const HERE = {
  defaults: { 'hold-time': 33 },
  'prefix-sets': { theirs: ['192.0.2.0/24'] },
  policies: { mark: [{ then: 'reject' }], 'to-moved': [{ then: 'reject' }] },
};
// biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.

test('a neighbour that was exported and imported is served as it was', async (t) => {
  const table = generateTable({ seed: 19, ipv4: ROUTES, ipv6: 0 });
  const moved = feedFor(table, { neighborAs: MOVED.as, nextHop: MOVED.address, seed: 1 });
  const other = feedFor(table, { neighborAs: OTHER.as, nextHop: OTHER.address, seed: 2 });
  const folder = temporaryFolder(t);
  // Of all that it tells, every third is its own.
  const own = Array.from({ length: ROUTES }, (_, i) => i)
    .filter((i) => i % 3 === 0)
    .map((i) => prefixText(table.v4.address[i] as number, table.v4.length[i] as number));
  const file = path.join(folder, 'theirs.txt');
  writeFileSync(file, `# what it may tell\n${own.join('\n')}\n`);
  THERE['prefix-sets'].theirs.file = file;

  const from = await Program.run(t, {
    neighbors: [OTHER, { ...MOVED, group: 'customers', import: undefined, export: undefined }],
    more: THERE,
  });
  const to = await Program.run(t, { neighbors: [OTHER], more: HERE });

  const served = async (program: Program) => {
    const speakers = [MOVED, OTHER].map(
      ({ address, as }) =>
        new Speaker({
          localAs: as,
          remoteAs: ROUTER_AS,
          routerId: address,
          localAddress: address,
          connect: { host: HOST, port: program.port },
        }),
    ) as [Speaker, Speaker];
    await Promise.all(speakers.map((each) => each.start()));
    await Promise.all(speakers.map((each) => each.up()));
    await Promise.all([speakers[0].send(moved), speakers[1].send(other)]);
    await until('both to be told', () => speakers.every((each) => each.stats().endOfRib4 > 0), 20_000);
    await Promise.all(speakers.map((each) => each.quiet(500)));
    const { holdTime } = await program.call<{ holdTime: number }>('show session', {
      neighbor: MOVED.address,
    });
    const told = speakers.map((each) => each.table().v4);
    await Promise.all(speakers.map((each) => each.close()));
    return { told, holdTime };
  };
  const before = await served(from);
  t.true((before.told[0]?.count ?? 0) > 50);
  t.true((before.told[1]?.count ?? 0) > 50);

  const exported = await from.words('export', 'session', MOVED.address);
  t.is(exported.status, 0, exported.stderr);
  t.false(/file:|group:/.test(exported.stdout), 'all of it stands there');
  writeFileSync(path.join(folder, 'session.yaml'), exported.stdout);
  const into = path.join(to.folder, 'graftd.yaml');
  const words = ['import', 'session', path.join(folder, 'session.yaml'), '--into', into];
  const imported = await chassis(words);
  t.is(imported.status, 0, imported.err);
  t.regex(imported.err, /prefix-sets\.theirs is "theirs-2" here/);
  const again = await chassis(words);
  t.is(again.status, 2);
  t.regex(again.err, /127\.10\.19\.1 is a neighbour there already/);
  const reloaded = await to.words('reload');
  t.is(reloaded.status, 0, reloaded.stderr);

  const after = await served(to);
  t.is(after.holdTime, before.holdTime);
  for (const i of [0, 1]) {
    const difference = compareTold(after.told[i]!, before.told[i]!);
    t.like(difference, { onlyA: 0, onlyB: 0, differing: 0 }, readFileSync(into, 'utf8'));
  }
});

function prefixText(address: number, length: number): string {
  return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}/${length}`;
}
