/**
 * The fabric: all memory that threads share, as one thread sees it. It knows memory and no BGP.
 *
 * The chassis reserves the memory (memory.ts), every thread attaches to it with a `Fabric` of its own. There
 * is no lock anywhere (I2): each word has one writer, or a stated compare-and-swap rule.
 */
import type { Giving } from '../base/giving.ts';
import { AttributeDictionary, type Describe } from './attributes.ts';
import { Columns } from './columns.ts';
import { Connections } from './connections.ts';
import type { Courier } from './courier.ts';
import { Doorbells } from './doorbell.ts';
import { Epochs } from './epochs.ts';
import {
  ALLOCATOR,
  BLADE_NUMBER,
  BLADE_WORD,
  BOX,
  CARD_NUMBER,
  GRAFT,
  GRAFT_STATE,
  GRAFT_TIME,
  SESSION,
  SESSION_NUMBER,
} from './layout.ts';
import { LocRibWords } from './loc-rib-words.ts';
import type { Lookout } from './lookout.ts';
import { type FabricMemory, type FabricOptions, pathColumn, sources } from './memory.ts';
import { NextHops } from './next-hops.ts';
import { PageArena } from './pages.ts';
import { PrefixDictionary } from './prefixes.ts';
import { ReadySets } from './ready.ts';
import { RecordRing } from './record-ring.ts';

export class Fabric {
  readonly memory: FabricMemory;
  /** Whose this is: the slot of a blade, or `blades` for the chassis. */
  readonly thread: number;
  readonly options: FabricOptions;
  readonly prefixes: PrefixDictionary;
  readonly attributes: AttributeDictionary;
  readonly pages: PageArena;
  readonly columns: Columns;
  readonly connections: Connections;
  readonly bells: Doorbells;
  readonly epochs: Epochs;
  readonly ready: ReadySets;
  /** SESSION.words a session. */
  readonly sessions: Int32Array;
  /** SESSION_NUMBER.words a session. */
  readonly sessionNumbers: Float64Array;
  /** GRAFT.words a slot. */
  readonly grafts: Int32Array;
  readonly graftTimes: Float64Array;
  /** Four words an out view (rib/adj-rib-out.ts). */
  readonly views: Int32Array;
  readonly bladeNumbers: Float64Array;
  readonly cardNumbers: Float64Array;
  readonly box: Int32Array;
  /** BLADE_WORD.words a blade. */
  readonly bladeWords: Int32Array;
  /** JOURNAL_WORDS a blade. */
  readonly journals: Int32Array;
  /** RECIPE.words a number. */
  readonly recipes: Int32Array;
  /** Where next hops are resolved. */
  readonly hops: NextHops | undefined;
  /** By which this thread sends and reads by itself, where it can. */
  courier: Courier | undefined = undefined;
  lookout: Lookout | undefined = undefined;
  /** By which it gives memory back, where it can. */
  giving: Giving | undefined = undefined;
  readonly #allocator: Int32Array;
  #phase: number;

  /** `thread` is the slot of a blade, or `blades` for the chassis, which also reads columns. */
  constructor(memory: FabricMemory, thread: number, describe: Describe) {
    this.memory = memory;
    this.thread = thread;
    this.options = memory.options;
    this.epochs = new Epochs(memory.epochs, thread);
    this.box = new Int32Array(memory.box);
    // Before the dictionaries read it themselves. If theirs is a later phase, `meet` tells them of it once more, which does no harm.
    this.#phase = Atomics.load(this.box, BOX.phase);
    this.prefixes = new PrefixDictionary(memory);
    this.attributes = new AttributeDictionary(memory, describe);
    this.pages = new PageArena(memory, this.epochs, thread);
    this.columns = new Columns(memory, this.pages);
    this.connections = new Connections(memory);
    this.bells = new Doorbells(memory.bells);
    this.ready = new ReadySets(memory.ready, memory.options.sessions);
    this.sessions = new Int32Array(memory.sessions);
    this.sessionNumbers = new Float64Array(memory.sessionNumbers);
    this.grafts = new Int32Array(memory.grafts);
    this.graftTimes = new Float64Array(memory.graftTimes);
    this.views = new Int32Array(memory.views);
    this.bladeNumbers = new Float64Array(memory.bladeNumbers);
    this.cardNumbers = new Float64Array(memory.cardNumbers);
    this.bladeWords = new Int32Array(memory.bladeWords);
    this.journals = new Int32Array(memory.journals);
    this.recipes = new Int32Array(memory.recipes);
    this.#allocator = new Int32Array(memory.allocator);
    this.hops = (memory.options.nextHops ?? 0) > 0 ? new NextHops(memory) : undefined;
  }

