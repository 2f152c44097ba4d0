/** A route as policies in TypeScript see it, and what they return as changes of its attributes. */
import { formatAddress, formatPrefix4, formatPrefix6, parseAddress } from '../base/address.ts';
import { AttributeType, Segment } from '../bgp/attributes.ts';
import { u32 } from '../bgp/bytes.ts';
import { rowOf } from '../bgp/roles.ts';
import { type Change, changeOf } from './actions.ts';
import { type AttributeView, COMMUNITY_TYPE } from './attributes.ts';
import { CodeError } from './code.ts';
import type { Changes, CommunityChanges, PolicyNeighbor, Route } from './code-api.ts';
import type { CodeTests } from './code-sets.ts';
import {
  COMMUNITY_SIZE,
  type CommunityKind,
  communityOctets,
  communityText,
  parseCommunity,
} from './community.ts';
import { type Neighbor, type NeighborContext, neighborOf, type RouteSource } from './conditions.ts';
import type { Action } from './language.ts';
import { type Validator, validatedOrigin } from './validation.ts';

const ORIGINS = ['igp', 'egp', 'incomplete'] as const;
const VALIDITIES = ['not-found', 'valid', 'invalid'] as const;

export interface Surroundings {
  readonly source: RouteSource;
  readonly origins: Validator;
  readonly neighbor: NeighborContext;
}

/** One for each call: who keeps it finds nothing in it. */
export class RouteView implements Route {
  /** Something was asked that routes with the same attributes can differ in. */
  asksRoute = false;
  #around: Surroundings;
  #view: AttributeView | undefined;
  readonly #id: number;
  readonly #session: number;
  readonly #tests: CodeTests;
  readonly #asksNeighbor: boolean;

  constructor(
    around: Surroundings,
    view: AttributeView,
    id: number,
    session: number,
    tests: CodeTests,
    asksNeighbor: boolean,
  ) {
    this.#tests = tests;
    this.#asksNeighbor = asksNeighbor;
    this.#around = around;
    this.#view = view;
    this.#id = id;
    this.#session = session;
  }

  close(): void {
    this.#view = undefined;
  }

  get #set(): AttributeView {
    if (this.#view === undefined) throw new CodeError('a route was looked at after its policy had ended');
    return this.#view;
  }

