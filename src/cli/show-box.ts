/** `chassis show blades`, `show grafts` and `show fabric`. */
import type { BladeRow, CardRow, FabricRow, GraftRow } from '../chassis/operations.ts';
import { answer, type Command, numeric } from './command.ts';
import { bytes, duration, microseconds, moment, number } from './format.ts';
import { type Column, table } from './table.ts';
import type { Style, Terminal } from './terminal.ts';

export const showBladesCommand: Command = {
  name: 'show blades',
  summary: 'the blades: what state they are in, what they carry, and their longest turn',
  example: 'show blades --json',
  remote: true,
  async run(call) {
    const rows = await call.ask<BladeRow[]>('show blades');
    return answer(call, rows, () => bladeTable(rows, call.terminal));
  },
};

export const showGraftsCommand: Command = {
  name: 'show grafts',
  summary: 'the history of grafts, the newest first',
  options: { limit: { value: 'N', doc: 'how many; without it 20' } },
  example: 'show grafts --limit 100',
  remote: true,
  async run(call) {
    const limit = numeric(call.value('limit'));
    const rows = await call.ask<GraftRow[]>('show grafts', limit === undefined ? {} : { limit });
    return answer(call, rows, () =>
      rows.length === 0 ? 'no grafts yet\n' : graftTable(rows, call.terminal),
    );
  },
};

export const showFabricCommand: Command = {
  name: 'show fabric',
  summary: 'the shared memory: what is used of what is reserved',
  example: 'show fabric',
  remote: true,
  async run(call) {
    const rows = await call.ask<FabricRow[]>('show fabric');
    const givenBack = rows[0]?.givenBackBytes;
    return answer(
      call,
      rows,
      () =>
        table(fabricColumns(call.terminal), rows, call.terminal) +
        (givenBack === undefined ? '' : `given back to the system so far: ${bytes(givenBack)}\n`),
    );
  },
};

const BLADE_STYLES: Partial<Record<BladeRow['state'], Style>> = { running: 'green', dead: 'red' };

export function bladeTable(rows: readonly BladeRow[], terminal: Terminal): string {
  const columns: Column<BladeRow>[] = [
    { title: 'BLADE', text: (row) => String(row.blade), right: true },
    { title: 'STATE', text: (row) => row.state, style: (row) => BLADE_STYLES[row.state] ?? 'yellow' },
    { title: 'SESSIONS', text: (row) => number(row.sessions, terminal), right: true },
    { title: 'ROUTES', text: (row) => number(row.routes, terminal), right: true },
    { title: 'CPU%', text: (row) => row.cpuPercent.toFixed(1), right: true },
    ...(terminal.interactive ? [{ title: '', text: (row: BladeRow) => bar(row.cpuPercent), spare: 1 }] : []),
    ...someHave(rows, 'decisionsRun', { title: 'DECISIONS', right: true, spare: 2 }, (value) =>
      number(value, terminal),
    ),
    ...someHave(rows, 'longestTurnLatelyMilliseconds', { title: 'TURN MS', right: true }, String),
    ...someHave(rows, 'longestWorkLatelyMilliseconds', { title: 'CPU MS', right: true, spare: 4 }, String),
    ...someHave(rows, 'longestTurnMilliseconds', { title: 'EVER', right: true, spare: 3 }, String),
    ...someHave(rows, 'longestWorkMilliseconds', { title: 'CPU EVER', right: true, spare: 3 }, String),
    ...someHave(rows, 'restarts', { title: 'RESTARTS', right: true }, String),
    ...someHave(rows, 'deaths', { title: 'DEATHS', right: true }, String),
    ...someHave(rows, 'uptimeSeconds', { title: 'UP', right: true, spare: 5 }, duration),
  ];
  return table(columns, rows, terminal);
}

/** A column for a number that a row may have, where some row has it. */
function someHave(
  rows: readonly BladeRow[],
  name:
    | 'decisionsRun'
    | 'longestTurnLatelyMilliseconds'
    | 'longestTurnMilliseconds'
    | 'longestWorkLatelyMilliseconds'
    | 'longestWorkMilliseconds'
    | 'restarts'
    | 'deaths'
    | 'uptimeSeconds',
  column: { title: string; right: boolean; spare?: number },
  format: (value: number) => string,
): Column<BladeRow>[] {
  if (rows.every((row) => row[name] === undefined)) return [];
  return [{ ...column, text: (row) => (row[name] === undefined ? '-' : format(row[name])) }];
}

function bar(percent: number): string {
  const tenths = Math.max(0, Math.min(10, Math.round(percent / 10)));
  return '█'.repeat(tenths) + '░'.repeat(10 - tenths);
}

export function cardTable(rows: readonly CardRow[], terminal: Terminal): string {
  const columns: Column<CardRow>[] = [
    { title: 'LINE CARD', text: (row) => String(row.card), right: true },
    { title: 'CONNECTIONS', text: (row) => number(row.connections, terminal), right: true },
    { title: 'CPU%', text: (row) => row.cpuPercent.toFixed(1), right: true },
    { title: 'RECEIVED', text: (row) => bytes(row.bytesIn), right: true },
    { title: 'SENT', text: (row) => bytes(row.bytesOut), right: true },
    { title: 'REFUSED', text: (row) => number(row.refused, terminal), right: true },
  ];
  return table(columns, rows, terminal);
}

export function graftTable(rows: readonly GraftRow[], terminal: Terminal): string {
  const columns: Column<GraftRow>[] = [
    { title: 'TIME', text: (row) => moment(row.time) },
    { title: 'NEIGHBOR', text: (row) => row.neighbor },
    { title: 'FROM', text: (row) => String(row.from), right: true },
    { title: 'TO', text: (row) => String(row.to), right: true },
    { title: 'ROUTES', text: (row) => number(row.routes, terminal), right: true, spare: 2 },
    { title: 'TOTAL', text: (row) => microseconds(row.totalMicroseconds), right: true, spare: 3 },
    { title: 'PAUSE', text: (row) => microseconds(row.pauseMicroseconds), right: true },
    { title: 'DECISIONS', text: (row) => number(row.decisionsRun, terminal), right: true, spare: 1 },
    {
      title: 'RESULT',
      text: (row) =>
        [row.planned ? '' : 'unplanned,', row.result, row.reason && `(${row.reason})`]
          .filter(Boolean)
          .join(' '),
      style: (row) => (row.result === 'done' ? undefined : 'yellow'),
    },
  ];
  return table(columns, rows, terminal);
}

function fabricColumns(terminal: Terminal): Column<FabricRow>[] {
  const share = (row: FabricRow) => (row.capacity > 0 ? row.used / row.capacity : 0);
  return [
    { title: 'PART', text: (row) => row.part },
    { title: 'USED', text: (row) => number(row.used, terminal), right: true },
    { title: 'OF', text: (row) => number(row.capacity, terminal), right: true },
    { title: 'UNIT', text: (row) => row.unit },
    {
      title: 'SHARE',
      text: (row) => `${(share(row) * 100).toFixed(1)}%`,
      right: true,
      style: (row) => (share(row) > 0.9 ? 'red' : undefined),
    },
    { title: 'MEMORY', text: (row) => (row.bytes === undefined ? '-' : bytes(row.bytes)), right: true },
    {
      title: 'CAME BACK',
      spare: 1,
      text: (row) => (row.returned === undefined ? '-' : number(row.returned, terminal)),
      right: true,
    },
  ];
}
