/** Conditions as functions: those of a set of attributes, those of a route's prefix, and those of a neighbour. */
import { FAMILY_IPV4, FAMILY_IPV6 } from '../bgp/families.ts';
import { type Role, rowOf } from '../bgp/roles.ts';
import type { Fabric } from '../fabric/fabric.ts';
import { SESSION, SESSION_FLAG } from '../fabric/layout.ts';
import { isOwnSource, ownSource } from '../rib/own-source.ts';
import { type AttributeView, COMMUNITY_TYPE, matchPath, pathHasAny } from './attributes.ts';
import {
  COMMUNITY_SIZE,
  type CommunityKind,
  type CommunityPattern,
  type CommunityTest,
  communityTest,
} from './community.ts';
import {
  type AttributeCondition,
  type Condition,
  type NeighborTest,
  type NumberOf,
  PROTOCOL,
  type PrefixCondition,
  type Range,
} from './language.ts';
import { joined, numbersOf } from './path-numbers.ts';
import { Pattern } from './pattern.ts';
import { PrefixSet, type PrefixTable } from './prefix-set.ts';
import { OriginValidation, type Validator } from './validation.ts';

/**
 * Tests are objects with a method, and not functions that are made anew for each policy: of those Node.js compiles each by itself, so that
 * the policies of a configuration would begin cold, whatever was rehearsed.
 */
export interface AttributeTest {
  holds(view: AttributeView): boolean;
}

/** What the routes of a test are: prefixes by id, and the sessions that told them. */
export type RouteSource = Pick<Fabric, 'prefixes' | 'session'> & {
  /** Where routes of the router itself are told apart. */
  readonly options?: Pick<Fabric['options'], 'sessions'>;
  readonly sessionLimit?: number;
};
export interface RouteTest {
  /** `origin`: the AS that a route came from, for the RPKI; 0 where no condition asks that. */
  holds(id: number, session: number, origin: number): boolean;
  /** Sets this bit in the answers of those prefixes (negative ids: none) that it holds for; only where nothing but the prefix is asked. */
  answer?(ids: Int32Array, count: number, bit: number, answers: Int32Array): void;
}

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
    case 'as-path':
      return new PathTest(condition.patterns);
    case 'number':
      return new NumberTest(condition.of, condition.ranges);
    case 'next-hop':
      return new NextHopTest(condition.tables);
    case 'communities':
      return new ListsTest(condition.of, condition.patterns);
  }
}

/** Expressions that ask for a number wherever it stands are ranges (path-numbers.ts); the others read the path by characters. */
class PathTest implements AttributeTest {
  readonly #patterns: readonly Pattern[];
  readonly #ranges: Float64Array;

  constructor(patterns: readonly string[]) {
    const others: Pattern[] = [];
    const ranges: Range[] = [];
    for (const text of patterns) {
      const numbers = numbersOf(text);
      if (numbers === undefined) others.push(new Pattern(text));
      else ranges.push(...numbers);
    }
    this.#patterns = others;
    this.#ranges = Float64Array.from(joined(ranges).flat());
  }

