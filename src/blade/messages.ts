/**
 * What crosses the boundary between the chassis and a blade, by MessagePort. Everything that must survive a blade
 * stands in the fabric instead (I1): these are configuration, orders, and news for the log.
 */
import type { NeighbourRules } from '../bgp/neighbour-rules.ts';
import type { FabricMemory } from '../fabric/memory.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import type { TableInForce } from '../policy/validation.ts';
import type { RouterIdentity } from '../rib/attribute-row.ts';
import type { LocalDefinition, Originated } from '../rib/own-source.ts';

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
  /** Keys of the policies that say more than accept or reject. */
  readonly importPolicy?: string;
  readonly exportPolicy?: string;
  /** What its routes have where import policy says no other one; not 0. */
  readonly weight?: number;
  /** Seconds. */
  readonly holdTime: number;
  readonly connectRetryTime: number;
  /** Seconds; 0: for ever. Without it as RFC 9687 recommends. */
  readonly sendHoldTime?: number;
  readonly prefixLimit?: PrefixLimit;
  /** helper: keep the neighbour's routes over its restart; full: it may keep ours too (RFC 4724). */
  readonly gracefulRestart?: 'helper' | 'full' | 'off';
  /** How long ours may take, seconds. */
  readonly restartTime?: number;
  /** Seconds for which its routes are kept when it is not back after its restart time (RFC 9494); 0: not at all. */
  readonly longLivedStaleTime?: number;
  /** It is told routes so kept, though it does not say that it knows what they are. */
  readonly tellStale?: boolean;
  /** A family of which something cannot be read is disabled, and not the session reset. */
  readonly disablesFamilies?: boolean;
  /** Seconds: a neighbour that wants to hear of us more often is refused. */
  readonly leastHoldTime?: number;
  /** What is not offered in the OPEN. */
  readonly withoutCapabilities?: readonly Capability[];
  /** RFC 8654 */
  readonly extendedMessages?: boolean;
  /** RFC 8950 */
  readonly extendedNextHop?: boolean;
  /** Without it a third of the hold time that was agreed on. */
  readonly keepaliveTime?: number;
  /** FAMILY_ bits of which several paths of a prefix are received, or are sent (RFC 7911); and how many are sent at most. */
  readonly pathsReceived?: number;
  readonly pathsSent?: number;
  readonly mostPathsSent?: number;
  /** Where the best route must not be told: the best external one is, or the best of all that may be (blade/telling/instead.ts). */
  readonly instead?: 'external' | 'any';
  readonly nextHopSelf: boolean;
  readonly nextHop4?: Uint8Array;
  readonly nextHop6?: Uint8Array;
  /** What the router itself originates for it. */
  readonly originated?: readonly Originated[];
  /** What is chosen for the neighbour beyond RFC 4271. */
  readonly rules?: NeighbourRules;
  /** RFC 4456; without it our BGP Identifier. */
  readonly clusterId?: number;
  /** The AS of our confederation, as others see it (RFC 5065). */
  readonly confederation?: number;
  /** The router's own AS; without it `localAs`. */
  readonly routerAs?: number;
  /** Our AS in its eyes. */
  readonly localAs: number;
  /** The router's own, where that is another one: what it is told has both. */
  readonly behindAs?: number;
  /** The AS that goes in front of the path of what it tells. */
  readonly prependAs?: number;
  /** Seconds between two advertisements at least. */
  readonly advertisementInterval?: number;
  /** Our BGP Identifier. */
  readonly localId: number;
}

/** Bytes of a ring that holds extended messages (RFC 8654), several of them on the way out. */
export const EXTENDED_RING = 1 << 18;

/** Capabilities that can be switched off. */
export type Capability = 'multiprotocol' | 'route-refresh' | 'enhanced-route-refresh' | 'four-octet-as';

/** How many prefixes of each family a neighbour may announce. */
export interface PrefixLimit {
  readonly most: number;
  /** From this number on there is a warning. */
  readonly warnAt: number;
  /** Milliseconds after which a session that was closed for it starts again; without it never by itself. */
  readonly restart?: number;
}

