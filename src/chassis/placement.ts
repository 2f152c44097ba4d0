/**
 * Where neighbours are served: where the configuration says, where they were, or else where there is least to do. What there will
 * be to do nobody knows yet, but who is told something and who is not:
 *
 *   a neighbour                            1                       what it brings
 *   a kind of neighbours on a blade        as many as there are    what all others bring, decided and encoded once for all of the kind …
 *   each of the kind but the first         a twentieth of that     … and copied for each
 *
 * A blade that tells nobody is not even told what it has no route of (rule 7 of the internal iBGP). So a kind is kept together, and others
 * keep away from its blade, unless that blade would have half as much again to do as one of many that share the kind.
 */
import { kindOf, type Neighbor } from './kinds.ts';

export interface Placed {
  readonly neighbor: Neighbor;
  /** Where it is to be, or was; undefined: anywhere. */
  readonly wish: number | undefined;
}

/** What copying costs, of what deciding and encoding does. */
const COPY = 1 / 20;
/** A blade that tells all of a kind may have so many times as much to do as one of many that share the kind. */
const WORTH = 1.5;

type Takes = (slot: number) => boolean;

/** The slot of each, of so many; those that wish nothing go where blades take some. */
export function placeAll(sessions: readonly Placed[], slots: number, takes: Takes = () => true): number[] {
  const boxes = new Boxes(sessions, slots, takes);
  const placed = sessions.map(({ wish, neighbor }) =>
    wish !== undefined && wish < slots ? boxes.put(wish, neighbor) : -1,
  );
  // Kinds first: they weigh most.
  for (const [at, { neighbor }] of sessions.entries())
    if (placed[at] === -1 && boxes.keepsTogether(neighbor))
      placed[at] = boxes.put(boxes.homeOf(neighbor), neighbor);
  return placed.map((slot, at) => {
    const { neighbor } = sessions[at] as Placed;
    return slot >= 0 ? slot : boxes.put(boxes.leastLoaded(), neighbor);
  });
}

/** The slot of one more, or of one that has to leave its own. */
export function placeOne(others: readonly Placed[], neighbor: Neighbor, slots: number, takes: Takes): number {
  return placeAll([...others, { neighbor, wish: undefined }], slots, takes).at(-1) as number;
}

/**
 * Kinds of which all are to be on one blade. Where nobody is told nothing, all blades tell, and what is more than a blade's share of
 * the neighbours is spread.
 */
export function keptTogether(neighbors: readonly Neighbor[], slots: number): ReadonlySet<string> {
  const counts = new Map<string | undefined, number>();
  for (const neighbor of neighbors) {
    const kind = kindOf(neighbor);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const most = counts.has(undefined) ? neighbors.length : Math.ceil(neighbors.length / slots);
  const senders = sendersAmong(neighbors);
  const isWorthIt = (count: number): boolean => {
    const shared = count / slots;
    const others = (neighbors.length - count) / slots;
    return telling(count, senders) + count <= WORTH * (telling(shared, senders) + shared + others);
  };
  return new Set(
    [...counts].flatMap(([kind, count]) =>
      kind !== undefined && count <= most && isWorthIt(count) ? [kind] : [],
    ),
  );
}

/** Those that may bring something. */
function sendersAmong(neighbors: readonly Neighbor[]): number {
  return neighbors.filter((neighbor) => neighbor.import !== 'reject').length;
}

/** What it is to tell so many of a kind what so many bring. */
function telling(count: number, senders: number): number {
  return count === 0 ? 0 : senders * (1 + COPY * Math.max(0, count - 1));
}

/** What each blade has to do. */
class Boxes {
  readonly #loads: number[];
  readonly #takes: Takes;
  readonly #senders: number;
  /** By kind that is kept together, how many of it are on each blade. */
  readonly #kinds: ReadonlyMap<string, number[]>;

  constructor(sessions: readonly Placed[], slots: number, takes: Takes) {
    const neighbors = sessions.map(({ neighbor }) => neighbor);
    this.#loads = new Array<number>(slots).fill(0);
    this.#takes = takes;
    this.#senders = sendersAmong(neighbors);
    this.#kinds = new Map(
      [...keptTogether(neighbors, slots)].map((kind) => [kind, new Array<number>(slots).fill(0)]),
    );
  }

  keepsTogether(neighbor: Neighbor): boolean {
    return this.#here(neighbor) !== undefined;
  }

  #here(neighbor: Neighbor): number[] | undefined {
    const kind = kindOf(neighbor);
    return kind === undefined ? undefined : this.#kinds.get(kind);
  }

  put(slot: number, neighbor: Neighbor): number {
    const here = this.#here(neighbor);
    let load = 1;
    if (here !== undefined) {
      const count = here[slot] as number;
      load += telling(count + 1, this.#senders) - telling(count, this.#senders);
      here[slot] = count + 1;
    }
    this.#loads[slot] = (this.#loads[slot] as number) + load;
    return slot;
  }

  /** Where most of its kind are, if there are any. */
  homeOf(neighbor: Neighbor): number {
    const here = (this.#here(neighbor) ?? []).map((count, slot) => (this.#takes(slot) ? count : 0));
    const most = Math.max(0, ...here);
    return most > 0 ? here.indexOf(most) : this.leastLoaded();
  }

  leastLoaded(): number {
    let least = -1;
    for (const [slot, load] of this.#loads.entries())
      if (this.#takes(slot) && (least < 0 || load < (this.#loads[least] as number))) least = slot;
    return Math.max(0, least);
  }
}
