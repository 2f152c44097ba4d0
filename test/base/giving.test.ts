import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Giving, systemGiving, unchangedFiles } from '../../src/base/giving.ts';

const OCTETS = 1 << 26;
const giving = systemGiving() as Giving;
const withGiving = giving === undefined ? test.skip : test;

function residentKibi(which: string): number {
  return Number(
    new RegExp(`^${which}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1],
  );
}

withGiving('what is given back reads as zeros, is no longer resident, and can be used as before', (t) => {
  const memory = new SharedArrayBuffer(OCTETS);
  const words = new Int32Array(memory).fill(7);
  const before = residentKibi('RssAnon');
  const given = giving.giveBack(memory, 0, OCTETS);
  t.true(given > OCTETS - 2 * giving.page && given <= OCTETS);
  t.true(residentKibi('RssAnon') < before - OCTETS / 2048);
  t.is(words[OCTETS >> 3], 0);
  words.fill(9);
  t.is(words[OCTETS >> 3], 9);
});

withGiving('pages that are wanted in part only stay as they are', (t) => {
  const memory = new SharedArrayBuffer(OCTETS);
  const octets = new Uint8Array(memory).fill(7);
  const { page } = giving;
  const first = page - giving.offsetOf(memory);
  t.is(giving.giveBack(memory, first + 1, first + 2 * page - 1), 0);
  t.is(giving.giveBack(memory, first + 1, first + 3 * page + 5), 2 * page);
  t.is(octets.indexOf(0), first + page);
  t.is(octets.indexOf(7, first + page), first + 3 * page);
  t.is(giving.giveBack(memory, 5, 3), 0);
});

withGiving('what was read of the files of programs can be forgotten, and is found there again', (t) => {
  const before = residentKibi('RssFile');
  t.true(giving.forgetFiles() > 0);
  t.true(residentKibi('RssFile') < before);
  t.is(JSON.stringify([/a(b+)/u.exec('xabb')?.[1]]), '["bb"]');
  giving.trim();
});

// biome-ignore format: as the system writes it
const SMAPS = [
  '00400000-00b72000 r--p 00000000 fe:00 1234      /usr/bin/node', 'Rss:                7140 kB', 'Anonymous:             0 kB',
  '00b72000-02600000 r-xp 00772000 fe:00 1234      /usr/bin/node', 'Rss:               20984 kB', 'Anonymous:             0 kB',
  '02600000-02700000 r-xp 00772000 fe:00 1234      /usr/bin/node', 'Rss:                   0 kB', 'Anonymous:             0 kB',
  '05639000-0563c000 r--p 02a38000 fe:00 1234      /usr/bin/node', 'Rss:                  12 kB', 'Anonymous:            12 kB',
  '0563c000-05656000 rw-p 02a3b000 fe:00 1234      /usr/bin/node', 'Rss:                 104 kB', 'Anonymous:             0 kB',
  '7f0000000-7f0001000 rw-s 00000000 fe:00 99      /tmp/a.db-shm', 'Rss:                   4 kB', 'Anonymous:             0 kB',
  '7f0002000-7f0003000 r-xp 00000000 00:00 0       [vdso]', 'Rss:                   4 kB', 'Anonymous:             0 kB',
  '7f0010000-7f0020000 r-xp 00001000 fe:00 77      /usr/lib/libm.so.6', 'Rss:         60 kB', 'Anonymous:             0 kB',
  '7f0020000-7f0030000 r-xp 00001000 fe:00 78      /srv/a b/sqlite.node', 'Rss:       60 kB', 'Anonymous:             0 kB',
  '7f0030000-7f0040000 r--p 00001000 fe:00 79      /usr/lib/old.so.1 (deleted)', 'Rss: 60 kB', 'Anonymous:            0 kB',
  '7f0040000-7f0050000 r--p 00001000 fe:00 80      /tmp/table.mrt', 'Rss:             60 kB', 'Anonymous:             0 kB',
].join('\n');

test('only what comes from a file that stays, and was never written, can be forgotten', (t) => {
  t.deepEqual(unchangedFiles(SMAPS, '/usr/bin/node'), [
    { start: 0x400000, end: 0xb72000, octets: 7140 * 1024 },
    { start: 0xb72000, end: 0x2600000, octets: 20984 * 1024 },
    { start: 0x7f0010000, end: 0x7f0020000, octets: 60 * 1024 },
  ]);
});

withGiving(
  'where no descriptor is left to see what is there by, nothing is forgotten, and nothing fails',
  (t) => {
    const text = `
    import { openSync } from 'node:fs';
    import { systemGiving } from '${new URL('../../src/base/giving.js', import.meta.url).href}';
    const giving = systemGiving();
    try {
      for (;;) openSync('/dev/null');
    } catch {}
    console.log(giving?.forgetFiles());`;
    const node = `ulimit -n 64; exec "$0" --input-type=module -e "$1"`;
    t.is(execFileSync('sh', ['-c', node, process.execPath, text], { encoding: 'utf8' }).trim(), '0');
  },
);