/** workerData of a blade. */
export interface BladeStart {
  readonly memory: FabricMemory;
  readonly slot: number;
  readonly router: RouterIdentity;
  /** Run the code on made-up routes before the first neighbour comes, while so many blades do; 0: do not. */
  readonly rehearse: number;
  readonly sessions: readonly SessionConfiguration[];
  readonly policies: readonly PolicyDefinition[];
  /** What the RPKI says. */
  readonly origins: TableInForce;
  /** Routes of the router itself. */
  readonly local: LocalDefinition;
  /** Orders that were posted to this slot before. */
  readonly orders: number;
  /** MiB of its own heap. */
  readonly heap: number;
}

/** A session whose blade died; `shut`: why it is to be ended, because its messages kill blades. */
export interface Orphan {
  readonly session: number;
  readonly shut?: string;
}

/** Ways of a blade to fail. */
export type FaultKind = 'crash' | 'hang' | 'memory';

/** Chassis → blade. */
export type BladeOrder =
  /** To every blade, before the sessions that name them: the policies that hold from now on. */
  | { readonly kind: 'policies'; readonly policies: readonly PolicyDefinition[] }
  /** To every blade: the table of VRPs that holds from now on, and those that changed. */
  | ({ readonly kind: 'origins'; readonly changed: SharedArrayBuffer } & TableInForce)
  /** To every blade: the routes of the router itself, from now on. */
  | { readonly kind: 'local'; readonly local: LocalDefinition }
  /** To every blade: a session to come, or one that is configured otherwise now. */
  | { readonly kind: 'configure'; readonly session: SessionConfiguration }
  /** Serve a session that nobody serves, from Idle; the record's home says this blade. */
  | { readonly kind: 'adopt'; readonly session: number }
  /** Serve a session from its record as it stands: it is Established. */
  | { readonly kind: 'attach'; readonly session: number }
  /** Go on with sessions whose blade died, from what is found in the fabric. */
  | { readonly kind: 'orphans'; readonly orphans: readonly Orphan[] }
  /** A rehearsal: fail in this way. */
  | { readonly kind: 'fail'; readonly fault: FaultKind }
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

/** The limits that a neighbour can reach; what was done is counted by these names. */
export const SESSION_LIMITS = [
  'prefixWarnings',
  'prefixShutdowns',
  'sendHoldExpiries',
  'flapsDamped',
  'pathsRefused',
  'refreshesIgnored',
] as const;
export type SessionLimit = (typeof SESSION_LIMITS)[number];

/** Blade → chassis. */
export type BladeNews =
  | { readonly kind: 'running'; readonly slot: number }
  /** Something of the machine is not as it should be, for the operator. */
  | { readonly kind: 'trouble'; readonly slot: number; readonly text: string }
  | { readonly kind: 'established'; readonly slot: number; readonly session: number }
  | {
      readonly kind: 'down';
      readonly slot: number;
      readonly session: number;
      readonly why: string;
    }
  /** All has been evaluated after a blade was gone, or since this one is new. */
  | { readonly kind: 'swept'; readonly slot: number }
  /** An orphan has been told all that it should be told. */
  | {
      readonly kind: 'recovered';
      readonly slot: number;
      readonly session: number;
      /** When it was served again; monotonic milliseconds. */
      readonly attachedAt: number;
      readonly decisionsRun: number;
      readonly recordsSent: number;
      readonly updatesSent: number;
    }
  | {
      readonly kind: 'limit';
      readonly slot: number;
      readonly session: number;
      readonly limit: SessionLimit;
      /** What was found and what was done. */
      readonly text: string;
    }
  /** An attempt to come up failed. */
  | { readonly kind: 'failed'; readonly slot: number; readonly session: number; readonly why: string }
  /** A malformed UPDATE message, in words. */
  | { readonly kind: 'malformed'; readonly slot: number; readonly session: number; readonly text: string }
  /** A policy in TypeScript failed on a route that the session told. */
  | { readonly kind: 'policy'; readonly slot: number; readonly session: number; readonly text: string }
  /** What becomes of the stale routes of a neighbour that is not back in time. */
  | { readonly kind: 'stale'; readonly slot: number; readonly session: number; readonly text: string }
  /** Which aggregates there are: for each, as the definition with this key has them, 0, or the ORIGIN + 1. */
  | {
      readonly kind: 'aggregates';
      readonly slot: number;
      readonly key: string;
      readonly states: readonly number[];
    };
