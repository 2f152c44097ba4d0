import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { GraftRow } from '../../src/chassis/operations.ts';
import { Database } from '../../src/chassis/sqlite.ts';
import { type CounterSample, Store, type StoreOptions } from '../../src/chassis/store.ts';

function temporaryFile(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'graftd.db');
}

interface Opened {
  store: Store;
  /** What went to the log. */
  log: string[];
  clock: { now: number };
}

function open(t: ExecutionContext, file: string, limits: StoreOptions['limits'] = {}): Opened {
  const log: string[] = [];
  const clock = { now: Date.UTC(2024, 4, 6, 7, 8, 9) };
  const store = new Store(file, { onTrouble: (text) => log.push(text), now: () => clock.now, limits });
  t.teardown(() => store.close());
  return { store, log, clock };
}

function graft(number: number, more: Partial<GraftRow> = {}): GraftRow {
  return {
    time: new Date(number * 1000).toISOString(),
    planned: true,
    result: 'done',
    neighbor: '192.0.2.2',
    from: 0,
    to: 1,
    routes: number,
    totalMicroseconds: 412.5,
    pauseMicroseconds: 98.25,
    decisionsRun: 0,
    fabricUpdatesSent: 0,
    neighborUpdatesSent: 0,
    ...more,
  };
}

function sample(routes: number): CounterSample {
  return {
    kind: 'session',
    name: '192.0.2.2',
    routes,
    updatesReceived: 1,
    updatesSent: 2,
    cpuMicroseconds: 3.5,
  };
}

const ALL = { kind: 'session', name: '192.0.2.2', since: 0 } as const;

test('what was written is there after a restart', (t) => {
  const file = temporaryFile(t);
  const first = open(t, file);
  first.store.place('192.0.2.2', 3);
  first.store.place('2001:db8::2', 1);
  first.store.place('192.0.2.9', 1);
  first.store.place('2001:db8::2', 2);
  first.store.forget('192.0.2.9');
  const grafts = [graft(1), graft(2, { planned: false, result: 'undone', reason: 'blade 1 died' })];
  for (const one of grafts) first.store.addGraft(one);
  first.store.addSamples([sample(7), { ...sample(8), kind: 'blade', name: '0' }]);
  first.store.close();

  const { store, log } = open(t, file);
  t.deepEqual([...store.placements()].sort(), [
    ['192.0.2.2', 3],
    ['2001:db8::2', 2],
  ]);
  t.deepEqual(store.grafts(10), grafts.toReversed());
  t.deepEqual(store.grafts(1), [grafts[1]!]);
  t.deepEqual(store.samples(ALL), [{ ...sample(7), time: first.clock.now }]);
  t.is(store.samples({ kind: 'blade', name: '0', since: first.clock.now }).length, 1);
  t.is(store.samples({ ...ALL, since: first.clock.now + 1 }).length, 0);
  t.true(store.healthy);
  t.deepEqual(log, []);
});

test('history and counters keep to their limits, the oldest go', (t) => {
  const { store, clock, log } = open(t, temporaryFile(t), { grafts: 5, samples: 6 });
  for (let i = 1; i <= 20; i++) {
    store.addGraft(graft(i));
    clock.now += 1000;
    store.addSamples([sample(i), sample(-i)]);
  }
  t.deepEqual(log, [], 'memory has limits of its own');
  t.deepEqual(
    store.grafts(100).map((row) => row.routes),
    [20, 19, 18, 17, 16],
  );
  t.deepEqual(
    store.samples(ALL).map((row) => row.routes),
    [18, -18, 19, -19, 20, -20],
  );
});

test('other programs can read the file while the chassis runs', (t) => {
  const file = temporaryFile(t);
  const { store } = open(t, file);
  store.place('192.0.2.2', 3);
  const reader = new Database(file, { readonly: true });
  t.is(reader.prepare('SELECT slot FROM placement').pluck().get(), 3);
  reader.close();
  store.place('192.0.2.2', 4);
  t.true(store.healthy);
});

test('after close the file is one whole file, and nothing throws', (t) => {
  const file = temporaryFile(t);
  const { store } = open(t, file);
  store.place('192.0.2.2', 3);
  store.close();
  t.deepEqual(readdirSync(path.dirname(file)), ['graftd.db']);
  store.close();
  store.place('192.0.2.2', 4);
  store.addSamples([sample(1)]);
  t.deepEqual(store.grafts(1), []);
  t.is(store.placements().size, 0);
});

