import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { Prefix } from '../../src/bgp/nlri.ts';
import { mrtRecords, readMrt } from '../../src/mrt/reader.ts';
import { type PeerIndexRecord, RibEntry } from '../../src/mrt/records.ts';
import { summarise } from '../../src/mrt/summary.ts';
import { type DumpEntry, type DumpRoute, writeTableDump } from '../../src/mrt/writer.ts';
import { dataFile } from '../support/data.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'mrt-writer-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** ORIGIN IGP, AS_PATH 64500 4200000001, NEXT_HOP 192.0.2.7, COMMUNITIES 64500:99. */
const ATTRIBUTES4 = Uint8Array.from([
  0x40, 1, 1, 0, 0x40, 2, 10, 2, 2, 0, 0, 0xfb, 0xf4, 0xfa, 0x56, 0xea, 0x01, 0x40, 3, 4, 192, 0, 2, 7, 0xc0,
  8, 4, 0xfb, 0xf4, 0, 99,
]);
/** The same for IPv6: MP_REACH_NLRI is the next hop with its length only (RFC 6396 4.3.4). */
const ATTRIBUTES6 = Uint8Array.from([
  0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf4, 0x80, 14, 17, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 7,
]);

const peers = [
  { bgpId: 0xc0000201, as: 64500, address: Uint8Array.of(192, 0, 2, 1) },
  {
    bgpId: 0xc0000202,
    as: 4200000001,
    address: Uint8Array.from([0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 2]),
  },
];
const options = { peers, collectorId: 0xc0000263, viewName: 'test', time: 1_700_000_000 };

function prefix(length: number, word0: number, word1 = 0): Prefix {
  return Object.assign(new Prefix(), { length, word0, word1 });
}

function* routes(count: number): Generator<DumpRoute> {
  for (let i = 0; i < count; i++) {
    const entries: DumpEntry[] = [
      { peerIndex: 0, originatedTime: 1_600_000_000 + i, attributes: ATTRIBUTES4 },
    ];
    if (i % 2 === 1) entries.push({ peerIndex: 1, originatedTime: 1_600_000_000, attributes: ATTRIBUTES4 });
    yield { family: 'ipv4-unicast', prefix: prefix(24, (0x14000000 + i * 256) >>> 0), entries };
  }
  const entries = [{ peerIndex: 1, originatedTime: 1_600_000_000, attributes: ATTRIBUTES6 }];
  yield { family: 'ipv6-unicast', prefix: prefix(48, 0x2a000001, 0x00020000), entries };
}

function bgpdump(file: string): string[] | undefined {
  const run = spawnSync('bgpdump', ['-m', file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  return run.error === undefined ? run.stdout.trim().split('\n') : undefined;
}

test('what is written is read back, by our reader', async (t) => {
  const file = path.join(folder, 'small.mrt');
  t.deepEqual(await writeTableDump(file, options, routes(4)), { prefixes: 5, entries: 7 });
  const read: string[] = [];
  const entry = new RibEntry();
  await readMrt(file, (record) => {
    if (record.kind === 'peer-index') {
      t.is(record.viewName, 'test');
      t.is(record.collectorId, 0xc0000263);
      t.deepEqual(
        record.peers.map(({ as }) => as),
        [64500, 4200000001],
      );
      t.deepEqual(record.peers[1]?.address, peers[1]?.address);
    } else if (record.kind === 'rib') {
      for (let i = 0, at = record.entriesStart; i < record.entryCount; i++) {
        at = entry.read(record, at);
        read.push(
          `${record.sequence} ${record.prefix.word0.toString(16)}/${record.prefix.length} ${entry.peerIndex}`,
        );
        const attributes = record.bytes.slice(entry.attributesStart, entry.attributesEnd);
        t.deepEqual(attributes, record.afi === 1 ? ATTRIBUTES4 : ATTRIBUTES6);
      }
    }
  });
  t.deepEqual(read, [
    '0 14000000/24 0',
    '1 14000100/24 0',
    '1 14000100/24 1',
    '2 14000200/24 0',
    '3 14000300/24 0',
    '3 14000300/24 1',
    '4 2a000001/48 1',
  ]);
});

test('several paths of a neighbour are written with their identifiers (RFC 8050)', async (t) => {
  const file = path.join(folder, 'paths.mrt');
  const entry = { peerIndex: 0, originatedTime: 1_600_000_000 };
  const paths = [7, 0xffffffff].map((path) => ({ ...entry, path }));
  const both = (attributes: Uint8Array): DumpEntry[] =>
    [...paths, { ...entry, peerIndex: 1 }].map((each) => ({ ...each, attributes }));
  await writeTableDump(file, options, [
    { family: 'ipv4-unicast', prefix: prefix(24, 0x14000000), entries: both(ATTRIBUTES4) },
    { family: 'ipv6-unicast', prefix: prefix(48, 0x2a000001, 0x00020000), entries: both(ATTRIBUTES6) },
  ]);
  const read: number[][] = [];
  const found = new RibEntry();
  await readMrt(file, (record) => {
    if (record.kind !== 'rib') return;
    for (let i = 0, at = record.entriesStart; i < record.entryCount; i++) {
      at = found.read(record, at);
      read.push([record.afi, found.peerIndex, found.pathId]);
    }
  });
  t.deepEqual(
    read,
    [1, 2].flatMap((afi) => [
      [afi, 0, 7],
      [afi, 0, 0xffffffff],
      [afi, 1, 0],
    ]),
  );
});

test('what is written is read back, by bgpdump', async (t) => {
  const file = path.join(folder, 'other.mrt.gz');
  await writeTableDump(file, options, routes(2));
  const lines = bgpdump(file);
  if (lines === undefined) {
    t.log('skipped: bgpdump is not installed');
    t.pass();
    return;
  }
  t.deepEqual(lines, [
    'TABLE_DUMP2|1700000000|B|192.0.2.1|64500|20.0.0.0/24|64500 4200000001|IGP|192.0.2.7|0|0|64500:99|NAG||',
    'TABLE_DUMP2|1700000000|B|192.0.2.1|64500|20.0.1.0/24|64500 4200000001|IGP|192.0.2.7|0|0|64500:99|NAG||',
    'TABLE_DUMP2|1700000000|B|2001:db8::2|4200000001|20.0.1.0/24|64500 4200000001|IGP|192.0.2.7|0|0|64500:99|NAG||',
    'TABLE_DUMP2|1700000000|B|2001:db8::2|4200000001|2a00:1:2::/48|64500|IGP|2001:db8::7|0|0||NAG||',
  ]);
});

test('a large table goes through at the pace of the disk, compressed and whole', async (t) => {
  const file = path.join(folder, 'large.mrt.gz');
  t.deepEqual(await writeTableDump(file, options, routes(200_000)), { prefixes: 200_001, entries: 300_001 });
  const summary = await summarise(file);
  t.is(summary.entries, 300_001);
  t.deepEqual([summary.prefixes.ipv4, summary.prefixes.ipv6], [200_000, 1]);
});

test('a prefix with more routes than the buffer takes is written whole', async (t) => {
  const file = path.join(folder, 'wide.mrt');
  const entries = Array.from({ length: 60_000 }, () => ({
    peerIndex: 0,
    originatedTime: 1,
    attributes: ATTRIBUTES4,
  }));
  const route: DumpRoute = { family: 'ipv4-unicast', prefix: prefix(8, 0x14000000), entries };
  await writeTableDump(file, options, [route, route]);
  t.is((await summarise(file)).entries, 120_000);
});

test('until it is complete a dump has another name, and a failed one leaves nothing behind', async (t) => {
  const file = path.join(folder, 'failed.mrt');
  async function* failing(): AsyncGenerator<DumpRoute> {
    yield* routes(10);
    t.true(existsSync(`${file}.part`));
    t.false(existsSync(file));
    throw new Error('no more routes');
  }
  await t.throwsAsync(writeTableDump(file, options, failing()), { message: 'no more routes' });
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('failed')),
    [],
  );
  await t.throwsAsync(writeTableDump(path.join(folder, 'no', 'where.mrt'), options, routes(1)), {
    code: 'ENOENT',
  });
});

