/**
 * The chassis: the supervisor on the main thread. It reserves the fabric, starts line cards and blades, places
 * sessions, and grafts them from blade to blade.
 *
 *   configuration ─→ fabric ─→ line cards, blades ─→ placement ─→ sessions
 *
 * Owns: which session has which index, where sessions start, the store. It is not on the way of any route.
 */
import { monotonicMilliseconds } from '../base/clock.ts';
import { systemGiving } from '../base/giving.ts';
import { Cease, NotificationCode } from '../bgp/errors.ts';
import { State } from '../bgp/fsm.ts';
import { encodeKeepalive, encodeNotification } from '../bgp/message.ts';
import type { BladeNews } from '../blade/messages.ts';
import type { Configuration } from '../config/configuration.ts';
import { Fabric } from '../fabric/fabric.ts';
import { BOX, SESSION } from '../fabric/layout.ts';
import { createFabricMemory } from '../fabric/memory.ts';
import type { CardNews, LastWords } from '../linecard/messages.ts';
import { describeFor } from '../rib/attribute-row.ts';
import { BladeHandle } from './blade-handle.ts';
import { type CardHandle, startCards } from './card-handle.ts';
import { Comeback } from './comeback.ts';
import { DynamicNeighbours } from './dynamic.ts';
import { Giver } from './giver.ts';
import { type GraftCosts, Grafts, GraftUndone } from './graft.ts';
import { History } from './history.ts';
import { kindOf } from './kinds.ts';
import { cannotListen } from './listen-hint.ts';
import { LoadMeter } from './load.ts';
import { localDefinition } from './local-routes.ts';
import { log } from './log.ts';
import { NextHopCosts } from './next-hops.ts';
import { OperationError } from './operations.ts';
import { Origins } from './origins.ts';
import { placeAll, placeOne } from './placement.ts';
import {
  cardNeighbor,
  cardRanges,
  fabricOptions,
  protectionTroubleOf,
  rehearsalConfiguration,
  rehearsalIndex,
  routerIdentity,
} from './plan.ts';
import { type Recovered, Recovery } from './recovery.ts';
import { rehearse } from './rehearsal.ts';
import type { SessionEntry } from './session-entry.ts';
import { SessionTable } from './session-table.ts';
import { Store } from './store.ts';
import { Sweeper } from './sweeper.ts';
import { Sweeping } from './sweeping.ts';
import { tidyUp } from './tidy.ts';
import { noteTrouble } from './troubles.ts';
import { Untold } from './untold.ts';

/** Milliseconds that a stopping chassis gives its NOTIFICATIONs to leave. */
const FAREWELL = 3000;
/** Reasons for which a session does not come up that are said in the log. */
const REASONS = 8;
/** What line cards say to a neighbour whose connection is not taken (RFC 4271 6.8, RFC 4486). */
const LAST_WORDS: LastWords = {
  superseded: encodeNotification(NotificationCode.Cease, Cease.ConnectionCollisionResolution),
  unserved: encodeNotification(NotificationCode.Cease, Cease.ConnectionRejected),
};
/** How often a graft is tried that was undone because a blade died, and milliseconds between. */
const GRAFT_TRIES = 5;
const TRY_AGAIN = 50;
/** Seconds between two samples of the counters in the store. */
const HISTORY_EVERY = 10;

export type { SessionEntry } from './session-entry.ts';