  holds(view: AttributeView): boolean {
    if (this.#ranges.length > 0 && pathHasAny(view, this.#ranges)) return true;
    for (const pattern of this.#patterns) if (matchPath(view, pattern)) return true;
    return false;
  }
}

class NumberTest implements AttributeTest {
  readonly #number: (view: AttributeView) => number;
  readonly #from: number;
  readonly #to: number;
  /** Of more than one range: a list of a few is walked, a long one (origins of a customer's cone) is searched. */
  readonly #single = new Set<number>();
  readonly #wide: readonly Range[];

  constructor(of: NumberOf, ranges: readonly Range[]) {
    this.#number = NUMBERS[of];
    [this.#from, this.#to] = ranges.length === 1 ? (ranges[0] as Range) : [0, -1];
    for (const [from, to] of ranges) if (from === to) this.#single.add(from);
    this.#wide = ranges.filter(([from, to]) => from !== to);
  }

  holds(view: AttributeView): boolean {
    const value = this.#number(view);
    if (this.#from <= this.#to) return value >= this.#from && value <= this.#to;
    return this.#single.has(value) || this.#wide.some(([from, to]) => value >= from && value <= to);
  }
}

class NextHopTest implements AttributeTest {
  readonly #sets: readonly PrefixSet[];

  constructor(tables: readonly PrefixTable[]) {
    this.#sets = tables.map((table) => new PrefixSet(table));
  }

  holds(view: AttributeView): boolean {
    const { at, octets } = view.nextHop;
    return octets > 0 && this.#sets.some((set) => set.hasAddress(view.bytes, at, octets));
  }
}

class ListsTest implements AttributeTest {
  readonly #type: number;
  readonly #size: number;
  readonly #test: CommunityTest;

  constructor(of: CommunityKind, patterns: readonly CommunityPattern[]) {
    this.#type = COMMUNITY_TYPE[of];
    this.#size = COMMUNITY_SIZE[of];
    this.#test = communityTest(of, patterns);
  }

  holds(view: AttributeView): boolean {
    const end = view.to(this.#type);
    for (let at = view.from(this.#type); at < end; at += this.#size)
      if (this.#test.matches(view.bytes, at)) return true;
    return false;
  }
}

export function routeTest(
  condition: PrefixCondition,
  source: RouteSource,
  origins: Validator = new OriginValidation(),
): RouteTest {
  switch (condition.kind) {
    case 'prefix':
      return new PrefixTest(condition.tables, source);
    case 'length':
      return new LengthTest(condition.ranges, source);
    case 'family':
      return new FamilyTest(condition.families, source);
    case 'rpki':
      return new OriginTest(condition.states, source, origins);
    case 'learned-from':
      return new SourceTest(source, PROTOCOL.bgp, condition.neighbors);
    case 'protocol':
      return new SourceTest(source, condition.protocols);
  }
}

class PrefixTest implements RouteTest {
  readonly #prefixes: RouteSource['prefixes'];
  readonly #sets: readonly PrefixSet[];

  constructor(tables: readonly PrefixTable[], { prefixes }: RouteSource) {
    this.#prefixes = prefixes;
    this.#sets = tables.map((table) => new PrefixSet(table));
  }

  holds(id: number): boolean {
    for (const set of this.#sets) if (this.#isIn(set, id)) return true;
    return false;
  }

  answer(ids: Int32Array, count: number, bit: number, answers: Int32Array): void {
    const prefixes = this.#prefixes;
    const { base6 } = prefixes;
    for (const set of this.#sets) {
      for (let i = 0; i < count; i++) {
        const id = ids[i] as number;
        if (id < 0) continue;
        const isIn = id < base6 ? set.has4(prefixes.address4(id), prefixes.length4(id)) : this.#isIn(set, id);
        if (isIn) answers[i] = (answers[i] as number) | bit;
      }
    }
  }

  #isIn(set: PrefixSet, id: number): boolean {
    const prefixes = this.#prefixes;
    const { keys6, base6 } = prefixes;
    if (id < base6) return set.has4(prefixes.address4(id), prefixes.length4(id));
    const at = (id - base6) * 5;
    return set.has6(
      keys6[at] as number,
      keys6[at + 1] as number,
      keys6[at + 2] as number,
      keys6[at + 3] as number,
      keys6[at + 4] as number,
    );
  }
}

class LengthTest implements RouteTest {
  readonly #prefixes: RouteSource['prefixes'];
  readonly #allowed = new Uint8Array(129);

  constructor(ranges: readonly Range[], { prefixes }: RouteSource) {
    this.#prefixes = prefixes;
    for (const [from, to] of ranges) this.#allowed.fill(1, from, to + 1);
  }

  holds(id: number): boolean {
    return this.#allowed[this.#prefixes.lengthOf(id)] === 1;
  }

  answer(ids: Int32Array, count: number, bit: number, answers: Int32Array): void {
    const prefixes = this.#prefixes;
    const allowed = this.#allowed;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      if (id >= 0 && allowed[prefixes.lengthOf(id)] === 1) answers[i] = (answers[i] as number) | bit;
    }
  }
}

class FamilyTest implements RouteTest {
  readonly #prefixes: RouteSource['prefixes'];
  readonly #families: number;

  constructor(families: number, { prefixes }: RouteSource) {
    this.#prefixes = prefixes;
    this.#families = families;
  }

  holds(id: number): boolean {
    return (this.#families & (id < this.#prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6)) !== 0;
  }
}

class OriginTest implements RouteTest {
  readonly #prefixes: RouteSource['prefixes'];
  readonly #origins: Validator;
  /** A bit for each state. */
  readonly #wanted: number;

  constructor(states: readonly number[], { prefixes }: RouteSource, origins: Validator) {
    this.#prefixes = prefixes;
    this.#origins = origins;
    this.#wanted = states.reduce((bits, state) => bits | (1 << state), 0);
  }

  holds(id: number, _session: number, origin: number): boolean {
    return ((this.#wanted >>> this.#origins.validity(this.#prefixes, id, origin)) & 1) !== 0;
  }
}

/** Who told the route, or what made it. */
class SourceTest implements RouteTest {
  readonly #source: RouteSource;
  readonly #protocols: number;
  readonly #neighbors: NeighborTest | undefined;

  constructor(source: RouteSource, protocols: number, neighbors?: NeighborTest) {
    this.#source = source;
    this.#protocols = protocols;
    this.#neighbors = neighbors;
  }

  holds(_id: number, session: number): boolean {
    if ((this.#protocols & protocolOf(this.#source, session)) === 0) return false;
    return (
      this.#neighbors === undefined || neighborMatches(this.#neighbors, neighborOf(this.#source, session))
    );
  }
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

function neighborMatches(test: NeighborTest, { address, as, external }: Neighbor): boolean {
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
