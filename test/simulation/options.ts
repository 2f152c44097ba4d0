/**
 * What one simulated history is made of: everything that is chosen before it begins, from its seed. Sizes are tiny, so
 * that rings fill, budgets end in the middle, and neighbours collide on few prefixes.
 */
import type { Random } from '../../src/base/random.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../src/bgp/families.ts';
import { ROLES, type Role } from '../../src/bgp/roles.ts';
import { LIMITS, type Limits } from '../../src/blade/limits.ts';
import { POOLS } from '../../src/fabric/layout.ts';
import type { RouterIdentity } from '../../src/rib/attribute-row.ts';
import type { OtherAs, SharedHops } from './edges.ts';
import { CONFEDERATION } from './members.ts';
import { type PolicyName, pickPolicy } from './policies.ts';
import { randomFor } from './randomness.ts';

export const LOCAL_AS = 65_000;
export const LOCAL_ID = 0x0a0000fe;
const BOTH = FAMILY_IPV4 | FAMILY_IPV6;

export interface NeighbourOptions {
  readonly index: number;
  readonly as: number;
  readonly external: boolean;
  readonly bgpId: number;
  /** Four words each. */
  readonly address: readonly number[];
  readonly localAddress: readonly number[];
  readonly families: number;
  readonly fourOctetAs: boolean;
  /** The chassis never calls it. */
  readonly passive: boolean;
  readonly calls: boolean;
  readonly listens: boolean;
  /** These may be configured otherwise in the middle of a history. */
  importAccept: boolean;
  exportAccept: boolean;
  nextHopSelf: boolean;
  /** A route reflector client (RFC 4456). */
  readonly client: boolean;
  /** Our role towards it (RFC 9234). */
  readonly role: Role | undefined;
  readonly allowOwnAs: number;
  readonly enforceFirstAs: boolean;
  readonly asOverride: boolean;
  readonly removePrivateAs: 'all' | 'replace' | undefined;
  readonly gracefulShutdown: boolean;
  readonly transparent: boolean;
  importPolicy: PolicyName | undefined;
  exportPolicy: PolicyName | undefined;
  /** Of its routes, before import policy. */
  readonly weight: number;
  /** Seconds; 0: no KEEPALIVEs. */
  readonly holdTime: number;
  /** It restarts gracefully (RFC 4724): its routes are kept so many seconds; 0: it does not. */
  readonly restartTime: number;
  /** It loses what it forwards by when it restarts, and says so. */
  readonly forgets: boolean;
  /** Its routes are kept for so many seconds more (RFC 9494), and it knows what such routes are; 0: neither. */
  readonly longLived: number;
  /** It is told such routes even so. */
  readonly tellStale: boolean;
  /** Bytes that the network holds each way. */
  readonly window: number;
  /** Paths of a prefix that it announces at most, and FAMILY_ bits of which (RFC 7911); 1: no ADD-PATH. */
  readonly paths: number;
  readonly pathFamilies: number;
  /** FAMILY_ bits of which it is told several paths, and how many at most; 0: all. */
  readonly toldFamilies: number;
  readonly mostTold: number;
  /** What it is told where the best route must not be: the best external one, or the best that may be; may be configured otherwise. */
  instead: Instead;
  /** In another member AS of our confederation (members.ts); not external then. */
  readonly member?: boolean;
  /** It says its AS itself: "as: external". */
  readonly learnt?: boolean;
  /** The AS that we are to it (edges.ts). */
  readonly otherAs?: OtherAs;
  /** Next hops that it reaches as we do. */
  readonly sharedHops?: SharedHops;
}

export type Instead = 'external' | 'any' | undefined;

/** Lanes of a neighbour that announces several paths: as many as it needs. */
export const LANES = 2;