export class Chassis {
  /** What is in force: `chassis reload` changes it. */
  configuration: Configuration;
  readonly fabric: Fabric;
  readonly table: SessionTable;
  readonly blades: BladeHandle[];
  readonly grafts: Grafts;
  readonly load: LoadMeter;
  readonly store: Store;
  readonly history: History;
  readonly startedAt = Date.now();
  /** What an operator should know of. */
  readonly troubles: string[] = [];
  cards: CardHandle[] = [];
  readonly recovery: Recovery;
  readonly dynamic = new DynamicNeighbours(this, (text) => {
    if (!this.#quiet) log(text);
  });
  readonly origins: Origins;
  readonly nextHops: NextHopCosts;
  readonly sweeper: Sweeper;
  readonly sweeping: Sweeping;
  readonly #untold: Untold;
  #sampler: NodeJS.Timeout | undefined;
  #seconds = 0;
  #comeback: Comeback | undefined;
  stopping = false;
  readonly #quiet: boolean;
  #break: () => void = () => {};
  /** Resolves when the chassis cannot go on, which is said. */
  readonly broken = new Promise<void>((resolve) => {
    this.#break = resolve;
  });

  constructor(configuration: Configuration, options: { quiet?: boolean } = {}) {
    this.configuration = configuration;
    this.#quiet = options.quiet ?? false;
    const memory = createFabricMemory(fabricOptions(configuration));
    const { blades, heartbeatLimit, poisonLimit } = configuration.chassis;
    this.fabric = new Fabric(
      memory,
      memory.options.blades,
      describeFor(routerIdentity(configuration), memory),
    );
    this.fabric.box[BOX.blades] = blades;
    this.table = new SessionTable(this.fabric, monotonicMilliseconds);
    this.table.useTogether(configuration.router.multipath);
    for (const neighbor of configuration.neighbors) this.table.add(configuration, neighbor);
    this.blades = Array.from({ length: blades }, (_, slot) => this.#newBlade(slot));
    this.grafts = new Grafts(this.fabric, monotonicMilliseconds, () => this.#alive());
    this.recovery = new Recovery(
      {
        fabric: this.fabric,
        clock: monotonicMilliseconds,
        blades: this.blades,
        startBlade: (blade) => this.#startBlade(blade),
        name: (session) => this.table.at(session)?.neighbor.address ?? `session ${session}`,
        tell: (text) => this.#trouble(text),
        recovered: (orphan) => this.#noteRecovered(orphan),
        shut: (session, why) => {
          const entry = this.table.at(session);
          if (entry !== undefined) entry.heldBecause = why;
        },
      },
      { heartbeat: heartbeatLimit * 1000, poison: poisonLimit },
    );
    this.origins = new Origins((inForce, changed) => {
      for (const blade of this.blades) blade.order({ kind: 'origins', ...inForce, changed });
    });
    this.nextHops = new NextHopCosts(this.fabric, log);
    this.sweeper = new Sweeper(this.fabric, (slot) => this.blades[slot]?.vacant ?? true);
    const tell = (text: string): void => this.#trouble(text);
    const giving = systemGiving();
    const giver = giving && new Giver(this.fabric, giving);
    this.sweeping = new Sweeping(this.sweeper, monotonicMilliseconds, this.fabric.box, tell, giver);
    this.#untold = new Untold(this.fabric, (text) => {
      if (!this.#quiet) log(text);
    });
    this.load = new LoadMeter(this.fabric, monotonicMilliseconds, (session) => {
      const entry = this.table.at(session);
      return entry && kindOf(entry.neighbor);
    });
    this.store = new Store(configuration.chassis.state, { onTrouble: (text) => log(`warning: ${text}`) });
    this.history = new History(this.fabric, this.store);
  }

  /** Resolves when it listens and every session has its blade; rejects with what is wrong. */
  async start(): Promise<void> {
    const { memory } = this.fabric;
    const { router } = this.configuration;
    const neighbors = this.sessions.map(({ neighbor, index }) => cardNeighbor(neighbor, index));
    const vigil = { state: State.Established, message: encodeKeepalive() };
    const ranges = cardRanges(this.configuration);
    const common = { memory, neighbors, ranges, vigil, lastWords: LAST_WORDS };
    const trouble = protectionTroubleOf(this.configuration);
    if (trouble !== undefined) {
      await this.stop();
      throw new OperationError(trouble);
    }
    try {
      this.cards = await startCards(
        this.fabric,
        common,
        router.listen,
        (news) => this.#onCardNews(news),
        (card, why) => this.#onCardDied(card, why),
      );
    } catch (error) {
      await this.stop();
      throw new OperationError(cannotListen((error as Error).message));
    }
    await Promise.all(this.blades.map((blade) => this.#startBlade(blade)));
    this.recovery.start();
    this.sweeping.start();
    const rehearsal = rehearsalIndex(memory.options);
    await rehearse(this.fabric, this.grafts, rehearsal, (slot, order) => this.blade(slot).order(order));
    // Tests run a chassis inside their own process, whose memory is theirs to tidy.
    if (!this.#quiet) tidyUp();
    const { restartWait } = this.configuration.chassis;
    this.#comeback = new Comeback(this.fabric, this.sessions, this.store, restartWait * 1000);
    this.origins.configure(this.configuration.rpki);
    this.nextHops.configure(router.nextHops);
    this.#place();
    this.dynamic.begin();
    this.#keepCounters();
    this.#sampler = setInterval(() => this.#sample(), 1000);
    this.#sampler.unref();
  }

  /** Cease to every neighbour; everything closed. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    clearInterval(this.#sampler);
    this.recovery.stop();
    this.sweeping.stop();
    this.#comeback?.stop();
    this.#keepCounters();
    // Together: the line cards take nobody in any more, and end when the blades have said goodbye to everybody.
    const cards = this.cards.map((card) => card.stop(FAREWELL));
    await Promise.all([...cards, ...this.blades.map((blade) => blade.stop())]);
    this.fabric.bells.close();
    this.nextHops.stop();
    await this.origins.stop();
    this.store.close();
  }

  /** The configured neighbours. */
  get sessions(): readonly SessionEntry[] {
    return this.table.list;
  }

  entry(address: string): SessionEntry {
    const found = this.table.find(address);
    if (found === undefined) {
      throw new OperationError(`no neighbour ${address} is configured; "chassis show sessions" lists them`);
    }
    return found;
  }

  blade(slot: number): BladeHandle {
    const found = this.blades[slot];
    if (found === undefined) {
      throw new OperationError(
        `there is no blade ${slot}; this chassis has blades 0 to ${this.blades.length - 1}`,
      );
    }
    return found;
  }

  /** Orders the home blade of a session, when no graft of it is under way. */
  async order(entry: SessionEntry, kind: 'clear' | 'enable' | 'refresh'): Promise<void> {
    await this.alone(entry, async () => (await this.homeBlade(entry)).order({ kind, session: entry.index }));
  }

  async shutdown(entry: SessionEntry, why: string): Promise<void> {
    await this.alone(entry, async () => {
      const blade = await this.homeBlade(entry);
      blade.order({ kind: 'shutdown', session: entry.index, why });
      entry.heldBecause = why === '' ? 'shut down by the operator' : `shut down by the operator: ${why}`;
    });
  }

  /** The blade that serves a session; while there is none, because its blade died, the next one. */
  async homeBlade({ index }: SessionEntry): Promise<BladeHandle> {
    while (this.fabric.homeOf(index) < 0) {
      if (this.stopping) throw new OperationError('the chassis is stopping');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.blade(this.fabric.homeOf(index));
  }

  /** Moves one session; rejects with GraftUndone when it stayed where it was. */
  graft(entry: SessionEntry, to: number, reason = 'operator'): Promise<GraftCosts> {
    return this.alone(entry, async () => {
      for (let tries = 1; ; tries++) {
        if (!this.blade(to).running) throw new OperationError(`blade ${to} does not run at the moment`);
        try {
          this.load.moving();
          const costs = await this.grafts.graft(entry.index, to);
          if (costs.from !== costs.to) this.history.noteGraft(entry, costs, reason);
          return costs;
        } catch (error) {
          if (!(error instanceof GraftUndone)) throw error;
          this.history.noteUndone(entry, to, error.message);
          // A blade died meanwhile, not necessarily one of these two: the session is where it was, or has another home, and it can be tried again.
          if (!error.lost || tries === GRAFT_TRIES) throw error;
          await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN));
        }
      }
    });
  }

  /** One after another for each session. */
  alone<T>(entry: SessionEntry, work: () => Promise<T>): Promise<T> {
    const mine = entry.busy.then(work, work);
    entry.busy = mine.catch(() => {});
    return mine;
  }

  sessionsOn(slot: number): SessionEntry[] {
    return this.sessions.filter(({ index }) => this.fabric.homeOf(index) === slot);
  }

  /** A blade in the next slot; resolves when it runs. */
  async addBlade(slot: number): Promise<BladeHandle> {
    const blade = this.#newBlade(slot);
    this.blades.push(blade);
    await this.#startBlade(blade);
    return blade;
  }

  #newBlade(slot: number): BladeHandle {
    const events = {
      news: (news: BladeNews) => this.#onNews(news),
      died: (dead: number, why: string) => this.#onDied(dead, why),
    };
    return new BladeHandle(this.fabric, slot, events, this.configuration.chassis.bladeMemory);
  }

  #startBlade(blade: BladeHandle): Promise<void> {
    const { memory } = this.fabric;
    const sessions = [
      ...this.table.all.map(({ configuration }) => configuration),
      rehearsalConfiguration(this.configuration, rehearsalIndex(memory.options)),
    ];
    const { policies } = this.configuration;
    const local = localDefinition(this.configuration);
    // Where sessions wait for the blade, they are served first.
    const rehearse = this.configuration.chassis.rehearse && this.recovery.waiting.size === 0;
    return blade.start({
      memory,
      router: routerIdentity(this.configuration),
      rehearse: rehearse ? this.blades.length : 0,
      sessions,
      policies,
      origins: this.origins.inForce,
      local,
    });
  }

  #alive(): number {
    return this.blades.reduce((bits, blade) => (blade.running ? bits | (1 << blade.slot) : bits), 0);
  }

  #place(): void {
    const before = this.store.placements();
    const placed = this.sessions.map(({ neighbor, index }) => ({
      neighbor,
      index,
      wish: neighbor.blade ?? before.get(neighbor.address),
    }));
    const slots = placeAll(placed, this.blades.length);
    for (const [i, entry] of this.sessions.entries()) this.#adopt(entry, slots[i] as number);
  }

