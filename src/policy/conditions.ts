/** Conditions as functions: those of a set of attributes, those of a route's prefix, and those of a neighbour. */
import { FAMILY_IPV4, FAMILY_IPV6 } from '../bgp/families.ts';
import { type Role, rowOf } from '../bgp/roles.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../fabric/layout.ts';
import { isOwnSource, ownSource } from '../rib/own-source.ts';
import { type AttributeView, COMMUNITY_TYPE, matchPath } from './attributes.ts';
import { COMMUNITY_SIZE, communityTest } from './community.ts';
import {
  type AttributeCondition,
  type Condition,
  type NeighborTest,
  type NumberOf,
  PROTOCOL,
  type PrefixCondition,
  type Range,
} from './language.ts';
import { Pattern } from './pattern.ts';
import { PrefixSet, type PrefixTable } from './prefix-set.ts';
import { OriginValidation, type Validator } from './validation.ts';

export type AttributeTest = (view: AttributeView) => boolean;

/** What the routes of a test are: prefixes by id, and the sessions that told them. */
export type RouteSource = Pick<Fabric, 'prefixes' | 'session'> & {
  /** Where routes of the router itself are told apart. */
  readonly options?: Pick<Fabric['options'], 'sessions'>;
  readonly sessionLimit?: number;
};
/** `origin`: the AS that a route came from, for the RPKI; 0 where no condition asks that. */
export type RouteTest = (id: number, session: number, origin: number) => boolean;

/** A neighbour, as far as policies tell them apart. */
export interface Neighbor {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly as: number;
  readonly external: boolean;
}

/** The same, our own AS as it knows it, and our role (RFC 9234). */
export interface NeighborContext extends Neighbor {
  readonly localAs: number;
  readonly localRole?: Role | undefined;
  /** What its routes have before import policy. */
  readonly weight?: number | undefined;
}

const NUMBERS: Readonly<Record<NumberOf, (view: AttributeView) => number>> = {
  'path-length': (view) => view.pathLength,
  med: (view) => view.med,
  'local-pref': (view) => view.localPref,
  weight: (view) => view.weight,
  'origin-as': (view) => view.originAs,
  'first-as': (view) => view.neighborAs,
  origin: (view) => view.origin,
};

export function attributeTest(condition: AttributeCondition): AttributeTest {
  switch (condition.kind) {
    case 'as-path': {
      const patterns = condition.patterns.map((text) => new Pattern(text));
      const matches: AttributeTest = (view) => {
        for (const pattern of patterns) if (matchPath(view, pattern)) return true;
        return false;
      };
      return matches;
    }
    case 'number': {
      const number = NUMBERS[condition.of];
      const within = rangeTest(condition.ranges);
      return (view) => within(number(view));
    }
    case 'next-hop': {
      const sets = condition.tables.map((table) => new PrefixSet(table));
      return (view) => {
        const { at, octets } = view.nextHop;
        return octets > 0 && sets.some((set) => set.hasAddress(view.bytes, at, octets));
      };
    }
    case 'communities': {
      const type = COMMUNITY_TYPE[condition.of];
      const size = COMMUNITY_SIZE[condition.of];
      const test = communityTest(condition.of, condition.patterns);
      const lists: AttributeTest = (view) => {
        const end = view.to(type);
        for (let at = view.from(type); at < end; at += size) if (test(view.bytes, at)) return true;
        return false;
      };
      return lists;
    }
  }
}

/** A list of a few is walked; a long one (origins of a customer's cone) is searched. */
function rangeTest(ranges: readonly Range[]): (value: number) => boolean {
  if (ranges.length === 1) {
    const [[from, to]] = ranges as [Range];
    return (value) => value >= from && value <= to;
  }
  const single = new Set(ranges.filter(([from, to]) => from === to).map(([from]) => from));
  const wide = ranges.filter(([from, to]) => from !== to);
  return (value) => single.has(value) || wide.some(([from, to]) => value >= from && value <= to);
}

