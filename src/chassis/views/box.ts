/** `show`, `show blades`, `show fabric`: the box at a glance. */
import { State } from '../../bgp/fsm.ts';
import { BLADE_NUMBER, PAGE_WORDS, SESSION, SESSION_NUMBER } from '../../fabric/layout.ts';
import type { BladeHandle } from '../blade-handle.ts';
import type { Chassis } from '../chassis.ts';
import type { BladeRow, ChassisSummary, FabricRow } from '../operations.ts';
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
    grafts: chassis.graftCount,
    graftsUnplanned: 0,
    troubles: [...chassis.troubles, ...(store.trouble === undefined ? [] : [store.trouble])],
    residentBytes: process.memoryUsage.rss(),
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
    state: !blade.running
      ? 'dead'
      : !blade.drained
        ? 'running'
        : sessions.length === 0
          ? 'drained'
          : 'draining',
    sessions: sessions.length,
    routes: sum(SESSION_NUMBER.routesReceived),
    cpuPercent: Math.round(chassis.load.bladeCpu(slot) * 10) / 10,
    uptimeSeconds: (Date.now() - blade.startedAt) / 1000,
    updatesReceived: sum(SESSION_NUMBER.updatesReceived),
    updatesSent: sum(SESSION_NUMBER.updatesSent),
    decisionsRun: fabric.bladeNumber(slot, BLADE_NUMBER.evaluations),
    restarts: 0,
  };
}

export function fabricRows(chassis: Chassis): FabricRow[] {
  const { attributes, options, pages, prefixes } = chassis.fabric;
  const connected = chassis.sessions.filter(
    ({ index }) => chassis.fabric.number(index, SESSION_NUMBER.timesEstablished) > 0,
  );
  const rings = connected.length * (options.receiveBytes + options.transmitBytes);
  return [
    row('IPv4 prefixes', prefixes.used4(), options.prefixes4, 'prefixes', prefixes.used4() * 16),
    row(
      'IPv6 prefixes',
      prefixes.used6() - prefixes.base6,
      options.prefixes6,
      'prefixes',
      (prefixes.used6() - prefixes.base6) * 28,
    ),
    row(
      'attribute sets',
      attributes.used(),
      Math.floor(options.attributes * 0.75),
      'sets',
      attributes.used() * 40,
    ),
    row('attribute bytes', attributes.bytesUsed(), options.attributeBytes, 'bytes', attributes.bytesUsed()),
    row('RIB pages', pages.touched(), options.pages, 'pages', pages.touched() * PAGE_WORDS * 4),
    row('session rings', connected.length, options.sessions, 'sessions', rings),
    row(
      'blade rings',
      options.blades * (options.blades - 1),
      options.blades * (options.blades - 1),
      'rings',
      options.blades ** 2 * options.ringRecords * 8,
    ),
  ];
}

function row(part: string, used: number, capacity: number, unit: string, bytes: number): FabricRow {
  return { part, used, capacity, unit, bytes };
}
