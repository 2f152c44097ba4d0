/**
 * An FRR configuration (frr.conf, bgpd.conf) as one of graftd: neighbours and peer groups, prefix lists, AS path lists,
 * community lists, route maps, routes of its own. What has no counterpart is reported line by line, with the reason.
 *
 *   text ─→ lines with places (read.ts) ─→ lists, route maps, neighbours ─→ YAML, and what became of each line (report.ts)
 *
 * Of several routers in one file (VRFs) one is converted: the others are for another chassis, with another file.
 *
 * Pure: no file is read. FRR's meaning is kept where the two differ: an undefined list matches nothing, a route map that is not
 * there permits nothing, and an eBGP neighbour without a policy gives and gets nothing unless "no bgp ebgp-requires-policy".
 */
import { Document } from 'yaml';
import { isLinkLocal } from '../base/address.ts';
import { DefaultRoutes } from './default-routes.ts';
import { dropInVain } from './in-vain.ts';
import { Lists } from './lists.ts';
import { LocalRoutes } from './local-routes.ts';
import { Names } from './names.ts';
import { type Direction, FilterPolicies, Neighbors, type Peer } from './neighbors.ts';
import { type Line, type Place, readLines } from './read.ts';
import { type Left, Report } from './report.ts';
import { RouteMaps } from './route-maps.ts';
import { RouterLines, type Values } from './router-lines.ts';
import { Surroundings } from './surroundings.ts';

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

/** `known`: the keys that a neighbour can have; `routerKeys`: those of the router. */
export function convertFrr(
  text: string,
  known: ReadonlySet<string>,
  routerKeys: ReadonlySet<string>,
  vrf?: string,
): Converted {
  const report = new Report();
  const converter = new Converter(report, known, routerKeys, vrf);
  for (const line of readLines(text)) converter.take(line);
  const yaml = converter.finish();
  return {
    yaml,
    carried: report.carried,
    left: report.left,
    notes: report.notes,
    foreign: report.foreign,
  };
}

class Converter {
  readonly #report: Report;
  readonly #names = new Names('accept', 'reject');
  readonly #lists: Lists;
  readonly #maps: RouteMaps;
  readonly #neighbors: Neighbors;
  readonly #router: RouterLines;
  readonly #local: LocalRoutes;
  readonly #around: Surroundings;
  readonly #defaults: DefaultRoutes;
  #bgp: BgpPlace | undefined;

  /** The instance that is converted; undefined: that of no VRF. */
  readonly #vrf: string | undefined;

  constructor(
    report: Report,
    known: ReadonlySet<string>,
    routerKeys: ReadonlySet<string>,
    vrf: string | undefined,
  ) {
    this.#vrf = vrf;
    this.#report = report;
    this.#lists = new Lists(report);
    this.#maps = new RouteMaps(this.#lists, this.#names, report);
    this.#neighbors = new Neighbors(report, known);
    this.#router = new RouterLines(report, routerKeys);
    this.#around = new Surroundings(report);
    this.#local = new LocalRoutes(report, this.#maps, this.#around);
    this.#defaults = new DefaultRoutes(report, this.#maps);
  }

