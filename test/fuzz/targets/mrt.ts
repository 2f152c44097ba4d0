/** MRT files that are damaged: read to the end, or refused with an MrtError that says where. */
import { readFileSync } from 'node:fs';
import type { Random } from '../../../src/base/random.ts';
import { MRT_HEADER, MrtError, MrtType, TableDumpV2 } from '../../../src/mrt/format.ts';
import { Damaged, decodeRecord, RibEntry } from '../../../src/mrt/records.ts';
import { forEachRoute } from '../../../src/mrt/update-routes.ts';
import { dataFile } from '../../support/data.ts';
import { theCorpus } from '../corpus.ts';
import type { Target } from '../target.ts';

const FILES = [
  'mrt/mrtparse-bird-mrtdump_bgp.mrt',
  'mrt/mrtparse-bird-mrtdump_rib.mrt',
  'mrt/mrtparse-bird_bgp.mrt',
  'mrt/mrtparse-openbgpd_rib_table-v2.mrt',
  'mrt/mrtparse-quagga_bgp.mrt',
];
const entry = new RibEntry();

export function mrtTarget(): Target {
  const records = seeds();
  return {
    name: 'mrt',
    what: 'records of MRT files',
    make(random, into) {
      const seed = random.pick(records);
      into.set(seed);
      let length = seed.length;
      for (let changes = random.below(5); changes > 0; changes--) {
        const at = random.below(length);
        const kind = random.below(12);
        if (kind === 0) length = Math.max(MRT_HEADER, at);
        else if (kind === 1) into[5] = random.pick([12, 13, 16, 17]);
        else if (kind === 2) into[7] = random.below(13);
        else if (kind === 3) into[at] = 255;
        else into[at] = random.below(256);
      }
      return length;
    },
    run: readRecord,
  };
}

function readRecord(bytes: Uint8Array, _random: Random): void {
  const type = (bytes[4]! << 8) | bytes[5]!;
  const extended = type === MrtType.Bgp4mpEt ? 4 : 0;
  if (bytes.length < MRT_HEADER + extended) return;
  const header = { time: 0, microseconds: 0, type, subtype: (bytes[6]! << 8) | bytes[7]!, offset: 0 };
  try {
    const record = decodeRecord(bytes, MRT_HEADER + extended, bytes.length, header);
    if (record.kind === 'rib') {
      for (let left = record.entryCount, at = record.entriesStart; left > 0; left--)
        at = entry.read(record, at);
    } else if (record.kind === 'message' && record.messageEnd - record.messageStart > 23) {
      forEachRoute(record.bytes, record.messageStart + 19, record.messageEnd, record.addPath, () => {});
    }
  } catch (error) {
    if (!(error instanceof Damaged) && !(error instanceof MrtError)) throw error;
  }
}

function seeds(): Uint8Array[] {
  const records = theCorpus()
    .messages.filter(({ length }) => length < 4096)
    .slice(0, 200)
    .map(asRecord);
  for (const name of FILES) {
    const file = dataFile(name);
    if (file === undefined) continue;
    const bytes = new Uint8Array(readFileSync(file));
    for (let at = 0; at + MRT_HEADER <= bytes.length; ) {
      const length = new DataView(bytes.buffer).getUint32(at + 8);
      records.push(bytes.slice(at, at + MRT_HEADER + length));
      at += MRT_HEADER + length;
    }
  }
  records.push(...ribRecords());
  return records;
}

/** BGP4MP_MESSAGE_AS4 around a message. */
function asRecord(message: Uint8Array): Uint8Array {
  const body = [0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xe8, 0, 0, 0, 1, 10, 0, 0, 1, 10, 0, 0, 2, ...message];
  return record(MrtType.Bgp4mp, 4, body);
}

function ribRecords(): Uint8Array[] {
  const attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 10, 0, 0, 1];
  const one = [0, 0, 1, 2, 3, 4, 0, attributes.length, ...attributes];
  return [
    record(
      MrtType.TableDumpV2,
      TableDumpV2.PeerIndexTable,
      [1, 2, 3, 4, 0, 1, 65, 0, 1, 2, 9, 9, 9, 9, 10, 0, 0, 1, 0, 0, 0xfd, 0xe9],
    ),
    record(MrtType.TableDumpV2, 2, [0, 0, 0, 1, 24, 10, 1, 2, 0, 2, ...one, ...one]),
    record(MrtType.TableDumpV2, 4, [0, 0, 0, 1, 33, 0x20, 1, 2, 3, 4, 0, 2, ...one, ...one]),
    record(MrtType.TableDumpV2, 8, [
      0,
      0,
      0,
      1,
      24,
      10,
      1,
      2,
      0,
      1,
      0,
      0,
      1,
      2,
      3,
      4,
      0,
      0,
      0,
      7,
      0,
      attributes.length,
      ...attributes,
    ]),
    record(MrtType.TableDump, 1, [
      0,
      0,
      0,
      1,
      10,
      1,
      2,
      0,
      24,
      1,
      1,
      2,
      3,
      4,
      10,
      0,
      0,
      1,
      0xfd,
      0xe9,
      0,
      attributes.length,
      ...attributes,
    ]),
  ];
}

function record(type: number, subtype: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([
    0,
    0,
    0,
    1,
    type >>> 8,
    type,
    subtype >>> 8,
    subtype,
    body.length >>> 24,
    body.length >>> 16,
    body.length >>> 8,
    body.length,
    ...body,
  ]);
}
