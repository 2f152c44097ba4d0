/**
 * An FRR configuration (frr.conf, bgpd.conf) as one of graftd: neighbours and peer groups, prefix lists, AS path lists,
 * community lists, route maps. What has no counterpart is reported line by line, with the reason.
 *
 *   text ─→ lines with places (read.ts) ─→ lists, route maps, neighbours ─→ YAML, and what became of each line (report.ts)
 *
 * Pure: no file is read. FRR's meaning is kept where the two differ: an undefined list matches nothing, a route map that is not
 * there permits nothing, and an eBGP neighbour without a policy gives and gets nothing unless "no bgp ebgp-requires-policy".
 */
import { Document } from 'yaml';
import { Lists } from './lists.ts';
import { Names } from './names.ts';
import { asNumber, type Direction, FilterPolicies, Neighbors, type Peer } from './neighbors.ts';
import { type Line, type Place, readLines } from './read.ts';
import { type Left, Report } from './report.ts';
import { RouteMaps } from './route-maps.ts';

export interface Converted {
  readonly yaml: string;
  /** Lines of neighbours and policies that were carried over, and those that were not. */
  readonly carried: number;
  readonly left: readonly Left[];
  /** Where what is carried over is not quite the same, or needs nothing in graftd. */
  readonly notes: readonly Left[];
  /** Lines of the system and of other protocols. */
  readonly foreign: number;
}

type BgpPlace = Extract<Place, { kind: 'bgp' }>;
type Values = Record<string, unknown>;

/** `known`: the keys that a neighbour can have; `routerKeys`: those of the router. */
export function convertFrr(
  text: string,
  known: ReadonlySet<string>,
  routerKeys: ReadonlySet<string>,
): Converted {
  const report = new Report();
  const converter = new Converter(report, known, routerKeys);
  for (const line of readLines(text)) converter.take(line);
  return {
    yaml: converter.finish(),
    carried: report.carried,
    left: report.left,
    notes: report.notes,
    foreign: report.foreign,
  };
}

class Converter {
  readonly #report: Report;
  readonly #routerKeys: ReadonlySet<string>;
  readonly #names = new Names('accept', 'reject');
  readonly #lists: Lists;
  readonly #maps: RouteMaps;
  readonly #neighbors: Neighbors;
  readonly #router: Values = {};
  readonly #defaults: Values = {};
  #bgp: BgpPlace | undefined;
  #ipv4ByDefault = true;
  #requiresPolicy = true;

  constructor(report: Report, known: ReadonlySet<string>, routerKeys: ReadonlySet<string>) {
    this.#report = report;
    this.#routerKeys = routerKeys;
    this.#lists = new Lists(report);
    this.#maps = new RouteMaps(this.#lists, this.#names, report);
    this.#neighbors = new Neighbors(report, known);
  }

  take(line: Line): void {
    const { place } = line;
    if (place.kind === 'route-map') this.#maps.take(line);
    else if (place.kind === 'bgp') this.#takeBgp(line, place);
    else if (place.kind === 'other' || !this.#lists.take(line)) this.#report.foreign++;
  }

  #takeBgp(line: Line, place: BgpPlace): void {
    const [first = ''] = line.words;
    if (place.vrf !== undefined) {
      this.#report.leave(line, 'a chassis is one router: there are no VRFs');
      return;
    }
    if (typeof place.family === 'object') {
      this.#report.leave(line, `graftd speaks no ${place.family.other}`);
      return;
    }
    if (first === 'router') {
      this.#bgp = place;
      this.#router['as'] = place.as;
      this.#report.carried++;
    } else if (first === 'address-family') this.#report.carried++;
    else if (first === 'neighbor') this.#neighbors.take(line, place.family);
    else this.#takeRouter(line);
  }

