/** What an operator can ask of a chassis, over the control socket (operations.ts), on a running one. */
import { type AddressPrefix, parsePrefix } from '../base/address.ts';
import { SESSION, SESSION_FLAG, SESSION_NUMBER } from '../fabric/layout.ts';
import { planBalance } from './balance.ts';
import { balanceInput } from './balance-input.ts';
import type { Chassis, SessionEntry } from './chassis.ts';
import { dumpMrt } from './dump.ts';
import { GraftUndone } from './graft.ts';
import { graftReport } from './history.ts';
import { Maintenance } from './maintenance.ts';
import {
  type BalanceMetric,
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
} from './operations.ts';
import { previewPolicies } from './preview.ts';
import { Reloader, readWanted } from './reload.ts';
import { Trouble } from './trouble.ts';
import { bladeRow, chassisSummary } from './views/box.ts';
import { fabricRows } from './views/fabric.ts';
import { ownRoutes } from './views/local.ts';
import { prefixWords, RouteViews, whyNotFeasible } from './views/routes.ts';
import { sessionDetail, sessionRow } from './views/sessions.ts';
import { Why } from './views/why.ts';

/** Every blade within this fraction of the mean, or as near as sessions that stay together allow. */
const BAND = 0.1;
const MOST_GRAFTS = 64;

/** By metric: its unit, and what is no load worth a graft. */
const METRICS: Readonly<Record<BalanceMetric, { unit: string; negligible: number }>> = {
  cpu: { unit: '% cpu', negligible: 1 },
  updates: { unit: 'UPDATEs/s', negligible: 10 },
  routes: { unit: 'routes', negligible: 100 },
  sessions: { unit: 'sessions', negligible: 0 },
};

/** Who told a route that this router itself originates. */
const OWN = 'self';

export class Operator implements ChassisOperations {
  readonly #chassis: Chassis;
  readonly #file: string;
  readonly #version: string;
  readonly #routes: RouteViews;
  readonly #reloader: Reloader;
  readonly #maintenance: Maintenance;

