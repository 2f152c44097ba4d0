import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Giving, systemGiving } from '../../src/base/giving.ts';
import { Random } from '../../src/base/random.ts';
import { Giver } from '../../src/chassis/giver.ts';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { PAGE_BITS, PAGE_WORDS, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { createFabricMemory, defaultFabricOptions } from '../../src/fabric/memory.ts';
import { startBox } from './support/box.ts';

const giving = systemGiving() as Giving;
const withGiving = giving === undefined ? test.skip : test;
const PREFIXES = 1 << 17;
const SETS = 1 << 16;
const PAGES = 2000;

function largeFabric(): Fabric {
  const options = { ...defaultFabricOptions(1, 2), prefixes4: 1 << 18, attributes: 1 << 17 };
  return new Fabric(createFabricMemory(options), 0, () => {});
}

function sweep(fabric: Fabric): Sweeper {
  const sweeper = new Sweeper(fabric, () => true);
  sweeper.begin();
  while (sweeper.step(() => false)) fabric.meet();
  fabric.meet();
  return sweeper;
}

function giveAll(fabric: Fabric): number {
  const giver = new Giver(fabric, giving);
  giver.begin(1);
  while (giver.step());
  return giver.numbers.octets;
}

function internAll(fabric: Fabric): void {
  const octets = new Uint8Array(40);
  for (let i = 0; i < PREFIXES; i++) fabric.prefixes.intern4((i << 8) >>> 0, 24);
  for (let i = 0; i < SETS; i++) {
    new DataView(octets.buffer).setUint32(8, i);
    fabric.attributes.intern(octets, 0, octets.length);
  }
}

function resident(): number {
  return Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))?.[1]) / 1024;
}

withGiving('after a sweep the memory of ids, sets and pages that nobody uses is the system’s again', (t) => {
  const fabric = largeFabric();
  internAll(fabric);
  const pages = Array.from({ length: PAGES }, () => fabric.pages.allocate());
  for (const page of pages) fabric.pages.words.fill(7, page << PAGE_BITS, (page + 1) << PAGE_BITS);
  for (const page of pages) fabric.pages.free(page);
  fabric.pages.reclaim();
  sweep(fabric);
  const before = resident();
  const mebi = giveAll(fabric) / 2 ** 20;
  // A prefix has 16 octets, a set 32 and 40 of its own; a page 4 KiB.
  const least = (PREFIXES * 16 + SETS * 72 + PAGES * PAGE_WORDS * 4) / 2 ** 20;
  t.true(mebi > least * 0.9, `${mebi} of ${least} MiB`);
  const after = resident();
  t.true(after < before - least * 0.5, `${before} to ${after}, ${mebi}, ${least}`);
  internAll(fabric);
  t.is(fabric.prefixes.find4(5 << 8, 24) >= 0, true);
});

withGiving('what is in use stays as it is, whatever is free beside it', (t) => {
  const fabric = largeFabric();
  const random = new Random(11);
  internAll(fabric);
  // Some routes of a session hold their prefixes and sets; runs of them, and gaps of many lengths.
  const held = new Map<number, number>();
  for (let id = 0; id < PREFIXES; id += 1 + random.below(random.pick([1, 10, 5000]))) {
    const set = 1 + random.below(SETS);
    held.set(id, set);
    fabric.columns.set(0, id, set);
  }
  const octets = (set: number): string => Buffer.from(fabric.attributes.copyOf(set)).toString('hex');
  const told = new Map([...held.values()].map((set) => [set, octets(set)]));
  const pages = Array.from({ length: PAGES }, () => fabric.pages.allocate());
  const kept = pages.filter(() => random.chance(0.5));
  for (const page of pages) fabric.pages.words.fill(page, page << PAGE_BITS, (page + 1) << PAGE_BITS);
  for (const page of pages) if (!kept.includes(page)) fabric.pages.free(page);
  fabric.pages.reclaim();
  sweep(fabric);
  t.true(giveAll(fabric) > 0);
  for (const page of kept) {
    const words = fabric.pages.words.subarray(page << PAGE_BITS, (page + 1) << PAGE_BITS);
    if (words.some((word) => word !== page)) t.fail(`page ${page}`);
  }
  for (const [id, set] of held) {
    if (fabric.columns.get(0, id) !== set) t.fail(`the route of prefix ${id}`);
    if (fabric.prefixes.find4((id << 8) >>> 0, 24) !== id) t.fail(`prefix ${id}`);
  }
  for (const [set, text] of told) if (octets(set) !== text) t.fail(`set ${set}`);
  const free = pages.length - kept.length;
  const again = new Set(Array.from({ length: free }, () => fabric.pages.allocate()));
  t.is(again.size, free);
  t.true(
    pages.filter((page) => !kept.includes(page)).every((page) => again.has(page)),
    'pages come again, once each',
  );
});

