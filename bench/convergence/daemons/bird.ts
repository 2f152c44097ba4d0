/** BIRD 2: no kernel protocol, no log, no export table, one table for all. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DAEMON_AS, type Neighbour, type PolicyKind } from '../cases.ts';
import { HOLD_TIME } from '../generator/session.ts';
import { birdPolicy } from '../policy.ts';
import {
  type Contestant,
  Daemon,
  type DaemonOptions,
  findProgram,
  NEXT_HOP,
  NEXT_HOP_6,
  versionOf,
} from './daemon.ts';

export const bird: Contestant = {
  name: 'BIRD',
  hasPolicy: true,
  version: () => versionOf(findProgram('bird'), '--version'),
  start(options) {
    const { folder } = options;
    writeFileSync(path.join(folder, 'bird.conf'), configuration(options));
    const files = ['-c', 'bird.conf', '-s', 'control', '-P', 'pid'];
    return new Daemon([findProgram('bird')!, '-f', ...files], folder);
  },
};

function configuration({ port, neighbours, ipv6, policy }: DaemonOptions): string {
  const families = ipv6 ? (['ipv4', 'ipv6'] as const) : (['ipv4'] as const);
  return [
    'log "/dev/null" { fatal };',
    'router id 192.0.2.1;',
    'protocol device {}',
    ...(policy === undefined ? [] : birdPolicy(neighbours, policy)),
    // Next hops resolve here, once for each, so that all routes are reachable.
    ...families.flatMap((family) => [
      `${family} table ${TABLE[family]};`,
      `protocol static { ${family} { table ${TABLE[family]}; }; route ${EVERYTHING[family]} via "lo"; }`,
    ]),
    'template bgp neighbour {',
    `  local 127.0.0.1 port ${port} as ${DAEMON_AS};`,
    `  multihop; strict bind on; passive on; hold time ${HOLD_TIME};`,
    ...families.map(channel),
    '}',
    ...neighbours.map((each) => protocol(each, policy)),
    '',
  ].join('\n');
}

const TABLE = { ipv4: 'nexthops4', ipv6: 'nexthops6' } as const;
const EVERYTHING = { ipv4: '0.0.0.0/0', ipv6: '::/0' } as const;

function channel(family: 'ipv4' | 'ipv6'): string {
  const nextHop = family === 'ipv4' ? NEXT_HOP : NEXT_HOP_6;
  return `  ${family} { igp table ${TABLE[family]}; import all; export all; next hop address ${nextHop}; };`;
}

function protocol({ index, address, as, sender }: Neighbour, policy: PolicyKind | undefined): string {
  const filters = `${sender ? ` import filter from_${index};` : ''} export filter to_all;`;
  return `protocol bgp n${index} from neighbour { neighbor ${address} as ${as};${policy !== undefined ? ` ipv4 {${filters} };` : ''} }`;
}