  take(line: Line): void {
    const { place } = line;
    if (place.kind === 'route-map') this.#maps.take(line);
    else if (place.kind === 'bgp') this.#takeBgp(line, place);
    else if (this.#around.take(line)) return;
    else if (place.kind === 'other' || !this.#lists.take(line)) this.#report.foreign++;
  }

  #takeBgp(line: Line, place: BgpPlace): void {
    const [first = ''] = line.words;
    if (place.vrf !== this.#vrf) {
      const other = place.vrf === undefined ? 'without --vrf' : `with --vrf ${place.vrf}`;
      this.#report.leave(line, `a chassis is one router: "import frr" ${other} makes a file of this one`);
      return;
    }
    if (typeof place.family === 'object') {
      this.#report.leave(line, `graftd speaks no ${place.family.other}`);
      return;
    }
    if (first === 'router') {
      this.#bgp = place;
      this.#router.router.as = place.as;
      this.#report.carried++;
    } else if (first === 'address-family') this.#report.carried++;
    else if (first === 'neighbor') this.#neighbors.take(line, place.family);
    else if (!this.#local.take(line)) this.#router.take(line);
  }

  finish(): string {
    this.#maps.finish();
    Object.assign(this.#router.router, this.#local.finish());
    const policies = new FilterPolicies(this.#lists, this.#maps, this.#names);
    const peers = [...this.#neighbors.peers.values()];
    const groups: Values = {};
    const groupNames = new Names();
    for (const peer of peers)
      if (peer.group) groups[groupNames.of(peer.name)] = this.#keys(peer, undefined, policies);
    const neighbors = peers
      .filter((peer) => !peer.group)
      .flatMap((peer) => this.#neighbor(peer, groups, groupNames, policies));
    const ranges = this.#ranges(groups, groupNames);
    dropInVain(this.#maps.policies, [...Object.values(groups), ...neighbors] as Values[]);
    const id = this.#router.router.id ?? this.#around.routerId;
    const whole = {
      router: { ...this.#router.router, ...(id === undefined ? {} : { id }) },
      chassis: this.#router.chassis,
      rpki: this.#around.rpki ?? {},
      defaults: this.#router.defaults,
      ...this.#maps.entries.sets,
      policies: this.#maps.policies,
      groups,
      neighbors,
      'neighbor-ranges': ranges,
    };
    return this.#print(Object.fromEntries(Object.entries(whole).filter(([, each]) => !isEmpty(each))), id);
  }

  /** Those who call without being named ("bgp listen range"). */
  #ranges(groups: Values, groupNames: Names): Values[] {
    return this.#router.ranges.flatMap(({ range, group, line }) => {
      const peer = this.#neighbors.peers.get(group);
      const name = peer?.group ? groupNames.of(group) : undefined;
      if (name === undefined || (groups[name] as Values).as === undefined) {
        this.#report.carried--;
        this.#report.leave(line, 'the AS of those who call has to be said, by the number');
        return [];
      }
      const { limit } = this.#router;
      return [{ range, group: name, ...(limit === undefined ? {} : { limit }) }];
    });
  }

  #neighbor(peer: Peer, groups: Values, groupNames: Names, policies: FilterPolicies): Values[] {
    const group = peer.member === undefined ? undefined : this.#neighbors.peers.get(peer.member);
    const keys = this.#keys(peer, group, policies);
    if (peer.as === undefined && group?.as === undefined) {
      this.#report.carried -= peer.lines.length;
      for (const line of peer.lines) this.#report.leave(line, `${peer.name} is left out: its AS is not said`);
      return [];
    }
    if (isLinkLocal(peer.name) && peer.zone === undefined) {
      this.#report.carried -= peer.lines.length;
      for (const line of peer.lines)
        this.#report.leave(line, `${peer.name} is left out: it is link-local, and its interface is not said`);
      return [];
    }
    this.#connectFrom(peer, group, keys);
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
        address: peer.zone === undefined ? peer.name : `${peer.name}%${peer.zone}`,
        ...(groupName === undefined ? {} : { group: groupName }),
        ...Object.fromEntries(own),
      },
    ];
  }

  /** "update-source lo" is the address of that interface, where the file says it. */
  #connectFrom(peer: Peer, group: Peer | undefined, keys: Values): void {
    const source = peer.source ?? group?.source;
    // From which address one connects to a link-local one goes without saying.
    if (source === undefined || keys['local-address'] !== undefined || isLinkLocal(peer.name)) return;
    const { name, line } = source;
    const address = this.#around.addressOf(name, peer.name);
    if (address !== undefined) keys['local-address'] = address;
    else if (!this.#report.left.some((left) => left.line === line.number)) {
      this.#report.carried--;
      this.#report.leave(line, `graftd connects from an address, and the file does not say that of ${name}`);
    }
  }

  #asOf(peer: Peer | undefined): number | 'external' | undefined {
    if (peer?.as === 'internal') return this.#bgp?.as;
    return peer?.as === 'auto' ? undefined : peer?.as;
  }

  /** The keys of a neighbour with those of its group, or of a group. */
  #keys(peer: Peer, group: Peer | undefined, policies: FilterPolicies): Values {
    const keys: Values = {};
    const as = this.#asOf(peer) ?? this.#asOf(group);
    if (as !== undefined) keys.as = as;
    Object.assign(keys, group?.keys, peer.keys);
    const originate = this.#defaults.of({ ...group?.defaults, ...peer.defaults });
    // Empty: not what its group is told.
    if (originate.length > 0 || Object.keys(group?.defaults ?? {}).length > 0) keys.originate = originate;
    const active = (family: 'ipv4' | 'ipv6'): boolean =>
      peer.active[family] ?? group?.active[family] ?? (family === 'ipv4' && this.#router.ipv4ByDefault);
    const families = (['ipv4', 'ipv6'] as const).filter(active);
    if (families.length > 0) keys.families = families.map((family) => `${family}-unicast`);
    const filters = new Map([...(group?.filters ?? []), ...peer.filters]);
    const internal = as !== undefined && as === this.#bgp?.as;
    for (const [key, direction] of [
      ['import', 'in'],
      ['export', 'out'],
    ] as const) {
      const policy = this.#policy(
        filters,
        direction,
        families,
        internal,
        policies,
        peer.as === undefined && group?.as === undefined,
      );
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
    return this.#router.requiresPolicy ? undefined : 'accept';
  }

  #print(whole: Values, id: unknown): string {
    const document = new Document(whole);
    const { left, notes } = this.#report;
    for (const each of [left, notes]) each.sort((a, b) => a.line - b.line);
    const lines = [
      ' Made from an FRR configuration.',
      ...(id === undefined ? [' router.id has to be put in: the file does not say it.'] : []),
      ...(id === this.#router.router.id
        ? []
        : [` router.id is the address that FRR would take for it: ${id}.`]),
      ...comments(' Not carried over:', left),
      ...comments(' Please look at:', notes),
    ];
    document.commentBefore = lines.join('\n');
    return document.toString({ lineWidth: 110, flowCollectionPadding: false });
  }
}

function isEmpty(section: unknown): boolean {
  return Object.keys(section as object).length === 0;
}

function comments(title: string, found: readonly Left[]): string[] {
  if (found.length === 0) return [];
  return [title, ...found.map(({ line, text, reason }) => `   line ${line}: ${text}: ${reason}`)];
}
