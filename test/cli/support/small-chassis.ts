/**
 * A small chassis in this process, for tests of the control socket and the command line: sessions and routes
 * are objects in memory, operations change them. It has no BGP.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { chassisAnswers } from '../../../src/chassis/control/answers.ts';
import { ControlServer } from '../../../src/chassis/control/server.ts';
import {
  type BalanceReport,
  type BladeRow,
  type CacheRow,
  type ChassisOperations,
  type ChassisSummary,
  type DrainReport,
  type DumpReport,
  type FabricRow,
  type FaultKind,
  type GraftReport,
  type GraftRow,
  OperationError,
  type PreviewReport,
  type ReloadReport,
  type RouteFilter,
  type RouteRow,
  type ScaleReport,
  type SessionDetail,
  type SessionRow,
  type VrpRow,
} from '../../../src/chassis/operations.ts';

const BATCH = 100;

export class SmallChassis implements ChassisOperations {
  readonly blades = 3;
  readonly drained = new Set<number>();
  readonly sessions: SessionRow[];
  readonly history: GraftRow[] = [];
  routes = 250;
  allowFaults = false;
  /** Batches of routes asked for, and iterations that were ended. */
  batchesMade = 0;
  iterationsEnded = 0;
  lastWhy: string | undefined;

  constructor() {
    this.sessions = ['192.0.2.2', '192.0.2.3', '2001:db8::2'].map((neighbor, index) => ({
      neighbor,
      as: 64500 + index,
      state: 'Established',
      blade: index,
      routesReceived: 1000 * (index + 1),
      routesAdvertised: 10,
      updatesReceived: 500,
      updatesSent: 5,
      uptimeSeconds: 3661,
    }));
  }

  async showChassis(): Promise<ChassisSummary> {
    return {
      version: '0.1.0',
      pid: process.pid,
      as: 65000,
      routerId: '192.0.2.1',
      listen: ['127.0.0.1:1790'],
      configuration: '/etc/graftd.yaml',
      uptimeSeconds: 90061,
      blades: this.blades,
      sessions: this.sessions.length,
      sessionsEstablished: this.sessions.filter((session) => session.state === 'Established').length,
      routes: 6000,
      prefixes: 3000,
      grafts: this.history.length,
      graftsUnplanned: 0,
      troubles: ['the database is out of order'],
    };
  }

  async showBlades(): Promise<BladeRow[]> {
    return Array.from({ length: this.blades }, (_, blade) => {
      const own = this.sessions.filter((session) => session.blade === blade);
      const routes = own.reduce((sum, session) => sum + session.routesReceived, 0);
      const state = this.drained.has(blade) ? 'drained' : 'running';
      return { blade, state, sessions: own.length, routes, cpuPercent: 12.345 };
    });
  }

  async showSessions(): Promise<SessionRow[]> {
    return this.sessions;
  }

  async showSession(neighbor: string): Promise<SessionDetail> {
    return {
      ...this.#session(neighbor),
      passive: false,
      families: ['ipv4-unicast'],
      import: 'accept',
      export: 'accept',
      holdTime: 90,
      holdTimeConfigured: 180,
      keepaliveTime: 30,
      capabilitiesReceived: ['multiprotocol ipv4-unicast', 'route refresh'],
      octetsReceived: 12345,
      octetsSent: 678,
      lastDown: '2024-05-06T07:08:09.000Z',
      lastNotification: {
        direction: 'received',
        code: 6,
        subcode: 2,
        text: 'Cease/Administrative Shutdown',
      },
    };
  }

  async *showRoutes(filter: RouteFilter): AsyncGenerator<RouteRow[]> {
    try {
      for (let start = 0; start < this.routes; start += BATCH) {
        this.batchesMade++;
        const rows: RouteRow[] = [];
        for (let i = start; i < Math.min(this.routes, start + BATCH); i++) rows.push(route(i));
        yield rows.filter((row) => filter.prefix === undefined || row.prefix === filter.prefix);
      }
    } finally {
      this.iterationsEnded++;
    }
  }

  showReceived(neighbor: string, filter: RouteFilter): AsyncGenerator<RouteRow[]> {
    this.#session(neighbor);
    return this.showRoutes(filter);
  }

  showAdvertised(neighbor: string, filter: RouteFilter): AsyncGenerator<RouteRow[]> {
    return this.showReceived(neighbor, filter);
  }

  async showGrafts(limit: number): Promise<GraftRow[]> {
    return this.history.toReversed().slice(0, limit);
  }

  async showFabric(): Promise<FabricRow[]> {
    return [{ part: 'prefixes ipv4', used: 3000, capacity: 4096, unit: 'prefixes', bytes: 65536 }];
  }

  async showRpki(): Promise<CacheRow[]> {
    const timing = { refresh: 3600, retry: 600, expire: 7200 };
    const told = { session: 7, serial: 12, ipv4Vrps: 2, ipv6Vrps: 1, secondsOld: 61, ...timing };
    return [
      { cache: '192.0.2.9:323', preference: 1, state: 'synchronised', active: true, version: 1, ...told },
      {
        cache: '[2001:db8::9]:323',
        preference: 2,
        state: 'waiting',
        active: false,
        version: 1,
        ipv4Vrps: 0,
        ipv6Vrps: 0,
        ...timing,
        lastError: 'connect ECONNREFUSED',
      },
    ];
  }

  async showVrps(prefix: string): Promise<VrpRow[]> {
    return prefix.startsWith('192.0.2.') ? [{ prefix: '192.0.2.0/24', maxLength: 25, as: 64500 }] : [];
  }

  async graft(neighbor: string, to: number): Promise<GraftReport> {
    const session = this.#session(neighbor);
    this.#blade(to);
    const report = costless(neighbor, session.blade, to, session.routesReceived);
    session.blade = to;
    this.history.push({ ...report, time: '2024-05-06T07:08:09.000Z', planned: true, result: 'done' });
    return report;
  }

  async balance(options: { metric: BalanceReport['metric']; dryRun: boolean }): Promise<BalanceReport> {
    const load = [0, 1, 2].map((blade) => ({ blade, load: 1, sessions: 1 }));
    const grafts = [costless('192.0.2.2', 0, 1, 1000)];
    return { ...options, unit: 'sessions', band: 0.1, before: load, after: load, grafts };
  }

  async drain(blade: number): Promise<DrainReport> {
    this.#blade(blade);
    this.drained.add(blade);
    const own = this.sessions.filter((session) => session.blade === blade);
    const grafts: GraftReport[] = [];
    for (const session of own) grafts.push(await this.graft(session.neighbor, (blade + 1) % this.blades));
    return { blade, grafts };
  }

  async undrain(blade: number): Promise<void> {
    this.#blade(blade);
    this.drained.delete(blade);
  }

  async restart(blade: number): Promise<DrainReport> {
    const report = await this.drain(blade);
    this.drained.delete(blade);
    return report;
  }

  async scale(blades: number): Promise<ScaleReport> {
    if (blades > 16) throw new OperationError('too many');
    return { before: this.blades, after: blades, grafts: [] };
  }

  async fault(blade: number, kind: FaultKind): Promise<void> {
    this.#blade(blade);
    if (!this.allowFaults) throw new OperationError('faults are not allowed: set "allow-faults: true"');
    if (kind === 'memory') throw new TypeError('a bug of ours');
  }

  async clear(neighbor: string): Promise<void> {
    this.#session(neighbor).uptimeSeconds = 0;
  }

  async shutdown(neighbor: string, why: string | undefined): Promise<void> {
    Object.assign(this.#session(neighbor), {
      state: 'Idle',
      shutdown: true,
      reason: 'administratively down',
    });
    this.lastWhy = why;
  }

  async enable(neighbor: string): Promise<void> {
    Object.assign(this.#session(neighbor), { state: 'Established', shutdown: false });
  }

  async refresh(neighbor: string): Promise<void> {
    this.#session(neighbor);
  }

  async previewPolicies(): Promise<PreviewReport> {
    return { neighbors: [] };
  }

  async reload({ dryRun }: { dryRun: boolean }): Promise<ReloadReport> {
    const effect = 'when the chassis is started again';
    return {
      dryRun,
      changes: [{ key: 'chassis.blades', from: '4', to: '8', effect }],
      added: ['192.0.2.9'],
      removed: [],
      changed: ['192.0.2.2'],
      reset: [],
      restartNeeded: ['chassis.blades'],
    };
  }

  async dumpMrt(file: string): Promise<DumpReport> {
    writeFileSync(file, 'MRT');
    return { file, routes: 6000, prefixes: 3000, peers: 3, bytes: 3 };
  }

  #session(neighbor: string): SessionRow {
    const session = this.sessions.find((row) => row.neighbor === neighbor);
    if (session === undefined)
      throw new OperationError(`there is no neighbour ${neighbor}; see "chassis show sessions"`);
    return session;
  }

  #blade(blade: number): void {
    if (blade >= this.blades)
      throw new OperationError(`there is no blade ${blade}; the blades are 0 to 2`, 2);
  }
}

