/**
 * What a route becomes on its way to neighbours of one kind: export policy and the rewriting of attributes
 * (RFC 4271 5.1, 9.1.3). Neighbours of one kind share an `ExportRules`, and so an update group.
 *
 * The result is a recipe beside the set as it was received (rib/told.ts), or an attribute set of its own in the dictionary, and it is remembered
 * what became of which (told-sets.ts).
 */

import { AttributeType, Community } from '../../bgp/attribute-table.ts';
import { findAttribute, valueLength, valueStart } from '../../bgp/attributes.ts';
import { putU32 } from '../../bgp/bytes.ts';
import { CANONICAL_ROOM } from '../../bgp/canonical.ts';
import { addCommunity, hasCommunity } from '../../bgp/communities.ts';
import { wireAttributes } from '../../bgp/encode.ts';
import { type ExportOptions, exportAttributes, type StaleExport } from '../../bgp/export.ts';
import { FAMILY_IPV4, FAMILY_IPV6 } from '../../bgp/families.ts';
import {
  changesExport,
  type NeighbourRules,
  prepared,
  reflected,
  sharesNextHop,
} from '../../bgp/neighbour-rules.ts';
import type { Fabric } from '../../fabric/fabric.ts';
import { ATTRIBUTE_ROW, BOX, SESSION, SESSION_FLAG } from '../../fabric/layout.ts';
import { AttributeView, MARK } from '../../policy/attributes.ts';
import type { PolicyBook } from '../../policy/book.ts';
import type { NeighborContext } from '../../policy/conditions.ts';
import { NO_ROOM, type PolicyRunner } from '../../policy/runner.ts';
import { LENGTHS, LOCAL_PREF, LONG_STALE, REFLECTED, ROW } from '../../rib/attribute-row.ts';
import { isOwnSource, type Originated, ownSource } from '../../rib/own-source.ts';
import { recipeFor } from '../../rib/told.ts';
import { originate, originatedKey } from './originated.ts';
import { AllTold, LastTold, SetBits, type ToldSets } from './told-sets.ts';

/** A policy, who it is used for, and the program that follows from both. */
export interface ExportPolicy {
  readonly key: string;
  readonly neighbor: NeighborContext;
  readonly program: string;
}

