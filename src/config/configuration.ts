/** What a configuration file says, checked and complete: every default filled in, every address canonical. */
import type { Family } from '../bgp/families.ts';
import type { PolicyDefinition } from '../policy/language.ts';
import type { chassisKeys, neighborKeys, nextHopKeys, rangeKeys, routerKeys, rpkiKeys } from './keys.ts';
import type { PolicyName } from './kinds.ts';
import type { Values } from './shapes.ts';

/** A neighbour as its keys say, before what follows from several keys together is filled in. */
export type NeighborValues = Values<typeof neighborKeys>;
export type RouterValues = Values<typeof routerKeys>;
export type ChassisValues = Values<typeof chassisKeys>;
export type RpkiValues = Values<typeof rpkiKeys>;
export type NextHopValues = Values<typeof nextHopKeys>;

export interface RouterConfiguration extends RouterValues {
  /** The BGP Identifier as a number, the first octet highest. */
  idNumber: number;
}

/** `control` and `state` are absolute. */
export interface ChassisConfiguration extends ChassisValues {}

export interface NeighborConfiguration extends NeighborValues {
  families: Family[];
  import: PolicyName;
  export: PolicyName;
  /** The neighbour is in another AS (eBGP). */
  external: boolean;
  /** Keys of the policies that say more than accept or reject: they change with whatever these say. */
  importPolicy?: string;
  exportPolicy?: string;
  /** The range that it came by; who is named in the file has none. */
  range?: string;
}

export type RangeValues = Values<typeof rangeKeys>;

/** From where neighbours may call that are not named, and what they are then. */
export interface RangeConfiguration {
  /** In canonical form. */
  range: string;
  limit: number;
  /** Seconds. */
  idleTime: number;
  template: Omit<NeighborConfiguration, 'address' | 'range'>;
}

export interface Configuration {
  router: RouterConfiguration;
  chassis: ChassisConfiguration;
  rpki: RpkiValues;
  neighbors: NeighborConfiguration[];
  neighborRanges: RangeConfiguration[];
  policies: PolicyDefinition[];
}

/** Before all is known to be right: whatever was wrong or missing is undefined. */
export interface Draft {
  router: Doubtful<RouterValues>;
  chassis: Doubtful<ChassisValues>;
  rpki: Doubtful<RpkiValues>;
  neighbors: Doubtful<NeighborValues>[];
  neighborRanges: Doubtful<RangeValues>[];
  policies: object;
}

export type Doubtful<T> = { [N in keyof T]?: T[N] | undefined };