test('a file that is no database is moved aside, and a fresh one is used', (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, Buffer.alloc(10_000));
  const { store, log } = open(t, file);
  const aside = `${file}.damaged-20240506T070809Z`;
  t.is(readFileSync(aside).length, 10_000);
  t.is(log.length, 1);
  t.true(log[0]!.includes(aside) && /was damaged/.test(log[0]!), log[0]);
  store.place('192.0.2.2', 3);
  t.true(store.healthy);
  store.close();
  t.is(open(t, file).store.placements().get('192.0.2.2'), 3);
});

test('a text, which was never a database, is left alone', (t) => {
  const file = temporaryFile(t);
  writeFileSync(file, 'router:\n  as: 65000\n');
  const { store, log } = open(t, file);
  t.is(log.length, 1);
  t.regex(log[0]!, /cannot be used/);
  store.place('192.0.2.2', 3);
  t.is(store.placements().get('192.0.2.2'), 3);
  store.close();
  t.deepEqual(readdirSync(path.dirname(file)), ['graftd.db']);
  t.regex(readFileSync(file, 'utf8'), /^router:/);
});

test('a database with a page overwritten is moved aside when it is opened', (t) => {
  const file = temporaryFile(t);
  const first = open(t, file);
  for (let i = 0; i < 500; i++) first.store.addGraft(graft(i, { reason: 'x'.repeat(100) }));
  first.store.close();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4096 * 4, 4096 * 9);
  writeFileSync(file, bytes);
  const { store, log } = open(t, file);
  t.is(log.length, 1);
  t.regex(log[0]!, /was damaged/);
  t.deepEqual(store.grafts(1), []);
  t.true(store.healthy);
});

test('a database that is damaged while it is open is replaced, and keeps what could be read', (t) => {
  const file = temporaryFile(t);
  const { store, log } = open(t, file);
  store.place('192.0.2.2', 3);
  for (let i = 0; i < 3000; i++) store.addGraft(graft(i, { reason: 'x'.repeat(200) }));
  // Another connection brings all into the file; then everything but the first pages is overwritten.
  const other = new Database(file);
  other.pragma('wal_checkpoint(TRUNCATE)');
  other.close();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4096 * 8);
  writeFileSync(file, bytes);
  store.grafts(100_000);
  t.is(log.length, 1);
  t.regex(log[0]!, /was damaged .* a fresh one is used/);
  t.true(store.healthy);
  t.is(store.placements().get('192.0.2.2'), 3, 'the placement was still readable');
  store.addGraft(graft(1));
  t.is(store.grafts(1)[0]!.routes, 1);
});

test('when the disk is full the store goes on in memory, says so once, and catches up when there is room', (t) => {
  const file = temporaryFile(t);
  const { store, log, clock } = open(t, file, { pages: 30 });
  store.place('192.0.2.2', 1);
  store.place('192.0.2.9', 1);
  let number = 0;
  while (store.healthy && number < 10_000) store.addGraft(graft(++number, { reason: 'x'.repeat(500) }));
  t.regex(store.trouble ?? '', /database or disk is full.*in memory only/);
  store.place('192.0.2.2', 5);
  store.place('192.0.2.3', 6);
  store.forget('192.0.2.9');
  store.addGraft(graft(++number));
  store.addSamples([sample(42)]);
  t.is(store.grafts(1)[0]!.routes, number);
  t.is(store.grafts(10_000).length, number, 'the history of before is still shown');
  t.is(log.length, 1);

  clock.now += 61_000;
  store.addSamples([sample(43)]);
  t.is(log.length, 1, 'still full, and not told again');

  // Somebody makes room.
  const other = new Database(file);
  other.exec('DELETE FROM graft WHERE id < 20; VACUUM');
  other.close();
  clock.now += 61_000;
  store.addSamples([sample(44)]);
  t.is(store.trouble, undefined);
  t.regex(log[1]!, /can be used again/);
  store.close();

  const after = open(t, file);
  t.deepEqual([...after.store.placements()].sort(), [
    ['192.0.2.2', 5],
    ['192.0.2.3', 6],
  ]);
  t.deepEqual(
    after.store.grafts(2).map((row) => row.routes),
    [number, number - 1],
  );
  t.deepEqual(
    after.store.samples(ALL).map((row) => row.routes),
    [42, 43, 44],
  );
});

