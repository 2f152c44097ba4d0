/** What a speaker is told to be, and what it has counted: plain values, which go between threads. */
import type { Family } from '../bgp/families.ts';
import type { ReceiverCounts } from './receiver.ts';
import type { SessionState } from './session.ts';

export interface SpeakerOptions {
  readonly localAs: number;
  /** The router's AS; without it any is accepted. */
  readonly remoteAs?: number;
  /** BGP Identifier as a dotted quad. */
  readonly routerId: string;
  /** The address to connect from. */
  readonly localAddress?: string;
  /** One of the two: where to connect to, or where to wait (port 0: any, see `port`). */
  readonly connect?: { readonly host: string; readonly port: number };
  readonly listen?: { readonly host: string; readonly port: number };
  readonly families?: readonly Family[];
  /** Seconds; 90 without it. */
  readonly holdTime?: number;
  /** false for a speaker of before RFC 6793; its feeds must be encoded with 2-octet ASes. */
  readonly fourOctetAs?: boolean;
  readonly keepAttributes?: boolean;
  /** Milliseconds before the next attempt to connect; 250 without it, 0 for no attempt after the first. */
  readonly retry?: number;
}

export type SpeakerState = 'Idle' | 'Connect' | SessionState;

export interface SpeakerStats extends ReceiverCounts {
  readonly state: SpeakerState;
  /** Times that the session became Established, and that it fell from there without our wish. */
  readonly established: number;
  readonly resets: number;
  /** NOTIFICATIONs from the router, and the last one as code/subcode. */
  readonly notifications: number;
  readonly lastNotification: string;
  readonly keepalives: number;
  /** Longest time without any message from the router in this session, milliseconds. */
  readonly longestSilence: number;
  readonly refreshes: number;
  /** Why the session went down last. */
  readonly lastDown: string;
  /** Routes present now. */
  readonly routes4: number;
  readonly routes6: number;
  /** When the last UPDATE came, and when the session was last Established: as monotonicMilliseconds says. */
  readonly lastChange: number;
  readonly lastUp: number;
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly waiting: number;
}
