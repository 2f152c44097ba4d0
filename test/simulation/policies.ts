/**
 * The policies of the simulation: as a configuration says them, and beside that what they do, on plain objects, written apart. Some
 * ask about the attributes, some about the prefix, some about both; some change what a later statement asks about.
 */
import type { Random } from '../../src/base/random.ts';
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import { parseConfiguration } from '../../src/config/parse.ts';
import { counted } from '../../src/policy/code.ts';
import { NO_SETS } from '../../src/policy/code-sets.ts';
import type { PolicyDefinition } from '../../src/policy/language.ts';
import type { NeighbourOptions } from './options.ts';
import type { SimulatedPrefix } from './prefixes.ts';
import type { Route } from './route.ts';

const LOCAL_AS = 65_000;

const TEXT = `
router: {as: ${LOCAL_AS}, id: 192.0.2.1}
prefix-sets:
  short: [0.0.0.0/0 le 16, "::/0 le 32"]
  exact: [2.129.0.0/16, 3.128.129.0/24, 0.0.0.0/0]
  long: [0.0.0.0/0 ge 24 le 30, "2000::/3 ge 48"]
policies:
  prefer:
    - if: {prefix: long, path-length: 1-2}
      set: {local-pref: 200}
    - if: {as-path: _64600_}
      unless: {local-pref: 200}
      then: reject
    - if: {weight: 1-, origin: egp}
      set: {weight: -1}
    - then: accept
  mark:
    - if: {prefix: [short, exact]}
      set: {community: {add: "65000:1"}, med: 7}
    - if: {community: "65000:1", origin: incomplete}
      then: reject
    - call: careful
    - then: accept
  careful:
    - if: {neighbor: as 64501}
      set: {prepend: 2, origin: egp}
      then: return
    - if: {length: 32}
      then: reject
  right:
    - if: {rpki: invalid}
      then: reject
    - if: {rpki: valid}
      set: {local-pref: 150}
      then: accept
    - if: {rpki: not-found, neighbor: ebgp}
      set: {community: {add: "65000:9"}}
    - then: accept
  only:
    - if: {prefix: short}
      set: {weight: 2}
      then: accept
    - if: {learned-from: as 64502, family: ipv4-unicast}
      then: accept
  tell:
    - if: {first-as: 64502}
      set: {med: 50, community: {add: "65000:9"}}
      then: accept
    - if: {learned-from: ibgp}
      then: reject
    - if: {neighbor: ibgp}
      set: {local-pref: +11}
      then: accept
    - if: {prefix: exact}
      set: {prepend: 1}
      then: accept
    - unless: {origin-as: 64600-64601, prefix: long}
      then: accept
`;

/** As policies in TypeScript come to blades: one that looks at the prefix for some sets of attributes, and fails for some, and one that never does. */
const CODE = `
exports.coded = (route) => {
  if (route.origin === 'incomplete') return route.length > 24 ? 'reject' : { localPref: route.localPref + 7 };
  if (route.asPath.includes(64600)) for (;;);
  if (route.firstAs === 64502 && route.neighbor.as !== 0) return { med: 3, weight: route.weight + 1, community: { add: ['65000:9'] } };
  return 'accept';
};

exports.plain = (route) => {
  if (route.originAs === 64601) throw new Error('not this one');
  return route.hasCommunity('marks') ? { med: 50, prepend: 1 } : 'accept';
};
`;

const parsed = parseConfiguration(TEXT, 'simulation.yaml');
export const POLICIES: readonly PolicyDefinition[] = [
  ...(parsed.configuration?.policies ?? []),
  coded('coded'),
  coded('plain'),
];

function coded(name: PolicyName): PolicyDefinition {
  const file = 'simulation.js';
  const modules = { [file]: counted(CODE, file) };
  const sets = {
    ...NO_SETS,
    community: {
      marks: [{ form: 'parts' as const, parts: [[LOCAL_AS, LOCAL_AS] as const, [1, 1] as const] }],
    },
  };
  const code = { file, function: name, modules, asksNeighbor: name === 'coded', sets };
  return { key: `${name}@simulation`, name, policies: {}, code };
}

export type PolicyName = 'prefer' | 'mark' | 'only' | 'tell' | 'coded' | 'plain' | 'right';
const NAMES: readonly PolicyName[] = ['prefer', 'mark', 'only', 'tell', 'coded', 'plain', 'right', 'right'];

/** None in half of the cases. */
export function pickPolicy(random: Random): PolicyName | undefined {
  return random.chance(0.5) ? undefined : random.pick(NAMES);
}

export function policyKey(name: PolicyName | undefined): string | undefined {
  return POLICIES.find((definition) => definition.name === name)?.key;
}

/** What a policy makes of a route. */
export interface Passed {
  readonly route: Route;
  /** The policy said what MED is told. */
  readonly ownMed: boolean;
}

interface Asked {
  readonly route: Route;
  readonly prefix: SimulatedPrefix;
  readonly ipv4: boolean;
  readonly length: number;
  /** The neighbour that the policy is used for, and the one that told the route. */
  readonly neighbour: NeighbourOptions;
  readonly from: NeighbourOptions;
}