  get prefix(): string {
    this.asksRoute = true;
    return idText(this.#around.source, this.#id);
  }

  get length(): number {
    this.asksRoute = true;
    return this.#around.source.prefixes.lengthOf(this.#id);
  }

  get family(): Route['family'] {
    this.asksRoute = true;
    return this.#id < this.#around.source.prefixes.base6 ? 'ipv4-unicast' : 'ipv6-unicast';
  }

  get rpki(): Route['rpki'] {
    this.asksRoute = true;
    const { source, origins, neighbor } = this.#around;
    const origin = validatedOrigin(this.#set, neighbor.localAs);
    return VALIDITIES[origins.validity(source.prefixes, this.#id, origin)];
  }

  get learnedFrom(): PolicyNeighbor {
    this.asksRoute = true;
    return neighborText(neighborOf(this.#around.source, this.#session));
  }

  get neighbor(): Route['neighbor'] {
    if (!this.#asksNeighbor) throw new CodeError('"neighbor" has to stand in the file: write route.neighbor');
    const { neighbor } = this.#around;
    const role = neighbor.localRole === undefined ? undefined : rowOf(neighbor.localRole).theirs;
    return { ...neighborText(neighbor), role };
  }

  isIn(...words: string[]): boolean {
    this.asksRoute = true;
    return this.#tests.isIn(words, this.#around.source, this.#id);
  }

  matchesPath(...words: string[]): boolean {
    return this.#tests.matchesPath(words, this.#set);
  }

  comesFrom(...words: string[]): boolean {
    return this.#tests.comesFrom(words, this.#set);
  }

  hasCommunity(...words: string[]): boolean {
    return this.#tests.hasCommunity('community', words, this.#set);
  }

  hasLargeCommunity(...words: string[]): boolean {
    return this.#tests.hasCommunity('large-community', words, this.#set);
  }

  hasExtCommunity(...words: string[]): boolean {
    return this.#tests.hasCommunity('ext-community', words, this.#set);
  }

  get localAs(): number {
    return this.#around.neighbor.localAs;
  }

  get asPath(): readonly number[] {
    return segments(this.#set).flatMap(({ type, ases }) => (type === Segment.Sequence ? ases : []));
  }

  get asPathText(): string {
    return segments(this.#set)
      .map(({ type, ases }) => (type === Segment.Sequence ? ases.join(' ') : `{${ases.join(',')}}`))
      .join(' ');
  }

  get pathLength(): number {
    return this.#set.pathLength;
  }

  get originAs(): number {
    return this.#set.originAs;
  }

  get firstAs(): number {
    return this.#set.neighborAs;
  }

  get origin(): Route['origin'] {
    return ORIGINS[this.#set.origin] ?? 'incomplete';
  }

  get nextHop(): string {
    const { at, octets } = this.#set.nextHop;
    return octets === 0 ? '' : formatAddress(this.#set.bytes, at, octets);
  }

  get med(): number {
    return this.#set.med;
  }

  get localPref(): number {
    return this.#set.localPref;
  }

  get weight(): number {
    return this.#set.weight;
  }

  get communities(): readonly string[] {
    return texts('community', this.#set);
  }

  get largeCommunities(): readonly string[] {
    return texts('large-community', this.#set);
  }

  get extCommunities(): readonly string[] {
    return texts('ext-community', this.#set);
  }
}

export function idText({ prefixes }: RouteSource, id: number): string {
  const { base6, keys6 } = prefixes;
  if (id < base6) return formatPrefix4(prefixes.address4(id), prefixes.length4(id));
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = keys6.subarray((id - base6) * 5, (id - base6) * 5 + 5);
  return formatPrefix6(a, b, c, d, length);
}

function neighborText({ address, as, external }: Neighbor): PolicyNeighbor {
  return { address: formatAddress(address), as, external };
}

function segments(view: AttributeView): { readonly type: number; readonly ases: number[] }[] {
  const { bytes } = view;
  const found: { type: number; ases: number[] }[] = [];
  const end = view.to(AttributeType.AsPath);
  for (let at = view.from(AttributeType.AsPath); at < end; at += 2 + 4 * (bytes[at + 1] as number)) {
    const ases = Array.from({ length: bytes[at + 1] as number }, (_, i) => u32(bytes, at + 2 + 4 * i));
    found.push({ type: bytes[at] as number, ases });
  }
  return found;
}

function texts(kind: CommunityKind, view: AttributeView): string[] {
  const type = COMMUNITY_TYPE[kind];
  const found: string[] = [];
  for (let at = view.from(type); at < view.to(type); at += COMMUNITY_SIZE[kind])
    found.push(communityText(kind, view.bytes, at));
  return found;
}

const MOST = 0xffffffff;
const KEYS = [
  'localPref',
  'weight',
  'med',
  'origin',
  'nextHop',
  'prepend',
  'prependAs',
  'community',
  'largeCommunity',
  'extCommunity',
  'reason',
];

/** What was returned, as changes in order; throws a CodeError where it makes no sense. */
export function changesOf(changes: Changes, localAs: number): Change[] {
  for (const key of Object.keys(changes))
    if (!KEYS.includes(key)) throw new CodeError(`returned "${key}", which is none of ${KEYS.join(', ')}`);
  return actionsOf(changes).map((action) => changeOf(action, localAs));
}

function actionsOf({
  localPref,
  weight,
  med,
  origin,
  nextHop,
  prepend,
  prependAs,
  ...rest
}: Changes): Action[] {
  const actions: Action[] = [];
  const number = (name: string, value: unknown, most = MOST): number => {
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > most)
      throw new CodeError(`returned ${name}: ${String(value)}, which is no number from 0 to ${most}`);
    return value as number;
  };
  const set = (of: 'med' | 'local-pref' | 'weight', value: number): void => {
    actions.push({ kind: 'number', of, by: 'set', value });
  };
  if (localPref !== undefined) set('local-pref', number('localPref', localPref));
  if (weight !== undefined) set('weight', number('weight', weight));
  if (med === null) actions.push({ kind: 'remove', of: 'med' });
  else if (med !== undefined) set('med', number('med', med));
  if (origin !== undefined) {
    if (!ORIGINS.includes(origin)) throw new CodeError(`returned origin: ${String(origin)}`);
    actions.push({ kind: 'origin', origin: ORIGINS.indexOf(origin) });
  }
  if (nextHop !== undefined) {
    const octets = nextHop === 'self' ? undefined : parseAddress(String(nextHop));
    if (nextHop !== 'self' && octets === undefined)
      throw new CodeError(`returned nextHop: ${nextHop}, which is neither an address nor "self"`);
    actions.push(octets === undefined ? { kind: 'next-hop' } : { kind: 'next-hop', octets: [...octets] });
  }
  if (prependAs !== undefined) {
    const ases = [...prependAs].slice(0, 26).map((as) => number('prependAs', as));
    actions.push({ kind: 'prepend', ases, times: 1 });
  }
  if (prepend !== undefined) actions.push({ kind: 'prepend', times: number('prepend', prepend, 25) });
  communityActions('community', rest.community, actions);
  communityActions('large-community', rest.largeCommunity, actions);
  communityActions('ext-community', rest.extCommunity, actions);
  return actions;
}

function communityActions(of: CommunityKind, changes: CommunityChanges | undefined, into: Action[]): void {
  if (changes === undefined) return;
  const { set, remove, add } = changes;
  const pattern = (text: string) => {
    const found = parseCommunity(of, String(text));
    if (typeof found === 'string') throw new CodeError(`returned a ${of} that is none: it ${found}`);
    return found;
  };
  const octets = (items: readonly string[]): number[] =>
    [...items].flatMap((text) => {
      const found = communityOctets(of, pattern(text));
      if (found === undefined) throw new CodeError(`returned ${text}, which is many, not one ${of}`);
      return found;
    });
  if (set !== undefined) into.push({ kind: 'communities', of, by: 'set', octets: octets(set) });
  if (remove !== undefined)
    into.push({ kind: 'communities', of, by: 'remove', patterns: [...remove].map(pattern) });
  if (add !== undefined) into.push({ kind: 'communities', of, by: 'add', octets: octets(add) });
}
