/**
 * Routes as the simulation sees them: plain objects, their attributes as octets in an UPDATE message, and as text for
 * comparing. Written the plainest way and without the encoders under test; UPDATE messages from the chassis are
 * read with src/bgp and must need no correction there.
 */
import { Action, AS_TRANS, AttributeType, Segment } from '../../src/bgp/attribute-table.ts';
import { valueLength, valueStart } from '../../src/bgp/attributes.ts';
import { FAMILY_IPV4 } from '../../src/bgp/families.ts';
import { prefixEnd } from '../../src/bgp/nlri.ts';
import {
  CANONICAL_ROOM,
  canonicalize,
  decodeUpdate,
  type UpdateOptions,
  UpdateView,
} from '../../src/bgp/update.ts';
import type { Prefixes, SimulatedPrefix } from './prefixes.ts';

export interface Route {
  readonly origin: number;
  /** AS_PATH: a sequence, and an AS_SET behind it if that is not empty. */
  readonly path: readonly number[];
  readonly set: readonly number[];
  /** Member ASes in front of it (RFC 5065). */
  readonly confed?: readonly number[] | undefined;
  readonly nextHop4: readonly number[];
  readonly nextHop6: readonly number[];
  readonly med?: number | undefined;
  readonly localPref?: number | undefined;
  readonly communities: readonly number[];
  readonly originator?: number | undefined;
  readonly clusters: readonly number[];
  /** ONLY_TO_CUSTOMER (RFC 9234). */
  readonly otc?: number | undefined;
  /** What this router prefers it by, and tells nobody. */
  readonly weight?: number | undefined;
  /** It stands for others: ATOMIC_AGGREGATE, and AGGREGATOR, are there. */
  readonly aggregate?: boolean | undefined;
}

/** Community that says who announced a route: 0x4000 + neighbour, and a version. */
const TAG = 0x4000;

export function tag(neighbour: number, version: number): number {
  return (((TAG + neighbour) << 16) | (version & 0xffff)) >>> 0;
}

/** The neighbour that announced a route with these communities; -1: it does not say. */
export function tagged(communities: readonly number[]): number {
  const found = communities.find((community) => community >>> 24 === TAG >>> 8);
  return found === undefined ? -1 : (found >>> 16) - TAG;
}

/** A path of a prefix (RFC 7911), as the script counts them: path 0 of a prefix is the prefix. */
const STRIDE = 1000;
export const pathKey = (prefix: number, path: number): number => prefix + path * STRIDE;
export const prefixOf = (key: number): number => key % STRIDE;
export const pathIndex = (key: number): number => Math.floor(key / STRIDE);

/** One prefix of an UPDATE message, or one path of it: announced, or withdrawn when there is no route. */
export interface Change {
  readonly prefix: number;
  readonly route: Route | undefined;
}