  constructor(chassis: Chassis, file: string, version: string) {
    this.#chassis = chassis;
    this.#file = file;
    this.#version = version;
    this.#reloader = new Reloader(chassis, file);
    this.#maintenance = new Maintenance(chassis, (entry, to, reason) => this.#graft(entry, to, reason));
    this.#routes = new RouteViews(
      chassis.fabric,
      () => chassis.table.limit,
      (session) => chassis.table.at(session)?.neighbor.address ?? OWN,
      () => (chassis.origins.configured ? chassis.origins.table : undefined),
      chassis.configuration.router.as,
      (session, attribute) => whyNotFeasible(chassis, session, attribute),
      new Why(chassis),
      () => ownRoutes(chassis).rows,
    );
  }

  async showChassis(): Promise<ChassisSummary> {
    return chassisSummary(this.#chassis, this.#routes, this.#file, this.#version);
  }

  async showBlades(): Promise<BladeRow[]> {
    return this.#chassis.blades.map((blade) => bladeRow(this.#chassis, blade));
  }

  async showSessions(): Promise<SessionRow[]> {
    return this.#chassis.sessions.map((entry) => sessionRow(this.#chassis, entry));
  }

  async showSession(neighbor: string): Promise<SessionDetail> {
    return sessionDetail(this.#chassis, this.#chassis.entry(neighbor));
  }

  showRoutes(filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#routes.routes(filter);
  }

  showReceived(neighbor: string, filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#routes.received(this.#chassis.entry(neighbor).index, filter);
  }

  showAdvertised(neighbor: string, filter: RouteFilter): AsyncIterable<RouteRow[]> {
    return this.#routes.advertised(this.#chassis.entry(neighbor).index, filter);
  }

  async showGrafts(limit: number): Promise<GraftRow[]> {
    return this.#chassis.store.grafts(limit);
  }

  async showFabric(): Promise<FabricRow[]> {
    return fabricRows(this.#chassis);
  }

  async showRpki(): Promise<CacheRow[]> {
    return this.#chassis.origins.rows();
  }

  async showVrps(prefix: string): Promise<VrpRow[]> {
    const { words, length } = prefixWords(parsePrefix(prefix) as AddressPrefix);
    return this.#chassis.origins.covering(words, length);
  }

  async graft(neighbor: string, to: number): Promise<GraftReport> {
    const entry = this.#chassis.entry(neighbor);
    const blade = this.#chassis.blade(to);
    if (blade.drained)
      throw new OperationError(`blade ${to} is drained; "chassis undrain ${to}" gives it back`);
    return this.#graft(entry, to, 'operator');
  }

  async balance(options: { metric: BalanceMetric; dryRun: boolean }): Promise<BalanceReport> {
    const { metric, dryRun } = options;
    const { unit, negligible } = METRICS[metric];
    const chassis = this.#chassis;
    const plan = planBalance({
      ...balanceInput(chassis, metric),
      band: BAND,
      maxGrafts: MOST_GRAFTS,
      negligible,
    });
    const grafts: GraftReport[] = [];
    const trouble = new Trouble();
    for (const { id, from, to } of plan.moves) {
      const entry = chassis.table.find(id);
      // It may be configured no longer.
      if (entry === undefined) continue;
      if (dryRun) grafts.push(plannedGraft(chassis, entry, from, to));
      else
        await trouble.keep(chassis, entry, async () =>
          grafts.push(await this.#graft(entry, to, `balance by ${metric}`)),
        );
    }
    trouble.tell(`${grafts.length} of ${plan.moves.length} sessions were moved`);
    const rows = (loads: typeof plan.before): BalanceReport['before'] =>
      loads.map(({ slot, load, telling, sessions }) => ({
        blade: slot,
        load: Math.round(load * 100) / 100,
        telling: Math.round(telling * 100) / 100,
        sessions,
      }));
    return { metric, unit, dryRun, band: BAND, before: rows(plan.before), after: rows(plan.after), grafts };
  }

  drain(slot: number): Promise<DrainReport> {
    return this.#maintenance.drain(slot);
  }

  async undrain(slot: number): Promise<void> {
    this.#maintenance.undrain(slot);
  }

  restart(slot: number): Promise<DrainReport> {
    return this.#maintenance.restart(slot);
  }

  scale(blades: number): Promise<ScaleReport> {
    return this.#maintenance.scale(blades);
  }

  fault(slot: number, kind: FaultKind): Promise<void> {
    return this.#maintenance.fault(slot, kind);
  }

  async clear(neighbor: string): Promise<void> {
    await this.#chassis.order(this.#chassis.entry(neighbor), 'clear');
  }

  async shutdown(neighbor: string, why: string | undefined): Promise<void> {
    await this.#chassis.shutdown(this.#chassis.entry(neighbor), why ?? '');
  }

  async enable(neighbor: string): Promise<void> {
    await this.#chassis.order(this.#chassis.entry(neighbor), 'enable');
  }

  async refresh(neighbor: string): Promise<void> {
    const entry = this.#chassis.entry(neighbor);
    const { state } = sessionRow(this.#chassis, entry);
    if (state !== 'Established')
      throw new OperationError(`${neighbor} is ${state}; only an Established session can be refreshed`);
    if ((this.#chassis.fabric.session(entry.index, SESSION.flags) & SESSION_FLAG.routeRefresh) === 0)
      throw new OperationError(
        `${neighbor} does not know route refresh (RFC 2918); "chassis clear" does more`,
      );
    await this.#chassis.order(entry, 'refresh');
  }

  reload({ dryRun }: { dryRun: boolean }): Promise<ReloadReport> {
    return this.#reloader.reload(dryRun);
  }

  async previewPolicies(file: string): Promise<PreviewReport> {
    return previewPolicies(this.#chassis, await readWanted(file), (id) => this.#routes.best(id));
  }

  async dumpMrt(file: string): Promise<DumpReport> {
    return dumpMrt(this.#chassis, file);
  }

  async #graft(entry: SessionEntry, to: number, reason: string): Promise<GraftReport> {
    try {
      return graftReport(entry, await this.#chassis.graft(entry, to, reason));
    } catch (error) {
      if (error instanceof GraftUndone) {
        throw new OperationError(
          `${entry.neighbor.address} stays on blade ${this.#chassis.fabric.homeOf(entry.index)}: ${error.message}`,
        );
      }
      throw error;
    }
  }
}

/** In a dry run, what would be moved costs nothing. */
function plannedGraft(chassis: Chassis, entry: SessionEntry, from: number, to: number): GraftReport {
  const routes = chassis.fabric.number(entry.index, SESSION_NUMBER.routesReceived);
  const none = { total: 0, pause: 0, decisionsRun: 0, recordsSent: 0, updatesSent: 0 };
  return graftReport(entry, { session: entry.index, from, to, routes, ...none });
}
