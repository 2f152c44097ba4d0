/** The evidence as a table for people, and the verdict on it. */
import { number } from '../../cli/format.ts';
import { type Column, table } from '../../cli/table.ts';
import type { Style, Terminal } from '../../cli/terminal.ts';
import type { SpeakerStats } from '../speaker.ts';
import { CAST } from './cast.ts';
import { complaints, FAULTS, isSame, noticed, type TableChange } from './proof.ts';
import type { Screen } from './screen.ts';

/** Of one neighbour of the cast. */
export interface Evidence {
  readonly before: SpeakerStats;
  readonly after: SpeakerStats;
  readonly table: TableChange;
}

export function evidenceTable(evidence: readonly Evidence[], terminal: Terminal): string {
  const rows = evidence.map((row, i) => ({
    ...row,
    neighbour: CAST[i]!,
    counts: noticed(row.before, row.after),
  }));
  type Row = (typeof rows)[number];
  const columns: Column<Row>[] = [
    { title: 'NEIGHBOR', text: (row) => row.neighbour.name },
    {
      title: 'UPDATES',
      text: (row) => number(row.after.updates - row.before.updates, terminal),
      right: true,
    },
    ...FAULTS.map(({ name, title }) => ({
      title,
      text: (row: Row) => String(row.counts[name]),
      right: true,
      style: (row: Row): Style => (row.counts[name] === 0 ? 'green' : 'red'),
    })),
    { title: 'TABLE', text: (row) => tableText(row.table, terminal), style: (row) => styleOf(row.table) },
  ];
  return table(columns, rows, terminal);
}

function tableText(change: TableChange, terminal: Terminal): string {
  if (isSame(change)) return `${number(change.routes, terminal)} same`;
  const parts = [
    [change.gone, 'gone'],
    [change.fresh, 'new'],
    [change.other, 'other'],
  ] as const;
  return parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`])).join(', ');
}

function styleOf(change: TableChange): Style {
  return isSame(change) ? 'green' : 'red';
}

/** Says whether it is proved, and if not, what stands against it. */
export function verdict(evidence: readonly Evidence[], screen: Screen): boolean {
  const { terminal } = screen;
  const { paint } = terminal;
  const against = complaints(
    evidence.map(({ before }) => before),
    evidence.map(({ after }) => after),
  );
  for (const [i, { after, table: change }] of evidence.entries()) {
    const { name, address } = CAST[i]!;
    if (after.state !== 'Established') against.push(`${address} (${name}): session is ${after.state}`);
    if (!isSame(change)) against.push(`${address} (${name}): ${change.examples.join(', ')}`);
  }
  for (const text of against) screen.say(paint('red', `   ${text}`));
  if (against.length > 0) {
    screen.say(paint('red', '   NOT PROVED: see above.'));
    return false;
  }
  const routes = evidence.reduce((sum, { table: { routes: rows } }) => sum + rows, 0);
  const same = `${number(routes, terminal)} routes at ${evidence.length} neighbours are the same`;
  screen.say(paint('green', '   PROVED: no reset, no NOTIFICATION, nothing twice, nothing wrong;'));
  screen.say(paint('green', `   ${same}, with all attributes.`));
  return true;
}