/** How many equally good routes are used together. */
export interface Multipath {
  readonly ebgp: number;
  readonly ibgp: number;
  readonly asPathRelax: boolean;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly blades: number;
  readonly neighbours: readonly NeighbourOptions[];
  readonly prefixes4: number;
  readonly prefixes6: number;
  /** Actions of neighbours and operators. */
  readonly actions: number;
  /** Next hops are resolved, and what they cost changes. */
  readonly resolves: boolean;
  /** Routes carry what the rules of neighbours are about. */
  readonly extras: boolean;
  /** How MED counts. */
  readonly alwaysCompareMed: boolean;
  readonly missingMedAsWorst: boolean;
  /** Chance that a route carries a MED. */
  readonly med: number;
  /** Chance that a route does not say who announced it, so that attribute sets are shared. */
  readonly plain: number;
  /** Chance that a route is padded to fill rings. */
  readonly fat: number;
  /** Chance that a route changes and changes back at once. */
  readonly flaps: number;
  /** Chances of sessions going down, of neighbours that stop reading, of grafts: per action or step. */
  readonly downs: number;
  /** Chance that an action is followed by a change of configuration. */
  readonly reconfigures: number;
  /** Neighbours have policies. */
  readonly policies: boolean;
  /** Neighbours are told others than the best route. */
  readonly views: boolean;
  /** Whether equally good routes are used together, which may be configured otherwise in the middle; and how at the start. */
  readonly equals: boolean;
  readonly multipath: Multipath | undefined;
  /** The router has routes of its own (local.ts). */
  readonly local: boolean;
  /** Its AS is a member of a confederation (members.ts). */
  readonly confederation: boolean;
  /** Chance that a neighbour sends what cannot be read of one family, per action: it is disabled. */
  readonly malforms: number;
  readonly slow: number;
  readonly grafts: number;
  readonly aborts: number;
  /** Chance that a blade dies, per step. */
  readonly deaths: number;
  /** Chance that a blade hangs between two words that it reads or writes, for long: it goes on, or is ended as dead. */
  readonly hangs: number;
  /** Chance that the line card or the neighbours' network stands still for a while, per step. */
  readonly stalls: number;
  /** Chance that the chassis sweeps for ids that nobody uses, or goes on with it, per step. */
  readonly sweeps: number;
  /** Chance that others run between two words that a blade reads or writes. */
  readonly preemption: number;
  /** Chance that blades change how fast they go. */
  readonly skew: number;
  /** The chassis uses a graft's slot again without waiting for its bill. */
  readonly impatient: boolean;
  readonly ringRecords: number;
  readonly receiveBytes: number;
  readonly graftSlots: number;
  readonly limits: Limits;
  /** Tables that are so small that they are full at times. */
  readonly small?: SmallTables;
}

export interface SmallTables {
  /** By pool (fabric/layout.ts), so many numbers. */
  readonly most?: Readonly<Record<number, number>>;
  readonly attributeBytes?: number;
  readonly pages?: number;
}

export function optionsFor(seed: number, blades?: number): SimulationOptions {
  const random = randomFor(seed, 0x5eed);
  const broad = broadOptions(seed, random);
  const kind = random.float();
  const particular = kind < 0.4 ? skewedOptions(random) : kind < 0.5 ? crowdedOptions(random) : {};
  const sweeps = randomFor(seed, 0x53eeb).pick([0, 0.02, 0.1, 0.5]);
  const chosen = withPolicies(withRules(withLongLived({ ...broad, ...particular, sweeps })));
  return blades === undefined ? chosen : { ...chosen, blades };
}

/** Some of those that restart gracefully may be away for long. */
function withLongLived(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0x9494);
  const neighbours = options.neighbours.map((each) => {
    const longLived = random.pick([0, 1, 20]);
    return { ...each, longLived: each.restartTime > 0 ? longLived : 0, tellStale: random.chance(0.3) };
  });
  return { ...options, neighbours };
}

/** In some histories the neighbours have policies. */
function withPolicies(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0x901c);
  if (random.chance(0.5)) return options;
  const weights = randomFor(options.seed, 0x3e16);
  const neighbours = options.neighbours.map((each) => ({
    ...each,
    importPolicy: pickPolicy(random),
    exportPolicy: pickPolicy(random),
    weight: weights.pick([0, 0, 1, 2]),
  }));
  return { ...options, neighbours, policies: true };
}

/** The same with neighbours that announce several paths of a prefix, or are told several. */
export function withPaths(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0xadd);
  const [telling, told] = [random.pick([0, 0.3, 0.7, 1]), random.pick([0, 0.3, 0.7, 1])];
  const most = random.pick([0, 1, 2, 3]);
  const neighbours = options.neighbours.map((each) => ({
    ...each,
    ...(random.chance(telling)
      ? { paths: 2 + random.below(LANES), pathFamilies: random.pick([1, 2, 3, 3]) & each.families }
      : {}),
    ...(random.chance(told)
      ? { toldFamilies: random.pick([1, 3, 3]) & each.families, mostTold: random.chance(0.7) ? most : 2 }
      : {}),
  }));
  return { ...options, neighbours };
}

/** The same with neighbours that are told other routes than the best: where they are internal, reflection is common. */
export function withViews(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0x7947);
  const [internal, some] = [random.pick([0, 0.3, 0.6]), random.pick([0.3, 0.7, 1])];
  const neighbours = options.neighbours.map((each) => ({
    ...(random.chance(internal) ? insider(each, random.chance(0.3)) : each),
    instead: random.chance(some) ? random.pick(['external', 'any'] as const) : undefined,
  }));
  return { ...options, neighbours, views: true };
}

