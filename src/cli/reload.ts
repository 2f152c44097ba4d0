/** `chassis reload`: applies the changed configuration file, and says what it touched. */
import type { ReloadReport } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { facts } from './table.ts';
import type { Paint } from './terminal.ts';

export const reloadCommand: Command = {
  name: 'reload',
  summary: 'applies the changed configuration file to the running chassis, touching only what changed',
  example: 'reload',
  remote: true,
  async run(call) {
    const report = await call.ask<ReloadReport>('reload');
    return answer(call, report, () => reloadText(report, call.terminal.paint));
  },
};

function reloadText(report: ReloadReport, paint: Paint): string {
  const lines: [string, string[]][] = [
    ['added', report.added],
    ['removed', report.removed],
    ['changed, sessions kept', report.changed],
    ['changed, sessions restarted', report.reset],
    ['applied by a restart only', report.restartNeeded],
  ];
  const some = lines.filter(([, names]) => names.length > 0);
  if (some.length === 0) return 'nothing changed\n';
  return `reloaded\n${facts(
    some.map(([what, names]) => [what, names.join(', ')]),
    paint,
  )}`;
}
