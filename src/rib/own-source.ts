/**
 * Routes of the router itself, and where they come from, in the place of the session that told a route. The last places are never a
 * neighbour's, so that what looks at who told a route finds nobody there.
 */
import type { Fabric } from '../fabric/fabric.ts';

/** What is configured, and what stands for routes of others. */
export const PLACE = { static: 0, aggregate: 1 } as const;
export const OWN_PLACES = 2;

type Box = { readonly options: Pick<Fabric['options'], 'sessions'> };

/** In the place of session + 1: nobody told it. */
export function ownSource({ options }: Box, place: number = PLACE.static): number {
  return options.sessions - place;
}

/** Session + 1 is the router itself: the place is one of the last ones, and no neighbour's. */
export function isOwnSource(box: Box & Pick<Fabric, 'sessionLimit'>, source: number): boolean {
  const { sessions } = box.options;
  return source > sessions - OWN_PLACES && source <= sessions && source > box.sessionLimit;
}

export interface Prefix {
  /** Of IPv4 the first one only. */
  readonly words: readonly [number, number, number, number];
  readonly length: number;
  readonly ipv6: boolean;
}

export interface Originated extends Prefix {
  /** Canonical; our own next hop is put in when it is told. */
  readonly set: Uint8Array;
}

/** In place of a route's attributes: one set for each ORIGIN that those which it stands for can come to. */
export interface Aggregate extends Prefix {
  readonly sets: readonly [Uint8Array, Uint8Array, Uint8Array];
  /** What it stands for is told to nobody. */
  readonly summaryOnly: boolean;
}

export interface LocalDefinition {
  /** Equal keys, equal routes; empty: there are none. */
  readonly key: string;
  readonly routes: readonly Originated[];
  readonly aggregates: readonly Aggregate[];
}

export const NO_LOCAL_ROUTES: LocalDefinition = { key: '', routes: [], aggregates: [] };