/** The same where equally good routes are used together: of neighbours that often tell the same. */
export function withEquals(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0xec3);
  const [internal, few] = [random.pick([0, 0.3, 0.9]), random.pick([undefined, 1, 2])];
  // Weights make most routes unequal.
  const weighs = randomFor(options.seed, 0x3e16).chance(0.2);
  const neighbours = options.neighbours.map((neighbour) => {
    const each = weighs ? neighbour : { ...neighbour, weight: 0 };
    const other = random.chance(internal) ? insider(each, random.chance(0.3)) : each;
    return few === undefined || !other.external ? other : { ...other, as: 64_500 + random.below(few) };
  });
  const med = random.pick([0, 0.3, 0.7]);
  const resolves = options.resolves || random.chance(0.3);
  return { ...options, neighbours, med, resolves, equals: true, multipath: pickMultipath(random) };
}

/** The same with routes of the router itself, which are configured otherwise in the middle. */
export function withLocal(options: SimulationOptions): SimulationOptions {
  return { ...options, local: true };
}

/** The same with neighbours that send what cannot be read of one family: the other goes on (RFC 7606 2, AFI/SAFI disable). */
export function withMalformed(options: SimulationOptions): SimulationOptions {
  return { ...options, malforms: randomFor(options.seed, 0x7606).pick([0.02, 0.05, 0.1]) };
}

/** The same with external neighbours that say their AS themselves; in a confederation, where that is not to be had, there are none. */
export function withLearnt(options: SimulationOptions): SimulationOptions {
  if (options.confederation) return options;
  const random = randomFor(options.seed, 0x1ea7);
  const some = random.pick([0.5, 1]);
  const neighbours = options.neighbours.map((each) => ({
    ...each,
    learnt: each.external && random.chance(some),
  }));
  return { ...options, neighbours };
}

export function pickMultipath(random: Random): Multipath | undefined {
  if (random.chance(0.1)) return undefined;
  const most = (): number => random.pick([1, 2, 3, 32]);
  return { ebgp: most(), ibgp: most(), asPathRelax: random.chance(0.5) };
}

/** The same neighbour, but in our own AS. */
function insider(each: NeighbourOptions, client: boolean): NeighbourOptions {
  return { ...each, ...NO_RULES, as: LOCAL_AS, external: false, client };
}

/** A history in which blades die. */
export function deadlyOptionsFor(seed: number): SimulationOptions {
  const random = randomFor(seed, 0xdead);
  const options = optionsFor(seed);
  return {
    ...options,
    deaths: random.pick([0.0001, 0.0003, 0.001, 0.01]),
    aborts: random.chance(0.7) ? 0 : options.aborts,
    blades: random.chance(0.15) ? 1 : Math.max(2, options.blades),
  };
}

/** Blades die and hang, and what is between them and their neighbours stands still. */
export function faultyOptionsFor(seed: number): SimulationOptions {
  const random = randomFor(seed, 0xfa17);
  return {
    ...deadlyOptionsFor(seed),
    hangs: random.pick([0.0001, 0.001, 0.003]),
    stalls: random.pick([0, 0.001, 0.01]),
  };
}

/** Tables of the fabric are full at times, of what is in use or of what a sweep finds; blades die in half of the histories. */
export function fullOptionsFor(seed: number): SimulationOptions {
  const random = randomFor(seed, 0xf011);
  const options = random.chance(0.5) ? faultyOptionsFor(seed) : optionsFor(seed);
  return { ...options, sweeps: random.pick([0.02, 0.1, 0.5]), small: smallTables(random, options) };
}

/** One table of which there is about as much as the neighbours want, or less. */
function smallTables(random: Random, { prefixes4, prefixes6, blades }: SimulationOptions): SmallTables {
  const part = random.pick([0.3, 0.6, 0.9]);
  switch (random.pick(['prefixes', 'prefixes', 'sets', 'sets', 'bytes', 'pages'] as const)) {
    case 'prefixes':
      return {
        most: {
          [POOLS.prefixes4]: Math.max(1, Math.floor(prefixes4 * part)),
          [POOLS.prefixes6]: Math.max(1, Math.floor(prefixes6 * part)),
        },
      };
    case 'sets':
      return { most: { [POOLS.attributes]: 10 + random.below(100) } };
    case 'bytes':
      // Blocks of a KiB, of which each blade, and the chassis, has one in its hands.
      return { attributeBytes: 1 << 16, most: { [POOLS.byteBlocks]: blades + 3 + random.below(20) } };
    default:
      return { pages: 8 + random.below(60) };
  }
}

