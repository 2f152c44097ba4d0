/**
 * The cases of the convergence benchmark: who announces what to whom.
 *
 *     10x1M-2     10 senders announce the same million prefixes, each by paths and in an order of its own, to 2 receivers
 *     700x571-all 700 neighbours announce 571 prefixes each, all different, and every one of them is told everything
 *
 * Any name of these two forms is a case, so that a new size needs no new line here.
 */

export interface Case {
  readonly name: string;
  readonly senders: number;
  /** Of each sender. */
  readonly prefixes: number;
  /** Neighbours that announce nothing. */
  readonly receivers: number;
  /** same: every sender announces the same prefixes; disjoint: no two announce the same one. */
  readonly feeds: 'same' | 'disjoint';
}

/** Those of the whole benchmark, in the order in which they run. */
export const CASES: readonly string[] = [
  '1x1M-2',
  '2x1M-2',
  '10x1M-2',
  '4x200k-2',
  '10x100k-2',
  '30x50k-2',
  '4x100k-30',
  '700x571-all',
  '1x100k-1000',
];

const NAME = /^(\d+)x(\d+)([kM]?)-(\d+|all)$/;
const UNITS = { '': 1, k: 1000, M: 1_000_000 } as const;

/** The case of that name, with its prefixes scaled; undefined where the name is none. */
export function caseOf(name: string, scale: number): Case | undefined {
  const [, senders, count, unit, receivers] = NAME.exec(name) ?? [];
  if (senders === undefined) return undefined;
  const prefixes = Number(count) * UNITS[unit as keyof typeof UNITS];
  const everybody = receivers === 'all';
  return {
    name,
    senders: Number(senders),
    prefixes: Math.max(1, Math.round(prefixes * scale)),
    receivers: everybody ? 0 : Number(receivers),
    feeds: everybody ? 'disjoint' : 'same',
  };
}

/** A neighbour of the daemon: senders come first, then the receivers. */
export interface Neighbour {
  readonly index: number;
  readonly as: number;
  /** It calls from here; no two have the same, and it is its BGP Identifier too. */
  readonly address: string;
  readonly sender: boolean;
}

/** The AS of the daemon; generated tables have no private ones, so there are no loops. */
export const DAEMON_AS = 65000;
const FIRST_AS = 4_200_000_000;

export function neighboursOf({ senders, receivers }: Case): Neighbour[] {
  return Array.from({ length: senders + receivers }, (_, index) => ({
    index,
    as: FIRST_AS + index,
    address: `127.20.${Math.floor(index / 250)}.${1 + (index % 250)}`,
    sender: index < senders,
  }));
}