const LONG_PATH = 64_600;
const MARK = ((LOCAL_AS << 16) | 1) >>> 0;
const TOLD = ((LOCAL_AS << 16) | 9) >>> 0;

const isShort = ({ ipv4, length }: Asked): boolean => length <= (ipv4 ? 16 : 32);
const isLong = ({ ipv4, length, prefix }: Asked): boolean =>
  ipv4 ? length >= 24 && length <= 30 : length >= 48 && ((prefix.nlri[1] as number) & 0xe0) === 0x20;
const isExact = ({ ipv4, prefix }: Asked): boolean =>
  ipv4 && ['16.2.129', '24.3.128.129', '0'].includes(prefix.nlri.join('.'));
const hops = ({ path, set }: Route): number => path.length + (set.length > 0 ? 1 : 0);
const pathHas = ({ path, set }: Route, as: number): boolean => path.includes(as) || set.includes(as);
/** RFC 8326 */
const localPref = ({ localPref: own, communities }: Route): number =>
  own ?? (communities.includes(0xffff0000) ? 0 : 100);
const withCommunity = (route: Route, community: number): Route =>
  route.communities.includes(community)
    ? route
    : // What a policy adds makes the list one in order.
      { ...route, communities: [...route.communities, community].sort((a, b) => a - b) };
const prepended = (route: Route, times: number): Route => ({
  ...route,
  path: [...new Array<number>(times).fill(LOCAL_AS), ...route.path],
});
const originAs = ({ path, set }: Route): number => (set.length > 0 ? 0 : (path.at(-1) ?? 0));

const accept = (route: Route, ownMed = false): Passed => ({ route, ownMed });

const POLICY: Readonly<Record<PolicyName, (asked: Asked) => Passed | undefined>> = {
  prefer(asked) {
    let { route } = asked;
    if (isLong(asked) && hops(route) >= 1 && hops(route) <= 2) route = { ...route, localPref: 200 };
    if (pathHas(route, LONG_PATH) && localPref(route) !== 200) return undefined;
    const { weight = 0, origin } = route;
    return accept(weight >= 1 && origin === 1 ? { ...route, weight: weight - 1 } : route);
  },
  mark(asked) {
    let { route } = asked;
    const marked = isShort(asked) || isExact(asked);
    if (marked) route = { ...withCommunity(route, MARK), med: 7 };
    if (route.communities.includes(MARK) && route.origin === 2) return undefined;
    if (asked.neighbour.as === 64_501) route = { ...prepended(route, 2), origin: 1 };
    else if (asked.length === 32) return undefined;
    return accept(route, marked);
  },
  right({ route, prefix, neighbour }) {
    const empty = route.path.length === 0 && route.set.length === 0;
    if (prefix.origin === undefined) return accept(neighbour.external ? withCommunity(route, TOLD) : route);
    const isValid = prefix.origin === (empty ? LOCAL_AS : originAs(route));
    return isValid ? accept({ ...route, localPref: 150 }) : undefined;
  },
  only(asked) {
    const { route, from, ipv4 } = asked;
    if (isShort(asked)) return accept({ ...route, weight: 2 });
    return from.as === 64_502 && ipv4 ? accept(route) : undefined;
  },
  tell(asked) {
    const { route, from, neighbour } = asked;
    if (route.path[0] === 64_502) return accept({ ...withCommunity(route, TOLD), med: 50 }, true);
    if (!from.external) return undefined;
    if (!neighbour.external) return accept({ ...route, localPref: localPref(route) + 11 });
    if (isExact(asked)) return accept(prepended(route, 1));
    const origin = originAs(route);
    return (origin === 64_600 || origin === 64_601) && isLong(asked) ? undefined : accept(route);
  },
  coded({ route, length }) {
    if (route.origin === 2)
      return length > 24 ? undefined : accept({ ...route, localPref: localPref(route) + 7 });
    // Without an end: a set of an AS_PATH is no part of it as the function sees it.
    if (route.path.includes(LONG_PATH)) return undefined;
    if (route.path[0] !== 64_502) return accept(route);
    return accept({ ...withCommunity(route, TOLD), med: 3, weight: (route.weight ?? 0) + 1 }, true);
  },
  plain({ route }) {
    if (originAs(route) === 64_601) return undefined;
    return route.communities.includes(MARK)
      ? accept({ ...prepended(route, 1), med: 50 }, true)
      : accept(route);
  },
};

/** Without a policy, the route as it is. */
export function passed(
  name: PolicyName | undefined,
  route: Route,
  prefix: SimulatedPrefix,
  neighbour: NeighbourOptions,
  from: NeighbourOptions,
): Passed | undefined {
  if (name === undefined) return accept(route);
  const ipv4 = prefix.family === FAMILY_IPV4;
  return POLICY[name]({ route, prefix, ipv4, length: prefix.nlri[0] as number, neighbour, from });
}
