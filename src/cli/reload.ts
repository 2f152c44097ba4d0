/** `chassis reload`: applies the changed configuration file, and says what it touched. */
import type { ReloadChange, ReloadReport } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { type Column, facts, table } from './table.ts';
import type { Terminal } from './terminal.ts';

export const reloadCommand: Command = {
  name: 'reload',
  summary: 'applies the changed configuration file to the running chassis, touching only what changed',
  options: { 'dry-run': { doc: 'says what would be changed, and changes nothing' } },
  example: 'reload --dry-run',
  remote: true,
  async run(call) {
    const report = await call.ask<ReloadReport>('reload', { dryRun: call.flag('dry-run') });
    return answer(call, report, () => reloadText(report, call.terminal));
  },
};

const COLUMNS: readonly Column<ReloadChange>[] = [
  { title: 'NEIGHBOR', text: ({ neighbor }) => neighbor ?? '' },
  { title: 'KEY', text: ({ key }) => key },
  { title: 'FROM', text: ({ from }) => from },
  { title: 'TO', text: ({ to }) => to },
  { title: 'TAKES EFFECT', text: ({ effect }) => effect },
];

function reloadText(report: ReloadReport, terminal: Terminal): string {
  const lines: [string, string[]][] = [
    ['added', report.added],
    ['removed', report.removed],
    ['changed, sessions kept', report.changed],
    ['changed, sessions restarted', report.reset],
    ['applied by a restart only', report.restartNeeded],
  ];
  const some = lines.filter(([, names]) => names.length > 0);
  if (some.length === 0 && report.changes.length === 0) return 'nothing changed\n';
  const head = report.dryRun ? 'a reload would do this\n' : 'reloaded\n';
  const what = facts(
    some.map(([label, names]) => [label, names.join(', ')]),
    terminal,
  );
  const keys = report.changes.length === 0 ? '' : `\n${table(COLUMNS, report.changes, terminal)}`;
  return `${head}${what}${keys}`;
}
