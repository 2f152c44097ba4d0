/**
 * Sets of prefixes, by size: how long it takes to read one from a file and to build its table, and what a look-up costs, of prefixes
 * that are in it and of prefixes that are not. The lists are like those that are made of a registry: many lengths, some with `le`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monotonicMilliseconds } from '../src/base/clock.ts';
import { Random } from '../src/base/random.ts';
import { generateTable } from '../src/lab/internet.ts';
import { buildPrefixTable, type PrefixEntry, PrefixSet, readPrefixLines } from '../src/policy/prefix-set.ts';
import { readOptions } from './support/options.ts';
import { machineLine, table, writeResults } from './support/report.ts';

const { values } = readOptions({
  options: {
    entries: { type: 'string', default: '1000,10000,100000,500000' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
/** Prefixes that are looked up: more than a cache holds, in no order. */
const LOOKS = 1 << 18;
const REPEATS = 8;

interface Row {
  readonly entries: number;
  readonly read: number;
  readonly build: number;
  readonly hit: number;
  readonly miss: number;
  readonly mebibytes: number;
}

function fileOf(entries: number, folder: string): string {
  const { v4 } = generateTable({ seed: 3, ipv4: entries, ipv6: 0 });
  const random = new Random(entries);
  const lines = Array.from({ length: entries }, (_, i) => {
    const address = v4.address[i] as number;
    const length = v4.length[i] as number;
    const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
    return `${text}/${length}${length < 24 && random.chance(0.3) ? ' le 24' : ''}`;
  });
  const file = path.join(folder, `${entries}.txt`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function measure(file: string): Row {
  const start = monotonicMilliseconds();
  const entries: PrefixEntry[] = [];
  for (const entry of readPrefixLines(readFileSync(file, 'utf8'), (line, what) => {
    throw new Error(`${file}:${line}: ${what}`);
  }))
    entries.push(entry);
  const read = monotonicMilliseconds();
  const built = buildPrefixTable(entries);
  const done = monotonicMilliseconds();
  const set = new PrefixSet(built);
  const random = new Random(9);
  const addresses = new Int32Array(LOOKS);
  const lengths = new Uint8Array(LOOKS);
  for (let i = 0; i < LOOKS; i++) {
    const { bytes, length } = entries[random.below(entries.length)] as PrefixEntry;
    addresses[i] = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0);
    lengths[i] = length;
  }
  const hit = perLook(set, addresses, lengths, LOOKS);
  // Beside those that are there: the same lengths and first octets, other bits behind.
  for (let i = 0; i < LOOKS; i++) {
    const bits = 32 - (lengths[i] as number);
    const other = (addresses[i] as number) ^ (((1 + random.below(255)) << bits) & 0xffffff);
    addresses[i] = other;
  }
  const miss = perLook(set, addresses, lengths);
  const octets = [
    built.first4,
    built.whole4,
    built.hints4,
    built.slots4,
    built.lengths4,
    built.slots6,
    built.lengths6,
  ];
  const mebibytes = octets.reduce((sum, { byteLength }) => sum + byteLength, 0) / 2 ** 20;
  return { entries: entries.length, read: read - start, build: done - read, hit, miss, mebibytes };
}

/** Nanoseconds; of prefixes that are all there where so many are to be found. */
function perLook(set: PrefixSet, addresses: Int32Array, lengths: Uint8Array, found?: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    let count = 0;
    const start = monotonicMilliseconds();
    for (let i = 0; i < LOOKS; i++) if (set.has4(addresses[i] as number, lengths[i] as number)) count++;
    best = Math.min(best, monotonicMilliseconds() - start);
    if (found !== undefined && count !== found) throw new Error(`${count} of ${found} are in the set`);
  }
  return (best * 1e6) / LOOKS;
}

function main(): void {
  console.log(`${machineLine()}\n`);
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-sets-'));
  const rows: Row[] = [];
  try {
    for (const entries of values.entries.split(',').map(Number)) {
      const file = fileOf(entries, folder);
      const rounds = Array.from({ length: Number(values.rounds) }, () => measure(file));
      const middle = (of: (row: Row) => number): number =>
        rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1] as number;
      rows.push({
        ...(rounds[0] as Row),
        read: middle(({ read }) => read),
        build: middle(({ build }) => build),
        hit: middle(({ hit }) => hit),
        miss: middle(({ miss }) => miss),
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const columns = ['entries', 'read ms', 'build ms', 'ns a look, there', 'not there', 'MiB'];
  console.log(
    table(
      columns,
      rows.map(({ entries, read, build, hit, miss, mebibytes }) => [
        entries,
        read.toFixed(0),
        build.toFixed(0),
        hit.toFixed(0),
        miss.toFixed(0),
        mebibytes.toFixed(1),
      ]),
    ),
  );
  writeResults('sets', { rows });
}

if (values.help) console.log('npm run bench sets -- [--entries 1000,10000,100000,500000] [--rounds 5]');
else main();
