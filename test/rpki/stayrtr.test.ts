/** A real cache, stayrtr of Debian, and a real chassis: what the one tells, the other shows, also after it changed. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ControlClient } from '../../src/chassis/control/client.ts';
import type { CacheRow, VrpRow } from '../../src/chassis/operations.ts';
import { Cache, freePort, isInstalled, type Roa } from './stayrtr-cache.ts';

/** Enough that the table is built in a thread of the pool. */
const MANY = 20_000;
const many: Roa[] = Array.from({ length: MANY }, (_, i) => ({
  prefix: `10.${i >> 8}.${i & 255}.0/24`,
  maxLength: 24,
  asn: `AS${64500 + (i % 10)}`,
}));

async function chassisWith(
  t: ExecutionContext,
  folder: string,
  caches: readonly Cache[],
): Promise<ControlClient> {
  const file = path.join(folder, 'graftd.yaml');
  const lines = caches.map(
    ({ port }, i) => `    - { address: 127.0.0.1, port: ${port}, preference: ${i + 1}, retry: 1 }`,
  );
  writeFileSync(
    file,
    [
      'router: { as: 65000, id: 192.0.2.1, listen: [] }',
      'chassis: { blades: 1, rehearse: false }',
      'rpki:',
      '  caches:',
      ...lines,
      '',
    ].join('\n'),
  );
  const chassis = spawn(process.execPath, ['dist/src/cli/main.js', 'run', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    chassis.kill('SIGTERM');
    if (chassis.exitCode === null) await once(chassis, 'exit');
  });
  await once(chassis.stdout, 'data');
  const client = await ControlClient.connect(path.join(folder, 'graftd.sock'));
  t.teardown(() => client.close());
  return client;
}

test('what caches tell is in force, by preference, and what changes in them too', async (t) => {
  if (!isInstalled()) {
    t.log('skipped: stayrtr is not installed');
    t.pass();
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-rpki-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const first = new Cache(folder, await freePort());
  const second = new Cache(folder, await freePort());
  t.teardown(() => Promise.all([first.stop(), second.stop()]));
  first.tells([
    ...many,
    { prefix: '192.0.2.0/24', maxLength: 25, asn: 'AS64500' },
    { prefix: '2001:db8::/32', maxLength: 48, asn: 'AS64501' },
  ]);
  second.tells([{ prefix: '192.0.2.0/24', maxLength: 32, asn: 'AS64999' }]);
  first.start();
  second.start();
  const client = await chassisWith(t, folder, [first, second]);
  const caches = (): Promise<CacheRow[]> => client.call<CacheRow[]>('show rpki');
  const covering = (prefix: string): Promise<VrpRow[]> => client.call<VrpRow[]>('show vrps', { prefix });
  const until = async (what: (rows: CacheRow[]) => boolean | Promise<boolean>): Promise<CacheRow[]> => {
    for (;;) {
      const rows = await caches();
      if (await what(rows)) return rows;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const [row] = await until(([one, two]) => one!.active && two!.state === 'synchronised');
  t.like(row, { cache: `127.0.0.1:${first.port}`, ipv4Vrps: MANY + 1, ipv6Vrps: 1 });
  t.deepEqual(await covering('192.0.2.128/26'), [{ prefix: '192.0.2.0/24', maxLength: 25, as: 64500 }]);
  t.deepEqual(await covering('2001:db8:1::/48'), [{ prefix: '2001:db8::/32', maxLength: 48, as: 64501 }]);

  first.tells([...many.slice(1), { prefix: '192.0.2.0/25', maxLength: 25, asn: 'AS64502' }]);
  await until(async () => (await covering('192.0.2.0/25'))[0]?.as === 64502);
  t.deepEqual(await covering('10.0.0.0/24'), []);
  t.deepEqual(await covering('2001:db8:1::/48'), []);

  await first.stop();
  // What it told goes on being used; a chassis that starts without it believes the other one.
  t.is((await covering('192.0.2.0/25'))[0]?.as, 64502);
  const folder2 = path.join(folder, 'again');
  execFileSync('mkdir', [folder2]);
  const other = await chassisWith(t, folder2, [first, second]);
  for (;;) {
    const [, two] = await other.call<CacheRow[]>('show rpki');
    if (two!.active) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.deepEqual(await other.call<VrpRow[]>('show vrps', { prefix: '192.0.2.0/24' }), [
    { prefix: '192.0.2.0/24', maxLength: 32, as: 64999 },
  ]);
});