/** Of everything something. */
function broadOptions(seed: number, random: Random): SimulationOptions {
  const count = 2 + random.below(random.chance(0.5) ? 4 : 11);
  const alike = random.chance(0.4);
  const small = random.chance(0.6);
  return {
    seed,
    blades: 1 + random.below(random.chance(0.6) ? 4 : 8),
    neighbours: Array.from({ length: count }, (_, index) => neighbourFor(random, index, alike)),
    prefixes4: 1 + random.below(small ? 4 : 24),
    prefixes6: random.below(small ? 3 : 12),
    actions: 30 + random.below(random.chance(0.8) ? 120 : 300),
    alwaysCompareMed: false,
    missingMedAsWorst: false,
    extras: false,
    resolves: false,
    med: random.pick([0, 0, 0.02, 0.1, 0.5]),
    plain: random.pick([0, 0.3, 0.8]),
    fat: random.pick([0, 0, 0.1, 0.7]),
    flaps: random.pick([0, 0.2, 0.6]),
    downs: random.pick([0, 0.01, 0.05, 0.1]),
    deaths: 0,
    hangs: 0,
    stalls: 0,
    reconfigures: random.pick([0, 0, 0.02, 0.1]),
    policies: false,
    views: false,
    equals: false,
    multipath: undefined,
    local: false,
    confederation: false,
    malforms: 0,
    slow: random.pick([0, 0, 0.03, 0.1]),
    grafts: random.pick([0, 0.01, 0.05, 0.2]),
    aborts: random.pick([0, 0.005, 0.05]),
    sweeps: 0,
    preemption: random.pick([0, 0, 0.02, 0.1, 0.3]),
    impatient: random.chance(0.4),
    skew: random.chance(0.5) ? 0.01 : 0.001,
    ringRecords: random.pick([2, 4, 8, 16, 64]),
    receiveBytes: random.pick([8192, 16_384, 65_536]),
    graftSlots: random.pick([2, 4, 8]),
    limits: limitsFor(random),
  };
}

/** What moves sessions between blades that know different things: long ways between blades, and routes that flap. */
function skewedOptions(random: Random): Partial<SimulationOptions> {
  const count = 3 + random.below(4);
  return {
    blades: 3 + random.below(2),
    neighbours: Array.from({ length: count }, (_, index) => neighbourFor(random, index, true)),
    prefixes4: 4 + random.below(12),
    prefixes6: random.below(3),
    actions: 60 + random.below(100),
    med: 0,
    fat: 0,
    flaps: random.pick([0.3, 0.7]),
    downs: 0.005,
    slow: 0,
    grafts: 0.3,
    aborts: 0,
    preemption: random.pick([0, 0.05]),
    skew: 0.03,
    ringRecords: random.pick([2, 4]),
    impatient: random.chance(0.7),
    limits: {
      ...LIMITS,
      records: random.pick([1, 2]),
      receiveBytes: random.pick([1, 65_536]),
      revisits: random.pick([1, 1024]),
    },
  };
}

/** What makes neighbours share update groups and fall out of them: few blades, long attributes, who does not read. */
function crowdedOptions(random: Random): Partial<SimulationOptions> {
  const count = 4 + random.below(6);
  return {
    blades: 1 + random.below(3),
    neighbours: Array.from({ length: count }, (_, index) => neighbourFor(random, index, true)),
    prefixes4: 10 + random.below(20),
    prefixes6: random.below(6),
    fat: 0.8,
    downs: 0.05,
    slow: 0.1,
    grafts: random.pick([0, 0.02]),
    limits: { ...limitsFor(random), walk: random.pick([1, 4, 16]), exports: random.pick([1, 10, 2048]) },
  };
}

function limitsFor(random: Random): Limits {
  if (random.chance(0.3)) return { ...LIMITS, walk: 16, attentive: 50 };
  return {
    records: random.pick([1, 2, 5, 2048]),
    revisits: random.pick([1, 2, 5, 1024]),
    sweepPages: 1,
    sweepRounds: 2,
    sweeps: random.pick([1, 5, 2048]),
    receiveBytes: random.pick([1, 200, 65_536]),
    receiveRounds: random.pick([1, 1, 3, 64]),
    exports: random.pick([1, 2, 10, 2048]),
    exportRounds: random.pick([1, 1, 8]),
    walk: random.pick([1, 16, 64, 16_384]),
    // Time stands still in a turn, and ends a stage at once or never.
    stageTime: random.pick([0, 2]),
    attentive: 0,
  };
}

