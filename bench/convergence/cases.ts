/**
 * The cases of the convergence benchmark: who announces what to whom.
 *
 *     10x1M-2     10 senders announce the same million prefixes, each by paths and in an order of its own, to 2 receivers
 *     700x571-all 700 neighbours announce 571 prefixes each, all different, and every one of them is told everything
 *
 *     4x200k-2+policy  the same as without it, and every neighbour has a policy (policy.ts): graftd and BIRD; so with +tags
 *
 * Any name of these forms is a case, so that a new size needs no new line here. Others have a name of their own.
 */
import type { PhaseName } from './generator/messages.ts';

/** policy.ts says what they are. */
export type PolicyKind = 'policy' | 'tags' | 'kinds';

export interface Case {
  readonly name: string;
  /** For people. */
  readonly about: string;
  readonly senders: number;
  /** Of each sender; of real tables as many as they have. */
  readonly prefixes: number;
  /** The part of a real table that is taken, 0 … 1. */
  readonly share: number;
  /** Neighbours that announce nothing. */
  readonly receivers: number;
  /** same: every sender announces the same prefixes; disjoint: no two announce the same one; or real routes. */
  readonly feeds: 'same' | 'disjoint' | 'table' | 'pch';
  /** Whether IPv6 prefixes come too. */
  readonly ipv6: boolean;
  /** Senders are not told anything: nothing is exported to them. */
  readonly sendersDeaf: boolean;
  /** Neighbours have policies: these. */
  readonly policy: PolicyKind | undefined;
  /** It says something of graftd alone, and is not run with the others. */
  readonly graftdOnly: boolean;
  /** Those that make sense; without it all that are asked for. */
  readonly phases?: readonly PhaseName[];
}

const ORDINARY = { share: 1, ipv6: false, sendersDeaf: false, policy: undefined, graftdOnly: false } as const;

// biome-ignore format: one line a case
const NAMED: Readonly<Record<string, Omit<Case, 'name'>>> = {
  table: { ...ORDINARY, about: 'the Internet of January 2024 from 4 senders, IPv4 and IPv6', senders: 4, prefixes: 0, receivers: 2, feeds: 'table', ipv6: true },
  pch: { ...ORDINARY, about: 'a full feed of October 2015 from 4 senders', senders: 4, prefixes: 0, receivers: 2, feeds: 'pch' },
  scaling: { ...ORDINARY, about: '8 senders with 125 k prefixes of their own, which are told nothing; 2 receivers', senders: 8, prefixes: 125_000, receivers: 2, feeds: 'disjoint', sendersDeaf: true, graftdOnly: true, phases: ['announce', 'everything', 'change'] },
  'scaling-alone': { ...ORDINARY, about: 'the same without receivers: what taking routes costs', senders: 8, prefixes: 125_000, receivers: 0, feeds: 'disjoint', sendersDeaf: true, graftdOnly: true, phases: ['announce', 'everything'] },
  'scaling-kinds': { ...ORDINARY, about: 'the same, and 8 receivers with export policies of their own: what telling costs, where it is not the same', senders: 8, prefixes: 125_000, receivers: 8, feeds: 'disjoint', sendersDeaf: true, policy: 'kinds', graftdOnly: true, phases: ['announce', 'everything'] },
  'sessions-1000': { ...ORDINARY, about: '1000 senders with 1 k prefixes of their own, which are told nothing; 2 receivers', senders: 1000, prefixes: 1000, receivers: 2, feeds: 'disjoint', sendersDeaf: true, graftdOnly: true, phases: ['announce', 'everything', 'rest', 'later'] },
  idle: { ...ORDINARY, about: 'an empty chassis', senders: 0, prefixes: 0, receivers: 0, feeds: 'same', graftdOnly: true, phases: ['rest', 'later'] },
};

/** Those of the whole benchmark, in the order in which they run. */
export const CASES: readonly string[] = [
  ...['1x1M-2', '2x1M-2', '10x1M-2', '4x200k-2', '4x200k-2+policy', '4x200k-2+tags'],
  ...['10x100k-2', '30x50k-2', '4x100k-30', '700x571-all', '1x100k-1000'],
  ...Object.keys(NAMED),
];

const PATTERN = /^(\d+)x(\d+)([kM]?)-(\d+|all)(?:\+(policy|tags))?$/;
const UNITS = { '': 1, k: 1000, M: 1_000_000 } as const;

/** The case of that name, with its prefixes scaled; undefined where the name is none. */
export function caseOf(name: string, scale: number): Case | undefined {
  const scaled = (prefixes: number): number => Math.ceil(prefixes * scale);
  const named = NAMED[name];
  if (named !== undefined) return { ...named, name, prefixes: scaled(named.prefixes), share: scale };
  const [, senders, count, unit, receivers, policy] = PATTERN.exec(name) ?? [];
  if (senders === undefined) return undefined;
  const everybody = receivers === 'all';
  return {
    ...ORDINARY,
    name,
    policy: policy as PolicyKind | undefined,
    about: everybody
      ? `${senders} neighbours announce ${count}${unit} prefixes of their own each, and are told all others`
      : `${senders} senders announce the same ${count}${unit} prefixes by paths of their own, to ${receivers} receivers`,
    senders: Number(senders),
    prefixes: scaled(Number(count) * UNITS[unit as keyof typeof UNITS]),
    receivers: everybody ? 0 : Number(receivers),
    feeds: everybody ? 'disjoint' : 'same',
  };
}

/** Those phases of `asked` that a case can have: for a busy router it takes two senders with tables, and somebody who listens. */
export function phasesOf(what: Case, asked: readonly PhaseName[]): readonly PhaseName[] {
  const { senders, receivers, feeds, phases = asked } = what;
  const canBeBusy = senders > 1 && receivers > 0 && feeds !== 'disjoint';
  return phases.filter((phase) => phase !== 'busy' || canBeBusy);
}

/** A neighbour of the daemon: senders come first, then the receivers. */
export interface Neighbour {
  readonly index: number;
  readonly as: number;
  /** It calls from here; no two have the same, and it is its BGP Identifier too. */
  readonly address: string;
  readonly sender: boolean;
  /** Nothing is exported to it. */
  readonly deaf: boolean;
}

/** The AS of the daemon; generated tables have no private ones, so there are no loops. */
export const DAEMON_AS = 65000;
export const FIRST_AS = 4_200_000_000;

export function neighboursOf({ senders, receivers, sendersDeaf }: Case): Neighbour[] {
  return Array.from({ length: senders + receivers }, (_, index) => ({
    index,
    as: FIRST_AS + index,
    address: `127.20.${Math.floor(index / 250)}.${1 + (index % 250)}`,
    sender: index < senders,
    deaf: sendersDeaf && index < senders,
  }));
}