const half = (value: number): number[] => [value >>> 8, value & 255];
const word = (value: number): number[] => [...half(value >>> 16), ...half(value & 0xffff)];
function words(values: readonly number[]): number[] {
  const octets: number[] = [];
  for (const value of values)
    octets.push(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  return octets;
}

const attribute = (flags: number, type: number, value: readonly number[]): number[] =>
  value.length > 255
    ? [flags | 0x10, type, ...half(value.length), ...value]
    : [flags, type, value.length, ...value];

/**
 * One UPDATE message with withdrawals of both families and announcements of both families that share the route's
 * attributes.
 */
export function encodeChanges(
  prefixes: Prefixes,
  announced: readonly number[],
  route: Route | undefined,
  withdrawn: readonly number[],
  fourOctetAs: boolean,
  identify: (key: number) => readonly number[] = () => [],
): Uint8Array {
  const all = (keys: readonly number[]): Pick<SimulatedPrefix, 'family' | 'nlri'>[] =>
    keys.map((key) => {
      const { family, nlri } = prefixes.all[prefixOf(key)] as SimulatedPrefix;
      return { family, nlri: [...identify(key), ...nlri] };
    });
  const nlri = (list: readonly Pick<SimulatedPrefix, 'family' | 'nlri'>[], ipv4: boolean): number[] =>
    list.filter((prefix) => (prefix.family === FAMILY_IPV4) === ipv4).flatMap((prefix) => prefix.nlri);
  const withdrawn4 = nlri(all(withdrawn), true);
  const withdrawn6 = nlri(all(withdrawn), false);
  const announced4 = nlri(all(announced), true);
  const announced6 = nlri(all(announced), false);
  const attributes: number[] = [];
  if (withdrawn6.length > 0) attributes.push(...attribute(0x80, 15, [0, 2, 1, ...withdrawn6]));
  if (announced6.length > 0 && route !== undefined) {
    attributes.push(
      ...attribute(0x80, 14, [0, 2, 1, route.nextHop6.length, ...route.nextHop6, 0, ...announced6]),
    );
  }
  if (route !== undefined) attributes.push(...attributesOf(route, announced4.length > 0, fourOctetAs));
  const body = [
    ...half(withdrawn4.length),
    ...withdrawn4,
    ...half(attributes.length),
    ...attributes,
    ...announced4,
  ];
  return Uint8Array.from([...new Array<number>(16).fill(255), ...half(19 + body.length), 2, ...body]);
}

/** An UPDATE message with NLRI of a family that cannot be read: a prefix of 255 bits. */
export function encodeUnreadable(family: number): Uint8Array {
  const [afi, hop] =
    family === FAMILY_IPV4 ? [1, [192, 0, 2, 1]] : [2, [0x20, 1, ...new Array<number>(14).fill(1)]];
  const reach = attribute(0x80, 14, [0, afi, 1, hop.length, ...hop, 0, 255, 1]);
  const body = [0, 0, ...half(reach.length), ...reach];
  return Uint8Array.from([...new Array<number>(16).fill(255), ...half(19 + body.length), 2, ...body]);
}

/** Attributes of routes once encoded: neighbours say the same again and again. */
const encoded = new WeakMap<Route, Map<number, readonly number[]>>();

function attributesOf(route: Route, nextHop: boolean, fourOctetAs: boolean): readonly number[] {
  const kinds = encoded.get(route) ?? new Map<number, readonly number[]>();
  encoded.set(route, kinds);
  const kind = (nextHop ? 1 : 0) | (fourOctetAs ? 2 : 0);
  const known = kinds.get(kind) ?? encodeAttributes(route, nextHop, fourOctetAs);
  kinds.set(kind, known);
  return known;
}

function encodeAttributes(route: Route, nextHop: boolean, fourOctetAs: boolean): number[] {
  const { path, set, confed = [] } = route;
  const narrow = (as: number): number[] => half(as > 0xffff ? AS_TRANS : as);
  const segments = (as: (as: number) => number[]): number[] => [
    ...(path.length > 0 ? [Segment.Sequence, path.length, ...path.flatMap(as)] : []),
    ...(set.length > 0 ? [Segment.Set, set.length, ...set.flatMap(as)] : []),
  ];
  const as = fourOctetAs ? word : narrow;
  const members = (as: (as: number) => number[]): number[] =>
    confed.length > 0 ? [Segment.ConfedSequence, confed.length, ...confed.flatMap(as)] : [];
  const wide = !fourOctetAs && [...path, ...set].some((as) => as > 0xffff);
  return [
    ...attribute(0x40, 1, [route.origin]),
    ...attribute(0x40, 2, [...members(as), ...segments(as)]),
    ...(nextHop ? attribute(0x40, 3, route.nextHop4) : []),
    ...(route.med === undefined ? [] : attribute(0x80, 4, word(route.med))),
    ...(route.localPref === undefined ? [] : attribute(0x40, 5, word(route.localPref))),
    ...(route.communities.length === 0 ? [] : attribute(0xc0, 8, words(route.communities))),
    ...(route.originator === undefined ? [] : attribute(0x80, 9, word(route.originator))),
    ...(route.clusters.length === 0 ? [] : attribute(0x80, 10, route.clusters.flatMap(word))),
    ...(wide ? attribute(0xc0, 17, segments(word)) : []),
    ...(route.otc === undefined ? [] : attribute(0xc0, 35, word(route.otc))),
  ];
}

/** A route as one family's neighbour holds it, as text: equal exactly when all attributes are. */
export function routeText(route: Route, family: number): string {
  return text(
    route.origin,
    pathText([
      [Segment.ConfedSequence, route.confed ?? []],
      [Segment.Sequence, route.path],
      [Segment.Set, route.set],
    ]),
    family === FAMILY_IPV4 ? route.nextHop4 : route.nextHop6,
    route.med,
    route.localPref,
    route.communities,
    route.originator,
    route.clusters,
    route.otc,
    route.aggregate ?? false,
  );
}

function text(
  origin: number,
  path: string,
  nextHop: Iterable<number>,
  med: number | undefined,
  localPref: number | undefined,
  communities: readonly number[],
  originator: number | undefined,
  clusters: readonly number[],
  otc: number | undefined,
  aggregate: boolean,
): string {
  const hex = [...nextHop].map((octet) => octet.toString(16).padStart(2, '0')).join('');
  return (
    `path [${path}] origin ${origin} next hop ${hex} med ${med ?? '-'} local-pref ${localPref ?? '-'} ` +
    `communities [${communitiesText(communities)}] ` +
    `originator ${originator ?? '-'} clusters [${clusters.join(' ')}]${otc === undefined ? '' : ` otc ${otc}`}${aggregate ? ' aggregate' : ''}`
  );
}

/** Padding is only counted. */
export function communitiesText(communities: readonly number[]): string {
  const padding = communities.filter(isPadding).length;
  const said = communities.filter((community) => !isPadding(community)).map((each) => each.toString(16));
  return [...said, ...(padding === 0 ? [] : [`+${padding}`])].join(' ');
}

const PADDING = 0x7000;

/** Communities that make an attribute set long. */
export function padding(count: number): number[] {
  const list: number[] = [];
  for (let i = 0; i < count; i++) list.push((PADDING << 16) + i);
  return list;
}

function isPadding(community: number): boolean {
  return community >>> 16 === PADDING;
}

/** An UPDATE message as it was understood. */
export interface Understood {
  readonly withdrawn: readonly number[];
  readonly announced: readonly { readonly prefix: number; readonly text: string; readonly from: number }[];
  /** FAMILY_ bit of an End-of-RIB. */
  readonly endOfRib: number;
}

const view = new UpdateView();
const canonical = new Uint8Array(CANONICAL_ROOM);

/** Reads the body of an UPDATE message from the chassis; throws where anything about it is not right. */
export function understand(
  prefixes: Prefixes,
  bytes: Uint8Array,
  start: number,
  end: number,
  options: UpdateOptions,
): Understood {
  decodeUpdate(bytes, start, end, options, view);
  if (view.action !== Action.None) throw new Error(`malformed UPDATE: ${view.errorWhy}`);
  const withdrawn = [
    ...keys(prefixes, 1, bytes, view.withdrawnStart, view.withdrawnEnd, options),
    ...keys(prefixes, 2, bytes, view.unreachStart, view.unreachEnd, options),
  ];
  const announced = [
    ...routes(keys(prefixes, 1, bytes, view.nlriStart, view.nlriEnd, options), bytes, options, false),
    ...routes(
      keys(prefixes, 2, bytes, view.reachNlriStart, view.reachNlriEnd, options),
      bytes,
      options,
      true,
    ),
  ];
  const nothing = withdrawn.length === 0 && announced.length === 0;
  return { withdrawn, announced, endOfRib: nothing ? (view.unreachAfi === 2 ? 2 : 1) : 0 };
}

/** The prefixes of a field, or paths of them by their identifiers. */
function keys(
  prefixes: Prefixes,
  family: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  { addPath = 0 }: UpdateOptions,
): number[] {
  const found: number[] = [];
  for (let at = start; at < end; ) {
    let path = 0;
    if (addPath & family) {
      path = wordAt([...bytes.subarray(at, at + 4)], 0);
      at += 4;
    }
    const next = prefixEnd(bytes, at);
    const index = prefixes.indexOf(family, bytes.subarray(at, next));
    if (index === undefined) throw new Error('a prefix that nobody announced');
    found.push(pathKey(index, path));
    at = next;
  }
  return found;
}

function routes(
  found: readonly number[],
  bytes: Uint8Array,
  options: UpdateOptions,
  mp: boolean,
): { prefix: number; text: string; from: number }[] {
  if (found.length === 0) return [];
  const length = canonicalize(bytes, view, options, mp, canonical, 0);
  const { text, from } = describeCanonical(canonical, 0, length);
  return found.map((prefix) => ({ prefix, text, from }));
}

/** Descriptions by the octets, as text, of attribute sets: the same ones come again and again. */
const described = new Map<string, { text: string; from: number }>();
const MOST_DESCRIBED = 20_000;

/** Text and announcing neighbour of a canonical attribute set. */
export function describeCanonical(
  bytes: Uint8Array,
  start: number,
  end: number,
): { text: string; from: number } {
  const key = Buffer.from(bytes.slice(start, end)).toString('latin1');
  let known = described.get(key);
  if (known !== undefined) return known;
  if (described.size > MOST_DESCRIBED) described.clear();
  known = describe(bytes, start, end);
  described.set(key, known);
  return known;
}

function describe(bytes: Uint8Array, start: number, end: number): { text: string; from: number } {
  const values = new Map<number, readonly number[]>();
  for (let at = start; at < end; ) {
    const value = valueStart(bytes, at);
    const next = value + valueLength(bytes, at);
    values.set(bytes[at + 1] as number, [...bytes.subarray(value, next)]);
    at = next;
  }
  const words = (type: number): number[] => {
    const octets = values.get(type) ?? [];
    return Array.from({ length: octets.length / 4 }, (_, i) => wordAt(octets, 4 * i));
  };
  const communities = words(AttributeType.Communities);
  return {
    text: text(
      values.get(AttributeType.Origin)?.[0] ?? -1,
      pathText(segmentsOf(values.get(AttributeType.AsPath) ?? [])),
      values.get(AttributeType.NextHop) ?? values.get(AttributeType.MpReach)?.slice(1) ?? [],
      words(AttributeType.MultiExitDisc)[0],
      words(AttributeType.LocalPref)[0],
      communities,
      words(AttributeType.OriginatorId)[0],
      words(AttributeType.ClusterList),
      words(AttributeType.OnlyToCustomer)[0],
      values.has(AttributeType.AtomicAggregate) && values.has(AttributeType.Aggregator),
    ),
    from: tagged(communities),
  };
}

function wordAt(octets: readonly number[], at: number): number {
  return octets.slice(at, at + 4).reduce((sum, octet) => sum * 256 + octet, 0);
}

type PathPart = readonly [type: number, ases: readonly number[]];

function segmentsOf(octets: readonly number[]): PathPart[] {
  const segments: PathPart[] = [];
  for (let at = 0; at < octets.length; ) {
    const [type, count] = [octets[at] as number, octets[at + 1] as number];
    segments.push([type, Array.from({ length: count }, (_, i) => wordAt(octets, at + 2 + 4 * i))]);
    at += 2 + 4 * count;
  }
  return segments;
}

const AROUND: Readonly<Record<number, readonly [string, string]>> = {
  [Segment.Set]: ['{', '}'],
  [Segment.Sequence]: ['', ''],
  [Segment.ConfedSequence]: ['(', ')'],
  [Segment.ConfedSet]: ['[', ']'],
};

function pathText(segments: readonly PathPart[]): string {
  return segments
    .filter(([, ases]) => ases.length > 0)
    .map(([type, ases]) => `${AROUND[type]?.[0]}${ases.join(' ')}${AROUND[type]?.[1]}`)
    .join(' ');
}
