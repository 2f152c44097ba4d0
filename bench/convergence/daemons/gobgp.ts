/** GoBGP: no log, no profiler; without policies it accepts and announces everything. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DAEMON_AS, type Neighbour } from '../cases.ts';
import { HOLD_TIME } from '../generator/session.ts';
import { type Contestant, Daemon, type DaemonOptions, findProgram, versionOf } from './daemon.ts';

export const gobgp: Contestant = {
  name: 'GoBGP',
  version: () => versionOf(findProgram('gobgpd'), '--version'),
  start(options) {
    const { folder } = options;
    writeFileSync(path.join(folder, 'gobgpd.toml'), configuration(options));
    const quiet = ['--log-level', 'panic', '--pprof-disable'];
    const api = ['--api-hosts', `unix://${path.join(folder, 'api')}`];
    return new Daemon([findProgram('gobgpd')!, '-f', 'gobgpd.toml', ...quiet, ...api], folder);
  },
};

function configuration({ port, neighbours, ipv6 }: DaemonOptions): string {
  return [
    '[global.config]',
    `as = ${DAEMON_AS}`,
    'router-id = "192.0.2.1"',
    `port = ${port}`,
    'local-address-list = ["127.0.0.1"]',
    ...neighbours.flatMap((neighbour) => neighbourLines(neighbour, ipv6)),
    '',
  ].join('\n');
}

function neighbourLines({ address, as }: Neighbour, ipv6: boolean): string[] {
  return [
    '[[neighbors]]',
    '[neighbors.config]',
    `neighbor-address = "${address}"`,
    `peer-as = ${as}`,
    '[neighbors.transport.config]',
    'local-address = "127.0.0.1"',
    'passive-mode = true',
    '[neighbors.ebgp-multihop.config]',
    'enabled = true',
    'multihop-ttl = 64',
    '[neighbors.timers.config]',
    `hold-time = ${HOLD_TIME}`,
    `keepalive-interval = ${HOLD_TIME / 3}`,
    ...(ipv6 ? ['ipv4', 'ipv6'] : ['ipv4']).flatMap((family) => [
      '[[neighbors.afi-safis]]',
      '[neighbors.afi-safis.config]',
      `afi-safi-name = "${family}-unicast"`,
    ]),
  ];
}