export interface ExportRules {
  readonly accept: boolean;
  readonly policy?: ExportPolicy;
  /** FAMILY_ bits negotiated. */
  readonly families: number;
  readonly external: boolean;
  readonly fourOctetAs: boolean;
  /** Octets of the longest message the neighbour takes. */
  readonly maxMessage: number;
  readonly localAs: number;
  /** The router's own AS, where `localAs` is another one, and is to be seen. */
  readonly behindAs?: number;
  /** Least time between two advertisements, milliseconds. */
  readonly interval?: number;
  readonly neighborAs: number;
  /** A route reflector client; and the cluster that we are of (RFC 4456). */
  readonly client: boolean;
  readonly clusterId: number;
  readonly rules: NeighbourRules;
  readonly originated?: readonly Originated[];
  /** What is told of routes kept over the long absence of whoever told them (RFC 9494 4.4, 4.6). */
  readonly stale: StaleExport;
  /** FAMILY_ bits of which several paths of a prefix are told, and how many at most; 0: all (RFC 7911). */
  readonly paths?: { readonly families: number; readonly most: number };
  /** What is told where the best route must not be (instead.ts): the best external one, or the best that this session may be told. */
  readonly instead?: 'external' | number;
  readonly nextHopSelf: boolean;
  /** Octets of IPv4, or of IPv6 where IPv4 routes go by it. */
  readonly nextHop4: Uint8Array;
  readonly nextHop6: Uint8Array;
  /** It takes IPv4 routes with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop?: boolean;
}

/** Sessions with equal keys can share an update group. */
export function groupKey(rules: ExportRules): string {
  const flags = [rules.accept, rules.external, rules.fourOctetAs, rules.nextHopSelf].map(Number).join('');
  const policy = rules.policy === undefined ? '' : `/${rules.policy.program}`;
  const common = `${flags}${rules.stale[0]}/${rules.families}/${rules.maxMessage}/${rules.localAs}`;
  return `${common}/${rules.nextHop4}/${rules.nextHop6}${policy}${more(rules)}${rulesKey(rules)}${originatedKey(rules.originated)}`;
}

/** What few neighbours have. */
function more({ behindAs, interval, paths, instead, extendedNextHop }: ExportRules): string {
  const several = paths === undefined ? '' : `/paths ${paths.families} ${paths.most}`;
  const other = instead === undefined ? '' : `/instead ${instead}`;
  return `${several}${other}${extendedNextHop === true ? '/extended' : ''}${behindAs === undefined ? '' : `/as ${behindAs}`}${interval === undefined ? '' : `/every ${interval}`}`;
}

/** What of the neighbour's own rules makes a difference for what it is told. */
function rulesKey({ external, client, clusterId, neighborAs, rules }: ExportRules): string {
  const reflection = !external && client ? `/client of ${clusterId}` : '';
  const { passBlackhole, routeServerClient } = rules;
  const { shared } = rules;
  const subnets = shared?.subnets.map(({ bytes, length }) => `${bytes}/${length}`);
  const third = shared === undefined ? '' : `/shared ${subnets?.join(' ')} but ${shared.neighbor}`;
  const plain = `${passBlackhole ? '/blackhole' : ''}${routeServerClient ? '/transparent' : ''}${third}`;
  if (!changesExport(rules)) return reflection + plain;
  const { role, asOverride = false, removePrivateAs, gracefulShutdown = false } = rules;
  // Only these two look at who the neighbour is.
  const as = asOverride || removePrivateAs !== undefined ? neighborAs : 0;
  const member = rules.confederate ? '/confederate' : '';
  return `${reflection}${plain}${member}/${[role, asOverride, removePrivateAs, gracefulShutdown, as].join(' ')}`;
}

export const NO_RULES: NeighbourRules = {};

/** Reflected sets: few sessions, and sets that their neighbours share. As many as `slot` has bits for. */
const REFLECTED_CACHE = 1 << 12;
/** Octets of an UPDATE that are neither attributes nor all of the NLRI, and a prefix. */
const NOT_ATTRIBUTES = 96;
/** Octets behind a set's first that most of it ends before: two lines of the cache. */
const LINE = 48;
const scratch = new Uint8Array(CANONICAL_ROOM);
const wire = new Uint8Array(2 * CANONICAL_ROOM);

export class Exporter {
  readonly rules: ExportRules;
  readonly #fabric: Fabric;
  readonly #options: ExportOptions;
  /** Bits of the recipe by which it is told (rib/told.ts); 0: it is not, or not of every set. */
  readonly #recipe: number;
  readonly #told: ToldSets;
  /** The same for routes of a route server's clients, where the neighbour is one, too. */
  #toldAmongClients: ToldSets | undefined;
  /** Sets that policy lets pass to this neighbour as they are, whatever the prefix: most of those that are told. */
  readonly #asItCame = new SetBits();
  readonly #policy: PolicyRunner | undefined;
  readonly #policies: PolicyBook;
  #ownPolicy: PolicyRunner | undefined;
  /** For routes of a route server's clients, where the neighbour is one, too. */
  #clientPolicy: PolicyRunner | undefined;
  readonly #changes: boolean;
  /** By set and source; made when the first route is reflected. */
  #reflected:
    | { readonly sets: Uint32Array; readonly peers: Uint32Array; readonly values: Uint32Array }
    | undefined;
  /** By PrefixId what the router itself originates, as it is sent. */
  originated: ReadonlyMap<number, number> = new Map();
  /** How often the dictionary had no room for a set: the route is not told until there is some, and counted. */
  dictionaryFull = 0;
  /** How many sets were found that no message has room for. */
  tooLong = 0;
  /** A set found no room in the dictionary: all routes are to be looked at once more after the next sweep. */
  failed = false;

  /** `few`: there are few exporters, so that it may remember all. */
  constructor(fabric: Fabric, rules: ExportRules, policies: PolicyBook, few = false) {
    this.#fabric = fabric;
    this.rules = rules;
    this.#options = {
      external: rules.external,
      localAs: rules.localAs,
      behindAs: rules.behindAs,
      stale: rules.stale,
      nextHopSelf: rules.nextHopSelf,
      nextHop4: rules.nextHop4,
      nextHop16: rules.nextHop6,
      passBlackhole: rules.rules.passBlackhole,
      // RFC 7947 2.2: a route server changes none of them.
      keepMed: rules.rules.routeServerClient,
      transparent: rules.external && rules.rules.routeServerClient,
      extendedNextHop: rules.extendedNextHop,
    };
    this.#told = few ? new AllTold(fabric) : new LastTold();
    this.#policies = policies;
    this.#changes = changesExport(rules.rules);
    this.#recipe = this.#goesByRecipe() ? recipeFor(fabric, this.#options) : 0;
    const { policy } = rules;
    if (policy === undefined) return;
    this.#policy = policies.runner(policy.key, policy.neighbor, this.#finish);
  }