test('when little is to be done, a sweep is worth its while where much has gone', (t) => {
  const fabric = largeFabric();
  const sweeper = new Sweeper(fabric, () => true);
  internAll(fabric);
  fabric.count(1, SESSION_NUMBER.announcementsReceived, PREFIXES);
  fabric.count(1, SESSION_NUMBER.routesReceived, PREFIXES);
  t.false(sweeper.need.worthwhile);
  fabric.count(1, SESSION_NUMBER.routesReceived, -PREFIXES / 2);
  t.true(sweeper.need.worthwhile);
  sweeper.begin();
  while (sweeper.step(() => false)) fabric.meet();
  t.false(sweeper.need.worthwhile);
});

test('pages that were taken, and come back, are something to be given once more', (t) => {
  const fabric = largeFabric();
  const none: Pick<Giving, 'page' | 'giveBack'> = { page: 4096, giveBack: () => 0 };
  const giver = new Giver(fabric, none as Giving);
  const pages = Array.from({ length: PAGES }, () => fabric.pages.allocate());
  const free = (): void => {
    for (const page of pages) fabric.pages.free(page);
    fabric.pages.reclaim();
  };
  free();
  t.true(giver.due(0));
  giver.begin(0);
  while (giver.step());
  t.false(giver.due(0));
  for (let at = 0; at < pages.length; at++) pages[at] = fabric.pages.allocate();
  t.false(giver.due(0));
  free();
  t.true(giver.due(0));
});

test('what cannot be given back is given out again all the same', (t) => {
  const fabric = largeFabric();
  const giveBack = (): number => {
    throw new Error('not today');
  };
  const none: Pick<Giving, 'page' | 'giveBack'> = { page: 4096, giveBack };
  internAll(fabric);
  const pages = Array.from({ length: PAGES }, () => fabric.pages.allocate());
  for (const page of pages) fabric.pages.free(page);
  fabric.pages.reclaim();
  sweep(fabric);
  const counts = (): number[] => {
    const { pages, prefixes, attributes } = fabric;
    return [pages.returned, prefixes.pool4.returned, attributes.pool.returned, attributes.blocks.returned];
  };
  const before = counts();
  const giver = new Giver(fabric, none as Giving);
  // Each time at the next thing.
  giver.begin(1);
  for (let more = true; more; )
    try {
      more = giver.step();
    } catch {
      more = false;
    }
  t.deepEqual(counts(), before);
});

withGiving('`show fabric` says what memory is there, and what went back', async (t) => {
  const box = await startBox(t, { neighbors: [{ address: '127.86.0.1', as: 64501 }] });
  const { fabric, sweeper, sweeping } = box.chassis;
  const mebi = async (part: string): Promise<number> =>
    ((await box.operator.showFabric()).find((row) => row.part === part)?.bytes as number) / 2 ** 20;
  t.true((await mebi('IPv4 prefixes')) < 1);
  internAll(fabric);
  // Records, and slots of 4 octets all over a table of 8 MiB.
  const prefixes = await mebi('IPv4 prefixes');
  t.true(prefixes > (PREFIXES * 16) / 2 ** 20 && prefixes < 11, String(prefixes));
  const bytes = await mebi('attribute bytes');
  t.true(bytes > (SETS * 40) / 2 ** 20 && bytes < 4, String(bytes));
  sweeping.giver?.begin(sweeper.numbers.sweeps);
  while (sweeping.giver?.step());
  t.is((await box.operator.showFabric())[0]?.givenBackBytes, sweeping.giver?.numbers.octets);
});
