/** `chassis show sessions` and `chassis show session ADDR`. */
import type { LimitsRow, NotificationRow, SessionDetail, SessionRow } from '../chassis/operations.ts';
import { answer, type Command } from './command.ts';
import { count, duration, microseconds, moment, number, stateStyle } from './format.ts';
import { type Column, facts, table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Octets of a message: the first ones are enough for a person; JSON has all. */
const LONG_HEX = /([0-9a-f]{128})[0-9a-f]+/;

export const showSessionsCommand: Command = {
  name: 'show sessions',
  summary: 'the sessions: state, blade, routes and UPDATE messages',
  example: 'show sessions',
  remote: true,
  async run(call) {
    const rows = await call.ask<SessionRow[]>('show sessions');
    return answer(call, rows, () =>
      rows.length === 0 ? 'no neighbours are configured\n' : sessionTable(rows, call.terminal),
    );
  },
};

export const showSessionCommand: Command = {
  name: 'show session',
  summary: 'one session in full',
  operands: [{ name: 'ADDR', doc: 'the address of the neighbour' }],
  example: 'show session 192.0.2.2',
  remote: true,
  async run(call) {
    const session = await call.ask<SessionDetail>('show session', { neighbor: call.operands[0] });
    return answer(call, session, () => sessionText(session, call.terminal));
  },
};

export function sessionTable(rows: readonly SessionRow[], terminal: Terminal): string {
  const amount = (title: string, value: (row: SessionRow) => number, spare = 0): Column<SessionRow> => ({
    title,
    ...(spare > 0 ? { spare } : {}),
    text: (row) => number(value(row), terminal),
    right: true,
  });
  const columns: Column<SessionRow>[] = [
    { title: 'NEIGHBOR', text: (row) => row.neighbor },
    { title: 'AS', text: ({ as }) => (as === 0 ? 'external' : String(as)), right: true },
    { title: 'STATE', text: stateText, style: (row) => stateStyle(row.state) },
    { title: 'BLADE', text: bladeText, right: true },
    amount('RECEIVED', (row) => row.routesReceived),
    amount('ADVERTISED', (row) => row.routesAdvertised),
    amount('UPDATES IN', (row) => row.updatesReceived, 1),
    amount('UPDATES OUT', (row) => row.updatesSent, 1),
    {
      title: 'UP',
      text: (row) => (row.state === 'Established' ? duration(row.uptimeSeconds) : '-'),
      right: true,
    },
  ];
  if (rows.some((row) => row.description || row.reason)) {
    columns.push({
      title: '',
      text: (row) => (row.state === 'Established' ? row.description : row.reason) ?? '',
    });
  }
  return table(columns, rows, terminal);
}

/** While its blade starts, or just after that died, nobody serves it. */
function bladeText({ blade }: { readonly blade: number }): string {
  return blade < 0 ? '-' : String(blade);
}

function stateText(row: SessionRow): string {
  return row.shutdown ? `${row.state} (shutdown)` : row.state;
}

function sessionText(session: SessionDetail, terminal: Terminal): string {
  const { paint } = terminal;
  const title = [session.neighbor, asText(session), session.description].filter(Boolean).join('  ');
  const pairs = sessionFacts(session, terminal).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return `${paint('bold', title)}  ${paint(stateStyle(session.state), stateText(session))}\n${facts(pairs, terminal)}`;
}

function asText({ as, learntAs }: SessionDetail): string {
  if (as === 0) return 'external';
  return learntAs ? `AS ${as} (external, as it says itself)` : `AS ${as}`;
}

/** One line a fact; what is not known is left out. */
function sessionFacts(
  session: SessionDetail,
  terminal: Terminal,
): [name: string, value: string | undefined][] {
  const amount = (value: number | undefined) => (value === undefined ? undefined : number(value, terminal));
  const { lastGraft: graft } = session;
  return [
    ['blade', bladeText(session)],
    ['up', session.state === 'Established' ? duration(session.uptimeSeconds) : undefined],
    ['why not', session.state === 'Established' ? undefined : session.reason],
    ['last down', session.lastDown && moment(session.lastDown)],
    ['last NOTIFICATION', notificationLine(session.lastNotification)],
    ['last error', session.lastError?.replace(LONG_HEX, '$1…')],
    ['connection', connectionText(session)],
    ['router id', session.routerId],
    ['families', session.families.join(', ')],
    ['disabled', session.disabledFamilies?.join(', ')],
    ['sends capabilities', session.capabilitiesSent?.join(', ')],
    ['gets capabilities', session.capabilitiesReceived?.join(', ')],
    ['came by the range', session.range],
    ['agreed on', session.agreed?.join(', ')],
    ['protection', session.protection?.join(', ')],
    ['in place of the best route', session.insteadOfBest],
    ['policy', `import ${session.import}, export ${session.export}`],
    ['weight', amount(session.weight)],
    [
      'timers',
      `hold ${session.holdTime} s (configured ${session.holdTimeConfigured} s), keepalive ${session.keepaliveTime} s`,
    ],
    ['routes received', amount(session.routesReceived)],
    ['routes rejected', amount(session.routesRejected)],
    ['with loops, so far', session.loopsRejected === 0 ? undefined : amount(session.loopsRejected)],
    ['routes advertised', amount(session.routesAdvertised)],
    ['waiting to be sent', amount(session.pending)],
    [
      'UPDATE messages',
      `${number(session.updatesReceived, terminal)} in, ${number(session.updatesSent, terminal)} out`,
    ],
    ['messages in', messagesText(session.messagesReceived, terminal)],
    ['messages out', messagesText(session.messagesSent, terminal)],
    ['announcements', inAndOut(session.announcementsReceived, session.announcementsSent, terminal)],
    ['withdrawals', inAndOut(session.withdrawalsReceived, session.withdrawalsSent, terminal)],
    ['octets', inAndOut(session.octetsReceived, session.octetsSent, terminal)],
    ['came up', session.establishedCount === undefined ? undefined : count(session.establishedCount, 'time')],
    ['grafts since then', amount(session.grafts)],
    [
      'last graft',
      graft &&
        `${moment(graft.time)}, blade ${graft.from} to ${graft.to}, pause ${microseconds(graft.pauseMicroseconds)}`,
    ],
    [
      'stale routes',
      session.stale && `${session.stale.families.join(', ')}, for ${duration(session.stale.seconds)} at most`,
    ],
    ['behind all others', session.stale?.longLived?.join(', ')],
    [
      'kept for long',
      session.longLivedRoutes &&
        `${count(session.longLivedRoutes.kept, 'route')}, ${number(session.longLivedRoutes.dropped, terminal)} not`,
    ],
    ['limits', limitsText(session.limits)],
    ['cpu', session.cpuPercent === undefined ? undefined : `${session.cpuPercent.toFixed(1)}%`],
  ];
}

/** What there is to say: how near it is, and what was done. */
function limitsText(limits: LimitsRow | undefined): string | undefined {
  if (limits === undefined) return undefined;
  const { maxPrefixes, ipv4Prefixes, ipv6Prefixes, heldSeconds, secondsUnread, bytesUnread } = limits;
  const parts: string[] = [];
  if (maxPrefixes !== undefined)
    parts.push(`${Math.max(ipv4Prefixes, ipv6Prefixes)} of ${maxPrefixes} prefixes`);
  if (heldSeconds !== undefined)
    parts.push(heldSeconds === null ? 'held down' : `held down for ${duration(heldSeconds)}`);
  if (secondsUnread >= 1) parts.push(`${bytesUnread} bytes unread for ${duration(secondsUnread)}`);
  const done: [string, number][] = [
    ['warned of prefixes', limits.prefixWarnings],
    ['shut for prefixes', limits.prefixShutdowns],
    ['closed because it read nothing', limits.sendHoldExpiries],
    ['shut as a table was full', limits.tablesFull],
    ['not told a route as a table was full', limits.routesUntold],
    ['not told of a set as it is too long', limits.setsTooLong],
    ['asked for refreshes in vain', limits.refreshesIgnored],
    ['did not come up', limits.attemptsFailed],
    ['rejected as its policy failed', limits.policyFaults],
    ['damped', limits.flapsDamped],
    ['refused more paths', limits.pathsRefused],
    ['connections refused', limits.connectionsRefused + limits.callsRefused],
  ];
  for (const [what, times] of done) if (times > 0) parts.push(`${what} ${times} ×`);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function notificationLine(last: NotificationRow | undefined): string | undefined {
  return last && `${last.direction}: ${last.text} (${last.code}/${last.subcode})`;
}

function inAndOut(
  received: number | undefined,
  sent: number | undefined,
  terminal: Terminal,
): string | undefined {
  if (received === undefined || sent === undefined) return undefined;
  return `${number(received, terminal)} in, ${number(sent, terminal)} out`;
}

function connectionText(session: SessionDetail): string {
  const way = session.passive ? 'waits for the neighbour' : 'connects to the neighbour';
  if (session.localAddress === undefined) return way;
  const port = (value: number | undefined) => (value === undefined ? '' : ` port ${value}`);
  return `${session.localAddress}${port(session.localPort)} to ${session.neighbor}${port(session.remotePort)}; ${way}`;
}

function messagesText(messages: Record<string, number> | undefined, terminal: Terminal): string | undefined {
  if (messages === undefined) return undefined;
  // treatedAsWithdraw, in words.
  const words = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const parts = Object.entries(messages).map(
    ([type, amount]) => `${number(amount, terminal)} ${words(type)}`,
  );
  return parts.join(', ') || 'none';
}
