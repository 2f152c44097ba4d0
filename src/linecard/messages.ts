/** What crosses the boundary between the chassis and a line card, by MessagePort. */
import type { Protection } from '../base/socket-options.ts';
import type { FabricMemory } from '../fabric/memory.ts';

/** How to reach a neighbour, and to know it when it comes. */
export interface Neighbor {
  readonly session: number;
  readonly address: string;
  readonly port: number;
  /** To connect from. */
  readonly localAddress?: string;
  readonly protection?: Protection;
}

/** Addresses from which others may call, too: the chassis makes neighbours of them. */
export interface Range {
  readonly address: string;
  readonly length: number;
  /** TCP MD5, the same for all. */
  readonly password?: string;
  /** They have TTL security, and look at our answer to their call, too. */
  readonly near?: boolean;
}

export interface Listen {
  readonly address: string;
  readonly port: number;
}

/** What to say for a session whose blade is gone, or late: the card knows no BGP. */
export interface Vigil {
  /** SESSION.state of a session that wants it. */
  readonly state: number;
  readonly message: Uint8Array;
}

/** What is said to a neighbour whose connection is not taken, before it is closed: bytes that a line card does not know. */
export interface LastWords {
  /** It came again, and the newer connection counts. */
  readonly superseded: Uint8Array;
  /** Another connection is in use. */
  readonly unserved: Uint8Array;
}

/** workerData of a line card. */
export interface CardStart {
  readonly memory: FabricMemory;
  readonly card: number;
  readonly listen: readonly Listen[];
  /** A folder for the sockets by which the first card hands calls over; with one card there is none. */
  readonly handOver?: string;
  readonly neighbors: readonly Neighbor[];
  readonly ranges: readonly Range[];
  readonly vigil: Vigil;
  readonly lastWords: LastWords;
}

/** Chassis → line card. */
export type CardOrder =
  /** A neighbour to come, or one that is reached otherwise now. */
  | { readonly kind: 'neighbor'; readonly neighbor: Neighbor }
  | { readonly kind: 'ranges'; readonly ranges: readonly Range[] }
  /** Who called from a range does not become a neighbour. */
  | { readonly kind: 'turn-down'; readonly address: string; readonly why: string }
  /** It may not call any more; a connection that is open is the blade's to end. */
  | { readonly kind: 'forget'; readonly session: number }
  /** Close what is left after `milliseconds` at most, and end. */
  | { readonly kind: 'stop'; readonly milliseconds: number };

/** Line card → chassis. */
export type CardNews =
  | { readonly kind: 'listening'; readonly card: number; readonly addresses: readonly Listen[] }
  | { readonly kind: 'cannot-listen'; readonly card: number; readonly why: string }
  | {
      readonly kind: 'refused';
      readonly card: number;
      readonly address: string;
      readonly why: string;
      /** Connections that this is said of. */
      readonly times: number;
    }
  /** Somebody from a range: is it to become a neighbour? */
  | { readonly kind: 'called'; readonly card: number; readonly address: string }
  /** Something that the machine does not do as configured. */
  | { readonly kind: 'trouble'; readonly card: number; readonly text: string };
