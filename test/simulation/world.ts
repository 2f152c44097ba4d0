/**
 * The simulated chassis: real blades over a real, small fabric; a simulated line card, simulated neighbours, and the
 * chassis' part of grafts; one thread, one clock, one seed. A scheduler picks who goes on, step by step.
 */
import type { Random } from '../../src/base/random.ts';
import { State } from '../../src/bgp/fsm.ts';
import type { NeighbourRules } from '../../src/bgp/neighbour-rules.ts';
import { ANY_OTHER_AS } from '../../src/bgp/open.ts';
import type { BladeOrder, SessionConfiguration } from '../../src/blade/messages.ts';
import { Giver } from '../../src/chassis/giver.ts';
import { Sweeper } from '../../src/chassis/sweeper.ts';
import { Fabric } from '../../src/fabric/fabric.ts';
import { BOX, RING, SESSION, SESSION_NUMBER } from '../../src/fabric/layout.ts';
import { createFabricMemory, type FabricOptions } from '../../src/fabric/memory.ts';
import { UNREACHABLE } from '../../src/fabric/next-hops.ts';
import type { TableInForce } from '../../src/policy/validation.ts';
import { describeFor } from '../../src/rib/attribute-row.ts';
import { isOn, multipathWord } from '../../src/rib/multipath.ts';
import { type LocalDefinition, OWN_PLACES } from '../../src/rib/own-source.ts';
import { difference } from '../../src/rpki/build.ts';
import { VrpTable } from '../../src/rpki/table.ts';
import { wiping } from '../support/wiping.ts';
import { SimulatedCard } from './card.ts';
import { instrument, live } from './death.ts';
import { asesOf, sharedOf } from './edges.ts';
import { GraftDesk } from './graft-desk.ts';
import {
  definitionOf,
  LOCAL_PREFIXES4,
  LOCAL_PREFIXES6,
  type LocalOptions,
  NO_LOCAL,
  pickLocal,
} from './local.ts';
import { Neighbour } from './neighbour.ts';
import {
  identityOf,
  LANES,
  LOCAL_ID,
  type Multipath,
  type NeighbourOptions,
  type SimulationOptions,
} from './options.ts';
import { policyKey } from './policies.ts';
import { Prefixes, type SimulatedPrefix, vrpsOf } from './prefixes.ts';
import { randomFor, randomOf } from './randomness.ts';
import { pathIndex, prefixOf } from './route.ts';
import { type Action, scriptFor } from './script.ts';
import { SimulatedBlade } from './simulated-blade.ts';
import { Undertaker } from './undertaker.ts';
import type { Wire } from './wire.ts';

/** How many may be interrupted by one another at once. */
const DEPTH = 3;
const ALL = Number.MAX_SAFE_INTEGER;
/** Simulated milliseconds within which everything must be quiet once nobody disturbs. */
const QUIET_WITHIN = 100_000;
/** After which who fell behind has joined its group again. */
const REJOIN = 8000;

export class World {
  readonly options: SimulationOptions;
  readonly fabric: Fabric;
  readonly prefixes: Prefixes;
  readonly blades: SimulatedBlade[];
  readonly card: SimulatedCard;
  readonly neighbours: Neighbour[];
  readonly desk: GraftDesk;
  readonly undertaker: Undertaker;
  readonly sweeper: Sweeper;
  readonly giver: Giver;
  now = 1000;
  /** Blades that did not move for long in the middle of a turn. */
  hangs = 0;
  /** What the RPKI says, as blades that begin are told it. */
  origins: TableInForce = { table: vrpsOf([]).memory, generation: 0 };
  /** What next hops cost by their last octet; without one 0, undefined: there is no way. */
  readonly costs = new Map<number, number | undefined>();
  /** How many equally good routes are used together now. */
  multipath: Multipath | undefined;
  /** The router's own routes now. */
  local: LocalOptions = NO_LOCAL;
  readonly #random: Random;
  readonly #sweepRandom: Random;
  readonly #givingRandom: Random;
  readonly #log: ((text: string) => void) | undefined;
  readonly #script: Action[];
  /** Changes of configuration that wait for a graft to end, as the chassis has them wait. */
  readonly #changes: (Action & { kind: 'configure' })[] = [];
  /** Nobody dies any more. */
  #peace = false;
  #depth = 0;
  /** How often each blade is picked, for a while: 0 stands still. */
  #paces: number[] = [];
  /** So many steps long the line card does nothing, and neighbours do nothing. */
  #cardStands = 0;
  #neighboursStand = 0;

