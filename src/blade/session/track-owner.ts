/** What a session and its two tracks have to say to each other: the session as they see it, and what went wrong. */
import type { EndCause } from '../../bgp/graceful.ts';
import type { DecodeFailure, Open } from '../../bgp/open.ts';
import type { RouteMessages } from './route-messages.ts';
import type { Track } from './track.ts';

/** What went wrong, for the NOTIFICATION and for the operator. */
export interface Fault {
  readonly code: number;
  readonly subcode: number;
  readonly data?: Uint8Array;
  readonly why: string;
  /** Nothing is wrong: what was read is to be read again after this sweep for ids (fabric/room.ts). */
  readonly after?: number;
  /** We come back: the neighbour is to keep our routes if it can. */
  readonly returning?: boolean;
}

/** The session as its tracks see it. */
export interface TrackOwner {
  readonly index: number;
  readonly passive: boolean;
  /** Takes what an Established neighbour says of routes. */
  readonly messages: RouteMessages;
  /** Seconds. */
  readonly connectRetryTime: number;
  /** Our OPEN. */
  openMessage(): Uint8Array;
  /** The neighbour's OPEN: negotiate and look for a collision; what is wrong with it, or 'dump' to give this track up. */
  acceptOpen(track: Track, open: Open): DecodeFailure | 'dump' | undefined;
  /** Seconds, as negotiated. */
  holdTime(track: Track): number;
  /** Seconds; 0: none are sent. */
  keepaliveTime(track: Track): number;
  maxMessage(track: Track): number;
  sessionUp(track: Track): void;
  /** The routes that this track brought are to go, or to be kept as stale ones. */
  deleteRoutes(track: Track, cause: EndCause): void;
  /** Whether the neighbour keeps our routes when the session is lost, or a NOTIFICATION ends it (RFC 8538). */
  keepsOurs(): 'never' | 'lost' | 'notified';
  /** Nothing may start until then, milliseconds: what was there last is not put away yet, or it is held down. 0: now. */
  heldUntil(): number;
  /** It is held down, and calls are refused; otherwise one that comes too early waits a moment. */
  shut(): boolean;
  /** The neighbour calls, and may be Established already. */
  calledAnew(): void;
  stateChanged(track: Track): void;
  down(track: Track, why: string): void;
  failed(why: string): void;
  schedule(at: number): void;
}
