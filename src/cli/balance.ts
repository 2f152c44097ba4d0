/** `chassis balance`: the fewest grafts that even the load, with the load before and after. */
import { BALANCE_METRICS, type BalanceReport } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { count, load } from './format.ts';
import { graftReports } from './graft.ts';
import { type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

export const balanceCommand: Command = {
  name: 'balance',
  summary: 'plans and makes the fewest grafts that even the load of the blades',
  options: {
    'dry-run': { doc: 'plans only' },
    metric: { value: 'METRIC', doc: `what load is: ${BALANCE_METRICS.join(', ')}; without it cpu` },
  },
  example: 'balance --dry-run --metric updates',
  remote: true,
  async run(call) {
    const given = { metric: call.value('metric'), dryRun: call.flag('dry-run') };
    const report = await call.ask<BalanceReport>('balance', given);
    return answer(call, report, () => balanceText(report, call.terminal));
  },
};

interface Line {
  blade: number;
  before: string;
  after: string;
  tellingBefore: string;
  tellingAfter: string;
  sessionsBefore: number;
  sessionsAfter: number;
}

function balanceText(report: BalanceReport, terminal: Terminal): string {
  const lines: Line[] = report.before.map((before) => {
    const after = report.after.find((row) => row.blade === before.blade) ?? before;
    const loads = { before: load(before.load), after: load(after.load) };
    const telling = { tellingBefore: load(before.telling ?? 0), tellingAfter: load(after.telling ?? 0) };
    return {
      blade: before.blade,
      ...loads,
      ...telling,
      sessionsBefore: before.sessions,
      sessionsAfter: after.sessions,
    };
  });
  const grafts = report.grafts.length === 0 ? '' : `\n${graftReports(report.grafts, terminal)}`;
  const tells = [...report.before, ...report.after].some(({ telling = 0 }) => telling > 0);
  return `${summary(report)}\n${table(columns(report.unit, tells), lines, terminal)}${grafts}`;
}

function summary(report: BalanceReport): string {
  const band = `within ${Math.round(report.band * 100)}% of the mean`;
  if (report.grafts.length === 0)
    return `nothing to do: every blade is ${band}, or as near as sessions that stay together allow`;
  return `${count(report.grafts.length, 'graft')} ${report.dryRun ? 'would bring' : 'brought'} the blades ${band}, or as near as sessions that stay together allow`;
}

/** `tells`: some of the load is telling neighbours, which goes along with them. */
function columns(unit: string, tells: boolean): Column<Line>[] {
  return [
    { title: 'BLADE', text: (row) => String(row.blade), right: true },
    { title: 'BEFORE', text: (row) => row.before, right: true },
    { title: 'AFTER', text: (row) => row.after, right: true },
    ...(tells ? TELLING : []),
    { title: 'UNIT', text: () => unit },
    { title: 'SESSIONS BEFORE', text: (row) => String(row.sessionsBefore), right: true, spare: 2 },
    { title: 'AFTER', text: (row) => String(row.sessionsAfter), right: true, spare: 2 },
  ];
}

const TELLING: Column<Line>[] = [
  { title: 'TELLING BEFORE', text: (row) => row.tellingBefore, right: true, spare: 1 },
  { title: 'AFTER', text: (row) => row.tellingAfter, right: true, spare: 1 },
];