  constructor(options: SimulationOptions, log?: (text: string) => void) {
    this.options = options;
    this.#log = log;
    this.#random = randomFor(options.seed, 0x5c4ed);
    this.#sweepRandom = randomFor(options.seed, 0x53ee9);
    this.#givingRandom = randomFor(options.seed, 0x617e5);
    const memory = createFabricMemory(fabricOptions(options));
    this.fabric = new Fabric(memory, options.blades, describeFor(identityOf(options), memory));
    this.prefixes = new Prefixes(
      randomFor(options.seed, 0x9f1),
      options.prefixes4,
      options.prefixes6,
      options.local ? LOCAL_PREFIXES4 : [],
      options.local ? LOCAL_PREFIXES6 : [],
    );
    if (options.local) {
      this.fabric.sessionLimit = options.neighbours.length;
      this.local = pickLocal(randomFor(options.seed, 0x10ca), this.prefixes);
    }
    this.#script = scriptFor(options);
    this.neighbours = options.neighbours.map((each) => new Neighbour({ ...each }, this));
    this.multipath = options.multipath;
    this.#noteNeeds();
    for (const { index, paths } of options.neighbours) if (paths > 1) this.fabric.giveLanes(index);
    if (options.deaths > 0) instrument();
    this.blades = Array.from({ length: options.blades }, (_, slot) => this.#newBlade(slot));
    Atomics.store(this.fabric.box, BOX.running, (1 << options.blades) - 1);
    this.card = new SimulatedCard(this.fabric, this);
    this.undertaker = new Undertaker(this.fabric, this);
    const pieces = { pages: 1, ids: this.#sweepRandom.pick([64, 1024, 1 << 16]) };
    this.sweeper = new Sweeper(this.fabric, (slot) => this.undertaker.vacant(slot), pieces);
    const numbers = this.#givingRandom.pick([2, 16, 4096]);
    this.giver = new Giver(this.fabric, wiping, { numbers, octets: 1 << 22, pages: 1, slots: 64, kept: 0 });
    this.desk = new GraftDesk(this.fabric, options.impatient, (text) => this.trace(text));
    for (const { index } of options.neighbours) this.#place(index);
  }

  get tracing(): boolean {
    return this.#log !== undefined;
  }

  trace(text: string): void {
    this.#log?.(`${this.now} ${' '.repeat(this.#depth * 2)}${text}`);
  }

  // ── what the parts ask of the world ──

  get localDefinition(): LocalDefinition {
    return definitionOf(this.local, this.prefixes);
  }

  addresses(session: number): { local: readonly number[]; remote: readonly number[] } {
    const { localAddress, address } = this.options.neighbours[session] as NeighbourOptions;
    return { local: localAddress, remote: address };
  }

  dial(session: number): Wire | undefined {
    return (this.neighbours[session] as Neighbour).answer();
  }

  call(session: number, wire: Wire): void {
    this.card.accept(session, wire);
  }

  bear(slot: number): void {
    this.blades[slot] = this.#newBlade(slot);
  }

  swept(): void {
    this.undertaker.swept();
  }

  /** Repeating is what a chassis may do after a blade died. */
  get repeats(): boolean {
    return this.options.deaths > 0;
  }

  get hangsLong(): boolean {
    return this.options.hangs > 0;
  }

  /** Who asks for more than a full table has is shut. */
  get tablesFill(): boolean {
    return this.options.small !== undefined;
  }

  /** Times that the chassis shut a session because a table was full. */
  shutFor(session: number): number {
    return this.fabric.number(session, SESSION_NUMBER.outOfResources);
  }

  /** A session is not told all: some of it finds no room, and that is counted. */
  untold(session: number): boolean {
    return (
      this.fabric.number(session, SESSION_NUMBER.routesUntold) > 0 &&
      Atomics.load(this.fabric.box, BOX.untold) !== 0
    );
  }

  /** Nothing is to be noted of what it is told: there are no pages. */
  starved(session: number): boolean {
    return this.blades.some(({ blade }) =>
      blade.groups.all.some((group) => group.starved && group.members.includes(session)),
    );
  }

  preempt(blade: SimulatedBlade): void {
    if (this.#depth >= DEPTH) return;
    if (!this.#peace && this.options.hangs > 0 && this.#random.chance(this.options.hangs)) this.#hang(blade);
    if (!this.#random.chance(this.options.preemption)) return;
    this.#depth++;
    live(undefined, () => {
      if (this.#random.chance(this.options.grafts * 0.3)) this.#graft();
      for (let steps = 1 + this.#random.below(4); steps > 0; steps--) this.#step();
    });
    this.#depth--;
  }

  /** The blade does not go on for long, while everything else does; half of those that do that are ended as dead. */
  #hang(blade: SimulatedBlade): void {
    const random = this.#random;
    const before = this.#depth;
    this.hangs++;
    this.trace(`blade ${blade.slot} hangs`);
    // Nobody runs in the middle of another one's turn meanwhile: that would take for ever.
    this.#depth = DEPTH;
    live(undefined, () => {
      for (let steps = 50 + random.below(1000); steps > 0; steps--) {
        if (random.chance(0.02) && this.#script.length > 0) this.#act(this.#script.shift() as Action);
        if (random.chance(this.options.grafts * 0.3)) this.#graft();
        if (random.chance(0.02)) this.now += random.below(200);
        this.#step();
      }
    });
    this.#depth = before;
    if (random.chance(0.5)) blade.die();
    else this.trace(`blade ${blade.slot} goes on`);
  }

  // ── a history ──

  /** Plays the whole script, with everything going on in between. */
  play(): void {
    const pace = this.#random.pick([0.02, 0.05, 0.2]);
    while (this.#script.length > 0) {
      if (this.#random.chance(this.options.skew)) this.#paceBlades();
      this.#configure();
      // Some of what happens comes at one stroke.
      if (this.#random.chance(pace)) {
        do this.#act(this.#script.shift() as Action);
        while (this.#script.length > 0 && this.#random.chance(0.2));
      }
      if (this.#random.chance(this.options.grafts * 0.3)) this.#graft();
      if (this.#random.chance(this.options.aborts)) this.desk.abort(this.#random);
      if (this.#random.chance(this.options.deaths)) this.#kill();
      if (this.#random.chance(0.1)) this.now += this.#random.below(20);
      this.#step();
      if (this.#random.chance(0.0005)) this.#leap();
    }
  }

  /** Lets everything run until nothing is left to be done, and those who fell behind have caught up. */
  rest(): void {
    const limit = this.now + QUIET_WITHIN;
    this.#peace = true;
    for (const blade of this.blades) blade.fuse = 0;
    for (;;) {
      this.settle();
      if (this.#quiet) break;
      if (this.now > limit) throw new Error(`never quiet: ${this.#whatIsLeft}`);
      this.#advance();
    }
    for (const until = this.now + REJOIN; this.now < until || !this.#quiet; ) {
      if (this.now > limit) throw new Error(`never quiet: ${this.#whatIsLeft}`);
      this.#advance();
      this.settle();
    }
    if (this.options.small !== undefined) this.#lookForRoom(limit);
  }

  /** What found no room to be told is looked at after each sweep; the chassis sweeps now and then while there is any. */
  #lookForRoom(limit: number): void {
    for (let left = 3; left > 0 && Atomics.load(this.fabric.box, BOX.untold) !== 0; left--) {
      this.sweep();
      for (const until = this.now + REJOIN; this.now < until || !this.#quiet; ) {
        if (this.now > limit + QUIET_WITHIN) throw new Error(`never quiet: ${this.#whatIsLeft}`);
        this.#advance();
        this.settle();
      }
    }
  }

  /** Everything that can happen without time going on. */
  settle(): void {
    const peace = this.#peace;
    this.#peace = true;
    this.#settle();
    this.#peace = peace;
  }

  #settle(): void {
    for (let round = 0; ; round++) {
      if (round > 100_000) throw new Error('everything turns and nothing ends');
      let any = this.card.drain();
      for (const neighbour of this.neighbours) if (neighbour.step(ALL)) any = true;
      for (const blade of this.blades) {
        if (!blade.eligible) continue;
        blade.turn();
        any = true;
      }
      if (this.desk.poll().length > 0) any = true;
      if (this.#configure()) any = true;
      if (this.#resolve()) any = true;
      if (this.undertaker.step() || this.undertaker.reclaim()) any = true;
      if (this.giver.giving) {
        // All at once: what comes in between is what #give is for.
        while (this.giver.step());
        any = true;
      }
      if (this.sweeper.sweeping && !this.#busy) {
        this.sweeper.step(() => false);
        any = true;
      } else if (!this.#busy && this.sweeper.need.due) {
        this.sweeper.begin();
        any = true;
      }
      if (!any) break;
    }
    this.#checkNobodyWaits();
  }

  /** Everybody sleeps: whoever has something to do was not woken. */
  #checkNobodyWaits(): void {
    const { blades, ringRecords } = this.options;
    const rings = new Int32Array(this.fabric.memory.fabricRings);
    for (let pair = 0; pair < blades * blades; pair++) {
      const base = pair * (RING.words + ringRecords * 2);
      if (rings[base + RING.head] === rings[base + RING.tail]) continue;
      throw new Error(`blade ${pair % blades} sleeps, and records of ${Math.floor(pair / blades)} wait`);
    }
    // What found no room in a ring is tried again a millisecond later.
    const full = this.blades.some(({ blade }) =>
      blade.routes.siblings.channels.some((channel) => channel.pending > 0),
    );
    if (!full && this.desk.unserved !== '') throw new Error(`everybody sleeps: ${this.desk.unserved}`);
  }

  /** In the middle of somebody's turn, who passes no quiescent point before we are done. */
  get #busy(): boolean {
    return this.blades.some(({ running }) => running);
  }

  /** A whole sweep for ids that nobody uses, with nothing going on. */
  sweep(): void {
    this.settle();
    this.sweeper.begin();
    this.settle();
    this.giver.begin(this.sweeper.numbers.sweeps);
    this.settle();
  }

  stateOf(session: number): number {
    return this.fabric.session(session, SESSION.state);
  }

  /** Time goes on to when something happens next. */
  #advance(): void {
    let due = this.card.dueAt;
    for (const { blade } of this.blades) due = Math.min(due, blade.nextTimer);
    for (const neighbour of this.neighbours) due = Math.min(due, neighbour.dueAt);
    this.now = Math.max(this.now + 1, Math.min(due, this.now + 1000));
  }

  /** A long while passes, but everybody is served. */
  #leap(): void {
    for (let steps = this.#random.below(20); steps > 0; steps--) {
      this.settle();
      this.#advance();
    }
  }

  /** What the chassis does: next hops that are new, or whose costs changed. True when there were some. */
  #resolve(): boolean {
    const { hops } = this.fabric;
    if (hops === undefined) return false;
    let any = false;
    for (const hop of hops.ids()) {
      const last = (hops.keys[hop * 4 + 3] as number) & 255;
      const cost = this.costs.has(last) ? (this.costs.get(last) ?? UNREACHABLE) : 0;
      if (hops.set(hop, cost)) any = true;
    }
    if (!any) return false;
    hops.changed();
    for (const { slot } of this.blades) this.fabric.bells.ring(slot);
    return true;
  }

  #step(): void {
    const random = this.#random;
    const dice = random.below(100);
    if (this.options.resolves && random.chance(0.05)) this.#resolve();
    if (this.options.stalls > 0 && random.chance(this.options.stalls)) {
      this.#cardStands = random.below(300);
      this.#neighboursStand = random.below(300);
    }
    if (random.chance(this.options.deaths * 3)) this.#kill();
    if (this.options.deaths > 0 && random.chance(0.1)) this.undertaker.step();
    if (this.options.deaths > 0 && random.chance(0.02)) this.undertaker.reclaim();
    if (this.options.sweeps > 0) {
      this.#sweep();
      this.#give();
    }
    if (dice < 45) {
      const blade = random.pick(this.blades);
      const pace = this.#paces[blade.slot] ?? 1;
      for (let turns = pace; turns > 0 && blade.eligible; turns--) blade.turn();
    } else if (dice < 75) {
      if (this.#cardStands-- > 0) return;
      if (dice < 55) this.card.poll();
      else this.card.step(random);
    } else if (dice < 97) {
      if (this.#neighboursStand-- <= 0)
        random.pick(this.neighbours).step(random.chance(0.5) ? ALL : 1 + random.below(300));
    } else for (const session of this.desk.poll()) this.#graftOn(session);
  }

  /** The chassis sweeps, some pieces at once. */
  #sweep(): void {
    const random = this.#sweepRandom;
    if (!random.chance(this.options.sweeps)) return;
    // At rest only where one is due: what found no room is tried again after each, which would be in the middle of that, and so on for ever.
    if (this.#peace && !this.sweeper.sweeping) return;
    this.sweeper.begin();
    let pieces = 1 + random.below(random.pick([1, 10, 1000]));
    this.sweeper.step(() => --pieces <= 0);
  }

  /** The chassis gives memory back, some pieces at once, whatever others are doing. */
  #give(): void {
    const random = this.#givingRandom;
    if (!random.chance(this.options.sweeps) || this.#peace) return;
    this.giver.begin(this.sweeper.numbers.sweeps);
    for (let pieces = 1 + random.below(random.pick([1, 10, 1000])); pieces > 0; pieces--)
      if (!this.giver.step()) return;
  }

  /** Some blades run ahead now, and others stand still: what lies between them grows long. */
  #paceBlades(): void {
    const paces = this.#random.pick<number[]>([[1], [0, 1, 3], [0, 0, 0, 1], [1, 20]]);
    this.#paces = this.blades.map(() => this.#random.pick(paces));
    if (this.#paces.every((pace): boolean => pace === 0)) this.#paces[0] = 1;
  }

  #act(action: Action): void {
    const neighbour = this.neighbours[action.neighbour] as Neighbour;
    this.#traceAction(action);
    switch (action.kind) {
      case 'change':
        neighbour.change(action.changes);
        break;
      case 'up':
        neighbour.up();
        break;
      case 'down':
        neighbour.down(action.how);
        break;
      case 'slow':
      case 'fast':
        neighbour.reading = action.kind === 'fast';
        break;
      case 'refresh':
        neighbour.askForRefresh(action.family);
        break;
      case 'malform':
        neighbour.malform(action.family);
        break;
      case 'clear':
      case 'resend':
        this.#order(action.neighbour, action.kind);
        break;
      case 'configure':
        this.#changes.push(action);
        break;
      case 'origin':
        this.#validate(action.prefix, action.as);
        break;
      case 'cost':
        this.costs.set(action.hop, action.cost);
        break;
      case 'local':
        this.originate(
          action.choice === undefined
            ? NO_LOCAL
            : pickLocal(randomOf(this.options.seed, action.choice), this.prefixes),
        );
        break;
      default:
        action satisfies never;
    }
  }

  /** The router's own routes are other ones. */
  originate(local: LocalOptions): void {
    this.local = local;
    for (const blade of this.blades) blade.order({ kind: 'local', local: this.localDefinition });
  }

  /** The RPKI says something else: all blades get another table, and what is different in it. */
  #validate(index: number, origin: number | undefined): void {
    const prefix = this.prefixes.all[index] as SimulatedPrefix;
    if ((prefix.nlri[0] as number) === 0) return;
    prefix.origin = origin;
    const before = new VrpTable(this.origins.table);
    const { memory: table } = vrpsOf(this.prefixes.all);
    const { memory: changed } = difference(before, new VrpTable(table));
    this.origins = { table, generation: this.origins.generation + 1 };
    for (const blade of this.blades) blade.order({ kind: 'origins', ...this.origins, changed });
  }

  /** One change of configuration, in their order; true when there was one. */
  #configure(): boolean {
    const change = this.#changes[0];
    if (change === undefined || this.desk.isActive(change.neighbour)) return false;
    this.#changes.shift();
    const { options } = this.neighbours[change.neighbour] as Neighbour;
    const { importAccept, exportAccept, nextHopSelf, importPolicy, exportPolicy, instead } = change;
    Object.assign(options, { importAccept, exportAccept, nextHopSelf, importPolicy, exportPolicy, instead });
    if (this.options.equals) this.multipath = change.multipath;
    this.#noteNeeds();
    const session = configurationOf(options, this.options);
    for (const blade of this.blades) blade.order({ kind: 'configure', session });
    return true;
  }

  /** As the chassis does before blades are told (chassis/session-table.ts). */
  #noteNeeds(): void {
    const needs = ({ toldFamilies, instead }: NeighbourOptions): boolean =>
      toldFamilies !== 0 || instead !== undefined;
    const { box } = this.fabric;
    Atomics.store(box, BOX.multipath, multipathWord(this.multipath, this.fabric.multipath));
    const all = isOn(this.multipath) || this.neighbours.some(({ options }) => needs(options));
    Atomics.store(box, BOX.showAll, all ? 1 : 0);
  }

  /** Orders go to the home blade of a session that is served. */
  #order(session: number, kind: 'clear' | 'resend'): void {
    if (this.desk.isActive(session) || this.stateOf(session) !== State.Established) return;
    if (kind === 'clear') (this.neighbours[session] as Neighbour).endExpected = true;
    const order: BladeOrder = { kind: kind === 'clear' ? 'clear' : 'refresh', session };
    const home = this.blades[this.fabric.homeOf(session)];
    if (home === undefined) this.undertaker.keep(order);
    else home.order(order);
  }

  /** Some blade dies now, or in the middle of what it does soon. */
  #kill(): void {
    if (this.#peace) return;
    const random = this.#random;
    const blade = random.pick(this.blades);
    if (random.chance(0.3)) blade.die();
    else blade.fuse = 1 + random.below(random.pick([20, 200, 2000]));
  }

  #newBlade(slot: number): SimulatedBlade {
    const configurations = this.neighbours.map(({ options }) => configurationOf(options, this.options));
    return new SimulatedBlade(this.fabric.memory, slot, configurations, this.options, this);
  }

  #graft(): void {
    const random = this.#random;
    this.desk.request(random.below(this.neighbours.length), random.below(this.blades.length));
  }

  /** An impatient chassis moves some sessions on as soon as they have moved. */
  #graftOn(session: number): void {
    if (!this.options.impatient || this.#random.chance(0.5)) return;
    this.desk.request(session, this.#random.below(this.blades.length));
  }

  #place(session: number): void {
    const slot = this.#random.below(this.blades.length);
    this.fabric.setHome(session, slot);
    this.blades[slot]?.order({ kind: 'adopt', session });
  }

  /** What a graft costs is known when all is told. */
  get anyStarved(): boolean {
    return this.blades.some(({ blade }) => blade.groups.all.some((group) => group.starved));
  }

  get #quiet(): boolean {
    return this.#whatIsLeft === '';
  }

  get #whatIsLeft(): string {
    const left: string[] = [];
    for (const [index, neighbour] of this.neighbours.entries()) {
      if (neighbour.wantUp && (!neighbour.established || this.stateOf(index) !== State.Established)) {
        left.push(`neighbour ${index} is not up`);
      }
      if (!neighbour.wantUp && this.fabric.session(index, SESSION.sweepCursor) !== 0)
        left.push(`session ${index} is swept`);
      if (this.fabric.session(index, SESSION.staleFamilies) !== 0)
        left.push(`session ${index} has stale routes`);
      if (neighbour.established && !neighbour.saidAll) left.push(`neighbour ${index} has something to say`);
    }
    for (const { blade, slot } of this.blades) {
      for (const group of blade.groups.all)
        if (!group.quiet && !group.starved) left.push(`blade ${slot} has something to export`);
      for (const channel of blade.routes.siblings.channels)
        if (channel.pending > 0) left.push(`blade ${slot} has records to send`);
    }
    if (this.options.small !== undefined) {
      if (this.sweeper.sweeping) left.push('a sweep');
      // What found no room is looked at once more when a blade wakes, which it does within a second.
      const phase = Atomics.load(this.fabric.box, BOX.phase);
      for (const { met, slot } of this.blades)
        if (met !== phase) left.push(`blade ${slot} has not seen the last sweep`);
    }
    if (!this.undertaker.idle) left.push('somebody is dead');
    if (this.desk.active > 0 && !this.anyStarved) left.push(`grafts: ${this.desk.waitingFor}`);
    return left.join('; ');
  }

  #traceAction(action: Action): void {
    if (this.#log === undefined) return;
    const { kind, neighbour } = action;
    if (kind !== 'change')
      this.trace(`script: neighbour ${neighbour} ${kind}${kind === 'down' ? ` ${action.how}` : ''}`);
    else {
      const said = action.changes.map(
        ({ prefix, route }) =>
          `${route === undefined ? '-' : '+'}${this.prefixes.text(prefixOf(prefix))} ${pathIndex(prefix)}`,
      );
      const route = action.changes.find((change) => change.route !== undefined)?.route;
      const what =
        route === undefined
          ? ''
          : ` path [${route.path.join(' ')}] origin ${route.origin} med ${route.med ?? '-'} lp ${route.localPref ?? '-'}`;
      this.trace(`script: neighbour ${neighbour} ${said.join(' ')}${what}`);
    }
  }
}

function fabricOptions(options: SimulationOptions): FabricOptions {
  return {
    blades: options.blades,
    lineCards: 1,
    sessions: options.neighbours.length + (options.local ? OWN_PLACES : 0),
    // Each blade that dies takes what is left of its blocks of ids with it.
    prefixes4: options.deaths > 0 ? 1 << 15 : 1 << 10,
    prefixes6: options.deaths > 0 ? 1 << 15 : 1 << 10,
    attributes: options.deaths > 0 ? 1 << 17 : 1 << 14,
    // Policies make sets of their own, and what a dead blade had of bytes is lost.
    attributeBytes:
      options.policies && options.deaths > 0
        ? 1 << 26
        : options.fat > 0 || options.deaths > 0
          ? 1 << 23
          : 1 << 20,
    pages: 1 << 10,
    ringRecords: options.ringRecords,
    receiveBytes: options.receiveBytes,
    transmitBytes: 1 << 16,
    grafts: options.graftSlots,
    ...options.small,
    nextHops: options.resolves ? 1 << 7 : 0,
    lanes: LANES,
    lanedSessions: options.neighbours.length,
  };
}

function configurationOf(
  neighbour: NeighbourOptions,
  { confederation, malforms }: SimulationOptions,
): SessionConfiguration {
  const [importPolicy, exportPolicy] = [neighbour.importPolicy, neighbour.exportPolicy].map(policyKey);
  return {
    index: neighbour.index,
    address: `neighbour ${neighbour.index}`,
    addressWords: neighbour.address,
    as: neighbour.learnt === true ? ANY_OTHER_AS : neighbour.as,
    passive: neighbour.passive,
    families: 3,
    importAccept: neighbour.importAccept,
    exportAccept: neighbour.exportAccept,
    ...(importPolicy === undefined ? {} : { importPolicy }),
    ...(exportPolicy === undefined ? {} : { exportPolicy }),
    ...(neighbour.weight === 0 ? {} : { weight: neighbour.weight }),
    holdTime: 90,
    connectRetryTime: 5,
    gracefulRestart: 'helper',
    longLivedStaleTime: 60,
    tellStale: neighbour.tellStale,
    nextHopSelf: neighbour.nextHopSelf,
    rules: rulesOf(neighbour),
    ...asesOf(neighbour, confederation),
    disablesFamilies: malforms > 0,
    localId: LOCAL_ID,
    pathsReceived: neighbour.pathFamilies,
    pathsSent: neighbour.toldFamilies,
    mostPathsSent: neighbour.mostTold,
    ...(neighbour.instead === undefined ? {} : { instead: neighbour.instead }),
  };
}

function rulesOf(neighbour: NeighbourOptions): NeighbourRules {
  const { client, role, allowOwnAs, enforceFirstAs, asOverride, removePrivateAs } = neighbour;
  return {
    client,
    confederate: neighbour.member === true,
    ...(role === undefined ? {} : { role }),
    allowOwnAs,
    enforceFirstAs,
    asOverride,
    ...(removePrivateAs === undefined ? {} : { removePrivateAs }),
    gracefulShutdown: neighbour.gracefulShutdown,
    routeServerClient: neighbour.transparent,
    ...sharedOf(neighbour),
  };
}
