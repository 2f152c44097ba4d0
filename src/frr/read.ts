/**
 * The text of a frr.conf or bgpd.conf as lines that know where they stand: FRR nests by words, not by indentation.
 *
 *   router bgp 65000 ─→ address-family ipv4 unicast ─→ exit-address-family     route-map NAME permit 10     top level
 */

/** Where a line stands. */
export type Place =
  | { readonly kind: 'top' }
  | {
      readonly kind: 'bgp';
      readonly as: number;
      readonly vrf: string | undefined;
      readonly family: AddressFamily;
    }
  | { readonly kind: 'route-map'; readonly name: string; readonly permit: boolean; readonly order: number }
  /** Interfaces, other protocols, keys …: nothing of it is BGP's. */
  | { readonly kind: 'other'; readonly title: string };

/** The address family of a line of "router bgp": none is the part before any. */
export type AddressFamily = 'none' | 'ipv4' | 'ipv6' | { readonly other: string };

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Without a "no" in front. */
  readonly words: readonly string[];
  readonly no: boolean;
  readonly place: Place;
}

/** Sections of other parts of FRR: their lines are counted as not BGP's, but not listed. */
const OTHER =
  /^(interface|router|line|vrf|key|pbr-map|nexthop-group|segment-routing|mpls|bfd|bmp|rpki|l2vpn|pseudowire|evpn)\b/;

const TOP: Place = { kind: 'top' };

export function readLines(text: string): Line[] {
  const lines: Line[] = [];
  let place: Place = TOP;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('!') || trimmed.startsWith('#')) continue;
    const no = /^no\s/.test(trimmed);
    const words = trimmed.replace(/^no\s+/, '').split(/\s+/);
    place = enter(words, no, /^\s/.test(raw), place);
    if (!ENDS.has(words[0] as string)) lines.push({ number: i + 1, text: trimmed, words, no, place });
  }
  return lines;
}

const ENDS = new Set(['exit', 'exit-address-family', 'exit-vrf', 'exit-vnc', 'end', 'exit-route-map']);

/** Where a line stands, and those after it, given where the one before stood. */
function enter(words: readonly string[], no: boolean, indented: boolean, before: Place): Place {
  const [first = '', second = ''] = words;
  if (first === 'end') return TOP;
  if (first === 'exit-address-family' && before.kind === 'bgp') return { ...before, family: 'none' };
  if (first === 'exit' || first === 'exit-route-map' || first === 'exit-vrf') return TOP;
  if (no) return !indented && before.kind === 'other' ? TOP : before;
  if (first === 'router' && second === 'bgp') return routerBgp(words);
  if (first === 'route-map' && words.length >= 4) {
    const permit = words[2] !== 'deny';
    return { kind: 'route-map', name: second, permit, order: Number(words[3]) };
  }
  if (first === 'address-family' && before.kind === 'bgp') return { ...before, family: familyOf(words) };
  if (TOP_WORDS.test(words.join(' '))) return TOP;
  if (before.kind === 'bgp' && BGP_WORDS.has(first)) return before;
  if (OTHER.test(words.join(' ')) && !indented) return { kind: 'other', title: words.join(' ') };
  if (before.kind === 'route-map' && ROUTE_MAP_WORDS.has(first)) return before;
  return indented || before.kind === 'other' ? before : TOP;
}

/** "65000", or "1.10" (RFC 5396). */
export function asNumber(word: string): number {
  const dotted = /^(\d+)\.(\d+)$/.exec(word);
  return dotted === null ? Number(word) : Number(dotted[1]) * 65536 + Number(dotted[2]);
}

const BGP_WORDS = new Set([
  'neighbor',
  'bgp',
  'network',
  'aggregate-address',
  'redistribute',
  'maximum-paths',
  'timers',
]);
const ROUTE_MAP_WORDS = new Set(['match', 'set', 'call', 'on-match', 'continue', 'description']);
/** What stands on its own, wherever it stands. */
const TOP_WORDS =
  /^((ip|ipv6) (prefix-list|as-path|community-list|extcommunity-list|large-community-list|protocol|nht|forwarding|route)|bgp (as-path|community-list|extcommunity-list|large-community-list)|access-list|(ip|ipv6) access-list|hostname|log|password|service|frr)\b/;

function routerBgp(words: readonly string[]): Place {
  const at = words.indexOf('vrf');
  return {
    kind: 'bgp',
    as: asNumber(words[2] ?? ''),
    vrf: at > 0 ? words[at + 1] : words.includes('view') ? words.at(-1) : undefined,
    family: 'none',
  };
}

function familyOf(words: readonly string[]): AddressFamily {
  const [, family = '', safi = 'unicast'] = words;
  if (safi === 'unicast' && (family === 'ipv4' || family === 'ipv6')) return family;
  return { other: words.slice(1).join(' ') };
}
