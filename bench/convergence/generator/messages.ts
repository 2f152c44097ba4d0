/** What goes between the benchmark and its load generator, which is a process of its own. */
import type { Case } from '../cases.ts';
import type { NextHops } from './next-hop.ts';

/**
 * What can happen to a router, one after the other; each is measured and checked:
 *
 *     announce    every sender announces everything that it has
 *     everything  every sender announces everything again, by other paths
 *     single      the first sender announces single changed paths on the otherwise idle router
 *     change      the first sender announces everything again, by other paths
 *     busy        the first sender announces single changed paths while the last one announces everything by other paths
 *     withdraw    the first sender withdraws everything
 *     again       the first sender announces everything as in the beginning
 *     lost        the TCP connection of the second sender ends (of the first, where there is one only)
 *     rest        nothing, for ten seconds
 *     later       nothing, for twenty more
 */
export const PHASES = [
  'announce',
  'everything',
  'single',
  'change',
  'busy',
  'withdraw',
  'again',
  'lost',
  'rest',
  'later',
] as const;
export type PhaseName = (typeof PHASES)[number];

export interface Requests {
  /** Makes the feeds of a case and forgets those of the last one. */
  prepare: { args: { what: Case }; answer: WorkloadFacts };
  /** Opens all sessions with the daemon. */
  connect: { args: { port: number; patience: number; nextHops: NextHops }; answer: undefined };
  /** Starts the clock; answered when all is on its way. */
  start: { args: { phase: PhaseName }; answer: undefined };
  look: { args: undefined; answer: Look };
  /** Reads all that came, and compares it with what must have come. */
  check: { args: undefined; answer: Outcome };
  disconnect: { args: undefined; answer: undefined };
}

export interface WorkloadFacts {
  readonly prefixes: number;
  readonly routes: number;
  readonly routesPerSet: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface Look {
  /** Milliseconds since the first UPDATE was sent. */
  readonly elapsed: number;
  /** From the first UPDATE sent to the last change received; 0 while there was none. */
  readonly changed: number;
  /** Bytes that the kernel has not taken yet. */
  readonly unsent: number;
  /** A session that went down, and why. */
  readonly down: string | undefined;
}

export interface Outcome {
  /** Over all neighbours. */
  readonly updates: number;
  readonly announced: number;
  readonly withdrawn: number;
  readonly bytes: number;
  /** Milliseconds, as in Look. */
  readonly wall: number;
  /** Seconds of processor time of the generator from the start to the check. */
  readonly generatorCpu: number;
  /** Of the phases `single` and `busy`: microseconds from each change sent to its arrival at a receiver. */
  readonly latencies: readonly number[];
  /** Of the phase `single`: to its arrival at the last neighbour that is told. */
  readonly untilAll: readonly number[];
  /** In words; empty where everybody holds what they must. */
  readonly mistakes: readonly string[];
}

export type Request = {
  [Kind in keyof Requests]: {
    readonly id: number;
    readonly kind: Kind;
    readonly args: Requests[Kind]['args'];
  };
}[keyof Requests];

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string };