  /** Where a turn begins: goes by the phase of the dictionaries that holds now; true when it is another one. */
  meet(): boolean {
    const phase = Atomics.load(this.box, BOX.phase);
    if (phase === this.#phase) return false;
    this.#phase = phase;
    this.prefixes.meet(phase);
    this.attributes.meet(phase);
    return true;
  }

  ringBetween(from: number, to: number): RecordRing {
    return new RecordRing(this.memory, from, to);
  }

  /** Where the Loc-RIB of a blade stands. */
  locRib(blade: number): LocRibWords {
    return new LocRibWords(this.memory, blade);
  }

  // Threads by number, for doorbells: blades, then the chassis, then line cards.
  cardThread(card: number): number {
    return this.options.blades + 1 + card;
  }

  /** The line card that carries a session's connections, whoever called: the first card hands calls over. */
  cardOf(session: number): number {
    return session % this.options.lineCards;
  }

  /** Tells the line card that a connection has news for it: wanted, not wanted, bytes to send, room to receive. */
  ringCard(session: number): void {
    const card = this.cardOf(session);
    this.ready.setForCard(card, session);
    this.bells.ring(this.cardThread(card));
  }

  /** Tells the home blade that a session has news for it. */
  ringHome(session: number): void {
    this.ready.setForBlade(session);
    const home = this.homeOf(session);
    if (home >= 0) this.bells.ring(home);
  }

  /** Sessions with an index below this one exist: where a look at all of them ends. */
  get sessionLimit(): number {
    return this.#allocator[ALLOCATOR.sessions] as number;
  }

  /** For the chassis, before anybody is told of a session. */
  set sessionLimit(limit: number) {
    Atomics.store(this.#allocator, ALLOCATOR.sessions, limit);
  }

  // ── lanes: a session with several paths of a prefix has a column for each, and an index like a session's own ──

  /** The session that a source is, or is a lane of. */
  sessionOf(source: number): number {
    return source < this.options.sessions
      ? source
      : (this.sessions[source * SESSION.words + SESSION.parent] as number) - 1;
  }

  /** How many sources a session is: itself, and its lanes. */
  sourceCount(session: number): number {
    return this.session(session, SESSION.lanes) === 0 ? 1 : 1 + (this.options.lanes ?? 0);
  }

  /** The session itself (0), or one of its lanes. */
  sourceAt(session: number, lane: number): number {
    return lane === 0 ? session : this.session(session, SESSION.lanes) + lane - 1;
  }

  /** Column of the path identifiers of a source's routes. */
  pathColumn(source: number): number {
    return pathColumn(this.options, source);
  }

  /** Sources from `options.sessions` to before this one are lanes that somebody has. */
  get laneLimit(): number {
    return this.options.sessions + (this.#allocator[ALLOCATOR.lanes] as number);
  }

  /** For the chassis, before anybody is told of them: lanes for a session that has none. False: there are none left. */
  giveLanes(session: number): boolean {
    const first = this.laneLimit;
    const { lanes = 0 } = this.options;
    if (lanes === 0 || first + lanes > sources(this.options)) return false;
    for (let lane = first; lane < first + lanes; lane++) this.setSession(lane, SESSION.parent, session + 1);
    Atomics.add(this.#allocator, ALLOCATOR.lanes, lanes);
    Atomics.store(this.sessions, session * SESSION.words + SESSION.lanes, first);
    return true;
  }

  /** What the decision reads of a session holds for its lanes too. */
  copyToLanes(session: number): void {
    const from = session * SESSION.words;
    for (let lane = 1; lane < this.sourceCount(session); lane++) {
      const source = this.sourceAt(session, lane);
      this.sessions.copyWithin(source * SESSION.words, from, from + SESSION.words);
      this.setSession(source, SESSION.parent, session + 1);
    }
  }

  session(session: number, word: number): number {
    return this.sessions[session * SESSION.words + word] as number;
  }

  setSession(session: number, word: number, value: number): void {
    this.sessions[session * SESSION.words + word] = value;
  }

  /** Slot of the blade that serves a session, or -1. */
  homeOf(session: number): number {
    return Atomics.load(this.sessions, session * SESSION.words + SESSION.home) - 1;
  }

  setHome(session: number, slot: number): void {
    Atomics.store(this.sessions, session * SESSION.words + SESSION.home, slot + 1);
  }

  number(session: number, which: number): number {
    return this.sessionNumbers[session * SESSION_NUMBER.words + which] as number;
  }

  setNumber(session: number, which: number, value: number): void {
    this.sessionNumbers[session * SESSION_NUMBER.words + which] = value;
  }

  count(session: number, which: number, more = 1): void {
    const at = session * SESSION_NUMBER.words + which;
    this.sessionNumbers[at] = (this.sessionNumbers[at] as number) + more;
  }

  graft(slot: number, word: number): number {
    return Atomics.load(this.grafts, slot * GRAFT.words + word);
  }

  setGraft(slot: number, word: number, value: number): void {
    Atomics.store(this.grafts, slot * GRAFT.words + word, value);
  }

  /** Writes the state last, and wakes the chassis if it waits for it. */
  graftState(slot: number): number {
    return this.graft(slot, GRAFT.state) & 7;
  }

  graftGeneration(slot: number): number {
    return this.graft(slot, GRAFT.state) >>> 3;
  }

  /** By whose step it is, when nobody else can make one. */
  setGraftState(slot: number, state: number): void {
    this.setGraft(slot, GRAFT.state, (this.graft(slot, GRAFT.state) & ~7) | state);
    this.notifyGraft(slot);
  }

  /** The slot's words are another graft's from here on; nobody is to do anything for it before it is requested. */
  renewGraft(slot: number): void {
    const generation = (this.graftGeneration(slot) + 1) & 0x3ffffff;
    this.setGraft(slot, GRAFT.state, (generation << 3) | GRAFT_STATE.free);
  }

  notifyGraft(slot: number): void {
    Atomics.notify(this.grafts, slot * GRAFT.words + GRAFT.settled);
  }

  /** One step of a graft; false when somebody else made another one first, or the slot is another graft's by now. */
  stepGraft(slot: number, from: number, to: number, generation = this.graftGeneration(slot)): boolean {
    const at = slot * GRAFT.words + GRAFT.state;
    const expected = (generation << 3) | from;
    return Atomics.compareExchange(this.grafts, at, expected, (generation << 3) | to) === expected;
  }

  stampGraft(slot: number, which: number, time: number): void {
    this.graftTimes[slot * GRAFT_TIME.words + which] = time;
  }

  bladeNumber(blade: number, which: number): number {
    return this.bladeNumbers[blade * BLADE_NUMBER.words + which] as number;
  }

  /** How many blades have left the box so far. */
  get losses(): number {
    return Atomics.load(this.box, BOX.losses);
  }

  /** How many blades have left this slot. */
  lossesOf(slot: number): number {
    return Atomics.load(this.box, BOX.lossesBySlot + slot);
  }

  /** Bit set of the slots whose blades run. */
  get running(): number {
    return Atomics.load(this.box, BOX.running);
  }

  /** After a start: nothing is told to neighbours yet. */
  get holdingBack(): boolean {
    return Atomics.load(this.box, BOX.holdingBack) !== 0;
  }

  /** Blades show each other all feasible routes. */
  get showsAll(): boolean {
    return this.box[BOX.showAll] !== 0;
  }

  /** How many equally good routes are used together (ibgp-internal/equal-paths.ts). */
  get multipath(): number {
    return this.box[BOX.multipath] as number;
  }

  /** Slots in use: those from 0 to before this one. Others are reserved. */
  get blades(): number {
    return this.box[BOX.blades] as number;
  }

  bladeWord(blade: number, which: number): number {
    return Atomics.load(this.bladeWords, blade * BLADE_WORD.words + which);
  }

  setBladeWord(blade: number, which: number, value: number): void {
    Atomics.store(this.bladeWords, blade * BLADE_WORD.words + which, value);
  }

  countBlade(blade: number, which: number, more = 1): void {
    const at = blade * BLADE_NUMBER.words + which;
    this.bladeNumbers[at] = (this.bladeNumbers[at] as number) + more;
  }

  cardNumber(card: number, which: number): number {
    return this.cardNumbers[card * CARD_NUMBER.words + which] as number;
  }

  countCard(card: number, which: number, more = 1): void {
    const at = card * CARD_NUMBER.words + which;
    this.cardNumbers[at] = (this.cardNumbers[at] as number) + more;
  }
}
