/** `chassis graft ADDR --to BLADE`: moves one session, and says what it cost. */
import type { GraftReport } from '../chassis/operations.ts';
import { answer, type Command, numeric } from './command.ts';
import { microseconds, number } from './format.ts';
import { type Column, facts, table } from './table.ts';
import type { Terminal } from './terminal.ts';

export const graftCommand: Command = {
  name: 'graft',
  summary: 'moves one session to another blade, and says what it cost',
  operands: [{ name: 'ADDR', doc: 'the address of the neighbour' }],
  options: { to: { value: 'BLADE', doc: 'the blade to move it to', needed: true } },
  example: 'graft 192.0.2.2 --to 3',
  remote: true,
  async run(call) {
    const to = numeric(call.value('to'));
    const report = await call.ask<GraftReport>('graft', { neighbor: call.operands[0], to });
    return answer(call, report, () => graftText(report, call.terminal));
  },
};

function graftText(report: GraftReport, terminal: Terminal): string {
  const { paint } = terminal;
  const what =
    report.from === report.to
      ? `${report.neighbor} is on blade ${report.to} already`
      : `${report.neighbor}: grafted from blade ${report.from} to blade ${report.to}`;
  return `${paint('bold', what)}\n${facts(
    [
      ['routes', number(report.routes, terminal)],
      ['first to last step', microseconds(report.totalMicroseconds)],
      ['pause of the session', microseconds(report.pauseMicroseconds)],
      ['decisions run', number(report.decisionsRun, terminal)],
      ['fabric updates sent', number(report.fabricUpdatesSent, terminal)],
      ['neighbor updates sent', number(report.neighborUpdatesSent, terminal)],
    ],
    terminal,
  )}`;
}

/** Several grafts that belong together: those of a balance or a drain. */
export function graftReports(reports: readonly GraftReport[], terminal: Terminal): string {
  const columns: Column<GraftReport>[] = [
    { title: 'NEIGHBOR', text: (row) => row.neighbor },
    { title: 'FROM', text: (row) => String(row.from), right: true },
    { title: 'TO', text: (row) => String(row.to), right: true },
    { title: 'ROUTES', text: (row) => number(row.routes, terminal), right: true },
    { title: 'TOTAL', text: (row) => microseconds(row.totalMicroseconds), right: true },
    { title: 'PAUSE', text: (row) => microseconds(row.pauseMicroseconds), right: true },
  ];
  return table(columns, reports, terminal);
}
