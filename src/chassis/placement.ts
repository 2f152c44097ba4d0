/**
 * Where neighbours are served: where the configuration says, where they were, or else where there is least to do. What there will
 * be to do nobody knows yet, but who is told something and who is not:
 *
 *   a neighbour of which routes are taken   1                              what it brings; a twentieth where nothing is taken
 *   a kind of neighbours on a blade         2/3 for each such neighbour    what all bring, decided and encoded once for all of the kind …
 *   each of the kind but the first          a twentieth of that            … and copied for each
 *
 * A blade that tells nobody is not even told what it has no route of (rule 7 of the internal iBGP). So a kind is kept together, and others
 * keep away from its blade, unless that blade would have half as much again to do as one of many that share the kind. The rule tells
 * sessions apart by buckets of their indices: where there are more sessions than buckets, those of one bucket are kept together, as far as
 * blades are as full as others.
 */
import { BUCKETS } from '../rib/presence.ts';
import { kindOf, type Neighbor } from './kinds.ts';

export interface Placed {
  readonly neighbor: Neighbor;
  /** Of the session. */
  readonly index: number;
  /** Where it is to be, or was; undefined: anywhere. */
  readonly wish: number | undefined;
}

/** What deciding on a route that somebody else brings and encoding it costs, of what one costs that is brought here. */
const TELL = 2 / 3;
/** What copying costs, of what deciding and encoding does. */
const COPY = 1 / 20;
/** A blade with others of a neighbour's bucket may have so many times as much to do as the one that has least. */
const FULLER = 1.25;
/** A blade that tells all of a kind may have so many times as much to do as one of many that share the kind. */
const WORTH = 1.5;

type Takes = (slot: number) => boolean;

/** The slot of each, of so many; those that wish nothing go where blades take some. */
export function placeAll(sessions: readonly Placed[], slots: number, takes: Takes = () => true): number[] {
  const boxes = new Boxes(sessions, slots, takes);
  const placed = sessions.map((session) => {
    const { wish } = session;
    return wish !== undefined && wish < slots ? boxes.put(wish, session) : -1;
  });
  // Kinds first: they weigh most.
  for (const [at, session] of sessions.entries())
    if (placed[at] === -1 && boxes.keepsTogether(session))
      placed[at] = boxes.put(boxes.homeOf(session), session);
  const free = placed.flatMap((slot, at) => (slot >= 0 ? [] : [at]));
  const deaf = free.filter((at) => kindOf((sessions[at] as Placed).neighbor) === undefined);
  const sorts = deaf.length > BUCKETS;
  for (const at of free) {
    const session = sessions[at] as Placed;
    placed[at] = boxes.put(sorts ? boxes.leastLoaded() : boxes.placeOf(session), session);
  }
  if (sorts) sortByBucket(deaf, sessions, placed);
  return placed;
}

/** One more, or one that has to leave its own slot. */
export function placeOne(
  others: readonly Placed[],
  one: Omit<Placed, 'wish'>,
  slots: number,
  takes: Takes,
): number {
  return placeAll([...others, { ...one, wish: undefined }], slots, takes).at(-1) as number;
}

/** Each blade has as many as before, and next to each other. */
function sortByBucket(which: readonly number[], sessions: readonly Placed[], placed: number[]): void {
  const bucket = (at: number): number => (sessions[at] as Placed).index % BUCKETS;
  const slots = which.map((at) => placed[at] as number).toSorted((a, b) => a - b);
  const sorted = which.toSorted((a, b) => bucket(a) - bucket(b));
  for (const [i, at] of sorted.entries()) placed[at] = slots[i] as number;
}

/**
 * Kinds of which all are to be on one blade. Where nobody is told nothing, all blades tell, and what is more than a blade's share of
 * the neighbours is spread.
 */