/** `alike`: most neighbours are told the same, and so share update groups. */
/** A router whose neighbours have rules of their own (bgp/neighbour-rules.ts), in half of the histories. */
function withRules(options: SimulationOptions): SimulationOptions {
  const random = randomFor(options.seed, 0x4456);
  if (random.chance(0.5)) return options;
  const alike = random.chance(0.3)
    ? { true: rulesFor(random, true), false: rulesFor(random, false) }
    : undefined;
  const neighbours = options.neighbours.map((each) => {
    const rules = random.chance(0.3)
      ? NO_RULES
      : (alike?.[`${each.external}`] ?? rulesFor(random, each.external));
    return { ...each, ...rules };
  });
  return {
    ...options,
    neighbours,
    extras: true,
    resolves: random.chance(0.5),
    alwaysCompareMed: random.chance(0.25),
    missingMedAsWorst: random.chance(0.25),
  };
}

export const NO_RULES: Rules = {
  client: false,
  role: undefined,
  allowOwnAs: 0,
  enforceFirstAs: false,
  asOverride: false,
  removePrivateAs: undefined,
  gracefulShutdown: false,
  transparent: false,
};

function rulesFor(random: Random, external: boolean): Rules {
  const some = (chance: number): boolean => random.chance(chance);
  return {
    client: !external && some(0.5),
    role: external && some(0.3) ? random.pick(ROLES) : undefined,
    allowOwnAs: some(0.1) ? 1 : 0,
    enforceFirstAs: external && some(0.1),
    asOverride: external && some(0.1),
    removePrivateAs: external && some(0.15) ? random.pick(['all', 'replace'] as const) : undefined,
    gracefulShutdown: some(0.05),
    transparent: external && some(0.1),
  };
}

type Rules = Pick<
  NeighbourOptions,
  | 'client'
  | 'role'
  | 'allowOwnAs'
  | 'enforceFirstAs'
  | 'asOverride'
  | 'removePrivateAs'
  | 'gracefulShutdown'
  | 'transparent'
>;

function neighbourFor(random: Random, index: number, alike: boolean): NeighbourOptions {
  const external = random.chance(alike ? 0.9 : 0.7);
  const fourOctetAs = alike || random.chance(0.85);
  const as = external
    ? random.pick(fourOctetAs ? [64_501, 64_502, 64_503, 4_200_000_001] : [64_501, 64_502])
    : LOCAL_AS;
  const ipv6 = !alike && random.chance(0.2);
  const calling = random.pick(['calls', 'listens', 'both'] as const);
  return {
    index,
    as,
    external,
    // Two sessions with one router have the same BGP Identifier.
    bgpId: random.chance(0.2) ? 0x0b000001 : random.pick([0x09000000, 0x0c000000]) + random.below(200),
    address: ipv6 ? [0x20010db8, 0, 0, 0x100 - index] : [0, 0, 0xffff, 0xcb007100 + 200 - index * 7],
    localAddress: ipv6
      ? [0x20010db8, 0, 0, 0xfffe]
      : [0, 0, 0xffff, alike || random.chance(0.8) ? 0xcb0071fe : 0xcb0071fd],
    families: alike || random.chance(0.6) ? BOTH : random.pick([FAMILY_IPV4, FAMILY_IPV6]),
    fourOctetAs,
    passive: calling === 'calls' && random.chance(0.7),
    calls: calling !== 'listens',
    listens: calling !== 'calls',
    importAccept: random.chance(0.95),
    exportAccept: alike || random.chance(0.95),
    nextHopSelf: !alike && random.chance(0.3),
    importPolicy: undefined,
    exportPolicy: undefined,
    weight: 0,
    holdTime: random.pick([0, 30, 90]),
    window: random.pick([2048, 8192]),
    restartTime: random.pick([0, 0, 1, 30]),
    forgets: random.chance(0.2),
    longLived: 0,
    tellStale: false,
    ...NO_RULES,
    paths: 1,
    pathFamilies: 0,
    toldFamilies: 0,
    mostTold: 0,
    instead: undefined,
  };
}

/** The box as its threads know it. */
export function identityOf(options: SimulationOptions): RouterIdentity {
  const { alwaysCompareMed, missingMedAsWorst, confederation } = options;
  return {
    as: LOCAL_AS,
    ...(confederation ? { confederation: CONFEDERATION } : {}),
    id: LOCAL_ID,
    clusterId: LOCAL_ID,
    alwaysCompareMed,
    missingMedAsWorst,
  };
}