  /**
   * A neighbour that was added while it runs, on the blade that is configured, or where there is least to do; on the next one that runs if
   * there is none.
   */
  place(entry: SessionEntry): void {
    const running = this.blades.filter((blade) => blade.running);
    const open = running.filter(({ drained }) => !drained);
    // There is no blade to give it to: whichever starts next takes it.
    if (running.length === 0) {
      this.recovery.waiting.add(entry.index);
      return;
    }
    const { blade } = entry.neighbor;
    const isOpen = open.some(({ slot }) => slot === blade);
    this.#adopt(entry, isOpen ? (blade as number) : this.placeFor(entry, open.length > 0 ? open : running));
  }

  /** Of these blades that which should serve the neighbour, as it is now or were it added now (placement.ts). */
  placeFor(entry: SessionEntry, blades: readonly BladeHandle[]): number {
    const others = this.sessions.flatMap((other) => {
      const home = this.fabric.homeOf(other.index);
      return other === entry || home < 0
        ? []
        : [{ neighbor: other.neighbor, index: other.index, wish: home }];
    });
    const takes = (slot: number): boolean => blades.some((blade) => blade.slot === slot);
    return placeOne(others, entry, this.blades.length, takes);
  }

  #adopt({ index, neighbor }: SessionEntry, slot: number): void {
    this.fabric.setHome(index, slot);
    this.store.place(neighbor.address, slot);
    this.blade(slot).order({ kind: 'adopt', session: index });
  }

  /** Once a second: the load meter; now and then, the counters for the history. */
  #sample(): void {
    this.load.sample();
    this.dynamic.look(monotonicMilliseconds());
    this.#untold.look(this.sessions);
    if (++this.#seconds % HISTORY_EVERY === 0) this.#keepCounters();
  }

  #keepCounters(): void {
    this.history.sample(
      this.sessions,
      this.blades.map(({ slot }) => slot),
    );
  }

  #noteRecovered(orphan: Recovered): void {
    const entry = this.table.at(orphan.session);
    if (entry !== undefined) this.history.noteRecovered(entry, orphan);
  }

  #onNews(news: BladeNews): void {
    if (news.kind === 'running') this.recovery.running(news.slot);
    if (news.kind === 'trouble') this.#trouble(news.text);
    if (news.kind === 'swept') this.recovery.swept();
    if (news.kind === 'recovered') this.recovery.onRecovered(news);
    if (news.kind === 'aggregates') this.blade(news.slot).aggregates = news;
    if (!('session' in news)) return;
    const entry = this.table.at(news.session);
    if (entry === undefined) return;
    const { address } = entry.neighbor;
    switch (news.kind) {
      case 'established':
        entry.reason = '';
        entry.failures.clear();
        if (!this.#quiet) log(`${address} Established on blade ${news.slot}`);
        break;
      case 'down':
        entry.reason = news.why;
        if (!this.#quiet) log(`${address} down: ${news.why}`);
        break;
      case 'failed':
        if (this.#failed(entry, news.why)) log(`${address} does not come up: ${news.why}`);
        break;
      case 'limit':
        entry.limits[news.limit]++;
        if (!this.#quiet) log(`${address} ${news.text}`);
        break;
      case 'malformed':
        entry.lastError = news.text;
        if (!this.#quiet) log(`${address} ${news.text}`);
        break;
      case 'policy':
      case 'stale':
        if (!this.#quiet) log(`${address} ${news.text}`);
        break;
      case 'recovered':
        break;
      default:
        news satisfies never;
    }
  }

  /** It is tried again and again: each reason is said once until the session is up, and counted. */
  #failed(entry: SessionEntry, why: string): boolean {
    if (this.fabric.session(entry.index, SESSION.state) === State.Established) return false;
    entry.reason = why;
    if (this.#quiet || entry.failures.has(why) || entry.failures.size >= REASONS) return false;
    entry.failures.add(why);
    return true;
  }

  #onCardNews(news: CardNews): void {
    if (news.kind === 'trouble') this.#trouble(news.text);
    if (news.kind === 'called') this.dynamic.onCalled(news.card, news.address);
    if (news.kind !== 'refused') return;
    const { address, why, times } = news;
    const entry = this.table.find(address);
    if (entry !== undefined) entry.limits.connectionsRefused += times;
    const what = times === 1 ? 'a connection' : `${times} more connections`;
    if (!this.#quiet) log(`refused ${what} from ${address}: ${why}`);
  }

  /** The sockets that it had are gone, and nobody opens others: what is left is no router. */
  #onCardDied(card: number, why: string): void {
    if (this.stopping) return;
    this.#trouble(`line card ${card} died: ${why}`);
    this.#break();
  }

  #onDied(slot: number, why: string): void {
    void this.recovery.died(this.blade(slot), why);
  }

  #trouble(text: string): void {
    noteTrouble(this.troubles, text);
    log(text);
  }
}
