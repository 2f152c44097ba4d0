import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { withdrawFeed } from '../../src/lab/changes.ts';
import { encodeFeed } from '../../src/lab/feed.ts';
import { generateTable } from '../../src/lab/internet.ts';
import { routesFor } from '../../src/lab/neighbour.ts';
import { Speaker } from '../../src/lab/speaker.ts';

const bird = ['/usr/sbin/bird', '/usr/local/sbin/bird'].find((file) => existsSync(file));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = (server.address() as import('node:net').AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function configuration(port: number): string {
  // BIRD answers from 127.0.0.1 whoever dials; each neighbour is told by its own address.
  const neighbour = (name: string, address: string, as: number): string => `
protocol bgp ${name} {
  local 127.0.0.1 port ${port} as 65000;
  neighbor ${address} as ${as};
  multihop;
  passive on;
  ipv4 { import all; export all; next hop self; };
  ipv6 { import all; export all; next hop address 2001:db8::99; };
}`;
  return `router id 192.0.2.99;
protocol device {}
protocol static { ipv4; route 127.0.0.0/8 blackhole; }
protocol static { ipv6; route 2001:db8::/32 blackhole; }
${neighbour('one', '127.0.0.11', 64501)}
${neighbour('two', '127.0.0.12', 64502)}
`;
}

async function started(folder: string, port: number): Promise<ChildProcess> {
  const file = path.join(folder, 'bird.conf');
  writeFileSync(file, configuration(port));
  const child = spawn(bird as string, ['-f', '-c', file, '-s', path.join(folder, 'bird.ctl')], {
    stdio: 'pipe',
  });
  child.stderr?.resume();
  return child;
}

test('BIRD takes a speaker’s table and gives it to another, without a fault on either side', async (t) => {
  if (bird === undefined) {
    t.log('skipped: BIRD is not installed');
    t.pass();
    return;
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lab-bird-'));
  const port = await freePort();
  const child = await started(folder, port);
  const speaker = (localAs: number, host: string): Speaker =>
    new Speaker({
      localAs,
      remoteAs: 65000,
      routerId: host,
      localAddress: host,
      connect: { host: '127.0.0.1', port },
      families: ['ipv4-unicast', 'ipv6-unicast'],
      holdTime: 9,
    });
  const [one, two] = [speaker(64501, '127.0.0.11'), speaker(64502, '127.0.0.12')];
  try {
    await Promise.all([one.start(), two.start()]);
    await Promise.all([one.up(20_000), two.up(20_000)]);
    const table = generateTable({ seed: 3, ipv4: 18_000, ipv6: 2_000 });
    const next = { nextHop: '127.0.0.11', nextHop6: '2001:db8::11' };
    const routes = routesFor(table, { neighborAs: 64501, seed: 1, ...next });
    await one.send(encodeFeed(routes, { seed: 1 }));
    await one.send(withdrawFeed(routes, { seed: 2, count: 2000 }));
    await two.quiet(1000);
    const shown = spawnSync('birdc', [
      '-s',
      path.join(folder, 'bird.ctl'),
      'show',
      'protocols',
      'all',
      'one',
    ]).stdout;
    const stats = two.stats();
    t.is(stats.malformed, 0, stats.lastMalformed);
    t.is(stats.notifications + one.stats().notifications, 0, one.stats().lastNotification);
    t.is(stats.resets + one.stats().resets, 0);
    t.is(stats.routes4, 18_000 - 1800, String(shown));
    // BIRD's own static route comes too (that of 127.0.0.0/8 it keeps for itself).
    t.is(stats.routes6, 2_000 - 200 + 1, String(shown));
    t.is(one.stats().returned, 0);
    t.is(stats.duplicates + stats.unknownWithdraws, 0);
    await Promise.all([one.close(), two.close()]);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
