/**
 * FRR's bgpd alone: no zebra, no kernel, no log. Nothing is delayed (advertisement-interval 0, coalesce-time 0, no
 * update-delay), and all neighbours share one update group. It sends routes back to where they came from then; a loop in
 * the path makes them unusable there (RFC 4271 9.1.2), so that is not wrong.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DAEMON_AS, type Neighbour } from '../cases.ts';
import { HOLD_TIME } from '../generator/session.ts';
import { type Contestant, Daemon, type DaemonOptions, findProgram, NEXT_HOP_6, versionOf } from './daemon.ts';

/** Debian and Red Hat, then FreeBSD; a plain "bgpd" in the path may be OpenBGPD's. */
const BGPD = ['/usr/lib/frr/bgpd', '/usr/libexec/frr/bgpd', '/usr/local/sbin/frr/bgpd'];

export const frr: Contestant = {
  name: 'FRR',
  version: () => versionOf(findProgram(...BGPD), '--version'),
  start(options) {
    const { folder, port } = options;
    const file = (name: string): string => path.join(folder, name);
    writeFileSync(file('bgpd.conf'), configuration(options));
    const command = [
      findProgram(...BGPD)!,
      ...['--no_kernel', '--no_zebra', '--skip_runas', '-p', String(port), '-l', '127.0.0.1'],
      ...['-P', '0', '--vty_socket', folder, '-i', file('pid'), '-f', file('bgpd.conf')],
      ...['--log', 'stdout', '--log-level', 'emergencies'],
    ];
    return new Daemon(command, folder);
  },
};

function configuration({ neighbours, ipv6 }: DaemonOptions): string {
  return [
    // It has no IPv6 address of its own over these sessions.
    'route-map next-hop permit 1',
    ` set ipv6 next-hop global ${NEXT_HOP_6}`,
    'exit',
    `router bgp ${DAEMON_AS}`,
    ' bgp router-id 192.0.2.1',
    ' no bgp default ipv4-unicast',
    ' no bgp ebgp-requires-policy',
    ' no bgp network import-check',
    // Without it, it waits up to ten seconds for more neighbours that could be told the same.
    ' coalesce-time 0',
    ' bgp allow-martian-nexthop',
    ` timers bgp ${HOLD_TIME / 3} ${HOLD_TIME}`,
    ...neighbours.flatMap(neighbourLines),
    ...family('ipv4', neighbours, ['activate']),
    ...(ipv6 ? family('ipv6', neighbours, ['activate', 'route-map next-hop out']) : []),
    '',
  ].join('\n');
}

function family(name: string, neighbours: readonly Neighbour[], words: readonly string[]): string[] {
  return [
    ` address-family ${name} unicast`,
    ...neighbours.flatMap(({ address }) => words.map((word) => `  neighbor ${address} ${word}`)),
    ' exit-address-family',
  ];
}

function neighbourLines({ address, as }: Neighbour): string[] {
  return [
    `remote-as ${as}`,
    'ebgp-multihop',
    'update-source 127.0.0.1',
    'advertisement-interval 0',
    'passive',
  ].map((line) => ` neighbor ${address} ${line}`);
}