export function keptTogether(neighbors: readonly Neighbor[], slots: number): ReadonlySet<string> {
  const kinds = new Map<string | undefined, Neighbor[]>();
  for (const neighbor of neighbors) {
    const kind = kindOf(neighbor);
    const alike = kinds.get(kind);
    if (alike) alike.push(neighbor);
    else kinds.set(kind, [neighbor]);
  }
  const most = kinds.has(undefined) ? neighbors.length : Math.ceil(neighbors.length / slots);
  const senders = sendersAmong(neighbors);
  const isWorthIt = (kind: readonly Neighbor[]): boolean => {
    const together = telling(kind.length, senders) + sendersAmong(kind);
    return together <= WORTH * (telling(kind.length / slots, senders) + senders / slots);
  };
  return new Set(
    [...kinds].flatMap(([kind, alike]) =>
      kind !== undefined && alike.length <= most && isWorthIt(alike) ? [kind] : [],
    ),
  );
}

/** Those that may bring something. */
function sendersAmong(neighbors: readonly Neighbor[]): number {
  return neighbors.filter(brings).length;
}

function brings(neighbor: Neighbor): boolean {
  return neighbor.import !== 'reject';
}

/** What it is to tell so many of a kind what so many bring. */
function telling(count: number, senders: number): number {
  return count === 0 ? 0 : TELL * senders * (1 + COPY * Math.max(0, count - 1));
}

/** What each blade has to do. */
class Boxes {
  readonly #loads: number[];
  readonly #takes: Takes;
  readonly #senders: number;
  /** By kind that is kept together, how many of it are on each blade. */
  readonly #kinds: ReadonlyMap<string, number[]>;
  /** By bucket, how many that are told nothing are on each blade. */
  readonly #buckets: readonly number[][];
  readonly #crowded: boolean;

  constructor(sessions: readonly Placed[], slots: number, takes: Takes) {
    const neighbors = sessions.map(({ neighbor }) => neighbor);
    this.#loads = new Array<number>(slots).fill(0);
    this.#takes = takes;
    this.#crowded = sessions.length > BUCKETS;
    this.#buckets = Array.from({ length: BUCKETS }, () => new Array<number>(slots).fill(0));
    this.#senders = sendersAmong(neighbors);
    const taking = this.#loads.filter((_, slot) => takes(slot)).length;
    this.#kinds = new Map(
      [...keptTogether(neighbors, Math.max(1, taking))].map((kind) => [
        kind,
        new Array<number>(slots).fill(0),
      ]),
    );
  }

  keepsTogether({ neighbor }: Placed): boolean {
    return this.#here(neighbor) !== undefined;
  }

  #here(neighbor: Neighbor): number[] | undefined {
    const kind = kindOf(neighbor);
    return kind === undefined ? undefined : this.#kinds.get(kind);
  }

  put(slot: number, { neighbor, index }: Placed): number {
    const here = this.#here(neighbor);
    let load = brings(neighbor) ? 1 : COPY;
    if (here !== undefined) {
      const count = here[slot] as number;
      load += telling(count + 1, this.#senders) - telling(count, this.#senders);
      here[slot] = count + 1;
    } else if (kindOf(neighbor) === undefined) {
      const bucket = this.#buckets[index % BUCKETS] as number[];
      bucket[slot] = (bucket[slot] as number) + 1;
    }
    this.#loads[slot] = (this.#loads[slot] as number) + load;
    return slot;
  }

  /** Where most of its kind are, if there are any. */
  homeOf({ neighbor }: Placed): number {
    const most = this.#most(this.#here(neighbor) ?? []);
    return most >= 0 ? most : this.leastLoaded();
  }

  /** Where there is least to do, or not much more, and others of its bucket are. */
  placeOf({ neighbor, index }: Placed): number {
    const least = this.leastLoaded();
    if (!this.#crowded || kindOf(neighbor) !== undefined) return least;
    const most = this.#most(this.#buckets[index % BUCKETS] as number[]);
    const isFull = (this.#loads[most] ?? 0) > FULLER * (this.#loads[least] as number) + 1;
    return most < 0 || isFull ? least : most;
  }

  /** Of the slots that take some, that of the greatest count; -1: there are none. */
  #most(counts: readonly number[]): number {
    let most = -1;
    for (const [slot, count] of counts.entries())
      if (this.#takes(slot) && count > (most < 0 ? 0 : (counts[most] as number))) most = slot;
    return most;
  }

  leastLoaded(): number {
    let least = -1;
    for (const [slot, load] of this.#loads.entries())
      if (this.#takes(slot) && (least < 0 || load < (this.#loads[least] as number))) least = slot;
    return Math.max(0, least);
  }
}
