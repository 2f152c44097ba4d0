/**
 * What stands around "router bgp" and concerns it: the addresses of interfaces, from which it connects, static routes, and the RPKI
 * caches.
 */
import { isLinkLocal } from '../base/address.ts';
import { blockText, parseEntry } from './prefixes.ts';
import type { Line } from './read.ts';
import type { Report } from './report.ts';

type Values = Record<string, unknown>;

/** How often a cache is asked, in FRR's words and in ours, and what graftd takes. */
const INTERVALS: Readonly<Record<string, readonly [key: string, least: number, most: number]>> = {
  polling_period: ['refresh', 1, 86_400],
  retry_interval: ['retry', 1, 7200],
  expire_interval: ['expire', 600, 172_800],
};

/** A route of FRR's that is not BGP's; `nextHop`: where it is an address. */
export interface OtherRoute {
  readonly prefix: string;
  readonly nextHop?: string;
}

export class Surroundings {
  /** By kind and family, like "connected ipv4". */
  readonly #others = new Map<string, OtherRoute[]>();
  /** Of each interface, as "lo ipv4". */
  readonly #addresses = new Map<string, string>();
  /** "router-id" of zebra, and the highest IPv4 address of a loopback, and of any interface. */
  readonly #ids: { said?: string; loopback?: string; other?: string } = {};
  readonly #caches: Values[] = [];
  readonly #intervals: Values = {};
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Takes a line of another part of FRR; false where it is none of these. */
  take(line: Line): boolean {
    const [first = '', second = '', third = ''] = line.words;
    if (/^(ip )?router-id [\d.]+$/.test(line.words.join(' '))) this.#ids.said = line.words.at(-1) as string;
    this.#noteStatic(line);
    if (line.place.kind !== 'other') return false;
    const [kind, name = ''] = line.place.title.split(/\s+/);
    if (kind === 'interface' && second === 'address' && (first === 'ip' || first === 'ipv6') && !line.no) {
      const key = `${name} ${first === 'ip' ? 'ipv4' : 'ipv6'}`;
      // The first one is what FRR connects from, too.
      const [address = ''] = third.split('/');
      if (!/\bvrf\b/.test(line.place.title) && !/^127\./.test(address) && !isLinkLocal(address))
        this.#noteOther('connected', third, undefined);
      if (!this.#addresses.has(key)) this.#addresses.set(key, address);
      if (first === 'ip') this.#offer(name === 'lo' ? 'loopback' : 'other', address);
      return false;
    }
    if (kind !== 'rpki' || first !== 'rpki' || second === '') return false;
    const wrong = this.#rpki(line, second, third);
    if (wrong === undefined) this.#report.carried++;
    else this.#report.leave(line, wrong);
    return true;
  }

  /** "ip route 10.0.0.0/8 192.0.2.1", "ipv6 route 2001:db8::/32 Null0". */
  #noteStatic({ words: [first = '', what, prefix = '', via = ''], words, no }: Line): void {
    if (what !== 'route' || (first !== 'ip' && first !== 'ipv6') || no || words.includes('vrf')) return;
    this.#noteOther('static', prefix, /^[\d.]+$|:/.test(via) ? via : undefined);
  }

  #noteOther(kind: 'connected' | 'static', text: string, nextHop: string | undefined): void {
    const ipv6 = text.includes(':');
    const block = parseEntry([text], ipv6);
    if (block === undefined) return;
    const key = `${kind} ${ipv6 ? 'ipv6' : 'ipv4'}`;
    const route = { prefix: blockText(block), ...(nextHop === undefined ? {} : { nextHop }) };
    this.#others.set(key, [...(this.#others.get(key) ?? []), route]);
  }

  /** What "redistribute" would take, as far as the file says it. */
  others(kind: string, family: 'ipv4' | 'ipv6'): readonly OtherRoute[] {
    return this.#others.get(`${kind} ${family}`) ?? [];
  }

  /** What a session with this neighbour comes from that is to come from that interface. */
  addressOf(interfaceName: string, neighbor: string): string | undefined {
    return this.#addresses.get(`${interfaceName} ${neighbor.includes(':') ? 'ipv6' : 'ipv4'}`);
  }

  #offer(kind: 'loopback' | 'other', address: string): void {
    const before = this.#ids[kind];
    if (before === undefined || rank(address) > rank(before)) this.#ids[kind] = address;
  }

  /** The BGP Identifier that FRR takes where "router bgp" says none: of zebra, of a loopback, of any interface. */
  get routerId(): string | undefined {
    return this.#ids.said ?? this.#ids.loopback ?? this.#ids.other;
  }

  get rpki(): Values | undefined {
    if (this.#caches.length === 0) return undefined;
    return { caches: this.#caches.map((cache) => ({ ...cache, ...this.#intervals })) };
  }

  #rpki(line: Line, what: string, value: string): string | undefined {
    if (line.no) return 'it takes something back';
    const interval = INTERVALS[what];
    if (interval !== undefined) {
      const [key, least, most] = interval;
      const seconds = Number(value);
      if (!(seconds >= least && seconds <= most)) return `graftd takes ${least} to ${most} seconds`;
      this.#intervals[key] = seconds;
      return undefined;
    }
    if (what !== 'cache') return 'graftd has no counterpart';
    // "rpki cache ADDRESS PORT preference N", "rpki cache tcp ADDRESS PORT source ADDRESS preference N".
    const words = line.words.slice(value === 'tcp' ? 3 : 2);
    const [address = '', port = ''] = words;
    if (!/^[\d.]+$|:/.test(address)) return 'graftd connects to a cache by its address, and without SSH';
    const after = (word: string): string | undefined => words[words.indexOf(word, 2) + 1];
    if (!/^\d+$/.test(port) || (words[2] !== undefined && words[2] !== 'preference' && words[2] !== 'source'))
      return 'graftd speaks RTR over plain TCP only';
    this.#caches.push({
      address,
      port: Number(port),
      ...(words.includes('source') ? { 'local-address': after('source') } : {}),
      ...(words.includes('preference') ? { preference: Number(after('preference')) } : {}),
    });
    return undefined;
  }
}

/** Of two addresses the higher one has the higher rank; those of 127/8 have none. */
function rank(address: string): number {
  const parts = address.split('.').map(Number);
  return parts[0] === 127 ? 0 : parts.reduce((sum, part) => sum * 256 + part, 0);
}
