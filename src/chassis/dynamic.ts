/**
 * Neighbours that nobody has named: who calls from a configured range becomes one, as the range says, up to its limit.
 *
 *   a call from an address of a range ─→ the line card holds it, and says so ─→ a session is added like any other ─→ the card
 *   takes the call ─→ … ─→ down for the idle time: the session is removed
 *
 * A reload that changes a range changes those that came by it; one that gives such a neighbour an entry of its own makes it one of those.
 */
import { State } from '../bgp/fsm.ts';
import { contains } from '../config/address.ts';
import type { Configuration, NeighborConfiguration, RangeConfiguration } from '../config/configuration.ts';
import { SESSION, SESSION_NUMBER } from '../fabric/layout.ts';
import type { Chassis } from './chassis.ts';
import { addNeighbour, removeNeighbour } from './neighbours.ts';
import type { SessionEntry } from './session-entry.ts';

/** Whoever has never come up is forgotten sooner, milliseconds: a place is not for whoever only knocks. */
const NEVER_UP = 15_000;

/** The range that an address is in: of several the narrowest. */
export function rangeOf({ neighborRanges }: Configuration, address: string): RangeConfiguration | undefined {
  return neighborRanges
    .filter(({ range }) => contains(range, address))
    .toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
}

/** The neighbour that an address of a range is. */
export function neighborIn({ range, template }: RangeConfiguration, address: string): NeighborConfiguration {
  return { ...template, address, range };
}

function lengthOf({ range }: RangeConfiguration): number {
  return Number(range.split('/')[1]);
}

export class DynamicNeighbours {
  readonly #chassis: Chassis;
  readonly #tell: (text: string) => void;
  /** Since when a session that came by a range is down; monotonic milliseconds. */
  readonly #downSince = new Map<SessionEntry, number>();
  /** Calls that came before the neighbours of the configuration were placed; undefined: they are. */
  #early: [card: number, address: string][] | undefined = [];

  constructor(chassis: Chassis, tell: (text: string) => void) {
    this.#chassis = chassis;
    this.#tell = tell;
  }

  /** The neighbours of the configuration have their blades: before that, who came by a range would be placed with them once more. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const [card, address] of early) this.onCalled(card, address);
  }

  /** A line card holds a call from an address that is no neighbour's. */
  onCalled(card: number, address: string): void {
    if (this.#early !== undefined) {
      this.#early.push([card, address]);
      return;
    }
    const chassis = this.#chassis;
    const why = this.#refusal(address);
    if (why !== undefined) {
      chassis.cards.find((each) => each.card === card)?.order({ kind: 'turn-down', address, why });
      return;
    }
    if (chassis.table.find(address) !== undefined) return;
    const range = rangeOf(chassis.configuration, address) as RangeConfiguration;
    addNeighbour(chassis, neighborIn(range, address));
    this.#tell(`${address} is a neighbour now, by the range ${range.range}`);
  }

  #refusal(address: string): string | undefined {
    const { configuration, table, stopping } = this.#chassis;
    if (table.find(address) !== undefined) return undefined;
    const range = rangeOf(configuration, address);
    if (range === undefined || stopping) return 'no such neighbour is configured';
    const members = table.list.filter(({ neighbor }) => neighbor.range === range.range).length;
    if (members >= range.limit) return `the range ${range.range} has its ${range.limit} neighbours already`;
    return table.room > 0 ? undefined : 'there is no room for another neighbour';
  }

  /** Now and then: who has been down for long enough is a neighbour no more. */
  look(now: number): void {
    const { configuration, table } = this.#chassis;
    for (const entry of this.#downSince.keys())
      if (!table.list.includes(entry)) this.#downSince.delete(entry);
    for (const entry of [...table.list]) {
      const { range, address } = entry.neighbor;
      if (range === undefined) continue;
      if (this.#isUsed(entry, now)) {
        this.#downSince.delete(entry);
        continue;
      }
      const since = this.#downSince.get(entry) ?? now;
      this.#downSince.set(entry, since);
      const idle = configuration.neighborRanges.find((each) => each.range === range)?.idleTime ?? 0;
      const never = this.#chassis.fabric.number(entry.index, SESSION_NUMBER.timesEstablished) === 0;
      if (now - since < (never ? Math.min(NEVER_UP, idle * 1000) : idle * 1000)) continue;
      this.#downSince.delete(entry);
      removeNeighbour(this.#chassis, entry);
      this.#tell(`${address} is a neighbour no more: it has been down for long`);
    }
  }

  /** It is up, or its routes are kept for it (RFC 4724), or the operator or a limit keeps it down, which is not to be forgotten. */
  #isUsed({ index }: SessionEntry, now: number): boolean {
    const { fabric } = this.#chassis;
    return (
      fabric.session(index, SESSION.state) === State.Established ||
      fabric.session(index, SESSION.staleFamilies) !== 0 ||
      fabric.session(index, SESSION.administrative) !== 0 ||
      fabric.number(index, SESSION_NUMBER.heldUntil) > now
    );
  }
}
