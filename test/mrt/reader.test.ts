import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { MrtError } from '../../src/mrt/format.ts';
import { mrtRecords, readMrt } from '../../src/mrt/reader.ts';
import { type MrtSummary, summarise } from '../../src/mrt/summary.ts';
import { dataFile } from '../support/data.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'mrt-reader-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

type Counts = Partial<Omit<MrtSummary, 'prefixes' | 'announced' | 'withdrawn'>> & {
  prefixes?: readonly [ipv4: number, ipv6: number];
  announced?: readonly [ipv4: number, ipv6: number];
  withdrawn?: readonly [ipv4: number, ipv6: number];
};

/** What two other readers count in these files; where nothing is said the file has none. */
// biome-ignore format: one line per file
const FILES: readonly [name: string, counts: Counts][] = [
  ['pch-updates.20151023.bgp4mp_et.fullfeed.gz', { opens: 1, updates: 89_679, announced: [577_737, 0], withdrawn: [3, 0], prefixes: [577_706, 0], peers: 1, stateChanges: 4 }],
  ['ris-bview.20020722.2337.gz', { entries: 115_521, prefixes: [112_988, 0], peers: 36 }],
  ['routeviews-rib.20140523.0600.first9072.gz', { entries: 270_005, prefixes: [9_072, 0], peers: 35, peersListed: 47 }],
  ['routeviews6-rib.20151101.0600.part1.gz', { entries: 72_330, prefixes: [0, 3_435], peers: 27 }],
  ['ripencc-bview.ipv4_unicast_add_path.gz', { entries: 62, prefixes: [31, 0] }],
  ['ripencc-bview.64k_stream_overflow.gz', { entries: 23, prefixes: [0, 1] }],
  ['ris-updates.20070211.0141.gz', { updates: 23_394, peers: 31, announced: [46_816, 4_420], withdrawn: [1_920, 350] }],
  ['ris-rrc15-updates.20100227.1600.gz', { updates: 6_546, peers: 11, announced: [52_468, 0], withdrawn: [1_318, 0], stateChanges: 20 }],
  ['routeviews-updates.20161101.0000.bz2', { updates: 2_623, peers: 4, announced: [4_427, 952], withdrawn: [303, 80] }],
  ['routeviews-jinx-updates.20150401.0000.bz2', { updates: 1_756, peers: 4, announced: [8_149, 11], withdrawn: [440, 11] }],
  ['ris-updates.20020722.2238.gz', { updates: 393, opens: 13, notifications: 7, keepalives: 615, announced: [825, 0], withdrawn: [2_419, 0] }],
  ['ripencc-updates.long_withdrawal.gz', { updates: 1, announced: [0, 0], withdrawn: [0, 4_096] }],
  // Lab dumps: BIRD, with and without ADD-PATH, OpenBGPD with RIB_GENERIC, Quagga.
  ['mrtparse-bird-mrtdump_bgp.mrt', { announced: [12, 0], stateChanges: 12 }],
  ['mrtparse-bird-mrtdump_rib.mrt', { entries: 18 }],
  ['mrtparse-bird_bgp.mrt', { announced: [24, 0], stateChanges: 12 }],
  ['mrtparse-openbgpd_rib_table-v2.mrt', { entries: 33 }],
  ['mrtparse-quagga_bgp.mrt', { announced: [6, 12], stateChanges: 20 }],
];

for (const [name, counts] of FILES) {
  test(`${name} reads to its counts`, async (t) => {
    const file = dataFile(`mrt/${name}`);
    if (file === undefined) {
      t.log('skipped: the real data is not present');
      t.pass();
      return;
    }
    const summary = await summarise(file);
    t.is(summary.unknown, 0);
    for (const [key, value] of Object.entries(counts)) {
      const counted = summary[key as keyof MrtSummary];
      if (typeof counted === 'object')
        t.deepEqual([counted.ipv4, counted.ipv6], value as [number, number], key);
      else t.is(counted, value as number, key);
    }
  });
}

/** A STATE_CHANGE record of 2-octet ASes: the smallest whole one. */
function stateChange(type = 16, subtype = 0): Uint8Array {
  const record = new Uint8Array(12 + 20);
  const view = new DataView(record.buffer);
  view.setUint32(0, 1_000_000);
  view.setUint16(4, type);
  view.setUint16(6, subtype);
  view.setUint32(8, 20);
  view.setUint16(12, 64500);
  view.setUint16(14, 65000);
  view.setUint16(18, 1);
  record.set([192, 0, 2, 1, 192, 0, 2, 2, 0, 5, 0, 6], 20);
  return record;
}

