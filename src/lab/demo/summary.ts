/** The live summary: blades and sessions as tables that fit 80 columns, and one line of it for a pipe. */
import type { BladeRow } from '../../chassis/operations.ts';
import { count, duration, number, stateStyle } from '../../cli/format.ts';
import { type Column, table } from '../../cli/table.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { SessionView, View } from './watch.ts';

export interface Story {
  /** Seconds since the start. */
  readonly seconds: number;
  readonly grafts: number;
  /** What neighbours noticed since their sessions came up; empty where it is nothing. */
  readonly complaints: readonly string[];
  /** What happens now. */
  readonly now: string;
}

const CELLS = 10;

export function summaryLines(view: View, story: Story, terminal: Terminal): string[] {
  const { paint } = terminal;
  const text = [
    '',
    `${paint('cyan', duration(story.seconds))}  ${paint('bold', story.now)}`,
    '',
    bladeTable(view.blades, terminal),
    sessionTable(view.sessions, terminal),
    `${count(story.grafts, 'graft')}; ${noticedText(story.complaints, terminal)}`,
  ].join('\n');
  return text.split('\n');
}

/** What a log file or a pipe gets instead of the tables. */
export function summaryLine(view: View, story: Story): string {
  const up = view.sessions.filter(({ state }) => state === 'Established').length;
  const rate = (of: (row: SessionView) => number): number =>
    Math.round(view.sessions.reduce((total, row) => total + of(row), 0));
  const routes = view.sessions.reduce((total, row) => total + row.routesReceived, 0);
  const blades = view.blades.map(({ cpuPercent }) => `${Math.round(cpuPercent)}%`).join(' ');
  const noticed =
    story.complaints.length === 0 ? 'no neighbour noticed anything' : story.complaints.join('; ');
  return (
    `   ${duration(story.seconds)} ${up} of ${view.sessions.length} sessions up, ${routes} routes, ` +
    `UPDATE messages ${rate((row) => row.inRate)}/s in ${rate((row) => row.outRate)}/s out, ` +
    `blades ${blades}, ${count(story.grafts, 'graft')}, ${noticed}`
  );
}

function noticedText(complaints: readonly string[], { paint }: Terminal): string {
  if (complaints.length === 0) return paint('green', 'no neighbour has noticed anything');
  return paint('yellow', complaints.join('; '));
}

function bladeTable(blades: readonly BladeRow[], terminal: Terminal): string {
  const columns: Column<BladeRow>[] = [
    { title: 'BLADE', text: (row) => String(row.blade), right: true },
    {
      title: 'STATE',
      text: (row) => row.state,
      style: (row) => (row.state === 'running' ? 'green' : 'yellow'),
    },
    { title: 'SESSIONS', text: (row) => String(row.sessions), right: true },
    { title: 'ROUTES', text: (row) => number(row.routes, terminal).padStart(9), right: true },
    { title: 'CPU%', text: (row) => row.cpuPercent.toFixed(1).padStart(5), right: true },
    { title: '', text: (row) => bar(row.cpuPercent) },
  ];
  return table(columns, blades, terminal);
}

function bar(percent: number): string {
  const filled = Math.max(0, Math.min(CELLS, Math.round((percent * CELLS) / 100)));
  return '█'.repeat(filled) + '░'.repeat(CELLS - filled);
}

function sessionTable(sessions: readonly SessionView[], terminal: Terminal): string {
  const amount = (title: string, width: number, of: (row: SessionView) => number): Column<SessionView> => ({
    title,
    text: (row) => number(Math.round(of(row)), terminal).padStart(width),
    right: true,
  });
  const columns: Column<SessionView>[] = [
    { title: 'NEIGHBOR', text: (row) => row.neighbor },
    { title: '', text: (row) => row.name },
    { title: 'STATE', text: (row) => row.state, style: (row) => stateStyle(row.state) },
    { title: 'BLADE', text: (row) => String(row.blade), right: true, style: () => 'bold' },
    amount('RECEIVED', 9, (row) => row.routesReceived),
    amount('TOLD', 9, (row) => row.routesAdvertised),
    amount('IN/s', 5, (row) => row.inRate),
    amount('OUT/s', 5, (row) => row.outRate),
  ];
  return table(columns, sessions, terminal);
}
