/**
 * Neighbours and peer groups of "router bgp": what each line says of a neighbour becomes a key, and what filters what it tells
 * and is told becomes a policy made of FRR's steps: prefix list, filter list and access list, then the route map.
 */

import { isLinkLocal } from '../base/address.ts';
import type { DefaultLines } from './default-routes.ts';
import { aclName, type Lists, type Test } from './lists.ts';
import type { Names } from './names.ts';
import { asNumber, type Line } from './read.ts';
import type { Report } from './report.ts';
import { type Conditions, family } from './route-map-entry.ts';
import type { RouteMaps, StatementText } from './route-maps.ts';

export type Direction = 'in' | 'out';
type Values = Record<string, unknown>;

/** What is said of a neighbour, or of a peer group. */
export class Peer {
  readonly name: string;
  readonly group: boolean;
  /** The interface that a link-local address is on. */
  zone: string | undefined;
  /** The peer group that it belongs to. */
  member: string | undefined;
  /** external: any other than ours; auto: any. */
  as: number | 'internal' | 'external' | 'auto' | undefined;
  readonly keys: Values = {};
  /** Families that are activated, or not. */
  readonly active: { ipv4?: boolean; ipv6?: boolean } = {};
  /** "ipv4 in route-map" → its name. */
  readonly filters = new Map<string, string>();
  readonly defaults: DefaultLines = {};
  /** The interface from which FRR connects. */
  source: { readonly name: string; readonly line: Line } | undefined;
  /** The lines that were carried over. */
  readonly lines: Line[] = [];
  shutdown: Line | undefined;

  constructor(name: string, group: boolean) {
    this.name = name;
    this.group = group;
  }
}

const FILTERS = ['prefix-list', 'filter-list', 'distribute-list', 'route-map'] as const;
type Filter = (typeof FILTERS)[number];

/** Lines that ask for what graftd does anyway, or that a router without a forwarding plane has no use for. */
const ALWAYS: Readonly<Record<string, string>> = {
  'soft-reconfiguration': 'graftd keeps what a neighbour told in any case',
  'send-community': 'graftd sends all communities in any case',
  'ebgp-multihop': 'graftd does not limit the hops to a neighbour; "ttl-security" does',
  'disable-connected-check': 'graftd does not ask whether a neighbour is connected',
  solo: 'who shares an update group is graftd’s affair',
  'extended-optional-parameters': 'graftd uses them where they are needed (RFC 9072)',
  'capability dynamic': 'that capability is not in use any more',
};

const NOT_OFFERED = 'graftd does not offer that capability';

/** Why what is asked for often has no counterpart. */
const WITHOUT: Readonly<Record<string, string>> = {
  bfd: 'graftd has no BFD: a neighbour that is gone is found out by the hold time',
  aigp: 'graftd keeps no AIGP (RFC 7311) in its decisions',
  dampening: 'graftd damps no routes',
  'unsuppress-map': 'graftd hides all that is within an aggregate ("summary-only"), or nothing',
  'advertise-map': 'graftd tells no route for want of another one',
  'addpath-tx-bestpath-per-AS':
    'graftd tells the best routes, so many or all ("add-path-most"), whatever AS they come by',
};

/** Addresses that graftd talks to nobody at. */
const UNUSABLE: readonly (readonly [RegExp, string])[] = [
  [/^2[45]\d\.\d+\.\d+\.\d+$/, 'addresses of 240.0.0.0/4 are reserved'],
];

const ALL_CAPABILITIES = ['multiprotocol', 'route-refresh', 'enhanced-route-refresh', 'four-octet-as'];

/** Keys with a value that stands as it is, or is always true. */
const FLAGS: Readonly<Record<string, string>> = {
  passive: 'passive',
  'next-hop-self': 'next-hop-self',
  'route-reflector-client': 'route-reflector-client',
  'route-server-client': 'route-server-client',
  'as-override': 'as-override',
  'enforce-first-as': 'enforce-first-as',
  'capability extended-nexthop': 'extended-next-hop',
};

export class Neighbors {
  readonly peers = new Map<string, Peer>();
  readonly #report: Report;
  /** The keys that a neighbour of this graftd can have. */
  readonly #known: ReadonlySet<string>;

  constructor(report: Report, known: ReadonlySet<string>) {
    this.#report = report;
    this.#known = known;
  }