test('a database that is locked by another process is waited for in memory', (t) => {
  const file = temporaryFile(t);
  open(t, file).store.close();
  const other = new Database(file);
  other.exec('BEGIN EXCLUSIVE');
  const { store, log, clock } = open(t, file);
  t.regex(log[0]!, /database is locked/);
  store.place('192.0.2.2', 3);
  t.is(store.placements().get('192.0.2.2'), 3);
  other.exec('ROLLBACK');
  other.close();
  clock.now += 61_000;
  store.addSamples([]);
  t.true(store.healthy);
  store.close();
  t.is(open(t, file).store.placements().get('192.0.2.2'), 3);
});

test('a folder that does not exist, or a folder in the place of the file: memory', (t) => {
  const file = temporaryFile(t);
  const missing = open(t, path.join(file, 'no', 'graftd.db'));
  mkdirSync(file);
  const folder = open(t, file);
  for (const { store, log } of [missing, folder]) {
    t.is(log.length, 1);
    t.regex(log[0]!, /cannot be used/);
    store.place('192.0.2.2', 3);
    t.is(store.placements().get('192.0.2.2'), 3);
    t.false(store.healthy);
  }
});

/** Run it, and come to it. */
function everybodyMay(file: string): boolean {
  const mayPass = (place: string): boolean => (statSync(place).mode & 1) !== 0;
  return mayPass(file) && (file === path.dirname(file) || everybodyMay(path.dirname(file)));
}

test('a database that may only be read is left alone', (t) => {
  const asNobody = process.getuid?.() === 0;
  if (asNobody && ![process.execPath, import.meta.dirname].every(everybodyMay)) {
    t.log('skipped: this runs as root, and others may not run this Node.js, or read this folder');
    t.pass();
    return;
  }
  const file = temporaryFile(t);
  const first = open(t, file);
  first.store.place('192.0.2.2', 3);
  first.store.close();
  const folder = path.dirname(file);
  const user = asNobody ? { uid: 65534, gid: 65534 } : {};
  chmodSync(file, 0o444);
  chmodSync(folder, 0o555);
  const module = new URL('../../src/chassis/store.js', import.meta.url).href;
  const program = `
    const { Store } = await import(${JSON.stringify(module)});
    const log = [];
    const store = new Store(${JSON.stringify(file)}, { onTrouble: (text) => log.push(text) });
    store.place('192.0.2.2', 7);
    console.log(JSON.stringify({ log, healthy: store.healthy, slot: store.placements().get('192.0.2.2') }));
    store.close();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    ...user,
    encoding: 'utf8',
  });
  chmodSync(folder, 0o755);
  const { log, healthy, slot } = JSON.parse(output) as { log: string[]; healthy: boolean; slot: number };
  t.is(log.length, 1);
  t.regex(log[0]!, /readonly database|unable to open/);
  t.false(healthy);
  t.is(slot, 7);
  chmodSync(file, 0o644);
  t.is(open(t, file).store.placements().get('192.0.2.2'), 3);
});

test('a file that is deleted is noticed and made anew', (t) => {
  const file = temporaryFile(t);
  const { store, log } = open(t, file);
  store.place('192.0.2.2', 3);
  store.addGraft(graft(1));
  for (const name of readdirSync(path.dirname(file))) unlinkSync(path.join(path.dirname(file), name));
  store.addSamples([sample(1)]);
  t.deepEqual(log, [`the database ${file} was removed; a fresh one is used`]);
  t.true(existsSync(file));
  store.close();
  const again = open(t, file).store;
  t.is(again.placements().get('192.0.2.2'), 3);
  t.is(again.grafts(5).length, 1);
});

test('a database of a newer graftd, or of another program, is not touched', (t) => {
  const newer = temporaryFile(t);
  open(t, newer).store.close();
  const database = new Database(newer);
  database.pragma('user_version = 99');
  database.close();
  const foreign = temporaryFile(t);
  const other = new Database(foreign);
  other.exec('CREATE TABLE photos (name TEXT)');
  other.close();
  for (const [file, message] of [
    [newer, /a newer graftd wrote it \(schema 99/],
    [foreign, /database of another program/],
  ] as const) {
    const before = readFileSync(file);
    const { store, log, clock } = open(t, file);
    t.regex(log[0]!, message);
    store.place('192.0.2.2', 3);
    clock.now += 120_000;
    store.addSamples([]);
    t.is(store.placements().get('192.0.2.2'), 3);
    store.close();
    t.deepEqual(readFileSync(file), before);
    t.is(log.length, 1);
  }
});