  /** By which table of VRPs it is told; 0 where the RPKI is not asked. */
  get originsAsked(): number {
    return this.#policy?.asksOrigins === true ? this.#policy.origins.generation : 0;
  }

  get asksOrigins(): boolean {
    return this.#policy?.asksOrigins === true;
  }

  /** What is told of a set after policy. */
  readonly #finish = ({ bytes, start, end, marks }: AttributeView, attribute: number): number => {
    const { attributes } = this.#fabric;
    const isAsItCame = bytes === attributes.bytes && start === attributes.offsetOf(attribute) && marks === 0;
    if (isAsItCame && this.#recipe !== 0 && attributes.traits[attribute] !== 0)
      return attribute | this.#recipe;
    return this.#rewrite(attribute, bytes, start, end, this.#optionsFor(attribute, marks));
  };

  /**
   * Can it be said by recipe what is told of a set, as nothing but policy and RFC 4271 5.1 changes it on its way? Not where several paths
   * of a prefix are told: what stands for these holds AttrIds only (rib/path-set.ts).
   */
  #goesByRecipe(): boolean {
    const { accept, paths, rules } = this.rules;
    return accept && paths === undefined && rules.shared === undefined && !this.#changes;
  }

  /** What to send for a prefix whose best route is (attribute, session + 1), as a word of an out view; 0: nothing is sent. */
  attributeFor(id: number, attribute: number, source: number): number {
    const { rules } = this;
    if (this.originated.size > 0) {
      const own = this.originated.get(id);
      if (own !== undefined) return own;
    }
    if (attribute === 0 || !rules.accept) return 0;
    const family = id < this.#fabric.prefixes.base6 ? FAMILY_IPV4 : FAMILY_IPV6;
    if ((rules.families & family) === 0) return 0;
    if (isOwnSource(this.#fabric, source)) return this.#ownAttributeFor(id, attribute, source);
    if (this.#passesOn(source)) {
      if (!this.#isClients(source)) return 0;
      attribute = this.#reflect(attribute, source - 1);
      if (attribute === 0) return 0;
    }
    const isAmongClients = this.#options.transparent === true && this.#isServerClient(source);
    if (this.#policy !== undefined) {
      // Only where there is a recipe are sets noted there.
      if (this.#asItCame.has(attribute)) return attribute | this.#recipe;
      return this.#afterPolicy(isAmongClients ? this.#amongClients() : this.#policy, id, attribute, source);
    }
    if (this.#recipe !== 0 && this.#fabric.attributes.traits[attribute] !== 0)
      return attribute | this.#recipe;
    const told = isAmongClients ? (this.#toldAmongClients ??= new LastTold()) : this.#told;
    const known = told.get(attribute);
    if (known >= 0) return known;
    const { attributes } = this.#fabric;
    const start = attributes.offsetOf(attribute);
    const options = this.#optionsFor(attribute, 0);
    const exported = this.#rewrite(
      attribute,
      attributes.bytes,
      start,
      start + attributes.lengthOf(attribute),
      isAmongClients ? { ...options, passesCommunities: true } : options,
    );
    if (exported < 0) return 0;
    told.set(attribute, exported);
    return exported;
  }

  /** Brings near the sets that policy has not been asked about yet, many at the same time (blade/routes/route-changes.ts); 0: there is none. */
  touch(sets: Int32Array, count: number): number {
    const { rows, bytes } = this.#fabric.attributes;
    let asked = 0;
    for (let i = 0; i < count; i++) {
      const set = sets[i] as number;
      if (set !== 0 && !this.#asItCame.has(set)) sets[asked++] = set;
    }
    for (let i = 0; i < asked; i++)
      sets[i] = (rows[(sets[i] as number) * ROW + ATTRIBUTE_ROW.offset] as number) << 2;
    let sum = 0;
    for (let i = 0; i < asked; i++) sum ^= bytes[sets[i] as number] as number;
    for (let i = 0; i < asked; i++) sum ^= bytes[(sets[i] as number) + LINE] as number;
    return sum;
  }

  #afterPolicy(policy: PolicyRunner, id: number, attribute: number, source: number): number {
    const made = Math.max(0, policy.evaluate(id, attribute, source - 1));
    if (this.#recipe !== 0 && made === (attribute | this.#recipe) && policy.saidOfSet)
      this.#asItCame.add(attribute);
    return made;
  }

  #isServerClient(source: number): boolean {
    return (this.#fabric.session(source - 1, SESSION.flags) & SESSION_FLAG.routeServerClient) !== 0;
  }

  /** The policy, whose results are kept by AttrId, for routes of which something else becomes. */
  #amongClients(): PolicyRunner {
    const { key, neighbor } = this.rules.policy as ExportPolicy;
    return (this.#clientPolicy ??= this.#policies.runner(
      key,
      neighbor,
      ({ bytes, start, end, marks }, attribute) =>
        this.#rewrite(attribute, bytes, start, end, {
          ...this.#optionsFor(attribute, marks),
          passesCommunities: true,
        }),
    ));
  }

  /** Of a route of the router itself (blade/routes/local-routes.ts): export policy is asked, and what it has not said is ours to say. */
  #ownAttributeFor(id: number, attribute: number, source: number): number {
    const { attributes } = this.#fabric;
    const { policy } = this.rules;
    if (policy !== undefined) {
      // A runner of its own, as runners remember results by AttrId: a neighbour's route with an equal set is told otherwise than ours.
      this.#ownPolicy ??= this.#policies.runner(policy.key, policy.neighbor, this.#finishOwn);
      return Math.max(0, this.#ownPolicy.evaluate(id, attribute, source - 1));
    }
    const start = attributes.offsetOf(attribute);
    const view = new AttributeView(attributes.bytes, start, start + attributes.lengthOf(attribute));
    return Math.max(0, this.#finishOwn(view, attribute));
  }

  readonly #finishOwn = ({ bytes, start, end, marks }: AttributeView, attribute: number): number =>
    this.#rewrite(attribute, bytes, start, end, this.#ownOptions(bytes, start, end, marks));

  /** RFC 4271 5.1.3: the next hop of our own routes is our own address, unless they say another one. */
  #ownOptions(bytes: Uint8Array, start: number, end: number, marks: number): ExportOptions {
    const { nextHopSelf } = this.#options;
    const self = !saysNextHop(bytes, start, end) || (nextHopSelf && (marks & MARK.nextHop) === 0);
    const own = { own: true, keepMed: true, transparent: false };
    return { ...this.#options, ...own, nextHopSelf: self || (marks & MARK.nextHopSelf) !== 0 };
  }

  /** One internal neighbour's route on its way to another one. */
  #passesOn(source: number): boolean {
    const { external, rules } = this.rules;
    if (external || rules.confederate === true || isOwnSource(this.#fabric, source)) return false;
    const flags = this.#fabric.session(source - 1, SESSION.flags);
    return (flags & (SESSION_FLAG.external | SESSION_FLAG.confederate)) === 0;
  }

  #isClients(source: number): boolean {
    return this.rules.client || (this.#fabric.session(source - 1, SESSION.flags) & SESSION_FLAG.client) !== 0;
  }

  /** RFC 4271 9.2.1: what one internal neighbour told is not told to another; RFC 4456 6: unless one is a client. */
  staysHere(source: number): boolean {
    return this.#passesOn(source) && !this.#isClients(source);
  }

  /** A set found no room in the dictionary. */
  noteFull(): void {
    this.dictionaryFull++;
    this.tryAgain();
  }

  /** After the next sweep all is looked at once more. */
  tryAgain(): void {
    this.failed = true;
    Atomics.store(this.#fabric.box, BOX.untold, 1);
  }

  /** Session + 1 whose route is told of a prefix. */
  sourceOf(id: number, best: number): number {
    return this.originated.size > 0 && this.originated.has(id) ? ownSource(this.#fabric) : best;
  }

  /** Looks again at what the router itself originates. */
  originate(): void {
    const { rules } = this;
    if (rules.originated === undefined || !rules.accept) return;
    const options = { ...this.#options, nextHopSelf: true, keepMed: true, transparent: false, own: true };
    const rewrite = (set: Uint8Array): number => {
      const attribute = this.#fabric.attributes.intern(set, 0, set.length);
      if (attribute !== 0) return this.#rewrite(attribute, set, 0, set.length, options);
      this.noteFull();
      return 0;
    };
    this.originated = originate(this.#fabric, rules.families, rules.originated, rewrite, () =>
      this.noteFull(),
    );
  }

  /** What was kept may be another set's id soon (fabric/phase.ts). */
  forget(): void {
    this.#told.clear();
    this.#toldAmongClients?.clear();
    this.originate();
    this.#reflected?.sets.fill(0);
    this.#policy?.forget();
    this.#asItCame.clear();
    this.#ownPolicy?.forget();
    this.#clientPolicy?.forget();
  }

  /** RFC 4456 8: the set with who told it, and our cluster; what else becomes of it does not depend on who told it. */
  #reflect(attribute: number, source: number): number {
    const cache = (this.#reflected ??= {
      sets: new Uint32Array(REFLECTED_CACHE),
      peers: new Uint32Array(REFLECTED_CACHE),
      values: new Uint32Array(REFLECTED_CACHE),
    });
    // The neighbour's BGP Identifier, not its session's place, which may be another's one day.
    const peerId = this.#fabric.session(source, SESSION.peerId) >>> 0;
    const slot = Math.imul(attribute ^ Math.imul(peerId, 31), 0x9e3779b1) >>> 20;
    if (cache.sets[slot] === attribute && cache.peers[slot] === peerId) return cache.values[slot] as number;
    const { attributes } = this.#fabric;
    const set = reflected(attributes.copyOf(attribute), peerId, this.rules.clusterId);
    const interned = attributes.intern(set, 0, set.length);
    if (interned === 0) {
      this.noteFull();
      return 0;
    }
    cache.sets[slot] = attribute;
    cache.peers[slot] = peerId;
    cache.values[slot] = interned;
    return interned;
  }

  #sharesNextHop(attribute: number): boolean {
    const { external, rules } = this.rules;
    if (!external || rules.shared === undefined) return false;
    return sharesNextHop(this.#fabric.attributes.copyOf(attribute), rules.shared);
  }

  /**
   * What policy said itself stays: a MED for a neighbour outside, a next hop. RFC 4456 10: a reflector leaves NEXT_HOP
   * as it came.
   */
  #optionsFor(attribute: number, marks: number): ExportOptions {
    const isReflected =
      ((this.#fabric.attributes.rows[attribute * ROW + LENGTHS] as number) & REFLECTED) !== 0;
    const isShared = this.#sharesNextHop(attribute);
    if (marks === 0 && !isReflected && !isShared) return this.#options;
    const { keepMed, nextHopSelf, external } = this.#options;
    const self = nextHopSelf && (external || !isReflected) && !isShared;
    return {
      ...this.#options,
      keepMed: keepMed === true || (marks & MARK.med) !== 0,
      nextHopSelf: (self || (marks & MARK.nextHopSelf) !== 0) && (marks & MARK.nextHop) === 0,
    };
  }

  /** The AttrId of what is sent of the canonical set [start, end), by the neighbour's own rules and RFC 4271; 0: none, or NO_ROOM. */
  #rewrite(attribute: number, bytes: Uint8Array, start: number, end: number, options: ExportOptions): number {
    const { attributes } = this.#fabric;
    const { rules } = this;
    if (this.#changes) {
      const ready = prepared(bytes.slice(start, end), rules, rules.rules, options.own);
      if (ready === undefined) return 0;
      [bytes, start, end] = [ready, 0, ready.length];
    }
    const localPref = attributes.rows[attribute * ROW + LOCAL_PREF] as number;
    let length = exportAttributes(bytes, start, end, options, scratch, 0, localPref);
    if (length < 0) return 0;
    const stale = ((attributes.rows[attribute * ROW + LENGTHS] as number) & LONG_STALE) !== 0;
    if (stale && rules.stale === 'guarded') length = this.#guard(length);
    // A set behind which no prefix fits into a message cannot be told (RFC 8654 5); 2-octet ASes add to its length.
    const onWire = rules.fourOctetAs ? length : wireAttributes(scratch, 0, length, false, wire, 0);
    if (onWire + NOT_ATTRIBUTES > rules.maxMessage) {
      this.tooLong++;
      return 0;
    }
    const exported = attributes.intern(scratch, 0, length);
    if (exported !== 0) return exported;
    this.noteFull();
    return NO_ROOM;
  }

  /** RFC 9494 4.6: a stale route goes no further than to this neighbour, and is the last one to be chosen there. */
  #guard(length: number): number {
    if (!this.rules.external) {
      const at = findAttribute(scratch, 0, length, AttributeType.LocalPref);
      if (at >= 0) putU32(scratch, valueStart(scratch, at), 0);
    }
    if (hasCommunity(scratch, 0, length, Community.NoExport)) return length;
    const guarded = addCommunity(scratch, 0, length, Community.NoExport, wire, 0);
    scratch.set(wire.subarray(0, guarded));
    return guarded;
  }
}

/** The next hop is an address, and not what stands there for our own (0.0.0.0, or ::). */
function saysNextHop(bytes: Uint8Array, start: number, end: number): boolean {
  for (const [type, skip] of [
    [AttributeType.NextHop, 0],
    [AttributeType.MpReach, 1],
  ] as const) {
    const at = findAttribute(bytes, start, end, type);
    if (at < 0) continue;
    const from = valueStart(bytes, at);
    return bytes.subarray(from + skip, from + valueLength(bytes, at)).some((octet) => octet !== 0);
  }
  return false;
}
