/**
 * Policies as data, checked and complete: what the configuration reads them into, and what goes to the blades, where
 * they are compiled (program.ts). Sets stand in the conditions that name them.
 *
 *   policy ─→ statements, in order: if all of `if` holds, and not all of `unless`: `set`, then `call`, then `then`
 *
 * A policy that comes to its end without a decision rejects; one that was called goes back to where it was called.
 */
import type { Role } from '../bgp/roles.ts';
import type { Code } from './code.ts';
import type { CommunityKind, CommunityPattern } from './community.ts';
import type { PrefixTable } from './prefix-set.ts';

/** From and to, both included. */
export type Range = readonly [number, number];

/** Neighbours: by address (a prefix in the table), by AS, by kind. */
export interface NeighborTest {
  readonly addresses?: PrefixTable;
  readonly as?: readonly Range[];
  /** eBGP (true), iBGP (false). */
  readonly external?: readonly boolean[];
}

/** What of a set of attributes is a number. */
export type NumberOf = 'path-length' | 'med' | 'local-pref' | 'weight' | 'origin-as' | 'first-as' | 'origin';

/** Where a route comes from: a neighbour, the configuration, or others that it stands for. */
export const PROTOCOL = { bgp: 1, static: 2, aggregate: 4 } as const;

/** What is asked of the prefix, and so of each route: */
export type PrefixCondition =
  | { readonly kind: 'prefix'; readonly tables: readonly PrefixTable[] }
  | { readonly kind: 'length'; readonly ranges: readonly Range[] }
  /** FAMILY_ bits */
  | { readonly kind: 'family'; readonly families: number }
  /** What the RPKI says of its origin (RFC 6811); VALIDITY numbers. */
  | { readonly kind: 'rpki'; readonly states: readonly number[] }
  /** Who told it. */
  | { readonly kind: 'learned-from'; readonly neighbors: NeighborTest }
  /** Whether anybody did, or the router itself has it: bits of PROTOCOL. */
  | { readonly kind: 'protocol'; readonly protocols: number };

/** of its attributes, and so once for each set of them: */
export type AttributeCondition =
  | { readonly kind: 'as-path'; readonly patterns: readonly string[] }
  | { readonly kind: 'number'; readonly of: NumberOf; readonly ranges: readonly Range[] }
  | { readonly kind: 'next-hop'; readonly tables: readonly PrefixTable[] }
  | {
      readonly kind: 'communities';
      readonly of: CommunityKind;
      readonly patterns: readonly CommunityPattern[];
    };

/** of the neighbour that the policy is used for: */
export type Condition =
  | PrefixCondition
  | AttributeCondition
  | { readonly kind: 'neighbor'; readonly neighbors: NeighborTest }
  /** What it is to us (RFC 9234). */
  | { readonly kind: 'role'; readonly roles: readonly Role[] };

export type Action =
  | {
      readonly kind: 'number';
      readonly of: 'med' | 'local-pref' | 'weight';
      readonly by: 'set' | 'add';
      readonly value: number;
    }
  | { readonly kind: 'remove'; readonly of: 'med' }
  | { readonly kind: 'origin'; readonly origin: number }
  /** 4 or 16 octets; none: our own address. */
  | { readonly kind: 'next-hop'; readonly octets?: readonly number[] }
  /** Without ASes, our own, so many times. */
  | { readonly kind: 'prepend'; readonly ases?: readonly number[]; readonly times: number }
  | {
      readonly kind: 'communities';
      readonly of: CommunityKind;
      readonly by: 'set' | 'add';
      readonly octets: readonly number[];
    }
  | {
      readonly kind: 'communities';
      readonly of: CommunityKind;
      readonly by: 'remove';
      readonly patterns: readonly CommunityPattern[];
    };

export type Then = 'accept' | 'reject' | 'next' | 'return';

export interface Statement {
  readonly name?: string;
  readonly if: readonly Condition[];
  readonly unless: readonly Condition[];
  readonly set: readonly Action[];
  readonly call?: string;
  readonly then: Then;
}

export type Policy = readonly Statement[];

/** A policy that a neighbour uses, with those that it calls. */
export interface PolicyDefinition {
  /** Name and hash of all that it says, sets included: equal keys, equal answers. */
  readonly key: string;
  readonly name: string;
  readonly policies: Readonly<Record<string, Policy>>;
  /** It is a function in TypeScript, and has no statements. */
  readonly code?: Code;
}