test('what is there and no file is not replaced by one, and a link leads to the file', async (t) => {
  const place = path.join(folder, 'places');
  mkdirSync(place);
  const pipe = path.join(place, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const there of [pipe, place]) await t.throwsAsync(writeTableDump(there, options, routes(1)));
  t.true(lstatSync(pipe).isFIFO());
  const [file, link] = [path.join(place, 'file.mrt'), path.join(place, 'link.mrt')];
  writeFileSync(file, '');
  symlinkSync('file.mrt', link);
  await writeTableDump(link, options, routes(1));
  t.true(lstatSync(link).isSymbolicLink());
  t.is((await summarise(file)).entries, 2);
  t.deepEqual(readdirSync(place).toSorted(), ['file.mrt', 'link.mrt', 'pipe']);
});

test('what is open already, as by /dev/stdout, is not written over', async (t) => {
  if (!existsSync('/proc/self/fd')) {
    t.pass();
    return;
  }
  const log = path.join(folder, 'log');
  writeFileSync(log, 'a line');
  const descriptor = openSync(log, 'r');
  t.teardown(() => closeSync(descriptor));
  const link = path.join(folder, 'stdout');
  symlinkSync(`/proc/self/fd/${descriptor}`, link);
  for (const file of [link, `/proc/self/fd/${descriptor}`])
    await t.throwsAsync(writeTableDump(file, options, routes(1)), { message: /has open/ });
  t.is(readFileSync(log, 'utf8'), 'a line');
});

for (const name of ['routeviews-rib.20140523.0600.first9072.gz', 'routeviews6-rib.20151101.0600.part1.gz']) {
  test(`${name}, read and written again, has the same routes for bgpdump`, async (t) => {
    const file = dataFile(`mrt/${name}`);
    const expected = file === undefined ? undefined : bgpdump(file);
    if (file === undefined || expected === undefined) {
      t.log('skipped: the real data, or bgpdump, is not present');
      t.pass();
      return;
    }
    const copy = path.join(folder, name);
    let index: PeerIndexRecord | undefined;
    for await (const record of mrtRecords(file)) {
      if (record.kind === 'peer-index') index = record;
      break;
    }
    const { peers: listed, collectorId, header } = index as PeerIndexRecord;
    await writeTableDump(copy, { peers: listed, collectorId, time: header.time }, again(file));
    t.deepEqual(bgpdump(copy), expected);
  });
}

/** The routes of a dump, as the writer takes them. */
async function* again(file: string): AsyncGenerator<DumpRoute> {
  for await (const record of mrtRecords(file)) {
    if (record.kind !== 'rib') continue;
    const entries: DumpEntry[] = [];
    for (let i = 0, at = record.entriesStart; i < record.entryCount; i++) {
      const entry = new RibEntry();
      at = entry.read(record, at);
      entries.push({
        peerIndex: entry.peerIndex,
        originatedTime: entry.originated,
        attributes: record.bytes.subarray(entry.attributesStart, entry.attributesEnd),
      });
    }
    yield { family: record.afi === 1 ? 'ipv4-unicast' : 'ipv6-unicast', prefix: record.prefix, entries };
  }
}
