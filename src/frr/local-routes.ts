/**
 * "network", "aggregate-address" and "redistribute" of "router bgp" as router.originate and router.aggregates.
 *
 *   network 10.0.0.0/8 route-map M ─→ originate: [{ prefix: 10.0.0.0/8, med: 5 }]     where M only sets, and what a route can have
 *   aggregate-address 10.0.0.0/8 summary-only ─→ aggregates: [{ prefix: 10.0.0.0/8, summary-only: true }]
 *
 *   redistribute connected ─→ originate: [{ prefix: 192.0.2.0/24, origin: incomplete, med: 0 }]     the addresses of interfaces; or static routes
 *
 * They wait for the end of the file, since route maps stand below.
 */
import { blockText, parseEntry } from './prefixes.ts';
import type { Line } from './read.ts';
import type { Report } from './report.ts';
import type { RouteMaps } from './route-maps.ts';
import type { Values } from './router-lines.ts';
import type { Surroundings } from './surroundings.ts';

/** Why a line has no counterpart. */
export class Unknown extends Error {}

/** What is said of aggregates and has no counterpart. */
const NOT_OF_AGGREGATES: ReadonlyMap<string, string> = new Map([
  ['as-set', 'no AS_SET is originated (RFC 9774): an aggregate has an empty AS_PATH'],
  ['matching-MED-only', 'graftd aggregates routes whatever their MULTI_EXIT_DISC'],
  ['route-map', 'graftd says what an aggregate has by keys, not by a route map'],
  ['suppress-map', 'graftd hides all that is within an aggregate ("summary-only"), or nothing'],
]);

const ALWAYS = 'FRR originates a network only while it has a route to it; graftd originates each in any case';

export class LocalRoutes {
  readonly #report: Report;
  readonly #maps: RouteMaps;
  readonly #lines: Line[] = [];
  /** By prefix: what is said last holds. */
  readonly #networks = new Map<string, Values>();
  readonly #aggregates = new Map<string, Values>();
  #importCheck = true;

  readonly #around: Surroundings;

  constructor(report: Report, maps: RouteMaps, around: Surroundings) {
    this.#around = around;
    this.#report = report;
    this.#maps = maps;
  }

  /** Whether the line is about routes of the router itself. */
  take(line: Line): boolean {
    const [first = ''] = line.words;
    if (line.words.join(' ') === 'bgp network import-check') this.#importCheck = !line.no;
    if (line.no || !['network', 'aggregate-address', 'redistribute'].includes(first)) return false;
    this.#lines.push(line);
    return true;
  }

