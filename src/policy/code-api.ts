/**
 * What a policy in TypeScript is given, and what it returns. A policy is a function of a file of the operator's:
 *
 *   import type { Policy } from 'graftd/policy';
 *   export const importFromCustomers: Policy = (route) =>
 *     route.pathLength > 50 ? 'reject' : { localPref: 200, community: { add: ['65000:100'] } };
 *
 *   neighbors: [{ address: 192.0.2.2, as: 64501, import: "./my-policy.ts#importFromCustomers", export: reject }]
 *
 * It must be pure: what it returns may depend on the route alone. Where it does not look at `prefix`, `length`, `family`, `rpki`, `isIn`
 * or `learnedFrom`, it is called once for a set of attributes, however many routes have it. An exception, an endless loop or a result that
 * is none rejects the route, and is counted and logged.
 */

/** A neighbour: the one that the policy is used for, or the one that told the route. */
export interface PolicyNeighbor {
  readonly address: string;
  readonly as: number;
  /** eBGP. */
  readonly external: boolean;
}

export interface Route {
  /** `198.51.100.0/24` */
  readonly prefix: string;
  /** Of the prefix. */
  readonly length: number;
  readonly family: 'ipv4-unicast' | 'ipv6-unicast';
  /** What the RPKI says of the origin (RFC 6811). */
  readonly rpki: 'valid' | 'invalid' | 'not-found';
  /** Who told the route; on import the same as `neighbor`. */
  readonly learnedFrom: PolicyNeighbor;

  /** The neighbour that the policy is used for. `role`: what it is to us (RFC 9234). */
  readonly neighbor: PolicyNeighbor & { readonly role: string | undefined };
  /** Our own AS. */
  readonly localAs: number;
  /** Without AS_SETs, the neighbour's first. */
  readonly asPath: readonly number[];
  /** As people write it: `64500 3356 {64510,64511}`. */
  readonly asPathText: string;
  /** The number of ASes; an AS_SET counts as one. */
  readonly pathLength: number;
  /** The last AS; 0 where there is none, or a set. */
  readonly originAs: number;
  /** The first AS; 0 where there is none, or a set. */
  readonly firstAs: number;
  readonly origin: 'igp' | 'egp' | 'incomplete';
  readonly nextHop: string;
  /** 0 where there is none. */
  readonly med: number;
  /** 100 where there is none. */
  readonly localPref: number;
  /** This router's own preference, asked before LOCAL_PREF and told to nobody; 0 where there is none. */
  readonly weight: number;
  /** `65000:100`, and `no-export` and its kin by their names. */
  readonly communities: readonly string[];
  /** `65000:1:2` */
  readonly largeCommunities: readonly string[];
  /** `rt:65000:1` */
  readonly extCommunities: readonly string[];

  /**
   * Is it one of these? Each word is the name of a set of the configuration, which has to stand in the file as it is, or what could
   * stand in one.
   */
  /** `bogons`, `10.0.0.0/8`, `10.0.0.0/8 ge 9 le 24`, `10.0.0.0/8+` */
  isIn(...prefixes: string[]): boolean;
  /** `transits`, `_174_`, `^64500_` */
  matchesPath(...expressions: string[]): boolean;
  /** The last AS of the path: `cone`, `64501`, `64510-64519` */
  comesFrom(...ases: string[]): boolean;
  /** `ours`, `65000:100`, `65000:*`, `65000:100-199`, `no-export`, `/^65000:1..$/` */
  hasCommunity(...communities: string[]): boolean;
  /** `65000:1:*` */
  hasLargeCommunity(...communities: string[]): boolean;
  /** `rt:65000:1` */
  hasExtCommunity(...communities: string[]): boolean;
}

/** Done in this order; as the `set` of a statement says them, patterns like `65000:*` in `remove` included. */
export interface CommunityChanges {
  readonly set?: readonly string[];
  readonly remove?: readonly string[];
  readonly add?: readonly string[];
}

/** The route is accepted, with these changes. */
export interface Changes {
  readonly localPref?: number;
  /** On import: a preference of this router alone, asked before LOCAL_PREF. */
  readonly weight?: number;
  /** null: none. */
  readonly med?: number | null;
  readonly origin?: 'igp' | 'egp' | 'incomplete';
  /** An address, or `self`. */
  readonly nextHop?: string;
  /** Our own AS, so many times. */
  readonly prepend?: number;
  /** These ASes, the first of them foremost. */
  readonly prependAs?: readonly number[];
  readonly community?: CommunityChanges;
  readonly largeCommunity?: CommunityChanges;
  readonly extCommunity?: CommunityChanges;
  /** For people: what `--why` says. */
  readonly reason?: string;
}

export type Result = 'accept' | 'reject' | Changes;
export type Policy = (route: Route) => Result;