function costless(neighbor: string, from: number, to: number, routes: number): GraftReport {
  const cost = { totalMicroseconds: 412.3, pauseMicroseconds: 98.1 };
  return {
    neighbor,
    from,
    to,
    routes,
    ...cost,
    decisionsRun: 0,
    fabricUpdatesSent: 0,
    neighborUpdatesSent: 0,
  };
}

function route(index: number): RouteRow {
  return {
    prefix: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32`,
    neighbor: '192.0.2.2',
    best: index % 2 === 0,
    nextHop: '192.0.2.2',
    asPath: '64500 3356 {1 2}',
    communities: ['64500:100', 'no-export'],
    localPref: null,
    med: 10,
    origin: 'IGP',
    blade: 0,
  };
}

export interface Served {
  readonly chassis: SmallChassis;
  readonly path: string;
  readonly folder: string;
  readonly bugs: string[];
}

/** A small chassis behind a control socket of its own, gone when the test is over. */
export async function serve(t: ExecutionContext, chassis = new SmallChassis()): Promise<Served> {
  const folder = temporaryFolder(t);
  const socket = path.join(folder, 'graftd.sock');
  const bugs: string[] = [];
  const server = new ControlServer(socket, chassisAnswers(chassis), { onBug: (text) => bugs.push(text) });
  await server.listen();
  t.teardown(() => server.close());
  return { chassis, path: socket, folder, bugs };
}

export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'graftd-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
