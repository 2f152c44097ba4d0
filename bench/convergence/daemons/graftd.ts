/** graftd itself, as `chassis run` starts it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { entry } from '../../../src/base/thread.ts';
import { version } from '../../../src/chassis/run.ts';
import { DAEMON_AS, type Neighbour } from '../cases.ts';
import { HOLD_TIME } from '../generator/session.ts';
import { graftdPolicy } from '../policy.ts';
import { type Contestant, Daemon, type DaemonOptions, NEXT_HOP_6 } from './daemon.ts';

/** With so many blades; without a number as many as it takes by itself. */
export function graftd(blades: number | undefined, lineCards = 1): Contestant {
  return {
    name: blades === undefined ? 'graftd' : `graftd ${blades}`,
    version,
    hasPolicy: true,
    start(options) {
      const file = path.join(options.folder, 'graftd.yaml');
      writeFileSync(file, configuration(options, { blades, 'line-cards': lineCards }));
      const cli = fileURLToPath(entry(import.meta.url, '../../../src/cli/main'));
      return new Daemon([process.execPath, cli, 'run', file], options.folder);
    },
  };
}

const IPV6 = `, families: [ipv4-unicast, ipv6-unicast], next-hop-ipv6: '${NEXT_HOP_6}'`;

function configuration(
  options: DaemonOptions,
  chassis: { readonly blades: number | undefined; readonly 'line-cards': number },
): string {
  const { port, neighbours, ipv6, policy } = options;
  // Where senders are told nothing, receivers are what they look like: collectors, of which no route is taken.
  const collectors = neighbours.some(({ deaf }) => deaf) ? ', import: reject' : '';
  const own = ({ sender, index }: Neighbour): string => {
    if (policy === undefined) return collectors;
    if (policy === 'kinds') return `${collectors}, export: to-${index}`;
    return `${sender ? `, import: from-${index}` : ''}, export: to-all`;
  };
  return [
    ...(policy === undefined ? [] : graftdPolicy(neighbours, policy)),
    `router: { as: ${DAEMON_AS}, id: 192.0.2.1, listen: ['127.0.0.1:${port}'] }`,
    `chassis: ${JSON.stringify(chassis)}`,
    'defaults:',
    `  { passive: true, import: accept, export: accept, hold-time: ${HOLD_TIME}${ipv6 ? IPV6 : ''} }`,
    neighbours.length === 0 ? 'neighbors: []' : 'neighbors:',
    ...neighbours.map(
      (each) =>
        `  - { address: ${each.address}, as: ${each.as}${each.deaf ? ', export: reject' : own(each)} }`,
    ),
    '',
  ].join('\n');
}
