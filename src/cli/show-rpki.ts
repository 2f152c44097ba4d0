/** `chassis show rpki` and `show vrps`. */
import type { CacheRow, VrpRow } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { duration, number } from './format.ts';
import { type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const NO_CACHES = 'no RPKI caches are configured ("rpki:" in the configuration)\n';

export const showRpkiCommand: Command = {
  name: 'show rpki',
  summary: 'the RPKI caches: what they told, how old it is, and which one is believed',
  example: 'show rpki',
  remote: true,
  async run(call) {
    const rows = await call.ask<CacheRow[]>('show rpki');
    return answer(call, rows, () =>
      rows.length === 0 ? NO_CACHES : table(cacheColumns(call.terminal), rows, call.terminal),
    );
  },
};

export const showVrpsCommand: Command = {
  name: 'show vrps',
  summary: 'what the RPKI says of a prefix: the VRPs that cover it, the most specific first',
  operands: [{ name: 'PREFIX', doc: 'like 192.0.2.0/24' }],
  example: 'show vrps 192.0.2.0/24',
  remote: true,
  async run(call) {
    const prefix = call.operands[0] as string;
    const rows = await call.ask<VrpRow[]>('show vrps', { prefix });
    const caches = rows.length > 0 || (await call.ask<CacheRow[]>('show rpki')).length > 0;
    return answer(call, rows, () => {
      if (!caches) return NO_CACHES;
      if (rows.length === 0) return `no VRP covers ${prefix}: its routes are not-found\n`;
      return table(VRP_COLUMNS, rows, call.terminal);
    });
  },
};

function cacheColumns(terminal: Terminal): Column<CacheRow>[] {
  return [
    { title: '', text: ({ active }) => (active ? '*' : '') },
    { title: 'CACHE', text: ({ cache }) => cache },
    { title: 'PREFERENCE', text: ({ preference }) => String(preference), right: true },
    {
      title: 'STATE',
      text: ({ state }) => state,
      style: ({ state }) => (state === 'synchronised' ? 'green' : 'yellow'),
    },
    { title: 'SERIAL', text: ({ serial }) => (serial === undefined ? '-' : String(serial)), right: true },
    { title: 'IPV4 VRPS', text: ({ ipv4Vrps }) => number(ipv4Vrps, terminal), right: true },
    { title: 'IPV6 VRPS', text: ({ ipv6Vrps }) => number(ipv6Vrps, terminal), right: true },
    {
      title: 'AGE',
      text: ({ secondsOld }) => (secondsOld === undefined ? '-' : duration(secondsOld)),
      right: true,
    },
    { title: 'LAST ERROR', text: ({ lastError }) => lastError ?? '', style: () => 'dim' },
  ];
}

const VRP_COLUMNS: Column<VrpRow>[] = [
  { title: 'PREFIX', text: ({ prefix }) => prefix },
  { title: 'TO LENGTH', text: ({ maxLength }) => String(maxLength), right: true },
  { title: 'ORIGIN AS', text: ({ as }) => String(as), right: true },
];