  /** Takes "neighbor NAME …". */
  take(line: Line, family: 'none' | 'ipv4' | 'ipv6'): void {
    const [, name = '', what = '', ...rest] = line.words;
    if (rest[0] === 'remote-as' || (what === 'interface' && !isLinkLocal(name))) {
      this.#report.leave(
        line,
        'a neighbour is configured by its address; unnumbered sessions have no counterpart',
      );
      return;
    }
    const unusable = UNUSABLE.find(([form]) => form.test(name));
    if (unusable !== undefined) {
      this.#report.leave(line, unusable[1]);
      return;
    }
    let peer = this.peers.get(name);
    if (peer === undefined) {
      const isGroup = !/^[\d.]+$|:/.test(name);
      peer = new Peer(name, isGroup);
      this.peers.set(name, peer);
    }
    const wrong = this.#take(peer, line, family, what, rest);
    if (wrong !== undefined) {
      this.#report.leave(line, wrong);
      return;
    }
    this.#report.carried++;
    peer.lines.push(line);
  }

  /** What is wrong with it, where something is. */
  #take(
    peer: Peer,
    line: Line,
    family: 'none' | 'ipv4' | 'ipv6',
    what: string,
    rest: readonly string[],
  ): string | undefined {
    const [first = '', second = ''] = rest;
    const set = (key: string, value: unknown): string | undefined => {
      if (!this.#known.has(key)) return `graftd has no "${key}"`;
      peer.keys[key] = value;
      return undefined;
    };
    if (what === 'activate') {
      if (family !== 'none') peer.active[family] = !line.no;
      return undefined;
    }
    const always = ALWAYS[what] ?? ALWAYS[`${what} ${first}`];
    if (always !== undefined && !line.no)
      return void this.#report.notes.push({ line: line.number, text: line.text, reason: always });
    if (line.no && what === 'capability')
      return void this.#report.notes.push({ line: line.number, text: line.text, reason: NOT_OFFERED });
    if (line.no) return what === 'shutdown' ? undefined : 'it takes something back';
    const flag = FLAGS[what] ?? FLAGS[`${what} ${first}`];
    if (flag !== undefined) return set(flag, true);
    switch (what) {
      case 'interface':
        peer.zone = first;
        return undefined;
      case 'remote-as':
        if (first === 'auto') {
          peer.as = first;
          return 'graftd wants the AS of the neighbour by its number, or "external": it has to be put in';
        }
        peer.as = first === 'internal' || first === 'external' ? first : asNumber(first);
        return undefined;
      case 'peer-group':
        if (first !== '') peer.member = first;
        return undefined;
      case 'description':
        return set('description', rest.join(' '));
      case 'password':
        return set('password', rest.at(-1));
      case 'port':
        return set('port', Number(first));
      case 'update-source':
        if (/^[\d.]+$|:/.test(first)) return set('local-address', first);
        peer.source = { name: first, line };
        return undefined;
      case 'ttl-security':
        return set('ttl-security', Number(second));
      case 'timers':
        if (first === 'connect') return set('connect-retry-time', Number(second));
        if (first === 'delayopen') return 'graftd does not delay its OPEN';
        return setTimers(set, Number(first), Number(second));
      case 'weight':
        return set('weight', Number(first));
      case 'advertisement-interval':
        // As graftd does it anyway.
        return first === '0' ? undefined : set('advertisement-interval', Number(first));
      case 'maximum-prefix':
        return this.#maximum(rest, set);
      case 'allowas-in':
        return first === 'origin'
          ? 'graftd allows a number of times only'
          : set('allowas-in', first === '' ? 3 : Number(first));
      case 'remove-private-AS':
      case 'remove-private-as':
        return set('remove-private-as', rest.includes('replace-AS') ? 'replace' : 'all');
      case 'local-as':
        return this.#localAs(rest, set);
      case 'local-role':
        return set('local-role', first) ?? (second === 'strict-mode' ? set('role-strict', true) : undefined);
      case 'graceful-restart':
        return set('graceful-restart', 'full');
      case 'graceful-restart-helper':
        return set('graceful-restart', 'helper');
      case 'graceful-restart-disable':
        return set('graceful-restart', 'off');
      case 'graceful-shutdown':
        return set('graceful-shutdown', true);
      case 'addpath-tx-all-paths':
        return set('add-path-send', alsoFamily(peer, family));
      case 'addpath-tx-best-selected':
        return set('add-path-send', alsoFamily(peer, family)) ?? set('add-path-most', Number(first));
      case 'disable-addpath-rx':
        // As without the key.
        return undefined;
      case 'default-originate':
        peer.defaults[family === 'none' ? 'ipv4' : family] = line;
        return undefined;
      case 'dont-capability-negotiate':
        return set('without-capabilities', ALL_CAPABILITIES);
      case 'shutdown':
        peer.shutdown = line;
        return undefined;
      default:
        break;
    }
    if (FILTERS.includes(what as Filter)) {
      if (second !== 'in' && second !== 'out') return `"${second}" is no direction`;
      // Outside of an address family it is about IPv4, as everything was once.
      peer.filters.set(`${family === 'none' ? 'ipv4' : family} ${second} ${what}`, first);
      return undefined;
    }
    return WITHOUT[what] ?? 'graftd has no counterpart';
  }

  #maximum(
    rest: readonly string[],
    set: (key: string, value: unknown) => string | undefined,
  ): string | undefined {
    const restart = rest.indexOf('restart');
    if (rest.includes('warning-only') || rest.includes('force'))
      return 'graftd closes the session, or has no limit';
    const threshold = /^\d+$/.test(rest[1] ?? '') ? Number(rest[1]) : undefined;
    return (
      set('max-prefixes', Number(rest[0])) ??
      (threshold === undefined ? undefined : set('max-prefixes-warning', threshold)) ??
      (restart < 0 ? undefined : set('max-prefixes-restart', Number(rest[restart + 1]) * 60))
    );
  }

  #localAs(
    [as = '', ...how]: readonly string[],
    set: (key: string, value: unknown) => string | undefined,
  ): string | undefined {
    return (
      set('local-as', asNumber(as)) ??
      (how.includes('no-prepend') ? set('local-as-no-prepend', true) : undefined) ??
      (how.includes('replace-as') ? set('local-as-replace-as', true) : undefined)
    );
  }
}