export function routeTest(
  condition: PrefixCondition,
  source: RouteSource,
  origins: Validator = new OriginValidation(),
): RouteTest {
  const { prefixes } = source;
  switch (condition.kind) {
    case 'prefix':
      return prefixTest(condition.tables, source);
    case 'length': {
      const allowed = new Uint8Array(129);
      for (const [from, to] of condition.ranges) allowed.fill(1, from, to + 1);
      return (id) => allowed[prefixes.lengthOf(id)] === 1;
    }
    case 'family': {
      const { families } = condition;
      return (id) => (families & (id < prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6)) !== 0;
    }
    case 'rpki': {
      const wanted = condition.states.reduce((bits, state) => bits | (1 << state), 0);
      return (id, _, origin) => ((wanted >>> origins.validity(prefixes, id, origin)) & 1) !== 0;
    }
    case 'learned-from': {
      const { neighbors } = condition;
      return (_, session) =>
        protocolOf(source, session) === PROTOCOL.bgp &&
        neighborMatches(neighbors, neighborOf(source, session));
    }
    case 'protocol': {
      const { protocols } = condition;
      return (_, session) => (protocols & protocolOf(source, session)) !== 0;
    }
  }
}

function prefixTest(tables: readonly PrefixTable[], { prefixes }: RouteSource): RouteTest {
  const { keys4, keys6, base6 } = prefixes;
  const one = (set: PrefixSet, id: number): boolean => {
    if (id < base6) return set.has4(keys4[id << 1] as number, keys4[(id << 1) + 1] as number);
    const at = (id - base6) * 5;
    return set.has6(
      keys6[at] as number,
      keys6[at + 1] as number,
      keys6[at + 2] as number,
      keys6[at + 3] as number,
      keys6[at + 4] as number,
    );
  };
  const sets = tables.map((table) => new PrefixSet(table));
  const [first] = sets;
  const isInFirst: RouteTest = (id) => one(first as PrefixSet, id);
  if (sets.length === 1) return isInFirst;
  return (id) => {
    for (const set of sets) if (one(set, id)) return true;
    return false;
  };
}

/** Bits of PROTOCOL: one. */
function protocolOf({ options, sessionLimit = 0 }: RouteSource, session: number): number {
  if (options === undefined || !isOwnSource({ options, sessionLimit }, session + 1)) return PROTOCOL.bgp;
  return session + 1 === ownSource({ options }) ? PROTOCOL.static : PROTOCOL.aggregate;
}

/** Who told a route, from its session's record. */
export function neighborOf(source: RouteSource, session: number): Neighbor {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  for (let i = 0; i < 4; i++) view.setInt32(i * 4, source.session(session, SESSION.peerAddress + i));
  const mapped = view.getInt32(0) === 0 && view.getInt32(4) === 0 && view.getInt32(8) === 0xffff;
  return {
    address: mapped ? address.subarray(12) : address,
    as: source.session(session, SESSION.peerAs) >>> 0,
    external: (source.session(session, SESSION.flags) & SESSION_FLAG.external) !== 0,
  };
}

export function neighborMatches(test: NeighborTest, { address, as, external }: Neighbor): boolean {
  if (test.external?.includes(external)) return true;
  if (test.as?.some(([from, to]) => as >= from && as <= to)) return true;
  return test.addresses !== undefined && new PrefixSet(test.addresses).hasAddress(address, 0, address.length);
}

/** What a policy asks of the neighbour that it is used for is known before any route; undefined: it asks something else. */
export function holdsFor(condition: Condition, neighbor: NeighborContext): boolean | undefined {
  if (condition.kind === 'neighbor') return neighborMatches(condition.neighbors, neighbor);
  if (condition.kind !== 'role') return undefined;
  const { localRole } = neighbor;
  return localRole !== undefined && condition.roles.includes(rowOf(localRole).theirs);
}