  #takeRouter(line: Line): void {
    const text = line.words.join(' ');
    const [first = '', second = '', third = ''] = line.words;
    const wrong = this.#routerLine(line, text, first, second, third);
    if (wrong === undefined) this.#report.carried++;
    else this.#report.leave(line, wrong);
  }

  /** What is wrong with a line about the router, where something is. */
  #routerLine(line: Line, text: string, first: string, second: string, third: string): string | undefined {
    if (text.startsWith('bgp router-id')) return this.#set('id', third);
    if (text.startsWith('bgp cluster-id')) return this.#set('cluster-id', third);
    if (text === 'bgp default ipv4-unicast') this.#ipv4ByDefault = !line.no;
    else if (text === 'bgp ebgp-requires-policy') this.#requiresPolicy = !line.no;
    else if (text === 'bgp always-compare-med')
      return line.no ? undefined : this.#set('always-compare-med', true);
    else if (text.startsWith('bgp bestpath med missing-as-worst'))
      return this.#set('missing-med-as-worst', true);
    else if (text.startsWith('bgp confederation identifier'))
      return this.#setConfederation('id', asNumber(line.words[3] ?? ''));
    else if (text.startsWith('bgp confederation peers'))
      return this.#setConfederation('members', line.words.slice(3).map(asNumber));
    else if (text === 'bgp graceful-restart')
      this.#defaults['graceful-restart'] = line.no ? 'helper' : 'full';
    else if (text.startsWith('bgp long-lived-graceful-restart stale-time')) {
      this.#defaults['long-lived-stale-time'] = Number(line.words[3]);
    } else if (text === 'bgp graceful-restart-disable') this.#defaults['graceful-restart'] = 'off';
    else if (text.startsWith('bgp graceful-restart restart-time')) {
      const seconds = Number(line.words[3]);
      if (!(seconds >= 1 && seconds <= 4095)) return 'graftd takes 1 to 4095 seconds';
      this.#defaults['restart-time'] = seconds;
    } else if (first === 'timers' && second === 'bgp') {
      this.#defaults['hold-time'] = Number(line.words[3]);
    } else if (NEEDLESS.test(text)) {
      this.#report.notes.push({ line: line.number, text: line.text, reason: 'graftd needs nothing for it' });
    } else if (first === 'network')
      return 'graftd originates a route whatever export policies say: see "originate"';
    else return line.no ? 'it takes something back that graftd does not do' : 'graftd has no counterpart';
    return undefined;
  }

  #set(key: string, value: unknown): string | undefined {
    if (!this.#routerKeys.has(key)) return `graftd has no "${key}"`;
    this.#router[key] = value;
    return undefined;
  }

  #setConfederation(key: 'id' | 'members', value: unknown): string | undefined {
    return this.#set('confederation', {
      ...(this.#router.confederation as object | undefined),
      [key]: value,
    });
  }

  finish(): string {
    this.#maps.finish();
    const policies = new FilterPolicies(this.#lists, this.#maps, this.#names);
    const peers = [...this.#neighbors.peers.values()];
    const groups: Values = {};
    const groupNames = new Names();
    for (const peer of peers)
      if (peer.group) groups[groupNames.of(peer.name)] = this.#keys(peer, undefined, policies);
    const neighbors = peers
      .filter((peer) => !peer.group)
      .flatMap((peer) => this.#neighbor(peer, groups, groupNames, policies));
    const whole = {
      router: this.#router,
      ...(Object.keys(this.#defaults).length > 0 ? { defaults: this.#defaults } : {}),
      ...this.#maps.entries.sets,
      ...(Object.keys(this.#maps.policies).length > 0 ? { policies: this.#maps.policies } : {}),
      ...(Object.keys(groups).length > 0 ? { groups } : {}),
      ...(neighbors.length > 0 ? { neighbors } : {}),
    };
    return this.#print(whole);
  }

  #neighbor(peer: Peer, groups: Values, groupNames: Names, policies: FilterPolicies): Values[] {
    const group = peer.member === undefined ? undefined : this.#neighbors.peers.get(peer.member);
    const keys = this.#keys(peer, group, policies);
    if (keys['as'] === undefined && group?.keys['as'] === undefined && this.#asOf(group) === undefined) {
      this.#report.leave(peer.line, `${peer.name} is left out: its AS is not said, or only as external`);
      return [];
    }
    if (peer.shutdown !== undefined) {
      this.#report.notes.push({
        line: peer.shutdown.number,
        text: peer.shutdown.text,
        reason: `a shutdown is no configuration in graftd: "chassis shutdown ${peer.name}"`,
      });
    }
    const groupName = group === undefined ? undefined : groupNames.of(group.name);
    const inherited = (groupName === undefined ? {} : groups[groupName]) as Values;
    const own = Object.entries(keys).filter(
      ([key, value]) => JSON.stringify(inherited[key]) !== JSON.stringify(value),
    );
    return [
      {
        address: peer.name,
        ...(groupName === undefined ? {} : { group: groupName }),
        ...Object.fromEntries(own),
      },
    ];
  }

  #asOf(peer: Peer | undefined): number | undefined {
    if (peer?.as === 'internal') return this.#bgp?.as;
    return typeof peer?.as === 'number' ? peer.as : undefined;
  }

  /** The keys of a neighbour with those of its group, or of a group. */
  #keys(peer: Peer, group: Peer | undefined, policies: FilterPolicies): Values {
    const keys: Values = {};
    const as = this.#asOf(peer) ?? this.#asOf(group);
    if (as !== undefined) keys['as'] = as;
    Object.assign(keys, group?.keys, peer.keys);
    const active = (family: 'ipv4' | 'ipv6'): boolean =>
      peer.active[family] ?? group?.active[family] ?? (family === 'ipv4' && this.#ipv4ByDefault);
    const families = (['ipv4', 'ipv6'] as const).filter(active);
    if (families.length > 0) keys['families'] = families.map((family) => `${family}-unicast`);
    const filters = new Map([...(group?.filters ?? []), ...peer.filters]);
    const internal = as !== undefined && as === this.#bgp?.as;
    for (const [key, direction] of [
      ['import', 'in'],
      ['export', 'out'],
    ] as const) {
      const policy = this.#policy(filters, direction, families, internal, policies, as === undefined);
      if (policy !== undefined) keys[key] = policy;
    }
    return keys;
  }

  #policy(
    filters: ReadonlyMap<string, string>,
    direction: Direction,
    families: readonly ('ipv4' | 'ipv6')[],
    internal: boolean,
    policies: FilterPolicies,
    unknown: boolean,
  ): string | undefined {
    const policy = policies.policy(filters, direction, families.length > 0 ? families : ['ipv4']);
    if (policy !== undefined || internal || unknown) return policy;
    // RFC 8212, for which FRR has this switch.
    return this.#requiresPolicy ? undefined : 'accept';
  }

  #print(whole: Values): string {
    const document = new Document(whole);
    const { left, notes } = this.#report;
    const lines = [
      ' Made from an FRR configuration.',
      ...(this.#router['id'] === undefined ? [' router.id has to be put in: the file does not say it.'] : []),
      ...comments(' Not carried over:', left),
      ...comments(' Please look at:', notes),
    ];
    document.commentBefore = lines.join('\n');
    return document.toString({ lineWidth: 110, flowCollectionPadding: false });
  }
}

const NEEDLESS =
  /^coalesce-time|^bgp (graceful-restart preserve-fw-state|log-neighbor-changes|suppress-fib-pending|network import-check|allow-martian-nexthop|fast-external-failover|deterministic-med|send-extra-data|update-delay|default (show|software)|suppress-duplicates)/;

function comments(title: string, found: readonly Left[]): string[] {
  if (found.length === 0) return [];
  return [title, ...found.map(({ line, text, reason }) => `   line ${line}: ${text}: ${reason}`)];
}
