/** `show`, `show blades`: the box at a glance. */
import { State } from '../../bgp/fsm.ts';
import { BLADE_NUMBER, CARD_NUMBER, CONNECTION_STATE, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { BladeHandle } from '../blade-handle.ts';
import type { Chassis } from '../chassis.ts';
import type { BladeRow, BladeState, CardRow, ChassisSummary } from '../operations.ts';
import type { RouteViews } from './routes.ts';

export function chassisSummary(
  chassis: Chassis,
  routes: RouteViews,
  file: string,
  version: string,
): ChassisSummary {
  const { configuration, fabric, sessions, store } = chassis;
  const established = sessions.filter(
    ({ index }) => fabric.session(index, SESSION.state) === State.Established,
  );
  const total = sessions.reduce(
    (sum, { index }) => sum + fabric.number(index, SESSION_NUMBER.routesReceived),
    0,
  );
  return {
    version,
    pid: process.pid,
    as: configuration.router.as,
    routerId: configuration.router.id,
    listen: chassis.cards.flatMap((card) =>
      card.listening.map(({ address, port }) =>
        address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
      ),
    ),
    configuration: file,
    uptimeSeconds: (Date.now() - chassis.startedAt) / 1000,
    blades: chassis.blades.length,
    sessions: sessions.length,
    sessionsEstablished: established.length,
    routes: total,
    prefixes: routes.countPrefixes(),
    grafts: chassis.history.grafts,
    graftsUnplanned: chassis.history.unplanned,
    troubles: [...chassis.troubles, ...(store.trouble === undefined ? [] : [store.trouble])],
    residentBytes: process.memoryUsage.rss(),
    lineCards: chassis.cards.map(({ card }) => cardRow(chassis, card)),
  };
}

export function bladeRow(chassis: Chassis, blade: BladeHandle): BladeRow {
  const { fabric } = chassis;
  const { slot } = blade;
  const sessions = chassis.sessionsOn(slot);
  const sum = (which: number): number =>
    sessions.reduce((total, { index }) => total + fabric.number(index, which), 0);
  return {
    blade: slot,
    state: stateOf(blade, sessions.length),
    sessions: sessions.length,
    routes: sum(SESSION_NUMBER.routesReceived),
    cpuPercent: tenths(chassis.load.bladeCpu(slot)),
    uptimeSeconds: blade.startedAt === 0 ? 0 : (Date.now() - blade.startedAt) / 1000,
    updatesReceived: sum(SESSION_NUMBER.updatesReceived),
    updatesSent: sum(SESSION_NUMBER.updatesSent),
    decisionsRun: fabric.bladeNumber(slot, BLADE_NUMBER.evaluations),
    restarts: blade.starts - 1,
    deaths: blade.deaths,
    ...(blade.lastDeath === undefined
      ? {}
      : { lastDeath: { time: new Date(blade.lastDeath.time).toISOString(), why: blade.lastDeath.why } }),
    waitPercent: tenths(chassis.load.bladeWait(slot)),
    ...turns(chassis, slot),
  };
}

function stateOf({ running, restarting, startedAt, drained }: BladeHandle, sessions: number): BladeState {
  if (!running) return restarting > 0 ? 'restarting' : startedAt === 0 ? 'starting' : 'dead';
  if (!drained) return 'running';
  return sessions === 0 ? 'drained' : 'draining';
}

/** Reading the longest turn begins a new measurement of it. */
function turns(
  { fabric }: Chassis,
  slot: number,
): Pick<
  BladeRow,
  | 'longestTurnMilliseconds'
  | 'longestTurnLatelyMilliseconds'
  | 'longestTurnWaitedMilliseconds'
  | 'longestTurnLatelyWaitedMilliseconds'
  | 'longestWorkMilliseconds'
  | 'longestWorkLatelyMilliseconds'
  | 'longTurns'
  | 'longestGapMilliseconds'
> {
  const number = (which: number): number => fabric.bladeNumber(slot, which);
  // Without a turn since the last reading, what stands there is from before.
  const any = number(BLADE_NUMBER.latelyReading) === number(BLADE_NUMBER.readings);
  const lately = (which: number): number => (any ? hundredths(number(which)) : 0);
  const apart =
    number(BLADE_NUMBER.longestTurnWaited) < 0
      ? {}
      : {
          longestTurnWaitedMilliseconds: hundredths(number(BLADE_NUMBER.longestTurnWaited)),
          longestTurnLatelyWaitedMilliseconds: lately(BLADE_NUMBER.longestTurnLatelyWaited),
          longestWorkMilliseconds: hundredths(number(BLADE_NUMBER.longestWork)),
          longestWorkLatelyMilliseconds: lately(BLADE_NUMBER.longestWorkLately),
        };
  const row = {
    longestTurnMilliseconds: hundredths(number(BLADE_NUMBER.longestTurn)),
    longestTurnLatelyMilliseconds: lately(BLADE_NUMBER.longestTurnLately),
    ...apart,
    longTurns: number(BLADE_NUMBER.longTurns),
    longestGapMilliseconds: hundredths(number(BLADE_NUMBER.longestGap)),
  };
  fabric.countBlade(slot, BLADE_NUMBER.readings);
  return row;
}

function cardRow(chassis: Chassis, card: number): CardRow {
  const { fabric } = chassis;
  const number = (which: number): number => fabric.cardNumber(card, which);
  return {
    card,
    cpuPercent: tenths(chassis.load.cardCpu(card)),
    waitPercent: tenths(chassis.load.cardWait(card)),
    connections: openConnections(chassis, card),
    accepted: number(CARD_NUMBER.accepted),
    dialled: number(CARD_NUMBER.dialled),
    refused: number(CARD_NUMBER.refused),
    keptAlive: number(CARD_NUMBER.vigils),
    bytesIn: number(CARD_NUMBER.bytesIn),
    bytesOut: number(CARD_NUMBER.bytesOut),
  };
}

function openConnections({ fabric, sessions }: Chassis, card: number): number {
  let open = 0;
  const { connections } = fabric;
  for (const { index } of sessions) {
    if (fabric.cardOf(index) !== card) continue;
    for (let which = 0; which < 2; which++) {
      if (connections.stateOf(connections.at(index, which)) === CONNECTION_STATE.open) open++;
    }
  }
  return open;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
