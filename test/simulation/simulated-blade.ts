/**
 * A real blade under the simulated scheduler: sleeps and wakes by its doorbell as src/blade/main.ts does, so that a ring
 * that nobody made shows, and lets others run between two words of routes that it reads or writes.
 */
import { MAX_MESSAGE } from '../../src/bgp/message.ts';
import { Blade } from '../../src/blade/blade.ts';
import type { BladeOrder, SessionConfiguration } from '../../src/blade/messages.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { BLADE_WORD, BOX, CONNECTION } from '../../src/fabric/layout.ts';
import { type FabricMemory, receivedColumns, sources } from '../../src/fabric/memory.ts';
import type { TableInForce } from '../../src/policy/validation.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import type { LocalDefinition } from '../../src/rib/own-source.ts';
import { wiping } from '../support/wiping.ts';
import { Death, live } from './death.ts';
import { identityOf, type SimulationOptions } from './options.ts';
import { POLICIES } from './policies.ts';
import { randomFor } from './randomness.ts';

export interface BladeWorld {
  readonly now: number;
  readonly tracing: boolean;
  /** What the RPKI says. */
  readonly origins?: TableInForce;
  /** The router's own routes. */
  readonly localDefinition?: LocalDefinition;
  /** Others may run now, in the middle of this blade's turn. */
  preempt(blade: SimulatedBlade): void;
  trace(text: string): void;
  /** Some blade has evaluated everything after a death. */
  swept(): void;
}

export class SimulatedBlade {
  readonly blade: Blade;
  readonly fabric: Fabric;
  readonly slot: number;
  /** In the middle of a turn. */
  running = false;
  /** Its thread has ended, whatever of its turn still stands on our stack. */
  dead = false;
  /** After so many operations it dies; 0: it lives. */
  fuse = 0;
  /** The phase of the dictionaries that it has gone by for a whole turn. */
  met = -1;
  readonly #world: BladeWorld;
  readonly #orders: BladeOrder[] = [];
  #asleep = false;
  #seen = 0;

  constructor(
    memory: FabricMemory,
    slot: number,
    configurations: readonly SessionConfiguration[],
    options: SimulationOptions,
    world: BladeWorld,
  ) {
    this.slot = slot;
    this.#world = world;
    this.fabric = new Fabric(memory, slot, describeFor(identityOf(options), memory));
    this.fabric.giving = wiping;
    if (options.preemption > 0 || options.hangs > 0) this.#letOthersIn();
    if (options.preemption > 0 && options.sweeps > 0) this.#letOthersIntoExports();
    this.blade = new Blade(
      this.fabric,
      slot,
      configurations,
      () => world.now,
      randomFor(options.seed + slot, 0),
      (news) => {
        if (news.kind === 'swept') world.swept();
        world.trace(
          `blade ${slot}: ${news.kind} ${'session' in news ? news.session : ''} ${'why' in news ? news.why : ''}`,
        );
      },
      options.limits,
      this.fabric.bells.orders(slot),
      POLICIES,
      world.origins,
      world.localDefinition,
    );
    if (world.tracing) this.#traceDecisions();
  }

  /** What it was ordered and has not carried out, or not to its end. */
  get undone(): readonly BladeOrder[] {
    return this.#orders;
  }

  /** Its time has come, or it was ended while others had their turn. */
  tick(): void {
    if (this.fuse > 0 && --this.fuse === 0) this.die();
    if (this.dead) throw new Death(`blade ${this.slot} is dead`);
  }

  die(): void {
    if (!this.dead) this.#world.trace(`blade ${this.slot} dies${this.running ? ' in its turn' : ''}`);
    this.dead = true;
  }

  order(order: BladeOrder): void {
    this.#orders.push(order);
    this.fabric.bells.ringWithOrder(this.slot);
  }

