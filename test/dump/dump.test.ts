/** `dump mrt`: what a running chassis writes is read by bgpdump with the same routes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { neighborAddress, openBox } from '../../bench/support/box.ts';
import type { RouteRow } from '../../src/chassis/operations.ts';
import { feedFor } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';

const hasBgpdump = spawnSync('bgpdump', ['-h']).error === undefined;

/** As bgpdump -m prints it: neighbour, prefix, AS path, origin, next hop, LOCAL_PREF, MED. */
function line(row: RouteRow): string {
  const path = row.asPath.replace(/\{([^}]*)\}/g, (_, set: string) => `{${set.replaceAll(' ', ',')}}`);
  return [row.neighbor, row.prefix, path, row.origin, row.nextHop, row.localPref ?? 0, row.med ?? 0].join(
    '|',
  );
}

test('what "dump mrt" writes is read back by bgpdump with the same routes', async (t) => {
  if (!hasBgpdump) {
    t.log('skipped: bgpdump is not installed');
    t.pass();
    return;
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'graftd-dump-'));
  const box = await openBox(3, 3);
  try {
    const table = generateTable({ seed: 11, ipv4: 3000, ipv6: 0 });
    for (const [i, speaker] of box.speakers.slice(0, 2).entries()) {
      await speaker.send(
        feedFor(table, { neighborAs: 64501 + i, nextHop: neighborAddress(i), seed: 11 + i }),
      );
    }
    const { operator } = box.running;
    while ((await operator.showChassis()).routes < 6000)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const expected: string[] = [];
    for await (const rows of operator.showRoutes({})) expected.push(...rows.map(line));
    t.is(expected.length, 6000);
    for (const name of ['table.mrt', 'table.mrt.gz']) {
      const file = path.join(folder, name);
      const report = await operator.dumpMrt(file);
      t.is(report.routes, 6000);
      t.is(report.prefixes, 3000);
      const printed = execFileSync('bgpdump', ['-m', file], {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const found = printed
        .trim()
        .split('\n')
        .map((text) => text.split('|'))
        .map(([, , , neighbor, , prefix, asPath, origin, nextHop, localPref, med]) =>
          [neighbor, prefix, asPath, origin, nextHop, localPref, med].join('|'),
        );
      t.deepEqual(found.sort(), [...expected].sort());
    }
  } finally {
    await box.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a dump that cannot be written says why, and leaves no file', async (t) => {
  const box = await openBox(1, 1);
  try {
    const error = await t.throwsAsync(() => box.running.operator.dumpMrt('/nonexistent/folder/table.mrt'));
    t.regex(error.message, /cannot write \/nonexistent\/folder\/table\.mrt: there is no such folder/);
  } finally {
    await box.close();
  }
});
