/** `chassis show`: the box at a glance. */
import type { BladeRow, ChassisSummary, GraftRow, SessionRow } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { bytes, count, duration, number } from './format.ts';
import { bladeTable, cardTable, graftTable } from './show-box.ts';
import { sessionTable } from './show-sessions.ts';
import type { Terminal } from './terminal.ts';
import { wrap } from './wrap.ts';

const SESSIONS_AT_A_GLANCE = 20;
const GRAFTS_AT_A_GLANCE = 5;

interface Glance {
  chassis: ChassisSummary;
  blades: BladeRow[];
  sessions: SessionRow[];
  grafts: GraftRow[];
}

export const showCommand: Command = {
  name: 'show',
  summary: 'the box at a glance: blades, load, sessions, routes, grafts',
  example: 'show',
  remote: true,
  async run(call) {
    const glance: Glance = {
      chassis: await call.ask('show chassis'),
      blades: await call.ask('show blades'),
      sessions: await call.ask('show sessions'),
      grafts: await call.ask('show grafts', { limit: GRAFTS_AT_A_GLANCE }),
    };
    return answer(call, glance, () => text(glance, call.terminal));
  },
};

function text(glance: Glance, terminal: Terminal): string {
  const parts = [head(glance.chassis, terminal), bladeTable(glance.blades, terminal)];
  if (glance.chassis.lineCards !== undefined) parts.push(cardTable(glance.chassis.lineCards, terminal));
  if (glance.sessions.length > 0) parts.push(someSessions(glance.sessions, terminal));
  if (glance.grafts.length > 0) parts.push(graftTable(glance.grafts, terminal));
  return parts.join('\n');
}

function head(chassis: ChassisSummary, terminal: Terminal): string {
  const { paint } = terminal;
  const listen = chassis.listen.length > 0 ? `listens on ${chassis.listen.join(', ')}` : 'listens nowhere';
  const memory = chassis.residentBytes === undefined ? '' : `, ${bytes(chassis.residentBytes)} resident`;
  const crashes = chassis.graftsUnplanned > 0 ? ` (${chassis.graftsUnplanned} after a blade died)` : '';
  const name = `AS ${chassis.as}  ${chassis.routerId}`;
  const about = `graftd ${chassis.version}, up ${duration(chassis.uptimeSeconds)}, ${listen}, pid ${chassis.pid}${memory}`;
  const amounts = [
    count(chassis.blades, 'blade'),
    `${count(chassis.sessions, 'session')} (${chassis.sessionsEstablished} established)`,
    `${number(chassis.routes, terminal)} routes to ${number(chassis.prefixes, terminal)} prefixes`,
    `${count(chassis.grafts, 'graft')}${crashes}`,
  ];
  const lines = [
    `${paint('bold', name)}  ${wrap(about, terminal.width - name.length - 2, '  ')}`,
    wrap(amounts.join(', '), terminal.width, '  '),
    ...chassis.troubles.map((trouble) => paint('red', `! ${trouble}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** All of them where they are few, else those that are down first. */
function someSessions(sessions: readonly SessionRow[], terminal: Terminal): string {
  if (sessions.length <= SESSIONS_AT_A_GLANCE) return sessionTable(sessions, terminal);
  const down = sessions.filter((session) => session.state !== 'Established');
  const up = sessions.filter((session) => session.state === 'Established');
  const shown = [...down, ...up].slice(0, SESSIONS_AT_A_GLANCE);
  const more = sessions.length - shown.length;
  return `${sessionTable(shown, terminal)}… and ${more} more: chassis show sessions\n`;
}