  /** The keys of the router, once the route maps are made. */
  finish(): Values {
    for (const line of this.#lines) this.#read(line);
    this.#leaveTwice();
    return {
      ...(this.#networks.size > 0 ? { originate: [...this.#networks.values()] } : {}),
      ...(this.#aggregates.size > 0 ? { aggregates: [...this.#aggregates.values()] } : {}),
    };
  }

  /** graftd has one or the other: the aggregate where it stands for all that is within it, else the network, which is always there. */
  #leaveTwice(): void {
    for (const line of this.#lines) {
      const isNetwork = line.words[0] === 'network';
      const prefix = read(line);
      const aggregate = this.#aggregates.get(prefix);
      if (aggregate === undefined || !this.#networks.has(prefix)) continue;
      if (isNetwork !== 'summary-only' in aggregate) continue;
      (isNetwork ? this.#networks : this.#aggregates).delete(prefix);
      this.#report.carried--;
      const other = isNetwork ? 'an aggregate' : 'a network';
      this.#report.leave(line, `${prefix} is ${other} already, and graftd has a route of its own once`);
    }
  }

  #read(line: Line): void {
    const isNetwork = line.words[0] === 'network';
    try {
      if (line.words[0] === 'redistribute') {
        this.#redistribute(line);
        return;
      }
      const { prefix, rest } = prefixOf(line.words);
      if (isNetwork) {
        // FRR tells its own routes with MULTI_EXIT_DISC 0, and not without one.
        const route = { prefix, med: 0, ...this.#network(rest) };
        const first = this.#networks.size === 0;
        this.#networks.set(prefix, route);
        if (first && this.#importCheck) this.#report.note(line, ALWAYS);
        else this.#report.carried++;
      } else {
        this.#aggregates.set(prefix, { prefix, ...aggregate(rest) });
        this.#report.carried++;
      }
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      this.#report.leave(line, error.message);
    }
  }

  /** What FRR finds in the kernel is what the file says of it. ORIGIN and MULTI_EXIT_DISC are those of FRR. */
  #redistribute(line: Line): void {
    const [, kind = '', ...rest] = line.words;
    const { place } = line;
    if (kind !== 'connected' && kind !== 'static')
      throw new Unknown(
        'graftd takes no routes from other protocols; "originate" of the router names its own',
      );
    const family = place.kind === 'bgp' && place.family === 'ipv6' ? 'ipv6' : 'ipv4';
    const found = this.#around.others(kind, family);
    if (found.length === 0) {
      const what = kind === 'connected' ? 'addresses of interfaces' : 'static routes';
      throw new Unknown(
        `graftd takes no routes from the kernel, and the file has no ${what} to name instead`,
      );
    }
    const metric = rest[0] === 'metric' ? Number(rest[1]) : 0;
    const keys = {
      origin: 'incomplete',
      med: metric,
      ...this.#network(rest[0] === 'metric' ? rest.slice(2) : rest),
    };
    for (const { prefix, nextHop } of found) {
      if (this.#networks.has(prefix)) continue;
      this.#networks.set(prefix, {
        prefix,
        ...(nextHop === undefined ? {} : { 'next-hop': nextHop }),
        ...keys,
      });
    }
    this.#report.note(
      line,
      `graftd originates what the file says: ${found.map(({ prefix }) => prefix).join(', ')}`,
    );
  }

  #network([word, name = '', ...more]: readonly string[]): Values {
    if (word === undefined) return {};
    if (word !== 'route-map' || more.length > 0) throw new Unknown(`graftd has no counterpart for "${word}"`);
    const set = this.#maps.changes(name);
    if (typeof set === 'string') throw new Unknown(set);
    // Our own routes come first in any case.
    const { weight: _, ...keys } = set;
    return Object.fromEntries(Object.entries(keys).map(([key, value]) => keyOf(name, key, value)));
  }
}

/** The prefix of a line, where it has one. */
function read({ words }: Line): string {
  try {
    return prefixOf(words).prefix;
  } catch {
    return '';
  }
}

/** What a route map sets, as a route of the router itself has it. */
export function keyOf(map: string, key: string, value: unknown): [key: string, value: unknown] {
  if (key === 'community') {
    // There is nothing yet that could be removed.
    const { set, add } = value as { set?: string[]; add?: string[] };
    return ['communities', [...new Set([...(set ?? []), ...(add ?? [])])]];
  }
  const number = key === 'med' || key === 'local-pref';
  if ((number && typeof value === 'number') || key === 'origin' || key === 'next-hop') return [key, value];
  throw new Unknown(`route-map ${map} sets what graftd’s own routes cannot have: ${key}`);
}

function aggregate(words: readonly string[]): object {
  const keys: { origin?: unknown; 'summary-only'?: true } = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === 'summary-only') keys['summary-only'] = true;
    else if (word === 'origin') keys.origin = words[++i];
    else throw new Unknown(NOT_OF_AGGREGATES.get(word) ?? `graftd has no counterpart for "${word}"`);
  }
  return keys;
}

/** "network 10.0.0.0/8", "network 10.0.0.0 mask 255.0.0.0", "aggregate-address 10.0.0.0 255.0.0.0", and what follows. */
function prefixOf([, address = '', ...rest]: readonly string[]): { prefix: string; rest: string[] } {
  let text = address;
  if (!address.includes('/')) {
    const [mask = '', ...others] = rest[0] === 'mask' ? rest.slice(1) : rest;
    text = `${address}/${maskLength(mask)}`;
    rest = others;
  }
  const block = parseEntry([text], address.includes(':'));
  if (block === undefined) throw new Unknown('that is no prefix with a length');
  return { prefix: blockText(block), rest };
}

/** "255.255.0.0" is 16; NaN where it is no mask. */
function maskLength(mask: string): number {
  const bits = mask
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) && bits.length === 32 ? bits.lastIndexOf('1') + 1 : Number.NaN;
}
