/**
 * OpenBGPD: no kernel routes (fib-update no), one RIB, everything allowed. It runs as root only, because each of its
 * processes locks itself into its user's home; and it takes only next hops that the kernel can reach.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DAEMON_AS, type Neighbour } from '../cases.ts';
import { HOLD_TIME } from '../generator/session.ts';
import { type Contestant, Daemon, type DaemonOptions, findProgram, versionOf } from './daemon.ts';

/** FRR installs a "bgpd" too, but keeps it out of the path. */
const BGPD = ['openbgpd', 'bgpd'];

export const openbgpd: Contestant = {
  name: 'OpenBGPD',
  nextHops: 'own',
  version: () => {
    if (home() === undefined || process.getuid?.() !== 0) return undefined;
    return versionOf(findProgram(...BGPD), '-V');
  },
  start(options) {
    const { folder } = options;
    const file = path.join(folder, 'bgpd.conf');
    mkdirSync(home()!, { recursive: true, mode: 0o755 });
    // It refuses a configuration that others could have written.
    writeFileSync(file, configuration(options), { mode: 0o600 });
    return new Daemon([findProgram(...BGPD)!, '-d', '-f', file], folder);
  },
};

/** The home of OpenBGPD's user, where its processes chroot. */
function home(): string | undefined {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  return users.find((line) => /^_(openbgpd|bgpd):/.test(line))?.split(':')[5];
}

function configuration({ folder, port, neighbours, ipv6 }: DaemonOptions): string {
  return [
    `AS ${DAEMON_AS}`,
    'router-id 192.0.2.1',
    'fib-update no',
    `holdtime ${HOLD_TIME}`,
    `socket "${path.join(folder, 'control')}"`,
    `listen on 127.0.0.1 port ${port}`,
    ...neighbours.flatMap((neighbour) => neighbourLines(neighbour, ipv6)),
    'allow from any',
    'allow to any',
    '',
  ].join('\n');
}

function neighbourLines({ address, as }: Neighbour, ipv6: boolean): string[] {
  return [
    `neighbor ${address} {`,
    `  remote-as ${as}`,
    '  local-address 127.0.0.1',
    '  multihop 64',
    '  passive',
    '  announce IPv4 unicast',
    `  announce IPv6 ${ipv6 ? 'unicast' : 'none'}`,
    '}',
  ];
}
