/**
 * What crosses the boundary between the chassis and a blade, by MessagePort. Everything that must survive a blade
 * stands in the fabric instead (I1): these are configuration, orders, and news for the log.
 */
import type { FabricMemory } from '../fabric/layout.ts';

/** One session's configuration as a blade needs it: numbers, no names. Every blade knows all of them. */
export interface SessionConfiguration {
  readonly index: number;
  /** The neighbour as text, for the log. */
  readonly address: string;
  /** The neighbour's address in four words (IPv4: ::ffff:a.b.c.d). */
  readonly addressWords: readonly number[];
  readonly as: number;
  readonly passive: boolean;
  /** FAMILY_ bits offered. */
  readonly families: number;
  readonly importAccept: boolean;
  readonly exportAccept: boolean;
  /** Seconds. */
  readonly holdTime: number;
  readonly connectRetryTime: number;
  /** Without it a third of the hold time that was agreed on. */
  readonly keepaliveTime?: number;
  readonly nextHopSelf: boolean;
  readonly nextHop4?: Uint8Array;
  readonly nextHop6?: Uint8Array;
  readonly localAs: number;
  /** Our BGP Identifier. */
  readonly localId: number;
}

/** workerData of a blade. */
export interface BladeStart {
  readonly memory: FabricMemory;
  readonly slot: number;
  readonly localAs: number;
  /** Run the code on made-up routes before the first neighbour comes. */
  readonly rehearse: boolean;
  readonly sessions: readonly SessionConfiguration[];
}

/** Chassis → blade. */
export type BladeOrder =
  /** To every blade: a session to come, or one that is configured otherwise now. */
  | { readonly kind: 'configure'; readonly session: SessionConfiguration }
  /** Serve a session that nobody serves, from Idle; the record's home says this blade. */
  | { readonly kind: 'adopt'; readonly session: number }
  /** Serve a session from its record as it stands: it is Established. */
  | { readonly kind: 'attach'; readonly session: number }
  /** Forget a session that nobody is at the other end of. */
  | { readonly kind: 'dismiss'; readonly session: number }
  | { readonly kind: 'clear'; readonly session: number }
  /** The session starts anew, because what its OPEN says was configured otherwise. */
  | { readonly kind: 'reset'; readonly session: number }
  /** The neighbour is configured no longer: end the session for good, withdraw its routes, then leave it to nobody. */
  | { readonly kind: 'remove'; readonly session: number }
  | { readonly kind: 'shutdown'; readonly session: number; readonly why: string }
  | { readonly kind: 'enable'; readonly session: number }
  | { readonly kind: 'refresh'; readonly session: number }
  /** Cease to every neighbour; the blade ends when all is sent. */
  | { readonly kind: 'stop' };

/** Blade → chassis. */
export type BladeNews =
  | { readonly kind: 'running'; readonly slot: number }
  | { readonly kind: 'established'; readonly slot: number; readonly session: number }
  | {
      readonly kind: 'down';
      readonly slot: number;
      readonly session: number;
      readonly why: string;
    }
  | { readonly kind: 'warning'; readonly slot: number; readonly session: number; readonly text: string }
  | { readonly kind: 'stopped'; readonly slot: number };
