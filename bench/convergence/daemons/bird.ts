/** BIRD 2: no kernel protocol, no log, no export table, one table for all. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DAEMON_AS, type Neighbour } from '../cases.ts';
import { HOLD_TIME } from '../generator/session.ts';
import { type Contestant, Daemon, type DaemonOptions, findProgram, versionOf } from './daemon.ts';

export const bird: Contestant = {
  name: 'BIRD',
  version: () => versionOf(findProgram('bird'), '--version'),
  start(options) {
    const { folder } = options;
    writeFileSync(path.join(folder, 'bird.conf'), configuration(options));
    const files = ['-c', 'bird.conf', '-s', 'control', '-P', 'pid'];
    return new Daemon([findProgram('bird')!, '-f', ...files], folder);
  },
};

function configuration({ port, neighbours }: DaemonOptions): string {
  return [
    'log "/dev/null" { fatal };',
    'router id 192.0.2.1;',
    'protocol device {}',
    // Next hops resolve here, once for each, so that all routes are reachable.
    'ipv4 table nexthops;',
    'protocol static { ipv4 { table nexthops; }; route 0.0.0.0/0 via "lo"; }',
    `template bgp neighbour {
  local 127.0.0.1 port ${port} as ${DAEMON_AS};
  multihop; strict bind on; passive on; hold time ${HOLD_TIME};
  ipv4 { igp table nexthops; import all; export all; next hop address 192.0.2.1; };
}`,
    ...neighbours.map(protocol),
    '',
  ].join('\n');
}

function protocol({ index, address, as }: Neighbour): string {
  return `protocol bgp n${index} from neighbour { neighbor ${address} as ${as}; }`;
}