function write(name: string, ...parts: Uint8Array[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

test('a state change reads as it was written', async (t) => {
  const file = write('state.mrt', stateChange());
  for await (const record of mrtRecords(file)) {
    t.is(record.kind, 'state-change');
    if (record.kind !== 'state-change') return;
    t.deepEqual([record.peerAs, record.localAs, record.oldState, record.newState], [64500, 65000, 5, 6]);
    t.deepEqual([...record.peerAddress], [192, 0, 2, 1]);
    t.is(record.header.time, 1_000_000);
  }
});

test('types and subtypes that are not known are counted and passed over', async (t) => {
  const file = write('unknown.mrt', stateChange(), stateChange(48, 1), stateChange(16, 99), stateChange());
  const summary = await summarise(file);
  t.is(summary.records, 4);
  t.is(summary.unknown, 2);
  t.is(summary.stateChanges, 2);
});

test('an empty file has no records, and a missing one is an error that names it', async (t) => {
  t.is((await summarise(write('empty.mrt'))).records, 0);
  await t.throwsAsync(summarise(path.join(folder, 'absent.mrt')), { message: /absent\.mrt/ });
});

test('a file that is cut says where, plain or compressed', async (t) => {
  const whole = Buffer.concat([stateChange(), stateChange(), stateChange()]);
  for (const [name, bytes] of [
    ['cut.mrt', whole.subarray(0, 80)],
    ['cut-header.mrt', whole.subarray(0, 70)],
    ['cut.mrt.gz', gzipSync(whole.subarray(0, 80))],
  ] as const) {
    let records = 0;
    const error = await t.throwsAsync(
      readMrt(write(name, bytes), () => records++),
      { instanceOf: MrtError, message: /cut.*ends in the middle of a record.*at offset 64/ },
    );
    t.is(error?.offset, 64);
    t.is(records, 2);
  }
});

test('a compressed stream that is cut is an error with file and offset', async (t) => {
  const records = Buffer.concat(Array.from({ length: 20_000 }, () => stateChange()));
  const zipped = gzipSync(records);
  const error = await t.throwsAsync(summarise(write('stream.gz', zipped.subarray(0, zipped.length - 20))), {
    instanceOf: MrtError,
    message: /stream\.gz: cannot be read .*at offset/,
  });
  t.is((error?.offset ?? 1) % 32, 0);
});

test('a bzip2 file that is cut is an error with file and offset', async (t) => {
  const file = dataFile('mrt/routeviews-updates.20161101.0000.bz2');
  if (file === undefined) {
    t.log('skipped: the real data is not present');
    t.pass();
    return;
  }
  const cut = write('cut.bz2', readFileSync(file).subarray(0, 12_000));
  await t.throwsAsync(summarise(cut), { instanceOf: MrtError, message: /cut\.bz2: / });
});

test('what is no MRT file, and a record whose parts do not fit, are errors', async (t) => {
  await t.throwsAsync(summarise(write('text', Buffer.alloc(100, 'x'))), {
    instanceOf: MrtError,
    message: /not a record \(length .* at offset 0/,
  });
  const bad = stateChange(13, 2);
  bad[16] = 200;
  await t.throwsAsync(summarise(write('bad.mrt', stateChange(), bad)), {
    instanceOf: MrtError,
    message: /damaged record: .* at offset 32/,
  });
});

test('every place to cut a real dump gives an error or its whole records, and never a crash', async (t) => {
  const file = dataFile('mrt/ripencc-bview.ipv4_unicast_add_path.gz');
  if (file === undefined) {
    t.log('skipped: the real data is not present');
    t.pass();
    return;
  }
  const content = gunzipSync(readFileSync(file));
  const boundaries = new Set<number>();
  for await (const record of mrtRecords(file)) boundaries.add(record.header.offset);
  let errors = 0;
  for (let length = 1; length < Math.min(content.length, 1200); length += 7) {
    const cut = write('part.mrt', content.subarray(0, length));
    const failed = await summarise(cut).then(
      () => false,
      (error: unknown) => error instanceof MrtError,
    );
    t.is(failed, !boundaries.has(length), `cut at ${length}`);
    if (failed) errors++;
  }
  t.true(errors > 100);
});
