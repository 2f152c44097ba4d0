/**
 * Which session has which index in the fabric. An index is a place that was reserved at start; sessions that are
 * configured while the chassis runs take the next one that is free.
 *
 *   free ─→ a neighbour's ─→ leaving (its routes are withdrawn, its connection closed) ─→ resting ─→ free
 *
 * It rests because blades may still think of the last session's route as the best one, until all that was told of it
 * is taken; and never used places come first.
 */
import type { Clock } from '../base/clock.ts';
import type { Configuration, NeighborConfiguration } from '../config/configuration.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { BOX, SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import { isOn, type Multipath, multipathWord } from '../rib/multipath.ts';
import { OperationError } from './operations.ts';
import { neighbourPlaces, sessionConfiguration } from './plan.ts';
import type { SessionEntry } from './session-entry.ts';

const NO_LIMITS: SessionEntry['limits'] = {
  prefixWarnings: 0,
  prefixShutdowns: 0,
  sendHoldExpiries: 0,
  flapsDamped: 0,
  refreshesIgnored: 0,
  pathsRefused: 0,
  connectionsRefused: 0,
};
/** Milliseconds. */
const REST = 30_000;

export class SessionTable {
  /** The configured neighbours, in the order in which they came. */
  readonly list: SessionEntry[] = [];
  readonly #fabric: Fabric;
  readonly #clock: Clock;
  readonly #byAddress = new Map<string, SessionEntry>();
  /** Those that are leaving too. */
  readonly #byIndex = new Map<number, SessionEntry>();
  readonly #resting: { readonly index: number; readonly until: number }[] = [];
  #next = 0;
  /** Equally good routes are used together. */
  #together = false;

  constructor(fabric: Fabric, clock: Clock) {
    this.#fabric = fabric;
    this.#clock = clock;
    fabric.sessionLimit = 0;
  }

  find(address: string): SessionEntry | undefined {
    return this.#byAddress.get(address);
  }

  /** Whose place it is, or was a moment ago. */
  at(index: number): SessionEntry | undefined {
    return this.#byIndex.get(index);
  }

  /** Those that are leaving too: whoever may be given one must know it. */
  get all(): readonly SessionEntry[] {
    return [...this.#byIndex.values()];
  }

  /** Every session that was ever there has an index below this one. */
  get limit(): number {
    return this.#next;
  }

  /** Places that a neighbour could have now. */
  get room(): number {
    const rested = this.#resting.filter(({ until }) => until <= this.#clock()).length;
    return neighbourPlaces(this.#fabric.options) - this.#next + rested;
  }

  /** A place for a neighbour; nobody serves it yet. */
  add(configuration: Configuration, neighbor: NeighborConfiguration): SessionEntry {
    const index = this.#place();
    const entry: SessionEntry = {
      index,
      neighbor,
      configuration: sessionConfiguration(configuration, neighbor, index),
      reason: 'not connected yet',
      failures: new Set(),
      heldBecause: '',
      limits: { ...NO_LIMITS },
      busy: Promise.resolve(),
    };
    this.list.push(entry);
    this.#byAddress.set(neighbor.address, entry);
    this.#byIndex.set(index, entry);
    this.provide(entry);
    return entry;
  }

  /** What a neighbour needs of the box, before the blades are told of it: lanes, and that they show each other all. */
  provide({ index, configuration }: SessionEntry): void {
    const has = this.#fabric.session(index, SESSION.lanes) !== 0;
    if ((configuration.pathsReceived ?? 0) !== 0 && !has) this.#fabric.giveLanes(index);
    this.#noteNeeds();
  }

  /** How many equally good routes are used together from now on. */
  useTogether(multipath: Multipath | undefined): void {
    const { box } = this.#fabric;
    Atomics.store(box, BOX.multipath, multipathWord(multipath, box[BOX.multipath] as number));
    this.#together = isOn(multipath);
    this.#noteNeeds();
  }

  #noteNeeds(): void {
    const several = [...this.#byIndex.values()].some(
      ({ configuration: { pathsSent = 0, instead } }) => pathsSent !== 0 || instead !== undefined,
    );
    Atomics.store(this.#fabric.box, BOX.showAll, several || this.#together ? 1 : 0);
  }

  /** The neighbour is configured no longer; its place is not free yet. */
  remove(entry: SessionEntry): void {
    this.list.splice(this.list.indexOf(entry), 1);
    this.#byAddress.delete(entry.neighbor.address);
  }

  /** Nobody serves it any more, and no connection is open: the record is cleared. */
  free({ index }: SessionEntry): void {
    const fabric = this.#fabric;
    // Lanes belong to the place, and stay with it for the neighbour that has it next.
    const lanes = fabric.session(index, SESSION.lanes);
    for (let word = 0; word < SESSION.words; word++) fabric.setSession(index, word, 0);
    fabric.setSession(index, SESSION.lanes, lanes);
    for (let number = 0; number < SESSION_NUMBER.words; number++) fabric.setNumber(index, number, 0);
    this.#byIndex.delete(index);
    this.#noteNeeds();
    this.#resting.push({ index, until: this.#clock() + REST });
  }

  #place(): number {
    if (this.#next < neighbourPlaces(this.#fabric.options)) {
      this.#fabric.sessionLimit = this.#next + 1;
      return this.#next++;
    }
    const rested = this.#resting[0];
    if (rested === undefined || rested.until > this.#clock()) {
      throw new OperationError('no room for another neighbour; "sessions" in chassis.limits reserves more');
    }
    this.#resting.shift();
    return rested.index;
  }
}