  /** Not in a turn, and awake or woken. */
  get eligible(): boolean {
    return !this.dead && !this.running && (!this.#asleep || this.#woken);
  }

  get #woken(): boolean {
    if (this.#world.now >= this.blade.nextTimer || this.#orders.length > 0) return true;
    return this.fabric.bells.beforeSleep(this.slot) !== this.#seen;
  }

  turn(): void {
    try {
      live(this, () => this.#takeTurn());
    } catch (error) {
      if (!(error instanceof Death) || !this.dead) throw error;
    }
  }

  #takeTurn(): void {
    if (this.#asleep) {
      this.#asleep = false;
      this.fabric.bells.awake(this.slot);
    }
    if (this.#turn()) return;
    this.#seen = this.fabric.bells.beforeSleep(this.slot);
    if (this.#turn()) {
      this.fabric.bells.awake(this.slot);
      return;
    }
    this.fabric.epochs.leave();
    this.#asleep = true;
  }

  #turn(): boolean {
    this.running = true;
    const phase = Atomics.load(this.fabric.box, BOX.phase);
    for (let left = this.#orders.length; left > 0; left--) {
      this.blade.order(this.#orders[0] as BladeOrder);
      this.#orders.shift();
    }
    const more = this.blade.turn();
    this.met = phase;
    this.running = false;
    return more;
  }

  /** For who reads the trace of one history: every evaluation, and the steps of grafts. */
  #traceDecisions(): void {
    const { evaluator } = this.blade.routes;
    const trace = (text: string): void => this.#world.trace(`blade ${this.slot}: ${text}`);
    const evaluate = evaluator.evaluate.bind(evaluator);
    evaluator.evaluate = (id, hint, visible) => {
      trace(`evaluates ${id}, hint ${hint - 1} …`);
      const outcome = evaluate(id, hint, visible);
      const best = evaluator.bestSession(id) - 1;
      trace(`… ${id}: best is session ${best}, set ${evaluator.bestAttribute(id)}, outcome ${outcome}`);
      return outcome;
    };
    const { blade } = this;
    const { roster } = blade;
    const [prepare, release, takeOver, onMarker] = [
      roster.prepare.bind(roster),
      roster.release.bind(roster),
      roster.takeOver.bind(roster),
      blade.onMarker.bind(blade),
    ];
    roster.prepare = (session, slot) => {
      trace(`prepares for session ${session}, slot ${slot}`);
      prepare(session, slot);
    };
    roster.release = (session) => {
      const ids = [...release(session)];
      trace(`releases session ${session}, pending ${ids.join(' ')}`);
      return ids;
    };
    roster.takeOver = (session, revisit, slot) => {
      trace(`takes session ${session} over, to look at ${[...revisit].join(' ')}`);
      return takeOver(session, revisit, slot);
    };
    blade.onMarker = (sibling, marker) => {
      trace(`reads marker ${marker} of ${sibling}`);
      onMarker(sibling, marker);
    };
  }

  /**
   * Routes are read and written in evaluations only, so that is where others may come between: not while an UPDATE is
   * being written, which one thread of the process does at a time here.
   */
  #letOthersIn(): void {
    const { columns, options } = this.fabric;
    const get = columns.get.bind(columns);
    const set = columns.set.bind(columns);
    const preempt = (column: number): void => {
      const ofRoutes = column < sources(options) || column >= receivedColumns(options);
      if (ofRoutes && this.running && this.#interruptible) this.#world.preempt(this);
      // A thread that was ended meanwhile writes nothing more.
      if (this.dead) throw new Death(`blade ${this.slot} is dead`);
    };
    columns.get = (column, id) => {
      preempt(column);
      return get(column, id);
    };
    columns.set = (column, id, word) => {
      preempt(column);
      const done = set(column, id, word);
      preempt(column);
      return done;
    };
  }

  /** Before what was encoded is published, and when it is noted in the view. */
  #letOthersIntoExports(): void {
    const { fabric } = this;
    const set = fabric.setBladeWord.bind(fabric);
    fabric.setBladeWord = (blade, which, value) => {
      if (which === BLADE_WORD.view && this.running && this.#interruptible) this.#world.preempt(this);
      set(blade, which, value);
    };
  }

  /** A message that wraps around its ring's end is read from a place that all blades of one thread share. */
  get #interruptible(): boolean {
    const { connections, options } = this.fabric;
    for (let session = 0; session < options.sessions; session++) {
      if (this.fabric.homeOf(session) !== this.slot) continue;
      for (const which of [0, 1]) {
        const at = connections.at(session, which);
        const offset =
          (connections.words[at + CONNECTION.receiveTail] as number) & (connections.receiveBytes - 1);
        if (offset + connections.receivable(at) > connections.receiveBytes - MAX_MESSAGE) return false;
      }
    }
    return true;
  }
}
