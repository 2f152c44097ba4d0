/**
 * `chassis show routes`, `show received` and `show advertised`: as many rows as there are routes, printed as
 * they come and no faster than they are read. Blades, who may be short of processors, come before that.
 */

import { giveWay } from '../base/thread-time.ts';
import type { CommandName } from '../chassis/control/arguments.ts';
import type { RouteRow } from '../chassis/operations.ts';
import type { Call, Command, Option } from './command.ts';
import { type Column, TableWriter } from './table.ts';

const FILTERS: { readonly [name: string]: Option } = {
  longer: { doc: 'also what is more specific than PREFIX' },
  best: { doc: 'only the best route of each prefix' },
  why: { doc: 'which statements of policies decided, and what each neighbour is told of the best route' },
  family: { value: 'FAMILY', doc: 'ipv4-unicast or ipv6-unicast' },
};

const PREFIX = {
  name: 'PREFIX',
  doc: 'this prefix only, like 192.0.2.0/24; of an address, the longest one around it that has routes',
  optional: true,
};
const ADDRESS = { name: 'ADDR', doc: 'the address of the neighbour' };

export const routeCommands: readonly Command[] = [
  {
    name: 'show routes',
    summary:
      'the routes of the whole box, the best marked with *, others that are used together with it with =',
    operands: [PREFIX],
    options: FILTERS,
    example: 'show routes 192.0.2.0/24 --longer',
    remote: true,
    run: (call) => showRoutes(call, 'show routes', { prefix: call.operands[0] }),
  },
  {
    name: 'show received',
    summary: 'what a neighbour sent (its Adj-RIB-In), before import policy',
    operands: [ADDRESS, PREFIX],
    options: FILTERS,
    example: 'show received 192.0.2.2',
    remote: true,
    run: (call) =>
      showRoutes(call, 'show received', { neighbor: call.operands[0], prefix: call.operands[1] }),
  },
  {
    name: 'show advertised',
    summary: 'what a neighbour was told (its Adj-RIB-Out)',
    operands: [ADDRESS, PREFIX],
    options: FILTERS,
    example: 'show advertised 192.0.2.2 --json',
    remote: true,
    run: (call) =>
      showRoutes(call, 'show advertised', { neighbor: call.operands[0], prefix: call.operands[1] }),
  },
];

async function showRoutes(call: Call, command: CommandName, which: Record<string, unknown>): Promise<number> {
  // Printing a full table takes as much of a processor as making it.
  giveWay();
  const { prefix } = which;
  const covering = typeof prefix === 'string' && !prefix.includes('/') && !call.flag('longer');
  const given = { ...which, family: call.value('family'), ...flags(call), ...(covering ? { covering } : {}) };
  const batches = call.stream<RouteRow>(command, given);
  if (call.flag('json')) await printJson(call, batches);
  else await printTable(call, batches);
  return 0;
}

function flags(call: Call): Record<string, true> {
  const set: Record<string, true> = {};
  for (const name of ['longer', 'best', 'why']) if (call.flag(name)) set[name] = true;
  return set;
}

async function printTable(call: Call, batches: AsyncIterable<RouteRow[]>): Promise<void> {
  let writer: TableWriter<RouteRow> | undefined;
  for await (const rows of batches) {
    const more = [
      ...(rows.some(({ weight }) => weight !== undefined) ? [WEIGHT] : []),
      ...(rows.some(({ path }) => path !== undefined) ? [PATH] : []),
      ...(rows.some(({ rpki }) => rpki !== undefined) ? [RPKI] : []),
    ];
    const lines = (writer ??= new TableWriter([...columns, ...more], call.terminal));
    await call.terminal.out(
      call.flag('why') ? rows.map((row) => whyText(row, lines)).join('') : lines.lines(rows),
    );
  }
  if (writer === undefined) call.terminal.err('no such routes');
}

/** A route, and below it what policies say of it. */
function whyText(row: RouteRow, writer: TableWriter<RouteRow>): string {
  const exports = (row.exports ?? []).map(
    ({ neighbor, told, why }) => `      ${told ? 'told to' : 'not told to'} ${neighbor}: ${why}\n`,
  );
  const imported = row.import ? `      ${row.import}\n` : '';
  return `${writer.lines([row])}${imported}${exports.join('')}`;
}

/** One array, a row a line, without holding it all. */
async function printJson(call: Call, batches: AsyncIterable<RouteRow[]>): Promise<void> {
  let before = '[\n';
  for await (const rows of batches) {
    await call.terminal.out(before + rows.map((row) => JSON.stringify(row)).join(',\n'));
    before = ',\n';
  }
  await call.terminal.out(before === '[\n' ? '[]\n' : '\n]\n');
}

/** As routers have always printed it after the AS path. */
const ORIGIN_LETTERS: Record<RouteRow['origin'], string> = { IGP: 'i', EGP: 'e', INCOMPLETE: '?' };

const columns: readonly Column<RouteRow>[] = [
  {
    title: ' ',
    text: (row) => (row.best ? '*' : row.multipath ? '=' : ' '),
    style: (row) => (row.best || row.multipath ? 'green' : undefined),
  },
  { title: 'PREFIX', text: (row) => row.prefix.padEnd(18) },
  { title: 'NEIGHBOR', text: (row) => (row.protocol ?? row.neighbor).padEnd(15) },
  { title: 'NEXT HOP', text: (row) => row.nextHop.padEnd(15), spare: 3 },
  { title: 'PREF', text: (row) => (row.localPref === null ? '-' : String(row.localPref)), right: true },
  { title: 'MED', text: (row) => (row.med === null ? '-' : String(row.med)), right: true },
  { title: 'BLADE', text: (row) => (row.blade < 0 ? '-' : String(row.blade)), right: true, spare: 2 },
  {
    title: 'AS PATH',
    text: (row) => `${row.asPath} ${ORIGIN_LETTERS[row.origin]}`.trim(),
  },
  {
    title: 'COMMUNITIES',
    spare: 1,
    text: (row) =>
      [...row.communities, ...(row.largeCommunities ?? []), ...(row.extendedCommunities ?? [])].join(' '),
    style: () => 'dim',
  },
  { title: 'WHY NOT BEST', text: (row) => row.reason ?? '', style: () => 'dim', spare: 4 },
];

/** Shown where neighbours tell several paths of a prefix. */
const PATH: Column<RouteRow> = { title: 'PATH ID', text: ({ path }) => String(path ?? ''), right: true };

/** Shown where routes have one. */
const WEIGHT: Column<RouteRow> = {
  title: 'WEIGHT',
  text: ({ weight }) => String(weight ?? ''),
  right: true,
};

/** Shown where there are RPKI caches. */
const RPKI: Column<RouteRow> = {
  title: 'RPKI',
  text: ({ rpki }) => rpki ?? '',
  style: ({ rpki }) => (rpki === 'invalid' ? 'red' : rpki === 'valid' ? 'green' : 'dim'),
};
