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
  // A prefix has 16 octets, a set 32 and 40 of its own; a page 4 KiB, and some are kept.
  const least = (PREFIXES * 16 + SETS * 72 + (PAGES - 256) * PAGE_WORDS * 4) / 2 ** 20;
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

/** A session with a route for each of so many prefixes. */
function tableOf(fabric: Fabric, prefixes: number): void {
  for (let i = 0; i < prefixes; i++) fabric.prefixes.intern4((i << 8) >>> 0, 24);
  fabric.count(1, SESSION_NUMBER.announcementsReceived, prefixes);
  fabric.count(1, SESSION_NUMBER.routesReceived, prefixes);
}

test('when little is to be done, a sweep is worth its while where much memory would come back', (t) => {
  const many = 1_000_000;
  const fabric = new Fabric(createFabricMemory(defaultFabricOptions(1, 2)), 0, () => {});
  const sweeper = new Sweeper(fabric, () => true);
  tableOf(fabric, many);
  t.false(sweeper.need.worthwhile);
  fabric.count(1, SESSION_NUMBER.announcementsReceived, many);
  t.false(sweeper.need.worthwhile, 'routes were replaced, and the prefixes are in use');
  fabric.count(1, SESSION_NUMBER.routesReceived, -many * 0.9);
  t.true(sweeper.need.worthwhile);
  sweeper.begin();
  const { activity } = sweeper.need;
  while (sweeper.step(() => false)) fabric.meet();
  t.false(sweeper.need.worthwhile);
  t.is(sweeper.need.activity, activity, 'what came back is nothing that happens');
  const small = largeFabric();
  const other = new Sweeper(small, () => true);
  tableOf(small, PREFIXES);
  small.count(1, SESSION_NUMBER.routesReceived, -PREFIXES);
  t.false(other.need.worthwhile, 'a small table');
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
  t.is(fabric.pages.allocate(), pages.at(-1) as number, 'what holds memory is taken first');
});

test('of pages a piece takes some, gives back no more than that, and holds none behind it', (t) => {
  const fabric = largeFabric();
  const pieces = { numbers: 64, octets: 1 << 22, pages: 100, slots: 1 << 18, kept: 10 };
  let octets = 0;
  const giveBack = (memory: SharedArrayBuffer, from: number, to: number): number => {
    if (memory === fabric.memory.pages) octets += to - from;
    return to - from;
  };
  const counting: Pick<Giving, 'page' | 'giveBack'> = { page: 4096, giveBack };
  const giver = new Giver(fabric, counting as Giving, pieces);
  const pages = Array.from({ length: PAGES }, () => fabric.pages.allocate());
  for (const page of pages) fabric.pages.free(page);
  fabric.pages.reclaim();
  giver.begin(0);
  let given = 0;
  for (let more = true; more; given += octets) {
    octets = 0;
    more = giver.step();
    t.true(octets <= pieces.pages * PAGE_WORDS * 4);
    t.is(fabric.pages.returned, PAGES);
  }
  t.is(given, (PAGES - fabric.pages.warm) * PAGE_WORDS * 4, 'each once');
  t.true(fabric.pages.warm <= pieces.kept);
  const again = new Set(pages.map(() => fabric.pages.allocate()));
  t.is(again.size, PAGES);
  t.deepEqual([fabric.pages.returned, fabric.pages.warm], [0, 0]);
});

test('numbers whose memory is large are borrowed by few', (t) => {
  const fabric = largeFabric();
  internAll(fabric);
  sweep(fabric);
  const each = fabric.attributes.blockUnits * 4;
  let most = 0;
  const giveBack = (memory: SharedArrayBuffer, from: number, to: number): number => {
    if (memory === fabric.memory.attributeBytes) most = Math.max(most, to - from);
    return 0;
  };
  const counting: Pick<Giving, 'page' | 'giveBack'> = { page: 4096, giveBack };
  const pieces = { numbers: 8192, octets: 3 * each, pages: 512, slots: 1 << 18, kept: 0 };
  const giver = new Giver(fabric, counting as Giving, pieces);
  giver.begin(1);
  while (giver.step());
  t.is(most, 3 * each);
});

/** A fabric in which much has come free, and how much of it waits to be given back or out. */
function swept(): { fabric: Fabric; counts: () => number[] } {
  const fabric = largeFabric();
  internAll(fabric);
  const pages = Array.from({ length: PAGES }, () => fabric.pages.allocate());
  for (const page of pages) fabric.pages.free(page);
  fabric.pages.reclaim();
  sweep(fabric);
  const counts = (): number[] => {
    const { pages, prefixes, attributes } = fabric;
    return [pages.returned, prefixes.pool4.returned, attributes.pool.returned, attributes.blocks.returned];
  };
  return { fabric, counts };
}

test('what was left in the middle is due once more, and nothing is lost', (t) => {
  const { fabric, counts } = swept();
  const before = counts();
  const none: Pick<Giving, 'page' | 'giveBack'> = { page: 4096, giveBack: () => 0 };
  const giver = new Giver(fabric, none as Giving);
  for (let pieces = 0; pieces < 50; pieces++) {
    giver.begin(1);
    for (let i = 0; i < pieces; i++) giver.step();
    if (!giver.giving) break;
    giver.abandon();
    t.deepEqual(counts(), before);
    t.true(giver.due(1));
  }
  t.false(giver.giving);
});

test('what cannot be given back is given out again all the same', (t) => {
  const { fabric, counts } = swept();
  const giveBack = (): number => {
    throw new Error('not today');
  };
  const none: Pick<Giving, 'page' | 'giveBack'> = { page: 4096, giveBack };
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
  // Next to nothing, but for memory that the C library had before, and cleared: what counts is what comes to it.
  const before = { prefixes: await mebi('IPv4 prefixes'), bytes: await mebi('attribute bytes') };
  internAll(fabric);
  // Records, and slots of 4 octets all over a table of 8 MiB.
  const prefixes = await mebi('IPv4 prefixes');
  t.true(prefixes > (PREFIXES * 16) / 2 ** 20 && prefixes - before.prefixes < 11, String(prefixes));
  const bytes = await mebi('attribute bytes');
  t.true(bytes > (SETS * 40) / 2 ** 20 && bytes - before.bytes < 4, String(bytes));
  sweeping.giver?.begin(sweeper.numbers.sweeps);
  while (sweeping.giver?.step());
  t.is((await box.operator.showFabric())[0]?.givenBackBytes, sweeping.giver?.numbers.octets);
});