/** The families that are told several paths, and this one. */
function alsoFamily({ keys }: Peer, family: 'none' | 'ipv4' | 'ipv6'): string[] {
  const before = (keys['add-path-send'] ?? []) as string[];
  return [...new Set([...before, `${family === 'none' ? 'ipv4' : family}-unicast`])];
}

function setTimers(
  set: (key: string, value: unknown) => string | undefined,
  keepalive: number,
  hold: number,
): string | undefined {
  const wrong = set('hold-time', hold);
  // A third of the hold time is what it is anyway.
  return (
    wrong ??
    (hold === 0 || keepalive * 3 === hold || keepalive >= hold ? undefined : set('keepalive-time', keepalive))
  );
}

/** Makes the policies of what filters a neighbour in one direction. */
export class FilterPolicies {
  readonly #lists: Lists;
  readonly #maps: RouteMaps;
  readonly #names: Names;
  /** Equal filters share a policy. */
  readonly #made = new Map<string, string>();

  constructor(lists: Lists, maps: RouteMaps, names: Names) {
    this.#lists = lists;
    this.#maps = maps;
    this.#names = names;
  }

  /** The policy for these filters ("ipv4 in route-map" → name) and families; undefined: nothing is filtered. */
  policy(
    filters: ReadonlyMap<string, string>,
    direction: Direction,
    families: readonly ('ipv4' | 'ipv6')[],
  ): string | undefined {
    const steps = families.map((each) => ({
      each,
      found: FILTERS.map((filter) => filters.get(`${each} ${direction} ${filter}`)),
    }));
    if (steps.every(({ found }) => found.every((name) => name === undefined))) return undefined;
    const key = `${direction} ${JSON.stringify(steps)}`;
    const before = this.#made.get(key);
    if (before !== undefined) return before;
    const same = new Set(steps.map(({ found }) => JSON.stringify(found))).size === 1;
    const [first] = steps as [(typeof steps)[number]];
    const map = first.found[3];
    const mapOnly =
      same && map !== undefined && first.found.every((name, i) => i === 3 || name === undefined);
    const policy = mapOnly ? (this.#maps.policy(map) ?? 'reject') : this.#compose(steps, direction, key);
    this.#made.set(key, policy);
    return policy;
  }

  #compose(
    steps: readonly { each: 'ipv4' | 'ipv6'; found: readonly (string | undefined)[] }[],
    direction: Direction,
    key: string,
  ): string {
    const name = this.#names.of(`filters ${key}`, direction === 'in' ? 'import' : 'export');
    // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
    this.#maps.policies[name] = steps.flatMap(({ each, found }): StatementText[] => {
      const [prefixList, filterList, accessList, map] = found;
      const ipv6 = each === 'ipv6';
      const mine = { family: [family(ipv6)] };
      const end = map === undefined ? undefined : (this.#maps.policy(map) ?? 'reject');
      return [
        ...this.#prefixStep(prefixList, ipv6, mine),
        ...this.#pathStep(filterList, mine),
        ...this.#prefixStep(accessList === undefined ? undefined : aclName(accessList), ipv6, mine),
        end === undefined || end === 'reject'
          ? { if: mine, then: end ?? 'accept' }
          : { if: mine, call: end, then: 'reject' },
      ];
    });
    // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
    return name;
  }

  /** What is not in the list goes no further. */
  #prefixStep(list: string | undefined, ipv6: boolean, mine: Conditions): StatementText[] {
    if (list === undefined) return [];
    const set = this.#maps.entries.prefixSetOf(list, ipv6);
    // biome-ignore lint/suspicious/noThenProperty: a key of the file, and never a function.
    return [{ if: mine, ...(set === undefined ? {} : { unless: { prefix: [set] } }), then: 'reject' }];
  }

  #pathStep(list: string | undefined, mine: Conditions): StatementText[] {
    if (list === undefined) return [];
    const policy = this.#names.of(`filter-list ${list}`, `filter-list-${list}`);
    this.#maps.policies[policy] ??= pathPolicy(this.#lists.tests('as-path', list) ?? []);
    return [{ if: mine, call: policy }];
  }
}

/** A policy that comes back from what is permitted, and rejects the rest. */
function pathPolicy(tests: readonly Test[]): StatementText[] {
  // biome-ignore-start lint/suspicious/noThenProperty: a key of the file, and never a function.
  const permits = tests.map(
    ({ some, none }): StatementText => ({
      ...(some.length > 0 ? { if: { 'as-path': [...some] } } : {}),
      ...(none.length > 0 ? { unless: { 'as-path': [...none] } } : {}),
      then: 'return',
    }),
  );
  return [...permits, { then: 'reject' }];
  // biome-ignore-end lint/suspicious/noThenProperty: a key of the file, and never a function.
}
